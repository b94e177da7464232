//! What a run saw, in numbers.

use std::fmt;
use std::ops::AddAssign;

macro_rules! tally {
    ($($name:ident: $what:literal,)*) => {
        /// Counts over all lives of one seed, or of many.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct Tally { $(#[doc = $what] pub $name: u64,)* }

        impl AddAssign for Tally {
            fn add_assign(&mut self, other: Self) {
                $(self.$name += other.$name;)*
            }
        }

        impl fmt::Display for Tally {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                $(writeln!(f, "{:>12}  {}", self.$name, $what)?;)*
                Ok(())
            }
        }
    };
}

tally! {
    lives: "lives of a process",
    kills_at_points: "killed between two awaits",
    power_cuts_at_points: "power cut between two awaits",
    kills_in_disk: "killed within SQLite's writing",
    power_cuts_in_disk: "power cut within SQLite's writing",
    ends_while_opening: "  of these, while the log was being opened",
    ends_while_closing: "  of these, while it was being closed",
    kills_at_rest: "killed at rest",
    power_cuts_at_rest: "power cut at rest",
    closed: "closed, or let go",
    refused_writes: "writes refused: I/O error",
    refused_room: "writes refused: no room",
    refused_syncs: "syncs refused, and what they were to sync dropped",
    refused_others: "truncations and deletions refused",
    refused_reads: "reads refused",
    acknowledged: "appends acknowledged",
    commitments: "commitments to the heads that stand in the log",
    conflicts: "appends refused for a version or a time",
    not_written: "appends refused by a failing disk",
    unknown: "appends whose end was said to be unknown",
    unanswered: "appends that were given up or cut off",
    unanswered_there: "  of these and the unknown ones, found in the log",
    looks: "reads judged",
    wrong: "violations",
}
