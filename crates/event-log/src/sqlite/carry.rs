//! The write-ahead log, carried over into the database once whoever waited was told.
//!
//! Left to itself SQLite does it within a commit, when the log is a thousand pages long: what was on the disk already is
//! acknowledged only after two more syncs and a thousand writes. And as long as somebody reads, it does so again with every
//! commit.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

/// Pages after which it is time, SQLite's own measure.
const PAGES: u32 = 1_000;

/// After this part of it more it is tried again, where somebody read and the log could not begin anew.
const MORE: i64 = 10;

/// How much of the database the writer keeps at hand, in KiB. What a commit changes and does not fit is written twice or more
/// often: a word about the streams of a large centre changes 1,500 pages. SQLite's own measure is 2 MiB.
const CACHE: &str = "-16384";

/// How the connection that writes is opened. A statement of many rows keeps the pages as they were before it, to take back that
/// statement alone: in memory, not in a file.
pub(super) fn settings(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options.pragma("cache_size", CACHE).pragma("temp_store", "MEMORY").pragma("wal_autocheckpoint", "0")
}

/// How long the write-ahead log is, and when it is to be carried over.
#[derive(Debug, Default)]
pub(super) struct Carry {
    pages: i64,
    /// Not before it is longer than this.
    tried: i64,
}

impl Carry {
    /// So long it is after a commit.
    pub(super) fn note(&mut self, pages: i64) {
        if pages < self.pages {
            self.tried = 0;
        }
        self.pages = pages;
    }

    /// It is worth a try at once, if it is long.
    pub(super) fn try_again(&mut self) {
        self.tried = 0;
    }

    /// Carries it over if it is time. What somebody else still reads is left for the next time; if it fails, nothing is lost.
    pub(super) async fn over(&mut self, path: &Path, connection: Option<&mut SqliteConnection>) {
        let pages = pages();
        let is_time = self.pages >= pages && (self.tried == 0 || self.pages >= self.tried + pages / MORE);
        let Some(connection) = connection.filter(|_| is_time) else { return };
        self.tried = self.pages;
        point!("writer: about to carry the WAL over");
        if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(connection).await {
            tracing::warn!(path = %path.display(), %error, "the write-ahead log could not be carried over into the database and grows; nothing is lost");
        }
    }
}

fn pages() -> i64 {
    #[cfg(feature = "model")]
    let pages = crate::model::checkpoint_pages().min(PAGES);
    #[cfg(not(feature = "model"))]
    let pages = PAGES;
    pages.into()
}
