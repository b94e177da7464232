//! 报上级 (*default*): where the centre itself is late, its parent sees it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{RecipientKind, circulation, open_obligation};
use crate::{
    case::{Case, CaseEvent, Context, Fact, Step, guards},
    entry::Moment,
    obligation::{About, ObligationKind, Owner},
    people::Role,
    refusal::Refusal,
    time::Instant,
};

/// Reports an overdue obligation of the centre's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportToParent {
    pub obligation: u32,
}

impl Step for ReportToParent {
    const NAME: &'static str = "report_to_parent";
    const ROLES: &'static [Role] = guards::MANAGERS_OR_SYSTEM;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let running = open_obligation(case, self.obligation)?;
        if !running.obligation.kind.is_seen_by_parent() {
            return Err(Refusal::NotRemindable { kind: running.obligation.kind });
        }
        if !running.is_overdue(ctx.now) {
            return Err(Refusal::NotOverdue { due: running.obligation.due });
        }
        if running.reported_to_parent {
            return Ok(Vec::new());
        }
        let owed = &running.obligation;
        Ok(vec![
            ReportedToParent { obligation: owed.no, kind: owed.kind, owner: owed.owner.clone(), due: owed.due }.into(),
        ])
    }
}

/// 报上级. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportedToParent {
    pub obligation: u32,
    pub kind: ObligationKind,
    pub owner: Owner,
    pub due: Instant,
}

impl Fact for ReportedToParent {
    const TYPE: &'static str = "reported_to_parent";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        circulation::copy(case, RecipientKind::Parent, at);
        let Some(running) = case.clocks.get_mut(self.obligation) else { return };
        running.reported_to_parent = true;
        if let Some(About::Draft(no)) = running.obligation.about
            && let Some(draft) = case.drafts.iter_mut().find(|draft| draft.no == no)
        {
            draft.reported_to_parent = true;
        }
    }
}
