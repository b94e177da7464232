//! A disk that takes its time over a sync: whoever waits meanwhile must share the next one.
//!
//! Twice: the log alone, in a process of its own, and the whole program over HTTP. One commit for each command would give one over
//! the sync's duration; the log is held to a multiple of that.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use event_log::{Access, Append, Centre, Clock, NewEvent, Priority};
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    Shim, load,
    program::{self, CENTRE},
    shim::Order,
};

/// About what an event of a case takes.
const BODY_BYTES: usize = 700;

/// What is to be done.
#[derive(Debug)]
pub struct Plan {
    pub yousu: PathBuf,
    /// Where directories are made.
    pub dir: PathBuf,
    pub callers: usize,
    /// Commands of each caller.
    pub each: u64,
    /// How long every sync takes at least.
    pub sync: Duration,
}

/// Acknowledged per second.
#[derive(Debug)]
pub struct Rates {
    /// What one commit for each would give at most.
    pub one_each: f64,
    /// One caller of the log alone, as measured.
    pub alone: f64,
    /// All callers of the log.
    pub log: f64,
    /// All callers over HTTP.
    pub http: f64,
}

impl fmt::Display for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { one_each, alone, log, http } = self;
        write!(
            f,
            "one commit each: at most {one_each:.0}/s ({alone:.0}/s measured); the log: {log:.0}/s, {:.0} times; over HTTP: \
             {http:.0}/s, {:.0} times",
            log / one_each,
            http / one_each
        )
    }
}

/// Measures.
///
/// # Errors
/// If a program does not run, or if anything is refused.
pub fn run(shim: &Shim, plan: &Plan) -> anyhow::Result<Rates> {
    let one_each = 1.0 / plan.sync.as_secs_f64();
    let (alone, log) = (in_process(shim, plan, 1)?, in_process(shim, plan, plan.callers)?);
    Ok(Rates { one_each, alone, log, http: over_http(shim, plan)? })
}

fn order<'a>(dir: &'a Path, plan: &Plan) -> Order<'a> {
    Order { delay_us: Some(u64::try_from(plan.sync.as_micros()).unwrap_or(u64::MAX)), ..Order::below(dir) }
}

/// This program again, with the shim before it.
fn in_process(shim: &Shim, plan: &Plan, callers: usize) -> anyhow::Result<f64> {
    let dir = TempDir::new_in(&plan.dir)?;
    let mut again: Command = shim.before(std::env::current_exe()?, &order(dir.path(), plan))?;
    again.arg("append").arg(dir.path()).args([callers.to_string(), plan.each.to_string()]);
    let ran = again.output()?;
    ensure!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8_lossy(&ran.stdout).trim().parse().context("it prints a rate")
}

/// Appends to a new log in this directory by so many callers, each with one append in flight: acknowledged per second.
///
/// # Errors
/// If the log cannot be opened, or refuses.
pub fn append(dir: &Path, callers: usize, each: u64) -> anyhow::Result<f64> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let log = event_log::open(&format!("sqlite:{}", dir.join("log.sqlite").display()), Access::Write).await?;
        let begun = Instant::now();
        let mut tasks = Vec::new();
        for caller in 0..callers {
            let log = Arc::clone(&log);
            tasks.push(tokio::spawn(async move {
                for n in 0..each {
                    log.append(one(Uuid::from_u128(((caller as u128) << 64) + u128::from(n)))?).await?;
                }
                anyhow::Ok(())
            }));
        }
        for task in tasks {
            task.await??;
        }
        let rate = (callers as f64) * (each as f64) / begun.elapsed().as_secs_f64();
        log.close().await;
        Ok(rate)
    })
}

fn one(stream: Uuid) -> anyhow::Result<Append> {
    let event = NewEvent { stream, kind: "accepted".to_owned(), kind_version: 1, body: vec![b'x'; BODY_BYTES] };
    Ok(Append {
        centre: Centre::new(CENTRE)?,
        events: vec![event],
        expected: vec![(stream, 0)],
        clock: Clock::Given(0),
        counters: Vec::new(),
        priority: Priority::People,
    })
}

fn over_http(shim: &Shim, plan: &Plan) -> anyhow::Result<f64> {
    let place = TempDir::new_in(&plan.dir)?;
    let data = place.path().join("data");
    fs::create_dir(&data)?;
    program::open_centre(Command::new(&plan.yousu), &data)?;
    let (mut server, address) = program::serve(shim.before(&plan.yousu, &order(place.path(), plan))?, &data)?;
    let (next, all) = (AtomicU64::new(1), plan.callers as u64 * plan.each);
    let begun = Instant::now();
    let answers =
        load::send(&address, plan.callers, || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|n| *n <= all));
    let rate = (all as f64) / begun.elapsed().as_secs_f64();
    program::terminate(&server)?;
    server.wait()?;
    ensure!(answers.acknowledged.len() as u64 == all, "{} of {all} were acknowledged", answers.acknowledged.len());
    Ok(rate)
}
