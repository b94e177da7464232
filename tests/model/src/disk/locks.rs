//! Locks and shared memory, as SQLite's file system for Unix has them between connections of one process.

use std::cell::Cell;

use libsqlite3_sys as sqlite;

use super::{Disk, Users};

/// The shared index of a WAL: pieces of 32 KiB which SQLite reads and writes by itself.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pieces: Vec<Box<[Cell<u64>]>>,
    users: Users,
}

/// Somebody else holds it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Busy;

impl Disk {
    /// Raises the lock on a database to this level.
    pub(super) fn raise_lock(&mut self, id: u64, level: i32) -> Result<(), Busy> {
        let highest = self.others(id).map(|open| open.lock).max().unwrap_or(sqlite::SQLITE_LOCK_NONE);
        let Some(own) = self.open.get_mut(&id) else { return Err(Busy) };
        if own.lock >= level {
            return Ok(());
        }
        let is_free = match level {
            sqlite::SQLITE_LOCK_SHARED => highest < sqlite::SQLITE_LOCK_PENDING,
            sqlite::SQLITE_LOCK_RESERVED => highest < sqlite::SQLITE_LOCK_RESERVED,
            _ => {
                if highest < sqlite::SQLITE_LOCK_PENDING {
                    // Kept also where readers are still there: no new one gets in.
                    own.lock = sqlite::SQLITE_LOCK_PENDING;
                }
                highest < sqlite::SQLITE_LOCK_SHARED
            }
        };
        if is_free {
            own.lock = level;
            Ok(())
        } else {
            Err(Busy)
        }
    }

    pub(super) fn lower_lock(&mut self, id: u64, level: i32) {
        if let Some(own) = self.open.get_mut(&id) {
            own.lock = own.lock.min(level);
        }
    }

    pub(super) fn is_reserved(&self, id: u64) -> bool {
        let own = self.open.get(&id).map_or(0, |open| open.lock);
        self.others(id).map(|open| open.lock).chain([own]).any(|lock| lock >= sqlite::SQLITE_LOCK_RESERVED)
    }

    /// A piece of the shared memory; `None` where there is none and none is wanted.
    pub(super) fn map(&mut self, id: u64, piece: usize, bytes: usize, extend: bool) -> Option<*mut u64> {
        let name = self.open.get(&id)?.name.clone();
        let memory = self.memory.entry(name).or_default();
        memory.users.insert(id);
        while extend && memory.pieces.len() <= piece {
            memory.pieces.push(vec![Cell::new(0); bytes / size_of::<u64>()].into());
        }
        memory.pieces.get(piece).map(|piece| piece.as_ptr().cast_mut().cast())
    }

    /// Takes or lets go of locks on the shared memory, all of the mask or none.
    pub(super) fn lock_memory(&mut self, id: u64, mask: u32, flags: i32) -> Result<(), Busy> {
        let shared = self.others(id).fold(0, |all, open| all | open.shared_locks);
        let exclusive = self.others(id).fold(0, |all, open| all | open.exclusive_locks);
        let Some(own) = self.open.get_mut(&id) else { return Err(Busy) };
        if flags & sqlite::SQLITE_SHM_UNLOCK != 0 {
            own.shared_locks &= !mask;
            own.exclusive_locks &= !mask;
        } else if flags & sqlite::SQLITE_SHM_SHARED != 0 {
            if exclusive & mask != 0 {
                return Err(Busy);
            }
            own.shared_locks |= mask;
        } else {
            if (exclusive | shared) & mask != 0 {
                return Err(Busy);
            }
            own.exclusive_locks |= mask;
        }
        Ok(())
    }

    pub(super) fn unmap(&mut self, id: u64) {
        let Some(own) = self.open.get_mut(&id) else { return };
        (own.shared_locks, own.exclusive_locks) = (0, 0);
        if let Some(memory) = self.memory.get_mut(&own.name) {
            memory.users.remove(&id);
            if memory.users.is_empty() {
                self.memory.remove(&own.name);
            }
        }
    }
}
