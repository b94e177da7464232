//! A backup beside a server that is busy, a restore elsewhere, and the work goes on there.

use std::{
    collections::BTreeMap,
    fmt,
    path::Path,
    process::{Child, Command},
    sync::{
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    time::Duration,
};

use anyhow::{Context as _, ensure};
use event_log::{Access, Body, Centre, Event};
use serde_json::Value;
use tempfile::TempDir;
use uuid::Uuid;

pub use crate::kill::Plan;
use crate::{
    chance::Chance,
    client::Client,
    kill::command_of,
    load::{accept, id},
    program::{self, CENTRE},
};

const CALLERS: usize = 8;
/// Commands that are acknowledged before a backup begins, at least.
const BEFORE: usize = 30;
/// The backup begins at most so long after that.
const LONGEST: Duration = Duration::from_millis(60);
/// Cases whose history is compared, spread over all.
const REPLAYED: usize = 5;

/// What was seen. Whatever must not be is an error of [`run`].
#[derive(Debug, Default)]
pub struct Tally {
    pub rounds: u32,
    /// Acknowledged before the backup began: every one was in it.
    pub before: u64,
    /// Acknowledged while it was made.
    pub during: u64,
    /// Not in it, and given to the restored installation: each got the same position again.
    pub sent_again: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rounds, before, during, sent_again } = self;
        write!(
            f,
            "{rounds} backups: {before} commands acknowledged before, all restored; {during} while they were made; \
             {sent_again} sent again, each recorded where it had been"
        )
    }
}

/// Does it, round by round.
///
/// # Errors
/// Whatever is not as it must be.
pub fn run(plan: &Plan) -> anyhow::Result<Tally> {
    let (mut tally, mut chance) = (Tally::default(), Chance(plan.seed));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for round in 1..=plan.rounds {
        let place = TempDir::new_in(&plan.dir)?;
        let done = Round { yousu: &plan.yousu, place: place.path() }.play(&mut chance, &mut tally, &runtime);
        done.with_context(|| format!("round {round} of seed {}", plan.seed))?;
        tally.rounds += 1;
    }
    Ok(tally)
}

/// A command's number, and where it stands.
type Recorded = (u64, u64);

struct Round<'a> {
    yousu: &'a Path,
    place: &'a Path,
}

/// A server that ends with its round, whatever happens in it.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Round<'_> {
    fn play(&self, chance: &mut Chance, tally: &mut Tally, runtime: &tokio::runtime::Runtime) -> anyhow::Result<()> {
        let (old, new, copy) = (self.place.join("old"), self.place.join("new"), self.place.join("copy"));
        program::open_centre(Command::new(self.yousu), &old)?;
        let (before, all) = self.back_up_while_busy(&old, &copy, chance, tally)?;

        program::keep_master(&old, &new)?;
        self.yousu(&new, &["restore", &copy.to_string_lossy(), "--format", "json"])?;
        let (theirs, ours) = (runtime.block_on(events(&old))?, runtime.block_on(events(&new))?);
        ensure!(theirs[..ours.len().min(theirs.len())] == ours[..], "the restored events are others");
        for (n, position) in &before {
            let place = usize::try_from(*position)? - 1;
            let event = ours.get(place).with_context(|| format!("command {n} was acknowledged and is not restored"))?;
            ensure!(command_of(&event.body)? == id(*n), "command {n} is not where it was");
        }
        self.yousu(&new, &["verify"])?;
        self.compare_at_the_backups_moment(&old, &new, &ours)?;

        // What the backup did not see is sent again, in the order in which it was recorded.
        let commands: BTreeMap<Uuid, u64> = all.iter().map(|(n, _)| (id(*n), *n)).collect();
        let (server, address) = program::serve(Command::new(self.yousu), &new)?;
        let server = Server(server);
        let mut client = Client::new(&address)?;
        for event in &theirs[ours.len()..] {
            let n = commands.get(&command_of(&event.body)?).context("a command that nobody sent")?;
            let answer = client.command(&accept(*n))?;
            ensure!(answer.status == 200, "command {n} again: {} {}", answer.status, answer.body);
            ensure!(answer.position == Some(event.position), "command {n} again: at another position");
            tally.sent_again += 1;
        }
        drop(server);
        let again = runtime.block_on(events(&new))?;
        ensure!(again.len() == theirs.len(), "the two installations differ");
        for (ours, theirs) in again.iter().zip(&theirs) {
            ensure!(said(ours)? == said(theirs)?, "the two installations differ at {}", ours.position);
        }
        let ledger = ["ledger", "--format", "json"];
        ensure!(self.yousu(&new, &ledger)? == self.yousu(&old, &ledger)?, "the two ledgers differ");
        self.yousu(&new, &["verify"])?;
        Ok(())
    }

    /// Those acknowledged before the backup began, and all.
    fn back_up_while_busy(
        &self,
        old: &Path,
        copy: &Path,
        chance: &mut Chance,
        tally: &mut Tally,
    ) -> anyhow::Result<(Vec<Recorded>, Vec<Recorded>)> {
        let (server, address) = program::serve(Command::new(self.yousu), old)?;
        let server = Server(server);
        let (next, stop) = (AtomicU64::new(1), AtomicBool::new(false));
        let (tell, told) = mpsc::channel();
        std::thread::scope(|scope| {
            let (next, stop, address) = (&next, &stop, &address);
            for _ in 0..CALLERS {
                let tell = tell.clone();
                scope.spawn(move || call(address, next, stop, &tell));
            }
            drop(tell);
            let backed_up = (|| {
                let mut before = told.iter().take(BEFORE).collect::<anyhow::Result<Vec<_>>>()?;
                chance.pause(LONGEST);
                before.extend(told.try_iter().collect::<anyhow::Result<Vec<_>>>()?);
                self.yousu(old, &["backup", &copy.to_string_lossy(), "--format", "json"])?;
                let during = told.try_iter().collect::<anyhow::Result<Vec<_>>>()?;
                tally.before += before.len() as u64;
                tally.during += during.len() as u64;
                anyhow::Ok((before, during))
            })();
            stop.store(true, Ordering::Relaxed);
            let last = told.iter().collect::<anyhow::Result<Vec<_>>>();
            let (before, during) = backed_up?;
            let all = before.iter().copied().chain(during).chain(last?).collect();
            drop(server);
            Ok((before, all))
        })
    }

    /// The ledger has a line for each case in the order of the log, so the restored one is the beginning of the other.
    fn compare_at_the_backups_moment(&self, old: &Path, new: &Path, ours: &[Event]) -> anyhow::Result<()> {
        let ledger = ["ledger", "--format", "json"];
        let (theirs, restored) = (self.yousu(old, &ledger)?, self.yousu(new, &ledger)?);
        ensure!(!restored.is_empty() && theirs.starts_with(&restored), "the restored ledger is another");
        for event in ours.iter().rev().step_by(ours.len() / REPLAYED + 1) {
            let (case, version) = (event.stream.to_string(), event.version.to_string());
            if event.kind != "accepted" {
                continue;
            }
            let theirs = self.yousu(old, &["replay", &case, "--version", &version, "--format", "json"])?;
            ensure!(self.yousu(new, &["replay", &case, "--format", "json"])? == theirs, "case {case} is another");
        }
        Ok(())
    }

    /// What a command prints; it must end well.
    fn yousu(&self, data: &Path, args: &[&str]) -> anyhow::Result<String> {
        let done = Command::new(self.yousu).arg("--data").arg(data).args(args).output().context("yousu starts")?;
        let said = String::from_utf8_lossy(&done.stderr);
        ensure!(done.status.success(), "`{}` ended with {}: {said}", args.join(" "), done.status);
        Ok(String::from_utf8(done.stdout)?)
    }
}

/// Sends commands until it is told to stop; whoever listens hears of each that was acknowledged.
fn call(address: &str, next: &AtomicU64, stop: &AtomicBool, tell: &mpsc::Sender<anyhow::Result<Recorded>>) {
    let send = |client: &mut Client| -> anyhow::Result<Recorded> {
        let n = next.fetch_add(1, Ordering::Relaxed);
        let answer = client.command(&accept(n))?;
        ensure!(answer.status == 200, "command {n}: {} {}", answer.status, answer.body);
        Ok((n, answer.position.context("an answer says where its events stand")?))
    };
    let mut client = match Client::new(address) {
        Ok(client) => client,
        Err(error) => return drop(tell.send(Err(error.into()))),
    };
    while !stop.load(Ordering::Relaxed) {
        let answer = send(&mut client);
        let failed = answer.is_err();
        if tell.send(answer).is_err() || failed {
            return;
        }
    }
}

/// What an event says, without what is sealed: what came after the backup was sealed twice, with other keys and nonces.
fn said(event: &Event) -> anyhow::Result<(u64, Uuid, u64, &str, Uuid, Value)> {
    let mut public: Value = Body::decode(&event.body)?.public()?;
    public["command"]["digest"] = Value::Null;
    Ok((event.position, event.stream, event.version, &event.kind, command_of(&event.body)?, public))
}

async fn events(data: &Path) -> anyhow::Result<Vec<Event>> {
    let path = format!("sqlite:{}", data.join("log.sqlite").display());
    let (log, centre) = (event_log::open(&path, Access::Read).await?, Centre::new(CENTRE)?);
    let mut all: Vec<Event> = Vec::new();
    loop {
        let page = log.read_centre(&centre, all.last().map_or(0, |event| event.position), 4_000).await?;
        if page.is_empty() {
            break;
        }
        all.extend(page);
    }
    log.close().await;
    Ok(all)
}
