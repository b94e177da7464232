//! 重开: by the manager, on complaint or own motion, within a year (*default*). A new round; the time it was closed never counts.

use chrono::Months;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{
        Case, CaseEvent, Context, End, Fact, Stage, Step, guards,
        round::{Round, RoundCause},
    },
    entry::Moment,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
    terms::terms,
};

terms!(
    /// 重开的缘由.
    ReopenGround {
        Complaint = "诉求人再次反映",
        OwnMotion = "管理机构依职权",
    }
);

/// Opens an ended case again: it comes to review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reopen {
    pub ground: ReopenGround,
    pub reason: String,
}

impl Step for Reopen {
    const NAME: &'static str = "reopen";
    const ROLES: &'static [Role] = guards::MANAGERS;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let end = match &case.stage {
            Stage::Ended(end @ (End::Declined { .. } | End::Merged { .. })) => {
                return Err(Refusal::CannotReopen { how: end.term() });
            }
            Stage::Ended(end) => end,
            _ => return Err(Refusal::NotEnded {}),
        };
        guards::said(&self.reason, "重开的理由")?;
        let months = Months::new(12 * ctx.policy(case)?.closing.reopen_within_years);
        let last_day = end.at().date().checked_add_months(months).unwrap_or(chrono::NaiveDate::MAX);
        if ctx.now.date() > last_day {
            return Err(Refusal::ReopenTooLate { last_day });
        }
        Ok(vec![Reopened { ground: self.ground, reason: case.sealed(&self.reason) }.into()])
    }
}

/// 重开. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reopened {
    pub ground: ReopenGround,
    pub reason: Sealed,
}

impl Fact for Reopened {
    const TYPE: &'static str = "reopened";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        case.stage = Stage::InReview { signatures: Vec::new() };
        case.pause = None;
        case.reopened += 1;
        case.call_back_attempts.clear();
        case.unreachable = false;
        case.declined_to_rate = false;
        let no = case.round_no() + 1;
        case.rounds.push(Round::new(no, at.at, RoundCause::Reopened));
    }
}
