//! The one connection that writes to the store, and the way back after a commit that failed.
//!
//! As in the log: after an error that leaves it open whether something was committed, the connection is given up, and nobody is told
//! anything of the store until what its write-ahead log holds is on the disk for certain. A key that was only in memory then,
//! and that somebody sealed with, would be lost with the power.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use event_log::{WriterLock, make_wal_certain};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};
use tokio::sync::{Mutex, MutexGuard};

use crate::KeyError;
use crate::master::file_error;
use crate::store::{SQLITE_FULL, is_primary, storage};

/// As [`SQLITE_FULL`].
const SQLITE_BUSY: i64 = 5;

pub(crate) struct Writer {
    path: PathBuf,
    options: SqliteConnectOptions,
    slot: Mutex<Slot>,
    /// Whether what the store seems to hold may not be on the disk.
    is_uncertain: AtomicBool,
}

struct Slot {
    /// `None` where it has to be opened again.
    connection: Option<SqliteConnection>,
    /// `None` once it was closed. Let go of last.
    lock: Option<WriterLock>,
}

/// One transaction. Dropped before its end, it never happened.
pub(crate) struct Writing<'a> {
    writer: &'a Writer,
    slot: MutexGuard<'a, Slot>,
    has_ended: bool,
}

impl Writer {
    /// Whoever opens it for writing makes it, where there is none.
    pub(crate) async fn open(
        path: &Path,
        options: SqliteConnectOptions,
        schema: &'static str,
        lock: WriterLock,
    ) -> Result<Self, KeyError> {
        make_wal_certain(path).map_err(|error| file_error(path, "written", error))?;
        let opened = async {
            let mut connection = options.clone().create_if_missing(true).connect().await?;
            let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
            // No table: a new file, or one whose making was interrupted.
            let used = sqlx::query("SELECT EXISTS (SELECT 1 FROM sqlite_schema)").fetch_one(&mut *transaction).await?;
            if !used.try_get::<bool, _>(0)? {
                sqlx::raw_sql(schema).execute(&mut *transaction).await?;
            }
            transaction.commit().await?;
            Ok(connection)
        };
        let connection = opened.await.map_err(|error| storage(path, "be opened", error))?;
        crate::master::sync_directory(path).map_err(|error| file_error(path, "made", error))?;
        let slot = Mutex::new(Slot { connection: Some(connection), lock: Some(lock) });
        Ok(Self { path: path.to_owned(), options, slot, is_uncertain: AtomicBool::new(false) })
    }

    /// Nobody else writes until its end.
    pub(crate) async fn begin(&self) -> Result<Writing<'_>, KeyError> {
        let slot = self.certain().await?;
        let mut writing = Writing { writer: self, slot, has_ended: false };
        let begun = sqlx::query("BEGIN IMMEDIATE").execute(writing.connection()).await;
        begun.map_err(|error| storage(&self.path, "be written", error))?;
        Ok(writing)
    }

    /// Returns once whatever anybody reads is on the disk.
    pub(crate) async fn make_certain(&self) -> Result<(), KeyError> {
        if self.is_uncertain.load(Ordering::Acquire) {
            drop(self.certain().await?);
        }
        Ok(())
    }

    /// Carries everything over into the file and cuts the write-ahead log, which may hold what was deleted since.
    pub(crate) async fn empty_wal(&self) -> Result<(), KeyError> {
        let mut slot = self.certain().await?;
        let Some(connection) = slot.connection.as_mut() else { return Err(KeyError::Closed) };
        let is_empty = truncate(connection).await;
        if is_empty.is_err() {
            // Nobody knows how much of it is on the disk.
            self.give_up(slot.connection.take()).await;
        }
        self.emptied(is_empty)
    }

    pub(crate) async fn close(&self) {
        let mut slot = self.slot.lock().await;
        if let Some(connection) = slot.connection.take() {
            // What was acknowledged is on the disk, however this ends.
            let _ = connection.close().await;
        }
        slot.lock = None;
    }

    async fn certain(&self) -> Result<MutexGuard<'_, Slot>, KeyError> {
        let mut slot = self.slot.lock().await;
        if slot.lock.is_none() {
            return Err(KeyError::Closed);
        }
        if slot.connection.is_none() {
            let rewritten = |error| file_error(&self.path, "written", error);
            make_wal_certain(&self.path).map_err(rewritten)?;
            let opened = self.options.clone().connect().await;
            let mut connection = opened.map_err(|error| storage(&self.path, "be opened again", error))?;
            self.emptied(truncate(&mut connection).await)?;
            // What is gone is gone for certain, too.
            make_wal_certain(&self.path).map_err(rewritten)?;
            self.is_uncertain.store(false, Ordering::Release);
            slot.connection = Some(connection);
        }
        Ok(slot)
    }

    fn emptied(&self, is_empty: Result<bool, sqlx::Error>) -> Result<(), KeyError> {
        match is_empty {
            Ok(true) => Ok(()),
            Ok(false) => {
                let doing = "empty its write-ahead log while somebody reads it";
                Err(storage(&self.path, doing, sqlx::Error::PoolTimedOut))
            }
            Err(error) => Err(storage(&self.path, "empty its write-ahead log", error)),
        }
    }

    async fn give_up(&self, connection: Option<SqliteConnection>) {
        self.is_uncertain.store(true, Ordering::Release);
        if let Some(connection) = connection {
            // Waited for, so that it is gone when the next one is opened.
            let _ = connection.close().await;
        }
    }
}

impl Writing<'_> {
    pub(crate) fn connection(&mut self) -> &mut SqliteConnection {
        self.slot.connection.as_mut().expect("begin() opened it, and only the end takes it away")
    }

    /// Commits what was `done`, or takes it back.
    pub(crate) async fn end(mut self, doing: &'static str, done: Result<(), KeyError>) -> Result<(), KeyError> {
        let done = match done {
            Ok(()) => {
                let committed = sqlx::query("COMMIT").execute(self.connection()).await;
                committed.map(drop).map_err(|error| {
                    let is_known = is_primary(&error, SQLITE_FULL) || is_primary(&error, SQLITE_BUSY);
                    (storage(&self.writer.path, doing, error), is_known)
                })
            }
            Err(error) => Err((error, true)),
        };
        self.has_ended = true;
        let Err((error, is_known)) = done else { return Ok(()) };
        if !(is_known && rolled_back(self.connection()).await) {
            let connection = self.slot.connection.take();
            self.writer.give_up(connection).await;
        }
        Err(error)
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.writer.is_uncertain.store(true, Ordering::Release);
            self.slot.connection.take();
        }
    }
}

/// After some errors SQLite has rolled back by itself, and says so by refusing to do it again.
async fn rolled_back(connection: &mut SqliteConnection) -> bool {
    match sqlx::query("ROLLBACK").execute(connection).await {
        Ok(_) => true,
        Err(sqlx::Error::Database(error)) => error.message().contains("no transaction is active"),
        Err(_) => false,
    }
}

/// Whether it could: somebody who reads may be in the way.
async fn truncate(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(connection).await?;
    Ok(row.try_get::<i64, _>(0)? == 0)
}
