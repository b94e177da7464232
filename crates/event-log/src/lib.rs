//! The log: the only truth of an installation, and the only thing in it that cannot be made anew.
//!
//! Each **centre** has a log of its own: events at positions gapless from 1. An event belongs to a **stream** (a case,
//! or the centre itself) and has a version in it, gapless from 1 as well. Nothing orders two centres, and no append
//! spans them; so a centre's log can be proved, fed, handed over or moved by itself.
//!
//! [`EventLog::append`] is the only write. It takes events of several streams of one centre, the version at which the
//! decision found each, and writes all or nothing. What it acknowledged is on the disk.
//!
//! ```text
//!  callers ── hash bodies ──► queue ──► writer: check versions · fill headers · leaf hashes ──► one commit ──► acknowledge
//!                           bounded,           (one task; whoever waits is in the group)     one fdatasync     └► tails
//!                             fair
//! ```
//!
//! # What holds
//!
//! - The log **does not know what an event means**: a body is bytes. Nor does it know the time: `now` comes with the append.
//! - Bytes are hashed and kept as they came, and are never encoded again. `transparency` lays down what is hashed.
//! - **One writer.** One process holds a lock on the log; in it one task writes. Others may read beside it.
//! - **A group commits together, and is judged one by one**: an append that names a wrong version is refused alone.
//! - **A commit that failed with an I/O error is *unknown*, not failed.** The writer closes the database, opens it again,
//!   and writes again what its WAL holds before it goes on; whoever waited gets [`AppendError::Unknown`], loads the stream
//!   and sees. After any other error nothing was written.
//! - There is no table for idempotency: a command's id stands in its events, and the stream is loaded anyway.
//! - Counters are running numbers under names that the caller gives; each number is kept with the position it was drawn
//!   at, so that [`EventLog::verify`] can tell an altered counter.
//!
//! Whoever holds the file can alter it. Triggers refuse what is done by mistake, and [`EventLog::verify`] sees whatever was not
//! recomputed to the end. Against somebody who recomputes everything, a **tree** stands over each centre's leaves (RFC 6962): its
//! right edge is in the centre's head, its nodes beside it, all in the append's transaction. Who remembers size and root of
//! one moment can have it proved that the log still begins so ([`EventLog::prove`], [`EventLog::verify_against`]).
//!
//! [`back_up`] copies a log while others write it; [`restore`] checks every byte of such a copy before it can be opened.
//!
//! The back end is chosen at run time by [`open`]. SQLite is the one there is; `tests/log/conformance.rs` says what
//! another one must do.

#[macro_use]
mod points;

mod append;
mod backup;
mod error;
mod event;
#[cfg(feature = "model")]
pub mod model;
mod queue;
mod room;
mod sqlite;
mod tail;
mod verify;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use transparency::tree::Plan;
use uuid::Uuid;

pub use append::{
    APPEND_LIMIT_BYTES, APPEND_LIMIT_EVENTS, Append, Appended, BODY_LIMIT_BYTES, Clock, NewEvent, Prepared, Priority,
    Ready,
};
pub use backup::{
    BackupError, BackupFile, CopiedHead, Made, Manifest, Restored, back_up, back_up_with, bring_beside, restore,
};
pub use error::{AppendError, Cause, LogError};
pub use event::{Centre, CentreError, Event, Head, StreamProof, StreamWord, Texts};
pub use room::is_full;
pub use sqlite::{WriterLock, make_wal_certain};
pub use tail::{Reached, Tail};
pub use transparency::heads::HeadsCommitted;
pub use transparency::leaves::Leaf;
pub use transparency::{Body, BodyError, Hash, SealedField};
pub use verify::{Fault, Progress, Remembered, Report, Wrong};

/// The most bytes in one attachment: a file of 32 MiB, and what sealing adds to it.
pub const ATTACHMENT_LIMIT_BYTES: usize = (32 << 20) + transparency::seal::OVERHEAD_BYTES;

/// A log, whatever keeps it.
#[async_trait]
pub trait EventLog: Send + Sync {
    /// Records events of one centre, all or none, and returns once they are on the disk.
    ///
    /// May be dropped while waiting: the append then happens or not, as after [`AppendError::Unknown`].
    ///
    /// # Errors
    /// Each variant of [`AppendError`] says what it means for the events.
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        self.append_prepared(self.prepare(append).await?).await
    }

    /// Does what has to be done before an append can take its place in the queue, in whatever time that takes. Most logs have
    /// nothing to do.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    async fn prepare(&self, append: Append) -> Result<Prepared, AppendError> {
        Ok(append.into())
    }

    /// The rest of [`append`](Self::append). Its first poll takes the place in the queue: so whoever polls several in a row has them
    /// stand in that order.
    ///
    /// # Errors
    /// As [`append`](Self::append); [`AppendError::NotReady`] if what it rests on could not be written.
    async fn append_prepared(&self, prepared: Prepared) -> Result<Appended, AppendError>;

    /// Records where all streams of a centre stand, as `transparency::heads` lays it down: an event of the log's own, at the next
    /// position. Nothing, if nothing was recorded since the last one but that event itself.
    ///
    /// # Errors
    /// As [`append`](Self::append); [`AppendError::Contradiction`] if what is kept of the tree of heads is broken.
    async fn commit_heads(&self, centre: &Centre, clock: Clock) -> Result<Option<Appended>, AppendError>;

    /// The events of a stream after a version (0: all), in order; none if there is no such stream.
    ///
    /// # Errors
    /// [`LogError::Storage`].
    async fn read_stream(&self, centre: &Centre, stream: Uuid, after_version: u64) -> Result<Vec<Event>, LogError>;

    /// The same for a reader of these texts alone, as [`read_centre_for`](Self::read_centre_for) has it.
    ///
    /// # Errors
    /// As [`read_stream`](Self::read_stream).
    async fn read_stream_for(
        &self,
        texts: &Texts,
        centre: &Centre,
        stream: Uuid,
        after_version: u64,
    ) -> Result<Vec<Event>, LogError> {
        let _ = texts;
        self.read_stream(centre, stream, after_version).await
    }

    /// The events of a centre after a position (0: from the start), in order, at most `limit` of them and about 16 MiB. None
    /// means that there is nothing after that position; fewer than `limit` does not.
    ///
    /// # Errors
    /// [`LogError::Storage`].
    async fn read_centre(&self, centre: &Centre, after_position: u64, limit: u32) -> Result<Vec<Event>, LogError>;

    /// The same for a reader that looks at no other texts of persons than these: of others the bytes may be missing, or may be the
    /// sealed ones. Opening what nobody looks at would be most of the work of reading a log from end to end.
    ///
    /// # Errors
    /// As [`read_centre`](Self::read_centre).
    async fn read_centre_for(
        &self,
        texts: &Texts,
        centre: &Centre,
        after_position: u64,
        limit: u32,
    ) -> Result<Vec<Event>, LogError> {
        let _ = texts;
        self.read_centre(centre, after_position, limit).await
    }

    /// The version of a stream; 0 if there is no such stream.
    ///
    /// # Errors
    /// [`LogError::Storage`].
    async fn stream_head(&self, centre: &Centre, stream: Uuid) -> Result<u64, LogError>;

    /// Where a centre's log stands; [`Head::default`] if nothing was ever appended to it.
    ///
    /// # Errors
    /// [`LogError::Storage`].
    async fn head(&self, centre: &Centre) -> Result<Head, LogError>;

    /// Every centre with at least one event and its last position, in the order of their names.
    ///
    /// # Errors
    /// [`LogError::Storage`].
    async fn centres(&self) -> Result<Vec<(Centre, u64)>, LogError>;

    /// Follows the last position of a centre, which need not exist yet.
    fn tail(&self, centre: &Centre) -> Tail;

    /// Follows all centres: a number that grows whenever any of them got events. Look at [`centres`](Self::centres) then.
    fn tail_all(&self) -> Tail;

    /// Keeps bytes under their hash, and returns once they are on the disk. Bytes that are there already are not kept twice.
    ///
    /// # Errors
    /// [`LogError::AttachmentTooLarge`] beyond [`ATTACHMENT_LIMIT_BYTES`], [`LogError::TooLittleRoom`] where the log would be left
    /// without, [`LogError::ReadOnly`], [`LogError::Storage`].
    async fn put_attachment(&self, bytes: Vec<u8>) -> Result<Hash, LogError>;

    /// The bytes with this hash, if they were ever kept. They are handed out unchecked: `verify` checks them.
    ///
    /// # Errors
    /// [`LogError::Storage`].
    async fn get_attachment(&self, hash: Hash) -> Result<Option<Vec<u8>>, LogError>;

    /// How long the bytes with this hash are, and so many of the first of them.
    ///
    /// # Errors
    /// [`LogError::Storage`].
    async fn look_at_attachment(&self, hash: Hash, first: u32) -> Result<Option<(u64, Vec<u8>)>, LogError>;

    /// Recomputes the whole log as it stands at the start of the call and names every fault. Others may go on
    /// reading and appending. Memory grows with the streams, some hundred bytes each, and not with their events.
    ///
    /// # Errors
    /// [`LogError`] if the log cannot be read; a fault found is no error.
    async fn verify(&self, progress: &mut (dyn FnMut(Progress) + Send)) -> Result<Report, LogError> {
        self.verify_against(&[], progress).await
    }

    /// The same, and compares with trees that somebody outside remembers: it is a fault if the log does not begin with each.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    async fn verify_against(
        &self,
        remembered: &[Remembered],
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Report, LogError>;

    /// A stream's events with its ordinal and, if the newest word about all streams covers them, that word: what evidence is made of.
    /// All as of one moment; `None` if there is no such stream.
    ///
    /// # Errors
    /// [`LogError::Storage`].
    async fn stream_proof(&self, centre: &Centre, stream: Uuid) -> Result<Option<StreamProof>, LogError>;

    /// Events of a centre after a position (0: from the start) as they were hashed, in order, at most `limit` of them and about 4 MiB:
    /// for somebody who keeps a copy of the log. Nothing in them was opened, whatever keys there are.
    ///
    /// # Errors
    /// [`LogError::Storage`].
    async fn read_leaves(&self, centre: &Centre, after_position: u64, limit: u32) -> Result<Vec<Leaf>, LogError>;

    /// The hashes that `transparency`'s plan for a root or a proof asks for, out of the tree over a centre's leaves. The leaf of
    /// position 1 has index 0.
    ///
    /// # Errors
    /// [`LogError::NotInTree`] if the plan is about more events than there are, [`LogError::Storage`].
    async fn prove(&self, centre: &Centre, plan: &Plan) -> Result<Vec<Hash>, LogError>;

    /// Copies the log as it stands at one moment, and every attachment that its events can name, into files of the directory
    /// `into`, which is there and empty. Others may go on reading and appending. What is answered is on the disk, but for
    /// the names in the directory. Memory does not grow with the log. [`back_up`] is what makes a backup of it.
    ///
    /// # Errors
    /// [`LogError::TooLittleRoom`] before anything is written; else as the database or the disk has it, and what was written
    /// until then is left in the directory.
    async fn copy_into(&self, into: &Path) -> Result<Vec<CopiedHead>, LogError>;

    /// Writes what still waits, then lets go of files and lock. Afterwards nothing can be appended, and tails end.
    async fn close(&self);
}

/// How a log is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// As its one writer. It is created if there is none.
    Write,
    /// For reading, beside whoever writes it.
    Read,
}

/// Opens the log at `sqlite:PATH`.
///
/// # Errors
/// [`LogError`]: each variant names the place and what to do about it.
pub async fn open(url: &str, access: Access) -> Result<Arc<dyn EventLog>, LogError> {
    Ok(Arc::new(sqlite::SqliteLog::open(sqlite_path(url)?, access).await?))
}

fn sqlite_path(url: &str) -> Result<&Path, LogError> {
    match url.split_once(':') {
        Some(("sqlite", path)) if !path.is_empty() => Ok(path.as_ref()),
        _ => Err(LogError::UnknownBackEnd { url: url.to_owned() }),
    }
}
