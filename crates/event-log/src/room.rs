//! Whether a disk is full. SQLite tells some faces of it as a plain I/O error, without what the system said, and a person
//! who is sent to look at permissions then looks in vain.

use std::path::Path;

/// What opening a database at rest needs: the shared index of its WAL, and a page or two.
const OPENING_BYTES: u64 = 128 * 1024;

/// Whether the disk on which this file or directory stands, or would stand, has no room left to open a database.
pub fn is_full(path: &Path) -> bool {
    let standing = path.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    fs4::available_space(standing).is_ok_and(|bytes| bytes < OPENING_BYTES)
}
