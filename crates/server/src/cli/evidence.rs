//! `yousu evidence CASE`: one file that proves a case's history to somebody outside.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use cases::{
    CentreCode,
    case::{Fact as _, intake::attachment_added::AttachmentAdded},
    ids::CaseId,
};
use event_log::{Body, Event, EventLog, SealedField, StreamWord};
use transparency::{
    Checkpoint, Hash,
    evidence::{Attachment, Disclosed, Evidence, HeadProof, LIMIT_BYTES, Proven},
    note::{Note, VerifierKey},
    seal::Place,
    tree::{consistency_plan, inclusion_plan, root_plan},
};
use uuid::Uuid;

use super::{
    Format, Status, attachment,
    checkpoint::{told, up_to_date},
    replay,
};
use crate::{
    engine::Engine,
    installation, key_changes,
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
    /// Show the sealed texts of a step, as in 3; one of them, as in 3:/data/narrative; or all. May be given several times
    #[arg(long, value_name = "TEXT", value_parser = wanted)]
    disclose: Vec<Wanted>,
    /// Put the file that a step names (附件) into the evidence, as in 5, with what opens it; or all. May be given several times
    #[arg(long, value_name = "STEP", value_parser = wanted_step)]
    attach: Vec<Wanted>,
}

/// Which sealed texts are to be shown.
#[derive(Debug, Clone)]
enum Wanted {
    All,
    Of { version: u64, field: Option<String> },
}

fn wanted(text: &str) -> Result<Wanted, String> {
    let (version, field) = match text.split_once(':') {
        Some((version, field)) => (version, Some(field.to_owned())),
        None if text == "all" => return Ok(Wanted::All),
        None => (text, None),
    };
    let version =
        version.parse().map_err(|_| "give the number of a step, as in 3 or 3:/data/narrative, or all".to_owned())?;
    Ok(Wanted::Of { version, field })
}

fn wanted_step(text: &str) -> Result<Wanted, String> {
    match text.parse() {
        Ok(version) => Ok(Wanted::Of { version, field: None }),
        Err(_) if text == "all" => Ok(Wanted::All),
        Err(_) => Err("give the number of a step, as in 5, or all".to_owned()),
    }
}

impl Wanted {
    fn is(&self, of: u64, there: &str) -> bool {
        match self {
            Self::All => true,
            Self::Of { version, field } => *version == of && field.as_ref().is_none_or(|field| field == there),
        }
    }
}

pub(super) async fn run(place: &installation::Place, _: Format, args: &EvidenceArgs) -> anyhow::Result<Status> {
    let (engine, centre, case) = replay::find(place, &args.case, args.centre.as_ref()).await?;
    engine.log().close().await;
    let (engine, _) = up_to_date(place, Some(&centre)).await?;
    let (log, name) = (engine.log(), wire::log_centre(&centre));
    let shown = log.stream_proof(&name, case.0).await?;
    let shown = shown.with_context(|| format!("no case {case} in centre {centre}"))?;
    // After the events: another process may write beside this one, and the tree has to hold them.
    let size = log.head(&name).await?.position;
    let root = log.prove(&name, &root_plan(size)?).await?.first().copied().context("the log gave no root")?;
    let known = engine.centre(&centre).await?;
    let extensions = key_changes::extensions(&known);
    let checkpoint = Checkpoint { origin: keys::origin(&centre), size, root, extensions };
    let signer = Keys::of(place.data(), &known)?;
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
                "yousu: the log said nothing of this case since its last event, because another process writes it: the evidence does not show that nothing came after; do this again once it has said where its cases stand (`serve --heads-every`), if that is to be shown"
            );
            None
        }
    };
    let disclosed = disclosed(&engine, (&name, case.0), &events, &args.disclose).await?;
    let attachments = attached(&engine, (&name, case), &events, &args.attach).await?;
    let of_texts = disclosed.iter().map(|one| one.person);
    warn_of_restricted(&engine, of_texts.chain(attachments.iter().map(|one| one.person)).collect()).await?;
    engine.log().close().await;
    let evidence = Evidence { stream: case.0, checkpoint: note, earlier, events, head, disclosed, attachments };
    let bytes = evidence.encode();
    anyhow::ensure!(
        bytes.len() <= LIMIT_BYTES,
        "the evidence would take {} bytes, and {LIMIT_BYTES} are the most that its readers take: attach fewer files, and the others in evidence of their own",
        bytes.len()
    );
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

/// The secrets of the texts that are wanted, each of which opens that one text and nothing else.
async fn disclosed(
    engine: &Engine,
    (centre, stream): (&event_log::Centre, Uuid),
    events: &[Proven],
    wanted: &[Wanted],
) -> anyhow::Result<Vec<Disclosed>> {
    let mut disclosed = Vec::new();
    let (Some(sealing), false) = (engine.sealing(), wanted.is_empty()) else { return Ok(disclosed) };
    for event in events {
        let version = event.version;
        for SealedField { person, field, bytes } in Body::decode(&event.body)?.sealed() {
            if bytes.is_none() || !wanted.iter().any(|wanted| wanted.is(version, field)) {
                continue;
            }
            let (person, field) = (*person, field.clone());
            let place = Place { centre: centre.as_str(), stream, version, person, field: &field };
            match sealing.log.secret(&place).await? {
                Some(secret) => disclosed.push(Disclosed { version, person, field, secret }),
                None => eprintln!("yousu: {field} of step {version} was erased: there is nothing to show of it"),
            }
        }
    }
    if disclosed.is_empty() {
        eprintln!("yousu: no text is disclosed: see the steps' numbers with `yousu replay`");
    }
    Ok(disclosed)
}

/// The files that are wanted, as they are kept, each with the secret that opens it and nothing else.
async fn attached(
    engine: &Engine,
    (centre, case): (&event_log::Centre, CaseId),
    events: &[Proven],
    wanted: &[Wanted],
) -> anyhow::Result<Vec<Attachment>> {
    let mut attached = Vec::new();
    if wanted.is_empty() {
        return Ok(attached);
    }
    let sealing = engine.sealing().context("this log seals nothing that belongs to persons, and so keeps no files")?;
    let (stream, person) = (case.0, case.complainant().0);
    for event in events {
        let version = event.version;
        let Some(hash) = attachment::named_by(&event.kind, version, &event.body)? else { continue };
        if !wanted.iter().any(|wanted| wanted.is(version, "")) {
            continue;
        }
        if let Some(why) = attachment::why_not(&sealing.log, (centre, case), version, hash).await? {
            eprintln!("yousu: {why}");
            continue;
        }
        let kept = sealing.log.with_secret(centre, stream, person, hash).await?;
        let (secret, sealed) = kept.with_context(|| format!("the file of step {version} went away just now"))?;
        attached.push(Attachment { version, person, secret, sealed });
    }
    for wanted in wanted {
        let is_named = |event: &Proven| wanted.is(event.version, "") && event.kind == AttachmentAdded::TYPE;
        if !events.iter().any(is_named) {
            let which = match wanted {
                Wanted::Of { version, .. } => format!("step {version} names no file"),
                Wanted::All => "no step names a file".to_owned(),
            };
            eprintln!("yousu: {which}: see `yousu replay`");
        }
    }
    Ok(attached)
}

/// What is shown of somebody whose data may only be kept is shown for the proceeding for which it is held, and for nothing else.
async fn warn_of_restricted(engine: &Engine, persons: BTreeSet<Uuid>) -> anyhow::Result<()> {
    let Some(sealing) = engine.sealing() else { return Ok(()) };
    for person in persons {
        if sealing.keys.is_restricted(person).await?.unwrap_or(false) {
            eprintln!(
                "yousu: what is shown of {person} may only be kept (限制处理): hand the file to nobody but those for whose proceeding it is held"
            );
        }
    }
    Ok(())
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
