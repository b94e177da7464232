//! Tiles of the tree of heads that were written together, until each of them is in a row of its own.
//!
//! A thousand cases scattered over a million change 2,100 tiles in 1,400 pages: 11 MB to be written and synced before anybody
//! else may append. The tiles themselves are 2 MB. So the word about the streams comes with one row that holds all of them,
//! and the writer puts them in their places afterwards, some at a time between two groups. Whoever reads lays that row over the
//! others; until it is empty, what stands beneath it says nothing. So it does not matter how far a process came that ended.

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Error, Row as _};

use super::head_tiles::{TILE_BYTES, Tile, Tiles};
use super::page::Bytes;
use crate::Centre;

/// Where the row stands among the tiles: no tree is so high.
pub(super) const ROW: Tile = Tile { level: 64, number: 0 };

/// What a tile's name takes before its bytes.
const NAME_BYTES: usize = 9;

/// So many go into one row. Fewer are as quickly in their places, and of more the row would be as long as their pages.
fn together() -> RangeInclusive<usize> {
    // Logs of a few events see all of it: two in a row, and in other runs two that are too many for one.
    #[cfg(feature = "model")]
    return 1..=if crate::model::checkpoint_pages() == 1_000 { 2 } else { 1 };
    #[cfg(not(feature = "model"))]
    (64..=8_192)
}

/// So many are put in their places at a time: some hundred pages.
const AT_ONCE: usize = if cfg!(feature = "model") { 1 } else { 128 };

/// Tiles that stand together in a centre's row and are on their way to their places.
#[derive(Debug)]
pub(super) struct Unplaced {
    pub(super) centre: Centre,
    pub(super) id: i64,
    tiles: VecDeque<(Tile, Vec<u8>)>,
}

/// Some of them, to be written.
pub(super) struct Placing {
    pub(super) tiles: Vec<(Tile, Vec<u8>)>,
    /// None is left: the row becomes empty.
    pub(super) is_last: bool,
}

impl Unplaced {
    /// The tiles that changed, if they are to be written together, and the row's bytes.
    pub(super) fn of((centre, id): (&Centre, i64), tiles: &Tiles) -> Option<(Self, Vec<u8>)> {
        let count = tiles.changed().count();
        if !together().contains(&count) {
            return None;
        }
        let mut row = Vec::with_capacity(count * (NAME_BYTES + TILE_BYTES));
        for (tile, bytes) in tiles.changed() {
            row.push(tile.level);
            row.extend(tile.number.to_be_bytes());
            row.extend(bytes);
        }
        let tiles = tiles.changed().map(|(tile, bytes)| (tile, bytes.to_vec())).collect();
        Some((Self { centre: centre.clone(), id, tiles }, row))
    }

    /// What an earlier process left, of all centres. A row that is not whole is left as it is: it is for `verify` to name.
    pub(super) async fn left(connection: &mut SqliteConnection) -> Result<Vec<Self>, Error> {
        let rows = sqlx::query(super::UNPLACED_TILES).bind(ROW.level).fetch_all(connection).await?;
        let read = |row: &SqliteRow| {
            let (id, centre) = (row.try_get(0).ok()?, Centre::new(row.try_get::<&str, _>(1).ok()?).ok()?);
            let tiles = decode(row.try_get(2).ok()?).ok()?.into_iter().map(|(tile, bytes)| (tile, bytes.to_vec()));
            Some(Self { centre, id, tiles: tiles.collect() })
        };
        Ok(rows.iter().filter_map(read).collect())
    }

    /// The next of them.
    pub(super) fn next(&mut self) -> Placing {
        let tiles: Vec<_> = self.tiles.drain(..AT_ONCE.min(self.tiles.len())).collect();
        Placing { tiles, is_last: self.tiles.is_empty() }
    }
}

/// The tiles in a row, lowest first; an error if it is not whole.
pub(super) fn decode(row: &[u8]) -> Result<Vec<(Tile, &[u8])>, Error> {
    let mut tiles: Vec<(Tile, &[u8])> = Vec::with_capacity(row.len() / (NAME_BYTES + TILE_BYTES));
    let mut bytes = Bytes(row);
    while !bytes.0.is_empty() {
        let (level, number) = (bytes.take(1)?[0], bytes.take(8)?);
        let number = u64::from_be_bytes(number.try_into().unwrap_or_default());
        let tile = (Tile { level, number }, bytes.take(TILE_BYTES)?);
        if tile.0 >= ROW || tiles.last().is_some_and(|last| last.0 >= tile.0) {
            return Err(Error::Decode("the tiles that are not in their places yet are not in order".into()));
        }
        tiles.push(tile);
    }
    Ok(tiles)
}

/// Lays what stands together in the centre's row over the tiles at hand, as changed: whoever commits to them writes them too.
pub(super) async fn lay_over(
    connection: &mut SqliteConnection,
    centre: Option<i64>,
    tiles: &mut Tiles,
) -> Result<(), Error> {
    let query = sqlx::query(super::UNPLACED_TILE).bind(centre).bind(ROW.level);
    let Some(row) = query.fetch_optional(connection).await? else { return Ok(()) };
    for (tile, bytes) in decode(row.try_get(0)?)? {
        // What is at hand was computed on top of these.
        if !tiles.holds(tile) {
            tiles.lay_over(tile, bytes);
        }
    }
    Ok(())
}
