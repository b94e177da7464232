//! Whether a copy is still what was cosigned, and whether that is a sound log.

use std::collections::BTreeMap;
use std::fmt;

use transparency::evidence::ORIGIN;
use transparency::heads::{FollowedHeads, HeadsCommitted, OWN_STREAM, StreamHead};
use transparency::leaves::Leaf;
use transparency::tree::Frontier;
use transparency::{Checkpoint, Hash, Header, HeaderError};
use uuid::Uuid;

use super::{FILE_LEAVES, Mirror};
use crate::error::StoreError;

/// What a look at every leaf of a copy found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// How many leaves there are.
    pub held: u64,
    /// The size of the last checkpoint of which every leaf is here.
    pub checkpoint: Option<u64>,
    /// What was altered here.
    pub altered: Vec<Altered>,
    /// What is wrong with the log itself, the first twenty: up to the checkpoint, who wrote it signed it so.
    pub unsound: Vec<Unsound>,
}

/// What can be wrong with a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Altered {
    /// They make another tree than they did when they came.
    Tree(u64),
    /// They make another tree than a checkpoint says.
    Checkpoint(u64),
    /// There are fewer than the checkpoint of which all were here.
    Fewer(u64),
    /// The file that ends with this leaf does not end where it did.
    End(u64),
}

/// What can be wrong with a log at one position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsound {
    /// Where.
    pub position: u64,
    /// What.
    pub what: What,
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The header is none.
    Header(HeaderError),
    /// It says another centre or position than the one that it stands at.
    Place,
    /// It does not follow the event before it in its stream, or begins one with another ordinal than the next.
    Stream,
    /// It was recorded before the one before it.
    Time,
    /// The streams did not stand where it says.
    Heads,
}

impl fmt::Display for Altered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tree(size) => write!(f, "the {size} leaves are not those that came: files here were altered"),
            Self::Checkpoint(size) => {
                write!(f, "the first {size} leaves are not those of the checkpoint of {size}: files here were altered")
            }
            Self::Fewer(size) => {
                write!(f, "all leaves of the checkpoint of {size} were here: an older copy was put back")
            }
            Self::End(position) => write!(f, "the file does not end with leaf {position} as it did: it was altered"),
        }
    }
}

impl fmt::Display for Unsound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "leaf {}: ", self.position)?;
        match &self.what {
            What::Header(why) => write!(f, "{why}"),
            What::Place => f.write_str("its header names another centre or position"),
            What::Stream => f.write_str("it does not follow the last event of its stream"),
            What::Time => f.write_str("it was recorded before the event that stands before it"),
            What::Heads => f.write_str("the cases did not stand where it says that they stood"),
        }
    }
}

/// Faults that are named: a log that is unsound throughout must fit on a screen.
const NAMED: usize = 20;

/// Hashes every leaf again. `seen` is the checkpoint cosigned last, as the witness wrote it down beside the copy.
///
/// # Errors
/// [`StoreError`] if leaves are not there any more.
pub fn check(mirror: &Mirror, origin: &str, seen: Option<&Checkpoint>) -> Result<Checked, StoreError> {
    let kept = mirror.checkpoint().map(|(_, checkpoint)| checkpoint);
    let known: Vec<&Checkpoint> = kept.into_iter().chain(seen).collect();
    let (mut tree, mut altered, mut unsound) = (Frontier::default(), Vec::new(), Vec::new());
    let mut bytes = 0;
    altered.extend(kept.filter(|kept| kept.size > mirror.held()).map(|kept| Altered::Fewer(kept.size)));
    let mut log = Log { centre: origin.strip_prefix(ORIGIN).unwrap_or(origin), ..Log::default() };
    for leaf in mirror.leaves() {
        let leaf = leaf?;
        let hash = leaf.hash();
        if tree.push(hash, |_, _| ()).is_err() {
            break;
        }
        let position = tree.size();
        if let Err(what) = log.see(position, &leaf, hash)
            && unsound.len() < NAMED
        {
            unsound.push(Unsound { position, what });
        }
        bytes += leaf.encoded_len();
        if position.is_multiple_of(FILE_LEAVES) || position == mirror.held() {
            if !mirror.ends(position, bytes)? {
                altered.push(Altered::End(position));
            }
            bytes = 0;
        }
        for known in known.iter().filter(|known| known.size == position && known.root != tree.root()) {
            altered.push(Altered::Checkpoint(known.size));
        }
    }
    // Also what came since, of which there is no checkpoint yet.
    if tree != mirror.tree {
        altered.push(Altered::Tree(mirror.held()));
    }
    altered.dedup();
    Ok(Checked { held: mirror.held(), checkpoint: kept.map(|kept| kept.size), altered, unsound })
}

/// A log as far as it was seen.
#[derive(Default)]
struct Log<'a> {
    centre: &'a str,
    recorded_ms: i64,
    /// Ordinal, version and leaf of each stream's last event.
    streams: BTreeMap<Uuid, (u64, u64, Hash)>,
    heads: FollowedHeads,
}

impl Log<'_> {
    fn see(&mut self, position: u64, leaf: &Leaf, hash: Hash) -> Result<(), What> {
        let header = leaf.header().map_err(What::Header)?;
        let Header { stream, ordinal, version, previous, recorded_ms, .. } = header;
        let begun = self.streams.len() as u64;
        let (due, before) = match self.streams.get(&stream) {
            Some((ordinal, version, leaf)) => ((*ordinal, version.checked_add(1)), *leaf),
            None => ((begun, Some(1)), Hash::ZERO),
        };
        let says = (stream == OWN_STREAM && header.kind == HeadsCommitted::KIND).then(|| {
            let said = HeadsCommitted::decode(&leaf.body).ok();
            said.filter(|_| header.kind_version == HeadsCommitted::KIND_VERSION)
        });
        let is_said = says.is_none_or(|says| self.heads.agree(begun, says.as_ref(), position));
        // By the ordinal that it should have: one that the header invents could be beyond any tree.
        self.streams.insert(stream, (due.0, version, hash));
        self.heads.see(due.0, StreamHead { stream, version, leaf: hash });
        let earlier = std::mem::replace(&mut self.recorded_ms, recorded_ms);
        if (header.centre, header.position) != (self.centre, position) {
            return Err(What::Place);
        }
        if ((ordinal, Some(version)), previous) != (due, before) {
            return Err(What::Stream);
        }
        if position > 1 && recorded_ms < earlier {
            return Err(What::Time);
        }
        if is_said { Ok(()) } else { Err(What::Heads) }
    }
}
