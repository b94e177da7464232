//! The file of wrapped keys.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use event_log::WriterLock;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Row as _, SqlitePool};
use uuid::Uuid;

use crate::KeyError;
use crate::writer::Writer;

const SCHEMA: &str = include_str!("../../../schemas/sql/keys/schema.sql");
/// "ysu", then what it holds.
const ID: i64 = 0x7973_7503;
const FORMAT: i64 = 2;
/// A primary result code, <https://www.sqlite.org/rescode.html>.
pub(crate) const SQLITE_FULL: i64 = 13;
/// How long a statement waits for another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Where a person's first text stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Of {
    /// Whose log.
    pub centre: String,
    /// Which case.
    pub stream: Uuid,
}

/// Whose key may have to be destroyed or marked, and where it is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// Whose.
    pub person: Uuid,
    /// Where it is said whether it is to be.
    pub of: Of,
    /// How often it was noted since it was carried out last.
    pub(crate) times: i64,
}

/// A key as it is kept.
pub(crate) struct Wrapped {
    pub(crate) epoch: u64,
    pub(crate) bytes: Vec<u8>,
}

/// What is kept of a person.
pub(crate) enum Kept {
    Key {
        key: Wrapped,
        /// Whether it is kept and nothing is to be shown.
        is_restricted: bool,
    },
    Erased,
}

/// A person's new key and the handles by which that person may be found.
pub(crate) struct NewPerson {
    pub(crate) person: Uuid,
    pub(crate) of: Of,
    pub(crate) key: Wrapped,
}

pub(crate) struct Store {
    pub(crate) path: PathBuf,
    readers: SqlitePool,
    /// `None` in a process that only reads.
    writer: Option<Writer>,
}

impl Store {
    /// With the lock, for writing.
    pub(crate) async fn open(path: &Path, lock: Option<WriterLock>) -> Result<Self, KeyError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true)
            .synchronous(SqliteSynchronous::Full)
            .disable_statement_logging();
        let writer = match lock {
            // What is deleted here is gone from the file, too.
            Some(lock) => {
                let options = options.clone().pragma("secure_delete", "ON").journal_mode(SqliteJournalMode::Wal);
                Some(Writer::open(path, options, SCHEMA, lock).await?)
            }
            None => None,
        };
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(options.read_only(true));
        let store = Self { path: path.to_owned(), readers, writer };
        let identity =
            sqlx::query("SELECT (SELECT application_id FROM pragma_application_id), (SELECT number FROM format)");
        let row =
            identity.fetch_one(&store.readers).await.map_err(|_| KeyError::NotAStore { path: path.to_owned() })?;
        let found: (i64, i64) = store.take(&row, 0).and_then(|id| Ok((id, store.take(&row, 1)?)))?;
        if found == (ID, FORMAT) { Ok(store) } else { Err(KeyError::NotAStore { path: path.to_owned() }) }
    }

    fn writer(&self) -> Result<&Writer, KeyError> {
        self.writer.as_ref().ok_or_else(|| KeyError::ReadOnly { path: self.path.clone() })
    }

    /// One statement that changes something.
    async fn write(
        &self,
        doing: &'static str,
        query: sqlx::query::Query<'_, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>,
    ) -> Result<(), KeyError> {
        let mut writing = self.writer()?.begin().await?;
        let done = query.execute(writing.connection()).await;
        let done = done.map(drop).map_err(|error| self.storage(doing, error));
        writing.end(doing, done).await
    }

    /// What is kept of these persons; nothing of those that were never seen.
    pub(crate) async fn find(&self, persons: &[Uuid]) -> Result<Vec<(Uuid, Kept)>, KeyError> {
        let list: Vec<String> = persons.iter().map(|person| person.simple().to_string().to_uppercase()).collect();
        let query = sqlx::query(
            "WITH asked (person) AS (SELECT unhex(value) FROM json_each($1))
             SELECT person, epoch, wrapped, restricted FROM asked CROSS JOIN persons USING (person)
             UNION ALL SELECT person, NULL, NULL, NULL FROM asked CROSS JOIN erased USING (person)",
        );
        let json = format!("[{}]", list.iter().map(|one| format!("\"{one}\"")).collect::<Vec<_>>().join(","));
        if let Some(writer) = &self.writer {
            writer.make_certain().await?;
        }
        let rows = query.bind(json).fetch_all(&self.readers).await.map_err(|error| self.storage("read keys", error))?;
        rows.iter()
            .map(|row| {
                let kept = match self.take::<Option<i64>>(row, 1)? {
                    Some(epoch) => {
                        let key = Wrapped { epoch: epoch.cast_unsigned(), bytes: self.take(row, 2)? };
                        Kept::Key { key, is_restricted: self.take(row, 3)? }
                    }
                    None => Kept::Erased,
                };
                Ok((self.uuid(row, 0)?, kept))
            })
            .collect()
    }

    /// Keeps new keys and handles, all in one commit.
    pub(crate) async fn keep(&self, new: &[NewPerson], handles: &[(Uuid, [u8; 32])]) -> Result<(), KeyError> {
        // All rows in one statement each: every statement is a way to another thread and back.
        let persons: Vec<String> = new
            .iter()
            .map(|NewPerson { person, of, key }| {
                let (stream, wrapped) = (of.stream.simple(), hex(&key.bytes));
                format!(r#"["{}","{}","{stream}",{},"{wrapped}"]"#, person.simple(), of.centre, key.epoch)
            })
            .collect();
        let tokens: Vec<String> =
            handles.iter().map(|(person, token)| format!(r#"["{}","{}"]"#, hex(token), person.simple())).collect();
        let mut writing = self.writer()?.begin().await?;
        let kept = async {
            let connection = writing.connection();
            if !persons.is_empty() {
                let insert = sqlx::query(
                    "INSERT INTO persons (person, centre, stream, epoch, wrapped)
                     SELECT unhex(value ->> 0), value ->> 1, unhex(value ->> 2), value ->> 3, unhex(value ->> 4) FROM json_each($1)",
                );
                insert.bind(format!("[{}]", persons.join(","))).execute(&mut *connection).await?;
            }
            if !tokens.is_empty() {
                // A person who was erased meanwhile is not to be found again.
                let insert = sqlx::query(
                    "INSERT INTO handles (token, person)
                     SELECT unhex(value ->> 0), persons.person FROM json_each($1) CROSS JOIN persons ON persons.person = unhex(value ->> 1)
                     ON CONFLICT DO NOTHING",
                );
                insert.bind(format!("[{}]", tokens.join(","))).execute(&mut *connection).await?;
            }
            Ok(())
        };
        let kept = kept.await.map_err(|error| self.storage("keep keys", error));
        writing.end("keep keys", kept).await
    }

    /// Where a person's texts stand, and whether they were erased.
    pub(crate) async fn of(&self, person: Uuid) -> Result<Option<(Of, bool)>, KeyError> {
        let query = sqlx::query(
            "SELECT centre, stream, FALSE FROM persons WHERE person = $1 UNION ALL SELECT centre, stream, TRUE FROM erased WHERE person = $1",
        );
        let row = query.bind(person.as_bytes().as_slice()).fetch_optional(&self.readers).await;
        let row = row.map_err(|error| self.storage("read keys", error))?;
        row.map(|row| Ok((Of { centre: self.take(&row, 0)?, stream: self.uuid(&row, 1)? }, self.take(&row, 2)?)))
            .transpose()
    }

    /// Whom a handle leads to.
    pub(crate) async fn by_handle(&self, token: [u8; 32]) -> Result<Vec<(Uuid, Of)>, KeyError> {
        let query = sqlx::query(
            "SELECT person, centre, stream FROM handles JOIN persons USING (person) WHERE token = $1 ORDER BY 1",
        );
        let rows = query
            .bind(token.as_slice())
            .fetch_all(&self.readers)
            .await
            .map_err(|error| self.storage("read keys", error))?;
        let one = |row| Ok((self.uuid(row, 0)?, Of { centre: self.take(row, 1)?, stream: self.uuid(row, 2)? }));
        rows.iter().map(one).collect()
    }

    /// The store's own key of that name.
    pub(crate) async fn own(&self, name: &str) -> Result<Option<Wrapped>, KeyError> {
        let row = sqlx::query("SELECT epoch, wrapped FROM own WHERE name = $1")
            .bind(name)
            .fetch_optional(&self.readers)
            .await;
        let row = row.map_err(|error| self.storage("read keys", error))?;
        row.map(|row| Ok(Wrapped { epoch: self.take::<i64>(&row, 0)?.cast_unsigned(), bytes: self.take(&row, 1)? }))
            .transpose()
    }

    pub(crate) async fn keep_own(&self, name: &str, key: &Wrapped) -> Result<(), KeyError> {
        let insert = sqlx::query("INSERT INTO own (name, epoch, wrapped) VALUES ($1, $2, $3)");
        self.write("keep keys", insert.bind(name).bind(key.epoch.cast_signed()).bind(&key.bytes)).await
    }

    pub(crate) async fn restrict(&self, person: Uuid, is_restricted: bool) -> Result<(), KeyError> {
        let update = sqlx::query("UPDATE persons SET restricted = $2 WHERE person = $1");
        self.write("keep who is restricted", update.bind(person.as_bytes().as_slice()).bind(is_restricted)).await
    }

    pub(crate) async fn intend(&self, person: Uuid, of: &Of) -> Result<(), KeyError> {
        let insert = sqlx::query(
            "INSERT INTO erasing (person, centre, stream) VALUES ($1, $2, $3)
             ON CONFLICT (person) DO UPDATE SET centre = excluded.centre, stream = excluded.stream, times = times + 1",
        );
        let insert = insert.bind(person.as_bytes().as_slice()).bind(&of.centre).bind(of.stream.as_bytes().as_slice());
        self.write("keep what is to be erased", insert).await
    }

    pub(crate) async fn intended(&self) -> Result<Vec<Intent>, KeyError> {
        let query = sqlx::query("SELECT person, centre, stream, times FROM erasing ORDER BY person");
        let rows = query.fetch_all(&self.readers).await;
        let rows = rows.map_err(|error| self.storage("read what is to be erased", error))?;
        let one = |row| {
            let of = Of { centre: self.take(row, 1)?, stream: self.uuid(row, 2)? };
            Ok(Intent { person: self.uuid(row, 0)?, of, times: self.take(row, 3)? })
        };
        rows.iter().map(one).collect()
    }

    pub(crate) async fn forget_intent(&self, intent: &Intent) -> Result<(), KeyError> {
        let delete = sqlx::query("DELETE FROM erasing WHERE person = $1 AND times = $2");
        self.write("keep what is to be erased", delete.bind(intent.person.as_bytes().as_slice()).bind(intent.times))
            .await
    }

    /// Destroys what is kept of these persons and wraps all that is left anew, in one commit.
    pub(crate) async fn erase(
        &self,
        persons: &[Uuid],
        rewrap: &(dyn Fn(Uuid, &Wrapped) -> Result<Wrapped, KeyError> + Sync),
    ) -> Result<(), KeyError> {
        let mut writing = self.writer()?.begin().await?;
        let erased = self.erase_in(writing.connection(), persons, rewrap).await;
        writing.end("erase keys", erased).await
    }

    async fn erase_in(
        &self,
        connection: &mut SqliteConnection,
        persons: &[Uuid],
        rewrap: &(dyn Fn(Uuid, &Wrapped) -> Result<Wrapped, KeyError> + Sync),
    ) -> Result<(), KeyError> {
        let failed = |error| self.storage("erase keys", error);
        for person in persons {
            for statement in [
                "INSERT INTO erased (person, centre, stream)
                 SELECT person, centre, stream FROM persons WHERE person = $1
                 UNION SELECT person, centre, stream FROM erasing WHERE person = $1 ON CONFLICT DO NOTHING",
                "DELETE FROM persons WHERE person = $1",
            ] {
                let query = sqlx::query(statement).bind(person.as_bytes().as_slice());
                query.execute(&mut *connection).await.map_err(failed)?;
            }
        }
        // In pieces, so that memory does not grow with the persons.
        let mut after = Vec::new();
        loop {
            let query =
                sqlx::query("SELECT person, epoch, wrapped FROM persons WHERE person > $1 ORDER BY person LIMIT 1000");
            let rows = query.bind(after.as_slice()).fetch_all(&mut *connection).await.map_err(failed)?;
            let Some(last) = rows.last() else { break };
            after = self.take(last, 0)?;
            for row in &rows {
                let (person, epoch) = (self.uuid(row, 0)?, self.take::<i64>(row, 1)?);
                let new = rewrap(person, &Wrapped { epoch: epoch.cast_unsigned(), bytes: self.take(row, 2)? })?;
                let update = sqlx::query("UPDATE persons SET epoch = $2, wrapped = $3 WHERE person = $1")
                    .bind(person.as_bytes().as_slice());
                update.bind(new.epoch.cast_signed()).bind(new.bytes).execute(&mut *connection).await.map_err(failed)?;
            }
        }
        let rows =
            sqlx::query("SELECT name, epoch, wrapped FROM own").fetch_all(&mut *connection).await.map_err(failed)?;
        for row in &rows {
            let (name, epoch) = (self.take::<String>(row, 0)?, self.take::<i64>(row, 1)?);
            let new = rewrap(own(&name), &Wrapped { epoch: epoch.cast_unsigned(), bytes: self.take(row, 2)? })?;
            let update = sqlx::query("UPDATE own SET epoch = $2, wrapped = $3 WHERE name = $1").bind(name);
            update.bind(new.epoch.cast_signed()).bind(new.bytes).execute(&mut *connection).await.map_err(failed)?;
        }
        Ok(())
    }

    /// Carries everything over into the file and cuts the write-ahead log, which may hold what was deleted since.
    pub(crate) async fn empty_wal(&self) -> Result<(), KeyError> {
        self.writer()?.empty_wal().await
    }

    /// Writes a copy of everything as it is now.
    pub(crate) async fn copy_to(&self, path: &Path) -> Result<(), KeyError> {
        let done = sqlx::query("VACUUM INTO $1").bind(path.to_string_lossy().into_owned()).execute(&self.readers).await;
        done.map(drop).map_err(|error| self.storage("be copied", error))
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        if let Some(writer) = &self.writer {
            writer.close().await;
        }
    }

    fn uuid(&self, row: &sqlx::sqlite::SqliteRow, at: usize) -> Result<Uuid, KeyError> {
        let bytes: Vec<u8> = self.take(row, at)?;
        Uuid::from_slice(&bytes).map_err(|error| self.storage("read keys", sqlx::Error::Decode(error.into())))
    }

    fn take<'r, T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>>(
        &self,
        row: &'r sqlx::sqlite::SqliteRow,
        at: usize,
    ) -> Result<T, KeyError> {
        row.try_get(at).map_err(|error| self.storage("read keys", error))
    }

    fn storage(&self, doing: &'static str, error: sqlx::Error) -> KeyError {
        storage(&self.path, doing, error)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Under which number a key of the store's own is wrapped.
pub(crate) fn own(name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::nil(), name.as_bytes())
}

pub(crate) fn storage(path: &Path, doing: &'static str, error: sqlx::Error) -> KeyError {
    let (path, source) = (path.to_owned(), Arc::new(error));
    // Some faces of a full disk are a plain I/O error to SQLite.
    if is_primary(&source, SQLITE_FULL) || event_log::is_full(&path) {
        return KeyError::NoRoom { path, source };
    }
    KeyError::Storage { path, doing, source }
}

pub(crate) fn is_primary(error: &sqlx::Error, code: i64) -> bool {
    let sqlx::Error::Database(error) = error else { return false };
    error.code().and_then(|extended| extended.parse::<i64>().ok()).is_some_and(|extended| extended & 0xff == code)
}
