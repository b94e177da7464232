//! The long forms. Each prints what it did and ends with status 1 if anything was lost.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context as _;
use clap::{Parser, Subcommand, ValueEnum as _};
use faults::{Shim, backup, clock, kill, matrix, power, slow_disk};

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
    /// Loses writes that were not synced, at random moments of one run
    Power {
        #[arg(long, default_value_t = 200)]
        cuts: u64,
        /// In each of the three times that the server runs
        #[arg(long, default_value_t = 1_000)]
        commands: u64,
        /// A yousu built with `--features event-log/planted-faults`: it commits with synchronous=NORMAL, and must be seen
        /// to lose what it acknowledged. Without one, the syncs of commits are taken out of a sound program's record.
        #[arg(long, value_name = "YOUSU")]
        weakened: Option<PathBuf>,
        /// The record of the run that is cut: used again where it is there, and else left there. Without it the record is left as
        /// `power-SEED.record` if anything is found.
        #[arg(long, value_name = "FILE")]
        record: Option<PathBuf>,
    },
    /// Spoils every storage call of every operation in every way
    Matrix {
        /// Only these operations
        #[arg(long, value_enum)]
        operations: Vec<matrix::Operation>,
        /// Only these calls
        #[arg(long)]
        calls: Vec<String>,
        /// Places in a run at which each call is spoiled
        #[arg(long, default_value_t = 5)]
        places: u64,
    },
    /// Makes every sync slow, with many callers at once
    SlowDisk {
        #[arg(long, default_value_t = 256)]
        callers: usize,
        /// Commands of each caller
        #[arg(long, default_value_t = 100)]
        each: u64,
        #[arg(long, default_value_t = 10)]
        sync_ms: u64,
        /// How many times what one commit each would give the log must reach
        #[arg(long, default_value_t = 80.0)]
        times: f64,
    },
    /// Steps the machine's clock back and forward
    Clock,
    /// Appends to a log in this process and prints how many a second: what `slow-disk` measures
    #[command(hide = true)]
    Append { log_dir: PathBuf, callers: usize, each: u64 },
    /// Backs up beside a server with commands in flight, restores elsewhere and goes on there
    Backup {
        #[arg(long, default_value_t = 100)]
        rounds: u32,
    },
}

fn main() -> anyhow::Result<ExitCode> {
    let mut args = Args::parse();
    // The shim knows files by their whole paths, and so do the program's messages that are looked for.
    args.dir = args.dir.canonicalize().with_context(|| format!("{} cannot be opened", args.dir.display()))?;
    let is_well = match &args.fault {
        Fault::Backup { rounds } => {
            let plan = backup::Plan { yousu: faults::built()?, dir: args.dir, rounds: *rounds, seed: args.seed };
            println!("seed {}: {}", args.seed, backup::run(&plan)?);
            true
        }
        Fault::Kill { rounds } => {
            let plan = kill::Plan { yousu: faults::built()?, dir: args.dir, rounds: *rounds, seed: args.seed };
            let tally = kill::run(&plan, |tally| {
                if tally.rounds.is_multiple_of(50) {
                    eprintln!("{tally}");
                }
            })?;
            println!("seed {}: {tally}", args.seed);
            tally.is_clean()
        }
        Fault::Power { cuts, commands, weakened, record } => {
            let (dir, record) = (args.dir.clone(), record.clone());
            let (yousu, syncs) = (faults::built()?, power::Syncs::Full);
            let sound = power::Plan { yousu, dir, cuts: *cuts, commands: *commands, seed: args.seed, syncs, record };
            let full = power(&sound)?;
            let weak = match weakened {
                Some(yousu) => {
                    let (yousu, syncs) = (yousu.clone(), power::Syncs::Normal);
                    power(&power::Plan { yousu, syncs, record: None, ..sound.clone() })?
                }
                None => power(&power::Plan { syncs: power::Syncs::WithoutCommits, ..sound.clone() })?,
            };
            let keyless = power(&power::Plan { syncs: power::Syncs::WithoutKeys, ..sound })?;
            for (weak, syncs) in [(&weak, "the log's commits"), (&keyless, "keys")] {
                if weak.lost == 0 {
                    eprintln!("nothing was lost without the syncs of {syncs} either: this proves nothing");
                }
            }
            full.is_clean() && weak.lost > 0 && keyless.lost > 0
        }
        Fault::Matrix { operations, calls, places } => {
            let operations = if operations.is_empty() { matrix::Operation::value_variants() } else { operations };
            let (operations, calls) = (operations.to_vec(), calls.clone());
            let plan = matrix::Plan { yousu: faults::built()?, dir: args.dir, operations, calls, places: *places };
            let matrix = matrix::run(&shim()?, &plan, |told| eprintln!("{told}"))?;
            print!("{matrix}");
            println!("{} faults, {} findings", matrix.hits(), matrix.findings.len());
            matrix.findings.is_empty()
        }
        Fault::SlowDisk { callers, each, sync_ms, times } => {
            let (yousu, sync) = (faults::built()?, Duration::from_millis(*sync_ms));
            let plan = slow_disk::Plan { yousu, dir: args.dir, callers: *callers, each: *each, sync };
            let rates = slow_disk::run(&shim()?, &plan)?;
            println!("{callers} callers, {sync_ms} ms a sync: {rates}");
            rates.log >= times * rates.one_each
        }
        Fault::Clock => {
            let tally = clock::run(&shim()?, &clock::Plan { yousu: faults::built()?, dir: args.dir })?;
            println!("{tally}");
            tally.findings.is_empty()
        }
        Fault::Append { log_dir, callers, each } => {
            println!("{}", slow_disk::append(log_dir, *callers, *each)?);
            true
        }
    };
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn shim() -> anyhow::Result<Shim> {
    Shim::build()?.context("this needs Linux and a C compiler")
}

fn power(plan: &power::Plan) -> anyhow::Result<power::Tally> {
    let tally = power::run(&shim()?, plan, |tally| {
        if tally.cuts.is_multiple_of(50) {
            eprintln!("{tally}");
        }
    })?;
    println!("seed {}, {:?}: {tally}", plan.seed, plan.syncs);
    Ok(tally)
}
