use super::{Distribution, Options, Policies, play, watch};
use crate::{case, case::Case, story::Told};

fn options(seed: u64) -> Options {
    let policies = [Policies::Both, Policies::Henan, Policies::Shilong, Policies::Both];
    let policies = policies[usize::try_from(seed % 4).unwrap_or(0)];
    Options { policies, sweeps: seed % 4 != 3, ..Options::default() }
}

/// What no history brings, and why: a change of keys is signed by keys, and a verifier finds one that is not.
const NOT_DRAWN: [&str; 1] = ["log_keys_changed"];

#[test]
fn every_type_of_event_comes_about_and_none_is_a_rarity_of_its_stage() {
    let mut distribution = Distribution::default();
    (0..24).for_each(|seed| distribution.add(&play(seed, &options(seed))));
    let rare: Vec<_> = distribution
        .shares()
        .into_iter()
        .filter(|share| share.percent < 1.0 && !NOT_DRAWN.contains(&share.type_name))
        .collect();
    assert!(
        rare.is_empty(),
        "under 1 % of their stage: {rare:#?}\n{distribution}\nwhoever plays it stands in crates/cases/src/story/random/: \
         the tables of weights in before.rs, after.rs, beside.rs and centre.rs"
    );
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let text = |seed| {
        let played = watch(seed, &options(seed));
        (format!("{:?}", played.story.log), played.lines, played.refusals)
    };
    assert_eq!(text(7), text(7));
    assert_ne!(text(7).0, text(8).0);
}

#[test]
fn the_log_alone_gives_the_cases_back() {
    for seed in 0..4 {
        let story = play(seed, &options(seed));
        for (id, case) in &story.cases {
            let entries = story.log.iter().filter_map(|told| match told {
                Told::Case(of, entry) if of == id => Some(entry),
                _ => None,
            });
            assert_eq!(case::replay(*id, entries), *case, "seed {seed}");
        }
    }
}

#[test]
fn given_again_as_lines_a_history_without_sweeps_comes_out_the_same() {
    let options = options(3);
    let played = watch(3, &options);
    let (policy, _) = super::centre::policies(options.policies, &mut super::Dice::new(3));
    let mut again = super::Story::under_text(options.centre, &policy, &options.from.to_string());
    for line in &played.lines {
        let line = crate::CommandLine::from_value(line.clone()).expect("it was read before");
        again.submit(&line).expect("it was taken before");
    }
    let cases: Vec<&Case> = again.cases.values().collect();
    assert_eq!(cases, played.story.cases.values().collect::<Vec<_>>());
}

#[test]
fn time_never_runs_backwards_and_nothing_is_decided_before_it_happened() {
    let story = play(11, &options(11));
    let notes = story.log.iter().map(|told| match told {
        Told::Case(_, entry) => &entry.note,
        Told::Centre(entry) => &entry.note,
    });
    let notes: Vec<_> = notes.collect();
    assert!(notes.windows(2).all(|pair| pair[0].decided_at <= pair[1].decided_at));
    assert!(notes.iter().all(|note| note.occurred_at <= note.decided_at));
}
