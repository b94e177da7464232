//! A time as a file gives it: to the second, or only the day.

use std::fmt;

use cases::{
    Instant,
    calendar::{CalendarError, OfficeHours},
};
use chrono::NaiveDate;

/// When something happened, as exactly as the file knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    At(Instant),
    /// A date and no time. A reply counts as made at that day's closing (domain §8); which hour that is, only the centre knows.
    On(NaiveDate),
}

impl When {
    /// The day in Shanghai.
    pub fn date(self) -> NaiveDate {
        match self {
            Self::At(at) => at.date(),
            Self::On(date) => date,
        }
    }

    /// Whether the file gave a date and no time.
    pub fn date_only(self) -> bool {
        matches!(self, Self::On(_))
    }

    /// The moment; a date alone counts as that day's closing. An appeal raised after closing and answered “that day” thus
    /// comes out answered before it was raised: whoever orders the two takes the later.
    pub fn or_closing(self, hours: &OfficeHours) -> Result<Instant, CalendarError> {
        match self {
            Self::At(at) => Ok(at),
            Self::On(date) => hours.closing(date),
        }
    }

    /// The moment; a date alone counts as that day's opening.
    pub fn or_opening(self, hours: &OfficeHours) -> Result<Instant, CalendarError> {
        match self {
            Self::At(at) => Ok(at),
            Self::On(date) => hours.opening(date),
        }
    }

    /// Before the other, whatever hour a date alone may stand for.
    pub(crate) fn surely_before(self, other: Self) -> bool {
        match (self, other) {
            (Self::At(a), Self::At(b)) => a < b,
            _ => self.date() < other.date(),
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(at) => at.fmt(f),
            Self::On(date) => date.fmt(f),
        }
    }
}
