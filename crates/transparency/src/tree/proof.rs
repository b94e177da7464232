//! Proofs: that a leaf is in a tree, and that one tree is the beginning of another.
//!
//! Made as RFC 6962 (2.1.1, 2.1.2) defines them, checked as RFC 9162 (2.1.3.2, 2.1.4.2) does it. A proof is the list of its hashes.

use super::{Algorithm, Node, SIZE_LIMIT, join, perfect};
use crate::Hash;

/// Which nodes make a proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan(Vec<Vec<Node>>);

/// Why there is no proof, or why it proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// A size or an index that no proof can be about.
    #[error("there is no proof about leaf or size {part} of a tree of {size}")]
    Outside {
        /// The leaf's index, or the size of the earlier tree.
        part: u64,
        /// The tree's size.
        size: u64,
    },
    /// It has another number of hashes than such a proof has.
    #[error("the proof has {0} hashes, which is not what a proof about these sizes has")]
    Length(usize),
    /// Leaf and proof give another root: the leaf is not there, or the tree is another one.
    #[error("the proof leads to another root than the one given: the history is not the one that was signed")]
    OtherRoot,
    /// The proof leads to another root for the earlier tree.
    #[error("the proof leads to another root than the earlier one: the history was rewritten between the two")]
    OtherBeginning,
}

/// What the root of the tree of this size is made of: filled, it is the root alone.
///
/// # Errors
/// [`ProofError::Outside`] unless the size is one that a tree may have.
pub fn root_plan(size: u64) -> Result<Plan, ProofError> {
    if size > SIZE_LIMIT {
        return Err(ProofError::Outside { part: size, size });
    }
    Ok(Plan(vec![perfect(0, size)]))
}

/// What proves that the leaf at this index, from 0, is in the tree of this size.
///
/// # Errors
/// [`ProofError::Outside`] unless `index < size` and the size is one that a tree may have.
pub fn inclusion_plan(index: u64, size: u64) -> Result<Plan, ProofError> {
    if index >= size || size > SIZE_LIMIT {
        return Err(ProofError::Outside { part: index, size });
    }
    let (mut first, mut end, mut parts) = (0, size, Vec::new());
    while end - first > 1 {
        let middle = first + split(end - first);
        if index < middle {
            parts.push(perfect(middle, end));
            end = middle;
        } else {
            parts.push(perfect(first, middle));
            first = middle;
        }
    }
    // From the root down; a proof goes up.
    parts.reverse();
    Ok(Plan(parts))
}

/// What proves that the tree of size `old` is the beginning of the tree of size `new`.
///
/// # Errors
/// [`ProofError::Outside`] unless `old <= new` and `new` is a size that a tree may have.
pub fn consistency_plan(old: u64, new: u64) -> Result<Plan, ProofError> {
    if old > new || new > SIZE_LIMIT {
        return Err(ProofError::Outside { part: old, size: new });
    }
    if old == 0 || old == new {
        return Ok(Plan(Vec::new()));
    }
    let (mut first, mut end, mut parts) = (0, new, Vec::new());
    while old != end {
        let middle = first + split(end - first);
        if old <= middle {
            parts.push(perfect(middle, end));
            end = middle;
        } else {
            parts.push(perfect(first, middle));
            first = middle;
        }
    }
    // The earlier tree's own root is known to whoever checks; a part of it is not.
    if first > 0 {
        parts.push(perfect(first, end));
    }
    parts.reverse();
    Ok(Plan(parts))
}

impl Plan {
    /// The nodes that have to be fetched.
    pub fn nodes(&self) -> impl Iterator<Item = Node> {
        self.0.iter().flatten().copied()
    }

    /// The proof, from these nodes.
    ///
    /// # Errors
    /// What `fetch` has.
    pub fn fill<A: Algorithm, E>(&self, mut fetch: impl FnMut(Node) -> Result<Hash, E>) -> Result<Vec<Hash>, E> {
        let part = |nodes: &Vec<Node>| {
            let peaks = nodes.iter().map(|node| fetch(*node)).collect::<Result<Vec<Hash>, E>>()?;
            Ok(join::<A>(&peaks))
        };
        self.0.iter().map(part).collect()
    }
}

/// Sees that a leaf is in the tree of this size and root.
///
/// # Errors
/// [`ProofError`] if this is not what the proof shows.
pub fn verify_inclusion<A: Algorithm>(
    (index, leaf): (u64, Hash),
    (size, root): (u64, Hash),
    proof: &[Hash],
) -> Result<(), ProofError> {
    if index >= size || size > SIZE_LIMIT {
        return Err(ProofError::Outside { part: index, size });
    }
    let (mut here, mut last, mut hash) = (index, size - 1, leaf);
    for beside in proof {
        if last == 0 {
            return Err(ProofError::Length(proof.len()));
        }
        if here % 2 == 1 || here == last {
            hash = A::node(beside, &hash);
            // It stands alone at the right edge until it has somebody to its left.
            let alone = if here == 0 { 0 } else { here.trailing_zeros() };
            (here, last) = (here >> alone, last >> alone);
        } else {
            hash = A::node(&hash, beside);
        }
        (here, last) = (here >> 1, last >> 1);
    }
    match (last, hash == root) {
        (0, true) => Ok(()),
        (0, false) => Err(ProofError::OtherRoot),
        _ => Err(ProofError::Length(proof.len())),
    }
}

/// Sees that the tree `old` is the beginning of the tree `new`, each a size and a root.
///
/// # Errors
/// [`ProofError`] if this is not what the proof shows.
pub fn verify_consistency<A: Algorithm>(
    (old, old_root): (u64, Hash),
    (new, new_root): (u64, Hash),
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old > new || new > SIZE_LIMIT {
        return Err(ProofError::Outside { part: old, size: new });
    }
    let length = ProofError::Length(proof.len());
    if old == 0 || old == new {
        // Every tree begins with nothing, and with itself.
        let known = if old == 0 { A::empty() } else { new_root };
        return match (proof.is_empty(), old_root == known) {
            (false, _) => Err(length),
            (true, false) => Err(ProofError::OtherBeginning),
            (true, true) => Ok(()),
        };
    }
    let (first, rest) = match proof {
        // A whole subtree: its root is the earlier one.
        rest if old.is_power_of_two() => (&old_root, rest),
        [first, rest @ ..] => (first, rest),
        [] => return Err(length),
    };
    let whole = (old - 1).trailing_ones();
    let (mut here, mut last) = ((old - 1) >> whole, (new - 1) >> whole);
    let (mut earlier, mut later) = (*first, *first);
    for beside in rest {
        if last == 0 {
            return Err(length);
        }
        if here % 2 == 1 || here == last {
            (earlier, later) = (A::node(beside, &earlier), A::node(beside, &later));
            let alone = if here == 0 { 0 } else { here.trailing_zeros() };
            (here, last) = (here >> alone, last >> alone);
        } else {
            later = A::node(&later, beside);
        }
        (here, last) = (here >> 1, last >> 1);
    }
    match (last, earlier == old_root, later == new_root) {
        (0, true, true) => Ok(()),
        (0, false, _) => Err(ProofError::OtherBeginning),
        (0, true, false) => Err(ProofError::OtherRoot),
        _ => Err(length),
    }
}

/// Where a tree of so many leaves, two at least, is split: the largest power of two below.
fn split(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}
