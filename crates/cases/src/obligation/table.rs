//! The domain's table (§5) as code: which event sets which obligation, and which one ends it.
//!
//! Read it beside the table. `changes` gets the case as the event leaves it and answers what happens to the clocks; the
//! answer is written into the event and never decided again.

use super::{
    About, ClockChanges, InformAbout, ObligationKind as Kind, Owner, Running, Span,
    changes::{Changes, is_owned_by},
    handling::is_leads,
};
use crate::{
    calendar::Counted,
    case::{Case, CaseEvent, Context, Stage, context::uncounted, intake::merged::MergeSide, round::AnswerKind},
    entry::EventSet,
    policy::{CallBackBy, FeedbackFollows, Policy},
    refusal::Refusal,
    time::Instant,
};

/// What this event does to the case's clocks.
pub(crate) fn changes(case: &Case, event: &CaseEvent, ctx: &Context<'_>) -> Result<ClockChanges, Refusal> {
    let mut c = Changes::new(case, ctx, event.type_name());
    if case.historical {
        historical(&mut c, event)?;
        return Ok(c.finish());
    }
    // 签收: "signed for, or any act by that department".
    if let Some(department) = ctx.by.department() {
        c.met(|owed| owed.kind == Kind::SignFor && is_owned_by(owed, department));
    }
    ends(&mut c, event);
    sets(&mut c, event)?;
    moves(&mut c, event)?;
    Ok(c.finish())
}

/// The column "met by", and what leaves an obligation with nothing to wait for.
fn ends(c: &mut Changes<'_>, event: &CaseEvent) {
    match event {
        CaseEvent::Submitted(_) => c.met_kind(Kind::Triage),
        CaseEvent::SettledOnTheSpot(_) => {
            c.met(|owed| matches!(owed.kind, Kind::Triage | Kind::Review));
            c.unmet(|owed| owed.kind == Kind::Consultation);
        }
        CaseEvent::RejectedAtReview(_) | CaseEvent::Dispatched(_) => c.met_kind(Kind::Review),
        CaseEvent::Referred(_) => {
            c.met_kind(Kind::Review);
            c.unmet(|owed| owed.kind == Kind::Consultation);
        }
        CaseEvent::Reassigned(event) => {
            c.met_kind(Kind::Review);
            c.unmet(|owed| is_owned_by(owed, &event.from));
        }
        CaseEvent::Consulted(_) => {
            c.met_kind(Kind::Consultation);
            c.met_kind(Kind::DisputeDecision);
        }
        CaseEvent::Classified(_) if !c.case.is_several() => c.unmet(|owed| owed.kind == Kind::Consultation),
        CaseEvent::DisputeDecided(event) => {
            c.met_or_lapsed(|owed| owed.about == Some(About::Dispute(event.dispute)));
        }
        CaseEvent::ExtensionGranted(_) | CaseEvent::ExtensionRefused(_) => {
            c.met_or_lapsed(|owed| owed.kind == Kind::ExtensionDecision);
        }
        CaseEvent::Reclassified(_) => c.unmet(|owed| is_leads(owed.kind) || owed.kind == Kind::CoReply),
        CaseEvent::PlanProposed(_) | CaseEvent::Promised(_) => c.plan_if_complete(),
        CaseEvent::ComplainantInformed(event) => {
            c.met(|owed| owed.about == Some(About::Inform(event.about)));
            c.plan_if_complete();
        }
        CaseEvent::PartialReplyGiven(event) => {
            c.met(|owed| owed.kind == Kind::CoReply && is_owned_by(owed, &event.department));
        }
        // A result answers whatever the lead owed. Co-departments that said nothing are late or let off.
        CaseEvent::ResultReported(_) | CaseEvent::InabilityExplained(_) => {
            c.met(|owed| is_leads(owed.kind));
            c.unmet(|owed| {
                matches!(owed.kind, Kind::CoReply | Kind::SignFor | Kind::ExtensionDecision | Kind::DisputeDecision)
            });
        }
        CaseEvent::QualityChecked(_) => c.met_kind(Kind::QualityCheck),
        CaseEvent::CalledBack(_) => c.met_kind(Kind::CallBack),
        CaseEvent::UnreachableEstablished(_) => {
            c.met_kind(Kind::CallBack);
            c.unmet(|owed| owed.kind == Kind::Feedback);
        }
        CaseEvent::Rated(_) if answered_by(c.case) == Some(AnswerKind::Settled) => c.met_kind(Kind::CallBack),
        CaseEvent::FedBack(_) => c.met_kind(Kind::Feedback),
        CaseEvent::ReturnedForRework(_) => {
            c.met_kind(Kind::Review);
            c.unmet(|owed| matches!(owed.kind, Kind::QualityCheck | Kind::CallBack | Kind::Feedback));
        }
        CaseEvent::ReferralAnswered(_) => c.met_kind(Kind::ReferralAnswer),
        CaseEvent::SupervisionIssued(event) => {
            c.met_or_lapsed(|owed| event.draft.is_some_and(|no| owed.about == Some(About::Draft(no))));
        }
        CaseEvent::Circulated(event) => {
            c.met_or_lapsed(|owed| owed.about == Some(About::Draft(event.draft)));
            c.unmet(|owed| owed.no == event.facts.obligation);
        }
        CaseEvent::EscalationWithheld(event) => c.met(|owed| owed.about == Some(About::Draft(event.draft))),
        CaseEvent::Declined(_) => {
            c.met_kind(Kind::Triage);
            case_ended(c);
        }
        CaseEvent::Terminated(_) => {
            c.met_kind(Kind::Review);
            case_ended(c);
        }
        CaseEvent::Closed(_) | CaseEvent::Withdrawn(_) => case_ended(c),
        CaseEvent::Merged(event) if event.side == MergeSide::Absorbed => case_ended(c),
        _ => {}
    }
}

/// The case's end leaves nothing to wait for, but for a draft: what was missed stays missed, and somebody has to sign.
fn case_ended(c: &mut Changes<'_>) {
    c.unmet(|owed| !matches!(owed.kind, Kind::SignDraft | Kind::Inform));
}

/// The columns "set by", "on" and "limit".
fn sets(c: &mut Changes<'_>, event: &CaseEvent) -> Result<(), Refusal> {
    let policy = c.ctx.policy(c.case)?;
    let limits = &policy.limits;
    let reachable = !c.case.is_anonymous();
    match event {
        CaseEvent::Accepted(_) | CaseEvent::RejectedAtReview(_) => {
            c.set_by(Kind::Triage, Owner::Window, None, &limits.triage)
        }
        CaseEvent::Classified(_) if policy.review.consultation_when_several && c.case.is_several() => confer(c, policy),
        CaseEvent::Submitted(_) | CaseEvent::Reopened(_) | CaseEvent::ContinuedExOfficio(_) => review(c, policy),
        CaseEvent::DisputeDecided(event) if event.upheld => review(c, policy),
        CaseEvent::Consulted(event)
            if event.final_word && c.case.disputes.last().is_some_and(|d| d.upheld == Some(true)) =>
        {
            review(c, policy)
        }
        // Settled and unsatisfied by the table; any other verdict below satisfied leaves the centre to choose as well.
        CaseEvent::Rated(event) if !event.satisfied && !c.is_open(Kind::Review) => review(c, policy),
        CaseEvent::AssignmentDisputed(event) if event.no > 1 => confer(c, policy),
        CaseEvent::AssignmentDisputed(event) => {
            c.set_by(Kind::DisputeDecision, Owner::Centre, Some(About::Dispute(event.no)), &limits.decision)
        }
        CaseEvent::Dispatched(_) | CaseEvent::ReturnedForRework(_) => c.delivered_to_all(),
        CaseEvent::Reassigned(event) => c.delivered(&[(event.to.clone(), event.lead)]),
        CaseEvent::Reclassified(_) if matches!(c.case.stage, Stage::InHand) => reclassified(c),
        CaseEvent::Promised(event) => c.promised(&event.department, event.on),
        CaseEvent::ExtensionRequested(event) => {
            let about = Some(About::Obligation(event.obligation));
            c.set_by(Kind::ExtensionDecision, Owner::Centre, about, &limits.decision)
        }
        CaseEvent::ExtensionGranted(_) if reachable => inform(c, policy, InformAbout::Extended),
        CaseEvent::Paused(_) if reachable => inform(c, policy, InformAbout::Paused),
        CaseEvent::Declined(_) if reachable => inform(c, policy, InformAbout::Declined),
        CaseEvent::Terminated(_) if reachable => inform(c, policy, InformAbout::Terminated),
        CaseEvent::Referred(event) => {
            if reachable {
                inform(c, policy, InformAbout::Referred)?;
            }
            let mut limit = limits.referral_answer.clone();
            limit.days = event.reply_working_days.or(limit.days);
            c.set_by(Kind::ReferralAnswer, Owner::Unit(event.to.to_string()), None, &limit)
        }
        CaseEvent::ResultReported(_) | CaseEvent::InabilityExplained(_) => {
            c.set_by(Kind::QualityCheck, Owner::Centre, None, &limits.quality_check)?;
            if reachable && policy.closing.feedback_follows == FeedbackFollows::Result {
                c.set_by(Kind::Feedback, Owner::Window, None, &limits.feedback)?;
            }
            Ok(())
        }
        CaseEvent::QualityChecked(event) if event.passed && reachable => call_back(c, policy),
        CaseEvent::ReferralAnswered(_) if reachable => call_back(c, policy),
        CaseEvent::SettledOnTheSpot(event) if !event.rated_at_once && reachable => call_back(c, policy),
        CaseEvent::CalledBack(_) => {
            let owed = c.case.round().is_some_and(|round| round.fed_back_at.is_none()) && !c.is_open(Kind::Feedback);
            if owed { c.set_by(Kind::Feedback, Owner::Window, None, &limits.feedback) } else { Ok(()) }
        }
        CaseEvent::SupervisionIssued(event) => {
            let about = Some(About::Obligation(event.facts.obligation));
            c.set_by(Kind::Supervision, event.to.clone(), about, &limits.supervision)
        }
        CaseEvent::SupervisionDrafted(event) => sign_draft(c, policy, event.draft),
        CaseEvent::CirculationDrafted(event) => sign_draft(c, policy, event.draft),
        _ => Ok(()),
    }
}

fn review(c: &mut Changes<'_>, policy: &Policy) -> Result<(), Refusal> {
    c.set_by(Kind::Review, Owner::Centre, None, &policy.limits.review)
}

fn confer(c: &mut Changes<'_>, policy: &Policy) -> Result<(), Refusal> {
    if c.is_open(Kind::Consultation) {
        return Ok(());
    }
    c.set_by(Kind::Consultation, Owner::Centre, None, &policy.limits.consultation)
}

fn inform(c: &mut Changes<'_>, policy: &Policy, about: InformAbout) -> Result<(), Refusal> {
    c.set_by(Kind::Inform, Owner::Window, Some(About::Inform(about)), &policy.limits.inform)
}

fn call_back(c: &mut Changes<'_>, policy: &Policy) -> Result<(), Refusal> {
    let owner = match policy.closing.call_back_by {
        CallBackBy::Centre => Owner::Centre,
        CallBackBy::Window => Owner::Window,
    };
    c.set_by(Kind::CallBack, owner, None, &policy.limits.call_back)
}

fn sign_draft(c: &mut Changes<'_>, policy: &Policy, draft: u32) -> Result<(), Refusal> {
    c.set_by(Kind::SignDraft, Owner::Manager, Some(About::Draft(draft)), &policy.limits.sign_draft)
}

/// "Reclassified: counted from the first delivery."
fn reclassified(c: &mut Changes<'_>) -> Result<(), Refusal> {
    let Some(round) = c.case.round() else { return Ok(()) };
    let (Some(lead), Some(delivery)) = (round.lead(), &round.delivery) else { return Ok(()) };
    let (lead, from) = (lead.department.clone(), delivery.at);
    c.lead_owes(&lead, from)?;
    if let (Some(promise), true) = (round.promise(), round.plan.is_some()) {
        c.promised(&lead, promise)?;
    }
    Ok(())
}

/// Due times that change while they run.
fn moves(c: &mut Changes<'_>, event: &CaseEvent) -> Result<(), Refusal> {
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
    if days == 0 {
        return Ok(());
    }
    let mut counted = calendar.shift(running.obligation.due, days, hours).map_err(uncounted)?;
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
        } else if running.set_by == entry && running.is_open() {
            if let Some(counted) = recount_from(running, occurred_at, case, c.ctx)? {
                c.move_to(running, counted).from = Some(occurred_at);
            }
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
    let named = running
        .moves
        .iter()
        .rev()
        .find(|moved| matches!(moved.cause.as_str(), "extension_granted" | "promise_revised"));
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
            let lead_due = recount(lead, case, ctx)?.map_or(lead.obligation.due, |counted| counted.due);
            let earliest = ctx.after(from, 1)?.due;
            date(ctx.closing_before(lead_due, days)?.max(earliest).min(lead_due))
        }
    };
    // Days given back after pauses stay given, whatever the calendar says now.
    let after_named = |moved: &&super::Moved| named.is_none_or(|named| !std::ptr::eq(named, *moved));
    for days in running.moves.iter().filter(after_named).filter_map(|moved| moved.given_back_days) {
        let shifted = calendar.shift(counted.due, days, hours).map_err(uncounted)?;
        counted = Counted { provisional: counted.provisional || shifted.provisional, ..shifted };
    }
    Ok(Some(counted))
}

/// 历史件 (domain §8): one obligation, set by the dispatch and met by the reply; nothing else ever runs.
fn historical(c: &mut Changes<'_>, event: &CaseEvent) -> Result<(), Refusal> {
    match event {
        CaseEvent::Dispatched(event) => {
            let from = c.ctx.at;
            c.lead_owes(&event.lead, from)?;
        }
        CaseEvent::ResultReported(_) | CaseEvent::InabilityExplained(_) => c.met(|owed| is_leads(owed.kind)),
        CaseEvent::DeadlineRecomputed(_) => moves(c, event)?,
        _ if c.case.is_ended() => case_ended(c),
        _ => {}
    }
    Ok(())
}

fn answered_by(case: &Case) -> Option<AnswerKind> {
    case.round().and_then(|round| round.answer.as_ref()).map(|answer| answer.kind)
}
