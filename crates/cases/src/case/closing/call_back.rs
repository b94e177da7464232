//! 回访.
//!
//! > H10 ……并回访诉求人对办理结果的意见。
//! > S5 ……窗口工作人员负责向群众反馈办理结果，并做好回访记录。

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rated::{Rated, RatedBy, Rating};
use crate::{
    case::{Case, CaseEvent, Context, Fact, Stage, Step, guards, round::AnswerKind},
    entry::Moment,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
    terms::terms,
};

fn require_answered(case: &Case) -> Result<(), Refusal> {
    if !matches!(case.stage, Stage::Answered | Stage::Settled) {
        return case.wrong_stage("回访反馈中、当场办结");
    }
    if case.is_anonymous() {
        return Err(Refusal::NoContactToCall {});
    }
    Ok(())
}

terms!(
    /// 回访未成的情形.
    AttemptOutcome {
        NoAnswer = "无人接听",
        Busy = "占线或关机",
        WrongNumber = "号码有误",
        Postponed = "诉求人约定再联系",
    }
);

/// Records an attempt that reached nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttemptCallBack {
    pub outcome: AttemptOutcome,
}

impl Step for AttemptCallBack {
    const NAME: &'static str = "attempt_call_back";
    const ROLES: &'static [Role] = guards::WINDOW;

    fn decide(&self, case: &Case, _: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        require_answered(case)?;
        Ok(vec![CallBackAttempted { outcome: self.outcome }.into()])
    }
}

/// 回访未成. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallBackAttempted {
    pub outcome: AttemptOutcome,
}

impl Fact for CallBackAttempted {
    const TYPE: &'static str = "call_back_attempted";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        case.call_back_attempts.push(at.at);
    }
}

/// Finds the person unreachable, after the attempts that the policy asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EstablishUnreachable {}

impl Step for EstablishUnreachable {
    const NAME: &'static str = "establish_unreachable";
    const ROLES: &'static [Role] = guards::WINDOW;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        require_answered(case)?;
        if case.unreachable {
            return Ok(Vec::new());
        }
        let closing = &ctx.policy(case)?.closing;
        let mut dates: Vec<_> = case.call_back_attempts.iter().map(|at| at.date()).collect();
        let attempts = dates.len();
        dates.sort_unstable();
        dates.dedup();
        if attempts < closing.unreachable_attempts || dates.len() < closing.unreachable_days {
            return Err(Refusal::TooFewAttempts {
                attempts,
                days: dates.len(),
                need_attempts: closing.unreachable_attempts,
                need_days: closing.unreachable_days,
            });
        }
        Ok(vec![UnreachableEstablished { attempts: u32::try_from(attempts).unwrap_or(u32::MAX) }.into()])
    }
}

/// 联系不上. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnreachableEstablished {
    pub attempts: u32,
}

impl Fact for UnreachableEstablished {
    const TYPE: &'static str = "unreachable_established";

    fn evolve(&self, case: &mut Case, _: &Moment<'_>) {
        case.unreachable = true;
    }
}

/// Records what the person said of the result: with a rating, with the word that they would not rate, or after they
/// have rated by themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallBack {
    pub opinion: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<Rating>,
    /// The person was asked and would not rate.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub declined_to_rate: bool,
}

impl Step for CallBack {
    const NAME: &'static str = "call_back";
    const ROLES: &'static [Role] = guards::WINDOW;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        require_answered(case)?;
        guards::said(&self.opinion, "诉求人的意见")?;
        // Once called back nobody owes a call any more, and so nobody would ask for the rating that closing needs.
        if self.rating.is_none() && !self.declined_to_rate && case.round().is_none_or(|round| round.rating.is_none()) {
            return Err(Refusal::RatingNotAsked {});
        }
        let declined_to_rate = self.declined_to_rate && self.rating.is_none();
        let mut events = vec![CalledBack { opinion: case.sealed(&self.opinion), declined_to_rate }.into()];
        if let Some(rating) = self.rating {
            events.push(Rated::decided(rating, RatedBy::OnCallBack, case, ctx)?);
        }
        Ok(events)
    }
}

/// 回访. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CalledBack {
    pub opinion: Sealed,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub declined_to_rate: bool,
}

impl Fact for CalledBack {
    const TYPE: &'static str = "called_back";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        case.call_back_attempts.clear();
        case.unreachable = false;
        case.declined_to_rate = self.declined_to_rate;
        if let Some(round) = case.round_mut() {
            round.called_back_at = Some(at.occurred_at);
            // "Referral: the answer told at call-back counts as fed back."
            if round.answer.as_ref().is_some_and(|answer| answer.kind == AnswerKind::Referral) {
                round.fed_back_at.get_or_insert(at.occurred_at);
            }
        }
    }
}
