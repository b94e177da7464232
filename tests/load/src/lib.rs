//! An even load on the real program, and whether anything grows under it: latency, memory, files, the views' lag.
//!
//! The schedule is fixed before the first command is sent, and every wait counts from the moment that a command was *due*.
//! A server that stalls for a second therefore shows a second's worth of late commands, not one slow one. Beside it stands what somebody
//! who only wakes and syncs a page saw of the machine: a stall that he does not share is hardly the machine's. Long form:
//! `cargo run --release -p load -- --minutes 30` beside a release build of `yousu`; the test takes a few hundred commands.

mod after;
mod figures;
mod lives;
mod machine;
mod run;
mod server;
mod turns;

pub use after::Outcome;
pub use run::{Plan, run};
