//! A group of appends on its way to one commit: judged one by one, then written at once.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;
use transparency::{Hash, Header};

use super::head_tiles::{Tile, Tiles};
use super::heads::{CentreHead, Heads};
use super::tree::KEPT_LEVEL;
use super::unplaced::{self, Unplaced};
use crate::{Append, AppendError, Appended, Centre, Clock, NewEvent, Reached};

/// How far the machine's clock may be behind the last recorded time before it counts as a step back. Callers read the
/// clock before they queue, so some of them are always a little behind.
const CLOCK_TOLERANCE_MS: i64 = 5_000;

/// The parameters of `append.sql` and `append_new.sql`: all bytes of the group, and JSON arrays of numbers and offsets into them.
#[derive(Debug, Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    centres: Rows,
    kinds: Rows,
    streams: Rows,
    events: Rows,
    nodes: Rows,
    head_nodes: Rows,
    numbers: Rows,
    moved: BTreeMap<Centre, Reached>,
}

/// What stands once a group is written.
#[derive(Debug)]
pub(super) struct Committed {
    /// Where the centres are now that got events.
    pub(super) moved: BTreeMap<Centre, Reached>,
    /// How long the write-ahead log is.
    pub(super) wal_pages: i64,
}

/// What an event takes in `bytes` beside its body, and about as much again as text in `events`.
const BESIDE_A_BODY: usize = 48;

impl Batch {
    /// An empty one with room for these: growing to the size of a group by doubling copies all of it again.
    pub(super) fn for_appends<'a>(appends: impl Iterator<Item = &'a Append>) -> Self {
        let (events, bytes) =
            appends.fold((0, 0), |(events, bytes), append| (events + append.events.len(), bytes + append.body_bytes()));
        let bytes = Vec::with_capacity(bytes + events * BESIDE_A_BODY);
        Self { bytes, events: Rows(String::with_capacity(events * BESIDE_A_BODY)), ..Self::default() }
    }

    /// Judges an append by `heads`, which already hold what the group's earlier ones did. If it is refused, neither changes.
    pub(super) fn add(&mut self, heads: &mut Heads, append: &Append, bodies: &[Hash]) -> Result<Appended, AppendError> {
        let head = heads.centres.get(&append.centre).expect("load() came before");
        let recorded_ms = recorded_ms(head, append)?;
        for &(stream, expected) in &append.expected {
            let actual = head.streams.get(&stream).map_or(0, |head| head.version);
            if actual != expected && !planted!(VersionUnchecked) {
                let centre = append.centre.clone();
                return Err(AppendError::VersionConflict { centre, stream, expected, actual });
            }
        }
        Ok(self.write_down(heads, append, bodies, recorded_ms))
    }

    /// Nothing can be refused from here on.
    fn write_down(&mut self, heads: &mut Heads, append: &Append, bodies: &[Hash], recorded_ms: i64) -> Appended {
        // Taken out while it is written, because ids come from `heads` as well.
        let mut head = heads.centres.remove(&append.centre).unwrap_or_default();
        let centre = *head.id.get_or_insert_with(|| {
            let id = heads.new_centre();
            self.centres.push(&[&id, &Value::from(append.centre.as_str())]);
            id
        });
        note_clock(&mut head, append, recorded_ms);
        head.recorded_ms = recorded_ms;
        let first_position = head.position + 1;
        for (event, body) in append.events.iter().zip(bodies) {
            head.position += 1;
            self.event(heads, &mut head, centre, append, event, *body);
        }
        let counters = append.counters.iter().map(|name| {
            let number = head.counters.entry(name.clone()).or_insert(0);
            *number += 1;
            self.numbers.push(&[&centre, &Value::from(name.as_str()), number, &first_position]);
            (name.clone(), *number)
        });
        let appended = Appended {
            first_position,
            counters: counters.collect(),
            last_position: head.position,
            recorded_ms,
            versions: append.expected.iter().map(|(stream, _)| (*stream, head.streams[stream].version)).collect(),
        };
        self.moved.insert(append.centre.clone(), Reached { position: head.position, recorded_ms });
        heads.centres.insert(append.centre.clone(), head);
        appended
    }

    fn event(
        &mut self,
        heads: &mut Heads,
        head: &mut CentreHead,
        centre: i64,
        append: &Append,
        event: &NewEvent,
        body: Hash,
    ) {
        let NewEvent { stream: uuid, kind, kind_version, body: bytes } = event;
        let stream = head.streams.get_mut(uuid).expect("check() saw it among the expected, which load() fetched");
        let stream_id = *stream.id.get_or_insert_with(|| {
            let (id, offset) = (heads.new_stream(), self.bytes.len() + 1);
            (stream.ordinal, head.begun) = (head.begun, head.begun + 1);
            self.streams.push(&[&id, &centre, &stream.ordinal, &offset]);
            self.bytes.extend(uuid.as_bytes());
            id
        });
        let kind_id = match heads.kinds.get(kind) {
            Some(id) => *id,
            None => {
                let id = heads.new_kind();
                self.kinds.push(&[&id, &Value::from(kind.as_str())]);
                heads.kinds.insert(kind.clone(), id);
                id
            }
        };
        stream.version += 1;
        let header = Header {
            centre: append.centre.as_str(),
            position: head.position,
            stream: *uuid,
            ordinal: stream.ordinal,
            version: stream.version,
            recorded_ms: head.recorded_ms,
            kind,
            kind_version: *kind_version,
            previous: stream.leaf,
        };
        let leaf = header.leaf(body).expect("Centre and check() keep both names short");
        let offset = self.bytes.len() + 1;
        self.bytes.extend(leaf.0);
        self.bytes.extend(bytes);
        let position = head.position;
        let row: [&dyn std::fmt::Display; 9] = [
            &centre,
            &position,
            &stream_id,
            &stream.version,
            &head.recorded_ms,
            &kind_id,
            kind_version,
            &offset,
            &bytes.len(),
        ];
        self.events.push(&row);
        stream.leaf = leaf;
        let (bytes, nodes) = (&mut self.bytes, &mut self.nodes);
        let pushed = head.frontier.push(leaf, |node, hash| {
            if node.level >= KEPT_LEVEL {
                nodes.push(&[&centre, &node.level, &node.index, &(bytes.len() + 1)]);
                bytes.extend(hash.0);
            }
        });
        pushed.expect("a position stands in 63 bits, and the database runs out of them first");
    }

    /// The tree of heads as the event that was added says it, which covers all up to this position. What is then not in its place
    /// yet is given back.
    pub(super) fn commit_heads(
        &mut self,
        centre: &Centre,
        head: &mut CentreHead,
        covered: u64,
        tiles: &Tiles,
    ) -> Option<Unplaced> {
        head.committed = covered;
        let id = head.id.unwrap_or_default();
        if let Some((unplaced, row)) = Unplaced::of((centre, id), tiles) {
            self.tile(id, unplaced::ROW, &row);
            return Some(unplaced);
        }
        tiles.changed().for_each(|(tile, bytes)| self.tile(id, tile, bytes));
        if tiles.were_laid_over() {
            self.tile(id, unplaced::ROW, &[]);
        }
        None
    }

    /// What was not in its place yet comes there with these tiles, the last of it or not.
    pub(super) fn place(&mut self, id: i64, tiles: &Tiles, is_last: bool) {
        tiles.changed().for_each(|(tile, bytes)| self.tile(id, tile, bytes));
        if is_last {
            self.tile(id, unplaced::ROW, &[]);
        }
    }

    fn tile(&mut self, centre: i64, tile: Tile, bytes: &[u8]) {
        self.head_nodes.push(&[&centre, &tile.level, &tile.number, &(self.bytes.len() + 1), &bytes.len()]);
        self.bytes.extend(bytes);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.moved.is_empty()
    }

    /// Writes and commits all of it.
    pub(super) async fn commit(
        mut self,
        connection: &mut SqliteConnection,
        heads: &Heads,
    ) -> Result<Committed, sqlx::Error> {
        let mut moved = Rows::default();
        for centre in self.moved.keys() {
            let head = &heads.centres[centre];
            let (frontier, offset) = (head.frontier.encode(), self.bytes.len() + 1);
            moved.push(&[
                &head.id.unwrap_or_default(),
                &head.position,
                &head.recorded_ms,
                &head.clock_steps_back,
                &head.begun,
                &offset,
                &frontier.len(),
                &head.committed,
            ]);
            self.bytes.extend(frontier);
        }
        let new = [&self.centres, &self.kinds, &self.streams, &self.numbers, &self.nodes, &self.head_nodes];
        let has_new = new.iter().any(|rows| !rows.0.is_empty());
        let row = sqlx::query(if has_new { super::APPEND_NEW } else { super::APPEND })
            .bind(self.bytes)
            .bind(self.centres.json())
            .bind(self.kinds.json())
            .bind(self.streams.json())
            .bind(self.events.json())
            .bind(self.numbers.json())
            .bind(moved.json())
            .bind(self.nodes.json())
            .bind(self.head_nodes.json())
            .fetch_one(connection)
            .await?;
        Ok(Committed { moved: self.moved, wal_pages: row.try_get(1)? })
    }
}

fn recorded_ms(head: &CentreHead, append: &Append) -> Result<i64, AppendError> {
    match append.clock {
        Clock::Machine(now_ms) => Ok(now_ms.max(head.recorded_ms)),
        Clock::Given(given_ms) if given_ms < head.recorded_ms => {
            Err(AppendError::ClockWentBack { centre: append.centre.clone(), given_ms, last_ms: head.recorded_ms })
        }
        Clock::Given(given_ms) => Ok(given_ms),
    }
}

/// Counts a step back once, however many appends it reaches.
fn note_clock(head: &mut CentreHead, append: &Append, recorded_ms: i64) {
    let Clock::Machine(now_ms) = append.clock else { return };
    let is_back = recorded_ms - now_ms > CLOCK_TOLERANCE_MS;
    if is_back && !head.clock_is_back {
        head.clock_steps_back += 1;
        tracing::warn!(
            centre = %append.centre, now_ms, recorded_ms,
            "the machine's clock went back: events are recorded at the last recorded time until it catches up; see to its time service"
        );
    }
    head.clock_is_back = is_back || (head.clock_is_back && now_ms < recorded_ms);
}

/// A JSON array of arrays, written as it grows.
#[derive(Debug, Default)]
struct Rows(String);

impl Rows {
    fn push(&mut self, columns: &[&dyn std::fmt::Display]) {
        self.0.push(if self.0.is_empty() { '[' } else { ',' });
        for (n, column) in columns.iter().enumerate() {
            // Writing to a String cannot fail.
            let _ = write!(self.0, "{}{column}", if n == 0 { '[' } else { ',' });
        }
        self.0.push(']');
    }

    fn json(mut self) -> String {
        if self.0.is_empty() {
            self.0.push('[');
        }
        self.0.push(']');
        self.0
    }
}
