//! Mutations that follow from a number: a poor fuzzer, which needs nothing but a stable compiler.

/// Endless inputs made from seeds.
#[derive(Debug)]
pub struct Mutations<'a> {
    seeds: &'a [Vec<u8>],
    state: u64,
}

/// What means something to one decoder or another.
const WORDS: [&[u8]; 24] = [
    b"null",
    b"true",
    b"-1",
    b"0",
    b"1e999",
    b"9223372036854775808",
    b"18446744073709551615",
    b"{}",
    b"[]",
    b"\"\"",
    b"{",
    b"}",
    b"\"",
    b"\\u0000",
    b",",
    b";",
    b"\r\n",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"0001-01-01",
    b"9999-12-31T23:59:60Z",
    b"262143-12-31",
    "张".as_bytes(),
];

impl<'a> Mutations<'a> {
    /// # Panics
    /// Without a seed.
    pub fn new(seeds: &'a [Vec<u8>], state: u64) -> Self {
        assert!(!seeds.is_empty(), "there is nothing to mutate");
        Self { seeds, state }
    }

    /// SplitMix64.
    fn below(&mut self, n: usize) -> usize {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) >> 33).expect("31 bits") % n.max(1)
    }

    fn piece(&mut self, of: &[u8]) -> std::ops::Range<usize> {
        let start = self.below(of.len());
        start..start + self.below((of.len() - start).min(64) + 1)
    }

    /// What stands between a colon or an equals sign and the next comma, bracket or line's end: a value of JSON or TOML.
    fn value(&mut self, of: &[u8]) -> Option<std::ops::Range<usize>> {
        let from = self.below(of.len());
        let start = from + of[from..].iter().position(|byte| matches!(byte, b':' | b'='))? + 1;
        let length = of[start..].iter().position(|byte| matches!(byte, b',' | b'}' | b']' | b'\n'))?;
        Some(start..start + length)
    }

    /// Another value in the place of one: what is well formed and may mean something else.
    fn change_value(&mut self, bytes: &mut Vec<u8>) {
        let Some(value) = self.value(bytes) else { return };
        let other = &self.seeds[self.below(self.seeds.len())];
        match self.value(other) {
            Some(theirs) if self.below(4) > 0 => drop(bytes.splice(value, other[theirs].iter().copied())),
            _ => drop(bytes.splice(value, WORDS[self.below(WORDS.len())].iter().copied())),
        }
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        if self.below(2) == 0 {
            return self.change_value(bytes);
        }
        let at = self.below(bytes.len() + 1);
        match self.below(7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
            1 => bytes.truncate(at),
            2 => drop(bytes.splice(at..at, WORDS[self.below(WORDS.len())].iter().copied())),
            3 => {
                let piece = self.piece(bytes);
                bytes.splice(piece, WORDS[self.below(WORDS.len())].iter().copied());
            }
            4 => {
                let piece = self.piece(bytes);
                bytes.drain(piece);
            }
            5 => {
                let again = bytes[self.piece(bytes)].to_vec();
                bytes.splice(at..at, again);
            }
            _ => {
                let other = &self.seeds[self.below(self.seeds.len())];
                let piece = self.piece(other);
                bytes.splice(at..at, other[piece].iter().copied());
            }
        }
    }
}

impl Iterator for Mutations<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let seed = self.below(self.seeds.len());
        let mut bytes = self.seeds[seed].clone();
        // One change for the most part: most of what several make is refused at the first of them.
        for _ in 0..1 + self.below(2) * self.below(4) {
            self.change(&mut bytes);
        }
        Some(bytes)
    }
}
