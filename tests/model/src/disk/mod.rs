//! A disk in memory that forgets what was not synced, refuses, or stops for good, as it is told: the files beneath SQLite.
//!
//! There is one for the process, as SQLite has one default file system; [`install`] puts it there.

mod file;
mod locks;
mod operations;
mod plain;
mod vfs;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::file::File;
use self::locks::Memory;
use crate::trace::{Trace, mix};
use chance::Chance;

pub(crate) use plain::PLAIN;
pub(crate) use vfs::{forget_randomness, install};

static DISK: Mutex<Option<Disk>> = Mutex::new(None);
/// Told whenever a file was closed.
static CLOSED: Condvar = Condvar::new();

/// How long threads of SQLite may take to close files after a crash before that is an error of this program.
const CLOSING_LIMIT: Duration = Duration::from_secs(60);

/// Names and bytes.
pub(crate) type Image = BTreeMap<String, Vec<u8>>;

/// What goes wrong, counted from the moment it is armed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// From this change of a file on nothing happens any more; of a write, a part may.
    Death { change: u64 },
    /// So many changes are refused: with "no room" where that is asked for and the change is a write, else with an I/O error.
    Refusal { change: u64, times: u64, no_room: bool },
    /// One sync fails.
    Unsynced { sync: u64 },
    /// One read is refused with an I/O error.
    Unreadable { read: u64 },
}

/// What was refused since the last life began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) writes: u64,
    pub(crate) no_room: u64,
    pub(crate) syncs: u64,
    pub(crate) others: u64,
    pub(crate) reads: u64,
}

impl Refused {
    pub(crate) fn any(&self) -> bool {
        *self != Self::default()
    }
}

/// A name given or taken, which a directory's sync makes certain.
#[derive(Debug, Clone)]
struct Naming {
    name: String,
    file: Option<usize>,
}

/// A file that SQLite has open.
#[derive(Debug)]
struct Open {
    name: String,
    file: usize,
    /// No power cut asks for it, and no fault meets it.
    is_temporary: bool,
    /// Its first sync syncs the directory as well, as SQLite's own file system for Unix has it.
    syncs_directory: bool,
    /// SQLite's level of lock.
    lock: i32,
    shared_locks: u32,
    exclusive_locks: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Go,
    Refuse { no_room: bool },
    Dead,
}

#[derive(Debug)]
pub(crate) struct Disk {
    files: Vec<File>,
    names: BTreeMap<String, usize>,
    names_on_disk: BTreeMap<String, usize>,
    unsynced_names: Vec<Naming>,
    open: BTreeMap<u64, Open>,
    next_open: u64,
    memory: BTreeMap<String, Memory>,
    is_dead: bool,
    fault: Option<Fault>,
    changes: u64,
    syncs: u64,
    reads: u64,
    pub(crate) refused: Refused,
    chance: Chance,
    randomness: Chance,
    pub(crate) trace: Trace,
}

/// Looks at the disk, or does something to it.
///
/// # Panics
/// If no disk was put in yet.
pub(crate) fn with<T>(act: impl FnOnce(&mut Disk) -> T) -> T {
    act(lock().as_mut().expect("a disk was put in"))
}

/// Puts in another disk with these files, all of them synced.
pub(crate) fn replace(image: &Image, seed: u64, in_words: bool) {
    let files: Vec<File> = image.values().cloned().map(File::synced).collect();
    let names: BTreeMap<String, usize> = image.keys().cloned().zip(0..).collect();
    *lock() = Some(Disk {
        files,
        names_on_disk: names.clone(),
        names,
        unsynced_names: Vec::new(),
        open: BTreeMap::new(),
        next_open: 1,
        memory: BTreeMap::new(),
        is_dead: false,
        fault: None,
        changes: 0,
        syncs: 0,
        reads: 0,
        refused: Refused::default(),
        chance: Chance::new(seed, 1),
        randomness: Chance::new(seed, 2),
        trace: Trace::new(in_words),
    });
}

/// Waits until only so many files are open: SQLite's threads close theirs by themselves when nobody needs them any more.
pub(crate) fn wait_until_closed(but: usize) {
    let disk = lock();
    let is_open = |disk: &mut Option<Disk>| disk.as_ref().is_some_and(|disk| disk.open.len() > but);
    let waited = CLOSED.wait_timeout_while(disk, CLOSING_LIMIT, is_open);
    let (disk, waited) = waited.unwrap_or_else(PoisonError::into_inner);
    assert!(!waited.timed_out(), "files stay open: {:?}", disk.as_ref().map(|disk| &disk.open));
}

fn lock() -> MutexGuard<'static, Option<Disk>> {
    DISK.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Disk {
    /// From the next change or read on.
    pub(crate) fn arm(&mut self, fault: Option<Fault>) {
        (self.fault, self.changes, self.syncs, self.reads) = (fault, 0, 0, 0);
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.is_dead
    }

    /// Nothing happens any more, until the next life begins.
    pub(crate) fn die(&mut self) {
        self.is_dead = true;
    }

    /// What the next process finds.
    pub(crate) fn begin_life(&mut self, after_power_cut: bool) {
        assert!(self.open.is_empty(), "the last life is over");
        let (reads, refused) = (self.reads, self.refused);
        self.trace.note(format_args!("life ends: {reads} reads, {refused:?}"));
        self.memory.clear();
        self.is_dead = false;
        self.refused = Refused::default();
        self.arm(None);
        if after_power_cut {
            self.power_cut();
        }
    }

    pub(crate) fn image(&self) -> Image {
        self.names.iter().map(|(name, file)| (name.clone(), self.files[*file].bytes().to_vec())).collect()
    }

    fn power_cut(&mut self) {
        let kept = self.chance.index(self.unsynced_names.len() + 1);
        self.unsynced_names.truncate(kept);
        self.sync_names();
        self.names = self.names_on_disk.clone();
        for file in self.names.values() {
            self.files[*file].power_cut(&mut self.chance);
        }
        let left: Vec<_> =
            self.names.iter().map(|(name, file)| (operations::short(name), self.files[*file].bytes().len())).collect();
        let hash = self.names.values().fold(0, |hash, file| mix(hash, self.files[*file].bytes()));
        self.trace.note(format_args!("power cut leaves {left:?} {hash:x}"));
    }

    fn sync_names(&mut self) {
        for Naming { name, file } in std::mem::take(&mut self.unsynced_names) {
            match file {
                Some(file) => self.names_on_disk.insert(name, file),
                None => self.names_on_disk.remove(&name),
            };
        }
    }

    /// Whether a change may be made.
    fn change(&mut self) -> Verdict {
        if self.is_dead {
            return Verdict::Dead;
        }
        self.changes += 1;
        match self.fault {
            Some(Fault::Death { change }) if self.changes >= change => {
                self.is_dead = true;
                self.trace.note(format_args!("the disk stops"));
                Verdict::Dead
            }
            Some(Fault::Refusal { change, times, no_room }) if (change..change + times).contains(&self.changes) => {
                Verdict::Refuse { no_room }
            }
            _ => Verdict::Go,
        }
    }

    fn read(&mut self) -> Verdict {
        if self.is_dead {
            return Verdict::Dead;
        }
        self.reads += 1;
        if self.fault == Some(Fault::Unreadable { read: self.reads }) {
            self.refused.reads += 1;
            self.trace.note(format_args!("a read is refused"));
            return Verdict::Refuse { no_room: false };
        }
        Verdict::Go
    }

    fn is_temporary(&self, id: u64) -> bool {
        self.open.get(&id).is_some_and(|open| open.is_temporary)
    }

    fn file(&mut self, id: u64) -> Option<&mut File> {
        let file = self.open.get(&id)?.file;
        self.files.get_mut(file)
    }

    fn create(&mut self, name: &str) -> usize {
        self.files.push(File::default());
        let file = self.files.len() - 1;
        self.names.insert(name.to_owned(), file);
        self.unsynced_names.push(Naming { name: name.to_owned(), file: Some(file) });
        file
    }

    /// Connections to the same file, other than this one.
    fn others(&self, id: u64) -> impl Iterator<Item = &Open> {
        let file = self.open.get(&id).map(|open| open.file);
        self.open.iter().filter(move |(other, open)| **other != id && Some(open.file) == file).map(|(_, open)| open)
    }
}

/// Users of the memory that connections to a file share.
type Users = BTreeSet<u64>;
