//! Why evidence proves nothing.

use std::fmt;

use crate::CheckpointError;
use crate::note::KeyError;
use crate::tree::ProofError;

/// Why evidence proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// The note is no checkpoint of a centre.
    #[error("the checkpoint is none: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The origin is no centre's log.
    #[error("`{0}` is the origin of no centre's log")]
    Origin(String),
    /// A signature does not hold.
    #[error(transparent)]
    Signature(#[from] KeyError),
    /// The log itself did not sign.
    #[error("none of the pinned keys of `{origin}` signed the checkpoint{}", hint(*changed_after))]
    Unsigned {
        /// Whose keys are wanted.
        origin: String,
        /// Where it says that its keys changed last.
        changed_after: Option<u64>,
    },
    /// An event is not where it says.
    #[error("event {version} of the case (position {position}): {why}")]
    Event {
        /// Its version.
        version: u64,
        /// Its position.
        position: u64,
        /// What is wrong.
        why: EventFault,
    },
    /// The case's head is not what the log said.
    #[error("that nothing was withheld is not shown: {0}")]
    Head(EventFault),
    /// The later checkpoint does not go on from the earlier one.
    #[error("the checkpoint does not go on from the earlier one: {0}")]
    Earlier(ProofError),
    /// The earlier checkpoint is none, or nobody pinned signed it.
    #[error("the earlier checkpoint does not hold: {0}")]
    EarlierCheckpoint(Box<Self>),
    /// The earlier checkpoint is another log's.
    #[error("the earlier checkpoint is of another log")]
    OtherLog,
    /// A disclosed secret opens nothing.
    #[error("the text disclosed at {field} of event {version} cannot be shown: {why}")]
    Disclosed {
        /// The event's version.
        version: u64,
        /// Where.
        field: String,
        /// Why.
        why: String,
    },
    /// An attachment is not what an event names.
    #[error("the attachment of event {version} cannot be shown: {why}")]
    Attachment {
        /// The event's version.
        version: u64,
        /// Why.
        why: String,
    },
}

/// What is wrong with one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventFault {
    /// It is not the next of its stream, or stands before the one that it follows.
    Order,
    /// It was recorded before the one that it follows.
    Time,
    /// Its names are longer than a header holds.
    Name,
    /// It is not in the tree.
    Proof(ProofError),
    /// It is not what such an event has to be.
    Kind,
    /// There is none.
    Missing,
}

impl fmt::Display for EventFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order => f.write_str("it does not follow the one before"),
            Self::Time => f.write_str("it was recorded before the one that it follows"),
            Self::Name => f.write_str("its names are too long"),
            Self::Proof(error) => write!(f, "{error}"),
            Self::Kind => f.write_str("it is not the log's word about its streams"),
            Self::Missing => f.write_str("there is no event"),
        }
    }
}

fn hint(changed_after: Option<u64>) -> String {
    changed_after.map_or_else(String::new, |after| {
        format!("; it says that they changed after {after} events: ask for the statements (换钥声明), and follow each")
    })
}
