//! 时限情况: what is overdue or due soon, and what ended late.
//!
//! > H9 ……对即将到期的事项进行催办；对逾期未反馈结果的事项进行督办。
//! > H 附件3 注3：“备注”栏标明“是否超期及超期时间”等。
//!
//! Whatever says "overdue" names the obligation and who owes it. A row is a case with its obligations as its events set,
//! moved and ended them; what is overdue follows from those and the moment of asking, and how much in working time from
//! the centre's calendar and hours.
//!
//! Whoever opens the report wants one page of it and the counts of all. So that these cost little however many cases are open,
//! the indexes hold what is judged, as a line a case ([`brief`]), and the pages are cut from those lines ([`report`]).

mod brief;
mod place;
mod report;

use cases::{CaseEvent, policy::PolicyRef};
use serde::{Deserialize, Serialize, Serializer};

pub use place::{BadPlace, Order, Place};
pub use report::{Asked, Count, Item, Query, Report, Standing, report};

use crate::{
    Number, Recorded,
    clocks::{Clocks, Owed},
    fold::{Fold, Use, View},
    number,
    recorded::What,
    set_up::SetUp,
};

/// The report as a view.
pub(crate) struct Overdue;

/// One case and its obligations.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(try_from = "Stored")]
pub(crate) struct Row {
    number: Option<Number>,
    policy: Option<PolicyRef>,
    historical: bool,
    paused: bool,
    clocks: Clocks,
}

/// A row as the file has it: obligations by what is asked of them.
#[derive(Serialize, Deserialize)]
struct Stored {
    head: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    open: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    late: Option<String>,
    /// What ended in time or is no longer counted: what is approved later may judge it anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rest: Option<String>,
    /// The earliest due time of what is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next_due_ms: Option<i64>,
    /// The last end of what ended late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_late_ms: Option<i64>,
}

const CONSUMES: [&str; 5] = ["accepted", "paused", "resumed", "continued_ex_officio", "reopened"];

/// What an index holds of a case, and a query asks for in the same words: an index on expressions is covering where one on generated
/// columns is not, and the rows themselves are then not looked at.
macro_rules! line {
    ($obligations:literal) => {
        concat!("key || ' ' || (state ->> '$.head') || ';' || (state ->> '$.", $obligations, "')")
    };
}

/// All lines of an index as one, for a row that SQLite hands out costs more than a line; in the place of a row's key, where nothing is
/// parsed.
macro_rules! lines {
    ($obligations:literal, $index:literal, $moment:literal, $compare:literal) => {
        concat!(
            "SELECT 'null', ifnull(group_concat(",
            line!($obligations),
            ", '|'), '') FROM rows INDEXED BY ",
            $index,
            " WHERE centre = $1 AND state ->> '$.",
            $moment,
            "' ",
            $compare,
            " $2"
        )
    };
}

const OPEN_BY: &str = lines!("open", "by_due", "next_due_ms", "<=");
const LATE_SINCE: &str = lines!("late", "by_late", "last_late_ms", ">=");

/// For tests: each query and the index that has to answer it alone.
#[doc(hidden)]
pub const SELECTS: [(&str, &str); 2] = [(OPEN_BY, "by_due"), (LATE_SINCE, "by_late")];

impl View for Overdue {
    type Row = Row;

    const NAME: &'static str = "overdue";
    const VERSION: u32 = 2;
    const TEXTS: &'static [(&'static str, &'static str)] = &[];
    const DDL: &'static str = "
        CREATE TABLE rows (
            centre TEXT NOT NULL,
            key TEXT NOT NULL,               -- the case
            state TEXT NOT NULL,
            PRIMARY KEY (centre, key)
        ) STRICT;";
    const INDEXES: &'static str = concat!(
        "CREATE INDEX by_due ON rows (centre, state ->> '$.next_due_ms', ",
        line!("open"),
        ") WHERE state ->> '$.next_due_ms' IS NOT NULL;
        CREATE INDEX by_late ON rows (centre, state ->> '$.last_late_ms', ",
        line!("late"),
        ") WHERE state ->> '$.last_late_ms' IS NOT NULL;"
    );

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
        had_arm
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let is_late = |owed: &&Owed| owed.ended_late().is_some();
        let (ended, late) = (|owed: &&Owed| owed.end.is_some(), || self.clocks.all().iter().filter(is_late));
        let stored = Stored {
            head: brief::head(self),
            open: brief::obligations(self.clocks.open()),
            late: brief::obligations(late()),
            rest: brief::obligations(self.clocks.all().iter().filter(ended).filter(|owed| !is_late(owed))),
            next_due_ms: self.clocks.open().map(|owed| owed.due.ms()).min(),
            last_late_ms: late().filter_map(Owed::ended_late).map(|end| end.at.ms()).max(),
        };
        stored.serialize(serializer)
    }
}

impl TryFrom<Stored> for Row {
    type Error = brief::Unread;

    fn try_from(stored: Stored) -> Result<Self, brief::Unread> {
        let read = || {
            let head = brief::Head::read(&stored.head)?;
            let policy = match head.policy {
                Some(policy) => Some(brief::policy(policy)?),
                None => None,
            };
            let mut all = Vec::new();
            for text in [&stored.open, &stored.late, &stored.rest].into_iter().flatten() {
                all.extend(brief::read_all(text)?);
            }
            all.sort_unstable_by_key(|owed| owed.no);
            let (number, historical, paused) = (head.number, head.historical, head.paused);
            Some(Self { number, policy, historical, paused, clocks: Clocks::of(all) })
        };
        read().ok_or(brief::Unread)
    }
}
