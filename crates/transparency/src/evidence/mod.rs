//! Evidence: one file that shows a case's history to somebody who has the log's keys and nothing else of it.
//!
//! It holds the events of one stream as the log keeps them, the proof that each is in the tree that a checkpoint signs, and, so that no
//! later event can be withheld, the place of the stream's head in the tree of heads that the log committed to. What is in it
//! and what not is laid down line by line in `docs/verify/README.md`; a second program in Python reads the same.
//!
//! Reading ([`Evidence::parse`]) sees that a file is one; [`Evidence::verify`] sees what it proves.

mod attachment;
mod error;
mod text;

use std::fmt;

use uuid::Uuid;

use crate::body::decode_exactly;
use crate::heads::{HeadsCommitted, OWN_STREAM, StreamHead};
use crate::note::{Note, VerifierKey};
use crate::seal::{FieldSecret, OpenError, Place};
use crate::tree::{Sm3Tree, verify_consistency, verify_inclusion};
use crate::{Checkpoint, Hash, Header};

pub use attachment::{Attachment, OpenedAttachment};
pub use error::{EventFault, EvidenceError};
pub use text::{LIMIT_BYTES, TextError};

/// What an origin begins with; the centre's name follows.
pub const ORIGIN: &str = "yousu/";

/// All that is shown of one stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The case.
    pub stream: Uuid,
    /// The checkpoint that everything is proved against, as it was signed and cosigned.
    pub checkpoint: Note,
    /// An earlier checkpoint, and the proof that the later one goes on from it.
    pub earlier: Option<(Note, Vec<Hash>)>,
    /// The stream's events from its first on.
    pub events: Vec<Proven>,
    /// That nothing came after the last of them.
    pub head: Option<HeadProof>,
    /// What is disclosed of sealed fields.
    pub disclosed: Vec<Disclosed>,
    /// Attachments that are shown.
    pub attachments: Vec<Attachment>,
}

/// An event as the log keeps it, and the proof that it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// Place in the centre's log, from 1.
    pub position: u64,
    /// The stream's ordinal.
    pub ordinal: u64,
    /// Place in the stream, from 1.
    pub version: u64,
    /// When it was recorded: milliseconds since 1970-01-01T00:00:00Z.
    pub recorded_ms: i64,
    /// Its type.
    pub kind: String,
    /// The version of that type.
    pub kind_version: u16,
    /// Its bytes.
    pub body: Vec<u8>,
    /// From its leaf to the checkpoint's root.
    pub proof: Vec<Hash>,
}

/// The log's word about where all streams stood, and the stream's place in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadProof {
    /// The event that says it.
    pub event: Proven,
    /// Leaf of the event before it in its stream.
    pub previous: Hash,
    /// From the stream's head to the root that it says.
    pub proof: Vec<Hash>,
}

/// The secret of one sealed field.
#[derive(Clone)]
pub struct Disclosed {
    /// The version of the event that it stands in.
    pub version: u64,
    /// Whose text it is.
    pub person: Uuid,
    /// Where it belongs.
    pub field: String,
    /// What opens it, and nothing else.
    pub secret: FieldSecret,
}

/// What evidence proves.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    /// Whose log.
    pub centre: String,
    /// The checkpoint's size.
    pub size: u64,
    /// Names of the log's own keys and of others that signed, each with the time that a cosignature says, in seconds since 1970.
    pub signers: Vec<Signer>,
    /// The earlier checkpoint that it goes on from, if it shows one.
    pub earlier: Option<Earlier>,
    /// Up to which position nothing of this case was withheld; `None` if that is not shown.
    pub complete_to: Option<u64>,
    /// Texts that were disclosed.
    pub disclosed: Vec<Opened>,
    /// Attachments that were shown.
    pub attachments: Vec<OpenedAttachment>,
}

/// An earlier checkpoint of the same log.
#[derive(Debug, Clone, PartialEq)]
pub struct Earlier {
    /// Its size.
    pub size: u64,
    /// As those of the checkpoint.
    pub signers: Vec<Signer>,
}

impl Verified {
    /// Names of witnesses that cosigned, each once: all that signed but the log itself.
    pub fn witnesses(&self) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.signers.iter().filter(|signer| self.is_witness(signer)).map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// When witnesses say that they signed, in seconds since 1970: the earliest and the latest of them.
    pub fn seen_at(&self) -> Option<(u64, u64)> {
        self.times(&self.signers)
    }

    /// The same of the earlier checkpoint, with its size.
    pub fn earlier_seen_at(&self) -> Option<(u64, (u64, u64))> {
        let Earlier { size, signers } = self.earlier.as_ref()?;
        Some((*size, self.times(signers)?))
    }

    fn times(&self, signers: &[Signer]) -> Option<(u64, u64)> {
        let times = || signers.iter().filter(|signer| self.is_witness(signer)).filter_map(|(_, time)| *time);
        Some((times().min()?, times().max()?))
    }

    fn is_witness(&self, (name, _): &Signer) -> bool {
        name.strip_prefix(ORIGIN) != Some(&self.centre)
    }
}

/// A text that was disclosed. One field of one event can hold texts of two persons: only with all three is it said which it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The version of the event that it stands in.
    pub version: u64,
    /// Whose text it is.
    pub person: Uuid,
    /// Where it belongs.
    pub field: String,
    /// What it says.
    pub bytes: Vec<u8>,
}

impl PartialEq for Disclosed {
    fn eq(&self, other: &Self) -> bool {
        let of = |one: &Self| (one.version, one.person, one.field.clone(), *one.secret.bytes());
        of(self) == of(other)
    }
}

impl fmt::Debug for Disclosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disclosed").field("version", &self.version).field("field", &self.field).finish_non_exhaustive()
    }
}

impl Proven {
    fn leaf(&self, centre: &str, stream: Uuid, previous: Hash) -> Result<Hash, EventFault> {
        let Self { position, ordinal, version, recorded_ms, kind_version, .. } = *self;
        let kind = &self.kind;
        let header = Header { centre, position, stream, ordinal, version, recorded_ms, kind, kind_version, previous };
        header.leaf(Hash::of(&self.body)).map_err(|_| EventFault::Name)
    }

    fn is_in(&self, leaf: Hash, tree: (u64, Hash)) -> Result<(), EventFault> {
        let index = self.position.checked_sub(1).ok_or(EventFault::Order)?;
        verify_inclusion::<Sm3Tree>((index, leaf), tree, &self.proof).map_err(EventFault::Proof)
    }
}

impl Evidence {
    /// Sees what it proves, by these pinned keys: those of the log, whose name is its origin, and those of witnesses.
    ///
    /// # Errors
    /// [`EvidenceError`]: it proves nothing then.
    pub fn verify(&self, pinned: &[VerifierKey]) -> Result<Verified, EvidenceError> {
        let (checkpoint, signers) = signed_checkpoint(&self.checkpoint, pinned)?;
        let centre =
            checkpoint.origin.strip_prefix(ORIGIN).ok_or_else(|| EvidenceError::Origin(checkpoint.origin.clone()))?;
        let tree = (checkpoint.size, checkpoint.root);
        let mut earlier_one = None;
        if let Some((note, proof)) = &self.earlier {
            let fault = |error| EvidenceError::EarlierCheckpoint(Box::new(error));
            let (earlier, signers) = signed_checkpoint(note, pinned).map_err(fault)?;
            if earlier.origin != checkpoint.origin {
                return Err(EvidenceError::OtherLog);
            }
            verify_consistency::<Sm3Tree>((earlier.size, earlier.root), tree, proof).map_err(EvidenceError::Earlier)?;
            earlier_one = Some(Earlier { size: earlier.size, signers });
        }
        let last = self.chain(centre, tree)?;
        let complete_to = match &self.head {
            Some(head) => Some(self.is_last(head, centre, tree, last).map_err(EvidenceError::Head)?),
            None => None,
        };
        let opened = self.disclosed.iter().map(|disclosed| self.open(disclosed, centre));
        let attachments = self.attachments.iter().map(|one| one.open(centre, self.stream, &self.events));
        Ok(Verified {
            centre: centre.to_owned(),
            size: checkpoint.size,
            signers,
            earlier: earlier_one,
            complete_to,
            disclosed: opened.collect::<Result<_, _>>()?,
            attachments: attachments.collect::<Result<_, _>>()?,
        })
    }

    /// Whether its checkpoint is this one, or it holds the proof that it goes on from it. It has to hold itself.
    pub fn shows(&self, kept: &Checkpoint) -> bool {
        let shown = self.earlier.iter().map(|(note, _)| note).chain([&self.checkpoint]);
        let mut shown = shown.filter_map(|note| Checkpoint::parse(note.text()).ok());
        shown.any(|shown| (&shown.origin, shown.size, shown.root) == (&kept.origin, kept.size, kept.root))
    }

    /// Leaves of the events, by their positions; nothing where a name is longer than a leaf holds.
    pub(crate) fn leaves(&self, centre: &str) -> Vec<(u64, Hash)> {
        let mut previous = Hash::ZERO;
        let leaves = self.events.iter().map_while(|event| {
            previous = event.leaf(centre, self.stream, previous).ok()?;
            Some((event.position, previous))
        });
        leaves.collect()
    }

    /// The leaf of the last event, once all of them were found to follow each other and to be in the tree.
    fn chain(&self, centre: &str, tree: (u64, Hash)) -> Result<Hash, EvidenceError> {
        let (mut previous, mut before): (Hash, Option<&Proven>) = (Hash::ZERO, None);
        for (version, event) in (1..).zip(&self.events) {
            let judge = || {
                let follows =
                    before.is_none_or(|before| event.position > before.position && event.ordinal == before.ordinal);
                if event.version != version || !follows {
                    return Err(EventFault::Order);
                }
                if before.is_some_and(|before| event.recorded_ms < before.recorded_ms) {
                    return Err(EventFault::Time);
                }
                let leaf = event.leaf(centre, self.stream, previous)?;
                event.is_in(leaf, tree)?;
                Ok(leaf)
            };
            let fault = |why| EvidenceError::Event { version: event.version, position: event.position, why };
            previous = judge().map_err(fault)?;
            before = Some(event);
        }
        match before {
            Some(_) => Ok(previous),
            None => Err(EvidenceError::Event { version: 0, position: 0, why: EventFault::Missing }),
        }
    }

    /// Up to which position the log said that the last event is the stream's last.
    fn is_last(&self, head: &HeadProof, centre: &str, tree: (u64, Hash), leaf: Hash) -> Result<u64, EventFault> {
        let HeadProof { event, previous, proof } = head;
        let last = self.events.last().ok_or(EventFault::Missing)?;
        if event.kind != HeadsCommitted::KIND || event.kind_version != HeadsCommitted::KIND_VERSION {
            return Err(EventFault::Kind);
        }
        event.is_in(event.leaf(centre, OWN_STREAM, *previous)?, tree)?;
        if event.position <= last.position {
            return Err(EventFault::Order);
        }
        let said = HeadsCommitted::decode(&event.body).map_err(|_| EventFault::Kind)?;
        let own = StreamHead { stream: self.stream, version: last.version, leaf };
        verify_inclusion::<Sm3Tree>((last.ordinal, own.hash()), (said.streams, said.root), proof)
            .map_err(EventFault::Proof)?;
        Ok(event.position)
    }

    fn open(&self, disclosed: &Disclosed, centre: &str) -> Result<Opened, EvidenceError> {
        let Disclosed { version, person, field, secret } = disclosed;
        let fault = |why: String| EvidenceError::Disclosed { version: *version, field: field.clone(), why };
        let event = self.events.iter().find(|event| event.version == *version);
        let event = event.ok_or_else(|| fault("there is no such event".to_owned()))?;
        let body = decode_exactly(&event.body).map_err(|error| fault(error.to_string()))?;
        let mut there = body.sealed().iter().filter(|sealed| sealed.person == *person && sealed.field == *field);
        let sealed = match (there.next(), there.next()) {
            (Some(sealed), None) => sealed,
            (None, _) => return Err(fault("nothing is sealed there".to_owned())),
            // Both would be shown as what only one of them is.
            (Some(_), Some(_)) => return Err(fault("more than one text of this person is sealed there".to_owned())),
        };
        let place = Place { centre, stream: self.stream, version: *version, person: *person, field };
        let sealed = sealed.bytes.as_ref().ok_or_else(|| fault("nothing is sealed there".to_owned()))?;
        let bytes = secret.open(&place, sealed).map_err(|error: OpenError| fault(error.to_string()))?;
        Ok(Opened { version: *version, person: *person, field: field.clone(), bytes })
    }
}

/// A name, and when it says that it signed, in seconds since 1970.
pub type Signer = (String, Option<u64>);

/// The checkpoint in a note, and who signed it: the log itself at least.
///
/// # Errors
/// [`EvidenceError`].
pub fn signed_checkpoint(note: &Note, pinned: &[VerifierKey]) -> Result<(Checkpoint, Vec<Signer>), EvidenceError> {
    let checkpoint = Checkpoint::parse(note.text())?;
    let signers = note.verified_by(checkpoint.size, pinned)?;
    if !signers.iter().any(|(key, _)| key.name() == checkpoint.origin) {
        let changed_after = checkpoint.keys_changed_after();
        return Err(EvidenceError::Unsigned { origin: checkpoint.origin, changed_after });
    }
    let signers = signers.into_iter().map(|(key, time)| (key.name().to_owned(), time)).collect();
    Ok((checkpoint, signers))
}

#[cfg(test)]
mod both_verifiers;
#[cfg(test)]
pub(crate) mod tests;
