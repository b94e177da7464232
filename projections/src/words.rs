//! Words and times as views write them.

pub use cases::term;

/// Text in one line: a cell of a ledger, a row of a list.
pub(crate) fn in_a_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A time as the ledger writes it: `2026-03-04 10:02`.
pub(crate) fn minute(at: cases::Instant) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}
