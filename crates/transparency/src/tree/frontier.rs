//! The right edge of a tree: all that has to be remembered to go on.

use std::marker::PhantomData;

use super::{Algorithm, Node, SIZE_LIMIT, Sm3Tree, join};
use crate::Hash;

const SIZE_BYTES: usize = 8;
const HASH_BYTES: usize = 32;

/// A tree's size and the roots of its complete subtrees, largest first: one for each one in the size's binary form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frontier<A = Sm3Tree> {
    size: u64,
    peaks: Vec<Hash>,
    algorithm: PhantomData<A>,
}

/// Why there is no such frontier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrontierError {
    /// It has as many leaves as a tree may have.
    #[error("a tree may have {SIZE_LIMIT} leaves, and this one would have more")]
    TooLarge,
    /// The bytes are of another length than the size in them asks for.
    #[error("{0} bytes are no frontier: its size asks for another number of hashes")]
    Length(usize),
}

impl<A> Default for Frontier<A> {
    fn default() -> Self {
        Self { size: 0, peaks: Vec::new(), algorithm: PhantomData }
    }
}

impl<A: Algorithm> Frontier<A> {
    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// One more leaf. `completed` is told of every node that has all its leaves now, the leaf itself first.
    ///
    /// # Errors
    /// [`FrontierError::TooLarge`].
    pub fn push(&mut self, leaf: Hash, mut completed: impl FnMut(Node, Hash)) -> Result<(), FrontierError> {
        if self.size >= SIZE_LIMIT {
            return Err(FrontierError::TooLarge);
        }
        let (mut node, mut hash) = (Node { level: 0, index: self.size }, leaf);
        completed(node, hash);
        while node.index % 2 == 1 {
            let Some(left) = self.peaks.pop() else { break };
            (node, hash) = (Node { level: node.level + 1, index: node.index / 2 }, A::node(&left, &hash));
            completed(node, hash);
        }
        self.peaks.push(hash);
        self.size += 1;
        Ok(())
    }

    /// The hash that stands for all leaves.
    pub fn root(&self) -> Hash {
        join::<A>(&self.peaks)
    }

    /// Size, big-endian, and the hashes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        self.peaks.iter().for_each(|peak| bytes.extend(peak.0));
        bytes
    }

    /// Reads what [`encode`](Self::encode) wrote. Whether the hashes are right only shows against leaves or a root.
    ///
    /// # Errors
    /// [`FrontierError`] unless there is one hash for each one in the size.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrontierError> {
        let refuse = FrontierError::Length(bytes.len());
        let (size, hashes) = bytes.split_first_chunk::<SIZE_BYTES>().ok_or_else(|| refuse.clone())?;
        let size = u64::from_be_bytes(*size);
        let (peaks, rest) = hashes.as_chunks::<HASH_BYTES>();
        if size > SIZE_LIMIT {
            return Err(FrontierError::TooLarge);
        }
        if !rest.is_empty() || u32::try_from(peaks.len()) != Ok(size.count_ones()) {
            return Err(refuse);
        }
        Ok(Self { size, peaks: peaks.iter().copied().map(Hash).collect(), algorithm: PhantomData })
    }
}
