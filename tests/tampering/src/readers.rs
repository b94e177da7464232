//! Who is shown the files: the code that `yousu-verify` rests on, that program itself, and the one in Python.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use tempfile::TempDir;
use transparency::Checkpoint;
use transparency::evidence::Evidence;
use transparency::note::{Note, VerifierKey};

use crate::parties::Keys;

/// What a reader has, beside a checkpoint that was kept or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reader {
    /// The keys of log and witness, and wants one witness.
    Careful,
    /// The keys, and wants no witness.
    NoWitness,
    /// Keys that the attacker handed over.
    FalseKeys,
}

/// What is done to a reader on purpose, so that the harness is seen to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plant {
    /// No reader wants a witness.
    NoWitnessWanted,
    /// The witness cosigns whatever it is shown.
    BlindWitness,
    /// Readers pin the keys that come with the file, too.
    KeysFromTheFile,
    /// Readers forget the checkpoint that they kept.
    KeptForgotten,
}

/// What was said of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Refused,
    /// It holds, and nothing was withheld up to this position.
    Holds(Option<u64>),
}

/// A file before a reader.
pub(crate) struct Question<'q> {
    pub(crate) bytes: &'q [u8],
    pub(crate) kept: Option<&'q Note>,
    pub(crate) reader: Reader,
}

/// All readers, and where they read.
pub(crate) struct Readers {
    keys: [Vec<VerifierKey>; 3],
    plant: Option<Plant>,
    program: Option<PathBuf>,
    dir: TempDir,
}

const ALL: [Reader; 3] = [Reader::Careful, Reader::NoWitness, Reader::FalseKeys];

/// A directory in memory where there is such a place: nothing here rests on what a disk does.
pub(crate) fn directory() -> anyhow::Result<TempDir> {
    let memory = Path::new("/dev/shm");
    Ok(if memory.is_dir() { tempfile::tempdir_in(memory)? } else { tempfile::tempdir()? })
}

impl Readers {
    pub(crate) fn new(keys: &Keys, program: Option<PathBuf>, plant: Option<Plant>) -> anyhow::Result<Self> {
        let mut careful = keys.pinned();
        if plant == Some(Plant::KeysFromTheFile) {
            careful.extend(keys.false_pinned());
        }
        let keys = [careful, keys.pinned(), keys.false_pinned()];
        let dir = directory()?;
        for (reader, keys) in ALL.into_iter().zip(&keys) {
            fs::write(key_file(dir.path(), reader), keys.iter().map(|key| format!("{key}\n")).collect::<String>())?;
        }
        Ok(Self { keys, plant, program, dir })
    }

    fn quorum(&self, reader: Reader) -> usize {
        usize::from(reader != Reader::NoWitness && self.plant != Some(Plant::NoWitnessWanted))
    }

    fn kept<'q>(&self, question: &Question<'q>) -> Option<&'q Note> {
        question.kept.filter(|_| self.plant != Some(Plant::KeptForgotten))
    }

    /// What `yousu-verify` does, without a process for each file.
    pub(crate) fn ours(&self, question: &Question<'_>) -> Verdict {
        let Ok(evidence) = Evidence::parse(question.bytes) else { return Verdict::Refused };
        let Ok(verified) = evidence.verify(&self.keys[question.reader as usize]) else { return Verdict::Refused };
        let kept = self.kept(question).map(|note| Checkpoint::parse(note.text()).ok());
        let is_shown = kept.is_none_or(|kept| kept.is_some_and(|kept| evidence.shows(&kept)));
        if verified.witnesses().len() >= self.quorum(question.reader) && is_shown {
            Verdict::Holds(verified.complete_to)
        } else {
            Verdict::Refused
        }
    }

    /// The program itself; nothing where there is none.
    pub(crate) fn program(&self, question: &Question<'_>) -> anyhow::Result<Option<Verdict>> {
        let Some(program) = &self.program else { return Ok(None) };
        let file = self.dir.path().join("file");
        fs::write(&file, question.bytes)?;
        let mut command = Command::new(program);
        command.arg(&file).arg("--keys").arg(key_file(self.dir.path(), question.reader));
        command.args(["--quorum", &self.quorum(question.reader).to_string()]);
        if let Some(kept) = self.kept(question) {
            let path = self.dir.path().join("kept");
            fs::write(&path, kept.to_string())?;
            command.arg("--checkpoint").arg(path);
        }
        let output = command.output().with_context(|| format!("{} does not run", program.display()))?;
        let said = String::from_utf8(output.stdout)?;
        match output.status.code() {
            Some(0) => Ok(Some(Verdict::Holds(complete(&said)?))),
            Some(3) => Ok(Some(Verdict::Refused)),
            _ => bail!("{}: {said}{}", output.status, String::from_utf8_lossy(&output.stderr)),
        }
    }

    /// Begins to show files to the program in Python, which goes on beside this one.
    pub(crate) fn python<'q>(&self, questions: impl Iterator<Item = Question<'q>>) -> anyhow::Result<Asked> {
        let dir = tempfile::tempdir_in(self.dir.path())?;
        let (mut lists, mut order) = ([String::new(), String::new(), String::new()], Vec::new());
        for (n, question) in questions.enumerate() {
            let path = dir.path().join(n.to_string());
            fs::write(&path, question.bytes)?;
            let list = &mut lists[question.reader as usize];
            list.push_str(&path.display().to_string());
            if let Some(kept) = self.kept(&question) {
                let path = dir.path().join(format!("{n}.kept"));
                fs::write(&path, kept.to_string())?;
                list.push_str(&format!("\t{}", path.display()));
            }
            list.push('\n');
            order.push(question.reader);
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/verify/evidence.py");
        let mut children = Vec::new();
        for (reader, list) in ALL.into_iter().zip(lists) {
            let [asked, said] = ["asked", "said"].map(|name| dir.path().join(format!("{reader:?}.{name}")));
            fs::write(&asked, list)?;
            let mut command = Command::new("python3");
            command.arg("-B").arg(&script).args(["--quorum", &self.quorum(reader).to_string(), "--batch"]);
            command.arg(key_file(self.dir.path(), reader)).env("TMPDIR", dir.path());
            command.stdin(fs::File::open(asked)?).stdout(fs::File::create(&said)?).stderr(Stdio::inherit());
            children.push((command.spawn()?, said));
        }
        Ok(Asked { _dir: dir, order, children })
    }
}

fn key_file(dir: &Path, reader: Reader) -> PathBuf {
    dir.join(format!("{reader:?}.keys"))
}

/// Up to where the program says that nothing was withheld.
fn complete(said: &str) -> anyhow::Result<Option<u64>> {
    let number = |after: &str| {
        let rest = said.split_once(after).map(|(_, rest)| rest);
        let digits = rest.and_then(|rest| rest.split_once('条')).map(|(digits, _)| digits);
        digits.context("no number").and_then(|digits| digits.parse::<u64>().context("no number"))
    };
    if said.contains("\n完整：") {
        return number("的日志（").map(Some);
    }
    if said.contains("\n完整到第") { number("\n完整到第").map(Some) } else { Ok(None) }
}

/// Files that the program in Python has been shown.
pub(crate) struct Asked {
    _dir: TempDir,
    order: Vec<Reader>,
    children: Vec<(Child, PathBuf)>,
}

impl Asked {
    /// What it said of each, in the order in which they were shown.
    pub(crate) fn answers(mut self) -> anyhow::Result<Vec<Verdict>> {
        let mut said = Vec::new();
        for (child, path) in &mut self.children {
            let status = child.wait()?;
            ensure!(matches!(status.code(), Some(0 | 3)), "the program in Python: {status}");
            let text = fs::read_to_string(path)?;
            let verdicts = text.lines().map(verdict).collect::<anyhow::Result<Vec<_>>>()?;
            said.push(verdicts.into_iter());
        }
        let of = |reader: &Reader| said[*reader as usize].next().context("the program in Python said too little");
        self.order.iter().map(of).collect()
    }
}

fn verdict(line: &str) -> anyhow::Result<Verdict> {
    if line.starts_with("fails ") {
        return Ok(Verdict::Refused);
    }
    let rest = line.strip_prefix("holds ").with_context(|| format!("neither holds nor fails: {line}"))?;
    Ok(Verdict::Holds(rest.split_once('\t').map(|(_, complete)| complete.parse()).transpose()?))
}

/// Whether there is what the program in Python needs.
pub fn has_python() -> bool {
    let has = |program: &str, arg| Command::new(program).arg(arg).output().is_ok_and(|output| output.status.success());
    has("python3", "-V") && has("openssl", "version")
}

/// `yousu-verify` beside this program, if it was built.
pub fn built() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("YOUSU_VERIFY_BIN") {
        return Some(named.into());
    }
    let own = std::env::current_exe().ok()?;
    own.ancestors().skip(1).map(|folder| folder.join("yousu-verify")).find(|path| path.is_file())
}
