//! What happened, as one number; in words where somebody asks for them.

use std::fmt::{self, Write as _};

/// Everything that is noted goes into the number: two runs with the same one went the same way.
#[derive(Debug, Clone)]
pub(crate) struct Trace {
    hash: u64,
    lines: Option<Vec<String>>,
}

impl Trace {
    pub(crate) fn new(in_words: bool) -> Self {
        Self { hash: 0xCBF2_9CE4_8422_2325, lines: in_words.then(Vec::new) }
    }

    pub(crate) fn note(&mut self, what: fmt::Arguments<'_>) {
        // Hashing does not fail.
        let _ = self.write_fmt(what);
        let _ = self.write_char('\n');
        if let Some(lines) = &mut self.lines {
            lines.push(what.to_string());
        }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn lines(&self) -> &[String] {
        self.lines.as_deref().unwrap_or_default()
    }
}

impl fmt::Write for Trace {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.hash = mix(self.hash, text.as_bytes());
        Ok(())
    }
}

/// FNV-1a, eight bytes at a time: whole database pages go through it.
pub(crate) fn mix(mut hash: u64, bytes: &[u8]) -> u64 {
    const PRIME: u64 = 0x0000_0100_0000_01B3;
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        hash = (hash ^ u64::from_le_bytes(*word)).wrapping_mul(PRIME);
        hash ^= hash >> 29;
    }
    for byte in rest {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
    }
    hash
}
