//! 值班表.
//!
//! > S3 区行政服务中心当天值班人员及带班领导在受理单上审核签字。

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Centre, CentreEvent, SET_UP};
use crate::{
    case::{Context, Fact, Step},
    entry::Moment,
    ids::ActorId,
    people::Role,
    refusal::Refusal,
};

/// Who is on duty on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Roster {
    pub date: NaiveDate,
    /// 值班人员
    pub officers: Vec<ActorId>,
    /// 带班领导
    pub leader: ActorId,
    /// Named to sign for the leader.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deputies: Vec<ActorId>,
}

impl Roster {
    /// Whether this person signs in this role on this day.
    pub fn allows(&self, role: Role, who: &ActorId, as_deputy: bool) -> bool {
        match role {
            Role::DutyOfficer => self.officers.contains(who),
            Role::DutyLeader => self.leader == *who || (as_deputy && self.deputies.contains(who)),
            _ => true,
        }
    }
}

/// Records a day's roster, or its correction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordRoster {
    pub roster: Roster,
}

impl Step<Centre> for RecordRoster {
    const NAME: &'static str = "record_roster";
    const ROLES: &'static [Role] = SET_UP;

    fn decide(&self, centre: &Centre, _: &Context<'_>) -> Result<Vec<CentreEvent>, Refusal> {
        if self.roster.officers.is_empty() {
            return Err(Refusal::TextEmpty { field: "值班人员" });
        }
        if centre.roster.get(&self.roster.date) == Some(&self.roster) {
            return Ok(Vec::new());
        }
        Ok(vec![RosterRecorded { roster: self.roster.clone() }.into()])
    }
}

/// 值班表. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RosterRecorded {
    pub roster: Roster,
}

impl Fact<Centre> for RosterRecorded {
    const TYPE: &'static str = "roster_recorded";

    fn evolve(&self, centre: &mut Centre, _: &Moment<'_>) {
        centre.roster.insert(self.roster.date, self.roster.clone());
    }
}
