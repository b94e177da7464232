//! The power goes: what was written and not synced is lost, kept or torn, as chance will have it.
//!
//! The real program runs once, with every write, sync and acknowledgement of it recorded in one order; then the record is cut at
//! random places, and at each a disk is made as it may have been left there. A cut counts an acknowledgement from the moment
//! at which it was handed to the system.

mod disk;
mod recording;

use std::{collections::BTreeMap, fmt, fs, path::PathBuf, process::Command};

use anyhow::{Context as _, ensure};
use event_log::{Access, Centre, EventLog as _};
use persons::{PersonKeys, SealedLog};
use tempfile::TempDir;
use uuid::Uuid;

use self::{disk::Disk, recording::Recording};
use crate::{
    Shim,
    chance::Chance,
    load,
    program::{self, CENTRE},
};

/// Every so many cuts the program itself goes on with what is there, and its views are compared with ones built anew.
const CUTS_A_LOOK: u64 = 10;

/// What is to be done.
#[derive(Debug, Clone)]
pub struct Plan {
    pub yousu: PathBuf,
    /// Where directories are made.
    pub dir: PathBuf,
    pub cuts: u64,
    /// Commands in each of the three times that the server runs.
    pub commands: u64,
    pub seed: u64,
    pub syncs: Syncs,
    /// The record of a run: used again where it is there, and else made and left there. The same one with the same seed and number of
    /// cuts is cut at the same places, in the same way.
    pub record: Option<PathBuf>,
}

/// Which of its syncs the program does. It is only ever right with all of them: the others show that this harness can see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syncs {
    Full,
    /// The program is one that was built with `planted-faults`, and is told to commit with `synchronous=NORMAL`.
    Normal,
    /// The syncs of the log's commits, which `NORMAL` would not do, are taken out of the record of a sound program.
    WithoutCommits,
    /// Likewise those by which persons' keys are kept before what was sealed with them.
    WithoutKeys,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Tally {
    /// Of the record: writes, syncs, and checkpoints of the log.
    pub recorded: (u64, u64, u64),
    pub cuts: u64,
    /// Acknowledged before the cut, over all cuts.
    pub acknowledged: u64,
    /// Writes that no sync had covered, over all cuts.
    pub dropped: u64,
    pub kept: u64,
    pub torn: u64,
    pub lost: u64,
    /// Cuts at which anything was lost.
    pub cuts_with_losses: u64,
    pub gaps: u64,
    /// Faults that `verify` found.
    pub faults: u64,
    /// Cuts after which the log, or the program, did not start.
    pub unopenable: u64,
    /// Cuts after which the program went on by itself, and those at which its views differed from ones built anew.
    pub looks: u64,
    pub views_differ: u64,
    /// The first thing that was not as it must be.
    pub first: Option<String>,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { recorded: (writes, syncs, checkpoints), cuts, acknowledged, dropped, kept, torn, .. } = self;
        let Self { lost, cuts_with_losses, gaps, faults, unopenable, looks, views_differ, .. } = self;
        write!(
            f,
            "{cuts} cuts through {writes} writes, {syncs} syncs, {checkpoints} checkpoints: {acknowledged} acknowledged before \
             them; unsynced writes: {dropped} dropped, {kept} kept, {torn} torn; lost {lost} (at {cuts_with_losses} cuts), \
             gaps {gaps}, faults {faults}, unopenable {unopenable}; went on at {looks}, views that differ {views_differ}"
        )?;
        self.first.as_ref().map_or(Ok(()), |first| write!(f, "; first: {first}"))
    }
}

impl Tally {
    /// Nothing that must not be.
    pub fn is_clean(&self) -> bool {
        (self.lost, self.gaps, self.faults, self.unopenable, self.views_differ) == (0, 0, 0, 0, 0)
    }

    fn found(&mut self, what: impl FnOnce() -> String) {
        self.first.get_or_insert_with(what);
    }
}

/// Records once and cuts as often as is asked for; `tell` hears of each cut.
///
/// # Errors
/// If the program does not run, or if what it acknowledged cannot be told from the record: then nothing would be proved.
pub fn run(shim: &Shim, plan: &Plan, mut tell: impl FnMut(&Tally)) -> anyhow::Result<Tally> {
    let place = TempDir::new_in(&plan.dir)?;
    let recording = match plan.record.as_deref().filter(|record| record.exists()) {
        Some(record) => Recording::read(record)?,
        None => Recording::make(shim, plan, place.path())?,
    };
    let entries = recording.entries(plan.syncs)?;
    let acknowledged = recording::acknowledged(&entries)?;
    let told = acknowledged.iter().map(|(_, case, position)| (*case, *position)).collect::<BTreeMap<_, _>>();
    for (n, position) in &recording.told {
        ensure!(told.get(&load::case(*n)) == Some(position), "command {n} was acknowledged, and not in the record");
    }
    let mut tally = Tally { recorded: recording::sizes(&entries), ..Tally::default() };
    let mut chance = Chance(plan.seed);
    let mut cuts: Vec<usize> = (0..plan.cuts).map(|n| cut(n, entries.len(), &acknowledged, &mut chance)).collect();
    cuts.sort_unstable();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut disk, mut reached) = (Disk::default(), 0);
    for cut in cuts {
        entries[reached..cut].iter().for_each(|entry| disk.step(entry));
        reached = cut;
        let image = TempDir::new_in(&plan.dir)?;
        let fates = disk.crash(image.path(), &mut chance)?;
        tally.dropped += fates.dropped;
        tally.kept += fates.kept;
        tally.torn += fates.torn;
        let before = acknowledged.partition_point(|(at, ..)| *at < cut);
        let crash = Crash { plan, image, name: format!("cut {} at {cut} of {}", tally.cuts + 1, entries.len()) };
        runtime.block_on(crash.inspect(&acknowledged[..before], &mut tally));
        if tally.cuts.is_multiple_of(CUTS_A_LOOK) {
            crash.go_on(&mut tally)?;
        }
        tally.cuts += 1;
        tell(&tally);
    }
    let found = plan.dir.join(format!("power-{}.record", plan.seed));
    let is_finding = plan.syncs == Syncs::Full && !tally.is_clean();
    if let Some(record) = plan.record.as_ref().or(is_finding.then_some(&found)) {
        recording.keep(record)?;
    }
    Ok(tally)
}

/// Half of them anywhere; half right after an acknowledgement, where what was promised is newest.
fn cut(n: u64, entries: usize, acknowledged: &[(usize, Uuid, u64)], chance: &mut Chance) -> usize {
    let below = |chance: &mut Chance, most: usize| usize::try_from(chance.below(most as u64)).unwrap_or_default();
    match n % 2 {
        0 => below(chance, entries + 1),
        _ => acknowledged[below(chance, acknowledged.len())].0 + 1,
    }
}

/// A disk after a crash.
struct Crash<'a> {
    plan: &'a Plan,
    image: TempDir,
    name: String,
}

impl Crash<'_> {
    /// Opens the log as the program does when it starts again, and looks for what had been acknowledged.
    async fn inspect(&self, acknowledged: &[(usize, Uuid, u64)], tally: &mut Tally) {
        tally.acknowledged += acknowledged.len() as u64;
        let found = match self.read(tally).await {
            Ok(found) => found,
            Err(error) => {
                tally.unopenable += 1;
                tally.found(|| format!("{}: {error:#}", self.name));
                BTreeMap::new()
            }
        };
        let lost = acknowledged.iter().filter(|(_, case, position)| found.get(position) != Some(case)).count() as u64;
        if lost > 0 {
            tally.lost += lost;
            tally.cuts_with_losses += 1;
            tally.found(|| format!("{}: {lost} of {} lost", self.name, acknowledged.len()));
        }
    }

    /// Every position and the case that stands there. All texts are opened, so that a person's key that is gone is seen.
    async fn read(&self, tally: &mut Tally) -> anyhow::Result<BTreeMap<u64, Uuid>> {
        let path = format!("sqlite:{}", self.image.path().join("log.sqlite").display());
        let (log, centre) = (event_log::open(&path, Access::Write).await?, Centre::new(CENTRE)?);
        let report = log.verify(&mut |_| ()).await?;
        tally.faults += report.faults.len() as u64 + report.more_faults;
        if let Some(fault) = report.faults.first() {
            tally.found(|| format!("{}: {fault}", self.name));
        }
        let is_new = log.centres().await?.is_empty();
        let keys = PersonKeys::open(&self.image.path().join("keys"), Access::Write, is_new).await?;
        let log = SealedLog::new(log, keys, |_, _| None, "");
        let (mut found, mut read) = (BTreeMap::new(), 0);
        loop {
            let events = log.read_centre(&centre, read, 4_000).await?;
            if events.is_empty() {
                break;
            }
            for event in events {
                if event.position != read + 1 {
                    tally.gaps += 1;
                    tally.found(|| format!("{}: after {read} comes {}", self.name, event.position));
                }
                read = event.position;
                found.insert(read, event.stream);
            }
        }
        log.close().await;
        Ok(found)
    }

    /// The program itself goes on: it takes one more command, and its views are what a rebuild makes of the log.
    fn go_on(&self, tally: &mut Tally) -> anyhow::Result<()> {
        let yousu = |args: &[&str]| {
            let said = program::run(Command::new(&self.plan.yousu), self.image.path(), args.iter().copied())?;
            said.ok().with_context(|| args.join(" "))
        };
        let more = self.image.path().join("more.jsonl");
        fs::write(&more, load::accept(u64::from(u32::MAX)).to_string())?;
        let is_open = fs::exists(self.image.path().join("log.sqlite"))?
            && yousu(&["verify", "--format", "json"]).is_ok_and(|said| !said.contains("\"events\":0,"));
        if !is_open {
            // Before the centre was opened there is nothing to go on with.
            return Ok(());
        }
        tally.looks += 1;
        let ledger = || yousu(&["ledger", "--format", "json"]);
        let went_on = || -> anyhow::Result<_> {
            let more = more.to_str().context("a path in UTF-8")?;
            yousu(&["apply", more, "--format", "json"])?;
            let served = ledger()?;
            yousu(&["rebuild"])?;
            Ok((served, ledger()?))
        };
        match went_on() {
            Ok((served, rebuilt)) if served == rebuilt => {}
            Ok(_) => {
                tally.views_differ += 1;
                tally.found(|| format!("{}: the ledger is not what a rebuild makes of it", self.name));
            }
            Err(error) => {
                tally.unopenable += 1;
                tally.found(|| format!("{}: {error:#}", self.name));
            }
        }
        Ok(())
    }
}
