//! `yousu overdue`: what is overdue or soon will be, and what ended late in a period.

use cases::{CentreCode, Instant};
use chrono::NaiveDate;
use projections::overdue::{self, Asked, Item, Query};

use super::{Format, Status, table};
use crate::installation::{Place, Reading};

#[derive(Debug, clap::Args)]
pub(crate) struct OverdueArgs {
    #[arg(long)]
    centre: Option<CentreCode>,
    #[arg(long, value_name = "TIME")]
    at: Option<Instant>,
    #[arg(long, value_name = "TIME")]
    known_at: Option<Instant>,
    /// Those that ended late, met or not, in a period
    #[arg(long, requires_all = ["from", "to"])]
    ended: bool,
    /// First day of the period
    #[arg(long, value_name = "D")]
    from: Option<NaiveDate>,
    /// Last day of the period
    #[arg(long, value_name = "D")]
    to: Option<NaiveDate>,
}

const HEADS: [&str; 9] = ["状况", "编号", "责任方", "时限事项", "轮次", "应于", "实际", "工作时间", "注"];

pub(super) async fn run(place: &Place, format: Format, args: &OverdueArgs) -> anyhow::Result<Status> {
    let reading = Reading::open(place, args.centre.as_ref()).await?;
    let when = reading.when(args.at, args.known_at).await?;
    let (log, centre) = (reading.engine.log(), reading.log_centre());
    let asked = match (args.ended, args.from, args.to) {
        (true, Some(first), Some(last)) => Asked::Ended { first, last },
        _ => Asked::Open,
    };
    let report = overdue::report(&reading.views, log, &centre, &Query::all(asked, when)).await?;
    let items = report.items;
    let cells = |item: &Item| -> Vec<String> {
        let minute = |at: Instant| at.format("%Y-%m-%d %H:%M").to_string();
        let marks = [(item.provisional, "暂定"), (item.historical, "历史件")];
        vec![
            item.standing.term().to_owned(),
            item.number.of(&centre),
            item.owner_name.clone(),
            item.kind.to_string(),
            format!("第{}轮", item.round),
            minute(item.due),
            item.ended_at.map(minute).unwrap_or_default(),
            item.working_time.map(|time| time.to_string()).unwrap_or_default(),
            marks.iter().filter(|(holds, _)| *holds).map(|(_, mark)| *mark).collect::<Vec<_>>().join(" "),
        ]
    };
    match format {
        Format::Json => {
            items.iter().try_for_each(|item| super::print(format!("{}\n", serde_json::to_string(item)?).as_bytes()))?;
        }
        Format::Csv => super::print(&super::csv(HEADS, items.iter().map(cells))?)?,
        _ => {
            let mut text = table(HEADS, items.iter().map(cells));
            text.push_str("\n\n");
            let counts = report.counts.into_iter().map(|count| {
                let provisional =
                    if count.provisional > 0 { format!("另暂定{}件", count.provisional) } else { String::new() };
                vec![
                    count.owner_name,
                    count.kind.to_string(),
                    count.standing.term().to_owned(),
                    count.count.to_string(),
                    provisional,
                ]
            });
            text.push_str(&table(["责任方", "时限事项", "状况", "件数", ""], counts));
            super::print(format!("{text}\n共{}项\n", items.len()).as_bytes())?;
        }
    }
    Ok(Status::Done)
}
