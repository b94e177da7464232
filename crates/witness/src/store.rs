//! What a witness remembers, on the disk.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use transparency::key_change::{KeyChange, KeyChangeError};
use transparency::leaves::Upload;
use transparency::note::{Note, Scheme, SigningKey, VerifierKey, secrets};
use transparency::request::Request;
use transparency::{Checkpoint, Hash};

use crate::error::StoreError;
use crate::judge::{Refusal, judge};
use crate::mirror::{self, Held, Mirror, NotTaken};

/// Kinds of a witness's keys: both say when they signed.
const SCHEMES: [Scheme; 2] = [Scheme::Sm2Timed, Scheme::Ed25519Timed];

/// A log's copy, in its directory.
const LEAVES: &str = "leaves";

/// Refusals that are kept of one log; the first ones show the most.
const REFUSED_LIMIT: usize = 1_000;

/// A witness that may sign: nobody else uses its directory.
pub struct Witness {
    memory: Memory,
    /// Copies of the logs, by origin, if they are kept here; nothing in place of one that is damaged.
    mirrors: Option<BTreeMap<String, Mutex<Option<Mirror>>>>,
    /// So much stays free on the disk: leaves are taken from what is left beyond it.
    reserve_bytes: u64,
    /// Held for as long as this lives.
    _lock: File,
}

/// A witness's keys, and what it remembers of each log.
pub struct Memory {
    keys: Vec<SigningKey>,
    logs: BTreeMap<String, Log>,
}

/// One log's place.
struct Log {
    directory: PathBuf,
    pinned: Vec<VerifierKey>,
    /// The checkpoint cosigned last. Whoever looks at it holds it until what follows from that is on the disk.
    seen: Mutex<Option<Checkpoint>>,
}

/// Makes a witness's directory and keys.
///
/// # Errors
/// [`StoreError`]; also if there is one already.
pub fn init(dir: &Path, name: &str) -> Result<Vec<VerifierKey>, StoreError> {
    fs::create_dir_all(dir.join("logs")).map_err(failed(dir, "made"))?;
    let draw = |bytes: &mut [u8; 32]| getrandom::fill(bytes).map_err(io::Error::other);
    let keys = secrets::make(&dir.join("witness.secret"), name, &SCHEMES, draw)?;
    Ok(keys.iter().map(SigningKey::verifier).collect())
}

/// Pins the keys of a log: from now on, and instead of any pinned before. Its origin is the keys' name.
///
/// # Errors
/// [`StoreError`].
pub fn trust(dir: &Path, keys: &Path) -> Result<String, StoreError> {
    let _lock = lock(dir)?;
    let pinned = public_keys(keys)?;
    let mut names: Vec<&str> = pinned.iter().map(VerifierKey::name).collect();
    names.dedup();
    let [origin] = names.as_slice() else {
        let names = if names.is_empty() { "nobody".to_owned() } else { names.join(", ") };
        return Err(StoreError::Names { path: keys.to_owned(), names });
    };
    let directory = dir.join("logs").join(directory_name(origin));
    fs::create_dir_all(directory.join("refused")).map_err(failed(&directory, "made"))?;
    let lines: String = pinned.iter().map(|key| format!("{key}\n")).collect();
    replace(&directory.join("keys"), lines.as_bytes())?;
    sync(&dir.join("logs"))?;
    Ok((*origin).to_owned())
}

/// Follows a statement by which the keys of a log that is known here change (换钥声明), and answers it with this witness's lines beneath it, made
/// at `now`, in seconds since 1970. It ends the keys that were pinned, so no second statement of theirs is ever followed. `by_hand`: a person
/// vouches for it, as revocations need.
///
/// # Errors
/// [`StoreError`]; then what is pinned is as it was.
pub fn follow(dir: &Path, statement: &Path, by_hand: bool, now: u64) -> Result<Note, StoreError> {
    // Before the lock, which would make a file in a directory that is none; and under it, for another may have been followed since.
    Memory::read(dir)?;
    let _lock = lock(dir)?;
    let memory = Memory::read(dir)?;
    let bytes = fs::read(statement).map_err(failed(statement, "read"))?;
    let refused = |source| StoreError::Change { path: statement.to_owned(), source };
    let mut note = Note::parse(&bytes).map_err(|error| refused(error.into()))?;
    let said = KeyChange::signed(&note).map_err(refused)?;
    let stranger = || refused(KeyChangeError::NotFromHere(said.origin.clone()));
    let log = memory.logs.get(&said.origin).ok_or_else(stranger)?;
    // Old keys would end before what they signed here.
    if log.seen().as_ref().is_some_and(|seen| seen.size > said.after) && said.why.keeps_old() {
        return Err(stranger());
    }
    let pinned = KeyChange::followed(&note, &log.pinned, 0, by_hand).map_err(refused)?;
    let lines: String = pinned.iter().map(|key| format!("{key}\n")).collect();
    replace(&log.directory.join("keys"), lines.as_bytes())?;
    memory.keys.iter().for_each(|key| note.add(key.sign(&said.to_string(), now)));
    Ok(note)
}

impl Memory {
    /// Reads a witness's directory, whoever uses it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn read(dir: &Path) -> Result<Self, StoreError> {
        let keys = secrets::read(&dir.join("witness.secret"))?;
        let keys = keys.ok_or_else(|| StoreError::NoWitness(dir.to_owned()))?;
        let own: Vec<_> = keys.iter().map(SigningKey::verifier).collect();
        let logs = dir.join("logs");
        let mut known = BTreeMap::new();
        for entry in fs::read_dir(&logs).map_err(failed(&logs, "read"))? {
            let directory = entry.map_err(failed(&logs, "read"))?.path();
            let path = directory.join("keys");
            // Made, and not yet filled when the process was killed.
            if !path.exists() {
                continue;
            }
            let pinned = public_keys(&path)?;
            let Some(origin) = pinned.first().map(|key| key.name().to_owned()) else { continue };
            let seen = cosigned(&directory.join("seen"), &origin, &own)?.map(|(_, checkpoint)| checkpoint);
            let seen = Mutex::new(seen);
            known.insert(origin, Log { directory, pinned, seen });
        }
        Ok(Self { keys, logs: known })
    }

    /// Its public keys.
    pub fn public(&self) -> Vec<VerifierKey> {
        self.keys.iter().map(SigningKey::verifier).collect()
    }

    /// What is remembered of each log: origin and size.
    pub fn remembered(&self) -> Vec<(String, u64)> {
        let size = |log: &Log| log.seen().as_ref().map_or(0, |seen| seen.size);
        self.logs.iter().map(|(origin, log)| (origin.clone(), size(log))).collect()
    }

    /// The checkpoint of this log that was cosigned last.
    pub fn seen(&self, origin: &str) -> Option<Checkpoint> {
        self.logs.get(origin)?.seen().clone()
    }

    /// Keys that show that the log of this origin, or this witness, signed.
    pub fn keys_for(&self, origin: &str) -> Vec<VerifierKey> {
        let pinned = self.logs.get(origin).map_or_else(Vec::new, |log| log.pinned.clone());
        pinned.into_iter().chain(self.public()).collect()
    }

    /// The copies that are kept here, by origin, or what is wrong with them.
    pub fn mirrors(&self) -> BTreeMap<String, Result<Mirror, StoreError>> {
        let kept = self.logs.iter().filter(|(_, log)| mirror::is_kept(&log.directory.join(LEAVES)));
        kept.map(|(origin, log)| (origin.clone(), log.mirror(origin, &self.public()))).collect()
    }
}

impl Witness {
    /// Opens a witness's directory to sign.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        // Before the lock, which would make a file in a directory that is none.
        Memory::read(dir)?;
        let lock = lock(dir)?;
        Ok(Self { memory: Memory::read(dir)?, mirrors: None, reserve_bytes: 0, _lock: lock })
    }

    /// The same witness, which keeps copies of the logs that send their leaves. One that is damaged takes nothing, and stops no
    /// cosigning; answered is what is wrong with those. No leaf is taken while less than this is free on the disk, so that there is
    /// always room to remember what is cosigned.
    pub fn keeping_copies(mut self, reserve_bytes: u64) -> (Self, Vec<StoreError>) {
        let (mut mirrors, mut damaged, own) = (BTreeMap::new(), Vec::new(), self.memory.public());
        for (origin, log) in &self.memory.logs {
            let sound = log.mirror(origin, &own).and_then(|mut mirror| {
                mirror.can_go_on()?;
                log.settle(&mut mirror, &own)?;
                Ok(mirror)
            });
            mirrors.insert(origin.clone(), Mutex::new(sound.map_err(|error| damaged.push(error)).ok()));
        }
        (self.mirrors, self.reserve_bytes) = (Some(mirrors), reserve_bytes);
        (self, damaged)
    }

    /// Whether it keeps copies at all.
    pub fn keeps_copies(&self) -> bool {
        self.mirrors.is_some()
    }

    /// Takes leaves into the copy of their log, and answers how far it is then.
    ///
    /// # Errors
    /// [`StoreError`] if something could not be written: how far it is then shows the next time.
    pub fn add_leaves(&self, upload: &Upload) -> Result<Result<Held, NotTaken>, StoreError> {
        let mirror = self.mirrors.as_ref().and_then(|mirrors| mirrors.get(&upload.origin));
        let (Some(mirror), Some(log)) = (mirror, self.memory.logs.get(&upload.origin)) else {
            return Ok(Err(NotTaken::NoCopy));
        };
        // What is held changes only once it is on the disk, so a panic leaves it as it was.
        let mut place = mirror.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(mirror) = place.as_mut() else { return Ok(Err(NotTaken::Damaged)) };
        if !upload.leaves.is_empty() && fs4::available_space(&log.directory).is_ok_and(|free| free < self.reserve_bytes)
        {
            return Ok(Err(NotTaken::NoRoom));
        }
        let own = self.memory.public();
        let taken = log.take(mirror, upload, &own);
        if taken.is_err() {
            *place = log.mirror(&upload.origin, &own).ok();
        }
        taken
    }

    /// What it remembers.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Judges a request; if it is found good, remembers it on the disk and answers the lines of the cosignatures. `now` is in
    /// seconds since 1970.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be remembered: then it is not cosigned.
    pub fn add_checkpoint(&self, request: &Request, now: u64) -> Result<Result<String, Refusal>, StoreError> {
        let Some(log) = self.memory.logs.get(&request.checkpoint.origin) else {
            return Ok(Err(Refusal::UnknownOrigin));
        };
        let mut seen = log.seen();
        if let Err(refusal) = judge(&log.pinned, seen.as_ref(), request) {
            if refusal.is_evidence() {
                log.keep(request, refusal == Refusal::Fork)?;
            }
            return Ok(Err(refusal));
        }
        let lines: Vec<_> = self.memory.keys.iter().map(|key| key.sign(request.note.text(), now)).collect();
        let mut cosigned = request.note.clone();
        lines.iter().for_each(|line| cosigned.add(line.clone()));
        replace(&log.directory.join("seen"), cosigned.to_string().as_bytes())?;
        *seen = Some(request.checkpoint.clone());
        Ok(Ok(lines.iter().map(|line| format!("{line}\n")).collect()))
    }
}

impl Log {
    fn mirror(&self, origin: &str, own: &[VerifierKey]) -> Result<Mirror, StoreError> {
        Mirror::open(&self.directory.join(LEAVES), origin, own)
    }

    fn take(
        &self,
        mirror: &mut Mirror,
        upload: &Upload,
        own: &[VerifierKey],
    ) -> Result<Result<Held, NotTaken>, StoreError> {
        // Where a crash came between the last leaf and the word that all are there.
        self.settle(mirror, own)?;
        let Some(seen) = self.seen().clone() else {
            return Ok(Err(NotTaken::Elsewhere(Held { held: mirror.held(), seen: 0 })));
        };
        if let Err(why) = mirror.take(upload, &seen)? {
            return Ok(Err(why));
        }
        self.settle(mirror, own)?;
        Ok(Ok(Held { held: mirror.held(), seen: seen.size }))
    }

    /// Keeps the checkpoint that was cosigned last beside the copy, if all of its leaves are there.
    fn settle(&self, mirror: &mut Mirror, own: &[VerifierKey]) -> Result<(), StoreError> {
        // Held, so that the file is that of what is remembered.
        let seen = self.seen();
        let Some(seen) = seen.as_ref().filter(|seen| seen.size == mirror.held()) else { return Ok(()) };
        if mirror.checkpoint().is_some_and(|(_, kept)| kept == seen) {
            return Ok(());
        }
        match cosigned(&self.directory.join("seen"), &seen.origin, own)? {
            Some((note, written)) if written == *seen => mirror.keep(note, seen),
            // Another one was being written when the disk failed: it is remembered when the process starts anew.
            _ => Ok(()),
        }
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Option<Checkpoint>> {
        // What is remembered changes only once it is on the disk, so a panic leaves it as it was.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a refused request under the name of its checkpoint's hash: once, whatever proof comes with it, so that only who can
    /// sign for the log takes room. A fork is kept however many there are.
    fn keep(&self, request: &Request, always: bool) -> Result<(), StoreError> {
        let directory = self.directory.join("refused");
        let bytes = request.encode();
        let kind = if always { "fork" } else { "request" };
        let path = directory.join(format!("{}.{kind}", Hash::of(request.note.text().as_bytes())));
        let kept = fs::read_dir(&directory).map_err(failed(&directory, "read"))?.count();
        if path.exists() || (kept >= REFUSED_LIMIT && !always) {
            return Ok(());
        }
        replace(&path, &bytes)
    }
}

/// A checkpoint that this witness cosigned, as it wrote it down.
pub(crate) fn cosigned(
    path: &Path,
    origin: &str,
    own: &[VerifierKey],
) -> Result<Option<(Note, Checkpoint)>, StoreError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(path, "read")(error)),
    };
    let damaged = |why: String| StoreError::Damaged { path: path.to_owned(), why };
    let note = Note::parse(&bytes).map_err(|error| damaged(error.to_string()))?;
    let checkpoint = Checkpoint::parse(note.text()).map_err(|error| damaged(error.to_string()))?;
    let signers = note.verified_by(checkpoint.size, own).map_err(|error| damaged(error.to_string()))?;
    if signers.is_empty() {
        return Err(damaged("it was not cosigned here".to_owned()));
    }
    if checkpoint.origin == origin {
        Ok(Some((note, checkpoint)))
    } else {
        Err(damaged("it is of another log".to_owned()))
    }
}

fn public_keys(path: &Path) -> Result<Vec<VerifierKey>, StoreError> {
    let text = fs::read_to_string(path).map_err(failed(path, "read"))?;
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys = lines.map(VerifierKey::parse).collect::<Result<Vec<_>, _>>();
    keys.map_err(|source| StoreError::Keys { path: path.to_owned(), source })
}

/// A name for a log's directory that a person recognises, and no two logs share.
fn directory_name(origin: &str) -> String {
    let plain: String = origin.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(60).collect();
    format!("{plain}-{}", &Hash::of(origin.as_bytes()).to_string()[..8])
}

fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join("lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed(&path, "made"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(StoreError::Locked(dir.to_owned())),
        Err(fs::TryLockError::Error(error)) => Err(failed(&path, "locked")(error)),
    }
}

/// Puts bytes under a name, on the disk, whole or not at all.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let half = path.with_extension("half");
    let write = || {
        let mut file = File::create(&half)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&half, path)
    };
    write().map_err(failed(path, "written"))?;
    sync(path.parent().unwrap_or(Path::new(".")))
}

pub(crate) fn sync(directory: &Path) -> Result<(), StoreError> {
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed(directory, "synced"))
}

pub(crate) fn failed<'p>(path: &'p Path, action: &'static str) -> impl Fn(io::Error) -> StoreError + 'p {
    move |source| StoreError::File { path: path.to_owned(), action, source }
}
