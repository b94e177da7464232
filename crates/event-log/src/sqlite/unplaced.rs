//! Nodes of the tree of heads that were written together, until each of them is in the row of its tile.
//!
//! A thousand cases scattered over a million change 2,100 tiles in 1,400 pages: 11 MB to be written and synced before anybody
//! else may append. What changes in them are 11,000 nodes, 0.4 MB. So the word about the streams comes with one row that holds
//! all of these, and the writer puts them in their places afterwards, some at a time between two groups. Whoever reads lays that
//! row over the others. Of a node that it names, what stands beneath says nothing until the row is empty, so it does not matter how
//! far a process came that ended. All other nodes count as they stand: so the row is never dropped, only placed, or merged into the
//! next one.

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Error, Row as _};

use super::head_tiles::{Change, HASH_BYTES, NODES, Tile, Tiles};
use super::page::Bytes;
use crate::Centre;

/// Where the row stands among the tiles: no tree is so high.
pub(super) const ROW: Tile = Tile { level: 64, number: 0 };

/// So many go into one row. Fewer are as quickly in their places, and of more the row would take long to be read.
fn together() -> RangeInclusive<usize> {
    // Logs of a few events see all of it: two in a row, and in other runs two that are too many for one.
    #[cfg(feature = "model")]
    return 1..=if crate::model::checkpoint_pages() == 1_000 { 2 } else { 1 };
    #[cfg(not(feature = "model"))]
    (64..=8_192)
}

/// So many are put in their places at a time: some hundred pages.
const AT_ONCE: usize = if cfg!(feature = "model") { 1 } else { 128 };

/// What stands together in a centre's row and is on its way to its places.
#[derive(Debug)]
pub(super) struct Unplaced {
    pub(super) centre: Centre,
    pub(super) id: i64,
    changes: VecDeque<Change>,
}

/// Some of it, to be written.
pub(super) struct Placing {
    pub(super) changes: Vec<Change>,
    /// Nothing is left: the row becomes empty.
    pub(super) is_last: bool,
}

impl Unplaced {
    /// What changed in the tiles, if it is to be written together, and the row's bytes.
    pub(super) fn of((centre, id): (&Centre, i64), tiles: &Tiles) -> Option<(Self, Vec<u8>)> {
        if !together().contains(&tiles.changed().count()) {
            return None;
        }
        let (changes, mut row): (VecDeque<Change>, _) = (tiles.changes().collect(), Vec::new());
        for Change { tile, which, hashes } in &changes {
            row.push(tile.level);
            row.extend(tile.number.to_be_bytes());
            row.extend(which.to_be_bytes());
            row.extend(hashes);
        }
        Some((Self { centre: centre.clone(), id, changes }, row))
    }

    /// What an earlier process left, of all centres. A row that is not whole is left as it is: it is for `verify` to name.
    pub(super) async fn left(connection: &mut SqliteConnection) -> Result<Vec<Self>, Error> {
        let rows = sqlx::query(super::UNPLACED_TILES).bind(ROW.level).fetch_all(connection).await?;
        let read = |row: &SqliteRow| {
            let (id, centre) = (row.try_get(0).ok()?, Centre::new(row.try_get::<&str, _>(1).ok()?).ok()?);
            Some(Self { centre, id, changes: decode(row.try_get(2).ok()?).ok()?.into() })
        };
        Ok(rows.iter().filter_map(read).collect())
    }

    /// The next of it.
    pub(super) fn next(&mut self) -> Placing {
        let changes: Vec<_> = self.changes.drain(..AT_ONCE.min(self.changes.len())).collect();
        Placing { changes, is_last: self.changes.is_empty() }
    }
}

/// What a row holds, lowest tile first; an error if it is not whole.
fn decode(row: &[u8]) -> Result<Vec<Change>, Error> {
    let (mut changes, mut bytes): (Vec<Change>, _) = (Vec::new(), Bytes(row));
    while !bytes.0.is_empty() {
        let (level, number, which) = (bytes.take(1)?[0], bytes.take(8)?, bytes.take(4)?);
        let number = u64::from_be_bytes(number.try_into().unwrap_or_default());
        let (tile, which) = (Tile { level, number }, u32::from_be_bytes(which.try_into().unwrap_or_default()));
        let is_tile = tile < ROW && i64::try_from(number).is_ok() && which != 0 && which >> NODES == 0;
        if !is_tile || changes.last().is_some_and(|last| last.tile >= tile) {
            return Err(Error::Decode("the nodes that are not in their places yet are not in order".into()));
        }
        let hashes = bytes.take(which.count_ones() as usize * HASH_BYTES)?.to_vec();
        changes.push(Change { tile, which, hashes });
    }
    Ok(changes)
}

/// What stands together in the centre's row, lowest tile first.
pub(super) async fn read(connection: &mut SqliteConnection, centre: Option<i64>) -> Result<Vec<Change>, Error> {
    let query = sqlx::query(super::UNPLACED_TILE).bind(centre).bind(ROW.level);
    let row = query.fetch_optional(connection).await?;
    row.map_or(Ok(Vec::new()), |row| decode(row.try_get(0)?))
}
