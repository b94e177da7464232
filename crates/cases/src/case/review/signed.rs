//! 审核签字.
//!
//! > S3 区行政服务中心当天值班人员及带班领导在受理单上审核签字，转发至相关窗口部门。

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, CaseEvent, Context, Fact, Stage, Step},
    entry::Moment,
    people::Role,
    refusal::Refusal,
};

/// Signs the work order, in the role in which the command is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sign {
    /// For the one on the roster, as the deputy that was named.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub as_deputy: bool,
}

impl Step for Sign {
    const NAME: &'static str = "sign";
    const ROLES: &'static [Role] = &[Role::DutyOfficer, Role::DutyLeader, Role::CentreManager];

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let Stage::InReview { signatures } = &case.stage else { return case.wrong_stage("审核中") };
        let role = ctx.by.role;
        if let Some((_, who)) = signatures.iter().find(|(signed, _)| *signed == role) {
            return if *who == ctx.by.id { Ok(Vec::new()) } else { Err(Refusal::AlreadySigned { role }) };
        }
        // "Both signatures" are two people's.
        if signatures.iter().any(|(_, who)| *who == ctx.by.id) {
            return Err(Refusal::NeedsSecondPerson { step: "审核签字" });
        }
        let date = ctx.occurred_at.date();
        if ctx.policy(case)?.review.on_roster
            && ctx.centre.roster.get(&date).is_some_and(|roster| !roster.allows(role, &ctx.by.id, self.as_deputy))
        {
            return Err(Refusal::NotOnRoster { date, role });
        }
        Ok(vec![Signed { role, as_deputy: self.as_deputy }.into()])
    }
}

/// 审核签字. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    pub role: Role,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub as_deputy: bool,
}

impl Fact for Signed {
    const TYPE: &'static str = "signed";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        if let Stage::InReview { signatures } = &mut case.stage {
            signatures.push((self.role, at.by.id.clone()));
        }
    }
}
