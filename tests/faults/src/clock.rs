//! The machine's clock steps back and forward under the real program, which serves a real centre.
//!
//! Recorded times never go back, commands go on, each step is said and counted once, and a sweep that was done is not done again
//! when its time comes a second time. The program's wall clock stands still but where it is set; its timers run on.

use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::{BufRead as _, BufReader},
    os::unix::fs::FileExt as _,
    path::PathBuf,
    process::{Child, ChildStderr, Stdio},
    sync::mpsc::{self, Receiver},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use event_log::{Access, Centre, Event};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    Shim,
    client::Client,
    load,
    program::{self, CENTRE},
    shim::Order,
};

/// 2026-03-02T09:00:00+08:00, a Monday on which the centre opens, in milliseconds since 1970.
const MONDAY_MS: i64 = 1_772_413_200_000;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Cases whose review the centre is late with, so that its parent is told.
const CASES: u64 = 10;
/// Steps back behind something that was recorded. The one from a year ahead is not, and so nothing knows of it.
const STEPS_BACK: u64 = 2;
/// What does not come by then does not come.
const LIMIT: Duration = Duration::from_secs(30);

/// What is to be done.
#[derive(Debug)]
pub struct Plan {
    pub yousu: PathBuf,
    /// Where directories are made.
    pub dir: PathBuf,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Tally {
    pub events: usize,
    pub commands: u64,
    /// How often the log's head, and the program's own words, counted a step back.
    pub steps_counted: u64,
    pub steps_said: u64,
    /// How often the parent was told of a case, all cases together.
    pub reports: usize,
    /// What was not as it must be.
    pub findings: Vec<String>,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { events, commands, steps_counted, steps_said, reports, findings } = self;
        write!(
            f,
            "{commands} commands done, {events} events; {STEPS_BACK} steps back, {steps_counted} counted, {steps_said} said; {reports} reports \
             of {CASES} late reviews"
        )?;
        findings.iter().try_for_each(|finding| write!(f, "\nRED {finding}"))
    }
}

/// Serves, steps the clock, and reads what was recorded.
///
/// # Errors
/// If the program does not run.
pub fn run(shim: &Shim, plan: &Plan) -> anyhow::Result<Tally> {
    let place = TempDir::new_in(&plan.dir)?;
    let (clock, data) = (place.path().join("clock"), place.path().join("data"));
    std::fs::create_dir(&data)?;
    std::fs::write(&clock, MONDAY_MS.to_ne_bytes())?;
    let order = Order { clock: Some(&clock), ..Order::below(&data) };
    let open = ["centre", "open", CENTRE, "--name", "中心", "--level", "county", "--policy", "henan-2022-43"];
    program::run(shim.before(&plan.yousu, &order)?, &data, open)?.ok()?;

    let mut yousu = shim.before(&plan.yousu, &order)?;
    yousu.env("YOUSU_LOG_LEVEL", "warn,yousu=debug").env("NO_COLOR", "1").stderr(Stdio::piped());
    let (mut server, address) = program::serve(yousu, &data)?;
    let clock = File::options().write(true).open(&clock)?;
    let said = server.stderr.take().context("it is piped")?;
    let mut world = World {
        client: Client::new(&address)?,
        clock,
        said: lines(said),
        heard: Vec::new(),
        commands: 0,
        findings: Vec::new(),
    };
    let played = world.play();
    end(server)?;
    played?;
    world.heard.extend(world.said.iter());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(world.inspect(&data))
}

fn end(mut server: Child) -> anyhow::Result<()> {
    program::terminate(&server)?;
    let ended = server.wait()?;
    ensure!(ended.success(), "the server ended with {ended}");
    Ok(())
}

/// What a program says on standard error, as it says it.
fn lines(stderr: ChildStderr) -> Receiver<String> {
    let (say, said) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if say.send(line).is_err() {
                return;
            }
        }
    });
    said
}

struct World {
    client: Client,
    clock: File,
    said: Receiver<String>,
    heard: Vec<String>,
    commands: u64,
    findings: Vec<String>,
}

impl World {
    fn play(&mut self) -> anyhow::Result<()> {
        for n in 1..=CASES {
            self.accept(n)?;
            self.give(n, json!({"command": "classify", "kind": "ordinary"}))?;
            self.give(n, json!({"command": "submit"}))?;
        }
        self.set(MONDAY_MS - HOUR_MS)?;
        for n in 101..=105 {
            self.accept(n)?;
        }
        // The review was due by Monday's closing; the parent is told when Wednesday opens.
        self.set(MONDAY_MS + 2 * DAY_MS)?;
        self.hear("the sweep that tells the parent", CASES, |line| line.contains("swept"))?;
        self.set(MONDAY_MS)?;
        for n in 201..=205 {
            self.accept(n)?;
        }
        // Its time comes a second time, and the sweeps go on minute by minute.
        for ms in [
            MONDAY_MS + MINUTE_MS,
            MONDAY_MS + 2 * MINUTE_MS,
            MONDAY_MS + 2 * DAY_MS,
            MONDAY_MS + 2 * DAY_MS + MINUTE_MS,
        ] {
            self.set(ms)?;
            self.sweeps(&format!("a sweep {} ms after Monday's opening, the second time", ms - MONDAY_MS));
        }
        // A clock that was a year ahead for a while must not keep the sweeps waiting for a year.
        self.set(MONDAY_MS + 365 * DAY_MS)?;
        self.sweeps("a sweep a year ahead");
        self.set(MONDAY_MS + 2 * DAY_MS + 2 * MINUTE_MS)?;
        self.accept(301)?;
        self.set(MONDAY_MS + 2 * DAY_MS + 3 * MINUTE_MS)?;
        self.sweeps("a sweep after the clock was a year ahead");
        Ok(())
    }

    fn set(&mut self, ms: i64) -> anyhow::Result<()> {
        self.heard.extend(self.said.try_iter());
        Ok(self.clock.write_all_at(&ms.to_ne_bytes(), 0)?)
    }

    fn sweeps(&mut self, what: &str) {
        if let Err(error) = self.hear(what, 1, |line| line.contains("sweeping")) {
            self.findings.push(error.to_string());
        }
    }

    /// Waits until the program has said this so many times since the clock was set.
    fn hear(&mut self, what: &str, times: u64, is_it: impl Fn(&str) -> bool) -> anyhow::Result<()> {
        let (end, mut heard) = (Instant::now() + LIMIT, 0);
        while heard < times {
            let Ok(line) = self.said.recv_timeout(end.saturating_duration_since(Instant::now())) else {
                bail!("{what}: heard {heard} times of {times} within {} s", LIMIT.as_secs());
            };
            heard += u64::from(is_it(&line));
            self.heard.push(line);
        }
        Ok(())
    }

    fn accept(&mut self, n: u64) -> anyhow::Result<()> {
        self.give(n, load::accept(n))
    }

    fn give(&mut self, n: u64, mut command: Value) -> anyhow::Result<()> {
        self.commands += 1;
        let fields = command.as_object_mut().context("a command is an object")?;
        // In a real centre the time is the machine's.
        fields.remove("recorded_at");
        fields.insert("id".to_owned(), json!(Uuid::from_u128((7 << 80) + u128::from(self.commands))));
        fields.insert("centre".to_owned(), json!(CENTRE));
        fields.insert("case".to_owned(), json!(load::case(n)));
        fields.insert("by".to_owned(), json!({"id": "clerk", "role": "window_clerk", "office": "centre"}));
        let answer = self.client.command(&command)?;
        ensure!(answer.status == 200, "{command}: {} {}", answer.status, answer.body);
        Ok(())
    }

    async fn inspect(mut self, data: &std::path::Path) -> anyhow::Result<Tally> {
        let path = format!("sqlite:{}", data.join("log.sqlite").display());
        let (log, centre) = (event_log::open(&path, Access::Read).await?, Centre::new(CENTRE)?);
        let events = log.read_centre(&centre, 0, 10_000).await?;
        let report = log.verify(&mut |_| ()).await?;
        self.findings.extend(report.faults.iter().map(ToString::to_string));
        let steps_counted = log.head(&centre).await?.clock_steps_back;
        log.close().await;
        let went_back = events.windows(2).filter(|pair| pair[1].recorded_ms < pair[0].recorded_ms);
        self.findings.extend(went_back.map(|pair| format!("recorded time goes back at position {}", pair[1].position)));
        let mut told = BTreeMap::<Uuid, usize>::new();
        events
            .iter()
            .filter(|event| event.kind == "reported_to_parent")
            .for_each(|event| *told.entry(event.stream).or_default() += 1);
        for n in 1..=CASES {
            let reports = told.get(&load::case(n)).copied().unwrap_or(0);
            if reports != 1 {
                self.findings.push(format!("the parent was told {reports} times of case {n}"));
            }
        }
        let first_ms =
            |n: u64| events.iter().find(|event| event.stream == load::case(n)).map(|event: &Event| event.recorded_ms);
        for (n, ms, when) in [(101, MONDAY_MS, "an hour back"), (201, MONDAY_MS + 2 * DAY_MS, "two days back")] {
            if first_ms(n) != Some(ms) {
                self.findings.push(format!("{when}, the last recorded time was to be taken, not {:?}", first_ms(n)));
            }
        }
        let steps_said = self.heard.iter().filter(|line| line.contains("clock went back")).count() as u64;
        if (steps_counted, steps_said) != (STEPS_BACK, STEPS_BACK) {
            self.findings.push(format!("{STEPS_BACK} steps back: {steps_counted} counted, {steps_said} said"));
        }
        let reports = told.values().sum();
        Ok(Tally {
            events: events.len(),
            commands: self.commands,
            steps_counted,
            steps_said,
            reports,
            findings: self.findings,
        })
    }
}
