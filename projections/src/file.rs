//! One view's SQLite file: rows, set-up and checkpoint, written together or not at all.

mod batch;
mod carry;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use event_log::Centre;
use serde::de::DeserializeOwned;
use sqlx::{
    ConnectOptions as _, Row as _, Sqlite, SqlitePool,
    pool::PoolConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous},
};

use self::batch::Batch;
pub(crate) use self::batch::{Reached, Wanted};
use self::carry::Carrier;
use crate::{
    ViewError,
    registry::Kept,
    set_up::{Prepared, SetUp},
};

/// What every view's file has beside its rows.
const DDL: &str = "
CREATE TABLE about (only INTEGER PRIMARY KEY CHECK (only = 1), view TEXT NOT NULL, version INTEGER NOT NULL) STRICT;
CREATE TABLE centres (
    centre TEXT PRIMARY KEY,
    position INTEGER NOT NULL,   -- the checkpoint: the last event of the centre's log that the rows have seen
    numbers TEXT NOT NULL,       -- running numbers, as JSON
    set_up TEXT NOT NULL         -- names, hours and calendars, as JSON
) STRICT;";

/// How much of a file SQLite keeps at hand for the connection that writes, in KiB: rows that were put down come back.
const WRITING_CACHE: &str = "-8192";

const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections that read.
const READERS: u32 = 3;

/// How much a file is to survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sync {
    /// It is in use: a crash of the program loses nothing, one of the machine at most the newest batches.
    Normal,
    /// It is being built, and thrown away if that fails.
    Off,
}

pub(crate) struct File {
    pub(crate) view: &'static Kept,
    path: PathBuf,
    sync: Sync,
    /// One connection, always the same: SQLite throws away what a connection has at hand when another one has written.
    writer: SqlitePool,
    readers: SqlitePool,
    /// `None` where there is no write-ahead log.
    carrier: Option<Carrier>,
    /// The checkpoints that this process saw last.
    checkpoints: Mutex<BTreeMap<Centre, u64>>,
    /// As they were last read, with the text that they were read from: to parse one takes longer than to read a page.
    set_ups: Mutex<BTreeMap<Centre, (String, Arc<Prepared>)>>,
    /// Which file it is, whatever its name.
    identity: Option<(u64, u64)>,
}

impl File {
    /// Opens the view's file; one of another version, or that is no view, gives way to a new one.
    pub(crate) async fn open(view: &'static Kept, path: PathBuf, sync: Sync) -> Result<Self, ViewError> {
        let mut file = Self::connect(view, path.clone(), sync);
        if !file.is_current().await? {
            file.close().await;
            remove(&path)?;
            file = Self::connect(view, path, sync);
            file.create().await?;
        }
        file.identity = identity(&file.path);
        Ok(file)
    }

    /// Whether its name still means this file: another process may have built the view anew and put it here.
    pub(crate) fn is_in_place(&self) -> bool {
        identity(&self.path) == self.identity
    }

    fn connect(view: &'static Kept, path: PathBuf, sync: Sync) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true)
            .synchronous(if sync == Sync::Off { SqliteSynchronous::Off } else { SqliteSynchronous::Normal })
            // Without one nothing can be taken back; then the file is thrown away, and every page is written once.
            .journal_mode(if sync == Sync::Off { SqliteJournalMode::Off } else { SqliteJournalMode::Wal })
            .busy_timeout(BUSY_TIMEOUT)
            .disable_statement_logging();
        let pool = |connections, options| {
            // A connection in this process does not go stale, and asking costs as much as a query.
            let pool = SqlitePoolOptions::new().max_connections(connections).test_before_acquire(false);
            pool.idle_timeout(None).max_lifetime(None).connect_lazy_with(options)
        };
        let options = options.pragma("wal_autocheckpoint", carry::PAGES_AT_MOST);
        let writer = pool(1, options.clone().pragma("cache_size", WRITING_CACHE));
        let (readers, carrier) = match sync {
            // That one only, so that it can become a single file at the end.
            Sync::Off => (writer.clone(), None),
            Sync::Normal => {
                let carrier = Carrier::new(path.clone(), pool(1, options.clone()));
                (pool(READERS, options), Some(carrier))
            }
        };
        Self {
            view,
            path,
            sync,
            writer,
            readers,
            carrier,
            checkpoints: Mutex::default(),
            set_ups: Mutex::default(),
            identity: None,
        }
    }

    /// A file that cannot be read just now is an error; one that holds something else, or nothing, is not the view.
    async fn is_current(&self) -> Result<bool, ViewError> {
        let found = sqlx::query("SELECT view, version FROM about").fetch_one(&self.readers).await;
        match found {
            Ok(row) => {
                let about = row.try_get(0).and_then(|name: &str| Ok((name, row.try_get(1)?)));
                Ok(about.is_ok_and(|about| about == (self.view.name, self.view.version)))
            }
            Err(error) if holds_no_view(&error) => Ok(false),
            Err(error) => Err(self.storage("be opened", error)),
        }
    }

    async fn create(&self) -> Result<(), ViewError> {
        let create = async {
            let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
            sqlx::raw_sql(DDL).execute(&mut *transaction).await?;
            sqlx::raw_sql(self.view.ddl).execute(&mut *transaction).await?;
            // A file that is being built gets them at the end: made once, and not moved with every row.
            if self.sync == Sync::Normal {
                sqlx::raw_sql(self.view.indexes).execute(&mut *transaction).await?;
            }
            let about = sqlx::query("INSERT INTO about (only, view, version) VALUES (1, $1, $2)");
            about.bind(self.view.name).bind(self.view.version).execute(&mut *transaction).await?;
            transaction.commit().await
        };
        create.await.map_err(|error| self.storage("be created", error))
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        if let Some(carrier) = &self.carrier {
            carrier.close().await;
        }
        // The last one to close carries the WAL over into the file.
        self.writer.close().await;
    }

    /// Ends the building of a file: indexed, closed and on the disk.
    pub(crate) async fn complete(self) -> Result<PathBuf, ViewError> {
        let indexed = sqlx::raw_sql(self.view.indexes).execute(&self.writer).await;
        indexed.map_err(|error| self.storage("be completed", error))?;
        self.close().await;
        let path = self.path.clone();
        let synced = tokio::task::spawn_blocking(move || std::fs::File::open(&path).and_then(|file| file.sync_all()));
        let synced = synced.await.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()));
        synced.map_err(|source| ViewError::File { path: self.path.clone(), action: "synced", source })?;
        Ok(self.path)
    }

    /// How far it has read this centre's log.
    pub(crate) async fn position(&self, centre: &Centre) -> Result<u64, ViewError> {
        let row = sqlx::query("SELECT position FROM centres WHERE centre = $1").bind(centre.as_str());
        let row = row.fetch_optional(&self.readers).await.map_err(|error| self.storage("be read", error))?;
        row.map_or(Ok(0), |row| row.try_get(0)).map_err(|error| self.storage("be read", error))
    }

    /// The same as this process saw it last: another one may have gone further, and a batch begins by looking.
    pub(crate) async fn known_position(&self, centre: &Centre) -> Result<u64, ViewError> {
        let known = self.checkpoints().get(centre).copied();
        match known {
            Some(known) => Ok(known),
            None => self.position(centre).await,
        }
    }

    /// Whether it has read that far; what this process knows is not asked of the file.
    pub(crate) async fn has_seen(&self, centre: &Centre, position: u64) -> Result<bool, ViewError> {
        let is_known = self.checkpoints().get(centre).is_some_and(|known| *known >= position);
        Ok(is_known || self.position(centre).await? >= position)
    }

    fn checkpoints(&self) -> MutexGuard<'_, BTreeMap<Centre, u64>> {
        self.checkpoints.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The centre's set-up as this view knows it.
    pub(crate) async fn set_up(&self, centre: &Centre) -> Result<Arc<Prepared>, ViewError> {
        let row = sqlx::query("SELECT set_up FROM centres WHERE centre = $1").bind(centre.as_str());
        let row = row.fetch_optional(&self.readers).await.map_err(|error| self.storage("be read", error))?;
        let Some(row) = row else { return Ok(Arc::default()) };
        let text = self.text(&row, 0)?;
        let known = self.set_ups().get(centre).filter(|(known, _)| known == text).map(|(_, set_up)| Arc::clone(set_up));
        if let Some(known) = known {
            return Ok(known);
        }
        let set_up = Arc::new(Prepared::from(self.parse::<SetUp>(text)?));
        self.set_ups().insert(centre.clone(), (text.to_owned(), Arc::clone(&set_up)));
        Ok(set_up)
    }

    fn set_ups(&self) -> MutexGuard<'_, BTreeMap<Centre, (String, Arc<Prepared>)>> {
        self.set_ups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rows by a query of the view's own: it selects `state` first.
    pub(crate) async fn rows<R: DeserializeOwned>(
        &self,
        query: sqlx::query::Query<'_, Sqlite, sqlx::sqlite::SqliteArguments>,
    ) -> Result<Vec<R>, ViewError> {
        let rows = query.fetch_all(&self.readers).await.map_err(|error| self.storage("be read", error))?;
        rows.iter().map(|row| self.parse(self.text(row, 0)?)).collect()
    }

    /// The same with their keys, selected second.
    pub(crate) async fn keyed_rows<R: DeserializeOwned>(
        &self,
        query: sqlx::query::Query<'_, Sqlite, sqlx::sqlite::SqliteArguments>,
    ) -> Result<Vec<(String, R)>, ViewError> {
        let rows = query.fetch_all(&self.readers).await.map_err(|error| self.storage("be read", error))?;
        rows.iter().map(|row| Ok((self.text(row, 1)?.to_owned(), self.parse(self.text(row, 0)?)?))).collect()
    }

    fn text<'r>(&self, row: &'r SqliteRow, column: usize) -> Result<&'r str, ViewError> {
        row.try_get(column).map_err(|error| self.storage("be read", error))
    }

    fn parse<T: DeserializeOwned>(&self, text: &str) -> Result<T, ViewError> {
        serde_json::from_str(text).map_err(|source| self.bad_row(source))
    }

    pub(crate) fn bad_row(&self, source: serde_json::Error) -> ViewError {
        ViewError::Row { path: self.path.clone(), source }
    }

    /// Rows of a centre as text, with their keys; none where there is no row.
    pub(crate) async fn rows_of(&self, centre: &Centre, keys: &[String]) -> Result<Vec<(String, String)>, ViewError> {
        let wanted = [Wanted { centre, keys: keys.to_vec(), with_set_up: false }];
        let read = async { batch::read(&mut *self.readers.acquire().await?, &wanted).await };
        let rows = read.await.map_err(|error| self.storage("be read", error))?;
        Ok(rows.into_iter().flatten().collect())
    }

    /// One centre's rows as they are now, whatever is written later.
    pub(crate) async fn snapshot(&self, centre: &Centre) -> Result<Rows, ViewError> {
        let begin = async {
            let mut connection = self.readers.acquire().await?;
            // However it ends, nobody else goes on from that moment.
            connection.close_on_drop();
            // The first thing read is what fixes the moment.
            let row = sqlx::query("BEGIN; SELECT position FROM centres WHERE centre = $1").bind(centre.as_str());
            let row = row.fetch_optional(&mut *connection).await?;
            let position = row.map_or(Ok(0), |row| row.try_get(0))?;
            Ok(Rows { path: self.path.clone(), centre: centre.clone(), connection, position })
        };
        begin.await.map_err(|error| self.storage("be read", error))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Begins a batch of these centres: nobody else writes until it is committed, left or dropped.
    pub(crate) async fn begin(&self, centres: &[&Centre]) -> Result<Batch<'_>, ViewError> {
        let connection = self.writer.acquire().await.map_err(|error| self.storage("be written", error))?;
        Batch::begin(self, connection, centres).await
    }

    pub(crate) fn storage(&self, doing: &'static str, source: sqlx::Error) -> ViewError {
        let path = self.path.clone();
        if event_log::is_full(&path) {
            ViewError::NoRoom { path, source }
        } else {
            ViewError::Storage { path, doing, source }
        }
    }
}

/// One centre's rows at one moment.
pub(crate) struct Rows {
    path: PathBuf,
    centre: Centre,
    connection: PoolConnection<Sqlite>,
    pub(crate) position: u64,
}

impl Rows {
    /// The keys and states after a key, up to and with another if one is given.
    pub(crate) async fn page(
        &mut self,
        after: &str,
        through: Option<&str>,
        most: u32,
    ) -> Result<Vec<(String, String)>, ViewError> {
        const PAGE: &str = "SELECT key, state FROM rows
            WHERE centre = $1 AND key > $2 AND ($3 IS NULL OR key <= $3) ORDER BY key LIMIT $4 + 0";
        let query = sqlx::query(PAGE).bind(self.centre.as_str()).bind(after).bind(through).bind(most);
        let read = async {
            let rows = query.fetch_all(&mut *self.connection).await?;
            rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<Result<_, sqlx::Error>>()
        };
        let storage = |source| ViewError::Storage { path: self.path.clone(), doing: "be read", source };
        read.await.map_err(storage)
    }
}

/// SQLITE_ERROR (no such table), SQLITE_CORRUPT, SQLITE_NOTADB.
fn holds_no_view(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
    matches!(error, sqlx::Error::RowNotFound) || code.is_some_and(|code| [1, 11, 26].contains(&(code & 0xff)))
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

/// Elsewhere an open file cannot be replaced.
#[cfg(not(unix))]
fn identity(_: &Path) -> Option<(u64, u64)> {
    None
}

/// Puts a complete file in the place of another that nobody has open.
pub(crate) fn replace(complete: &Path, path: &Path) -> Result<(), ViewError> {
    remove(path)?;
    std::fs::rename(complete, path).map_err(|source| ViewError::File {
        path: path.to_owned(),
        action: "replaced",
        source,
    })
}

/// The file and what SQLite keeps beside it.
pub(crate) fn remove(path: &Path) -> Result<(), ViewError> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(&name) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(ViewError::File { path: name.into(), action: "removed", source });
            }
            _ => {}
        }
    }
    Ok(())
}
