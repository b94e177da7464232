//! Who signs: the operator, the witness, and somebody who would like to be taken for either.

use std::cell::Cell;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use tempfile::TempDir;
use transparency::note::{Note, Scheme, Signature, SigningKey, VerifierKey, secrets};
use transparency::request::Request;
use transparency::{Checkpoint, Hash};
use witness::judge::Refusal;
use witness::store::{Witness, trust};

use crate::log::ORIGIN;

pub(crate) const WITNESS: &str = "jiwei.example";
pub(crate) const ORIGIN_AND_WITNESS: [&str; 2] = [ORIGIN, WITNESS];
/// Of the log's keys, and of a witness's: the kinds that `yousu` and `yousu-witness` make.
const OWN: [Scheme; 2] = [Scheme::Sm2, Scheme::Ed25519];
const TIMED: [Scheme; 2] = [Scheme::Sm2Timed, Scheme::Ed25519Timed];

/// All keys there are. They are the same in every history: what a reader has pinned does not change.
pub(crate) struct Keys {
    /// The log's, which are in the attacker's hands.
    pub(crate) operator: Vec<SigningKey>,
    /// Others under the log's name.
    pub(crate) false_operator: Vec<SigningKey>,
    /// Others under the witness's name.
    pub(crate) false_witness: Vec<SigningKey>,
    /// Only the planted bug signs with these beside the witness itself.
    witness: Vec<SigningKey>,
}

impl Keys {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let made = |name: &str, schemes: [Scheme; 2], first: u8| {
            let secrets = (first..).map(|byte| [byte; 32]);
            let keys = schemes.into_iter().zip(secrets).map(|(scheme, secret)| SigningKey::new(name, scheme, &secret));
            keys.collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            operator: made(ORIGIN, OWN, 1)?,
            false_operator: made(ORIGIN, OWN, 11)?,
            false_witness: made(WITNESS, TIMED, 21)?,
            witness: made(WITNESS, TIMED, WITNESS_BYTE)?,
        })
    }

    /// What the reader has pinned.
    pub(crate) fn pinned(&self) -> Vec<VerifierKey> {
        self.operator.iter().chain(&self.witness).map(SigningKey::verifier).collect()
    }

    /// What somebody has pinned to whom the attacker handed keys.
    pub(crate) fn false_pinned(&self) -> Vec<VerifierKey> {
        self.false_operator.iter().chain(&self.false_witness).map(SigningKey::verifier).collect()
    }
}

const WITNESS_BYTE: u8 = 31;

/// A note of this checkpoint with these keys' lines beneath it.
pub(crate) fn signed(checkpoint: &Checkpoint, keys: &[SigningKey], now: u64) -> anyhow::Result<Note> {
    let text = checkpoint.text();
    let mut note = Note::new(text.clone())?;
    keys.iter().for_each(|key| note.add(key.sign(&text, now)));
    Ok(note)
}

/// A note with the same text and only these lines.
pub(crate) fn with_lines(note: &Note, lines: impl IntoIterator<Item = Signature>) -> anyhow::Result<Note> {
    let mut bare = Note::new(note.text().to_owned())?;
    lines.into_iter().for_each(|line| bare.add(line));
    Ok(bare)
}

/// The lines beneath a note that bear this name.
pub(crate) fn lines_of<'n>(note: &'n Note, name: &'n str) -> impl Iterator<Item = Signature> + 'n {
    note.signatures().iter().filter(move |line| line.name == name).cloned()
}

/// The honest witness, in a directory of its own, with the log's keys pinned.
pub(crate) struct Watch<'k> {
    dir: TempDir,
    witness: Witness,
    /// Signs whatever it is shown: a bug that is put in on purpose.
    blind: Option<&'k [SigningKey]>,
    /// What it was asked to sign that does not follow, and how often it refused.
    pub(crate) asked: Cell<u64>,
    pub(crate) refused: Cell<u64>,
}

impl<'k> Watch<'k> {
    pub(crate) fn new(keys: &'k Keys, blind: bool) -> anyhow::Result<Self> {
        let dir = crate::readers::directory()?;
        fs::create_dir(dir.path().join("logs"))?;
        // What `yousu-witness init` does, but for keys that are drawn at random.
        let mut byte = WITNESS_BYTE;
        secrets::make(&dir.path().join("witness.secret"), WITNESS, &TIMED, |bytes| {
            *bytes = [byte; 32];
            byte += 1;
            Ok(())
        })?;
        let pinned = dir.path().join("pinned");
        fs::write(&pinned, keys.operator.iter().map(|key| format!("{}\n", key.verifier())).collect::<String>())?;
        trust(dir.path(), &pinned)?;
        let witness = Witness::open(dir.path())?;
        let blind = blind.then_some(keys.witness.as_slice());
        Ok(Self { dir, witness, blind, asked: Cell::new(0), refused: Cell::new(0) })
    }

    /// Asks as the log does; the lines that it adds, or its refusal.
    pub(crate) fn ask(
        &self,
        old: u64,
        proof: Vec<Hash>,
        note: &Note,
        now: u64,
    ) -> anyhow::Result<Result<Note, Refusal>> {
        let request = Request { old, proof, note: note.clone(), checkpoint: Checkpoint::parse(note.text())? };
        // As it would come over the network.
        let request = Request::parse(&request.encode())?;
        let lines = match self.witness.add_checkpoint(&request, now)? {
            Ok(lines) => lines,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut cosigned = note.clone();
        for line in lines.lines() {
            cosigned.add(Signature::parse(line).context("the witness answers lines")?);
        }
        Ok(Ok(cosigned))
    }

    /// Asks for what must be refused; the note if it was cosigned all the same.
    pub(crate) fn tempt(&self, old: u64, proof: Vec<Hash>, note: &Note, now: u64) -> anyhow::Result<Option<Note>> {
        self.asked.set(self.asked.get() + 1);
        if let Some(keys) = self.blind {
            let mut cosigned = note.clone();
            keys.iter().for_each(|key| cosigned.add(key.sign(note.text(), now)));
            return Ok(Some(cosigned));
        }
        let answer = self.ask(old, proof, note, now)?;
        self.refused.set(self.refused.get() + u64::from(answer.is_err()));
        Ok(answer.ok())
    }

    /// Forks that it kept as evidence.
    pub(crate) fn forks_kept(&self) -> anyhow::Result<u64> {
        let logs = fs::read_dir(self.dir.path().join("logs"))?;
        let mut forks = 0;
        for log in logs {
            for file in fs::read_dir(log?.path().join("refused"))? {
                forks += u64::from(Path::new(&file?.file_name()).extension().is_some_and(|end| end == "fork"));
            }
        }
        Ok(forks)
    }
}
