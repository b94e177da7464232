//! The log from outside: what every back end must do, and what the SQLite one does beyond it.

#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows it in tests, and does not see that helpers of tests are tests"
)]

mod backup;
mod companion;
mod concurrency;
mod conformance;
mod faults;
mod model;
mod opening;
mod resting;
mod tampering;
mod tree;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use event_log::{Access, Append, Centre, Clock, EventLog, LogError, NewEvent, Priority};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tempfile::TempDir;
use uuid::Uuid;

/// 2026-01-01T00:00:00Z.
const NEW_YEAR_MS: i64 = 1_767_225_600_000;

/// A directory of its own for a log, gone when the test ends.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        // In the build directory: the system's temporary one may be memory, where nothing is ever synced.
        Self(TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("log.sqlite")
    }

    fn attachments(&self) -> PathBuf {
        self.0.path().join("log.sqlite.attachments")
    }

    async fn open(&self, access: Access) -> Result<Arc<dyn EventLog>, LogError> {
        open(&self.path(), access).await
    }

    async fn write(&self) -> Arc<dyn EventLog> {
        self.open(Access::Write).await.unwrap()
    }
}

/// Runs statements on a database file of a log, as somebody with the sqlite3 shell would.
async fn by_hand(file: &Path, statements: &str) -> Result<(), sqlx::Error> {
    let mut connection = connect(file).await;
    let done = sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut connection).await;
    connection.close().await?;
    done.map(|_| ())
}

async fn connect(file: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(file).pragma("recursive_triggers", "ON").foreign_keys(false);
    options.connect().await.unwrap()
}

async fn open(path: &Path, access: Access) -> Result<Arc<dyn EventLog>, LogError> {
    event_log::open(&format!("sqlite:{}", path.display()), access).await
}

fn centre(name: &str) -> Centre {
    Centre::new(name).unwrap()
}

fn stream(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

/// An append of one event for each of these streams, each found at the version beside it.
fn append(centre: &Centre, streams: &[(u128, u64)]) -> Append {
    let event = |&(n, version): &(u128, u64)| NewEvent {
        stream: stream(n),
        kind: "noted".to_owned(),
        kind_version: 1,
        body: format!(r#"{{"public":{{"stream":{n},"after":{version}}},"sealed":[]}}"#).into_bytes(),
    };
    Append {
        centre: centre.clone(),
        events: streams.iter().map(event).collect(),
        expected: streams.iter().map(|&(n, version)| (stream(n), version)).collect(),
        clock: Clock::Machine(NEW_YEAR_MS),
        counters: Vec::new(),
        priority: Priority::People,
    }
}

fn counting(append: Append, counters: &[&str]) -> Append {
    Append { counters: counters.iter().map(|&name| name.to_owned()).collect(), ..append }
}

fn at(append: Append, clock: Clock) -> Append {
    Append { clock, ..append }
}
