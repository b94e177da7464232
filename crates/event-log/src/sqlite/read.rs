//! Reading events and heads.

use std::collections::BTreeMap;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row as _, Sqlite, SqlitePool};
use transparency::leaves::{Leaf, UPLOAD_WANTED_BYTES};
use transparency::{Hash, Header};
use uuid::Uuid;

use super::page;
use crate::{Centre, Event, Head, Reached};

/// Where a batch ends, whatever its limit: what a reader has to hold at once.
const BATCH_BYTES: usize = 16 << 20;

/// Events of one query: few at first, for nobody knows how large they are.
const FIRST_PAGE: u32 = 16;
const LARGEST_PAGE: u32 = 512;
/// Leaves of one query.
const LEAF_PAGE: u32 = 64;
/// A page that was larger than this makes the next one smaller.
const PAGE_BYTES: usize = 1 << 20;

pub(super) async fn stream(
    executor: impl sqlx::Executor<'_, Database = Sqlite>,
    centre: &Centre,
    stream: Uuid,
    after_version: u64,
) -> Result<Vec<Event>, sqlx::Error> {
    let query = sqlx::query(super::READ_STREAM).bind(centre.as_str()).bind(stream.as_bytes().as_slice());
    page::events(&query.bind(number(after_version)).fetch_one(executor).await?)
}

/// So many of a centre's events after a position, in one page.
pub(super) async fn after(
    executor: impl sqlx::Executor<'_, Database = Sqlite>,
    centre: &Centre,
    after_position: u64,
    limit: u32,
) -> Result<Vec<Event>, sqlx::Error> {
    let query = sqlx::query(super::READ_CENTRE).bind(centre.as_str()).bind(number(after_position)).bind(limit);
    page::events(&query.fetch_one(executor).await?)
}

pub(super) async fn centre(
    pool: &SqlitePool,
    centre: &Centre,
    after_position: u64,
    limit: u32,
) -> Result<Vec<Event>, sqlx::Error> {
    let (mut events, mut bytes, mut size) = (Vec::new(), 0, FIRST_PAGE);
    let mut left = limit;
    while left > 0 {
        let (after, asked) = (events.last().map_or(after_position, |last: &Event| last.position), size.min(left));
        let page = self::after(pool, centre, after, asked).await?;
        let (is_last, before) = (page.len() < asked as usize, bytes);
        for event in page {
            bytes += event.body.len();
            events.push(event);
            if bytes >= BATCH_BYTES {
                return Ok(events);
            }
        }
        if is_last {
            break;
        }
        point!("centre: between pages");
        left -= asked;
        size = if bytes - before > PAGE_BYTES { size.div_ceil(4) } else { (size * 4).min(LARGEST_PAGE) };
    }
    Ok(events)
}

/// Leaves after a position, as they were hashed: at most `limit`, and no more once they have this many bytes.
pub(super) async fn leaves(
    pool: &SqlitePool,
    centre: &Centre,
    after_position: u64,
    limit: u32,
) -> Result<Vec<Leaf>, sqlx::Error> {
    let (mut leaves, mut bytes) = (Vec::new(), 0);
    while bytes < UPLOAD_WANTED_BYTES && (leaves.len() as u64) < u64::from(limit) {
        // In pages: the driver would read far ahead of whoever stops at so many bytes.
        let (after, asked) = (after_position.saturating_add(leaves.len() as u64), LEAF_PAGE.min(limit));
        let query = sqlx::query(super::READ_LEAVES).bind(centre.as_str()).bind(number(after)).bind(asked);
        let rows = query.fetch_all(pool).await?;
        for row in &rows {
            let leaf = leaf(centre, row)?;
            bytes += leaf.header.len() + leaf.body.len();
            leaves.push(leaf);
            if bytes >= UPLOAD_WANTED_BYTES || leaves.len() as u64 == u64::from(limit) {
                return Ok(leaves);
            }
        }
        if rows.len() < asked as usize {
            break;
        }
    }
    Ok(leaves)
}

fn leaf(centre: &Centre, row: &SqliteRow) -> Result<Leaf, sqlx::Error> {
    let (stream, previous): (&[u8], Option<&[u8]>) = (row.try_get(1)?, row.try_get(8)?);
    let header = Header {
        centre: centre.as_str(),
        position: row.try_get(0)?,
        stream: Uuid::from_slice(stream).map_err(decode)?,
        ordinal: row.try_get(2)?,
        version: row.try_get(3)?,
        recorded_ms: row.try_get(4)?,
        kind: row.try_get(5)?,
        kind_version: row.try_get(6)?,
        previous: previous.map_or(Ok(Hash::ZERO), |leaf| leaf.try_into().map(Hash).map_err(decode))?,
    };
    Ok(Leaf { header: header.encode().map_err(decode)?, body: row.try_get(7)? })
}

pub(super) async fn stream_head(pool: &SqlitePool, centre: &Centre, stream: Uuid) -> Result<u64, sqlx::Error> {
    let query = sqlx::query(super::STREAM_HEAD).bind(centre.as_str()).bind(stream.as_bytes().as_slice());
    query.fetch_one(pool).await?.try_get(0)
}

/// Keeps a connection out of its pool on which a transaction ended in an error. SQLite may have ended it by itself, which sqlx does
/// not see: what it takes for the next transaction would stay open, and later reads would see that moment for ever.
pub(super) fn do_not_reuse(connection: &mut PoolConnection<Sqlite>) {
    connection.close_on_drop();
}

pub(super) async fn head(pool: &SqlitePool, centre: &Centre) -> Result<Head, sqlx::Error> {
    let row = sqlx::query(super::READ_HEAD).bind(centre.as_str()).fetch_optional(pool).await?;
    let Some(row) = row else { return Ok(Head::default()) };
    Ok(Head {
        position: row.try_get(0)?,
        recorded_ms: row.try_get(1)?,
        clock_steps_back: row.try_get(2)?,
        counters: serde_json::from_str(row.try_get(3)?).map_err(decode)?,
    })
}

pub(super) async fn counters(
    connection: &mut SqliteConnection,
    centre: &Centre,
) -> Result<BTreeMap<String, u64>, sqlx::Error> {
    let rows = sqlx::query(super::READ_COUNTERS).bind(centre.as_str()).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

pub(super) async fn centres(
    executor: impl sqlx::Executor<'_, Database = Sqlite>,
) -> Result<Vec<(Centre, Reached)>, sqlx::Error> {
    let rows = sqlx::query(super::READ_HEADS).bind(None::<&str>).fetch_all(executor).await?;
    let centre = |row: &SqliteRow| {
        let name: &str = row.try_get(0)?;
        Ok((Centre::new(name).map_err(decode)?, Reached { position: row.try_get(1)?, recorded_ms: row.try_get(2)? }))
    };
    rows.iter().map(centre).collect()
}

fn decode(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}

/// No position or version comes near what SQLite cannot hold; one that does is beyond the end.
pub(super) fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
