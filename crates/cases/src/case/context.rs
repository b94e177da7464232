//! What a rule may ask beside the case: the centre's set-up, who acts, and when. Counting stands here too, so that
//! every due time is counted in one way.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::Case;
use crate::{
    calendar::{CalendarError, Counted, WorkCalendar},
    centre::Centre,
    command::{CaseCommandLine, CentreCommandLine},
    ids::CaseId,
    people::Actor,
    policy::{Limit, Policy},
    refusal::Refusal,
    time::Instant,
};

static NO_CASES: BTreeMap<CaseId, Case> = BTreeMap::new();

/// Everything outside the case that a decision may depend on.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The centre as its own events leave it.
    pub centre: &'a Centre,
    /// The recorded time of what is being decided.
    pub now: Instant,
    /// When it happened: `now` unless the command says otherwise.
    pub occurred_at: Instant,
    /// By which time it is judged: `now`, or `occurred_at` for a late entry approved as it is entered (历史件).
    pub at: Instant,
    /// Who gives the command.
    pub by: &'a Actor,
    /// Other cases of the centre that the command names, loaded.
    pub others: &'a BTreeMap<CaseId, Case>,
    /// Whether the claim of a late entry carries its approval (历史件 only).
    pub approved_late: bool,
}

impl<'a> Context<'a> {
    /// The context of a command on a case, recorded at `now`.
    pub fn of_case(
        centre: &'a Centre,
        line: &'a CaseCommandLine,
        now: Instant,
        others: &'a BTreeMap<CaseId, Case>,
    ) -> Self {
        let occurred_at = line.occurred_at.unwrap_or(now);
        let approved_late = line.late.as_ref().is_some_and(|claim| claim.approved_by.is_some());
        let at = if approved_late { occurred_at } else { now };
        Self { centre, now, occurred_at, at, by: &line.by, others, approved_late }
    }

    /// The context of a command on the centre itself.
    pub fn of_centre(centre: &'a Centre, line: &'a CentreCommandLine, now: Instant) -> Self {
        let occurred_at = line.occurred_at.unwrap_or(now);
        Self { centre, now, occurred_at, at: now, by: &line.by, others: &NO_CASES, approved_late: false }
    }

    /// The context in which the system looks at a case: nothing happened but time.
    pub fn of_sweep(centre: &'a Centre, system: &'a Actor, now: Instant) -> Self {
        Self { centre, now, occurred_at: now, at: now, by: system, others: &NO_CASES, approved_late: false }
    }

    /// The policy under which the case was accepted; for a new case the centre's present one.
    pub fn policy(&self, case: &Case) -> Result<&'a Policy, Refusal> {
        match &case.policy {
            Some(reference) => {
                self.centre.policy(reference).ok_or_else(|| Refusal::PolicyUnknown { policy: reference.to_string() })
            }
            None => self.centre.current_policy().ok_or(Refusal::PolicyNotAdopted {}),
        }
    }

    /// The centre's calendar.
    pub fn calendar(&self) -> &'a WorkCalendar {
        &self.centre.calendar
    }

    /// The end of so many working days from a moment.
    pub fn after(&self, from: Instant, working_days: u32) -> Result<Counted, Refusal> {
        self.calendar().due_after(from, working_days, &self.centre.hours).map_err(uncounted)
    }

    /// The end of a policy's limit from a moment.
    pub fn limit(&self, from: Instant, limit: &Limit) -> Result<Counted, Refusal> {
        match limit.days {
            Some(days) => self.after(from, days),
            None => self.calendar().same_day(from, &self.centre.hours).map_err(uncounted),
        }
    }

    /// The closing of a promised day. A promise may name a day off: then it ends with that day's usual closing hour.
    pub fn closing(&self, date: NaiveDate) -> Result<Instant, Refusal> {
        self.centre.hours.closing(date).map_err(uncounted)
    }

    /// The first opening at or after a moment.
    pub fn next_opening(&self, at: Instant) -> Result<Instant, Refusal> {
        self.calendar().next_opening(at, &self.centre.hours).map_err(uncounted)
    }

    /// The opening of the `n`th working day before the day of `due`.
    pub fn opening_before(&self, due: Instant, n: u32) -> Result<Instant, Refusal> {
        let mut date = due.date();
        for _ in 0..n {
            date = self.calendar().working_day_before(date).map_err(uncounted)?;
        }
        self.centre.hours.opening(date).map_err(uncounted)
    }

    /// The closing of the `n`th working day before the day of `due`.
    pub fn closing_before(&self, due: Instant, n: u32) -> Result<Instant, Refusal> {
        let mut date = due.date();
        for _ in 0..n {
            date = self.calendar().working_day_before(date).map_err(uncounted)?;
        }
        self.closing(date)
    }
}

/// A count that the calendar cannot make, told to the person.
#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
pub(crate) fn uncounted(error: CalendarError) -> Refusal {
    Refusal::CannotCount { reason: error.to_string() }
}
