//! 函转答复: what the other unit or centre came to. The complainant hears it at the call-back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{
        Case, CaseEvent, Context, Fact, Stage, Step, guards,
        round::{Answer, AnswerKind},
    },
    entry::Moment,
    ids::CaseId,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
};

/// The other centre's case at the version that answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Linked {
    pub case: CaseId,
    pub version: u64,
}

/// Records the answer. From another centre it is idempotent by that centre's case and version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordReferralAnswer {
    pub answer: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linked: Option<Linked>,
}

impl Step for RecordReferralAnswer {
    const NAME: &'static str = "record_referral_answer";
    const ROLES: &'static [Role] =
        &[Role::WindowClerk, Role::DutyOfficer, Role::DutyLeader, Role::CentreManager, Role::System];

    fn decide(&self, case: &Case, _: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        if self.linked.is_some() && self.linked == case.referral_link {
            return Ok(Vec::new());
        }
        if !matches!(case.stage, Stage::Referred(_)) {
            return Err(Refusal::NoReferral {});
        }
        guards::said(&self.answer, "答复的内容")?;
        Ok(vec![ReferralAnswered { answer: case.sealed(&self.answer), linked: self.linked.clone() }.into()])
    }
}

/// 函转答复. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferralAnswered {
    pub answer: Sealed,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linked: Option<Linked>,
}

impl Fact for ReferralAnswered {
    const TYPE: &'static str = "referral_answered";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        case.stage = Stage::Answered;
        case.referral_link.clone_from(&self.linked);
        if let Some(round) = case.round_mut() {
            round.answer = Some(Answer {
                version: at.version,
                kind: AnswerKind::Referral,
                occurred_at: at.occurred_at,
                text: self.answer.clone(),
                by: at.by.id.clone(),
            });
            round.called_back_at = None;
            round.fed_back_at = None;
            round.rating = None;
        }
    }
}
