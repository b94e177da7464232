//! A tree with all of its nodes at hand.

use super::{Frontier, Node};
use crate::Hash;

/// Every node that has all of its leaves: twice as many hashes as there are leaves.
#[derive(Debug, Clone, Default)]
pub struct Whole {
    tree: Frontier,
    levels: Vec<Vec<Hash>>,
}

impl Whole {
    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// The hash that stands for all leaves.
    pub fn root(&self) -> Hash {
        self.tree.root()
    }

    /// The hash of a node; `None` unless all of its leaves are there.
    pub fn node(&self, node: Node) -> Option<Hash> {
        self.levels.get(usize::from(node.level))?.get(usize::try_from(node.index).ok()?).copied()
    }
}

impl FromIterator<Hash> for Whole {
    /// Of leaves, from the first on. Beyond as many as a tree may have they are left out.
    fn from_iter<I: IntoIterator<Item = Hash>>(leaves: I) -> Self {
        let mut whole = Self::default();
        for leaf in leaves {
            let levels = &mut whole.levels;
            let pushed = whole.tree.push(leaf, |node, hash| {
                let level = usize::from(node.level);
                if level == levels.len() {
                    levels.push(Vec::new());
                }
                if let Some(nodes) = levels.get_mut(level) {
                    nodes.push(hash);
                }
            });
            if pushed.is_err() {
                break;
            }
        }
        whole
    }
}
