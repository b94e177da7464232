//! The log against a reference, on a disk that fails, in an order that a seed decides.
//!
//! The log is the real one, with the real SQLite; beneath it lies a disk in memory ([`disk`]), above it some callers, and a
//! schedule polls all of them by hand ([`schedule`]). So a seed decides everything: what is asked, who goes next, where a process
//! is killed or the power cut, which write or sync is refused. After each end the log is opened again and held against what
//! callers were told ([`check`]). The same seed makes the same run, to the last byte on the disk.
//!
//! Long form: `cargo run --release -p model -- --seeds 100000`; `tests/short.rs` runs some hundreds, and finds planted bugs.
//!
//! What it does not show: another process beside the writer, a disk that gives back other bytes than were written, and
//! everything below a file system's promises.

mod check;
mod client;
mod disk;
mod history;
mod life;
mod run;
mod schedule;
mod tally;
mod trace;
mod world;

pub use event_log::model::Plant;
pub use tally::Tally;
pub use world::{Outcome, World};
