//! Who goes next: the log's tasks and its callers, polled by hand in an order that follows from the seed.
//!
//! A task goes on until it stands at a point, waits for another task, or ends. While it waits for SQLite, whose connections have
//! threads of their own, nobody else goes: so one thread is at work at any time, and the same seed makes the same run.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use event_log::model::{Pause, take_pause, take_spawned};
use tokio::runtime::Handle;

use crate::disk;
use chance::Chance;

thread_local! {
    /// How many tasks may stay, and who waits until no more do.
    static SETTLING: Cell<Option<(usize, Waker)>> = const { Cell::new(None) };
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// How a run of the tasks ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Every caller is done, and nobody has anything left to do.
    Done,
    /// These callers wait, and nobody will ever wake them.
    Stuck(Vec<String>),
    /// Everything is to end here.
    AtPoint(&'static str),
    /// The disk stopped.
    DiskDied,
}

/// Who is polled by whom, and when everything ends.
pub(crate) struct Schedule {
    slots: Vec<Slot>,
    chance: Chance,
    /// Of a hundred times that the same task could go on, how often it does.
    sticks_percent: u64,
    /// Everything ends at this point from now, if at any.
    points_left: Option<u64>,
    /// It is counted from the first thing that the disk refuses.
    counts_from_refusal: bool,
    last: usize,
    /// Polls so far: the only time there is.
    steps: Arc<std::sync::atomic::AtomicU64>,
    spawned_alive: usize,
}

struct Slot {
    name: String,
    /// `None` once it ended.
    task: Option<Task>,
    is_of_the_log: bool,
    waits: bool,
    alarm: Arc<Alarm>,
}

/// Whether a task was woken, and whom to wake besides.
#[derive(Default)]
struct Alarm {
    rang: AtomicBool,
    beyond: Mutex<Option<Waker>>,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.rang.store(true, Ordering::Release);
        let beyond = self.beyond.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = beyond {
            waker.wake();
        }
    }
}

/// What one turn of a task led to.
enum Turn {
    Point(&'static str),
    Waits,
    Ended,
    DiskDied,
}

impl Schedule {
    pub(crate) fn new(mut chance: Chance, steps: Arc<std::sync::atomic::AtomicU64>) -> Self {
        let sticks_percent = chance.of(&[0, 20, 60, 90]);
        Self {
            slots: Vec::new(),
            chance,
            sticks_percent,
            points_left: None,
            counts_from_refusal: false,
            last: 0,
            steps,
            spawned_alive: 0,
        }
    }

    /// Ends everything at this point from now, or from the first refusal; none of them: never.
    pub(crate) fn end_at_point(&mut self, points: Option<u64>, counts_from_refusal: bool) {
        (self.points_left, self.counts_from_refusal) = (points, counts_from_refusal);
    }

    /// Adds a caller.
    pub(crate) fn add(&mut self, name: &str, task: impl Future<Output = ()> + 'static) {
        self.push(name, false, Box::pin(task));
    }

    fn push(&mut self, name: &str, is_of_the_log: bool, task: Task) {
        let alarm = Arc::default();
        self.slots.push(Slot { name: name.to_owned(), task: Some(task), is_of_the_log, waits: false, alarm });
    }

    /// Lets them go on until nobody can, or everything ends.
    pub(crate) async fn run(&mut self) -> Ended {
        loop {
            let Some(next) = self.choose() else { return self.at_rest() };
            self.last = next;
            self.steps.fetch_add(1, Ordering::Relaxed);
            let turn = self.slots[next].turn().await;
            let note = match turn {
                Turn::Point(name) => name,
                Turn::Waits => "waits",
                Turn::Ended => "ended",
                Turn::DiskDied => return Ended::DiskDied,
            };
            disk::with(|disk| disk.trace.note(format_args!("{}: {note}", self.slots[next].name)));
            if matches!(turn, Turn::Ended) {
                self.slots[next].task = None;
                self.spawned_alive -= usize::from(self.slots[next].is_of_the_log);
            }
            for task in take_spawned() {
                self.push("the log", true, task);
                self.spawned_alive += 1;
            }
            settle(self.spawned_alive).await;
            if let (Turn::Point(name), Some(left)) = (turn, &mut self.points_left)
                && (!self.counts_from_refusal || disk::with(|disk| disk.refused.any()))
            {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    disk::with(disk::Disk::die);
                    return Ended::AtPoint(name);
                }
            }
        }
    }

    /// Drops every task, as the end of a process does, and waits until SQLite's threads have ended.
    pub(crate) async fn drop_all(&mut self) {
        disk::with(disk::Disk::die);
        self.slots.clear();
        drop(take_spawned());
        settle(0).await;
        self.spawned_alive = 0;
        disk::wait_until_closed(0);
    }

    fn choose(&mut self) -> Option<usize> {
        let can = |slot: &Slot| slot.task.is_some() && (!slot.waits || slot.alarm.rang.load(Ordering::Acquire));
        if self.slots.get(self.last).is_some_and(can) && self.chance.percent(self.sticks_percent) {
            return Some(self.last);
        }
        let ready: Vec<usize> = (0..self.slots.len()).filter(|n| can(&self.slots[*n])).collect();
        (!ready.is_empty()).then(|| self.chance.of(&ready))
    }

    fn at_rest(&mut self) -> Ended {
        let waiting = self.slots.iter().filter(|slot| slot.task.is_some() && !slot.is_of_the_log);
        let waiting: Vec<String> = waiting.map(|slot| slot.name.clone()).collect();
        self.slots.retain(|slot| slot.task.is_some());
        if waiting.is_empty() { Ended::Done } else { Ended::Stuck(waiting) }
    }
}

impl Slot {
    async fn turn(&mut self) -> Turn {
        let Self { task, alarm, waits, .. } = self;
        let Some(task) = task else { return Turn::Ended };
        let mut is_in_the_database = false;
        *waits = false;
        poll_fn(|context| {
            *alarm.beyond.lock().unwrap_or_else(PoisonError::into_inner) = Some(context.waker().clone());
            let rang = alarm.rang.swap(false, Ordering::AcqRel);
            if is_in_the_database && !rang {
                return Poll::Pending;
            }
            // After the alarm: whatever SQLite was doing for it is done, be it that nothing could be done any more.
            if disk::with(|disk| disk.is_dead()) {
                return Poll::Ready(Turn::DiskDied);
            }
            take_pause();
            let waker = Waker::from(Arc::clone(alarm));
            let polled = task.as_mut().poll(&mut Context::from_waker(&waker));
            let pause = take_pause();
            // The disk may have stopped during the poll, and the task have heard of it: `History` listens no more by then.
            if (polled.is_ready() || pause.is_some()) && disk::with(|disk| disk.is_dead()) {
                return Poll::Ready(Turn::DiskDied);
            }
            if polled.is_ready() {
                return Poll::Ready(Turn::Ended);
            }
            match pause {
                Some(Pause::At(name)) => Poll::Ready(Turn::Point(name)),
                Some(Pause::Waiting) => {
                    *waits = true;
                    Poll::Ready(Turn::Waits)
                }
                None => {
                    is_in_the_database = true;
                    Poll::Pending
                }
            }
        })
        .await
    }
}

/// Lets the runtime's own tasks end, as those do that give a connection back to its pool, so that none of them runs beside what
/// comes next. Those that stand for a task of the log stay.
async fn settle(staying: usize) {
    poll_fn(|context| {
        if alive() <= staying {
            return Poll::Ready(());
        }
        SETTLING.set(Some((staying, context.waker().clone())));
        Poll::Pending
    })
    .await;
}

/// To be called whenever the runtime has nothing to do: nobody else tells that a task of its own ended.
pub(crate) fn wake_when_settled() {
    match SETTLING.take() {
        Some((staying, waker)) if alive() <= staying => waker.wake(),
        waiting => SETTLING.set(waiting),
    }
}

fn alive() -> usize {
    Handle::try_current().map_or(0, |runtime| runtime.metrics().num_alive_tasks())
}
