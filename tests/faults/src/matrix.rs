//! Every storage call of an operation, spoiled in every way, at several places of its run.
//!
//! Whatever happened, the program refuses cleanly or carries on; what it had acknowledged is there; the same thing done again
//! without a fault succeeds; `verify` finds nothing; the ledger is the one that an untroubled run leaves, as it is served and
//! built anew.

mod operation;
mod strace;

use std::{collections::BTreeMap, fmt, path::PathBuf};

use anyhow::Context as _;
use tempfile::TempDir;

pub use self::operation::Operation;
use self::operation::{Outcome, Stage};
use crate::{Shim, shim::Fault};

/// The calls that change, sync, lock or read a file, as the shim names them.
const CALLS: [&str; 16] = [
    "open",
    "close",
    "read",
    "pread",
    "write",
    "pwrite",
    "ftruncate",
    "fsync",
    "fdatasync",
    "rename",
    "unlink",
    "rmdir",
    "mkdir",
    "lock",
    "fstat",
    "stat",
];

/// What is to be done.
#[derive(Debug)]
pub struct Plan {
    pub yousu: PathBuf,
    /// Where directories are made.
    pub dir: PathBuf,
    pub operations: Vec<Operation>,
    /// Only these calls, if any are named.
    pub calls: Vec<String>,
    /// At how many places of a run a call is spoiled: the first, the last, and evenly between.
    pub places: u64,
}

/// What one fault did to one call of an operation.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// Runs in which the fault happened.
    pub hits: u64,
    pub refused: u64,
    pub carried_on: u64,
    pub killed: u64,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Matrix {
    /// By operation, then by call and fault.
    pub cells: BTreeMap<(Operation, &'static str, Fault), Cell>,
    /// What was not as it must be, and what was never hit though it exists.
    pub findings: Vec<String>,
    /// What a second opinion on the calls said, for each operation.
    pub calls_seen: Vec<String>,
}

impl Matrix {
    /// How often a fault happened.
    pub fn hits(&self) -> u64 {
        self.cells.values().map(|cell| cell.hits).sum()
    }
}

/// A fault that this call cannot have on any system: reading needs no room, only a write can be half done. Closing, unlocking,
/// removing and asking about a file need no room either.
fn exists(call: &str, fault: Fault) -> bool {
    match fault {
        Fault::Io | Fault::Kill => true,
        Fault::Short => matches!(call, "write" | "pwrite"),
        Fault::NoSpace => {
            matches!(
                call,
                "open" | "write" | "pwrite" | "ftruncate" | "fsync" | "fdatasync" | "rename" | "mkdir" | "lock"
            )
        }
    }
}

/// Runs all of it; `tell` hears of each call that is done.
///
/// # Errors
/// If an operation does not even succeed without a fault.
pub fn run(shim: &Shim, plan: &Plan, mut tell: impl FnMut(&str)) -> anyhow::Result<Matrix> {
    let mut matrix = Matrix::default();
    for &operation in &plan.operations {
        let place = TempDir::new_in(&plan.dir)?;
        let stage = Stage::set(shim, &plan.yousu, operation, place.path())?;
        let counts = stage.counts()?;
        matrix.calls_seen.push(strace::second_opinion(&stage, &mut matrix.findings)?);
        for call in CALLS {
            let is_wanted = plan.calls.is_empty() || plan.calls.iter().any(|wanted| wanted == call);
            let Some(&count) = counts.get(call).filter(|_| is_wanted) else { continue };
            for fault in Fault::ALL.into_iter().filter(|fault| exists(call, *fault)) {
                let mut cell = Cell::default();
                for (from, to) in places(count, plan.places, fault) {
                    match hit(&stage, (call, fault, from, to)) {
                        Ok(outcome) => cell.add(outcome),
                        Err(error) => matrix.findings.push(format!("{operation}: {error:#} (of {count} in a run)")),
                    }
                }
                if cell.hits == 0 {
                    matrix.findings.push(format!("{operation}: {call}: {} was never hit", fault.name()));
                }
                matrix.cells.insert((operation, call, fault), cell);
            }
            tell(&format!("{operation}: {call}, {count} in a run; {} findings", matrix.findings.len()));
        }
    }
    Ok(matrix)
}

/// One troubled run. Threads make the number of calls differ a little from run to run: a fault beyond a run's end comes earlier
/// in the next one.
fn hit(stage: &Stage<'_>, (call, fault, mut from, mut to): (&str, Fault, u64, u64)) -> anyhow::Result<Outcome> {
    loop {
        let outcome = stage
            .suffer((call, fault, from, to))
            .with_context(|| format!("{call} {from} to {to}, {}", fault.name()))?;
        if outcome != Outcome::Missed || from == 1 {
            return Ok(outcome);
        }
        from -= from.div_ceil(20);
        to = to.min(from);
    }
}

/// Which calls to spoil: single ones, and for errors that stay also everything from the middle on.
fn places(count: u64, places: u64, fault: Fault) -> Vec<(u64, u64)> {
    let mut spots: Vec<_> = (0..places).map(|n| 1 + n * (count - 1) / (places - 1).max(1)).map(|at| (at, at)).collect();
    spots.dedup();
    if matches!(fault, Fault::Io | Fault::NoSpace) {
        spots.push((count.div_ceil(2), u64::MAX));
    }
    spots
}

impl Cell {
    fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Missed => return,
            Outcome::Refused => self.refused += 1,
            Outcome::CarriedOn => self.carried_on += 1,
            Outcome::Killed => self.killed += 1,
        }
        self.hits += 1;
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hits, refused, carried_on, killed } = self;
        let parts = [(refused, 'r'), (carried_on, 'c'), (killed, 'k')];
        let parts: String = parts.iter().filter(|(n, _)| **n > 0).map(|(n, what)| format!(" {n}{what}")).collect();
        write!(f, "{hits} hit{parts}")
    }
}

impl fmt::Display for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "r refused cleanly, c carried on, k killed, · cannot exist")?;
        let mut heading = None;
        for (operation, call) in
            self.cells.keys().map(|(operation, call, _)| (*operation, *call)).collect::<std::collections::BTreeSet<_>>()
        {
            if heading.replace(operation) != Some(operation) {
                write!(f, "\n{operation:<10}")?;
                Fault::ALL.iter().try_for_each(|fault| write!(f, " {:<16}", fault.name()))?;
                writeln!(f)?;
            }
            write!(f, "{call:<10}")?;
            for fault in Fault::ALL {
                let cell = self.cells.get(&(operation, call, fault)).map_or("·".to_owned(), ToString::to_string);
                write!(f, " {cell:<16}")?;
            }
            writeln!(f)?;
        }
        self.calls_seen.iter().try_for_each(|seen| writeln!(f, "{seen}"))?;
        self.findings.iter().try_for_each(|finding| writeln!(f, "RED {finding}"))
    }
}
