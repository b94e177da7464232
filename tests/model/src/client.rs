//! A caller: appends that expect the right version or a wrong one, reads, attachments, and waits that are given up.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use event_log::model::{Pause, pause, point, take_pause};
use event_log::{Append, AppendError, Appended, Centre, Clock, EventLog, NewEvent, Priority};
use uuid::Uuid;

use crate::history::{History, Seen};
use chance::Chance;

/// 2026-01-01T00:00:00Z.
const NEW_YEAR_MS: i64 = 1_767_225_600_000;
/// The machine's time between two steps of the schedule.
const STEP_MS: i64 = 7;

const CENTRES: [&str; 2] = ["410404", "410403"];
const STREAMS: u64 = 3;
const COUNTERS: [&str; 2] = ["序号 2026", "feed"];

pub(crate) struct Client {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) history: Rc<RefCell<History>>,
    pub(crate) chance: Chance,
    /// Only as many may read as the log has connections for it: one that waited for a connection would wait for ever, since nobody
    /// else goes while somebody is in the database.
    pub(crate) may_read: bool,
    pub(crate) deeds: u64,
}

pub(crate) fn centres() -> impl Iterator<Item = Centre> {
    CENTRES.iter().map(|name| Centre::new(name).expect("a centre's name"))
}

pub(crate) fn streams() -> impl Iterator<Item = Uuid> {
    (1..=STREAMS).map(|n| Uuid::from_u128(n.into()))
}

impl Client {
    pub(crate) async fn run(mut self) {
        for _ in 0..self.deeds {
            settled().await;
            let deed = if self.may_read { self.chance.below(100) } else { 0 };
            match deed {
                0..64 => self.append().await,
                64..70 => self.commit_heads().await,
                70..92 => self.look().await,
                92..98 => self.attach().await,
                _ => self.verify().await,
            }
        }
    }

    async fn append(&mut self) {
        let centre = self.centre();
        let stream = self.stream();
        if self.may_read && self.chance.percent(25) {
            // As a command does it: load, decide, append.
            self.look_at(&centre, 3, stream).await;
            settled().await;
        }
        let append = self.draft(centre);
        let (log, draft) = (Arc::clone(&self.log), append.clone());
        self.wait_for(append, async move { log.append(draft).await.map(Some) }).await;
    }

    /// The time is what its event is known by again: its body names nobody.
    async fn commit_heads(&mut self) {
        let clock = Clock::Given(self.now_ms());
        let append = Append {
            centre: self.centre(),
            events: Vec::new(),
            expected: Vec::new(),
            clock,
            counters: Vec::new(),
            priority: Priority::People,
        };
        let (log, centre) = (Arc::clone(&self.log), append.centre.clone());
        self.wait_for(append, async move { log.commit_heads(&centre, clock).await }).await;
    }

    async fn wait_for(&mut self, asked: Append, answer: impl Future<Output = Result<Option<Appended>, AppendError>>) {
        let gives_up = self.chance.percent(12).then(|| self.chance.below(4));
        let centre = asked.centre.clone();
        let mut tail = self.log.tail(&centre);
        let call = self.history.borrow_mut().call(asked);
        let answer = patient(answer, gives_up).await;
        let now = tail.now();
        match answer {
            Some(answer) => self.history.borrow_mut().tell(call, answer, now),
            None => self.history.borrow_mut().dropped += 1,
        }
        // Whatever it says later, it never goes back.
        tail = self.log.tail(&centre);
        if tail.now() < now {
            self.history.borrow_mut().wrong(format!("a tail went back from {now} to {}", tail.now()));
        }
    }

    fn draft(&mut self, centre: Centre) -> Append {
        let id = self.history.borrow().next_id();
        let mut named: Vec<Uuid> = streams().filter(|_| self.chance.percent(40)).collect();
        if named.is_empty() {
            named.push(self.stream());
        }
        let expected = named.iter().map(|stream| (*stream, self.guess(&centre, *stream))).collect();
        let count = self.chance.of(&[1, 1, 1, 2, 3]);
        let events = (0..count).map(|n| NewEvent {
            stream: self.chance.of(&named),
            kind: self.chance.of(&["accepted", "noted", "closed"]).to_owned(),
            kind_version: 1,
            body: format!("{id} {n} {}", "x".repeat(self.chance.of(&[0, 3, 40, 300, 3_000, 9_000]))).into_bytes(),
        });
        let events = events.collect();
        let now_ms = self.now_ms();
        let clock = match self.chance.below(20) {
            0 => Clock::Machine(now_ms - 30_000),
            1..4 => Clock::Given(now_ms),
            4 => Clock::Given(now_ms - self.chance.of(&[20, 1_000])),
            _ => Clock::Machine(now_ms),
        };
        let priority = if self.chance.percent(25) { Priority::Import } else { Priority::People };
        let draws = self.chance.of(&[0, 0, 1, 2]);
        let counters = (0..draws).map(|_| self.chance.of(&COUNTERS).to_owned()).collect();
        Append { centre, events, expected, clock, counters, priority }
    }

    fn now_ms(&self) -> i64 {
        NEW_YEAR_MS + i64::try_from(self.history.borrow().now()).unwrap_or(i64::MAX) * STEP_MS
    }

    /// Mostly the version that somebody was told of last; others may have been faster.
    fn guess(&mut self, centre: &Centre, stream: Uuid) -> u64 {
        let known = self.history.borrow().versions.get(&(centre.clone(), stream)).copied().unwrap_or(0);
        match self.chance.below(20) {
            0 => known + 1,
            1 => known.saturating_sub(1),
            _ => known,
        }
    }

    async fn look(&mut self) {
        let (centre, what, stream) = (self.centre(), self.chance.below(4), self.stream());
        self.look_at(&centre, what, stream).await;
    }

    async fn look_at(&mut self, centre: &Centre, what: u64, stream: Uuid) {
        let called = self.history.borrow().now();
        let after = self.chance.of(&[0, 0, 1, 5]);
        let seen = match what {
            0 => {
                let events = self.log.read_stream(centre, stream, after).await;
                events.map(|events| Seen::Stream { stream, after, events })
            }
            1 => {
                let limit = self.chance.of(&[1, 20, 1_000]);
                let events = self.log.read_centre(centre, after, limit).await;
                events.map(|events| Seen::Centre { after, limit, events })
            }
            2 => self.log.head(centre).await.map(Seen::Head),
            _ => self.log.stream_head(centre, stream).await.map(|version| Seen::StreamHead { stream, version }),
        };
        if let Ok(Seen::StreamHead { version, .. }) = &seen {
            self.history.borrow_mut().versions.insert((centre.clone(), stream), *version);
        }
        self.history.borrow_mut().look(centre, called, seen);
    }

    async fn attach(&mut self) {
        let n = self.chance.below(6);
        let bytes = format!("attachment {n} {}", "y".repeat(usize::try_from(n).unwrap_or(0) * 700)).into_bytes();
        let kept = self.log.put_attachment(bytes.clone()).await;
        self.history.borrow_mut().attached(bytes, kept);
    }

    async fn verify(&mut self) {
        let found = self.log.verify(&mut |_| ()).await;
        self.history.borrow_mut().verified(found);
    }

    fn centre(&mut self) -> Centre {
        Centre::new(self.chance.of(&CENTRES)).expect("a centre's name")
    }

    fn stream(&mut self) -> Uuid {
        Uuid::from_u128(u128::from(self.chance.below(STREAMS) + 1))
    }
}

/// Between two reads: the connection of the first one goes back to its pool before the second asks for one, or the second would
/// now and then find none and open another.
pub(crate) async fn settled() {
    point("caller: goes on").await;
}

/// Waits for an answer, or only until it has been asked for so often; `None` where it was given up.
async fn patient<F: Future>(future: F, asks: Option<u64>) -> Option<F::Output> {
    let (mut future, mut left) = (pin!(future), asks);
    poll_fn(|context| {
        if let Poll::Ready(answer) = future.as_mut().poll(context) {
            return Poll::Ready(Some(answer));
        }
        let why = take_pause();
        match (&mut left, why) {
            (Some(0), Some(_)) => return Poll::Ready(None),
            (Some(left), Some(_)) => {
                *left -= 1;
                // It comes back by itself, woken or not.
                pause(Pause::At("caller: still waits"));
            }
            (_, Some(why)) => pause(why),
            (_, None) => {}
        }
        Poll::Pending
    })
    .await
}
