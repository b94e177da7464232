//! 部门: the departments (窗口、科室) to which this centre dispatches.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Centre, CentreEvent, SET_UP};
use crate::{
    case::{Context, Fact, Step},
    entry::Moment,
    ids::DepartmentId,
    people::Role,
    refusal::Refusal,
};

/// Records a department, or its new name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordDepartment {
    pub department: DepartmentId,
    /// As people and letters name it.
    pub name: String,
}

impl Step<Centre> for RecordDepartment {
    const NAME: &'static str = "record_department";
    const ROLES: &'static [Role] = SET_UP;

    fn decide(&self, centre: &Centre, _: &Context<'_>) -> Result<Vec<CentreEvent>, Refusal> {
        let name = self.name.trim();
        if name.is_empty() {
            return Err(Refusal::TextEmpty { field: "部门名称" });
        }
        if centre.departments.get(&self.department).is_some_and(|known| known.name == name) {
            return Ok(Vec::new());
        }
        Ok(vec![DepartmentRecorded { department: self.department.clone(), name: name.to_owned() }.into()])
    }
}

/// 部门. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DepartmentRecorded {
    pub department: DepartmentId,
    pub name: String,
}

impl Fact<Centre> for DepartmentRecorded {
    const TYPE: &'static str = "department_recorded";

    fn evolve(&self, centre: &mut Centre, _: &Moment<'_>) {
        centre.departments.insert(self.department.clone(), self.clone());
    }
}
