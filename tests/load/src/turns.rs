//! A schedule that is fixed in advance, and whose turn it is.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// So many a second from a moment on, shared by those who take turns.
#[derive(Debug)]
pub(crate) struct Turns {
    started: Instant,
    per_second: u64,
    most: u64,
    /// Beyond it nobody begins a turn, however many are left: the server cannot keep up, and that has been seen.
    until: Instant,
    next: AtomicU64,
}

impl Turns {
    pub(crate) fn new(started: Instant, per_second: u64, lasting: Duration, grace: Duration) -> Self {
        let most = per_second * lasting.as_secs();
        Self { started, per_second, most, until: started + lasting + grace, next: AtomicU64::new(0) }
    }

    /// The next turn and its moment, once that has come.
    pub(crate) fn take(&self) -> Option<(u64, Instant)> {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        if n >= self.most || Instant::now() > self.until {
            return None;
        }
        let due = self.started
            + Duration::from_secs(1) * u32::try_from(n / self.per_second).unwrap_or(u32::MAX)
            + Duration::from_nanos(n % self.per_second * 1_000_000_000 / self.per_second);
        wait_until(due);
        Some((n, due))
    }
}

/// Lets the time pass until a moment of the schedule.
#[allow(
    clippy::disallowed_methods,
    reason = "an even load is a matter of time and nothing else: there is no thing to wait for"
)]
pub(crate) fn wait_until(moment: Instant) {
    std::thread::sleep(moment.saturating_duration_since(Instant::now()));
}
