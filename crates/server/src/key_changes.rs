//! 换钥: what the log says of its keys, and whether that holds.
//!
//! A change is drawn first (`keys/<centre>.<UUID>.next`), then recorded as an event whose statement old and new keys signed, and only then do
//! the new keys stand under their name. Killed in between, whoever needs the keys next finds in the log which ones count.

use anyhow::Context as _;
use cases::{Centre, CentreCode, CentreEvent, centre::log_keys_changed::LogKeysChanged};
use event_log::EventLog;
use transparency::{
    key_change::KeyChange,
    note::{Note, VerifierKey},
};

use crate::{keys, wire};

/// The keys that no longer sign, and still count for what they signed up to some size.
pub(crate) fn ended(centre: &Centre) -> anyhow::Result<Vec<VerifierKey>> {
    let all = followed(&centre.code, &centre.log_key_changes).map_err(anyhow::Error::msg);
    let all = all.context("a change of the log's keys does not hold: run `yousu verify`, and tell the auditor")?;
    Ok(all.into_iter().filter(|key| key.until().is_some()).collect())
}

/// All keys that these changes lead to, from those that the first one ended.
pub(crate) fn followed(code: &CentreCode, changes: &[LogKeysChanged]) -> Result<Vec<VerifierKey>, String> {
    let mut pinned: Option<Vec<VerifierKey>> = None;
    for (n, change) in changes.iter().enumerate() {
        let wrong = |why: String| format!("centre {code}: change {} of the log's keys: {why}", n + 1);
        let note = Note::parse(change.statement.as_bytes()).map_err(|error| wrong(error.to_string()))?;
        let said = KeyChange::signed(&note).map_err(|error| wrong(error.to_string()))?;
        let news: Vec<String> = said.new.iter().map(ToString::to_string).collect();
        let beside = (keys::origin(code), change.after, change.reason.name(), &change.keys);
        if (said.origin, said.after, said.why.word().to_owned(), &news) != beside {
            return Err(wrong("the statement says something else than the event it stands in".to_owned()));
        }
        let from = pinned.unwrap_or(said.old);
        // Recorded, it was said by whoever may; whether a reader believes a revocation is the reader's affair.
        pinned = Some(KeyChange::followed(&note, &from, 0, true).map_err(|error| wrong(error.to_string()))?);
    }
    Ok(pinned.unwrap_or_default())
}

/// What is wrong with the changes that a log records of its keys: each goes on from the one before, and was made when the log was as large
/// as it says.
pub(crate) async fn faults(log: &dyn EventLog, code: &CentreCode) -> anyhow::Result<Vec<String>> {
    let (mut changes, mut faults, mut least) = (Vec::new(), Vec::new(), 0);
    for event in log.read_stream(&wire::log_centre(code), code.stream(), 0).await? {
        if event.kind != "log_keys_changed" {
            continue;
        }
        match wire::read_without_texts::<CentreEvent>(code, &event).map(|entry| entry.event) {
            Ok(CentreEvent::LogKeysChanged(change)) => {
                if !(least..event.position).contains(&change.after) {
                    faults.push(format!(
                        "centre {code}: position {} changes the log's keys after {} events, which is not so",
                        event.position, change.after
                    ));
                }
                least = change.after;
                changes.push(*change);
            }
            Ok(_) => {}
            Err(error) => faults.push(format!("centre {code}: position {} cannot be read: {error}", event.position)),
        }
    }
    faults.extend(followed(code, &changes).err());
    Ok(faults)
}

/// What each checkpoint says besides: whoever pinned keys before that is not to wonder why they did not sign.
pub(crate) fn extensions(centre: &Centre) -> Vec<String> {
    centre.log_key_changes.last().map(|change| format!("keys {}", change.after)).into_iter().collect()
}
