//! The witness as logs meet it: honest ones, and ones that rewrite.

#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows it in tests, and does not see that helpers of tests are tests"
)]

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};
use tempfile::TempDir;
use transparency::note::{Note, Scheme, SigningKey, VerifierKey};
use transparency::request::{Request, RequestError};
use transparency::tree::{Frontier, Node, Sm3Tree, consistency_plan};
use transparency::{Checkpoint, Hash};
use witness::error::StoreError;
use witness::judge::Refusal;
use witness::store::{self, Memory, Witness};

const ORIGIN: &str = "yousu/410404";
const NOW: u64 = 1_795_000_000;

/// A log of a centre: its leaves, and the key that it signs with, whoever holds it.
#[derive(Clone)]
struct Log(Vec<u64>);

impl Log {
    fn key() -> SigningKey {
        SigningKey::new(ORIGIN, Scheme::Sm2, &[7; 32]).unwrap()
    }

    fn tree(&self, size: usize) -> (Frontier, BTreeMap<Node, Hash>) {
        let (mut tree, mut nodes) = (Frontier::<Sm3Tree>::default(), BTreeMap::new());
        for leaf in &self.0[..size] {
            let leaf = Hash::of_parts(&[&[0], &leaf.to_be_bytes()]);
            tree.push(leaf, |node, hash| _ = nodes.insert(node, hash)).unwrap();
        }
        (tree, nodes)
    }

    fn checkpoint(&self, size: usize) -> Checkpoint {
        let root = self.tree(size).0.root();
        Checkpoint { origin: ORIGIN.to_owned(), size: size as u64, root, extensions: Vec::new() }
    }

    /// What the log would send for its tree of this size, to a witness that it believes at that one.
    fn request(&self, old: usize, size: usize) -> Request {
        let checkpoint = self.checkpoint(size);
        let nodes = self.tree(size).1;
        let plan = consistency_plan(old.min(size) as u64, size as u64).unwrap();
        let proof = plan.fill::<Sm3Tree, ()>(|node| Ok(nodes[&node])).unwrap();
        let mut note = Note::new(checkpoint.text()).unwrap();
        note.add(Self::key().sign(&checkpoint.text(), NOW));
        Request { old: old as u64, proof, note, checkpoint }
    }
}

/// A witness that has this log's keys pinned.
fn witness() -> TempDir {
    let dir = TempDir::new().unwrap();
    assert_eq!(store::init(dir.path(), "jiwei").unwrap().len(), 2);
    let keys = dir.path().join("pinned");
    std::fs::write(&keys, format!("# of the centre\n{}\n", Log::key().verifier())).unwrap();
    assert_eq!(store::trust(dir.path(), &keys).unwrap(), ORIGIN);
    dir
}

fn refused_files(dir: &Path) -> usize {
    let log = std::fs::read_dir(dir.join("logs")).unwrap().next().unwrap().unwrap().path();
    std::fs::read_dir(log.join("refused")).unwrap().count()
}

/// The cosignatures hold, of this checkpoint and of no other, and say when.
fn holds(lines: &str, request: &Request, keys: &[VerifierKey]) -> bool {
    let cosigned = Note::parse(format!("{}{lines}", request.note).as_bytes()).unwrap();
    let signers = cosigned.verified_by(0, keys).unwrap();
    signers.len() == 2 && signers.iter().all(|(_, time)| *time == Some(NOW))
}

#[test]
fn an_honest_log_is_cosigned_as_it_grows() {
    let dir = witness();
    let log = Log((0..20).collect());
    let mut old = 0;
    for size in [0, 3, 3, 8, 20] {
        // A process of its own each time.
        let witness = Witness::open(dir.path()).unwrap();
        assert_eq!(witness.memory().remembered(), [(ORIGIN.to_owned(), old as u64)]);
        let request = log.request(old, size);
        let lines = witness.add_checkpoint(&request, NOW).unwrap().unwrap();
        assert!(holds(&lines, &request, &witness.memory().public()));
        old = size;
    }
    assert_eq!(refused_files(dir.path()), 0);
}

#[test]
fn what_is_not_the_same_history_is_refused_and_kept() {
    let dir = witness();
    let witness = Witness::open(dir.path()).unwrap();
    let (log, mut other) = (Log((0..20).collect()), Log((0..20).collect()));
    other.0[2] = 99;
    let ask = |request: &Request| witness.add_checkpoint(request, NOW).unwrap();
    ask(&log.request(0, 10)).unwrap();
    assert_eq!(ask(&other.request(10, 10)), Err(Refusal::Fork));
    assert!(matches!(ask(&other.request(10, 20)), Err(Refusal::NotConsistent(_))));
    // Once more the same: it is kept once.
    assert_eq!(ask(&other.request(10, 10)), Err(Refusal::Fork));
    assert_eq!(refused_files(dir.path()), 2);
    // A log that believes something else of it is told what it remembers.
    assert_eq!(ask(&log.request(5, 20)), Err(Refusal::OtherSize { size: 10 }));
    assert_eq!(ask(&log.request(5, 7)), Err(Refusal::OtherSize { size: 10 }));
    assert_eq!(ask(&log.request(12, 7)), Err(Refusal::OldBeyond));
    // Somebody without the key, and a log that nobody pinned.
    let mut unsigned = log.request(10, 20);
    unsigned.note = Note::new(unsigned.note.text().to_owned()).unwrap();
    unsigned.note.add(SigningKey::new(ORIGIN, Scheme::Sm2, &[8; 32]).unwrap().sign(unsigned.note.text(), NOW));
    assert_eq!(ask(&unsigned), Err(Refusal::Unsigned));
    let mut unknown = log.request(10, 20);
    unknown.checkpoint.origin = "yousu/410405".to_owned();
    assert_eq!(ask(&unknown), Err(Refusal::UnknownOrigin));
    assert_eq!(refused_files(dir.path()), 2);
    // None of it made it forget.
    ask(&log.request(10, 20)).unwrap();
}

#[test]
fn a_first_checkpoint_comes_without_a_proof() {
    let dir = witness();
    let witness = Witness::open(dir.path()).unwrap();
    let mut request = Log((0..4).collect()).request(0, 4);
    request.proof = vec![Hash::ZERO];
    assert!(matches!(witness.add_checkpoint(&request, NOW).unwrap(), Err(Refusal::NotConsistent(_))));
}

#[test]
fn a_directory_that_is_not_whole_is_said_so() {
    let empty = TempDir::new().unwrap();
    assert!(matches!(Memory::read(empty.path()), Err(StoreError::NoWitness(_))));
    assert!(matches!(Witness::open(empty.path()), Err(StoreError::NoWitness(_))));
    let dir = witness();
    assert!(matches!(store::init(dir.path(), "again"), Err(StoreError::Secrets(_))));
    let first = Witness::open(dir.path()).unwrap();
    assert!(matches!(Witness::open(dir.path()), Err(StoreError::Locked(_))));
    first.add_checkpoint(&Log((0..9).collect()).request(0, 9), NOW).unwrap().unwrap();
    drop(first);
    let log = std::fs::read_dir(dir.path().join("logs")).unwrap().next().unwrap().unwrap().path();
    let good = std::fs::read(log.join("seen")).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        std::fs::write(log.join("seen"), bad).unwrap();
        let opened = Witness::open(dir.path());
        // A line of the log's own signature is not what it goes by: the witness signed the text.
        let remembered = opened.as_ref().map(|witness| witness.memory().remembered());
        assert!(remembered.is_err() || remembered.is_ok_and(|all| all == [(ORIGIN.to_owned(), 9)]), "byte {at}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Three histories that share beginnings, asked for in any order, with true and false beliefs, through restarts: what is cosigned
    /// is one history.
    #[test]
    fn whatever_is_asked_one_history_is_cosigned(
        forks in (0_usize..12, 0_usize..12),
        asked in vec((0_usize..3, 0_usize..13, 0_usize..13, any::<bool>(), any::<bool>()), 1..40),
    ) {
        let dir = witness();
        let mut logs = [Log((0..12).collect()), Log((0..12).collect()), Log((0..12).collect())];
        logs[1].0[forks.0] = 100;
        logs[2].0[forks.1] = 200;
        let mut open = Some(Witness::open(dir.path()).unwrap());
        let mut cosigned: Vec<Vec<u64>> = Vec::new();
        for (log, old, size, believes, restart) in asked {
            if restart {
                drop(open.take());
            }
            let witness = open.get_or_insert_with(|| Witness::open(dir.path()).unwrap());
            let remembered = usize::try_from(witness.memory().remembered()[0].1).unwrap();
            let old = if believes { remembered } else { old };
            if old > 12 || (believes && old > size) {
                continue;
            }
            let request = logs[log].request(old, size);
            let before = cosigned.last().cloned().unwrap_or_default();
            match witness.add_checkpoint(&request, NOW).unwrap() {
                Ok(lines) => {
                    prop_assert!(holds(&lines, &request, &witness.memory().public()));
                    cosigned.push(logs[log].0[..size].to_vec());
                }
                // Refused only with a reason.
                Err(_) => prop_assert!(old != before.len() || !logs[log].0[..size].starts_with(&before) || size < old),
            }
        }
        for pair in cosigned.windows(2) {
            prop_assert!(pair[1].starts_with(&pair[0]), "{:?}", pair);
        }
    }

    #[test]
    fn any_bytes_are_judged(bytes in vec(any::<u8>(), 0..400)) {
        let _ = Request::parse(&bytes);
    }

    #[test]
    fn a_request_is_read_as_it_was_written(old in 0_usize..12, size in 0_usize..12) {
        let request = Log((0..12).collect()).request(old.min(size), size);
        prop_assert_eq!(Request::parse(&request.encode()).unwrap(), request);
    }
}

#[test]
fn what_is_no_request_is_told_why() {
    let good = String::from_utf8(Log((0..12).collect()).request(3, 12).encode()).unwrap();
    type Wrong = fn(&RequestError) -> bool;
    let cases: [(String, Wrong); 7] = [
        (good.replacen("old 3", "old 03", 1), |error| *error == RequestError::Old),
        (good.replacen("old 3", "old", 1), |error| *error == RequestError::Old),
        (good.replacen("\n\n", "\n", 1), |error| matches!(error, RequestError::Proof(_) | RequestError::Note(_))),
        (good.replacen("=\n", "\n", 1), |error| *error == RequestError::Proof(1)),
        (
            good.replacen("old 3\n", &format!("old 3\n{}", "A".repeat(43) + "=\n").repeat(1), 1).replacen(
                "old 3\n",
                &("old 3\n".to_owned() + &("A".repeat(43) + "=\n").repeat(63)),
                1,
            ),
            |error| *error == RequestError::ProofTooLong,
        ),
        (good.replacen("\n12\n", "\n012\n", 1), |error| matches!(error, RequestError::Checkpoint(_))),
        (String::new(), |error| *error == RequestError::Parts),
    ];
    for (text, wrong) in cases {
        let error = Request::parse(text.as_bytes()).unwrap_err();
        assert!(wrong(&error), "{error}: {text}");
    }
}

/// Status, type and body of an answer, by a client of our own.
fn post(address: std::net::SocketAddr, body: &[u8]) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "POST /add-checkpoint HTTP/1.1\r\nHost: witness\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // It may answer before it read everything.
    let _ = stream.write_all(body);
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let kind = head.lines().find_map(|line| line.strip_prefix("content-type: ")).unwrap_or_default();
    (status, kind.to_owned(), body.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_protocol_is_spoken() {
    let dir = witness();
    let witness = Arc::new(Witness::open(dir.path()).unwrap());
    let keys = witness.memory().public();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, witness::http::router(witness, || NOW)).into_future());
    tokio::task::spawn_blocking(move || {
        let (log, mut other) = (Log((0..20).collect()), Log((0..20).collect()));
        other.0[2] = 99;
        let request = log.request(0, 10);
        let (status, _, lines) = post(address, &request.encode());
        assert_eq!(status, 200, "{lines}");
        assert!(holds(&lines, &request, &keys));
        assert_eq!(
            post(address, &log.request(3, 20).encode()),
            (409, "text/x.tlog.size".to_owned(), "10\n".to_owned())
        );
        let (status, kind, why) = post(address, &other.request(10, 10).encode());
        assert_eq!((status, kind == "text/x.tlog.size"), (409, false));
        assert!(why.contains("two histories"), "{why}");
        assert_eq!(post(address, &other.request(10, 20).encode()).0, 422);
        assert_eq!(post(address, &log.request(20, 10).encode()).0, 400);
        assert_eq!(post(address, b"old").0, 400);
        let request = String::from_utf8(log.request(10, 20).encode()).unwrap();
        assert_eq!(post(address, request.replacen("yousu/410404\n", "yousu/410405\n", 1).as_bytes()).0, 404);
        assert_eq!(post(address, request.replacen("\n20\n", "\n19\n", 1).as_bytes()).0, 403);
        assert_eq!(post(address, &vec![b'x'; 100_000]).0, 413);
        assert_eq!(post(address, request.as_bytes()).0, 200);
    })
    .await
    .unwrap();
}

/// Many at once, of two histories: those that are cosigned are one.
#[test]
fn looking_and_remembering_is_one_step() {
    let dir = witness();
    let witness = Witness::open(dir.path()).unwrap();
    let (log, mut other) = (Log((0..40).collect()), Log((0..40).collect()));
    other.0[0] = 99;
    let cosigned: Vec<(usize, usize)> = std::thread::scope(|scope| {
        let ask = |which: usize| {
            let (witness, log) = (&witness, [&log, &other][which % 2]);
            scope.spawn(move || {
                let mut cosigned = Vec::new();
                for size in 1..40 {
                    let remembered = usize::try_from(witness.memory().remembered()[0].1).unwrap();
                    if remembered <= size
                        && witness.add_checkpoint(&log.request(remembered, size), NOW).unwrap().is_ok()
                    {
                        cosigned.push((which % 2, size));
                    }
                }
                cosigned
            })
        };
        let threads: Vec<_> = (0..6).map(ask).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(!cosigned.is_empty());
    assert!(cosigned.iter().all(|(which, _)| *which == cosigned[0].0), "{cosigned:?}");
}
