//! A batch: a transaction on a view's one connection that writes.
//!
//! Its begin and end are statements like any other, and go with the first and the last of them: each statement is a way to
//! another thread and back. sqlx is not told of the transaction, for it would go on counting one that SQLite ended by itself
//! after an error; a connection on which one did not end well is closed instead.

use event_log::Centre;
use sqlx::{Row as _, Sqlite, SqliteConnection, pool::PoolConnection, sqlite::SqliteRow};

use super::File;
use crate::{
    ViewError,
    hand::{Changed, Stored},
};

/// Nobody else writes from here on; the checkpoint is the first thing read.
const BEGIN: &str = "BEGIN IMMEDIATE; SELECT position, numbers FROM centres WHERE centre = $1";

/// Rows are upserted whole, many by one statement: a statement costs as much as twenty rows. $2 holds all keys and states
/// end to end, $3 their offsets (from 1) and lengths as JSON, so that no state is written as JSON within JSON.
const WRITE_ROWS: &str = "INSERT INTO rows (centre, key, state)
    SELECT
        $1, CAST(substr($2, value ->> 0, value ->> 1) AS TEXT),
        CAST(substr($2, (value ->> 0) + (value ->> 1), value ->> 2) AS TEXT)
    FROM jsonb_each($3) WHERE true
    ON CONFLICT (centre, key) DO UPDATE SET state = excluded.state";

/// All rows of these keys in one, for the same reason: lengths as text, keys and states end to end.
const READ_ROWS: &str = "SELECT
        ifnull(group_concat(length(CAST(key AS BLOB)) || ' ' || length(CAST(state AS BLOB)), ' '), ''),
        ifnull(group_concat(key || state, ''), '')
    FROM rows WHERE centre = $1 AND key IN (SELECT value FROM jsonb_each($2))";

/// The checkpoint, and with it all of the batch.
const COMMIT: &str = "INSERT INTO centres (centre, position, numbers, set_up) VALUES ($1, $2, $3, ifnull($4, '{}'))
    ON CONFLICT (centre) DO UPDATE SET position = $2, numbers = $3, set_up = ifnull($4, set_up);
    COMMIT";

/// Rows of one such statement: enough to make its cost small, few enough that its bytes are.
const ROWS_A_STATEMENT: usize = 250;

/// A batch being written.
pub(crate) struct Batch<'a> {
    file: &'a File,
    centre: Centre,
    connection: PoolConnection<Sqlite>,
    /// The transaction ended as it should.
    is_over: bool,
    /// The checkpoint under which it began: another process may have been faster.
    pub(crate) position: u64,
    numbers: String,
}

impl<'a> Batch<'a> {
    pub(super) async fn begin(
        file: &'a File,
        connection: PoolConnection<Sqlite>,
        centre: Centre,
    ) -> Result<Self, ViewError> {
        let mut batch = Self { file, centre, connection, is_over: false, position: 0, numbers: "{}".to_owned() };
        let begin = async {
            let row = sqlx::query(BEGIN).bind(batch.centre.as_str()).fetch_optional(&mut *batch.connection).await?;
            row.map(|row| Ok::<_, sqlx::Error>((row.try_get(0)?, row.try_get(1)?))).transpose()
        };
        if let Some(begun) = begin.await.map_err(|error| file.storage("be written", error))? {
            (batch.position, batch.numbers) = begun;
        }
        file.checkpoints().insert(batch.centre.clone(), batch.position);
        Ok(batch)
    }

    /// The rows of these keys, with the set-up if it is wanted.
    pub(crate) async fn stored(&mut self, keys: &[String], with_set_up: bool) -> Result<Stored, ViewError> {
        let read = read(&mut self.connection, &self.centre, keys, with_set_up).await;
        let (rows, set_up) = read.map_err(|error| self.file.storage("be read", error))?;
        Ok(Stored { rows, numbers: self.numbers.clone(), set_up })
    }

    /// Ends it with nothing written.
    pub(crate) async fn leave(mut self) -> Result<(), ViewError> {
        let left = sqlx::query("ROLLBACK").execute(&mut *self.connection).await;
        left.map_err(|error| self.file.storage("be read", error))?;
        self.is_over = true;
        Ok(())
    }

    /// Writes every changed row once, and the checkpoint with them.
    pub(crate) async fn commit(mut self, reached: u64, changed: Option<Changed>) -> Result<(), ViewError> {
        let (rows, numbers, set_up) = match changed {
            Some(Changed { rows, numbers, set_up }) => (rows, numbers, set_up),
            None => (Vec::new(), self.numbers.clone(), None),
        };
        let (file, written) = (self.file, rows.len());
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
            write.execute(&mut *self.connection).await.map_err(|error| file.storage("be written", error))?;
        }
        let position = i64::try_from(reached).unwrap_or(i64::MAX);
        let commit = sqlx::query(COMMIT).bind(self.centre.as_str()).bind(position).bind(numbers).bind(set_up);
        commit.execute(&mut *self.connection).await.map_err(|error| file.storage("be written", error))?;
        self.is_over = true;
        file.checkpoints().insert(self.centre.clone(), reached);
        if let Some(carrier) = &file.carrier {
            carrier.wrote(written);
        }
        Ok(())
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.connection.close_on_drop();
        }
    }
}

type Read = (Vec<(String, String)>, Option<String>);

pub(super) async fn read(
    connection: &mut SqliteConnection,
    centre: &Centre,
    keys: &[String],
    with_set_up: bool,
) -> Result<Read, sqlx::Error> {
    let keys = serde_json::Value::from(keys).to_string();
    let rows = sqlx::query(READ_ROWS).bind(centre.as_str()).bind(keys).fetch_one(&mut *connection).await?;
    let rows = cut(text(&rows, 0)?, text(&rows, 1)?)?;
    if !with_set_up {
        return Ok((rows, None));
    }
    let set_up = sqlx::query("SELECT set_up FROM centres WHERE centre = $1").bind(centre.as_str());
    let set_up = set_up.fetch_optional(connection).await?;
    let set_up = set_up.map(|row| row.try_get(0)).transpose()?;
    Ok((rows, Some(set_up.unwrap_or_else(|| "{}".to_owned()))))
}

fn text(row: &SqliteRow, column: usize) -> Result<&str, sqlx::Error> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{file::Sync, registry::VIEWS};

    fn changed(bytes: usize) -> Option<Changed> {
        let row = ("a".to_owned(), format!("{{\"text\":\"{}\"}}", "x".repeat(bytes)));
        Some(Changed { rows: vec![row], numbers: "{}".to_owned(), set_up: None })
    }

    /// SQLite's own limit on the file stands in for the disk's.
    #[tokio::test]
    async fn a_batch_that_was_refused_leaves_nothing_behind_and_the_next_one_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let (path, centre) = (directory.path().join("view.sqlite"), Centre::new("410404").unwrap());
        let file = File::open(&VIEWS[0], path, Sync::Normal).await.unwrap();
        for position in 1..4 {
            sqlx::query("PRAGMA max_page_count = 1").execute(&file.writer).await.unwrap();
            let refused = file.begin(&centre).await.unwrap().commit(position, changed(50_000)).await.unwrap_err();
            assert!(matches!(refused, ViewError::Storage { .. }), "{refused}");
            // Another connection, without the limit.
            let batch = file.begin(&centre).await.unwrap();
            assert_eq!(batch.position, position - 1);
            batch.commit(position, changed(10)).await.unwrap();
            drop(file.begin(&centre).await.unwrap());
            file.begin(&centre).await.unwrap().leave().await.unwrap();
        }
        assert_eq!(file.position(&centre).await.unwrap(), 3);
        assert_eq!(file.known_position(&centre).await.unwrap(), 3);
        assert_eq!(file.rows_of(&centre, &["a".to_owned()]).await.unwrap(), changed(10).unwrap().rows);
    }
}
