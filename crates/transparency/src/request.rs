//! What a log sends to a witness (<https://c2sp.org/tlog-witness>): the size that it believes is remembered there, the proof from
//! that size, and the signed checkpoint.

use crate::note::{NOTE_LIMIT_BYTES, Note, NoteError};
use crate::tree::SIZE_LIMIT;
use crate::{Checkpoint, CheckpointError, Hash};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The most hashes of a proof: no tree is as high.
const PROOF_LIMIT: usize = 63;

/// The type of an answer that says what size is remembered.
pub const SIZE_TYPE: &str = "text/x.tlog.size";

/// The most bytes of a request: the longest proof, and the longest note.
pub const REQUEST_LIMIT_BYTES: usize = NOTE_LIMIT_BYTES + 4_096;

/// A request to cosign a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The size that the log believes is remembered here.
    pub old: u64,
    /// Proves that the tree of that size is the beginning of this one.
    pub proof: Vec<Hash>,
    /// The checkpoint as it was signed.
    pub note: Note,
    /// What it says.
    pub checkpoint: Checkpoint,
}

/// Why bytes are no request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The first line is not `old SIZE`.
    #[error("the first line must be `old` and a size without leading zeros")]
    Old,
    /// No empty line ends the proof.
    #[error("an empty line must stand between the proof and the checkpoint")]
    Parts,
    /// More hashes than a proof has.
    #[error("a proof has {PROOF_LIMIT} hashes at most")]
    ProofTooLong,
    /// A line of the proof is no hash.
    #[error("line {0} of the proof is not the base64 of 32 bytes")]
    Proof(usize),
    /// What follows is no signed note.
    #[error("the checkpoint is no signed note: {0}")]
    Note(#[from] NoteError),
    /// The note is no checkpoint.
    #[error("the note is no checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
}

impl Request {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, RequestError> {
        let (head, note) = parts(bytes).ok_or(RequestError::Parts)?;
        let mut lines = str::from_utf8(head).map_err(|_| RequestError::Old)?.split('\n');
        let size = lines.next().and_then(|line| line.strip_prefix("old ")).ok_or(RequestError::Old)?;
        let old = self::size(size).ok_or(RequestError::Old)?;
        let proof = proof(lines)?;
        let note = Note::parse(note)?;
        let checkpoint = Checkpoint::parse(note.text())?;
        Ok(Self { old, proof, note, checkpoint })
    }

    /// The body of the request.
    pub fn encode(&self) -> Vec<u8> {
        let mut text = format!("old {}\n{}\n", self.old, proof_lines(&self.proof));
        text += &self.note.to_string();
        text.into_bytes()
    }
}

/// What stands before the first empty line, and what after it.
pub(crate) fn parts(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let split = bytes.windows(2).position(|two| two == b"\n\n")?;
    Some((&bytes[..split], &bytes[split + 2..]))
}

/// A size in its one spelling.
pub(crate) fn size(text: &str) -> Option<u64> {
    text.parse().ok().filter(|size: &u64| *size <= SIZE_LIMIT && size.to_string() == text)
}

/// A proof, one hash a line.
pub(crate) fn proof<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Vec<Hash>, RequestError> {
    let mut proof = Vec::new();
    for (n, line) in lines.enumerate() {
        if n == PROOF_LIMIT {
            return Err(RequestError::ProofTooLong);
        }
        let hash = STANDARD.decode(line).ok().and_then(|bytes| bytes.try_into().ok());
        proof.push(Hash(hash.ok_or(RequestError::Proof(n + 1))?));
    }
    Ok(proof)
}

pub(crate) fn proof_lines(proof: &[Hash]) -> String {
    proof.iter().map(|hash| format!("{}\n", STANDARD.encode(hash.0))).collect()
}
