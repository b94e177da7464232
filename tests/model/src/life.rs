//! What a seed has in store for one life of a process.

use crate::disk::Fault;
use chance::Chance;

/// When something happens.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Trouble {
    /// Everything ends at this point.
    pub(crate) point: Option<u64>,
    /// Counted from the first thing that the disk refuses, and not from the beginning.
    pub(crate) from_refusal: bool,
    pub(crate) fault: Option<Fault>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Close,
    /// The log is dropped, and its writer ends by itself.
    LetGo,
    /// Killed or cut off where it stands.
    Cut,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Life {
    pub(crate) while_opening: Trouble,
    pub(crate) at_work: Trouble,
    pub(crate) while_closing: Trouble,
    pub(crate) ending: Ending,
    /// If everything ends: with the power, or only the process.
    pub(crate) power_cut: bool,
    pub(crate) clients: u64,
    pub(crate) deeds: u64,
}

impl Life {
    /// After one in which a sync failed: what was shown since and is not on the disk is met while the log is being opened.
    pub(crate) fn plan(chance: &mut Chance, sync_failed: bool) -> Self {
        let ends_early = chance.percent(if sync_failed { 90 } else { 20 });
        Self {
            while_opening: if ends_early { Trouble::ends(chance, 6, 25) } else { Trouble::default() },
            at_work: Trouble::at_work(chance),
            while_closing: if chance.percent(40) { Trouble::ends(chance, 3, 10) } else { Trouble::default() },
            ending: chance.of(&[Ending::Close, Ending::Close, Ending::LetGo, Ending::Cut]),
            power_cut: chance.percent(if sync_failed { 90 } else { 60 }),
            clients: 1 + chance.below(6),
            deeds: 1 + chance.below(5),
        }
    }

    /// Nothing goes wrong, so that what was left can be looked at.
    pub(crate) fn last() -> Self {
        let (while_opening, at_work, while_closing) = Default::default();
        Self { while_opening, at_work, while_closing, ending: Ending::Close, power_cut: false, clients: 2, deeds: 1 }
    }
}

impl Trouble {
    fn ends(chance: &mut Chance, points: u64, changes: u64) -> Self {
        if chance.percent(30) {
            Self { point: Some(1 + chance.below(points)), ..Self::default() }
        } else {
            Self { fault: Some(Fault::Death { change: 1 + chance.below(changes) }), ..Self::default() }
        }
    }

    fn at_work(chance: &mut Chance) -> Self {
        let within = chance.of(&[6, 25, 80]);
        match chance.below(10) {
            0..2 => Self { point: Some(1 + chance.below(within * 4)), ..Self::default() },
            2..5 => Self { fault: Some(Fault::Death { change: 1 + chance.below(within) }), ..Self::default() },
            5 => {
                let fault = Fault::Unsynced { sync: 1 + chance.below(within / 3) };
                // And soon the end, before the log was opened again or after: what was acknowledged on top of it must stand.
                let from_refusal = chance.percent(50);
                let points = if from_refusal { 4 } else { within * 4 };
                let point = chance.percent(60).then(|| 1 + chance.below(points));
                Self { point, from_refusal, fault: Some(fault) }
            }
            6..8 => {
                let (change, times) = (1 + chance.below(within), chance.of(&[1, 1, 1, 2, 4, 15]));
                let fault = Fault::Refusal { change, times, no_room: chance.percent(35) };
                // And then the end, while the log is still at a loss.
                let point = chance.percent(40).then(|| 1 + chance.below(within * 4));
                Self { point, fault: Some(fault), ..Self::default() }
            }
            8 => Self { fault: Some(Fault::Unreadable { read: 1 + chance.below(within * 3) }), ..Self::default() },
            _ => Self::default(),
        }
    }
}
