//! The victim.

use std::{
    io::{BufRead as _, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    time::Duration,
};

use anyhow::{Context as _, ensure};
use serde_json::Value;

pub(crate) const CENTRE: &str = "410404";
/// Before every command of a run.
pub(crate) const OPENED_AT: &str = "2026-03-02T09:00:00";

/// A program that is not done by then hangs, and that is a fault of its own. Where every lock fails, SQLite tries for ten seconds
/// on each connection before it says so.
const RUN_LIMIT: Duration = Duration::from_secs(180);

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
pub(crate) fn open_centre(yousu: Command, dir: &Path) -> anyhow::Result<()> {
    let open = ["centre", "open", CENTRE, "--name", "中心", "--level", "county", "--policy", "henan-2022-43"];
    run(yousu, dir, open.into_iter().chain(["--simulated", "--at", OPENED_AT]))?.ok().map(drop)
}

/// A server that is up, and its address.
///
/// # Errors
/// If it does not start, or does not say where it listens.
pub fn serve(yousu: Command, dir: &Path) -> anyhow::Result<(Child, String)> {
    let (server, address) = start(yousu, dir)?;
    Ok((server, address.context("it says where it listens")?))
}

/// A server, and its address if it came so far.
pub(crate) fn start(mut yousu: Command, dir: &Path) -> anyhow::Result<(Child, Option<String>)> {
    yousu.arg("--data").arg(dir).args(["serve", "--listen", "127.0.0.1:0", "--format", "json"]);
    let mut child = yousu.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().context("yousu starts")?;
    let mut said = String::new();
    BufReader::new(child.stdout.take().context("it is piped")?).read_line(&mut said)?;
    let said: Value = serde_json::from_str(&said).unwrap_or_default();
    Ok((child, said["address"].as_str().map(|address| address.trim_start_matches("http://").to_owned())))
}

/// What a program left when it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: ExitStatus,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// What it printed, if it did what it was to do.
    pub(crate) fn ok(self) -> anyhow::Result<String> {
        ensure!(self.status.success(), "{}: {}{}", self.status, self.out, self.err);
        Ok(self.out)
    }
}

/// Runs a subcommand to its end.
pub(crate) fn run<'a>(yousu: Command, dir: &Path, args: impl IntoIterator<Item = &'a str>) -> anyhow::Result<Said> {
    let mut yousu = yousu;
    yousu.arg("--data").arg(dir).args(args);
    wait(yousu.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context("yousu starts")?)
}

/// Waits for a program's end; one that does not come to it is killed and said to hang.
pub(crate) fn wait(mut child: Child) -> anyhow::Result<Said> {
    let (done, ended) = mpsc::channel();
    let (out, err, id) = (child.stdout.take(), child.stderr.take(), child.id());
    std::thread::scope(|scope| {
        let out = scope.spawn(|| text(out));
        let err = scope.spawn(|| text(err));
        let status = scope.spawn(move || {
            let status = child.wait();
            // Whoever waited too long has gone.
            let _ = done.send(());
            status
        });
        let in_time = ended.recv_timeout(RUN_LIMIT).is_ok();
        if !in_time {
            Command::new("kill").args(["-KILL", &id.to_string()]).status()?;
        }
        let status = status.join().unwrap_or_else(|panicked| std::panic::resume_unwind(panicked))?;
        let read = |thread: std::thread::ScopedJoinHandle<'_, String>| thread.join().unwrap_or_default();
        let said = Said { status, out: read(out), err: read(err) };
        ensure!(in_time, "it hangs: {}{}", said.out, said.err);
        Ok(said)
    })
}

fn text(stream: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    // What a killed program wrote last may be cut off.
    let _ = stream.map(|mut stream| stream.read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Asks a server to end, as a service manager does.
pub(crate) fn terminate(child: &Child) -> anyhow::Result<()> {
    let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status()?;
    ensure!(told.success(), "it had ended before it was asked to");
    Ok(())
}

/// Puts the master key of one installation into another directory, as an operator who kept a copy does.
pub(crate) fn keep_master(from: &Path, into: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(into.join("keys"))?;
    std::fs::copy(from.join("keys/master.secret"), into.join("keys/master.secret"))?;
    Ok(())
}
