//! What a small program of its own sees of the machine beside the server. It has the same two processors and the same disk, so a stall that it
//! shares may be anybody's, the server's included; one that it does not share is hardly the machine's.

use std::{fs::File, os::unix::fs::FileExt as _, path::Path};

use anyhow::Context as _;

/// Looks a second: enough to meet a pause of a tenth of a second, and little beside the server's own syncs.
pub(crate) const LOOKS: u64 = 20;
/// What SQLite writes at a time.
const PAGE: [u8; 4_096] = [0x59; 4_096];

/// A page on the disk of the data directory that is written over and over: its file never grows, so that a sync waits for the disk alone, and not
/// for the file system to write down where new pages are.
pub(crate) struct Page(File);

impl Page {
    pub(crate) fn new(dir: &Path) -> anyhow::Result<Self> {
        let file = tempfile::tempfile_in(dir).with_context(|| format!("cannot write in {}", dir.display()))?;
        file.write_all_at(&PAGE, 0)?;
        file.sync_all()?;
        Ok(Self(file))
    }

    pub(crate) fn sync(&self) -> anyhow::Result<()> {
        self.0.write_all_at(&PAGE, 0)?;
        Ok(self.0.sync_data()?)
    }
}
