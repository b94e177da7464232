//! What was seen in a stretch of time, and how it is told.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};

use crate::server::Seen;

/// Waits in microseconds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Waits(Vec<u32>);

impl Waits {
    pub(crate) fn note(&mut self, wait: Duration) {
        self.0.push(u32::try_from(wait.as_micros()).unwrap_or(u32::MAX));
    }

    fn extend(&mut self, others: &Self) {
        self.0.extend(&others.0);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The wait, in milliseconds, that so many in ten thousand did not exceed.
    fn within(sorted: &[u32], of_ten_thousand: usize) -> f64 {
        let last = sorted.len().saturating_sub(1);
        let at = (sorted.len() * of_ten_thousand).div_ceil(10_000).saturating_sub(1).min(last);
        f64::from(sorted.get(at).copied().unwrap_or(0)) / 1e3
    }

    /// `[p50, p99, p99.9, max]` in milliseconds.
    pub(crate) fn told(&self) -> [f64; 4] {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        [5_000, 9_900, 9_990, 10_000].map(|share| Self::within(&sorted, share))
    }
}

/// What callers saw.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stretch {
    /// Of commands that were answered, whatever the answer, from the moment that they were due.
    pub(crate) commands: Waits,
    pub(crate) acknowledged: u64,
    /// By the code of the refusal.
    pub(crate) refused: BTreeMap<String, u64>,
    /// Not done and not refused either: by status and code, or the connection's error.
    pub(crate) failed: BTreeMap<String, u64>,
    /// By what was read, likewise from the moment that it was due.
    pub(crate) reads: BTreeMap<&'static str, Waits>,
    /// From an acknowledgement to the answer of a read that had to see it.
    pub(crate) lag: Waits,
    /// From the moment that somebody wished to wake, and was asleep, to the moment that he ran.
    pub(crate) woken: Waits,
    /// From the same moment until he had synced one page, as commands count.
    pub(crate) synced: Waits,
}

impl Stretch {
    pub(crate) fn add(&mut self, other: &Self) {
        self.commands.extend(&other.commands);
        self.acknowledged += other.acknowledged;
        for (sum, part) in [(&mut self.refused, &other.refused), (&mut self.failed, &other.failed)] {
            part.iter().for_each(|(code, count)| *sum.entry(code.clone()).or_default() += count);
        }
        for (what, waits) in &other.reads {
            self.reads.entry(what).or_default().extend(waits);
        }
        self.lag.extend(&other.lag);
        self.woken.extend(&other.woken);
        self.synced.extend(&other.synced);
    }

    /// One line for people.
    pub(crate) fn line(&self, name: &str, seen: &Seen) -> String {
        let mut reads = Waits::default();
        self.reads.values().for_each(|waits| reads.extend(waits));
        let count = |counts: &BTreeMap<String, u64>| counts.values().sum::<u64>();
        let waits = |[p50, p99, p999, max]: [f64; 4]| format!("{p50:.1}/{p99:.1}/{p999:.1}/{max:.0}");
        let without_p999 = |[p50, p99, _, max]: [f64; 4]| format!("{p50:.1}/{p99:.1}/{max:.0}");
        format!(
            "{name:>8} {:>7} {:>5} {:>4} | {:>24} | {:>24} | {} | {} | {} | {}",
            self.acknowledged,
            count(&self.refused),
            count(&self.failed),
            waits(self.commands.told()),
            waits(reads.told()),
            without_p999(self.lag.told()),
            without_p999(self.woken.told()),
            without_p999(self.synced.told()),
            seen.line()
        )
    }

    /// The same for programs: waits as `[p50, p99, p99.9, max]` in milliseconds.
    pub(crate) fn json(&self, name: &str, seen: &Seen) -> Value {
        let reads: BTreeMap<_, _> =
            self.reads.iter().map(|(what, waits)| (what, json!({"count": waits.len(), "ms": waits.told()}))).collect();
        json!({
            "stretch": name, "acknowledged": self.acknowledged, "refused": self.refused, "failed": self.failed,
            "command_ms": self.commands.told(), "read": reads, "lag_ms": self.lag.told(),
            "woken_late_ms": self.woken.told(), "sync_ms": self.synced.told(), "server": seen,
        })
    }
}

/// What stands above the lines.
pub(crate) const HEAD: &str = "    upto   acked  refd fail |  command ms p50/p99/p99.9/max |  read ms p50/p99/p99.9/max | lag ms p50/p99/max | woken late, likewise | and synced, likewise | server";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Waits;

    #[test]
    fn shares_are_of_what_was_seen() {
        assert_eq!(Waits::default().told(), [0.0; 4]);
        let mut waits = Waits::default();
        for ms in 1..=1_000 {
            waits.note(Duration::from_millis(ms));
        }
        assert_eq!(waits.told(), [500.0, 990.0, 999.0, 1_000.0]);
    }
}
