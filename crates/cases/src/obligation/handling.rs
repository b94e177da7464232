//! What departments owe from delivery on (H8, S4): sign for it, answer or plan or result, and the co-departments' word.

use super::{
    ObligationKind as Kind, Owner, Span,
    changes::{Changes, Measure},
};
use crate::{
    calendar::Counted,
    ids::DepartmentId,
    policy::{HandlingForm, ResultLimit},
    refusal::Refusal,
    time::Instant,
};

impl Changes<'_> {
    /// The round's departments got the work order: signing, handling, co-replies.
    pub(super) fn delivered_to_all(&mut self) -> Result<(), Refusal> {
        let Some(round) = self.case.round() else { return Ok(()) };
        let departments: Vec<(DepartmentId, bool)> =
            round.active().map(|assignment| (assignment.department.clone(), assignment.lead)).collect();
        self.delivered(&departments)
    }

    /// These departments got it. The lead comes first: the co-departments' time depends on the lead's.
    pub(super) fn delivered(&mut self, departments: &[(DepartmentId, bool)]) -> Result<(), Refusal> {
        let from = self.ctx.at;
        let policy = self.ctx.policy(self.case)?;
        for (department, _) in departments {
            self.set_by(Kind::SignFor, Owner::Department(department.clone()), None, &policy.limits.sign_for)?;
        }
        let mut lead_due = self.case.clocks.open().find(|r| is_leads(r.obligation.kind)).map(|r| r.obligation.due);
        if let Some((lead, _)) = departments.iter().find(|(_, lead)| *lead) {
            lead_due = self.lead_owes(lead, from)?;
        }
        for (department, _) in departments.iter().filter(|(_, lead)| !lead) {
            self.co_owes(department, from, lead_due)?;
        }
        Ok(())
    }

    /// The first of answer, plan, result that runs from delivery; its due time.
    pub(super) fn lead_owes(&mut self, lead: &DepartmentId, from: Instant) -> Result<Option<Instant>, Refusal> {
        let policy = self.ctx.policy(self.case)?;
        let Some(kind) = self.case.kind() else { return Ok(None) };
        let named = self.case.round().and_then(|round| round.delivery.as_ref()?.limit_working_days);
        let form = policy.form(kind, self.case.is_several_in_hand());
        let Some((kind, days, span, rule)) = first_owed(form, named) else { return Ok(None) };
        let counted = self.ctx.after(from, days)?;
        let due = self.set(kind, Owner::Department(lead.clone()), None, Measure { from, counted, span, rule });
        Ok(Some(due))
    }

    pub(super) fn co_owes(
        &mut self,
        co: &DepartmentId,
        from: Instant,
        lead_due: Option<Instant>,
    ) -> Result<(), Refusal> {
        let Some(lead_due) = lead_due else { return Ok(()) };
        let days = self.ctx.policy(self.case)?.limits.co_reply_days_before_lead;
        // With a lead's limit of a single day there is no working day between: then both are due together. Who gets the
        // work late in the lead's time has a day all the same.
        let due = self.ctx.closing_before(lead_due, days)?.max(self.ctx.after(from, 1)?.due);
        let calendar = self.ctx.calendar();
        let counted = Counted {
            due,
            days: Vec::new(),
            provisional: calendar.is_provisional_within(from.date(), lead_due.date()),
            calendars: calendar.versions_touched(from.date(), lead_due.date()),
        };
        let measure = Measure { from, counted, span: Span::BeforeLead(days), rule: "默认".to_owned() };
        self.set(Kind::CoReply, Owner::Department(co.clone()), None, measure);
        Ok(())
    }

    /// A promised date sets the result's time, where the policy leaves it to the promise (H8).
    pub(super) fn promised(&mut self, lead: &DepartmentId, on: Instant) -> Result<(), Refusal> {
        let policy = self.ctx.policy(self.case)?;
        let Some(kind) = self.case.kind() else { return Ok(()) };
        let form = policy.form(kind, self.case.is_several_in_hand());
        let Some(ResultLimit::Promise { source }) = &form.result else { return Ok(()) };
        if self.is_open(Kind::Result) {
            return Ok(());
        }
        let from = self.ctx.at;
        let counted = self.on_date(on);
        let measure = Measure { from, counted, span: Span::Promised, rule: source.clone() };
        self.set(Kind::Result, Owner::Department(lead.clone()), None, measure);
        Ok(())
    }

    /// A due time that is a date somebody named: provisional as that date is.
    pub(super) fn on_date(&self, due: Instant) -> Counted {
        let calendar = self.ctx.calendar();
        Counted {
            due,
            days: Vec::new(),
            provisional: calendar.is_provisional_on(due.date()),
            calendars: calendar.versions_touched(due.date(), due.date()),
        }
    }

    /// A plan counts once it has a date and the complainant knows of it.
    pub(super) fn plan_if_complete(&mut self) {
        if self.is_planned() {
            self.met_kind(Kind::Plan);
        }
    }

    pub(super) fn is_planned(&self) -> bool {
        let anonymous = self.case.is_anonymous();
        self.case.round().is_some_and(|round| {
            round.plan.as_ref().is_some_and(|plan| plan.told || anonymous) && round.promise().is_some()
        })
    }

    /// Whether the case's kind, as it is in hand, asks for a plan.
    pub(super) fn form_has_plan(&self) -> Result<bool, Refusal> {
        let Some(kind) = self.case.kind() else { return Ok(false) };
        Ok(self.ctx.policy(self.case)?.form(kind, self.case.is_several_in_hand()).plan.is_some())
    }
}

pub(super) fn is_leads(kind: Kind) -> bool {
    matches!(kind, Kind::Answer | Kind::Plan | Kind::Result)
}

/// Which of answer, plan, result comes first under a form, with its days; `None` where only a promise will say.
pub(crate) fn first_owed(form: &HandlingForm, named: Option<u32>) -> Option<(Kind, u32, Span, String)> {
    if let Some(limit) = &form.answer {
        let days = named.unwrap_or(limit.days);
        return Some((Kind::Answer, days, Span::WorkingDays(days), limit.source.clone()));
    }
    if let Some(limit) = &form.plan {
        let days = named.unwrap_or(limit.days);
        return Some((Kind::Plan, days, Span::WorkingDays(days), limit.source.clone()));
    }
    match form.result.as_ref()? {
        ResultLimit::Delivery { days, source } => {
            let days = named.unwrap_or(*days);
            Some((Kind::Result, days, Span::WorkingDays(days), source.clone()))
        }
        ResultLimit::Dispatch { default_days, source, .. } => {
            let days = named.or(*default_days)?;
            Some((Kind::Result, days, Span::Named(days), source.clone()))
        }
        ResultLimit::Promise { .. } => None,
    }
}
