//! How a column writes its times.

use std::fmt::{self, Write as _};

use cases::{Instant, time::shanghai};
use chrono::{
    DateTime, FixedOffset, NaiveDate, NaiveDateTime, ParseResult, TimeDelta, TimeZone,
    format::{Item, ParseErrorKind, StrftimeItems},
};
use serde::Deserialize;

use crate::When;

/// One way of writing a time.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct TimeFormat(Way);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Way {
    /// Any of [`YEAR_FIRST`], or RFC 3339.
    YearFirst,
    /// A strftime pattern, and how much it holds.
    Pattern(String, Holds),
    /// With `Z` or an offset.
    Rfc3339,
    /// Days since 1899-12-30, the time of day as the fraction.
    ExcelSerial,
    UnixMs(i64),
    /// How long after acceptance, in so many milliseconds each.
    AfterMs(&'static str, i64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Date,
    DateAndTime,
    DateTimeAndOffset,
}

/// Year first, which can mean one thing only. What begins with day or month must be said in the mapping.
const YEAR_FIRST: [(&str, Holds); 18] = [
    ("%Y/%m/%d %H:%M:%S%.f", Holds::DateAndTime),
    ("%Y/%m/%d %H:%M", Holds::DateAndTime),
    ("%Y/%m/%d", Holds::Date),
    ("%Y-%m-%d %H:%M:%S%.f", Holds::DateAndTime),
    ("%Y-%m-%d %H:%M", Holds::DateAndTime),
    ("%Y-%m-%dT%H:%M:%S%.f", Holds::DateAndTime),
    ("%Y-%m-%d", Holds::Date),
    ("%Y.%m.%d %H:%M:%S%.f", Holds::DateAndTime),
    ("%Y.%m.%d %H:%M", Holds::DateAndTime),
    ("%Y.%m.%d", Holds::Date),
    ("%Y年%m月%d日 %H:%M:%S", Holds::DateAndTime),
    ("%Y年%m月%d日 %H:%M", Holds::DateAndTime),
    ("%Y年%m月%d日 %H时%M分%S秒", Holds::DateAndTime),
    ("%Y年%m月%d日 %H时%M分", Holds::DateAndTime),
    ("%Y年%m月%d日", Holds::Date),
    ("%Y%m%d%H%M%S", Holds::DateAndTime),
    ("%Y%m%d %H:%M:%S", Holds::DateAndTime),
    ("%Y%m%d", Holds::Date),
];

/// Why a text gave no time. Later ones say more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NoTime {
    Unreadable,
    /// Well formed, as 2019/2/30 is.
    DoesNotExist,
    StrangeYear,
}

const DAY_MS: f64 = 86_400_000.0;

impl TryFrom<String> for TimeFormat {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let way = match text.as_str() {
            "year_first" => Way::YearFirst,
            "rfc3339" => Way::Rfc3339,
            "excel" => Way::ExcelSerial,
            "unix_seconds" => Way::UnixMs(1000),
            "unix_milliseconds" => Way::UnixMs(1),
            "minutes_after" => Way::AfterMs("minutes_after", 60_000),
            "hours_after" => Way::AfterMs("hours_after", 3_600_000),
            "days_after" => Way::AfterMs("days_after", 86_400_000),
            pattern => {
                let holds = holds(pattern).ok_or_else(|| {
                    format!(
                        "“{pattern}” is no time format: write a strftime pattern with year, month and day, and hour with \
                         minute or neither, or one of year_first, rfc3339, excel, unix_seconds, unix_milliseconds, minutes_after, \
                         hours_after, days_after"
                    )
                })?;
                Way::Pattern(text, holds)
            }
        };
        Ok(Self(way))
    }
}

/// Tried out: what a pattern wrote, it must be able to read.
fn holds(pattern: &str) -> Option<Holds> {
    let known = |item: Item<'_>| !matches!(item, Item::Error);
    if !pattern.contains('%') || !StrftimeItems::new(pattern).all(known) {
        return None;
    }
    let offset = FixedOffset::east_opt(5 * 3600)?;
    let sample = offset.with_ymd_and_hms(2001, 12, 13, 14, 15, 0).single()?;
    let mut written = String::new();
    write!(written, "{}", sample.format(pattern)).ok()?;
    if DateTime::parse_from_str(&written, pattern).is_ok_and(|read| read == sample) {
        return Some(Holds::DateTimeAndOffset);
    }
    if NaiveDateTime::parse_from_str(&written, pattern).is_ok_and(|read| read == sample.naive_local()) {
        return Some(Holds::DateAndTime);
    }
    let dated = NaiveDate::parse_from_str(&written, pattern).is_ok_and(|read| read == sample.date_naive());
    // A date with an hour and no minutes would be read as a date alone, and the hour lost.
    let hour = StrftimeItems::new(pattern).any(|item| {
        use chrono::format::Numeric::{Hour, Hour12, Minute, Second};
        matches!(item, Item::Numeric(Hour | Hour12 | Minute | Second, _))
    });
    (dated && !hour).then_some(Holds::Date)
}

impl TimeFormat {
    pub(crate) fn year_first() -> Vec<Self> {
        vec![Self(Way::YearFirst)]
    }

    pub(crate) fn is_duration(&self) -> bool {
        matches!(self.0, Way::AfterMs(..))
    }

    /// A number in a workbook that was not formatted as a date is one only where the mapping says so.
    pub(crate) fn is_excel(&self) -> bool {
        matches!(self.0, Way::ExcelSerial)
    }

    /// Reads a cleaned text; `accepted` is where durations begin.
    pub(crate) fn parse(&self, text: &str, accepted: Option<When>) -> Result<When, NoTime> {
        match &self.0 {
            Way::YearFirst => {
                let mut read = rfc3339(text);
                for (pattern, holds) in YEAR_FIRST {
                    read = read.or_else(|worse| parse_pattern(text, pattern, holds).map_err(|this| this.max(worse)));
                }
                read
            }
            Way::Rfc3339 => rfc3339(text),
            Way::Pattern(pattern, holds) => parse_pattern(text, pattern, *holds),
            Way::ExcelSerial => from_serial(text.parse().map_err(|_| NoTime::Unreadable)?),
            Way::UnixMs(unit_ms) => {
                let ms = number_of(text, *unit_ms)?;
                Instant::from_ms(ms).ok_or(NoTime::DoesNotExist).and_then(sane)
            }
            Way::AfterMs(_, unit_ms) => {
                let ms = number_of(text, *unit_ms)?;
                let after = TimeDelta::milliseconds(ms);
                match accepted {
                    Some(When::At(accepted)) => sane(accepted.plus(after)),
                    // Whole days after a day are a day.
                    Some(When::On(date)) => {
                        let date = date.checked_add_signed(after).ok_or(NoTime::StrangeYear)?;
                        sane_date(date).map(When::On)
                    }
                    None => Err(NoTime::Unreadable),
                }
            }
        }
    }
}

fn rfc3339(text: &str) -> Result<When, NoTime> {
    sane(read(DateTime::parse_from_rfc3339(text))?.into())
}

fn parse_pattern(text: &str, pattern: &str, holds: Holds) -> Result<When, NoTime> {
    let text =
        if pattern.contains("%p") { text.replace("上午", "AM").replace("下午", "PM") } else { text.to_owned() };
    match holds {
        Holds::Date => {
            let date = read(NaiveDate::parse_from_str(&text, pattern))?;
            sane_date(date).map(When::On)
        }
        Holds::DateAndTime => local(read(NaiveDateTime::parse_from_str(&text, pattern))?),
        Holds::DateTimeAndOffset => sane(read(DateTime::parse_from_str(&text, pattern))?.into()),
    }
}

fn read<T>(parsed: ParseResult<T>) -> Result<T, NoTime> {
    parsed.map_err(no_time)
}

fn no_time(error: chrono::ParseError) -> NoTime {
    match error.kind() {
        ParseErrorKind::OutOfRange | ParseErrorKind::Impossible => NoTime::DoesNotExist,
        _ => NoTime::Unreadable,
    }
}

/// A wall-clock time in Shanghai. 23:59:60 was never shown there: leap seconds fall into the morning, and no file means them.
fn local(at: NaiveDateTime) -> Result<When, NoTime> {
    if at.and_utc().timestamp_subsec_millis() >= 1000 {
        return Err(NoTime::DoesNotExist);
    }
    let at = shanghai().from_local_datetime(&at).single().ok_or(NoTime::DoesNotExist)?;
    sane(at.into())
}

/// A spreadsheet's date. Midnight to the second is taken for a date without a time: it is how one is stored.
pub(crate) fn from_serial(serial: f64) -> Result<When, NoTime> {
    let first = NaiveDate::from_ymd_opt(1899, 12, 30).and_then(|day| day.and_hms_opt(0, 0, 0));
    if !(1.0..2_958_466.0).contains(&serial) {
        return Err(NoTime::StrangeYear);
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    let ms = (serial * DAY_MS).round() as i64;
    let at = first.and_then(|first| first.checked_add_signed(TimeDelta::milliseconds(whole_seconds(ms))));
    let at = at.ok_or(NoTime::DoesNotExist)?;
    if at.time() == chrono::NaiveTime::MIN { sane_date(at.date()).map(When::On) } else { local(at) }
}

/// A serial number holds a second to about a microsecond only, and exporters round it further.
fn whole_seconds(ms: i64) -> i64 {
    const SLACK_MS: i64 = 50;
    let nearest = (ms + 500).div_euclid(1000) * 1000;
    if (nearest - ms).abs() <= SLACK_MS { nearest } else { ms }
}

fn number_of(text: &str, unit_ms: i64) -> Result<i64, NoTime> {
    const MOST_MS: f64 = 1e14;
    #[expect(clippy::cast_precision_loss, reason = "at most a day's milliseconds")]
    let ms = text.parse::<f64>().map_err(|_| NoTime::Unreadable)? * unit_ms as f64;
    if !ms.is_finite() || ms.abs() > MOST_MS {
        return Err(NoTime::StrangeYear);
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    let ms = ms.round() as i64;
    Ok(ms)
}

fn sane(at: Instant) -> Result<When, NoTime> {
    sane_date(at.date()).map(|_| When::At(at))
}

fn sane_date(date: NaiveDate) -> Result<NaiveDate, NoTime> {
    use chrono::Datelike;
    if (1900..2200).contains(&date.year()) { Ok(date) } else { Err(NoTime::StrangeYear) }
}

impl fmt::Display for TimeFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Way::Pattern(pattern, _) => pattern,
            Way::YearFirst => "year_first（年在前，如 2019/2/28 11:25:05）",
            Way::Rfc3339 => "rfc3339",
            Way::ExcelSerial => "excel",
            Way::UnixMs(1) => "unix_milliseconds",
            Way::UnixMs(_) => "unix_seconds",
            Way::AfterMs(name, _) => name,
        })
    }
}
