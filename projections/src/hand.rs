//! A view's rows in hand: taken from its file, folded over, put down again. For one batch while the view follows the log;
//! for as long as there is room while it is built anew.

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
    fn missing(&self, keys: Vec<String>) -> Vec<String>;

    /// Takes everything that the file has for a batch.
    fn take(&mut self, stored: Stored) -> Result<(), serde_json::Error>;

    /// Takes rows that were put down before.
    fn put_back(&mut self, rows: Vec<(String, String)>) -> Result<(), serde_json::Error>;

    /// Folds events over the rows; the position of an event at which list and match of the view disagree.
    fn fold(&mut self, events: &[(&Recorded, Use)]) -> Option<u64>;

    /// Ends a batch, and lets go of rows if there are more than so many.
    fn make_room(&mut self, most: usize) -> Result<Option<Changed>, serde_json::Error>;

    /// All that changed and was not put down yet.
    fn changed(&mut self) -> Result<Changed, serde_json::Error>;
}

pub(crate) struct Held<V: View> {
    fold: Fold<V::Row>,
    /// The set-up as the file has it, where it was taken.
    set_up: Option<SetUp>,
    /// Rows were put down: a row that is not in hand may be in the file.
    some_put_down: bool,
}

impl<V: View> Default for Held<V> {
    fn default() -> Self {
        Self { fold: Fold::default(), set_up: None, some_put_down: false }
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
    fn missing(&self, mut keys: Vec<String>) -> Vec<String> {
        if !self.some_put_down {
            return Vec::new();
        }
        keys.retain(|key| self.fold.get(key).is_none());
        keys.sort_unstable();
        keys.dedup();
        keys
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

    fn make_room(&mut self, most: usize) -> Result<Option<Changed>, serde_json::Error> {
        let Some(put_down) = self.fold.end_batch(most) else { return Ok(None) };
        self.some_put_down = true;
        let rows = put_down.into_iter().map(|(key, row)| Ok((key, text(&row)?)));
        let rows = rows.collect::<Result<_, serde_json::Error>>()?;
        self.write(rows).map(Some)
    }

    fn changed(&mut self) -> Result<Changed, serde_json::Error> {
        let rows = self.fold.changed().map(|(key, row)| Ok((key.clone(), text(row)?)));
        let rows = rows.collect::<Result<_, serde_json::Error>>()?;
        self.write(rows)
    }
}

fn text(value: &impl Serialize) -> Result<String, serde_json::Error> {
    serde_json::to_string(value)
}
