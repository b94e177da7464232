//! Some thirty histories before all readers, and the proof that the harness sees what it is there to see. The long form is the program of
//! this package.

use tampering::{Bits, Kind, Outcome, Plan, Plant, built, has_python, run};

const PLAN: Plan = Plan { seed: 1, histories: 32, python: false, program: None, sample: 1, bits: None, plant: None };

/// Whether the program in Python can read along.
fn python() -> bool {
    let has = has_python();
    assert!(has || std::env::var_os("YOUSU_REQUIRE_ALL").is_none(), "python3 and openssl are wanted");
    if !has {
        eprintln!("skipped in Python: there is no python3 or no openssl");
    }
    has
}

fn ran(plan: &Plan) -> Outcome {
    run(plan).expect("it runs")
}

#[test]
fn whatever_was_tampered_with_is_seen() {
    let python = python();
    let program = Some(built().expect("the test command builds it first"));
    let outcome = ran(&Plan { python, program, sample: 25, ..PLAN });
    assert!(outcome.is_clean(), "{:#?}\n{:#?}\n{}", outcome.unseen, outcome.wrong, outcome.tally);
    let tally = &outcome.tally;
    // Else it proved nothing.
    for kind in Kind::ALL {
        let row = tally.kinds[&kind];
        assert!(row.tried >= PLAN.histories && row.program > 0 && (row.python == row.tried) == python, "{tally}");
    }
    assert!(tally.asked > 0 && tally.refused == tally.asked && tally.forks > 0, "{tally}");
    assert!(tally.kinds[&Kind::Truncate].unclaimed > 0 && tally.unseen.len() == 9, "{tally}");
}

#[test]
fn every_flipped_bit_is_seen() {
    let bits = Bits { files: 1, step: 5, python_step: 331 };
    let outcome = ran(&Plan { histories: 0, python: python(), bits: Some(bits), ..PLAN });
    let tally = &outcome.tally;
    assert!(outcome.is_clean() && tally.bits.len() == 2, "{:#?}\n{tally}", outcome.wrong);
}

#[test]
fn planted_bugs_are_found() {
    for (plant, kinds) in [
        (Plant::NoWitnessWanted, [Kind::Alter, Kind::Fork, Kind::Keys].as_slice()),
        (Plant::BlindWitness, &[Kind::Alter, Kind::Remove, Kind::Reorder, Kind::BackDate, Kind::Fork]),
        (Plant::KeptForgotten, &[Kind::Truncate]),
        (Plant::KeysFromTheFile, &[Kind::Keys]),
    ] {
        let outcome = ran(&Plan { histories: 12, plant: Some(plant), ..PLAN });
        for kind in kinds {
            let passed = outcome.unseen.iter().any(|unseen| unseen.kind == *kind);
            assert!(passed, "{plant:?}: {kind} is seen all the same\n{}", outcome.tally);
        }
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    let plan = Plan { seed: 40, histories: 2, plant: Some(Plant::BlindWitness), ..PLAN };
    let passed = |outcome: Outcome| outcome.unseen.into_iter().map(|unseen| (unseen.seed, unseen.kind, unseen.what));
    let (one, other): (Vec<_>, Vec<_>) = (passed(ran(&plan)).collect(), passed(ran(&plan)).collect());
    assert_eq!(one, other);
    let tally = |seed| ran(&Plan { seed, ..plan.clone() }).tally.to_string();
    assert_ne!(tally(40), tally(42), "another seed is another run");
}
