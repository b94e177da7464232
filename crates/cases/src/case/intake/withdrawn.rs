//! 撤回, 依职权续办: the complainant may withdraw; a finding of 不给办 is the centre's own business and may go on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, CaseEvent, Context, End, Fact, Stage, Step, guards},
    entry::Moment,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
};

/// The complainant withdraws.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Withdraw {
    /// How it was said: at the window, by telephone, in writing.
    pub how: String,
    #[serde(default)]
    pub reason: String,
}

impl Step for Withdraw {
    const NAME: &'static str = "withdraw";
    const ROLES: &'static [Role] = &[
        Role::WindowClerk,
        Role::DutyOfficer,
        Role::DutyLeader,
        Role::CentreManager,
        Role::Hotline,
        Role::Complainant,
    ];

    fn decide(&self, case: &Case, _: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        case.require_open()?;
        guards::said(&self.how, "撤回的方式")?;
        Ok(vec![Withdrawn { how: case.sealed(&self.how), reason: case.sealed(&self.reason) }.into()])
    }
}

/// 撤回. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Withdrawn {
    pub how: Sealed,
    pub reason: Sealed,
}

impl Fact for Withdrawn {
    const TYPE: &'static str = "withdrawn";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        case.end(End::Withdrawn { at: at.occurred_at });
    }
}

/// Goes on with a withdrawn case in which 不给办 was found. It comes back to review, where its path is decided anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContinueExOfficio {
    pub reason: String,
}

impl Step for ContinueExOfficio {
    const NAME: &'static str = "continue_ex_officio";
    const ROLES: &'static [Role] = guards::MANAGERS;

    fn decide(&self, case: &Case, _: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        if !matches!(case.stage, Stage::Ended(End::Withdrawn { .. })) {
            return Err(Refusal::NotWithdrawn {});
        }
        if !case.withheld_found {
            return Err(Refusal::NotWithheld {});
        }
        guards::said(&self.reason, "续办的理由")?;
        Ok(vec![ContinuedExOfficio { reason: case.sealed(&self.reason) }.into()])
    }
}

/// 依职权续办. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContinuedExOfficio {
    pub reason: Sealed,
}

impl Fact for ContinuedExOfficio {
    const TYPE: &'static str = "continued_ex_officio";

    fn evolve(&self, case: &mut Case, _: &Moment<'_>) {
        case.stage = Stage::InReview { signatures: Vec::new() };
        case.pause = None;
        // Who had the work before the withdrawal no longer has it: the new dispatch says who does.
        if let Some(round) = case.round_mut() {
            round.assignments.iter_mut().for_each(|assignment| assignment.released = true);
        }
    }
}
