//! What can go wrong with views, each with its place and a remedy. For operators, hence in English.

use std::path::PathBuf;

use cases::CaseId;
use event_log::{Centre, LogError};

use crate::recorded::Unreadable;

/// Why a view could not be read, written or built.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    #[error("{} cannot {doing}: see the disk; a view can always be made anew with `rebuild`", path.display())]
    Storage { path: PathBuf, doing: &'static str, source: sqlx::Error },
    #[error("no room left on the disk of {}: make room, then do this again; a view is only a copy", path.display())]
    NoRoom { path: PathBuf, source: sqlx::Error },
    #[error("{} cannot be {action}: see that the directory exists and belongs to the user who runs this program", path.display())]
    File { path: PathBuf, action: &'static str, source: std::io::Error },
    #[error("a row of {} is not what this release writes: make the view anew with `rebuild`", path.display())]
    Row { path: PathBuf, source: serde_json::Error },
    #[error("a row cannot be written down")]
    Unwritable(#[source] serde_json::Error),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("event {centre}@{position} cannot be read")]
    Unreadable { centre: Centre, position: u64, source: Unreadable },
    #[error(transparent)]
    Stopped(#[from] Stop),
    #[error("there is no view `{0}`: the views are {1}")]
    UnknownView(String, String),
    #[error("there is no case {0} in this centre")]
    NoSuchCase(CaseId),
    #[error("case {case} has {has} events and no version {asked}")]
    NoSuchVersion { case: CaseId, has: u64, asked: u64 },
}

/// A view met an event that it cannot take, and waits before it. The other views go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("view `{view}` stopped before {centre}@{position}, an event of type `{kind}`: {why}")]
pub struct Stop {
    pub view: &'static str,
    pub centre: Centre,
    /// The event that it cannot take; everything before it is in the rows.
    pub position: u64,
    /// The event's type.
    pub kind: String,
    pub why: String,
}
