//! A few rounds of each fault; the long forms are the program of this package.

use faults::kill;

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
