//! How many durable appends a second: `cargo run --release -p event-log --example append_rate [DIR]`.
//!
//! A quick look, not a benchmark: one run, bodies of 400 bytes, streams of ten events, in DIR (default: the current
//! directory, because the system's temporary one may be memory).

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use event_log::{Access, Append, Centre, Clock, EventLog, NewEvent, Priority};
use uuid::Uuid;

const SECONDS: u64 = 3;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let parent = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    println!("writers  appends/s  p50 ms  p99 ms  bytes/event beyond its body  read/s  verify/s");
    for writers in [1, 16, 256] {
        let directory = tempfile::tempdir_in(&parent)?;
        let path = directory.path().join("log.sqlite");
        let log = event_log::open(&format!("sqlite:{}", path.display()), Access::Write).await?;
        let mut waits = append_for_a_while(&log, writers).await?;
        waits.sort_unstable();
        let at = |share: usize| {
            Ok::<_, Box<dyn Error>>(waits.get(waits.len() * share / 100).ok_or("no append")?.as_secs_f64() * 1e3)
        };

        let events = waits.len();
        let (started, centre) = (Instant::now(), Centre::new("410404")?);
        let mut position = 0;
        while let Some(last) = log.read_centre(&centre, position, 1_000).await?.last() {
            position = last.position;
        }
        let read = started.elapsed();
        let started = Instant::now();
        let report = log.verify(&mut |_| {}).await?;
        let verified = started.elapsed();
        log.close().await;
        let beyond = std::fs::metadata(&path)?.len() / u64::try_from(events)? - u64::try_from(body(0).len())?;
        let rate =
            |elapsed: std::time::Duration| f64::from(u32::try_from(events).unwrap_or(u32::MAX)) / elapsed.as_secs_f64();
        let appended = rate(std::time::Duration::from_secs(SECONDS));
        println!(
            "{writers:7}  {appended:9.0}  {:6.2}  {:6.2}  {beyond:27}  {:6.0}  {:8.0}  {}",
            at(50)?,
            at(99)?,
            rate(read),
            rate(verified),
            if report.is_clean() { "clean" } else { "FAULTY" },
        );
    }
    Ok(())
}

async fn append_for_a_while(log: &Arc<dyn EventLog>, writers: u64) -> Result<Vec<std::time::Duration>, Box<dyn Error>> {
    let started = Instant::now();
    let tasks = (0..writers).map(|writer| {
        let log = Arc::clone(log);
        tokio::spawn(async move {
            let (centre, mut waits) = (Centre::new("410404")?, Vec::new());
            for n in 0_u64.. {
                if started.elapsed().as_secs() >= SECONDS {
                    break;
                }
                let stream = Uuid::from_u128((u128::from(n / 10) << 64) | u128::from(writer));
                let append = Append {
                    centre: centre.clone(),
                    events: vec![NewEvent { stream, kind: "accepted".to_owned(), kind_version: 1, body: body(n) }],
                    expected: vec![(stream, n % 10)],
                    clock: Clock::Machine(1_767_225_600_000 + i64::try_from(n)?),
                    counters: if n % 10 == 0 { vec!["accepted-2026".to_owned()] } else { Vec::new() },
                    priority: Priority::People,
                };
                let asked = Instant::now();
                log.append(append).await?;
                waits.push(asked.elapsed());
            }
            Ok::<_, Box<dyn Error + Send + Sync>>(waits)
        })
    });
    let mut waits = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        waits.extend(task.await?.map_err(|error| error as Box<dyn Error>)?);
    }
    Ok(waits)
}

fn body(n: u64) -> Vec<u8> {
    format!(r#"{{"public":{{"n":{n:010},"text":"{}"}},"sealed":[]}}"#, "x".repeat(352)).into_bytes()
}
