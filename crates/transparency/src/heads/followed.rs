//! The tree of heads, computed again beside a log that is read from its start.

use std::collections::BTreeMap;

use super::{HeadsCommitted, StreamHead, Update};
use crate::Hash;
use crate::tree::Node;

/// The tree of heads, as far as it was committed to, and what changed since.
#[derive(Debug, Clone, Default)]
pub struct FollowedHeads {
    levels: Vec<Vec<Hash>>,
    committed: u64,
    changed: BTreeMap<u64, StreamHead>,
}

impl FollowedHeads {
    /// Its nodes by height and place.
    pub fn levels(&self) -> &[Vec<Hash>] {
        &self.levels
    }

    /// The last position that it covers; 0 if it was never committed to.
    pub fn committed(&self) -> u64 {
        self.committed
    }

    /// The stream of this ordinal came so far.
    pub fn see(&mut self, ordinal: u64, head: StreamHead) {
        self.changed.insert(ordinal, head);
    }

    /// Brings the tree up to an event at this position, before which so many streams had begun: whether it is as the event says.
    pub fn agree(&mut self, streams: u64, says: Option<&HeadsCommitted>, position: u64) -> bool {
        let changed = std::mem::take(&mut self.changed).into_iter().map(|(ordinal, head)| (ordinal, head.hash()));
        let update = Update::new(streams, changed.collect());
        let kept = |node: Node| {
            let level = self.levels.get(usize::from(node.level))?;
            level.get(usize::try_from(node.index).ok()?).copied()
        };
        let Some((nodes, root)) = update.apply(kept) else { return false };
        self.committed = position.saturating_sub(1);
        let is_whole = nodes.into_iter().all(|(node, hash)| self.set(node, hash));
        is_whole && says == Some(&HeadsCommitted { root, streams })
    }

    /// Whether the node has its place: in a log that is not sound there may be ordinals far beyond the streams there are.
    fn set(&mut self, Node { level, index }: Node, hash: Hash) -> bool {
        let (level, index) = (usize::from(level), usize::try_from(index).unwrap_or(usize::MAX));
        if level == self.levels.len() {
            self.levels.push(Vec::new());
        }
        let Some(nodes) = self.levels.get_mut(level) else { return false };
        if index == nodes.len() {
            nodes.push(hash);
            return true;
        }
        nodes.get_mut(index).map(|node| *node = hash).is_some()
    }
}
