//! One event after the other, in the order of their positions.

use transparency::heads::{FollowedHeads, HeadsCommitted, OWN_STREAM, StreamHead};
use transparency::tree::{Frontier, Node};
use transparency::{Hash, Header};
use uuid::Uuid;

use super::{Remembered, Report, Wrong};
use crate::Centre;

/// An event as it is kept. `None` is a column that holds something else than it should.
#[derive(Debug)]
pub(crate) struct Kept<'a> {
    pub(crate) position: i64,
    pub(crate) stream: Option<Uuid>,
    pub(crate) ordinal: Option<u64>,
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
    leaf: Option<Hash>,
    /// The stream that it belongs to, with its ordinal.
    head: Option<(u64, StreamHead)>,
    /// What it says of all streams, if that is what it is for; `None` in it where it cannot be read.
    says: Option<Option<HeadsCommitted>>,
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
        let head = || {
            let (stream, version, leaf) = (kept.stream?, kept.version?, kept.leaf?);
            Some((kept.ordinal?, StreamHead { stream, version, leaf }))
        };
        let is_own = kept.stream == Some(OWN_STREAM) && kept.kind == Some(HeadsCommitted::KIND);
        if is_own && kept.kind_version.is_some_and(|version| version != HeadsCommitted::KIND_VERSION) {
            wrong.push(Wrong::HeadsVersion);
        }
        let says = is_own.then(|| kept.body.and_then(|body| HeadsCommitted::decode(body).ok()));
        Self { position: kept.position, recorded_ms: kept.recorded_ms, leaf: kept.leaf, head: head(), says, wrong }
    }
}

/// The leaf that the columns and the bytes give, or the column that holds something else than it should.
fn recomputed(centre: &Centre, kept: &Kept<'_>) -> Result<Hash, &'static str> {
    let header = Header {
        centre: centre.as_str(),
        position: u64::try_from(kept.position).map_err(|_| "position")?,
        stream: kept.stream.ok_or("stream")?,
        ordinal: kept.ordinal.ok_or("ordinal")?,
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
#[derive(Debug, Clone)]
pub(crate) struct CentreCheck<'a> {
    centre: &'a Centre,
    pub(crate) position: i64,
    pub(crate) recorded_ms: i64,
    /// Streams that began.
    pub(crate) begun: u64,
    /// The tree over the leaves as they are kept; `None` from where one is missing.
    pub(crate) tree: Option<Frontier>,
    /// Nodes of it from that height on that were not compared yet.
    nodes: Vec<(Node, Hash)>,
    kept_level: u8,
    /// How many there were.
    pub(crate) node_count: u64,
    pub(crate) heads: FollowedHeads,
    /// What somebody remembers and was not compared yet, smallest first.
    remembered: &'a [Remembered],
}

impl<'a> CentreCheck<'a> {
    /// `remembered` is this centre's, in the order of sizes; nodes from `kept_level` on are to be compared.
    pub(crate) fn new(centre: &'a Centre, remembered: &'a [Remembered], kept_level: u8) -> Self {
        Self {
            centre,
            position: 0,
            recorded_ms: 0,
            begun: 0,
            tree: Some(Frontier::default()),
            nodes: Vec::new(),
            kept_level,
            node_count: 0,
            heads: FollowedHeads::default(),
            remembered,
        }
    }

    /// Whose events they are.
    pub(crate) fn centre(&self) -> &'a Centre {
        self.centre
    }

    pub(crate) fn event(&mut self, looked: Looked, report: &mut Report) {
        let Looked { position, recorded_ms, leaf, head, says, wrong } = looked;
        let centre = self.centre.as_str();
        report.events += 1;
        self.compare(report);
        let next = self.position.saturating_add(1);
        if position > next {
            report.fault(centre, Some(next), Wrong::Missing { to: position - 1 });
        }
        let mut fault = |wrong| report.fault(centre, Some(position), wrong);
        if position < next {
            fault(Wrong::Position);
        }
        self.grow(leaf.filter(|_| position == next));
        self.position = self.position.max(position);
        if let Some(recorded_ms) = recorded_ms {
            if recorded_ms < self.recorded_ms {
                fault(Wrong::RecordedWentBack);
            }
            self.recorded_ms = self.recorded_ms.max(recorded_ms);
        }
        if let Some(says) = says
            && !self.heads.agree(self.begun, says.as_ref(), u64::try_from(position).unwrap_or(0))
        {
            fault(Wrong::Heads);
        }
        if let Some((ordinal, head)) = head {
            if head.version == 1 {
                if ordinal != self.begun {
                    fault(Wrong::Ordinal { stream: head.stream, begun: self.begun });
                }
                self.begun += 1;
            }
            self.heads.see(ordinal, head);
        }
        wrong.into_iter().for_each(fault);
    }

    fn grow(&mut self, leaf: Option<Hash>) {
        let (kept_level, nodes) = (self.kept_level, &mut self.nodes);
        let grown = self.tree.take().zip(leaf).and_then(|(mut tree, leaf)| {
            let pushed = tree.push(leaf, |node, hash| {
                if node.level >= kept_level {
                    nodes.push((node, hash));
                }
            });
            pushed.ok().map(|()| tree)
        });
        self.tree = grown;
    }

    /// Compares the tree as far as it has come with what somebody remembers of that size.
    fn compare(&mut self, report: &mut Report) {
        while let (Some(tree), Some((first, rest))) = (&self.tree, self.remembered.split_first())
            && first.size == tree.size()
        {
            if first.root != tree.root() {
                report.fault(self.centre.as_str(), None, Wrong::NotRemembered { size: first.size });
            }
            self.remembered = rest;
        }
    }

    /// Nodes that wait to be compared.
    pub(crate) fn waiting_nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Takes them, to be compared.
    pub(crate) fn take_nodes(&mut self) -> Vec<(Node, Hash)> {
        self.node_count += self.nodes.len() as u64;
        std::mem::take(&mut self.nodes)
    }

    /// The last event was seen.
    pub(crate) fn end(&mut self, report: &mut Report) {
        self.compare(report);
        let seen = u64::try_from(self.position).unwrap_or(0);
        for Remembered { size, .. } in self.remembered {
            // Where one is missing there is no tree to compare with.
            let wrong = if *size > seen {
                Wrong::ShorterThanRemembered { size: *size }
            } else {
                Wrong::NotRemembered { size: *size }
            };
            report.fault(self.centre.as_str(), None, wrong);
        }
        self.remembered = &[];
    }
}
