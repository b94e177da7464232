//! Questions to the views and the log of a year, in process.

use std::{future::Future, time::Duration, time::Instant};

use cases::CentreCode;
use event_log::Access;
use projections::{
    Number, Views, When,
    feeds::{self, Recipient},
    ledger::{self, Query},
    overdue,
};
use server::Engine;

use crate::{
    append::CENTRE,
    installation::{Installation, centre, sealing},
    reading::Readings,
    sizes,
};

const PAGE: u32 = 50;

/// Asks so often and says what each answer took.
async fn ask<F>(times: u64, asked: impl Fn(u64) -> F) -> anyhow::Result<Vec<Duration>>
where
    F: Future<Output = anyhow::Result<()>>,
{
    let mut waits = Vec::new();
    for n in 0..times {
        let started = Instant::now();
        asked(n).await?;
        waits.push(started.elapsed());
    }
    Ok(waits)
}

pub(crate) async fn views(installation: &Installation, readings: &mut Readings) -> anyhow::Result<()> {
    let (log, views, centre) = (installation.log().await?, Views::open(installation.path()).await?, centre());
    let (log, views, centre) = (&*log, &views, &centre);
    let (when, cases) = (When::now(installation.now), installation.cases);
    let mut note = |what: &str, waits| readings.waits(&format!("{what}, {cases} cases"), "yousu", waits);

    let pages = ask(500, |n| async move {
        let after = Some(Number { year: 2026, no: sizes::scatter(n) % cases.saturating_sub(u64::from(PAGE)).max(1) });
        let year = (n % 2 == 0).then_some(2026);
        let lines = ledger::lines(views, log, centre, &Query { year, after, limit: Some(PAGE), when }).await?;
        anyhow::ensure!(!lines.is_empty(), "a page without lines");
        Ok(())
    });
    note("ledger page of 50", pages.await?);
    let numbers = ask(500, |n| async move {
        let number = Number { year: 2026, no: sizes::scatter(n) % (cases / 2).max(1) + 1 };
        anyhow::ensure!(ledger::case_of(views, centre, number).await?.is_some(), "{number:?} is nobody's");
        Ok(())
    });
    note("a case by its number", numbers.await?);
    let page = &overdue::Query { limit: Some(PAGE), ..overdue::Query::all(overdue::Asked::Open, when) };
    let overdue = ask(200, |_| async move {
        anyhow::ensure!(!overdue::report(views, log, centre, page).await?.items.is_empty(), "nothing is overdue");
        Ok(())
    });
    note("overdue page of 50, one case in a hundred open", overdue.await?);
    let feed = ask(200, |n| async move {
        let after = sizes::scatter(n) % (cases / 100).max(1);
        let entries = feeds::entries(views, log, centre, &Recipient::Discipline, after, Some(PAGE), when).await?;
        anyhow::ensure!(!entries.is_empty(), "a feed without entries after {after}");
        Ok(())
    });
    note("feed page of 50", feed.await?);
    views.close().await;
    log.close().await;
    Ok(())
}

/// One case out of a large log, from the first event to the last.
pub(crate) async fn one_case(installation: &Installation, readings: &mut Readings) -> anyhow::Result<()> {
    let engine = &Engine::sealed(sealing(installation.path(), Access::Read).await?, Access::Read);
    let code = &CentreCode::new(CENTRE)?;
    let waits = ask(2_000, |n| async move {
        let case = engine.case(code, installation.some_case(n)).await?;
        anyhow::ensure!(case.version > 0, "a case that is not there");
        Ok(())
    });
    readings.waits(&format!("one case's replay from a log of {} events", installation.events), "yousu", waits.await?);
    engine.log().close().await;
    Ok(())
}
