//! 回避: whoever is concerned neither handles the case nor sees it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, CaseEvent, Context, Fact, Step, guards},
    entry::Moment,
    ids::ActorId,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
};

/// Takes a person off the case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recuse {
    pub who: ActorId,
    pub reason: String,
}

impl Step for Recuse {
    const NAME: &'static str = "recuse";
    const ROLES: &'static [Role] = &[
        Role::CentreManager,
        Role::DutyLeader,
        Role::DutyOfficer,
        Role::WindowClerk,
        Role::DepartmentHead,
        Role::Handler,
    ];

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        case.require_open()?;
        // A head takes off the department's own handler, anybody steps back for himself, the managing body decides on all.
        let assigned = ctx.by.department().and_then(|department| case.round()?.of(department));
        let handler = assigned.and_then(|assignment| assignment.handler.as_ref());
        let own = self.who == ctx.by.id || (ctx.by.role == Role::DepartmentHead && handler == Some(&self.who));
        if !own && !guards::MANAGERS.contains(&ctx.by.role) {
            return Err(Refusal::WrongRole { role: ctx.by.role, may: "管理机构、带班领导".to_owned() });
        }
        guards::said(&self.reason, "回避的理由")?;
        if case.recused.contains(&self.who) {
            return Ok(Vec::new());
        }
        Ok(vec![Recused { who: self.who.clone(), reason: case.sealed(&self.reason) }.into()])
    }
}

/// 回避. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recused {
    pub who: ActorId,
    pub reason: Sealed,
}

impl Recused {
    /// Who was recused from a case is from the one in which its matter goes on.
    pub(in crate::case) fn taken_over(by: &Case, who: &ActorId) -> Self {
        Self { who: who.clone(), reason: by.sealed("沿用原件的回避") }
    }
}

impl Fact for Recused {
    const TYPE: &'static str = "recused";

    fn evolve(&self, case: &mut Case, _: &Moment<'_>) {
        case.recused.push(self.who.clone());
        let assignments = case.round_mut().into_iter().flat_map(|round| &mut round.assignments);
        for assignment in assignments.filter(|assignment| assignment.handler.as_ref() == Some(&self.who)) {
            assignment.handler = None;
        }
    }
}
