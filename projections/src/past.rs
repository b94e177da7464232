//! Past moments, on two axes.
//!
//! `known_at` asks **what was known**: of the log only what had been recorded by then. The log's order is the order of
//! recording, so this is what a view built at that moment would have shown.
//!
//! `at` asks **what was true**, by what is known (now, or at `known_at`): of the known events only those whose *effective
//! time* is not after `at`. That is the time by which the domain judges an event: its recorded time, or, for a late
//! entry (补录) whose approval is itself known, the time at which it occurred. An approval is effective with the entry
//! that it approves, for it says nothing but that the entry counts from there; the clocks that it judges anew follow it.
//!
//! Either way the remaining history, in log order, goes through the same `project` functions as the views' files do;
//! no past is stored. Three things do not depend on `at`, because they are known rather than true at a time:
//!
//! - **Numbers** (序号, feed numbers) are drawn by every known event, also by one that is not effective yet: a case has one
//!   number, whenever one asks.
//! - **Calendars** say which days are worked, and did so before they were recorded.
//! - A department that had no name yet goes by the first one that it got: history brought in later is older than the
//!   centre's own log.

use std::collections::BTreeMap;

use cases::{CaseEvent, CaseId, Instant};
use event_log::{Centre, EventLog};

use crate::{
    Reader, Recorded, ViewError,
    fold::{Fold, Use, View},
    recorded::What,
};

const BATCH_EVENTS: u32 = 4_000;

/// For when something is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    /// The present moment, by which what runs is measured.
    pub now: Instant,
    /// What was true then.
    pub at: Option<Instant>,
    /// By what had been recorded by then.
    pub known_at: Option<Instant>,
}

impl When {
    /// The present.
    pub fn now(now: Instant) -> Self {
        Self { now, at: None, known_at: None }
    }

    /// Whether a file of the present cannot answer it.
    pub fn is_past(self) -> bool {
        self.at.is_some() || self.known_at.is_some()
    }

    /// The moment by which open obligations are measured.
    pub fn moment(self) -> Instant {
        self.at.or(self.known_at).unwrap_or(self.now)
    }

    fn knows(self, recorded_at: Instant) -> bool {
        self.known_at.is_none_or(|known_at| recorded_at <= known_at)
    }
}

/// Late entries that were approved, by case and version: when they occurred.
type Approved = BTreeMap<(CaseId, u64), Instant>;

/// The rows of a view as they were.
pub(crate) async fn fold<V: View>(log: &dyn EventLog, centre: &Centre, when: When) -> Result<Fold<V::Row>, ViewError> {
    let mut approved = Approved::new();
    if when.at.is_some() {
        known(log, centre, when, |kind| kind == "late_entry_approved", |fact| note_approval(&mut approved, fact))
            .await?;
    }
    let mut fold = Fold::default();
    let used = |kind: &str| V::uses(kind) != Use::Nothing;
    known(log, centre, when, used, |fact| {
        if when.at.is_none_or(|at| effective_at(fact, &approved) <= at) {
            V::project(&mut fold, fact);
        } else {
            fold.only_numbers(|fold| {
                V::project(fold, fact);
            });
            if let What::Centre(entry) = &fact.what {
                fold.set_up.learn_later(&entry.event);
            }
        }
    })
    .await?;
    Ok(fold)
}

fn note_approval(approved: &mut Approved, fact: &Recorded) {
    if let Some((case, entry)) = fact.case()
        && let CaseEvent::LateEntryApproved(event) = &entry.event
    {
        approved.insert((case, event.entry), event.occurred_at);
    }
}

fn effective_at(fact: &Recorded, approved: &Approved) -> Instant {
    let Some((case, entry)) = fact.case() else { return fact.recorded_at };
    let own = match &entry.event {
        CaseEvent::LateEntryApproved(event) => event.entry,
        _ => fact.version,
    };
    let inline = entry.note.late.as_ref().is_some_and(|late| late.approved_by.is_some());
    match approved.get(&(case, own)) {
        Some(occurred_at) => *occurred_at,
        None if inline => entry.note.occurred_at,
        None => fact.recorded_at,
    }
}

/// Every known event of the wanted types, in order.
async fn known(
    log: &dyn EventLog,
    centre: &Centre,
    when: When,
    wanted: impl Fn(&str) -> bool,
    mut each: impl FnMut(&Recorded),
) -> Result<(), ViewError> {
    let mut after = 0;
    let reader = Reader::new(centre);
    loop {
        let events = log.read_centre(centre, after, BATCH_EVENTS).await?;
        let Some(last) = events.last() else { return Ok(()) };
        after = last.position;
        for event in &events {
            if !Instant::from_ms(event.recorded_ms).is_some_and(|recorded_at| when.knows(recorded_at)) {
                return Ok(());
            }
            if wanted(&event.kind) {
                let (centre, position) = (centre.clone(), event.position);
                let fact = reader.read(event).map_err(|source| ViewError::Unreadable { centre, position, source })?;
                each(&fact);
            }
        }
    }
}
