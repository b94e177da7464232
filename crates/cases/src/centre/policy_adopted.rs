//! 采用政策: new cases follow it; open ones keep the policy under which they were accepted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Centre, CentreEvent, SET_UP};
use crate::{
    case::{Context, Fact, Step},
    entry::Moment,
    ids::FileHash,
    people::Role,
    policy::{Policy, PolicyRef},
    refusal::Refusal,
};

/// Adopts a policy, given as its file's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdoptPolicy {
    pub policy_text: String,
}

impl Step<Centre> for AdoptPolicy {
    const NAME: &'static str = "adopt_policy";
    const ROLES: &'static [Role] = SET_UP;

    fn decide(&self, centre: &Centre, _: &Context<'_>) -> Result<Vec<CentreEvent>, Refusal> {
        let adopted = adopted(&self.policy_text)?;
        if centre.current_policy().is_some_and(|current| current.reference() == adopted.policy) {
            return Ok(Vec::new());
        }
        Ok(vec![adopted.into()])
    }
}

/// The most bytes of a policy file.
const MAX_POLICY_BYTES: usize = 64 << 10;

pub(super) fn adopted(text: &str) -> Result<PolicyAdopted, Refusal> {
    if text.len() > MAX_POLICY_BYTES {
        return Err(Refusal::PolicyUnreadable { reason: format!("超过{}KB", MAX_POLICY_BYTES >> 10) });
    }
    let policy =
        Policy::read("policy_text", text).map_err(|fault| Refusal::PolicyUnreadable { reason: fault.to_string() })?;
    Ok(PolicyAdopted { policy: policy.reference(), sm3: crate::command::hash(text.as_bytes()), text: text.to_owned() })
}

/// 采用政策, with the whole text. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyAdopted {
    pub policy: PolicyRef,
    /// SM3 of the text, to be compared with a published file.
    pub sm3: FileHash,
    pub text: String,
}

impl Fact<Centre> for PolicyAdopted {
    const TYPE: &'static str = "policy_adopted";

    fn evolve(&self, centre: &mut Centre, at: &Moment<'_>) {
        // Read when it was adopted; a program that no longer can refuses to decide by it (policy-unknown).
        if let Ok(policy) = Policy::read("policy_text", &self.text) {
            centre.policies.push(policy);
        }
        centre.adopted.push((self.policy.clone(), at.occurred_at));
    }
}
