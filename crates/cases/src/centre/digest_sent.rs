//! 月度抄送: the monthly digest to the discipline body, at the month's first opening (H-三(三), S-(二)).

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Centre, CentreEvent};
use crate::{
    case::{Context, Fact, Step},
    entry::Moment,
    people::Role,
    refusal::Refusal,
};

/// The counts of a month, 历史件 left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DigestCounts {
    pub accepted: u32,
    pub closed: u32,
    pub terminated: u32,
    /// 不给办 found
    pub withheld: u32,
    pub reminded: u32,
    pub supervised: u32,
    pub circulated: u32,
    pub returned: u32,
    /// Obligations that ended late or unmet in the month.
    pub late: u32,
}

/// Sends the digest of a month that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendMonthlyDigest {
    /// The first day of the month it is about.
    pub month: NaiveDate,
    pub counts: DigestCounts,
}

impl Step<Centre> for SendMonthlyDigest {
    const NAME: &'static str = "send_monthly_digest";
    const ROLES: &'static [Role] = &[Role::System, Role::CentreManager];

    fn decide(&self, centre: &Centre, ctx: &Context<'_>) -> Result<Vec<CentreEvent>, Refusal> {
        let on = centre.current_policy().is_some_and(|policy| policy.routine_copies.monthly_digest);
        let over = self.month.checked_add_months(chrono::Months::new(1)).is_some_and(|next| next <= ctx.now.date());
        let sent = centre.last_digest.is_some_and(|last| last >= self.month);
        if !on || !over || sent {
            return Ok(Vec::new());
        }
        Ok(vec![MonthlyDigestSent { month: self.month, counts: self.counts.clone() }.into()])
    }
}

/// 月度抄送. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MonthlyDigestSent {
    pub month: NaiveDate,
    pub counts: DigestCounts,
}

impl Fact<Centre> for MonthlyDigestSent {
    const TYPE: &'static str = "monthly_digest_sent";

    fn evolve(&self, centre: &mut Centre, _: &Moment<'_>) {
        centre.last_digest = Some(self.month);
    }
}
