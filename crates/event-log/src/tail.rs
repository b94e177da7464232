//! Waiting for events without asking again and again, and without missing any.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::{Centre, LogError};

/// Follows a number that only grows: see [`EventLog::tail`](crate::EventLog::tail) and
/// [`EventLog::tail_all`](crate::EventLog::tail_all). Holding one costs nothing while nothing happens.
#[derive(Debug, Clone)]
pub struct Tail(watch::Receiver<Reached>);

/// Where a centre's log stands. As numbers in memory: a query for a head costs as much as a decision.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reached {
    /// Position of the last event; 0 if there is none.
    pub position: u64,
    /// When it was recorded, in milliseconds since 1970; 0 if there is none.
    pub recorded_ms: i64,
}

impl Tail {
    /// Where it stands now.
    pub fn now(&self) -> u64 {
        self.0.borrow().position
    }

    /// The same with the time at which it was recorded; of all centres together there is none.
    pub fn reached(&self) -> Reached {
        *self.0.borrow()
    }

    /// Waits until it stands beyond `seen`, and says where. It compares rather than counts wake-ups, so nothing is missed,
    /// whenever it is called. May be dropped while waiting.
    ///
    /// # Errors
    /// [`LogError::Closed`] once the log is closed.
    pub async fn past(&mut self, seen: u64) -> Result<u64, LogError> {
        let reached = self.0.wait_for(|now| now.position > seen).await;
        reached.map(|now| now.position).map_err(|_| LogError::Closed)
    }

    /// Of a log that is closed.
    fn ended() -> Self {
        Self(watch::channel(Reached::default()).1)
    }
}

/// The other end of every [`Tail`] of a log.
#[derive(Debug)]
pub(crate) struct Tails(Mutex<Option<Senders>>);

#[derive(Debug, Default)]
struct Senders {
    centres: BTreeMap<Centre, watch::Sender<Reached>>,
    /// How many commits there were, in the place of a position.
    commits: watch::Sender<Reached>,
}

impl Tails {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Some(Senders::default())))
    }

    pub(crate) fn tail(&self, centre: &Centre) -> Tail {
        let mut senders = self.senders();
        let Some(Senders { centres, .. }) = senders.as_mut() else { return Tail::ended() };
        if !centres.contains_key(centre) {
            // Whoever asks for centres that do not exist must not fill the memory with them.
            centres.retain(|_, sender| *sender.borrow() != Reached::default() || sender.receiver_count() > 0);
        }
        Tail(centres.entry(centre.clone()).or_default().subscribe())
    }

    pub(crate) fn tail_all(&self) -> Tail {
        self.senders().as_ref().map_or_else(Tail::ended, |senders| Tail(senders.commits.subscribe()))
    }

    /// Says how far these centres now are. One that is already further stays there.
    pub(crate) fn publish(&self, reached: impl IntoIterator<Item = (Centre, Reached)>) {
        let mut senders = self.senders();
        let Some(Senders { centres, commits }) = senders.as_mut() else { return };
        let mut moved = false;
        for (centre, reached) in reached {
            moved |= centres.entry(centre).or_default().send_if_modified(|now| {
                let is_further = reached.position > now.position;
                if is_further {
                    *now = reached;
                }
                is_further
            });
        }
        if moved {
            commits.send_modify(|commits| commits.position += 1);
        }
    }

    /// Ends every tail there is, and every one still to be made.
    pub(crate) fn close(&self) {
        *self.senders() = None;
    }

    fn senders(&self) -> MutexGuard<'_, Option<Senders>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
