//! What can go wrong with a backup, each with its place and a remedy.

use std::path::PathBuf;

use crate::{Cause, LogError, Report};

/// Why a backup was not made, or not restored.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The log, a file or the disk.
    #[error(transparent)]
    Log(#[from] LogError),
    /// What was to be put beside the log could not be.
    #[error("{source}")]
    Beside {
        /// Why not.
        source: Cause,
    },
    /// The backup's directory holds something.
    #[error("{} holds something already, and a backup overwrites nothing: give a directory that is not there yet", path.display())]
    Taken {
        /// The directory.
        path: PathBuf,
    },
    /// Another backup is on its way to the same name, or never got there.
    #[error("{} is there: a backup is being written to it, or one was interrupted. See that none runs, delete it, and do this again", path.display())]
    Unfinished {
        /// The directory.
        path: PathBuf,
    },
    /// The directory is something else, or a backup that never became whole.
    #[error("{} is no backup: it has no manifest.json. Give the directory that `backup` made", path.display())]
    NotABackup {
        /// The directory.
        path: PathBuf,
    },
    /// It was made by a newer release.
    #[error("{} has {what} format {found}, and this release reads up to {supported}: use the newer release that made it", path.display())]
    Newer {
        /// The manifest.
        path: PathBuf,
        /// Of which of the two formats.
        what: &'static str,
        /// The format.
        found: u16,
        /// The newest that this build reads.
        supported: u16,
    },
    /// A file is not what it was when the backup was made.
    #[error("{} {why}: this backup was altered or is damaged, and nothing was restored; take another one", path.display())]
    Altered {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The log in it has faults, and had them when it was copied.
    #[error("the log in {} has faults, and nothing was restored: take an earlier backup, and show this one to the auditor", path.display())]
    Faults {
        /// The backup.
        path: PathBuf,
        /// What was found.
        report: Box<Report>,
    },
    /// A restore would overwrite something.
    #[error("{} is there already, and a restore overwrites nothing: give an empty directory, or one that is not there yet", path.display())]
    Occupied {
        /// What is there.
        path: PathBuf,
    },
}
