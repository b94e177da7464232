//! A copy of both files as of one moment, and the names that a restore goes by.

use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection as _, Row as _};

use super::beside;
use super::connect::Database;
use super::lock::WriterLock;
use super::{SQLITE_FULL, primary_code};
use crate::{Access, Centre, CopiedHead, Hash, LogError, room};

/// Names of a copy's files.
pub(crate) const LOG_NAME: &str = "log.sqlite";
pub(crate) const ATTACHMENTS_NAME: &str = "log.sqlite.attachments";

/// What SQLite adds to a database's name for files of its own. One that is left over from another database would be taken
/// for a part of the one that gets the name.
const OF_SQLITE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Copies log, then attachments. In this order, because an attachment is kept before the event that names it is appended.
///
/// `VACUUM INTO` is one read transaction: it sees one moment, holds nobody up, and copies tables and indexes in order, page
/// after page. While it runs the write-ahead log cannot begin anew and grows by whatever is appended.
pub(super) async fn copy(log: &Database, attachments: &Database, into: &Path) -> Result<Vec<CopiedHead>, LogError> {
    let needed = [&log.path, &attachments.path].into_iter().flat_map(|path| [path.clone(), beside(path, "-wal")]);
    room::expect(into, needed.filter_map(|path| std::fs::metadata(path).ok()).map(|file| file.len()).sum())?;

    let log_copy = Database::log(&into.join(LOG_NAME));
    vacuum(log, &log_copy).await?;
    vacuum(attachments, &Database::attachments(&log_copy.path)).await?;

    let mut connection = log_copy.connect(Access::Write).await?;
    let heads = heads(&log_copy, &mut connection).await?;
    connection.close().await.map_err(|error| log_copy.storage("be closed", error))?;
    for name in [LOG_NAME, ATTACHMENTS_NAME] {
        let path = into.join(name);
        let synced = std::fs::File::open(&path).and_then(|file| file.sync_all());
        synced.map_err(|error| LogError::file(&path, "synced", error))?;
    }
    Ok(heads)
}

async fn vacuum(from: &Database, to: &Database) -> Result<(), LogError> {
    let unnamed = || std::io::Error::other("its name is no UTF-8, and SQLite takes no other");
    let name = to.path.to_str().ok_or_else(|| LogError::file(&to.path, "written", unnamed()))?;
    // Here, for SQLite would not say which of the two files it could not open. It takes an empty one.
    std::fs::File::create_new(&to.path).map_err(|error| LogError::file(&to.path, "created", error))?;
    let mut connection = from.connect(Access::Read).await?;
    let copied = sqlx::query("VACUUM INTO $1").bind(name).execute(&mut connection).await;
    copied.map_err(|error| match primary_code(&error) {
        // It is the copy's disk that is full: reading needs no room.
        Some(SQLITE_FULL) => LogError::NoRoom { path: to.path.clone(), source: std::sync::Arc::new(error) },
        _ => from.storage("be copied", error),
    })?;
    connection.close().await.map_err(|error| from.storage("be closed", error))?;
    // The copy is to be opened as it is, and the way of writing is a property of the file.
    to.set_journal_mode().await
}

async fn heads(database: &Database, connection: &mut SqliteConnection) -> Result<Vec<CopiedHead>, LogError> {
    let told = |error| database.storage("say where its centres stand", error);
    let rows = sqlx::query(super::COPIED_HEADS).fetch_all(connection).await.map_err(told)?;
    let mut heads = Vec::with_capacity(rows.len());
    for row in rows {
        let (code, position, leaf): (&str, i64, &[u8]) =
            (row.try_get(0).map_err(told)?, row.try_get(1).map_err(told)?, row.try_get(2).map_err(told)?);
        let wrong = || told(sqlx::Error::Decode(format!("the last event of `{code}` is not sound").into()));
        heads.push(CopiedHead {
            centre: Centre::new(code).map_err(|_| wrong())?,
            position: u64::try_from(position).map_err(|_| wrong())?,
            leaf: Hash(leaf.try_into().map_err(|_| wrong())?),
        });
    }
    Ok(heads)
}

/// Where the centres of the log at this path stand.
pub(crate) async fn restored_heads(path: &Path) -> Result<Vec<CopiedHead>, LogError> {
    let database = Database::log(path);
    let mut connection = database.connect(Access::Write).await?;
    let heads = heads(&database, &mut connection).await?;
    connection.close().await.map_err(|error| database.storage("be closed", error))?;
    Ok(heads)
}

/// Where a log's files stand, and where they stand while they are being restored.
#[derive(Debug)]
pub(crate) struct Places {
    pub(crate) log: PathBuf,
    pub(crate) attachments: PathBuf,
    /// The log until everything was checked. For as long as this file is there and the log is not, nothing else is opened
    /// or made here.
    pub(crate) restoring: PathBuf,
    pub(crate) restoring_attachments: PathBuf,
}

impl Places {
    pub(crate) fn of(log: &Path) -> Self {
        let restoring = beside(log, ".restoring");
        Self {
            log: log.to_owned(),
            attachments: Database::attachments(log).path,
            restoring_attachments: Database::attachments(&restoring).path,
            restoring,
        }
    }

    pub(super) fn is_not_half_restored(&self) -> Result<(), LogError> {
        if self.restoring.exists() && !self.log.exists() {
            return Err(LogError::HalfRestored { path: self.log.clone() });
        }
        Ok(())
    }

    /// Keeps everybody else from writing here.
    pub(crate) fn lock(&self) -> Result<impl Sized + use<>, LogError> {
        WriterLock::take(&self.log)
    }

    pub(crate) fn lock_file(&self) -> PathBuf {
        beside(&self.log, ".lock")
    }

    /// The first file that stands in the way of a restore.
    pub(crate) fn occupied(&self) -> Option<PathBuf> {
        let of = |path: &Path| std::iter::once(path.to_owned()).chain(OF_SQLITE.map(|suffix| beside(path, suffix)));
        let mut names: Vec<_> = of(&self.log).collect();
        // Attachments are put in place before the log: beside a half restored one they are its own.
        if self.log.exists() || !self.restoring.exists() {
            names.extend(of(&self.attachments));
        }
        names.into_iter().find(|path| path.exists())
    }

    /// Every file that an interrupted restore may have left, the one that marks it last.
    pub(crate) fn left_over(&self) -> Vec<PathBuf> {
        let mut names = vec![self.restoring_attachments.clone(), beside(&self.restoring, ".lock")];
        for path in [&self.restoring, &self.restoring_attachments] {
            names.extend(OF_SQLITE.map(|suffix| beside(path, suffix)));
        }
        if self.restoring.exists() && !self.log.exists() {
            names.push(self.attachments.clone());
        }
        names.push(self.restoring.clone());
        names
    }
}
