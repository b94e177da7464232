//! Due times that change while they run: extensions, promises, pauses, late papers, new calendars.

use super::{Moved, ObligationKind as Kind, Running, Span, changes::Changes, handling::is_leads};
use crate::{
    calendar::Counted,
    case::{Case, CaseEvent, Context, context::uncounted},
    refusal::Refusal,
    time::Instant,
};

/// Due times that change while they run.
pub(super) fn moves(c: &mut Changes<'_>, event: &CaseEvent) -> Result<(), Refusal> {
    let case = c.case;
    match event {
        CaseEvent::ExtensionGranted(event) => {
            if let Some(running) = case.clocks.get(event.obligation) {
                let counted = c.on_date(event.to);
                c.move_to(running, counted);
            }
        }
        // Only earlier: a later one was refused, or lies within a granted extension.
        CaseEvent::PromiseRevised(event) => {
            let result = case.clocks.open_of(Kind::Result, Some(&event.department));
            if let Some(running) = result.filter(|running| running.obligation.limit == Span::Promised) {
                let counted = c.on_date(event.new);
                c.move_to(running, counted);
            }
        }
        CaseEvent::Resumed(event) => {
            for running in case.clocks.open().filter(|running| running.obligation.kind.is_paused()) {
                give_back(c, running, event.paused_at, event.ended_at)?;
            }
        }
        CaseEvent::DeadlineRecomputed(event) => {
            c.moved(event.obligation, event.old, event.new, event.provisional, event.calendars.clone());
        }
        CaseEvent::LateEntryApproved(event) => late_approved(c, event.entry, event.occurred_at)?,
        _ => {}
    }
    Ok(())
}

fn give_back(c: &mut Changes<'_>, running: &Running, paused_at: Instant, ended_at: Instant) -> Result<(), Refusal> {
    let (calendar, hours) = (c.ctx.calendar(), &c.ctx.centre.hours);
    let from = paused_at.max(running.obligation.from);
    let days = calendar.whole_working_days_within(from, ended_at, hours).map_err(uncounted)?;
    let mut counted = calendar.shift(running.obligation.due, days, hours).map_err(uncounted)?;
    // No due time passes during a pause, even one too short to give back a whole day.
    if counted.due <= ended_at {
        let next =
            calendar.next_closing(ended_at.plus(chrono::TimeDelta::milliseconds(1)), hours).map_err(uncounted)?;
        counted = c.on_date(next);
    }
    if counted.due == running.obligation.due {
        return Ok(());
    }
    counted.provisional |= running.obligation.provisional;
    counted.calendars.extend(&running.obligation.calendars);
    counted.calendars.sort_unstable();
    counted.calendars.dedup();
    c.move_to(running, counted).given_back_days = Some(days);
    Ok(())
}

/// The occurred time counts after all: what the entry ended is judged by it, what it set is counted from it.
fn late_approved(c: &mut Changes<'_>, entry: u64, occurred_at: Instant) -> Result<(), Refusal> {
    let case = c.case;
    for running in case.clocks.all() {
        if running.ended_by == Some(entry) {
            c.rejudge(running, occurred_at);
        } else if running.set_by == entry
            && running.is_open()
            && let Some(counted) = recount_from(running, occurred_at, case, c.ctx)?
        {
            c.move_to(running, counted).from = Some(occurred_at);
        }
    }
    Ok(())
}

/// An open obligation's due time by the present calendars; `None` where it is a date that somebody named.
pub(crate) fn recount(running: &Running, case: &Case, ctx: &Context<'_>) -> Result<Option<Counted>, Refusal> {
    recount_from(running, running.obligation.from, case, ctx)
}

fn recount_from(running: &Running, from: Instant, case: &Case, ctx: &Context<'_>) -> Result<Option<Counted>, Refusal> {
    let (calendar, hours) = (ctx.calendar(), &ctx.centre.hours);
    let is_named = |moved: &Moved| matches!(moved.cause.as_str(), "extension_granted" | "promise_revised");
    let last_named = running.moves.iter().rposition(is_named);
    let named = last_named.map(|i| &running.moves[i]);
    let date = |due: Instant| Counted {
        due,
        days: Vec::new(),
        provisional: calendar.is_provisional_on(due.date()),
        calendars: calendar.versions_touched(due.date(), due.date()),
    };
    let mut counted = match (named, running.obligation.limit) {
        (Some(moved), _) => date(moved.new),
        (None, Span::WorkingDays(days) | Span::Named(days)) => ctx.after(from, days)?,
        (None, Span::SameDay) => calendar.same_day(from, hours).map_err(uncounted)?,
        (None, Span::Promised) => date(running.moves.first().map_or(running.obligation.due, |moved| moved.old)),
        (None, Span::BeforeLead(days)) => {
            let lead = case
                .clocks
                .open()
                .find(|r| is_leads(r.obligation.kind) && r.obligation.round == running.obligation.round);
            let Some(lead) = lead else { return Ok(None) };
            // Delivered by the same paper, the lead's time runs from the same moment.
            let lead_from = if lead.set_by == running.set_by { from } else { lead.obligation.from };
            let lead_due = recount_from(lead, lead_from, case, ctx)?.map_or(lead.obligation.due, |counted| counted.due);
            date(ctx.closing_before(lead_due, days)?.max(ctx.after(from, 1)?.due))
        }
    };
    // Days given back after pauses stay given, whatever the calendar says now.
    let since_named = &running.moves[last_named.map_or(0, |i| i + 1)..];
    for days in since_named.iter().filter_map(|moved| moved.given_back_days) {
        let shifted = calendar.shift(counted.due, days, hours).map_err(uncounted)?;
        counted = Counted { provisional: counted.provisional || shifted.provisional, ..shifted };
    }
    Ok(Some(counted))
}
