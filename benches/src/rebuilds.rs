//! Views built anew, in a process of its own: one that has measured other things before holds memory that is not the rebuild's, and
//! its allocator is no longer as a fresh one's.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use event_log::Access;
use projections::Views;

use crate::{installation::open_log, reading::Readings, served::memory_mb};

/// Has the views of a directory built anew, all of them if none is named, and notes how fast, and the most memory that it took.
pub(crate) fn measure(
    what: &str,
    dir: &Path,
    names: &[&str],
    events: u64,
    readings: &mut Readings,
) -> anyhow::Result<()> {
    let child = Command::new(std::env::current_exe()?).arg("rebuild").arg(dir).args(names).output()?;
    anyhow::ensure!(child.status.success(), "the rebuild: {}", String::from_utf8_lossy(&child.stderr));
    let (seconds, peak_mb): (f64, f64) = serde_json::from_slice(&child.stdout).context("what the rebuild says")?;
    readings.rate(format!("{what}, {events} events"), "yousu", events, Duration::from_secs_f64(seconds));
    readings.note(format!("memory at its peak, {what}, {events} events"), "yousu", "MB", peak_mb);
    Ok(())
}

/// What that process does; it says the seconds and the MB.
pub(crate) async fn run(dir: &Path, names: &[String]) -> anyhow::Result<()> {
    let log = open_log(dir, Access::Read).await?;
    let views = Views::open(dir).await?;
    let started = Instant::now();
    views.rebuild(&*log, names, |_, _| ()).await?;
    let seconds = started.elapsed().as_secs_f64();
    println!("{}", serde_json::to_string(&(seconds, memory_mb("/proc/self/status", "VmHWM:")?))?);
    views.close().await;
    log.close().await;
    Ok(())
}
