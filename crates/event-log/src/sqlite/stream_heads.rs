//! The tree of heads, brought up to what the log holds: see `transparency::heads`.

use std::collections::BTreeMap;

use serde_json::json;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection as _, Row as _};
use transparency::heads::{HeadsCommitted, StreamHead, Update};
use transparency::tree::{Node, Sm3Tree, inclusion_plan};
use transparency::{Hash, heads};
use uuid::Uuid;

use super::heads::CentreHead;
use super::page::{Bytes, Fields};
use crate::{Append, Centre, Clock, Event, NewEvent, Priority, StreamProof, StreamWord};

/// What is to be written.
pub(super) struct Committing {
    pub(super) append: Append,
    /// The hash of its one body.
    pub(super) body: Hash,
    /// The nodes that are others now.
    pub(super) nodes: Vec<(Node, Hash)>,
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

/// The event that says where all streams stand now, and the tree that shows it. What is read grows with the streams that got
/// events since the last one, and their logarithm.
pub(super) async fn prepare(
    connection: &mut SqliteConnection,
    mut append: Append,
    head: &CentreHead,
) -> Result<Committing, sqlx::Error> {
    let update = Update::new(head.begun, changed(connection, head).await?);
    let wanted = update.wanted();
    let kept = nodes(connection, head.id, &wanted).await?;
    let kept: BTreeMap<Node, Hash> = wanted.into_iter().zip(kept).collect();
    let applied = update.apply(|node| kept.get(&node).copied());
    let (nodes, root) = applied.ok_or_else(|| broken("a node of the tree of heads is missing"))?;
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
    Ok(Committing { append, body: hash, nodes })
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
    let wanted: Vec<Node> = plan.nodes().collect();
    let kept = nodes(connection, Some(id), &wanted).await?;
    let kept: BTreeMap<Node, Hash> = wanted.into_iter().zip(kept).collect();
    let proof = plan.fill::<Sm3Tree, ()>(|node| kept.get(&node).copied().ok_or(()));
    let proof = proof.map_err(|()| broken("a node of the tree of heads is missing"))?;
    Ok(StreamWord { ordinal: own_ordinal, event, previous, proof })
}

/// The heads that changed, by the ordinals of their streams.
async fn changed(connection: &mut SqliteConnection, head: &CentreHead) -> Result<BTreeMap<u64, Hash>, sqlx::Error> {
    let query = sqlx::query(super::CHANGED_HEADS).bind(head.id).bind(super::read::number(head.committed));
    let row = query.fetch_one(connection).await?;
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

/// These nodes as they are kept, in their order.
async fn nodes(
    connection: &mut SqliteConnection,
    centre: Option<i64>,
    wanted: &[Node],
) -> Result<Vec<Hash>, sqlx::Error> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<_> = wanted.iter().map(|node| json!([node.level, node.index])).collect();
    let query = sqlx::query(super::HEAD_NODES).bind(centre).bind(json!(names).to_string());
    let row = query.fetch_one(connection).await?;
    let mut bytes = Bytes(row.try_get(1)?);
    if row.try_get::<i64, _>(0)? != i64::try_from(wanted.len()).unwrap_or(i64::MAX) {
        return Err(broken("a node of the tree of heads is missing, or is not 32 bytes long"));
    }
    let node = |_| Ok(Hash(bytes.take(32)?.try_into().map_err(|_| broken("a node is not 32 bytes long"))?));
    wanted.iter().map(node).collect()
}

fn broken(what: &str) -> sqlx::Error {
    sqlx::Error::Decode(what.into())
}
