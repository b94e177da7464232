//! Files of the same disk that the log opens without SQLite.

use std::ffi::c_int;
use std::io;
use std::path::Path;

use event_log::model::{Medium, OtherDisk};
use libsqlite3_sys as sqlite;

use super::with;

/// This disk, as the log reaches it.
pub(crate) const PLAIN: OtherDisk = OtherDisk { open, sync_directory };

/// One that is open until it is dropped.
struct Plain(u64);

/// Opens a file that is there.
fn open(path: &Path) -> io::Result<Option<Box<dyn Medium>>> {
    let name = path.to_string_lossy().into_owned();
    with(|disk| {
        if disk.is_dead() {
            return Err(io::Error::other("the disk stopped"));
        }
        let opened = disk.open(Some(name), 0);
        Ok(opened.map(|id| Box::new(Plain(id)) as Box<dyn Medium>))
    })
}

fn sync_directory(_: &Path) -> io::Result<()> {
    with(|disk| done(disk.sync_directory()))
}

impl Medium for Plain {
    fn read_at(&mut self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        let at = usize::try_from(at).map_err(io::Error::other)?;
        with(|disk| {
            let len = disk.file(self.0).map_or(0, |file| file.bytes().len().saturating_sub(at)).min(into.len());
            done(disk.read_at(self.0, &mut into[..len], at)).map(|()| len)
        })
    }

    fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let at = usize::try_from(at).map_err(io::Error::other)?;
        with(|disk| done(disk.write_at(self.0, bytes, at)))
    }

    fn sync(&mut self) -> io::Result<()> {
        with(|disk| done(disk.sync(self.0)))
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        with(|disk| disk.close(self.0));
    }
}

fn done(code: c_int) -> io::Result<()> {
    match code {
        sqlite::SQLITE_OK => Ok(()),
        sqlite::SQLITE_FULL => Err(io::ErrorKind::StorageFull.into()),
        code => Err(io::Error::other(format!("the disk refused: {code}"))),
    }
}
