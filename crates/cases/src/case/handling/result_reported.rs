//! 办理结果.
//!
//! > H10 相关政务服务部门办理完毕后，应及时将办理结果送至“有诉即办”窗口。
//! > S4 对于“不给办”的事项，需在2个工作日内为企业、群众认真办理；对于“很难办”的事项……5个工作日内出具办理结果。

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{
        Case, CaseEvent, Context, Fact, Stage, Step,
        clock::pause::Resumed,
        guards,
        round::{Answer, AnswerKind, Round},
    },
    entry::Moment,
    ids::DepartmentId,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
};

/// Reports the result. Co-departments that said nothing are named; the lead answers all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportResult {
    pub text: String,
}

impl Step for ReportResult {
    const NAME: &'static str = "report_result";
    const ROLES: &'static [Role] = guards::DEPARTMENT;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let lead = case.require_lead(ctx)?;
        guards::said(&self.text, "办理结果")?;
        let missing = case.round().into_iter().flat_map(Round::missing_co_replies).cloned().collect();
        let reported = ResultReported {
            department: lead.department.clone(),
            text: case.sealed(&self.text),
            missing_co_replies: missing,
        };
        Ok(running_again(case, ctx).into_iter().chain([reported.into()]).collect())
    }
}

/// 报告办理结果. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResultReported {
    pub department: DepartmentId,
    pub text: Sealed,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_co_replies: Vec<DepartmentId>,
}

impl Fact for ResultReported {
    const TYPE: &'static str = "result_reported";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        case.stage = Stage::Reported;
        answer(case, AnswerKind::Result, &self.text, at);
    }
}

/// An answer during a pause ends the pause first, so that it is judged by the days given back.
pub(super) fn running_again(case: &Case, ctx: &Context<'_>) -> Option<CaseEvent> {
    let pause = case.pause.as_ref()?;
    Some(Resumed { paused_at: pause.since, ended_at: ctx.at.min(pause.until) }.into())
}

/// The round has its answer; whatever was said of an earlier one no longer counts.
pub(super) fn answer(case: &mut Case, kind: AnswerKind, text: &Sealed, at: &Moment<'_>) {
    if let Some(round) = case.round_mut() {
        let (text, by) = (text.clone(), at.by.id.clone());
        round.answer = Some(Answer { version: at.version, kind, occurred_at: at.occurred_at, text, by });
        round.checked = None;
        round.called_back_at = None;
        round.fed_back_at = None;
        round.rating = None;
    }
}
