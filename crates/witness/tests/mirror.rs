//! Copies of logs: taken piece by piece, whatever interrupts, and found out when they are altered.

#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows it in tests, and does not see that helpers of tests are tests"
)]

use std::fs;
use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};
use tempfile::TempDir;
use transparency::heads::{HeadsCommitted, OWN_STREAM, StreamHead, root_of};
use transparency::leaves::{Leaf, Upload};
use transparency::note::{Note, Scheme, SigningKey};
use transparency::request::Request;
use transparency::tree::{Sm3Tree, Whole, consistency_plan};
use transparency::{Checkpoint, Hash, Header};
use uuid::Uuid;
use witness::error::StoreError;
use witness::mirror::{Altered, Checked, Held, Mirror, NotTaken, Unproven, Unsound, What, check, evidence};
use witness::store::{self, Memory, Witness};

const ORIGIN: &str = "yousu/410404";
const NOW: u64 = 1_795_000_000;

/// A centre's log in memory.
#[derive(Clone, Default)]
struct Log {
    leaves: Vec<Leaf>,
    heads: Vec<StreamHead>,
}

fn case(n: u64) -> Uuid {
    Uuid::from_u128(u128::from(n) + 1)
}

impl Log {
    fn key() -> SigningKey {
        SigningKey::new(ORIGIN, Scheme::Sm2, &[7; 32]).unwrap()
    }

    /// The next event of a stream.
    fn add(&mut self, stream: Uuid, kind: &str, body: Vec<u8>) {
        let place = self.heads.iter().position(|head| head.stream == stream);
        let before = place.map(|place| self.heads[place]);
        let ordinal = place.unwrap_or(self.heads.len());
        let header = Header {
            centre: "410404",
            position: self.leaves.len() as u64 + 1,
            stream,
            ordinal: ordinal as u64,
            version: before.map_or(1, |head| head.version + 1),
            recorded_ms: 1_795_000_000_000,
            kind,
            kind_version: 1,
            previous: before.map_or(Hash::ZERO, |head| head.leaf),
        };
        let leaf = Leaf { header: header.encode().unwrap(), body };
        let head = StreamHead { stream, version: header.version, leaf: leaf.hash() };
        match self.heads.get_mut(ordinal) {
            Some(there) => *there = head,
            None => self.heads.push(head),
        }
        self.leaves.push(leaf);
    }

    fn event(&mut self, n: u64) {
        let body = format!(r#"{{"public":{{"n":{}}},"sealed":[]}}"#, self.leaves.len());
        self.add(case(n), "noted", body.into_bytes());
    }

    /// Says where all cases stand.
    fn word(&mut self) {
        let root = root_of(self.heads.iter().map(StreamHead::hash));
        let said = HeadsCommitted { root, streams: self.heads.len() as u64 };
        self.add(OWN_STREAM, HeadsCommitted::KIND, said.encode().unwrap());
    }

    fn tree(&self, size: usize) -> Whole {
        self.leaves[..size].iter().map(Leaf::hash).collect()
    }

    fn is_cosigned(&self, by: &Witness, old: usize, size: usize) {
        let tree = self.tree(size);
        let checkpoint =
            Checkpoint { origin: ORIGIN.to_owned(), size: size as u64, root: tree.root(), extensions: Vec::new() };
        let mut note = Note::new(checkpoint.text()).unwrap();
        note.add(Self::key().sign(&checkpoint.text(), NOW));
        let plan = consistency_plan(old as u64, size as u64).unwrap();
        let proof = plan.fill::<Sm3Tree, ()>(|node| tree.node(node).ok_or(())).unwrap();
        by.add_checkpoint(&Request { old: old as u64, proof, note, checkpoint }, NOW).unwrap().unwrap();
    }

    fn upload(&self, from: usize, to: usize, size: usize) -> Upload {
        let plan = consistency_plan(to as u64, size as u64).unwrap();
        let tree = self.tree(size);
        let proof = plan.fill::<Sm3Tree, ()>(|node| tree.node(node).ok_or(())).unwrap();
        let leaves = self.leaves[from..to].to_vec();
        Upload { origin: ORIGIN.to_owned(), from: from as u64, size: size as u64, proof, leaves }
    }
}

fn directory() -> TempDir {
    let dir = TempDir::new().unwrap();
    store::init(dir.path(), "jiwei").unwrap();
    let keys = dir.path().join("pinned");
    fs::write(&keys, format!("{}\n", Log::key().verifier())).unwrap();
    store::trust(dir.path(), &keys).unwrap();
    dir
}

fn open(dir: &Path) -> Witness {
    let (witness, damaged) = Witness::open(dir).unwrap().keeping_copies(0);
    assert!(damaged.is_empty(), "{damaged:?}");
    witness
}

fn leaves(dir: &Path) -> PathBuf {
    fs::read_dir(dir.join("logs")).unwrap().next().unwrap().unwrap().path().join("leaves")
}

fn mirror(dir: &Path) -> Mirror {
    Memory::read(dir).unwrap().mirrors().remove(ORIGIN).unwrap().unwrap()
}

fn checked(dir: &Path) -> Result<Checked, StoreError> {
    let memory = Memory::read(dir).unwrap();
    memory.mirrors().remove(ORIGIN).unwrap().and_then(|mirror| check(&mirror, ORIGIN, memory.seen(ORIGIN).as_ref()))
}

fn held(held: usize, seen: usize) -> Held {
    Held { held: held as u64, seen: seen as u64 }
}

/// What a crash may leave of a piece that was being written.
fn tear(dir: &Path, junk: &[u8]) {
    let files = fs::read_dir(leaves(dir)).into_iter().flatten().map(|file| file.unwrap().path());
    let last = files.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with('0')).max();
    if let Some(last) = last {
        let mut bytes = fs::read(&last).unwrap();
        bytes.extend(junk);
        fs::write(last, bytes).unwrap();
    }
}

/// A log of so many events of seven cases that says where they stand after every ninth, and a directory that holds all of it.
fn copied(events: u64) -> (TempDir, Log) {
    let (dir, mut log) = (directory(), Log::default());
    for n in 0..events {
        log.event(n % 7);
        if n % 9 == 8 {
            log.word();
        }
    }
    let (witness, all) = (open(dir.path()), log.leaves.len());
    log.is_cosigned(&witness, 0, all);
    assert_eq!(witness.add_leaves(&log.upload(0, all, all)).unwrap(), Ok(held(all, all)));
    (dir, log)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the pieces, whoever stops between them and whatever a crash leaves behind: every leaf is there as it came.
    #[test]
    fn a_copy_is_the_log(steps in vec((0_usize..6, 0_usize..6, any::<bool>(), vec(any::<u8>(), 0..9)), 1..9)) {
        let (dir, mut log, mut signed, mut so_far) = (directory(), Log::default(), 0, 0);
        let mut witness = Some(open(dir.path()));
        for (more, sent, stops, junk) in steps {
            (0..more).for_each(|n| log.event(n as u64));
            let size = log.leaves.len();
            if stops {
                drop(witness.take());
                tear(dir.path(), &junk);
            }
            let here = witness.get_or_insert_with(|| open(dir.path()));
            log.is_cosigned(here, signed, size);
            signed = size;
            let to = (so_far + sent).min(size);
            let taken = here.add_leaves(&log.upload(so_far, to, size)).unwrap();
            prop_assert_eq!(taken, Ok(held(to, size)));
            so_far = to;
            // Before the first leaf there need not be one, unless of a log that was empty.
            if here.memory().mirrors().is_empty() {
                prop_assert!(so_far == 0 && size > 0);
                continue;
            }
            let copy = mirror(dir.path());
            let all: Vec<Leaf> = copy.leaves().map(Result::unwrap).collect();
            prop_assert_eq!(&all, &log.leaves[..so_far]);
            let complete = copy.checkpoint().map_or(0, |(_, checkpoint)| checkpoint.size);
            prop_assert_eq!(complete == size as u64, so_far == size);
            let checked = checked(dir.path()).unwrap();
            prop_assert_eq!((checked.altered, checked.unsound), (vec![], vec![]));
        }
    }
}

#[test]
fn leaves_go_into_the_next_file_where_one_is_full() {
    let (dir, log) = copied(9_000);
    assert_eq!(log.leaves.len(), 10_000);
    let sizes: Vec<_> = ["00000000", "00000001", "00000002"].map(|name| leaves(dir.path()).join(name)).into();
    assert!(sizes.iter().all(|path| path.exists()) && !leaves(dir.path()).join("00000003").exists());
    assert!(mirror(dir.path()).leaves().map(Result::unwrap).eq(log.leaves.iter().cloned()));
}

#[test]
fn what_was_not_cosigned_is_not_taken() {
    let (dir, mut log) = (directory(), Log::default());
    (0..12).for_each(|n| log.event(n % 3));
    let witness = open(dir.path());
    let add = |upload: &Upload| witness.add_leaves(upload).unwrap();
    let elsewhere = |at, seen| Err(NotTaken::Elsewhere(held(at, seen)));
    assert_eq!(add(&log.upload(0, 0, 0)), elsewhere(0, 0));
    log.is_cosigned(&witness, 0, 10);
    assert_eq!(add(&log.upload(0, 12, 12)), elsewhere(0, 10));
    assert_eq!(add(&log.upload(3, 10, 10)), elsewhere(0, 10));
    assert_eq!(add(&log.upload(0, 4, 10)), Ok(held(4, 10)));
    assert_eq!(add(&log.upload(0, 4, 10)), elsewhere(4, 10));
    let mut other = log.clone();
    other.leaves[6].body.push(b' ');
    assert!(matches!(add(&other.upload(4, 10, 10)), Err(NotTaken::Other(_))));
    let mut unproven = log.upload(4, 8, 10);
    unproven.proof.pop();
    assert!(matches!(add(&unproven), Err(NotTaken::Other(_))));
    assert_eq!(add(&log.upload(4, 10, 10)), Ok(held(10, 10)));
    // Of a log that nobody pinned, and where no copies are kept.
    let stranger = Upload { origin: "yousu/410403".to_owned(), ..log.upload(0, 0, 0) };
    assert_eq!(add(&stranger), Err(NotTaken::NoCopy));
    drop(witness);
    assert_eq!(Witness::open(dir.path()).unwrap().add_leaves(&log.upload(10, 10, 10)).unwrap(), Err(NotTaken::NoCopy));
}

#[test]
fn a_copy_that_was_altered_is_found_out() {
    let (dir, log) = copied(40);
    let path = leaves(dir.path()).join("00000000");
    let bytes = fs::read(&path).unwrap();
    let size = log.leaves.len() as u64;
    let checked = || checked(dir.path());
    // A byte of each leaf's header and body, wherever that is.
    let mut at = 0;
    for (n, leaf) in (1..).zip(&log.leaves) {
        for place in [at + 4, at + 4 + leaf.header.len() - 1, at + 8 + leaf.header.len()] {
            let mut altered = bytes.clone();
            altered[place] ^= 1;
            fs::write(&path, altered).unwrap();
            let faults = checked().unwrap().altered;
            assert!(
                faults.contains(&Altered::Checkpoint(size)) && faults.contains(&Altered::Tree(size)),
                "{n}: {faults:?}"
            );
            assert!(evidence(&mirror(dir.path()), case(0)).is_err());
        }
        at += 8 + leaf.header.len() + leaf.body.len();
    }
    for short in [&bytes[..bytes.len() - 1], b""] {
        fs::write(&path, short).unwrap();
        assert!(matches!(checked(), Err(StoreError::Copy { .. })));
    }
    fs::remove_file(&path).unwrap();
    assert!(matches!(checked(), Err(StoreError::Copy { .. })));
    // Nothing is put behind what is gone, and checkpoints are cosigned all the same.
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let (witness, damaged) = Witness::open(dir.path()).unwrap().keeping_copies(0);
    assert!(matches!(&damaged[..], [StoreError::Copy { .. }]), "{damaged:?}");
    let mut more = log.clone();
    more.event(0);
    more.is_cosigned(&witness, log.leaves.len(), more.leaves.len());
    let rest = more.upload(log.leaves.len(), more.leaves.len(), more.leaves.len());
    assert_eq!(witness.add_leaves(&rest).unwrap(), Err(NotTaken::Damaged));
    drop(witness);
    fs::write(&path, &bytes).unwrap();
    assert_eq!(checked().unwrap().altered, []);
}

/// What somebody with the directory may put back, take away or cut.
#[test]
fn a_copy_that_was_put_back_in_part_is_found_out() {
    let (dir, mut log) = copied(40);
    let at = |name: &str| leaves(dir.path()).join(name);
    let (before, reached) = (fs::read(at("checkpoint")).unwrap(), fs::read_to_string(at("reached")).unwrap());
    let old = log.leaves.len();
    (0..3).for_each(|n| log.event(n));
    let (witness, size) = (open(dir.path()), log.leaves.len());
    log.is_cosigned(&witness, old, size);
    witness.add_leaves(&log.upload(old, size, size)).unwrap().unwrap();
    drop(witness);
    let whole = fs::read_to_string(at("reached")).unwrap();
    // How far it went, of before.
    fs::write(at("reached"), &reached).unwrap();
    assert!(checked(dir.path()).unwrap().altered.contains(&Altered::Fewer(size as u64)));
    // Gone.
    fs::remove_file(at("reached")).unwrap();
    assert!(matches!(checked(dir.path()), Err(StoreError::Copy { .. })));
    // A smaller offset would cut leaves off.
    let (offset, tree) = whole.split_once('\n').unwrap();
    fs::write(at("reached"), format!("{}\n{tree}", offset.parse::<u64>().unwrap() - 1)).unwrap();
    assert!(checked(dir.path()).unwrap().altered.contains(&Altered::End(size as u64)));
    assert!(matches!(&Witness::open(dir.path()).unwrap().keeping_copies(0).1[..], [StoreError::Copy { .. }]));
    fs::write(at("reached"), &whole).unwrap();
    // A checkpoint that the witness did not sign.
    let text = String::from_utf8(before).unwrap();
    let unsigned: String =
        text.lines().filter(|line| !line.contains("jiwei")).map(|line| format!("{line}\n")).collect();
    fs::write(at("checkpoint"), unsigned).unwrap();
    assert!(matches!(checked(dir.path()), Err(StoreError::Damaged { .. })));
}

/// The power goes after the last leaf and before the word that all are there: it is said when the witness starts anew.
#[test]
fn a_copy_is_complete_whatever_the_crash_took() {
    let (dir, log) = copied(20);
    let (path, size) = (leaves(dir.path()), log.leaves.len() as u64);
    fs::remove_file(path.join("checkpoint")).unwrap();
    assert!(mirror(dir.path()).checkpoint().is_none());
    drop(open(dir.path()));
    assert_eq!(checked(dir.path()).unwrap().checkpoint, Some(size));
    // Or before the first word, with leaves half written: there is nothing yet that could be lost.
    let fresh = directory();
    let witness = open(fresh.path());
    log.is_cosigned(&witness, 0, log.leaves.len());
    witness.add_leaves(&log.upload(0, 3, log.leaves.len())).unwrap().unwrap();
    drop(witness);
    let path = leaves(fresh.path());
    fs::write(path.join("reached"), format!("0\n{}\n", "AAAAAAAAAAA=")).unwrap();
    let witness = open(fresh.path());
    assert_eq!(witness.add_leaves(&log.upload(0, 5, log.leaves.len())).unwrap(), Ok(held(5, log.leaves.len())));
    drop(witness);
    assert!(mirror(fresh.path()).leaves().map(Result::unwrap).eq(log.leaves[..5].iter().cloned()));
}

#[test]
fn every_case_is_proved_out_of_a_copy() {
    let (dir, mut log) = copied(45);
    let keys = open(dir.path()).memory().keys_for(ORIGIN);
    for n in 0..7 {
        let shown = evidence(&mirror(dir.path()), case(n)).unwrap();
        let verified = shown.verify(&keys).unwrap();
        assert_eq!((verified.size, verified.witnesses()), (50, vec!["jiwei"]));
        // The last word is the last event.
        assert_eq!(verified.complete_to, Some(50));
        let own = log.leaves.iter().filter(|leaf| leaf.header().unwrap().stream == case(n));
        assert!(shown.events.iter().map(|event| &event.body).eq(own.map(|leaf| &leaf.body)));
    }
    assert!(matches!(evidence(&mirror(dir.path()), case(7)), Err(Unproven::NoCase(_))));
    // Two cases go on, and one begins: the word before says nothing of these, and what it always did of the others.
    [0, 3, 7].into_iter().for_each(|n| log.event(n));
    let witness = open(dir.path());
    log.is_cosigned(&witness, 50, 53);
    witness.add_leaves(&log.upload(50, 53, 53)).unwrap().unwrap();
    let complete = |n| evidence(&mirror(dir.path()), case(n)).unwrap().verify(&keys).unwrap().complete_to;
    assert_eq!([0, 1, 2, 3, 7].map(complete), [None, Some(50), Some(50), None, None]);
}

/// Signed by the centre, cosigned by the witness, and wrong all the same: only who has every leaf can see it.
#[test]
fn a_log_that_was_never_sound_is_named() {
    type Change = fn(&mut Log, &mut Header<'_>);
    let changes: [(Change, What); 6] = [
        (|_, header| header.position += 1, What::Place),
        (|_, header| header.centre = "410403", What::Place),
        (|_, header| header.version += 1, What::Stream),
        (|_, header| header.ordinal += 1, What::Stream),
        (|_, header| header.previous = Hash::of(b"another"), What::Stream),
        (|_, header| header.recorded_ms -= 1, What::Time),
    ];
    for (change, what) in changes {
        let mut log = Log::default();
        (0..6).for_each(|n| log.event(n % 3));
        let leaf = log.leaves[5].clone();
        let mut header = leaf.header().unwrap();
        change(&mut log, &mut header);
        log.leaves[5].header = header.encode().unwrap();
        assert_eq!(unsound(&log), [Unsound { position: 6, what }]);
    }
    let mut log = Log::default();
    (0..6).for_each(|n| log.event(n % 3));
    log.heads[1].version -= 1;
    log.word();
    assert_eq!(unsound(&log), [Unsound { position: 7, what: What::Heads }]);
    log.leaves[2].header.pop();
    assert_eq!(unsound(&log)[0].position, 3);
}

fn unsound(log: &Log) -> Vec<Unsound> {
    let (dir, size) = (directory(), log.leaves.len());
    let witness = open(dir.path());
    log.is_cosigned(&witness, 0, size);
    witness.add_leaves(&log.upload(0, size, size)).unwrap().unwrap();
    let checked = checked(dir.path()).unwrap();
    assert_eq!(checked.altered, []);
    checked.unsound
}

/// One leaf that is no event, and a false word: the cases are proved all the same.
#[test]
fn what_a_centre_signed_that_is_no_event_hides_no_case() {
    let (dir, mut log) = (directory(), Log::default());
    (0..6).for_each(|n| log.event(n % 3));
    log.leaves.push(Leaf { header: b"nothing".to_vec(), body: Vec::new() });
    log.add(OWN_STREAM, HeadsCommitted::KIND, b"no word".to_vec());
    let (witness, size) = (open(dir.path()), log.leaves.len());
    log.is_cosigned(&witness, 0, size);
    let upload = log.upload(0, size, size);
    assert_eq!(upload.misplaced(), Some(7));
    witness.add_leaves(&upload).unwrap().unwrap();
    let keys = witness.memory().keys_for(ORIGIN);
    for n in 0..3 {
        let verified = evidence(&mirror(dir.path()), case(n)).unwrap().verify(&keys).unwrap();
        assert_eq!(verified.complete_to, None);
    }
    assert_eq!(unsound(&log).iter().map(|unsound| unsound.position).collect::<Vec<_>>(), [7, 8]);
}

/// What is left of the disk is for what is cosigned.
#[test]
fn leaves_wait_where_the_disk_is_nearly_full_and_cosigning_does_not() {
    let (dir, mut log) = (directory(), Log::default());
    (0..3).for_each(|n| log.event(n));
    let size = log.leaves.len();
    let (witness, _) = Witness::open(dir.path()).unwrap().keeping_copies(u64::MAX);
    log.is_cosigned(&witness, 0, size);
    assert_eq!(witness.add_leaves(&log.upload(0, size, size)).unwrap(), Err(NotTaken::NoRoom));
    // Whoever asks how far it is is told.
    assert_eq!(witness.add_leaves(&log.upload(0, 0, size)).unwrap(), Ok(held(0, size)));
    drop(witness);
    let witness = open(dir.path());
    assert_eq!(witness.add_leaves(&log.upload(0, size, size)).unwrap(), Ok(held(size, size)));
}
