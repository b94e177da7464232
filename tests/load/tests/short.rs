//! The short form: a few hundred commands, and no word about time.

use load::Plan;

#[test]
fn what_was_acknowledged_under_load_is_there_and_every_view_has_seen_it() {
    let plan = Plan {
        yousu: faults::built().expect("the test command builds it first"),
        dir: env!("CARGO_TARGET_TMPDIR").into(),
        seconds: 2,
        rate: 200,
        reads: 30,
        open: 40,
        every: 1,
        keep: None,
    };
    let outcome = load::run(&plan, |_| ()).expect("the server stays up");
    assert!(outcome.is_clean(), "{outcome:?}");
    assert_eq!((outcome.acknowledged, outcome.refused, outcome.unsent), (400, 0, 0), "{outcome:?}");
}
