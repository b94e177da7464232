//! Verification by the page: SQLite reads the next one while those before it are hashed.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Row as _, Sqlite};
use transparency::Hash;
use uuid::Uuid;

use super::audit::{Row, check_nodes};
use super::page::{Bytes, Fields};
use crate::verify::{CentreCheck, Kept, Looked};
use crate::{Centre, Report};

/// Events that are read at once, and pages of them that are hashed meanwhile: what is held in memory.
const PAGE_EVENTS: i64 = 256;
const HASHED_AT_ONCE: usize = 4;
/// Nodes of the tree that are compared by one query.
const NODES_AT_ONCE: usize = 2_048;

/// Names of types by the numbers that stand for them.
pub(super) struct Kinds(BTreeMap<i64, String>);

impl Kinds {
    /// `None` where a number does not mean one name: two rows of it, or a value of another kind. Whoever joins the tables would be shown an
    /// event twice then, or not at all, and row by row shows that too.
    pub(super) async fn read(from: impl sqlx::Executor<'_, Database = Sqlite>) -> Result<Option<Self>, sqlx::Error> {
        let rows = sqlx::query(super::VERIFY_KINDS).fetch_all(from).await?;
        let kind = |row: &SqliteRow| {
            let is_sound = row.try_get(2).unwrap_or(false);
            row.try_get(0).ok().zip(row.try_get(1).ok()).filter(|_| is_sound)
        };
        let kinds: Option<BTreeMap<i64, String>> = rows.iter().map(kind).collect();
        Ok(kinds.filter(|kinds| kinds.len() == rows.len()).map(Self))
    }
}

/// How far a stream came.
struct Last {
    /// The row that stands for it. Were there two of one stream, who reads it would be shown one of them.
    row: i64,
    stream: Uuid,
    version: u64,
    leaf: Hash,
}

impl Last {
    fn is_before(&self, next: &Self) -> bool {
        (self.row, self.stream, self.version.checked_add(1)) == (next.row, next.stream, Some(next.version))
    }
}

/// An event of a page, but for its body.
struct Line {
    position: i64,
    stream: Uuid,
    ordinal: u64,
    version: u64,
    recorded_ms: i64,
    kind: i64,
    kind_version: u16,
    length: usize,
    leaf: Hash,
    before: Option<Hash>,
}

/// Page by page, read and hashed side by side. The check as it was, and nothing reported, where something does not even have
/// the shape that this needs: positions with gaps or doubles, streams whose versions are not in order, a column with a value of
/// another kind. Then row by row says what it is.
pub(super) async fn check_pages<'c>(
    connection: &mut SqliteConnection,
    (row, kinds, last): (&Row, &Arc<Kinds>, i64),
    fresh: CentreCheck<'c>,
    report: &mut Report,
    tell: &mut (dyn FnMut(u64) + Send),
) -> Result<Result<CentreCheck<'c>, CentreCheck<'c>>, sqlx::Error> {
    let (mut found, mut check) = (report.clone(), fresh.clone());
    let (mut hashing, mut heads) = (VecDeque::new(), Vec::new());
    let mut after = 0;
    while after < last || !hashing.is_empty() {
        if after < last && hashing.len() < HASHED_AT_ONCE {
            let through = after.saturating_add(PAGE_EVENTS).min(last);
            let query = sqlx::query(super::VERIFY_PAGE).bind(row.id).bind(after).bind(through);
            let page = query.fetch_one(&mut *connection).await?;
            if (page.try_get(0)?, page.try_get(1)?) != (through - after, through - after) {
                return Ok(Err(fresh));
            }
            let Ok(Some(lines)) = lines(&page, &mut heads) else { return Ok(Err(fresh)) };
            let (centre, kinds) = (fresh.centre().clone(), Arc::clone(kinds));
            hashing.push_back(tokio::task::spawn_blocking(move || looked_at(&centre, &kinds, &lines, &page)));
            after = through;
        } else if let Some(page) = hashing.pop_front() {
            let Ok(Some(page)) = page.await else { return Ok(Err(fresh)) };
            page.into_iter().for_each(|event| check.event(event, &mut found));
            if check.waiting_nodes() >= NODES_AT_ONCE {
                check_nodes(connection, (row, fresh.centre()), &mut check, &mut found).await?;
            }
            tell(found.events);
        }
    }
    *report = found;
    Ok(Ok(check))
}

/// The events of a page, each with the one before it in its stream; `None` if one is not the next of its stream. `heads` are the streams
/// so far, by ordinal.
fn lines(page: &SqliteRow, heads: &mut Vec<Last>) -> Result<Option<Vec<Line>>, sqlx::Error> {
    let count = page.try_get::<u32, _>(0)?;
    let (mut fields, mut bytes) = (Fields::new(page.try_get(2)?), Bytes(page.try_get(3)?));
    let mut lines = Vec::with_capacity(count as usize);
    for _ in 0..count {
        let (position, row, ordinal) = (fields.number()?, fields.number()?, fields.number()?);
        let (version, recorded_ms, kind) = (fields.number()?, fields.number()?, fields.number()?);
        let (kind_version, length) = (fields.number()?, fields.number()?);
        let stream = Uuid::from_slice(bytes.take(16)?).map_err(|error| sqlx::Error::Decode(error.into()))?;
        let leaf = bytes.take(32)?.try_into().map(Hash).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        let place = usize::try_from(ordinal).unwrap_or(usize::MAX);
        let (now, streams) = (Last { row, stream, version, leaf }, heads.len());
        let before = match heads.get_mut(place) {
            Some(last) if last.is_before(&now) => Some(std::mem::replace(last, now).leaf),
            None if place == streams && version == 1 => {
                heads.push(now);
                None
            }
            _ => return Ok(None),
        };
        lines.push(Line { position, stream, ordinal, version, recorded_ms, kind, kind_version, length, leaf, before });
    }
    Ok(Some(lines))
}

/// Each of them, looked at beside its body; `None` where the page has fewer bytes than they say, or a type has no name.
fn looked_at(centre: &Centre, kinds: &Kinds, lines: &[Line], page: &SqliteRow) -> Option<Vec<Looked>> {
    let mut bodies = Bytes(page.try_get(4).ok()?);
    let look = |line: &Line| {
        let kept = Kept {
            position: line.position,
            stream: Some(line.stream),
            ordinal: Some(line.ordinal),
            version: Some(line.version),
            recorded_ms: Some(line.recorded_ms),
            kind: Some(kinds.0.get(&line.kind)?),
            kind_version: Some(line.kind_version),
            leaf: Some(line.leaf),
            body: Some(bodies.take(line.length).ok()?),
            // Where it stands is not looked at again: it was seen before this one.
            before: line.before.map(|leaf| (0, Some(leaf))),
        };
        Some(Looked::at(centre, &kept))
    };
    lines.iter().map(look).collect()
}
