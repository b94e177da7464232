//! `yousu evidence CASE`: one file that proves a case's history to somebody outside.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use cases::CentreCode;
use event_log::{Event, EventLog, StreamWord};
use transparency::{
    Checkpoint, Hash,
    evidence::{Evidence, HeadProof, Proven},
    note::{Note, VerifierKey},
    tree::{consistency_plan, inclusion_plan, root_plan},
};

use super::{
    Format, Status,
    checkpoint::{told, up_to_date},
    replay,
};
use crate::{
    installation::Place,
    keys::{self, Keys},
    wire,
    witnesses::Witnesses,
};

#[derive(Debug, clap::Args)]
pub(crate) struct EvidenceArgs {
    /// The case: its number, as in 410404-2026-17, or its UUID
    case: String,
    /// Where several centres are in the directory
    #[arg(long)]
    centre: Option<CentreCode>,
    /// Where to: a file that is not there yet
    #[arg(short, value_name = "FILE")]
    output: PathBuf,
    /// An earlier checkpoint, which somebody outside kept: proves that the log goes on from it
    #[arg(long, value_name = "CHECKPOINT")]
    since: Option<PathBuf>,
}

pub(super) async fn run(place: &Place, _: Format, args: &EvidenceArgs) -> anyhow::Result<Status> {
    let (engine, centre, case) = replay::find(place, &args.case, args.centre.as_ref()).await?;
    engine.log().close().await;
    let (engine, _) = up_to_date(place, Some(&centre)).await?;
    let (log, name) = (engine.log(), wire::log_centre(&centre));
    let shown = log.stream_proof(&name, case.0).await?;
    let shown = shown.with_context(|| format!("no case {case} in centre {centre}"))?;
    // After the events: another process may write beside this one, and the tree has to hold them.
    let size = log.head(&name).await?.position;
    let root = log.prove(&name, &root_plan(size)?).await?.first().copied().context("the log gave no root")?;
    let checkpoint = Checkpoint { origin: keys::origin(&centre), size, root, extensions: Vec::new() };
    let signer = Keys::of(place.data(), &centre)?;
    let earlier = match &args.since {
        Some(path) => match begun_with(log, &checkpoint, path).await? {
            Some(earlier) => Some(earlier),
            None => return Ok(Status::Fault),
        },
        None => None,
    };
    let (mut note, witnesses) = (signer.sign(&checkpoint)?, Witnesses::of(place.data())?);
    let status = told(&witnesses.ask(log, &name, &checkpoint, &mut note).await?, witnesses.quorum);

    let mut events = Vec::with_capacity(shown.events.len());
    for event in shown.events {
        events.push(proven(log, &name, size, shown.ordinal, event).await?);
    }
    let head = match shown.head {
        Some(StreamWord { ordinal, event, previous, proof }) => {
            Some(HeadProof { event: proven(log, &name, size, ordinal, event).await?, previous, proof })
        }
        None => {
            eprintln!(
                "yousu: the log said nothing of this case since its last event, because another process writes it: the evidence does not show that nothing came after; stop that process and do this again if that is to be shown"
            );
            None
        }
    };
    engine.log().close().await;
    let evidence = Evidence { stream: case.0, checkpoint: note, earlier, events, head, disclosed: Vec::new() };
    let bytes = evidence.encode();
    if let Err(why) = holds(&bytes, &signer.verifiers()) {
        eprintln!(
            "yousu: nothing was written, because the evidence would not hold: {why}; run `yousu verify`, and tell the auditor"
        );
        return Ok(Status::Fault);
    }
    let mut file = std::fs::File::create_new(&args.output)
        .with_context(|| format!("{} cannot be made: give a file that is not there yet", args.output.display()))?;
    std::io::Write::write_all(&mut file, &bytes)
        .with_context(|| format!("{} cannot be written", args.output.display()))?;
    println!("{} bytes in {}: {} events", bytes.len(), args.output.display(), evidence.events.len());
    Ok(status)
}

/// What somebody outside will do with the file, done first.
fn holds(bytes: &[u8], keys: &[VerifierKey]) -> Result<(), String> {
    let evidence = Evidence::parse(bytes).map_err(|error| error.to_string())?;
    evidence.verify(keys).map(drop).map_err(|error| error.to_string())
}

/// The checkpoint in this file and the proof that the log goes on from it; `None`, said to the operator, if it does not.
async fn begun_with(log: &dyn EventLog, now: &Checkpoint, path: &Path) -> anyhow::Result<Option<(Note, Vec<Hash>)>> {
    let told = || format!("{} is no checkpoint as `yousu checkpoint` writes it", path.display());
    let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let kept = Note::parse(&bytes).with_context(told)?;
    let since = Checkpoint::parse(kept.text()).with_context(told)?;
    anyhow::ensure!(since.origin == now.origin, "{} is of `{}`, not of `{}`", path.display(), since.origin, now.origin);
    let name = keys::centre_of(now)?;
    let is_there = since.size <= now.size && log.prove(&name, &root_plan(since.size)?).await? == [since.root];
    if !is_there {
        eprintln!(
            "yousu: nothing was written: {} is not of this log as it is now; run `yousu verify --checkpoint` with it, and tell the auditor",
            path.display()
        );
        return Ok(None);
    }
    let proof = log.prove(&name, &consistency_plan(since.size, now.size)?).await?;
    Ok(Some((kept, proof)))
}

/// An event with the proof that it is in the tree of this size.
async fn proven(
    log: &dyn EventLog,
    centre: &event_log::Centre,
    size: u64,
    ordinal: u64,
    event: Event,
) -> anyhow::Result<Proven> {
    let plan = inclusion_plan(event.position.saturating_sub(1), size)?;
    let proof: Vec<Hash> = log.prove(centre, &plan).await?;
    let Event { position, version, recorded_ms, kind, kind_version, body, .. } = event;
    Ok(Proven { position, ordinal, version, recorded_ms, kind, kind_version, body, proof })
}
