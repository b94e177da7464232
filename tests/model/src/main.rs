//! The long form: seed after seed, until all are done or one is wrong.

use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use model::{Outcome, Plant, Tally, World};

#[derive(Debug, Parser)]
struct Args {
    /// How many seeds
    #[arg(long, default_value_t = 100_000)]
    seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Only this one
    #[arg(long)]
    seed: Option<u64>,
    /// Tell everything that happens
    #[arg(long)]
    trace: bool,
    /// Run each seed twice, and see that both went the same way
    #[arg(long)]
    twice: bool,
    /// Put in a bug on purpose: it has to be found
    #[arg(long)]
    plant: Option<Planted>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Planted {
    AckBeforeCommit,
    HeadsKept,
    UnknownAsRefused,
    SynchronousNormal,
    VersionUnchecked,
    WalBelieved,
    WalComesBack,
}

impl From<Planted> for Plant {
    fn from(planted: Planted) -> Self {
        match planted {
            Planted::AckBeforeCommit => Self::AckBeforeCommit,
            Planted::HeadsKept => Self::HeadsKept,
            Planted::UnknownAsRefused => Self::UnknownAsRefused,
            Planted::SynchronousNormal => Self::SynchronousNormal,
            Planted::VersionUnchecked => Self::VersionUnchecked,
            Planted::WalBelieved => Self::WalBelieved,
            Planted::WalComesBack => Self::WalComesBack,
        }
    }
}

fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    let (world, plant) = (World::new()?, args.plant.map(Plant::from));
    let (from, seeds) = args.seed.map_or((args.from, args.seeds), |seed| (seed, 1));
    let (begun, mut tally) = (Instant::now(), Tally::default());
    for (done, seed) in (1_u64..).zip(from..from + seeds) {
        let mut outcome = world.run(seed, plant, args.trace);
        if args.twice {
            let again = world.run(seed, plant, args.trace);
            if again.hash != outcome.hash {
                outcome.wrong.push(difference(&outcome, &again));
            }
        }
        tally += outcome.tally;
        outcome.trace.iter().for_each(|line| println!("{line}"));
        if args.seed.is_some() || !outcome.wrong.is_empty() {
            println!("seed {seed}: trace {:016x}", outcome.hash);
        }
        if !outcome.wrong.is_empty() {
            outcome.wrong.iter().for_each(|wrong| println!("  {wrong}"));
            let planted = args.plant.and_then(|plant| plant.to_possible_value());
            let planted = planted.map_or_else(String::new, |plant| format!(" --plant {}", plant.get_name()));
            println!("found after {done} seeds; again: cargo run --release -p model -- --seed {seed}{planted} --trace");
            return Ok(ExitCode::FAILURE);
        }
        if done.is_multiple_of(10_000) {
            eprintln!("{done} seeds, {} s", begun.elapsed().as_secs());
        }
    }
    println!("{tally}{seeds} seeds from {from}, {:.1} s", begun.elapsed().as_secs_f64());
    Ok(ExitCode::SUCCESS)
}

fn difference(one: &Outcome, other: &Outcome) -> String {
    let line = one.trace.iter().zip(&other.trace).position(|(one, other)| one != other);
    match line {
        Some(n) => format!("twice, and not the same from line {}: {} / {}", n + 1, one.trace[n], other.trace[n]),
        None => "twice, and not the same; --trace tells where".to_owned(),
    }
}
