//! The master key, which wraps every person's key: by default a file; a module that never lets it out (GM/T 0018, an HSM) would
//! stand behind the same interface.
//!
//! It has **epochs**. When somebody's data is erased a new one is begun, all that is left is wrapped by it, and the old one is
//! destroyed: a copy of the store that was made before then opens nothing any more, whoever has it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use transparency::note::secrets::{create_private, mode};
use transparency::seal::{PersonKey, Place};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::KeyError;

/// What is written above the keys, for whoever opens the file by hand.
const WARNING: &str =
    "# Secret: with these lines and persons.sqlite everything can be read. Keep a copy where no copy of the log is.\n";

/// Wraps and unwraps.
pub trait MasterKey: Send + Sync {
    /// The epoch that new keys are wrapped in.
    fn epoch(&self) -> u64;

    /// Wraps a key; `whose` has to be given again to unwrap it.
    ///
    /// # Errors
    /// [`KeyError`].
    fn wrap(&self, whose: Uuid, key: &PersonKey) -> Result<Vec<u8>, KeyError>;

    /// Unwraps it.
    ///
    /// # Errors
    /// [`KeyError::OldStore`] if the epoch is over, [`KeyError::Altered`] if the bytes are not what was wrapped.
    fn unwrap(&self, whose: Uuid, epoch: u64, wrapped: &[u8]) -> Result<PersonKey, KeyError>;

    /// Begins a new epoch, if the last one is older than `than`; earlier ones go on to unwrap.
    ///
    /// # Errors
    /// [`KeyError`].
    fn begin_epoch(&self, than: u64) -> Result<u64, KeyError>;

    /// Destroys the keys of all epochs but the newest.
    ///
    /// # Errors
    /// [`KeyError`].
    fn destroy_earlier(&self) -> Result<(), KeyError>;
}

/// Master keys in a file that only its owner reads: a line `epoch hex` each.
pub struct MasterFile {
    path: PathBuf,
    /// The store that they open, to be named where they do not.
    store: PathBuf,
    keys: Mutex<BTreeMap<u64, PersonKey>>,
}

impl MasterFile {
    /// Reads the file; `None` if there is none.
    ///
    /// # Errors
    /// [`KeyError`], which never holds anything of a key.
    pub fn read(path: &Path, store: &Path) -> Result<Option<Self>, KeyError> {
        // Where it is a link, what it leads to is what will be replaced and overwritten.
        let path = &std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let failed = |error| file_error(path, "read", error);
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let mode = mode(&file).map_err(failed)?;
        if mode & 0o077 != 0 {
            return Err(KeyError::Open { path: path.to_owned(), mode });
        }
        let mut text = Zeroizing::new(String::new());
        file.read_to_string(&mut text).map_err(failed)?;
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let keys: Option<BTreeMap<u64, PersonKey>> = lines.map(parse).collect();
        match keys {
            Some(keys) if !keys.is_empty() => {
                Ok(Some(Self { path: path.to_owned(), store: store.to_owned(), keys: Mutex::new(keys) }))
            }
            _ => Err(KeyError::Content { path: path.to_owned() }),
        }
    }

    /// Makes the file with a key of epoch 1, where there is none.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn make(path: &Path, store: &Path) -> Result<Self, KeyError> {
        let keys = BTreeMap::from([(1, draw()?)]);
        let half = half(path);
        let made = || {
            write_new(&half, &keys)?;
            // Whoever makes it holds the log's lock, so nobody else does meanwhile.
            std::fs::rename(&half, path)?;
            sync_directory(path)
        };
        made().map_err(|error| file_error(path, "made", error))?;
        Ok(Self { path: path.to_owned(), store: store.to_owned(), keys: Mutex::new(keys) })
    }

    fn keys(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, PersonKey>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn replace(&self, keys: &BTreeMap<u64, PersonKey>) -> io::Result<()> {
        let half = half(&self.path);
        write_new(&half, keys)?;
        // Held open while the new one takes its name, and overwritten then: else its bytes stay on the disk, under no name.
        let mut old = File::options().read(true).write(true).open(&self.path)?;
        std::fs::rename(&half, &self.path)?;
        sync_directory(&self.path)?;
        let length = usize::try_from(old.metadata()?.len()).unwrap_or(0);
        old.seek(SeekFrom::Start(0))?;
        old.write_all(&vec![0; length])?;
        old.sync_all()
    }
}

impl MasterKey for MasterFile {
    fn epoch(&self) -> u64 {
        self.keys().last_key_value().map_or(0, |(epoch, _)| *epoch)
    }

    fn wrap(&self, whose: Uuid, key: &PersonKey) -> Result<Vec<u8>, KeyError> {
        let (keys, nonce) = (self.keys(), nonce()?);
        let (epoch, master) = keys.last_key_value().ok_or(KeyError::Content { path: self.path.clone() })?;
        let place = place(whose, *epoch);
        Ok(master.field(&place).seal(&place, nonce, key.bytes()))
    }

    fn unwrap(&self, whose: Uuid, epoch: u64, wrapped: &[u8]) -> Result<PersonKey, KeyError> {
        let mut keys = self.keys();
        let newest_of = |keys: &BTreeMap<u64, PersonKey>| keys.last_key_value().map_or(0, |(newest, _)| *newest);
        if epoch > newest_of(&keys)
            && let Some(newer) = Self::read(&self.path, &self.store)?
        {
            // The process that writes has begun an epoch since this one read the file.
            *keys = newer.keys.into_inner().unwrap_or_else(PoisonError::into_inner);
        }
        let newest = newest_of(&keys);
        let gone = || {
            if epoch > newest {
                return KeyError::OldMaster { path: self.path.clone(), found: newest, wanted: epoch };
            }
            KeyError::OldStore { path: self.store.clone(), found: epoch }
        };
        let (master, place) = (keys.get(&epoch).ok_or_else(gone)?, place(whose, epoch));
        let altered = |source| KeyError::Altered { whose: format!("person {whose}"), source };
        let bytes = Zeroizing::new(master.field(&place).open(&place, wrapped).map_err(altered)?);
        let bytes = bytes.as_slice().try_into().map_err(|_| altered(transparency::seal::OpenError::Altered))?;
        Ok(PersonKey::new(bytes))
    }

    fn begin_epoch(&self, than: u64) -> Result<u64, KeyError> {
        let mut keys = self.keys();
        let newest = keys.last_key_value().map_or(0, |(epoch, _)| *epoch);
        if newest > than {
            return Ok(newest);
        }
        let mut more = keys.clone();
        more.insert(newest + 1, draw()?);
        self.replace(&more).map_err(|error| file_error(&self.path, "written", error))?;
        *keys = more;
        Ok(newest + 1)
    }

    fn destroy_earlier(&self) -> Result<(), KeyError> {
        let mut keys = self.keys();
        let newest: BTreeMap<_, _> =
            keys.iter().next_back().map(|(epoch, key)| (*epoch, key.clone())).into_iter().collect();
        if newest.len() < keys.len() {
            self.replace(&newest).map_err(|error| file_error(&self.path, "written", error))?;
            *keys = newest;
        }
        Ok(())
    }
}

/// A key drawn at random.
pub(crate) fn draw() -> Result<PersonKey, KeyError> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut bytes[..]).map_err(|_| KeyError::Random)?;
    Ok(PersonKey::new(*bytes))
}

pub(crate) fn nonce() -> Result<[u8; 12], KeyError> {
    let mut bytes = [0; 12];
    getrandom::fill(&mut bytes).map_err(|_| KeyError::Random)?;
    Ok(bytes)
}

/// No field of a log stands here: those have versions from 1 and a stream.
fn place(whose: Uuid, epoch: u64) -> Place<'static> {
    Place { centre: "", stream: Uuid::nil(), version: epoch, person: whose, field: "yousu/person-key/v1" }
}

fn parse(line: &str) -> Option<(u64, PersonKey)> {
    let (epoch, hex) = line.split_once(' ')?;
    let mut bytes = Zeroizing::new([0; 32]);
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).ok()?;
    }
    Some((epoch.parse().ok()?, PersonKey::new(*bytes)))
}

fn half(path: &Path) -> PathBuf {
    path.with_extension("new")
}

fn write_new(path: &Path, keys: &BTreeMap<u64, PersonKey>) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = create_private(path)?;
    file.write_all(WARNING.as_bytes())?;
    for (epoch, key) in keys {
        let hex: String = key.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        file.write_all(Zeroizing::new(format!("{epoch} {hex}\n")).as_bytes())?;
    }
    file.sync_all()
}

pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}

pub(crate) fn file_error(path: &Path, action: &'static str, error: io::Error) -> KeyError {
    let (path, source) = (path.to_owned(), Arc::new(error));
    if source.kind() == ErrorKind::StorageFull {
        return KeyError::NoRoom { path, source };
    }
    KeyError::File { path, action, source }
}
