//! Appends under way, and what is answered when they stand.

use std::{collections::BTreeMap, pin::Pin};

use cases::{Instant, case::Decided};
use event_log::{Append, AppendError, Appended, NewEvent};
use uuid::Uuid;

use super::{Done, DoneEvent, EngineError};
use crate::clock;

pub(super) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// An append that stands in the log's queue.
pub(crate) struct Begun {
    pub(super) answered: Vec<DoneEvent>,
    /// What was decided, by case.
    pub(crate) decided: Decided,
    pub(super) queued: Queued,
}

/// The same, of which nothing else is known.
pub(crate) struct Queued {
    pub(super) future: BoxFuture<Result<Appended, AppendError>>,
    pub(super) first: Option<Result<Appended, AppendError>>,
}

impl Queued {
    /// Waits until it is on the disk.
    pub(crate) async fn done(self) -> Result<Appended, AppendError> {
        match self.first {
            Some(done) => done,
            None => self.future.await,
        }
    }
}

impl Begun {
    /// Waits until it is on the disk.
    pub(crate) async fn done(self) -> Result<Done, EngineError> {
        Ok(recorded(self.answered, &self.queued.done().await?))
    }

    /// The types of its events.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = &str> {
        self.answered.iter().map(|event| event.kind.as_str())
    }
}

pub(super) fn answers(append: &Append) -> Vec<DoneEvent> {
    let mut versions: BTreeMap<Uuid, u64> = append.expected.iter().copied().collect();
    let answer = |event: &NewEvent| {
        let version = versions.entry(event.stream).or_default();
        *version += 1;
        DoneEvent {
            kind: event.kind.clone(),
            position: 0,
            stream: event.stream,
            version: *version,
            recorded_at: instant(0),
        }
    };
    append.events.iter().map(answer).collect()
}

pub(super) fn recorded(mut answered: Vec<DoneEvent>, appended: &Appended) -> Done {
    for (event, position) in answered.iter_mut().zip(appended.first_position..) {
        event.position = position;
        event.recorded_at = instant(appended.recorded_ms);
    }
    Done { events: answered, already: false }
}

/// A recorded time; the log takes none that is outside the calendar.
pub(super) fn instant(ms: i64) -> Instant {
    Instant::from_ms(ms).unwrap_or_else(clock::now)
}
