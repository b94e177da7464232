//! 督办.
//!
//! > H9 ……对逾期未反馈结果的事项进行督办。

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DraftKind, DraftState, Facts, circulation::copy_to_owner, next_draft, open_obligation};
use crate::{
    case::{
        Case, CaseEvent, Context, Fact, Step, guards,
        round::{Round, RoundCause},
        state::{Draft, Supervision},
    },
    entry::Moment,
    obligation::{Owner, Running},
    people::Role,
    refusal::Refusal,
    terms::terms,
};

terms!(
    /// Why 督办.
    Trigger {
        Overdue = "逾期未反馈结果",
        UnsatisfiedAgain = "退回重办后仍不满意",
    }
);

/// Whether an obligation calls for supervision now: overdue, or at once where a rework was again found unsatisfactory.
fn trigger(case: &Case, running: &Running, ctx: &Context<'_>) -> Result<Trigger, Refusal> {
    let kind = running.obligation.kind;
    if !kind.is_supervised() {
        return Err(Refusal::NotRemindable { kind });
    }
    if running.supervised {
        return Err(Refusal::AlreadySupervised {});
    }
    if case.pause.is_some() && kind.is_paused() {
        return Err(Refusal::ClockPaused {});
    }
    if unsatisfied_again(case) && running.obligation.round == case.round_no() {
        return Ok(Trigger::UnsatisfiedAgain);
    }
    if !running.is_overdue(ctx.now) {
        return Err(Refusal::NotOverdue { due: running.obligation.due });
    }
    // "Asked for in time it holds 督办 back until decided."
    if case.extensions.iter().any(|request| request.obligation == running.obligation.no && request.granted.is_none()) {
        return Err(Refusal::ExtensionPending {});
    }
    Ok(Trigger::Overdue)
}

/// The present round is a rework that came of a rework the complainant found no better.
pub(crate) fn unsatisfied_again(case: &Case) -> bool {
    let is_rework = |round: &&Round| matches!(round.began_by, RoundCause::Unsatisfied | RoundCause::FailedCheck);
    let reworks = case.rounds.iter().rev().take_while(is_rework);
    case.round().is_some_and(|round| round.began_by == RoundCause::Unsatisfied)
        && reworks.filter(|round| round.began_by == RoundCause::Unsatisfied).count() > 1
}

/// Drafts the notice for a manager's signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftSupervision {
    pub obligation: u32,
}

impl Step for DraftSupervision {
    const NAME: &'static str = "draft_supervision";
    const ROLES: &'static [Role] = guards::MANAGERS_OR_SYSTEM;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let running = open_obligation(case, self.obligation)?;
        let trigger = trigger(case, running, ctx)?;
        let facts = Facts::of(case, running, running.obligation.due.min(ctx.now));
        Ok(vec![SupervisionDrafted { draft: next_draft(case), trigger, facts }.into()])
    }
}

/// 督办拟稿. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SupervisionDrafted {
    /// The draft's number within the case, from 1.
    pub draft: u32,
    pub trigger: Trigger,
    pub facts: Facts,
}

impl Fact for SupervisionDrafted {
    const TYPE: &'static str = "supervision_drafted";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        let obligation = self.facts.obligation;
        case.drafts.push(Draft::new(self.draft, DraftKind::Supervision, obligation, at.at));
        if let Some(running) = case.clocks.get_mut(obligation) {
            running.supervised = true;
        }
    }
}

/// Issues the notice: by rule, by hand, or by signing a draft. It carries its own limit, the facts and what is required.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueSupervision {
    pub obligation: u32,
    /// The draft that is signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<u32>,
    /// 督办要求; by default the obligation itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirement: Option<String>,
}

impl Step for IssueSupervision {
    const NAME: &'static str = "issue_supervision";
    const ROLES: &'static [Role] = guards::MANAGERS_OR_SYSTEM;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let (running, trigger, facts) = match self.draft {
            None => {
                let running = open_obligation(case, self.obligation)?;
                let trigger = trigger(case, running, ctx)?;
                (running, trigger, Facts::of(case, running, running.obligation.due.min(ctx.now)))
            }
            Some(no) => {
                let draft = waiting(case, no, DraftKind::Supervision)?;
                let running = super::obligation(case, draft.obligation)?;
                let again = unsatisfied_again(case) && !running.is_overdue(ctx.now) && !running.was_late();
                let trigger = if again { Trigger::UnsatisfiedAgain } else { Trigger::Overdue };
                (running, trigger, Facts::of(case, running, running.obligation.due.min(draft.drafted_at)))
            }
        };
        let Owner::Department(_) = &running.obligation.owner else {
            return Err(Refusal::NotRemindable { kind: running.obligation.kind });
        };
        let issued = SupervisionIssued {
            draft: self.draft,
            to: running.obligation.owner.clone(),
            trigger,
            facts,
            requirement: self.requirement.as_deref().map(|text| case.sealed(text)),
            by_rule: ctx.by.role == Role::System,
        };
        Ok(vec![issued.into()])
    }
}

/// 督办. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SupervisionIssued {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<u32>,
    pub to: Owner,
    pub trigger: Trigger,
    pub facts: Facts,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirement: Option<crate::sealed::Sealed>,
    /// By the system, by rule; else the issuer is who gave the command.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_rule: bool,
}

impl Fact for SupervisionIssued {
    const TYPE: &'static str = "supervision_issued";

    fn evolve(&self, case: &mut Case, at: &Moment<'_>) {
        // It sets a limit of its own while there is something left to require.
        let required = case.clocks.get(self.facts.obligation).is_some_and(Running::is_open);
        let own = required.then(|| case.clocks.next_no());
        case.supervisions.push(Supervision {
            obligation: self.facts.obligation,
            own,
            at: at.occurred_at,
            circulated: false,
        });
        settle(case, self.draft, DraftState::Issued);
        copy_to_owner(case, &self.to, at);
        if let Some(running) = case.clocks.get_mut(self.facts.obligation) {
            running.supervised = true;
        }
    }
}

pub(super) fn waiting(case: &Case, no: u32, kind: DraftKind) -> Result<&Draft, Refusal> {
    case.drafts
        .iter()
        .find(|draft| draft.no == no && draft.kind == kind && draft.state == DraftState::Waiting)
        .ok_or(Refusal::NoSuchDraft { no })
}

pub(super) fn settle(case: &mut Case, draft: Option<u32>, state: DraftState) {
    if let Some(draft) = case.drafts.iter_mut().find(|known| Some(known.no) == draft) {
        draft.state = state;
    }
}
