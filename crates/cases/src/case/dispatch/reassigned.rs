//! 改派: the work goes from one department to another, with a full limit of its own; the first one's breach stays its own
//! (*default*).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, CaseEvent, Context, Fact, Step, guards, round::Assignment},
    entry::Moment,
    ids::DepartmentId,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
};

/// Takes the work from one department and gives it to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reassign {
    pub from: DepartmentId,
    pub to: DepartmentId,
    pub reason: String,
    /// Working days, where the kind asks for a named limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_working_days: Option<u32>,
}

impl Step for Reassign {
    const NAME: &'static str = "reassign";
    const ROLES: &'static [Role] = guards::MANAGERS;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let round = case.require_in_hand()?;
        let from = round.of(&self.from).ok_or_else(|| Refusal::NotAssigned { department: self.from.clone() })?;
        guards::known_department(&self.to, ctx)?;
        if round.of(&self.to).is_some() {
            return Err(Refusal::DepartmentTwice { department: self.to.clone() });
        }
        guards::said(&self.reason, "改派的理由")?;
        case.require_conferred(from.lead.then_some(&self.to))?;
        let limit_working_days = match (from.lead, case.kind()) {
            (true, Some(kind)) => {
                let form = ctx.policy(case)?.form(kind, case.is_several_in_hand());
                form.agree_on(self.limit_working_days.or(form.carried_over(round)))?
            }
            _ => None,
        };
        let Self { from, to, .. } = self.clone();
        let lead = round.of(&self.from).is_some_and(|assignment| assignment.lead);
        Ok(vec![Reassigned { from, to, lead, reason: case.sealed(&self.reason), limit_working_days }.into()])
    }
}

/// 改派. Its occurred time is the delivery to the new department. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reassigned {
    pub from: DepartmentId,
    pub to: DepartmentId,
    /// The new department leads.
    pub lead: bool,
    pub reason: Sealed,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_working_days: Option<u32>,
}

impl Fact for Reassigned {
    const TYPE: &'static str = "reassigned";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        let Some(round) = case.round_mut() else { return };
        if let Some(assignment) = round.of_mut(&self.from) {
            assignment.released = true;
        }
        round.assignments.push(Assignment::new(&self.to, self.lead, at.at));
        if let Some(delivery) = round.delivery.as_mut().filter(|_| self.lead) {
            delivery.limit_working_days = self.limit_working_days;
        }
        if self.lead {
            round.plan = None;
            round.promises.clear();
        }
    }
}
