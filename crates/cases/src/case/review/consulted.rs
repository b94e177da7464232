//! 会商.
//!
//! > S3 对于涉及多个窗口（科室）的事项，按照会商制度召开会议协调解决。
//! > S4 对于“很难办”的事项，涉及窗口应召集相关人员、部门集中研讨。

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, CaseEvent, Context, Fact, Step, guards},
    entry::Moment,
    ids::{ActorId, DepartmentId},
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
};

/// Records a conference and the lead department it agreed on. After a second dispute its word is final.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Consult {
    pub convenor: ActorId,
    pub attendees: Vec<ActorId>,
    pub minutes: String,
    /// 牵头部门 as agreed.
    pub lead: DepartmentId,
    /// All departments that take part in the handling, the lead among them.
    pub departments: Vec<DepartmentId>,
}

impl Step for Consult {
    const NAME: &'static str = "consult";
    const ROLES: &'static [Role] =
        &[Role::CentreManager, Role::DutyLeader, Role::DutyOfficer, Role::DepartmentHead, Role::Handler];

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        case.require_open()?;
        if case.classification.is_none() {
            return Err(Refusal::NotClassified {});
        }
        // S4: a department may call the conference on a case that it has.
        if ctx.by.department().is_some() {
            case.require_assigned(ctx)?;
        }
        guards::said(&self.minutes, "会商纪要")?;
        guards::known_departments(&self.departments, ctx)?;
        if !self.departments.contains(&self.lead) {
            return Err(Refusal::LeadMissing { count: self.departments.len() });
        }
        let final_word = case.awaits_consultation();
        let Self { convenor, attendees, lead, departments, .. } = self.clone();
        let minutes = case.sealed(&self.minutes);
        Ok(vec![Consulted { convenor, attendees, minutes, lead, departments, final_word }.into()])
    }
}

/// 会商. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Consulted {
    pub convenor: ActorId,
    pub attendees: Vec<ActorId>,
    pub minutes: Sealed,
    pub lead: DepartmentId,
    pub departments: Vec<DepartmentId>,
    /// It decided a second dispute: nobody may dispute again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub final_word: bool,
}

impl Fact for Consulted {
    const TYPE: &'static str = "consulted";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        case.consultations.push((at.occurred_at, self.lead.clone()));
        if let Some(found) = &mut case.classification {
            found.departments.clone_from(&self.departments);
        }
        if self.final_word {
            // Upheld if the work goes to another lead than the one that has it, or the department has no part in it.
            let lead = case.round().and_then(|round| round.lead()).map(|lead| lead.department.clone());
            let moved = lead.as_ref() != Some(&self.lead);
            for dispute in case.disputes.iter_mut().filter(|dispute| dispute.upheld.is_none()) {
                dispute.upheld = Some(moved || !self.departments.contains(&dispute.department));
            }
        }
    }
}
