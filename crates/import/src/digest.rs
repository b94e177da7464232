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
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
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
