//! Every view there is, a line each, and what none of them reads.

use std::{collections::BTreeMap, future::Future, pin::Pin};

use event_log::{Centre, EventLog};

use crate::{
    Recorded, Stop, ViewError, When,
    feeds::Feeds,
    fold::{Fold, Use, View},
    ledger::Ledger,
    overdue::Overdue,
    past,
    set_up::SetUp,
};

/// The views that are kept in files of their own. Timeline and work order are not among them: they are functions of one
/// case's stream, read from the log when they are asked for, so that they are never behind and keep no personal text.
pub static VIEWS: [Kept; 3] = [Kept::of::<Ledger>(), Kept::of::<Overdue>(), Kept::of::<Feeds>()];

/// Events that no view reads, and why not.
pub const UNPROJECTED: [(&str, &str); 1] =
    [("roster_recorded", "值班表 is asked when a work order is signed; no paper or list shows it")];

/// Views that are read from the log itself. `rebuild` knows their names and has nothing to do for them.
pub const UNKEPT: [&str; 2] = ["timeline", "work_order"];

/// A view that is kept, as data.
#[derive(Clone, Copy)]
pub struct Kept {
    pub name: &'static str,
    /// Of rows and projector: another number in a file means that it is built anew.
    pub version: u32,
    /// Its rows hold plain text of persons, so it must be built anew when a person's data was erased.
    pub personal: bool,
    /// What it makes of a type of event.
    pub uses: fn(&str) -> Use,
    pub(crate) ddl: &'static str,
    pub(crate) indexes: &'static str,
    pub(crate) keys: fn(&Recorded) -> Vec<String>,
    pub(crate) step: StepFn,
    at: RowsAtFn,
}

type StepFn = fn(fn(&str) -> Use, Stored, &[&Recorded]) -> Result<Stepped, serde_json::Error>;

/// Rows by their key, as a file keeps them.
pub type Rows = BTreeMap<String, String>;

type RowsAtFn = for<'a> fn(
    &'a dyn EventLog,
    &'a Centre,
    When,
) -> Pin<Box<dyn Future<Output = Result<Rows, ViewError>> + Send + 'a>>;

/// What a view has in its file for a batch.
pub(crate) struct Stored {
    pub(crate) rows: Vec<(String, String)>,
    pub(crate) numbers: String,
    /// Only where the batch holds events of the centre itself.
    pub(crate) set_up: Option<String>,
}

/// What it has after the batch.
pub(crate) struct Stepped {
    pub(crate) rows: Vec<(String, String)>,
    pub(crate) numbers: String,
    pub(crate) set_up: Option<String>,
    /// The event at which list and match of the view disagree.
    pub(crate) disagrees_at: Option<u64>,
}

impl Kept {
    pub(crate) const fn of<V: View + 'static>() -> Self {
        Self {
            name: V::NAME,
            version: V::VERSION,
            personal: V::PERSONAL,
            uses: V::uses,
            ddl: V::DDL,
            indexes: V::INDEXES,
            keys: V::keys,
            step: step::<V>,
            at: |log, centre, when| Box::pin(rows_at::<V>(log, centre, when)),
        }
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
    let rows = fold.rows().iter().map(|(key, row)| Ok((key.clone(), serde_json::to_string(row)?)));
    rows.collect::<Result<_, _>>().map_err(ViewError::Unwritable)
}

/// Folds a batch: rows in, events over them, changed rows out.
fn step<V: View>(uses: fn(&str) -> Use, stored: Stored, events: &[&Recorded]) -> Result<Stepped, serde_json::Error> {
    let rows = stored.rows.into_iter().map(|(key, state)| Ok((key, serde_json::from_str(&state)?)));
    let rows = rows.collect::<Result<BTreeMap<String, V::Row>, serde_json::Error>>()?;
    let set_up: Option<SetUp> = stored.set_up.as_deref().map(serde_json::from_str).transpose()?;
    let mut fold = Fold::new(rows, serde_json::from_str(&stored.numbers)?, set_up.clone().unwrap_or_default());
    let disagrees = events.iter().find(|fact| {
        let has_arm = V::project(&mut fold, fact);
        has_arm != (uses(fact.kind()) == Use::Fields)
    });
    Ok(Stepped {
        rows: fold
            .touched()
            .map(|(key, row)| Ok((key.clone(), serde_json::to_string(row)?)))
            .collect::<Result<_, serde_json::Error>>()?,
        numbers: serde_json::to_string(&fold.numbers)?,
        set_up: set_up
            .filter(|before| *before != fold.set_up)
            .map(|_| serde_json::to_string(&fold.set_up))
            .transpose()?,
        disagrees_at: disagrees.map(|fact| fact.position),
    })
}

impl Stop {
    pub(crate) const DISAGREES: &'static str = "the view's list and its match disagree about this type";
}
