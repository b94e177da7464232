//! `yousu backup DIR`: a copy of the log as of one moment, also while another process writes it.

use std::path::PathBuf;

use event_log::Made;
use serde_json::json;

use super::{Format, Status};
use crate::{clock, installation::Place};

#[derive(Debug, clap::Args)]
pub(crate) struct BackupArgs {
    /// Where to: a directory that is not there yet, or is empty
    dir: PathBuf,
}

pub(super) async fn run(place: &Place, format: Format, args: &BackupArgs) -> anyhow::Result<Status> {
    let engine = place.read_kept().await?;
    let made = Made { at: clock::now().to_string(), by: format!("yousu {}", env!("CARGO_PKG_VERSION")) };
    let bar = indicatif::ProgressBar::new_spinner();
    bar.set_message("copying the log");
    // After the log: no event is in it whose key is not in the store by now.
    let done =
        event_log::back_up_with(engine.log(), &args.dir, made, async |partial| place.copy_keys(partial).await).await;
    bar.finish_and_clear();
    engine.log().close().await;
    let manifest = done?;
    if format == Format::Json {
        println!(
            "{}",
            json!({"dir": args.dir, "events": manifest.events(), "bytes": manifest.bytes(), "backup": manifest})
        );
    } else {
        for head in &manifest.centres {
            println!("{}: {} events", head.centre, head.position);
        }
        println!(
            "{} bytes in {}; views are not in it, for they are built from the log; nor is the master key that opens {}: keep a copy elsewhere",
            manifest.bytes(),
            args.dir.display(),
            persons::STORE_NAME
        );
    }
    Ok(Status::Done)
}
