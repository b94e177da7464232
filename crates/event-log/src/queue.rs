//! What waits for the writer: bounded, fair between centres, people before imports.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::{AppendError, Centre, Priority};

/// The most appends that may wait: beyond it the caller is told, and memory is not the buffer. Imports get a share of their own,
/// so that one which floods its share leaves the people's untouched.
const LIMIT_APPENDS: [usize; 2] = [4_096, 1_024];
/// The most bytes of bodies that may wait, likewise.
const LIMIT_BYTES: [usize; 2] = [64 << 20, 32 << 20];
/// The most that one commit takes from either share: what keeps a commit, and with it everybody's wait, short.
const GROUP_EVENTS: [usize; 2] = [1_024, 256];
const GROUP_BYTES: [usize; 2] = [8 << 20, 2 << 20];

/// How much of a commit something takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) events: usize,
    pub(crate) bytes: usize,
}

/// A queue of `T`s with one consumer.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Notify,
}

#[derive(Debug)]
struct State<T> {
    lanes: [Lane<T>; 2],
    closed: bool,
}

/// One priority: a line of waiting `T`s for each centre, served in turn.
#[derive(Debug)]
struct Lane<T> {
    lines: BTreeMap<Centre, VecDeque<(Size, T)>>,
    turns: VecDeque<Centre>,
    waiting: usize,
    bytes: usize,
}

impl<T> Queue<T> {
    pub(crate) fn new() -> Self {
        let lane = || Lane { lines: BTreeMap::new(), turns: VecDeque::new(), waiting: 0, bytes: 0 };
        Self { state: Mutex::new(State { lanes: [lane(), lane()], closed: false }), changed: Notify::new() }
    }

    /// Takes a place at the end of the centre's line, or says that there is none.
    pub(crate) fn push(&self, centre: &Centre, priority: Priority, size: Size, item: T) -> Result<(), AppendError> {
        let mut state = self.state();
        if state.closed {
            return Err(AppendError::Closed);
        }
        let share = priority as usize;
        let lane = &mut state.lanes[share];
        if lane.waiting >= LIMIT_APPENDS[share] || lane.bytes + size.bytes > LIMIT_BYTES[share] {
            return Err(AppendError::QueueFull { waiting: lane.waiting, limit: LIMIT_APPENDS[share] });
        }
        lane.push(centre, size, item);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// The next group, as soon as there is anything; `None` once the queue is closed and empty. Who waits is the group:
    /// no timer holds a lone caller back, and while one group is being written the next one gathers.
    pub(crate) async fn take(&self) -> Option<Vec<T>> {
        loop {
            let changed = self.changed.notified();
            {
                let mut state = self.state();
                let mut group = Vec::new();
                for (share, lane) in state.lanes.iter_mut().enumerate() {
                    lane.take(GROUP_EVENTS[share], GROUP_BYTES[share], &mut group);
                }
                if !group.is_empty() {
                    return Some(group);
                }
                if state.closed {
                    return None;
                }
            }
            changed.await;
        }
    }

    /// Nothing more gets in; what waits is still served.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_one();
    }

    /// Nothing more gets in, and what waits is dropped: for a consumer that will not come back.
    pub(crate) fn abandon(&self) {
        let mut state = self.state();
        state.closed = true;
        for lane in &mut state.lanes {
            (lane.lines, lane.turns) = (BTreeMap::new(), VecDeque::new());
            (lane.waiting, lane.bytes) = (0, 0);
        }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Lane<T> {
    fn push(&mut self, centre: &Centre, size: Size, item: T) {
        let line = self.lines.entry(centre.clone()).or_default();
        if line.is_empty() {
            self.turns.push_back(centre.clone());
        }
        line.push_back((size, item));
        self.waiting += 1;
        self.bytes += size.bytes;
    }

    /// One from each centre in turn, until the group is full or nobody waits. The first is taken whatever its size.
    fn take(&mut self, most_events: usize, most_bytes: usize, group: &mut Vec<T>) {
        let (mut events, mut bytes) = (0, 0);
        while let Some(centre) = self.turns.pop_front() {
            let Some(line) = self.lines.get_mut(&centre) else { continue };
            let Some((size, item)) = line.pop_front() else { continue };
            if events > 0 && (events + size.events > most_events || bytes + size.bytes > most_bytes) {
                line.push_front((size, item));
                self.turns.push_front(centre);
                return;
            }
            events += size.events;
            bytes += size.bytes;
            self.waiting -= 1;
            self.bytes -= size.bytes;
            if line.is_empty() {
                self.lines.remove(&centre);
            } else {
                self.turns.push_back(centre);
            }
            group.push(item);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Size = Size { events: 1, bytes: 100 };

    fn centre(name: &str) -> Centre {
        Centre::new(name).unwrap()
    }

    #[tokio::test]
    async fn centres_take_turns_and_people_go_first() {
        let queue = Queue::new();
        let (busy, quiet) = (centre("busy"), centre("quiet"));
        for n in 0..3 {
            queue.push(&busy, Priority::Import, ONE, format!("import {n}")).unwrap();
            queue.push(&busy, Priority::People, ONE, format!("busy {n}")).unwrap();
        }
        queue.push(&quiet, Priority::People, ONE, "quiet".to_owned()).unwrap();
        let order = ["busy 0", "quiet", "busy 1", "busy 2", "import 0", "import 1", "import 2"];
        assert_eq!(queue.take().await.unwrap(), order);
    }

    #[tokio::test]
    async fn a_flood_of_imports_is_stopped_and_leaves_room_for_people() {
        let queue = Queue::new();
        let one = centre("one");
        for n in 0..LIMIT_APPENDS[1] {
            queue.push(&one, Priority::Import, ONE, n).unwrap();
        }
        let refused = queue.push(&one, Priority::Import, ONE, 0).unwrap_err();
        assert!(matches!(refused, AppendError::QueueFull { waiting: 1_024, limit: 1_024 }), "{refused}");
        queue.push(&one, Priority::People, ONE, usize::MAX).unwrap();
        let group = queue.take().await.unwrap();
        assert_eq!((group[0], group.len()), (usize::MAX, 1 + GROUP_EVENTS[1]));
    }

    #[tokio::test]
    async fn bytes_are_bounded_too_and_a_large_one_is_still_served() {
        let queue = Queue::new();
        let one = centre("one");
        let large = Size { events: 1, bytes: LIMIT_BYTES[0] - 100 };
        queue.push(&one, Priority::People, large, "large").unwrap();
        queue.push(&one, Priority::People, ONE, "small").unwrap();
        assert!(queue.push(&one, Priority::People, ONE, "no room").is_err());
        assert_eq!(queue.take().await.unwrap(), ["large"]);
        assert_eq!(queue.take().await.unwrap(), ["small"]);
        queue.push(&one, Priority::People, large, "room again").unwrap();
    }

    #[tokio::test]
    async fn a_closed_queue_is_emptied_before_it_ends() {
        let queue = Queue::new();
        queue.push(&centre("one"), Priority::People, ONE, 1).unwrap();
        queue.close();
        assert!(matches!(queue.push(&centre("one"), Priority::People, ONE, 2), Err(AppendError::Closed)));
        assert_eq!(queue.take().await, Some(vec![1]));
        assert_eq!(queue.take().await, None);
    }
}
