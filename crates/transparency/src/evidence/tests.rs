//! Evidence of a small log in memory: what it proves, and that whatever is altered is seen.

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, prop_assert, proptest};

use super::*;
use crate::heads::{Update, root_of};
use crate::note::{Scheme, SigningKey};
use crate::seal::PersonKey;
use crate::tree::{Frontier, Node, consistency_plan, inclusion_plan};
use crate::{Body, SealedField};

pub(crate) const PERSON: Uuid = Uuid::from_u128(99);

/// A log of a centre in memory, kept as simply as can be.
#[derive(Clone, Default)]
pub(crate) struct Log {
    pub(crate) events: Vec<(Uuid, Proven, Hash)>,
    streams: Vec<Uuid>,
}

impl Log {
    pub(crate) fn append(&mut self, stream: Uuid, kind: &str, body: Vec<u8>) {
        if !self.streams.contains(&stream) {
            self.streams.push(stream);
        }
        let own: Vec<_> = self.events.iter().filter(|(of, ..)| *of == stream).collect();
        let event = Proven {
            position: self.events.len() as u64 + 1,
            ordinal: self.streams.iter().position(|of| *of == stream).unwrap() as u64,
            version: own.len() as u64 + 1,
            recorded_ms: 1_767_225_600_000 + self.events.len() as i64,
            kind: kind.to_owned(),
            kind_version: 1,
            body,
            proof: Vec::new(),
        };
        let leaf = event.leaf("410404", stream, own.last().map_or(Hash::ZERO, |(_, _, leaf)| *leaf)).unwrap();
        self.events.push((stream, event, leaf));
    }

    pub(crate) fn heads(&self) -> Vec<Hash> {
        let head = |stream: &Uuid| {
            let (_, event, leaf) = self.events.iter().rfind(|(of, ..)| of == stream).unwrap();
            StreamHead { stream: *stream, version: event.version, leaf: *leaf }.hash()
        };
        self.streams.iter().map(head).collect()
    }

    pub(crate) fn commit_heads(&mut self) {
        let heads = self.heads();
        let said = HeadsCommitted { root: root_of(heads.iter().copied()), streams: heads.len() as u64 };
        self.append(OWN_STREAM, HeadsCommitted::KIND, said.encode().unwrap());
    }

    fn tree(&self, size: usize) -> (Hash, Vec<(Node, Hash)>) {
        let (mut tree, mut nodes) = (Frontier::<Sm3Tree>::default(), Vec::new());
        for (_, _, leaf) in &self.events[..size] {
            tree.push(*leaf, |node, hash| nodes.push((node, hash))).unwrap();
        }
        (tree.root(), nodes)
    }

    fn checkpoint(&self, size: usize) -> Note {
        let root = self.tree(size).0;
        let text = Checkpoint { origin: "yousu/410404".into(), size: size as u64, root, extensions: Vec::new() }.text();
        let mut note = Note::new(text.clone()).unwrap();
        keys().iter().for_each(|key| note.add(key.sign(&text, 1_795_000_000)));
        note
    }

    /// Evidence of a stream against the whole log, whose last event is the word about its streams.
    pub(crate) fn evidence(&self, stream: Uuid) -> Evidence {
        let size = self.events.len();
        let (_, nodes) = self.tree(size);
        let hash = |wanted: Node| Ok::<_, ()>(nodes.iter().find(|(node, _)| *node == wanted).unwrap().1);
        let prove = |event: &Proven| {
            let plan = inclusion_plan(event.position - 1, size as u64).unwrap();
            Proven { proof: plan.fill::<Sm3Tree, ()>(hash).unwrap(), ..event.clone() }
        };
        let events: Vec<_> =
            self.events.iter().filter(|(of, ..)| *of == stream).map(|(_, event, _)| prove(event)).collect();
        let mut before = Log { events: self.events[..size - 1].to_vec(), streams: self.streams.clone() };
        before.streams.retain(|stream| before.events.iter().any(|(of, ..)| of == stream));
        let own: Vec<_> = self.events.iter().filter(|(of, ..)| *of == OWN_STREAM).collect();
        // What it should have said, whatever it says.
        let heads = before.heads();
        let streams = heads.len() as u64;
        let update = Update::new(streams, (0..).zip(heads).collect());
        let (kept, _) = update.apply(|_| None).unwrap();
        let plan = inclusion_plan(events[0].ordinal, streams).unwrap();
        let proof =
            plan.fill::<Sm3Tree, ()>(|wanted| Ok(kept.iter().find(|(node, _)| *node == wanted).unwrap().1)).unwrap();
        let previous = if own.len() > 1 { own[own.len() - 2].2 } else { Hash::ZERO };
        let earlier = consistency_plan(3, size as u64).unwrap().fill::<Sm3Tree, ()>(hash).unwrap();
        Evidence {
            stream,
            checkpoint: self.checkpoint(size),
            earlier: Some((self.checkpoint(3), earlier)),
            events,
            head: Some(HeadProof { event: prove(&own.last().unwrap().1), previous, proof }),
            disclosed: Vec::new(),
            attachments: Vec::new(),
        }
    }
}

pub(crate) fn keys() -> [SigningKey; 2] {
    [("yousu/410404", Scheme::Sm2), ("jiwei", Scheme::Ed25519Timed)]
        .map(|(name, scheme)| SigningKey::new(name, scheme, &[7; 32]).unwrap())
}

pub(crate) fn pinned() -> [VerifierKey; 2] {
    keys().map(|key| key.verifier())
}

pub(crate) fn body(n: u8) -> Vec<u8> {
    Body::new(&serde_json::json!({ "n": n }), Vec::new()).unwrap().encode().unwrap()
}

/// Streams 1 to 4 get events in turn; the log says where they stand in the middle and at the end.
pub(crate) fn sample() -> Log {
    let mut log = Log::default();
    for n in 0..11_u8 {
        log.append(Uuid::from_u128(u128::from(n % 4) + 1), "noted", body(n));
        if n == 5 {
            log.commit_heads();
        }
    }
    log.commit_heads();
    log
}

#[test]
fn it_is_read_as_it_was_written_and_proves_what_it_says() {
    let evidence = sample().evidence(Uuid::from_u128(2));
    let bytes = evidence.encode();
    assert_eq!(Evidence::parse(&bytes).unwrap(), evidence);
    let verified = evidence.verify(&pinned()).unwrap();
    let signers = vec![("yousu/410404".to_owned(), None), ("jiwei".to_owned(), Some(1_795_000_000))];
    let wanted = Verified {
        centre: "410404".into(),
        size: 13,
        signers: signers.clone(),
        earlier: Some(Earlier { size: 3, signers }),
        complete_to: Some(13),
        disclosed: Vec::new(),
        attachments: Vec::new(),
    };
    assert_eq!(verified, wanted);
    assert_eq!(verified.seen_at(), Some((1_795_000_000, 1_795_000_000)));
    assert_eq!(verified.earlier_seen_at(), Some((3, (1_795_000_000, 1_795_000_000))));
    // Without the log's key nothing is proved; without the witness's, less.
    assert!(matches!(evidence.verify(&pinned()[1..]), Err(EvidenceError::Unsigned { .. })));
    assert_eq!(evidence.verify(&pinned()[..1]).unwrap().signers.len(), 1);
}

#[test]
fn every_altered_bit_is_seen() {
    let bytes = sample().evidence(Uuid::from_u128(2)).encode();
    for bit in 0..bytes.len() * 8 {
        let mut bad = bytes.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(Evidence::parse(&bad).is_err(), "bit {bit}");
    }
    for end in 0..bytes.len() {
        assert!(Evidence::parse(&bytes[..end]).is_err(), "cut at {end}");
    }
}

/// Somebody who makes the last line anew: whatever else is altered shows in what it proves.
#[test]
fn every_altered_bit_is_seen_also_with_its_digest_made_anew() {
    let bytes = Evidence { earlier: None, ..sample().evidence(Uuid::from_u128(2)) }.encode();
    let end = bytes.len() - "digest ".len() - 65;
    for bit in 0..end * 8 {
        let mut bad = bytes[..end].to_vec();
        bad[bit / 8] ^= 1 << (bit % 8);
        let digest = Hash::of(&bad);
        bad.extend(format!("digest {digest}\n").bytes());
        let verified = Evidence::parse(&bad).ok().and_then(|evidence| evidence.verify(&pinned()).ok());
        // A line of a key that is not known says nothing: then it shows as a signer less.
        assert!(verified.is_none_or(|verified| verified.signers.len() < 2), "bit {bit}");
    }
}

type Attack = fn(&mut Evidence);

#[test]
fn whatever_is_left_out_moved_or_put_in_is_seen() {
    let log = sample();
    let (one, other) = (log.evidence(Uuid::from_u128(2)), log.evidence(Uuid::from_u128(3)));
    let attacks: [(&str, Attack); 9] = [
        ("the last event is withheld", |evidence| _ = evidence.events.pop()),
        ("the first is", |evidence| _ = evidence.events.remove(0)),
        ("one in the middle is", |evidence| _ = evidence.events.remove(1)),
        ("two changed places", |evidence| evidence.events.swap(0, 1)),
        ("one stands twice", |evidence| evidence.events.push(evidence.events[0].clone())),
        ("back-dated", |evidence| evidence.events[1].recorded_ms -= 1),
        ("another's position", |evidence| evidence.events[0].position += 1),
        ("all are", |evidence| evidence.events.clear()),
        ("another version of its type", |evidence| evidence.events[0].kind_version = 2),
    ];
    for (what, attack) in attacks {
        let mut evidence = one.clone();
        attack(&mut evidence);
        assert!(evidence.verify(&pinned()).is_err(), "{what}");
    }
    let swapped = Evidence { events: other.events.clone(), ..one.clone() };
    assert!(swapped.verify(&pinned()).is_err());
    let swapped = Evidence { stream: other.stream, ..one.clone() };
    assert!(swapped.verify(&pinned()).is_err());
    let swapped = Evidence { head: other.head.clone(), ..one.clone() };
    assert!(swapped.verify(&pinned()).is_err());
    // Without the word about all streams it is not said that nothing was withheld.
    let mut less = Evidence { head: None, ..one.clone() };
    less.events.pop();
    assert_eq!(less.verify(&pinned()).unwrap().complete_to, None);
    // Another history, signed by the same keys, does not go on from the earlier checkpoint.
    let mut forked = Log::default();
    forked.append(Uuid::from_u128(1), "noted", body(77));
    for (stream, event, _) in &log.events[1..12] {
        forked.append(*stream, &event.kind, event.body.clone());
    }
    forked.commit_heads();
    let forked = Evidence { earlier: one.earlier.clone(), ..forked.evidence(Uuid::from_u128(2)) };
    assert!(matches!(forked.verify(&pinned()), Err(EvidenceError::Earlier(_))));
}

#[test]
fn a_sealed_text_is_shown_with_its_secret_alone() {
    let (key, stream) = (PersonKey::new([3; 32]), Uuid::from_u128(1));
    let place = Place { centre: "410404", stream, version: 1, person: PERSON, field: "/narrative" };
    let bytes = key.field(&place).seal(&place, [1; 12], "来了三次。".as_bytes());
    let sealed = SealedField { person: PERSON, field: "/narrative".into(), bytes: Some(bytes) };
    let mut log = Log::default();
    log.append(stream, "noted", Body::new(&serde_json::json!({}), vec![sealed]).unwrap().encode().unwrap());
    log.append(Uuid::from_u128(2), "noted", body(1));
    log.append(Uuid::from_u128(3), "noted", body(2));
    log.commit_heads();
    let disclosed = Disclosed { version: 1, person: PERSON, field: "/narrative".into(), secret: key.field(&place) };
    let evidence = Evidence { disclosed: vec![disclosed.clone()], ..log.evidence(stream) };
    let read = Evidence::parse(&evidence.encode()).unwrap();
    let bytes = "来了三次。".as_bytes().to_vec();
    let opened = Opened { version: 1, person: PERSON, field: "/narrative".into(), bytes };
    assert_eq!(read.verify(&pinned()).unwrap().disclosed, [opened]);
    for bad in [
        Disclosed { secret: PersonKey::new([4; 32]).field(&place), ..disclosed.clone() },
        Disclosed { field: "/name".into(), ..disclosed.clone() },
        Disclosed { version: 2, ..disclosed.clone() },
    ] {
        let evidence = Evidence { disclosed: vec![bad], ..evidence.clone() };
        assert!(matches!(evidence.verify(&pinned()), Err(EvidenceError::Disclosed { .. })));
    }
}

/// What one field says of two persons is told apart; where one person has two texts in it, it is not said which was disclosed.
#[test]
fn a_text_is_that_of_one_person() {
    let stream = Uuid::from_u128(1);
    let sealed = |person: Uuid, text: &str| {
        let place = Place { centre: "410404", stream, version: 1, person, field: "/name" };
        let secret = PersonKey::new([3; 32]).field(&place);
        let bytes = secret.seal(&place, [1; 12], text.as_bytes());
        let disclosed = Disclosed { version: 1, person, field: "/name".into(), secret };
        (SealedField { person, field: "/name".into(), bytes: Some(bytes) }, disclosed)
    };
    let shown = |of: Vec<(SealedField, Disclosed)>| {
        let (sealed, disclosed): (Vec<_>, Vec<_>) = of.into_iter().unzip();
        let mut log = Log::default();
        log.append(stream, "noted", Body::new(&serde_json::json!({}), sealed).unwrap().encode().unwrap());
        log.append(Uuid::from_u128(2), "noted", body(1));
        log.append(Uuid::from_u128(3), "noted", body(2));
        log.commit_heads();
        Evidence { disclosed, ..log.evidence(stream) }.verify(&pinned())
    };
    let other = Uuid::from_u128(98);
    let opened = shown(vec![sealed(PERSON, "张三"), sealed(other, "李四")]).unwrap().disclosed;
    let said: Vec<_> = opened.iter().map(|opened| (opened.person, str::from_utf8(&opened.bytes).unwrap())).collect();
    assert_eq!(said, [(PERSON, "张三"), (other, "李四")]);
    let twice = shown(vec![sealed(PERSON, "张三"), sealed(PERSON, "李四")]);
    assert!(matches!(twice, Err(EvidenceError::Disclosed { .. })), "{twice:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_judged(bytes in vec(any::<u8>(), 0..300)) {
        prop_assert!(Evidence::parse(&bytes).is_err());
        let headed = [b"yousu-evidence/v1\n".as_slice(), &bytes].concat();
        prop_assert!(Evidence::parse(&headed).is_err());
    }
}
