//! The tree over a centre's leaves, as far as it is kept, and as far as it is made when somebody asks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use sqlx::{Row as _, SqlitePool};
use transparency::Hash;
use transparency::tree::{Frontier, Node, Plan, Sm3Tree};

use crate::Centre;

/// Nodes of this height and above are kept. Below it, 256 leaves make them, which stand in their events' rows already: to keep
/// them twice would take 32 bytes an event.
pub(super) const KEPT_LEVEL: u8 = 8;

/// A node that the log does not have, because it does not have all of its leaves.
#[derive(Debug, thiserror::Error)]
#[error("the log does not have all leaves of node {} at height {}", .0.index, .0.level)]
pub(super) struct Incomplete(Node);

/// The hashes of a plan.
pub(super) async fn fill(
    pool: &SqlitePool,
    centre: &Centre,
    plan: &Plan,
) -> Result<Result<Vec<Hash>, Incomplete>, sqlx::Error> {
    let (kept, made): (Vec<Node>, Vec<Node>) = plan.nodes().partition(|node| node.level >= KEPT_LEVEL);
    let mut found = BTreeMap::new();
    if !kept.is_empty() {
        let wanted: Vec<_> = kept.iter().map(|node| json!([node.level, node.index])).collect();
        let query = sqlx::query(super::TREE_NODES).bind(centre.as_str()).bind(json!(wanted).to_string());
        for row in query.fetch_all(pool).await? {
            let node = Node { level: row.try_get(0)?, index: row.try_get(1)? };
            found.insert(node, hash(row.try_get(2)?)?);
        }
    }
    let blocks: BTreeSet<u64> = made.iter().map(|node| first_leaf(*node) >> KEPT_LEVEL).collect();
    for block in blocks {
        let first = block << KEPT_LEVEL;
        let leaves = leaves(pool, centre, first).await?;
        for node in made.iter().filter(|node| first_leaf(**node) >> KEPT_LEVEL == block) {
            let from = first_leaf(*node) - first;
            let range = usize::try_from(from).unwrap_or(usize::MAX)
                ..usize::try_from(from + (1 << node.level)).unwrap_or(usize::MAX);
            if let Some(leaves) = leaves.get(range) {
                found.insert(*node, root(leaves));
            }
        }
    }
    Ok(plan.fill::<Sm3Tree, Incomplete>(|node| found.get(&node).copied().ok_or(Incomplete(node))))
}

/// The leaves of one block, as many as there are.
async fn leaves(pool: &SqlitePool, centre: &Centre, first: u64) -> Result<Vec<Hash>, sqlx::Error> {
    let [after, through] = [first, first + (1 << KEPT_LEVEL)].map(super::read::number);
    let query = sqlx::query(super::TREE_LEAVES).bind(centre.as_str()).bind(after).bind(through);
    let row = query.fetch_one(pool).await?;
    row.try_get::<&[u8], _>(0)?.chunks(32).map(hash).collect()
}

fn root(leaves: &[Hash]) -> Hash {
    let mut frontier = Frontier::<Sm3Tree>::default();
    for leaf in leaves {
        frontier.push(*leaf, |_, _| ()).expect("256 are fewer than a tree may have");
    }
    frontier.root()
}

fn first_leaf(node: Node) -> u64 {
    node.index << node.level
}

fn hash(bytes: &[u8]) -> Result<Hash, sqlx::Error> {
    let bytes = bytes.try_into().map_err(|_| sqlx::Error::Decode("a leaf or a node is not 32 bytes long".into()))?;
    Ok(Hash(bytes))
}
