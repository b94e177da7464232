//! The long form: history after history, and a table of what was seen.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::ensure;
use clap::{Parser, ValueEnum};
use tampering::{Bits, Plan, Plant, built, has_python, run};

#[derive(Debug, Parser)]
struct Args {
    /// How many histories
    #[arg(long, default_value_t = 10_000)]
    histories: u64,
    /// The seed of the first
    #[arg(long, default_value_t = 1)]
    seed: u64,
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
    let bits = (args.bits > 0).then_some(Bits { files: args.bits, step: 1, python_step: 1 });
    let plan = Plan { seed, histories, python, program, sample, bits, plant: args.plant.map(Plant::from) };
    let begun = Instant::now();
    let outcome = run(&plan, |done| {
        if done.is_multiple_of(500) {
            eprintln!("{done} histories, {} s", begun.elapsed().as_secs());
        }
    })?;
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
