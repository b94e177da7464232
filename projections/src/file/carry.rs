//! A file's write-ahead log, carried over into the file beside whoever writes.
//!
//! Left to itself SQLite does it within a commit, every thousand pages. Under load that was three times a second for each view,
//! and whoever waited for the batch waited for the disk.

use std::path::PathBuf;
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use sqlx::SqlitePool;

/// Rows after which it is time: of some three pages each.
const ROWS: usize = 2_000;

/// Pages after which a commit does it all the same: where nobody else got to it.
pub(super) const PAGES_AT_MOST: &str = "16000";

/// Times in a row that it is tried beside whoever writes. Each has only what was written during the one before, and a log of which
/// nothing is left is begun anew.
const PASSES: usize = 2;

/// A log of so many pages is carried over between two batches, at the cost of who waits for the second, if it never came to its end
/// beside them.
const PAGES_BETWEEN: i64 = 6_000;

/// It is a checkpoint that waits for nobody: what others still read or write meanwhile is left for the next one.
const CARRY_OVER: &str = "PRAGMA wal_checkpoint(PASSIVE)";

pub(super) struct Carrier {
    path: PathBuf,
    /// A connection of its own.
    beside: SqlitePool,
    writer: SqlitePool,
    rows: AtomicUsize,
    is_under_way: Arc<AtomicBool>,
}

impl Carrier {
    pub(super) fn new(path: PathBuf, beside: SqlitePool, writer: SqlitePool) -> Self {
        Self { path, beside, writer, rows: AtomicUsize::new(0), is_under_way: Arc::default() }
    }

    /// So many rows were written. Starts to carry over if it is time, and does not wait for it.
    pub(super) fn wrote(&self, rows: usize) {
        let rows = self.rows.fetch_add(rows, Ordering::Relaxed) + rows;
        if rows < ROWS || self.is_under_way.swap(true, Ordering::AcqRel) {
            return;
        }
        self.rows.store(0, Ordering::Relaxed);
        let under_way = UnderWay(Arc::clone(&self.is_under_way));
        let (path, beside, writer) = (self.path.clone(), self.beside.clone(), self.writer.clone());
        tokio::spawn(async move {
            let _under_way = under_way;
            if let Err(error) = carry(&beside, &writer).await {
                tracing::debug!(path = %path.display(), %error, "a view's write-ahead log stays as it is for now");
            }
        });
    }

    pub(super) async fn close(&self) {
        self.beside.close().await;
    }
}

async fn carry(beside: &SqlitePool, writer: &SqlitePool) -> Result<(), sqlx::Error> {
    let mut pages = 0;
    for _ in 0..PASSES {
        let (_, all, carried): (i64, i64, i64) = sqlx::query_as(CARRY_OVER).fetch_one(beside).await?;
        if carried >= all {
            return Ok(());
        }
        pages = all;
    }
    if pages >= PAGES_BETWEEN {
        sqlx::query(CARRY_OVER).execute(writer).await?;
    }
    Ok(())
}

/// However it ends, the next one may begin.
struct UnderWay(Arc<AtomicBool>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
