//! The one clock of the program. Everything else is told what time it is.

use cases::Instant;

/// What the machine says.
#[allow(clippy::disallowed_methods, reason = "this is the place that the ban points to")]
pub(crate) fn now() -> Instant {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let ms = i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX);
    Instant::from_ms(ms).or_else(|| Instant::from_ms(0)).expect("the epoch is a time")
}
