//! Verification of what the SQLite file holds, column by column: nothing in it is taken for granted, as whoever altered it may
//! have dropped every constraint first.

use std::collections::VecDeque;

use futures_util::TryStreamExt as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Connection as _, Row as _, SqlitePool};
use transparency::Hash;
use uuid::Uuid;

use super::attachments::Attachments;
use super::connect::Database;
use super::page::{Bytes, Fields};
use super::{SQLITE_CORRUPT, SQLITE_NOTADB};
use crate::verify::{CentreCheck, Kept, Looked, Wrong};
use crate::{Centre, LogError, Progress, Report};

/// Events between two signs of life.
const PROGRESS_EVENTS: u64 = 10_000;

/// Events that are read at once, and pages of them that are hashed meanwhile: what is held in memory.
const PAGE_EVENTS: i64 = 256;
const HASHED_AT_ONCE: usize = 4;

/// A centre as the tables have it.
struct Row {
    id: i64,
    code: Option<String>,
    head: Option<(i64, i64)>,
    last: Option<i64>,
    count: u64,
}

pub(super) async fn verify(
    database: &Database,
    pool: &SqlitePool,
    attachments: &Attachments,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Report, LogError> {
    let mut report = Report::default();
    let mut connection = pool.acquire().await.map_err(|error| database.storage("be read to its end", error))?;
    let log = check_log(&mut connection, &mut report, progress).await;
    if log.is_err() {
        super::read::do_not_reuse(&mut connection);
    }
    drop(connection);
    damage_is_a_fault(log, database, &mut report)?;
    let blobs = check_attachments(&attachments.pool, &mut report).await;
    damage_is_a_fault(blobs, &attachments.database, &mut report)?;
    Ok(report)
}

/// A file whose very structure is broken is what a verification is there to find, not a reason to stop without a report.
fn damage_is_a_fault(
    result: Result<(), sqlx::Error>,
    database: &Database,
    report: &mut Report,
) -> Result<(), LogError> {
    match result {
        Err(error) if matches!(super::primary_code(&error), Some(SQLITE_CORRUPT | SQLITE_NOTADB)) => {
            report.fault("", None, Wrong::Database(format!("{}: {error}", database.path.display())));
            Ok(())
        }
        result => result.map_err(|error| database.storage("be read to its end", error)),
    }
}

async fn check_log(
    connection: &mut SqliteConnection,
    report: &mut Report,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), sqlx::Error> {
    // One transaction is one moment: what is appended meanwhile is not seen, and heads and events belong together.
    let mut moment = connection.begin().await?;
    // An index that disagrees with its table could hide a row from every query below. A tenth of the time.
    for row in sqlx::query("PRAGMA integrity_check(100)").fetch_all(&mut *moment).await? {
        let says: String = row.try_get(0)?;
        if says != "ok" {
            report.fault("", None, Wrong::Database(says));
        }
    }
    let rows = sqlx::query(super::VERIFY_HEADS).fetch_all(&mut *moment).await?;
    let rows: Vec<Row> = rows.iter().map(centre_row).collect();
    let total = rows.iter().map(|row| row.count).sum();
    for row in rows {
        let Some(centre) = row.code.as_deref().and_then(|code| Centre::new(code).ok()) else {
            let name = row.code.unwrap_or_else(|| format!("(centre {})", row.id));
            report.fault(&name, None, Wrong::Column("centre"));
            continue;
        };
        report.centres += 1;
        let mut tell = |checked| progress(Progress { checked, total });
        let check = match check_pages(&mut moment, &row, &centre, report, &mut tell).await? {
            Some(check) => check,
            None => check_events(&mut moment, &row, &centre, report, &mut tell).await?,
        };
        check_head(&row, &centre, &check, report);
        check_counters(&mut moment, row.id, &centre, report).await?;
    }
    progress(Progress { checked: report.events, total });
    Ok(())
}

/// Page by page, read and hashed side by side. `None`, and nothing reported, where something does not even have the shape
/// that this needs: positions with gaps or doubles, or a column with a value of another kind.
async fn check_pages<'c>(
    connection: &mut SqliteConnection,
    row: &Row,
    centre: &'c Centre,
    report: &mut Report,
    tell: &mut (dyn FnMut(u64) + Send),
) -> Result<Option<CentreCheck<'c>>, sqlx::Error> {
    let Some(last) = row.last.filter(|last| u64::try_from(*last) == Ok(row.count)) else { return Ok(None) };
    let (mut found, mut check) = (report.clone(), CentreCheck::new(centre));
    let mut hashing = VecDeque::new();
    let mut after = 0;
    while after < last || !hashing.is_empty() {
        if after < last && hashing.len() < HASHED_AT_ONCE {
            let through = after.saturating_add(PAGE_EVENTS).min(last);
            let query = sqlx::query(super::VERIFY_PAGE).bind(row.id).bind(after).bind(through);
            let page = query.fetch_one(&mut *connection).await?;
            if (page.try_get(0)?, page.try_get(1)?) != (through - after, through - after) {
                return Ok(None);
            }
            let centre = centre.clone();
            hashing.push_back(tokio::task::spawn_blocking(move || looked_at(&centre, &page)));
            after = through;
        } else if let Some(page) = hashing.pop_front() {
            let Some(page) = page.await.ok().and_then(Result::ok) else { return Ok(None) };
            page.into_iter().for_each(|event| check.event(event, &mut found));
            tell(found.events);
        }
    }
    *report = found;
    Ok(Some(check))
}

fn looked_at(centre: &Centre, page: &SqliteRow) -> Result<Vec<Looked>, sqlx::Error> {
    let (count, mut fields) = (page.try_get::<u32, _>(0)?, Fields::new(page.try_get(2)?));
    let (mut bytes, mut bodies) = (Bytes(page.try_get(3)?), Bytes(page.try_get(4)?));
    let look = |_| {
        let (position, version, recorded_ms) = (fields.number()?, fields.number()?, fields.number()?);
        let (kind, kind_version, length) = (fields.text()?, fields.number()?, fields.number()?);
        let before = Some(fields.text()?).filter(|text| *text != "-").map(|text| Fields::new(text).number());
        let (stream, leaf) = (bytes.take(16)?, bytes.take(32)?);
        let before = match before.transpose()? {
            Some(position) => Some((position, bytes.take(32)?.try_into().ok().map(Hash))),
            None => None,
        };
        let kept = Kept {
            position,
            stream: Uuid::from_slice(stream).ok(),
            version: Some(version),
            recorded_ms: Some(recorded_ms),
            kind: Some(kind),
            kind_version: Some(kind_version),
            leaf: leaf.try_into().ok().map(Hash),
            body: Some(bodies.take(length)?),
            before,
        };
        Ok(Looked::at(centre, &kept))
    };
    (0..count).map(look).collect()
}

async fn check_events<'c>(
    connection: &mut SqliteConnection,
    row: &Row,
    centre: &'c Centre,
    report: &mut Report,
    tell: &mut (dyn FnMut(u64) + Send),
) -> Result<CentreCheck<'c>, sqlx::Error> {
    let mut check = CentreCheck::new(centre);
    let mut rows = sqlx::query(super::VERIFY_EVENTS).bind(row.id).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        check.event(Looked::at(centre, &kept(&row)), report);
        if report.events.is_multiple_of(PROGRESS_EVENTS) {
            tell(report.events);
        }
    }
    Ok(check)
}

fn check_head(row: &Row, centre: &Centre, check: &CentreCheck<'_>, report: &mut Report) {
    let centre = centre.as_str();
    let Some((position, recorded_ms)) = row.head else {
        // A centre's row alone is left over from nothing: it comes in the same commit as its first event.
        report.fault(centre, None, Wrong::Head("row"));
        return;
    };
    if check.position < position {
        report.fault(centre, Some(check.position.saturating_add(1)), Wrong::Missing { to: position });
    } else if check.position > position || row.last != Some(position) {
        report.fault(centre, Some(position.saturating_add(1)), Wrong::BeyondHead { head: position });
    } else if check.recorded_ms != recorded_ms {
        report.fault(centre, Some(position), Wrong::Head("recorded_ms"));
    }
}

async fn check_counters(
    connection: &mut SqliteConnection,
    id: i64,
    centre: &Centre,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    for row in sqlx::query(super::VERIFY_COUNTERS).bind(id).fetch_all(&mut *connection).await? {
        let (name, value) = (row.try_get(0)?, row.try_get(1)?);
        let wrong = Wrong::Counter { name, value, last: row.try_get(2)?, given_out: row.try_get(3)? };
        report.fault(centre.as_str(), None, wrong);
    }
    for row in sqlx::query(super::VERIFY_NUMBERS).bind(id).fetch_all(connection).await? {
        let wrong = Wrong::Number { name: row.try_get(0)?, number: row.try_get(1)? };
        report.fault(centre.as_str(), row.try_get(2)?, wrong);
    }
    Ok(())
}

async fn check_attachments(pool: &SqlitePool, report: &mut Report) -> Result<(), sqlx::Error> {
    let mut rows = sqlx::query("SELECT hash, bytes FROM attachments").fetch(pool);
    while let Some(row) = rows.try_next().await? {
        report.attachments += 1;
        let named = hash(&row, 0);
        if named.is_none() || get(&row, 1).map(Hash::of) != named {
            let name = named.map_or_else(|| "without a hash".to_owned(), |hash| hash.to_string());
            report.fault("", None, Wrong::Attachment(name));
        }
    }
    Ok(())
}

fn centre_row(row: &SqliteRow) -> Row {
    Row {
        id: get(row, 0).unwrap_or_default(),
        code: get(row, 1),
        head: get(row, 2).zip(get(row, 3)),
        last: get(row, 4),
        count: get(row, 5).unwrap_or_default(),
    }
}

fn kept(row: &SqliteRow) -> Kept<'_> {
    Kept {
        // Something that is no number sorts behind all numbers: a fault in any case.
        position: get(row, 0).unwrap_or(i64::MAX),
        stream: get::<&[u8]>(row, 1).and_then(|bytes| Uuid::from_slice(bytes).ok()),
        version: get(row, 2),
        recorded_ms: get(row, 3),
        kind: get(row, 4),
        kind_version: get(row, 5),
        leaf: hash(row, 6),
        body: get(row, 7),
        before: get(row, 8).map(|position| (position, hash(row, 9))),
    }
}

fn hash(row: &SqliteRow, column: usize) -> Option<Hash> {
    get::<&[u8]>(row, column).and_then(|bytes| bytes.try_into().ok()).map(Hash)
}

/// The value of a column, if it is one of this kind. By way of `Option`, because a plain number is read from NULL as 0.
fn get<'r, T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>>(
    row: &'r SqliteRow,
    column: usize,
) -> Option<T> {
    row.try_get::<Option<T>, _>(column).ok().flatten()
}
