//! 时限情况: what is overdue or due soon, and what ended late.
//!
//! > H9 ……对即将到期的事项进行催办；对逾期未反馈结果的事项进行督办。
//! > H 附件3 注3：“备注”栏标明“是否超期及超期时间”等。
//!
//! Whatever says "overdue" names the obligation and who owes it. A row is a case with its obligations as its events set,
//! moved and ended them; what is overdue follows from those and the moment of asking, and how much in working time from
//! the centre's calendar and hours.

use std::collections::BTreeMap;

use cases::{
    CaseEvent, CaseId, Instant,
    calendar::WorkingTime,
    ids::DepartmentId,
    obligation::{ObligationKind, Outcome, Owner},
    policy::PolicyRef,
};
use chrono::NaiveDate;
use event_log::{Centre, EventLog};
use serde::{Deserialize, Serialize};

use crate::{
    Number, Recorded, ViewError, Views, When,
    clocks::{Clocks, Owed},
    fold::{Fold, Use, View},
    number, past,
    recorded::What,
    set_up::{Counting, SetUp},
};

/// The report as a view.
pub(crate) struct Overdue;

/// One case and its obligations.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    number: Option<Number>,
    policy: Option<PolicyRef>,
    historical: bool,
    paused: bool,
    clocks: Clocks,
    /// The earliest due time of what is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next_due_ms: Option<i64>,
    /// The last end of what ended late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_late_ms: Option<i64>,
}

const CONSUMES: [&str; 5] = ["accepted", "paused", "resumed", "continued_ex_officio", "reopened"];

impl View for Overdue {
    type Row = Row;

    const NAME: &'static str = "overdue";
    const VERSION: u32 = 1;
    const PERSONAL: bool = false;
    const DDL: &'static str = "
        CREATE TABLE rows (
            centre TEXT NOT NULL,
            key TEXT NOT NULL,               -- the case
            state TEXT NOT NULL,
            next_due_ms INTEGER AS (state ->> '$.next_due_ms'),
            last_late_ms INTEGER AS (state ->> '$.last_late_ms'),
            PRIMARY KEY (centre, key)
        ) STRICT;";
    const INDEXES: &'static str = "
        CREATE INDEX by_due ON rows (centre, next_due_ms) WHERE next_due_ms IS NOT NULL;
        CREATE INDEX by_late ON rows (centre, last_late_ms) WHERE last_late_ms IS NOT NULL;";

    fn uses(kind: &str) -> Use {
        SetUp::uses(kind, &CONSUMES)
    }

    fn keys(fact: &Recorded) -> Vec<String> {
        fact.case().map(|(id, _)| number::key(id)).into_iter().collect()
    }

    fn project(fold: &mut Fold<Row>, fact: &Recorded) -> bool {
        let (id, entry) = match &fact.what {
            What::Centre(entry) => return fold.set_up.apply(&entry.event),
            What::Case(id, entry) => (*id, entry),
        };
        let number = matches!(entry.event, CaseEvent::Accepted(_)).then(|| Number::draw(fold, entry.note.occurred_at));
        if number.is_none() && entry.clocks.is_empty() && !CONSUMES.contains(&fact.kind()) {
            return false;
        }
        let row = fold.row(&number::key(id));
        let had_arm = match &entry.event {
            CaseEvent::Accepted(event) => {
                (row.number, row.historical) = (number, event.historical);
                row.policy.clone_from(&entry.note.policy);
                true
            }
            CaseEvent::Paused(_) => {
                row.paused = true;
                true
            }
            CaseEvent::Resumed(_) | CaseEvent::ContinuedExOfficio(_) | CaseEvent::Reopened(_) => {
                row.paused = false;
                true
            }
            _ => false,
        };
        row.clocks.apply(&entry.clocks);
        row.next_due_ms = row.clocks.open().map(|owed| owed.due.ms()).min();
        row.last_late_ms = row.clocks.all().iter().filter_map(Owed::ended_late).map(|end| end.at.ms()).max();
        had_arm
    }
}

/// How an obligation stands or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// 已超期
    Overdue,
    /// 即将到期: 催办 has gone out, or would have.
    DueSoon,
    /// 超期完成
    MetLate,
    /// 超期未完成
    Breached,
}

impl Standing {
    /// The term.
    pub fn term(self) -> &'static str {
        match self {
            Self::Overdue => "已超期",
            Self::DueSoon => "即将到期",
            Self::MetLate => Outcome::MetLate.term(),
            Self::Breached => Outcome::Breached.term(),
        }
    }
}

/// One obligation of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    pub standing: Standing,
    pub case: CaseId,
    pub number: Number,
    pub kind: ObligationKind,
    pub owner: Owner,
    /// Who owes it, by name.
    pub owner_name: String,
    /// The department, if one owes it.
    pub department: Option<DepartmentId>,
    /// Its number within the case.
    pub obligation: u32,
    pub round: u32,
    pub from: Instant,
    pub due: Instant,
    /// When it ended, if it did.
    pub ended_at: Option<Instant>,
    /// Working time past the due time, or left until it; `None` beyond the years that are counted.
    pub working_time: Option<WorkingTime>,
    /// 暂定
    pub provisional: bool,
    /// 历史件: listed, and never reminded or supervised.
    pub historical: bool,
}

/// How many of them, by who owes what; provisional ones counted apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Count {
    pub owner_name: String,
    pub kind: ObligationKind,
    pub standing: Standing,
    pub count: usize,
    pub provisional: usize,
    /// Of `count`, 历史件.
    pub historical: usize,
}

/// Counts items by owner, kind and standing.
pub fn counts(items: &[Item]) -> Vec<Count> {
    let mut groups: BTreeMap<(&str, ObligationKind, Standing), Count> = BTreeMap::new();
    for item in items {
        let key = (item.owner_name.as_str(), item.kind, item.standing);
        let group = groups.entry(key).or_insert_with(|| Count {
            owner_name: item.owner_name.clone(),
            kind: item.kind,
            standing: item.standing,
            count: 0,
            provisional: 0,
            historical: 0,
        });
        if item.provisional {
            group.provisional += 1;
        } else {
            group.count += 1;
            group.historical += usize::from(item.historical);
        }
    }
    groups.into_values().collect()
}

/// Open obligations that are overdue or due soon: overdue first, by who owes them and kind, the earliest due first.
///
/// # Errors
/// If the view's file, or for a past moment the log, cannot be read.
pub async fn open(views: &Views, log: &dyn EventLog, centre: &Centre, when: When) -> Result<Vec<Item>, ViewError> {
    let now = when.moment();
    let asked = |set_up: &SetUp| {
        let horizon = set_up.counting().horizon(now).ms();
        let select = "SELECT state, key FROM rows WHERE centre = $1 AND next_due_ms <= $2";
        sqlx::query(select).bind(centre.as_str().to_owned()).bind(horizon)
    };
    items(views, log, centre, when, asked, |row, owed, counting| {
        let (standing, from, to) = if owed.is_overdue(now, row.paused) {
            (Standing::Overdue, owed.due, now)
        } else if row.is_due_soon(owed, counting, now) {
            (Standing::DueSoon, now, owed.due)
        } else {
            return None;
        };
        Some((standing, counting.between(from, to), None))
    })
    .await
}

/// Obligations that ended late, met or not, from the first day to the last.
///
/// # Errors
/// As [`open`].
pub async fn ended(
    views: &Views,
    log: &dyn EventLog,
    centre: &Centre,
    days: (NaiveDate, NaiveDate),
    when: When,
) -> Result<Vec<Item>, ViewError> {
    // A date alone reads as its first moment.
    let first_ms = days.0.to_string().parse().map_or(i64::MIN, Instant::ms);
    let asked = |_: &SetUp| {
        let select = "SELECT state, key FROM rows WHERE centre = $1 AND last_late_ms >= $2";
        sqlx::query(select).bind(centre.as_str().to_owned()).bind(first_ms)
    };
    items(views, log, centre, when, asked, |_, owed, counting| {
        let end = owed.ended_late().filter(|end| (days.0..=days.1).contains(&end.at.date()))?;
        let standing = if end.outcome == Outcome::MetLate { Standing::MetLate } else { Standing::Breached };
        Some((standing, counting.between(owed.due, end.at), Some(end.at)))
    })
    .await
}

type Judged = (Standing, Option<WorkingTime>, Option<Instant>);
type Select = sqlx::query::Query<'static, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

async fn items(
    views: &Views,
    log: &dyn EventLog,
    centre: &Centre,
    when: When,
    select: impl FnOnce(&SetUp) -> Select,
    judge: impl Fn(&Row, &Owed, &Counting<'_>) -> Option<Judged>,
) -> Result<Vec<Item>, ViewError> {
    let (rows, set_up) = if when.is_past() {
        let fold = past::fold::<Overdue>(log, centre, when).await?;
        (fold.rows().map(|(key, row)| (key.clone(), row.clone())).collect(), fold.set_up.clone())
    } else {
        let file = views.file(Overdue::NAME).await?;
        let set_up = file.set_up(centre).await?;
        (file.keyed_rows::<Row>(select(&set_up)).await?, set_up)
    };
    let counting = set_up.counting();
    let mut items: Vec<Item> = Vec::new();
    for (key, row) in &rows {
        let (Ok(case), Some(number)) = (key.parse(), row.number) else { continue };
        items.extend(row.clocks.all().iter().filter_map(|owed| {
            let (standing, working_time, ended_at) = judge(row, owed, &counting)?;
            Some(Item {
                standing,
                case,
                number,
                kind: owed.kind,
                owner: owed.owner.clone(),
                owner_name: set_up.owner(&owed.owner),
                department: match &owed.owner {
                    Owner::Department(id) => Some(id.clone()),
                    _ => None,
                },
                obligation: owed.no,
                round: owed.round,
                from: owed.from,
                due: owed.due,
                ended_at,
                working_time,
                provisional: owed.provisional,
                historical: row.historical,
            })
        }));
    }
    items.sort_by(|a, b| {
        let key = |item: &Item| (item.standing, item.owner.clone(), item.kind, item.due, item.number, item.obligation);
        key(a).cmp(&key(b))
    });
    Ok(items)
}

impl Row {
    /// Not while the case is paused: then nothing of the departments' comes due.
    fn is_due_soon(&self, owed: &Owed, counting: &Counting<'_>, now: Instant) -> bool {
        let runs = owed.end.is_none() && !(self.paused && owed.kind.is_paused());
        runs && counting.soon_from(owed.due, self.policy.as_ref()).is_some_and(|soon| soon <= now)
    }
}
