//! `yousu checkpoint`: the signed size and root of a centre's log, shown to the witnesses, for somebody outside to keep.

use std::path::PathBuf;

use cases::CentreCode;
use event_log::LogError;
use serde_json::json;

use super::{Format, Status, keys::write};
use crate::{
    checkpoints::{self, Shown},
    engine::Engine,
    installation::{Place, the_centre},
    wire,
    witnesses::{Asked, Witnesses},
};

#[derive(Debug, clap::Args)]
pub(crate) struct CheckpointArgs {
    /// Whose [default: the only centre there is]
    #[arg(long, value_name = "CODE")]
    centre: Option<CentreCode>,
    /// Where to [default: standard output]
    #[arg(short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) async fn run(place: &Place, format: Format, args: &CheckpointArgs) -> anyhow::Result<Status> {
    let (engine, centre) = up_to_date(place, args.centre.as_ref()).await?;
    let witnesses = Witnesses::of(place.data())?;
    let mut shown = checkpoints::show(&engine, place.data(), &centre, &witnesses).await?;
    shown.send_leaves(&engine, &centre, &witnesses).await?;
    engine.log().close().await;
    let Shown { checkpoint, note, asked, quorum } = shown;
    let note = note.to_string();
    let text = if format == Format::Json {
        let asked: Vec<_> = asked
            .iter()
            .map(|asked| json!({"witness": asked.name, "cosigned": asked.is_cosigned(), "said": asked.to_string()}))
            .collect();
        let (size, root) = (checkpoint.size, checkpoint.root.to_string());
        format!("{}\n", json!({"centre": centre, "size": size, "root": root, "checkpoint": note, "witnesses": asked}))
    } else {
        note
    };
    write(args.output.as_deref(), &text)?;
    Ok(told(&asked, quorum))
}

/// What came of asking the witnesses, said to the operator, and what the command comes to by it.
pub(super) fn told(asked: &[Asked], quorum: usize) -> Status {
    asked.iter().for_each(|asked| eprintln!("yousu: {asked}"));
    if asked.iter().any(Asked::is_alarming) {
        return Status::Fault;
    }
    let cosigned = asked.iter().filter(|asked| asked.is_cosigned()).count();
    if cosigned < quorum {
        eprintln!("yousu: {cosigned} of {quorum} cosignatures that are wanted: try again later");
        return Status::Refused;
    }
    if asked.iter().any(Asked::is_unkept) { Status::Refused } else { Status::Done }
}

/// The log, once it says of itself where its streams stand. Beside a process that writes it, it is taken as it is: what it
/// said last may be older than its last event.
pub(super) async fn up_to_date(place: &Place, centre: Option<&CentreCode>) -> anyhow::Result<(Engine, CentreCode)> {
    // A look first: a checkpoint of nothing must not make a log.
    let engine = place.read().await?;
    let centre = the_centre(&engine, centre).await?;
    engine.log().close().await;
    match place.write().await {
        Ok(engine) => {
            let (_, clock) = engine.time(&*engine.centre(&centre).await?, (None, None)).await?;
            engine.log().commit_heads(&wire::log_centre(&centre), clock).await?;
            Ok((engine, centre))
        }
        Err(error) if matches!(error.downcast_ref(), Some(LogError::Locked { .. })) => {
            Ok((place.read().await?, centre))
        }
        Err(error) => Err(error),
    }
}
