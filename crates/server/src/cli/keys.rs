//! `yousu keys`: the public keys of a centre's log, for whoever is to check it.

use std::path::PathBuf;

use anyhow::Context as _;
use cases::CentreCode;
use serde_json::json;

use super::{Format, Status};
use crate::{
    installation::{Place, the_centre},
    keys::Keys,
};

#[derive(Debug, clap::Args)]
pub(crate) struct KeysArgs {
    /// Whose [default: the only centre there is]
    #[arg(long, value_name = "CODE")]
    centre: Option<CentreCode>,
    /// Where to [default: standard output]
    #[arg(short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) async fn run(place: &Place, format: Format, args: &KeysArgs) -> anyhow::Result<Status> {
    let engine = place.read().await?;
    let centre = the_centre(&engine, args.centre.as_ref()).await?;
    engine.log().close().await;
    let keys = Keys::of(place.data(), &centre)?.public();
    let text = if format == Format::Json {
        format!("{}\n", json!({"centre": centre, "keys": keys}))
    } else {
        keys.iter().map(|key| format!("{key}\n")).collect()
    };
    write(args.output.as_deref(), &text)?;
    Ok(Status::Done)
}

/// To a file, or to standard output.
pub(super) fn write(to: Option<&std::path::Path>, text: &str) -> anyhow::Result<()> {
    match to {
        Some(path) => std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display())),
        None => super::print(text.as_bytes()),
    }
}
