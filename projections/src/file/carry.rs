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

/// Pages after which a commit does what is left of it: little, for most was carried over before. Only then is the log begun anew, so it
/// is some 64 MiB long. To end it more often between two batches took more syncs, which the log's own commits then waited for.
pub(super) const PAGES_AT_MOST: &str = "16000";

/// It is a checkpoint that waits for nobody: what others still read or write meanwhile is left for the next one.
const CARRY_OVER: &str = "PRAGMA wal_checkpoint(PASSIVE)";

pub(super) struct Carrier {
    path: PathBuf,
    /// A connection of its own.
    beside: SqlitePool,
    rows: AtomicUsize,
    is_under_way: Arc<AtomicBool>,
}

impl Carrier {
    pub(super) fn new(path: PathBuf, beside: SqlitePool) -> Self {
        Self { path, beside, rows: AtomicUsize::new(0), is_under_way: Arc::default() }
    }

    /// So many rows were written. Starts to carry over if it is time, and does not wait for it.
    pub(super) fn wrote(&self, rows: usize) {
        let rows = self.rows.fetch_add(rows, Ordering::Relaxed) + rows;
        if rows < ROWS || self.is_under_way.swap(true, Ordering::AcqRel) {
            return;
        }
        self.rows.store(0, Ordering::Relaxed);
        let under_way = UnderWay(Arc::clone(&self.is_under_way));
        let (path, beside) = (self.path.clone(), self.beside.clone());
        tokio::spawn(async move {
            let _under_way = under_way;
            if let Err(error) = sqlx::query(CARRY_OVER).execute(&beside).await {
                tracing::debug!(path = %path.display(), %error, "a view's write-ahead log stays as it is for now");
            }
        });
    }

    pub(super) async fn close(&self) {
        self.beside.close().await;
    }
}

/// However it ends, the next one may begin.
struct UnderWay(Arc<AtomicBool>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
