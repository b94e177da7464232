//! 终止办理: a lawful result that does not satisfy, information that is refused, a referral that is never answered. Approved,
//! counted as unsatisfied where it is, and always told (*default*).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::returned_for_rework::is_unsatisfied;
use crate::{
    case::{Case, CaseEvent, Context, End, Fact, Stage, Step, clock::pause::PauseReason, guards, triage::Kind},
    entry::Moment,
    people::{Actor, Role},
    refusal::Refusal,
    sealed::Sealed,
    terms::terms,
};

terms!(
    /// 终止的理由.
    TerminationGround {
        LawfulButUnsatisfied = "结果合法合规而诉求人仍不满意",
        RefusesInformation = "诉求人拒不提供必要信息",
        ReferralUnanswered = "已函转未复",
    }
);

/// Ends a case that cannot end in satisfaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Terminate {
    pub ground: TerminationGround,
    pub reason: String,
    /// The manager, where somebody else gives the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<Actor>,
}

impl Step for Terminate {
    const NAME: &'static str = "terminate";
    const ROLES: &'static [Role] = guards::WINDOW;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        case.require_open()?;
        guards::said(&self.reason, "终止办理的理由")?;
        guards::approved_by_manager(case, self.approved_by.as_ref(), "终止办理", ctx)?;
        let refused = |why| Err(Refusal::CannotTerminate { why });
        match self.ground {
            TerminationGround::LawfulButUnsatisfied => {
                if !matches!(case.stage, Stage::Answered) || !is_unsatisfied(case, ctx)? {
                    return refused("诉求人没有对质检通过的结果表示不满意");
                }
                if case.kind() == Some(Kind::CannotBeDone)
                    && !case.is_anonymous()
                    && case.round().is_none_or(|round| round.fed_back_at.is_none())
                {
                    return Err(Refusal::ReasonNotTold {});
                }
            }
            TerminationGround::RefusesInformation => {
                let asked = case.intake.as_ref().is_some_and(|intake| intake.amendment_awaited);
                let waiting = case.pause.as_ref().is_some_and(|pause| pause.reason == PauseReason::ComplainantMaterial);
                if !asked && !waiting {
                    return refused("没有向诉求人要过材料，或材料已经补来");
                }
            }
            TerminationGround::ReferralUnanswered => {
                let most = ctx.policy(case)?.escalation.reminder_letters;
                if !matches!(&case.stage, Stage::Referred(referral) if referral.letters >= most) {
                    return refused("催复函还没有发完，或对方已经答复");
                }
            }
        }
        let approved_by = self.approved_by.clone().unwrap_or_else(|| ctx.by.clone());
        Ok(vec![Terminated { ground: self.ground, reason: case.sealed(&self.reason), approved_by }.into()])
    }
}

/// 终止办理. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Terminated {
    pub ground: TerminationGround,
    pub reason: Sealed,
    pub approved_by: Actor,
}

impl Fact for Terminated {
    const TYPE: &'static str = "terminated";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        case.end(End::Terminated { at: at.occurred_at, ground: self.ground });
    }
}
