//! Where an item stands in the report, and how a page is asked for that begins after it.

use std::{cmp::Ordering, fmt, str::FromStr};

use cases::{
    Instant,
    obligation::{ObligationKind, Owner},
};

use super::{
    brief::{self, Name, Wire},
    report::Standing,
};
use crate::Number;

/// In which order: by standing, then …
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// … who owes them and kind, the earliest due first.
    ByOwner,
    /// … the earliest due first.
    ByDue,
}

/// A place in the report: everything that orders it. An item that has gone meanwhile leaves its place behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub(super) standing: Standing,
    pub(super) owner: Owner,
    pub(super) kind: ObligationKind,
    pub(super) due: Instant,
    pub(super) number: Number,
    pub(super) obligation: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { standing, owner, kind, due, number: Number { year, no }, obligation } = self;
        write!(f, "{}.{}.{}.{}.{year}-{no}.{obligation}", Wire(standing), Name(owner), Wire(kind), due.ms())
    }
}

/// A text that is no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no place in the overdue report")]
pub struct BadPlace;

impl FromStr for Place {
    type Err = BadPlace;

    fn from_str(text: &str) -> Result<Self, BadPlace> {
        let parts: Vec<&str> = text.split('.').collect();
        let [standing, owner, kind, due, number, obligation] = parts[..] else { return Err(BadPlace) };
        let read = || {
            Some(Self {
                standing: brief::wire(standing)?,
                owner: brief::read_owner(owner)?,
                kind: brief::wire(kind)?,
                due: brief::instant(due)?,
                number: brief::number(number)?,
                obligation: obligation.parse().ok()?,
            })
        };
        read().ok_or(BadPlace)
    }
}

/// What an order may go by; all of it together is one obligation's alone.
pub(super) struct Key<'a> {
    pub(super) standing: Standing,
    pub(super) owner: &'a Owner,
    pub(super) kind: ObligationKind,
    pub(super) due: Instant,
    pub(super) number: Number,
    pub(super) obligation: u32,
}

impl Place {
    pub(super) fn key(&self) -> Key<'_> {
        let Self { standing, owner, kind, due, number, obligation } = self;
        Key { standing: *standing, owner, kind: *kind, due: *due, number: *number, obligation: *obligation }
    }
}

impl Order {
    pub(super) fn compare(self, a: &Key<'_>, b: &Key<'_>) -> Ordering {
        let owed = |key: &Key<'_>| (key.due, key.number);
        let by_owner = || a.owner.cmp(b.owner).then(a.kind.cmp(&b.kind));
        let by_due = || owed(a).cmp(&owed(b));
        let then = match self {
            Self::ByOwner => a.standing.cmp(&b.standing).then_with(by_owner).then_with(by_due),
            Self::ByDue => a.standing.cmp(&b.standing).then_with(by_due).then_with(by_owner),
        };
        then.then(a.obligation.cmp(&b.obligation))
    }
}
