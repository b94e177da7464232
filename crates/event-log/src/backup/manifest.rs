//! What a backup says about itself.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use transparency::Hash;

use super::BackupError;
use crate::{Centre, LogError};

const NAME: &str = "manifest.json";
/// Far beyond a manifest of a thousand centres.
const LIMIT_BYTES: u64 = 4 << 20;

/// When and by what a backup was made, as the caller has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// RFC 3339.
    #[serde(rename = "made_at")]
    pub at: String,
    /// Program and version.
    #[serde(rename = "made_by")]
    pub by: String,
}

/// Where a centre's log stood when it was copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopiedHead {
    /// Whose log.
    #[serde(with = "as_text")]
    pub centre: Centre,
    /// Position of its last event.
    pub position: u64,
    /// That event's leaf.
    #[serde(with = "as_text")]
    pub leaf: Hash,
}

/// A file of a backup, as it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupFile {
    /// Its size.
    pub bytes: u64,
    /// SM3 of its bytes.
    #[serde(with = "as_text")]
    pub sm3: Hash,
}

/// What is in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Of the manifest and the files beside it: [`Manifest::FORMAT`].
    pub format: u16,
    /// The data format of the log.
    pub log_format: u16,
    /// When and by what.
    #[serde(flatten)]
    pub made: Made,
    /// In the order of their names.
    pub centres: Vec<CopiedHead>,
    /// The log's file.
    pub log: BackupFile,
    /// The attachments' file.
    pub attachments: BackupFile,
    /// What the caller put beside them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub beside: BTreeMap<String, BackupFile>,
}

/// The manifest's text: what is said, and its hash, so that a changed byte shows.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed<'a> {
    #[serde(borrow)]
    backup: &'a RawValue,
    #[serde(with = "as_text")]
    sm3: Hash,
}

/// What every later format will also have.
#[derive(Deserialize)]
struct Formats {
    format: u16,
    log_format: u16,
}

impl Manifest {
    /// The format that this build writes, and the newest that it reads. What the log holds has a format of its own.
    pub const FORMAT: u16 = 1;

    /// Events in the log.
    pub fn events(&self) -> u64 {
        self.centres.iter().map(|head| head.position).sum()
    }

    /// Bytes of log and attachments.
    pub fn bytes(&self) -> u64 {
        self.log.bytes.saturating_add(self.attachments.bytes)
    }

    pub(super) fn write(&self, dir: &Path) -> Result<(), BackupError> {
        let path = dir.join(NAME);
        let failed = |error: std::io::Error| LogError::file(&path, "written", error);
        let text = self.text().map_err(|error| failed(error.into()))?;
        let mut file = fs::File::create_new(&path).map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        Ok(())
    }

    fn text(&self) -> serde_json::Result<String> {
        let backup = RawValue::from_string(serde_json::to_string_pretty(self)?)?;
        let sm3 = Hash::of(backup.get().as_bytes());
        Ok(serde_json::to_string(&Sealed { backup: &backup, sm3 })? + "\n")
    }

    /// What the backup in this directory says that it is.
    ///
    /// # Errors
    /// [`BackupError::NotABackup`], [`BackupError::Altered`], [`BackupError::Newer`], or that it cannot be read.
    pub fn read(dir: &Path) -> Result<Self, BackupError> {
        let path = dir.join(NAME);
        let size = match fs::metadata(&path) {
            Ok(file) => file.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(BackupError::NotABackup { path: dir.to_owned() });
            }
            Err(error) => return Err(LogError::file(&path, "read", error).into()),
        };
        let altered = |why: String| BackupError::Altered { path: path.clone(), why };
        if size > LIMIT_BYTES {
            return Err(altered(format!("has {size} bytes, and a manifest has {LIMIT_BYTES} at most")));
        }
        let bytes = fs::read(&path).map_err(|error| LogError::file(&path, "read", error))?;
        let unreadable = |error: serde_json::Error| altered(format!("cannot be read ({error})"));
        let sealed: Sealed<'_> = serde_json::from_slice(&bytes).map_err(unreadable)?;
        let text = sealed.backup.get();
        if Hash::of(text.as_bytes()) != sealed.sm3 {
            return Err(altered("does not have the SM3 value that stands in it".to_owned()));
        }
        let formats: Formats = serde_json::from_str(text).map_err(unreadable)?;
        for (what, found, supported) in
            [("backup", formats.format, Self::FORMAT), ("data", formats.log_format, transparency::FORMAT)]
        {
            if found > supported {
                return Err(BackupError::Newer { path, what, found, supported });
            }
        }
        serde_json::from_str(text).map_err(unreadable)
    }
}

/// A value as the one spelling that it is read from.
mod as_text {
    use std::{fmt::Display, str::FromStr};

    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(value: &impl Display, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(from: D) -> Result<T, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}
