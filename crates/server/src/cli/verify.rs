//! `yousu verify`: the whole log, byte for byte, that it begins as somebody remembers it, and that its times are between those at
//! which witnesses saw it.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use cases::{CentreCode, CentreEvent};
use event_log::{Centre, EventLog, Remembered};
use serde_json::json;
use transparency::{
    Checkpoint,
    note::{Note, VerifierKey},
};

use super::{Format, Status};
use crate::{
    engine::Engine,
    installation::Place,
    key_changes, keys, wire,
    witnessed::{Bounds, Witnessed},
};

#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// An earlier checkpoint, or a directory of nothing else: the log must begin with it. May be given several times
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// Public keys as `yousu keys` wrote them once: each checkpoint must be signed by one of them. With those of witnesses
    /// beside them, recorded times must lie between the times at which they signed
    #[arg(long, value_name = "FILE", requires = "checkpoint")]
    keys: Option<PathBuf>,
}

pub(super) async fn run(place: &Place, format: Format, args: &VerifyArgs) -> anyhow::Result<Status> {
    let pinned = args.keys.as_deref().map(keys::pinned).transpose()?;
    let (mut remembered, mut faults, mut witnessed) = (Vec::new(), Vec::new(), Witnessed::default());
    let mut are_cosigned = false;
    for (path, is_named) in files(&args.checkpoint)? {
        match read(&path, pinned.as_deref(), &mut witnessed) {
            Ok(Kept { tree, fault, is_cosigned }) => {
                remembered.push(tree);
                faults.extend(fault);
                are_cosigned |= is_cosigned;
            }
            Err(error) if is_named => return Err(error),
            // One bad file among thousands is to be looked at, and no reason to look at nothing else.
            Err(error) => faults.push(format!("{error:#}")),
        }
    }
    if !remembered.is_empty() && pinned.is_none() {
        eprintln!("yousu: the signatures of the checkpoints were not checked: give the pinned keys with --keys");
    }
    if pinned.is_some() && are_cosigned && witnessed.centres().next().is_none() {
        eprintln!(
            "yousu: times were not held to those of witnesses: give their keys beside those of the log with --keys"
        );
    }
    let engine = place.read_kept().await?;
    let report = engine.log().verify_against(&remembered, &mut |_| {}).await?;
    faults.extend(report.faults.iter().map(ToString::to_string));
    faults.extend(changes(engine.log()).await?);
    let (wrong, bounds) = times(&engine, &witnessed).await?;
    faults.extend(wrong);
    if format == Format::Json {
        println!(
            "{}",
            json!({"events": report.events, "ok": faults.is_empty(), "faults": faults, "witnessed": bounds})
        );
    } else {
        println!("{} events, {} faults", report.events, faults.len());
        faults.iter().for_each(|fault| println!("{fault}"));
        bounds.iter().flat_map(Bounds::lines).for_each(|line| println!("{line}"));
    }
    if faults.is_empty() {
        return Ok(Status::Done);
    }
    eprintln!("yousu: the log was altered or is damaged: stop writing to it, keep a copy, tell the auditor");
    Ok(Status::Fault)
}

/// These files, and those in these directories in the order of their names; whether each was named itself.
fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<(PathBuf, bool)>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let told = || format!("{} cannot be read", path.display());
            let entries =
                std::fs::read_dir(path).with_context(told)?.collect::<Result<Vec<_>, _>>().with_context(told)?;
            let mut within: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
            within.sort_unstable();
            files.extend(within.into_iter().map(|path| (path, false)));
        } else {
            files.push((path.clone(), true));
        }
    }
    Ok(files)
}

/// What is wrong with the changes of keys that each log records, which need no key to be read.
async fn changes(log: &dyn EventLog) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    for (name, _) in log.centres().await? {
        if let Ok(code) = CentreCode::new(name.as_str()) {
            faults.extend(key_changes::faults(log, &code).await?);
        }
    }
    Ok(faults)
}

/// What the times of witnesses say about those of the log, centre by centre.
async fn times(engine: &Engine, witnessed: &Witnessed) -> anyhow::Result<(Vec<String>, Vec<Bounds>)> {
    let (mut faults, mut all) = (Vec::new(), Vec::new());
    for name in witnessed.centres() {
        let is_simulated = is_simulated(engine.log(), name).await?;
        if is_simulated {
            eprintln!("yousu: {name} is simulated: its time is its own, and that of witnesses says nothing about it");
            continue;
        }
        let (wrong, bounds) = witnessed.check(engine.log(), name).await?;
        faults.extend(wrong);
        all.extend(bounds);
    }
    Ok((faults, all))
}

/// What a centre's first event says for ever, read without any key: a log whose keys are gone can be verified all the same.
async fn is_simulated(log: &dyn EventLog, centre: &Centre) -> anyhow::Result<bool> {
    let Some(first) = log.read_centre(centre, 0, 1).await?.pop() else { return Ok(false) };
    let Ok(code) = CentreCode::new(centre.as_str()) else { return Ok(false) };
    let opened = wire::read_without_texts::<CentreEvent>(&code, &first).ok();
    Ok(opened.is_some_and(|entry| matches!(entry.event, CentreEvent::CentreOpened(opened) if opened.simulated)))
}

/// A checkpoint that somebody kept.
struct Kept {
    /// What it remembers.
    tree: Remembered,
    /// What is wrong with its signatures.
    fault: Option<String>,
    /// Others than the log say that they signed it.
    is_cosigned: bool,
}

fn unsigned(checkpoint: &Checkpoint) -> String {
    let changed = checkpoint.keys_changed_after().map_or_else(String::new, |after| {
        format!("; it says that the log's keys changed after {after} events: follow the statements that `yousu keys statement` writes, and pin what comes of it")
    });
    format!("no pinned key signed it as `{}`{changed}", checkpoint.origin)
}

/// Reads one; when witnesses saw it goes to the others.
fn read(path: &Path, pinned: Option<&[VerifierKey]>, witnessed: &mut Witnessed) -> anyhow::Result<Kept> {
    let told = || format!("{} is no checkpoint as `yousu checkpoint` writes it", path.display());
    let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let note = Note::parse(&bytes).with_context(told)?;
    let checkpoint = Checkpoint::parse(note.text()).with_context(told)?;
    let centre = keys::centre_of(&checkpoint)?;
    let fault = pinned.and_then(|pinned| match note.verified_by(checkpoint.size, pinned) {
        // A witness's word alone is not the log's.
        Ok(signers) if !signers.iter().any(|(key, _)| key.name() == checkpoint.origin) => Some(unsigned(&checkpoint)),
        Ok(signers) => {
            witnessed.add(&centre, checkpoint.size, &signers);
            None
        }
        Err(error) => Some(error.to_string()),
    });
    let fault = fault.map(|fault| format!("{}: {fault}", path.display()));
    let is_cosigned = note.signatures().iter().any(|line| line.name != checkpoint.origin);
    Ok(Kept { tree: Remembered { centre, size: checkpoint.size, root: checkpoint.root }, fault, is_cosigned })
}
