//! What a view keeps of its centre's set-up: names to show, and the calendar and hours to count working time by.

use std::{collections::BTreeMap, ops::Deref, sync::OnceLock};

use cases::{
    CentreEvent, Instant,
    calendar::{OfficeHours, WorkCalendar, WorkingTime, YearCalendar},
    centre::recipients_recorded::Recipients,
    ids::DepartmentId,
    obligation::Owner,
    policy::Policy,
};
use serde::{Deserialize, Serialize};

use crate::fold::Use;

/// A centre's set-up, as far as rows are shown by it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SetUp {
    pub(crate) name: String,
    pub(crate) recipients: Recipients,
    departments: BTreeMap<DepartmentId, String>,
    hours: OfficeHours,
    calendars: Vec<YearCalendar>,
    /// 催办 goes out so many working days before the due day, by policy.
    remind_days: BTreeMap<String, u32>,
}

impl SetUp {
    /// The types that [`SetUp::apply`] has an arm for.
    const CONSUMES: [&'static str; 6] = [
        "centre_opened",
        "policy_adopted",
        "calendar_published",
        "hours_recorded",
        "recipients_recorded",
        "department_recorded",
    ];

    /// What a view with a set-up makes of a type: these it reads, of a case's events those in its list or else the
    /// clocks alone.
    pub(crate) fn uses(kind: &str, fields: &[&str]) -> Use {
        if Self::CONSUMES.contains(&kind) { Use::Fields } else { Use::of(kind, fields, Use::Clocks) }
    }

    /// Whether the event had an arm.
    pub(crate) fn apply(&mut self, event: &CentreEvent) -> bool {
        match event {
            CentreEvent::CentreOpened(event) => self.name.clone_from(&event.name),
            CentreEvent::PolicyAdopted(event) => {
                // A text that this release no longer reads shows nothing as due soon; what is due stands in the events.
                if let Ok(policy) = Policy::read("policy_text", &event.text) {
                    self.remind_days.insert(event.policy.to_string(), policy.escalation.remind_days_before);
                }
            }
            CentreEvent::CalendarPublished(event) => self.calendars.push(event.calendar.clone()),
            CentreEvent::HoursRecorded(event) => self.hours = event.hours.clone(),
            CentreEvent::RecipientsRecorded(event) => self.recipients = event.recipients.clone(),
            CentreEvent::DepartmentRecorded(event) => {
                self.departments.insert(event.department.clone(), event.name.clone());
            }
            _ => return false,
        }
        true
    }

    /// What is known now of a time before it was recorded: which days were worked was always so, and a department
    /// without a name then goes by the first one that it got.
    pub(crate) fn learn_later(&mut self, event: &CentreEvent) {
        match event {
            CentreEvent::CalendarPublished(_) | CentreEvent::PolicyAdopted(_) => {
                self.apply(event);
            }
            CentreEvent::DepartmentRecorded(event) => {
                self.departments.entry(event.department.clone()).or_insert_with(|| event.name.clone());
            }
            CentreEvent::CentreOpened(event) if self.name.is_empty() => self.name.clone_from(&event.name),
            _ => {}
        }
    }

    /// The department's name as people say it.
    pub(crate) fn department(&self, id: &DepartmentId) -> String {
        self.departments.get(id).cloned().unwrap_or_else(|| id.to_string())
    }

    /// Who owes, by name.
    pub(crate) fn owner(&self, owner: &Owner) -> String {
        match owner {
            Owner::Department(id) => self.department(id),
            other => other.to_string(),
        }
    }
}

/// A set-up as pages are shown by it: kept from page to page, and its calendar built when something is first counted.
#[derive(Debug, Default)]
pub(crate) struct Prepared {
    set_up: SetUp,
    calendar: OnceLock<WorkCalendar>,
}

impl From<SetUp> for Prepared {
    fn from(set_up: SetUp) -> Self {
        Self { set_up, calendar: OnceLock::new() }
    }
}

impl Deref for Prepared {
    type Target = SetUp;

    fn deref(&self) -> &SetUp {
        &self.set_up
    }
}

impl Prepared {
    /// Ready to count.
    pub(crate) fn counting(&self) -> Counting<'_> {
        let calendar = self.calendar.get_or_init(|| WorkCalendar::new(self.calendars.iter().cloned()));
        Counting { set_up: &self.set_up, calendar }
    }
}

/// A set-up with its calendar built.
pub(crate) struct Counting<'a> {
    pub(crate) set_up: &'a SetUp,
    calendar: &'a WorkCalendar,
}

impl Counting<'_> {
    /// The working time between two moments; `None` beyond the years that are counted.
    pub(crate) fn between(&self, from: Instant, to: Instant) -> Option<WorkingTime> {
        self.calendar.working_time(from, to, &self.set_up.hours).ok()
    }

    /// Since when a due time counts as due soon: the moment at which 催办 goes out for it. The same for a whole day.
    pub(crate) fn soon_from(&self, due: Instant, policy: Option<&str>) -> Option<Instant> {
        let days = policy.and_then(|policy| self.set_up.remind_days.get(policy))?;
        let mut date = due.date();
        for _ in 0..*days {
            date = self.calendar.working_day_before(date).ok()?;
        }
        self.set_up.hours.opening(date).ok()
    }

    /// No due time beyond this can be due soon at `now`.
    pub(crate) fn horizon(&self, now: Instant) -> Instant {
        let days = self.set_up.remind_days.values().copied().max().unwrap_or(0);
        let mut date = now.date();
        for _ in 0..=days {
            let Ok(next) = self.calendar.working_day_after(date) else { return now };
            date = next;
        }
        self.set_up.hours.closing(date).unwrap_or(now)
    }
}
