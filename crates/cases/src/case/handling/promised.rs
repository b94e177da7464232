//! 承诺、承诺改期.
//!
//! > H8 ……不能够当场办结的，在承诺时限内办结……并按照解决方案在承诺时限内出具办理结果。
//!
//! An earlier date may be promised at any time; a later one needs a granted extension. Every revision is kept.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, CaseEvent, Context, Fact, Step, guards, round::Round},
    entry::Moment,
    ids::DepartmentId,
    obligation::ObligationKind,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
    time::Instant,
};

/// The closing of a promised day: not past, and no later than a result that is owed already.
pub(super) fn promised_by(case: &Case, date: NaiveDate, ctx: &Context<'_>) -> Result<Instant, Refusal> {
    let on = ctx.closing(date)?;
    if on <= ctx.at {
        return Err(Refusal::PromiseInPast {});
    }
    match case.clocks.open_of(ObligationKind::Result, None) {
        Some(result) if on > result.obligation.due => {
            Err(Refusal::PromiseNeedsExtension { due: result.obligation.due })
        }
        _ => Ok(on),
    }
}

/// Promises a date for the result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Promise {
    /// The day by which there will be a result.
    pub on: NaiveDate,
}

impl Step for Promise {
    const NAME: &'static str = "promise";
    const ROLES: &'static [Role] = guards::DEPARTMENT;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let lead = case.require_lead(ctx)?;
        match case.round().and_then(Round::promise) {
            Some(before) if before.date() == self.on => return Ok(Vec::new()),
            Some(before) => return Err(Refusal::PromiseNeedsExtension { due: before }),
            None => {}
        }
        let on = promised_by(case, self.on, ctx)?;
        Ok(vec![Promised { department: lead.department.clone(), on }.into()])
    }
}

/// 承诺. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Promised {
    pub department: DepartmentId,
    /// The closing of the promised day.
    pub on: Instant,
}

impl Fact for Promised {
    const TYPE: &'static str = "promised";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        if let Some(round) = case.round_mut() {
            round.promises.push((at.at, self.on));
        }
    }
}

/// Moves the promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevisePromise {
    pub on: NaiveDate,
    pub reason: String,
}

impl Step for RevisePromise {
    const NAME: &'static str = "revise_promise";
    const ROLES: &'static [Role] = guards::DEPARTMENT;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let lead = case.require_lead(ctx)?;
        let old = case.round().and_then(Round::promise).ok_or(Refusal::NoPromise {})?;
        if old.date() == self.on {
            return Ok(Vec::new());
        }
        guards::said(&self.reason, "改期的理由")?;
        let new = promised_by(case, self.on, ctx)?;
        let reason = case.sealed(&self.reason);
        Ok(vec![PromiseRevised { department: lead.department.clone(), old, new, reason }.into()])
    }
}

/// 承诺改期. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PromiseRevised {
    pub department: DepartmentId,
    pub old: Instant,
    pub new: Instant,
    pub reason: Sealed,
}

impl Fact for PromiseRevised {
    const TYPE: &'static str = "promise_revised";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        if let Some(round) = case.round_mut() {
            round.promises.push((at.at, self.new));
        }
    }
}
