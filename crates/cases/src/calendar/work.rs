use std::{collections::BTreeMap, fmt, ops::RangeInclusive, str::FromStr, sync::LazyLock};

use chrono::{Datelike, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    CalendarError, CalendarStatus, FIRST_YEAR, LAST_YEAR, YearCalendar, in_range, shipped::shipped, year::is_weekend,
};

/// From this day of December on, the next year's notice may still move days (元旦 and what makes up for it).
const OPEN_FROM_DECEMBER_DAY: u32 = 25;

/// Which days are worked. Built once from a set of yearly calendars, then only asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkCalendar {
    years: BTreeMap<i32, YearCalendar>,
    exceptions: BTreeMap<NaiveDate, Exception>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Exception {
    Off(String),
    Worked(String),
}

/// What a day is, and on whose account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "name", rename_all = "snake_case")]
pub enum DayKind<'a> {
    /// Monday to Friday, and nothing said.
    Working,
    /// A Saturday or Sunday that is worked, for the festival named.
    Makeup(&'a str),
    /// Saturday or Sunday, and nothing said.
    Weekend,
    /// Off, for the festival named.
    Holiday(&'a str),
}

impl DayKind<'_> {
    /// Whether the office works on such a day.
    pub fn is_working(self) -> bool {
        matches!(self, Self::Working | Self::Makeup(_))
    }
}

impl WorkCalendar {
    /// The newest version of each year serves; of two with the same version, the one given later. Where two years' notices
    /// speak of the same day, the later year's does. Never fails, so that a log can always be replayed: what may be
    /// published is asked of [`Self::check_publication`] before.
    pub fn new(calendars: impl IntoIterator<Item = YearCalendar>) -> Self {
        let mut years = BTreeMap::<i32, YearCalendar>::new();
        for calendar in calendars {
            if years.get(&calendar.year).is_none_or(|known| known.version <= calendar.version) {
                years.insert(calendar.year, calendar);
            }
        }
        let mut exceptions = BTreeMap::new();
        for calendar in years.values() {
            let off = calendar.holidays.iter().map(|day| (day.date, Exception::Off(day.name.clone())));
            let worked = calendar.makeup_workdays.iter().map(|day| (day.date, Exception::Worked(day.name.clone())));
            exceptions.extend(off.chain(worked));
        }
        Self { years, exceptions }
    }

    /// The calendar of the shipped files alone.
    pub fn shipped() -> &'static Self {
        static SHIPPED: LazyLock<WorkCalendar> = LazyLock::new(|| WorkCalendar::new(shipped().iter().cloned()));
        &SHIPPED
    }

    /// The newest known calendar of a year.
    pub fn year(&self, year: i32) -> Option<&YearCalendar> {
        self.years.get(&year)
    }

    /// Whether `calendar` may be published on top of this: sound in itself, and newer than what is known of its year.
    pub fn check_publication(&self, calendar: &YearCalendar) -> Result<(), CalendarError> {
        calendar.validate()?;
        match self.year(calendar.year) {
            Some(known) if known.version >= calendar.version => {
                Err(CalendarError::NotNewer { offered: calendar.id(), current: known.id() })
            }
            _ => Ok(()),
        }
    }

    /// What a day is. Any date: where no calendar speaks, the weekday decides.
    pub fn day(&self, date: NaiveDate) -> DayKind<'_> {
        match self.exceptions.get(&date) {
            Some(Exception::Off(name)) => DayKind::Holiday(name),
            Some(Exception::Worked(name)) => DayKind::Makeup(name),
            None if is_weekend(date) => DayKind::Weekend,
            None => DayKind::Working,
        }
    }

    /// Whether the office works on that day.
    pub fn is_working_day(&self, date: NaiveDate) -> bool {
        self.day(date).is_working()
    }

    /// Whether a notice yet to come may change what the day is: its year has none, or it lies in the last week of a year
    /// (12-25 on) whose successor has none.
    pub fn is_provisional_on(&self, date: NaiveDate) -> bool {
        !self.is_published(date.year()) || (is_late_december(date) && !self.is_published(date.year() + 1))
    }

    /// Whether any day from `from` to `to`, both included, is provisional.
    pub fn is_provisional_within(&self, from: NaiveDate, to: NaiveDate) -> bool {
        from <= to && !ruling_years(from, to).all(|year| self.is_published(year))
    }

    /// The calendars that rule the days from `from` to `to`, both included, in order. A day in the last week of a year is
    /// ruled by the next year's notice as well. Years outside what is counted are left out.
    pub fn versions_touched(&self, from: NaiveDate, to: NaiveDate) -> Vec<CalendarVersion> {
        let version = |year| CalendarVersion { year, version: self.year(year).map(|known| known.version) };
        if from > to {
            return Vec::new();
        }
        let years = ruling_years(from, to);
        (*years.start().max(&FIRST_YEAR)..=*years.end().min(&(LAST_YEAR + 1))).map(version).collect()
    }

    /// The first working day after `date`, not `date` itself.
    pub fn working_day_after(&self, date: NaiveDate) -> Result<NaiveDate, CalendarError> {
        self.seek(date, NaiveDate::succ_opt)
    }

    /// The last working day before `date`, not `date` itself.
    pub fn working_day_before(&self, date: NaiveDate) -> Result<NaiveDate, CalendarError> {
        self.seek(date, NaiveDate::pred_opt)
    }

    fn seek(&self, from: NaiveDate, step: fn(&NaiveDate) -> Option<NaiveDate>) -> Result<NaiveDate, CalendarError> {
        let mut date = in_range(from)?;
        loop {
            date = in_range(step(&date).ok_or(CalendarError::OutOfRange(date))?)?;
            if self.is_working_day(date) {
                return Ok(date);
            }
        }
    }

    fn is_published(&self, year: i32) -> bool {
        self.year(year).is_some_and(|known| known.status == CalendarStatus::Published)
    }
}

fn is_late_december(date: NaiveDate) -> bool {
    date.month() == 12 && date.day() >= OPEN_FROM_DECEMBER_DAY
}

/// The years whose notices decide on the days of a span.
fn ruling_years(from: NaiveDate, to: NaiveDate) -> RangeInclusive<i32> {
    from.year()..=to.year() + i32::from(is_late_december(to))
}

/// A calendar as it is cited: `2026v1`, or `2028-` for a year of which nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[0-9]{4}(v[0-9]+|-)$"))]
pub struct CalendarVersion {
    /// The year of the calendar.
    pub year: i32,
    /// Its version, 0 for statutory days only; none where there is no calendar.
    pub version: Option<u32>,
}

impl fmt::Display for CalendarVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            Some(version) => write!(f, "{:04}v{version}", self.year),
            None => write!(f, "{:04}-", self.year),
        }
    }
}

impl FromStr for CalendarVersion {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        let parse = || {
            let (year, version) = text.split_at_checked(4)?;
            let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            let version = match version.strip_prefix('v') {
                Some(number) if digits(number) => Some(number.parse().ok()?),
                None if version == "-" => None,
                _ => return None,
            };
            digits(year).then(|| year.parse().ok()).flatten().map(|year| Self { year, version })
        };
        parse().ok_or_else(|| CalendarError::VersionText(text.chars().take(40).collect()))
    }
}

impl From<CalendarVersion> for String {
    fn from(version: CalendarVersion) -> Self {
        version.to_string()
    }
}

impl TryFrom<String> for CalendarVersion {
    type Error = CalendarError;

    fn try_from(text: String) -> Result<Self, CalendarError> {
        text.parse()
    }
}
