//! What callers asked and what they were told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use event_log::{Append, AppendError, Appended, Centre, Clock, Event, Hash, Head, HeadsCommitted, LogError, Report};
use uuid::Uuid;

use crate::disk;

/// What became of an append, as far as its caller knows.
#[derive(Debug)]
pub(crate) enum Told {
    /// Nothing yet, or never: it was dropped, or everything ended.
    Nothing,
    Appended(Appended),
    /// Nothing was recorded since the heads were committed to.
    UpToDate,
    Refused(AppendError),
    Unknown,
}

/// An append and the time from its call to its end. One without events is a commitment to the heads.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) id: u64,
    pub(crate) append: Append,
    pub(crate) called: u64,
    /// After this nothing of it can happen any more.
    pub(crate) ended: u64,
    pub(crate) told: Told,
    /// What the centre's tail stood at when the answer came.
    pub(crate) tail: u64,
}

/// What a reader asked for and got.
#[derive(Debug)]
pub(crate) enum Seen {
    Stream { stream: Uuid, after: u64, events: Vec<Event> },
    Centre { after: u64, limit: u32, events: Vec<Event> },
    StreamHead { stream: Uuid, version: u64 },
    Head(Head),
}

#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) centre: Centre,
    pub(crate) called: u64,
    pub(crate) ended: u64,
    pub(crate) seen: Seen,
}

impl Call {
    pub(crate) fn is_for_heads(&self) -> bool {
        self.append.events.is_empty()
    }

    /// How many events it makes.
    pub(crate) fn events(&self) -> usize {
        self.append.events.len().max(1)
    }
}

#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) calls: Vec<Call>,
    pub(crate) looks: Vec<Look>,
    /// Acknowledged attachments.
    pub(crate) attachments: BTreeMap<String, (Hash, Vec<u8>)>,
    /// Reads that the disk refused.
    pub(crate) unreadable: Vec<LogError>,
    /// What is wrong beyond doubt the moment it is seen.
    pub(crate) wrong: Vec<String>,
    /// The highest version of each stream that anybody was told of.
    pub(crate) versions: BTreeMap<(Centre, Uuid), u64>,
    /// Calls before this one belong to lives that are over.
    pub(crate) settled_calls: usize,
    pub(crate) settled_looks: usize,
    pub(crate) dropped: u64,
    clock: Arc<AtomicU64>,
}

impl History {
    pub(crate) fn new(clock: Arc<AtomicU64>) -> Self {
        Self { clock, ..Self::default() }
    }

    /// The time: steps of the schedule and looks at the time so far, so that no two are the same.
    pub(crate) fn now(&self) -> u64 {
        self.clock.fetch_add(u64::from(!is_over()), Ordering::Relaxed)
    }

    pub(crate) fn next_id(&self) -> u64 {
        self.calls.len() as u64
    }

    /// The call that an event came of, and which of its events it is. What is said of the heads names nobody; its time does, as
    /// no two calls give the same.
    pub(crate) fn origin(&self, centre: &Centre, event: &Event) -> Option<(&Call, usize)> {
        if event.kind == HeadsCommitted::KIND {
            let is_it = |call: &&Call| {
                call.is_for_heads()
                    && call.append.centre == *centre
                    && call.append.clock == Clock::Given(event.recorded_ms)
            };
            return self.calls.iter().find(is_it).map(|call| (call, 0));
        }
        let mut parts = std::str::from_utf8(&event.body).ok()?.split(' ');
        let (id, n): (usize, usize) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some((self.calls.get(id)?, n))
    }

    /// Nothing is told of it yet.
    pub(crate) fn call(&mut self, append: Append) -> usize {
        let (id, called) = (self.next_id(), self.now());
        self.calls.push(Call { id, append, called, ended: u64::MAX, told: Told::Nothing, tail: 0 });
        self.calls.len() - 1
    }

    pub(crate) fn tell(&mut self, call: usize, answer: Result<Option<Appended>, AppendError>, tail: u64) {
        let now = self.now();
        if is_over() {
            return;
        }
        let call = &mut self.calls[call];
        (call.ended, call.tail) = (now, tail);
        call.told = match answer {
            Ok(None) => Told::UpToDate,
            Ok(Some(appended)) => {
                for (stream, version) in &appended.versions {
                    let known = self.versions.entry((call.append.centre.clone(), *stream)).or_default();
                    *known = (*known).max(*version);
                }
                Told::Appended(appended)
            }
            Err(AppendError::Unknown { .. }) => {
                // Where the log could not be opened again, its end comes later.
                call.ended = u64::MAX;
                Told::Unknown
            }
            Err(error) => {
                if let AppendError::VersionConflict { centre, stream, actual, .. } = &error {
                    self.versions.insert((centre.clone(), *stream), *actual);
                }
                Told::Refused(error)
            }
        };
    }

    pub(crate) fn look(&mut self, centre: &Centre, called: u64, seen: Result<Seen, LogError>) {
        let ended = self.now();
        match seen {
            _ if is_over() => {}
            Ok(seen) => self.looks.push(Look { centre: centre.clone(), called, ended, seen }),
            Err(error) => self.unreadable.push(error),
        }
    }

    pub(crate) fn attached(&mut self, bytes: Vec<u8>, kept: Result<Hash, LogError>) {
        match kept {
            _ if is_over() => {}
            Ok(hash) => drop(self.attachments.insert(hash.to_string(), (hash, bytes))),
            Err(error) => self.unreadable.push(error),
        }
    }

    /// Beside whoever writes.
    pub(crate) fn verified(&mut self, found: Result<Report, LogError>) {
        match found {
            _ if is_over() => {}
            Ok(report) if report.is_clean() => {}
            // SQLite's own check tells of a page that could not be read as of one that is wrong.
            Ok(_) if disk::with(|disk| disk.refused.reads) > 0 => {}
            Ok(report) => self.wrong.push(format!("verify, beside the writer: {:?}", report.faults)),
            Err(error) => self.unreadable.push(error),
        }
    }

    pub(crate) fn wrong(&mut self, what: String) {
        if !is_over() {
            self.wrong.push(what);
        }
    }

    /// Everything ended: what was in flight did its work by now, or never will.
    pub(crate) fn end_life(&mut self) {
        let now = self.now();
        for call in &mut self.calls[self.settled_calls..] {
            call.ended = call.ended.min(now);
        }
    }
}

/// What a task hears after the disk stopped, it may hear or not: nobody takes note of it.
fn is_over() -> bool {
    disk::with(|disk| disk.is_dead())
}
