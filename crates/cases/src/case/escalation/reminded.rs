//! 催办.
//!
//! > H9 ……对即将到期的事项进行催办。

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::open_obligation;
use crate::{
    case::{Case, CaseEvent, Context, Fact, Step, context::uncounted},
    entry::Moment,
    ids::ActorId,
    obligation::Owner,
    people::Role,
    refusal::Refusal,
};

/// Reminds whoever owes an obligation, in office hours; copied to the one who urges (专人督促).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Remind {
    /// The obligation's number.
    pub obligation: u32,
}

impl Step for Remind {
    const NAME: &'static str = "remind";
    const ROLES: &'static [Role] =
        &[Role::WindowClerk, Role::DutyOfficer, Role::DutyLeader, Role::CentreManager, Role::System];

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let running = open_obligation(case, self.obligation)?;
        let kind = running.obligation.kind;
        if !kind.is_reminded() {
            return Err(Refusal::NotRemindable { kind });
        }
        if !ctx.calendar().is_open(ctx.now, &ctx.centre.hours) {
            let opens = ctx.calendar().next_opening(ctx.now, &ctx.centre.hours).map_err(uncounted)?;
            return Err(Refusal::OfficeClosed { opens });
        }
        if ctx.by.role == Role::System && !running.reminded.is_empty() {
            return Ok(Vec::new());
        }
        let copied_to = case.round().and_then(|round| round.delivery.as_ref()?.urged_by.clone());
        let (obligation, to) = (self.obligation, running.obligation.owner.clone());
        Ok(vec![Reminded { obligation, to, due: running.obligation.due, copied_to }.into()])
    }
}

/// 催办. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reminded {
    pub obligation: u32,
    pub to: Owner,
    /// The due time of which it reminds.
    pub due: crate::time::Instant,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copied_to: Option<ActorId>,
}

impl Fact for Reminded {
    const TYPE: &'static str = "reminded";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        if let Some(running) = case.clocks.get_mut(self.obligation) {
            running.reminded.push(at.occurred_at);
        }
    }
}
