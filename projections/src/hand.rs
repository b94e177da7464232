//! A view's rows in hand: taken from its file, folded over, put down again. For one batch while the view follows the log;
//! for as long as there is room while it is built anew.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    Recorded,
    fold::{Fold, Use, View},
    set_up::SetUp,
};

/// What a view has in its file.
pub(crate) struct Stored {
    pub(crate) rows: Vec<(String, String)>,
    pub(crate) numbers: String,
    /// Only where it is wanted: few batches hold events of the centre itself.
    pub(crate) set_up: Option<String>,
}

impl Stored {
    /// What is in a file that holds nothing yet.
    pub(crate) fn nothing() -> Self {
        Self { rows: Vec::new(), numbers: "{}".to_owned(), set_up: Some("{}".to_owned()) }
    }
}

/// What is to be written.
pub(crate) struct Changed {
    pub(crate) rows: Vec<(String, String)>,
    pub(crate) numbers: String,
    pub(crate) set_up: Option<String>,
}

/// The rows of one centre and one view, whatever type they have.
pub(crate) trait Hand: Send {
    /// Those of these rows that have to be fetched before anything is folded over them.
    fn missing(&self, keys: &[String]) -> Vec<String>;

    /// Takes everything that the file has for a batch.
    fn take(&mut self, stored: Stored) -> Result<(), serde_json::Error>;

    /// Takes rows that were put down before.
    fn put_back(&mut self, rows: Vec<(String, String)>) -> Result<(), serde_json::Error>;

    /// Folds events over the rows; the position of an event at which list and match of the view disagree.
    fn fold(&mut self, events: &[(&Recorded, Use)]) -> Option<u64>;

    /// Remembers that these rows were touched just now, and lets go of those that were not for longest if there are more
    /// than so many: half of them, so that it is not done again at once.
    fn make_room(&mut self, touched: Vec<String>, most: usize) -> Result<Option<Changed>, serde_json::Error>;

    /// All that changed and was not put down yet.
    fn changed(&mut self) -> Result<Changed, serde_json::Error>;
}

pub(crate) struct Held<V: View> {
    fold: Fold<V::Row>,
    /// The set-up as the file has it, where it was taken.
    set_up: Option<SetUp>,
    /// When each row was touched last, in batches. Empty where a hand serves one batch only.
    used: BTreeMap<String, u32>,
    batch: u32,
    /// Rows were put down: a row that is not in hand may be in the file.
    some_put_down: bool,
}

impl<V: View> Default for Held<V> {
    fn default() -> Self {
        let fold = Fold::new(BTreeMap::new(), BTreeMap::new(), SetUp::default());
        Self { fold, set_up: None, used: BTreeMap::new(), batch: 0, some_put_down: false }
    }
}

impl<V: View> Held<V> {
    fn write(&mut self, rows: Vec<(String, String)>) -> Result<Changed, serde_json::Error> {
        let set_up = match &mut self.set_up {
            Some(written) if *written != self.fold.set_up => {
                written.clone_from(&self.fold.set_up);
                Some(text(written)?)
            }
            _ => None,
        };
        Ok(Changed { rows, numbers: text(&self.fold.numbers)?, set_up })
    }
}

impl<V: View> Hand for Held<V> {
    fn missing(&self, keys: &[String]) -> Vec<String> {
        if !self.some_put_down {
            return Vec::new();
        }
        keys.iter().filter(|key| self.fold.get(key).is_none()).cloned().collect()
    }

    fn take(&mut self, stored: Stored) -> Result<(), serde_json::Error> {
        self.put_back(stored.rows)?;
        self.fold.numbers = serde_json::from_str(&stored.numbers)?;
        if let Some(set_up) = stored.set_up {
            self.fold.set_up = serde_json::from_str(&set_up)?;
            self.set_up = Some(self.fold.set_up.clone());
        }
        Ok(())
    }

    fn put_back(&mut self, rows: Vec<(String, String)>) -> Result<(), serde_json::Error> {
        for (key, state) in rows {
            self.fold.take(key, serde_json::from_str(&state)?);
        }
        Ok(())
    }

    fn fold(&mut self, events: &[(&Recorded, Use)]) -> Option<u64> {
        let disagrees = events.iter().find(|(fact, listed)| {
            let has_arm = V::project(&mut self.fold, fact);
            has_arm != (*listed == Use::Fields)
        });
        disagrees.map(|(fact, _)| fact.position)
    }

    fn make_room(&mut self, touched: Vec<String>, most: usize) -> Result<Option<Changed>, serde_json::Error> {
        self.batch += 1;
        self.used.extend(touched.into_iter().map(|key| (key, self.batch)));
        // Rows that an event made and did not name beforehand.
        for (key, _) in self.fold.touched() {
            if !self.used.contains_key(key) {
                self.used.insert(key.clone(), self.batch);
            }
        }
        debug_assert!(self.fold.rows().keys().all(|key| self.used.contains_key(key)), "a row that is never put down");
        if self.used.len() <= most {
            return Ok(None);
        }
        let mut by_age: Vec<(u32, String)> =
            std::mem::take(&mut self.used).into_iter().map(|(k, at)| (at, k)).collect();
        by_age.sort_unstable();
        let newest = by_age.split_off(by_age.len() - most / 2);
        self.used = newest.into_iter().map(|(at, key)| (key, at)).collect();
        self.some_put_down = true;
        let mut rows = Vec::new();
        for (_, key) in by_age {
            if let Some((row, true)) = self.fold.put_down(&key) {
                rows.push((key, text(&row)?));
            }
        }
        self.write(rows).map(Some)
    }

    fn changed(&mut self) -> Result<Changed, serde_json::Error> {
        let rows = self.fold.touched().map(|(key, row)| Ok((key.clone(), text(row)?)));
        let rows = rows.collect::<Result<_, serde_json::Error>>()?;
        self.write(rows)
    }
}

fn text(value: &impl Serialize) -> Result<String, serde_json::Error> {
    serde_json::to_string(value)
}
