use std::{fmt, str::FromStr};

use chrono::{NaiveDate, NaiveTime, Timelike};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CalendarError, instant};
use crate::time::Instant;

pub(super) const MAX_SESSIONS: usize = 8;

const DEFAULT: [[(u32, u32); 2]; 2] = [[(9, 0), (12, 0)], [(13, 0), (17, 0)]];

/// When a centre is open on a working day: one session or more, in order, in Shanghai time, the same on every working day.
/// An office that closes at midnight writes 23:59.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<Session>", into = "Vec<Session>")]
#[schemars(with = "Vec<Session>", extend("minItems" = 1, "maxItems" = MAX_SESSIONS))]
pub struct OfficeHours {
    first: Session,
    /// Those after the first; never overlapping.
    more: Vec<Session>,
}

/// One stretch of opening, to the minute; the closing minute itself is no longer open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// Opening time, `HH:MM`.
    #[serde(with = "hh_mm")]
    #[schemars(with = "String", extend("pattern" = hh_mm::PATTERN))]
    pub opens: NaiveTime,
    /// Closing time, `HH:MM`, after it.
    #[serde(with = "hh_mm")]
    #[schemars(with = "String", extend("pattern" = hh_mm::PATTERN))]
    pub closes: NaiveTime,
}

impl OfficeHours {
    /// Sessions that each open before they close, and not before the one before has closed.
    pub fn new(sessions: impl IntoIterator<Item = Session>) -> Result<Self, CalendarError> {
        let mut sessions = sessions.into_iter();
        let first = sessions.next().ok_or(CalendarError::NoSession)?;
        let more: Vec<_> = sessions.collect();
        if more.len() >= MAX_SESSIONS {
            return Err(CalendarError::TooManySessions(more.len() + 1));
        }
        let mut closed = NaiveTime::MIN;
        for session in std::iter::once(&first).chain(&more) {
            if session.opens < closed || session.closes <= session.opens {
                return Err(CalendarError::SessionOrder(session.to_string()));
            }
            // A `Session` made in code may hold seconds, which its text form cannot say.
            if [session.opens, session.closes].iter().any(|time| time.second() != 0 || time.nanosecond() != 0) {
                return Err(CalendarError::SessionText(format!("{}-{}", session.opens, session.closes)));
            }
            closed = session.closes;
        }
        Ok(Self { first, more })
    }

    /// The sessions of a working day, in order; at least one.
    pub fn sessions(&self) -> impl Iterator<Item = Session> + '_ {
        std::iter::once(self.first).chain(self.more.iter().copied())
    }

    /// The moment at which the first session of `date` begins, were it a working day.
    pub fn opening(&self, date: NaiveDate) -> Result<Instant, CalendarError> {
        instant(date, self.first.opens)
    }

    /// The moment at which the last session of `date` ends, were it a working day: where a limit ends (民法典 203).
    pub fn closing(&self, date: NaiveDate) -> Result<Instant, CalendarError> {
        instant(date, self.more.last().unwrap_or(&self.first).closes)
    }

    /// Minutes of opening in one working day; never 0.
    pub fn minutes_per_day(&self) -> u64 {
        self.sessions().map(Session::minutes).sum()
    }

    /// So many minutes of working time as days, hours and minutes of this office.
    pub fn split(&self, minutes: u64) -> WorkingTime {
        let per_day = self.minutes_per_day();
        let rest = minutes % per_day;
        WorkingTime { days: minutes / per_day, hours: rest / 60, minutes: rest % 60 }
    }
}

impl Default for OfficeHours {
    /// 09:00–12:00 and 13:00–17:00.
    fn default() -> Self {
        let time = |(hour, minute)| NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default();
        let [first, second] = DEFAULT.map(|[opens, closes]| Session { opens: time(opens), closes: time(closes) });
        Self { first, more: vec![second] }
    }
}

impl Session {
    fn minutes(self) -> u64 {
        u64::try_from((self.closes - self.opens).num_minutes()).unwrap_or(0)
    }
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.opens.format(hh_mm::FORMAT), self.closes.format(hh_mm::FORMAT))
    }
}

/// `09:00-12:00`, with a hyphen or a dash.
impl FromStr for Session {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        let times = text.split_once(['-', '–', '—', '~']);
        let parse = |time: &str| hh_mm::parse(time.trim());
        times
            .and_then(|(opens, closes)| Some(Self { opens: parse(opens)?, closes: parse(closes)? }))
            .ok_or_else(|| CalendarError::SessionText(text.chars().take(40).collect()))
    }
}

/// `09:00-12:00,13:00-17:00`.
impl fmt::Display for OfficeHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        self.more.iter().try_for_each(|session| write!(f, ",{session}"))
    }
}

/// Sessions separated by commas (also ，、;) or spaces between them.
impl FromStr for OfficeHours {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        let sessions = text.split([',', '，', '、', ';', '；', ' ']).map(str::trim).filter(|part| !part.is_empty());
        Self::new(sessions.take(MAX_SESSIONS + 1).map(str::parse).collect::<Result<Vec<_>, _>>()?)
    }
}

impl From<OfficeHours> for Vec<Session> {
    fn from(hours: OfficeHours) -> Self {
        hours.sessions().collect()
    }
}

impl TryFrom<Vec<Session>> for OfficeHours {
    type Error = CalendarError;

    fn try_from(sessions: Vec<Session>) -> Result<Self, CalendarError> {
        Self::new(sessions)
    }
}

/// A length of working time, one day being the office hours of one working day. Shown rounded down to whole hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct WorkingTime {
    /// Whole working days.
    pub days: u64,
    /// Whole hours beyond them.
    pub hours: u64,
    /// Whole minutes beyond those.
    pub minutes: u64,
}

/// `2个工作日3小时`; less than an hour is `不足1小时`.
impl fmt::Display for WorkingTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.days, self.hours) {
            (0, 0) => f.write_str("不足1小时"),
            (0, hours) => write!(f, "{hours}小时"),
            (days, 0) => write!(f, "{days}个工作日"),
            (days, hours) => write!(f, "{days}个工作日{hours}小时"),
        }
    }
}

/// Times of day are stored to the minute: office hours have no seconds.
mod hh_mm {
    use chrono::NaiveTime;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) const FORMAT: &str = "%H:%M";
    pub(super) const PATTERN: &str = "^([01][0-9]|2[0-3]):[0-5][0-9]$";

    /// Exactly five characters: chrono would also take `9:5`.
    pub(super) fn parse(text: &str) -> Option<NaiveTime> {
        (text.len() == 5).then(|| NaiveTime::parse_from_str(text, FORMAT).ok()).flatten()
    }

    pub(super) fn serialize<S: Serializer>(time: &NaiveTime, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&time.format(FORMAT))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveTime, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text).ok_or_else(|| D::Error::custom(super::CalendarError::SessionText(text)))
    }
}
