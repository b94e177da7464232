//! What is checked of every event, whatever kept it.

use std::fmt;

use transparency::{Hash, Header};
use uuid::Uuid;

use crate::Centre;

/// Faults listed in full; beyond it they are counted only, so that a log that is wrong throughout fits in memory.
const LIMIT_FAULTS: usize = 10_000;

/// How far a verification has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Events checked so far.
    pub checked: u64,
    /// Events to check.
    pub total: u64,
}

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Centres checked.
    pub centres: u64,
    /// Events checked.
    pub events: u64,
    /// Attachments checked.
    pub attachments: u64,
    /// What is wrong, in the order of centres and positions: the first 10,000.
    pub faults: Vec<Fault>,
    /// Faults beyond those listed.
    pub more_faults: u64,
}

impl Report {
    /// Nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }

    pub(crate) fn fault(&mut self, centre: &str, position: Option<i64>, wrong: Wrong) {
        if self.faults.len() < LIMIT_FAULTS {
            self.faults.push(Fault { centre: centre.to_owned(), position, wrong });
        } else {
            self.more_faults += 1;
        }
    }
}

/// One thing that is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// In whose log; empty if it is nobody's.
    pub centre: String,
    /// At which position, if it is at one.
    pub position: Option<i64>,
    /// What.
    pub wrong: Wrong,
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wrong {
    /// A column holds a value of another kind, or none, or points nowhere.
    Column(&'static str),
    /// The leaf does not follow from the bytes, the columns and the leaf of the stream's event before: one of them was
    /// altered.
    Leaf,
    /// Events from this position up to and with that one are gone.
    Missing {
        /// The last one missing.
        to: i64,
    },
    /// The position stands more than once, or before the first.
    Position,
    /// Events stand beyond the head.
    BeyondHead {
        /// The head's position.
        head: i64,
    },
    /// The last event is not the one the head names.
    Head(&'static str),
    /// The recorded time is earlier than that of the event before.
    RecordedWentBack,
    /// The stream's event before this one is gone.
    StreamGap {
        /// The stream.
        stream: Uuid,
        /// This event's version.
        version: u64,
    },
    /// The stream's event before this one stands behind it.
    StreamOrder {
        /// The stream.
        stream: Uuid,
        /// This event's version.
        version: u64,
    },
    /// A counter is not the last number given out under its name, or those have gaps.
    Counter {
        /// Its name.
        name: String,
        /// Its value.
        value: Option<i64>,
        /// The last number given out.
        last: Option<i64>,
        /// How many were given out.
        given_out: i64,
    },
    /// A running number was drawn out of order, or at a position that the log does not have.
    Number {
        /// The counter's name.
        name: String,
        /// The number.
        number: i64,
    },
    /// An attachment's bytes do not have the hash that names them.
    Attachment(String),
    /// The database itself says that it is damaged.
    Database(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some(position) => write!(f, "{}@{position}: {}", self.centre, self.wrong),
            None if self.centre.is_empty() => self.wrong.fmt(f),
            None => write!(f, "{}: {}", self.centre, self.wrong),
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column(column) => write!(f, "column `{column}` does not hold what it should"),
            Self::Leaf => {
                f.write_str("bytes, header columns or the leaf before were altered: the leaf does not follow from them")
            }
            Self::Missing { to } => write!(f, "missing, up to and with {to}"),
            Self::Position => f.write_str("no such position, or one that stands twice"),
            Self::BeyondHead { head } => write!(f, "stands beyond the head, which is at {head}"),
            Self::Head(column) => write!(f, "the head's {column} is not that of the last event"),
            Self::RecordedWentBack => f.write_str("recorded earlier than the event before"),
            Self::StreamGap { stream, version } => {
                write!(f, "version {version} of stream {stream} does not follow the one before, which is missing")
            }
            Self::StreamOrder { stream, version } => {
                write!(f, "version {version} of stream {stream} stands before the one that it follows")
            }
            Self::Counter { name, value, last, given_out } => {
                let (value, last) = (value.unwrap_or(0), last.unwrap_or(0));
                write!(f, "counter `{name}` is at {value}; {given_out} numbers were given out, the last one {last}")
            }
            Self::Number { name, number } => {
                write!(f, "number {number} of `{name}` was drawn out of order, or at a position that is not there")
            }
            Self::Attachment(hash) => write!(f, "attachment {hash}: its bytes have another hash"),
            Self::Database(says) => write!(f, "the database says: {says}"),
        }
    }
}

/// An event as it is kept. `None` is a column that holds something else than it should.
#[derive(Debug)]
pub(crate) struct Kept<'a> {
    pub(crate) position: i64,
    pub(crate) stream: Option<Uuid>,
    pub(crate) version: Option<u64>,
    pub(crate) recorded_ms: Option<i64>,
    pub(crate) kind: Option<&'a str>,
    pub(crate) kind_version: Option<u16>,
    pub(crate) leaf: Option<Hash>,
    pub(crate) body: Option<&'a [u8]>,
    /// Position and leaf of the stream's version before.
    pub(crate) before: Option<(i64, Option<Hash>)>,
}

/// What an event shows by itself and beside the one that it follows in its stream, whatever stands around it.
#[derive(Debug)]
pub(crate) struct Looked {
    position: i64,
    recorded_ms: Option<i64>,
    wrong: Vec<Wrong>,
}

impl Looked {
    /// Computes its leaf anew. Events can be looked at side by side.
    pub(crate) fn at(centre: &Centre, kept: &Kept<'_>) -> Self {
        let mut wrong = Vec::new();
        match recomputed(centre, kept) {
            Ok(leaf) if kept.leaf == Some(leaf) => {}
            Ok(_) => wrong.push(Wrong::Leaf),
            Err(column) => wrong.push(Wrong::Column(column)),
        }
        if let (Some(stream), Some(version)) = (kept.stream, kept.version) {
            match kept.before {
                // Its leaf can only be told from the one that is gone.
                None if version != 1 => wrong = vec![Wrong::StreamGap { stream, version }],
                Some((position, _)) if position >= kept.position => wrong.push(Wrong::StreamOrder { stream, version }),
                _ => {}
            }
        }
        Self { position: kept.position, recorded_ms: kept.recorded_ms, wrong }
    }
}

/// The leaf that the columns and the bytes give, or the column that holds something else than it should.
fn recomputed(centre: &Centre, kept: &Kept<'_>) -> Result<Hash, &'static str> {
    let header = Header {
        centre: centre.as_str(),
        position: u64::try_from(kept.position).map_err(|_| "position")?,
        stream: kept.stream.ok_or("stream")?,
        version: kept.version.ok_or("version")?,
        recorded_ms: kept.recorded_ms.ok_or("recorded_ms")?,
        kind: kept.kind.ok_or("kind")?,
        kind_version: kept.kind_version.ok_or("kind_version")?,
        // One that is no hash is that event's own fault, and makes this leaf wrong too.
        previous: kept.before.map_or(Hash::ZERO, |(_, leaf)| leaf.unwrap_or(Hash::ZERO)),
    };
    header.leaf(Hash::of(kept.body.ok_or("body")?)).map_err(|_| "kind")
}

/// Checks a centre's events one after the other, in the order of their positions.
#[derive(Debug)]
pub(crate) struct CentreCheck<'a> {
    centre: &'a Centre,
    pub(crate) position: i64,
    pub(crate) recorded_ms: i64,
}

impl<'a> CentreCheck<'a> {
    pub(crate) fn new(centre: &'a Centre) -> Self {
        Self { centre, position: 0, recorded_ms: 0 }
    }

    pub(crate) fn event(&mut self, looked: Looked, report: &mut Report) {
        let Looked { position, recorded_ms, wrong } = looked;
        let centre = self.centre.as_str();
        report.events += 1;
        let next = self.position.saturating_add(1);
        if position > next {
            report.fault(centre, Some(next), Wrong::Missing { to: position - 1 });
        }
        let mut fault = |wrong| report.fault(centre, Some(position), wrong);
        if position < next {
            fault(Wrong::Position);
        }
        self.position = self.position.max(position);
        if let Some(recorded_ms) = recorded_ms {
            if recorded_ms < self.recorded_ms {
                fault(Wrong::RecordedWentBack);
            }
            self.recorded_ms = self.recorded_ms.max(recorded_ms);
        }
        wrong.into_iter().for_each(fault);
    }
}
