//! A few rounds of each fault; the long forms are the program of this package.

use faults::{backup, kill};

#[test]
fn what_was_acknowledged_outlives_kill_9() {
    let plan = kill::Plan {
        yousu: faults::built().expect("the test command builds it first"),
        dir: env!("CARGO_TARGET_TMPDIR").into(),
        rounds: 12,
        seed: 1,
    };
    let tally = kill::run(&plan, |_| ()).expect("the program starts again each time");
    assert!(tally.is_clean(), "{tally}");
    // Else it was killed while it had nothing to do, and this proves nothing.
    assert!(tally.rounds_in_flight >= 9 && tally.acknowledged > 0, "{tally}");
}

#[test]
fn a_backup_taken_beside_a_server_is_restored_elsewhere_and_the_work_goes_on() {
    let plan = backup::Plan {
        yousu: faults::built().expect("the test command builds it first"),
        dir: env!("CARGO_TARGET_TMPDIR").into(),
        rounds: 2,
        seed: 1,
    };
    let tally = backup::run(&plan).unwrap_or_else(|error| panic!("{error:#}"));
    // Else nobody wrote while the copy was made, and this proves little.
    assert!(tally.before > 0 && tally.during > 0 && tally.sent_again > 0, "{tally}");
}
