//! From a backup to a log that can be opened: everything is checked before anything has the name that it is opened by.

use std::fs;
use std::path::Path;

use super::{BackupError, BackupFile, Manifest, files};
use crate::sqlite::{ATTACHMENTS_NAME, LOG_NAME, Places, SqliteLog, restored_heads};
use crate::{Access, EventLog as _, LogError, Progress, Report, room, sqlite_path};

/// What a restore brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What the backup said, and what was found to be so.
    pub manifest: Manifest,
    /// What verification found: no fault.
    pub report: Report,
}

/// Makes a log at `url` from the backup in the directory `from`. Nothing of that name may be there, and nobody may be
/// waiting to write it. The directory for it is made if it is not there.
///
/// Interrupted at any moment it leaves no log, and is done again by another call; or it leaves the whole one.
///
/// # Errors
/// [`BackupError`]: then the place is as it was.
pub async fn restore(
    from: &Path,
    url: &str,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Restored, BackupError> {
    let log = sqlite_path(url)?;
    let log = std::path::absolute(log).map_err(|error| LogError::file(log, "found", error))?;
    // Before anything is made: whoever gave the wrong directory finds nothing changed.
    let manifest = Manifest::read(from)?;
    let places = Places::of(&log);
    if let Some(path) = places.occupied() {
        return Err(BackupError::Occupied { path });
    }
    let dir = log.parent().unwrap_or(Path::new("/"));
    let made_dir = !dir.exists();
    fs::create_dir_all(dir).map_err(|error| LogError::file(dir, "made", error))?;
    let had_lock = places.lock_file().exists();
    let lock = places.lock()?;
    let done = bring_back(from, &places, manifest, progress).await;
    if done.is_err() {
        clear(&places);
        if !had_lock {
            let _ = fs::remove_file(places.lock_file());
        }
        if made_dir {
            let _ = fs::remove_dir(dir);
        }
    }
    drop(lock);
    done
}

async fn bring_back(
    from: &Path,
    places: &Places,
    manifest: Manifest,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Restored, BackupError> {
    // Under the lock once more: somebody may have been faster.
    if let Some(path) = places.occupied() {
        return Err(BackupError::Occupied { path });
    }
    clear(places);
    room::expect(&places.log, manifest.bytes())?;
    // The log first: for as long as it has this name, nobody takes the place for an installation or begins one there.
    for (name, to, kept) in [
        (LOG_NAME, &places.restoring, &manifest.log),
        (ATTACHMENTS_NAME, &places.restoring_attachments, &manifest.attachments),
    ] {
        let path = from.join(name);
        let BackupFile { bytes, sm3 } = files::copy(path.clone(), to.clone()).await?;
        if bytes != kept.bytes {
            let why = format!("has {bytes} bytes and had {}", kept.bytes);
            return Err(BackupError::Altered { path, why });
        }
        if sm3 != kept.sm3 {
            return Err(BackupError::Altered { path, why: "has another SM3 value than it had".to_owned() });
        }
    }

    let log = SqliteLog::open(&places.restoring, Access::Write).await?;
    let verified = log.verify(progress).await;
    log.close().await;
    let report = verified?;
    if !report.is_clean() {
        return Err(BackupError::Faults { path: from.to_owned(), report: Box::new(report) });
    }
    if restored_heads(&places.restoring).await? != manifest.centres {
        let why = "does not end where the manifest says".to_owned();
        return Err(BackupError::Altered { path: from.join(LOG_NAME), why });
    }

    let dir = places.log.parent().unwrap_or(Path::new("/"));
    rename(&places.restoring_attachments, &places.attachments)?;
    files::sync_dir(dir)?;
    rename(&places.restoring, &places.log)?;
    files::sync_dir(dir)?;
    clear(places);
    Ok(Restored { manifest, report })
}

fn rename(from: &Path, to: &Path) -> Result<(), LogError> {
    fs::rename(from, to).map_err(|error| LogError::file(to, "given its name", error))
}

/// Removes what this restore or an interrupted one has left; what cannot be removed stands in the way of the next one by name.
fn clear(places: &Places) {
    for path in places.left_over() {
        let _ = fs::remove_file(path);
    }
}
