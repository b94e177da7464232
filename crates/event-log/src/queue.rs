//! What waits for the writer: bounded, fair between centres, people before imports.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::{AppendError, Centre, Priority};

/// The most appends that may wait: beyond it the caller is told, and memory is not the buffer. Imports have a lane of their own,
/// so that one which floods it leaves the people's untouched.
const LIMIT_APPENDS: [usize; 2] = [1_024, 1_024];
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
///
/// A centre's line may be as long as there are places left. One that floods the lane alone gets half of it, two get a third
/// each, and whoever comes next still finds room.
#[derive(Debug)]
struct Lane<T> {
    lines: BTreeMap<Centre, Line<T>>,
    turns: VecDeque<Centre>,
    waiting: usize,
    bytes: usize,
}

#[derive(Debug)]
struct Line<T> {
    waiting: VecDeque<(Size, T)>,
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
        let lane = &mut state.lanes[priority as usize];
        lane.admit(centre, priority, size)?;
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
            let (group, closed) = self.look();
            if !group.is_empty() {
                return Some(group);
            }
            if closed {
                return None;
            }
            changed.await;
        }
    }

    /// What [`take`](Self::take) would give without waiting.
    pub(crate) fn take_now(&self) -> Vec<T> {
        self.look().0
    }

    /// A group of those who wait, and whether the queue is closed.
    fn look(&self) -> (Vec<T>, bool) {
        let mut state = self.state();
        let mut group = Vec::new();
        for (share, lane) in state.lanes.iter_mut().enumerate() {
            lane.take(GROUP_EVENTS[share], GROUP_BYTES[share], &mut group);
        }
        (group, state.closed)
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
    fn admit(&self, centre: &Centre, priority: Priority, size: Size) -> Result<(), AppendError> {
        let places = LIMIT_APPENDS[priority as usize].saturating_sub(self.waiting);
        let bytes = LIMIT_BYTES[priority as usize].saturating_sub(self.bytes);
        if places == 0 || size.bytes > bytes {
            return Err(AppendError::QueueFull { priority, waiting: self.waiting });
        }
        match self.lines.get(centre) {
            Some(line) if line.waiting.len() >= places || line.bytes + size.bytes > bytes => {
                Err(AppendError::ShareFull { centre: centre.clone(), priority, waiting: line.waiting.len() })
            }
            _ => Ok(()),
        }
    }

    fn push(&mut self, centre: &Centre, size: Size, item: T) {
        let line = self.lines.entry(centre.clone()).or_insert_with(|| Line { waiting: VecDeque::new(), bytes: 0 });
        if line.waiting.is_empty() {
            self.turns.push_back(centre.clone());
        }
        line.waiting.push_back((size, item));
        line.bytes += size.bytes;
        self.waiting += 1;
        self.bytes += size.bytes;
    }

    /// One from each centre in turn, until the group is full or nobody waits. The first is taken whatever its size.
    fn take(&mut self, most_events: usize, most_bytes: usize, group: &mut Vec<T>) {
        let (mut events, mut bytes) = (0, 0);
        while let Some(centre) = self.turns.pop_front() {
            let Some(line) = self.lines.get_mut(&centre) else { continue };
            let Some((size, item)) = line.waiting.pop_front() else { continue };
            if events > 0 && (events + size.events > most_events || bytes + size.bytes > most_bytes) {
                line.waiting.push_front((size, item));
                self.turns.push_front(centre);
                return;
            }
            events += size.events;
            bytes += size.bytes;
            self.waiting -= 1;
            self.bytes -= size.bytes;
            line.bytes -= size.bytes;
            if line.waiting.is_empty() {
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

    /// Pushes until it is refused; how many got in, and the refusal.
    fn flood(queue: &Queue<usize>, name: &str, priority: Priority, size: Size) -> (usize, AppendError) {
        let refused = (0..).find_map(|n| queue.push(&centre(name), priority, size, n).err().map(|error| (n, error)));
        refused.unwrap()
    }

    #[tokio::test]
    async fn a_flood_of_imports_is_stopped_and_leaves_the_peoples_lane_untouched() {
        let queue = Queue::new();
        let (got_in, refused) = flood(&queue, "one", Priority::Import, ONE);
        assert_eq!(got_in, 512);
        assert!(
            matches!(refused, AppendError::ShareFull { priority: Priority::Import, waiting: 512, .. }),
            "{refused}"
        );
        queue.push(&centre("one"), Priority::People, ONE, usize::MAX).unwrap();
        let group = queue.take().await.unwrap();
        assert_eq!((group[0], group.len()), (usize::MAX, 1 + GROUP_EVENTS[1]));
    }

    #[test]
    fn centres_that_flood_leave_room_for_the_next_one_until_there_is_none() {
        let queue = Queue::new();
        let (first, refused) = flood(&queue, "first", Priority::People, ONE);
        assert_eq!(first, 512, "half of the lane");
        assert!(matches!(refused, AppendError::ShareFull { waiting: 512, .. }), "{refused}");
        let (second, _) = flood(&queue, "second", Priority::People, ONE);
        assert_eq!(second, 256, "half of what the first one left");
        let quiet = |n: usize| queue.push(&centre(&format!("quiet-{n}")), Priority::People, ONE, n);
        let places = (0..).take_while(|n| quiet(*n).is_ok()).count();
        assert_eq!(places, 1_024 - 512 - 256);
        let refused = quiet(places).unwrap_err();
        assert!(matches!(refused, AppendError::QueueFull { waiting: 1_024, .. }), "{refused}");
    }

    #[tokio::test]
    async fn bytes_are_bounded_too_and_a_large_one_is_still_served() {
        let queue = Queue::new();
        let (one, other) = (centre("one"), centre("other"));
        let large = Size { events: 1, bytes: LIMIT_BYTES[0] - 100 };
        queue.push(&one, Priority::People, large, "large").unwrap();
        let refused = queue.push(&one, Priority::People, ONE, "its share is full").unwrap_err();
        assert!(matches!(refused, AppendError::ShareFull { waiting: 1, .. }), "{refused}");
        queue.push(&other, Priority::People, ONE, "small").unwrap();
        let refused = queue.push(&centre("third"), Priority::People, ONE, "no room").unwrap_err();
        assert!(matches!(refused, AppendError::QueueFull { waiting: 2, .. }), "{refused}");
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
