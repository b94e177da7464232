//! How the table writes down what it decided.

use super::{About, ClockChanges, Ended, Moved, Obligation, ObligationKind, Outcome, Owner, Running, Span};
use crate::{
    calendar::{CalendarVersion, Counted},
    case::{Case, Context},
    ids::DepartmentId,
    obligation::ObligationKind as Kind,
    policy::Limit,
    refusal::Refusal,
    time::Instant,
};

/// The changes of one event, as they are being decided. `case` is the case after the event, before its clocks.
pub(super) struct Changes<'a> {
    pub(super) case: &'a Case,
    pub(super) ctx: &'a Context<'a>,
    cause: &'static str,
    out: ClockChanges,
}

/// How many working days before the due day, or counted from where: what a new obligation is measured by.
pub(super) struct Measure {
    pub(super) from: Instant,
    pub(super) counted: Counted,
    pub(super) span: Span,
    pub(super) rule: String,
}

impl<'a> Changes<'a> {
    pub(super) fn new(case: &'a Case, ctx: &'a Context<'a>, cause: &'static str) -> Self {
        Self { case, ctx, cause, out: ClockChanges::default() }
    }

    pub(super) fn finish(self) -> ClockChanges {
        self.out
    }

    /// While the case is paused no due time of the departments passes.
    fn is_late(&self, running: &Running, at: Instant) -> bool {
        let paused = self.case.pause.is_some() && running.obligation.kind.is_paused();
        !paused && at > running.obligation.due
    }

    fn end(&mut self, running: &Running, outcome: Outcome, at: Instant) {
        let no = running.obligation.no;
        if self.out.ended.iter().any(|ended| ended.no == no) {
            return;
        }
        self.out.ended.push(Ended { no, outcome, at, cause: self.cause.to_owned() });
        // What supervises this one ends with it: met if it was met, else it has nothing left to wait for.
        let done = matches!(outcome, Outcome::Met | Outcome::MetLate);
        let case = self.case;
        let supervising = case.clocks.open().filter(|s| {
            s.obligation.kind == ObligationKind::Supervision && s.obligation.about == Some(About::Obligation(no))
        });
        for supervision in supervising {
            if done { self.meet(supervision) } else { self.end_unmet(supervision) }
        }
    }

    fn meet(&mut self, running: &Running) {
        let at = self.ctx.at;
        let outcome = if self.is_late(running, at) { Outcome::MetLate } else { Outcome::Met };
        self.end(running, outcome, at);
    }

    fn end_unmet(&mut self, running: &Running) {
        let at = self.ctx.at;
        let outcome = if self.is_late(running, at) { Outcome::Breached } else { Outcome::Cancelled };
        self.end(running, outcome, at);
    }

    /// The event is what these waited for.
    pub(super) fn met(&mut self, matches: impl Fn(&Obligation) -> bool) {
        let case = self.case;
        case.clocks.open().filter(|running| matches(&running.obligation)).for_each(|running| self.meet(running));
    }

    /// The same for every open one of a kind.
    pub(super) fn met_kind(&mut self, kind: Kind) {
        self.met(|owed| owed.kind == kind);
    }

    /// The event is what these waited for; done by rule after the due time, nobody met them.
    pub(super) fn met_or_lapsed(&mut self, matches: impl Fn(&Obligation) -> bool) {
        if self.ctx.by.role == crate::people::Role::System { self.unmet(matches) } else { self.met(matches) }
    }

    /// These have nothing left to wait for.
    pub(super) fn unmet(&mut self, matches: impl Fn(&Obligation) -> bool) {
        let case = self.case;
        case.clocks.open().filter(|running| matches(&running.obligation)).for_each(|running| self.end_unmet(running));
    }

    /// Judged anew by another time, with the cause that it had.
    pub(super) fn rejudge(&mut self, running: &Running, at: Instant) {
        let Some(before) = &running.end else { return };
        // The paper may be older than a supervision that it answers: nothing ends before it was set.
        let at = at.max(running.obligation.from);
        let late = self.is_late(running, at);
        let outcome = match before.outcome {
            Outcome::Met | Outcome::MetLate => {
                if late {
                    Outcome::MetLate
                } else {
                    Outcome::Met
                }
            }
            Outcome::Breached | Outcome::Cancelled => {
                if late {
                    Outcome::Breached
                } else {
                    Outcome::Cancelled
                }
            }
        };
        if (outcome, at) != (before.outcome, before.at) {
            self.out.ended.push(Ended { no: before.no, outcome, at, cause: before.cause.clone() });
        }
    }

    pub(super) fn set(&mut self, kind: Kind, owner: Owner, about: Option<About>, measure: Measure) -> Instant {
        let Measure { from, counted, span, rule } = measure;
        let no = self.case.clocks.next_no() + u32::try_from(self.out.set.len()).unwrap_or(u32::MAX);
        let due = counted.due;
        self.out.set.push(Obligation {
            no,
            kind,
            owner,
            round: self.case.round_no(),
            about,
            from,
            due,
            limit: span,
            rule,
            provisional: counted.provisional,
            calendars: counted.calendars,
        });
        due
    }

    /// An obligation by one of the policy's general limits, from the event's own time.
    pub(super) fn set_by(
        &mut self,
        kind: Kind,
        owner: Owner,
        about: Option<About>,
        limit: &Limit,
    ) -> Result<(), Refusal> {
        let from = self.ctx.at;
        let counted = self.ctx.limit(from, limit)?;
        let span = limit.days.map_or(Span::SameDay, Span::WorkingDays);
        self.set(kind, owner, about, Measure { from, counted, span, rule: limit.source.clone() });
        Ok(())
    }

    pub(super) fn move_to(&mut self, running: &Running, counted: Counted) -> &mut Moved {
        let old = running.obligation.due;
        let Counted { due: new, provisional, calendars, .. } = counted;
        self.moved(running.obligation.no, old, new, provisional, calendars)
    }

    pub(super) fn moved(
        &mut self,
        no: u32,
        old: Instant,
        new: Instant,
        provisional: bool,
        calendars: Vec<CalendarVersion>,
    ) -> &mut Moved {
        let cause = self.cause.to_owned();
        let moved = Moved { no, old, new, from: None, provisional, calendars, given_back_days: None, cause };
        self.out.moved.push(moved);
        let last = self.out.moved.len() - 1;
        &mut self.out.moved[last]
    }

    /// Whether it is still open after what this event ended so far.
    pub(super) fn is_open(&self, kind: Kind) -> bool {
        let ended = |no: u32| self.out.ended.iter().any(|ended| ended.no == no);
        self.case.clocks.open().any(|running| running.obligation.kind == kind && !ended(running.obligation.no))
            || self.out.set.iter().any(|set| set.kind == kind)
    }
}

pub(super) fn is_owned_by(owed: &Obligation, department: &DepartmentId) -> bool {
    matches!(&owed.owner, Owner::Department(id) if id == department)
}
