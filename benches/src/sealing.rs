//! Durable appends of texts that belong to persons: sealed, beside the same bodies in plain, and beside the limit with neither proofs
//! nor sealing. One event in fifteen is a new person's first.

use std::{path::Path, sync::Arc};

use event_log::{Access, Body, EventLog, SealedField};
use server::Sealing;
use uuid::Uuid;

use crate::{
    append::{append_of, send_body},
    drive::{WRITERS, drive, note},
    limit,
    reading::Readings,
    sizes,
};

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
        let send = move |case, n| {
            let jobs = jobs.clone();
            async move { send_body(jobs, case, n, event(case, n, person(case))?.1).await }
        };
        let (waits, _) = drive(writers, seconds, send).await?;
        note(readings, &measure, "sqlx", waits, seconds);
    }
    Ok(())
}

/// Two of three cases have a complainant of their own, the third has the one before it: cases take ten events.
fn person(case: u64) -> Uuid {
    Uuid::from_u128(1 << 64 | u128::from(case - u64::from(case % 3 == 2)))
}

/// As [`sizes::event`], its text, where it has one, and on acceptance name, telephone and address in the part that belongs to a person.
fn event(case: u64, n: u64, person: Uuid) -> anyhow::Result<(&'static str, Vec<u8>)> {
    let (kind, around, text) = sizes::parts(case, n);
    let Some(text) = text else { return Ok((kind, sizes::body(around))) };
    let mut sealed = vec![("/data/narrative", "诉求已转办。".repeat(text / 18 + 1))];
    if kind == "accepted" {
        sealed.extend([("/data/name", "张三".to_owned()), ("/data/address", "平安街七号".to_owned())]);
        sealed.push(("/data/telephone", format!("138{:08}", case % 100_000_000)));
    }
    let field =
        |(field, text): (&str, String)| SealedField { person, field: field.to_owned(), bytes: Some(text.into_bytes()) };
    let public = serde_json::json!({"text": "诉求已转办。".repeat(around / 18)});
    Ok((kind, Body::new(&public, sealed.into_iter().map(field).collect())?.encode()?))
}

async fn append_one(log: Arc<dyn EventLog>, case: u64, n: u64) -> anyhow::Result<u64> {
    let (append, bytes) = append_of(case, n, event(case, n, person(case))?)?;
    log.append(append).await?;
    Ok(bytes)
}
