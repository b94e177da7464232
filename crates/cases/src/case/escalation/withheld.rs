//! 暂缓: not issuing needs a reason, is an event, and itself enters the discipline feed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DraftKind, DraftState, RecipientKind, circulation, supervision};
use crate::{
    case::{Case, CaseEvent, Context, Fact, Step, guards},
    entry::Moment,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
};

/// Decides not to issue a draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WithholdEscalation {
    pub draft: u32,
    pub reason: String,
}

impl Step for WithholdEscalation {
    const NAME: &'static str = "withhold_escalation";
    const ROLES: &'static [Role] = guards::MANAGERS;

    fn decide(&self, case: &Case, _: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        guards::said(&self.reason, "暂缓的理由")?;
        let kinds = [DraftKind::Supervision, DraftKind::Circulation];
        let found = kinds.into_iter().find_map(|kind| supervision::waiting(case, self.draft, kind).ok());
        let draft = found.ok_or(Refusal::NoSuchDraft { no: self.draft })?;
        let (kind, obligation) = (draft.kind, draft.obligation);
        Ok(vec![EscalationWithheld { draft: self.draft, kind, obligation, reason: case.sealed(&self.reason) }.into()])
    }
}

/// 暂缓. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EscalationWithheld {
    pub draft: u32,
    pub kind: DraftKind,
    pub obligation: u32,
    pub reason: Sealed,
}

impl Fact for EscalationWithheld {
    const TYPE: &'static str = "escalation_withheld";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        supervision::settle(case, Some(self.draft), DraftState::Withheld);
        circulation::copy(case, RecipientKind::Discipline, at);
    }
}
