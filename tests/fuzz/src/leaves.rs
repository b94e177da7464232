//! Leaves on their way to a witness that keeps a copy of the log.

use std::sync::LazyLock;

use transparency::{
    Checkpoint, Hash, Header,
    leaves::{Leaf, Upload},
    tree::{Frontier, Sm3Tree, Whole, consistency_plan},
};
use uuid::Uuid;

const SIZE: usize = 12;
const HELD: usize = 5;

/// Whatever is read has one form: written again it is the bytes that it was read from. What is taken is the log's own, and no other leaf.
pub fn leaves(bytes: &[u8]) -> bool {
    let Ok(upload) = Upload::parse(bytes) else { return false };
    assert_eq!(upload.encode(), bytes, "an upload");
    for leaf in &upload.leaves {
        if let Ok(header) = leaf.header() {
            assert_eq!(header.encode().as_ref(), Ok(&leaf.header), "a header");
        }
    }
    let Log { leaves, held, signed, .. } = &*LOG;
    if upload.grown(held, signed).is_ok() {
        let end = HELD + upload.leaves.len();
        assert_eq!(Some(upload.leaves.as_slice()), leaves.get(HELD..end), "leaves that nobody signed are taken");
    }
    true
}

struct Log {
    leaves: Vec<Leaf>,
    held: Frontier,
    tree: Whole,
    signed: Checkpoint,
}

static LOG: LazyLock<Log> = LazyLock::new(|| {
    let leaves: Vec<Leaf> = (1..=SIZE as u64).map(leaf).collect();
    let mut held = Frontier::default();
    for leaf in &leaves[..HELD] {
        held.push(leaf.hash(), |_, _| ()).expect("a small tree");
    }
    let tree: Whole = leaves.iter().map(Leaf::hash).collect();
    let signed =
        Checkpoint { origin: "yousu/410404".to_owned(), size: SIZE as u64, root: tree.root(), extensions: Vec::new() };
    Log { leaves, held, tree, signed }
});

fn leaf(position: u64) -> Leaf {
    let header = Header {
        centre: "410404",
        position,
        stream: Uuid::from_u128(u128::from(position % 3) + 1),
        ordinal: position % 3,
        version: position.div_ceil(3),
        recorded_ms: 1_795_000_000_000,
        kind: "accepted",
        kind_version: 1,
        previous: Hash::of(&position.to_be_bytes()),
    };
    let body = format!(r#"{{"public":{{"number":"410404-2026-{position}"}},"sealed":[]}}"#);
    Leaf { header: header.encode().expect("short names"), body: body.into_bytes() }
}

/// What the log would send: a few of them, all, and nothing.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let upload = |from: usize, to: usize| {
        let plan = consistency_plan(to as u64, SIZE as u64).expect("sizes of this log");
        let proof = plan.fill::<Sm3Tree, ()>(|node| LOG.tree.node(node).ok_or(())).expect("all nodes");
        let leaves = LOG.leaves[from..to].to_vec();
        Upload { origin: "yousu/410404".to_owned(), from: from as u64, size: SIZE as u64, proof, leaves }.encode()
    };
    vec![upload(HELD, 7), upload(HELD, SIZE), upload(0, 2), upload(HELD, HELD)]
}

#[test]
fn what_the_log_sends_is_taken() {
    for seed in seeds().into_iter().take(2) {
        assert!(Upload::parse(&seed).expect("a seed").grown(&LOG.held, &LOG.signed).is_ok());
    }
}
