//! What a disk holds when the power goes: everything up to the last completed sync, and of the rest whatever chance left.
//!
//! What is assumed of the file system, and it is little:
//! - A sync makes durable what was written to that file by calls that had returned before the sync was called, once it has
//!   returned itself. Nothing else does; and it says nothing about the name of a file, which needs a sync of its directory.
//! - Of what was not synced, each write and each change of length may be there or not, whatever came before or after it,
//!   and a write may be there in part: sector by sector. A lost write under a kept longer file reads as zeros.
//! - Within a directory names change in the order in which they were changed (a journal), so a crash leaves a beginning of them.
//! - Bytes of a sector that a write did not touch stay as they were.

use std::os::unix::fs::PermissionsExt as _;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

use crate::{
    chance::Chance,
    record::{Call, Entry},
};

const SECTOR_BYTES: usize = 512;
/// `O_TRUNC` of Linux.
const TRUNCATES: u64 = 0o1000;

/// The disk as the calls of a record so far leave it.
#[derive(Debug, Default)]
pub(super) struct Disk<'a> {
    files: Vec<File<'a>>,
    inodes: BTreeMap<u64, usize>,
    folders: BTreeMap<String, Folder>,
    under_way: BTreeMap<u64, UnderWay<'a>>,
}

#[derive(Debug, Default)]
struct File<'a> {
    durable: Vec<u8>,
    later: Vec<Later<'a>>,
}

/// A change to a file that no sync has covered.
#[derive(Debug)]
struct Later<'a> {
    id: u64,
    what: Change<'a>,
    returned: bool,
}

#[derive(Debug, Clone, Copy)]
enum Change<'a> {
    Write(usize, &'a [u8]),
    Length(usize),
}

#[derive(Debug, Default)]
struct Folder {
    durable: BTreeMap<String, usize>,
    live: BTreeMap<String, usize>,
    later: Vec<Vec<(String, Option<usize>)>>,
}

#[derive(Debug)]
enum UnderWay<'a> {
    Opening { file: &'a str, flags: u64 },
    Change { file: usize },
    Sync { file: usize, covers: BTreeSet<u64> },
    FolderSync { folder: String, covers: usize },
    Renaming { from: &'a str, to: &'a str },
    Unlinking { file: &'a str },
}

/// What became of the writes that no sync had covered.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Fates {
    pub(super) kept: u64,
    pub(super) dropped: u64,
    pub(super) torn: u64,
}

impl<'a> Disk<'a> {
    /// One more line of the record happens.
    pub(super) fn step(&mut self, entry: &Entry<'a>) {
        match entry {
            Entry::Begun(call) => {
                if let Some(begun) = self.begin(call) {
                    self.under_way.insert(call.id, begun);
                }
            }
            Entry::Returned { id, result, inode } => {
                if let Some(begun) = self.under_way.remove(id) {
                    self.end(*id, begun, *result, *inode);
                }
            }
            Entry::Spoiled => {}
        }
    }

    fn begin(&mut self, call: &Call<'a>) -> Option<UnderWay<'a>> {
        // The index of a WAL is memory that happens to have a name: nothing in it is meant to last.
        if call.file.ends_with("-shm") {
            return None;
        }
        let offset = usize::try_from(call.offset).unwrap_or(usize::MAX);
        let file = self.inodes.get(&call.inode).copied();
        let mut change = |what| {
            let file = file?;
            self.files[file].later.push(Later { id: call.id, what, returned: false });
            Some(UnderWay::Change { file })
        };
        match call.name {
            "open" => Some(UnderWay::Opening { file: call.file, flags: call.length }),
            "write" | "pwrite" => change(Change::Write(offset, call.payload)),
            "ftruncate" => change(Change::Length(offset)),
            "fsync" | "fdatasync" => match file {
                Some(file) => {
                    let returned = self.files[file].later.iter().filter(|later| later.returned);
                    Some(UnderWay::Sync { file, covers: returned.map(|later| later.id).collect() })
                }
                None => {
                    let covers = self.folders.get(call.file).map_or(0, |folder| folder.later.len());
                    Some(UnderWay::FolderSync { folder: call.file.to_owned(), covers })
                }
            },
            "rename" => Some(UnderWay::Renaming { from: call.file, to: std::str::from_utf8(call.payload).ok()? }),
            "unlink" => Some(UnderWay::Unlinking { file: call.file }),
            _ => None,
        }
    }

    fn end(&mut self, id: u64, begun: UnderWay<'a>, result: i64, inode: u64) {
        match begun {
            UnderWay::Change { file } => {
                let later = &mut self.files[file].later;
                let Some(at) = later.iter().rposition(|later| later.id == id && !later.returned) else { return };
                match (usize::try_from(result), &mut later[at].what) {
                    (Err(_), _) => drop(later.remove(at)),
                    (Ok(written), Change::Write(_, bytes)) => {
                        *bytes = &bytes[..written.min(bytes.len())];
                        later[at].returned = true;
                    }
                    (Ok(_), Change::Length(_)) => later[at].returned = true,
                }
            }
            // Directories and what failed are opened too, and are nothing to a disk.
            UnderWay::Opening { .. } | UnderWay::Sync { .. } | UnderWay::FolderSync { .. } if result < 0 => {}
            UnderWay::Opening { file, flags } => self.opened(id, file, flags, inode),
            UnderWay::Sync { file, covers } => self.files[file].sync(&covers),
            UnderWay::FolderSync { folder, covers } => {
                if let Some(folder) = self.folders.get_mut(&folder) {
                    for changes in folder.later.drain(..covers.min(folder.later.len())) {
                        apply(&mut folder.durable, changes);
                    }
                }
            }
            UnderWay::Renaming { .. } | UnderWay::Unlinking { .. } if result != 0 => {}
            UnderWay::Renaming { from, to } => {
                let moved = self.file(from);
                // Both names change at once; nobody here renames from one directory to another.
                self.rename(from, vec![(name(from).to_owned(), None), (name(to).to_owned(), moved)]);
            }
            UnderWay::Unlinking { file } => self.rename(file, vec![(name(file).to_owned(), None)]),
        }
    }

    fn opened(&mut self, id: u64, path: &str, flags: u64, inode: u64) {
        let is_folder = path.is_empty() || self.folders.contains_key(path);
        if is_folder {
            return;
        }
        let file = match self.file(path) {
            Some(file) if self.inodes.get(&inode) == Some(&file) => file,
            _ => {
                self.files.push(File::default());
                let file = self.files.len() - 1;
                self.rename(path, vec![(name(path).to_owned(), Some(file))]);
                self.inodes.insert(inode, file);
                file
            }
        };
        if flags & TRUNCATES != 0 {
            self.files[file].later.push(Later { id, what: Change::Length(0), returned: true });
        }
    }

    fn file(&self, path: &str) -> Option<usize> {
        self.folders.get(folder(path))?.live.get(name(path)).copied()
    }

    fn rename(&mut self, path: &str, changes: Vec<(String, Option<usize>)>) {
        let folder = self.folders.entry(folder(path).to_owned()).or_default();
        apply(&mut folder.live, changes.clone());
        folder.later.push(changes);
    }

    /// Writes into an empty directory what a crash at this moment may leave.
    pub(super) fn crash(&self, into: &Path, chance: &mut Chance) -> io::Result<Fates> {
        let mut fates = Fates::default();
        // Each crash has a bent of its own, so that all or nothing of what was not synced is there often enough.
        let bent = chance.below(5);
        for (path, folder) in &self.folders {
            let mut names = folder.durable.clone();
            let kept = chance.below(folder.later.len() as u64 + 1);
            let beginning = folder.later.iter().take(usize::try_from(kept).unwrap_or(usize::MAX));
            beginning.for_each(|changes| apply(&mut names, changes.clone()));
            fs::create_dir_all(into.join(path))?;
            for (name, file) in names {
                let bytes = self.files[file].crash(bent, chance, &mut fates);
                let place = into.join(path).join(&name);
                fs::write(&place, bytes)?;
                // Modes are not in the record, and the program refuses keys that others may read. That it makes them so is for a test
                // of its own: `crates/persons`.
                if path == "keys" {
                    fs::set_permissions(&place, fs::Permissions::from_mode(0o600))?;
                }
                // What the index of a WAL was when the machine stopped is anybody's guess.
                if name.ends_with("-wal") && chance.below(2) == 0 {
                    let garbage: Vec<u8> =
                        (0..32 << 10).map(|_| u8::try_from(chance.below(256)).unwrap_or(0)).collect();
                    fs::write(place.with_file_name(name.replace("-wal", "-shm")), garbage)?;
                }
            }
        }
        Ok(fates)
    }
}

impl<'a> File<'a> {
    fn sync(&mut self, covers: &BTreeSet<u64>) {
        let (covered, later) = self.later.drain(..).partition(|later| covers.contains(&later.id));
        self.later = later;
        let covered: Vec<Later<'a>> = covered;
        for later in covered {
            change(&mut self.durable, later.what);
        }
    }

    fn crash(&self, bent: u64, chance: &mut Chance, fates: &mut Fates) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        for later in &self.later {
            let fate = match bent {
                0 => 0,
                1 => 1,
                _ => chance.below(3),
            };
            match (fate, later.what) {
                (0, _) => fates.dropped += 1,
                (2, Change::Write(offset, written)) => {
                    fates.torn += 1;
                    tear(&mut bytes, offset, written, chance);
                }
                (_, what) => {
                    fates.kept += 1;
                    change(&mut bytes, what);
                }
            }
        }
        bytes
    }
}

fn change(bytes: &mut Vec<u8>, what: Change<'_>) {
    match what {
        Change::Length(length) => bytes.resize(length, 0),
        Change::Write(offset, written) => {
            let end = offset + written.len();
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            bytes[offset..end].copy_from_slice(written);
        }
    }
}

/// Some sectors of a write; now and then also the length that all of it would have given.
fn tear(bytes: &mut Vec<u8>, offset: usize, written: &[u8], chance: &mut Chance) {
    let mut at = 0;
    while at < written.len() {
        let end = (at + SECTOR_BYTES - (offset + at) % SECTOR_BYTES).min(written.len());
        if chance.below(2) == 0 {
            change(bytes, Change::Write(offset + at, &written[at..end]));
        }
        at = end;
    }
    if chance.below(2) == 0 && bytes.len() < offset + written.len() {
        bytes.resize(offset + written.len(), 0);
    }
}

fn apply(names: &mut BTreeMap<String, usize>, changes: Vec<(String, Option<usize>)>) {
    for (name, file) in changes {
        match file {
            Some(file) => names.insert(name, file),
            None => names.remove(&name),
        };
    }
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: u64 = 1;
    const NOTHING: u64 = 0;

    fn begun<'a>(id: u64, name: &'a str, inode: u64, offset: u64, file: &'a str, payload: &'a [u8]) -> Entry<'a> {
        Entry::Begun(Call { id, name, inode, offset, length: 0, file, payload })
    }

    fn returned(id: u64, result: i64) -> Entry<'static> {
        Entry::Returned { id, result, inode: 7 }
    }

    fn disk<'a>(entries: impl IntoIterator<Item = Entry<'a>>) -> Disk<'a> {
        let mut disk = Disk::default();
        entries.into_iter().for_each(|entry| disk.step(&entry));
        disk
    }

    fn bytes(disk: &Disk<'_>, bent: u64) -> Vec<u8> {
        disk.files[0].crash(bent, &mut Chance(1), &mut Fates::default())
    }

    #[test]
    fn a_sync_covers_what_had_returned_before_it_was_called_once_it_has_returned() {
        let before =
            [begun(1, "open", 0, 0, "a", b""), returned(1, 3), begun(2, "pwrite", 7, 0, "a", b"one"), returned(2, 3)];
        let late = [
            begun(3, "pwrite", 7, 3, "a", b"two"),
            begun(4, "fsync", 7, 0, "a", b""),
            returned(3, 3),
            begun(5, "pwrite", 7, 6, "a", b"three"),
            returned(5, 5),
        ];
        let mut disk = disk(before.into_iter().chain(late));
        assert_eq!(bytes(&disk, NOTHING), b"", "the sync has not returned");
        disk.step(&returned(4, 0));
        assert_eq!(bytes(&disk, NOTHING), b"one");
        assert_eq!(bytes(&disk, ALL), b"onetwothree");
    }

    #[test]
    fn a_name_lasts_with_its_directory_and_a_failed_sync_promises_nothing() {
        let mut disk = disk([
            begun(1, "open", 0, 0, "a", b""),
            returned(1, 3),
            begun(2, "pwrite", 7, 0, "a", b"one"),
            returned(2, 2),
            begun(3, "fsync", 7, 0, "a", b""),
            returned(3, -1),
        ]);
        assert_eq!(bytes(&disk, NOTHING), b"");
        assert_eq!(bytes(&disk, ALL), b"on", "a short write wrote so much");
        assert_eq!(disk.folders[""].durable.len(), 0);
        disk.step(&begun(4, "fsync", 9, 0, "", b""));
        disk.step(&returned(4, 0));
        assert_eq!(disk.folders[""].durable.len(), 1);
        disk.step(&begun(5, "unlink", 0, 0, "a", b""));
        disk.step(&returned(5, 0));
        assert_eq!((disk.folders[""].durable.len(), disk.folders[""].live.len()), (1, 0));
    }

    /// The next program has its calls from 1 on again; what the killed one had under way was settled before.
    #[test]
    fn what_a_killed_program_had_under_way_does_not_come_back_over_what_was_written_since() {
        let program = |bytes, synced| {
            [
                begun(1, "open", 0, 0, "a", b""),
                returned(1, 3),
                begun(2, "pwrite", 7, 0, "a", bytes),
                returned(2, 3),
                begun(3, "fdatasync", 7, 0, "a", b""),
                returned(3, synced),
            ]
        };
        let disk = disk([program(b"old", -1), program(b"new", 0)].into_iter().flatten());
        assert_eq!((bytes(&disk, NOTHING), bytes(&disk, ALL)), (b"new".to_vec(), b"new".to_vec()));
    }
}
