use chrono::NaiveDate;

use super::{CalendarVersion, FIRST_YEAR, LAST_YEAR, MAX_WORKING_DAYS};

/// Why a calendar or office hours were refused, or a day could not be counted. The text tells the person what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CalendarError {
    /// The date, or a day that had to be counted, lies outside [`FIRST_YEAR`] to [`LAST_YEAR`].
    #[error("{0} 不在可计算的范围（{FIRST_YEAR} 年至 {LAST_YEAR} 年）内，请核对年份")]
    OutOfRange(NaiveDate),
    /// A limit of no working days, or of more than [`MAX_WORKING_DAYS`].
    #[error("时限应为 1 至 {MAX_WORKING_DAYS} 个工作日，而不是 {0} 个")]
    Limit(u32),

    /// A calendar for a year that is never counted.
    #[error("日历的年份 {0} 不在 {FIRST_YEAR} 至 {LAST_YEAR} 之间，请核对年份")]
    Year(i32),
    /// A published calendar has version 0, or one of statutory days only has another.
    #[error("{0} 的版本号有误：已公布的从 1 起编，仅列法定节日的为 0")]
    Version(CalendarVersion),
    /// The version offered is not newer than the one in force.
    #[error("{offered} 不比现行的 {current} 新：通知有变动时，请使用更大的版本号")]
    NotNewer {
        /// What was offered.
        offered: CalendarVersion,
        /// What is in force.
        current: CalendarVersion,
    },
    /// A day that no notice of that year can speak of: it may reach into the December before and the January after.
    #[error("{date} 不属于 {year} 年的通知：只可列当年、上年 12 月和次年 1 月的日期")]
    OutsideYear {
        /// The day named.
        date: NaiveDate,
        /// The year of the calendar.
        year: i32,
    },
    /// The same day stands twice in one list.
    #[error("{0} 重复出现，请删去一处")]
    Duplicate(NaiveDate),
    /// A day cannot be both off and worked.
    #[error("{0} 既列为放假又列为调休上班，请保留一处")]
    OffAndWorked(NaiveDate),
    /// Only a Saturday or Sunday can be made a workday.
    #[error("{0} 不是周六或周日，本来就上班，不应列为调休上班日")]
    MakeupOnWeekday(NaiveDate),
    /// A make-up workday comes from a notice, so a calendar without one has none.
    #[error("{0} 列为调休上班日，但 {1} 年的通知尚未公布：未公布的年份只列法定节日")]
    MakeupWithoutNotice(NaiveDate, i32),
    /// A day without a name cannot be explained to anyone.
    #[error("{0} 没有写明节日名称，或名称过长")]
    DayName(NaiveDate),
    /// More text or days than any notice has.
    #[error("日历内容过长：{0}")]
    TooLong(&'static str),

    /// An office that never opens.
    #[error("办公时间不能为空，请至少写一段，如 09:00-12:00")]
    NoSession,
    /// More sessions than a day has use for.
    #[error("办公时间最多分 {max} 段，现有 {0} 段", max = super::hours::MAX_SESSIONS)]
    TooManySessions(usize),
    /// A session that ends before it begins, overlaps the one before, or comes out of order.
    #[error("办公时间 {0} 有误：应先开后关，各段依次排列、互不重叠")]
    SessionOrder(String),
    /// Text that is no time of day, or not a whole minute.
    #[error("“{0}”不是有效的办公时间：应如 09:00-12:00，精确到分")]
    SessionText(String),
    /// Text that names no calendar version.
    #[error("“{0}”不是日历版本：应如 2026v1，没有日历的年份如 2028-")]
    VersionText(String),
}
