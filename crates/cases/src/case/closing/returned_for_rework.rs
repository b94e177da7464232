//! 退回重办: round + 1, the kind's own limit from the new delivery, earlier rounds stay visible (H10).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{
        Case, CaseEvent, Context, Fact, Stage, Step, guards,
        round::{Assignment, Round, RoundCause},
    },
    entry::Moment,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
    terms::terms,
};

terms!(
    /// 退回的缘由.
    ReworkCause {
        FailedCheck = "质检不合格",
        Unsatisfied = "诉求人不满意",
    }
);

/// Sends an unsatisfactory result back to the same departments. A failed check does so by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnForRework {
    pub reason: String,
    /// Working days; by default the kind's own, where it has none those that were named last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_working_days: Option<u32>,
}

impl Step for ReturnForRework {
    const NAME: &'static str = "return_for_rework";
    const ROLES: &'static [Role] = guards::MANAGERS;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        if !matches!(case.stage, Stage::Answered) {
            return case.wrong_stage("回访反馈中");
        }
        guards::said(&self.reason, "退回的理由")?;
        if !is_unsatisfied(case, ctx)? {
            return Err(Refusal::NotFailedNorUnsatisfied {});
        }
        let reason = case.sealed(&self.reason);
        Ok(vec![rework(case, ReworkCause::Unsatisfied, reason, self.limit_working_days, ctx)?.into()])
    }
}

/// The newest rating of this round lies below the satisfied ranks.
pub(crate) fn is_unsatisfied(case: &Case, ctx: &Context<'_>) -> Result<bool, Refusal> {
    let policy = ctx.policy(case)?;
    Ok(case.round().and_then(|round| round.rating).is_some_and(|(rating, _)| !rating.is_satisfied(policy)))
}

pub(super) fn rework(
    case: &Case,
    cause: ReworkCause,
    reason: Sealed,
    named: Option<u32>,
    ctx: &Context<'_>,
) -> Result<ReturnedForRework, Refusal> {
    let kind = case.kind().ok_or(Refusal::NotClassified {})?;
    let round = case.round().filter(|round| round.lead().is_some());
    let round = round.ok_or(Refusal::WrongStage { stage: case.stage.term(), needs: "部门已办理" })?;
    let form = ctx.policy(case)?.form(kind, case.is_several_in_hand());
    let limit_working_days = form.agree_on(named.or(form.carried_over(round)))?;
    Ok(ReturnedForRework { cause, reason, limit_working_days })
}

/// 退回重办. Its occurred time is the delivery of the new round. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnedForRework {
    pub cause: ReworkCause,
    pub reason: Sealed,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_working_days: Option<u32>,
}

impl Fact for ReturnedForRework {
    const TYPE: &'static str = "returned_for_rework";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        let cause = match self.cause {
            ReworkCause::FailedCheck => RoundCause::FailedCheck,
            ReworkCause::Unsatisfied => RoundCause::Unsatisfied,
        };
        case.stage = Stage::InHand;
        case.call_back_attempts.clear();
        case.unreachable = false;
        case.declined_to_rate = false;
        let Some(last) = case.round() else { return };
        let mut round = Round::new(last.no + 1, at.at, cause);
        round.delivery.clone_from(&last.delivery);
        if let Some(delivery) = &mut round.delivery {
            (delivery.version, delivery.at) = (at.version, at.at);
            delivery.limit_working_days = self.limit_working_days;
        }
        round.assignments = last
            .active()
            .map(|before| Assignment {
                handler: before.handler.clone(),
                ..Assignment::new(&before.department, before.lead, at.at)
            })
            .collect();
        case.rounds.push(round);
    }
}
