//! Evidence files.

use transparency::{
    Body, Checkpoint, Hash, Header, SealedField,
    evidence::{Attachment, Disclosed, Evidence, HeadProof, Proven, Verified},
    heads::{HeadsCommitted, OWN_STREAM, StreamHead},
    note::Note,
    seal::{PersonKey, Place, attachment_field},
    tree::{Frontier, Node, Sm3Tree, inclusion_plan},
};
use uuid::Uuid;

use crate::note::{keys, signers};

const CASE: Uuid = Uuid::from_u128(7);
const PERSON: Uuid = Uuid::from_u128(8);
const CENTRE: &str = "410404";

/// Whatever is read has one form. What holds proves nothing beyond what the honest file proves: the keys signed nothing else. As it is, and
/// with the digest that an attacker would put beneath it: no fuzzer guesses one.
pub fn evidence(bytes: &[u8]) -> bool {
    let end = bytes.windows(DIGEST.len()).rposition(|window| window == DIGEST).map_or(bytes.len(), |at| at + 1);
    let anew = [&bytes[..end], format!("digest {}\n", Hash::of(&bytes[..end])).as_bytes()].concat();
    let as_it_is = holds(bytes);
    holds(&anew) || as_it_is
}

const DIGEST: &[u8] = b"\ndigest ";

fn holds(bytes: &[u8]) -> bool {
    let Ok(read) = Evidence::parse(bytes) else { return false };
    assert_eq!(read.encode(), bytes, "evidence");
    if let Ok(Verified { centre, size, disclosed, attachments, .. }) = read.verify(&keys()) {
        let honest = honest();
        assert_eq!((centre.as_str(), size), (CENTRE, 3), "a signature holds of another checkpoint");
        let plain =
            |event: &Proven| (event.position, event.version, event.recorded_ms, event.kind.clone(), event.body.clone());
        assert!(read.stream == CASE || read.stream == OWN_STREAM, "a stream that is not in the log");
        let all = honest.events.iter().chain(honest.head.iter().map(|head| &head.event)).map(plain);
        let all: Vec<_> = all.collect();
        assert!(read.events.iter().map(plain).all(|event| all.contains(&event)), "an event that is not in the log");
        assert!(disclosed.iter().all(|opened| opened.bytes == TEXT.as_bytes()), "a text that nobody sealed");
        assert!(attachments.iter().all(|opened| opened.bytes == FILE), "a file that nobody sealed");
    }
    true
}

const TEXT: &str = "来了三次。";
const FILE: &[u8] = b"a scan";

/// A case of two events, and the log's word that none came after them.
fn honest() -> Evidence {
    let place = Place { centre: CENTRE, stream: CASE, version: 1, person: PERSON, field: "/data/narrative" };
    let secret = PersonKey::new([7; 32]).field(&place);
    let sealed = secret.seal(&place, [9; 12], TEXT.as_bytes());
    let field = SealedField { person: PERSON, field: place.field.to_owned(), bytes: Some(sealed) };
    let file = attachment();
    let said = [serde_json::json!({ "n": 1 }), serde_json::json!({ "sm3": Hash::of(&file.sealed).to_string() })];
    let body = |n: usize, sealed| Body::new(&said[n], sealed).and_then(|body| body.encode()).expect("a body");
    let bodies = [("noted", body(0, vec![field])), ("attachment_added", body(1, Vec::new()))];
    let (mut previous, mut events, mut leaves) = (Hash::ZERO, Vec::new(), Vec::new());
    for (n, (kind, body)) in (1..).zip(bodies) {
        previous = leaf(CASE, (n, 0, n), kind, previous, &body);
        leaves.push(previous);
        events.push(proven((n, 0, n), kind, body));
    }
    let head = StreamHead { stream: CASE, version: 2, leaf: previous }.hash();
    let said = HeadsCommitted { root: head, streams: 1 }.encode().expect("a body");
    leaves.push(leaf(OWN_STREAM, (3, 1, 1), HeadsCommitted::KIND, Hash::ZERO, &said));
    let mut word = proven((3, 1, 1), HeadsCommitted::KIND, said);

    let (mut tree, mut nodes) = (Frontier::<Sm3Tree>::default(), Vec::new());
    for leaf in &leaves {
        tree.push(*leaf, |node, hash| nodes.push((node, hash))).expect("three leaves");
    }
    let prove = |event: &mut Proven| {
        let hash = |wanted: Node| nodes.iter().find(|(node, _)| *node == wanted).map(|(_, hash)| *hash).ok_or(());
        let plan = inclusion_plan(event.position - 1, 3).expect("it is in the tree");
        event.proof = plan.fill::<Sm3Tree, ()>(hash).expect("every node is there");
    };
    events.iter_mut().chain([&mut word]).for_each(prove);
    let origin = format!("yousu/{CENTRE}");
    let text = Checkpoint { origin, size: 3, root: tree.root(), extensions: Vec::new() }.text();
    let mut checkpoint = Note::new(text.clone()).expect("a text");
    signers().iter().for_each(|key| checkpoint.add(key.sign(&text, 1_795_000_000)));
    let head = HeadProof { event: word, previous: Hash::ZERO, proof: Vec::new() };
    let disclosed = Disclosed { version: 1, person: PERSON, field: place.field.to_owned(), secret };
    Evidence {
        stream: CASE,
        checkpoint,
        earlier: None,
        events,
        head: Some(head),
        disclosed: vec![disclosed],
        attachments: vec![file],
    }
}

fn attachment() -> Attachment {
    let field = attachment_field([5; 12]);
    let place = Place { centre: CENTRE, stream: CASE, version: 0, person: PERSON, field: &field };
    let secret = PersonKey::new([7; 32]).field(&place);
    Attachment { version: 2, person: PERSON, sealed: secret.seal(&place, [5; 12], FILE), secret }
}

/// Position, ordinal and version.
type At = (u64, u64, u64);

fn proven((position, ordinal, version): At, kind: &str, body: Vec<u8>) -> Proven {
    let (kind, proof) = (kind.to_owned(), Vec::new());
    Proven { position, ordinal, version, recorded_ms: 1_772_444_400_000, kind, kind_version: 1, body, proof }
}

fn leaf(stream: Uuid, (position, ordinal, version): At, kind: &str, previous: Hash, body: &[u8]) -> Hash {
    let recorded_ms = 1_772_444_400_000;
    let header =
        Header { centre: CENTRE, position, stream, ordinal, version, recorded_ms, kind, kind_version: 1, previous };
    header.leaf(Hash::of(body)).expect("short names")
}

/// The whole, and less of it.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let whole = honest();
    let bare = Evidence { head: None, disclosed: Vec::new(), attachments: Vec::new(), ..whole.clone() };
    let with = Evidence { earlier: Some((whole.checkpoint.clone(), Vec::new())), ..bare.clone() };
    [whole, bare, with].iter().map(Evidence::encode).collect()
}
