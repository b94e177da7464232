//! Opening the database, and refusing to work with one that would lose what was acknowledged.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};

use super::{ATTACHMENTS_SCHEMA, LOG_SCHEMA, SQLITE_NOTADB, carry};
use crate::{Access, LogError, is_full};

/// Older ones can lose committed writes in WAL mode.
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);
const OLDEST_SQLITE_TEXT: &str = "3.51.3 or newer";

/// Marks a file as ours: "ysu", then what it holds. Set at the head of each schema.
const LOG_ID: i64 = 0x7973_7501;
const ATTACHMENTS_ID: i64 = 0x7973_7502;

/// Of a new file. An event has about a kilobyte, and pages of four are filled badly by such rows; those of sixteen make a
/// commit of one event slower by a fifth (docs/decisions/0024).
const PAGE_BYTES: u32 = 8_192;

const JOURNAL_MODE: &str = "PRAGMA journal_mode = WAL";

/// How long a statement waits for a program that does not heed the writer's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// One of the database files of a log.
#[derive(Debug, Clone)]
pub(super) struct Database {
    pub(super) path: PathBuf,
    id: i64,
    schema: &'static str,
}

impl Database {
    pub(super) fn log(path: &Path) -> Self {
        Self { path: path.to_owned(), id: LOG_ID, schema: LOG_SCHEMA }
    }

    pub(super) fn attachments(log: &Path) -> Self {
        Self { path: super::beside(log, ".attachments"), id: ATTACHMENTS_ID, schema: ATTACHMENTS_SCHEMA }
    }

    /// How connections to it are made.
    pub(super) fn options(&self, access: Access) -> SqliteConnectOptions {
        let options = SqliteConnectOptions::new()
            .filename(&self.path)
            .busy_timeout(BUSY_TIMEOUT)
            .page_size(PAGE_BYTES)
            .row_buffer_size(1_024)
            .foreign_keys(true)
            .synchronous(synchronous().0)
            .pragma("recursive_triggers", "ON")
            // The values of appended events are nobody's business but the log's.
            .disable_statement_logging();
        #[cfg(feature = "model")]
        let options = crate::model::settings(options);
        options.read_only(access == Access::Read)
    }

    /// The one connection that writes events.
    pub(super) async fn connect_writer(&self) -> Result<SqliteConnection, LogError> {
        self.checked(carry::settings(self.options(Access::Write))).await
    }

    /// One connection to a file that exists, is ours, and has every setting that durability rests on.
    pub(super) async fn connect(&self, access: Access) -> Result<SqliteConnection, LogError> {
        self.checked(self.options(access)).await
    }

    async fn checked(&self, options: SqliteConnectOptions) -> Result<SqliteConnection, LogError> {
        let mut connection = options.connect().await.map_err(|error| self.not_opened(error))?;
        match self.check(&mut connection).await {
            Ok(()) => Ok(connection),
            Err(error) => {
                // Waited for, so that whoever tries again does not meet the one before.
                let _ = connection.close().await;
                Err(error)
            }
        }
    }

    async fn check(&self, connection: &mut SqliteConnection) -> Result<(), LogError> {
        self.identify(connection).await?;
        self.assert_settings(connection).await
    }

    /// Creates the tables in a new file; refuses a file of another kind, or of a newer format, and leaves what it says as it is. The
    /// first to open it for writing, so what an earlier process left in the WAL is made certain here.
    pub(super) async fn create_or_identify(&self) -> Result<(), LogError> {
        self.make_wal_certain().map_err(|error| self.file_error("written", error))?;
        point!("open: the WAL was written again");
        let connected = self.options(Access::Write).create_if_missing(true).connect().await;
        let mut connection = connected.map_err(|error| self.not_opened(error))?;
        // No table: a new file, or one whose creation was interrupted.
        let used = pragma(&mut connection, "SELECT EXISTS (SELECT 1 FROM sqlite_schema)").await;
        if used.map_err(|error| self.not_opened(error))? == "0" {
            self.create(&mut connection).await.map_err(|error| self.storage("be created", error))?;
            point!("open: a database was created");
            // The name of a new file is on the disk only once its directory is.
            let directory = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
            let synced = std::fs::File::open(directory.unwrap_or(Path::new("."))).and_then(|file| file.sync_all());
            synced.map_err(|error| self.file_error("synced", error))?;
        }
        self.identify(&mut connection).await?;
        connection.close().await.map_err(|error| self.storage("be closed", error))
    }

    /// Whatever became of earlier syncs, what the WAL holds is on the disk afterwards. Not on another thread: whoever calls may be
    /// dropped at an await, and the writer's lock with it, and then nothing may go on writing.
    pub(super) fn make_wal_certain(&self) -> std::io::Result<()> {
        if planted!(WalBelieved) { Ok(()) } else { super::wal::make_wal_certain(&self.path) }
    }

    /// Gives a database that was just made its way of writing.
    pub(super) async fn set_journal_mode(&self) -> Result<(), LogError> {
        let connected = self.options(Access::Write).connect().await;
        let mut connection = connected.map_err(|error| self.not_opened(error))?;
        let set = sqlx::query(JOURNAL_MODE).execute(&mut connection).await;
        set.map_err(|error| self.storage("be created", error))?;
        connection.close().await.map_err(|error| self.storage("be closed", error))
    }

    async fn create(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        sqlx::query(JOURNAL_MODE).execute(&mut *connection).await?;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::raw_sql(self.schema).execute(&mut *transaction).await?;
        transaction.commit().await
    }

    /// Refuses a file of another kind, or of another format.
    async fn identify(&self, connection: &mut SqliteConnection) -> Result<(), LogError> {
        let not_a_log = |why: String| LogError::NotALog { path: self.path.clone(), why };
        let id = pragma(connection, "PRAGMA application_id").await.map_err(|error| not_a_log(error.to_string()))?;
        if id != self.id.to_string() {
            return Err(not_a_log(format!("its application id is {id} and not {}", self.id)));
        }
        if self.id == LOG_ID {
            let format = sqlx::query("SELECT number FROM format").fetch_one(connection).await;
            let found: i64 = format.map_err(|error| not_a_log(error.to_string()))?.get(0);
            if found < i64::from(transparency::FORMAT) {
                return Err(LogError::TrialFormat { path: self.path.clone(), found });
            }
            if found > i64::from(transparency::FORMAT) {
                let (path, supported) = (self.path.clone(), transparency::FORMAT);
                return Err(LogError::NewerFormat { path, found, supported });
            }
        }
        Ok(())
    }

    async fn assert_settings(&self, connection: &mut SqliteConnection) -> Result<(), LogError> {
        let refuse = |setting, found: &str, wanted| {
            Err(LogError::Setting { path: self.path.clone(), setting, found: found.to_owned(), wanted })
        };
        let version = pragma(connection, "SELECT sqlite_version()").await.map_err(|e| self.storage("be read", e))?;
        if parse_version(&version).is_none_or(|version| version < OLDEST_SQLITE) {
            return refuse("version", &version, OLDEST_SQLITE_TEXT);
        }
        for (setting, query, wanted) in [
            ("journal_mode", "PRAGMA journal_mode", "wal"),
            ("synchronous", "PRAGMA synchronous", synchronous().1),
            ("recursive_triggers", "PRAGMA recursive_triggers", "1"),
            ("foreign_keys", "PRAGMA foreign_keys", "1"),
        ] {
            let found = pragma(connection, query).await.map_err(|error| self.storage("be read", error))?;
            if found != wanted {
                return refuse(setting, &found, wanted);
            }
        }
        Ok(())
    }

    /// An answer of the database that says what it could not do.
    pub(super) fn storage(&self, doing: &'static str, error: sqlx::Error) -> LogError {
        let (path, source) = (self.path.clone(), Arc::new(error));
        if is_full(&path) {
            return LogError::NoRoom { path, source };
        }
        LogError::Storage { path, doing, source }
    }

    fn file_error(&self, action: &'static str, error: impl std::error::Error + Send + Sync + 'static) -> LogError {
        let (path, source) = (self.path.clone(), Arc::new(error));
        if is_full(&path) {
            return LogError::NoRoom { path, source };
        }
        LogError::File { path, action, source }
    }

    fn not_opened(&self, error: sqlx::Error) -> LogError {
        match super::primary_code(&error) {
            Some(SQLITE_NOTADB) => LogError::NotALog { path: self.path.clone(), why: error.to_string() },
            _ => self.file_error("opened", error),
        }
    }
}

/// How far a commit has to have come before it is acknowledged, and what the database then says of itself: onto the disk.
fn synchronous() -> (SqliteSynchronous, &'static str) {
    if planted!(SynchronousNormal) {
        return (SqliteSynchronous::Normal, "1");
    }
    #[cfg(feature = "planted-faults")]
    if std::env::var("YOUSU_PLANTED_SYNCHRONOUS").is_ok_and(|level| level == "NORMAL") {
        tracing::error!(
            "synchronous=NORMAL: this build loses what it acknowledged when the power goes; it is for a proof"
        );
        return (SqliteSynchronous::Normal, "1");
    }
    (SqliteSynchronous::Full, "2")
}

/// The one value that a pragma or query gives, as text.
async fn pragma(connection: &mut SqliteConnection, query: &'static str) -> Result<String, sqlx::Error> {
    let row = sqlx::query(query).fetch_one(connection).await?;
    row.try_get_unchecked(0)
}

fn parse_version(text: &str) -> Option<(u32, u32, u32)> {
    let mut parts = text.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??, parts.next()??))
}
