//! Why a witness cannot do its work, in words for whoever runs it.

use std::io;
use std::path::PathBuf;

use transparency::key_change::KeyChangeError;
use transparency::note::{KeyError, secrets};

/// Why a witness cannot do its work.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Its keys cannot be had.
    #[error(transparent)]
    Secrets(#[from] secrets::SecretsError),
    /// The directory is no witness's.
    #[error("{} is no witness's directory: make one with `yousu-witness init --name NAME`", .0.display())]
    NoWitness(PathBuf),
    /// Another process has the directory.
    #[error("{} is used by another yousu-witness: stop that one first", .0.display())]
    Locked(PathBuf),
    /// A file cannot be read or written.
    #[error("{} cannot be {action}: see that the directory belongs to the user who runs this program, and that the disk has room", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// What it once wrote is not what it reads.
    #[error("{} is damaged ({why}): it must be put back as it was, for a witness that forgets is none", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A copy of a log is not what was written.
    #[error("{} is damaged ({why}): stop the service, keep that directory elsewhere, start it again, and the centre sends every leaf anew", path.display())]
    Copy {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A file of keys holds something else.
    #[error("{}: one public key a line is wanted, as `yousu keys` writes them", path.display())]
    Keys {
        /// Which.
        path: PathBuf,
        /// What is wrong with a line.
        source: KeyError,
    },
    /// A statement about a log's keys is not followed.
    #[error("{} is not followed", path.display())]
    Change {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: KeyChangeError,
    },
    /// A file of keys holds none, or those of two logs.
    #[error("{}: the keys of one log are wanted, and these are of {names}", path.display())]
    Names {
        /// Which.
        path: PathBuf,
        /// Of whom they are.
        names: String,
    },
}
