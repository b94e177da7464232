//! 研判分类.
//!
//! > H6 ……“有诉即办”窗口工作人员对企业和群众的诉求进行初步分类。

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Ground, Kind};
use crate::{
    case::{Case, CaseEvent, Context, Fact, Stage, Step, guards, state::Classification},
    entry::Moment,
    ids::DepartmentId,
    people::Role,
    refusal::Refusal,
};

/// Classifies an appeal at the window, with its ground and the departments it concerns. Before submission the window
/// may do it again; afterwards the managing body reclassifies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Classify {
    pub kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<Ground>,
    /// Departments that it concerns, as far as the window sees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub departments: Vec<DepartmentId>,
    /// Several levels of government are concerned.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub several_levels: bool,
}

impl Step for Classify {
    const NAME: &'static str = "classify";
    const ROLES: &'static [Role] = guards::WINDOW;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        if !matches!(case.stage, Stage::Accepted) {
            return case.wrong_stage("已受理");
        }
        self.kind.check_ground(self.ground)?;
        guards::known_departments(&self.departments, ctx)?;
        let Self { kind, ground, departments, several_levels } = self.clone();
        let found = Classification { kind, ground, departments, several_levels };
        if case.classification.as_ref() == Some(&found) {
            return Ok(Vec::new());
        }
        let Classification { kind, ground, departments, several_levels } = found;
        Ok(vec![Classified { kind, ground, departments, several_levels }.into()])
    }
}

/// 研判分类. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Classified {
    pub kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<Ground>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub departments: Vec<DepartmentId>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub several_levels: bool,
}

impl Fact for Classified {
    const TYPE: &'static str = "classified";

    fn evolve(&self, case: &mut Case, _: &Moment<'_>) {
        case.withheld_found |= self.kind == Kind::Withheld;
        let Self { kind, ground, departments, several_levels } = self.clone();
        case.classification = Some(Classification { kind, ground, departments, several_levels });
    }
}
