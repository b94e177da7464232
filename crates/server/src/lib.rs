//! The `yousu` command, as a library: `main.rs` calls [`main`], and `benches` times the parts that a person waits for.
//!
//! This package holds what the domain, the log and the views do not know: the command line, HTTP, the clock, the data
//! directory, the timer. `engine` brings a command to the disk and back; `foreseen` knows which cases have a step due, and
//! `sweeps` sends the commands that rules give rise to; `cli` has a file for each subcommand; `http` serves the same over the
//! loopback address.
//!
//! Exit status: 0 done · 1 refused or failed, the reason on standard error · 2 wrong usage · 3 verification found a fault.

mod blinds;
mod cache;
mod checkpoints;
mod cli;
mod clock;
mod demo;
mod digest;
mod engine;
mod erasing;
mod foreseen;
mod http;
pub mod importing;
mod installation;
mod key_changes;
mod keys;
mod player;
mod receipts;
mod sealing;
pub mod sweeps;
mod wire;
mod witnessed;
mod witnesses;

use std::process::ExitCode;

use clap::Parser;

pub use engine::{Done, DoneEvent, Engine, EngineError};
pub use foreseen::Foreseen;
pub use sealing::Sealing;

/// What the program does, from its arguments to its exit status.
pub fn main() -> ExitCode {
    let args = cli::Args::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_env("YOUSU_LOG_LEVEL")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,sqlx=error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("yousu: cannot start its threads: {error}");
            return ExitCode::from(1);
        }
    };
    match runtime.block_on(cli::run(args)) {
        Ok(status) => status.into(),
        Err(error) => {
            eprintln!("yousu: {}", cli::explain(&error));
            ExitCode::from(1)
        }
    }
}
