//! A moment of what `fuzz/` does for hours: seeds, the inputs that once broke something, and mutations that are the same every
//! time.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use fuzzing::{Mutations, TARGETS, Target};

/// The inputs kept for a target, in the order of their names.
fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus")).join(target.name);
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("it can be read")).collect()
}

/// Runs the target, and names the input if it does not hold.
fn check(target: &Target, input: &[u8]) -> bool {
    let held = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    held.unwrap_or_else(|_| panic!("{} does not hold of:\n{}", target.name, input.escape_ascii()))
}

/// `sound` is how many of the mutations say something, at least: else all were refused at the door, and this proves little.
fn replay(name: &str, mutations: usize, sound: usize) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target");
    let mut inputs = (target.seeds)();
    for seed in &inputs {
        assert!(check(target, seed), "{name}: a seed is good for nothing:\n{}", seed.escape_ascii());
    }
    inputs.extend(corpus(target));
    for input in &inputs {
        let _ = check(target, input);
    }
    let taken = Mutations::new(&inputs, 43).take(mutations).filter(|input| check(target, input)).count();
    assert!(taken >= sound, "{name}: {taken} of {mutations} mutations were taken");
}

#[test]
fn files_to_import() {
    replay("import", 3_000, 250);
}

#[test]
fn commands() {
    replay("command", 3_000, 150);
}

#[test]
fn events() {
    replay("event", 5_000, 200);
}

#[test]
fn policies() {
    replay("policy", 1_000, 50);
}

#[test]
fn notes() {
    replay("note", 5_000, 500);
}

#[test]
fn evidence() {
    replay("evidence", 3_000, 100);
}

#[test]
fn receipts() {
    replay("receipt", 5_000, 500);
}

#[test]
fn leaves() {
    replay("leaves", 5_000, 500);
}
