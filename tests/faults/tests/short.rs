//! A little of each fault; the long forms are the program of this package.

use std::path::PathBuf;

use faults::{
    Shim, backup, kill,
    matrix::{self, Operation},
    power::{self, Syncs},
};

fn yousu() -> PathBuf {
    faults::built().expect("the test command builds it first")
}

fn dir() -> PathBuf {
    env!("CARGO_TARGET_TMPDIR").into()
}

#[test]
fn what_was_acknowledged_outlives_kill_9() {
    let plan = kill::Plan { yousu: yousu(), dir: dir(), rounds: 12, seed: 1 };
    let tally = kill::run(&plan, |_| ()).expect("the program starts again each time");
    assert!(tally.is_clean(), "{tally}");
    // Else it was killed while it had nothing to do, and this proves nothing.
    assert!(tally.rounds_in_flight >= 9 && tally.acknowledged > 0, "{tally}");
}

#[test]
fn what_was_acknowledged_outlives_the_loss_of_everything_that_was_not_synced() {
    let Some(shim) = Shim::build().expect("it compiles") else { return };
    let cut = |syncs| {
        let plan = power::Plan { yousu: yousu(), dir: dir(), cuts: 20, commands: 60, seed: 1, syncs, record: None };
        power::run(&shim, &plan, |_| ()).expect("the program runs")
    };
    let tally = cut(Syncs::Full);
    assert!(tally.is_clean() && tally.looks > 0, "{tally}");
    assert!(tally.dropped > 0 && tally.kept > 0 && tally.torn > 0, "{tally}");
    // Else it would not see a loss if there were one.
    for syncs in [Syncs::WithoutCommits, Syncs::WithoutKeys] {
        let tally = cut(syncs);
        assert!(tally.lost > 0, "{syncs:?}: {tally}");
    }
}

/// Spoils one call of an operation: EIO and ENOSPC once and for good, and death.
fn spoil(operation: Operation, call: &str) {
    let Some(shim) = Shim::build().expect("it compiles") else { return };
    // What it is to survive is the call that fails: how fast a disk is does not matter.
    let memory = PathBuf::from("/dev/shm");
    let dir = if memory.is_dir() { memory } else { dir() };
    let plan =
        matrix::Plan { yousu: yousu(), dir, operations: vec![operation], calls: vec![call.to_owned()], places: 1 };
    let matrix = matrix::run(&shim, &plan, |_| ()).expect("it runs without a fault");
    assert!(matrix.findings.is_empty() && matrix.hits() == 5, "{matrix}");
}

#[test]
fn a_sync_that_fails_is_refused_or_survived() {
    spoil(Operation::Apply, "fdatasync");
}

#[test]
fn a_view_that_cannot_be_put_in_place_is_there_all_the_same() {
    spoil(Operation::Rebuild, "rename");
}

#[test]
fn a_backup_taken_beside_a_server_is_restored_elsewhere_and_the_work_goes_on() {
    let plan = backup::Plan { yousu: yousu(), dir: dir(), rounds: 2, seed: 1 };
    let tally = backup::run(&plan).unwrap_or_else(|error| panic!("{error:#}"));
    // Else nobody wrote while the copy was made, and this proves little.
    assert!(tally.before > 0 && tally.during > 0 && tally.sent_again > 0, "{tally}");
}
