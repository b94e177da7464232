//! What can go wrong with keys, for the person who runs the installation.

use std::path::PathBuf;
use std::sync::Arc;

use event_log::{Cause, LogError};
use transparency::seal::OpenError;
use uuid::Uuid;

/// Why keys cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum KeyError {
    /// A file could not be reached.
    #[error("{} cannot be {action}: see that the directory exists and belongs to the user who runs this program", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What was tried, as in "read".
        action: &'static str,
        /// What the system said.
        source: Cause,
    },
    /// The disk is full. Nothing was written; it succeeds again once there is room.
    #[error("no room left on the disk of {}: make room; reading goes on, and writing resumes by itself", path.display())]
    NoRoom {
        /// What was to be written.
        path: PathBuf,
        /// What the system or the database said.
        source: Cause,
    },
    /// Others may have read it.
    #[error("{} can be read by others (mode {mode:o}): run `chmod 600` on it; if somebody may have read it, have the master key replaced", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It does not hold what it should.
    #[error("{} is no file of master keys, or was altered: put back a copy", path.display())]
    Content {
        /// The file.
        path: PathBuf,
    },
    /// There are keys of persons and not the master key that opens them, or the other way round.
    #[error("{} is missing, and {}: put back a copy of it; without it no text of a person can be read", missing.display(), because)]
    Missing {
        /// What is not there.
        missing: PathBuf,
        /// How that is known.
        because: &'static str,
    },
    /// The store was copied before the master key was replaced.
    #[error("{} was wrapped by master key {found}, which was destroyed when somebody's data was erased: put back a newer copy of it", path.display())]
    OldStore {
        /// The store.
        path: PathBuf,
        /// The epoch that it names.
        found: u64,
    },
    /// The file of master keys was copied before the master key was replaced.
    #[error("{} has master key {found}, and the store of keys was wrapped by {wanted}, which was begun when somebody's data was erased: put back the newest copy of it", path.display())]
    OldMaster {
        /// The file.
        path: PathBuf,
        /// The newest that it has.
        found: u64,
        /// The one that is wanted.
        wanted: u64,
    },
    /// Something of a person was to be kept as it is.
    #[error("an attachment belongs to a person of a case and is kept sealed only")]
    NotSealed,
    /// A newer release, or something else, wrote it.
    #[error("{} is no store of keys that this release reads: use the release that wrote it", path.display())]
    NotAStore {
        /// The store.
        path: PathBuf,
    },
    /// The database refused to answer.
    #[error("{} cannot {doing}: see the disk and the system's log", path.display())]
    Storage {
        /// The store.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// What the database said.
        source: Arc<sqlx::Error>,
    },
    /// A person has no key here, and was not erased either.
    #[error("there is no key of person {person}: the store of keys is older than the log, put back a newer copy of it")]
    Unknown {
        /// Whose.
        person: Uuid,
    },
    /// A key does not come out of its wrapping.
    #[error("the key of {whose} does not open ({source}): the store of keys was altered, put back a copy of it")]
    Altered {
        /// Whose.
        whose: String,
        /// Why not.
        source: OpenError,
    },
    /// A person whose data was erased gets no new text.
    #[error("the data of person {person} was erased: nothing more can be recorded of that person")]
    Erased {
        /// Whose.
        person: Uuid,
    },
    /// An event says something else where a person's text should stand.
    #[error("{field} of person {person} does not open: {source}; run `yousu verify`")]
    Field {
        /// Whose.
        person: Uuid,
        /// Where.
        field: String,
        /// Why not.
        source: OpenError,
    },
    /// The body is none.
    #[error("its body cannot be read: run `yousu verify`")]
    Body {
        /// Why not.
        source: Arc<transparency::BodyError>,
    },
    /// Another process writes keys.
    #[error(transparent)]
    Lock(#[from] LogError),
    /// This process opened the store for reading.
    #[error("{} was opened for reading only: have the program that writes it do this", path.display())]
    ReadOnly {
        /// The store.
        path: PathBuf,
    },
    /// The store was closed while somebody waited on it.
    #[error("the store of keys was closed: start the program again")]
    Closed,
    /// The machine gives no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}
