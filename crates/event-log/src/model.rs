//! What `tests/model` takes hold of. Compiled only there, with the feature `model`: the package `modelled-log` is made of
//! these same sources, so no program that anybody runs can hold any of it, and `tests/rules` sees to that.
//!
//! Between two awaits of the write path stand named points. The model's scheduler polls every task itself, from one
//! thread; a task that pauses at a point gives it the choice of who goes next, or of ending everything there.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::path::Path;
use std::pin::{Pin, pin};
use std::task::Poll;

use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A bug put in on purpose, to prove that the model finds its like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plant {
    /// An append is acknowledged before its commit.
    AckBeforeCommit,
    /// Heads are not forgotten after a failed commit, so that the next append builds on what is not there.
    HeadsKept,
    /// Whoever waited for a commit whose end is unknown is told that nothing was written.
    UnknownAsRefused,
    /// SQLite syncs at checkpoints only.
    SynchronousNormal,
    /// The version that an append expects is not compared.
    VersionUnchecked,
    /// A WAL that an earlier process left is taken for durable.
    WalBelieved,
    /// A WAL that was cut or deleted is taken for gone.
    WalComesBack,
}

/// Why a task's poll came back without an end, where that is not the database's doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// At a point: it may go on whenever the scheduler likes.
    At(&'static str),
    /// For another task of the log.
    Waiting,
}

pub use crate::sqlite::Medium;

/// A file that is open there.
pub type Opened = Box<dyn Medium>;

/// Another disk than the system's.
#[derive(Clone, Copy)]
pub struct OtherDisk {
    /// Opens a file that is there.
    pub open: fn(&Path) -> io::Result<Option<Opened>>,
    /// Makes certain which names a directory has.
    pub sync_directory: fn(&Path) -> io::Result<()>,
}

type Spawned = Pin<Box<dyn Future<Output = ()> + Send>>;

thread_local! {
    static IS_SCHEDULED: Cell<bool> = const { Cell::new(false) };
    static PAUSE: Cell<Option<Pause>> = const { Cell::new(None) };
    static PLANT: Cell<Option<Plant>> = const { Cell::new(None) };
    static CHECKPOINT_PAGES: Cell<u32> = const { Cell::new(1_000) };
    static OTHER_DISK: Cell<Option<OtherDisk>> = const { Cell::new(None) };
    static SPAWNED: RefCell<Vec<Spawned>> = const { RefCell::new(Vec::new()) };
}

/// From now on this thread polls every task of the log by itself.
pub fn begin(plant: Option<Plant>, checkpoint_pages: u32) {
    IS_SCHEDULED.set(true);
    PAUSE.set(None);
    PLANT.set(plant);
    CHECKPOINT_PAGES.set(checkpoint_pages);
    SPAWNED.take();
}

/// Files that the log opens without SQLite, on this thread, are on this disk.
pub fn set_disk(disk: OtherDisk) {
    OTHER_DISK.set(Some(disk));
}

pub(crate) fn other_disk() -> Option<OtherDisk> {
    OTHER_DISK.get()
}

/// Why the last poll came back, if it was at a point or for another task; `None`: it waits for the database.
pub fn take_pause() -> Option<Pause> {
    PAUSE.take()
}

/// Says why this poll comes back, in a task of the model's own.
pub fn pause(why: Pause) {
    PAUSE.set(Some(why));
}

/// Tasks that the log started since this was last asked.
pub fn take_spawned() -> Vec<Spawned> {
    SPAWNED.take()
}

/// Lets the scheduler choose who goes next.
pub async fn point(name: &'static str) {
    let mut is_passed = !IS_SCHEDULED.get();
    poll_fn(|_| {
        if std::mem::replace(&mut is_passed, true) {
            return Poll::Ready(());
        }
        PAUSE.set(Some(Pause::At(name)));
        Poll::Pending
    })
    .await;
}

/// Waits for something that another task of the log does.
pub(crate) async fn waiting<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|context| {
        let polled = future.as_mut().poll(context);
        if polled.is_pending() {
            PAUSE.set(Some(Pause::Waiting));
        }
        polled
    })
    .await
}

/// Leaves the task to the scheduler; the handle tells of its end as a spawned one's does.
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    if !IS_SCHEDULED.get() {
        return tokio::spawn(task);
    }
    let (alive, ended) = oneshot::channel::<()>();
    let task = async move {
        task.await;
        drop(alive);
    };
    SPAWNED.with_borrow_mut(|spawned| spawned.push(Box::pin(task)));
    tokio::spawn(async move { ended.await.unwrap_or_default() })
}

pub(crate) fn is_planted(plant: Plant) -> bool {
    PLANT.get() == Some(plant)
}

/// How long a write-ahead log may be before it is carried over.
pub(crate) fn checkpoint_pages() -> u32 {
    CHECKPOINT_PAGES.get()
}

/// More checkpoints than a log of a few events would see.
pub(crate) fn settings(options: SqliteConnectOptions) -> SqliteConnectOptions {
    let options = options.pragma("wal_autocheckpoint", checkpoint_pages().to_string());
    if is_planted(Plant::SynchronousNormal) { options.synchronous(SqliteSynchronous::Normal) } else { options }
}
