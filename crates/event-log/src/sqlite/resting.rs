//! Appends that rest on something which is not on the disk yet: others overtake them meanwhile, where nobody could tell.
//!
//! Who may not go before one that waits: an append that names one of the same streams, since it may build on it; one whose time is
//! given, where the other's is; and an import before an import, whose rows are numbered in the order of its file.

use std::collections::{BTreeSet, VecDeque};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use uuid::Uuid;

use super::writer::Appending;
use crate::{Append, Cause, Centre, Clock, Priority, Ready};

/// When nothing more is taken from the queue before some of these are written: the queue is where callers are told to wait.
const FULL_APPENDS: usize = 1_024;

#[derive(Debug, Default)]
pub(super) struct Resting(VecDeque<(Appending, Rest)>);

#[derive(Debug)]
enum Rest {
    /// It is being written.
    Waits(Ready),
    /// There is nothing to wait for, or it is on the disk, or cannot be.
    Over(Result<(), Cause>),
}

/// Appends whose turn has come.
#[derive(Debug, Default)]
pub(super) struct Turn {
    pub(super) ready: Vec<Appending>,
    /// What they rest on could not be written.
    pub(super) failed: Vec<(Appending, Cause)>,
}

impl Resting {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= FULL_APPENDS
    }

    /// Takes its place after those that are there.
    pub(super) fn push(&mut self, append: Appending, rest: Option<Ready>) {
        self.0.push_back((append, rest.map_or(Rest::Over(Ok(())), Rest::Waits)));
    }

    /// Those that may be written now, in their order.
    pub(super) fn take(&mut self) -> Turn {
        // Nobody is woken by this look: whoever waits afterwards looks again.
        self.look(&mut Context::from_waker(Waker::noop()));
        let (mut turn, mut before) = (Turn::default(), Before::default());
        for (append, rest) in std::mem::take(&mut self.0) {
            match rest {
                Rest::Over(Err(cause)) => turn.failed.push((append, cause)),
                Rest::Over(Ok(())) if !before.forbids(&append.append) => turn.ready.push(append),
                rest => {
                    before.add(&append.append);
                    self.0.push_back((append, rest));
                }
            }
        }
        turn
    }

    /// Returns when it has become known of one of them, at least, what became of what it rests on.
    pub(super) async fn changed(&mut self) {
        poll_fn(|context| if self.look(context) { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    fn look(&mut self, context: &mut Context<'_>) -> bool {
        let mut has_changed = false;
        for (_, rest) in &mut self.0 {
            if let Rest::Waits(ready) = rest
                && let Poll::Ready(result) = Pin::new(ready).poll(context)
            {
                *rest = Rest::Over(result);
                has_changed = true;
            }
        }
        has_changed
    }
}

/// What those that wait forbid to whoever comes after them.
#[derive(Debug, Default)]
struct Before {
    streams: BTreeSet<Uuid>,
    given: BTreeSet<Centre>,
    imports: BTreeSet<Centre>,
}

impl Before {
    fn add(&mut self, append: &Append) {
        self.streams.extend(append.expected.iter().map(|(stream, _)| *stream));
        if matches!(append.clock, Clock::Given(_)) {
            self.given.insert(append.centre.clone());
        }
        if append.priority == Priority::Import {
            self.imports.insert(append.centre.clone());
        }
    }

    fn forbids(&self, append: &Append) -> bool {
        append.expected.iter().any(|(stream, _)| self.streams.contains(stream))
            || (matches!(append.clock, Clock::Given(_)) && self.given.contains(&append.centre))
            || (append.priority == Priority::Import && self.imports.contains(&append.centre))
    }
}
