//! What a log's word about its streams costs: `verify` of one that said it ten thousand times, and a checkpoint of a million cases of
//! which a thousand changed.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use event_log::{Access, Append, Centre, Clock, EventLog, Remembered};
use sqlx::{ConnectOptions as _, sqlite::SqliteConnectOptions};
use transparency::tree::root_plan;

use crate::{
    append::{CENTRE, START_MS, whole},
    drive::stream,
    reading::Readings,
    served::memory_mb,
    sizes::{EVENTS_A_CASE, scatter},
};

/// A checkpoint after so many events.
const EVENTS_A_CHECKPOINT: u64 = 100;
/// Cases that change before a checkpoint, and how often that is measured.
const CHANGED: u64 = 1_000;
const CHECKPOINTS: u64 = 20;
const TOGETHER: u64 = 1_000;
/// Whether the nodes of the tree that the last one changed are in their places: `serve` makes one a minute, and they are by then.
const IS_PLACED: &str = "SELECT ifnull(max(length(nodes)), 0) = 0 FROM head_nodes WHERE centre = 1 AND level = 64";
const CLOCK: Clock = Clock::Machine(START_MS);

pub(crate) async fn run(dir: &Path, events: u64, cases: u64, readings: &mut Readings) -> anyhow::Result<()> {
    verify(dir, events, readings).await?;
    checkpoint(dir, cases, readings).await
}

async fn open(place: &Path) -> anyhow::Result<Arc<dyn EventLog>> {
    Ok(event_log::open(&format!("sqlite:{}", place.join("log.sqlite").display()), Access::Write).await?)
}

async fn verify(dir: &Path, events: u64, readings: &mut Readings) -> anyhow::Result<()> {
    let (place, centre) = (tempfile::tempdir_in(dir)?, Centre::new(CENTRE)?);
    let log = open(place.path()).await?;
    let (mut remembered, mut written) = (Vec::new(), 0);
    while written < events {
        // Ten cases side by side, ten events each, and then the log's word.
        let first = written / EVENTS_A_CASE;
        for n in 0..EVENTS_A_CASE {
            append_all(&*log, (first..first + EVENTS_A_CHECKPOINT / EVENTS_A_CASE).map(|case| (case, n))).await?;
        }
        written += EVENTS_A_CHECKPOINT;
        log.commit_heads(&centre, CLOCK).await?;
        let size = log.tail(&centre).now();
        let root = log.prove(&centre, &root_plan(size)?).await?[0];
        remembered.push(Remembered { centre: centre.clone(), size, root });
    }
    // What it took to make the log is not its reader's: the peak begins anew.
    std::fs::write("/proc/self/clear_refs", "5")?;
    let started = Instant::now();
    let report = log.verify_against(&remembered, &mut |_| {}).await?;
    anyhow::ensure!(report.is_clean(), "the log is not what was written: {:?}", report.faults);
    let of = format!("{} events with {} checkpoints", events, remembered.len());
    readings.time(format!("verify, {of}"), "yousu", started.elapsed());
    readings.note(
        format!("memory at its peak, verify, {of}"),
        "yousu",
        "MB",
        memory_mb("/proc/self/status", "VmHWM:")?,
    );
    log.close().await;
    Ok(())
}

async fn checkpoint(dir: &Path, cases: u64, readings: &mut Readings) -> anyhow::Result<()> {
    let (place, centre) = (tempfile::tempdir_in(dir)?, Centre::new(CENTRE)?);
    let log = open(place.path()).await?;
    for first in (0..cases).step_by(usize::try_from(TOGETHER)?) {
        append_all(&*log, (first..(first + TOGETHER).min(cases)).map(|case| (case, 0))).await?;
    }
    let started = Instant::now();
    log.commit_heads(&centre, CLOCK).await?;
    readings.time(format!("the first checkpoint of {cases} cases"), "yousu", started.elapsed());
    let options = SqliteConnectOptions::new().filename(place.path().join("log.sqlite")).read_only(true);
    let mut reader = options.connect().await?;
    let (mut waits, mut placed) = (Vec::new(), Vec::new());
    for round in 1..=CHECKPOINTS {
        // Each time other ones, scattered over all.
        let step = cases / CHANGED;
        let changed = (0..CHANGED).map(|n| n * step + (scatter(n) + round) % step.max(1));
        let mut versions = Vec::new();
        for case in changed {
            versions.push((case, log.stream_head(&centre, stream(case)).await?));
        }
        append_all(&*log, versions.into_iter()).await?;
        let started = Instant::now();
        log.commit_heads(&centre, CLOCK).await?;
        let size = log.tail(&centre).now();
        log.prove(&centre, &root_plan(size)?).await?;
        waits.push(started.elapsed());
        let mut again = tokio::time::interval(Duration::from_millis(2));
        while !sqlx::query_scalar::<_, bool>(IS_PLACED).fetch_one(&mut reader).await? {
            again.tick().await;
        }
        placed.push(started.elapsed());
    }
    readings.waits(&format!("a checkpoint of {cases} cases, {CHANGED} changed"), "yousu", waits);
    readings.waits("until what it changed of the tree is in its places", "yousu", placed);
    log.close().await;
    Ok(())
}

/// The `n`th event of each of these cases, in one append.
async fn append_all(log: &dyn EventLog, which: impl Iterator<Item = (u64, u64)>) -> anyhow::Result<()> {
    let mut all: Option<Append> = None;
    for (case, n) in which {
        let (append, _) = whole(case, n)?;
        match &mut all {
            None => all = Some(append),
            Some(all) => {
                all.events.extend(append.events);
                all.expected.extend(append.expected);
            }
        }
    }
    if let Some(append) = all {
        log.append(append).await?;
    }
    Ok(())
}
