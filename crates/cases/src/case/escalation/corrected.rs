//! 更正已发文书: what was issued is never taken back; a correction follows to the same recipients.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, CaseEvent, Context, Fact, Step, guards},
    entry::Moment,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
};

/// Corrects a supervision or a circulation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectEscalation {
    /// The case's version that issued it.
    pub corrects: u64,
    pub text: String,
}

impl Step for CorrectEscalation {
    const NAME: &'static str = "correct_escalation";
    const ROLES: &'static [Role] = guards::MANAGERS;

    fn decide(&self, case: &Case, _: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        guards::said(&self.text, "更正的内容")?;
        let issued = case.entries.get(&self.corrects).map(|entry| entry.kind);
        if !matches!(issued, Some("supervision_issued" | "circulated")) {
            return Err(Refusal::NothingToCorrect { version: self.corrects });
        }
        Ok(vec![EscalationCorrected { corrects: self.corrects, text: case.sealed(&self.text) }.into()])
    }
}

/// 更正已发文书. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EscalationCorrected {
    pub corrects: u64,
    pub text: Sealed,
}

impl Fact for EscalationCorrected {
    const TYPE: &'static str = "escalation_corrected";

    fn evolve(&self, _: &mut Case, _: &Moment<'_>) {}
}
