//! Where a seed is run, and what it led to.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use event_log::model::{self, Plant};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::disk::{self, Image};
use crate::run::{Run, close, open};
use crate::schedule::{Ended, Schedule, wake_when_settled};
use crate::tally::Tally;
use chance::Chance;

/// The disk is the process's, so only one seed runs at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// What one seed led to.
#[derive(Debug)]
pub struct Outcome {
    pub seed: u64,
    /// The same for the same seed: every turn, and every byte written, is in it.
    pub hash: u64,
    pub tally: Tally,
    /// What must not be; empty if all is well.
    pub wrong: Vec<String>,
    /// What happened, if words were asked for.
    pub trace: Vec<String>,
}

/// Where seeds are run.
pub struct World {
    runtime: Runtime,
    /// Holds the writer's lock and nothing else: the log's files are in memory.
    directory: TempDir,
    /// A new log at rest, so that not every seed has to make one.
    at_rest: Image,
    _alone: MutexGuard<'static, ()>,
}

impl World {
    /// Waits until no other one is there.
    ///
    /// # Errors
    /// If the system gives no directory or no runtime, or a log cannot be made on a disk that does nothing wrong.
    pub fn new() -> anyhow::Result<Self> {
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        disk::install();
        model::set_disk(disk::PLAIN);
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().on_thread_park(wake_when_settled).build()?;
        let mut world = Self { runtime, directory: TempDir::new()?, at_rest: BTreeMap::new(), _alone: alone };
        disk::replace(&world.at_rest, 0, false);
        disk::forget_randomness();
        model::begin(None, 1_000);
        let url = world.url();
        let made = world.runtime.block_on(async {
            let (opened, mut schedule) =
                (Rc::new(RefCell::new(None)), Schedule::new(Chance::new(0, 3), Arc::default()));
            open(&mut schedule, url, &opened);
            schedule.run().await;
            close(&mut schedule, opened.take().and_then(Result::ok));
            schedule.run().await
        });
        anyhow::ensure!(made == Ended::Done, "a log is made: {made:?}");
        disk::wait_until_closed(0);
        world.at_rest = disk::with(|disk| disk.image());
        Ok(world)
    }

    /// Runs one seed.
    pub fn run(&self, seed: u64, plant: Option<Plant>, in_words: bool) -> Outcome {
        let mut chance = Chance::new(seed, 4);
        let image = if chance.percent(15) { BTreeMap::new() } else { self.at_rest.clone() };
        disk::replace(&image, seed, in_words);
        let mut run = Run::new(self.url(), plant, chance);
        let all = AssertUnwindSafe(|| self.runtime.block_on(run.all()));
        if let Err(panic) = std::panic::catch_unwind(all) {
            let why = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            run.wrong.push(format!("a panic: {}", why.unwrap_or("of no text")));
        }
        run.tally.wrong = run.wrong.len() as u64;
        let (hash, trace) = disk::with(|disk| (disk.trace.hash(), disk.trace.lines().to_vec()));
        Outcome { seed, hash, tally: run.tally, wrong: run.wrong, trace }
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.directory.path().join("log.sqlite").display())
    }
}
