//! `yousu rebuild`: views anew from the log, or compared with it.

use event_log::EventLog;
use projections::{Audited, Rebuilt, Views};

use super::{Format, Status};
use crate::installation::Place;

#[derive(Debug, clap::Args)]
pub(crate) struct RebuildArgs {
    /// Which views; all of them if none is named
    views: Vec<String>,
    /// Change nothing: build all views a second time, and compare row by row
    #[arg(long, conflicts_with = "views")]
    check: bool,
}

pub(super) async fn run(place: &Place, format: Format, args: &RebuildArgs) -> anyhow::Result<Status> {
    let engine = place.read().await?;
    let views = Views::open(place.data()).await?;
    if args.check {
        let checked = check(engine.log(), &views, format).await;
        views.close().await;
        return checked;
    }
    let bar = indicatif::ProgressBar::new_spinner();
    let progress = |centre: &event_log::Centre, position: u64| bar.set_message(format!("{centre}@{position}"));
    let rebuilt = views.rebuild(engine.log(), &args.views, progress).await?;
    let seconds = bar.elapsed().as_secs_f64();
    bar.finish_and_clear();
    views.close().await;
    if format == Format::Json {
        println!("{}", serde_json::to_string(&rebuilt)?);
    } else {
        for Rebuilt { view, centres, events, lag } in rebuilt {
            println!("{view}: {centres} centres, {events} events, {lag} behind the log; {seconds:.1} s");
        }
    }
    Ok(Status::Done)
}

async fn check(log: &dyn EventLog, views: &Views, format: Format) -> anyhow::Result<Status> {
    let mut all: Vec<Audited> = Vec::new();
    for (centre, _) in log.centres().await? {
        all.extend(views.audit(log, &centre).await?);
    }
    if format == Format::Json {
        println!("{}", serde_json::to_string(&all)?);
    } else {
        for Audited { view, centre, position, rows, fingerprint, differing, keys } in &all {
            println!("{view}: {centre}@{position}, {rows} rows, {fingerprint}, {differing} differ");
            keys.iter().for_each(|key| println!("  {key}"));
        }
    }
    if all.iter().all(Audited::is_sound) {
        return Ok(Status::Done);
    }
    eprintln!(
        "yousu: a view does not say what the log says: `yousu rebuild` makes it anew; find out who or what wrote to its file"
    );
    Ok(Status::Fault)
}
