//! Limits as a policy file writes them: days and where the days come from.

use serde::Deserialize;

use crate::{case::round::Round, refusal::Refusal};

/// So many working days, by this article.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DayLimit {
    /// Working days; the day of receipt is not counted.
    pub days: u32,
    /// The article, as in `H8`.
    pub source: String,
}

/// A limit in working days, or "the same day" (‡ in the domain's table: by that day's closing; by the next working
/// day's when the act came after closing or on a day off).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Working days; absent for a same-day limit.
    pub days: Option<u32>,
    /// Whether it is due on the very day.
    #[serde(default)]
    pub same_day: bool,
    /// The article.
    pub source: String,
}

/// From what the result's days run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case", deny_unknown_fields)]
pub enum ResultLimit {
    /// The article itself gives the days, from delivery (S4).
    Delivery {
        /// Working days.
        days: u32,
        /// The article.
        source: String,
    },
    /// The department promises a date (H8 承诺时限).
    Promise {
        /// The article.
        source: String,
    },
    /// The dispatch names the limit (H7 明确办理期限).
    Dispatch {
        /// Taken when the dispatch names none; without it a dispatch must name one.
        default_days: Option<u32>,
        /// The most that a dispatch may name.
        cap_days: Option<u32>,
        /// The article.
        source: String,
    },
}

/// What a lead department owes: an answer (办不了), or a plan, or a result, or a plan and then a result.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandlingForm {
    /// 答复: reason and basis of 办不了.
    pub answer: Option<DayLimit>,
    /// 解决方案.
    pub plan: Option<DayLimit>,
    /// 办理结果.
    pub result: Option<ResultLimit>,
}

impl HandlingForm {
    /// A plan and then a result is the longest form; else the one with more days.
    pub(super) fn is_longer_than(&self, other: &Self) -> bool {
        (self.plan.is_some(), self.days()) > (other.plan.is_some(), other.days())
    }

    /// The days of the first of answer, plan, result that the policy itself gives.
    pub fn days(&self) -> Option<u32> {
        let named = self.answer.as_ref().or(self.plan.as_ref()).map(|limit| limit.days);
        named.or(match &self.result {
            Some(ResultLimit::Delivery { days, .. }) => Some(*days),
            Some(ResultLimit::Dispatch { default_days, .. }) => *default_days,
            Some(ResultLimit::Promise { .. }) | None => None,
        })
    }
}

impl HandlingForm {
    /// The limit of the last delivery, where it is somebody's decision and not the article's: a rework or a new department
    /// has "the kind's own limit".
    pub(crate) fn carried_over(&self, last: &Round) -> Option<u32> {
        let named =
            matches!((&self.answer, &self.plan, &self.result), (None, None, Some(ResultLimit::Dispatch { .. })));
        last.delivery.as_ref().filter(|_| named).and_then(|delivery| delivery.limit_working_days)
    }

    /// The limit that a dispatch names, checked against the article: "a manager may set a limit shorter than the
    /// article's, never longer"; where the article leaves it to the dispatch, one must be named (H7 明确办理期限).
    pub(crate) fn agree_on(&self, named: Option<u32>) -> Result<Option<u32>, Refusal> {
        if named == Some(0) {
            return Err(Refusal::LimitZero {});
        }
        let (default, most) = match (&self.answer, &self.plan, &self.result) {
            (Some(limit), ..) | (None, Some(limit), _) => (None, Some(limit.days)),
            (None, None, Some(ResultLimit::Delivery { days, .. })) => (None, Some(*days)),
            (None, None, Some(ResultLimit::Dispatch { default_days, cap_days, .. })) => {
                if named.or(*default_days).is_none() {
                    return Err(Refusal::LimitMissing {});
                }
                (*default_days, *cap_days)
            }
            (None, None, Some(ResultLimit::Promise { .. }) | None) => (None, None),
        };
        match (named, most) {
            (Some(days), Some(most)) if days > most => Err(Refusal::LimitTooLong { days, most }),
            _ => Ok(named.or(default)),
        }
    }
}
