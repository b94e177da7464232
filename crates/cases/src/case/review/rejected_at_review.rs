//! 审核退回: back to the window, whose clock runs again (H7 审核确定).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, CaseEvent, Context, Fact, Stage, Step, guards},
    entry::Moment,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
};

/// Sends a work order back to the window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectAtReview {
    pub reason: String,
}

impl Step for RejectAtReview {
    const NAME: &'static str = "reject_at_review";
    const ROLES: &'static [Role] = guards::MANAGERS;

    fn decide(&self, case: &Case, _: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        if !matches!(case.stage, Stage::InReview { .. }) {
            return case.wrong_stage("审核中");
        }
        guards::said(&self.reason, "退回的理由")?;
        Ok(vec![RejectedAtReview { reason: case.sealed(&self.reason) }.into()])
    }
}

/// 审核退回. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectedAtReview {
    pub reason: Sealed,
}

impl Fact for RejectedAtReview {
    const TYPE: &'static str = "rejected_at_review";

    fn evolve(&self, case: &mut Case, _: &Moment<'_>) {
        case.stage = Stage::Accepted;
    }
}
