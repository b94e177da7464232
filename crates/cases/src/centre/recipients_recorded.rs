//! 收件机关: the centre's government and discipline body of the same level (同级).
//!
//! A street centre's may be the district's (S-(二)).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Centre, CentreEvent, SET_UP};
use crate::{
    case::{Context, Fact, Step},
    entry::Moment,
    people::Role,
    refusal::Refusal,
};

/// Names of the bodies that letters are addressed to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recipients {
    /// 同级政府
    pub government: String,
    /// 同级纪检监察机关
    pub discipline: String,
}

/// Records the bodies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordRecipients {
    pub recipients: Recipients,
}

impl Step<Centre> for RecordRecipients {
    const NAME: &'static str = "record_recipients";
    const ROLES: &'static [Role] = SET_UP;

    fn decide(&self, centre: &Centre, _: &Context<'_>) -> Result<Vec<CentreEvent>, Refusal> {
        let names = [&self.recipients.government, &self.recipients.discipline];
        if names.iter().any(|name| name.trim().is_empty()) {
            return Err(Refusal::TextEmpty { field: "同级政府和纪检监察机关的名称" });
        }
        if centre.recipients == self.recipients {
            return Ok(Vec::new());
        }
        Ok(vec![RecipientsRecorded { recipients: self.recipients.clone() }.into()])
    }
}

/// 收件机关. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecipientsRecorded {
    pub recipients: Recipients,
}

impl Fact<Centre> for RecipientsRecorded {
    const TYPE: &'static str = "recipients_recorded";

    fn evolve(&self, centre: &mut Centre, _: &Moment<'_>) {
        centre.recipients = self.recipients.clone();
    }
}
