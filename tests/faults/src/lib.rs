//! Faults, and what must hold after each: nothing acknowledged is lost, nothing is there twice, no position is missing, and
//! `verify` finds nothing.
//!
//! The victim is the real program; what it acknowledged is kept here, in another process. Every random choice follows from a
//! seed that is printed. Long form: `cargo run --release -p faults -- kill --rounds 2000`; `tests/short.rs` runs a few rounds.

pub mod backup;
mod chance;
mod client;
pub mod kill;
mod program;

pub use program::built;
