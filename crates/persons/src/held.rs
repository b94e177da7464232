//! Keys in memory: opened ones, and drawn ones that are not on the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use event_log::Cause;
use tokio::sync::watch;
use transparency::seal::PersonKey;
use uuid::Uuid;

use crate::KeyError;
use crate::store::Of;

/// How many opened keys a generation holds.
const HELD: usize = 65_536;
/// How many drawn ones that nobody wrote under.
const UNUSED: usize = 16_384;

/// What is to be told of a person.
#[derive(Clone)]
pub enum Found {
    /// This is the key.
    Key(PersonKey),
    /// This is the key, and what it opens is kept and not to be shown (限制处理).
    Restricted(PersonKey),
    /// It was destroyed.
    Erased,
}

impl Found {
    /// The key, where there is one.
    pub fn key(&self) -> Option<&PersonKey> {
        match self {
            Self::Key(key) | Self::Restricted(key) => Some(key),
            Self::Erased => None,
        }
    }
}

#[derive(Default)]
pub(crate) struct State {
    /// Two generations: the older one is dropped when the younger is full.
    known: [BTreeMap<Uuid, Found>; 2],
    /// Keys that are not on the disk.
    pub(crate) drawn: BTreeMap<Uuid, Drawn>,
    /// Who is asked for next.
    pub(crate) asked: Asked,
    /// The group that is written next.
    pub(crate) next: Round,
    pub(crate) closed: bool,
}

pub(crate) struct Drawn {
    pub(crate) key: PersonKey,
    pub(crate) of: Of,
    /// Where somebody rests on it: the group in which it is written.
    pub(crate) round: Option<watch::Receiver<Outcome>>,
}

/// What the store holds of one person, or why that does not open.
pub(crate) type Opened = Result<Found, KeyError>;

/// What the store said of a group that was asked for together.
pub(crate) type Answer = Option<Result<Arc<BTreeMap<Uuid, Opened>>, KeyError>>;

pub(crate) struct Asked {
    pub(crate) persons: BTreeSet<Uuid>,
    pub(crate) told: watch::Sender<Answer>,
}

impl Default for Asked {
    fn default() -> Self {
        Self { persons: BTreeSet::new(), told: watch::Sender::new(None) }
    }
}

/// What became of a group: nothing yet, or this.
pub(crate) type Outcome = Option<Result<(), Cause>>;

pub(crate) struct Round {
    pub(crate) persons: Vec<Uuid>,
    pub(crate) handles: Vec<(Uuid, [u8; 32])>,
    pub(crate) told: watch::Sender<Outcome>,
}

impl Default for Round {
    fn default() -> Self {
        Self { persons: Vec::new(), handles: Vec::new(), told: watch::Sender::new(None) }
    }
}

impl State {
    pub(crate) fn get(&mut self, person: Uuid) -> Option<Found> {
        if let Some(found) = self.known[0].get(&person) {
            return Some(found.clone());
        }
        let Some(found) = self.known[1].remove(&person) else {
            return self.drawn.get(&person).map(|drawn| Found::Key(drawn.key.clone()));
        };
        self.put(person, found.clone());
        Some(found)
    }

    /// Whether this is the person's key as far as is known here, on the disk or on its way there.
    pub(crate) fn holds(&self, person: Uuid, key: &PersonKey) -> bool {
        let known = self.known.iter().filter_map(|known| known.get(&person));
        let known = known.map(|found| found.key().is_some_and(|known| known.bytes() == key.bytes()));
        let drawn = self.drawn.get(&person).map(|drawn| drawn.key.bytes() == key.bytes());
        known.chain(drawn).next().unwrap_or(false)
    }

    pub(crate) fn put(&mut self, person: Uuid, found: Found) {
        if self.known[0].len() >= HELD {
            self.known[1] = std::mem::take(&mut self.known[0]);
        }
        let older = self.known[1].remove(&person);
        let entry = self.known[0].entry(person).or_insert_with(|| older.unwrap_or_else(|| found.clone()));
        // What somebody read a moment before it was destroyed does not come back.
        if !matches!(entry, Found::Erased) {
            *entry = found;
        }
    }

    /// Commands that are refused leave keys that nobody ever wrote under.
    pub(crate) fn forget_unused(&mut self) {
        if self.drawn.len() >= UNUSED {
            self.drawn.retain(|_, drawn| drawn.round.is_some());
        }
    }
}
