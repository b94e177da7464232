//! What the writer does about the tree of heads.

use std::sync::Arc;

use super::Writer;
use crate::sqlite::batch::{Batch, Committed};
use crate::sqlite::head_tiles::Tiles;
use crate::sqlite::stream_heads::{self, Foreseen};
use crate::sqlite::unplaced::Unplaced;
use crate::{Append, AppendError, Appended};

impl Writer {
    /// Commits to the heads of a centre's streams, alone: what it says is read from the log as the groups before it left it.
    pub(super) async fn commit_heads(
        &mut self,
        asked: Append,
        foreseen: Foreseen,
    ) -> Result<Option<Appended>, AppendError> {
        let centre = asked.centre.clone();
        self.load([&asked].into_iter()).await?;
        let connection = self.connection.as_mut().expect("load() opened it");
        let head = &self.heads.centres[&centre];
        if stream_heads::is_up_to_date(head) {
            return Ok(None);
        }
        let committing = match stream_heads::prepare(connection, asked, head, foreseen).await {
            Ok(committing) => committing,
            // What was read is not what was once written.
            Err(error @ sqlx::Error::Decode(_)) => {
                let path = self.database.path.clone();
                return Err(AppendError::Contradiction { path, centre, source: Arc::new(error) });
            }
            Err(error) => return Err(self.stopped(error).await),
        };
        point!("writer: heads were computed");
        let mut batch = Batch::for_appends([&committing.append].into_iter());
        let position = head.position;
        let appended = batch.add(&mut self.heads, &committing.append, &[committing.body])?;
        let head = self.heads.centres.get_mut(&centre);
        let unplaced = head.and_then(|head| batch.commit_heads(&centre, head, position, &committing.tiles));
        match batch.commit(connection, &self.heads).await {
            Ok(Committed { moved, wal_pages }) => {
                self.tails.publish(moved);
                self.carry.note(wal_pages);
                // What an earlier word left is among it, or in its place.
                self.unplaced.retain(|other| other.centre != centre);
                self.unplaced.extend(unplaced);
                Ok(Some(appended))
            }
            Err(error) => Err(self.failed(&centre, error).await),
        }
    }

    /// Those that an earlier process left, or that stayed where they were after an error.
    pub(super) async fn look_for_unplaced(&mut self) {
        let Some(connection) = self.connection.as_mut().filter(|_| !self.looked_for_unplaced) else { return };
        match Unplaced::left(connection).await {
            Ok(left) => {
                (self.unplaced, self.looked_for_unplaced) = (left.into(), true);
            }
            Err(error) => {
                tracing::warn!(path = %self.database.path.display(), %error, "nodes of the tree of heads that are not in their places could not be read; it is tried again");
            }
        }
    }

    /// Whether a word stands that came after them is not known.
    pub(super) fn forget_unplaced(&mut self) {
        self.unplaced.clear();
        self.looked_for_unplaced = false;
    }

    /// Puts some nodes in their places that were written together. Where it fails they stay together, for when something is written again.
    pub(super) async fn place_some(&mut self) {
        let Some(connection) = &mut self.connection else { return };
        let Some(unplaced) = self.unplaced.front_mut() else { return };
        let (centre, id, placing) = (unplaced.centre.clone(), unplaced.id, unplaced.next());
        let mut tiles = Tiles::default();
        let wanted = placing.changes.iter().map(|change| change.tile);
        if let Err(error) = stream_heads::fetch(connection, Some(id), wanted, &placing.changes, &mut tiles).await {
            let error = self.stopped(error).await;
            tracing::warn!(%centre, %error, "nodes of the tree of heads are not in their places yet, as those beside them could not be read; nothing is lost, and they are put there once something is written again");
            return;
        }
        let mut batch = Batch::default();
        batch.place(id, &tiles, placing.is_last);
        point!("writer: about to place some nodes");
        match batch.commit(connection, &self.heads).await {
            Ok(Committed { wal_pages, .. }) => {
                self.carry.note(wal_pages);
                if placing.is_last {
                    self.unplaced.pop_front();
                }
            }
            Err(error) => {
                let error = self.failed(&centre, error).await;
                tracing::warn!(%centre, %error, "nodes of the tree of heads are not in their places yet; nothing is lost, and they are put there once something can be written again");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use transparency::heads::{HeadsCommitted, OWN_STREAM, StreamHead};
    use transparency::tree::{Node, Sm3Tree, verify_inclusion};
    use transparency::{Hash, Header};
    use uuid::Uuid;

    use super::*;
    use crate::queue::Queue;
    use crate::sqlite::SqliteLog;
    use crate::sqlite::attachments::Attachments;
    use crate::sqlite::connect::Database;
    use crate::sqlite::lock::WriterLock;
    use crate::sqlite::unplaced;
    use crate::sqlite::writer::Appending;
    use crate::tail::Tails;
    use crate::{Access, Centre, Clock, EventLog as _, NewEvent, Priority};

    /// Enough for more tiles than are written one by one.
    const STREAMS: usize = 3_000;
    const CLOCK: Clock = Clock::Machine(0);

    fn centre() -> Centre {
        Centre::new("410404").unwrap()
    }

    async fn writer(path: &Path) -> Writer {
        let database = Database::log(path);
        let lock = WriterLock::take(path).unwrap();
        database.create_or_identify().await.unwrap();
        drop(Attachments::open(Database::attachments(path), Access::Write).await.unwrap());
        Writer::open(database, lock, Arc::new(Queue::new()), Arc::new(Tails::new())).await.unwrap()
    }

    /// The next event of every so manieth stream.
    async fn append(writer: &mut Writer, step: usize, versions: &mut [u64]) {
        let changed = (0..versions.len()).step_by(step);
        let expected: Vec<(Uuid, u64)> =
            changed.clone().map(|n| (Uuid::from_u128(n as u128 + 1), versions[n])).collect();
        changed.for_each(|n| versions[n] += 1);
        let event = |stream| NewEvent { stream, kind: "noted".to_owned(), kind_version: 1, body: b"x".to_vec() };
        let append = Append {
            centre: centre(),
            events: expected.iter().map(|(stream, _)| event(*stream)).collect(),
            expected,
            clock: CLOCK,
            counters: Vec::new(),
            priority: Priority::People,
        };
        let bodies = vec![Hash::of(b"x"); append.events.len()];
        let job = Appending { append, bodies, reply: tokio::sync::oneshot::channel().0 };
        writer.commit(&[job]).await.unwrap().pop().unwrap().unwrap();
    }

    /// The same, and the log's word.
    async fn change(writer: &mut Writer, step: usize, versions: &mut [u64]) {
        append(writer, step, versions).await;
        let asked = stream_heads::asked(&centre(), CLOCK);
        writer.commit_heads(asked, Foreseen::default()).await.unwrap().unwrap();
    }

    /// What a reader is told, from first to last: the whole log is sound, and the newest word covers these streams.
    async fn is_sound(path: &Path) {
        let log = SqliteLog::open(path, Access::Read).await.unwrap();
        assert_eq!(log.verify(&mut |_| {}).await.unwrap().faults, []);
        for stream in [2, 17, 1_024, STREAMS as u128] {
            let stream = Uuid::from_u128(stream);
            let proof = log.stream_proof(&centre(), stream).await.unwrap().unwrap();
            let (last, word) = (proof.events.last().unwrap(), proof.head.unwrap());
            let mut previous = Hash::ZERO;
            for event in &proof.events {
                let header = Header {
                    centre: "410404",
                    position: event.position,
                    stream,
                    ordinal: proof.ordinal,
                    version: event.version,
                    recorded_ms: event.recorded_ms,
                    kind: &event.kind,
                    kind_version: event.kind_version,
                    previous,
                };
                previous = header.leaf(Hash::of(&event.body)).unwrap();
            }
            let head = StreamHead { stream, version: last.version, leaf: previous }.hash();
            let said = HeadsCommitted::decode(&word.event.body).unwrap();
            assert_eq!(word.event.stream, OWN_STREAM);
            let shown = verify_inclusion::<Sm3Tree>((proof.ordinal, head), (said.streams, said.root), &word.proof);
            assert_eq!(shown, Ok(()));
        }
        log.close().await;
    }

    async fn row(writer: &mut Writer) -> Vec<u8> {
        let row = sqlx::query_scalar("SELECT nodes FROM head_nodes WHERE level = 64");
        row.fetch_one(writer.connection.as_mut().unwrap()).await.unwrap()
    }

    /// However far the tiles came, by whichever process, readers see the tree that the last word says.
    #[tokio::test]
    async fn tiles_that_are_not_in_their_places_are_seen_all_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log.sqlite");
        let (mut first, mut versions) = (writer(&path).await, [0; STREAMS]);
        change(&mut first, 1, &mut versions).await;
        assert!(first.unplaced.len() == 1 && row(&mut first).await.len() > 190 * 960);
        is_sound(&path).await;
        first.place_some().await;
        is_sound(&path).await;
        // A word comes before all are in their places, and changes too little to need a row of its own.
        change(&mut first, 1_000, &mut versions).await;
        assert!(row(&mut first).await.len() > 190 * 960, "the earlier ones are among them");
        is_sound(&path).await;
        first.place_some().await;
        drop(first);

        let mut second = writer(&path).await;
        second.place_some().await;
        assert!(row(&mut second).await.len() > 190 * 960, "whoever only looks changes nothing");
        second.look_for_unplaced().await;
        assert_eq!(second.unplaced.len(), 1, "an earlier process left them");
        is_sound(&path).await;
        while !second.unplaced.is_empty() {
            second.place_some().await;
            is_sound(&path).await;
        }
        assert_eq!(row(&mut second).await, b"");
        change(&mut second, 1_500, &mut versions).await;
        assert_eq!(
            (second.unplaced.len(), row(&mut second).await),
            (0, Vec::new()),
            "a few are written to their places"
        );
        is_sound(&path).await;
    }

    /// Of most tiles a few nodes change: the others are read where they stand, and stay when these are placed.
    #[tokio::test]
    async fn nodes_are_laid_over_those_that_did_not_change() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log.sqlite");
        let (mut first, mut versions) = (writer(&path).await, [0; STREAMS]);
        change(&mut first, 1, &mut versions).await;
        while !first.unplaced.is_empty() {
            first.place_some().await;
        }
        // The first of sixteen in each of 188 tiles, and what is above it.
        change(&mut first, 16, &mut versions).await;
        assert!((188 * 32..188 * 300).contains(&row(&mut first).await.len()));
        is_sound(&path).await;
        first.place_some().await;
        assert!(!first.unplaced.is_empty());
        is_sound(&path).await;
        drop(first);
        let mut second = writer(&path).await;
        append(&mut second, 1_000, &mut versions).await;
        second.look_for_unplaced().await;
        // What was foreseen over the row holds when the row is empty.
        let foreseen = stream_heads::foresee(&crate::sqlite::pool(&second.database, Access::Read), &centre()).await;
        while !second.unplaced.is_empty() {
            second.place_some().await;
            is_sound(&path).await;
        }
        assert_eq!(row(&mut second).await, b"");
        let asked = stream_heads::asked(&centre(), CLOCK);
        second.commit_heads(asked, foreseen.unwrap()).await.unwrap().unwrap();
        is_sound(&path).await;
        while !second.unplaced.is_empty() {
            second.place_some().await;
            is_sound(&path).await;
        }
        assert_eq!(row(&mut second).await, b"");
    }

    /// More than a row takes go to their places at once, and what an earlier word left in the row with them.
    #[tokio::test]
    async fn many_tiles_empty_the_row() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log.sqlite");
        let (mut writer, mut versions) = (writer(&path).await, [0; STREAMS]);
        change(&mut writer, 1, &mut versions).await;
        assert!(!row(&mut writer).await.is_empty());
        let (connection, mut tiles) = (writer.connection.as_mut().unwrap(), Tiles::default());
        let over = unplaced::read(connection, Some(1)).await.unwrap();
        let wanted = over.iter().map(|change| change.tile);
        stream_heads::fetch(connection, Some(1), wanted, &over, &mut tiles).await.unwrap();
        (1_000..9_192).for_each(|tile| tiles.put(Node { level: 0, index: tile << 4 }, Hash::of(b"x")));
        let (mut batch, head) = (Batch::default(), writer.heads.centres.get_mut(&centre()).unwrap());
        let committed = head.committed;
        assert!(batch.commit_heads(&centre(), head, committed, &tiles).is_none());
        batch.commit(writer.connection.as_mut().unwrap(), &writer.heads).await.unwrap();
        assert_eq!(row(&mut writer).await, b"");
        let placed = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM head_nodes WHERE level < 64");
        let placed = placed.fetch_one(writer.connection.as_mut().unwrap()).await.unwrap();
        assert_eq!(usize::try_from(placed), Ok(tiles.changed().count()));
    }

    /// What cannot be put in its place stays where it is, for the next process.
    #[tokio::test]
    async fn a_full_disk_leaves_tiles_where_they_are() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log.sqlite");
        let (mut first, mut versions) = (writer(&path).await, [0; STREAMS]);
        change(&mut first, 1, &mut versions).await;
        let connection = first.connection.as_mut().unwrap();
        sqlx::query("PRAGMA max_page_count = 1").execute(connection).await.unwrap();
        first.place_some().await;
        assert!(first.unplaced.is_empty(), "it is not tried for ever");
        is_sound(&path).await;
        let connection = first.connection.as_mut().unwrap();
        sqlx::query("PRAGMA max_page_count = 1000000").execute(connection).await.unwrap();
        first.look_for_unplaced().await;
        while !first.unplaced.is_empty() {
            first.place_some().await;
        }
        is_sound(&path).await;
        assert_eq!(row(&mut first).await, b"");
    }
}
