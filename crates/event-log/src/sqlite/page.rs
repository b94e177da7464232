//! Many events in one row: text for what is not bytes, and the bytes end to end. A row of its own for each event would go
//! through a channel between two threads, and cost more than what is in it.

use std::error::Error;
use std::str::FromStr;

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use crate::Event;

const UUID_BYTES: usize = 16;

/// The events of a page, in its order.
pub(super) fn events(row: &SqliteRow) -> Result<Vec<Event>, sqlx::Error> {
    let count: u32 = row.try_get(0)?;
    if count == 0 {
        return Ok(Vec::new());
    }
    let (fields, uuids, bodies) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
    let (mut fields, mut uuids, mut bodies) = (Fields::new(fields), Bytes(uuids), Bytes(bodies));
    let mut events = Vec::with_capacity(count as usize);
    for _ in 0..count {
        let (position, version, recorded_ms) = (fields.number()?, fields.number()?, fields.number()?);
        let (kind, kind_version, length) = (fields.text()?.to_owned(), fields.number()?, fields.number()?);
        let stream = Uuid::from_slice(uuids.take(UUID_BYTES)?).map_err(|error| sqlx::Error::Decode(error.into()))?;
        let body = bodies.take(length)?.to_vec();
        events.push(Event { position, stream, version, recorded_ms, kind, kind_version, body });
    }
    Ok(events)
}

/// Numbers and names with a space between them.
pub(super) struct Fields<'a>(std::str::Split<'a, char>);

impl<'a> Fields<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self(text.split(' '))
    }

    pub(super) fn text(&mut self) -> Result<&'a str, sqlx::Error> {
        self.0.next().ok_or_else(|| short("fields"))
    }

    pub(super) fn number<N: FromStr<Err: Error + Send + Sync + 'static>>(&mut self) -> Result<N, sqlx::Error> {
        self.text()?.parse().map_err(|error: N::Err| sqlx::Error::Decode(error.into()))
    }
}

/// Bytes end to end.
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], sqlx::Error> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or_else(|| short("bytes"))?;
        self.0 = rest;
        Ok(taken)
    }
}

fn short(what: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("a page has fewer {what} than events").into())
}
