//! The tree over a log's leaves, as RFC 6962 (2.1) has it: what makes one small number, the root, stand for all of them in order.
//!
//! ```text
//! MTH({})        = H()
//! MTH({leaf})    = leaf, which is H(0x00 ‖ …) already
//! MTH(D[0:n])    = H(0x01 ‖ MTH(D[0:k]) ‖ MTH(D[k:n])),  k the largest power of two below n
//! ```
//!
//! Nothing here reads or keeps a log. Whoever appends carries a [`Frontier`]: as many hashes as the size has ones in binary. Whoever
//! proves asks a [`Plan`] which nodes are wanted, fetches them, and fills it. Whoever checks needs the proof alone.

mod frontier;
mod proof;
mod whole;

pub use frontier::{Frontier, FrontierError};
pub use proof::{Plan, ProofError, consistency_plan, inclusion_plan, root_plan, verify_consistency, verify_inclusion};

pub use whole::Whole;

use crate::Hash;

/// The most leaves that a tree may have: no log comes near it, and no sum of two sizes overflows.
pub const SIZE_LIMIT: u64 = 1 << 62;

/// How nodes are hashed. The log's own is [`Sm3Tree`]; another lets a program check itself against others' trees.
pub trait Algorithm {
    /// The root of a tree without leaves.
    fn empty() -> Hash;

    /// The node above these two.
    fn node(left: &Hash, right: &Hash) -> Hash;
}

/// First byte of what is hashed for a node.
const NODE: [u8; 1] = [0x01];

/// SM3: the tree of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sm3Tree;

impl Algorithm for Sm3Tree {
    fn empty() -> Hash {
        Hash::of(b"")
    }

    fn node(left: &Hash, right: &Hash) -> Hash {
        Hash::of_parts(&[&NODE, &left.0, &right.0])
    }
}

/// A node with all of its leaves: those from `index << level` on, `1 << level` of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// Its height; a leaf has 0.
    pub level: u8,
    /// Its place among the nodes of that height, from 0.
    pub index: u64,
}

impl Node {
    /// The two beneath it, or none beneath a leaf.
    pub fn children(self) -> Option<[Self; 2]> {
        let level = self.level.checked_sub(1)?;
        Some([0, 1].map(|side| Self { level, index: self.index * 2 + side }))
    }
}

/// The nodes whose leaves together are these, from the left: each smaller than the one before. `first` is a multiple of the
/// smallest power of two that holds them all, as it is wherever the tree is split.
fn perfect(first: u64, end: u64) -> Vec<Node> {
    let (mut at, mut nodes) = (first, Vec::new());
    while at < end {
        let level = (end - at).ilog2();
        nodes.push(Node { level: u8::try_from(level).unwrap_or(u8::MAX), index: at >> level });
        at += 1 << level;
    }
    nodes
}

/// One hash for hashes from the left, each of a smaller tree than the one before.
fn join<A: Algorithm>(peaks: &[Hash]) -> Hash {
    let mut rightmost_first = peaks.iter().rev();
    let Some(last) = rightmost_first.next() else { return A::empty() };
    rightmost_first.fold(*last, |right, left| A::node(left, &right))
}

#[cfg(test)]
mod tests;
