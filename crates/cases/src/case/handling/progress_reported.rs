//! 报告进展: it meets no limit but the sign-for one; whoever waits can read it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, CaseEvent, Context, Fact, Step, guards},
    entry::Moment,
    ids::DepartmentId,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
};

/// Reports how it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportProgress {
    pub text: String,
}

impl Step for ReportProgress {
    const NAME: &'static str = "report_progress";
    const ROLES: &'static [Role] = guards::DEPARTMENT;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let assignment = case.require_assigned(ctx)?;
        guards::said(&self.text, "进展")?;
        Ok(vec![ProgressReported { department: assignment.department.clone(), text: case.sealed(&self.text) }.into()])
    }
}

/// 报告进展. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgressReported {
    pub department: DepartmentId,
    pub text: Sealed,
}

impl Fact for ProgressReported {
    const TYPE: &'static str = "progress_reported";

    fn evolve(&self, _: &mut Case, _: &Moment<'_>) {}
}
