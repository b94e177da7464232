//! 派单异议 (*default*): a department says that the work is not its own. The clock runs on meanwhile.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, CaseEvent, Context, Fact, Step, guards, state::Dispute},
    entry::Moment,
    ids::DepartmentId,
    obligation::About,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
};

/// Disputes the assignment: within the policy's days from delivery, with reason and basis, once per department.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DisputeAssignment {
    pub reason: String,
    /// 依据: the rule or the division of duties that says so.
    pub basis: String,
    /// Whose it is, in the department's view.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggested: Option<DepartmentId>,
}

impl Step for DisputeAssignment {
    const NAME: &'static str = "dispute_assignment";
    const ROLES: &'static [Role] = guards::DEPARTMENT;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let assignment = case.require_assigned(ctx)?;
        guards::said(&self.reason, "异议的理由")?;
        guards::said(&self.basis, "异议的依据")?;
        if case.disputes.iter().any(|dispute| dispute.department == assignment.department) {
            return Err(Refusal::DisputeTwice {});
        }
        if case.disputes.len() > 1 {
            return Err(Refusal::ConsultationOnly {});
        }
        let last_moment = ctx.after(assignment.delivered_at, ctx.policy(case)?.dispute.within_days)?.due;
        if ctx.at > last_moment {
            return Err(Refusal::DisputeTooLate { last_moment });
        }
        if let Some(suggested) = &self.suggested {
            guards::known_department(suggested, ctx)?;
        }
        let disputed = AssignmentDisputed {
            no: u32::try_from(case.disputes.len()).unwrap_or(u32::MAX).saturating_add(1),
            department: assignment.department.clone(),
            reason: case.sealed(&self.reason),
            basis: case.sealed(&self.basis),
            suggested: self.suggested.clone(),
        };
        Ok(vec![disputed.into()])
    }
}

/// 派单异议. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignmentDisputed {
    /// Its number within the case, from 1.
    pub no: u32,
    pub department: DepartmentId,
    pub reason: Sealed,
    pub basis: Sealed,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggested: Option<DepartmentId>,
}

impl Fact for AssignmentDisputed {
    const TYPE: &'static str = "assignment_disputed";

    fn evolve(&self, case: &mut Case, _: &Moment<'_>) {
        // From the second on, by whichever department, only a 会商 decides.
        let needs_consultation = !case.disputes.is_empty();
        case.disputes.push(Dispute {
            no: self.no,
            department: self.department.clone(),
            upheld: None,
            needs_consultation,
        });
    }
}

/// Decides a first dispute; undecided at its due time it counts as refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideDispute {
    /// The dispute's number.
    pub dispute: u32,
    pub upheld: bool,
    pub reason: String,
}

impl Step for DecideDispute {
    const NAME: &'static str = "decide_dispute";
    const ROLES: &'static [Role] = guards::MANAGERS_OR_SYSTEM;

    fn decide(&self, case: &Case, _: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        case.require_in_hand()?;
        case.require_conferred(None)?;
        let found = case.disputes.iter().find(|dispute| dispute.no == self.dispute);
        let dispute = found.ok_or(Refusal::NoSuchDispute { no: self.dispute })?;
        match dispute.upheld {
            Some(upheld) if upheld == self.upheld => return Ok(Vec::new()),
            // Whose work it was is no question any more once a result was reported or the work taken away.
            None if case.clocks.open().any(|running| running.obligation.about == Some(About::Dispute(dispute.no))) => {}
            _ => return Err(Refusal::NoSuchDispute { no: self.dispute }),
        }
        guards::said(&self.reason, "决定的理由")?;
        let decided = DisputeDecided {
            dispute: self.dispute,
            department: dispute.department.clone(),
            upheld: self.upheld,
            reason: case.sealed(&self.reason),
        };
        Ok(vec![decided.into()])
    }
}

/// 异议决定. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DisputeDecided {
    pub dispute: u32,
    pub department: DepartmentId,
    pub upheld: bool,
    pub reason: Sealed,
}

impl Fact for DisputeDecided {
    const TYPE: &'static str = "dispute_decided";

    fn evolve(&self, case: &mut Case, _: &Moment<'_>) {
        if let Some(dispute) = case.disputes.iter_mut().find(|dispute| dispute.no == self.dispute) {
            dispute.upheld = Some(self.upheld);
        }
    }
}
