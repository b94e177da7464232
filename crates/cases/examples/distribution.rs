//! Prints how often each type of event comes about in random histories, and what was refused.
//!
//! `cargo run -p cases --release --features story --example distribution [SEEDS [CASES]]`

use std::collections::BTreeMap;

use cases::story::random::{Distribution, Options, Policies, watch};

fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u32>().expect("a number"));
    let (seeds, cases) = (arguments.next().unwrap_or(400), arguments.next().unwrap_or(30));
    let mut distribution = Distribution::default();
    let mut refusals = BTreeMap::<&str, u32>::new();
    for seed in 0..seeds {
        // A quarter of the histories each: one policy, the other, both; and both without sweeps.
        let policies = [Policies::Henan, Policies::Shilong, Policies::Both, Policies::Both][(seed % 4) as usize];
        let options = Options { policies, cases, sweeps: seed % 4 != 3, ..Options::default() };
        let played = watch(u64::from(seed), &options);
        distribution.add(&played.story);
        played.refusals.iter().for_each(|(code, count)| *refusals.entry(code).or_default() += count);
    }
    print!("{distribution}");
    println!("\n{} events in {seeds} histories of {cases} cases\n\nrefused:", distribution.total());
    refusals.iter().for_each(|(code, count)| println!("{code:<30} {count:>8}"));
}
