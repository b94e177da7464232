//! Nodes of the tree of heads as they are kept: four heights of it in one row, sixteen nodes and what they make up to two.
//!
//! A row for each node is the plain way, and a commitment to 70,000 streams then writes 140,000 rows and holds the writer up for
//! more than a second. Most changes lie side by side, as cases of one time have events at one time.

use std::collections::BTreeMap;

use transparency::Hash;
use transparency::tree::Node;

/// Heights in one tile. The model's logs have a few streams, and several tiles all the same.
pub(super) const HEIGHTS: u8 = if cfg!(feature = "model") { 2 } else { 4 };
pub(super) const NODES: usize = (2 << HEIGHTS) - 2;
pub(super) const HASH_BYTES: usize = 32;
/// What a tile takes; a node that is not there takes zeros, which are no node's hash.
pub(super) const TILE_BYTES: usize = NODES * HASH_BYTES;

/// Which: the height of its lowest nodes, and its place among those of that height.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tile {
    pub(super) level: u8,
    pub(super) number: u64,
}

impl Tile {
    /// The tile of a node.
    pub(super) fn of(node: Node) -> Self {
        let above = node.level % HEIGHTS;
        Self { level: node.level - above, number: node.index >> (HEIGHTS - above) }
    }

    /// Its nodes, lowest first, as they lie in its bytes.
    pub(super) fn nodes(self) -> impl Iterator<Item = Node> {
        (0..HEIGHTS).flat_map(move |above| {
            let count = 1 << (HEIGHTS - above);
            (0..count).map(move |n| Node { level: self.level + above, index: self.number * count + n })
        })
    }
}

/// Nodes of one tile that are others now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) tile: Tile,
    /// Which, a bit each: the lowest is that of the node that lies first.
    pub(super) which: u32,
    /// Their hashes, in that order.
    pub(super) hashes: Vec<u8>,
}

/// The places of the nodes that these bits stand for, lowest first. Bits that stand for none are passed over.
fn places(which: u32) -> impl Iterator<Item = usize> {
    (0..NODES).filter(move |place| which >> place & 1 == 1)
}

/// Where a node lies in its tile.
fn offset(node: Node) -> usize {
    let count = 1_u64 << (HEIGHTS - node.level % HEIGHTS);
    // Before those that are as many: 16, 8 and 4 of lower heights.
    let before = NODES as u64 + 2 - 2 * count;
    usize::try_from(before + node.index % count).unwrap_or(0) * HASH_BYTES
}

/// Tiles at hand.
#[derive(Debug, Default)]
pub(super) struct Tiles {
    kept: BTreeMap<Tile, Kept>,
    were_laid_over: bool,
}

#[derive(Debug)]
struct Kept {
    bytes: Vec<u8>,
    /// The nodes that are others now, as in [`Change`].
    changed: u32,
}

impl Kept {
    fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, changed: 0 }
    }

    fn nothing() -> Self {
        Self::new(vec![0; TILE_BYTES])
    }

    fn put(&mut self, place: usize, hash: &[u8]) {
        self.bytes[place * HASH_BYTES..][..HASH_BYTES].copy_from_slice(hash);
        self.changed |= 1 << place;
    }
}

impl Tiles {
    pub(super) fn holds(&self, tile: Tile) -> bool {
        self.kept.contains_key(&tile)
    }

    /// As it is kept; nothing where there is none.
    pub(super) fn insert(&mut self, tile: Tile, bytes: Option<&[u8]>) {
        self.kept.insert(tile, bytes.map_or_else(Kept::nothing, |bytes| Kept::new(bytes.to_vec())));
    }

    /// What is not in its place yet: over the tile as it is kept, if there is one.
    pub(super) fn lay_over(&mut self, change: &Change) {
        let kept = self.kept.entry(change.tile).or_insert_with(Kept::nothing);
        let hashes = change.hashes.chunks_exact(HASH_BYTES);
        places(change.which).zip(hashes).for_each(|(place, hash)| kept.put(place, hash));
        self.were_laid_over = true;
    }

    /// Something was not in its place.
    pub(super) fn were_laid_over(&self) -> bool {
        self.were_laid_over
    }

    pub(super) fn get(&self, node: Node) -> Option<Hash> {
        let (kept, at) = (self.kept.get(&Tile::of(node))?, offset(node));
        let hash = Hash(kept.bytes.get(at..at + HASH_BYTES)?.try_into().ok()?);
        (hash != Hash::ZERO).then_some(hash)
    }

    pub(super) fn put(&mut self, node: Node, hash: Hash) {
        let kept = self.kept.entry(Tile::of(node)).or_insert_with(Kept::nothing);
        kept.put(offset(node) / HASH_BYTES, &hash.0);
    }

    /// Those that are others now, in their order.
    pub(super) fn changed(&self) -> impl Iterator<Item = (Tile, &[u8])> {
        self.kept.iter().filter(|(_, kept)| kept.changed != 0).map(|(tile, kept)| (*tile, kept.bytes.as_slice()))
    }

    /// What of them is another now, in the same order.
    pub(super) fn changes(&self) -> impl Iterator<Item = Change> {
        self.kept.iter().filter(|(_, kept)| kept.changed != 0).map(|(tile, kept)| {
            let mut hashes = Vec::with_capacity(kept.changed.count_ones() as usize * HASH_BYTES);
            for place in places(kept.changed) {
                hashes.extend_from_slice(&kept.bytes[place * HASH_BYTES..][..HASH_BYTES]);
            }
            Change { tile: *tile, which: kept.changed, hashes }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_node_has_a_place_of_its_own() {
        let mut places = BTreeSet::new();
        for level in 0..10_u8 {
            for index in 0..1_u64 << (10 - level) {
                let node = Node { level, index };
                let (tile, at) = (Tile::of(node), offset(node));
                assert!(at % HASH_BYTES == 0 && at + HASH_BYTES <= TILE_BYTES, "{node:?} at {at}");
                assert!(places.insert((tile, at)), "{node:?} lies where another does");
                assert_eq!(tile.nodes().nth(at / HASH_BYTES), Some(node));
            }
        }
        // 1,024 leaves: 64 tiles and four above them, and one with the two heights that are left.
        let tiles: BTreeSet<Tile> = places.iter().map(|(tile, _)| *tile).collect();
        assert_eq!(tiles.len(), 64 + 4 + 1);
    }

    #[test]
    fn what_was_put_is_got_and_what_was_not_is_missing() {
        let mut tiles = Tiles::default();
        let (one, other) = (Node { level: 5, index: 33 }, Node { level: 5, index: 34 });
        tiles.insert(Tile::of(one), None);
        assert_eq!((tiles.get(one), tiles.changed().count()), (None, 0));
        tiles.put(one, Hash::of(b"abc"));
        assert_eq!((tiles.get(one), tiles.get(other), tiles.changed().count()), (Some(Hash::of(b"abc")), None, 1));
    }

    #[test]
    fn a_change_laid_over_what_was_there_is_what_it_came_from() {
        let node = |level, n| Node { level, index: n };
        let mut before = Tiles::default();
        (0..16).for_each(|n| before.put(node(0, n), Hash::of(&n.to_be_bytes())));
        let (tile, bytes) = before.changed().map(|(tile, bytes)| (tile, bytes.to_vec())).next().unwrap();
        let mut after = Tiles::default();
        after.insert(tile, Some(&bytes));
        after.put(node(0, 3), Hash::of(b"three"));
        after.put(node(3, 1), Hash::of(b"top"));
        let changes: Vec<Change> = after.changes().collect();
        // The fourth that lies there, and the last of thirty.
        let hashes = [Hash::of(b"three").0, Hash::of(b"top").0].concat();
        assert_eq!(changes, [Change { tile, which: 1 << 29 | 1 << 3, hashes }]);
        let mut laid = Tiles::default();
        laid.insert(tile, Some(&bytes));
        laid.lay_over(&changes[0]);
        assert!(laid.were_laid_over() && laid.changes().eq(changes));
        assert!(laid.changed().eq(after.changed()));
    }
}
