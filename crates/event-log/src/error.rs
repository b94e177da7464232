//! What can go wrong, each with its place and a remedy, for the person who runs the installation.

use std::error::Error;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use uuid::Uuid;

use crate::{Centre, Priority, is_full};

/// What lies beneath an error. Shared, because one failed commit is the answer to every append that was in it.
pub type Cause = Arc<dyn Error + Send + Sync>;

/// Why a log could not be opened, read or verified.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// A file or directory could not be reached.
    #[error("{} cannot be {action}: see that the directory exists and belongs to the user who runs this program", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What was tried, as in "opened".
        action: &'static str,
        /// What the system said.
        source: Cause,
    },
    /// The disk is full.
    #[error("no room left on the disk of {}: make room, then do this again; nothing is lost", path.display())]
    NoRoom {
        /// The file.
        path: PathBuf,
        /// What the system or the database said.
        source: Cause,
    },
    /// The disk has less room than a copy takes.
    #[error("the disk of {} has {} MiB free and {} MiB are needed: make room, or give a directory on another disk", path.display(), free_bytes >> 20, (needed_bytes >> 20) + 1)]
    TooLittleRoom {
        /// The directory.
        path: PathBuf,
        /// What is free.
        free_bytes: u64,
        /// What the copy takes.
        needed_bytes: u64,
    },
    /// A restore into this place was interrupted.
    #[error("a restore to {} was interrupted, so there is no log yet: do it again, or empty the directory", path.display())]
    HalfRestored {
        /// Where the log would be.
        path: PathBuf,
    },
    /// Another process holds the writer's lock.
    #[error("{} is being written by {holder}: stop that program, or have it do this", path.display())]
    Locked {
        /// The log.
        path: PathBuf,
        /// The other process, as in "yousu (pid 4711)".
        holder: String,
    },
    /// The log was written by a newer release.
    #[error("{} has data format {found}, and this release reads up to {supported}: use the newer release that wrote it", path.display())]
    NewerFormat {
        /// The log.
        path: PathBuf,
        /// Its data format.
        found: i64,
        /// The newest that this build reads.
        supported: u16,
    },
    /// The log was written before the first format that is kept.
    #[error("{} has data format {found}, which was for trials and is read by no later release: begin a new directory, and import or apply again what went into this one; it was left as it is", path.display())]
    TrialFormat {
        /// The log.
        path: PathBuf,
        /// Its data format.
        found: i64,
    },
    /// The file is something else.
    #[error("{} is no event log ({why}): give the path of a log, or of a file that does not exist yet", path.display())]
    NotALog {
        /// The file.
        path: PathBuf,
        /// How that was seen.
        why: String,
    },
    /// SQLite does not have a setting that durability rests on.
    #[error("{}: SQLite's {setting} is {found} and must be {wanted}; see that the file system allows it, and that the program was built with its own SQLite", path.display())]
    Setting {
        /// The file.
        path: PathBuf,
        /// The setting.
        setting: &'static str,
        /// What it is.
        found: String,
        /// What it must be.
        wanted: &'static str,
    },
    /// The address of the log names no back end.
    #[error("`{url}` names no log: write `sqlite:PATH`")]
    UnknownBackEnd {
        /// What was given.
        url: String,
    },
    /// The database refused to answer.
    #[error("{} cannot {doing}: see the disk and the system's log, then run `verify`", path.display())]
    Storage {
        /// The file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// What the database said.
        source: Cause,
    },
    /// A root or a proof was asked for that the log cannot give.
    #[error("no proof about {centre}: {why}; ask for a size that the log has, or run `yousu verify`")]
    NotInTree {
        /// Whose log.
        centre: Centre,
        /// What is not there.
        why: String,
    },
    /// An attachment is larger than the log takes.
    #[error(
        "an attachment of {bytes} bytes is refused, {limit_bytes} are the most: split it, or scan at a lower resolution"
    )]
    AttachmentTooLarge {
        /// Its size.
        bytes: usize,
        /// The most.
        limit_bytes: usize,
    },
    /// This process opened the log for reading.
    #[error("{} was opened for reading only: have the program that writes it do this", path.display())]
    ReadOnly {
        /// The log.
        path: PathBuf,
    },
    /// Something sealed does not open.
    #[error("{what} cannot be read: {source}")]
    Sealed {
        /// Where it stands.
        what: String,
        /// Why not, and what to do about it.
        source: Cause,
    },
    /// The log was closed while somebody waited on it.
    #[error("the log was closed; open it again")]
    Closed,
}

impl LogError {
    /// What the system said about a file that was to be `action`, as in "opened".
    pub(crate) fn file(path: &Path, action: &'static str, source: std::io::Error) -> Self {
        let (path, is_full) = (path.to_owned(), source.kind() == ErrorKind::StorageFull || is_full(path));
        let source: Cause = Arc::new(source);
        if is_full { Self::NoRoom { path, source } } else { Self::File { path, action, source } }
    }
}

/// Why an append did not happen, or may not have.
///
/// Only after [`Unknown`](Self::Unknown) may the events stand in the log; in every other case none of them does.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// A stream is not where the caller thought: somebody else was faster. Load it and decide again.
    #[error("stream {stream} of {centre} is at version {actual}, not {expected}: load it and decide again")]
    VersionConflict {
        /// Whose log.
        centre: Centre,
        /// Which stream.
        stream: Uuid,
        /// The version that the caller decided on; 0 is a stream that does not exist.
        expected: u64,
        /// The version that it has.
        actual: u64,
    },
    /// A given time is earlier than what was recorded last.
    #[error(
        "the recorded time {given_ms} ms is earlier than {last_ms} ms, the last one of {centre}: give the same or a later one"
    )]
    ClockWentBack {
        /// Whose log.
        centre: Centre,
        /// The time that was given, in milliseconds since 1970.
        given_ms: i64,
        /// The last recorded time, likewise.
        last_ms: i64,
    },
    /// The append is not well formed.
    #[error("an append to {centre} is refused: {why}")]
    Invalid {
        /// Whose log.
        centre: Centre,
        /// What is wrong with it, and the limit.
        why: String,
    },
    /// Too much is waiting for the writer. Try again in a moment.
    #[error("{waiting} appends are waiting for the writer and no more may: try again in a moment")]
    QueueFull {
        /// Which lane is full.
        priority: Priority,
        /// How many wait in it.
        waiting: usize,
    },
    /// This centre has as much waiting as leaves room for the others. Try again once some of it was answered.
    #[error("{waiting} appends of {centre} are waiting for the writer, which is its share: send fewer at a time")]
    ShareFull {
        /// Whose log.
        centre: Centre,
        /// In which lane.
        priority: Priority,
        /// How many of the centre's wait in it.
        waiting: usize,
    },
    /// The disk is full. Nothing was written; appends succeed again once there is room.
    #[error("no room left on the disk of {}: make room; reading goes on, and writing resumes by itself", path.display())]
    Full {
        /// The log.
        path: PathBuf,
        /// What the database said.
        source: Cause,
    },
    /// Some other process holds the database. Nothing was written.
    #[error("{} is locked by a program that does not heed the writer's lock (a sqlite3 shell?): close it and try again", path.display())]
    Busy {
        /// The log.
        path: PathBuf,
        /// What the database said.
        source: Cause,
    },
    /// The commit failed in such a way that the events may stand in the log or not. Load the stream: it tells.
    #[error("whether the events stand in {} is unknown: load the stream again before trying again, and see to the disk", path.display())]
    Unknown {
        /// The log.
        path: PathBuf,
        /// What the database said.
        source: Cause,
    },
    /// After a failure the database could not be opened again. Nothing was written; the next append tries once more.
    #[error("{} could not be opened again after a failure: see to the disk; the next append tries once more", path.display())]
    Stopped {
        /// The log.
        path: PathBuf,
        /// Why not.
        source: Cause,
    },
    /// The database holds something else than its heads say. Nothing was written.
    #[error("{} contradicts itself, so nothing was added to {centre}: run `verify`, which names the place", path.display())]
    Contradiction {
        /// The log.
        path: PathBuf,
        /// Whose log.
        centre: Centre,
        /// The rule that refused.
        source: Cause,
    },
    /// What the append rests on could not be written. Nothing was written of it.
    #[error("nothing was added to {centre}, because what it rests on could not be kept: {source}")]
    NotReady {
        /// Whose log.
        centre: Centre,
        /// What failed, and what to do about it.
        source: Cause,
    },
    /// This process opened the log for reading.
    #[error("{} was opened for reading only: send the command to the program that writes it", path.display())]
    ReadOnly {
        /// The log.
        path: PathBuf,
    },
    /// The log was closed.
    #[error("the log was closed; open it again")]
    Closed,
}
