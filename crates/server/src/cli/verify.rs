//! `yousu verify`: the whole log, byte for byte, and that it begins as somebody remembers it.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use event_log::Remembered;
use serde_json::json;
use transparency::{
    Checkpoint,
    note::{Note, VerifierKey},
};

use super::{Format, Status};
use crate::{installation::Place, keys};

#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// An earlier checkpoint: the log must begin with it. May be given several times
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// Public keys as `yousu keys` wrote them once: each checkpoint must be signed by one of them
    #[arg(long, value_name = "FILE", requires = "checkpoint")]
    keys: Option<PathBuf>,
}

pub(super) async fn run(place: &Place, format: Format, args: &VerifyArgs) -> anyhow::Result<Status> {
    let pinned = args.keys.as_deref().map(keys::pinned).transpose()?;
    let (mut remembered, mut faults) = (Vec::new(), Vec::new());
    for path in &args.checkpoint {
        let (tree, fault) = read(path, pinned.as_deref())?;
        remembered.push(tree);
        faults.extend(fault);
    }
    if !remembered.is_empty() && pinned.is_none() {
        eprintln!("yousu: the signatures of the checkpoints were not checked: give the pinned keys with --keys");
    }
    let engine = place.read_kept().await?;
    let report = engine.log().verify_against(&remembered, &mut |_| {}).await?;
    faults.extend(report.faults.iter().map(ToString::to_string));
    if format == Format::Json {
        println!("{}", json!({"events": report.events, "ok": faults.is_empty(), "faults": faults}));
    } else {
        println!("{} events, {} faults", report.events, faults.len());
        faults.iter().for_each(|fault| println!("{fault}"));
    }
    if faults.is_empty() {
        return Ok(Status::Done);
    }
    eprintln!("yousu: the log was altered or is damaged: stop writing to it, keep a copy, tell the auditor");
    Ok(Status::Fault)
}

/// The tree that a checkpoint remembers, and what is wrong with its signatures.
fn read(path: &Path, pinned: Option<&[VerifierKey]>) -> anyhow::Result<(Remembered, Option<String>)> {
    let told = || format!("{} is no checkpoint as `yousu checkpoint` writes it", path.display());
    let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let note = Note::parse(&bytes).with_context(told)?;
    let checkpoint = Checkpoint::parse(note.text()).with_context(told)?;
    let fault = pinned.and_then(|pinned| match note.verified_by(pinned) {
        Ok(signers) if signers.is_empty() => Some("no pinned key signed it".to_owned()),
        Ok(_) => None,
        Err(error) => Some(error.to_string()),
    });
    let fault = fault.map(|fault| format!("{}: {fault}", path.display()));
    Ok((Remembered { centre: keys::centre_of(&checkpoint)?, size: checkpoint.size, root: checkpoint.root }, fault))
}
