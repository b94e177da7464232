//! 按规则到点该办的事: what the system does by itself, and when (§6).
//!
//! [`agenda`] reads nothing but the case and the centre, so sweeping twice, on two nodes, or after a week of downtime
//! gives the same steps; each has a command id that follows from its cause. A sweep runs the steps whose time has come;
//! a simulation runs them at their time.

use chrono::TimeDelta;

use super::{
    Case, CaseCommand, Context, Stage, clock, dispatch, escalation,
    escalation::{DraftKind, DraftState, circulation, routine_copy_sent, supervision},
    referral,
};
use crate::{
    ids::CommandId,
    obligation::{About, ObligationKind as Kind, Running},
    policy::{Policy, SupervisionMode},
    refusal::Refusal,
    time::Instant,
};

/// A step that the system takes at its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreseen {
    /// Not before.
    pub at: Instant,
    /// Not after: a reminder missed in downtime is not made up.
    pub until: Option<Instant>,
    /// Follows from the cause alone.
    pub id: CommandId,
    pub command: CaseCommand,
}

/// Every step that the present state leads to if nobody does anything, earliest first.
pub fn agenda(case: &Case, ctx: &Context<'_>) -> Result<Vec<Foreseen>, Refusal> {
    let mut agenda = Agenda { case, ctx, policy: ctx.policy(case)?, steps: Vec::new() };
    if case.version == 0 {
        return Ok(Vec::new());
    }
    if case.historical {
        agenda.recompute()?;
        return Ok(agenda.steps);
    }
    for running in case.clocks.all() {
        agenda.of(running)?;
    }
    agenda.drafts()?;
    agenda.routine_copies();
    if !case.is_ended() {
        agenda.pause()?;
        agenda.recompute()?;
    }
    agenda.steps.retain(|step| !case.commands.contains_key(&step.id));
    agenda.steps.sort_by_key(|step| step.at);
    Ok(agenda.steps)
}

struct Agenda<'a> {
    case: &'a Case,
    ctx: &'a Context<'a>,
    policy: &'a Policy,
    steps: Vec<Foreseen>,
}

impl Agenda<'_> {
    fn add(&mut self, at: Instant, until: Option<Instant>, cause: &str, command: impl Into<CaseCommand>) {
        let id = self.case.id.rule_command(cause);
        self.steps.push(Foreseen { at, until, id, command: command.into() });
    }

    /// The first opening after a moment, not at it.
    fn opening_after(&self, at: Instant) -> Result<Instant, Refusal> {
        self.ctx.next_opening(just_after(at))
    }

    fn of(&mut self, running: &Running) -> Result<(), Refusal> {
        let owed = &running.obligation;
        let no = owed.no;
        let paused = self.case.pause.is_some() && owed.kind.is_paused() && running.is_open();
        if paused {
            return Ok(());
        }
        if owed.kind == Kind::Supervision && (running.is_open() || running.was_late()) {
            if !circulation::drafted(self.case, no) {
                let at = self.opening_after(owed.due)?;
                self.add(
                    at,
                    None,
                    &format!("draft-circulation:{no}"),
                    circulation::DraftCirculation { supervision: no },
                );
            }
            return Ok(());
        }
        if !running.is_open() {
            return Ok(());
        }
        if owed.kind.is_reminded() && running.reminded.is_empty() {
            let before = self.ctx.opening_before(owed.due, self.policy.escalation.remind_days_before)?;
            let at = before.max(self.opening_after(owed.from)?);
            let until = self.ctx.closing(at.date())?;
            if at < owed.due && self.ctx.now <= until {
                self.add(at, Some(until), &format!("remind:{no}"), escalation::reminded::Remind { obligation: no });
            }
        }
        if owed.kind.is_supervised() && !running.supervised {
            self.supervise(running)?;
        }
        if owed.kind.is_seen_by_parent() && !running.reported_to_parent {
            let at = self.opening_after(owed.due)?;
            let report = escalation::reported_to_parent::ReportToParent { obligation: no };
            self.add(at, None, &format!("parent:{no}"), report);
        }
        let lapsed = just_after(owed.due);
        match (owed.kind, &owed.about) {
            (Kind::ExtensionDecision, _) => {
                let reason = "逾期未决定，按规定视为不批准".to_owned();
                self.add(lapsed, None, &format!("lapse:{no}"), clock::extension::RefuseExtension { reason });
            }
            (Kind::DisputeDecision, Some(About::Dispute(dispute))) => {
                let reason = "逾期未决定，按规定视为不成立".to_owned();
                let decide = dispatch::disputed::DecideDispute { dispute: *dispute, upheld: false, reason };
                self.add(lapsed, None, &format!("lapse:{no}"), decide);
            }
            (Kind::ReferralAnswer, _) => self.letters(running)?,
            _ => {}
        }
        Ok(())
    }

    fn supervise(&mut self, running: &Running) -> Result<(), Refusal> {
        let owed = &running.obligation;
        let pending = |r: &super::state::ExtensionRequest| r.obligation == owed.no && r.granted.is_none();
        if self.case.extensions.iter().any(pending) {
            return Ok(());
        }
        let again = supervision::unsatisfied_again(self.case) && owed.round == self.case.round_no();
        let at = if again { self.ctx.next_opening(owed.from)? } else { self.opening_after(owed.due)? };
        let obligation = owed.no;
        let cause = format!("supervise:{obligation}");
        match self.policy.escalation.supervision {
            SupervisionMode::ByItself => {
                let issue = supervision::IssueSupervision { obligation, draft: None, requirement: None };
                self.add(at, None, &cause, issue);
            }
            SupervisionMode::Draft => self.add(at, None, &cause, supervision::DraftSupervision { obligation }),
        }
        Ok(())
    }

    fn letters(&mut self, running: &Running) -> Result<(), Refusal> {
        let Stage::Referred(referral) = &self.case.stage else { return Ok(()) };
        if referral.letters >= self.policy.escalation.reminder_letters {
            return Ok(());
        }
        let from = match referral.last_letter_at {
            None => running.obligation.due,
            Some(last) => self.ctx.after(last, self.policy.escalation.reminder_letter_every_days)?.due,
        };
        let at = self.opening_after(from)?;
        let cause = format!("letter:{}:{}", running.obligation.no, referral.letters + 1);
        self.add(at, None, &cause, referral::reminder_letter_sent::SendReminderLetter {});
        Ok(())
    }

    /// "2 d after it was drafted issues itself."
    fn drafts(&mut self) -> Result<(), Refusal> {
        for draft in self.case.drafts.iter().filter(|draft| draft.state == DraftState::Waiting) {
            let days = self.policy.escalation.draft_issues_itself_after_days;
            let at = self.opening_after(self.ctx.after(draft.drafted_at, days)?.due)?;
            let cause = format!("issue:{}", draft.no);
            match draft.kind {
                DraftKind::Supervision => {
                    let (obligation, draft) = (draft.obligation, Some(draft.no));
                    self.add(at, None, &cause, supervision::IssueSupervision { obligation, draft, requirement: None });
                }
                DraftKind::Circulation => {
                    self.add(at, None, &cause, circulation::Circulate { draft: draft.no, wording: None });
                }
            }
        }
        Ok(())
    }

    fn pause(&mut self) -> Result<(), Refusal> {
        if let Some(pause) = &self.case.pause {
            let (at, cause) = (self.opening_after(pause.until)?, format!("resume:{}", pause.since.ms()));
            self.add(at, None, &cause, clock::pause::Resume {});
        }
        Ok(())
    }

    fn routine_copies(&mut self) {
        let at = self.last_recorded();
        for ground in routine_copy_sent::due_copies(self.case, &self.policy.routine_copies) {
            let copy = routine_copy_sent::SendRoutineCopy { ground };
            self.add(at, None, &format!("routine:{}", ground.name()), copy);
        }
    }

    /// Due times that a newly published calendar moves.
    fn recompute(&mut self) -> Result<(), Refusal> {
        use super::Step;
        let recompute = clock::deadline_recomputed::RecomputeDeadlines {};
        if self.case.is_ended() || recompute.decide(self.case, self.ctx)?.is_empty() {
            return Ok(());
        }
        let calendar = self.ctx.centre.newest_calendar().map_or_else(String::new, |calendar| calendar.to_string());
        let cause = format!("recompute:{calendar}:{}", self.case.version);
        self.add(self.last_recorded(), None, &cause, recompute);
        Ok(())
    }

    fn last_recorded(&self) -> Instant {
        self.case.entries.values().next_back().map_or(self.ctx.now, |entry| entry.recorded_at)
    }
}

fn just_after(at: Instant) -> Instant {
    at.plus(TimeDelta::milliseconds(1))
}

/// Whether a step may be taken now: its time has come and, for reminders, the office is open and the day not over.
pub fn is_due(step: &Foreseen, ctx: &Context<'_>) -> bool {
    let in_hours =
        !matches!(step.command, CaseCommand::Remind(_)) || ctx.calendar().is_open(ctx.now, &ctx.centre.hours);
    step.at <= ctx.now && step.until.is_none_or(|until| ctx.now <= until) && in_hours
}
