use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate, Weekday};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CalendarError, CalendarVersion, FIRST_YEAR, LAST_YEAR};

const MAX_DAYS: usize = 120;
const MAX_NOTICES: usize = 12;
const MAX_TEXT_CHARS: usize = 400;
const MAX_NAME_CHARS: usize = 40;

/// One year's arrangement, whole: a later notice that changes it makes a new version which repeats what still holds.
///
/// **A storage format**: it stands in `crates/cases/calendars/` and in events. Reading checks the shape only, so that an old
/// event is read for ever; [`YearCalendar::validate`] checks the sense, before it is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct YearCalendar {
    /// The year that the notice arranges.
    pub year: i32,
    /// From 1, raised by every change; 0 where there is no notice yet.
    pub version: u32,
    /// Whether a notice stands behind it.
    pub status: CalendarStatus,
    /// The notices, the first and those that changed it, as far as they are known.
    #[serde(default)]
    pub notices: Vec<Notice>,
    /// Days off, weekends among them where the notice names them.
    pub holidays: Vec<NamedDay>,
    /// Saturdays and Sundays that are worked (调休).
    #[serde(default)]
    pub makeup_workdays: Vec<NamedDay>,
}

/// What stands behind a year's calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CalendarStatus {
    /// The State Council's notice.
    Published,
    /// No notice yet: the statutory days of 《全国年节及纪念日放假办法》, no make-up workdays. Provisional.
    StatutoryOnly,
}

/// A notice of the State Council's office on the days off of a year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// Its number, such as 国办发明电〔2025〕7号.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The day on which it was put there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<NaiveDate>,
}

/// A day and the festival on account of which it is off or worked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedDay {
    /// The day.
    pub date: NaiveDate,
    /// The festival, such as 国庆节.
    pub name: String,
}

impl YearCalendar {
    /// Year and version, as they are cited.
    pub fn id(&self) -> CalendarVersion {
        CalendarVersion { year: self.year, version: Some(self.version) }
    }

    /// Whether the calendar can be what a notice says; the first fault otherwise.
    pub fn validate(&self) -> Result<(), CalendarError> {
        if !(FIRST_YEAR..=LAST_YEAR).contains(&self.year) {
            return Err(CalendarError::Year(self.year));
        }
        if (self.status == CalendarStatus::Published) != (self.version > 0) {
            return Err(CalendarError::Version(self.id()));
        }
        self.validate_sizes()?;
        let off = self.distinct(&self.holidays)?;
        let worked = self.distinct(&self.makeup_workdays)?;
        if let Some(both) = off.intersection(&worked).next() {
            return Err(CalendarError::OffAndWorked(*both));
        }
        for date in worked {
            if self.status == CalendarStatus::StatutoryOnly {
                return Err(CalendarError::MakeupWithoutNotice(date, self.year));
            }
            if !is_weekend(date) {
                return Err(CalendarError::MakeupOnWeekday(date));
            }
        }
        Ok(())
    }

    fn distinct(&self, days: &[NamedDay]) -> Result<BTreeSet<NaiveDate>, CalendarError> {
        let mut seen = BTreeSet::new();
        for NamedDay { date, name } in days {
            // The neighbouring months: a notice may move days of the year before (2022-12-31 stands in that of 2023).
            let may_name = match date.year() - self.year {
                0 => true,
                -1 => date.month() == 12,
                1 => date.month() == 1,
                _ => false,
            };
            if !may_name {
                return Err(CalendarError::OutsideYear { date: *date, year: self.year });
            }
            if name.trim().is_empty() || name.chars().count() > MAX_NAME_CHARS {
                return Err(CalendarError::DayName(*date));
            }
            if !seen.insert(*date) {
                return Err(CalendarError::Duplicate(*date));
            }
        }
        Ok(seen)
    }

    fn validate_sizes(&self) -> Result<(), CalendarError> {
        let too_long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.chars().count() > MAX_TEXT_CHARS);
        if self.holidays.len() > MAX_DAYS {
            return Err(CalendarError::TooLong("放假日过多"));
        }
        if self.makeup_workdays.len() > MAX_DAYS {
            return Err(CalendarError::TooLong("调休上班日过多"));
        }
        if self.notices.len() > MAX_NOTICES {
            return Err(CalendarError::TooLong("通知过多"));
        }
        if self.notices.iter().any(|notice| too_long(&notice.number) || too_long(&notice.url)) {
            return Err(CalendarError::TooLong("文号或网址过长"));
        }
        Ok(())
    }
}

pub(super) fn is_weekend(date: NaiveDate) -> bool {
    matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}
