//! 延期 (*default*): for promised and manager-set limits only, never the articles' own days; asked for in time, with a
//! reason, once a round; the complainant is told.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{Case, CaseEvent, Context, Fact, Step, guards, state::ExtensionRequest},
    entry::Moment,
    obligation::{ObligationKind, Running, Span},
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
    time::Instant,
};

/// Asks for a later date for the result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestExtension {
    /// The new last day.
    pub to: NaiveDate,
    pub reason: String,
}

impl Step for RequestExtension {
    const NAME: &'static str = "request_extension";
    const ROLES: &'static [Role] = guards::DEPARTMENT;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let lead = case.require_lead(ctx)?;
        guards::said(&self.reason, "延期的理由")?;
        let result = case.clocks.open_of(ObligationKind::Result, Some(&lead.department));
        let obligation = &result.ok_or(Refusal::NotExtendable {})?.obligation;
        if !matches!(obligation.limit, Span::Promised | Span::Named(_)) {
            return Err(Refusal::NotExtendable {});
        }
        if ctx.at > obligation.due {
            return Err(Refusal::ExtensionTooLate { due: obligation.due });
        }
        let to = ctx.closing(self.to)?;
        if to <= obligation.due {
            return Err(Refusal::NotLater { due: obligation.due });
        }
        let policy = &ctx.policy(case)?.extension;
        if to > ctx.after(obligation.due, policy.max_days)?.due {
            return Err(Refusal::ExtensionTooLong { most: policy.max_days });
        }
        let asked = case.extensions.iter().filter(|request| request.round == case.round_no());
        let before = asked.clone().filter(|request| request.granted.is_some()).count();
        if pending(case).is_ok() {
            return Err(Refusal::ExtensionPending {});
        }
        let reason = case.sealed(&self.reason);
        let mut events = vec![ExtensionRequested { obligation: obligation.no, to, reason }.into()];
        if before >= policy.per_round as usize {
            // "once a round; a second is refused, and the refusal counted": it stands in the log like any other.
            let reason = case.sealed("本轮已申请过延期，按规定不再批准");
            events.push(ExtensionRefused { obligation: obligation.no, by_rule: true, reason }.into());
        }
        Ok(events)
    }
}

/// 延期申请. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtensionRequested {
    pub obligation: u32,
    pub to: Instant,
    pub reason: Sealed,
}

impl Fact for ExtensionRequested {
    const TYPE: &'static str = "extension_requested";

    fn evolve(&self, case: &mut Case, _: &Moment<'_>) {
        let round = case.round_no();
        case.extensions.push(ExtensionRequest { obligation: self.obligation, round, to: self.to, granted: None });
    }
}

fn pending(case: &Case) -> Result<&ExtensionRequest, Refusal> {
    let open = |no: u32| case.clocks.get(no).is_some_and(Running::is_open);
    let undecided = case.extensions.iter().rev().find(|request| request.granted.is_none() && open(request.obligation));
    undecided.ok_or(Refusal::NoExtensionRequest {})
}

/// Grants what was asked for, or a shorter time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantExtension {
    /// The new last day, if earlier than the one asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<NaiveDate>,
}

impl Step for GrantExtension {
    const NAME: &'static str = "grant_extension";
    const ROLES: &'static [Role] = guards::MANAGERS;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        case.require_in_hand()?;
        let request = pending(case)?;
        let to = self.to.map_or(Ok(request.to), |date| ctx.closing(date))?;
        if to > request.to {
            return Err(Refusal::ExtensionGrantTooLong {});
        }
        let running = case.clocks.get(request.obligation).filter(|running| running.is_open());
        let running = running.ok_or(Refusal::NoSuchObligation { no: request.obligation })?;
        if to <= running.obligation.due {
            return Err(Refusal::NotLater { due: running.obligation.due });
        }
        Ok(vec![ExtensionGranted { obligation: request.obligation, to }.into()])
    }
}

/// 准予延期. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtensionGranted {
    pub obligation: u32,
    pub to: Instant,
}

impl Fact for ExtensionGranted {
    const TYPE: &'static str = "extension_granted";

    fn evolve(&self, case: &mut Case, _: &Moment<'_>) {
        decide_extension(case, true);
    }
}

/// Refuses; the system does so when nobody decided in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefuseExtension {
    pub reason: String,
}

impl Step for RefuseExtension {
    const NAME: &'static str = "refuse_extension";
    const ROLES: &'static [Role] = guards::MANAGERS_OR_SYSTEM;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let request = pending(case)?;
        guards::said(&self.reason, "不批准的理由")?;
        let by_rule = ctx.by.role == Role::System;
        let reason = case.sealed(&self.reason);
        Ok(vec![ExtensionRefused { obligation: request.obligation, by_rule, reason }.into()])
    }
}

/// 不予延期. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtensionRefused {
    pub obligation: u32,
    /// By rule, not by a person: undecided in time, or a second request in the round.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_rule: bool,
    pub reason: Sealed,
}

impl Fact for ExtensionRefused {
    const TYPE: &'static str = "extension_refused";

    fn evolve(&self, case: &mut Case, _: &Moment<'_>) {
        decide_extension(case, false);
    }
}

fn decide_extension(case: &mut Case, granted: bool) {
    if let Some(request) = case.extensions.iter_mut().rev().find(|request| request.granted.is_none()) {
        request.granted = Some(granted);
    }
}
