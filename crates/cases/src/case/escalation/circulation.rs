//! 通报、报告同级政府、抄送同级纪委监委.
//!
//! > H9 ……督办后仍未按督办要求办理的，予以通报，并向同级政府报告、抄送同级纪委监委。
//!
//! One decision, three events, one append: nobody is told without the other two.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Copy, DraftKind, DraftState, Facts, RecipientKind, next_draft, supervision};
use crate::{
    case::{Case, CaseEvent, Context, Fact, Step, guards, state::Draft},
    entry::Moment,
    obligation::{ObligationKind, Owner, Running},
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
};

/// Drafts the three papers once a supervision's limit has passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftCirculation {
    /// The obligation that the supervision set.
    pub supervision: u32,
}

impl Step for DraftCirculation {
    const NAME: &'static str = "draft_circulation";
    const ROLES: &'static [Role] = guards::MANAGERS_OR_SYSTEM;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let running = missed(case, self.supervision)?;
        if case.pause.is_some() && running.is_open() {
            return Err(Refusal::ClockPaused {});
        }
        if !was_missed(running, ctx) {
            return Err(Refusal::NotOverdue { due: running.obligation.due });
        }
        if drafted(case, self.supervision) {
            return Ok(Vec::new());
        }
        let facts = Facts::of(case, running, running.obligation.due);
        Ok(vec![CirculationDrafted { draft: next_draft(case), to: running.obligation.owner.clone(), facts }.into()])
    }
}

fn missed(case: &Case, no: u32) -> Result<&Running, Refusal> {
    let running = super::obligation(case, no)?;
    if running.obligation.kind == ObligationKind::Supervision { Ok(running) } else { Err(Refusal::NotSupervised {}) }
}

/// "A later result, termination or reassignment is stated in it and does not cancel it."
pub(crate) fn was_missed(running: &Running, ctx: &Context<'_>) -> bool {
    running.is_overdue(ctx.now) || running.was_late()
}

/// Whether papers were drafted for this supervision already.
pub(crate) fn drafted(case: &Case, supervision: u32) -> bool {
    case.drafts.iter().any(|draft| draft.kind == DraftKind::Circulation && draft.obligation == supervision)
}

/// 通报拟稿. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CirculationDrafted {
    pub draft: u32,
    pub to: Owner,
    pub facts: Facts,
}

impl Fact for CirculationDrafted {
    const TYPE: &'static str = "circulation_drafted";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        case.drafts.push(Draft::new(self.draft, DraftKind::Circulation, self.facts.obligation, at.at));
    }
}

/// Signs the draft: the three papers go out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Circulate {
    pub draft: u32,
    /// The wording, where the signer changed it; the facts are the draft's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wording: Option<String>,
}

impl Step for Circulate {
    const NAME: &'static str = "circulate";
    const ROLES: &'static [Role] = guards::MANAGERS_OR_SYSTEM;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let draft = supervision::waiting(case, self.draft, DraftKind::Circulation)?;
        let running = missed(case, draft.obligation)?;
        let facts = Facts::of(case, running, running.obligation.due);
        let to = running.obligation.owner.clone();
        let wording = self.wording.as_deref().map(|text| case.sealed(text));
        let by_rule = ctx.by.role == Role::System;
        let draft = self.draft;
        Ok(vec![
            Circulated { draft, to: to.clone(), facts: facts.clone(), wording, by_rule }.into(),
            ReportedToGovernment { draft, about: to.clone(), facts: facts.clone() }.into(),
            CopiedToDiscipline { draft, about: to, facts }.into(),
        ])
    }
}

/// 通报. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Circulated {
    pub draft: u32,
    pub to: Owner,
    pub facts: Facts,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wording: Option<Sealed>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_rule: bool,
}

impl Fact for Circulated {
    const TYPE: &'static str = "circulated";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        supervision::settle(case, Some(self.draft), DraftState::Issued);
        for supervision in case.supervisions.iter_mut().filter(|s| s.own == Some(self.facts.obligation)) {
            supervision.circulated = true;
        }
        copy_to_owner(case, &self.to, at);
    }
}

/// 报告同级政府. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportedToGovernment {
    pub draft: u32,
    pub about: Owner,
    pub facts: Facts,
}

impl Fact for ReportedToGovernment {
    const TYPE: &'static str = "reported_to_government";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        copy(case, RecipientKind::Government, at);
    }
}

/// 抄送同级纪委监委. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CopiedToDiscipline {
    pub draft: u32,
    pub about: Owner,
    pub facts: Facts,
}

impl Fact for CopiedToDiscipline {
    const TYPE: &'static str = "copied_to_discipline";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        copy(case, RecipientKind::Discipline, at);
    }
}

pub(super) fn copy(case: &mut Case, to: RecipientKind, at: &Moment<'_>) {
    case.copies.push(Copy { version: at.version, to, department: None, at: at.occurred_at, acknowledged: None });
}

/// To the department that owes it, which alone may acknowledge it.
pub(super) fn copy_to_owner(case: &mut Case, owner: &Owner, at: &Moment<'_>) {
    if let Owner::Department(department) = owner {
        let (to, department) = (RecipientKind::Department, Some(department.clone()));
        case.copies.push(Copy { version: at.version, to, department, at: at.occurred_at, acknowledged: None });
    }
}
