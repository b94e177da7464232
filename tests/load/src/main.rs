//! An even load for as long as one likes. Ends with status 1 if anything acknowledged is not there, or a view stayed behind.

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use load::Plan;

#[derive(Debug, Parser)]
struct Args {
    #[arg(long, default_value_t = 30)]
    minutes: u64,
    /// Commands a second
    #[arg(long, default_value_t = 1_000)]
    rate: u64,
    /// Reads a second
    #[arg(long, default_value_t = 200)]
    reads: u64,
    /// Appeals that are on their way at once: more than the server keeps in memory
    #[arg(long, default_value_t = 20_000)]
    open: u64,
    /// A line every so many seconds
    #[arg(long, default_value_t = 60)]
    every: u64,
    /// Where the data directory is made: on the disk that is meant
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// Adds a line of JSON for each stretch to this file
    #[arg(long)]
    keep: Option<PathBuf>,
}

fn main() -> anyhow::Result<ExitCode> {
    let Args { minutes, rate, reads, open, every, dir, keep } = Args::parse();
    let plan = Plan { yousu: faults::built()?, dir, seconds: minutes * 60, rate, reads, open, every, keep };
    let outcome = load::run(&plan, |line| println!("{line}"))?;
    println!("{outcome:?}");
    Ok(if outcome.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
