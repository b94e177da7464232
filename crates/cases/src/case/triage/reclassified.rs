//! 改类: the managing body sees it otherwise. Limits are counted anew from the first delivery (*default*).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Ground, Kind};
use crate::{
    case::{Case, CaseEvent, Context, Fact, Stage, Step, guards, state::Classification},
    entry::Moment,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
};

/// Changes kind and ground. For H's 不给办 the limit has to be named (H8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reclassify {
    pub kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<Ground>,
    pub reason: String,
    /// Working days from the first delivery, where the new kind asks for a named limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_working_days: Option<u32>,
}

impl Step for Reclassify {
    const NAME: &'static str = "reclassify";
    const ROLES: &'static [Role] = guards::MANAGERS;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        if !matches!(case.stage, Stage::InReview { .. } | Stage::InHand) {
            return case.wrong_stage("审核中、办理中");
        }
        let Some(before) = &case.classification else { return Err(Refusal::NotClassified {}) };
        if before.kind == self.kind && before.ground == self.ground {
            return Ok(Vec::new());
        }
        self.kind.check_ground(self.ground)?;
        guards::said(&self.reason, "改类的理由")?;
        let mut limit_working_days = None;
        if matches!(case.stage, Stage::InHand) {
            if self.kind == Kind::OutOfScope && !case.is_back_in_review() {
                // It is with departments: they say that it is none of theirs (派单异议), and it comes back to review.
                return Err(Refusal::OutOfScope {});
            }
            let form = ctx.policy(case)?.form(self.kind, case.is_several_in_hand());
            limit_working_days = form.agree_on(self.limit_working_days)?;
        }
        let reason = case.sealed(&self.reason);
        Ok(vec![Reclassified { kind: self.kind, ground: self.ground, reason, limit_working_days }.into()])
    }
}

/// 改类. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reclassified {
    pub kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<Ground>,
    pub reason: Sealed,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_working_days: Option<u32>,
}

impl Fact for Reclassified {
    const TYPE: &'static str = "reclassified";

    fn evolve(&self, case: &mut Case, _: &Moment<'_>) {
        // A finding of 不给办 stays on record even if the kind is changed afterwards.
        case.withheld_found |= self.kind == Kind::Withheld;
        if let Some(found) = &mut case.classification {
            *found = Classification { kind: self.kind, ground: self.ground, ..found.clone() };
        }
        if let Some(delivery) = case.round_mut().and_then(|round| round.delivery.as_mut()) {
            delivery.limit_working_days = self.limit_working_days;
        }
    }
}
