//! `yousu rebuild`: views anew from the log.

use projections::Views;

use super::{Format, Status};
use crate::installation::Place;

#[derive(Debug, clap::Args)]
pub(crate) struct RebuildArgs {
    /// Which views; all of them if none is named
    views: Vec<String>,
}

pub(super) async fn run(place: &Place, format: Format, args: &RebuildArgs) -> anyhow::Result<Status> {
    let engine = place.read().await?;
    let views = Views::open(place.data()).await?;
    let bar = indicatif::ProgressBar::new_spinner();
    let progress = |centre: &event_log::Centre, position: u64| bar.set_message(format!("{centre}@{position}"));
    let rebuilt = views.rebuild(engine.log(), &args.views, progress).await?;
    bar.finish_and_clear();
    views.close().await;
    if format == Format::Json {
        println!("{}", serde_json::to_string(&rebuilt)?);
    } else {
        rebuilt.iter().for_each(|done| println!("{}: {} centres, {} events", done.view, done.centres, done.events));
    }
    Ok(Status::Done)
}
