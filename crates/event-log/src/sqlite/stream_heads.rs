//! The tree of heads, brought up to what the log holds: see `transparency::heads`.

use std::collections::BTreeMap;

use serde_json::json;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Connection as _, Row as _, SqlitePool};
use transparency::heads::{HeadsCommitted, StreamHead, Update};
use transparency::tree::{Sm3Tree, inclusion_plan};
use transparency::{Hash, heads};
use uuid::Uuid;

use super::head_tiles::{Change, TILE_BYTES, Tile, Tiles};
use super::heads::CentreHead;
use super::page::{Bytes, Fields};
use super::unplaced;
use crate::{Append, Centre, Clock, Event, NewEvent, Priority, StreamProof, StreamWord};

/// What is to be written.
pub(super) struct Committing {
    pub(super) append: Append,
    /// The hash of its one body.
    pub(super) body: Hash,
    /// The tree of heads, as far as it is another now.
    pub(super) tiles: Tiles,
}

/// What was computed beside the writer, as of some moment: it adds what came since.
#[derive(Debug, Default)]
pub(super) struct Foreseen {
    /// Where the heads were committed to then: what was computed goes on from there.
    committed: u64,
    /// Up to where events were counted in.
    covered: u64,
    tiles: Tiles,
}

/// What the writer has to know of a centre before it can commit to its heads.
pub(super) fn asked(centre: &Centre, clock: Clock) -> Append {
    Append {
        centre: centre.clone(),
        events: Vec::new(),
        expected: vec![(heads::OWN_STREAM, 0)],
        clock,
        counters: Vec::new(),
        priority: Priority::People,
    }
}

/// Nothing was recorded since the heads were committed to, but that event itself.
pub(super) fn is_up_to_date(head: &CentreHead) -> bool {
    head.position == 0 || (head.committed > 0 && head.position == head.committed + 1)
}

/// The tree of heads as it would be if it were committed to now.
pub(super) async fn foresee(readers: &SqlitePool, centre: &Centre) -> Result<Foreseen, sqlx::Error> {
    let mut connection = readers.acquire().await?;
    let foreseen = foresee_on(&mut connection, centre).await;
    if foreseen.is_err() {
        super::read::do_not_reuse(&mut connection);
    }
    foreseen
}

async fn foresee_on(connection: &mut SqliteConnection, centre: &Centre) -> Result<Foreseen, sqlx::Error> {
    let mut moment = connection.begin().await?;
    let row = sqlx::query(super::HEAD_PLACE).bind(centre.as_str()).fetch_optional(&mut *moment).await?;
    let Some(row) = row else { return Ok(Foreseen::default()) };
    let (id, streams): (i64, u64) = (row.try_get(0)?, row.try_get(2)?);
    let (committed, covered) = (row.try_get(3)?, row.try_get(1)?);
    let (tiles, _) = bring_up(&mut moment, Some(id), streams, committed, Tiles::default()).await?;
    moment.commit().await?;
    Ok(Foreseen { committed, covered, tiles })
}

/// The event that says where all streams stand now, and the tree that shows it. What is read grows with the streams that got
/// events since it was foreseen, and their logarithm.
pub(super) async fn prepare(
    connection: &mut SqliteConnection,
    mut append: Append,
    head: &CentreHead,
    foreseen: Foreseen,
) -> Result<Committing, sqlx::Error> {
    // Somebody else committed to them meanwhile: what was computed goes on from a tree that is no more.
    let is_of_now = foreseen.committed == head.committed && foreseen.covered >= head.committed;
    let foreseen = if is_of_now { foreseen } else { Foreseen { covered: head.committed, ..Foreseen::default() } };
    let Foreseen { covered, tiles, .. } = foreseen;
    let (tiles, root) = bring_up(connection, head.id, head.begun, covered, tiles).await?;
    let said = HeadsCommitted { root, streams: head.begun };
    let body = said.encode().map_err(|error| sqlx::Error::Encode(error.into()))?;
    let version = head.streams.get(&heads::OWN_STREAM).map_or(0, |own| own.version);
    append.expected = vec![(heads::OWN_STREAM, version)];
    let hash = Hash::of(&body);
    append.events = vec![NewEvent {
        stream: heads::OWN_STREAM,
        kind: HeadsCommitted::KIND.to_owned(),
        kind_version: HeadsCommitted::KIND_VERSION,
        body,
    }];
    Ok(Committing { append, body: hash, tiles })
}

/// The tiles once the events after this position are counted in, and the root of so many streams. Tiles that are not at hand are fetched.
async fn bring_up(
    connection: &mut SqliteConnection,
    centre: Option<i64>,
    streams: u64,
    after: u64,
    mut tiles: Tiles,
) -> Result<(Tiles, Hash), sqlx::Error> {
    let query = sqlx::query(super::CHANGED_HEADS).bind(centre).bind(super::read::number(after));
    let row = query.fetch_one(&mut *connection).await?;
    let looked = aside!(move || {
        let update = Update::new(streams, changed(&row)?);
        let mut wanted: Vec<Tile> = update.wanted().into_iter().chain(update.touched()).map(Tile::of).collect();
        wanted.dedup();
        Ok::<_, sqlx::Error>((update, wanted))
    });
    let (update, wanted) = looked.ok_or(sqlx::Error::WorkerCrashed)??;
    // All of it, and not what is wanted alone: whoever commits to the tiles writes that row anew.
    let over = unplaced::read(connection, centre).await?;
    let wanted = wanted.into_iter().chain(over.iter().map(|change| change.tile));
    fetch(connection, centre, wanted, &over, &mut tiles).await?;
    let applied = aside!(move || {
        let (nodes, root) = update.apply(|node| tiles.get(node))?;
        nodes.into_iter().for_each(|(node, hash)| tiles.put(node, hash));
        Some((tiles, root))
    });
    applied.ok_or(sqlx::Error::WorkerCrashed)?.ok_or_else(missing)
}

/// A stream's events with the log's word that none came after them, all as of one moment; `None` if there is no such stream.
pub(super) async fn proof(
    connection: &mut SqliteConnection,
    centre: &Centre,
    stream: Uuid,
) -> Result<Option<StreamProof>, sqlx::Error> {
    let mut moment = connection.begin().await?;
    let Some((id, ordinal, committed)) = place(&mut moment, centre, stream).await? else { return Ok(None) };
    let events = super::read::stream(&mut *moment, centre, stream, 0).await?;
    let (mut head, reaches) = (None, events.last().is_some_and(|last| last.position <= committed));
    if reaches {
        let said = super::read::after(&mut *moment, centre, committed, 1).await?.pop();
        let said = said.ok_or_else(|| broken("the event that says where the streams stand is missing"))?;
        head = Some(word(&mut moment, centre, (id, ordinal), said).await?);
    }
    moment.commit().await?;
    Ok(Some(StreamProof { ordinal, events, head }))
}

/// The centre's id, the stream's ordinal, and up to where the heads were committed to.
async fn place(
    connection: &mut SqliteConnection,
    centre: &Centre,
    stream: Uuid,
) -> Result<Option<(i64, u64, u64)>, sqlx::Error> {
    let query = sqlx::query(super::STREAM_PLACE).bind(centre.as_str()).bind(stream.as_bytes().as_slice());
    let row = query.fetch_optional(connection).await?;
    row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).transpose()
}

/// What this event says of the stream of that ordinal.
async fn word(
    connection: &mut SqliteConnection,
    centre: &Centre,
    (id, ordinal): (i64, u64),
    event: Event,
) -> Result<StreamWord, sqlx::Error> {
    let said = HeadsCommitted::decode(&event.body).map_err(|error| sqlx::Error::Decode(error.into()))?;
    let own = place(&mut *connection, centre, heads::OWN_STREAM).await?;
    let (_, own_ordinal, _) = own.ok_or_else(|| broken("the log's own stream is missing"))?;
    let mut previous = Hash::ZERO;
    if event.version > 1 {
        let query = sqlx::query(super::STREAM_LEAF).bind(centre.as_str()).bind(heads::OWN_STREAM.as_bytes().as_slice());
        let row = query.bind(super::read::number(event.version - 1)).fetch_one(&mut *connection).await?;
        previous = Hash(row.try_get::<&[u8], _>(0)?.try_into().map_err(|_| broken("a leaf is not 32 bytes long"))?);
    }
    let plan = inclusion_plan(ordinal, said.streams).map_err(|error| sqlx::Error::Decode(error.into()))?;
    let (mut tiles, over) = (Tiles::default(), unplaced::read(connection, Some(id)).await?);
    fetch(connection, Some(id), plan.nodes().map(Tile::of), &over, &mut tiles).await?;
    let proof = plan.fill::<Sm3Tree, ()>(|node| tiles.get(node).ok_or(()));
    let proof = proof.map_err(|()| missing())?;
    Ok(StreamWord { ordinal: own_ordinal, event, previous, proof })
}

/// The heads that changed, by the ordinals of their streams.
fn changed(row: &SqliteRow) -> Result<BTreeMap<u64, Hash>, sqlx::Error> {
    let (count, mut fields, mut bytes) =
        (row.try_get::<u32, _>(0)?, Fields::new(row.try_get(1)?), Bytes(row.try_get(2)?));
    let mut changed = BTreeMap::new();
    for _ in 0..count {
        let (ordinal, version) = (fields.number()?, fields.number()?);
        let stream = Uuid::from_slice(bytes.take(16)?).map_err(|error| sqlx::Error::Decode(error.into()))?;
        let leaf = Hash(bytes.take(32)?.try_into().map_err(|_| broken("a leaf is not 32 bytes long"))?);
        changed.insert(ordinal, StreamHead { stream, version, leaf }.hash());
    }
    Ok(changed)
}

/// Brings those tiles that are not at hand, with what is not in its place yet laid over them.
pub(super) async fn fetch(
    connection: &mut SqliteConnection,
    centre: Option<i64>,
    wanted: impl Iterator<Item = Tile>,
    over: &[Change],
    tiles: &mut Tiles,
) -> Result<(), sqlx::Error> {
    let mut wanted: Vec<Tile> = wanted.filter(|tile| !tiles.holds(*tile)).collect();
    wanted.sort_unstable();
    wanted.dedup();
    for level in wanted.chunk_by(|one, other| one.level == other.level) {
        let numbers: Vec<u64> = level.iter().map(|tile| tile.number).collect();
        let query = sqlx::query(super::HEAD_NODES).bind(centre).bind(level[0].level).bind(json!(numbers).to_string());
        let row = query.bind(i64::try_from(TILE_BYTES).unwrap_or(i64::MAX)).fetch_one(&mut *connection).await?;
        level.iter().for_each(|tile| tiles.insert(*tile, None));
        let (mut places, mut bytes) = (Fields::new(row.try_get(1)?), Bytes(row.try_get(2)?));
        for _ in 0..row.try_get::<u32, _>(0)? {
            let tile = level.get(places.number::<usize>()?).ok_or_else(missing)?;
            tiles.insert(*tile, Some(bytes.take(TILE_BYTES)?));
        }
    }
    let is_wanted = |change: &&Change| wanted.binary_search(&change.tile).is_ok();
    over.iter().filter(is_wanted).for_each(|change| tiles.lay_over(change));
    Ok(())
}

fn missing() -> sqlx::Error {
    broken("a node of the tree of heads is missing, or is not 32 bytes long")
}

fn broken(what: &str) -> sqlx::Error {
    sqlx::Error::Decode(what.into())
}
