//! `yousu attachment`: a case's files (附件), kept sealed and given back where no server runs.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use cases::{
    CentreCode, Refusal,
    case::{
        Fact as _,
        intake::attachment_added::{AttachmentAdded, MAX_ATTACHMENT_BYTES},
    },
    ids::{CaseId, FileHash},
};
use event_log::{Body, Centre, Hash};
use persons::{Kept, SealedLog};
use serde_json::json;

use super::{Format, Status, replay};
use crate::{engine::Engine, installation::Place, wire};

/// What else can be done with what is not to be shown.
const RESTRICTED_HINT: &str = "`yousu evidence --attach` hands it to those for whose proceeding it is held";

#[derive(Debug, clap::Args)]
pub(crate) struct AttachmentArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Keep a file of a case, sealed under its complainant's key. Nothing is recorded by that: what it prints is what the command
    /// `add_attachment` asks for
    Keep {
        /// The case: its number, as in 410404-2026-17, or its UUID
        case: String,
        /// The file, 32 MiB at most
        file: PathBuf,
        /// Where several centres are in the directory
        #[arg(long)]
        centre: Option<CentreCode>,
    },
    /// Give back the file that a step of a case names
    Get {
        /// The case: its number, as in 410404-2026-17, or its UUID
        case: String,
        /// The step, as `yousu replay` counts them
        step: u64,
        /// Where to: a file that is not there yet
        #[arg(short, value_name = "FILE")]
        output: PathBuf,
        /// Where several centres are in the directory
        #[arg(long)]
        centre: Option<CentreCode>,
    },
}

pub(super) async fn run(place: &Place, format: Format, args: AttachmentArgs) -> anyhow::Result<Status> {
    match args.command {
        Command::Keep { case, file, centre } => keep(place, format, (&case, centre.as_ref()), &file).await,
        Command::Get { case, step, output, centre } => get(place, (&case, centre.as_ref()), step, &output).await,
    }
}

async fn keep(
    place: &Place,
    format: Format,
    (case, centre): (&str, Option<&CentreCode>),
    file: &Path,
) -> anyhow::Result<Status> {
    let (engine, centre, id) = replay::find(place, case, centre).await?;
    let name = wire::log_centre(&centre);
    anyhow::ensure!(engine.log().stream_head(&name, id.0).await? > 0, "no case {case} in centre {centre}");
    engine.log().close().await;
    let size = std::fs::metadata(file).with_context(|| format!("{} cannot be read", file.display()))?.len();
    anyhow::ensure!(size > 0, "{} is empty: see whether it is the right file", file.display());
    let most = MAX_ATTACHMENT_BYTES >> 20;
    anyhow::ensure!(size <= MAX_ATTACHMENT_BYTES, "{} is larger than {most} MiB: make it smaller", file.display());
    let bytes = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let size = bytes.len();
    let engine = place.write().await?;
    let is_restricted = engine.case(&centre, id).await?.is_restricted();
    anyhow::ensure!(!is_restricted, "{}", Refusal::ProcessingRestricted {});
    let hash = sealed(&engine)?.put_sealed(&name, id.0, id.complainant().0, bytes).await?;
    engine.log().close().await;
    match format {
        Format::Json => println!("{}", json!({"sm3": hash.to_string(), "size_bytes": size})),
        _ => println!(
            "kept: name it in the case by `add_attachment` with \"sm3\": \"{hash}\" and \"size_bytes\": {size}"
        ),
    }
    Ok(Status::Done)
}

async fn get(
    place: &Place,
    (case, centre): (&str, Option<&CentreCode>),
    step: u64,
    output: &Path,
) -> anyhow::Result<Status> {
    let (engine, centre, id) = replay::find(place, case, centre).await?;
    let name = wire::log_centre(&centre);
    let events = engine.log().read_stream(&name, id.0, step.saturating_sub(1)).await?;
    let event = events.first().filter(|event| event.version == step);
    let event = event.with_context(|| format!("case {case} has no step {step}: see `yousu replay`"))?;
    let hash = named_by(&event.kind, step, &event.body)?;
    let hash = hash.with_context(|| format!("step {step} names no file: see `yousu replay`"))?;
    let log = sealed(&engine)?;
    if let Some(why) = why_not(log, (&name, id), step, hash).await? {
        anyhow::bail!(why);
    }
    let bytes = log.get_sealed(&name, id.0, id.complainant().0, hash).await?;
    let bytes = bytes.with_context(|| {
        format!("the file of step {step} is kept and not to be shown (限制处理): {RESTRICTED_HINT}")
    })?;
    engine.log().close().await;
    let mut file = std::fs::File::create_new(output)
        .with_context(|| format!("{} cannot be made: give a file that is not there yet", output.display()))?;
    file.write_all(&bytes).with_context(|| format!("{} cannot be written", output.display()))?;
    println!("{} bytes in {}", bytes.len(), output.display());
    Ok(Status::Done)
}

fn sealed(engine: &Engine) -> anyhow::Result<&SealedLog> {
    let sealing = engine.sealing().context("this log seals nothing that belongs to persons, and so keeps no files")?;
    Ok(&sealing.log)
}

/// The hash of the sealed file that this event names, if it names one.
pub(super) fn named_by(kind: &str, version: u64, body: &[u8]) -> anyhow::Result<Option<Hash>> {
    #[derive(serde::Deserialize)]
    struct Named {
        data: NamedFile,
    }
    #[derive(serde::Deserialize)]
    struct NamedFile {
        sm3: FileHash,
    }
    if kind != AttachmentAdded::TYPE {
        return Ok(None);
    }
    let Named { data } = Body::decode(body)?.public()?;
    let hash = data.sm3.as_str().parse();
    Ok(Some(hash.with_context(|| format!("step {version} names a file by what is no hash"))?))
}

/// Why there is nothing to show of the file that this step names; `None` if there is.
pub(super) async fn why_not(
    log: &SealedLog,
    (centre, case): (&Centre, CaseId),
    step: u64,
    hash: Hash,
) -> anyhow::Result<Option<String>> {
    Ok(match log.is_sealed(centre, case.0, case.complainant().0, hash).await? {
        Some(Kept::Opens { .. } | Kept::Restricted) => None,
        None => Some(format!("the file of step {step} was never kept here: ask whoever recorded it")),
        Some(Kept::Erased) => {
            Some(format!("the file of step {step} was erased with its person: there is nothing to show of it"))
        }
    })
}
