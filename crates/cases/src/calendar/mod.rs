//! Working days, office hours and due times.
//!
//! Two things decide when a limit ends. A [`WorkCalendar`] says which days are worked: Monday to Friday, less the days off
//! and plus the make-up workdays (调休) of the State Council's yearly notice, each notice being one [`YearCalendar`].
//! [`OfficeHours`] say when a centre is open on such a day. From both follows every due time:
//!
//! > 民法典 201: 按照年、月、日计算期间的，开始的当日不计入，自下一日开始计算。
//! >
//! > 民法典 203: 期间的最后一日是法定休假日的，以法定休假日结束的次日为期间的最后一日。期间的最后一日的截止时间为二十四时；
//! > 有业务时间的，停止业务活动的时间为截止时间。
//!
//! So the day of receipt is never counted, whatever its hour and whether or not it is worked, and the limit ends when the
//! office closes on the last day counted. [`WorkCalendar::due_after`] does this and says which days it counted.
//!
//! **Provisional.** A year without a published notice is reckoned by weekends and, where its file has them, the statutory
//! days. The last week of a published year (12-25 to 12-31) may still be moved by the next notice, as 2022-12-31 was. What
//! touches such a day is provisional: [`Counted::provisional`].
//!
//! **Bounds.** All days are days in Shanghai (UTC+8, no summer time). Dates are counted within [`FIRST_YEAR`] to
//! [`LAST_YEAR`] and limits up to [`MAX_WORKING_DAYS`]; beyond them every function that could count returns a
//! [`CalendarError`]. Nothing here panics, reads a clock or knows a policy.

mod count;
mod error;
mod hours;
mod shipped;
#[cfg(test)]
mod tests;
mod work;
mod year;

pub use count::Counted;
pub use error::CalendarError;
pub use hours::{OfficeHours, Session, WorkingTime};
pub use shipped::shipped;
pub use work::{CalendarVersion, DayKind, WorkCalendar};
pub use year::{CalendarStatus, NamedDay, Notice, YearCalendar};

use chrono::{Datelike, NaiveDate, NaiveTime, TimeZone};

use crate::time::{Instant, shanghai};

/// The first year in which days are counted.
pub const FIRST_YEAR: i32 = 1990;
/// The last year in which days are counted.
pub const LAST_YEAR: i32 = 2200;
/// The longest limit that is counted, in working days (about fourteen years).
pub const MAX_WORKING_DAYS: u32 = 3660;

fn in_range(date: NaiveDate) -> Result<NaiveDate, CalendarError> {
    if (FIRST_YEAR..=LAST_YEAR).contains(&date.year()) { Ok(date) } else { Err(CalendarError::OutOfRange(date)) }
}

/// The day in Shanghai. Not `Instant::date`, which may panic at the ends of chrono's range.
fn day_of(at: Instant) -> Result<NaiveDate, CalendarError> {
    let utc = at.naive_utc();
    let local = utc.checked_add_offset(shanghai()).ok_or(CalendarError::OutOfRange(utc.date()))?;
    in_range(local.date())
}

fn instant(date: NaiveDate, time: NaiveTime) -> Result<Instant, CalendarError> {
    let local = in_range(date)?.and_time(time);
    shanghai().from_local_datetime(&local).single().map(Instant::from).ok_or(CalendarError::OutOfRange(date))
}
