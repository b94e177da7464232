//! What a delivery at a given time leads to, asked without a case: the `due` command, and the form that previews a limit.

use serde::Serialize;

use super::{ObligationKind, handling::first_owed};
use crate::{
    calendar::{CalendarVersion, Counted, OfficeHours, WorkCalendar},
    case::{context::uncounted, triage::Kind},
    policy::{Policy, PolicyRef},
    refusal::Refusal,
    time::Instant,
};

/// A due time with everything that explains it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DueAnswer {
    /// The first of answer, plan, result that runs from delivery; the referral's answer for 非政务服务.
    pub obligation: ObligationKind,
    pub received: Instant,
    pub due: Instant,
    pub working_days: u32,
    /// The article.
    pub rule: String,
    /// Touches a year whose holidays are not published.
    pub provisional: bool,
    /// The calendars that were counted by.
    pub calendar: Vec<CalendarVersion>,
    pub policy: PolicyRef,
    /// The working days counted, in order.
    pub days: Vec<chrono::NaiveDate>,
}

/// Counts the first obligation of a kind from delivery. `working_days` counts so many instead, with no cap; a kind whose
/// limit is somebody's decision (不给办 in H) is refused without it.
pub fn due(
    policy: &Policy,
    kind: Kind,
    received: Instant,
    working_days: Option<u32>,
    calendar: &WorkCalendar,
    hours: &OfficeHours,
) -> Result<DueAnswer, Refusal> {
    let referral = &policy.limits.referral_answer;
    let owed = if kind == Kind::OutOfScope {
        referral.days.map(|days| (ObligationKind::ReferralAnswer, days, referral.source.clone()))
    } else {
        let form = policy.form(kind, false);
        first_owed(form, working_days).map(|(kind, days, _, source)| (kind, days, source))
    };
    let (obligation, days, rule) = owed.ok_or(Refusal::LimitMissing {})?;
    let working_days = working_days.unwrap_or(days);
    let counted = calendar.due_after(received, working_days, hours).map_err(uncounted)?;
    let Counted { due, days, provisional, calendars } = counted;
    let policy = policy.reference();
    Ok(DueAnswer { obligation, received, due, working_days, rule, provisional, calendar: calendars, policy, days })
}
