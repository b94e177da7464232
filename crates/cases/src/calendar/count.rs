use chrono::{NaiveDate, TimeDelta};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CalendarError, CalendarVersion, MAX_WORKING_DAYS, OfficeHours, WorkCalendar, day_of, in_range};
use crate::time::Instant;

/// A due time and how it came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Counted {
    /// The end: the closing of the last day counted.
    pub due: Instant,
    /// The working days counted, in order.
    pub days: Vec<NaiveDate>,
    /// Whether a notice yet to come may move it.
    pub provisional: bool,
    /// The calendars by which it was counted.
    pub calendars: Vec<CalendarVersion>,
}

/// Counting. Instants are answered in Shanghai time; whatever would leave the years that are counted is an error.
impl WorkCalendar {
    /// The end of a limit of `working_days` from `received`. The day of receipt is not counted, whatever its hour and
    /// whether or not it is worked (民法典 201); the limit ends when the office closes on the last day counted (203).
    ///
    /// Provisional where any day after that of receipt, up to the due day, is.
    pub fn due_after(
        &self,
        received: Instant,
        working_days: u32,
        hours: &OfficeHours,
    ) -> Result<Counted, CalendarError> {
        if working_days == 0 {
            return Err(CalendarError::Limit(0));
        }
        let received = day_of(received)?;
        let first = in_range(received.succ_opt().ok_or(CalendarError::OutOfRange(received))?)?;
        self.counted(first, self.days_after(received, working_days)?, hours)
    }

    /// "The same day": by that day's closing; of the next working day if the act came after closing or on a day off. An
    /// act at the moment of closing is in time, and so is one before opening or at noon.
    pub fn same_day(&self, act: Instant, hours: &OfficeHours) -> Result<Counted, CalendarError> {
        let date = day_of(act)?;
        let day =
            if self.is_working_day(date) && act <= hours.closing(date)? { date } else { self.working_day_after(date)? };
        self.counted(date, vec![day], hours)
    }

    /// A due time moved on by whole working days, to the closing of the day reached: how paused days are given back. By 0
    /// days it is left as it is, even if no closing. Provisional where any day from the old due day on is; a due time
    /// that was provisional before stays so for its own reasons, which only its maker knows.
    pub fn shift(&self, due: Instant, working_days: u32, hours: &OfficeHours) -> Result<Counted, CalendarError> {
        let date = day_of(due)?;
        if working_days == 0 {
            let (provisional, calendars) = (self.is_provisional_on(date), self.versions_touched(date, date));
            return Ok(Counted { due, days: Vec::new(), provisional, calendars });
        }
        self.counted(date, self.days_after(date, working_days)?, hours)
    }

    /// Whether the office is open: a working day, within a session, its first moment included and its last not.
    pub fn is_open(&self, at: Instant, hours: &OfficeHours) -> bool {
        let Ok(date) = day_of(at) else { return false };
        let time = at.time();
        self.is_working_day(date) && hours.sessions().any(|session| session.opens <= time && time < session.closes)
    }

    /// The first opening at or after `at`: the beginning of a working day's first session. The end of the noon break is
    /// no opening.
    pub fn next_opening(&self, at: Instant, hours: &OfficeHours) -> Result<Instant, CalendarError> {
        self.first_at_or_after(at, |date| hours.opening(date))
    }

    /// The first closing at or after `at`: the end of a working day's last session. The noon break is no closing.
    pub fn next_closing(&self, at: Instant, hours: &OfficeHours) -> Result<Instant, CalendarError> {
        self.first_at_or_after(at, |date| hours.closing(date))
    }

    /// Whole minutes of opening between two moments, rounded down; 0 if `to` is not after `from`.
    pub fn working_minutes(&self, from: Instant, to: Instant, hours: &OfficeHours) -> Result<u64, CalendarError> {
        let mut open = TimeDelta::zero();
        for date in self.working_days_within(from, to)? {
            for session in hours.sessions() {
                let begins = super::instant(date, session.opens)?.max(from);
                let ends = super::instant(date, session.closes)?.min(to);
                open += (*ends - *begins).max(TimeDelta::zero());
            }
        }
        Ok(u64::try_from(open.num_minutes()).unwrap_or(0))
    }

    /// The working time between two moments as working days, hours and minutes of the office, rounded down.
    pub fn working_time(
        &self,
        from: Instant,
        to: Instant,
        hours: &OfficeHours,
    ) -> Result<super::WorkingTime, CalendarError> {
        Ok(hours.split(self.working_minutes(from, to, hours)?))
    }

    /// How many working days lie inside the span with all their opening time: what a pause gives back.
    pub fn whole_working_days_within(
        &self,
        from: Instant,
        to: Instant,
        hours: &OfficeHours,
    ) -> Result<u32, CalendarError> {
        let mut whole = 0;
        for date in self.working_days_within(from, to)? {
            if from <= hours.opening(date)? && hours.closing(date)? <= to {
                whole += 1;
            }
        }
        Ok(whole)
    }

    /// The working days that the span touches, at whatever hour.
    fn working_days_within(
        &self,
        from: Instant,
        to: Instant,
    ) -> Result<impl Iterator<Item = NaiveDate>, CalendarError> {
        let (first, last) = (day_of(from)?, day_of(to)?);
        Ok(first.iter_days().take_while(move |date| *date <= last).filter(|date| self.is_working_day(*date)))
    }

    fn first_at_or_after(
        &self,
        at: Instant,
        moment: impl Fn(NaiveDate) -> Result<Instant, CalendarError>,
    ) -> Result<Instant, CalendarError> {
        let date = day_of(at)?;
        if self.is_working_day(date) {
            let today = moment(date)?;
            if today >= at {
                return Ok(today);
            }
        }
        moment(self.working_day_after(date)?)
    }

    fn days_after(&self, date: NaiveDate, working_days: u32) -> Result<Vec<NaiveDate>, CalendarError> {
        if working_days > MAX_WORKING_DAYS {
            return Err(CalendarError::Limit(working_days));
        }
        let mut last = date;
        (0..working_days)
            .map(|_| {
                last = self.working_day_after(last)?;
                Ok(last)
            })
            .collect()
    }

    /// `from` is the first day whose kind mattered, which may lie before the first day counted.
    fn counted(&self, from: NaiveDate, days: Vec<NaiveDate>, hours: &OfficeHours) -> Result<Counted, CalendarError> {
        let last = days.last().copied().unwrap_or(from);
        Ok(Counted {
            due: hours.closing(last)?,
            provisional: self.is_provisional_within(from, last),
            calendars: self.versions_touched(from, last),
            days,
        })
    }
}
