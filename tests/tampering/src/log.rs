//! A centre's log in memory, made from what was to be recorded: whoever holds file and keys can make any other in the same way.

use std::collections::BTreeMap;

use anyhow::Context as _;
use transparency::evidence::{Attachment, Disclosed, Evidence, HeadProof, Proven};
use transparency::heads::{HeadsCommitted, OWN_STREAM, StreamHead, root_of};
use transparency::note::Note;
use transparency::tree::{Frontier, Node, Plan, Sm3Tree, consistency_plan, inclusion_plan};
use transparency::{Checkpoint, Hash, Header};
use uuid::Uuid;

pub(crate) const CENTRE: &str = "410404";
pub(crate) const ORIGIN: &str = "yousu/410404";

/// What is to be recorded next.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Draft {
    pub(crate) stream: Uuid,
    pub(crate) recorded_ms: i64,
    pub(crate) what: What,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum What {
    /// An event of a case.
    Event { kind: &'static str, body: Vec<u8> },
    /// Where all streams stand.
    Heads,
    /// Where all streams stand, said as if the last event of this one were not there.
    HeadsWithoutLast(Uuid),
}

impl Draft {
    pub(crate) fn is_of(&self, stream: Uuid) -> bool {
        self.stream == stream
    }
}

/// Events, leaves and every whole node of the tree over them.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    pub(crate) drafts: Vec<Draft>,
    pub(crate) events: Vec<(Uuid, Proven, Hash)>,
    nodes: BTreeMap<Node, Hash>,
}

impl Log {
    /// Everything made anew: positions, versions, ordinals, leaves, words about streams, tree.
    pub(crate) fn of(drafts: Vec<Draft>) -> anyhow::Result<Self> {
        let mut log = Self { drafts: Vec::new(), events: Vec::new(), nodes: BTreeMap::new() };
        let (mut tree, mut streams) = (Frontier::<Sm3Tree>::default(), Vec::<Uuid>::new());
        for draft in drafts {
            let (kind, body) = match &draft.what {
                What::Event { kind, body } => (*kind, body.clone()),
                What::Heads => (HeadsCommitted::KIND, log.word(&log.heads(log.len()))?),
                What::HeadsWithoutLast(stream) => {
                    (HeadsCommitted::KIND, log.word(&log.heads_without_last(log.len(), *stream))?)
                }
            };
            let ordinal = streams.iter().position(|stream| draft.is_of(*stream)).unwrap_or_else(|| {
                streams.push(draft.stream);
                streams.len() - 1
            });
            let before = log.of_stream(draft.stream, log.len());
            let event = Proven {
                position: log.len() + 1,
                ordinal: ordinal as u64,
                version: before.len() as u64 + 1,
                recorded_ms: draft.recorded_ms,
                kind: kind.to_owned(),
                kind_version: 1,
                body,
                proof: Vec::new(),
            };
            let leaf = leaf(&event, draft.stream, before.last().map_or(Hash::ZERO, |(_, leaf)| *leaf))?;
            tree.push(leaf, |node, hash| _ = log.nodes.insert(node, hash))?;
            log.events.push((draft.stream, event, leaf));
            log.drafts.push(draft);
        }
        Ok(log)
    }

    pub(crate) fn len(&self) -> u64 {
        self.events.len() as u64
    }

    /// Events and leaves of a stream among the first `size`.
    pub(crate) fn of_stream(&self, stream: Uuid, size: u64) -> Vec<(&Proven, Hash)> {
        let until = self.events.iter().take_while(|(_, event, _)| event.position <= size);
        until.filter(|(of, ..)| *of == stream).map(|(_, event, leaf)| (event, *leaf)).collect()
    }

    /// Streams among the first `size` events, in the order of their ordinals.
    pub(crate) fn streams(&self, size: u64) -> Vec<Uuid> {
        let mut streams = Vec::new();
        for (stream, event, _) in &self.events {
            if event.position <= size && event.version == 1 {
                streams.push(*stream);
            }
        }
        streams
    }

    fn heads(&self, size: u64) -> Vec<StreamHead> {
        let head = |stream| {
            let (event, leaf) = *self.of_stream(stream, size).last()?;
            Some(StreamHead { stream, version: event.version, leaf })
        };
        self.streams(size).into_iter().filter_map(head).collect()
    }

    fn heads_without_last(&self, size: u64, stream: Uuid) -> Vec<StreamHead> {
        let mut heads = self.heads(size);
        let own = self.of_stream(stream, size);
        if let (Some(head), [.., (before, leaf), _]) =
            (heads.iter_mut().find(|head| head.stream == stream), own.as_slice())
        {
            *head = StreamHead { stream, version: before.version, leaf: *leaf };
        }
        heads
    }

    fn word(&self, heads: &[StreamHead]) -> anyhow::Result<Vec<u8>> {
        let root = root_of(heads.iter().map(StreamHead::hash));
        Ok(HeadsCommitted { root, streams: heads.len() as u64 }.encode()?)
    }

    pub(crate) fn node(&self, node: Node) -> anyhow::Result<Hash> {
        self.nodes.get(&node).copied().context("no such node")
    }

    fn fill(&self, plan: &Plan) -> anyhow::Result<Vec<Hash>> {
        plan.fill::<Sm3Tree, _>(|node| self.node(node))
    }

    pub(crate) fn checkpoint(&self, size: u64) -> anyhow::Result<Checkpoint> {
        let mut tree = Frontier::<Sm3Tree>::default();
        for (_, event, leaf) in &self.events {
            if event.position <= size {
                tree.push(*leaf, |_, _| ())?;
            }
        }
        Ok(Checkpoint { origin: ORIGIN.to_owned(), size, root: tree.root(), extensions: Vec::new() })
    }

    pub(crate) fn consistency(&self, old: u64, new: u64) -> anyhow::Result<Vec<Hash>> {
        self.fill(&consistency_plan(old, new)?)
    }

    /// The proof that leads to both roots as far as one can: below `old` the nodes of the true log, above it those of this one.
    pub(crate) fn consistency_beside(&self, honest: &Self, old: u64, new: u64) -> anyhow::Result<Vec<Hash>> {
        consistency_plan(old, new)?.fill::<Sm3Tree, _>(|node| {
            let is_below = (node.index + 1) << node.level <= old;
            if is_below { honest.node(node) } else { self.node(node) }
        })
    }

    /// An event with the proof that it is in the tree of this size.
    pub(crate) fn proven(&self, event: &Proven, size: u64) -> anyhow::Result<Proven> {
        let proof = self.fill(&inclusion_plan(event.position - 1, size)?)?;
        Ok(Proven { proof, ..event.clone() })
    }

    /// The log's word at this position, and a stream's place in what it says.
    pub(crate) fn head(&self, at: u64, stream: Uuid, size: u64) -> anyhow::Result<Option<HeadProof>> {
        let index = usize::try_from(at)?.checked_sub(1).context("positions begin with 1")?;
        let (_, event, _) = self.events.get(index).context("no such event")?;
        let heads = match self.drafts[index].what {
            What::HeadsWithoutLast(of) => self.heads_without_last(at - 1, of),
            _ => self.heads(at - 1),
        };
        let Some(ordinal) = heads.iter().position(|head| head.stream == stream) else { return Ok(None) };
        let (mut tree, mut nodes) = (Frontier::<Sm3Tree>::default(), BTreeMap::new());
        for head in &heads {
            tree.push(head.hash(), |node, hash| _ = nodes.insert(node, hash))?;
        }
        let plan = inclusion_plan(ordinal as u64, heads.len() as u64)?;
        let proof = plan.fill::<Sm3Tree, _>(|node| nodes.get(&node).copied().context("no such node"))?;
        let own = self.of_stream(OWN_STREAM, at - 1);
        let previous = own.last().map_or(Hash::ZERO, |(_, leaf)| *leaf);
        Ok(Some(HeadProof { event: self.proven(event, size)?, previous, proof }))
    }

    /// Positions of the log's words about its streams among the first `size` events.
    pub(crate) fn words(&self, size: u64) -> Vec<u64> {
        self.of_stream(OWN_STREAM, size).iter().map(|(event, _)| event.position).collect()
    }

    /// What a centre hands over: the events of a stream under this note, whose size is given, with the latest word about streams if
    /// it stands behind the last of them.
    pub(crate) fn evidence(&self, stream: Uuid, note: &Note, size: u64, shown: &Shown) -> anyhow::Result<Evidence> {
        let events = self.of_stream(stream, size);
        let last = events.last().map_or(0, |(event, _)| event.position);
        let events = events.into_iter().map(|(event, _)| self.proven(event, size)).collect::<anyhow::Result<_>>()?;
        let head = match self.words(size).last() {
            Some(at) if *at > last => self.head(*at, stream, size)?,
            _ => None,
        };
        let earlier = match &shown.kept {
            Some((kept, old)) if *old <= size => Some((kept.clone(), self.consistency(*old, size)?)),
            _ => None,
        };
        let Shown { disclosed, attachments, .. } = shown.clone();
        Ok(Evidence { stream, checkpoint: note.clone(), earlier, events, head, disclosed, attachments })
    }
}

/// What evidence has to show beside events.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown {
    /// The checkpoint that the reader kept, and its size.
    pub(crate) kept: Option<(Note, u64)>,
    pub(crate) disclosed: Vec<Disclosed>,
    pub(crate) attachments: Vec<Attachment>,
}

pub(crate) fn leaf(event: &Proven, stream: Uuid, previous: Hash) -> anyhow::Result<Hash> {
    let Proven { position, ordinal, version, recorded_ms, kind_version, .. } = *event;
    let kind = &event.kind;
    let header =
        Header { centre: CENTRE, position, stream, ordinal, version, recorded_ms, kind, kind_version, previous };
    Ok(header.leaf(Hash::of(&event.body))?)
}
