//! `yousu import`: appeals from a CSV or XLSX file, by a mapping.

use std::path::PathBuf;

use anyhow::Context as _;
use cases::CentreCode;
use import::Mapping;
use serde_json::json;

use super::{By, Format, Status};
use crate::{
    importing::{self, Import},
    installation::{Place, the_centre},
};

#[derive(Debug, clap::Args)]
pub(crate) struct ImportArgs {
    /// The file
    file: PathBuf,
    #[arg(long)]
    centre: Option<CentreCode>,
    /// What the columns mean
    #[arg(long, value_name = "MAP.toml")]
    mapping: PathBuf,
    #[command(flatten)]
    by: By,
}

pub(super) async fn run(place: &Place, format: Format, args: &ImportArgs) -> anyhow::Result<Status> {
    let name = args.mapping.display().to_string();
    let text = std::fs::read_to_string(&args.mapping)
        .with_context(|| format!("cannot read {name}: schemas/mappings/ holds examples"))?;
    let mapping = Mapping::read(&name, &text)?;
    let shown = args.file.display().to_string();
    let file = std::fs::File::open(&args.file).with_context(|| format!("cannot open {shown}"))?;
    // The whole file is looked through here: one that does not fit the mapping ends the command with nothing in.
    let appeals = import::read(&shown, std::io::BufReader::new(file), &mapping)?;
    let engine = place.write().await?;
    let centre = the_centre(&engine, args.centre.as_ref()).await?;
    let bar = bar(appeals.row_count());
    let import =
        Import { engine: &engine, centre, mapping: &mapping, evidence: appeals.file_hash(), by: args.by.actor()? };
    let done = importing::run(&import, appeals, &mut || bar.inc(1)).await?;
    bar.finish_and_clear();
    engine.log().close().await;
    if format == Format::Json {
        let rejected: Vec<_> = done
            .rejections
            .iter()
            .map(|no| json!({"line": no.line, "number": no.number, "column": no.column, "reason": no.reason}))
            .collect();
        let (read, accepted, already, repeats) = (done.read, done.accepted, done.already, done.suspected_repeats);
        println!(
            "{}",
            json!({"read": read, "accepted": accepted, "already_there": already, "suspected_repeats": repeats,
            "rejected": rejected})
        );
    } else {
        println!(
            "read {} · accepted {} · already there {} · rejected {}",
            done.read,
            done.accepted,
            done.already,
            done.rejections.len()
        );
        println!("suspected repeats {}", done.suspected_repeats);
        done.rejections.iter().for_each(|rejection| println!("{rejection}"));
    }
    Ok(Status::Done)
}

/// On standard error, and only where somebody looks: indicatif hides itself where it is no terminal.
fn bar(rows: u64) -> indicatif::ProgressBar {
    let bar = indicatif::ProgressBar::new(rows);
    if let Ok(style) = indicatif::ProgressStyle::with_template("{bar:40} {pos}/{len} rows, {eta} left") {
        bar.set_style(style);
    }
    bar
}
