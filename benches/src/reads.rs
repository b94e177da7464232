//! Reading back: one case, the whole log, `verify`, and the views made anew.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use cases::{
    CentreCode,
    story::{
        Told,
        random::{self, Options},
    },
};
use event_log::{APPEND_LIMIT_EVENTS, Access, Append, Centre, Clock, EventLog, NewEvent, Priority};
use uuid::Uuid;

use crate::{
    append::{self, CENTRE},
    drive::stream,
    encode, installation,
    reading::Readings,
    rebuilds,
    sizes::{self, EVENTS_A_CASE},
};

/// Appends of one group when a log is filled.
const TOGETHER: u64 = 100;
const LOADS: u64 = 2_000;
const PAGE: u32 = 1_000;

async fn open(place: &Path) -> anyhow::Result<Arc<dyn EventLog>> {
    Ok(event_log::open(&format!("sqlite:{}", place.join("log.sqlite").display()), Access::Write).await?)
}

/// A log of so many events: cases side by side, a hundred at a time, so that a case's events lie as far apart as they do in life.
async fn filled(place: &Path, events: u64) -> anyhow::Result<Arc<dyn EventLog>> {
    let log = open(place).await?;
    let cases = events / EVENTS_A_CASE;
    for first in (0..cases).step_by(usize::try_from(TOGETHER)?) {
        for n in 0..EVENTS_A_CASE {
            let mut together: Option<Append> = None;
            for case in first..(first + TOGETHER).min(cases) {
                let (append, _) = append::whole(case, n)?;
                match &mut together {
                    None => together = Some(append),
                    Some(all) => {
                        all.events.extend(append.events);
                        all.expected.extend(append.expected);
                    }
                }
            }
            if let Some(append) = together {
                log.append(append).await?;
            }
        }
    }
    Ok(log)
}

pub(crate) async fn run(dir: &Path, events: u64, readings: &mut Readings) -> anyhow::Result<()> {
    let place = tempfile::tempdir_in(dir)?;
    let log = filled(place.path(), events).await?;
    let (centre, cases) = (Centre::new(CENTRE)?, events / EVENTS_A_CASE);
    let of = |what: &str| format!("{what}, {events} events");

    let mut waits = Vec::new();
    for n in 0..LOADS {
        let stream = stream(sizes::scatter(n) % cases);
        let asked = Instant::now();
        let loaded = log.read_stream(&centre, stream, 0).await?;
        waits.push(asked.elapsed());
        anyhow::ensure!(loaded.len() as u64 == EVENTS_A_CASE, "a case of {} events", loaded.len());
    }
    readings.waits(&of("load a case of ten events"), "yousu", waits);

    let started = Instant::now();
    let mut position = 0;
    while let Some(last) = log.read_centre(&centre, position, PAGE).await?.last() {
        position = last.position;
    }
    readings.rate(of("read the whole log"), "yousu", position, started.elapsed());
    let (took, count) = read_c_api(&place.path().join("log.sqlite"))?;
    readings.rate(of("read the whole log"), "c-api", count, took);

    let started = Instant::now();
    let report = log.verify(&mut |_| {}).await?;
    anyhow::ensure!(report.is_clean() && report.events == events, "the log is not what was written");
    readings.rate(of("verify"), "yousu", events, started.elapsed());
    log.close().await;
    Ok(())
}

/// Every column of every event, in order, by the C API.
fn read_c_api(path: &Path) -> anyhow::Result<(Duration, u64)> {
    let database = rusqlite::Connection::open(path)?;
    let started = Instant::now();
    let mut select = database.prepare(
        "SELECT position, uuid, version, recorded_ms, name, kind_version, body
         FROM events JOIN streams ON streams.id = events.stream JOIN kinds ON kinds.id = events.kind
         WHERE events.centre = (SELECT id FROM centres WHERE code = ?1) ORDER BY position",
    )?;
    let mut rows = select.query([CENTRE])?;
    let (mut count, mut bytes) = (0, 0);
    while let Some(row) = rows.next()? {
        bytes += row.get_ref(6)?.as_blob()?.len();
        count += 1;
    }
    anyhow::ensure!(bytes > 0, "nothing was read");
    Ok((started.elapsed(), count))
}

/// The views built anew from the log of a random history that is played over and over under other cases.
pub(crate) async fn views(dir: &Path, events: u64, readings: &mut Readings) -> anyhow::Result<()> {
    let place = tempfile::tempdir_in(dir)?;
    let log = installation::open_log(place.path(), Access::Write).await?;
    let started = Instant::now();
    let written = played(&*log, events).await?;
    eprintln!("  a log of {written} events for the views: {:.1} s", started.elapsed().as_secs_f64());
    rebuilds::measure("rebuild of all views", place.path(), &[], written, readings)?;
    for name in ["ledger", "overdue", "feeds"] {
        rebuilds::measure(&format!("rebuild of {name}"), place.path(), &[name], written, readings)?;
    }
    log.close().await;
    Ok(())
}

/// Centres of fifty times one random history, each case of it under fifty ids at once: as many as it takes.
async fn played(log: &dyn EventLog, events: u64) -> anyhow::Result<u64> {
    const TIMES: u64 = 50;
    let mut written = 0;
    for seed in 0_u32.. {
        if written >= events {
            break;
        }
        let code = CentreCode::new(format!("{:06}", 410_000 + seed))?;
        let story = random::play(u64::from(seed), &Options { centre: code, cases: 60, ..Options::default() });
        let centre = Centre::new(story.centre.code.as_str())?;
        let mut versions: BTreeMap<Uuid, u64> = BTreeMap::new();
        for together in story.log.chunk_by(|a, b| at(a) == at(b)) {
            let mut events = Vec::new();
            for told in together {
                let event = new_event(&story.centre.code, told)?;
                let times = if matches!(told, Told::Case(..)) { TIMES } else { 1 };
                for n in 0..times {
                    events.push(installation::copied(&event, again(event.stream, n), n)?);
                }
            }
            for events in events.chunks(APPEND_LIMIT_EVENTS) {
                let mut expected: Vec<(Uuid, u64)> = Vec::new();
                for event in events {
                    let version = versions.entry(event.stream).or_default();
                    if !expected.iter().any(|(stream, _)| *stream == event.stream) {
                        expected.push((event.stream, *version));
                    }
                    *version += 1;
                }
                written += events.len() as u64;
                let (centre, clock) = (centre.clone(), Clock::Given(at(&together[0])));
                let (events, counters) = (events.to_vec(), Vec::new());
                log.append(Append { centre, events, expected, clock, counters, priority: Priority::People }).await?;
            }
        }
    }
    Ok(written)
}

fn again(stream: Uuid, n: u64) -> Uuid {
    Uuid::from_u128(stream.as_u128() ^ (u128::from(n) << 32))
}

fn at(told: &Told) -> i64 {
    match told {
        Told::Case(_, entry) => entry.note.decided_at.ms(),
        Told::Centre(entry) => entry.note.decided_at.ms(),
    }
}

fn new_event(centre: &CentreCode, told: &Told) -> anyhow::Result<NewEvent> {
    match told {
        Told::Case(id, entry) => encode(id.0, entry),
        Told::Centre(entry) => encode(centre.stream(), entry),
    }
}
