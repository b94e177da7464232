//! Some hundreds of seeds, and the proof that the model finds what it is there to find. The long form is the program of this package.

use model::{Plant, World};

/// Seeds that found something once, where none of the first hundreds would have.
const FOUND: [u64; 1] = [
    // A reader met a failing disk in the midst of a transaction, was used again, and showed that moment for ever.
    200_269,
];

#[test]
fn what_was_acknowledged_outlives_kills_power_cuts_and_a_failing_disk() {
    let world = World::new().expect("a log can be made in memory");
    let mut tally = model::Tally::default();
    for seed in (1..=300).chain(FOUND) {
        let outcome = world.run(seed, None, false);
        assert!(outcome.wrong.is_empty(), "cargo run -p model -- --seed {seed} --trace: {:#?}", outcome.wrong);
        tally += outcome.tally;
    }
    // Else it proved nothing.
    let seen = [
        tally.kills_at_points,
        tally.power_cuts_at_points,
        tally.kills_in_disk,
        tally.power_cuts_in_disk,
        tally.ends_while_opening,
        tally.ends_while_closing,
        tally.refused_writes,
        tally.refused_room,
        tally.refused_syncs,
        tally.acknowledged,
        tally.commitments,
        tally.conflicts,
        tally.unknown,
        tally.unanswered_there,
    ];
    assert!(seen.iter().all(|count| *count > 0), "{tally}");
}

#[test]
fn the_same_seed_is_the_same_run() {
    let world = World::new().expect("a log can be made in memory");
    let mut hashes = std::collections::BTreeSet::new();
    for seed in 1..=20 {
        let hash = world.run(seed, None, false).hash;
        assert_eq!(world.run(seed, None, false).hash, hash, "seed {seed}");
        hashes.insert(hash);
    }
    assert_eq!(hashes.len(), 20, "another seed is another run");
}

#[test]
fn planted_bugs_are_found() {
    let world = World::new().expect("a log can be made in memory");
    for (plant, seeds) in [
        (Plant::AckBeforeCommit, 1..=50),
        (Plant::HeadsKept, 1..=50),
        (Plant::SynchronousNormal, 1..=50),
        (Plant::UnknownAsRefused, 1..=50),
        (Plant::VersionUnchecked, 1..=50),
        // A sync fails, the process is killed before it can do anything about it, and the next one meets a power cut: rare.
        (Plant::WalBelieved, 10_301..=10_400),
        // A sync fails, the WAL is cut, the process killed, the next one told that nothing stands, and the power goes: rarer still.
        (Plant::WalComesBack, 7_401..=7_430),
    ] {
        let found = seeds.clone().find(|seed| !world.run(*seed, Some(plant), false).wrong.is_empty());
        assert!(found.is_some(), "{plant:?} was not found in {seeds:?}");
    }
}
