//! 换钥: the keys that sign the log's checkpoints and receipts are replaced (默认).
//!
//! What binds is the statement (换钥声明), which the keys themselves signed: whoever pinned the old ones follows it to the new ones. It
//! stands here so that an auditor finds every one of them, in their order, in the log that they speak of. Signatures are not for a
//! decider to check; `yousu verify` does.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Centre, CentreEvent};
use crate::{
    case::{Context, Fact, Step},
    entry::Moment,
    people::Role,
    refusal::Refusal,
    terms::terms,
};

terms!(
    /// 换钥事由.
    KeyChangeReason {
        Rotated = "更换",
        Lost = "遗失",
        Revoked = "作废",
        Succeeded = "移交",
    }
);

/// Replaces the log's keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeLogKeys {
    pub reason: KeyChangeReason,
    /// How many events the log had: the old keys count up to there.
    pub after: u64,
    /// The new public keys, as `yousu keys` writes them.
    pub keys: Vec<String>,
    /// The signed note.
    pub statement: String,
}

impl ChangeLogKeys {
    /// Whether the statement says what stands beside it, of this log, and ends the keys that are known to sign.
    fn fits(&self, centre: &Centre) -> bool {
        let Self { reason, after, keys, statement } = self;
        let head = format!("yousu-keys/v1\nyousu/{}\nafter {after}\nwhy {}\n", centre.code, reason.name());
        let Some((text, _)) = statement.split_once("\n\n") else { return false };
        let named = |word: &str| text.lines().filter_map(|line| line.strip_prefix(word)).collect::<Vec<_>>();
        let ended = named("old ");
        text.starts_with(&head)
            && !keys.is_empty()
            && named("new ") == *keys
            && centre.log_keys.iter().all(|key| ended.contains(&key.as_str()))
    }
}

impl Step<Centre> for ChangeLogKeys {
    const NAME: &'static str = "change_log_keys";
    const ROLES: &'static [Role] = &[Role::SystemAdministrator];

    fn decide(&self, centre: &Centre, _: &Context<'_>) -> Result<Vec<CentreEvent>, Refusal> {
        if !centre.log_keys.is_empty() && centre.log_keys == self.keys {
            return Ok(Vec::new());
        }
        if !self.fits(centre) {
            return Err(Refusal::LogKeysStatement {});
        }
        let Self { reason, after, keys, statement } = self.clone();
        Ok(vec![LogKeysChanged { reason, after, keys, statement }.into()])
    }
}

/// 换钥. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogKeysChanged {
    pub reason: KeyChangeReason,
    pub after: u64,
    pub keys: Vec<String>,
    pub statement: String,
}

impl Fact<Centre> for LogKeysChanged {
    const TYPE: &'static str = "log_keys_changed";

    fn evolve(&self, centre: &mut Centre, _: &Moment<'_>) {
        centre.log_keys.clone_from(&self.keys);
        centre.log_key_changes.push(self.clone());
    }
}
