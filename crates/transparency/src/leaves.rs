//! Leaves as they are hashed, on their way from a log to a witness that keeps a copy of all (存证副本): what `docs/witnesses.md` lays down.
//!
//! ```text
//! yousu/leaves/v1 ⏎ origin ⏎ from to size ⏎ proof, a hash a line ⏎ ⏎ leaf … leaf
//! leaf = length of its header, 4 bytes ‖ header ‖ length of its body, 4 bytes ‖ body
//! ```
//!
//! They are those after the first `from` up to `to`, and the proof shows that the tree of `to` is the beginning of the tree of `size`,
//! which the witness cosigned: so they are taken piece by piece, and each piece only if it is what was signed.
//! The shape is that of <https://c2sp.org/tlog-mirror>, whose entries are too short for a body, and whose packages each prove a subtree of
//! their own where here one proof serves the whole.

use crate::evidence::ORIGIN;
use crate::leaf;
use crate::request::{RequestError, parts, proof, proof_lines, size};
use crate::tree::{Frontier, FrontierError, ProofError, verify_consistency};
use crate::{Checkpoint, Hash, Header, HeaderError};

/// The first line.
const FIRST: &str = "yousu/leaves/v1";

/// The most bytes of an upload.
pub const UPLOAD_LIMIT_BYTES: usize = 8 << 20;

/// The most leaves of an upload: the shortest take little room on the line, and more in memory.
pub const UPLOAD_LIMIT_LEAVES: u64 = 16_384;

/// What whoever uploads keeps to: one more body, of a mebibyte at most, still fits.
pub const UPLOAD_WANTED_BYTES: usize = 4 << 20;

/// The type of an answer that says how many leaves are held, and of how large a tree: two sizes with a blank between.
pub const HELD_TYPE: &str = "text/x.yousu.held";

/// An event's bytes as they were hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Those of its header.
    pub header: Vec<u8>,
    /// Those of its body; what is sealed in it stays so.
    pub body: Vec<u8>,
}

impl Leaf {
    /// Its hash, which stands in the tree.
    pub fn hash(&self) -> Hash {
        leaf::of_bytes(&self.header, Hash::of(&self.body))
    }

    /// What its header says.
    ///
    /// # Errors
    /// [`HeaderError`] if it says nothing.
    pub fn header(&self) -> Result<Header<'_>, HeaderError> {
        Header::decode(&self.header)
    }

    /// Puts its bytes behind these.
    pub fn encode_into(&self, bytes: &mut Vec<u8>) {
        for part in [&self.header, &self.body] {
            // Neither comes near four gibibytes: a log takes bodies of a mebibyte.
            bytes.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            bytes.extend(part);
        }
    }

    /// How many bytes that takes.
    pub fn encoded_len(&self) -> u64 {
        8 + self.header.len() as u64 + self.body.len() as u64
    }

    /// Takes the first one off these bytes; `None` if they end within it.
    pub fn take(bytes: &mut &[u8]) -> Option<Self> {
        let mut rest = *bytes;
        let mut part = || {
            let (length, after) = rest.split_first_chunk::<4>()?;
            let (part, after) = after.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
            rest = after;
            Some(part.to_vec())
        };
        let leaf = Self { header: part()?, body: part()? };
        *bytes = rest;
        Some(leaf)
    }
}

/// Leaves, and the proof that they belong there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Whose.
    pub origin: String,
    /// How many leaves come before them.
    pub from: u64,
    /// The size of the tree that the proof is about.
    pub size: u64,
    /// Proves that the tree of all up to the last of them is the beginning of that tree.
    pub proof: Vec<Hash>,
    /// They themselves.
    pub leaves: Vec<Leaf>,
}

/// Why bytes are no upload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    /// Its first lines are others.
    #[error(
        "the first lines must be `{FIRST}`, an origin, and three sizes: from, to, {UPLOAD_LIMIT_LEAVES} more at most, and that of the tree"
    )]
    Head,
    /// Its proof is none.
    #[error(transparent)]
    Proof(#[from] RequestError),
    /// It does not hold the leaves that it says.
    #[error(
        "it does not hold the leaves after {from} up to {to}, each with the length of header and body, and nothing else"
    )]
    Leaves {
        /// How many come before.
        from: u64,
        /// The last.
        to: u64,
    },
}

/// Why leaves are not those of a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LeavesError {
    /// They do not go on from what is held.
    #[error(transparent)]
    Tree(#[from] FrontierError),
    /// They were altered, or the proof was.
    #[error("the leaves are not those of the tree of {size} that was signed: {why}")]
    Other {
        /// Its size.
        size: u64,
        /// What shows it.
        why: ProofError,
    },
}

impl Upload {
    /// The first leaf that is no event of its log at its place: whoever signed that signed what nobody can read.
    pub fn misplaced(&self) -> Option<u64> {
        let centre = self.origin.strip_prefix(ORIGIN).unwrap_or(&self.origin);
        let mut placed = (self.from.saturating_add(1)..).zip(&self.leaves);
        let is_placed = |position, leaf: &Leaf| {
            leaf.header().is_ok_and(|header| (header.centre, header.position) == (centre, position))
        };
        placed.find(|(position, leaf)| !is_placed(*position, leaf)).map(|(position, _)| position)
    }

    /// The last of the leaves.
    pub fn to(&self) -> u64 {
        self.from.saturating_add(self.leaves.len() as u64)
    }

    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`UploadError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, UploadError> {
        let (head, mut rest) = parts(bytes).ok_or(UploadError::Head)?;
        let mut lines = str::from_utf8(head).map_err(|_| UploadError::Head)?.split('\n');
        let (Some(FIRST), Some(origin), Some(sizes)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(UploadError::Head);
        };
        let mut sizes = sizes.split(' ').map(size);
        let (Some(Some(from)), Some(Some(to)), Some(Some(size)), None) =
            (sizes.next(), sizes.next(), sizes.next(), sizes.next())
        else {
            return Err(UploadError::Head);
        };
        if origin.is_empty() || from > to || to - from > UPLOAD_LIMIT_LEAVES {
            return Err(UploadError::Head);
        }
        let (proof, mut leaves) = (proof(lines)?, Vec::new());
        let refused = UploadError::Leaves { from, to };
        for _ in from..to {
            leaves.push(Leaf::take(&mut rest).ok_or_else(|| refused.clone())?);
        }
        if rest.is_empty() { Ok(Self { origin: origin.to_owned(), from, size, proof, leaves }) } else { Err(refused) }
    }

    /// The body of the request.
    pub fn encode(&self) -> Vec<u8> {
        let Self { origin, from, size, .. } = self;
        let head = format!("{FIRST}\n{origin}\n{from} {} {size}\n{}\n", self.to(), proof_lines(&self.proof));
        let mut bytes = head.into_bytes();
        self.leaves.iter().for_each(|leaf| leaf.encode_into(&mut bytes));
        bytes
    }

    /// The tree with these leaves, if it is the beginning of what was signed; `held` is the tree of those before them.
    ///
    /// # Errors
    /// [`LeavesError`].
    pub fn grown(&self, held: &Frontier, signed: &Checkpoint) -> Result<Frontier, LeavesError> {
        let mut tree = held.clone();
        for leaf in &self.leaves {
            tree.push(leaf.hash(), |_, _| ())?;
        }
        let (size, there) = (signed.size, (signed.size, signed.root));
        verify_consistency::<crate::tree::Sm3Tree>((tree.size(), tree.root()), there, &self.proof)
            .map_err(|why| LeavesError::Other { size, why })?;
        Ok(tree)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};
    use uuid::Uuid;

    use super::*;
    use crate::tree::{Sm3Tree, Whole, consistency_plan};

    fn leaf(position: u64) -> Leaf {
        let header = Header {
            centre: "410404",
            position,
            stream: Uuid::from_u128(7),
            ordinal: 0,
            version: position,
            recorded_ms: -5,
            kind: "accepted",
            kind_version: 3,
            previous: Hash::of(b"before"),
        };
        Leaf { header: header.encode().unwrap(), body: format!("body {position}").into_bytes() }
    }

    fn upload(tree: &Whole, from: u64, to: u64, size: u64) -> Upload {
        let proof = consistency_plan(to, size).unwrap().fill::<Sm3Tree, ()>(|node| tree.node(node).ok_or(())).unwrap();
        let leaves = (from + 1..=to).map(leaf).collect();
        Upload { origin: "yousu/410404".to_owned(), from, size, proof, leaves }
    }

    fn tree(size: u64) -> (Whole, Checkpoint) {
        let whole: Whole = (1..=size).map(|position| leaf(position).hash()).collect();
        let root = whole.root();
        (whole, Checkpoint { origin: "yousu/410404".to_owned(), size, root, extensions: Vec::new() })
    }

    #[test]
    fn its_bytes_are_those_laid_down() {
        let upload = Upload {
            origin: "yousu/410404".to_owned(),
            from: 4,
            size: 9,
            proof: vec![Hash([0xff; 32])],
            leaves: vec![Leaf { header: vec![1, 2], body: vec![3] }, Leaf { header: vec![], body: vec![10, 10] }],
        };
        let mut wanted =
            b"yousu/leaves/v1\nyousu/410404\n4 6 9\n//////////////////////////////////////////8=\n\n".to_vec();
        wanted.extend([0, 0, 0, 2, 1, 2, 0, 0, 0, 1, 3, 0, 0, 0, 0, 0, 0, 0, 2, 10, 10]);
        assert_eq!(upload.encode(), wanted);
        assert_eq!(Upload::parse(&wanted), Ok(upload));
        for at in 0..wanted.len() {
            assert!(Upload::parse(&wanted[..at]).is_err(), "{at} bytes of it");
        }
    }

    #[test]
    fn what_it_says_in_another_way_is_not_read() {
        let sizes = |sizes: &str| format!("yousu/leaves/v1\nyousu/410404\n{sizes}\n\n").into_bytes();
        assert!(Upload::parse(&sizes("4 4 9")).is_ok());
        for bad in [
            "4 4",
            "04 4 9",
            "4 4 9 ",
            "4  4 9",
            "5 4 9",
            "+4 4 9",
            "4 5 9",
            "0 16385 20000",
            "4 4 9223372036854775807",
        ] {
            assert!(Upload::parse(&sizes(bad)).is_err(), "{bad}");
        }
        assert!(Upload::parse(b"yousu/leaves/v2\nyousu/410404\n4 4 9\n\n").is_err());
        assert!(Upload::parse(b"yousu/leaves/v1\n\n4 4 9\n\n").is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// However a log is cut into pieces, whoever holds them has its tree; and whatever is altered in a piece, it is not taken.
        #[test]
        fn piece_by_piece(pieces in vec((0_u64..9, 0_u64..9), 1..8), at in any::<usize>()) {
            let (mut held, mut signed) = (Frontier::default(), 0);
            for (more, signed_more) in pieces {
                let to = held.size() + more;
                signed = signed.max(to) + signed_more;
                let (whole, checkpoint) = tree(signed);
                let honest = upload(&whole, held.size(), to, signed);
                let parsed = Upload::parse(&honest.encode()).unwrap();
                prop_assert_eq!(&parsed, &honest);
                let grown = parsed.grown(&held, &checkpoint).unwrap();
                if let Some(count) = std::num::NonZeroUsize::new(honest.leaves.len()) {
                    let mut altered = honest.clone();
                    let leaf = &mut altered.leaves[at % count];
                    let bytes = if at % 2 == 0 { &mut leaf.header } else { &mut leaf.body };
                    let length = bytes.len();
                    bytes[at % length] ^= 1;
                    prop_assert!(altered.grown(&held, &checkpoint).is_err());
                    let mut without = honest.clone();
                    without.leaves.remove(at % count);
                    // None at all are the beginning of anything.
                    prop_assert!(without.leaves.is_empty() || without.grown(&held, &checkpoint).is_err());
                }
                held = grown;
                prop_assert_eq!(held.root(), tree(to).1.root);
            }
        }
    }

    #[test]
    fn a_header_is_read_as_it_was_written() {
        let leaf = leaf(3);
        let header = leaf.header().unwrap();
        assert_eq!((header.centre, header.kind, header.position, header.recorded_ms), ("410404", "accepted", 3, -5));
        assert_eq!(header.encode().unwrap(), leaf.header);
        assert_eq!(header.leaf(Hash::of(&leaf.body)).unwrap(), leaf.hash());
        for at in 0..leaf.header.len() {
            assert_eq!(Header::decode(&leaf.header[..at]), Err(HeaderError::Bytes));
        }
        let mut longer = leaf.header.clone();
        longer.push(0);
        assert_eq!(Header::decode(&longer), Err(HeaderError::Bytes));
        longer[1] = 2;
        assert_eq!(Header::decode(&longer), Err(HeaderError::Format(2)));
    }
}
