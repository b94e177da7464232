//! What each witness signed last, a file for each: whoever remembers less than that was put back. And what all of them ever signed, for
//! whoever checks the log's times by theirs: of each size the first note and the last.

use std::{
    io,
    path::{Path, PathBuf},
};

use event_log::Centre;
use transparency::{
    Checkpoint,
    note::{Note, VerifierKey},
};

use crate::checkpoints;

/// What a file's name ends with while it is being written: the name of no witness's file does.
pub(super) const HALF: &str = "~";

/// Held by whoever writes there.
const LOCK: &str = "lock";

/// The directory of these files.
pub(super) struct Kept(PathBuf);

/// What one witness signed last of one centre's log.
pub(super) struct File<'a> {
    directory: &'a Path,
    name: String,
}

/// Why it is not known here what a witness signed last.
pub(crate) enum Unread {
    /// What is kept is not what it signed.
    Altered(String),
    Unreadable(String),
}

impl Kept {
    /// That of a data directory.
    pub(super) fn of(data: &Path) -> Self {
        Self(data.join(checkpoints::DIRECTORY))
    }

    pub(super) fn file(&self, centre: &Centre, witness: &str) -> File<'_> {
        File { directory: &self.0, name: file_name(centre, witness) }
    }

    /// Keeps a note that was cosigned, in a directory of the centre's own. Of a size that did not change for days the notes between the
    /// first and the last bind nothing that these two do not.
    pub(super) fn add(&self, centre: &Centre, size: u64, note: &Note) -> Result<(), String> {
        let directory = self.0.join(centre.as_str());
        let [first, last] = ["first", "last"].map(|which| directory.join(format!("{size:012}.{which}")));
        let path = if first.exists() { last } else { first };
        let add = || {
            std::fs::create_dir_all(&directory)?;
            replace(&self.0, &format!("{centre}{HALF}"), &path, note)
        };
        add().map_err(|error| format!("{}: {error}", path.display()))
    }
}

impl File<'_> {
    pub(super) fn path(&self) -> PathBuf {
        self.directory.join(&self.name)
    }

    /// The size that was signed, as far as is known here; 0 if none is. `now` is a checkpoint of the same log, `keys` are the
    /// witness's.
    pub(super) fn size(&self, now: &Checkpoint, keys: &[VerifierKey]) -> Result<u64, Unread> {
        let path = self.path();
        let altered = |why: String| Unread::Altered(format!("{}: {why}", path.display()));
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(Unread::Unreadable(format!("{}: {error}", path.display()))),
        };
        let note = Note::parse(&bytes).map_err(|error| altered(error.to_string()))?;
        let then = Checkpoint::parse(note.text()).map_err(|error| altered(error.to_string()))?;
        let signers = note.verified_by(then.size, keys).map_err(|error| altered(error.to_string()))?;
        if signers.is_empty() || then.origin != now.origin {
            return Err(altered(format!("none of its keys signed this of `{}`", now.origin)));
        }
        Ok(then.size)
    }

    pub(super) fn write(&self, note: &Note) -> io::Result<()> {
        std::fs::create_dir_all(self.directory)?;
        replace(self.directory, &format!("{}{HALF}", self.name), &self.path(), note)
    }
}

/// Whole or not at all, whoever else does the same and wherever the power goes.
fn replace(directory: &Path, half: &str, path: &Path, note: &Note) -> io::Result<()> {
    // The service and a command may both keep something just now.
    let lock = std::fs::File::create(directory.join(LOCK))?;
    lock.lock()?;
    let half = directory.join(half);
    let mut file = std::fs::File::create(&half)?;
    io::Write::write_all(&mut file, note.to_string().as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&half, path)?;
    // Elsewhere a directory cannot be opened, and need not be.
    #[cfg(unix)]
    path.parent().map_or(Ok(()), |parent| std::fs::File::open(parent)?.sync_all())?;
    Ok(())
}

/// Where it is kept what a witness signed of a centre's log. No two names have the same: what is neither letter nor digit is written
/// as its bytes.
pub(super) fn file_name(centre: &Centre, name: &str) -> String {
    let mut file = format!("{centre}.");
    for c in name.chars() {
        if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') {
            file.push(c);
        } else {
            let mut bytes = [0; 4];
            file.extend(c.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02x}")));
        }
    }
    file
}
