//! Our log and views beside the limit of the machine, measured in turn in one run: `cargo run --release -p benches`.
//!
//! Figures of different runs or machines say little, for a disk's `fdatasync` moves by a third from hour to hour; ratios of
//! one run do. Every reading is kept with `--keep FILE`; what is printed are medians over the rounds. The directory must
//! lie on the disk that is meant: the system's temporary one may be memory.

#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "readings are rounded anyway"
)]

mod append;
mod limit;
mod reading;
mod reads;
mod sizes;

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use reading::Readings;

#[derive(Debug, Parser)]
struct Args {
    /// What to measure; all of it if nothing is named
    measures: Vec<Measure>,
    /// How often, in turn
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// How long each kind of append goes on, in seconds
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// How many events the logs hold that are read
    #[arg(long, default_value_t = 200_000)]
    events: u64,
    /// Where the logs are made
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// Adds every reading to this file, a line of JSON each
    #[arg(long)]
    keep: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Measure {
    /// Durable appends by 1, 16 and 256 callers
    Append,
    /// A case, the whole log, `verify`
    Read,
    /// The views made anew
    Views,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let wanted = |measure| args.measures.is_empty() || args.measures.contains(&measure);
    let mut readings = Readings::default();
    for round in 1..=args.rounds {
        eprintln!("round {round} of {}", args.rounds);
        if wanted(Measure::Append) {
            append::run(&args.dir, args.seconds, &mut readings).await?;
        }
        if wanted(Measure::Read) {
            reads::run(&args.dir, args.events, &mut readings).await?;
        }
        if wanted(Measure::Views) {
            reads::views(&args.dir, args.events, &mut readings).await?;
        }
    }
    if let Some(file) = &args.keep {
        readings.keep(file)?;
    }
    print!("{}", readings.table());
    Ok(())
}
