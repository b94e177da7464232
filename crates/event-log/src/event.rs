//! What a log gives back: events, heads, and the name of the centre they belong to.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use transparency::Hash;
use uuid::Uuid;

/// The name of a centre: whose log it is. Nothing orders, and no append spans, two of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Centre(Arc<str>);

/// Why a piece of text cannot name a centre.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` cannot name a centre: 1 to 64 ASCII letters, digits, hyphens or underscores are wanted")]
pub struct CentreError(String);

impl Centre {
    /// A centre of this name.
    ///
    /// # Errors
    /// [`CentreError`] unless it is 1 to 64 ASCII letters, digits, hyphens or underscores.
    pub fn new(name: &str) -> Result<Self, CentreError> {
        let fits = (1..=64).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if fits { Ok(Self(name.into())) } else { Err(CentreError(name.chars().take(80).collect())) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Centre {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Centre {
    type Err = CentreError;
    fn from_str(name: &str) -> Result<Self, CentreError> {
        Self::new(name)
    }
}

/// An event as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Place in the centre's log, gapless from 1.
    pub position: u64,
    /// What it is about.
    pub stream: Uuid,
    /// Place in the stream, gapless from 1.
    pub version: u64,
    /// When it was recorded, in milliseconds since 1970-01-01T00:00:00Z.
    pub recorded_ms: i64,
    /// Its type.
    pub kind: String,
    /// The version of that type.
    pub kind_version: u16,
    /// Its bytes, as they were appended.
    pub body: Vec<u8>,
}

/// Which texts of persons a reader looks at: by type of event, in which fields they stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts(BTreeMap<&'static str, Vec<&'static str>>);

impl Texts {
    /// For a reader that looks at none.
    pub const NONE: Self = Self(BTreeMap::new());

    /// The fields of events of this type.
    pub fn of(&self, kind: &str) -> &[&'static str] {
        self.0.get(kind).map_or(&[], Vec::as_slice)
    }
}

impl FromIterator<(&'static str, &'static str)> for Texts {
    /// Of pairs of a type and a field.
    fn from_iter<I: IntoIterator<Item = (&'static str, &'static str)>>(pairs: I) -> Self {
        let mut texts = Self::NONE;
        for (kind, field) in pairs {
            texts.0.entry(kind).or_default().push(field);
        }
        texts
    }
}

/// Where a centre's log stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// Position of the last event; 0 if there is none.
    pub position: u64,
    /// When it was recorded, in milliseconds since 1970; 0 if there is none.
    pub recorded_ms: i64,
    /// How often the machine's clock was found to have gone back.
    pub clock_steps_back: u64,
    /// The last running number given out under each name.
    pub counters: BTreeMap<String, u64>,
}

/// A stream, to be proved to somebody outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamProof {
    /// How many streams began before it in the centre's log.
    pub ordinal: u64,
    /// Its events.
    pub events: Vec<Event>,
    /// The log's word that none came after them; `None` if it said nothing since the last of them.
    pub head: Option<StreamWord>,
}

/// What the log said of where all streams stood, and one stream's place in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamWord {
    /// Ordinal of the log's own stream.
    pub ordinal: u64,
    /// The event that says it.
    pub event: Event,
    /// Leaf of the event before it in its stream.
    pub previous: Hash,
    /// From the stream's head to the root that it says.
    pub proof: Vec<Hash>,
}
