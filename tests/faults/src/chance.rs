//! Chance, and the one place that waits.

use std::time::Duration;

/// A small deterministic source (SplitMix64).
#[derive(Debug)]
pub struct Chance(pub u64);

impl Chance {
    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n.max(1)
    }

    /// Lets a random time pass, so that a fault comes at a moment that nobody chose.
    #[allow(clippy::disallowed_methods, reason = "the fault is to come at any moment: there is nothing to wait for")]
    pub fn pause(&mut self, most: Duration) {
        let micros = self.below(u64::try_from(most.as_micros()).unwrap_or(u64::MAX));
        std::thread::sleep(Duration::from_micros(micros));
    }
}
