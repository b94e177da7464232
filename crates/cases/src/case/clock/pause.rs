//! 中止、恢复 (*default*): for reasons from a closed list, with a last day, never on what is overdue. It gives back whole
//! working days and resumes by itself.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, CaseEvent, Context, Fact, Step, guards, state::Pause},
    entry::Moment,
    people::{Actor, Role},
    refusal::Refusal,
    sealed::Sealed,
    terms::terms,
    time::Instant,
};

terms!(
    /// 中止的理由.
    PauseReason {
        Hearing = "听证",
        Inspection = "检验检测",
        Appraisal = "鉴定",
        ExpertReview = "专家评审",
        ComplainantMaterial = "等待诉求人补充材料",
    }
);

/// Stops the departments' clocks until the end of a day at the latest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseCase {
    pub reason: PauseReason,
    /// The last day of the pause.
    pub until: NaiveDate,
    pub note: String,
    /// The manager, where somebody else gives the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<Actor>,
}

impl Step for PauseCase {
    const NAME: &'static str = "pause";
    const ROLES: &'static [Role] = &[Role::CentreManager, Role::DutyLeader, Role::DepartmentHead];

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        case.require_in_hand()?;
        if ctx.by.department().is_some() {
            case.require_assigned(ctx)?;
        }
        if case.pause.is_some() {
            return Err(Refusal::AlreadyPaused {});
        }
        guards::said(&self.note, "中止的说明")?;
        let approved = ctx.by.role == Role::DutyLeader && self.approved_by.is_none();
        if !approved {
            guards::approved_by_manager(case, self.approved_by.as_ref(), "中止", ctx)?;
        }
        let mut running = case.clocks.open().filter(|running| running.obligation.kind.is_paused()).peekable();
        if running.peek().is_none() {
            return Err(Refusal::NothingRuns {});
        }
        if running.any(|running| running.is_overdue(ctx.at)) {
            return Err(Refusal::PauseOverdue {});
        }
        let until = ctx.closing(self.until)?;
        let most = ctx.policy(case)?.pause.max_days;
        if until <= ctx.at {
            return Err(Refusal::NotLater { due: ctx.at });
        }
        if until > ctx.after(ctx.at, most)?.due {
            return Err(Refusal::PauseTooLong { most });
        }
        let approved_by = self.approved_by.clone().unwrap_or_else(|| ctx.by.clone());
        Ok(vec![Paused { reason: self.reason, until, note: case.sealed(&self.note), approved_by }.into()])
    }
}

/// 中止. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Paused {
    pub reason: PauseReason,
    pub until: Instant,
    pub note: Sealed,
    pub approved_by: Actor,
}

impl Fact for Paused {
    const TYPE: &'static str = "paused";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        case.pause = Some(Pause { since: at.at, until: self.until, reason: self.reason });
    }
}

/// Lets the clocks run again; the system does so when the last day is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resume {}

impl Step for Resume {
    const NAME: &'static str = "resume";
    const ROLES: &'static [Role] = &[Role::CentreManager, Role::DutyLeader, Role::DepartmentHead, Role::System];

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        case.require_open()?;
        let pause = case.pause.as_ref().ok_or(Refusal::NotPaused {})?;
        if ctx.by.department().is_some() {
            case.require_assigned(ctx)?;
        }
        // However late the sweep comes, the pause ended on its last day.
        let ended_at = ctx.at.min(pause.until);
        Ok(vec![Resumed { paused_at: pause.since, ended_at }.into()])
    }
}

/// 恢复. What it gives back stands in its clocks. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resumed {
    pub paused_at: Instant,
    pub ended_at: Instant,
}

impl Fact for Resumed {
    const TYPE: &'static str = "resumed";

    fn evolve(&self, case: &mut Case, _: &Moment<'_>) {
        case.pause = None;
    }
}
