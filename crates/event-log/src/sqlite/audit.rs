//! Verification of what the SQLite file holds, column by column: nothing in it is taken for granted, as whoever altered it may
//! have dropped every constraint first.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use serde_json::json;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{ConnectOptions as _, Connection as _, Row as _, SqlitePool};
use transparency::Hash;
use transparency::heads::FollowedHeads;
use transparency::tree::{Frontier, Node};
use uuid::Uuid;

use super::attachments::Attachments;
use super::audit_pages::{Kinds, check_pages};
use super::connect::Database;
use super::head_tiles::{HEIGHTS, TILE_BYTES, Tile, Tiles};
use super::page::{Bytes, Fields};
use super::tree::KEPT_LEVEL;
use super::unplaced;
use super::{SQLITE_CORRUPT, SQLITE_NOTADB};
use crate::verify::{CentreCheck, Kept, Looked, Wrong};
use crate::{Access, Centre, LogError, Progress, Remembered, Report};

/// Events between two signs of life.
const PROGRESS_EVENTS: u64 = 10_000;

/// Tiles of the tree of heads, likewise.
const TILES_AT_ONCE: usize = 128;

/// A centre as the tables have it.
pub(super) struct Row {
    pub(super) id: i64,
    code: Option<String>,
    head: Option<(i64, i64)>,
    last: Option<i64>,
    count: u64,
    streams: Option<u64>,
    frontier: Option<Vec<u8>>,
    nodes: u64,
    committed: Option<i64>,
    head_nodes: u64,
}

pub(super) async fn verify(
    (database, pool): (&Database, &SqlitePool),
    attachments: &Attachments,
    remembered: &[Remembered],
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Report, LogError> {
    let mut remembered = remembered.to_vec();
    remembered.sort_unstable();
    let (mut report, mut found) = (Report::default(), Report::default());
    let mut connection = pool.acquire().await.map_err(|error| database.storage("be read to its end", error))?;
    // Beside each other: what SQLite itself checks is a fifth of the whole, and hashes nothing.
    let (structure, log) = tokio::join!(
        check_structure(database, &mut report),
        check_log(&mut connection, &remembered, &mut found, progress)
    );
    if log.is_err() {
        super::read::do_not_reuse(&mut connection);
    }
    drop(connection);
    damage_is_a_fault(structure, database, &mut report)?;
    damage_is_a_fault(log, database, &mut found)?;
    report.add(found);
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

/// An index that disagrees with its table could hide a row from every query of [`check_log`]. On a connection of its own: whoever
/// verifies must not wait for a second one of the few that there are.
async fn check_structure(database: &Database, report: &mut Report) -> Result<(), sqlx::Error> {
    let mut connection = database.options(Access::Read).connect().await?;
    for row in sqlx::query("PRAGMA integrity_check(100)").fetch_all(&mut connection).await? {
        let says: String = row.try_get(0)?;
        if says != "ok" {
            report.fault("", None, Wrong::Database(says));
        }
    }
    connection.close().await
}

async fn check_log(
    connection: &mut SqliteConnection,
    remembered: &[Remembered],
    report: &mut Report,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), sqlx::Error> {
    // One transaction is one moment: what is appended meanwhile is not seen, and heads and events belong together.
    let mut moment = connection.begin().await?;
    let rows = sqlx::query(super::VERIFY_HEADS).bind(unplaced::ROW.level).fetch_all(&mut *moment).await?;
    let rows: Vec<Row> = rows.iter().map(centre_row).collect();
    let total = rows.iter().map(|row| row.count).sum();
    let is_kept = |centre: &Centre| rows.iter().any(|row| row.code.as_deref() == Some(centre.as_str()));
    for Remembered { centre, size, .. } in remembered.iter().filter(|tree| tree.size > 0 && !is_kept(&tree.centre)) {
        report.fault(centre.as_str(), None, Wrong::ShorterThanRemembered { size: *size });
    }
    let kinds = Kinds::read(&mut *moment).await?.map(Arc::new);
    for row in rows {
        let Some(centre) = row.code.as_deref().and_then(|code| Centre::new(code).ok()) else {
            let name = row.code.unwrap_or_else(|| format!("(centre {})", row.id));
            report.fault(&name, None, Wrong::Column("centre"));
            continue;
        };
        report.centres += 1;
        let mut tell = |checked| progress(Progress { checked, total });
        let from = remembered.partition_point(|tree| tree.centre < centre);
        let of_it = remembered[from..].partition_point(|tree| tree.centre == centre);
        let check = CentreCheck::new(&centre, &remembered[from..from + of_it], KEPT_LEVEL);
        let (before, at) = (report.faults.len(), (&row, &centre));
        let last = row.last.filter(|last| u64::try_from(*last) == Ok(row.count));
        let paged = match (&kinds, last) {
            (Some(kinds), Some(last)) => {
                check_pages(&mut moment, (&row, kinds, last), check, report, &mut tell).await?
            }
            _ => Err(check),
        };
        let mut check = match paged {
            Ok(check) => check,
            Err(check) => check_events(&mut moment, at, check, report, &mut tell).await?,
        };
        check.end(report);
        check_head(&row, &centre, &check, report);
        // The tree stands on the leaves: where one of them is wrong, or missing, that was said.
        if report.faults.len() == before {
            check_tree(&mut moment, at, &mut check, report).await?;
        }
        check_counters(&mut moment, row.id, &centre, report).await?;
    }
    progress(Progress { checked: report.events, total });
    Ok(())
}

async fn check_events<'c>(
    connection: &mut SqliteConnection,
    (row, centre): (&Row, &'c Centre),
    mut check: CentreCheck<'c>,
    report: &mut Report,
    tell: &mut (dyn FnMut(u64) + Send),
) -> Result<CentreCheck<'c>, sqlx::Error> {
    let mut rows = sqlx::query(super::VERIFY_EVENTS).bind(row.id).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        check.event(Looked::at(centre, &kept(&row)), report);
        if report.events.is_multiple_of(PROGRESS_EVENTS) {
            tell(report.events);
        }
    }
    Ok(check)
}

/// What is kept of the tree, beside the one that the leaves make.
async fn check_tree(
    connection: &mut SqliteConnection,
    (row, centre): (&Row, &Centre),
    check: &mut CentreCheck<'_>,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    check_nodes(connection, (row, centre), check, report).await?;
    if row.nodes > check.node_count {
        report.fault(centre.as_str(), None, Wrong::MoreNodes);
    }
    if row.streams != Some(check.begun) {
        report.fault(centre.as_str(), Some(check.position), Wrong::Head("streams"));
    }
    if row.frontier != check.tree.as_ref().map(Frontier::encode) {
        report.fault(centre.as_str(), Some(check.position), Wrong::Head("frontier"));
    }
    check_heads(connection, (row, centre), &check.heads, report).await
}

/// What is kept of the tree of heads, beside the one that the events make.
async fn check_heads(
    connection: &mut SqliteConnection,
    (row, centre): (&Row, &Centre),
    heads: &FollowedHeads,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    if row.committed.and_then(|committed| u64::try_from(committed).ok()) != Some(heads.committed()) {
        report.fault(centre.as_str(), None, Wrong::Head("committed"));
    }
    let over = match unplaced::read(connection, Some(row.id)).await {
        Err(sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. }) => {
            report.fault(centre.as_str(), None, Wrong::Unplaced);
            return Ok(());
        }
        over => over?,
    };
    let (mut placed, mut laid) = (0, 0);
    for level in (0_u8..).step_by(usize::from(HEIGHTS)).take_while(|level| usize::from(*level) < heads.levels().len()) {
        let here = heads.levels()[usize::from(level)].len().div_ceil(1 << HEIGHTS);
        for first in (0..here).step_by(TILES_AT_ONCE) {
            let end = here.min(first + TILES_AT_ONCE);
            let query = sqlx::query(super::VERIFY_HEAD_NODES).bind(row.id).bind(level).bind(first as i64);
            let kept = query.bind(end as i64).bind(TILE_BYTES as i64).fetch_one(&mut *connection).await?;
            let mut here = Tiles::default();
            let (mut numbers, mut bytes) = (Fields::new(kept.try_get(1)?), Bytes(kept.try_get(2)?));
            let count = kept.try_get::<u32, _>(0)?;
            placed += u64::from(count);
            for _ in 0..count {
                // Whoever took the table's constraints away may have put anything there.
                let Ok(number) = numbers.number() else {
                    report.fault(centre.as_str(), None, Wrong::MoreHeadNodes);
                    return Ok(());
                };
                here.insert(Tile { level, number }, Some(bytes.take(TILE_BYTES)?));
            }
            // They come in the order of their tiles.
            let at = |number: usize| over.partition_point(|change| change.tile < Tile { level, number: number as u64 });
            over[at(first)..at(end)].iter().for_each(|change| here.lay_over(change));
            laid += at(end) - at(first);
            for tile in (first..end).map(|number| Tile { level, number: number as u64 }) {
                let wrong = tile.nodes().find(|node| {
                    let index = usize::try_from(node.index).unwrap_or(usize::MAX);
                    let made = heads.levels().get(usize::from(node.level)).and_then(|made| made.get(index));
                    here.get(*node) != made.copied()
                });
                if let Some(Node { level, index }) = wrong {
                    report.fault(centre.as_str(), None, Wrong::HeadNode { level, number: index });
                    return Ok(());
                }
            }
        }
    }
    if row.head_nodes > placed || over.len() > laid {
        report.fault(centre.as_str(), None, Wrong::MoreHeadNodes);
    }
    Ok(())
}

/// The nodes that were made since the last time. One that is wrong makes those above it wrong: the first is named.
pub(super) async fn check_nodes(
    connection: &mut SqliteConnection,
    (row, centre): (&Row, &Centre),
    check: &mut CentreCheck<'_>,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    let computed = check.take_nodes();
    if computed.is_empty() {
        return Ok(());
    }
    let computed: Vec<_> =
        computed.into_iter().map(|(node, hash)| json!([node.level, node.index, hash.to_string()])).collect();
    let query = sqlx::query(super::VERIFY_NODES).bind(row.id).bind(json!(computed).to_string());
    if let Some(wrong) = query.fetch_optional(connection).await? {
        let wrong = Wrong::Node { level: wrong.try_get(0)?, number: wrong.try_get(1)? };
        report.fault(centre.as_str(), None, wrong);
    }
    Ok(())
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
        streams: get(row, 6),
        frontier: get(row, 7),
        nodes: get(row, 8).unwrap_or_default(),
        committed: get(row, 9),
        head_nodes: get(row, 10).unwrap_or_default(),
    }
}

fn kept(row: &SqliteRow) -> Kept<'_> {
    Kept {
        // Something that is no number sorts behind all numbers: a fault in any case.
        position: get(row, 0).unwrap_or(i64::MAX),
        stream: get::<&[u8]>(row, 1).and_then(|bytes| Uuid::from_slice(bytes).ok()),
        ordinal: get(row, 10),
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
