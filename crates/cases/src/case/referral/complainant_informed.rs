//! 告知: the complainant hears where the matter went, what was put off, why it ended (H-三(一), H6, H8).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, CaseEvent, Context, Fact, Step, guards},
    entry::Moment,
    obligation::InformAbout,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
    terms::terms,
};

terms!(
    /// 告知方式.
    InformChannel {
        InPerson = "当面",
        Telephone = "电话",
        Message = "短信",
        Letter = "书面",
        Online = "网上",
    }
);

/// Records that the complainant was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InformComplainant {
    pub about: InformAbout,
    pub how: InformChannel,
    pub text: String,
}

impl Step for InformComplainant {
    const NAME: &'static str = "inform_complainant";
    const ROLES: &'static [Role] = &[
        Role::WindowClerk,
        Role::DutyOfficer,
        Role::DutyLeader,
        Role::CentreManager,
        Role::DepartmentHead,
        Role::Handler,
    ];

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        if ctx.by.department().is_some() {
            case.require_assigned(ctx)?;
        }
        guards::said(&self.text, "告知的内容")?;
        if self.about == InformAbout::Plan && case.round().is_none_or(|round| round.plan.is_none()) {
            return Err(Refusal::NoPlan {});
        }
        Ok(vec![ComplainantInformed { about: self.about, how: self.how, text: case.sealed(&self.text) }.into()])
    }
}

/// 告知. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComplainantInformed {
    pub about: InformAbout,
    pub how: InformChannel,
    pub text: Sealed,
}

impl Fact for ComplainantInformed {
    const TYPE: &'static str = "complainant_informed";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        case.informed.push((self.about, at.at));
        if self.about == InformAbout::Plan
            && let Some(plan) = case.round_mut().and_then(|round| round.plan.as_mut())
        {
            plan.told = true;
        }
    }
}
