//! Files of any size, looked at and copied piece by piece, off the threads that serve everybody.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use transparency::Hasher;

use super::{BackupError, BackupFile};
use crate::LogError;

const PIECE_BYTES: usize = 1 << 20;

/// Size and hash of a file.
pub(super) async fn look(path: PathBuf) -> Result<BackupFile, BackupError> {
    off_the_threads(move || pass(&path, None)).await
}

/// Copies a file under a name that is not taken, and syncs it; the copy is what was looked at.
pub(super) async fn copy(from: PathBuf, to: PathBuf) -> Result<BackupFile, BackupError> {
    off_the_threads(move || pass(&from, Some(&to))).await
}

async fn off_the_threads(
    work: impl FnOnce() -> Result<BackupFile, BackupError> + Send + 'static,
) -> Result<BackupFile, BackupError> {
    // It panics or is thrown away only with the whole runtime.
    tokio::task::spawn_blocking(work).await.map_err(|_| LogError::Closed)?
}

fn pass(from: &Path, to: Option<&Path>) -> Result<BackupFile, BackupError> {
    let unread = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => BackupError::Altered { path: from.to_owned(), why: "is missing".to_owned() },
        _ => LogError::file(from, "read", error).into(),
    };
    let mut source = File::open(from).map_err(unread)?;
    let mut target = None;
    if let Some(to) = to {
        target = Some((to, File::create_new(to).map_err(|error| LogError::file(to, "created", error))?));
    }
    let (mut piece, mut hasher, mut bytes) = (vec![0; PIECE_BYTES], Hasher::default(), 0);
    loop {
        let read = match source.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => &piece[..read],
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(unread(error)),
        };
        hasher.update(read);
        bytes += read.len() as u64;
        if let Some((to, file)) = &mut target {
            file.write_all(read).map_err(|error| LogError::file(to, "written", error))?;
        }
    }
    if let Some((to, file)) = &target {
        file.sync_all().map_err(|error| LogError::file(to, "synced", error))?;
    }
    Ok(BackupFile { bytes, sm3: hasher.finish() })
}

/// Names are on the disk only once their directory is.
pub(super) fn sync_dir(dir: &Path) -> Result<(), LogError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(|error| LogError::file(dir, "synced", error))
}
