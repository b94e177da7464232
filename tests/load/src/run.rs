//! Sends, reads, looks; then asks whether all of it is there.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use faults::{Answer, Chance, Client};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    after::{Acknowledged, Outcome, inspect},
    figures::{HEAD, Stretch},
    lives::{CENTRES, DEPARTMENTS, Life, Lives, case_id, centre_of},
    machine::{LOOKS, Page},
    server::{Ended, Seen, set_up},
    turns::{Turns, wait_until},
};

/// Connections that send commands: what may be in flight at once.
const SENDERS: usize = 64;
const READERS: usize = 8;
/// One acknowledgement in so many is followed into the views.
const PROBED: u64 = 50;
const PROBERS: usize = 4;
/// How long turns that came late may still be taken.
const GRACE: Duration = Duration::from_secs(120);

/// What is to be done.
#[derive(Debug)]
pub struct Plan {
    pub yousu: PathBuf,
    /// Where the data directory is made.
    pub dir: PathBuf,
    pub seconds: u64,
    /// Commands a second.
    pub rate: u64,
    /// Reads a second.
    pub reads: u64,
    /// Appeals that are on their way at once.
    pub open: u64,
    /// How long a stretch is that gets a line of its own, in seconds.
    pub every: u64,
    /// Gets a line of JSON for each stretch.
    pub keep: Option<PathBuf>,
}

/// What all threads share.
struct Load<'a> {
    plan: &'a Plan,
    address: String,
    commands: Turns,
    reads: Turns,
    looks: Turns,
    lives: Mutex<Lives>,
    stretch: Mutex<Stretch>,
    acknowledged: Mutex<Vec<Acknowledged>>,
    /// How many appeals each centre has accepted: the numbers of its ledger.
    accepted: [AtomicU64; CENTRES.len()],
    /// The year of those numbers, from the first answer.
    year: Mutex<Option<String>>,
}

/// An acknowledgement to be followed into the views.
type Probe = (usize, u64, Instant);

/// Runs the plan; `tell` gets the lines.
///
/// # Errors
/// If the server cannot be started, ends early, or its log cannot be opened afterwards.
pub fn run(plan: &Plan, mut tell: impl FnMut(&str)) -> anyhow::Result<Outcome> {
    let data = TempDir::new_in(&plan.dir)?;
    set_up(&plan.yousu, data.path())?;
    let (server, address) = faults::serve(std::process::Command::new(&plan.yousu), data.path())?;
    let mut server = Ended(server);
    let (pid, started) = (server.0.id(), Instant::now());
    let lasting = Duration::from_secs(plan.seconds);
    let load = Load {
        plan,
        address,
        commands: Turns::new(started, plan.rate, lasting, GRACE),
        reads: Turns::new(started, plan.reads, lasting, Duration::ZERO),
        looks: Turns::new(started, LOOKS, lasting, Duration::ZERO),
        lives: Mutex::new(Lives::new()),
        stretch: Mutex::default(),
        acknowledged: Mutex::default(),
        accepted: Default::default(),
        year: Mutex::default(),
    };
    tell(HEAD);
    let mut stretches = Vec::new();
    let mut keep = plan.keep.as_deref().map(Keep::new).transpose()?;
    let (probe, probes) = mpsc::channel::<Probe>();
    let probes = Mutex::new(probes);
    std::thread::scope(|scope| -> anyhow::Result<()> {
        let (load, probes) = (&load, &probes);
        let sender = |_| {
            let probe = probe.clone();
            scope.spawn(move || load.send(&probe))
        };
        let senders: Vec<_> = (0..SENDERS).map(sender).collect();
        // The probers end with the last sender.
        drop(probe);
        (0..READERS).for_each(|_| drop(scope.spawn(move || load.read())));
        (0..PROBERS).for_each(|_| drop(scope.spawn(move || load.probe(probes))));
        let looker = scope.spawn(move || load.look());
        let ends = (1..=plan.seconds.div_ceil(plan.every)).map(|n| started + Duration::from_secs(n * plan.every));
        for end in ends {
            wait_until(end.min(started + lasting));
            let stretch = std::mem::take(&mut *lock(&load.stretch));
            let name = format!("{} s", started.elapsed().as_secs());
            let seen = Seen::of(pid, data.path());
            tell(&stretch.line(&name, &seen));
            keep.iter_mut().try_for_each(|keep| keep.add(&stretch.json(&name, &seen)))?;
            stretches.push((stretch, seen));
            ensure!(server.0.try_wait()?.is_none(), "the server ended");
        }
        for thread in senders.into_iter().chain([looker]) {
            let joined: anyhow::Result<()> = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            joined?;
        }
        Ok(())
    })?;
    let tail = std::mem::take(&mut *lock(&load.stretch));
    thirds(&mut stretches, &tail, &mut tell, &mut keep)?;
    let lag = load.lag_at_rest()?;
    drop(server);
    load.outcome(data.path(), &stretches, lag)
}

/// The first third beside the last: what is flat, and what grows.
fn thirds(
    stretches: &mut [(Stretch, Seen)],
    tail: &Stretch,
    tell: &mut impl FnMut(&str),
    keep: &mut Option<Keep>,
) -> anyhow::Result<()> {
    // What came after the last stretch's end was due within it.
    if let Some((last, _)) = stretches.last_mut() {
        last.add(tail);
    }
    let third = stretches.len().div_ceil(3);
    let parts =
        [("first⅓", 0..third), ("last⅓", stretches.len() - third..stretches.len()), ("all", 0..stretches.len())];
    for (name, part) in parts {
        let mut sum = Stretch::default();
        stretches[part.clone()].iter().for_each(|(stretch, _)| sum.add(stretch));
        let Some((_, seen)) = stretches[part].last() else { continue };
        tell(&sum.line(name, seen));
        for (what, waits) in &sum.reads {
            let [p50, p99, p999, max] = waits.told();
            tell(&format!("{:>8} {what}: {} reads, {p50:.1}/{p99:.1}/{p999:.1}/{max:.0} ms", "", waits.len()));
        }
        keep.iter_mut().try_for_each(|keep| keep.add(&sum.json(name, seen)))?;
    }
    Ok(())
}

impl Load<'_> {
    fn stretch(&self) -> MutexGuard<'_, Stretch> {
        lock(&self.stretch)
    }

    /// Takes turns at sending until there is none left.
    fn send(&self, probe: &Sender<Probe>) -> anyhow::Result<()> {
        let mut client = Client::new(&self.address)?;
        while let Some((n, due)) = self.commands.take() {
            let mut life = lock(&self.lives).take(self.plan.open);
            match client.command(&life.command()) {
                Ok(answer) => {
                    self.stretch().commands.note(due.elapsed());
                    let goes_on = match answer.status {
                        200 => {
                            let position = answer.position.context("an answer names its position")?;
                            self.acknowledged(&life, position, &answer);
                            if n % PROBED == 0 {
                                probe.send((life.centre(), position, Instant::now()))?;
                            }
                            life.goes_on()
                        }
                        // The rules say no, and would say so again.
                        409 | 412 | 422 => {
                            *self.stretch().refused.entry(code(&answer)).or_default() += 1;
                            false
                        }
                        _ => {
                            *self.stretch().failed.entry(code(&answer)).or_default() += 1;
                            true
                        }
                    };
                    lock(&self.lives).put(life, goes_on);
                }
                Err(error) => {
                    *self.stretch().failed.entry(error.to_string()).or_default() += 1;
                    lock(&self.lives).put(life, true);
                    client = Client::new(&self.address)?;
                }
            }
        }
        Ok(())
    }

    fn acknowledged(&self, life: &Life, position: u64, answer: &Answer) {
        self.stretch().acknowledged += 1;
        lock(&self.acknowledged).push(Acknowledged { command: life.command_id(), centre: life.centre(), position });
        if life.is_new() {
            self.accepted[life.centre()].fetch_add(1, Ordering::Relaxed);
            lock(&self.lives).known.extend(u32::try_from(life.n).ok());
            lock(&self.year).get_or_insert_with(|| year(&answer.body));
        }
    }

    /// Takes turns at reading.
    fn read(&self) -> anyhow::Result<()> {
        let mut client = Client::new(&self.address)?;
        while let Some((n, due)) = self.reads.take() {
            let Some((what, path)) = self.address_to_read(n) else { continue };
            match client.get(&path, None) {
                Ok(answer) => {
                    let mut stretch = self.stretch();
                    stretch.reads.entry(what).or_default().note(due.elapsed());
                    if answer.status != 200 {
                        *stretch.failed.entry(format!("{what} {}", code(&answer))).or_default() += 1;
                    }
                }
                Err(error) => {
                    *self.stretch().failed.entry(format!("{what} {error}")).or_default() += 1;
                    client = Client::new(&self.address)?;
                }
            }
        }
        Ok(())
    }

    /// Mostly one case, as whoever works on it; some lists.
    fn address_to_read(&self, n: u64) -> Option<(&'static str, String)> {
        let mut chance = Chance(n);
        let case = {
            let known = &lock(&self.lives).known;
            u64::from(*known.get(usize::try_from(chance.below(known.len() as u64)).ok()?)?)
        };
        let centre = format!("/api/v1/centres/{}", CENTRES[centre_of(case)]);
        Some(match chance.below(100) {
            0..60 => ("case", format!("{centre}/cases/{}", case_id(case))),
            60..70 => ("timeline", format!("{centre}/cases/{}/timeline", case_id(case))),
            70..90 => {
                let year = lock(&self.year).clone()?;
                let after = chance.below(self.accepted[centre_of(case)].load(Ordering::Relaxed));
                ("ledger page", format!("{centre}/ledger?limit=50&after={year}-{after}"))
            }
            90..98 => {
                let (department, _) = DEPARTMENTS[usize::try_from(n % 3).ok()?];
                ("feed", format!("{centre}/feeds/department:{department}?limit=50"))
            }
            _ => ("overdue page", format!("{centre}/overdue?limit=50")),
        })
    }

    /// Follows acknowledgements into the ledger: the smallest page of it that has seen them.
    fn probe(&self, probes: &Mutex<Receiver<Probe>>) -> anyhow::Result<()> {
        let mut client = Client::new(&self.address)?;
        loop {
            let Ok((centre, position, acknowledged)) = lock(probes).recv() else { return Ok(()) };
            let code = CENTRES[centre];
            let path = format!("/api/v1/centres/{code}/ledger?limit=1");
            let answer = patiently(&mut client, &path, &format!("{code}@{position}"))?;
            let mut stretch = self.stretch();
            stretch.lag.note(acknowledged.elapsed());
            if answer.status != 200 {
                *stretch.failed.entry(format!("lag {}", self::code(&answer))).or_default() += 1;
            }
        }
    }

    /// Takes turns at looking at the machine.
    fn look(&self) -> anyhow::Result<()> {
        let page = Page::new(&self.plan.dir)?;
        let mut ended = Instant::now();
        while let Some((_, due)) = self.looks.take() {
            let woken = due.elapsed();
            page.sync()?;
            let mut stretch = self.stretch();
            stretch.synced.note(due.elapsed());
            // Whoever was still at the look before was not asleep.
            if ended <= due {
                stretch.woken.note(woken);
            }
            drop(stretch);
            ended = Instant::now();
        }
        Ok(())
    }

    /// Events that views have not seen once nobody writes any more but the server's own sweeps: each view is asked to have
    /// seen the log's end, until none is behind or they do not get there.
    fn lag_at_rest(&self) -> anyhow::Result<u64> {
        const ROUNDS: u32 = 20;
        let mut client = Client::new(&self.address)?;
        let mut lag = 0;
        for _ in 0..ROUNDS {
            let health: Value = serde_json::from_str(&client.get("/healthz", None)?.body)?;
            let centres = health["centres"].as_array().map_or(&[][..], Vec::as_slice);
            let views = centres.iter().filter_map(|centre| centre["views"].as_array()).flatten();
            let lags: Vec<u64> = views.filter_map(|view| view["lag"].as_u64()).collect();
            ensure!(lags.len() >= 3 * CENTRES.len(), "/healthz does not name the views: {health}");
            lag = lags.iter().sum();
            if lag == 0 {
                break;
            }
            for centre in centres {
                let (code, end) = (centre["centre"].as_str().unwrap_or_default(), &centre["position"]);
                for view in ["ledger", "overdue", "feeds/government"] {
                    patiently(&mut client, &format!("/api/v1/centres/{code}/{view}"), &format!("{code}@{end}"))?;
                }
            }
        }
        Ok(lag)
    }

    /// Reads the log that the server left.
    fn outcome(&self, data: &Path, stretches: &[(Stretch, Seen)], lag: u64) -> anyhow::Result<Outcome> {
        let mut sum = Stretch::default();
        stretches.iter().for_each(|(stretch, _)| sum.add(stretch));
        let is_read = |name: &str| {
            ["case ", "timeline ", "ledger page ", "feed ", "overdue page ", "lag "]
                .iter()
                .any(|what| name.starts_with(what))
        };
        let (unread, failed): (Vec<_>, Vec<_>) = sum.failed.iter().partition(|(name, _)| is_read(name));
        let mut outcome = Outcome {
            acknowledged: sum.acknowledged,
            refused: sum.refused.values().sum(),
            failed: failed.iter().map(|(_, count)| **count).sum(),
            unread: unread.iter().map(|(_, count)| **count).sum(),
            unsent: (self.plan.rate * self.plan.seconds).saturating_sub(sum.commands.len() as u64),
            lag,
            ..Outcome::default()
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(inspect(data, &lock(&self.acknowledged), &mut outcome))?;
        Ok(outcome)
    }
}

/// Adds lines to a file.
struct Keep(std::fs::File);

impl Keep {
    fn new(path: &Path) -> anyhow::Result<Self> {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
        Ok(Self(file.with_context(|| format!("cannot write {}", path.display()))?))
    }

    fn add(&mut self, line: &Value) -> anyhow::Result<()> {
        Ok(writeln!(self.0, "{line}")?)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks again when a view is behind, as the answer says: each waits some seconds, and a minute's lag is none that ends.
fn patiently(client: &mut Client, path: &str, seen: &str) -> std::io::Result<Answer> {
    const TIMES: u32 = 20;
    let mut answer = client.get(path, Some(seen))?;
    for _ in 1..TIMES {
        if answer.status != 503 {
            break;
        }
        answer = client.get(path, Some(seen))?;
    }
    Ok(answer)
}

/// Status and code of a problem.
fn code(answer: &Answer) -> String {
    let problem: Value = serde_json::from_str(&answer.body).unwrap_or_else(|_| json!({}));
    format!("{} {}", answer.status, problem["code"].as_str().unwrap_or("?"))
}

/// Of an answer's first event.
fn year(body: &str) -> String {
    let done: Value = serde_json::from_str(body).unwrap_or_default();
    done["events"][0]["recorded_at"].as_str().unwrap_or_default().chars().take(4).collect()
}
