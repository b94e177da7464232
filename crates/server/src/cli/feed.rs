//! `yousu feed`: one recipient's supervision feed, in order.

use cases::CentreCode;
use projections::feeds::{self, Entry, Recipient};

use super::{Format, Status, table};
use crate::installation::{Place, Reading};

#[derive(Debug, clap::Args)]
pub(crate) struct FeedArgs {
    #[arg(long)]
    centre: Option<CentreCode>,
    /// discipline, government, department:ID or parent
    #[arg(long)]
    recipient: Recipient,
    /// Only after this number
    #[arg(long, value_name = "N", default_value_t = 0)]
    after: u64,
}

const HEADS: [&str; 7] = ["号", "时间", "事项", "编号", "责任方", "应于", "签收"];

pub(super) async fn run(place: &Place, format: Format, args: &FeedArgs) -> anyhow::Result<Status> {
    let reading = Reading::open(place, args.centre.as_ref()).await?;
    let (log, centre) = (reading.engine.log(), reading.log_centre());
    let when = reading.when(None, None).await?;
    let entries = feeds::entries(&reading.views, log, &centre, &args.recipient, args.after, None, when).await?;
    let cells = |entry: &Entry| -> Vec<String> {
        let minute = |at: cases::Instant| at.format("%Y-%m-%d %H:%M").to_string();
        vec![
            entry.number.to_string(),
            minute(entry.recorded_at),
            entry.term.clone(),
            entry.case_number.map(|number| number.of(&centre)).unwrap_or_default(),
            entry.about.as_ref().map(ToString::to_string).unwrap_or_default(),
            entry.due.map(minute).unwrap_or_default(),
            entry.acknowledged.as_ref().map(|done| minute(done.at)).unwrap_or_default(),
        ]
    };
    match format {
        Format::Json => entries
            .iter()
            .try_for_each(|entry| super::print(format!("{}\n", serde_json::to_string(entry)?).as_bytes()))?,
        Format::Csv => super::print(&super::csv(HEADS, entries.iter().map(cells))?)?,
        _ => super::print(format!("{}\n共{}项\n", table(HEADS, entries.iter().map(cells)), entries.len()).as_bytes())?,
    }
    Ok(Status::Done)
}
