//! How a view is folded: what it is told of an event, and what it may touch.

use std::collections::{BTreeMap, BTreeSet};

use cases::{CaseEvent, CentreEvent};
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
        } else if CentreEvent::TYPES.contains(&kind) {
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
    /// Whether rows hold plain text that belongs to a person.
    const PERSONAL: bool;

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
    rows: BTreeMap<String, R>,
    touched: BTreeSet<String>,
    /// The last running number under each name.
    pub(crate) numbers: BTreeMap<String, u64>,
    pub(crate) set_up: SetUp,
    /// Rows as they were, while an event is played that leaves none behind.
    undo: Option<BTreeMap<String, Option<R>>>,
}

impl<R: Clone + Default> Fold<R> {
    pub(crate) fn new(rows: BTreeMap<String, R>, numbers: BTreeMap<String, u64>, set_up: SetUp) -> Self {
        Self { rows, touched: BTreeSet::new(), numbers, set_up, undo: None }
    }

    /// The row, new if there was none.
    pub(crate) fn row(&mut self, key: &str) -> &mut R {
        if let Some(undo) = &mut self.undo {
            undo.entry(key.to_owned()).or_insert_with(|| self.rows.get(key).cloned());
        }
        if !self.touched.contains(key) {
            self.touched.insert(key.to_owned());
        }
        self.rows.entry(key.to_owned()).or_default()
    }

    /// The row as it stands, if there is one.
    pub(crate) fn get(&self, key: &str) -> Option<&R> {
        self.rows.get(key)
    }

    /// The next running number under a name: gapless from 1, in log order.
    pub(crate) fn next(&mut self, name: &str) -> u64 {
        let last = self.numbers.entry(name.to_owned()).or_insert(0);
        *last += 1;
        *last
    }

    pub(crate) fn rows(&self) -> &BTreeMap<String, R> {
        &self.rows
    }

    /// Puts a row in hand as it is in the file, unless it is in hand already.
    pub(crate) fn take(&mut self, key: String, row: R) {
        self.rows.entry(key).or_insert(row);
    }

    /// The rows that changed since they were taken in hand or last put down.
    pub(crate) fn touched(&self) -> impl Iterator<Item = (&String, &R)> {
        self.touched.iter().filter_map(|key| self.rows.get_key_value(key))
    }

    /// Lets go of a row, and says whether it had changed.
    pub(crate) fn put_down(&mut self, key: &str) -> Option<(R, bool)> {
        let changed = self.touched.remove(key);
        self.rows.remove(key).map(|row| (row, changed))
    }

    /// Plays something for its numbers alone: rows and set-up stay as they were.
    pub(crate) fn only_numbers(&mut self, play: impl FnOnce(&mut Self)) {
        let set_up = self.set_up.clone();
        self.undo = Some(BTreeMap::new());
        play(self);
        for (key, row) in self.undo.take().into_iter().flatten() {
            match row {
                Some(row) => self.rows.insert(key, row),
                None => self.rows.remove(&key),
            };
        }
        self.set_up = set_up;
    }
}
