//! 销号.
//!
//! > H10 ……诉求人对办理结果满意的，在《工作台账》上对相关问题清零销号。

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{rated::Rating, returned_for_rework::is_unsatisfied};
use crate::{
    case::{
        Case, CaseEvent, Context, End, Fact, Stage, Step, guards,
        round::{AnswerKind, Round},
    },
    entry::Moment,
    people::Role,
    refusal::Refusal,
    terms::terms,
};

terms!(
    /// 未评价的原因.
    UnratedReason {
        Anonymous = "匿名",
        Unreachable = "联系不上",
        DeclinedToRate = "不愿评价",
    }
);

/// Strikes the case off the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Close {}

impl Step for Close {
    const NAME: &'static str = "close";
    const ROLES: &'static [Role] = guards::WINDOW;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let (Stage::Answered | Stage::Settled, Some(round)) = (&case.stage, case.round()) else {
            return case.wrong_stage("回访反馈中、当场办结");
        };
        let unrated = unrated_reason(case);
        let missing = missing(case, round, unrated, is_unsatisfied(case, ctx)?);
        if !missing.is_empty() {
            return Err(Refusal::CannotClose { missing: missing.join("；") });
        }
        let rating = round.rating.map(|(rating, _)| rating);
        Ok(vec![Closed { rating, unrated: unrated.filter(|_| rating.is_none()) }.into()])
    }
}

fn unrated_reason(case: &Case) -> Option<UnratedReason> {
    if case.is_anonymous() {
        Some(UnratedReason::Anonymous)
    } else if case.unreachable {
        Some(UnratedReason::Unreachable)
    } else {
        case.declined_to_rate.then_some(UnratedReason::DeclinedToRate)
    }
}

/// What is still wanting, each with the next step.
fn missing(case: &Case, round: &Round, unrated: Option<UnratedReason>, unsatisfied: bool) -> Vec<&'static str> {
    let kind = round.answer.as_ref().map(|answer| answer.kind);
    let by_department = matches!(kind, Some(AnswerKind::Result | AnswerKind::Inability));
    let reachable = !matches!(unrated, Some(UnratedReason::Anonymous | UnratedReason::Unreachable));
    let mut missing = Vec::new();
    if kind.is_none() {
        missing.push("还没有办理结果。下一步：等部门报告");
    }
    if by_department && round.checked.as_ref().is_none_or(|(passed, _)| !passed) {
        missing.push("结果还没有通过质检。下一步：质检");
    }
    if by_department && round.called_back_at.is_none() && reachable {
        missing.push("还没有回访。下一步：回访诉求人");
    }
    if kind == Some(AnswerKind::Referral) && round.called_back_at.is_none() && reachable {
        missing.push("函转的答复还没有告知诉求人。下一步：回访诉求人");
    }
    if by_department && round.fed_back_at.is_none() && reachable {
        missing.push("还没有反馈。下一步：向诉求人反馈结果");
    }
    if unsatisfied {
        missing.push("诉求人不满意。下一步：退回重办，依法不能办的经批准终止办理");
    } else if round.rating.is_none() && unrated.is_none() {
        missing.push("还没有满意度评价。下一步：回访时请诉求人评价");
    }
    if case.clocks.open_of(crate::obligation::ObligationKind::Consultation, None).is_some() {
        missing.push("会商还没有结论。下一步：记录会商");
    }
    missing
}

/// 销号. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Closed {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<Rating>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unrated: Option<UnratedReason>,
}

impl Fact for Closed {
    const TYPE: &'static str = "closed";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        case.end(End::Closed { at: at.occurred_at, rating: self.rating, reason: self.unrated });
    }
}
