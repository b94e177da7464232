//! The log in a SQLite file, and its attachments in another beside it.

mod attachments;
mod audit;
mod audit_pages;
mod batch;
mod carry;
mod connect;
mod copy;
mod head_tiles;
mod heads;
mod lock;
mod page;
mod read;
mod resting;
mod stream_heads;
mod tree;
mod unplaced;
mod wal;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::{SqliteConnection, SqlitePoolOptions};
use sqlx::{Row as _, SqlitePool};
use tokio::sync::{Mutex, oneshot};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use transparency::Hash;
use transparency::tree::Plan;
use uuid::Uuid;

use self::attachments::Attachments;
use self::connect::Database;
pub(crate) use self::copy::{ATTACHMENTS_NAME, LOG_NAME, Places, restored_heads};
pub use self::lock::WriterLock;
#[cfg(feature = "model")]
pub use self::wal::Medium;
pub use self::wal::make_wal_certain;
use self::writer::{Appending, Job, Writer};
use crate::queue::{Queue, Size};
use crate::tail::Tails;
use crate::{
    Access, AppendError, Appended, Centre, Clock, CopiedHead, Event, EventLog, Head, Leaf, LogError, Prepared,
    Progress, Remembered, Report, StreamProof, Tail,
};

macro_rules! sql {
    ($file:literal) => {
        include_str!(concat!("../../../../schemas/sql/sqlite/", $file))
    };
}

const LOG_SCHEMA: &str = sql!("schema.sql");
const ATTACHMENTS_SCHEMA: &str = sql!("attachments.sql");
const APPEND: &str = concat!("BEGIN IMMEDIATE;\n", sql!("append.sql"));
const APPEND_NEW: &str = concat!("BEGIN IMMEDIATE;\n", sql!("append_new.sql"), sql!("append.sql"));
const CHANGED_HEADS: &str = sql!("changed_heads.sql");
const COPIED_HEADS: &str = sql!("copied_heads.sql");
const HEAD_NODES: &str = sql!("head_nodes.sql");
const HEAD_PLACE: &str = sql!("head_place.sql");
const READ_CENTRE: &str = sql!("read_centre.sql");
const READ_COUNTERS: &str = sql!("read_counters.sql");
const READ_HEAD: &str = sql!("read_head.sql");
const READ_HEADS: &str = sql!("read_heads.sql");
const READ_LEAVES: &str = sql!("read_leaves.sql");
const READ_STREAM: &str = sql!("read_stream.sql");
const STREAM_HEAD: &str = sql!("stream_head.sql");
const STREAM_HEADS: &str = sql!("stream_heads.sql");
const STREAM_LEAF: &str = sql!("stream_leaf.sql");
const STREAM_PLACE: &str = sql!("stream_place.sql");
const TREE_LEAVES: &str = sql!("tree_leaves.sql");
const TREE_NODES: &str = sql!("tree_nodes.sql");
const UNPLACED_TILE: &str = sql!("unplaced_tile.sql");
const UNPLACED_TILES: &str = sql!("unplaced_tiles.sql");
const VERIFY_COUNTERS: &str = sql!("verify_counters.sql");
const VERIFY_EVENTS: &str = sql!("verify_events.sql");
const VERIFY_HEAD_NODES: &str = sql!("verify_head_nodes.sql");
const VERIFY_HEADS: &str = sql!("verify_heads.sql");
const VERIFY_KINDS: &str = sql!("verify_kinds.sql");
const VERIFY_NODES: &str = sql!("verify_nodes.sql");
const VERIFY_PAGE: &str = sql!("verify_page.sql");
const VERIFY_NUMBERS: &str = sql!("verify_numbers.sql");

// Primary result codes, https://www.sqlite.org/rescode.html
const SQLITE_BUSY: i64 = 5;
const SQLITE_CORRUPT: i64 = 11;
const SQLITE_FULL: i64 = 13;
const SQLITE_CONSTRAINT: i64 = 19;
const SQLITE_NOTADB: i64 = 26;

/// Connections that read. More would not help: they share the processor's cores with the writer.
const READERS: u32 = 4;

/// How often a companion asks whether the writing process has committed: a pragma that reads one word of shared memory.
const COMPANION_INTERVAL: Duration = Duration::from_millis(20);

/// A log in a SQLite file.
#[derive(Debug)]
pub(crate) struct SqliteLog {
    database: Database,
    readers: SqlitePool,
    attachments: Attachments,
    tails: Arc<Tails>,
    /// `None` in a process that only reads.
    queue: Option<Arc<Queue<Job>>>,
    /// The writer; in a companion, what watches for the other process's commits.
    task: Mutex<Option<JoinHandle<()>>>,
}

impl SqliteLog {
    pub(crate) async fn open(path: &Path, access: Access) -> Result<Self, LogError> {
        // Lock, WAL and attachments are beside the file itself, however many links lead to it.
        let path = &std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let database = Database::log(path);
        Places::of(path).is_not_half_restored()?;
        let tails = Arc::new(Tails::new());
        let (queue, attachments, task) = match access {
            Access::Write => {
                let lock = WriterLock::take(path)?;
                database.create_or_identify().await?;
                point!("open: the log was identified");
                let attachments = Attachments::open(Database::attachments(path), access).await?;
                point!("open: the attachments were opened");
                let queue = Arc::new(Queue::new());
                let writer = Writer::open(database.clone(), lock, Arc::clone(&queue), Arc::clone(&tails)).await?;
                (Some(queue), attachments, Box::pin(writer.run()) as std::pin::Pin<Box<dyn Future<Output = ()> + Send>>)
            }
            Access::Read => {
                let connection = database.connect(access).await?;
                let attachments = Attachments::open(Database::attachments(path), access).await?;
                (None, attachments, Box::pin(watch(database.clone(), connection, Arc::clone(&tails))) as _)
            }
        };
        let readers = pool(&database, Access::Read);
        let centres = read::centres(&readers).await.map_err(|error| database.storage("list its centres", error))?;
        tails.publish(centres);
        point!("open: the centres were listed");
        Ok(Self { database, readers, attachments, tails, queue, task: Mutex::new(Some(spawn!(task))) })
    }
}

impl SqliteLog {
    /// The writer went without an answer.
    fn gone(&self, source: oneshot::error::RecvError) -> AppendError {
        AppendError::Unknown { path: self.database.path.clone(), source: Arc::new(source) }
    }
}

impl Drop for SqliteLog {
    fn drop(&mut self) {
        match (&self.queue, self.task.get_mut()) {
            (Some(queue), _) => queue.close(),
            (None, Some(watch)) => watch.abort(),
            (None, None) => {}
        }
    }
}

#[async_trait]
impl EventLog for SqliteLog {
    async fn append_prepared(&self, prepared: Prepared) -> Result<Appended, AppendError> {
        let Prepared { append, ready } = prepared;
        let Some(queue) = &self.queue else {
            return Err(AppendError::ReadOnly { path: self.database.path.clone() });
        };
        append.check()?;
        // Here and not in the writer, so that it runs on every core.
        let bodies = append.events.iter().map(|event| Hash::of(&event.body)).collect();
        let size = Size { events: append.events.len(), bytes: append.body_bytes() };
        let (centre, priority) = (append.centre.clone(), append.priority);
        let (reply, answer) = oneshot::channel();
        point!("append: about to queue");
        queue.push(&centre, priority, size, Job::Append(Appending { append, bodies, reply }, ready))?;
        let answer = waiting!(answer);
        point!("append: answered");
        answer.map_err(|gone| self.gone(gone))?
    }

    async fn commit_heads(&self, centre: &Centre, clock: Clock) -> Result<Option<Appended>, AppendError> {
        let Some(queue) = &self.queue else {
            return Err(AppendError::ReadOnly { path: self.database.path.clone() });
        };
        // Most of the work, beside the writer; an error here is met again there, and told there.
        let foreseen = stream_heads::foresee(&self.readers, centre).await.unwrap_or_default();
        let (reply, answer) = oneshot::channel();
        let asked = stream_heads::asked(centre, clock);
        queue.push(centre, asked.priority, Size { events: 1, bytes: 0 }, Job::Heads(asked, foreseen, reply))?;
        let answer = waiting!(answer);
        answer.map_err(|gone| self.gone(gone))?
    }

    async fn read_stream(&self, centre: &Centre, stream: Uuid, after_version: u64) -> Result<Vec<Event>, LogError> {
        let events = read::stream(&self.readers, centre, stream, after_version).await;
        events.map_err(|error| self.database.storage("read a stream", error))
    }

    async fn read_centre(&self, centre: &Centre, after_position: u64, limit: u32) -> Result<Vec<Event>, LogError> {
        let events = read::centre(&self.readers, centre, after_position, limit).await;
        events.map_err(|error| self.database.storage("read a centre", error))
    }

    async fn stream_head(&self, centre: &Centre, stream: Uuid) -> Result<u64, LogError> {
        let version = read::stream_head(&self.readers, centre, stream).await;
        version.map_err(|error| self.database.storage("read a stream's version", error))
    }

    async fn head(&self, centre: &Centre) -> Result<Head, LogError> {
        let head = read::head(&self.readers, centre).await;
        head.map_err(|error| self.database.storage("read a centre's head", error))
    }

    async fn centres(&self) -> Result<Vec<(Centre, u64)>, LogError> {
        let centres = read::centres(&self.readers).await;
        let centres = centres.map_err(|error| self.database.storage("list its centres", error))?;
        Ok(centres.into_iter().map(|(centre, reached)| (centre, reached.position)).collect())
    }

    fn tail(&self, centre: &Centre) -> Tail {
        self.tails.tail(centre)
    }

    fn tail_all(&self) -> Tail {
        self.tails.tail_all()
    }

    async fn put_attachment(&self, bytes: Vec<u8>) -> Result<Hash, LogError> {
        self.attachments.put(bytes).await
    }

    async fn get_attachment(&self, hash: Hash) -> Result<Option<Vec<u8>>, LogError> {
        self.attachments.get(hash).await
    }

    async fn look_at_attachment(&self, hash: Hash, first: u32) -> Result<Option<(u64, Vec<u8>)>, LogError> {
        self.attachments.look_at(hash, first).await
    }

    async fn stream_proof(&self, centre: &Centre, stream: Uuid) -> Result<Option<StreamProof>, LogError> {
        let failed = |error| self.database.storage("prove a stream", error);
        let mut connection = self.readers.acquire().await.map_err(failed)?;
        let proof = stream_heads::proof(&mut connection, centre, stream).await;
        if proof.is_err() {
            read::do_not_reuse(&mut connection);
        }
        proof.map_err(failed)
    }

    async fn read_leaves(&self, centre: &Centre, after_position: u64, limit: u32) -> Result<Vec<Leaf>, LogError> {
        let leaves = read::leaves(&self.readers, centre, after_position, limit).await;
        leaves.map_err(|error| self.database.storage("read a centre's leaves", error))
    }

    async fn prove(&self, centre: &Centre, plan: &Plan) -> Result<Vec<Hash>, LogError> {
        let filled = tree::fill(&self.readers, centre, plan).await;
        let filled = filled.map_err(|error| self.database.storage("read a centre's tree", error))?;
        filled.map_err(|why| LogError::NotInTree { centre: centre.clone(), why: why.to_string() })
    }

    async fn verify_against(
        &self,
        remembered: &[Remembered],
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Report, LogError> {
        audit::verify((&self.database, &self.readers), &self.attachments, remembered, progress).await
    }

    async fn copy_into(&self, into: &Path) -> Result<Vec<CopiedHead>, LogError> {
        copy::copy(&self.database, &self.attachments.database, into).await
    }

    async fn close(&self) {
        // Before the writer's connection: the last one to close carries the WAL over into the file, if it may write.
        self.readers.close().await;
        self.attachments.pool.close().await;
        point!("close: the readers are gone");
        let task = self.task.lock().await.take();
        match (&self.queue, &task) {
            (Some(queue), _) => queue.close(),
            (None, Some(watch)) => watch.abort(),
            (None, None) => {}
        }
        if let Some(task) = task {
            // A panic in it was already reported, and an abort is what was asked for.
            let _ = waiting!(task);
        }
        self.tails.close();
    }
}

/// Follows another process's commits for as long as the log is open.
async fn watch(database: Database, mut connection: SqliteConnection, tails: Arc<Tails>) {
    let mut ticks = tokio::time::interval(COMPANION_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = None;
    loop {
        ticks.tick().await;
        if let Err(error) = look(&mut connection, &tails, &mut seen).await {
            tracing::warn!(path = %database.path.display(), %error, "cannot follow the log; trying again");
        }
    }
}

async fn look(connection: &mut SqliteConnection, tails: &Tails, seen: &mut Option<i64>) -> Result<(), sqlx::Error> {
    let version = sqlx::query("PRAGMA data_version").fetch_one(&mut *connection).await?.try_get(0)?;
    if *seen != Some(version) {
        tails.publish(read::centres(connection).await?);
        *seen = Some(version);
    }
    Ok(())
}

/// Readers that connect when first needed; [`Database::connect`] has already seen that the settings hold.
fn pool(database: &Database, access: Access) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(READERS)
        // A connection in this process does not go stale, and asking costs as much as a query.
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(database.options(access))
}

/// The file of this name with something added to it.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// SQLite's primary result code of an error that SQLite gave.
fn primary_code(error: &sqlx::Error) -> Option<i64> {
    let sqlx::Error::Database(error) = error else { return None };
    error.code()?.parse::<i64>().ok().map(|extended| extended & 0xff)
}
