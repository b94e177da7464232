//! The demo's people and their hours: who acts, and when an office next can.

use cases::{
    Case, CaseCommand, Centre, Instant,
    ids::DepartmentId,
    people::{Actor, Office, Role},
};
use chrono::TimeDelta;

use super::{actor, matters, profile::Profile};

/// An act and its moment.
pub(super) struct Act {
    pub(super) at: Instant,
    pub(super) by: Actor,
    pub(super) command: CaseCommand,
}

pub(super) fn clerk(profile: &Profile) -> Actor {
    actor(matters::CLERKS[profile.n % matters::CLERKS.len()], Role::WindowClerk, Office::Centre)
}
pub(super) fn manager() -> Actor {
    actor(matters::MANAGER, Role::CentreManager, Office::Centre)
}
pub(super) fn department(id: &str) -> DepartmentId {
    DepartmentId::new(id).expect("the demo's departments have short names")
}
pub(super) fn head(department: &DepartmentId) -> Actor {
    actor(&format!("{department}-head"), Role::DepartmentHead, Office::Department(department.clone()))
}
pub(super) fn handler(department: &DepartmentId) -> Actor {
    actor(&format!("{department}-1"), Role::Handler, Office::Department(department.clone()))
}

pub(super) fn soon(
    by: Actor,
    command: impl Into<CaseCommand>,
    case: &Case,
    now: Instant,
    centre: &Centre,
) -> Option<Act> {
    later(by, command, case, 5, now, centre)
}

/// So many minutes of opening after the case's last entry.
pub(super) fn later(
    by: Actor,
    command: impl Into<CaseCommand>,
    case: &Case,
    minutes: i64,
    now: Instant,
    centre: &Centre,
) -> Option<Act> {
    let since = case.entries.values().next_back()?.recorded_at;
    act_at(by, command, office_time(since, minutes, centre)?, office_time(now, 0, centre)?)
}

pub(super) fn act_at(by: Actor, command: impl Into<CaseCommand>, at: Instant, now: Instant) -> Option<Act> {
    Some(Act { at: at.max(now), by, command: command.into() })
}

/// So many minutes of opening after a moment.
pub(super) fn office_time(from: Instant, minutes: i64, centre: &Centre) -> Option<Instant> {
    let (calendar, hours) = (&centre.calendar, &centre.hours);
    let mut left = TimeDelta::minutes(minutes);
    let mut at = from;
    loop {
        if !calendar.is_open(at, hours) {
            let date = at.date();
            let today = hours.sessions().map(|session| session.opens).find(|opens| *opens > at.time());
            at = match today.filter(|_| calendar.is_working_day(date)) {
                Some(opens) => at.plus(opens - at.time()),
                None => hours.opening(calendar.working_day_after(date).ok()?).ok()?,
            };
        }
        let closes = hours.sessions().map(|session| session.closes).find(|closes| *closes > at.time())?;
        let rest = closes - at.time();
        if left < rest {
            return Some(at.plus(left));
        }
        left -= rest;
        at = at.plus(rest);
    }
}
