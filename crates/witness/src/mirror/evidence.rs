//! Evidence of a case out of a copy: what the centre itself would show of it, whether or not it is still there to do so.

use std::collections::BTreeMap;

use transparency::evidence::{Evidence, HeadProof, Proven};
use transparency::heads::{HeadsCommitted, OWN_STREAM, StreamHead};
use transparency::leaves::Leaf;
use transparency::tree::{Sm3Tree, Whole, inclusion_plan};
use transparency::{Hash, Header};
use uuid::Uuid;

use super::Mirror;
use crate::error::StoreError;

/// Why there is no evidence.
#[derive(Debug, thiserror::Error)]
pub enum Unproven {
    /// The copy cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No checkpoint has all of its leaves here.
    #[error("no checkpoint of this log has all of its leaves here yet: the centre has to send the rest")]
    NoCheckpoint,
    /// No such stream.
    #[error("{0} is no case of this log: `yousu-witness leaves` prints what there is")]
    NoCase(Uuid),
    /// What is here does not make a proof.
    #[error("the leaves do not make the tree that was signed: run `yousu-witness check`")]
    Altered,
}

/// The evidence of this stream, by the last checkpoint of which every leaf is here. No sealed text is disclosed: there are no keys here.
///
/// # Errors
/// [`Unproven`].
pub fn evidence(mirror: &Mirror, stream: Uuid) -> Result<Evidence, Unproven> {
    let (note, checkpoint) = mirror.checkpoint().ok_or(Unproven::NoCheckpoint)?;
    let mut found = Found::default();
    for (_, leaf) in (1..=checkpoint.size).zip(mirror.leaves()) {
        found.see(stream, &leaf?);
    }
    if found.events.is_empty() {
        return Err(Unproven::NoCase(stream));
    }
    let tree: Whole = found.leaves.iter().copied().collect();
    if (tree.size(), tree.root()) != (checkpoint.size, checkpoint.root) {
        return Err(Unproven::Altered);
    }
    let proven = |event: &Proven| {
        let proof = inclusion(&tree, event.position.checked_sub(1)?)?;
        Some(Proven { proof, ..event.clone() })
    };
    let events = found.events.iter().map(proven).collect::<Option<Vec<_>>>().ok_or(Unproven::Altered)?;
    let head = found.word().and_then(|(event, previous, heads)| {
        let proof = inclusion(&heads, events.last()?.ordinal)?;
        Some(HeadProof { event: proven(event)?, previous, proof })
    });
    Ok(Evidence {
        stream,
        checkpoint: note.clone(),
        earlier: None,
        events,
        head,
        disclosed: Vec::new(),
        attachments: Vec::new(),
    })
}

fn inclusion(tree: &Whole, index: u64) -> Option<Vec<Hash>> {
    inclusion_plan(index, tree.size()).ok()?.fill::<Sm3Tree, ()>(|node| tree.node(node).ok_or(())).ok()
}

/// What was seen of a log on the way through it.
#[derive(Default)]
struct Found {
    leaves: Vec<Hash>,
    /// The stream's events, still without their proofs.
    events: Vec<Proven>,
    /// How far every stream came, by ordinal.
    heads: BTreeMap<u64, StreamHead>,
    /// The log's last word about them, and the leaf before it in its stream.
    said: Option<(Proven, Hash)>,
    /// What they were at that word, where they went on since; nothing where they began since.
    since: BTreeMap<u64, Option<StreamHead>>,
}

impl Found {
    fn see(&mut self, wanted: Uuid, leaf: &Leaf) {
        let hash = leaf.hash();
        self.leaves.push(hash);
        // A centre may have signed what is no event. It is in the tree, and in no case.
        let Ok(header) = leaf.header() else { return };
        let Header { stream, ordinal, version, kind, kind_version, .. } = header;
        let is_word =
            stream == OWN_STREAM && (kind, kind_version) == (HeadsCommitted::KIND, HeadsCommitted::KIND_VERSION);
        if is_word && HeadsCommitted::decode(&leaf.body).is_ok() {
            self.said = Some((event(&header, leaf), header.previous));
            self.since.clear();
        }
        let before = self.heads.insert(ordinal, StreamHead { stream, version, leaf: hash });
        self.since.entry(ordinal).or_insert(before);
        if stream == wanted {
            self.events.push(event(&header, leaf));
        }
    }

    /// The log's word that nothing came after the last of the stream's events, and all heads as it has them.
    fn word(&self) -> Option<(&Proven, Hash, Whole)> {
        let ((said, previous), last) = (self.said.as_ref()?, self.events.last()?);
        if said.position <= last.position {
            return None;
        }
        let then = self.heads.iter().filter_map(|(ordinal, head)| match self.since.get(ordinal) {
            Some(before) => before.as_ref().map(StreamHead::hash),
            None => Some(head.hash()),
        });
        Some((said, *previous, then.collect()))
    }
}

fn event(header: &Header<'_>, leaf: &Leaf) -> Proven {
    let Header { position, ordinal, version, recorded_ms, kind, kind_version, .. } = *header;
    let body = leaf.body.clone();
    Proven { position, ordinal, version, recorded_ms, kind: kind.to_owned(), kind_version, body, proof: Vec::new() }
}
