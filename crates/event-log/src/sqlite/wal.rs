//! A write-ahead log that an earlier process left, put onto the disk before SQLite believes it.
//!
//! When a sync fails, Linux counts what it could not write as clean: it stays in memory, everybody reads it, and the next sync
//! succeeds without writing it. If the process died then, the next one finds a WAL that looks whole. Its first checkpoint syncs
//! the WAL, which does nothing, and overwrites pages of the database; and if the power goes in the midst of that, the disk holds
//! half of the new pages and no WAL to finish them from: the log is torn. So every byte of the WAL is written once more and
//! synced by whoever holds the writer's lock, before SQLite opens the log. Whoever reads beside it sees the same bytes before and
//! after. A program that writes without heeding the lock would have a commit of that very moment written over.
//!
//! What is gone has to be gone for certain, too: a WAL that was cut to nothing or deleted, and not synced, may be back after the
//! power went, and with it a commit of which somebody was told meanwhile that it does not stand.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

/// How much is in hand at a time.
const PIECE_BYTES: usize = 1 << 20;

/// A file as far as it is needed here. In `tests/model` the disk is another.
#[cfg_attr(not(feature = "model"), expect(unreachable_pub, reason = "the model hands in its own"))]
pub trait Medium {
    /// Fills the buffer from there, as far as the file goes; how much it was.
    ///
    /// # Errors
    /// What the disk says.
    fn read_at(&mut self, at: u64, into: &mut [u8]) -> io::Result<usize>;

    /// Writes all of it there.
    ///
    /// # Errors
    /// What the disk says.
    fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<()>;

    /// Returns once all of it is on the disk.
    ///
    /// # Errors
    /// What the disk says.
    fn sync(&mut self) -> io::Result<()>;
}

impl Medium for File {
    fn read_at(&mut self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        self.seek(SeekFrom::Start(at))?;
        let mut filled = 0;
        while filled < into.len() {
            match self.read(&mut into[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.seek(SeekFrom::Start(at))?;
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Writes the WAL of this database once more, and makes certain which one it is, or that there is none. Holds up the thread it is called on. The database itself is not opened
/// here: to close it would let go of the locks that SQLite's connections in this process have on it.
///
/// # Errors
/// What the disk says; then the database is not to be opened.
pub fn make_wal_certain(database: &Path) -> io::Result<()> {
    // SQLite's own names are beside what a link leads to.
    let database = std::fs::canonicalize(database).unwrap_or_else(|_| database.to_owned());
    let path = super::beside(&database, "-wal");
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    #[cfg(feature = "model")]
    if let Some(disk) = crate::model::other_disk() {
        (disk.open)(&path)?.map_or(Ok(()), |mut file| again(&mut *file))?;
        return if planted!(WalComesBack) { Ok(()) } else { (disk.sync_directory)(directory) };
    }
    match File::options().read(true).write(true).open(&path) {
        Ok(mut file) => again(&mut file)?,
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    File::open(directory)?.sync_all()
}

fn again(file: &mut dyn Medium) -> io::Result<()> {
    let mut piece = vec![0; PIECE_BYTES];
    let mut at = 0;
    loop {
        let read = file.read_at(at, &mut piece)?;
        if read == 0 {
            break;
        }
        file.write_at(at, &piece[..read])?;
        at += read as u64;
    }
    if at == 0 && planted!(WalComesBack) { Ok(()) } else { file.sync() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Remembers what was asked of it.
    struct Noted {
        bytes: Vec<u8>,
        written: Vec<bool>,
        synced: usize,
    }

    impl Medium for Noted {
        fn read_at(&mut self, at: u64, into: &mut [u8]) -> io::Result<usize> {
            let rest = &self.bytes[usize::try_from(at).unwrap()..];
            let len = rest.len().min(into.len());
            into[..len].copy_from_slice(&rest[..len]);
            Ok(len)
        }

        fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
            let at = usize::try_from(at).unwrap();
            self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
            self.written[at..at + bytes.len()].fill(true);
            Ok(())
        }

        fn sync(&mut self) -> io::Result<()> {
            assert!(self.written.iter().all(|written| *written));
            self.synced += 1;
            Ok(())
        }
    }

    #[test]
    fn every_byte_is_written_as_it_was_and_then_synced() {
        for len in [0, 1, PIECE_BYTES - 1, PIECE_BYTES, 2 * PIECE_BYTES + 7] {
            let bytes: Vec<u8> = (0..len).map(|n| (n % 251).to_le_bytes()[0]).collect();
            let mut file = Noted { bytes: bytes.clone(), written: vec![false; len], synced: 0 };
            again(&mut file).unwrap();
            assert!(file.bytes == bytes && file.synced == 1, "{len} bytes");
        }
    }

    #[test]
    fn a_file_stays_as_it_is_and_none_is_made() {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("log.sqlite");
        make_wal_certain(&database).unwrap();
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
        let (wal, bytes) = (directory.path().join("log.sqlite-wal"), vec![7; PIECE_BYTES + 1]);
        std::fs::write(&wal, &bytes).unwrap();
        make_wal_certain(&database).unwrap();
        assert!(std::fs::read(wal).unwrap() == bytes);
    }
}
