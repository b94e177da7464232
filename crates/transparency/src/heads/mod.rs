//! Where every stream stood at one moment, as one root: what shows that no later event of a case is being withheld.
//!
//! The tree over a log's leaves proves that an event is there. It cannot prove that no other one came after it in the same case. For
//! that, a second tree has one leaf for each stream, in the order in which they began (their ordinals), which says how far the
//! stream came:
//!
//! ```text
//! head = SM3( 0x00 ‖ "yousu/head/v1" ‖ stream, 16 bytes ‖ version, 8 bytes ‖ leaf of that version )
//! ```
//!
//! Unlike the log's, its leaves change. Its root is written into the log itself, as the event [`HeadsCommitted`] at the position
//! after the last one that it covers; whoever has the log computes it again, and whoever has only a piece of it is shown that
//! event, the head's place beneath its root, and both under a checkpoint that others have signed.

mod followed;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::tree::{Algorithm as _, Frontier, Node, Sm3Tree, root_plan};
use crate::{Body, BodyError, Hash};

pub use followed::FollowedHeads;

/// What stands before a head when it is hashed: no event's header begins like it.
const HEAD: &[u8] = b"\0yousu/head/v1";

/// The stream of what a log says about itself, the same in every centre's log.
pub const OWN_STREAM: Uuid = uuid::uuid!("79737501-0000-8000-8000-000000000000");

/// How far a stream came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamHead {
    /// Which.
    pub stream: Uuid,
    /// Its last version.
    pub version: u64,
    /// The leaf of that event.
    pub leaf: Hash,
}

impl StreamHead {
    /// Its leaf in the tree of heads.
    pub fn hash(&self) -> Hash {
        Hash::of_parts(&[HEAD, self.stream.as_bytes(), &self.version.to_be_bytes(), &self.leaf.0])
    }
}

/// 各案之末位: the event by which a log says where all of its streams stood before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadsCommitted {
    /// The root over their heads.
    #[serde(with = "hash_text")]
    pub root: Hash,
    /// How many there were.
    pub streams: u64,
}

impl HeadsCommitted {
    /// The event's type.
    pub const KIND: &str = "heads_committed";
    /// The version of that type.
    pub const KIND_VERSION: u16 = 1;

    /// The bytes of its body.
    ///
    /// # Errors
    /// As [`Body::encode`].
    pub fn encode(&self) -> Result<Vec<u8>, BodyError> {
        Body::new(self, Vec::new())?.encode()
    }

    /// Reads the bytes of its body. Only the one spelling is read.
    ///
    /// # Errors
    /// [`BodyError`] if they are something else.
    pub fn decode(bytes: &[u8]) -> Result<Self, BodyError> {
        let said: Self = Body::decode(bytes)?.public()?;
        if said.encode()? == bytes { Ok(said) } else { Err(BodyError::Form) }
    }
}

/// A tree of heads that is brought up to date: what changed, and how many streams there are now.
#[derive(Debug, Clone)]
pub struct Update {
    streams: u64,
    /// Nodes with all of their leaves above at least one that changed, lowest first and in their order.
    touched: Vec<Node>,
    changed: BTreeMap<u64, Hash>,
}

impl Update {
    /// `changed` are the hashes of the heads that changed, by ordinal: every new stream among them.
    pub fn new(streams: u64, changed: BTreeMap<u64, Hash>) -> Self {
        let mut touched = Vec::new();
        let mut row: Vec<Node> = changed.keys().map(|ordinal| Node { level: 0, index: *ordinal }).collect();
        while !row.is_empty() {
            let mut above: Vec<Node> =
                row.iter().map(|node| Node { level: node.level + 1, index: node.index / 2 }).collect();
            touched.extend(row);
            above.dedup();
            above.retain(|node| (node.index + 1) << node.level <= streams);
            row = above;
        }
        Self { streams, touched, changed }
    }

    /// Every node that will be another.
    pub fn touched(&self) -> impl Iterator<Item = Node> {
        self.touched.iter().copied()
    }

    /// The nodes that did not change and are needed all the same: whoever keeps the tree fetches them.
    pub fn wanted(&self) -> Vec<Node> {
        let children = self.touched.iter().filter_map(|node| node.children()).flatten();
        let peaks = root_plan(self.streams).into_iter().flat_map(|plan| plan.nodes().collect::<Vec<_>>());
        let mut wanted: Vec<Node> = children.chain(peaks).filter(|node| self.place(*node).is_none()).collect();
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    }

    /// Every node that is another now, and the root; `None` where a node was wanted that `kept` does not have.
    pub fn apply(&self, kept: impl Fn(Node) -> Option<Hash>) -> Option<(Vec<(Node, Hash)>, Hash)> {
        let mut new: Vec<(Node, Hash)> = Vec::with_capacity(self.touched.len());
        // What lies beneath a node comes before it.
        let find = |new: &[(Node, Hash)], node| match self.place(node) {
            Some(place) => new.get(place).map(|(_, hash)| *hash),
            None => kept(node),
        };
        for node in &self.touched {
            let hash = match node.children() {
                None => *self.changed.get(&node.index)?,
                Some([left, right]) => Sm3Tree::node(&find(&new, left)?, &find(&new, right)?),
            };
            new.push((*node, hash));
        }
        let plan = root_plan(self.streams).ok()?;
        let root = plan.fill::<Sm3Tree, ()>(|node| find(&new, node).ok_or(())).ok()?;
        Some((new, *root.first()?))
    }

    /// Where the node stands among those that will be others.
    fn place(&self, node: Node) -> Option<usize> {
        self.touched.binary_search(&node).ok()
    }
}

/// The root over heads, all at hand.
pub fn root_of(heads: impl Iterator<Item = Hash>) -> Hash {
    let mut tree = Frontier::<Sm3Tree>::default();
    for head in heads {
        if tree.push(head, |_, _| ()).is_err() {
            break;
        }
    }
    tree.root()
}

mod hash_text {
    use std::borrow::Cow;

    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    use crate::Hash;

    pub(super) fn serialize<S: Serializer>(hash: &Hash, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(hash)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Hash, D::Error> {
        Cow::<str>::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::collection::vec;
    use proptest::prelude::{ProptestConfig, prop_assert_eq, proptest};

    use super::*;

    fn head(ordinal: u64, version: u64) -> Hash {
        let stream = Uuid::from_u128(u128::from(ordinal));
        StreamHead { stream, version, leaf: Hash::of(&version.to_be_bytes()) }.hash()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever changed in whatever rounds, the root is that of all heads at hand, and only what was asked for was needed.
        #[test]
        fn brought_up_to_date_is_made_anew(rounds in vec((0_u64..40, vec(0_u64..200, 0..20)), 1..12)) {
            let (mut heads, mut nodes): (Vec<u64>, BTreeMap<Node, Hash>) = (Vec::new(), BTreeMap::new());
            for (new, old) in rounds {
                let mut changed = BTreeSet::new();
                for ordinal in old {
                    if let Some(version) = heads.get_mut(usize::try_from(ordinal).unwrap()) {
                        *version += 1;
                        changed.insert(ordinal);
                    }
                }
                changed.extend(heads.len() as u64..heads.len() as u64 + new);
                heads.extend((0..new).map(|_| 1));
                let hash = |ordinal: u64| head(ordinal, heads[usize::try_from(ordinal).unwrap()]);
                let update = Update::new(heads.len() as u64, changed.iter().map(|at| (*at, hash(*at))).collect());
                let fetched: BTreeMap<Node, Hash> = update.wanted().into_iter().map(|node| (node, nodes[&node])).collect();
                let (new, root) = update.apply(|node| fetched.get(&node).copied()).unwrap();
                nodes.extend(new);
                prop_assert_eq!(root, root_of((0..heads.len() as u64).map(hash)));
            }
        }
    }

    #[test]
    fn its_body_has_one_form() {
        let root = Hash::of(b"abc");
        let bytes = HeadsCommitted { root, streams: 3 }.encode().unwrap();
        let wanted = format!(r#"{{"public":{{"root":"{root}","streams":3}},"sealed":[]}}"#);
        assert_eq!(String::from_utf8(bytes.clone()).unwrap(), wanted);
        assert_eq!(HeadsCommitted::decode(&bytes).unwrap(), HeadsCommitted { root, streams: 3 });
        for (from, to) in [
            ("streams", "cases"),
            ("3}", "3 }"),
            ("3}", "3.0}"),
            ("[]", "[{\"person\":\"00000000-0000-0000-0000-000000000001\",\"field\":\"/x\",\"bytes\":\"\"}]"),
            ("\"sealed\"", "\"\\u0073ealed\""),
        ] {
            assert!(
                wanted.contains(from) && HeadsCommitted::decode(wanted.replace(from, to).as_bytes()).is_err(),
                "{to}"
            );
        }
        assert!(HeadsCommitted::decode(format!("[[\"{root}\",3],[]]").as_bytes()).is_err());
    }

    /// Printed by openssl: `printf '\0yousu/head/v1…' | openssl dgst -sm3`, of stream 5, version 2 and the leaf of "abc".
    #[test]
    fn a_head_is_hashed_as_the_front_page_says() {
        let head = StreamHead { stream: Uuid::from_u128(5), version: 2, leaf: Hash::of(b"abc") };
        assert_eq!(head.hash().to_string(), "1d9e8eadf8d41766ab6daa2b701fd9c13b1ec4f3b0c7aa1120b4c59daa2a7a33");
    }
}
