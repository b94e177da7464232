//! 工作时间: due times already set stay; only new counts use the new closing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Centre, CentreEvent, SET_UP};
use crate::{
    calendar::OfficeHours,
    case::{Context, Fact, Step},
    entry::Moment,
    people::Role,
    refusal::Refusal,
};

/// Records opening hours, Asia/Shanghai.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordHours {
    pub hours: OfficeHours,
}

impl Step<Centre> for RecordHours {
    const NAME: &'static str = "record_hours";
    const ROLES: &'static [Role] = SET_UP;

    fn decide(&self, centre: &Centre, _: &Context<'_>) -> Result<Vec<CentreEvent>, Refusal> {
        if centre.hours == self.hours {
            return Ok(Vec::new());
        }
        Ok(vec![HoursRecorded { hours: self.hours.clone() }.into()])
    }
}

/// 工作时间. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoursRecorded {
    pub hours: OfficeHours,
}

impl Fact<Centre> for HoursRecorded {
    const TYPE: &'static str = "hours_recorded";

    fn evolve(&self, centre: &mut Centre, _: &Moment<'_>) {
        centre.hours = self.hours.clone();
    }
}
