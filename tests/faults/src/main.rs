//! The long forms. Each prints what it did and ends with status 1 if anything was lost.

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use faults::{backup, kill};

#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    fault: Fault,
    /// Where directories are made: on the disk that is meant
    #[arg(long, global = true, default_value = ".")]
    dir: PathBuf,
    /// The same seed makes the same choices
    #[arg(long, global = true, default_value_t = 1)]
    seed: u64,
}

#[derive(Debug, Subcommand)]
enum Fault {
    /// Kills the server at random moments with commands in flight
    Kill {
        #[arg(long, default_value_t = 2_000)]
        rounds: u32,
    },
    /// Backs up beside a server with commands in flight, restores elsewhere and goes on there
    Backup {
        #[arg(long, default_value_t = 100)]
        rounds: u32,
    },
}

fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    match args.fault {
        Fault::Backup { rounds } => {
            let plan = backup::Plan { yousu: faults::built()?, dir: args.dir, rounds, seed: args.seed };
            println!("seed {}: {}", args.seed, backup::run(&plan)?);
            Ok(ExitCode::SUCCESS)
        }
        Fault::Kill { rounds } => {
            let plan = kill::Plan { yousu: faults::built()?, dir: args.dir, rounds, seed: args.seed };
            let tally = kill::run(&plan, |tally| {
                if tally.rounds.is_multiple_of(50) {
                    eprintln!("{tally}");
                }
            })?;
            println!("seed {}: {tally}", args.seed);
            Ok(if tally.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}
