//! A batch: a transaction on a view's one connection that writes, for any number of centres.
//!
//! Its begin and end are statements like any other, and go with the first and the last of them: each statement is a way to
//! another thread and back, and what came from several centres meanwhile goes there together. sqlx is not told of the
//! transaction, for it would go on counting one that SQLite ended by itself after an error; a connection on which one did not end
//! well is closed instead.

use std::collections::BTreeMap;

use event_log::Centre;
use sqlx::{Row as _, Sqlite, SqliteConnection, pool::PoolConnection, sqlite::SqliteRow};

use super::File;
use crate::{
    ViewError,
    hand::{Changed, Stored},
};

/// Nobody else writes from here on; the checkpoints are the first thing read.
const BEGIN: &str = "BEGIN IMMEDIATE;
    SELECT centre, position, numbers FROM centres WHERE centre IN (SELECT value FROM jsonb_each($1))";

/// Rows are upserted whole, many by one statement: a statement costs as much as twenty rows. $1 holds all keys and states
/// end to end, $2 their centre, offset (from 1) and lengths as JSON, so that no state is written as JSON within JSON.
const WRITE_ROWS: &str = "INSERT INTO rows (centre, key, state)
    SELECT
        value ->> 0, CAST(substr($1, value ->> 1, value ->> 2) AS TEXT),
        CAST(substr($1, (value ->> 1) + (value ->> 2), value ->> 3) AS TEXT)
    FROM jsonb_each($2) WHERE true
    ON CONFLICT (centre, key) DO UPDATE SET state = excluded.state";

/// All rows that are wanted in one, for the same reason: which of them and how long as text, their states end to end.
const READ_ROWS: &str = "SELECT
        ifnull(group_concat(wanted.key || ' ' || length(CAST(rows.state AS BLOB)), ' '), ''),
        ifnull(group_concat(rows.state, ''), '')
    FROM jsonb_each($1) AS wanted
    CROSS JOIN rows ON rows.centre = wanted.value ->> 0 AND rows.key = wanted.value ->> 1";

/// The checkpoints, and with them all of the batch. A set-up that is null stays as it is.
const COMMIT: &str = "INSERT INTO centres (centre, position, numbers, set_up)
    SELECT
        value ->> 0, value ->> 1, value ->> 2,
        coalesce(value ->> 3, (SELECT set_up FROM centres WHERE centre = value ->> 0), '{}')
    FROM jsonb_each($1) WHERE true
    ON CONFLICT (centre) DO UPDATE
        SET position = excluded.position, numbers = excluded.numbers, set_up = excluded.set_up;
    COMMIT";

/// Rows of one such statement: enough to make its cost small, few enough that its bytes are.
const ROWS_A_STATEMENT: usize = 250;

/// A batch being written.
pub(crate) struct Batch<'a> {
    file: &'a File,
    connection: PoolConnection<Sqlite>,
    /// The transaction ended as it should.
    is_over: bool,
    /// The checkpoint and the running numbers under which it began: another process may have been faster.
    begun: BTreeMap<Centre, (u64, String)>,
}

/// What a batch needs from the file for one centre.
pub(crate) struct Wanted<'a> {
    pub(crate) centre: &'a Centre,
    pub(crate) keys: Vec<String>,
    pub(crate) with_set_up: bool,
}

/// How far a batch brings one centre.
pub(crate) struct Reached<'a> {
    pub(crate) centre: &'a Centre,
    pub(crate) position: u64,
    /// `None` if none of its events concerns the view.
    pub(crate) changed: Option<Changed>,
}

impl<'a> Batch<'a> {
    pub(super) async fn begin(
        file: &'a File,
        connection: PoolConnection<Sqlite>,
        centres: &[&Centre],
    ) -> Result<Self, ViewError> {
        let mut batch = Self { file, connection, is_over: false, begun: BTreeMap::new() };
        let names = serde_json::Value::from_iter(centres.iter().map(|centre| centre.as_str())).to_string();
        let begin = async {
            let rows = sqlx::query(BEGIN).bind(names).fetch_all(&mut *batch.connection).await?;
            let begun = rows.iter().map(|row| Ok((row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?))));
            begun.collect::<Result<BTreeMap<String, _>, sqlx::Error>>()
        };
        let mut begun = begin.await.map_err(|error| file.storage("be written", error))?;
        for centre in centres {
            let (position, numbers) = begun.remove(centre.as_str()).unwrap_or_else(|| (0, "{}".to_owned()));
            file.checkpoints().insert((*centre).clone(), position);
            batch.begun.insert((*centre).clone(), (position, numbers));
        }
        Ok(batch)
    }

    /// The checkpoint of one of its centres.
    pub(crate) fn position(&self, centre: &Centre) -> u64 {
        self.begun.get(centre).map_or(0, |(position, _)| *position)
    }

    /// The rows that are wanted of each centre, with its set-up if that is wanted.
    pub(crate) async fn stored(&mut self, wanted: &[Wanted<'_>]) -> Result<Vec<Stored>, ViewError> {
        let read = async {
            let rows = read(&mut self.connection, wanted).await?;
            let mut stored = Vec::with_capacity(wanted.len());
            for (Wanted { centre, with_set_up, .. }, rows) in wanted.iter().zip(rows) {
                let set_up = if *with_set_up { Some(set_up(&mut self.connection, centre).await?) } else { None };
                let numbers = self.begun.get(*centre).map_or("{}", |(_, numbers)| numbers).to_owned();
                stored.push(Stored { rows, numbers, set_up });
            }
            Ok(stored)
        };
        read.await.map_err(|error| self.file.storage("be read", error))
    }

    /// Ends it with nothing written.
    pub(crate) async fn leave(mut self) -> Result<(), ViewError> {
        let left = sqlx::query("ROLLBACK").execute(&mut *self.connection).await;
        left.map_err(|error| self.file.storage("be read", error))?;
        self.is_over = true;
        Ok(())
    }

    /// Writes every changed row once, and the checkpoints with them.
    pub(crate) async fn commit(mut self, reached: Vec<Reached<'_>>) -> Result<(), ViewError> {
        let file = self.file;
        let (mut checkpoints, mut rows) = (Vec::with_capacity(reached.len()), Vec::new());
        for Reached { centre, position, changed } in reached {
            let (changed, numbers, set_up) = match changed {
                Some(Changed { rows, numbers, set_up }) => (rows, Some(numbers), set_up),
                None => (Vec::new(), None, None),
            };
            let numbers =
                numbers.or_else(|| Some(self.begun.get(centre)?.1.clone())).unwrap_or_else(|| "{}".to_owned());
            rows.extend(changed.into_iter().map(|row| (centre, row)));
            checkpoints.push((centre, position, numbers, set_up));
        }
        let written = rows.len();
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let (mut bytes, mut places) = (Vec::new(), Vec::with_capacity(ROWS_A_STATEMENT));
            for (centre, (key, state)) in rows.by_ref().take(ROWS_A_STATEMENT) {
                places.push((centre.as_str(), bytes.len() + 1, key.len(), state.len()));
                bytes.extend(key.into_bytes());
                bytes.extend(state.into_bytes());
            }
            let write = sqlx::query(WRITE_ROWS).bind(bytes).bind(json(file, &places)?);
            write.execute(&mut *self.connection).await.map_err(|error| file.storage("be written", error))?;
        }
        let all: Vec<_> =
            checkpoints.iter().map(|(centre, at, numbers, set_up)| (centre.as_str(), at, numbers, set_up)).collect();
        let commit = sqlx::query(COMMIT).bind(json(file, &all)?);
        commit.execute(&mut *self.connection).await.map_err(|error| file.storage("be written", error))?;
        self.is_over = true;
        file.checkpoints().extend(checkpoints.into_iter().map(|(centre, position, ..)| (centre.clone(), position)));
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

fn json(file: &File, value: &impl serde::Serialize) -> Result<String, ViewError> {
    serde_json::to_string(value).map_err(|source| file.bad_row(source))
}

/// Keys and states of the rows that there are, for each that wants some.
pub(super) async fn read(
    connection: &mut SqliteConnection,
    wanted: &[Wanted<'_>],
) -> Result<Vec<Vec<(String, String)>>, sqlx::Error> {
    let all = wanted.iter().flat_map(|wanted| wanted.keys.iter().map(|key| (wanted.centre.as_str(), key.as_str())));
    let all: Vec<_> = all.collect();
    let keys = serde_json::to_string(&all).map_err(|error| sqlx::Error::Encode(error.into()))?;
    let row = sqlx::query(READ_ROWS).bind(keys).fetch_one(connection).await?;
    let mut found = cut(text(&row, 0)?, text(&row, 1)?)?.into_iter().peekable();
    let mut end = 0;
    let rows = wanted.iter().map(|wanted| {
        let begin = end;
        end += wanted.keys.len();
        let of_it = std::iter::from_fn(|| found.next_if(|(at, _)| *at < end));
        of_it.filter_map(|(at, state)| Some((wanted.keys.get(at - begin)?.clone(), state))).collect()
    });
    Ok(rows.collect())
}

async fn set_up(connection: &mut SqliteConnection, centre: &Centre) -> Result<String, sqlx::Error> {
    let set_up = sqlx::query("SELECT set_up FROM centres WHERE centre = $1").bind(centre.as_str());
    let set_up = set_up.fetch_optional(connection).await?;
    Ok(set_up.map(|row| row.try_get(0)).transpose()?.unwrap_or_else(|| "{}".to_owned()))
}

fn text(row: &SqliteRow, column: usize) -> Result<&str, sqlx::Error> {
    row.try_get(column)
}

/// Places and states out of what [`READ_ROWS`] gives.
fn cut(places: &str, mut texts: &str) -> Result<Vec<(usize, String)>, sqlx::Error> {
    let bad = || sqlx::Error::Decode("rows are not as long as they say".into());
    let mut numbers = places.split_ascii_whitespace().map(|number| number.parse::<usize>().map_err(|_| bad()));
    let mut rows = Vec::new();
    while let (Some(place), Some(length)) = (numbers.next(), numbers.next()) {
        let (text, rest) = texts.split_at_checked(length?).ok_or_else(bad)?;
        texts = rest;
        rows.push((place?, text.to_owned()));
    }
    Ok(rows)
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
        let reached = |position, bytes| vec![Reached { centre: &centre, position, changed: changed(bytes) }];
        for position in 1..4 {
            sqlx::query("PRAGMA max_page_count = 1").execute(&file.writer).await.unwrap();
            let refused = file.begin(&[&centre]).await.unwrap().commit(reached(position, 50_000)).await.unwrap_err();
            assert!(matches!(refused, ViewError::Storage { .. }), "{refused}");
            // Another connection, without the limit.
            let batch = file.begin(&[&centre]).await.unwrap();
            assert_eq!(batch.position(&centre), position - 1);
            batch.commit(reached(position, 10)).await.unwrap();
            drop(file.begin(&[&centre]).await.unwrap());
            file.begin(&[&centre]).await.unwrap().leave().await.unwrap();
        }
        assert_eq!(file.position(&centre).await.unwrap(), 3);
        assert_eq!(file.known_position(&centre).await.unwrap(), 3);
        assert_eq!(file.rows_of(&centre, &["a".to_owned()]).await.unwrap(), changed(10).unwrap().rows);
    }

    /// Rows, running numbers and set-ups of one centre are not taken for another's, and what is not written stays as it was.
    #[tokio::test]
    async fn a_batch_of_several_centres_keeps_them_apart() {
        let directory = tempfile::tempdir().unwrap();
        let file = File::open(&VIEWS[0], directory.path().join("view.sqlite"), Sync::Normal).await.unwrap();
        let [here, there, nowhere] = ["410404", "410500", "999999"].map(|code| Centre::new(code).unwrap());
        let row = |key: &str, state: &str| (key.to_owned(), format!("{{\"text\":\"{state}\"}}"));
        let put = |centre, position, rows: &[(&str, &str)], number: u64, set_up: Option<&str>| Reached {
            centre,
            position,
            changed: Some(Changed {
                rows: rows.iter().map(|(key, state)| row(key, state)).collect(),
                numbers: format!("{{\"last\":{number}}}"),
                set_up: set_up.map(|name| format!("{{\"name\":\"{name}\"}}")),
            }),
        };
        let batch = file.begin(&[&here, &there]).await.unwrap();
        let ours = put(&here, 3, &[("a", "此处甲"), ("b", "此处乙")], 1, Some("叶县"));
        let theirs = put(&there, 5, &[("b", "彼处乙🙂")], 2, None);
        batch.commit(vec![ours, theirs]).await.unwrap();
        let moved = Reached { centre: &here, position: 4, changed: None };
        let theirs = put(&there, 6, &[("c", "彼处丙")], 3, Some("安阳"));
        file.begin(&[&there, &here]).await.unwrap().commit(vec![moved, theirs]).await.unwrap();

        let mut batch = file.begin(&[&nowhere, &there, &here]).await.unwrap();
        assert_eq!([&here, &there, &nowhere].map(|centre| batch.position(centre)), [4, 6, 0]);
        let wanted = |centre, keys: &[&str], with_set_up| Wanted {
            centre,
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            with_set_up,
        };
        let wanted = [
            wanted(&nowhere, &["a", "b"], true),
            wanted(&here, &["c", "b", "a"], true),
            wanted(&there, &["a", "b", "c"], false),
        ];
        let stored = batch.stored(&wanted).await.unwrap();
        batch.leave().await.unwrap();
        let all: Vec<_> = stored.into_iter().map(|of| (of.rows, of.numbers, of.set_up)).collect();
        assert_eq!(
            all,
            [
                (vec![], "{}".to_owned(), Some("{}".to_owned())),
                (
                    vec![row("b", "此处乙"), row("a", "此处甲")],
                    r#"{"last":1}"#.to_owned(),
                    Some(r#"{"name":"叶县"}"#.to_owned())
                ),
                (vec![row("b", "彼处乙🙂"), row("c", "彼处丙")], r#"{"last":3}"#.to_owned(), None),
            ]
        );
    }
}
