//! The long form: history after history, and a table of what was seen.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::ensure;
use clap::{Parser, ValueEnum};
use tampering::{Bits, Outcome, Plan, Plant, built, has_python, run};

#[derive(Debug, Parser)]
struct Args {
    /// How many histories
    #[arg(long, default_value_t = 10_000)]
    histories: u64,
    /// The seed of the first
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Begin nothing more after so many minutes
    #[arg(long)]
    minutes: Option<u64>,
    /// Show every file to docs/verify/evidence.py, too
    #[arg(long)]
    python: bool,
    /// Show every so-manieth file to `yousu-verify` itself, which stands beside this program
    #[arg(long, default_value_t = 200)]
    sample: u64,
    /// Files of which every bit is flipped
    #[arg(long, default_value_t = 3)]
    bits: usize,
    /// Put in a bug on purpose: forgeries have to pass
    #[arg(long)]
    plant: Option<Planted>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Planted {
    BlindWitness,
    KeptForgotten,
    KeysFromTheFile,
    NoWitnessWanted,
}

impl From<Planted> for Plant {
    fn from(planted: Planted) -> Self {
        match planted {
            Planted::BlindWitness => Self::BlindWitness,
            Planted::KeptForgotten => Self::KeptForgotten,
            Planted::KeysFromTheFile => Self::KeysFromTheFile,
            Planted::NoWitnessWanted => Self::NoWitnessWanted,
        }
    }
}

/// Histories between two looks at the clock.
const CHUNK: u64 = 200;

/// Lines of findings that are printed: the first ones show the most.
const PRINTED: usize = 20;

fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    ensure!(!args.python || has_python(), "--python needs python3 and openssl");
    let program = built();
    if program.is_none() {
        eprintln!("there is no yousu-verify beside this program, so it is not asked: cargo build --release -p verify");
    }
    let Args { histories, seed, python, sample, .. } = args;
    let plant = args.plant.map(Plant::from);
    let (begun, mut outcome) = (Instant::now(), Outcome::default());
    let is_late = || args.minutes.is_some_and(|minutes| begun.elapsed().as_secs() >= minutes * 60);
    let mut plan = Plan { seed, histories: 0, python, program, sample, bits: None, plant };
    while plan.seed < seed + histories && outcome.is_clean() && !is_late() {
        plan.histories = CHUNK.min(seed + histories - plan.seed);
        outcome.add(run(&plan)?);
        plan.seed += plan.histories;
        eprintln!("{} histories, {} s", plan.seed - seed, begun.elapsed().as_secs());
    }
    if args.bits > 0 && outcome.is_clean() {
        let bits = Some(Bits { files: args.bits, step: 1, python_step: 1 });
        outcome.add(run(&Plan { seed, histories: 0, bits, ..plan })?);
    }
    print!("{}", outcome.tally);
    println!("seeds from {seed}, {:.0} s", begun.elapsed().as_secs_f64());
    outcome.wrong.iter().take(PRINTED).for_each(|wrong| println!("  {wrong}"));
    for unseen in outcome.unseen.iter().take(PRINTED) {
        println!("  NOT SEEN: seed {}, {}: {}", unseen.seed, unseen.kind, unseen.what);
    }
    let Some(first) = outcome.unseen.first() else {
        return Ok(if outcome.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    };
    let planted = args.plant.and_then(|plant| plant.to_possible_value());
    let planted = planted.map_or_else(String::new, |plant| format!(" --plant {}", plant.get_name()));
    println!(
        "{} passed; again: cargo run --release -p tampering -- --histories 1 --seed {} --bits 0{planted}",
        outcome.unseen.len(),
        first.seed
    );
    Ok(ExitCode::FAILURE)
}
