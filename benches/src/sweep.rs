//! A sweep over open obligations of which none is due: the first after a start, and every later one.

use std::{path::Path, time::Instant};

use cases::CentreCode;
use event_log::Access;
use server::{Engine, Foreseen};

use crate::{
    append::CENTRE,
    installation::{Installation, sealing},
    reading::Readings,
};

pub(crate) async fn run(dir: &Path, obligations: u64, readings: &mut Readings) -> anyhow::Result<()> {
    let installation = Installation::open(dir, obligations).await?;
    let engine = Engine::sealed(sealing(installation.path(), Access::Write).await?, Access::Write);
    let (code, mut foreseen) = (CentreCode::new(CENTRE)?, Foreseen::default());
    let open = installation.open;

    let started = Instant::now();
    let due = foreseen.due(&engine, &code, installation.now).await?;
    anyhow::ensure!(due.is_empty(), "{} cases are due", due.len());
    readings.time(format!("first sweep after a start, {open} open obligations"), "yousu", started.elapsed());

    let mut waits = Vec::new();
    for _ in 0..100 {
        let started = Instant::now();
        let due = foreseen.due(&engine, &code, installation.now).await?;
        waits.push(started.elapsed());
        anyhow::ensure!(due.is_empty(), "{} cases are due", due.len());
    }
    readings.waits(&format!("sweep with nothing due, {open} open obligations"), "yousu", waits);
    engine.log().close().await;
    Ok(())
}
