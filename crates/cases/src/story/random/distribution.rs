//! How often each type of event came about, by the rows of the domain's table of actions (§2).

use std::{collections::BTreeMap, fmt};

use super::{Story, Told};
use crate::{case::CaseEvent, centre::CentreEvent, entry::EventSet};

/// Each row of the table begins with this type; the catalogue keeps the table's order.
const ROWS: [(&str, &str); 11] = [
    ("accepted", "intake"),
    ("classified", "triage"),
    ("signed", "review"),
    ("dispatched", "dispatch"),
    ("referred", "referral"),
    ("late_entry_approved", "clock"),
    ("plan_proposed", "handling"),
    ("reminded", "escalation"),
    ("quality_checked", "closing"),
    ("erasure_requested", "persons"),
    ("centre_opened", "centre"),
];

/// Every type with its row, in the table's order.
fn catalogue() -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut row = "";
    CaseEvent::TYPES.iter().chain(CentreEvent::TYPES).map(move |name| {
        row = ROWS.iter().find(|(first, _)| first == name).map_or(row, |(_, row)| row);
        (row, *name)
    })
}

/// The row of the domain's table that an event type stands in; `None` for a type that there is not.
pub fn stage_of(type_name: &str) -> Option<&'static str> {
    catalogue().find(|(_, name)| *name == type_name).map(|(stage, _)| stage)
}

/// How often each type came about, over any number of histories.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Distribution(BTreeMap<&'static str, u64>);

/// One type's part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// The row of the table.
    pub stage: &'static str,
    pub type_name: &'static str,
    pub count: u64,
    /// Of all events of the row.
    pub percent: f64,
}

impl Distribution {
    /// Counts a history's events too.
    pub fn add(&mut self, story: &Story) {
        for told in &story.log {
            let name = match told {
                Told::Case(_, entry) => entry.event.type_name(),
                Told::Centre(entry) => entry.event.type_name(),
            };
            *self.0.entry(name).or_default() += 1;
        }
    }

    /// Events of every type.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Every type that there is, those that never came about too, in the table's order.
    pub fn shares(&self) -> Vec<Share> {
        let count = |name: &str| self.0.get(name).copied().unwrap_or(0);
        let mut rows = BTreeMap::<&str, u64>::new();
        catalogue().for_each(|(stage, name)| *rows.entry(stage).or_default() += count(name));
        catalogue()
            .map(|(stage, type_name)| {
                #[allow(clippy::cast_precision_loss, reason = "a share in percent needs no 53 bits")]
                let percent = 100.0 * count(type_name) as f64 / rows[stage].max(1) as f64;
                Share { stage, type_name, count: count(type_name), percent }
            })
            .collect()
    }
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<11} {:<26} {:>9} {:>8}", "stage", "type", "count", "share")?;
        self.shares().iter().try_for_each(|share| {
            let Share { stage, type_name, count, percent } = share;
            writeln!(f, "{stage:<11} {type_name:<26} {count:>9} {percent:>7.2}%")
        })
    }
}
