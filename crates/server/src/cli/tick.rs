//! `yousu tick`: every sweep once.

use cases::{CentreCode, Instant};
use serde_json::json;

use super::{Format, Status};
use crate::{clock, digest, engine::EngineError, installation::Place, sweeps};

#[derive(Debug, clap::Args)]
pub(crate) struct TickArgs {
    /// Simulated directories only: the time of the sweep
    #[arg(long, value_name = "TIME")]
    at: Option<Instant>,
}

pub(super) async fn run(place: &Place, format: Format, args: &TickArgs) -> anyhow::Result<Status> {
    let engine = place.write().await?;
    let simulated = engine.is_simulated().await?.unwrap_or(false);
    if args.at.is_some() && !simulated {
        return Err(EngineError::TimeGiven.into());
    }
    let (mut cases, mut digests, mut events) = (0, 0, Vec::new());
    for (centre, _) in engine.log().centres().await? {
        let code = CentreCode::new(centre.as_str())?;
        let last = engine.last_recorded(&code).await?;
        let now = if simulated { args.at.or(last).ok_or(EngineError::NoTime)? } else { clock::now() };
        let candidates = sweeps::all_cases(&engine, &code).await?;
        let swept = sweeps::sweep(&engine, &code, candidates, now).await?;
        digests += digest::send_due(&engine, &code, now, None).await?;
        cases += swept.cases;
        for (case, done) in swept.events {
            events.extend(done.events.into_iter().map(|event| (code.clone(), case, event)));
        }
    }
    engine.log().close().await;
    if format == Format::Json {
        let events: Vec<_> = events
            .iter()
            .map(|(centre, case, event)| json!({"centre": centre, "case": case, "type": event.kind, "position": event.position}))
            .collect();
        println!("{}", json!({"cases": cases, "digests": digests, "events": events}));
    } else {
        events.iter().for_each(|(centre, case, event)| println!("{centre}@{} {case} {}", event.position, event.kind));
        println!("{cases} cases, {} events, {digests} monthly digests", events.len());
    }
    Ok(Status::Done)
}
