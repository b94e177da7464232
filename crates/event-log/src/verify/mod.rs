//! What is checked of every event, whatever kept it.

mod check;

use std::fmt;

use transparency::Hash;
use uuid::Uuid;

pub(crate) use self::check::{CentreCheck, Kept, Looked};
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

/// A tree over a centre's log that somebody remembers, as a checkpoint says it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remembered {
    /// Whose log.
    pub centre: Centre,
    /// How many events it had.
    pub size: u64,
    /// The root over their leaves.
    pub root: Hash,
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

    /// What another look at the same log found, each fault once.
    pub(crate) fn add(&mut self, other: Self) {
        self.centres += other.centres;
        self.events += other.events;
        self.attachments += other.attachments;
        self.more_faults += other.more_faults;
        let known = self.faults.clone();
        for fault in other.faults.into_iter().filter(|fault| !known.contains(fault)) {
            self.fault(&fault.centre, fault.position, fault.wrong);
        }
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
    /// The stream's ordinal is not the number of streams that began before it.
    Ordinal {
        /// The stream.
        stream: Uuid,
        /// The number of streams that began before it.
        begun: u64,
    },
    /// A node of the tree is not that of the leaves beneath it, or is not there.
    Node {
        /// Its height.
        level: u8,
        /// Its place at that height, from 0.
        number: u64,
    },
    /// The tree has nodes that its leaves do not make.
    MoreNodes,
    /// The heads of the streams are not those that this event says they were before it.
    Heads,
    /// An event that says where the streams stood is of a version of its type that is not known.
    HeadsVersion,
    /// A node of the tree of heads is not that of the heads beneath it, or is not there.
    HeadNode {
        /// Its height.
        level: u8,
        /// Its place at that height, from 0.
        number: u64,
    },
    /// The tree of heads has nodes that the heads do not make.
    MoreHeadNodes,
    /// The nodes of the tree of heads that are not in their places yet are not as the log writes them.
    Unplaced,
    /// The log does not begin with the tree that somebody remembers.
    NotRemembered {
        /// The size of that tree.
        size: u64,
    },
    /// The log is shorter than the tree that somebody remembers.
    ShorterThanRemembered {
        /// The size of that tree.
        size: u64,
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
            Self::Ordinal { stream, begun } => {
                write!(
                    f,
                    "stream {stream} does not have the ordinal {begun}, which is how many streams began before it"
                )
            }
            Self::Node { level, number } => {
                write!(f, "node {number} at height {level} of the tree is not that of its leaves")
            }
            Self::MoreNodes => f.write_str("the tree has nodes that its leaves do not make"),
            Self::Heads => f.write_str("the streams did not stand where this event says that they stood before it"),
            Self::HeadsVersion => {
                f.write_str("`heads_committed` of a version that is not known: what it says cannot be checked")
            }
            Self::HeadNode { level, number } => {
                write!(f, "node {number} at height {level} of the tree of heads is not that of the heads")
            }
            Self::Unplaced => f.write_str(
                "the nodes of the tree of heads that are not in their places yet are not as the log writes them",
            ),
            Self::MoreHeadNodes => f.write_str("the tree of heads has nodes that the heads do not make"),
            Self::NotRemembered { size } => write!(
                f,
                "not the log that the checkpoint of size {size} was made of: events up to {size} were altered, removed, added or reordered since"
            ),
            Self::ShorterThanRemembered { size } => {
                write!(f, "shorter than the checkpoint of size {size}: events up to {size} were removed since")
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
