//! Waiting for events without asking again and again, and without missing any.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::{Centre, LogError};

/// Follows a number that only grows: see [`EventLog::tail`](crate::EventLog::tail) and
/// [`EventLog::tail_all`](crate::EventLog::tail_all). Holding one costs nothing while nothing happens.
#[derive(Debug, Clone)]
pub struct Tail(watch::Receiver<u64>);

impl Tail {
    /// Where it stands now.
    pub fn now(&self) -> u64 {
        *self.0.borrow()
    }

    /// Waits until it stands beyond `seen`, and says where. It compares rather than counts wake-ups, so nothing is missed,
    /// whenever it is called. May be dropped while waiting.
    ///
    /// # Errors
    /// [`LogError::Closed`] once the log is closed.
    pub async fn past(&mut self, seen: u64) -> Result<u64, LogError> {
        let reached = self.0.wait_for(|now| *now > seen).await;
        reached.map(|now| *now).map_err(|_| LogError::Closed)
    }

    /// Of a log that is closed.
    fn ended() -> Self {
        Self(watch::channel(0).1)
    }
}

/// The other end of every [`Tail`] of a log.
#[derive(Debug)]
pub(crate) struct Tails(Mutex<Option<Senders>>);

#[derive(Debug, Default)]
struct Senders {
    centres: BTreeMap<Centre, watch::Sender<u64>>,
    commits: watch::Sender<u64>,
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
            centres.retain(|_, sender| *sender.borrow() > 0 || sender.receiver_count() > 0);
        }
        Tail(centres.entry(centre.clone()).or_default().subscribe())
    }

    pub(crate) fn tail_all(&self) -> Tail {
        self.senders().as_ref().map_or_else(Tail::ended, |senders| Tail(senders.commits.subscribe()))
    }

    /// Says how far these centres now are. One that is already further stays there.
    pub(crate) fn publish(&self, positions: impl IntoIterator<Item = (Centre, u64)>) {
        let mut senders = self.senders();
        let Some(Senders { centres, commits }) = senders.as_mut() else { return };
        let mut moved = false;
        for (centre, position) in positions {
            moved |= centres.entry(centre).or_default().send_if_modified(|now| {
                let further = position > *now;
                *now = position.max(*now);
                further
            });
        }
        if moved {
            commits.send_modify(|commits| *commits += 1);
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
