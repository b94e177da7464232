//! Durable appends of texts that belong to persons: sealed, beside the same bodies in plain, and beside the limit with neither proofs
//! nor sealing. One event in fifteen is a new person's first.

use std::{path::Path, sync::Arc};

use event_log::{Access, Append, Centre, Clock, EventLog, NewEvent, Priority};
use server::Sealing;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::{
    append::CENTRE,
    drive::{WRITERS, drive, note, stream},
    limit::{self, Row},
    reading::Readings,
    sizes,
};

const START_MS: i64 = 1_767_225_600_000;

pub(crate) async fn run(dir: &Path, seconds: u64, readings: &mut Readings) -> anyhow::Result<()> {
    for writers in WRITERS {
        let measure = format!("durable appends of persons' texts, {writers} writers");
        for subject in ["yousu", "unsealed"] {
            let place = tempfile::tempdir_in(dir)?;
            let url = format!("sqlite:{}", place.path().join("log.sqlite").display());
            let mut log = event_log::open(&url, Access::Write).await?;
            if subject == "yousu" {
                log = Sealing::open(log, &place.path().join("keys"), Access::Write, true).await?.into_log();
            }
            let ours = Arc::clone(&log);
            let (waits, _) = drive(writers, seconds, move |case, n| append_one(Arc::clone(&ours), case, n)).await?;
            log.close().await;
            note(readings, &measure, subject, waits, seconds);
        }
        let place = tempfile::tempdir_in(dir)?;
        let jobs = limit::sqlx(&place.path().join("limit.sqlite")).await?;
        let (waits, _) = drive(writers, seconds, move |case, n| send(jobs.clone(), case, n)).await?;
        note(readings, &measure, "sqlx", waits, seconds);
    }
    Ok(())
}

/// Two of three cases have a complainant of their own, the third has the one before it: cases take ten events.
fn person(case: u64) -> Uuid {
    Uuid::from_u128(1 << 64 | u128::from(case - u64::from(case % 3 == 2)))
}

async fn append_one(log: Arc<dyn EventLog>, case: u64, n: u64) -> anyhow::Result<u64> {
    let (kind, body) = sizes::persons_event(case, n, person(case))?;
    let (stream, bytes) = (stream(case), body.len() as u64);
    let append = Append {
        centre: Centre::new(CENTRE)?,
        events: vec![NewEvent { stream, kind: kind.to_owned(), kind_version: 1, body }],
        expected: vec![(stream, n)],
        clock: Clock::Machine(START_MS),
        counters: Vec::new(),
        priority: Priority::People,
    };
    log.append(append).await?;
    Ok(bytes)
}

async fn send(jobs: tokio::sync::mpsc::Sender<limit::Job>, case: u64, n: u64) -> anyhow::Result<u64> {
    let (_, body) = sizes::persons_event(case, n, person(case))?;
    let bytes = body.len() as u64;
    let row = Row { stream: stream(case), stream_id: i64::try_from(case)? + 1, version: i64::try_from(n)? + 1, body };
    let (done, wait) = oneshot::channel();
    jobs.send((row, done)).await?;
    wait.await?;
    Ok(bytes)
}
