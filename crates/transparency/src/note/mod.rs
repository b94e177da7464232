//! Signed notes, as C2SP lays them down (<https://c2sp.org/signed-note>): a text that people can read, and lines of signatures
//! beneath it.
//!
//! ```text
//! yousu/410404
//! 7747
//! 3q2+7w…=
//!
//! — yousu/410404 8PcTs5…
//! — 区纪委监委 qVn1Zg…
//! ```
//!
//! A line names a key and gives four bytes that tell keys of one name apart; what the signature is of depends on the kind of the key
//! ([`Scheme`]). Lines of unknown keys are kept and say nothing.

mod keys;
pub mod secrets;

pub use keys::{KeyError, Scheme, SigningKey, VerifierKey};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The most bytes of a note that is read.
pub const NOTE_LIMIT_BYTES: usize = 64 << 10;
/// The most signatures of a note that is read.
pub const SIGNATURE_LIMIT: usize = 100;

/// The em dash and blank that each signature begins with.
const DASH: &str = "\u{2014} ";
const KEY_ID_BYTES: usize = 4;

/// A text and what was signed beneath it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

/// One line beneath a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The key's name.
    pub name: String,
    /// What tells keys of one name apart.
    pub key_id: [u8; KEY_ID_BYTES],
    /// What the key made.
    pub bytes: Vec<u8>,
}

/// Why a text is no signed note.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Larger than anything that is read.
    #[error("a note may take {NOTE_LIMIT_BYTES} bytes; this one takes {0}")]
    TooLarge(usize),
    /// More signatures than are read.
    #[error("a note may have {SIGNATURE_LIMIT} signatures; this one has more")]
    TooManySignatures,
    /// The text is empty, does not end its last line, or holds control characters.
    #[error("the text of a note ends with a line feed and holds no other control character")]
    Text,
    /// There is no blank line between text and signatures, or nothing after it.
    #[error("a note ends with a blank line and at least one signature")]
    Unsigned,
    /// A signature line that is none.
    #[error("line {0} of the signatures is none: an em dash, a name, and base64 of more than four bytes are wanted")]
    Line(usize),
}

impl Note {
    /// A note of this text that nobody signed yet.
    ///
    /// # Errors
    /// [`NoteError::Text`], [`NoteError::TooLarge`].
    pub fn new(text: String) -> Result<Self, NoteError> {
        if text.len() > NOTE_LIMIT_BYTES {
            return Err(NoteError::TooLarge(text.len()));
        }
        let is_text = text.ends_with('\n') && !text.chars().any(|c| c != '\n' && c.is_control());
        if is_text { Ok(Self { text, signatures: Vec::new() }) } else { Err(NoteError::Text) }
    }

    /// Reads a signed note. Only the one spelling of each is read, so that a note has one form.
    ///
    /// # Errors
    /// [`NoteError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > NOTE_LIMIT_BYTES {
            return Err(NoteError::TooLarge(bytes.len()));
        }
        let whole = str::from_utf8(bytes).map_err(|_| NoteError::Text)?;
        // The last blank line: a text may have some of its own.
        let at = whole.rfind("\n\n").ok_or(NoteError::Unsigned)?;
        let (text, lines) = (&whole[..=at], &whole[at + 2..]);
        let mut note = Self::new(text.to_owned())?;
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Unsigned)?;
        for (n, line) in lines.split('\n').enumerate() {
            if n == SIGNATURE_LIMIT {
                return Err(NoteError::TooManySignatures);
            }
            note.signatures.push(Signature::parse(line).ok_or(NoteError::Line(n + 1))?);
        }
        Ok(note)
    }

    /// What was signed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The lines beneath it.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Adds a line, unless it is there.
    pub fn add(&mut self, signature: Signature) {
        if !self.signatures.contains(&signature) {
            self.signatures.push(signature);
        }
    }

    /// Those of these keys whose signature is beneath this text and holds, each with the time at which it says that it signed, in
    /// seconds since 1970, where its kind says one. `size` is how large a log the text speaks of: keys that ended before that say nothing.
    /// A line that names a key and does not hold is an error, and not merely no signature: somebody altered the text, or the line.
    ///
    /// # Errors
    /// [`KeyError::DoesNotHold`].
    pub fn verified_by<'k>(
        &self,
        size: u64,
        keys: impl IntoIterator<Item = &'k VerifierKey>,
    ) -> Result<Vec<(&'k VerifierKey, Option<u64>)>, KeyError> {
        let mut verified = Vec::new();
        for key in keys.into_iter().filter(|key| key.counts_at(size)) {
            for line in self.signatures.iter().filter(|line| line.is_by(key)) {
                verified.push((key, key.verify(&self.text, &line.bytes)?));
            }
        }
        Ok(verified)
    }
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

impl Signature {
    /// Reads one line, without its end.
    pub fn parse(line: &str) -> Option<Self> {
        let (name, text) = line.strip_prefix(DASH)?.split_once(' ')?;
        let bytes = STANDARD.decode(text).ok()?;
        let (key_id, bytes) = bytes.split_first_chunk::<KEY_ID_BYTES>()?;
        let fits = keys::is_name(name) && !bytes.is_empty();
        fits.then(|| Self { name: name.to_owned(), key_id: *key_id, bytes: bytes.to_vec() })
    }

    pub(crate) fn is_by(&self, key: &VerifierKey) -> bool {
        self.name == key.name() && self.key_id == key.id()
    }
}

impl std::fmt::Display for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes = [self.key_id.as_slice(), &self.bytes].concat();
        write!(f, "{DASH}{} {}", self.name, STANDARD.encode(bytes))
    }
}

#[cfg(test)]
mod tests;
