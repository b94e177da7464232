//! 督办答复: what the department says. Only what the 督办 required meets it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, CaseEvent, Context, Fact, Step, guards},
    entry::Moment,
    ids::DepartmentId,
    obligation::{ObligationKind, Owner},
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
};

/// Answers a supervision in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerSupervision {
    pub text: String,
}

impl Step for AnswerSupervision {
    const NAME: &'static str = "answer_supervision";
    const ROLES: &'static [Role] = guards::DEPARTMENT;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let Some(department) = ctx.by.department() else {
            return Err(Refusal::WrongOffice { needs: "被督办的部门".to_owned() });
        };
        guards::said(&self.text, "督办答复")?;
        let owed = case.clocks.all().iter().rev().find(|running| {
            running.obligation.kind == ObligationKind::Supervision
                && running.obligation.owner == Owner::Department(department.clone())
        });
        let supervision = owed.ok_or(Refusal::NotSupervised {})?.obligation.no;
        Ok(vec![
            SupervisionAnswered { department: department.clone(), supervision, text: case.sealed(&self.text) }.into(),
        ])
    }
}

/// 督办答复. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SupervisionAnswered {
    pub department: DepartmentId,
    /// The obligation that the supervision set.
    pub supervision: u32,
    pub text: Sealed,
}

impl Fact for SupervisionAnswered {
    const TYPE: &'static str = "supervision_answered";

    fn evolve(&self, _: &mut Case, _: &Moment<'_>) {}
}
