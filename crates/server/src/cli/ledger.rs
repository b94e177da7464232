//! `yousu ledger`: 台账, the seventeen columns of 附件 3.

use std::path::PathBuf;

use anyhow::Context as _;
use cases::{CentreCode, Instant};
use documents::{LedgerRow, LedgerSheet, ledger_xlsx};
use projections::ledger::{self, HEADINGS, Line, OWN_HEADINGS, Query};
use serde_json::{Map, Value};

use super::{Format, Status, table};
use crate::installation::{Place, Reading};

#[derive(Debug, clap::Args)]
pub(crate) struct LedgerArgs {
    #[arg(long)]
    centre: Option<CentreCode>,
    /// Only this year of acceptance; else every year in order
    #[arg(long)]
    year: Option<i32>,
    /// What was true then, by what is known now
    #[arg(long, value_name = "TIME")]
    at: Option<Instant>,
    /// By what had been recorded by then
    #[arg(long, value_name = "TIME")]
    known_at: Option<Instant>,
    /// The centre's own columns too, to the right: case number, channel, 反映时间
    #[arg(long)]
    own_columns: bool,
    /// Write to this file instead of standard output (xlsx needs one)
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) async fn run(place: &Place, format: Format, args: &LedgerArgs) -> anyhow::Result<Status> {
    let reading = Reading::open(place, args.centre.as_ref()).await?;
    let when = reading.when(args.at, args.known_at).await?;
    let query = Query { year: args.year, ..Query::all(when) };
    let lines = ledger::lines(&reading.views, reading.engine.log(), &reading.log_centre(), &query).await?;
    let heads = |own: bool| HEADINGS.iter().chain(OWN_HEADINGS.iter().filter(move |_| own)).copied();
    let cells = |line: &Line| -> Vec<String> {
        line.cells.iter().chain(line.own.iter().filter(|_| args.own_columns)).cloned().collect()
    };
    let bytes = match format {
        Format::Json => {
            let mut text = String::new();
            for line in &lines {
                let mut object: Map<String, Value> = Map::new();
                object.insert("case".to_owned(), line.case.to_string().into());
                object.extend(heads(args.own_columns).map(str::to_owned).zip(cells(line).into_iter().map(Value::from)));
                text.push_str(&Value::Object(object).to_string());
                text.push('\n');
            }
            text.into_bytes()
        }
        Format::Csv => {
            // With a byte-order mark, or the usual spreadsheet reads Chinese as something else.
            let mut writer = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
            writer.write_record(heads(args.own_columns))?;
            lines.iter().try_for_each(|line| writer.write_record(cells(line)))?;
            writer.into_inner()?
        }
        Format::Xlsx => {
            anyhow::ensure!(args.output.is_some(), "a workbook goes to a file: give -o FILE");
            ledger_xlsx(&sheet(&reading, args, when.moment(), &lines).await?)?
        }
        Format::Text => {
            format!("{}\n共{}件\n", table(heads(args.own_columns), lines.iter().map(cells)), lines.len()).into_bytes()
        }
    };
    match &args.output {
        Some(file) => {
            std::fs::write(file, bytes).with_context(|| format!("cannot write {}", file.display()))?;
            eprintln!("{}: {} lines", file.display(), lines.len());
        }
        None => super::print(&bytes)?,
    }
    Ok(Status::Done)
}

async fn sheet(reading: &Reading, args: &LedgerArgs, now: Instant, lines: &[Line]) -> anyhow::Result<LedgerSheet> {
    let centre = reading.engine.centre(&reading.centre).await?;
    let row = |line: &Line| {
        let mut cells = line.cells.iter();
        let serial = cells.next().and_then(|no| no.parse().ok()).unwrap_or(line.number.no);
        let cells = std::array::from_fn(|_| cells.next().cloned().unwrap_or_default());
        let own = if args.own_columns { line.own.to_vec() } else { Vec::new() };
        LedgerRow { serial, cells, own }
    };
    Ok(LedgerSheet {
        centre: centre.name.clone(),
        year: args.year,
        as_of: format!("截至 {}", now.format("%Y-%m-%d %H:%M")),
        simulated: centre.simulated,
        own_heads: if args.own_columns { OWN_HEADINGS.map(str::to_owned).to_vec() } else { Vec::new() },
        rows: lines.iter().map(row).collect(),
    })
}

#[cfg(test)]
mod tests {
    /// The paper and the view do not know each other, and both keep 附件 3's heads: here is who sees that they agree.
    #[test]
    fn workbook_and_view_have_the_same_heads() {
        assert_eq!(documents::LEDGER_HEADS, super::HEADINGS);
    }
}
