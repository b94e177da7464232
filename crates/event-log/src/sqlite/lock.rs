//! The writer's lock: `flock` on a file beside the log, which the system lets go of however the process ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use crate::LogError;

/// Held for as long as this lives.
#[derive(Debug)]
pub struct WriterLock {
    file: File,
}

impl WriterLock {
    /// Takes the lock of the log, or other store, at `log`, or names the process that holds it.
    ///
    /// # Errors
    /// [`LogError::Locked`], [`LogError::File`].
    pub fn take(log: &Path) -> Result<Self, LogError> {
        let path = super::beside(log, ".lock");
        let failed =
            |source: std::io::Error| LogError::File { path: path.clone(), action: "locked", source: Arc::new(source) };
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Whoever holds it may be just about to write its name.
                let read = file.read_to_string(&mut holder).map(|_| holder.trim().to_owned());
                let holder = read.ok().filter(|name| !name.is_empty()).unwrap_or("another program".to_owned());
                return Err(LogError::Locked { path: log.to_owned(), holder });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let program = std::env::args().next().unwrap_or_default();
        let program = Path::new(&program).file_name().unwrap_or_default().to_string_lossy();
        let mut name = || {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "{program} (pid {})", std::process::id())
        };
        name().map_err(failed)?;
        Ok(Self { file })
    }
}

impl Drop for WriterLock {
    fn drop(&mut self) {
        // A name that outlives its process would mislead whoever reads the file; the lock goes with the descriptor.
        let _ = self.file.set_len(0);
    }
}
