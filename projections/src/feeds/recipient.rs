//! Whose feed: on the wire `discipline`, `government`, `parent` or `department:ID`.

use std::{fmt, str::FromStr};

use cases::{case::escalation::RecipientKind, ids::DepartmentId, obligation::Owner, people::Actor};
use serde::{Deserialize, Serialize};

use crate::set_up::SetUp;

/// Whose feed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Recipient {
    /// 同级纪检监察机关
    Discipline,
    /// 同级政府
    Government,
    /// 部门
    Department(DepartmentId),
    /// 上级
    Parent,
}

/// Not one of `discipline`, `government`, `parent`, `department:ID`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no recipient of a feed: discipline, government, parent or department:ID is wanted")]
pub struct BadRecipient(String);

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Discipline => f.write_str("discipline"),
            Self::Government => f.write_str("government"),
            Self::Department(id) => write!(f, "department:{id}"),
            Self::Parent => f.write_str("parent"),
        }
    }
}
impl FromStr for Recipient {
    type Err = BadRecipient;
    fn from_str(text: &str) -> Result<Self, BadRecipient> {
        match text.split_once(':') {
            Some(("department", id)) => DepartmentId::new(id).map(Self::Department).ok(),
            None if text == "discipline" => Some(Self::Discipline),
            None if text == "government" => Some(Self::Government),
            None if text == "parent" => Some(Self::Parent),
            _ => None,
        }
        .ok_or_else(|| BadRecipient(text.chars().take(60).collect()))
    }
}
impl TryFrom<String> for Recipient {
    type Error = BadRecipient;
    fn try_from(text: String) -> Result<Self, BadRecipient> {
        text.parse()
    }
}
impl From<Recipient> for String {
    fn from(recipient: Recipient) -> Self {
        recipient.to_string()
    }
}

impl Recipient {
    /// By name, where the centre recorded one.
    pub(super) fn name(&self, set_up: &SetUp) -> String {
        let or = |name: &str, kind: RecipientKind| if name.is_empty() { kind.term() } else { name }.to_owned();
        match self {
            Self::Discipline => or(&set_up.recipients.discipline, RecipientKind::Discipline),
            Self::Government => or(&set_up.recipients.government, RecipientKind::Government),
            Self::Department(id) => set_up.department(id),
            Self::Parent => RecipientKind::Parent.term().to_owned(),
        }
    }

    /// The department that owes it; nobody outside is told of what others owe.
    pub(super) fn owing(owner: &Owner) -> Vec<Self> {
        match owner {
            Owner::Department(id) => vec![Self::Department(id.clone())],
            _ => Vec::new(),
        }
    }

    /// Who acknowledges: the kind from the event, which department from whoever did it.
    pub(super) fn acknowledging(kind: RecipientKind, by: &Actor) -> Option<Self> {
        match kind {
            RecipientKind::Discipline => Some(Self::Discipline),
            RecipientKind::Government => Some(Self::Government),
            RecipientKind::Parent => Some(Self::Parent),
            RecipientKind::Department => by.department().cloned().map(Self::Department),
        }
    }
}
