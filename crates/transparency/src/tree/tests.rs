//! Against other people's trees: the known answers of RFC 6962's reference logs (SHA-256), and ct-merkle over SM3.

use std::collections::BTreeMap;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};
use sha2::Digest as _;

use super::*;

struct Sha256Tree;

impl Algorithm for Sha256Tree {
    fn empty() -> Hash {
        sha256(&[])
    }

    fn node(left: &Hash, right: &Hash) -> Hash {
        sha256(&[&[1], &left.0, &right.0])
    }
}

fn sha256(parts: &[&[u8]]) -> Hash {
    Hash(sha2::Sha256::digest(parts.concat()).into())
}

/// The leaves that the reference implementations of Certificate Transparency are tested with, and the root after each.
const KNOWN: [(&[u8], &str); 8] = [
    (b"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
    (b"\x00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
    (b"\x10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
    (b"\x20\x21", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
    (b"\x30\x31", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
    (b"\x40\x41\x42\x43", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
    (b"\x50\x51\x52\x53\x54\x55\x56\x57", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
    (
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ),
];

#[test]
fn the_roots_are_those_of_rfc_6962() {
    let mut frontier = Frontier::<Sha256Tree>::default();
    assert_eq!(frontier.root().to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (leaf, root) in KNOWN {
        frontier.push(sha256(&[&[0], leaf]), |_, _| ()).unwrap();
        assert_eq!(frontier.root().to_string(), root, "{} leaves", frontier.size());
    }
}

/// A tree of ours with every node that it ever completed.
struct Kept {
    frontier: Frontier,
    nodes: BTreeMap<Node, Hash>,
}

impl Kept {
    fn of(size: u64) -> Self {
        let (mut frontier, mut nodes) = (Frontier::default(), BTreeMap::new());
        for n in 0..size {
            frontier.push(leaf(n), |node, hash| _ = nodes.insert(node, hash)).unwrap();
        }
        Self { frontier, nodes }
    }

    fn proof(&self, plan: &Plan) -> Vec<Hash> {
        plan.fill::<Sm3Tree, ()>(|node| Ok(self.nodes[&node])).unwrap()
    }
}

fn leaf(n: u64) -> Hash {
    Hash::of_parts(&[&[0], &n.to_be_bytes()])
}

fn theirs(size: u64) -> MemoryBackedTree<sm3::Sm3, [u8; 8]> {
    let mut tree = MemoryBackedTree::new();
    (0..size).for_each(|n| tree.push(n.to_be_bytes()));
    tree
}

fn bytes(proof: &[Hash]) -> Vec<u8> {
    proof.iter().flat_map(|hash| hash.0).collect()
}

#[test]
fn every_root_and_proof_of_small_trees_is_that_of_ct_merkle() {
    for size in 1..=40 {
        let (ours, other) = (Kept::of(size), theirs(size));
        let root = ours.frontier.root();
        assert_eq!(root.0.as_slice(), other.root().as_bytes().as_slice(), "{size} leaves");
        for index in 0..size {
            let proof = ours.proof(&inclusion_plan(index, size).unwrap());
            let wanted = other.prove_inclusion(usize::try_from(index).unwrap());
            assert_eq!(bytes(&proof), wanted.as_bytes(), "leaf {index} of {size}");
            assert_eq!(verify_inclusion::<Sm3Tree>((index, leaf(index)), (size, root), &proof), Ok(()));
        }
        for old in 1..=size {
            let proof = ours.proof(&consistency_plan(old, size).unwrap());
            let wanted = other.prove_consistency(usize::try_from(size - old).unwrap());
            assert_eq!(bytes(&proof), wanted.as_bytes(), "{old} of {size}");
            let earlier = (old, Kept::of(old).frontier.root());
            assert_eq!(verify_consistency::<Sm3Tree>(earlier, (size, root), &proof), Ok(()));
        }
    }
}

/// Every leaf, root, size, index and proof that is not the right one is refused.
#[test]
fn a_proof_proves_one_thing() {
    const SIZE: u64 = 13;
    let trees: Vec<Kept> = (0..=SIZE + 2).map(Kept::of).collect();
    let root = |size: u64| trees[usize::try_from(size).unwrap()].frontier.root();
    let whole = trees.last().unwrap();
    for index in 0..SIZE {
        let proof = whole.proof(&inclusion_plan(index, SIZE).unwrap());
        for other in 0..SIZE {
            let verdict = verify_inclusion::<Sm3Tree>((other, leaf(index)), (SIZE, root(SIZE)), &proof);
            assert_eq!(verdict.is_ok(), other == index, "leaf {index} at {other}");
        }
        for hash in 0..proof.len() {
            for bit in 0..256 {
                let mut bad = proof.clone();
                bad[hash].0[bit / 8] ^= 1 << (bit % 8);
                let verdict = verify_inclusion::<Sm3Tree>((index, leaf(index)), (SIZE, root(SIZE)), &bad);
                assert_eq!(verdict, Err(ProofError::OtherRoot));
            }
        }
        for bad in [&proof[1..], &proof[..proof.len() - 1], &[proof.clone(), vec![Hash::ZERO]].concat()] {
            assert!(verify_inclusion::<Sm3Tree>((index, leaf(index)), (SIZE, root(SIZE)), bad).is_err());
        }
    }
    for old in 0..=SIZE {
        let proof = whole.proof(&consistency_plan(old, SIZE).unwrap());
        for earlier in 0..=SIZE {
            let verdict = verify_consistency::<Sm3Tree>((old, root(earlier)), (SIZE, root(SIZE)), &proof);
            assert_eq!(verdict.is_ok(), earlier == old, "{old} with the root of {earlier}");
        }
        for later in old + 1..=SIZE + 2 {
            // The root of another size. Of a wrong size with the right root a proof may know nothing (the way from leaf 0 is as
            // long in a tree of 9 as in one of 13): the size stands in what was signed, beside the root.
            let verdict = verify_consistency::<Sm3Tree>((old, root(old)), (later, root(later)), &proof);
            // A tree that began with nothing may go on in any way.
            assert!(old == 0 || later == SIZE || verdict.is_err(), "{old} in {later}");
        }
        for bad in 0..proof.len() {
            let mut bad_proof = proof.clone();
            bad_proof[bad].0[7] ^= 4;
            assert!(verify_consistency::<Sm3Tree>((old, root(old)), (SIZE, root(SIZE)), &bad_proof).is_err());
        }
        let longer = [proof.clone(), vec![Hash::ZERO]].concat();
        assert!(verify_consistency::<Sm3Tree>((old, root(old)), (SIZE, root(SIZE)), &longer).is_err());
    }
    let nothing = [(SIZE, SIZE), (SIZE + 1, SIZE), (0, 0), (0, u64::MAX), (0, SIZE_LIMIT + 1)];
    assert!(nothing.iter().all(|(index, size)| inclusion_plan(*index, *size).is_err()));
    assert!([(2, 1), (1, SIZE_LIMIT + 1)].iter().all(|(old, new)| consistency_plan(*old, *new).is_err()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn large_trees_too(size in 1_u64..3_000, index in 0_u64..3_000, old in 1_u64..3_000) {
        let (index, old) = (index % size, 1 + old % size);
        let (ours, other) = (Kept::of(size), theirs(size));
        let root = ours.frontier.root();
        prop_assert_eq!(root.0.to_vec(), other.root().as_bytes().to_vec());
        let proof = ours.proof(&inclusion_plan(index, size).unwrap());
        let wanted = other.prove_inclusion(usize::try_from(index).unwrap()).as_bytes().to_vec();
        prop_assert_eq!(bytes(&proof), wanted);
        prop_assert!(verify_inclusion::<Sm3Tree>((index, leaf(index)), (size, root), &proof).is_ok());
        let proof = ours.proof(&consistency_plan(old, size).unwrap());
        let earlier = (old, Kept::of(old).frontier.root());
        prop_assert!(verify_consistency::<Sm3Tree>(earlier, (size, root), &proof).is_ok());
        // What was kept is read back, and goes on as if nothing had been.
        let mut read = Frontier::<Sm3Tree>::decode(&ours.frontier.encode()).unwrap();
        prop_assert_eq!(&read, &ours.frontier);
        read.push(leaf(size), |_, _| ()).unwrap();
        prop_assert_eq!(read.root(), Kept::of(size + 1).frontier.root());
    }

    /// Nothing that comes from outside may take the program down.
    #[test]
    fn whatever_comes_is_judged(
        index in proptest::num::u64::ANY, size in proptest::num::u64::ANY, new in proptest::num::u64::ANY,
        hashes in proptest::collection::vec(proptest::array::uniform32(proptest::num::u8::ANY), 0..70),
    ) {
        let proof: Vec<Hash> = hashes.into_iter().map(Hash).collect();
        prop_assert!(verify_inclusion::<Sm3Tree>((index, Hash::ZERO), (size, Hash::ZERO), &proof).is_err());
        let consistent = verify_consistency::<Sm3Tree>((size, Hash::ZERO), (new, Hash::ZERO), &proof);
        prop_assert!(consistent.is_err() || (size == new && proof.is_empty()));
        let _ = inclusion_plan(index % SIZE_LIMIT, SIZE_LIMIT);
        let _ = consistency_plan(size % SIZE_LIMIT, SIZE_LIMIT);
    }
}

#[test]
fn only_a_frontiers_own_bytes_are_one() {
    let bytes = Kept::of(11).frontier.encode();
    assert_eq!(bytes.len(), 8 + 3 * 32);
    for bad in
        [&bytes[..bytes.len() - 1], &bytes[..bytes.len() - 32], &bytes[..7], &[bytes.clone(), vec![0; 32]].concat()]
    {
        assert!(matches!(Frontier::<Sm3Tree>::decode(bad), Err(FrontierError::Length(_))));
    }
    let too_large = [&(SIZE_LIMIT + 1).to_be_bytes()[..], &[0; 64]].concat();
    assert_eq!(Frontier::<Sm3Tree>::decode(&too_large), Err(FrontierError::TooLarge));
}
