//! 指定经办人.
//!
//! > S4 窗口部门负责人在接到受理单后，应立即安排业务骨干进行办理。

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, CaseEvent, Context, Fact, Step},
    entry::Moment,
    ids::{ActorId, DepartmentId},
    people::Role,
    refusal::Refusal,
};

/// Names who handles it in the department.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignHandler {
    pub handler: ActorId,
}

impl Step for AssignHandler {
    const NAME: &'static str = "assign_handler";
    const ROLES: &'static [Role] = &[Role::DepartmentHead];

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let assignment = case.require_assigned(ctx)?;
        if case.concerns(&self.handler) {
            return Err(Refusal::HandlerComplainedAbout {});
        }
        if assignment.handler.as_ref() == Some(&self.handler) {
            return Ok(Vec::new());
        }
        Ok(vec![HandlerAssigned { department: assignment.department.clone(), handler: self.handler.clone() }.into()])
    }
}

/// 指定经办人. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HandlerAssigned {
    pub department: DepartmentId,
    pub handler: ActorId,
}

impl Fact for HandlerAssigned {
    const TYPE: &'static str = "handler_assigned";

    fn evolve(&self, case: &mut Case, _: &Moment<'_>) {
        if let Some(assignment) = case.round_mut().and_then(|round| round.of_mut(&self.department)) {
            assignment.handler = Some(self.handler.clone());
        }
    }
}
