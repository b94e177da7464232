//! 解决方案.
//!
//! > H8 ……对于“很难办”的事项，以及涉及多个政务服务部门或者多个层级的复杂事项，应当在5个工作日内提出解决方案答复企业和群众，
//! > 并按照解决方案在承诺时限内出具办理结果。

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::promised::{Promised, promised_by};
use crate::{
    case::{
        Case, CaseEvent, Context, Fact, Step, guards,
        round::{Plan, Round},
    },
    entry::Moment,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
};

/// Proposes a plan with a promised date; without one, and until the complainant was told, the plan stays owed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposePlan {
    pub text: String,
    /// 承诺时限: the day by which there will be a result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised: Option<NaiveDate>,
    /// The complainant was told already.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub complainant_told: bool,
}

impl Step for ProposePlan {
    const NAME: &'static str = "propose_plan";
    const ROLES: &'static [Role] = guards::DEPARTMENT;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let lead = case.require_lead(ctx)?;
        guards::said(&self.text, "解决方案")?;
        let plan = PlanProposed {
            department: lead.department.clone(),
            text: case.sealed(&self.text),
            complainant_told: self.complainant_told,
        };
        let mut events = vec![plan.into()];
        let promise = case.round().and_then(Round::promise);
        match (self.promised, promise) {
            (Some(date), None) => {
                let on = promised_by(case, date, ctx)?;
                events.push(Promised { department: lead.department.clone(), on }.into());
            }
            (Some(date), Some(before)) if date != before.date() => {
                return Err(Refusal::PromiseNeedsExtension { due: before });
            }
            _ => {}
        }
        Ok(events)
    }
}

/// 提出方案. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanProposed {
    pub department: crate::ids::DepartmentId,
    pub text: Sealed,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub complainant_told: bool,
}

impl Fact for PlanProposed {
    const TYPE: &'static str = "plan_proposed";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        if let Some(round) = case.round_mut() {
            round.plan = Some(Plan { at: at.at, text: self.text.clone(), told: self.complainant_told });
        }
    }
}
