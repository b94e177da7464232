//! `yousu restore DIR`: an empty data directory filled from a backup, verified before anything can be served from it.

use std::path::PathBuf;

use event_log::{BackupError, Report};
use serde_json::json;

use super::{Format, Status};
use crate::installation::Place;

#[derive(Debug, clap::Args)]
pub(crate) struct RestoreArgs {
    /// The directory that `backup` made
    dir: PathBuf,
}

pub(super) async fn run(place: &Place, format: Format, args: &RestoreArgs) -> anyhow::Result<Status> {
    let bar = indicatif::ProgressBar::new_spinner();
    bar.set_message("copying and hashing");
    let mut progress = |step: event_log::Progress| bar.set_message(format!("verified {}/{}", step.checked, step.total));
    let done = place.restore(&args.dir, &mut progress).await;
    bar.finish_and_clear();
    let restored = match done {
        Ok(restored) => restored,
        Err(error) => return refused(format, error),
    };
    let (manifest, report) = (&restored.manifest, &restored.report);
    if format == Format::Json {
        println!(
            "{}",
            json!({"ok": true, "events": report.events, "attachments": report.attachments, "faults": [], "backup": manifest})
        );
    } else {
        for head in &manifest.centres {
            println!("{}: {} events", head.centre, head.position);
        }
        println!("{} events, {} attachments, 0 faults; serving it builds the views", report.events, report.attachments);
    }
    eprintln!(
        "yousu: this is the installation of {}. The one that the backup was taken from must never write again: two that go on \
         from one log give out the same positions and numbers. What it took in since then is not here: `apply` it again.",
        manifest.made.at
    );
    let keys = place.keys();
    if !keys.join(persons::STORE_NAME).try_exists()? {
        return Ok(Status::Done);
    }
    if !keys.join(persons::MASTER_NAME).try_exists()? {
        eprintln!(
            "yousu: put the copy of {} there and run `yousu erase carry-out`: nothing of a person can be read before",
            keys.join(persons::MASTER_NAME).display()
        );
        return Ok(Status::Done);
    }
    // Before anything can be read: whoever was to be forgotten when the log was copied, or was since.
    place.write().await?.log().close().await;
    Ok(Status::Done)
}

/// A fault in the backup is what verification is there to find; all else is a reason not to begin.
fn refused(format: Format, error: anyhow::Error) -> anyhow::Result<Status> {
    let found: &Report = match error.downcast_ref() {
        Some(BackupError::Faults { report, .. }) => report,
        Some(BackupError::Altered { .. }) => &Report::default(),
        _ => return Err(error),
    };
    let mut faults: Vec<String> = found.faults.iter().map(ToString::to_string).collect();
    if faults.is_empty() {
        faults.push(error.to_string());
    }
    if format == Format::Json {
        println!("{}", json!({"ok": false, "events": found.events, "faults": faults}));
    } else {
        found.faults.iter().for_each(|fault| println!("{fault}"));
    }
    eprintln!("yousu: {}", super::explain(&error));
    Ok(Status::Fault)
}
