//! 工作台账.
//!
//! > H 附件3：序号 姓名或单位名称 单位联系人 联系方式 主要诉求 诉求类别 政务服务责任部门及牵头部门 分办转办时间 要求办理期限 是否催办及时间
//! > 是否督办及时间 是否退回重办及时间 实际办结时间 办理情况 回访时间 办理结果满意度 备注。注：1.“单位联系人”栏仅适用于反映人为单位的情形。
//! > 2.仅涉及多个政务服务部门的需明确牵头部门。3.“备注”栏标明“是否超期及超期时间”等。
//! > H10 诉求人对办理结果满意的，在《工作台账》上对相关问题清零销号。
//!
//! A row holds what happened, by the time that counts: recorded, or occurred once a late entry is approved (补录). The
//! cells are made of it when they are shown ([`cells`]), because what is overdue depends on the moment that one asks.

mod cells;
mod project;

use std::sync::Arc;

use cases::{
    CaseId, Instant,
    case::{
        clock::pause::PauseReason,
        closing::{closed::UnratedReason, rated::Rating, terminated::TerminationGround},
        intake::{
            accepted::{Category, Channel},
            declined::DeclineGround,
        },
    },
    ids::DepartmentId,
    policy::PolicyRef,
};
use event_log::{Centre, EventLog};
use serde::{Deserialize, Serialize};

pub use cells::{HEADINGS, OWN_HEADINGS};

use crate::{
    Number, Recorded, ViewError, Views, When,
    clocks::Clocks,
    fold::{Fold, Use, View},
    number, past,
    set_up::SetUp,
};

/// The ledger as a view.
pub(crate) struct Ledger;

/// One case.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// From acceptance on: a row without one is not shown.
    number: Option<Number>,
    intake: Option<Intake>,
    historical: bool,
    stage: Stage,
    /// 牵头部门, or the one department.
    lead: Option<DepartmentId>,
    co: Vec<DepartmentId>,
    steps: Vec<Step>,
    clocks: Clocks,
    /// 轮次: how often the work began anew.
    round: u32,
    /// Results that were not returned, the newest last.
    results: Vec<Said>,
    /// The newest rating of any round.
    rating: Option<Rating>,
    unreachable: bool,
    pauses: Vec<Pause>,
    paused: bool,
    /// 延期 granted, to when.
    extended: Vec<Instant>,
    late: Vec<Late>,
    /// 并入、拆出 …: other cases, by number.
    linked: Vec<String>,
    reopened: u32,
    ex_officio: bool,
}

/// What was written down at the window, as mended since.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Intake {
    accepted_at: Instant,
    raised_at: Instant,
    channel: Channel,
    category: Category,
    is_unit: bool,
    anonymous: bool,
    name: Option<String>,
    contact_person: Option<String>,
    telephone: Option<String>,
    address: Option<String>,
    summary: String,
    policy: Option<PolicyRef>,
}

/// 阶段, as the case itself has it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    #[default]
    Unknown,
    Accepted,
    InReview,
    InHand,
    Referred(String),
    Settled,
    Reported,
    Answered,
    Closed(Option<UnratedReason>),
    Terminated(TerminationGround),
    Declined(DeclineGround),
    Withdrawn,
    Merged,
}

/// Something with a time that a column shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Step {
    /// The case's version that made it: a late entry's approval finds it by this.
    version: u64,
    at: Instant,
    what: StepKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StepKind {
    /// 转办、改派
    Sent,
    Reminded,
    Supervised,
    Returned,
    CalledBack,
}

/// 办理结果.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Said {
    version: u64,
    round: u32,
    at: Instant,
    text: String,
}

/// 中止.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Pause {
    from: Instant,
    /// Its last day, or when it ended.
    to: Instant,
    reason: PauseReason,
}

/// 补录: claimed, then decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Late {
    version: u64,
    approved: Option<bool>,
}

impl View for Ledger {
    type Row = Row;

    const NAME: &'static str = "ledger";
    const VERSION: u32 = 2;
    const TEXTS: &'static [(&'static str, &'static str)] = &project::TEXTS;
    const DDL: &'static str = "
        CREATE TABLE rows (
            centre TEXT NOT NULL,
            key TEXT NOT NULL,               -- the case
            state TEXT NOT NULL,
            -- Stored, so that whoever makes an index of them need not read all states once more.
            year INTEGER AS (state ->> '$.number.year') STORED,
            no INTEGER AS (state ->> '$.number.no') STORED,
            PRIMARY KEY (centre, key)
        ) STRICT;";
    const INDEXES: &'static str = "
        CREATE INDEX by_number ON rows (centre, year, no);";

    fn uses(kind: &str) -> Use {
        SetUp::uses(kind, &project::CONSUMES)
    }

    fn keys(fact: &Recorded) -> Vec<String> {
        project::keys(fact)
    }

    fn project(fold: &mut Fold<Row>, fact: &Recorded) -> bool {
        project::project(fold, fact)
    }
}

/// What of the ledger is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query {
    /// Of one year of acceptance; else every year in order.
    pub year: Option<i32>,
    /// Only after this number (pages).
    pub after: Option<Number>,
    pub limit: Option<u32>,
    pub when: When,
}

impl Query {
    /// The whole ledger.
    pub fn all(when: When) -> Self {
        Self { year: None, after: None, limit: None, when }
    }

    /// One year of it.
    pub fn year(year: i32, when: When) -> Self {
        Self { year: Some(year), ..Self::all(when) }
    }
}

/// One line: the seventeen cells under [`HEADINGS`], and the centre's own beside them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    pub case: CaseId,
    pub number: Number,
    pub historical: bool,
    /// A due time that may still move stands in it.
    pub provisional: bool,
    pub cells: [String; 17],
    /// Under [`OWN_HEADINGS`], to the right, only where they are asked for.
    pub own: [String; 3],
}

const SELECT: &str = "SELECT state, key FROM rows
    WHERE centre = $1 AND no IS NOT NULL AND ($2 IS NULL OR year = $2) AND (year, no) > ($3, $4)
    ORDER BY year, no LIMIT $5 + 0";

/// The ledger's lines, in order of year and number.
///
/// # Errors
/// If the view's file, or for a past moment the log, cannot be read.
pub async fn lines(views: &Views, log: &dyn EventLog, centre: &Centre, query: &Query) -> Result<Vec<Line>, ViewError> {
    let (rows, set_up) = if query.when.is_past() {
        let fold = past::fold::<Ledger>(log, centre, query.when).await?;
        (asked_for(fold.rows(), query), Arc::new(fold.set_up.clone().into()))
    } else {
        let file = views.file(Ledger::NAME).await?;
        let after = query.after.unwrap_or(Number { year: i32::MIN, no: 0 });
        let select = sqlx::query(SELECT).bind(centre.as_str()).bind(query.year).bind(after.year).bind(whole(after.no));
        let rows = file.keyed_rows::<Row>(select.bind(query.limit.map_or(-1, i64::from))).await?;
        (rows, file.set_up(centre).await?)
    };
    let counting = set_up.counting();
    let line = |(key, row): &(String, Row)| row.line(key.parse().ok()?, centre, &counting, query.when.moment());
    Ok(rows.iter().filter_map(line).collect())
}

fn asked_for<'a>(rows: impl Iterator<Item = (&'a String, &'a Row)>, query: &Query) -> Vec<(String, Row)> {
    let number = |row: &Row| row.number.filter(|n| query.year.is_none_or(|y| n.year == y) && Some(*n) > query.after);
    let mut rows: Vec<_> = rows.filter_map(|(key, row)| Some((number(row)?, (key.clone(), row.clone())))).collect();
    rows.sort_by_key(|(number, _)| *number);
    let limit = query.limit.map_or(usize::MAX, |limit| limit as usize);
    rows.into_iter().map(|(_, row)| row).take(limit).collect()
}

/// The case of a number, as in `410404-2026-17`.
///
/// # Errors
/// If the view's file cannot be read.
pub async fn case_of(views: &Views, centre: &Centre, number: Number) -> Result<Option<CaseId>, ViewError> {
    let file = views.file(Ledger::NAME).await?;
    let select = sqlx::query("SELECT state, key FROM rows WHERE centre = $1 AND year = $2 AND no = $3");
    let rows = file.keyed_rows::<Row>(select.bind(centre.as_str()).bind(number.year).bind(whole(number.no))).await?;
    Ok(rows.into_iter().next().and_then(|(key, _)| key.parse().ok()))
}

/// The number of a case.
///
/// # Errors
/// If the view's file cannot be read.
pub async fn number_of(views: &Views, centre: &Centre, case: CaseId) -> Result<Option<Number>, ViewError> {
    let file = views.file(Ledger::NAME).await?;
    let select = sqlx::query("SELECT state, key FROM rows WHERE centre = $1 AND key = $2");
    let rows = file.keyed_rows::<Row>(select.bind(centre.as_str()).bind(number::key(case))).await?;
    Ok(rows.into_iter().next().and_then(|(_, row)| row.number))
}

/// How many lines each year has, in order: numbers are gapless, so the last one is the count.
///
/// # Errors
/// If the view's file cannot be read.
pub async fn counts(views: &Views, centre: &Centre) -> Result<Vec<(i32, u64)>, ViewError> {
    let file = views.file(Ledger::NAME).await?;
    let select = "SELECT json_array(year, max(no)) FROM rows WHERE centre = $1 AND year IS NOT NULL
        GROUP BY year ORDER BY year";
    file.rows(sqlx::query(select).bind(centre.as_str())).await
}

fn whole(no: u64) -> i64 {
    i64::try_from(no).unwrap_or(i64::MAX)
}
