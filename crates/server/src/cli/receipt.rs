//! `yousu receipt CASE`: what whoever appeals takes home (受理回执), signed with the log's keys.

use std::path::PathBuf;

use anyhow::Context as _;
use cases::CentreCode;
use projections::ledger;
use serde_json::json;

use super::{Format, Status, keys::write, replay};
use crate::{
    installation::{Place, Reading},
    receipts,
};

#[derive(Debug, clap::Args)]
pub(crate) struct ReceiptArgs {
    /// The case: its number, as in 410404-2026-17, or its UUID
    case: String,
    /// Where several centres are in the directory
    #[arg(long)]
    centre: Option<CentreCode>,
    /// Where to [default: standard output]
    #[arg(short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) async fn run(place: &Place, format: Format, args: &ReceiptArgs) -> anyhow::Result<Status> {
    let (engine, centre, case) = replay::find(place, &args.case, args.centre.as_ref()).await?;
    engine.log().close().await;
    let reading = Reading::open(place, Some(&centre)).await?;
    let number = ledger::number_of(&reading.views, &reading.log_centre(), case).await?;
    let none =
        || format!("no case {} in centre {centre} that was accepted: see `yousu ledger --own-columns`", args.case);
    let number = number.with_context(none)?;
    let note = receipts::receipt(&reading.engine, place.data(), &centre, (case, number)).await?.with_context(none)?;
    reading.engine.log().close().await;
    let text = match format {
        Format::Json => format!("{}\n", json!({"centre": centre, "case": case, "receipt": note.to_string()})),
        _ => note.to_string(),
    };
    write(args.output.as_deref(), &text)?;
    Ok(Status::Done)
}
