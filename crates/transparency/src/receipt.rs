//! 受理回执: what whoever appeals takes home, and the office that took it keeps. The log's own signed word that an appeal stands in it.
//!
//! ```text
//! yousu-receipt/v1
//! yousu/410404                              the log's origin
//! case 01900000-0000-7000-8000-000000000001
//! number 410404-2026-17
//! position 123                              of its first event, from 1
//! recorded 1772444400000                    milliseconds since 1970-01-01T00:00:00Z
//! leaf ZsfwuLudtBhcv2XqTzQ...=              of that event, base64 of 32 bytes
//! ```
//!
//! This is the text of a note (`crate::note`), signed by the same keys as the log's checkpoints, and by nobody else. No checkpoint begins
//! like it, so neither can be shown for the other.
//!
//! # What a conflict proves
//!
//! Alone it shows that the centre said so. Beside a checkpoint that the same keys signed it binds the log: there is one tree of that size, and one
//! leaf at that position. Evidence that holds and shows another leaf there, or the case somewhere else, proves that the centre signed
//! two histories. So does a checkpoint that ends before the position although a witness saw it after the time at which the appeal is said
//! to have been recorded. Whoever can check signatures can check either, and needs nobody's word for it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use crate::evidence::{Evidence, ORIGIN, Verified};
use crate::note::{KeyError, Note, Signature, VerifierKey};
use crate::tree::SIZE_LIMIT;
use crate::{Checkpoint, Hash};

const FIRST_LINE: &str = "yousu-receipt/v1";

/// What the log says of an appeal's first event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Which log.
    pub origin: String,
    /// The case.
    pub case: Uuid,
    /// Its number, for people.
    pub number: String,
    /// Place of its first event in the log, from 1.
    pub position: u64,
    /// When that was recorded: milliseconds since 1970-01-01T00:00:00Z.
    pub recorded_ms: i64,
    /// Its leaf.
    pub leaf: Hash,
}

/// Why something is no receipt, or nobody's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// It says something else.
    #[error("line {line} is not what should stand there: {wanted} is wanted")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What should stand there.
        wanted: &'static str,
    },
    /// A signature does not hold.
    #[error(transparent)]
    Signature(#[from] KeyError),
    /// Somebody else than the log signed it, or with another key than the pinned ones.
    #[error("it bears a signature of `{name}` that is by none of the pinned keys of `{origin}`")]
    Stranger {
        /// Whose log it is of.
        origin: String,
        /// Who signed.
        name: String,
    },
    /// Nobody signed it.
    #[error("none of the pinned keys of `{0}` signed it")]
    Unsigned(String),
}

/// What it means beside something else that the log signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// The same event stands at that position.
    Agrees,
    /// The other was signed before: it cannot hold it, and says nothing of it.
    Earlier,
    /// It may hold it, and does not show it.
    Silent,
    /// The other is another log's.
    OtherLog,
    /// Both cannot be of one history, and the log signed both.
    Conflicts(Conflict),
}

/// How they contradict each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// Another leaf stands where the receipt says.
    OtherLeaf,
    /// The case begins somewhere else.
    OtherPlace {
        /// There.
        position: u64,
    },
    /// At this time, in seconds since 1970, a witness was shown a log that ended before.
    Gone {
        /// When it was cosigned.
        seconds: u64,
    },
}

impl fmt::Display for Receipt {
    /// The text to sign.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, case, number, position, recorded_ms, leaf } = self;
        let leaf = STANDARD.encode(leaf.0);
        writeln!(f, "{FIRST_LINE}\n{origin}\ncase {case}\nnumber {number}")?;
        writeln!(f, "position {position}\nrecorded {recorded_ms}\nleaf {leaf}")
    }
}

impl Receipt {
    /// Reads a text that was signed. Only the one spelling is read.
    ///
    /// # Errors
    /// [`ReceiptError::Line`].
    pub fn parse(text: &str) -> Result<Self, ReceiptError> {
        let lines: Vec<&str> = text.split('\n').collect();
        let wrong = |line, wanted| ReceiptError::Line { line, wanted };
        let at = |line: usize, word: &str, wanted| {
            lines.get(line - 1).and_then(|text| text.strip_prefix(word)).ok_or(wrong(line, wanted))
        };
        let (first, case, position) = ("`yousu-receipt/v1`", "`case` and a UUID", "`position` and a number from 1");
        let (recorded, leaf) = ("`recorded` and milliseconds", "`leaf` and base64 of 32 bytes");
        at(1, FIRST_LINE, first)?;
        let bytes = STANDARD.decode(at(7, "leaf ", leaf)?).ok().and_then(|bytes| bytes.try_into().ok());
        let read = Self {
            origin: at(2, ORIGIN, "the origin of a centre's log").map(|code| format!("{ORIGIN}{code}"))?,
            case: at(3, "case ", case)?.parse().map_err(|_| wrong(3, case))?,
            number: at(4, "number ", "`number` and the case's number")?.to_owned(),
            position: at(5, "position ", position)?.parse().map_err(|_| wrong(5, position))?,
            recorded_ms: at(6, "recorded ", recorded)?.parse().map_err(|_| wrong(6, recorded))?,
            leaf: Hash(bytes.ok_or_else(|| wrong(7, leaf))?),
        };
        if !(1..=SIZE_LIMIT).contains(&read.position) {
            return Err(wrong(5, position));
        }
        // Whatever else is spelt otherwise, or stands behind it.
        if read.to_string() == text { Ok(read) } else { Err(wrong(1, "a receipt in its one spelling")) }
    }

    /// The receipt in a note that the log signed: every line beneath it by a pinned key of the log. Else whoever alters the name in one of two
    /// lines would leave a receipt that holds.
    ///
    /// # Errors
    /// [`ReceiptError`].
    pub fn signed(note: &Note, pinned: &[VerifierKey]) -> Result<Self, ReceiptError> {
        let receipt = Self::parse(note.text())?;
        let own: Vec<VerifierKey> = pinned
            .iter()
            .filter(|key| key.name() == receipt.origin && key.counts_at(receipt.position))
            .cloned()
            .collect();
        let is_own = |line: &&Signature| own.iter().any(|key| line.is_by(key));
        if let Some(stranger) = note.signatures().iter().find(|line| !is_own(line)) {
            return Err(ReceiptError::Stranger { origin: receipt.origin, name: stranger.name.clone() });
        }
        if note.verified_by(receipt.position, &own)?.is_empty() {
            return Err(ReceiptError::Unsigned(receipt.origin));
        }
        Ok(receipt)
    }

    /// What it means beside evidence that holds.
    pub fn beside(&self, evidence: &Evidence, verified: &Verified) -> Beside {
        if self.origin.strip_prefix(ORIGIN) != Some(&verified.centre) {
            return Beside::OtherLog;
        }
        let leaves = evidence.leaves(&verified.centre);
        let there = leaves.into_iter().find(|(position, _)| *position == self.position);
        match (there, evidence.events.first()) {
            (Some((_, leaf)), _) if leaf != self.leaf => Beside::Conflicts(Conflict::OtherLeaf),
            // Its leaf names the case.
            (Some(_), _) => Beside::Agrees,
            (None, Some(first)) if evidence.stream == self.case => {
                Beside::Conflicts(Conflict::OtherPlace { position: first.position })
            }
            _ => self.beside_tree(verified.size, &verified.signers),
        }
    }

    /// What it means beside a checkpoint whose signatures hold, by these signers.
    pub fn beside_checkpoint(&self, checkpoint: &Checkpoint, signers: &[(String, Option<u64>)]) -> Beside {
        if checkpoint.origin != self.origin {
            return Beside::OtherLog;
        }
        self.beside_tree(checkpoint.size, signers)
    }

    fn beside_tree(&self, size: u64, signers: &[(String, Option<u64>)]) -> Beside {
        if size >= self.position {
            return Beside::Silent;
        }
        let after = |seconds: &u64| {
            i64::try_from(*seconds).is_ok_and(|seconds| seconds.saturating_mul(1_000) > self.recorded_ms)
        };
        let of_witness = signers.iter().filter(|(name, _)| *name != self.origin);
        match of_witness.filter_map(|(_, seconds)| *seconds).filter(after).max() {
            Some(seconds) => Beside::Conflicts(Conflict::Gone { seconds }),
            None => Beside::Earlier,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::tests::{Log, body, keys, pinned};
    use crate::note::{Scheme, SigningKey};

    const CASE: Uuid = Uuid::from_u128(2);

    /// A log in which these cases came one after the other, and were told so.
    fn log(cases: [u128; 4], told: u8) -> Log {
        let mut log = Log::default();
        cases.iter().for_each(|case| log.append(Uuid::from_u128(*case), "noted", body(told)));
        log.commit_heads();
        log
    }

    fn receipt() -> Receipt {
        let log = log([1, 2, 3, 4], 0);
        let (_, event, leaf) = log.events.iter().find(|(stream, ..)| *stream == CASE).unwrap();
        Receipt {
            origin: "yousu/410404".to_owned(),
            case: CASE,
            number: "410404-2026-17".to_owned(),
            position: event.position,
            recorded_ms: event.recorded_ms,
            leaf: *leaf,
        }
    }

    /// Signed by both of the log's keys.
    fn signed(receipt: &Receipt) -> (Note, Vec<VerifierKey>) {
        let key = |scheme| SigningKey::new("yousu/410404", scheme, &[7; 32]).unwrap();
        let own = [Scheme::Sm2, Scheme::Ed25519].map(key);
        let mut note = Note::new(receipt.to_string()).unwrap();
        own.iter().for_each(|key| note.add(key.sign(note.text(), 0)));
        (note, own.map(|key| key.verifier()).to_vec())
    }

    #[test]
    fn only_its_own_text_is_read_and_it_is_no_checkpoint() {
        let text = receipt().to_string();
        assert_eq!(Receipt::parse(&text), Ok(receipt()));
        assert!(Checkpoint::parse(&text).is_err());
        assert!(Receipt::parse(log([1, 2, 3, 4], 0).evidence(CASE).checkpoint.text()).is_err());
        for (from, to) in [
            ("/v1", "/v2"),
            ("yousu/410404", "410404"),
            ("position 2", "position 02"),
            ("position 2", "position 0"),
            ("recorded ", "recorded +"),
            ("case 0", "case {0"),
            ("=\n", "=\nmore\n"),
            ("=\n", "="),
            ("number ", "numero "),
        ] {
            assert!(text.contains(from) && Receipt::parse(&text.replacen(from, to, 1)).is_err(), "{from} → {to}");
        }
    }

    #[test]
    fn every_flipped_bit_is_seen() {
        let (note, pinned) = signed(&receipt());
        let bytes = note.to_string().into_bytes();
        let holds = |bytes: &[u8]| Note::parse(bytes).is_ok_and(|note| Receipt::signed(&note, &pinned).is_ok());
        assert!(holds(&bytes));
        for bit in 0..8 * bytes.len() {
            let mut altered = bytes.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(!holds(&altered), "bit {bit}");
        }
    }

    #[test]
    fn only_the_log_signs_it() {
        let (note, own) = signed(&receipt());
        assert!(matches!(Receipt::signed(&note, &own[..1]), Err(ReceiptError::Stranger { .. })));
        let [_, witness] = keys();
        let mut more = note;
        more.add(witness.sign(more.text(), 1_795_000_000));
        let all: Vec<_> = own.into_iter().chain([witness.verifier()]).collect();
        assert!(matches!(Receipt::signed(&more, &all), Err(ReceiptError::Stranger { name, .. }) if name == "jiwei"));
    }

    #[test]
    fn it_binds_the_log() {
        let receipt = receipt();
        let beside = |log: &Log, case| {
            let evidence = log.evidence(Uuid::from_u128(case));
            receipt.beside(&evidence, &evidence.verify(&pinned()).unwrap())
        };
        let honest = log([1, 2, 3, 4], 0);
        assert_eq!(beside(&honest, 2), Beside::Agrees);
        assert_eq!(beside(&honest, 3), Beside::Silent, "another case's evidence");
        // Histories in which the same case was told otherwise, or came later.
        assert_eq!(beside(&log([1, 2, 3, 4], 1), 2), Beside::Conflicts(Conflict::OtherLeaf));
        let late = log([1, 3, 2, 4], 0);
        assert_eq!(beside(&late, 2), Beside::Conflicts(Conflict::OtherPlace { position: 3 }));
        assert_eq!(beside(&late, 3), Beside::Conflicts(Conflict::OtherLeaf), "another case stands in its place");
    }

    #[test]
    fn a_log_that_ended_before_is_a_conflict_once_a_witness_saw_it_later() {
        let receipt = receipt();
        let at = |size, seconds: &[(&str, Option<u64>)], origin: &str| {
            let checkpoint = Checkpoint { origin: origin.to_owned(), size, root: Hash::ZERO, extensions: Vec::new() };
            let signers: Vec<_> = seconds.iter().map(|(name, seconds)| ((*name).to_owned(), *seconds)).collect();
            receipt.beside_checkpoint(&checkpoint, &signers)
        };
        let recorded = u64::try_from(receipt.recorded_ms / 1_000).unwrap();
        let before = receipt.position - 1;
        assert_eq!(at(before, &[("jiwei", Some(recorded - 1))], "yousu/410404"), Beside::Earlier);
        assert_eq!(at(before, &[("yousu/410404", None)], "yousu/410404"), Beside::Earlier);
        let gone = Beside::Conflicts(Conflict::Gone { seconds: recorded + 60 });
        assert_eq!(at(before, &[("jiwei", Some(recorded + 60)), ("shenji", Some(recorded - 9))], "yousu/410404"), gone);
        assert_eq!(at(receipt.position, &[("jiwei", Some(recorded + 60))], "yousu/410404"), Beside::Silent);
        assert_eq!(at(before, &[("jiwei", Some(recorded + 60))], "yousu/410403"), Beside::OtherLog);
    }
}
