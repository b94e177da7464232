//! `yousu verify`: the whole log, byte for byte.

use serde_json::json;

use super::{Format, Status};
use crate::installation::Place;

#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {}

pub(super) async fn run(place: &Place, format: Format, _: &VerifyArgs) -> anyhow::Result<Status> {
    let engine = place.read().await?;
    let report = engine.log().verify(&mut |_| {}).await?;
    let faults: Vec<String> = report.faults.iter().map(ToString::to_string).collect();
    if format == Format::Json {
        println!("{}", json!({"events": report.events, "ok": faults.is_empty(), "faults": faults}));
    } else {
        println!("{} events, {} faults", report.events, faults.len());
        faults.iter().for_each(|fault| println!("{fault}"));
    }
    if faults.is_empty() {
        return Ok(Status::Done);
    }
    eprintln!("yousu: the log was altered or is damaged: stop writing to it, keep a copy, tell the auditor");
    Ok(Status::Fault)
}
