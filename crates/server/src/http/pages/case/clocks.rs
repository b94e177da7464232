//! 时限: a case's obligations at a moment. Due times are read, never counted; only what is left or past is measured.

use cases::{
    Case, Centre, Instant,
    obligation::{Outcome, Owner, Running},
};

use crate::http::pages::minute;

/// One obligation.
#[derive(Clone)]
pub(super) struct Clock {
    pub(super) open: bool,
    /// `over`, `soon`, `paused`, `running`, `met`, `late`, `cancelled`.
    pub(super) mark: &'static str,
    /// The mark as a word, and how much.
    pub(super) word: &'static str,
    pub(super) amount: String,
    pub(super) kind: String,
    pub(super) owner: String,
    pub(super) round: u32,
    pub(super) due: String,
    pub(super) due_rfc3339: String,
    pub(super) provisional: bool,
    /// How the due time came about.
    pub(super) basis: String,
    pub(super) ended: Option<String>,
}

/// All of them: open ones first, by due time; then the ended ones, the newest first.
pub(super) fn all(case: &Case, centre: &Centre, now: Instant) -> Vec<Clock> {
    let mut open: Vec<&Running> = case.clocks.open().collect();
    open.sort_by_key(|running| running.obligation.due);
    let ended = case.clocks.all().iter().rev().filter(|running| !running.is_open());
    open.into_iter().chain(ended).map(|running| clock(running, case, centre, now)).collect()
}

fn clock(running: &Running, case: &Case, centre: &Centre, now: Instant) -> Clock {
    let owed = &running.obligation;
    let paused = case.pause.is_some() && owed.kind.is_paused();
    let between = |from: Instant, to: Instant| {
        let time = centre.calendar.working_time(from, to, &centre.hours);
        time.map_or_else(|_| String::new(), |time| time.to_string())
    };
    let (mark, word, amount) = match &running.end {
        Some(end) => match end.outcome {
            Outcome::Met => ("met", end.outcome.term(), String::new()),
            Outcome::MetLate => ("late", end.outcome.term(), format!("晚{}", between(owed.due, end.at))),
            Outcome::Breached => ("late", end.outcome.term(), between(owed.due, end.at)),
            Outcome::Cancelled => ("cancelled", end.outcome.term(), String::new()),
        },
        None if paused => ("paused", "中止计时", String::new()),
        None if running.is_overdue(now) => ("over", "超期", between(owed.due, now)),
        None if is_due_soon(owed.due, case, centre, now) => {
            ("soon", "将到期", format!("还剩{}", between(now, owed.due)))
        }
        None => ("running", "", format!("还剩{}", between(now, owed.due))),
    };
    Clock {
        open: running.is_open(),
        mark,
        word,
        amount,
        kind: owed.kind.to_string(),
        owner: match &owed.owner {
            Owner::Department(id) => centre.department_name(id),
            other => other.to_string(),
        },
        round: owed.round,
        due: minute(owed.due),
        due_rfc3339: owed.due.to_string(),
        provisional: owed.provisional,
        basis: format!("{}，自{}起", owed.limit, minute(owed.from)),
        ended: running.end.as_ref().map(|end| minute(end.at)),
    }
}

/// Since the moment at which the policy has 催办 go out.
fn is_due_soon(due: Instant, case: &Case, centre: &Centre, now: Instant) -> bool {
    let Some(policy) = case.policy.as_ref().and_then(|policy| centre.policy(policy)) else { return false };
    let mut date = due.date();
    for _ in 0..policy.escalation.remind_days_before {
        let Ok(before) = centre.calendar.working_day_before(date) else { return false };
        date = before;
    }
    centre.hours.opening(date).is_ok_and(|soon| soon <= now)
}
