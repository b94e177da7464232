//! How a view is folded: what it is told of an event, and what it may touch.

use std::collections::BTreeMap;

use cases::{CaseEvent, CentreEvent};
use event_log::HeadsCommitted;
use serde::{Serialize, de::DeserializeOwned};

use crate::{Recorded, set_up::SetUp};

/// What a view makes of a type of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// It reads the event's own fields.
    Fields,
    /// It reads only what the event did to the case's clocks.
    Clocks,
    /// Nothing: the event is not even decoded for it.
    Nothing,
    /// Neither this view nor the domain knows the type: the view stops here rather than go on without it.
    Unknown,
}

impl Use {
    /// `Fields` where the type is in the view's list; else what the view does with other types of the domain.
    pub(crate) fn of(kind: &str, fields: &[&str], other_case_events: Self) -> Self {
        if fields.contains(&kind) {
            Self::Fields
        } else if CaseEvent::TYPES.contains(&kind) {
            other_case_events
        } else if CentreEvent::TYPES.contains(&kind) || kind == HeadsCommitted::KIND {
            Self::Nothing
        } else {
            Self::Unknown
        }
    }
}

/// A view that keeps rows. All of it is pure; files and batches are [`crate::Views`]' business.
pub(crate) trait View {
    /// A row is its own accumulator: row and event give the next row, and nothing else is asked.
    type Row: Clone + Default + PartialEq + Send + Serialize + DeserializeOwned;

    const NAME: &'static str;
    /// A new number makes every file of the view be built anew.
    const VERSION: u32;
    /// The table `rows (centre, key, state, …)` with whatever its queries search by.
    const DDL: &'static str;
    /// The indexes on it.
    const INDEXES: &'static str;
    /// The texts of persons that it reads, and so what its rows hold in plain: types of events, and JSON pointers to fields.
    const TEXTS: &'static [(&'static str, &'static str)];

    fn uses(kind: &str) -> Use;

    /// The rows that the event may touch.
    fn keys(fact: &Recorded) -> Vec<String>;

    /// Changes rows; whether the event had an arm of its own. The driver compares that with [`View::uses`], so that the
    /// list and the match cannot drift apart unseen.
    fn project(fold: &mut Fold<Self::Row>, fact: &Recorded) -> bool;
}

/// The rows of one centre that are in hand.
#[derive(Debug, Clone)]
pub(crate) struct Fold<R> {
    rows: BTreeMap<String, InHand<R>>,
    /// Grows with every batch: by it a row knows when it was wanted last.
    batch: u32,
    /// The last running number under each name.
    pub(crate) numbers: BTreeMap<String, u64>,
    pub(crate) set_up: SetUp,
    /// Rows as they were, while an event is played that leaves none behind.
    undo: Option<BTreeMap<String, Option<R>>>,
}

/// A row, and what has to be known to let go of it: one look-up finds both.
#[derive(Debug, Clone, Default)]
struct InHand<R> {
    row: R,
    /// Since it was taken in hand.
    changed: bool,
    /// In which batch it was taken or changed last.
    used: u32,
}

impl<R> Default for Fold<R> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), batch: 0, numbers: BTreeMap::new(), set_up: SetUp::default(), undo: None }
    }
}

impl<R: Clone + Default> Fold<R> {
    /// The row, new if there was none.
    pub(crate) fn row(&mut self, key: &str) -> &mut R {
        if let Some(undo) = &mut self.undo {
            undo.entry(key.to_owned()).or_insert_with(|| self.rows.get(key).map(|held| held.row.clone()));
        }
        let held = self.rows.entry(key.to_owned()).or_default();
        (held.changed, held.used) = (true, self.batch);
        &mut held.row
    }

    /// The row as it stands, if there is one.
    pub(crate) fn get(&self, key: &str) -> Option<&R> {
        self.rows.get(key).map(|held| &held.row)
    }

    /// The next running number under a name: gapless from 1, in log order.
    pub(crate) fn next(&mut self, name: &str) -> u64 {
        let last = self.numbers.entry(name.to_owned()).or_insert(0);
        *last += 1;
        *last
    }

    /// All of them, in the order of their keys.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&String, &R)> {
        self.rows.iter().map(|(key, held)| (key, &held.row))
    }

    /// Puts a row in hand as it is in the file, unless it is in hand already.
    pub(crate) fn take(&mut self, key: String, row: R) {
        self.rows.entry(key).or_insert(InHand { row, changed: false, used: self.batch });
    }

    /// The rows that changed since they were taken in hand.
    pub(crate) fn changed(&self) -> impl Iterator<Item = (&String, &R)> {
        self.rows.iter().filter(|(_, held)| held.changed).map(|(key, held)| (key, &held.row))
    }

    /// Ends a batch. If more rows than so many are in hand, lets go of those that were not used for longest: an eighth, so that
    /// it is not done again at once, and what it takes to write them down stays small beside what is kept. Those of them that
    /// had changed, in the order of their keys.
    pub(crate) fn end_batch(&mut self, most: usize) -> Option<Vec<(String, R)>> {
        self.batch += 1;
        if self.rows.len() <= most {
            return None;
        }
        let mut by_age: Vec<(u32, &String)> = self.rows.iter().map(|(key, held)| (held.used, key)).collect();
        let put_down = by_age.len() - (most - most / 8);
        by_age.select_nth_unstable(put_down - 1);
        let mut keys: Vec<String> = by_age[..put_down].iter().map(|(_, key)| (*key).clone()).collect();
        // In their order a file's pages are filled one after the other.
        keys.sort_unstable();
        let put_down = keys.into_iter().filter_map(|key| {
            let held = self.rows.remove(&key)?;
            held.changed.then_some((key, held.row))
        });
        Some(put_down.collect())
    }

    /// Plays something for its numbers alone: rows and set-up stay as they were.
    pub(crate) fn only_numbers(&mut self, play: impl FnOnce(&mut Self)) {
        let set_up = self.set_up.clone();
        self.undo = Some(BTreeMap::new());
        play(self);
        for (key, row) in self.undo.take().into_iter().flatten() {
            match row {
                Some(row) => self.row(&key).clone_from(&row),
                None => drop(self.rows.remove(&key)),
            }
        }
        self.set_up = set_up;
    }
}
