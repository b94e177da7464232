//! Backups: a directory with a copy of the log, a copy of its attachments, and a manifest that says what they must be.
//!
//! ```text
//! DIR/manifest.json            {"backup": {format, log_format, made_at, made_by, centres, log, attachments, beside}, "sm3": …}
//! DIR/log.sqlite               the log as of one moment
//! DIR/log.sqlite.attachments   the attachments as of a later one: whatever the log names is there
//! DIR/…                        what the caller put beside them (`back_up_with`), as `yousu` does the keys of persons
//! ```
//!
//! The manifest names, for each centre, the last position and its leaf; for each file its size and its SM3 value; and `sm3` is
//! that of the text of `backup`. A damaged or shortened backup is refused by the name of the file that is. Whoever alters a
//! backup on purpose can write a manifest to it, as whoever holds the log can: that needs somebody outside.
//!
//! A backup is made under the name `DIR.partial` and gets its own when it is whole and on the disk. A restore works under
//! `log.sqlite.restoring`, and the log gets its name last: until then nothing else opens or makes a log there.
//!
//! Views are not in a backup. They are built anew.

mod error;
mod files;
mod manifest;
mod restore;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

pub use self::error::BackupError;
pub use self::manifest::{BackupFile, CopiedHead, Made, Manifest};
pub use self::restore::{Restored, restore};
use crate::sqlite::{ATTACHMENTS_NAME, LOG_NAME};
use crate::{EventLog, LogError};

/// Copies a log into the directory `dir`, which is not there or is empty, while others go on writing the log.
///
/// # Errors
/// [`BackupError`]: then there is no `dir` that was not there before, unless the process was killed.
pub async fn back_up(log: &dyn EventLog, dir: &Path, made: Made) -> Result<Manifest, BackupError> {
    back_up_with(log, dir, made, async |_| Ok(Vec::new())).await
}

/// The same with other files in it, which the caller writes once the log is copied, and names: each is on the disk, and the backup
/// gets its name only with them.
///
/// # Errors
/// As [`back_up`].
pub async fn back_up_with(
    log: &dyn EventLog,
    dir: &Path,
    made: Made,
    beside: impl AsyncFnOnce(&Path) -> Result<Vec<String>, BackupError>,
) -> Result<Manifest, BackupError> {
    let dir = std::path::absolute(dir).map_err(|error| LogError::file(dir, "found", error))?;
    let partial = begin(&dir)?;
    let done = fill(log, &partial, made, beside).await;
    let named = done.and_then(|manifest| {
        // Over an empty directory too; over one that got something meanwhile the system refuses.
        fs::rename(&partial, &dir).map_err(|error| LogError::file(&dir, "given its name", error))?;
        files::sync_dir(dir.parent().unwrap_or(&dir))?;
        Ok(manifest)
    });
    if named.is_err() {
        // The error is the answer; what cannot be removed now is named when somebody tries again.
        let _ = fs::remove_dir_all(&partial);
    }
    named
}

/// The directory's name until it is whole. Its parents are made too.
fn begin(dir: &Path) -> Result<PathBuf, BackupError> {
    match fs::read_dir(dir).map(|mut entries| entries.next().is_none()) {
        Ok(true) => {}
        Ok(false) => return Err(BackupError::Taken { path: dir.to_owned() }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(LogError::file(dir, "read as a directory", error).into()),
    }
    let (Some(parent), Some(name)) = (dir.parent(), dir.file_name()) else {
        return Err(BackupError::Taken { path: dir.to_owned() });
    };
    fs::create_dir_all(parent).map_err(|error| LogError::file(parent, "made", error))?;
    let mut name = name.to_owned();
    name.push(".partial");
    let partial = parent.join(name);
    match fs::create_dir(&partial) {
        Ok(()) => Ok(partial),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(BackupError::Unfinished { path: partial })
        }
        Err(error) => Err(LogError::file(&partial, "made", error).into()),
    }
}

/// Brings a file that stands beside the log in a backup to another place, byte for byte as the manifest has it; whether there is one.
///
/// # Errors
/// [`BackupError`].
pub async fn bring_beside(from: &Path, name: &str, to: &Path) -> Result<bool, BackupError> {
    let Some(kept) = Manifest::read(from)?.beside.remove(name) else { return Ok(false) };
    let path = from.join(name);
    if files::copy(path.clone(), to.to_owned()).await? != kept {
        return Err(BackupError::Altered { path, why: "is not the file that the manifest names".to_owned() });
    }
    Ok(true)
}

async fn fill(
    log: &dyn EventLog,
    partial: &Path,
    made: Made,
    beside: impl AsyncFnOnce(&Path) -> Result<Vec<String>, BackupError>,
) -> Result<Manifest, BackupError> {
    let centres = log.copy_into(partial).await?;
    let mut others = BTreeMap::new();
    for name in beside(partial).await? {
        let file = files::look(partial.join(&name)).await?;
        others.insert(name, file);
    }
    let (log, attachments) = (partial.join(LOG_NAME), partial.join(ATTACHMENTS_NAME));
    let manifest = Manifest {
        format: Manifest::FORMAT,
        log_format: transparency::FORMAT,
        made,
        centres,
        log: files::look(log).await?,
        attachments: files::look(attachments).await?,
        beside: others,
    };
    manifest.write(partial)?;
    files::sync_dir(partial)?;
    Ok(manifest)
}
