//! The operations, where they begin, and what must hold after one that was troubled.

use std::{
    collections::BTreeMap,
    fmt,
    fs::{self, File},
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    Shim,
    client::Client,
    load,
    program::{self, Said},
    record,
    shim::{Fault, Order},
};

/// Commands that are there before, and those that an appending operation brings.
const BEFORE: u64 = 30;
const BROUGHT: u64 = 20;
/// How often a command is sent again to a server that refuses it.
const TRIES: u32 = 3;

/// What is troubled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Operation {
    /// `yousu apply`
    Apply,
    /// `yousu serve`, with commands over HTTP
    Serve,
    /// `yousu rebuild`
    Rebuild,
    /// `yousu backup`
    Backup,
    /// `yousu restore`
    Restore,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Apply => "apply",
            Self::Serve => "serve",
            Self::Rebuild => "rebuild",
            Self::Backup => "backup",
            Self::Restore => "restore",
        })
    }
}

/// How a troubled run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The fault did not happen: the run did not come to that call.
    Missed,
    /// It ended with status 1 and a word on standard error; a server answered a command with an error.
    Refused,
    CarriedOn,
    Killed,
}

/// Where an operation begins, and what an untroubled one leaves.
pub(super) struct Stage<'a> {
    shim: &'a Shim,
    pub(super) yousu: &'a Path,
    pub(super) operation: Operation,
    place: &'a Path,
    commands: PathBuf,
    /// The ledger after an untroubled run.
    ledger: String,
}

impl<'a> Stage<'a> {
    pub(super) fn set(shim: &'a Shim, yousu: &'a Path, operation: Operation, place: &'a Path) -> anyhow::Result<Self> {
        let template = place.join("template");
        fs::create_dir(&template)?;
        program::open_centre(Command::new(yousu), &template)?;
        let [before, commands] = ["before.jsonl", "commands.jsonl"].map(|name| place.join(name));
        let lines = |from: u64, count: u64| {
            (from..from + count).map(|n| load::accept(n).to_string() + "\n").collect::<String>()
        };
        fs::write(&before, lines(1, BEFORE))?;
        fs::write(&commands, lines(1 + BEFORE, BROUGHT))?;
        let mut stage = Self { shim, yousu, operation, place, commands, ledger: String::new() };
        stage.yousu(&template, &["apply", text(&before)?])?.ok()?;
        stage.ledger(&template)?;
        if operation == Operation::Restore {
            let made = place.join("backup");
            stage.yousu(&template, &["backup", text(&made)?])?.ok()?;
            // What is restored is to come from the backup, and from nowhere else.
            stage.ledger = stage.ledger(&template)?;
            let kept = place.join("kept");
            program::keep_master(&template, &kept)?;
            fs::remove_dir_all(&template)?;
            program::keep_master(&kept, &template)?;
            return Ok(stage);
        }
        let clean = stage.begin()?;
        stage.again(clean.path())?;
        stage.ledger = stage.ledger(&clean.path().join("data"))?;
        ensure!(stage.ledger.lines().count() as u64 >= BEFORE, "the ledger has a line for every case");
        Ok(stage)
    }

    /// How often each call is made in an untroubled run.
    pub(super) fn counts(&self) -> anyhow::Result<BTreeMap<String, u64>> {
        let (place, record) = (self.begin()?, self.place.join("counts"));
        self.play(place.path(), &Order { record: Some(&record), ..Order::below(place.path()) })?.ended?;
        Ok(record::counts(&record)?.0)
    }

    /// A place of its own, as it is before the operation. The data directory is `data` in it.
    pub(super) fn begin(&self) -> anyhow::Result<TempDir> {
        let place = TempDir::new_in(self.place)?;
        copy(&self.place.join("template"), &place.path().join("data"))?;
        let made = self.place.join("backup");
        if made.is_dir() {
            copy(&made, &place.path().join("backup"))?;
        }
        Ok(place)
    }

    /// One troubled run, and everything that must hold after it.
    pub(super) fn suffer(&self, fault: (&str, Fault, u64, u64)) -> anyhow::Result<Outcome> {
        let place = self.begin()?;
        let record = place.path().with_extension("record");
        let order = Order { record: Some(&record), fault: Some(fault), ..Order::below(place.path()) };
        let played = self.play(place.path(), &order)?;
        let (_, spoiled) = record::counts(&record)?;
        fs::remove_file(&record)?;
        let outcome = played.ended.context("the troubled run")?;
        ensure!(fault.1 != Fault::Kill || spoiled == 0 || outcome == Outcome::Killed, "it outlived SIGKILL");
        self.check(place.path(), &played.acknowledged)?;
        Ok(if spoiled == 0 { Outcome::Missed } else { outcome })
    }

    fn check(&self, place: &Path, acknowledged: &BTreeMap<u64, u64>) -> anyhow::Result<()> {
        let data = place.join("data");
        // A restore that did not come to its end has left no log, and one that did has left the whole.
        let is_there = self.operation != Operation::Restore || data.join("log.sqlite").exists();
        if is_there {
            self.yousu(&data, &["verify"])?.ok().context("verify, after it")?;
        }
        if self.operation == Operation::Rebuild {
            let served = self.ledger(&data).context("the ledger, after it")?;
            ensure!(served == self.ledger, "the ledger that is served is another one");
        }
        let again = self.again(place).context("done again without a fault")?;
        for (n, position) in acknowledged {
            ensure!(
                again.get(n) == Some(&(*position, true)),
                "command {n} was acknowledged at {position}, and is lost"
            );
        }
        self.yousu(&data, &["verify"])?.ok().context("verify, at the end")?;
        ensure!(self.ledger(&data)? == self.ledger, "the ledger is not that of an untroubled run");
        self.yousu(&data, &["rebuild"])?.ok().context("rebuild, at the end")?;
        ensure!(self.ledger(&data)? == self.ledger, "the ledger built anew is not that of an untroubled run");
        Ok(())
    }

    /// The operation without a fault. For commands: where each stands, and whether it had been there before.
    fn again(&self, place: &Path) -> anyhow::Result<BTreeMap<u64, (u64, bool)>> {
        let data = place.join("data");
        match self.operation {
            Operation::Apply | Operation::Serve => {
                let said = self.yousu(&data, &["apply", text(&self.commands)?, "--format", "json"])?.ok()?;
                let done = results(&said);
                ensure!(done.len() as u64 == BROUGHT, "{} commands were done, of {BROUGHT}", done.len());
                Ok(done)
            }
            Operation::Rebuild => self.yousu(&data, &["rebuild"])?.ok().map(|_| BTreeMap::new()),
            Operation::Backup => self.back_up_again(place).map(|()| BTreeMap::new()),
            Operation::Restore => {
                let backup = place.join("backup");
                // One that had brought the log back is told to bring what was to be erased to its end.
                let args =
                    if data.join("log.sqlite").exists() { ["erase", "carry-out"] } else { ["restore", text(&backup)?] };
                self.yousu(&data, &args)?.ok()?;
                Ok(BTreeMap::new())
            }
        }
    }

    /// A backup that has its name is whole, whatever was said of it; one that has not is made again under the same name. Either
    /// brings everything back.
    fn back_up_again(&self, place: &Path) -> anyhow::Result<()> {
        let (made, partial, brought_back) =
            (place.join("backup"), place.join("backup.partial"), place.join("brought-back"));
        if partial.exists() {
            // One that was interrupted is not overwritten: the operator is told what to do.
            let said = self.yousu(&place.join("data"), &["backup", text(&made)?])?;
            let is_told = said.err.contains(text(&partial)?) && said.err.contains("delete it");
            ensure!(
                said.status.code() == Some(1) && is_told,
                "what an interrupted backup left is not named: {}",
                said.err
            );
            fs::remove_dir_all(partial)?;
        }
        if !made.exists() {
            self.yousu(&place.join("data"), &["backup", text(&made)?])?.ok()?;
        }
        program::keep_master(&place.join("data"), &brought_back)?;
        self.yousu(&brought_back, &["restore", text(&made)?])?.ok().context("the backup is restored")?;
        let ledger = self.ledger(&brought_back)?;
        // Empty while the stage is being set: nothing is known yet.
        ensure!(self.ledger.is_empty() || ledger == self.ledger, "the ledger from the backup is another one");
        Ok(())
    }

    /// The operation's own arguments, for one that is a command and not a server.
    pub(super) fn args(&self, place: &Path) -> anyhow::Result<Vec<String>> {
        let backup = place.join("backup");
        Ok(match self.operation {
            Operation::Backup => vec!["backup".to_owned(), text(&backup)?.to_owned()],
            Operation::Restore => vec!["restore".to_owned(), text(&backup)?.to_owned()],
            Operation::Apply => ["apply", text(&self.commands)?, "--format", "json"].map(str::to_owned).to_vec(),
            Operation::Rebuild => vec!["rebuild".to_owned()],
            Operation::Serve => bail!("a server is no command"),
        })
    }

    pub(super) fn order_envs(&self, order: &Order<'_>) -> anyhow::Result<Vec<(&'static str, std::ffi::OsString)>> {
        self.shim.envs(order)
    }

    /// The operation under the shim.
    fn play(&self, place: &Path, order: &Order<'_>) -> anyhow::Result<Played> {
        let (yousu, data) = (self.shim.before(self.yousu, order)?, place.join("data"));
        if self.operation == Operation::Serve {
            return self.play_serve(yousu, place);
        }
        let args = self.args(place)?;
        let said = program::run(yousu, &data, args.iter().map(String::as_str))?;
        let acknowledged = results(&said.out).into_iter().map(|(n, (position, _))| (n, position)).collect();
        let ended = match said.status.code() {
            // What cannot be read while a backup is verified counts as a fault of the backup.
            Some(3) if self.operation == Operation::Restore && said.err.contains("nothing was restored") => {
                Ok(Outcome::Refused)
            }
            _ => judge(&said),
        };
        Ok(Played { acknowledged, ended })
    }

    fn play_serve(&self, mut yousu: Command, place: &Path) -> anyhow::Result<Played> {
        let err = place.join("err");
        yousu.stderr(File::create(&err)?);
        let mut acknowledged = BTreeMap::new();
        let (server, address) = program::start(yousu, &place.join("data"))?;
        let mut is_refused = false;
        if let Some(mut client) = address.and_then(|address| Client::new(&address).ok()) {
            for n in 1 + BEFORE..=BEFORE + BROUGHT {
                let Some(answer) = ask(&mut client, n, &mut is_refused) else { break };
                acknowledged.insert(n, answer);
            }
            // One that was killed does not hear it.
            let _ = program::terminate(&server);
        }
        let mut said = program::wait(server)?;
        said.err = fs::read_to_string(&err)?;
        let ended =
            judge(&said).map(|ended| if ended == Outcome::CarriedOn && is_refused { Outcome::Refused } else { ended });
        Ok(Played { acknowledged, ended })
    }

    fn yousu(&self, data: &Path, args: &[&str]) -> anyhow::Result<Said> {
        program::run(Command::new(self.yousu), data, args.iter().copied())
    }

    fn ledger(&self, data: &Path) -> anyhow::Result<String> {
        self.yousu(data, &["ledger", "--format", "json"])?.ok()
    }
}

struct Played {
    /// Commands and positions.
    acknowledged: BTreeMap<u64, u64>,
    ended: anyhow::Result<Outcome>,
}

/// Sends a command until it is acknowledged; `None` if it was not.
fn ask(client: &mut Client, n: u64, is_refused: &mut bool) -> Option<u64> {
    for _ in 0..TRIES {
        let answer = client.command(&load::accept(n)).ok()?;
        if answer.status == 200 {
            return answer.position;
        }
        *is_refused = true;
    }
    None
}

/// How it ended, if that is one of the ways in which it may.
fn judge(said: &Said) -> anyhow::Result<Outcome> {
    ensure!(!said.err.contains("panicked"), "it panicked: {}", said.err);
    match (said.status.code(), said.status.signal()) {
        (Some(0), _) => Ok(Outcome::CarriedOn),
        (Some(1), _) => {
            let is_english = !said.err.trim().is_empty() && said.err.is_ascii();
            ensure!(is_english, "it refused without a word for the operator: {:?}", said.err);
            Ok(Outcome::Refused)
        }
        (None, Some(9)) => Ok(Outcome::Killed),
        _ => bail!("it ended with {}: {}", said.status, said.err),
    }
}

/// What `apply` printed: command, position, whether it was there before.
fn results(out: &str) -> BTreeMap<u64, (u64, bool)> {
    let result = |line: &str| {
        let said: Value = serde_json::from_str(line).ok()?;
        let id: uuid::Uuid = said["id"].as_str()?.parse().ok()?;
        let position = said["events"].as_array()?.last()?["position"].as_u64()?;
        Some((u64::try_from(id.as_u128()).ok()?, (position, said["already"].as_bool()?)))
    };
    out.lines().filter_map(result).collect()
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

fn text(path: &Path) -> anyhow::Result<&str> {
    path.to_str().context("a path in UTF-8")
}
