//! The tree of heads, computed again beside the log.

use std::collections::BTreeMap;

use transparency::Hash;
use transparency::heads::{HeadsCommitted, StreamHead, Update};
use transparency::tree::Node;

/// The tree of heads, as far as it was committed to, and what changed since.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heads {
    /// Its nodes by height and place.
    pub(crate) levels: Vec<Vec<Hash>>,
    /// The last position that it covers.
    pub(crate) committed: i64,
    pub(super) changed: BTreeMap<u64, StreamHead>,
}

impl Heads {
    /// Brings the tree up to an event at this position, before which so many streams had begun: whether it is as the event says.
    pub(super) fn agree(&mut self, streams: u64, says: Option<&HeadsCommitted>, position: i64) -> bool {
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
