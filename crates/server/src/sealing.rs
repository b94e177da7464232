//! The log of an installation with the keys that seal it.

use std::{path::Path, sync::Arc};

use cases::sealed::RESTRICTED;
use event_log::{Access, EventLog};
use persons::{KeyError, PersonKeys, SealedLog};

/// A log that seals what belongs to persons, and the keys.
#[derive(Clone)]
pub struct Sealing {
    pub(crate) log: Arc<SealedLog>,
    pub(crate) keys: Arc<PersonKeys>,
    /// Held while erasures and restrictions are carried out: whether the views still show what they may not, or not what they may.
    pub(crate) erasing: Arc<tokio::sync::Mutex<bool>>,
}

impl Sealing {
    /// The log beneath, sealed with the keys in this directory. They are made for a log that holds nothing yet.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn open(log: Arc<dyn EventLog>, keys: &Path, access: Access, is_new: bool) -> Result<Self, KeyError> {
        let keys = PersonKeys::open(keys, access, is_new).await?;
        Ok(Self {
            log: Arc::new(SealedLog::new(log, Arc::clone(&keys), handle, RESTRICTED)),
            keys,
            erasing: Arc::default(),
        })
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

/// The digits of a telephone number, however they were written, without the country's code before a mobile number.
pub(crate) fn digits(text: &str) -> String {
    const FULL_WIDTH_ZERO: u32 = '０' as u32;
    let digit = |c: char| match c {
        '0'..='9' => Some(c),
        '０'..='９' => char::from_digit(u32::from(c) - FULL_WIDTH_ZERO, 10),
        _ => None,
    };
    let digits: String = text.chars().filter_map(digit).collect();
    let national = digits.strip_prefix("00").unwrap_or(&digits).strip_prefix("86");
    match national {
        Some(mobile) if mobile.len() == 11 && mobile.starts_with('1') => mobile.to_owned(),
        _ => digits,
    }
}

#[cfg(test)]
mod tests {
    use super::digits;

    #[test]
    fn a_number_is_one_however_it_is_written() {
        for text in [
            "13812345678",
            "138 1234 5678",
            "138-1234-5678",
            "+86 13812345678",
            "0086-138-12345678",
            "１３８１２３４５６７８",
        ] {
            assert_eq!(digits(text), "13812345678", "{text}");
        }
        assert_eq!(digits("0375-2987654"), "03752987654");
        assert_eq!(digits("8612345"), "8612345");
        assert_eq!(digits("（０３７５）２９８７６５４转 12"), "0375298765412");
    }
}
