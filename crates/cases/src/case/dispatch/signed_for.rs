//! 签收: each department for itself (H8 在收到《工作单》后). Limits run from delivery, not from here: not signing wins no time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, CaseEvent, Context, Fact, Step, guards},
    entry::Moment,
    ids::DepartmentId,
    people::Role,
    refusal::Refusal,
};

/// Signs for the work order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignFor {}

impl Step for SignFor {
    const NAME: &'static str = "sign_for";
    const ROLES: &'static [Role] = guards::DEPARTMENT;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let assignment = case.require_assigned(ctx)?;
        if assignment.signed_for_at.is_some() {
            return Ok(Vec::new());
        }
        Ok(vec![SignedFor { department: assignment.department.clone() }.into()])
    }
}

/// 签收. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignedFor {
    pub department: DepartmentId,
}

impl Fact for SignedFor {
    const TYPE: &'static str = "signed_for";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        if let Some(assignment) = case.round_mut().and_then(|round| round.of_mut(&self.department)) {
            assignment.signed_for_at = Some(at.at);
        }
    }
}
