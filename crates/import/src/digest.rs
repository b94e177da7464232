//! SM3 values, and what goes into them.

use std::fmt;

use sm3::{Digest as _, Sm3};

/// An SM3 hash, shown as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sm3::digest(bytes).into())
    }

    pub(crate) fn finish(hasher: Sm3) -> Self {
        Self(hasher.finalize().into())
    }

    /// Half of it tells millions of rows apart, at half the memory.
    pub(crate) fn short(self) -> [u8; 16] {
        let mut short = [0; 16];
        short.copy_from_slice(&self.0[..16]);
        short
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 64];
        for (two, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(self.0) {
            *two = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Hashes named texts so that no two lists of them give the same bytes. A field that is absent leaves no trace: a field
/// added to rows later changes the hash of no row that lacks it.
#[derive(Default)]
pub(crate) struct Fields(Sm3);

impl Fields {
    pub(crate) fn add(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.0.update(format!("{name} {}\n", text.len()));
            self.0.update(text);
            self.0.update("\n");
        }
    }

    pub(crate) fn digest(self) -> Digest {
        Digest::finish(self.0)
    }
}
