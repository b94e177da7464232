//! 不予受理: the exception to 事事有受理 (H-三(一)), with two grounds only (*default*).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, CaseEvent, Context, End, Fact, Stage, Step, guards},
    entry::Moment,
    people::{Actor, Role},
    refusal::Refusal,
    sealed::Sealed,
    terms::terms,
};

terms!(
    /// 不予受理的理由.
    DeclineGround {
        NoDiscernibleMatter = "补正后仍没有明确事项",
        AbuseOrTest = "辱骂、骚扰或测试",
    }
);

/// Declines an appeal that was registered. A manager approves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decline {
    pub ground: DeclineGround,
    pub reason: String,
    /// The manager, where somebody else gives the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<Actor>,
}

impl Step for Decline {
    const NAME: &'static str = "decline";
    const ROLES: &'static [Role] = guards::WINDOW;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        if !matches!(case.stage, Stage::Accepted | Stage::InReview { .. }) {
            return case.wrong_stage("已受理、审核中");
        }
        guards::said(&self.reason, "不予受理的理由")?;
        guards::approved_by_manager(case, self.approved_by.as_ref(), "不予受理", ctx)?;
        let asked = case.intake.as_ref().is_some_and(|intake| intake.amendment_requests > 0);
        if self.ground == DeclineGround::NoDiscernibleMatter && !asked {
            return Err(Refusal::DeclineNeedsAmendment {});
        }
        let approved_by = self.approved_by.clone().unwrap_or_else(|| ctx.by.clone());
        Ok(vec![Declined { ground: self.ground, reason: case.sealed(&self.reason), approved_by }.into()])
    }
}

/// 不予受理. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Declined {
    pub ground: DeclineGround,
    pub reason: Sealed,
    pub approved_by: Actor,
}

impl Fact for Declined {
    const TYPE: &'static str = "declined";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        case.end(End::Declined { at: at.occurred_at, ground: self.ground });
    }
}
