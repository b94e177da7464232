//! Every view there is, a line each, and what none of them reads.

use std::{collections::BTreeMap, future::Future, pin::Pin};

use event_log::{Centre, EventLog};

use crate::{
    Recorded, Stop, ViewError, When,
    feeds::Feeds,
    fold::{Use, View},
    hand::{Hand, Held},
    ledger::Ledger,
    overdue::Overdue,
    past,
};

/// The views that are kept in files of their own. Timeline and work order are not among them: they are functions of one
/// case's stream, read from the log when they are asked for, so that they are never behind and keep no personal text.
pub static VIEWS: [Kept; 3] = [Kept::of::<Ledger>(), Kept::of::<Overdue>(), Kept::of::<Feeds>()];

/// Events that no view reads, and why not.
pub const UNPROJECTED: [(&str, &str); 2] = [
    ("roster_recorded", "值班表 is asked when a work order is signed; no paper or list shows it"),
    ("log_keys_changed", "换钥 is for whoever checks the log: `yousu keys` and each checkpoint say it"),
];

/// Views that are read from the log itself. `rebuild` knows their names and has nothing to do for them.
pub const UNKEPT: [&str; 2] = ["timeline", "work_order"];

/// A view that is kept, as data.
#[derive(Clone, Copy)]
pub struct Kept {
    pub name: &'static str,
    /// Of rows and projector: another number in a file means that it is built anew.
    pub version: u32,
    /// The texts of persons that it reads: types of events, and JSON pointers to fields. No others are opened for it.
    pub texts: &'static [(&'static str, &'static str)],
    /// What it makes of a type of event.
    pub uses: fn(&str) -> Use,
    pub(crate) ddl: &'static str,
    pub(crate) indexes: &'static str,
    pub(crate) keys: fn(&Recorded) -> Vec<String>,
    pub(crate) hand: fn() -> Box<dyn Hand>,
    at: RowsAtFn,
}

/// Rows by their key, as a file keeps them.
pub type Rows = BTreeMap<String, String>;

type RowsAtFn = for<'a> fn(
    &'a dyn EventLog,
    &'a Centre,
    When,
) -> Pin<Box<dyn Future<Output = Result<Rows, ViewError>> + Send + 'a>>;

impl Kept {
    pub(crate) const fn of<V: View + 'static>() -> Self {
        Self {
            name: V::NAME,
            version: V::VERSION,
            texts: V::TEXTS,
            uses: V::uses,
            ddl: V::DDL,
            indexes: V::INDEXES,
            keys: V::keys,
            hand: || Box::new(Held::<V>::default()),
            at: |log, centre, when| Box::pin(rows_at::<V>(log, centre, when)),
        }
    }

    /// Whether its rows hold plain text of persons, so that it must be built anew when a person's data was erased.
    pub fn is_personal(&self) -> bool {
        !self.texts.is_empty()
    }

    /// One centre's rows folded from the log alone, as they were at a past moment or are now: what its file would hold.
    ///
    /// # Errors
    /// If the log cannot be read, or an event of it.
    pub async fn rows_at(&self, log: &dyn EventLog, centre: &Centre, when: When) -> Result<Rows, ViewError> {
        (self.at)(log, centre, when).await
    }
}

/// The view of this name.
pub fn view(name: &str) -> Option<&'static Kept> {
    VIEWS.iter().find(|view| view.name == name)
}

async fn rows_at<V: View>(log: &dyn EventLog, centre: &Centre, when: When) -> Result<Rows, ViewError> {
    let fold = past::fold::<V>(log, centre, when).await?;
    let rows = fold.rows().map(|(key, row)| Ok((key.clone(), serde_json::to_string(row)?)));
    rows.collect::<Result<_, _>>().map_err(ViewError::Unwritable)
}

impl Stop {
    pub(crate) const DISAGREES: &'static str = "the view's list and its match disagree about this type";
}
