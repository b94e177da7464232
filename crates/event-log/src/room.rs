//! Whether a disk is full. SQLite tells some faces of it as a plain I/O error, without what the system said, and a person
//! who is sent to look at permissions then looks in vain.

use std::path::Path;

use crate::LogError;

/// What opening a database at rest needs: the shared index of its WAL, and a page or two.
const OPENING_BYTES: u64 = 128 * 1024;

/// Whether the disk on which this file or directory stands, or would stand, has no room left to open a database.
pub fn is_full(path: &Path) -> bool {
    free_bytes(path).is_some_and(|bytes| bytes < OPENING_BYTES)
}

/// Refuses before a disk is filled: the log that is being served may stand on the same one.
pub(crate) fn expect(path: &Path, needed_bytes: u64) -> Result<(), LogError> {
    match free_bytes(path) {
        Some(free_bytes) if free_bytes < needed_bytes.saturating_add(OPENING_BYTES) => {
            Err(LogError::TooLittleRoom { path: path.to_owned(), free_bytes, needed_bytes })
        }
        _ => Ok(()),
    }
}

/// None where the system does not say.
fn free_bytes(path: &Path) -> Option<u64> {
    let standing = path.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    fs4::available_space(standing).ok()
}
