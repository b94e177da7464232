//! Whether a checkpoint is to be cosigned: pure, from what is remembered and what was sent.

use transparency::Checkpoint;
use transparency::note::VerifierKey;
use transparency::request::Request;
use transparency::tree::{ProofError, Sm3Tree, verify_consistency};

/// Why a checkpoint is not cosigned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such log is known here.
    #[error("no log of this origin is known here: have its keys pinned with `yousu-witness trust`")]
    UnknownOrigin,
    /// None of the log's pinned keys signed it.
    #[error("none of the keys pinned for this log signed the checkpoint")]
    Unsigned,
    /// The old size is beyond the new one.
    #[error("the old size is beyond that of the checkpoint")]
    OldBeyond,
    /// Something else is remembered than the log believes.
    #[error("the tree seen last has size {size}")]
    OtherSize {
        /// What is remembered.
        size: u64,
    },
    /// A tree of this size is remembered, and it is another one.
    #[error("a checkpoint of this size was cosigned with another root: this log has two histories")]
    Fork,
    /// The proof does not lead from what is remembered to this checkpoint.
    #[error("the checkpoint does not follow from the one cosigned last: {0}")]
    NotConsistent(ProofError),
}

impl Refusal {
    /// Whether the log itself signed something that does not go together with what it signed before, as far as was shown. A proof of
    /// the wrong length shows nothing: anybody can send one with a checkpoint that is sound.
    pub fn is_evidence(&self) -> bool {
        match self {
            Self::Fork => true,
            Self::NotConsistent(why) => !matches!(why, ProofError::Length(_)),
            _ => false,
        }
    }
}

/// Judges a request by what is remembered of the log, in the order that the protocol lays down.
///
/// # Errors
/// [`Refusal`] if it is not to be cosigned.
pub fn judge(pinned: &[VerifierKey], remembered: Option<&Checkpoint>, request: &Request) -> Result<(), Refusal> {
    let Request { old, proof, note, checkpoint } = request;
    // What is new is signed by the keys of today: one that ended may be a thief's, and would sign a fork behind what was seen last.
    match note.verified_by(checkpoint.size, pinned.iter().filter(|key| key.until().is_none())) {
        Ok(signers) if !signers.is_empty() => {}
        _ => return Err(Refusal::Unsigned),
    }
    if *old > checkpoint.size {
        return Err(Refusal::OldBeyond);
    }
    let size = remembered.map_or(0, |remembered| remembered.size);
    if *old != size {
        return Err(Refusal::OtherSize { size });
    }
    match remembered {
        Some(known) if known.size == checkpoint.size && known.root != checkpoint.root => Err(Refusal::Fork),
        Some(known) => {
            let (earlier, later) = ((known.size, known.root), (checkpoint.size, checkpoint.root));
            verify_consistency::<Sm3Tree>(earlier, later, proof).map_err(Refusal::NotConsistent)
        }
        // Of a log that was never seen anything is believed, once.
        None if proof.is_empty() => Ok(()),
        None => Err(Refusal::NotConsistent(ProofError::Length(proof.len()))),
    }
}
