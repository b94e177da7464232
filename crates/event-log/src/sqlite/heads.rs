//! What the writer remembers between groups, so that a version is checked without a query.

use std::collections::BTreeMap;

use serde_json::json;
use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;
use transparency::Hash;
use transparency::tree::Frontier;
use uuid::Uuid;

use crate::{Append, Centre};

/// Streams and centres remembered before the writer forgets them all; about 100 bytes each. Starting over is simpler than
/// keeping their ages, and costs each stream one query in a hundred thousand appends.
const LIMIT_REMEMBERED: usize = 100_000;

/// Where a centre stands, as of the last commit and of the group that is being made.
#[derive(Debug, Default)]
pub(super) struct CentreHead {
    /// Its number in the table; `None` until its first event.
    pub(super) id: Option<i64>,
    pub(super) position: u64,
    pub(super) recorded_ms: i64,
    pub(super) clock_steps_back: u64,
    /// The machine's clock is behind `recorded_ms`, and that was counted.
    pub(super) clock_is_back: bool,
    /// How many streams have begun.
    pub(super) begun: u64,
    /// The right edge of the tree over its leaves.
    pub(super) frontier: Frontier,
    /// The last position that the newest `heads_committed` covers.
    pub(super) committed: u64,
    pub(super) counters: BTreeMap<String, u64>,
    pub(super) streams: BTreeMap<Uuid, StreamHead>,
}

/// Where a stream stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct StreamHead {
    /// Its number in the table; `None` until its first event.
    pub(super) id: Option<i64>,
    /// How many streams of the centre began before it.
    pub(super) ordinal: u64,
    pub(super) version: u64,
    pub(super) leaf: Hash,
}

/// Everything remembered. True only while the writer's lock is held and no commit has failed since: after one,
/// [`forget`](Self::forget).
#[derive(Debug, Default)]
pub(super) struct Heads {
    pub(super) centres: BTreeMap<Centre, CentreHead>,
    pub(super) kinds: BTreeMap<String, i64>,
    remembered: usize,
    next: Option<NextIds>,
}

#[derive(Debug)]
struct NextIds {
    centre: i64,
    kind: i64,
    stream: i64,
}

impl Heads {
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Fetches what these appends need and is not remembered yet.
    pub(super) async fn load<'a>(
        &mut self,
        connection: &mut SqliteConnection,
        appends: impl Iterator<Item = &'a Append> + Clone,
    ) -> Result<(), sqlx::Error> {
        if self.remembered > LIMIT_REMEMBERED {
            self.forget();
        }
        if self.next.is_none() {
            self.load_names(connection).await?;
            point!("heads: names were read");
        }
        for append in appends.clone() {
            if !self.centres.contains_key(&append.centre) {
                let head = load_centre(connection, &append.centre).await?;
                point!("heads: a centre was read");
                self.centres.insert(append.centre.clone(), head);
                self.remembered += 1;
            }
        }
        let mut wanted = Vec::new();
        for Append { centre, expected, .. } in appends {
            let Some(head) = self.centres.get_mut(centre) else { continue };
            for (stream, _) in expected {
                head.streams.entry(*stream).or_insert_with(|| {
                    wanted.push((centre.clone(), *stream));
                    StreamHead { id: None, ordinal: 0, version: 0, leaf: Hash::ZERO }
                });
            }
        }
        self.remembered += wanted.len();
        self.load_streams(connection, &wanted).await
    }

    pub(super) fn new_centre(&mut self) -> i64 {
        take(&mut self.ids().centre)
    }

    pub(super) fn new_kind(&mut self) -> i64 {
        take(&mut self.ids().kind)
    }

    pub(super) fn new_stream(&mut self) -> i64 {
        take(&mut self.ids().stream)
    }

    fn ids(&mut self) -> &mut NextIds {
        self.next.as_mut().expect("load() comes before any id is given out")
    }

    async fn load_names(&mut self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        for row in sqlx::query("SELECT name, id FROM kinds").fetch_all(&mut *connection).await? {
            self.kinds.insert(row.try_get(0)?, row.try_get(1)?);
        }
        let largest = sqlx::query(
            "SELECT (SELECT max(id) FROM centres), (SELECT max(id) FROM kinds), (SELECT max(id) FROM streams)",
        );
        let row = largest.fetch_one(connection).await?;
        let next = |column| row.try_get::<Option<i64>, usize>(column).map(|largest| largest.unwrap_or(0) + 1);
        self.next = Some(NextIds { centre: next(0)?, kind: next(1)?, stream: next(2)? });
        Ok(())
    }

    async fn load_streams(
        &mut self,
        connection: &mut SqliteConnection,
        wanted: &[(Centre, Uuid)],
    ) -> Result<(), sqlx::Error> {
        if wanted.is_empty() {
            return Ok(());
        }
        let names: Vec<_> =
            wanted.iter().map(|(centre, stream)| json!([centre.as_str(), stream.simple().to_string()])).collect();
        let query = sqlx::query(super::STREAM_HEADS).bind(json!(names).to_string());
        for row in query.fetch_all(connection).await? {
            let key: i64 = row.try_get(0)?;
            let Some((centre, stream)) = usize::try_from(key).ok().and_then(|key| wanted.get(key)) else { continue };
            let leaf: Option<Vec<u8>> = row.try_get(4)?;
            let head = StreamHead {
                id: row.try_get(1)?,
                ordinal: row.try_get(2)?,
                version: row.try_get::<Option<u64>, _>(3)?.unwrap_or(0),
                leaf: leaf.and_then(|leaf| leaf.try_into().ok()).map_or(Hash::ZERO, Hash),
            };
            if let Some(centre) = self.centres.get_mut(centre) {
                centre.streams.insert(*stream, head);
            }
        }
        Ok(())
    }
}

async fn load_centre(connection: &mut SqliteConnection, centre: &Centre) -> Result<CentreHead, sqlx::Error> {
    let mut head = CentreHead::default();
    let query = sqlx::query(super::READ_HEADS).bind(centre.as_str());
    if let Some(row) = query.fetch_optional(&mut *connection).await? {
        head.position = row.try_get(1)?;
        head.recorded_ms = row.try_get(2)?;
        head.clock_steps_back = row.try_get(3)?;
        head.id = row.try_get(4)?;
        head.begun = row.try_get(5)?;
        head.frontier = frontier(row.try_get(6)?, head.position)?;
        head.committed = row.try_get(7)?;
        head.counters = super::read::counters(connection, centre).await?;
    }
    Ok(head)
}

/// What a head's row says of the tree. Going on from another size than the log's would write nodes that nobody could mend.
fn frontier(bytes: &[u8], position: u64) -> Result<Frontier, sqlx::Error> {
    let frontier = Frontier::decode(bytes).map_err(|error| sqlx::Error::Decode(error.into()))?;
    if frontier.size() == position {
        return Ok(frontier);
    }
    Err(sqlx::Error::Decode(format!("the head is at {position} and its tree at {}", frontier.size()).into()))
}

fn take(next: &mut i64) -> i64 {
    let id = *next;
    *next += 1;
    id
}
