//! 更正已发文书: what was issued is never taken back; a correction follows to the same recipients.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Copy;
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

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        // "A correction follows to the same recipients": those of the three papers, which went out in one append.
        let papers = self.corrects..=self.corrects + 2;
        let first = case.entries.get(&self.corrects).map(|entry| entry.recorded_at);
        let same = |version: &u64| case.entries.get(version).map(|entry| entry.recorded_at) == first;
        let sent = case.copies.iter().filter(|copy| papers.contains(&copy.version) && same(&copy.version));
        let sent: Vec<Copy> = sent.cloned().collect();
        let again = |copy| Copy { version: at.version, at: at.occurred_at, acknowledged: None, ..copy };
        case.copies.extend(sent.into_iter().map(again));
    }
}
