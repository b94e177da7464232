//! The whole log replayed into cases, and nothing written: what is left of the machine's own reading and parsing. Texts of persons
//! stay sealed, as the limit has them; what it costs to open them all stands beside it.

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

use cases::{Case, CaseId, case};
use event_log::{EventLog, Texts};
use projections::{Reader, What};
use serde_json::Value;

use crate::{
    append::CENTRE,
    installation::{Installation, centre},
    reading::Readings,
};

const PAGE: u32 = 4_000;

pub(crate) async fn run(dir: &Path, events: u64, readings: &mut Readings) -> anyhow::Result<()> {
    // Twelve events a case.
    let installation = Installation::year(dir, events / 12).await?;
    let log = installation.log().await?;
    let measure = |what| format!("replay, {what}, {} events", installation.events);
    for (what, texts) in [("parse and fold", Some(Texts::NONE)), ("parse, open every text and fold", None)] {
        let (took, (cases, folded)) =
            replay(&*log, texts, (BTreeMap::<CaseId, Case>::new(), 0), |(cases, folded), what| {
                if let What::Case(id, entry) = what {
                    case::evolve(cases.entry(id).or_insert_with(|| Case::new(id)), &entry);
                }
                *folded += 1;
            })
            .await?;
        anyhow::ensure!((cases.len() as u64, folded) == (installation.cases, installation.events), "{folded} events");
        readings.rate(measure(what), "yousu", folded, took);
    }
    let (took, count) = replay(&*log, Some(Texts::NONE), 0, |count, _| *count += 1).await?;
    readings.rate(measure("parse and count"), "yousu", count, took);
    log.close().await;
    let (took, count) = parse_c_api(&installation.log_file())?;
    anyhow::ensure!(count == installation.events, "{count} events");
    readings.rate(measure("parse and count"), "c-api", count, took);
    readings.rate(measure("parse and fold"), "c-api", count, took);
    Ok(())
}

/// Every event read into its type and handed to `fold`; a page is folded while the next one is read.
async fn replay<T: Send + 'static>(
    log: &dyn EventLog,
    texts: Option<Texts>,
    mut folded: T,
    fold: impl Fn(&mut T, What) + Copy + Send + 'static,
) -> anyhow::Result<(Duration, T)> {
    let (centre, started) = (centre(), Instant::now());
    let reader = texts.clone().map_or_else(|| Reader::new(&centre), |texts| Reader::for_texts(&centre, texts));
    let read = async |after| match &texts {
        Some(texts) => log.read_centre_for(texts, &centre, after, PAGE).await,
        None => log.read_centre(&centre, after, PAGE).await,
    };
    let mut page = read(0).await?;
    while let Some(last) = page.last().map(|event| event.position) {
        let reader = reader.clone();
        let folding = tokio::task::spawn_blocking(move || {
            for event in &page {
                fold(&mut folded, reader.read(event)?.what);
            }
            Ok::<_, projections::Unreadable>(folded)
        });
        let (next, done) = tokio::join!(read(last), folding);
        (page, folded) = (next?, done??);
    }
    Ok((started.elapsed(), folded))
}

/// Every body of the log, in order, parsed as JSON and counted, by the C API.
fn parse_c_api(path: &Path) -> anyhow::Result<(Duration, u64)> {
    let database = rusqlite::Connection::open(path)?;
    let started = Instant::now();
    let mut select = database.prepare(
        "SELECT position, uuid, version, recorded_ms, name, kind_version, body
         FROM events JOIN streams ON streams.id = events.stream JOIN kinds ON kinds.id = events.kind
         WHERE events.centre = (SELECT id FROM centres WHERE code = ?1) ORDER BY position",
    )?;
    let mut rows = select.query([CENTRE])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        let body: Value = serde_json::from_slice(row.get_ref(6)?.as_blob()?)?;
        count += u64::from(body.is_object());
    }
    Ok((started.elapsed(), count))
}
