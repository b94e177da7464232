//! 公布日历: a year's holidays and make-up workdays by State Council notice, whole.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Centre, CentreEvent, SET_UP};
use crate::{
    calendar::{CalendarError, WorkCalendar, YearCalendar},
    case::{Context, Fact, Step},
    entry::Moment,
    people::Role,
    refusal::Refusal,
};

/// Publishes a year's calendar, or a newer version of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishCalendar {
    pub calendar: YearCalendar,
}

impl Step<Centre> for PublishCalendar {
    const NAME: &'static str = "publish_calendar";
    const ROLES: &'static [Role] = SET_UP;

    fn decide(&self, centre: &Centre, _: &Context<'_>) -> Result<Vec<CentreEvent>, Refusal> {
        if centre.calendars.contains(&self.calendar) {
            return Ok(Vec::new());
        }
        let check = centre.calendar.check_publication(&self.calendar);
        check.map_err(|fault| match fault {
            CalendarError::NotNewer { current, .. } => {
                Refusal::CalendarNotNewer { year: current.year, version: current.version.unwrap_or(0) }
            }
            fault => Refusal::CalendarUnreadable { reason: fault.to_string() },
        })?;
        Ok(vec![CalendarPublished { calendar: self.calendar.clone() }.into()])
    }
}

/// 公布日历. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CalendarPublished {
    pub calendar: YearCalendar,
}

impl Fact<Centre> for CalendarPublished {
    const TYPE: &'static str = "calendar_published";

    fn evolve(&self, centre: &mut Centre, _: &Moment<'_>) {
        centre.calendars.push(self.calendar.clone());
        centre.calendar = WorkCalendar::new(centre.calendars.iter().cloned());
    }
}
