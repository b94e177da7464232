//! What SQLite asks of the disk, and what the disk does instead where it is told to fail.

use std::ffi::c_int;

use libsqlite3_sys as sqlite;

use super::{CLOSED, Disk, Fault, File, Naming, Open, Verdict};
use crate::trace::mix;

impl Disk {
    pub(super) fn open(&mut self, path: Option<String>, flags: c_int) -> Option<u64> {
        if self.is_dead {
            return None;
        }
        let is_temporary = path.is_none();
        let name = path.unwrap_or_else(|| format!("temporary {}", self.next_open));
        let creates = flags & sqlite::SQLITE_OPEN_CREATE != 0;
        let file = match self.names.get(&name) {
            Some(file) => *file,
            None if !creates => return None,
            None if is_temporary => {
                self.files.push(File::default());
                self.files.len() - 1
            }
            None => self.create(&name),
        };
        let id = self.next_open;
        self.next_open += 1;
        // A database's name is made certain by whoever creates it; its journal's by whoever could have created it.
        let syncs_directory = creates && flags & (sqlite::SQLITE_OPEN_WAL | sqlite::SQLITE_OPEN_MAIN_JOURNAL) != 0;
        let lock = sqlite::SQLITE_LOCK_NONE;
        let open = Open { name, file, is_temporary, syncs_directory, lock, shared_locks: 0, exclusive_locks: 0 };
        self.open.insert(id, open);
        self.note(id, format_args!("is opened"));
        Some(id)
    }

    pub(super) fn close(&mut self, id: u64) {
        self.unmap(id);
        self.open.remove(&id);
        CLOSED.notify_all();
    }

    pub(super) fn read_at(&mut self, id: u64, into: &mut [u8], at: usize) -> c_int {
        if self.read() != Verdict::Go {
            return sqlite::SQLITE_IOERR_READ;
        }
        let Some(file) = self.file(id) else { return sqlite::SQLITE_IOERR_READ };
        let there = file.bytes().get(at..).unwrap_or_default();
        let len = there.len().min(into.len());
        into[..len].copy_from_slice(&there[..len]);
        if len < into.len() { sqlite::SQLITE_IOERR_SHORT_READ } else { sqlite::SQLITE_OK }
    }

    pub(super) fn write_at(&mut self, id: u64, bytes: &[u8], at: usize) -> c_int {
        if self.is_temporary(id) {
            self.file(id).into_iter().for_each(|file| file.write(at, bytes));
            return sqlite::SQLITE_OK;
        }
        let (was_dead, verdict) = (self.is_dead, self.change());
        // One that is not done may be done in part, but by the dead.
        let part = match verdict {
            Verdict::Go => bytes.len(),
            _ if was_dead => return sqlite::SQLITE_IOERR_WRITE,
            _ => [0, self.chance.index(bytes.len())][self.chance.index(2)],
        };
        self.note(id, format_args!("writes {part} of {} at {at}: {:x}", bytes.len(), mix(0, bytes)));
        self.file(id).into_iter().filter(|_| part > 0).for_each(|file| file.write(at, &bytes[..part]));
        match verdict {
            Verdict::Go => sqlite::SQLITE_OK,
            Verdict::Refuse { no_room: true } => {
                self.refused.no_room += 1;
                sqlite::SQLITE_FULL
            }
            Verdict::Refuse { .. } => {
                self.refused.writes += 1;
                sqlite::SQLITE_IOERR_WRITE
            }
            Verdict::Dead => sqlite::SQLITE_IOERR_WRITE,
        }
    }

    pub(super) fn truncate(&mut self, id: u64, len: usize) -> c_int {
        if !self.may_change(id, format_args!("is cut to {len}")) {
            return sqlite::SQLITE_IOERR_TRUNCATE;
        }
        self.file(id).into_iter().for_each(|file| file.cut(len));
        sqlite::SQLITE_OK
    }

    pub(super) fn sync(&mut self, id: u64) -> c_int {
        let verdict = if self.is_temporary(id) { return sqlite::SQLITE_OK } else { self.change() };
        self.syncs += u64::from(verdict == Verdict::Go);
        let is_unsynced = verdict == Verdict::Go && self.fault == Some(Fault::Unsynced { sync: self.syncs });
        let verdict = if is_unsynced { Verdict::Refuse { no_room: false } } else { verdict };
        let Some(open) = self.open.get_mut(&id) else { return sqlite::SQLITE_IOERR_FSYNC };
        let file = open.file;
        // A disk without room has found it when the bytes were written.
        let is_done = matches!(verdict, Verdict::Go | Verdict::Refuse { no_room: true });
        if is_done {
            let syncs_directory = std::mem::take(&mut open.syncs_directory);
            self.files[file].sync();
            if syncs_directory {
                self.sync_names();
            }
            self.note(id, format_args!("is synced, directory {syncs_directory}"));
            return sqlite::SQLITE_OK;
        }
        if verdict != Verdict::Dead {
            self.refused.syncs += 1;
            self.files[file].sync_failed(&mut self.chance);
            self.note(id, format_args!("fails to sync"));
        }
        sqlite::SQLITE_IOERR_FSYNC
    }

    /// The only one there is.
    pub(super) fn sync_directory(&mut self) -> c_int {
        match self.change() {
            Verdict::Go | Verdict::Refuse { no_room: true } => {
                self.sync_names();
                self.trace.note(format_args!("  the directory is synced"));
                sqlite::SQLITE_OK
            }
            Verdict::Refuse { .. } => {
                self.refused.others += 1;
                sqlite::SQLITE_IOERR_DIR_FSYNC
            }
            Verdict::Dead => sqlite::SQLITE_IOERR_DIR_FSYNC,
        }
    }

    pub(super) fn delete(&mut self, name: &str, sync_directory: bool) -> c_int {
        match self.change() {
            Verdict::Go | Verdict::Refuse { no_room: true } => {}
            Verdict::Refuse { .. } => {
                self.refused.others += 1;
                self.trace.note(format_args!("{} is refused to be deleted", short(name)));
                return sqlite::SQLITE_IOERR_DELETE;
            }
            Verdict::Dead => return sqlite::SQLITE_IOERR_DELETE,
        }
        self.trace.note(format_args!("{} is deleted, directory {sync_directory}", short(name)));
        if self.names.remove(name).is_none() {
            return sqlite::SQLITE_IOERR_DELETE_NOENT;
        }
        self.unsynced_names.push(Naming { name: name.to_owned(), file: None });
        if sync_directory {
            self.sync_names();
        }
        sqlite::SQLITE_OK
    }

    fn may_change(&mut self, id: u64, what: std::fmt::Arguments<'_>) -> bool {
        let verdict = if self.is_temporary(id) { return true } else { self.change() };
        match verdict {
            Verdict::Go | Verdict::Refuse { no_room: true } => self.note(id, what),
            Verdict::Refuse { .. } => {
                self.refused.others += 1;
                self.note(id, format_args!("refused: {what}"));
                return false;
            }
            Verdict::Dead => return false,
        }
        true
    }

    fn note(&mut self, id: u64, what: std::fmt::Arguments<'_>) {
        let Some(open) = self.open.get(&id) else { return };
        self.trace.note(format_args!("  {} {what}", short(&open.name)));
    }
}

/// A file's name without its directory, which is another in every run.
pub(super) fn short(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
