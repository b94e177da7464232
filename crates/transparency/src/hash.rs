//! SM3 (GB/T 32905), the one hash of the log.

use std::fmt;
use std::str::FromStr;

use sm3::{Digest, Sm3};

/// An SM3 value. Written and read as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

/// Why a piece of text is no [`Hash`](struct@Hash).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no SM3 value: 64 lower-case hexadecimal digits are wanted")]
pub struct HashError(String);

impl Hash {
    /// Stands where there is nothing to hash, as before a stream's first event. Nobody knows bytes with this hash.
    pub const ZERO: Self = Self([0; 32]);

    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self::of_parts(&[bytes])
    }

    /// The hash of these bytes one after the other.
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut hasher = Hasher::default();
        parts.iter().for_each(|part| hasher.update(part));
        hasher.finish()
    }
}

/// The hash of bytes that come piece by piece, as of a file that does not fit in memory.
#[derive(Debug, Clone, Default)]
pub struct Hasher(Sm3);

impl Hasher {
    /// These bytes come next.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all that came.
    pub fn finish(self) -> Hash {
        Hash(self.0.finalize().into())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let bytes: Option<Vec<u8>> = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
        match bytes.map(<[u8; 32]>::try_from) {
            Some(Ok(bytes)) if rest.is_empty() => Ok(Self(bytes)),
            _ => Err(HashError(text.chars().take(80).collect())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_standards_own_example() {
        // GB/T 32905-2016, appendix A.1: the message "abc".
        let printed = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";
        assert_eq!(Hash::of(b"abc").to_string(), printed);
        assert_eq!(Hash::of_parts(&[b"a", b"", b"bc"]).to_string(), printed);
        assert_eq!(printed.parse(), Ok(Hash::of(b"abc")));
    }

    #[test]
    fn only_the_one_spelling_is_read() {
        let good = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";
        for bad in
            ["", &good[1..], &good.to_uppercase(), &format!("{good}0"), &format!("{good}00"), &good.replace('6', "g")]
        {
            assert!(bad.parse::<Hash>().is_err(), "{bad}");
        }
    }
}
