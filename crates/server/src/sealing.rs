//! The log of an installation with the keys that seal it.

use std::{path::Path, sync::Arc};

use event_log::{Access, EventLog};
use persons::{KeyError, PersonKeys, SealedLog};

/// A log that seals what belongs to persons, and the keys.
#[derive(Clone)]
pub struct Sealing {
    pub(crate) log: Arc<SealedLog>,
    pub(crate) keys: Arc<PersonKeys>,
    /// Held while erasures are carried out.
    pub(crate) erasing: Arc<tokio::sync::Mutex<()>>,
}

impl Sealing {
    /// The log beneath, sealed with the keys in this directory. They are made for a log that holds nothing yet.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn open(log: Arc<dyn EventLog>, keys: &Path, access: Access, is_new: bool) -> Result<Self, KeyError> {
        let keys = PersonKeys::open(keys, access, is_new).await?;
        Ok(Self { log: Arc::new(SealedLog::new(log, Arc::clone(&keys), handle)), keys, erasing: Arc::default() })
    }
}

impl Sealing {
    /// The log alone.
    pub fn into_log(self) -> Arc<dyn EventLog> {
        self.log
    }
}

/// A person is found by the telephone number, however it was written.
fn handle(field: &str, text: &[u8]) -> Option<String> {
    if !field.ends_with("/telephone") {
        return None;
    }
    std::str::from_utf8(text).ok().map(digits).filter(|digits| !digits.is_empty())
}

/// The digits of a telephone number.
pub(crate) fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}
