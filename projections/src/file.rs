//! One view's SQLite file: rows, set-up and checkpoint, written together or not at all.

use std::path::{Path, PathBuf};
use std::time::Duration;

use event_log::Centre;
use serde::de::DeserializeOwned;
use sqlx::{
    ConnectOptions as _, Row as _, Sqlite, SqliteConnection, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous},
};

use crate::{
    ViewError,
    hand::{Changed, Stored},
    registry::Kept,
    set_up::SetUp,
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

/// Rows are upserted whole, by one statement a batch: a statement costs as much as twenty rows. $2 holds all keys and states
/// end to end, $3 their offsets (from 1) and lengths as JSON, so that no state is written as JSON within JSON.
const WRITE_ROWS: &str = "INSERT INTO rows (centre, key, state)
    SELECT
        $1, CAST(substr($2, value ->> 0, value ->> 1) AS TEXT),
        CAST(substr($2, (value ->> 0) + (value ->> 1), value ->> 2) AS TEXT)
    FROM json_each($3) WHERE true
    ON CONFLICT (centre, key) DO UPDATE SET state = excluded.state";

/// All rows of these keys in one, for the same reason: lengths as text, keys and states end to end.
const READ_ROWS: &str = "SELECT
        ifnull(group_concat(length(CAST(key AS BLOB)) || ' ' || length(CAST(state AS BLOB)), ' '), ''),
        ifnull(group_concat(key || state, ''), '')
    FROM rows WHERE centre = $1 AND key IN (SELECT value FROM json_each($2))";

const WRITE_CENTRE: &str =
    "INSERT INTO centres (centre, position, numbers, set_up) VALUES ($1, $2, $3, ifnull($4, '{}'))
    ON CONFLICT (centre) DO UPDATE SET position = $2, numbers = $3, set_up = ifnull($4, set_up)";

/// Rows of one such statement: enough to make its cost small, few enough that its bytes are.
const ROWS_A_STATEMENT: usize = 250;

/// How much of a file that is being built SQLite keeps at hand, in KiB: rows that were put down come back.
const BUILDING_CACHE: &str = "-8192";

const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
const CONNECTIONS: u32 = 4;

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
    pool: SqlitePool,
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
        let options = if sync == Sync::Off { options.pragma("cache_size", BUILDING_CACHE) } else { options };
        // A file being built has one, so that it can become a single file at the end.
        let connections = if sync == Sync::Off { 1 } else { CONNECTIONS };
        let pool = SqlitePoolOptions::new().max_connections(connections).idle_timeout(None).max_lifetime(None);
        Self { view, path, sync, pool: pool.connect_lazy_with(options), identity: None }
    }

    /// A file that cannot be read just now is an error; one that holds something else, or nothing, is not the view.
    async fn is_current(&self) -> Result<bool, ViewError> {
        let found = sqlx::query("SELECT view, version FROM about").fetch_one(&self.pool).await;
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
            let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
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
        self.pool.close().await;
    }

    /// Ends the building of a file: indexed, closed and on the disk.
    pub(crate) async fn complete(self) -> Result<PathBuf, ViewError> {
        let indexed = sqlx::raw_sql(self.view.indexes).execute(&self.pool).await;
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
        let row = row.fetch_optional(&self.pool).await.map_err(|error| self.storage("be read", error))?;
        row.map_or(Ok(0), |row| row.try_get(0)).map_err(|error| self.storage("be read", error))
    }

    /// The centre's set-up as this view knows it.
    pub(crate) async fn set_up(&self, centre: &Centre) -> Result<SetUp, ViewError> {
        let row = sqlx::query("SELECT set_up FROM centres WHERE centre = $1").bind(centre.as_str());
        let row = row.fetch_optional(&self.pool).await.map_err(|error| self.storage("be read", error))?;
        row.map_or_else(|| Ok(SetUp::default()), |row| self.parse(self.text(&row, 0)?))
    }

    /// Rows by a query of the view's own: it selects `state` first.
    pub(crate) async fn rows<R: DeserializeOwned>(
        &self,
        query: sqlx::query::Query<'_, Sqlite, sqlx::sqlite::SqliteArguments>,
    ) -> Result<Vec<R>, ViewError> {
        let rows = query.fetch_all(&self.pool).await.map_err(|error| self.storage("be read", error))?;
        rows.iter().map(|row| self.parse(self.text(row, 0)?)).collect()
    }

    /// The same with their keys, selected second.
    pub(crate) async fn keyed_rows<R: DeserializeOwned>(
        &self,
        query: sqlx::query::Query<'_, Sqlite, sqlx::sqlite::SqliteArguments>,
    ) -> Result<Vec<(String, R)>, ViewError> {
        let rows = query.fetch_all(&self.pool).await.map_err(|error| self.storage("be read", error))?;
        rows.iter().map(|row| Ok((self.text(row, 1)?.to_owned(), self.parse(self.text(row, 0)?)?))).collect()
    }

    fn text<'r>(&self, row: &'r SqliteRow, column: usize) -> Result<&'r str, ViewError> {
        row_text(row, column).map_err(|error| self.storage("be read", error))
    }

    fn parse<T: DeserializeOwned>(&self, text: &str) -> Result<T, ViewError> {
        serde_json::from_str(text).map_err(|source| self.bad_row(source))
    }

    pub(crate) fn bad_row(&self, source: serde_json::Error) -> ViewError {
        ViewError::Row { path: self.path.clone(), source }
    }

    /// Rows of a centre as text, with their keys; none where there is no row.
    pub(crate) async fn rows_of(&self, centre: &Centre, keys: &[String]) -> Result<Vec<(String, String)>, ViewError> {
        let read = async { read(&mut *self.pool.acquire().await?, centre, keys, false).await };
        read.await.map(|(rows, _)| rows).map_err(|error| self.storage("be read", error))
    }

    /// One centre's rows as they are now, whatever is written later.
    pub(crate) async fn snapshot(&self, centre: &Centre) -> Result<Rows, ViewError> {
        let begin = async {
            let mut transaction = self.pool.begin().await?;
            // The first thing read is what fixes the moment.
            let row = sqlx::query("SELECT position FROM centres WHERE centre = $1").bind(centre.as_str());
            let row = row.fetch_optional(&mut *transaction).await?;
            let position = row.map_or(Ok(0), |row| row.try_get(0))?;
            Ok(Rows { path: self.path.clone(), centre: centre.clone(), transaction, position })
        };
        begin.await.map_err(|error| self.storage("be read", error))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Begins a batch: nobody else writes until it is committed or dropped.
    pub(crate) async fn begin(&self, centre: &Centre) -> Result<Batch<'_>, ViewError> {
        let begin = async {
            let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
            let row = sqlx::query("SELECT position, numbers FROM centres WHERE centre = $1").bind(centre.as_str());
            let row = row.fetch_optional(&mut *transaction).await?;
            let begun = row.map(|row| Ok::<_, sqlx::Error>((row.try_get(0)?, row.try_get(1)?))).transpose()?;
            let (position, numbers) = begun.unwrap_or_else(|| (0, "{}".to_owned()));
            Ok(Batch { file: self, centre: centre.clone(), transaction, position, numbers })
        };
        begin.await.map_err(|error| self.storage("be written", error))
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
    transaction: Transaction<'static, Sqlite>,
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
            let rows = query.fetch_all(&mut *self.transaction).await?;
            rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<Result<_, sqlx::Error>>()
        };
        let storage = |source| ViewError::Storage { path: self.path.clone(), doing: "be read", source };
        read.await.map_err(storage)
    }
}

/// A batch being written.
pub(crate) struct Batch<'a> {
    file: &'a File,
    centre: Centre,
    transaction: Transaction<'a, Sqlite>,
    /// The checkpoint under which it began: another process may have been faster.
    pub(crate) position: u64,
    numbers: String,
}

impl Batch<'_> {
    /// The rows of these keys, with the set-up if it is wanted.
    pub(crate) async fn stored(&mut self, keys: &[String], with_set_up: bool) -> Result<Stored, ViewError> {
        let read = read(&mut self.transaction, &self.centre, keys, with_set_up).await;
        let (rows, set_up) = read.map_err(|error| self.file.storage("be read", error))?;
        Ok(Stored { rows, numbers: self.numbers.clone(), set_up })
    }

    /// Writes every changed row once, and the checkpoint with them.
    pub(crate) async fn commit(mut self, reached: u64, changed: Option<Changed>) -> Result<(), ViewError> {
        let (rows, numbers, set_up) = match changed {
            Some(Changed { rows, numbers, set_up }) => (rows, numbers, set_up),
            None => (Vec::new(), self.numbers.clone(), None),
        };
        let file = self.file;
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let (mut bytes, mut places) = (Vec::new(), Vec::with_capacity(ROWS_A_STATEMENT));
            for (key, state) in rows.by_ref().take(ROWS_A_STATEMENT) {
                places.push((bytes.len() + 1, key.len(), state.len()));
                bytes.extend(key.into_bytes());
                bytes.extend(state.into_bytes());
            }
            let places = serde_json::to_string(&places).map_err(|source| file.bad_row(source))?;
            let write = sqlx::query(WRITE_ROWS).bind(self.centre.as_str()).bind(bytes).bind(places);
            write.execute(&mut *self.transaction).await.map_err(|error| file.storage("be written", error))?;
        }
        let write = async {
            let position = i64::try_from(reached).unwrap_or(i64::MAX);
            let centre = sqlx::query(WRITE_CENTRE).bind(self.centre.as_str()).bind(position).bind(numbers).bind(set_up);
            centre.execute(&mut *self.transaction).await?;
            self.transaction.commit().await
        };
        write.await.map_err(|error| file.storage("be written", error))
    }
}

type Read = (Vec<(String, String)>, Option<String>);

async fn read(
    connection: &mut SqliteConnection,
    centre: &Centre,
    keys: &[String],
    with_set_up: bool,
) -> Result<Read, sqlx::Error> {
    let keys = serde_json::Value::from(keys).to_string();
    let rows = sqlx::query(READ_ROWS).bind(centre.as_str()).bind(keys).fetch_one(&mut *connection).await?;
    let rows = cut(row_text(&rows, 0)?, row_text(&rows, 1)?)?;
    if !with_set_up {
        return Ok((rows, None));
    }
    let set_up = sqlx::query("SELECT set_up FROM centres WHERE centre = $1").bind(centre.as_str());
    let set_up = set_up.fetch_optional(connection).await?;
    let set_up = set_up.map(|row| row.try_get(0)).transpose()?;
    Ok((rows, Some(set_up.unwrap_or_else(|| "{}".to_owned()))))
}

fn row_text(row: &SqliteRow, column: usize) -> Result<&str, sqlx::Error> {
    row.try_get(column)
}

/// Keys and states out of what [`READ_ROWS`] gives.
fn cut(lengths: &str, mut texts: &str) -> Result<Vec<(String, String)>, sqlx::Error> {
    let mut take = |length: &str| {
        let cut = length.parse().ok().and_then(|length| texts.split_at_checked(length));
        let (text, rest) = cut.ok_or_else(|| sqlx::Error::Decode("rows are not as long as they say".into()))?;
        texts = rest;
        Ok::<_, sqlx::Error>(text.to_owned())
    };
    let mut lengths = lengths.split_ascii_whitespace();
    std::iter::from_fn(|| Some((lengths.next()?, lengths.next()?))).map(|(k, s)| Ok((take(k)?, take(s)?))).collect()
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
