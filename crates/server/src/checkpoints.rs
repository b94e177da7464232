//! A checkpoint of a centre's log as it is now: signed, and shown to the witnesses.

use std::path::Path;

use anyhow::Context as _;
use cases::{CentreCode, Instant};
use serde::Serialize;
use transparency::{Checkpoint, note::Note, tree::root_plan};

use crate::{
    clock,
    engine::Engine,
    key_changes,
    keys::{self, Keys},
    wire,
    witnesses::{Asked, Witnesses},
};

/// What is kept of checkpoints, in a data directory.
pub(crate) const DIRECTORY: &str = "checkpoints";

/// A checkpoint, and what came of showing it.
pub(crate) struct Shown {
    pub(crate) checkpoint: Checkpoint,
    /// With the signatures of the log, and of the witnesses that cosigned.
    pub(crate) note: Note,
    pub(crate) asked: Vec<Asked>,
    /// So many cosignatures are wanted.
    pub(crate) quorum: usize,
}

/// Makes a checkpoint of all that the log has, and shows it.
pub(crate) async fn show(
    engine: &Engine,
    data: &Path,
    centre: &CentreCode,
    witnesses: &Witnesses,
) -> anyhow::Result<Shown> {
    // First the size: keys that ended meanwhile would sign a larger one.
    let name = wire::log_centre(centre);
    let size = engine.log().head(&name).await?.position;
    let known = engine.centre(centre).await?;
    let signer = Keys::of(data, &known)?;
    let root = engine.log().prove(&name, &root_plan(size)?).await?.first().copied().context("the log gave no root")?;
    let checkpoint =
        Checkpoint { origin: keys::origin(centre), size, root, extensions: key_changes::extensions(&known) };
    let mut note = signer.sign(&checkpoint)?;
    let asked = witnesses.ask(engine.log(), &name, &checkpoint, &mut note).await?;
    Ok(Shown { checkpoint, note, asked, quorum: witnesses.quorum })
}

/// The same in few words, for whoever asks how it went.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Summary {
    pub(crate) centre: String,
    pub(crate) size: u64,
    pub(crate) at: Instant,
    pub(crate) cosigned: usize,
    pub(crate) quorum: usize,
    /// What each witness said.
    pub(crate) said: Vec<String>,
    /// One of them saw something that must be looked into.
    pub(crate) is_alarming: bool,
}

impl Summary {
    /// Nothing could be shown, for a reason on this side.
    pub(crate) fn failed(centre: &CentreCode, error: &anyhow::Error) -> Self {
        let (centre, said) = (centre.to_string(), vec![format!("{error:#}")]);
        Self { centre, size: 0, at: clock::now(), cosigned: 0, quorum: 0, said, is_alarming: false }
    }
}

impl Shown {
    /// Sends leaves to the witnesses that keep a copy.
    pub(crate) async fn send_leaves(
        &mut self,
        engine: &Engine,
        centre: &CentreCode,
        witnesses: &Witnesses,
    ) -> anyhow::Result<()> {
        witnesses.send_leaves(engine.log(), &wire::log_centre(centre), &self.checkpoint, &mut self.asked).await
    }

    /// How many cosigned.
    pub(crate) fn cosigned(&self) -> usize {
        self.asked.iter().filter(|asked| asked.is_cosigned()).count()
    }

    /// Whether a witness saw something that must be looked into.
    pub(crate) fn is_alarming(&self) -> bool {
        self.asked.iter().any(Asked::is_alarming)
    }

    pub(crate) fn summary(&self, centre: &CentreCode) -> Summary {
        Summary {
            centre: centre.to_string(),
            size: self.checkpoint.size,
            at: clock::now(),
            cosigned: self.cosigned(),
            quorum: self.quorum,
            said: self.asked.iter().map(ToString::to_string).collect(),
            is_alarming: self.is_alarming(),
        }
    }
}
