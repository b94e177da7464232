//! The victim.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, ensure};
use serde_json::Value;

pub(crate) const CENTRE: &str = "410404";
/// Before every command of a run.
pub(crate) const OPENED_AT: &str = "2026-03-02T09:00:00";

/// The program as `YOUSU_BIN` names it, or as it was built beside this one.
///
/// # Errors
/// If there is none.
pub fn built() -> anyhow::Result<PathBuf> {
    if let Some(named) = std::env::var_os("YOUSU_BIN") {
        return Ok(named.into());
    }
    let own = std::env::current_exe()?;
    let mut beside = own.ancestors().skip(1).map(|folder| folder.join("yousu"));
    beside
        .find(|path| path.is_file())
        .context("there is no `yousu` beside this program: `cargo build --bin yousu` first")
}

/// A simulated centre in an empty directory.
pub(crate) fn open_centre(yousu: &Path, dir: &Path) -> anyhow::Result<()> {
    let open = ["centre", "open", CENTRE, "--name", "中心", "--level", "county", "--policy", "henan-2022-43"];
    let mut command = Command::new(yousu);
    command.arg("--data").arg(dir).args(open).args(["--simulated", "--at", OPENED_AT]);
    let done = command.output().context("yousu starts")?;
    ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}

/// A server that is up, and its address.
pub(crate) fn serve(yousu: &Path, dir: &Path) -> anyhow::Result<(Child, String)> {
    let mut command = Command::new(yousu);
    command.arg("--data").arg(dir).args(["serve", "--listen", "127.0.0.1:0", "--format", "json"]);
    let mut child = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().context("yousu starts")?;
    let mut said = String::new();
    BufReader::new(child.stdout.take().context("it is piped")?).read_line(&mut said)?;
    let said: Value = serde_json::from_str(&said).context("it says where it listens")?;
    let address = said["address"].as_str().context("an address")?.trim_start_matches("http://").to_owned();
    Ok((child, address))
}
