//! A moment, always shown in Asia/Shanghai (UTC+8; China keeps no summer time), to the millisecond.

use std::{fmt, ops::Deref, str::FromStr};

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, SubsecRound, TimeDelta, TimeZone, Timelike};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// UTC+8.
pub fn shanghai() -> FixedOffset {
    const EIGHT_HOURS_SECONDS: i32 = 8 * 3600;
    FixedOffset::east_opt(EIGHT_HOURS_SECONDS).expect("eight hours is less than a day")
}

/// A point in time. On the wire RFC 3339 with `+08:00`; read with any offset, and without one as Asia/Shanghai.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "DateTime<FixedOffset>")]
pub struct Instant(DateTime<FixedOffset>);

/// A text that is no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}”不是有效的时间：应如 2026-02-13T09:30:00+08:00，不写时区即为北京时间")]
pub struct BadTime(String);

impl Instant {
    /// From milliseconds since 1970-01-01T00:00:00Z, as the log keeps them; `None` past the calendar's ends.
    pub fn from_ms(ms: i64) -> Option<Self> {
        shanghai().timestamp_millis_opt(ms).single().map(Self)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn ms(self) -> i64 {
        self.0.timestamp_millis()
    }

    /// The day on the wall in Shanghai.
    pub fn date(self) -> NaiveDate {
        self.0.date_naive()
    }

    /// This much later (earlier, if negative), held at the calendar's ends.
    pub fn plus(self, delta: TimeDelta) -> Self {
        self.0.checked_add_signed(delta).map_or(self, Self)
    }
}

impl From<DateTime<FixedOffset>> for Instant {
    fn from(at: DateTime<FixedOffset>) -> Self {
        Self(at.with_timezone(&shanghai()).trunc_subsecs(3))
    }
}
impl Deref for Instant {
    type Target = DateTime<FixedOffset>;
    fn deref(&self) -> &DateTime<FixedOffset> {
        &self.0
    }
}
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (date, time, ms) = (self.0.date_naive(), self.0.time(), self.0.timestamp_subsec_millis());
        let (Ok(year @ 0..=9999), 0..1_000) = (u32::try_from(date.year()), ms) else {
            // Beyond the years that RFC 3339 can write, or within a leap second.
            return f.write_str(&self.0.to_rfc3339());
        };
        // By hand: every event and every row of a view holds several, and a format that is read anew for each of them took a
        // tenth of the time in which views are built.
        let mut text = *b"0000-00-00T00:00:00.000+08:00";
        let mut put = |at: usize, digits: usize, mut number: u32| {
            for place in text[at..at + digits].iter_mut().rev() {
                *place = b'0' + u8::try_from(number % 10).unwrap_or_default();
                number /= 10;
            }
        };
        put(0, 4, year);
        put(5, 2, date.month());
        put(8, 2, date.day());
        put(11, 2, time.hour());
        put(14, 2, time.minute());
        put(17, 2, time.second());
        put(20, 3, ms);
        let text = std::str::from_utf8(&text).unwrap_or_default();
        if ms == 0 { write!(f, "{}{}", &text[..19], &text[23..]) } else { f.write_str(text) }
    }
}
impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl From<Instant> for String {
    fn from(at: Instant) -> Self {
        at.to_string()
    }
}
impl TryFrom<String> for Instant {
    type Error = BadTime;
    fn try_from(text: String) -> Result<Self, BadTime> {
        text.parse()
    }
}
impl FromStr for Instant {
    type Err = BadTime;

    /// A date alone stands for its first moment; a date that does not exist is refused.
    fn from_str(text: &str) -> Result<Self, BadTime> {
        let text = text.trim();
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return Ok(at.into());
        }
        let local = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
            .iter()
            .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
            .or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0));
        local
            .and_then(|at| shanghai().from_local_datetime(&at).single())
            .map(Self::from)
            .ok_or_else(|| BadTime(text.chars().take(40).collect()))
    }
}
