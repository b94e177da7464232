//! Backups: a directory with a copy of the log, a copy of its attachments, and a manifest that says what they must be.
//!
//! ```text
//! DIR/manifest.json            {"backup": {format, log_format, made_at, made_by, centres, log, attachments}, "sm3": …}
//! DIR/log.sqlite               the log as of one moment
//! DIR/log.sqlite.attachments   the attachments as of a later one: whatever the log names is there
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
    let dir = std::path::absolute(dir).map_err(|error| LogError::file(dir, "found", error))?;
    let partial = begin(&dir)?;
    let done = fill(log, &partial, made).await;
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

async fn fill(log: &dyn EventLog, partial: &Path, made: Made) -> Result<Manifest, BackupError> {
    let centres = log.copy_into(partial).await?;
    let (log, attachments) = (partial.join(LOG_NAME), partial.join(ATTACHMENTS_NAME));
    let manifest = Manifest {
        format: Manifest::FORMAT,
        log_format: transparency::FORMAT,
        made,
        centres,
        log: files::look(log).await?,
        attachments: files::look(attachments).await?,
    };
    manifest.write(partial)?;
    files::sync_dir(partial)?;
    Ok(manifest)
}
