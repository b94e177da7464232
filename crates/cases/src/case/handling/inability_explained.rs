//! 办不了的理由依据.
//!
//! > H8 ……对于“办不了”的事项，应当在收到《工作单》后3个工作日内提出答复意见，并告知“办不了”的具体理由和依据。
//! > S4 对于“办不了”的事项，需在1个工作日内将涉及的法律、政策等填写在受理单上。

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::result_reported::{answer, running_again};
use crate::{
    case::{Case, CaseEvent, Context, Fact, Stage, Step, guards, round::AnswerKind, triage::Kind},
    entry::Moment,
    ids::DepartmentId,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
};

/// Explains why it cannot be done, and by which rule: the result of this round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainInability {
    /// 具体理由
    pub reason: String,
    /// 依据
    pub basis: String,
}

impl Step for ExplainInability {
    const NAME: &'static str = "explain_inability";
    const ROLES: &'static [Role] = guards::DEPARTMENT;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let lead = case.require_lead(ctx)?;
        if case.kind() != Some(Kind::CannotBeDone) {
            return Err(Refusal::NotCannotBeDone {});
        }
        guards::said(&self.reason, "办不了的具体理由")?;
        guards::said(&self.basis, "办不了的依据")?;
        let (reason, basis) = (case.sealed(&self.reason), case.sealed(&self.basis));
        let explained = InabilityExplained { department: lead.department.clone(), reason, basis };
        Ok(running_again(case, ctx).into_iter().chain([explained.into()]).collect())
    }
}

/// 说明办不了. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InabilityExplained {
    pub department: DepartmentId,
    pub reason: Sealed,
    pub basis: Sealed,
}

impl Fact for InabilityExplained {
    const TYPE: &'static str = "inability_explained";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        case.stage = Stage::Reported;
        answer(case, AnswerKind::Inability, &self.reason, at);
    }
}
