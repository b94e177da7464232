//! A checkpoint: how large a centre's log is and what its root is, as the text of a note (<https://c2sp.org/tlog-checkpoint>).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Hash;
use crate::tree::SIZE_LIMIT;

/// Size and root of one log, under a name that no other log has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: the origin.
    pub origin: String,
    /// How many leaves.
    pub size: u64,
    /// Their root.
    pub root: Hash,
    /// Lines of whatever else was signed with it.
    pub extensions: Vec<String>,
}

/// Why a text is no checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// A line is missing, or empty.
    #[error("a checkpoint has three lines at least, and none of them is empty")]
    Lines,
    /// The second line is no size.
    #[error("`{0}` is no size: a decimal number without leading zeros, {SIZE_LIMIT} at most, is wanted")]
    Size(String),
    /// The third line is no root.
    #[error("`{0}` is no root: base64 of 32 bytes is wanted")]
    Root(String),
}

impl Checkpoint {
    /// The text to sign.
    pub fn text(&self) -> String {
        let Self { origin, size, root, extensions } = self;
        let mut text = format!("{origin}\n{size}\n{}\n", STANDARD.encode(root.0));
        extensions.iter().for_each(|line| text.extend([line, "\n"]));
        text
    }

    /// How large the log was when its keys changed last, by a line that says so ([`crate::key_change`]). It proves nothing, and tells whoever
    /// knows none of the keys that signed what to look for.
    pub fn keys_changed_after(&self) -> Option<u64> {
        self.extensions.iter().find_map(|line| line.strip_prefix("keys ")?.parse().ok())
    }

    /// Reads a text that was signed. Only the one spelling is read.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let lines: Vec<&str> = text.strip_suffix('\n').ok_or(CheckpointError::Lines)?.split('\n').collect();
        let [origin, size, root, extensions @ ..] = lines.as_slice() else { return Err(CheckpointError::Lines) };
        if lines.iter().any(|line| line.is_empty()) {
            return Err(CheckpointError::Lines);
        }
        let number = size.parse().ok().filter(|number: &u64| *number <= SIZE_LIMIT && number.to_string() == *size);
        let bytes = STANDARD.decode(root).ok().and_then(|bytes| bytes.try_into().ok());
        Ok(Self {
            origin: (*origin).to_owned(),
            size: number.ok_or_else(|| CheckpointError::Size((*size).chars().take(80).collect()))?,
            root: Hash(bytes.ok_or_else(|| CheckpointError::Root((*root).chars().take(80).collect()))?),
            extensions: extensions.iter().map(|line| (*line).to_owned()).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_text_is_read() {
        let root = Hash::of(b"abc");
        let checkpoint =
            Checkpoint { origin: "yousu/410404".into(), size: 7_747, root, extensions: vec!["heads x".into()] };
        let text = checkpoint.text();
        assert_eq!(text, "yousu/410404\n7747\nZsfw9GLu7dnR8tRr3BDk4kFnxIdc8veiKX2gK49LqOA=\nheads x\n");
        assert_eq!(Checkpoint::parse(&text), Ok(checkpoint));
        for (from, to) in [
            ("7747", "07747"),
            ("7747", "+7747"),
            ("7747", "9999999999999999999"),
            ("7747\n", "\n"),
            ("OA=", "OA"),
            ("OA=", "OB="),
            ("heads x\n", "heads x"),
            ("heads x\n", "\n"),
        ] {
            assert!(Checkpoint::parse(&text.replacen(from, to, 1)).is_err(), "{from} → {to}");
        }
    }
}
