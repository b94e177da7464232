//! Whole commands: read from JSON, decided on the case as it stands, appended, acknowledged. Callers send the next command of a
//! case when the one before was acknowledged, as people do, and take a new case when one is closed.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use cases::{CommandLine, policy::SHIPPED};
use event_log::{Access, Priority};
use server::Engine;
use uuid::Uuid;

use crate::{
    append::CENTRE,
    drive::{WRITERS, stream},
    installation,
    lives::{self, Life},
    reading::Readings,
    sizes,
};

/// Where a command finds its case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// In memory, as in a running server.
    Cached,
    /// In the log, every time.
    Cold,
}

pub(crate) async fn run(dir: &Path, seconds: u64, readings: &mut Readings) -> anyhow::Result<()> {
    for in_flight in WRITERS {
        for found in [Found::Cached, Found::Cold] {
            let place = tempfile::tempdir_in(dir)?;
            let engine = real_centre(place.path()).await?;
            let waits = drive(&engine, found, in_flight, seconds).await?;
            engine.log().close().await;
            let cold = if found == Found::Cold { ", every case loaded from the log" } else { "" };
            let measure = format!("whole commands{cold}, {in_flight} in flight");
            readings.rate(&measure, "yousu", waits.len() as u64, Duration::from_secs(seconds));
            readings.waits(&measure, "yousu", waits);
        }
    }
    Ok(())
}

/// A centre whose time is the machine's, with departments and a policy.
pub(crate) async fn real_centre(place: &Path) -> anyhow::Result<Engine> {
    let engine = Engine::sealed(installation::sealing(place, Access::Write).await?, Access::Write);
    let (_, policy) = SHIPPED.iter().find(|(file, _)| file.starts_with("henan")).expect("it is shipped");
    for (n, fields) in (1..).zip(lives::set_up(policy, false)) {
        let mut line = lives::line(Uuid::from_u128(n), CENTRE, Uuid::nil(), &(0, "admin".to_owned(), fields));
        line.as_object_mut().expect("a command is an object").remove("case");
        engine.submit(&CommandLine::from_value(line)?, Priority::People).await?;
    }
    Ok(engine)
}

async fn drive(engine: &Engine, found: Found, in_flight: u64, seconds: u64) -> anyhow::Result<Vec<Duration>> {
    let (started, until) = (Instant::now(), Duration::from_secs(seconds));
    let caller = |caller: u64| {
        let engine = engine.clone();
        tokio::spawn(async move {
            let mut waits = Vec::new();
            for n in 0_u64.. {
                let no = n * in_flight + caller;
                let case = stream(no);
                // As many of each as in a year of a centre.
                let life = match sizes::scatter(no) % 20 {
                    0 => Life::Withdrawn,
                    1..=4 => Life::OnTheSpot,
                    _ => Life::Whole,
                };
                for (step, told) in (0_u64..).zip(lives::steps(no, life)) {
                    if started.elapsed() >= until {
                        return Ok::<_, anyhow::Error>(waits);
                    }
                    if found == Found::Cold {
                        engine.forget_cases();
                    }
                    let asked = Instant::now();
                    let command = Uuid::from_u64_pair(no + 1, sizes::scatter(step));
                    let line = CommandLine::from_value(lives::line(command, CENTRE, case, &told))?;
                    let done = engine.submit(&line, Priority::People).await?;
                    anyhow::ensure!(!done.events.is_empty(), "a command that nothing came of");
                    waits.push(asked.elapsed());
                }
            }
            Ok(waits)
        })
    };
    let callers: Vec<_> = (0..in_flight).map(caller).collect();
    let mut waits = Vec::new();
    for caller in callers {
        waits.extend(caller.await??);
    }
    Ok(waits)
}

/// One case, from memory and from the log.
pub(crate) async fn load(dir: &Path, readings: &mut Readings) -> anyhow::Result<()> {
    const CASES: u64 = 1_000;
    let place = tempfile::tempdir_in(dir)?;
    let engine = real_centre(place.path()).await?;
    let code = cases::CentreCode::new(CENTRE)?;
    for no in 0..CASES {
        for (step, told) in (0_u64..).zip(lives::steps(no, Life::Whole)) {
            let command = Uuid::from_u64_pair(no + 1, step);
            let line = CommandLine::from_value(lives::line(command, CENTRE, stream(no), &told))?;
            engine.submit(&line, Priority::People).await?;
        }
    }
    for (found, name) in [(Found::Cached, "from the cache"), (Found::Cold, "from the log")] {
        let mut waits = Vec::new();
        if found == Found::Cold {
            engine.forget_cases();
        }
        for n in 0..2 * CASES {
            let id = cases::CaseId(stream(sizes::scatter(n) % CASES));
            let asked = Instant::now();
            let case = engine.case_to_decide(&code, id).await?;
            waits.push(asked.elapsed());
            anyhow::ensure!(case.version > 10, "a case of {} events", case.version);
            drop(Arc::clone(&case));
        }
        readings.waits(&format!("load and fold a case of eleven events {name}"), "yousu", waits);
    }
    engine.log().close().await;
    Ok(())
}
