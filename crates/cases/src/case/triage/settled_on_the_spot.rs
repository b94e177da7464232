//! 当场办结.
//!
//! > H6 属于一般性问题的，当场予以协调解决。
//! > H-三(一) ……管理机构应当场了解具体情况，能够当场协调解决的，要当场协调解决。

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Kind;
use crate::{
    case::{
        Case, CaseEvent, Context, Fact, Stage, Step,
        closing::rated::{Rated, RatedBy, Rating},
        guards,
        round::{Answer, AnswerKind},
    },
    entry::Moment,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
};

/// Settles it there and then: result and feedback in one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SettleOnTheSpot {
    /// What was done.
    pub result: String,
    /// The complainant's rating, if given at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<Rating>,
}

impl Step for SettleOnTheSpot {
    const NAME: &'static str = "settle_on_the_spot";
    const ROLES: &'static [Role] = guards::WINDOW;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let kind = case.kind().ok_or(Refusal::NotClassified {});
        match case.stage {
            Stage::Accepted => {
                // The window settles ordinary ones; the managing body any, "if the centre settles it there and then".
                let kind = kind?;
                if kind != Kind::Ordinary && !guards::MANAGERS.contains(&ctx.by.role) {
                    return Err(Refusal::SettleNeedsManager { kind: kind.term() });
                }
            }
            Stage::InReview { .. } if guards::MANAGERS.contains(&ctx.by.role) => {}
            Stage::InReview { .. } => {
                return Err(Refusal::WrongRole { role: ctx.by.role, may: "管理机构、带班领导".to_owned() });
            }
            _ => return case.wrong_stage("已受理、审核中"),
        }
        guards::said(&self.result, "办理结果")?;
        let settled = SettledOnTheSpot { result: case.sealed(&self.result), rated_at_once: self.rating.is_some() };
        let mut events = vec![settled.into()];
        if let Some(rating) = self.rating {
            events.push(Rated::decided(rating, RatedBy::AtTheWindow, case, ctx)?);
        }
        Ok(events)
    }
}

/// 当场办结. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SettledOnTheSpot {
    pub result: Sealed,
    /// The rating follows as the next event, so that no call-back is owed.
    pub rated_at_once: bool,
}

impl Fact for SettledOnTheSpot {
    const TYPE: &'static str = "settled_on_the_spot";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        case.stage = Stage::Settled;
        if let Some(round) = case.round_mut() {
            round.answer = Some(Answer {
                version: at.version,
                kind: AnswerKind::Settled,
                occurred_at: at.occurred_at,
                text: self.result.clone(),
                by: at.by.id.clone(),
            });
            round.checked = None;
            round.rating = None;
            round.called_back_at = None;
            round.fed_back_at = Some(at.occurred_at);
        }
    }
}
