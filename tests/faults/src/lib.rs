//! Faults, and what must hold after each: nothing acknowledged is lost, nothing is there twice, no position is missing, and
//! `verify` finds nothing.
//!
//! The victim is the real program, unchanged; what it acknowledged is kept here, in another process. [`kill`] ends it at random
//! moments. The others put a shim between it and the system ([`Shim`]): [`power`] records what it did to its files and cuts the
//! record anywhere; [`matrix`] spoils each storage call of each operation in every way; [`slow_disk`] and [`clock`] are what they say. Every random choice follows from a seed that is printed. The long forms are this package's program;
//! `tests/short.rs` runs a little of each.

pub mod backup;
mod chance;
mod client;
pub mod clock;
pub mod kill;
mod load;
pub mod matrix;
pub mod power;
mod program;
mod record;
mod shim;
pub mod slow_disk;

pub use chance::Chance;
pub use client::{Answer, Client};
pub use kill::command_of;
pub use program::{built, serve};
pub use shim::Shim;
