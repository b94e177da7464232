//! 质检.
//!
//! > H10 ……管理机构要第一时间进行质检……根据质检情况和诉求人意见退回重办或向企业和群众反馈办理结果。

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::returned_for_rework::{ReworkCause, rework};
use crate::{
    case::{Case, CaseEvent, Context, Fact, Stage, Step, guards},
    entry::Moment,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
};

/// Checks the result. One that fails goes back in the same breath: no wait without an owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckQuality {
    pub passed: bool,
    /// What was found; why, where it failed.
    pub findings: String,
    /// Working days for the rework, where the kind asks for a named limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_working_days: Option<u32>,
}

impl Step for CheckQuality {
    const NAME: &'static str = "check_quality";
    const ROLES: &'static [Role] = guards::MANAGERS;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let answer = case.round().and_then(|round| round.answer.as_ref());
        let (Stage::Reported, Some(answer)) = (&case.stage, answer) else {
            return case.wrong_stage("待质检");
        };
        let handlers = case.round().into_iter().flat_map(|round| &round.assignments);
        if answer.by == ctx.by.id || handlers.filter_map(|a| a.handler.as_ref()).any(|handler| *handler == ctx.by.id) {
            return Err(Refusal::HandlerChecksOwn {});
        }
        guards::said(&self.findings, "质检情况")?;
        let findings = case.sealed(&self.findings);
        let mut events = vec![QualityChecked { passed: self.passed, findings: findings.clone() }.into()];
        if !self.passed {
            events.push(rework(case, ReworkCause::FailedCheck, findings, self.limit_working_days, ctx)?.into());
        }
        Ok(events)
    }
}

/// 质检. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QualityChecked {
    pub passed: bool,
    pub findings: Sealed,
}

impl Fact for QualityChecked {
    const TYPE: &'static str = "quality_checked";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        if self.passed {
            case.stage = Stage::Answered;
        }
        if let Some(round) = case.round_mut() {
            round.checked = Some((self.passed, at.by.id.clone()));
        }
    }
}
