//! 要求补正、补正: asked once, never again (*default*): an appeal must not be kept waiting by questions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, CaseEvent, Context, Fact, Stage, Step, guards},
    entry::Moment,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
};

/// Asks the complainant for what is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestAmendment {
    /// What is missing, in words for the complainant.
    pub missing: String,
}

impl Step for RequestAmendment {
    const NAME: &'static str = "request_amendment";
    const ROLES: &'static [Role] = guards::WINDOW;

    fn decide(&self, case: &Case, _: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        if !matches!(case.stage, Stage::Accepted | Stage::InReview { .. }) {
            return case.wrong_stage("已受理、审核中");
        }
        guards::said(&self.missing, "要补正的内容")?;
        if case.is_anonymous() {
            return Err(Refusal::NoContactToCall {});
        }
        if case.intake.as_ref().is_some_and(|intake| intake.amendment_requests > 0) {
            return Err(Refusal::AmendmentAlreadyRequested {});
        }
        Ok(vec![AmendmentRequested { missing: case.sealed(&self.missing) }.into()])
    }
}

/// 要求补正. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AmendmentRequested {
    pub missing: Sealed,
}

impl Fact for AmendmentRequested {
    const TYPE: &'static str = "amendment_requested";

    fn evolve(&self, case: &mut Case, _: &Moment<'_>) {
        if let Some(intake) = &mut case.intake {
            intake.amendment_requests += 1;
            intake.amendment_awaited = true;
        }
    }
}

/// Adds what the complainant says further, asked or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Amend {
    pub text: String,
}

impl Step for Amend {
    const NAME: &'static str = "amend";
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
        guards::said(&self.text, "补充内容")?;
        Ok(vec![Amended { text: case.sealed(&self.text) }.into()])
    }
}

/// 补正. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Amended {
    pub text: Sealed,
}

impl Fact for Amended {
    const TYPE: &'static str = "amended";

    fn evolve(&self, case: &mut Case, _: &Moment<'_>) {
        if let Some(intake) = &mut case.intake {
            intake.amendments.push(self.text.clone());
            intake.amendment_awaited = false;
        }
    }
}
