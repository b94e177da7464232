//! Attachments: bytes named by their hash, in a file beside the log.

use sqlx::{Connection as _, Row as _, SqlitePool};
use transparency::Hash;

use super::connect::Database;
use crate::{ATTACHMENT_LIMIT_BYTES, Access, LogError, room};

/// What stays free beside an attachment: the log may stand on the same disk.
const LEFT_BYTES: u64 = 32 << 20;

#[derive(Debug)]
pub(super) struct Attachments {
    pub(super) database: Database,
    pub(super) pool: SqlitePool,
    access: Access,
}

impl Attachments {
    pub(super) async fn open(database: Database, access: Access) -> Result<Self, LogError> {
        // Whoever only reads meets it when an attachment is asked for, so that the log can be read without it.
        if access == Access::Write {
            database.create_or_identify().await?;
            let connection = database.connect(access).await?;
            connection.close().await.map_err(|error| database.storage("be closed", error))?;
        }
        let pool = super::pool(&database, access);
        Ok(Self { database, pool, access })
    }

    pub(super) async fn put(&self, bytes: Vec<u8>) -> Result<Hash, LogError> {
        if self.access == Access::Read {
            return Err(LogError::ReadOnly { path: self.database.path.clone() });
        }
        if bytes.len() > ATTACHMENT_LIMIT_BYTES {
            return Err(LogError::AttachmentTooLarge { bytes: bytes.len(), limit_bytes: ATTACHMENT_LIMIT_BYTES });
        }
        // Once in its write-ahead log, once in its file, and what is left is for the log.
        room::expect(&self.database.path, 2 * bytes.len() as u64 + LEFT_BYTES)?;
        // A large scan takes a tenth of a second to hash: off the threads that serve everybody.
        let hashed = tokio::task::spawn_blocking(move || (Hash::of(&bytes), bytes)).await;
        let (hash, bytes) = hashed.map_err(|_| LogError::Closed)?;
        point!("attachment: hashed");
        let insert = sqlx::query("INSERT INTO attachments (hash, bytes) VALUES ($1, $2) ON CONFLICT DO NOTHING");
        let inserted = insert.bind(hash.0.as_slice()).bind(bytes).execute(&self.pool).await;
        inserted.map_err(|error| self.database.storage("keep an attachment", error))?;
        point!("attachment: kept");
        Ok(hash)
    }

    pub(super) async fn get(&self, hash: Hash) -> Result<Option<Vec<u8>>, LogError> {
        let select = sqlx::query("SELECT bytes FROM attachments WHERE hash = $1").bind(hash.0.as_slice());
        let row = select.fetch_optional(&self.pool).await;
        row.and_then(|row| row.map(|row| row.try_get(0)).transpose())
            .map_err(|error| self.database.storage("read an attachment", error))
    }

    pub(super) async fn look_at(&self, hash: Hash, first: u32) -> Result<Option<(u64, Vec<u8>)>, LogError> {
        let select = sqlx::query("SELECT length(bytes), substr(bytes, 1, $2) FROM attachments WHERE hash = $1");
        let row = select.bind(hash.0.as_slice()).bind(first).fetch_optional(&self.pool).await;
        row.and_then(|row| row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose())
            .map_err(|error| self.database.storage("read an attachment", error))
    }
}
