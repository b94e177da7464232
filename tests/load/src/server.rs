//! The program from outside: what it takes of memory, processor and disk.

use std::{
    fs,
    path::Path,
    process::{Child, Command},
};

use anyhow::{Context as _, ensure};
use serde::Serialize;

use crate::lives::{CENTRES, DEPARTMENTS};

/// At one moment. Sizes in bytes; 0 where the system does not tell.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Seen {
    /// Resident memory.
    pub(crate) memory: u64,
    /// Processor time since its start, in ticks of 10 ms.
    pub(crate) cpu_ticks: u64,
    pub(crate) log: u64,
    pub(crate) log_wal: u64,
    pub(crate) views: u64,
    pub(crate) views_wal: u64,
}

impl Seen {
    pub(crate) fn of(pid: u32, data: &Path) -> Self {
        let mut seen = Self { memory: memory(pid), cpu_ticks: cpu_ticks(pid), ..Self::default() };
        for (path, size) in files(data).into_iter().chain(files(&data.join("views"))) {
            let is_view = path.parent().is_some_and(|folder| folder.ends_with("views"));
            let is_wal = path.extension().is_some_and(|end| end.to_string_lossy().ends_with("-wal"));
            *match (is_view, is_wal) {
                (false, false) => &mut seen.log,
                (false, true) => &mut seen.log_wal,
                (true, false) => &mut seen.views,
                (true, true) => &mut seen.views_wal,
            } += size;
        }
        seen
    }

    pub(crate) fn line(&self) -> String {
        let mib = |bytes: u64| bytes / (1 << 20);
        format!(
            "rss {} MiB, cpu {} s, log {}+{} MiB, views {}+{} MiB",
            mib(self.memory),
            self.cpu_ticks / 100,
            mib(self.log),
            mib(self.log_wal),
            mib(self.views),
            mib(self.views_wal)
        )
    }
}

fn files(folder: &Path) -> Vec<(std::path::PathBuf, u64)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sized = entries.filter_map(|entry| Some((entry.path(), entry.metadata().ok()?)));
    sized.filter(|(_, about)| about.is_file()).map(|(path, about)| (path, about.len())).collect()
}

fn memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_ascii_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() * 1_024
}

/// User and system time: the 14th and 15th fields, counted after the program's name, which may hold anything.
fn cpu_ticks(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_ascii_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
}

/// Real centres, whose time is the machine's.
pub(crate) fn set_up(yousu: &Path, data: &Path) -> anyhow::Result<()> {
    let run = |args: &[&str]| {
        let done = Command::new(yousu).arg("--data").arg(data).args(args).output().context("yousu starts")?;
        ensure!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
        Ok(())
    };
    for centre in CENTRES {
        run(&["centre", "open", centre, "--name", "中心", "--level", "county", "--policy", "shilong-2023-7"])?;
        for (id, name) in DEPARTMENTS {
            run(&["centre", "department", "add", centre, id, "--name", name])?;
        }
    }
    Ok(())
}

/// Ends the server with whoever holds this.
pub(crate) struct Ended(pub(crate) Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
