//! What a caller asks to be written, and the limits on it.

use std::collections::BTreeSet;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use uuid::Uuid;

use crate::{AppendError, Cause, Centre};

/// The most events in one append.
pub const APPEND_LIMIT_EVENTS: usize = 1_000;
/// The most bytes in one event's body.
pub const BODY_LIMIT_BYTES: usize = 1 << 20;
/// The most bytes in all bodies of one append.
pub const APPEND_LIMIT_BYTES: usize = 8 << 20;

const KIND_LIMIT_BYTES: usize = 64;
const COUNTER_LIMIT_BYTES: usize = 240;
/// 9999-12-31T23:59:59.999Z: beyond it no time has a name in RFC 3339.
const RECORDED_LIMIT_MS: i64 = 253_402_300_799_999;

/// Events to be recorded together, all or none, in the log of one centre.
#[derive(Debug, Clone)]
pub struct Append {
    /// Whose log.
    pub centre: Centre,
    /// At least one event, in the order in which they are to stand.
    pub events: Vec<NewEvent>,
    /// The version at which the decision found each stream; 0 where it found none. Every stream that is written
    /// must be named here; others may be, and are then only asserted.
    pub expected: Vec<(Uuid, u64)>,
    /// Where the recorded time comes from.
    pub clock: Clock,
    /// Running numbers to draw, one for each mention of a name: gapless from 1 under that name in this centre.
    pub counters: Vec<String>,
    /// Who waits for it.
    pub priority: Priority,
}

/// What is written elsewhere and has to be on the disk before an append that rests on it is.
pub struct Ready(Pin<Box<dyn Future<Output = Result<(), Cause>> + Send>>);

impl Ready {
    /// It is once this ends well.
    pub fn once(future: impl Future<Output = Result<(), Cause>> + Send + 'static) -> Self {
        Self(Box::pin(future))
    }
}

impl Future for Ready {
    type Output = Result<(), Cause>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ready")
    }
}

/// An append that can take its place in the queue.
#[derive(Debug)]
pub struct Prepared {
    pub(crate) append: Append,
    pub(crate) ready: Option<Ready>,
}

impl Prepared {
    /// An append that rests on something: the writer waits for it, and writes nothing of the append if it fails.
    pub fn after(append: Append, ready: Ready) -> Self {
        Self { append, ready: Some(ready) }
    }

    /// Bytes of all bodies.
    pub fn bytes(&self) -> usize {
        self.append.body_bytes()
    }
}

impl From<Append> for Prepared {
    fn from(append: Append) -> Self {
        Self { append, ready: None }
    }
}

/// An event that has no position yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// What it is about.
    pub stream: Uuid,
    /// Its type.
    pub kind: String,
    /// The version of that type.
    pub kind_version: u16,
    /// Its bytes, kept and hashed as they are.
    pub body: Vec<u8>,
}

/// Where the recorded time comes from. Both are milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// The machine says that it is now. If it went back, the last recorded time is taken instead.
    Machine(i64),
    /// A simulated directory says so. A time before the last recorded one is refused.
    Given(i64),
}

/// Who waits for an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// A person, or a rule that acts now. Goes first.
    People,
    /// Something that runs in the background, as an import does.
    Import,
}

/// What became of an append. It stands on the disk when this is handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// Position of the append's first event.
    pub first_position: u64,
    /// Position of its last.
    pub last_position: u64,
    /// When it was recorded, in milliseconds since 1970-01-01T00:00:00Z.
    pub recorded_ms: i64,
    /// The version that each stream of `expected` now has, in that order.
    pub versions: Vec<(Uuid, u64)>,
    /// The number drawn for each mention in `counters`, in that order.
    pub counters: Vec<(String, u64)>,
}

impl Append {
    /// Bytes of all bodies.
    pub(crate) fn body_bytes(&self) -> usize {
        self.events.iter().map(|event| event.body.len()).sum()
    }

    /// Refuses what no state of the log could accept, before it takes a place in the queue.
    pub(crate) fn check(&self) -> Result<(), AppendError> {
        let refuse = |why: String| Err(AppendError::Invalid { centre: self.centre.clone(), why });
        if self.events.is_empty() || self.events.len() > APPEND_LIMIT_EVENTS {
            return refuse(format!("it holds {} events, 1 to {APPEND_LIMIT_EVENTS} are wanted", self.events.len()));
        }
        if self.body_bytes() > APPEND_LIMIT_BYTES {
            return refuse(format!("its bodies take {} bytes, {APPEND_LIMIT_BYTES} are the most", self.body_bytes()));
        }
        let (Clock::Machine(ms) | Clock::Given(ms)) = self.clock;
        if !(0..=RECORDED_LIMIT_MS).contains(&ms) {
            return refuse(format!("{ms} ms is no time between the years 1970 and 9999"));
        }
        let streams: BTreeSet<Uuid> = self.expected.iter().map(|(stream, _)| *stream).collect();
        if streams.len() != self.expected.len() {
            return refuse("a stream stands twice in `expected`".to_owned());
        }
        for event in &self.events {
            let NewEvent { stream, kind, body, .. } = event;
            if *stream == transparency::heads::OWN_STREAM {
                return refuse("what the log says about itself is its own to write".to_owned());
            }
            if !streams.contains(stream) {
                return refuse(format!("stream {stream} is written and not named in `expected`"));
            }
            if body.len() > BODY_LIMIT_BYTES {
                return refuse(format!(
                    "the body of `{kind}` takes {} bytes, {BODY_LIMIT_BYTES} are the most",
                    body.len()
                ));
            }
            if !(1..=KIND_LIMIT_BYTES).contains(&kind.len()) || !kind.bytes().all(|byte| byte.is_ascii_graphic()) {
                return refuse(format!(
                    "`{kind}` is no type: 1 to {KIND_LIMIT_BYTES} printing ASCII characters are wanted"
                ));
            }
        }
        for name in &self.counters {
            if !(1..=COUNTER_LIMIT_BYTES).contains(&name.len()) || name.chars().any(char::is_control) {
                return refuse(format!(
                    "`{name}` names no counter: 1 to {COUNTER_LIMIT_BYTES} bytes, no control characters"
                ));
            }
        }
        Ok(())
    }
}
