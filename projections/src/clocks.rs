//! The obligations of one case as its events say they are: set, moved, ended. Nothing here counts days.

use cases::{
    Instant,
    obligation::{ClockChanges, ObligationKind, Outcome, Owner},
};
use serde::{Deserialize, Serialize};

/// One obligation and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owed {
    pub(crate) no: u32,
    pub(crate) kind: ObligationKind,
    pub(crate) owner: Owner,
    pub(crate) round: u32,
    pub(crate) from: Instant,
    pub(crate) due: Instant,
    /// Due times before it was moved, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) earlier: Vec<Instant>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) provisional: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) end: Option<Ended>,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(crate) outcome: Outcome,
    pub(crate) at: Instant,
}

/// While a case is paused nothing of the departments' comes due.
pub(crate) fn runs(kind: ObligationKind, paused: bool) -> bool {
    !(paused && kind.is_paused())
}

impl Ended {
    /// After its due time: met late, or unmet.
    pub(crate) fn is_late(&self) -> bool {
        matches!(self.outcome, Outcome::MetLate | Outcome::Breached)
    }
}

impl Owed {
    /// Open past its due time.
    pub(crate) fn is_overdue(&self, now: Instant, paused: bool) -> bool {
        self.end.is_none() && now > self.due && runs(self.kind, paused)
    }

    /// It ended after its due time: met late, or unmet.
    pub(crate) fn ended_late(&self) -> Option<Ended> {
        self.end.filter(Ended::is_late)
    }

    /// 答复、方案、结果: what the ledger's ninth column shows.
    pub(crate) fn is_leads(&self) -> bool {
        self.kind.is_supervised()
    }
}

/// All obligations of a case, in the order in which they were set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Clocks(Vec<Owed>);

impl Clocks {
    /// Of obligations in the order of their numbers.
    pub(crate) fn of(all: Vec<Owed>) -> Self {
        Self(all)
    }

    pub(crate) fn all(&self) -> &[Owed] {
        &self.0
    }

    pub(crate) fn open(&self) -> impl Iterator<Item = &Owed> {
        self.0.iter().filter(|owed| owed.end.is_none())
    }

    /// One that a past moment does not know is passed over.
    pub(crate) fn apply(&mut self, changes: &ClockChanges) {
        for ended in &changes.ended {
            if let Some(owed) = self.get_mut(ended.no) {
                owed.end = Some(Ended { outcome: ended.outcome, at: ended.at });
            }
        }
        for moved in &changes.moved {
            if let Some(owed) = self.get_mut(moved.no) {
                // A recount may change only whether it is provisional.
                if moved.new != owed.due {
                    owed.earlier.push(owed.due);
                }
                owed.due = moved.new;
                owed.from = moved.from.unwrap_or(owed.from);
                owed.provisional = moved.provisional;
            }
        }
        self.0.extend(changes.set.iter().map(|set| Owed {
            no: set.no,
            kind: set.kind,
            owner: set.owner.clone(),
            round: set.round,
            from: set.from,
            due: set.due,
            earlier: Vec::new(),
            provisional: set.provisional,
            end: None,
        }));
    }

    fn get_mut(&mut self, no: u32) -> Option<&mut Owed> {
        self.0.iter_mut().find(|owed| owed.no == no)
    }
}
