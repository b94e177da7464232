//! `kill -9` at random moments, with commands in flight.

use std::{
    collections::BTreeMap,
    fmt,
    path::PathBuf,
    process::Command,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    time::Duration,
};

use anyhow::{Context as _, ensure};
use event_log::{Access, Centre};
use serde_json::Value;
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    chance::Chance,
    load::{self, Answers, id},
    program::{self, CENTRE},
};

/// Callers at once, each with one command in flight.
const CALLERS: usize = 16;
/// A round goes on for fewer answers than this, and then at most so long, before the program is killed. Time alone would leave it to
/// the machine whether there is anything to lose.
const ANSWERS: u64 = 64;
const LONGEST: Duration = Duration::from_millis(20);
/// A server that does not give as many answers in this time hangs.
const LIMIT: Duration = Duration::from_secs(60);
/// After so many rounds a new directory is begun, for every round reads and verifies the whole log.
const ROUNDS_A_DIRECTORY: u32 = 25;

/// What is to be done.
#[derive(Debug)]
pub struct Plan {
    pub yousu: PathBuf,
    /// Where directories are made.
    pub dir: PathBuf,
    pub rounds: u32,
    pub seed: u64,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Tally {
    pub rounds: u32,
    pub acknowledged: u64,
    /// Sent, and not answered when the program was killed.
    pub in_flight: u64,
    /// Rounds in which something was in flight.
    pub rounds_in_flight: u32,
    /// Of those in flight, found in the log all the same.
    pub unanswered_but_there: u64,
    pub lost: u64,
    pub duplicated: u64,
    pub gaps: u64,
    /// Faults that `verify` found.
    pub faults: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rounds,
            acknowledged,
            in_flight,
            rounds_in_flight,
            unanswered_but_there,
            lost,
            duplicated,
            gaps,
            faults,
        } = self;
        write!(
            f,
            "{rounds} rounds: {acknowledged} acknowledged; {in_flight} in flight in {rounds_in_flight} rounds, \
             {unanswered_but_there} of them recorded; lost {lost}, duplicated {duplicated}, gaps {gaps}, faults {faults}"
        )
    }
}

impl Tally {
    /// Nothing that must not be.
    pub fn is_clean(&self) -> bool {
        (self.lost, self.duplicated, self.gaps, self.faults) == (0, 0, 0, 0)
    }
}

/// One directory of its own, and what is known of it.
struct Place {
    dir: TempDir,
    /// The next command's number.
    next: AtomicU64,
    /// Commands whose answer never came: they are sent again first.
    unanswered: Vec<u64>,
    /// Where each command stands in the log, as far as it was read.
    recorded: BTreeMap<Uuid, u64>,
    read: u64,
}

/// Kills and looks, round by round; `tell` hears of each.
///
/// # Errors
/// If the victim cannot be started or its log not be opened: that is a finding too.
pub fn run(plan: &Plan, mut tell: impl FnMut(&Tally)) -> anyhow::Result<Tally> {
    let (mut tally, mut chance) = (Tally::default(), Chance(plan.seed));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut place = None;
    while tally.rounds < plan.rounds {
        let mut here = match place.take() {
            Some(place) if tally.rounds % ROUNDS_A_DIRECTORY != 0 => place,
            _ => Place::new(plan)?,
        };
        let round = format!("round {} of seed {}", tally.rounds + 1, plan.seed);
        let answers = here.round(plan, &mut chance).context(round.clone())?;
        runtime.block_on(here.inspect(&answers, &mut tally)).context(round)?;
        tally.rounds += 1;
        tell(&tally);
        place = Some(here);
    }
    Ok(tally)
}

impl Place {
    fn new(plan: &Plan) -> anyhow::Result<Self> {
        let dir = TempDir::new_in(&plan.dir)?;
        program::open_centre(Command::new(&plan.yousu), dir.path())?;
        Ok(Self { dir, next: AtomicU64::new(1), unanswered: Vec::new(), recorded: BTreeMap::new(), read: 0 })
    }

    fn round(&mut self, plan: &Plan, chance: &mut Chance) -> anyhow::Result<Answers> {
        let (mut victim, address) = program::serve(Command::new(&plan.yousu), self.dir.path())?;
        let again = Mutex::new(std::mem::take(&mut self.unanswered));
        let (taken, wanted) = (AtomicU64::new(0), CALLERS as u64 + chance.below(ANSWERS));
        let (now, moment) = mpsc::channel();
        let next = || {
            if taken.fetch_add(1, Ordering::Relaxed) == wanted {
                // Nobody listens any more where it took too long.
                let _ = now.send(());
            }
            let sent_before = again.lock().unwrap_or_else(PoisonError::into_inner).pop();
            Some(sent_before.unwrap_or_else(|| self.next.fetch_add(1, Ordering::Relaxed)))
        };
        let (answers, killed) = std::thread::scope(|scope| {
            let callers = scope.spawn(|| load::send(&address, CALLERS, next));
            let answered = moment.recv_timeout(LIMIT);
            chance.pause(LONGEST);
            let killed = victim.kill();
            (callers.join(), answered.context("the server does not answer").and_then(|()| Ok(killed?)))
        });
        victim.wait()?;
        killed?;
        let mut answers = answers.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked));
        // Whoever was not sent again before the end is as unanswered as before.
        answers.unanswered.extend(again.lock().unwrap_or_else(PoisonError::into_inner).drain(..));
        self.unanswered.clone_from(&answers.unanswered);
        Ok(answers)
    }

    /// Reads what the dead program left, as an auditor would.
    async fn inspect(&mut self, answers: &Answers, tally: &mut Tally) -> anyhow::Result<()> {
        let path = format!("sqlite:{}", self.dir.path().join("log.sqlite").display());
        let (log, centre) = (event_log::open(&path, Access::Read).await?, Centre::new(CENTRE)?);
        let report = log.verify(&mut |_| ()).await?;
        tally.faults += report.faults.len() as u64 + report.more_faults;
        loop {
            let events = log.read_centre(&centre, self.read, 4_000).await?;
            if events.is_empty() {
                break;
            }
            for event in events {
                tally.gaps += u64::from(event.position != self.read + 1);
                self.read = event.position;
                if event.kind == "accepted" {
                    let is_second = self.recorded.insert(command_of(&event.body)?, event.position).is_some();
                    tally.duplicated += u64::from(is_second);
                }
            }
        }
        log.close().await;
        for (n, position) in &answers.acknowledged {
            tally.lost += u64::from(self.recorded.get(&id(*n)) != Some(position));
        }
        tally.acknowledged += answers.acknowledged.len() as u64;
        tally.in_flight += answers.unanswered.len() as u64;
        tally.rounds_in_flight += u32::from(!answers.unanswered.is_empty());
        let there = answers.unanswered.iter().filter(|n| self.recorded.contains_key(&id(**n)));
        tally.unanswered_but_there += there.count() as u64;
        Ok(())
    }
}

/// The id of the command that an event names.
///
/// # Errors
/// If the body is no event's, or names none.
pub fn command_of(body: &[u8]) -> anyhow::Result<Uuid> {
    let body: Value = serde_json::from_slice(body)?;
    let id = body["public"]["command"]["id"].as_str().context("an event names its command")?;
    ensure!(!id.is_empty(), "an event names its command");
    Ok(id.parse()?)
}
