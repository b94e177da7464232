//! A backup of the installation and its way back, by the program, as an operator sees them: every byte copied, hashed, synced,
//! and in a restore the whole log verified.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context as _;

use crate::{installation::Installation, reading::Readings};

pub(crate) fn run(
    yousu: &Path,
    dir: &Path,
    installation: &Installation,
    readings: &mut Readings,
) -> anyhow::Result<()> {
    let place = tempfile::tempdir_in(dir)?;
    let (backup, restored) = (place.path().join("backup"), place.path().join("restored"));
    let mut note = |what: &str, took: Duration, bytes: u64| {
        let measure = |of: &str| format!("{what}, {of}{} events", installation.events);
        readings.time(measure(""), "yousu", took);
        readings.note(measure("of "), "yousu", "MB/s", bytes as f64 / 1e6 / took.as_secs_f64());
    };
    let took = told(yousu, installation.path(), "backup", &backup)?;
    let bytes = std::fs::metadata(backup.join("log.sqlite"))?.len();
    note("backup", took, bytes);
    let took = told(yousu, &restored, "restore", &backup)?;
    anyhow::ensure!(std::fs::metadata(restored.join("log.sqlite"))?.len() >= bytes, "the restored log is shorter");
    note("restore", took, bytes);
    Ok(())
}

/// Runs one subcommand to its end.
fn told(yousu: &Path, data: &Path, subcommand: &str, with: &Path) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let mut command = Command::new(yousu);
    command.arg("--data").arg(data).arg(subcommand).arg(with).stdin(Stdio::null());
    let done = command.output().context("yousu starts")?;
    anyhow::ensure!(done.status.success(), "{subcommand}: {}", String::from_utf8_lossy(&done.stderr));
    Ok(started.elapsed())
}
