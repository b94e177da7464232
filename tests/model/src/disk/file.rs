//! One file: what was written, and what of it a power cut would leave.

use chance::Chance;

/// What a disk writes whole or not at all.
const SECTOR_BYTES: usize = 512;

/// A change that was made and not synced.
#[derive(Debug, Clone)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Cut { len: usize },
}

#[derive(Debug, Clone, Default)]
pub(crate) struct File {
    /// What the system shows.
    now: Vec<u8>,
    /// What the disk holds for certain.
    on_disk: Vec<u8>,
    /// What may get there by itself, in this order.
    unsynced: Vec<Change>,
}

impl File {
    pub(crate) fn synced(bytes: Vec<u8>) -> Self {
        Self { on_disk: bytes.clone(), now: bytes, unsynced: Vec::new() }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.now
    }

    pub(crate) fn write(&mut self, at: usize, bytes: &[u8]) {
        put(&mut self.now, at, bytes);
        self.unsynced.push(Change::Write { at, bytes: bytes.to_vec() });
    }

    pub(crate) fn cut(&mut self, len: usize) {
        self.now.resize(len, 0);
        self.unsynced.push(Change::Cut { len });
    }

    pub(crate) fn sync(&mut self) {
        for change in std::mem::take(&mut self.unsynced) {
            change.apply(&mut self.on_disk);
        }
    }

    /// As Linux does it: what could not be written counts as clean from now on. The system still shows it, no later sync
    /// writes it, and nobody is told a second time.
    pub(crate) fn sync_failed(&mut self, chance: &mut Chance) {
        self.some_reach_the_disk(chance);
        self.unsynced.clear();
    }

    pub(crate) fn power_cut(&mut self, chance: &mut Chance) {
        self.some_reach_the_disk(chance);
        self.unsynced.clear();
        self.now.clone_from(&self.on_disk);
    }

    /// None, all, the first ones with the last of them torn, or any of them with any of their sectors.
    fn some_reach_the_disk(&mut self, chance: &mut Chance) {
        let count = self.unsynced.len();
        match chance.below(5) {
            0 => {}
            1 => self.unsynced.iter().for_each(|change| change.apply(&mut self.on_disk)),
            2 => {
                let whole = chance.index(count + 1);
                self.unsynced[..whole].iter().for_each(|change| change.apply(&mut self.on_disk));
                if let Some(torn) = self.unsynced.get(whole) {
                    torn.apply_torn(&mut self.on_disk, chance);
                }
            }
            _ => {
                for change in &self.unsynced {
                    match chance.below(3) {
                        0 => {}
                        1 => change.apply(&mut self.on_disk),
                        _ => change.apply_torn(&mut self.on_disk, chance),
                    }
                }
            }
        }
    }
}

impl Change {
    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes } => put(to, *at, bytes),
            Self::Cut { len } => to.resize(*len, 0),
        }
    }

    fn apply_torn(&self, to: &mut Vec<u8>, chance: &mut Chance) {
        let Self::Write { at, bytes } = self else { return };
        let mut from = 0;
        while from < bytes.len() {
            // Sectors begin where the disk has them, not where the write begins.
            let through = (((at + from) / SECTOR_BYTES + 1) * SECTOR_BYTES - at).min(bytes.len());
            if chance.percent(50) {
                put(to, at + from, &bytes[from..through]);
            }
            from = through;
        }
    }
}

fn put(into: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if into.len() < at + bytes.len() {
        into.resize(at + bytes.len(), 0);
    }
    into[at..at + bytes.len()].copy_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_synced_outlives_every_power_cut() {
        for seed in 0..200 {
            let (mut file, mut chance) = (File::default(), Chance::new(seed, 0));
            file.write(0, b"synced");
            file.sync();
            file.write(6, &[7; 2_000]);
            file.power_cut(&mut chance);
            assert!(file.bytes().starts_with(b"synced"));
        }
    }

    #[test]
    fn what_a_failed_sync_dropped_is_shown_and_never_gets_to_the_disk() {
        let mut was_dropped = false;
        for seed in 0..50 {
            let (mut file, mut chance) = (File::default(), Chance::new(seed, 0));
            file.write(0, b"dropped?");
            file.sync_failed(&mut chance);
            assert_eq!(file.bytes(), b"dropped?");
            file.sync();
            file.power_cut(&mut chance);
            was_dropped |= file.bytes().is_empty();
        }
        assert!(was_dropped);
    }
}
