//! Durable appends: 1, 16 and 256 callers, each with one event in flight, each on a stream of its own for ten events.

use std::{path::Path, sync::Arc};

use event_log::{Access, Append, Centre, Clock, EventLog, NewEvent, Priority};
use tokio::sync::oneshot;

use crate::{
    drive::{WRITERS, drive, note, stream},
    limit::{self, Row},
    reading::Readings,
    sizes,
};

pub(crate) const CENTRE: &str = "410404";
pub(crate) const START_MS: i64 = 1_767_225_600_000;

pub(crate) async fn run(dir: &Path, seconds: u64, readings: &mut Readings) -> anyhow::Result<()> {
    for writers in WRITERS {
        let measure = format!("durable appends, {writers} writers");
        {
            let place = tempfile::tempdir_in(dir)?;
            let path = place.path().join("log.sqlite");
            let log = event_log::open(&format!("sqlite:{}", path.display()), Access::Write).await?;
            let ours = Arc::clone(&log);
            let append = move |case, n| append_one(Arc::clone(&ours), case, n);
            let (waits, bytes) = drive(writers, seconds, append).await?;
            log.close().await;
            let beyond = (std::fs::metadata(&path)?.len().saturating_sub(bytes)) as f64 / waits.len() as f64;
            note(readings, &measure, "yousu", waits, seconds);
            readings.note(format!("bytes an event beyond its body, {writers} writers"), "yousu", "bytes", beyond);
        }
        {
            let place = tempfile::tempdir_in(dir)?;
            let jobs = limit::sqlx(&place.path().join("limit.sqlite")).await?;
            let (waits, _) = drive(writers, seconds, move |case, n| send(jobs.clone(), case, n)).await?;
            note(readings, &measure, "sqlx", waits, seconds);
        }
        {
            let place = tempfile::tempdir_in(dir)?;
            let jobs = limit::c_api(&place.path().join("limit.sqlite"))?;
            let (waits, _) = drive(writers, seconds, move |case, n| send(jobs.clone(), case, n)).await?;
            note(readings, &measure, "c-api", waits, seconds);
        }
    }
    Ok(())
}

/// Through the log; the bytes of the body.
async fn append_one(log: Arc<dyn EventLog>, case: u64, n: u64) -> anyhow::Result<u64> {
    let (append, bytes) = whole(case, n)?;
    log.append(append).await?;
    Ok(bytes)
}

/// The `n`th event of a case as an append, and the bytes of its body.
pub(crate) fn whole(case: u64, n: u64) -> anyhow::Result<(Append, u64)> {
    append_of(case, n, sizes::event(case, n))
}

/// The same with this type and body.
pub(crate) fn append_of(case: u64, n: u64, (kind, body): (&str, Vec<u8>)) -> anyhow::Result<(Append, u64)> {
    let (stream, bytes) = (stream(case), body.len() as u64);
    let append = Append {
        centre: Centre::new(CENTRE)?,
        events: vec![NewEvent { stream, kind: kind.to_owned(), kind_version: 1, body }],
        expected: vec![(stream, n)],
        clock: Clock::Machine(START_MS),
        counters: Vec::new(),
        priority: Priority::People,
    };
    Ok((append, bytes))
}

/// Straight to the limit's writer.
async fn send(jobs: tokio::sync::mpsc::Sender<limit::Job>, case: u64, n: u64) -> anyhow::Result<u64> {
    send_body(jobs, case, n, sizes::event(case, n).1).await
}

/// The same with this body.
pub(crate) async fn send_body(
    jobs: tokio::sync::mpsc::Sender<limit::Job>,
    case: u64,
    n: u64,
    body: Vec<u8>,
) -> anyhow::Result<u64> {
    let bytes = body.len() as u64;
    let row = Row { stream: stream(case), stream_id: i64::try_from(case)? + 1, version: i64::try_from(n)? + 1, body };
    let (done, wait) = oneshot::channel();
    jobs.send((row, done)).await?;
    wait.await?;
    Ok(bytes)
}
