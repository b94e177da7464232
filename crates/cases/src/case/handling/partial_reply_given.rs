//! 协办意见: what a co-department has to say, due a working day before the lead's own limit (*default*).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, CaseEvent, Context, Fact, Step, guards},
    entry::Moment,
    ids::DepartmentId,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
};

/// Gives a co-department's opinion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GivePartialReply {
    pub text: String,
}

impl Step for GivePartialReply {
    const NAME: &'static str = "give_partial_reply";
    const ROLES: &'static [Role] = guards::DEPARTMENT;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let assignment = case.require_assigned(ctx)?;
        if assignment.lead {
            return Err(Refusal::NotCoDepartment {});
        }
        guards::said(&self.text, "协办意见")?;
        Ok(vec![PartialReplyGiven { department: assignment.department.clone(), text: case.sealed(&self.text) }.into()])
    }
}

/// 协办意见. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PartialReplyGiven {
    pub department: DepartmentId,
    pub text: Sealed,
}

impl Fact for PartialReplyGiven {
    const TYPE: &'static str = "partial_reply_given";

    fn evolve(&self, case: &mut Case, _: &Moment<'_>) {
        if let Some(round) = case.round_mut().filter(|round| !round.partial_replies.contains(&self.department)) {
            round.partial_replies.push(self.department.clone());
        }
    }
}
