//! The domain's table (§5) as code: which event sets which obligation, and which one ends it.
//!
//! Read it beside the table. `changes` gets the case as the event leaves it and answers what happens to the clocks; the
//! answer is written into the event and never decided again.

use super::{
    About, ClockChanges, InformAbout, Obligation, ObligationKind as Kind, Owner, Running,
    changes::{Changes, is_owned_by},
    handling::is_leads,
    moves,
};
use crate::{
    case::{Case, CaseEvent, Context, Stage, intake::merged::MergeSide, round::AnswerKind},
    entry::EventSet,
    ids::DepartmentId,
    policy::{CallBackBy, FeedbackFollows, Policy},
    refusal::Refusal,
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
    moves::moves(&mut c, event)?;
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
        CaseEvent::RejectedAtReview(_) => c.met_kind(Kind::Review),
        CaseEvent::Dispatched(_) => {
            c.met_kind(Kind::Review);
            taken_back(c);
        }
        CaseEvent::Referred(_) => {
            c.met_kind(Kind::Review);
            taken_back(c);
            c.unmet(|owed| owed.kind == Kind::Consultation);
        }
        CaseEvent::Reassigned(event) => {
            c.met_kind(Kind::Review);
            let case = c.case;
            c.unmet(|owed| is_owned_by(owed, &event.from) || was_asked_by(owed, &event.from, case));
        }
        CaseEvent::Consulted(_) => c.met_kind(Kind::Consultation),
        // "A second dispute in the case: only 会商 is accepted next": the first one's decision has nothing left to say.
        CaseEvent::AssignmentDisputed(event) if event.no > 1 => c.unmet(|owed| owed.kind == Kind::DisputeDecision),
        CaseEvent::Classified(_) if !c.case.is_several_departments() => c.unmet(|owed| owed.kind == Kind::Consultation),
        CaseEvent::DisputeDecided(event) => {
            c.met_or_lapsed(|owed| owed.about == Some(About::Dispute(event.dispute)));
        }
        CaseEvent::ExtensionGranted(_) | CaseEvent::ExtensionRefused(_) => {
            c.met_or_lapsed(|owed| owed.kind == Kind::ExtensionDecision);
        }
        CaseEvent::Reclassified(_) => {
            c.unmet(|owed| is_leads(owed.kind) || matches!(owed.kind, Kind::CoReply | Kind::ExtensionDecision));
        }
        CaseEvent::PlanProposed(_) | CaseEvent::Promised(_) => c.plan_if_complete(),
        CaseEvent::ComplainantInformed(event) => {
            c.met(|owed| owed.about == Some(About::Inform(event.about)));
            c.plan_if_complete();
        }
        CaseEvent::PartialReplyGiven(event) => {
            c.met(|owed| owed.kind == Kind::CoReply && is_owned_by(owed, &event.department));
        }
        // A result answers whatever the lead owed. Co-departments that said nothing are late or let off; whose work it
        // was is no question any more.
        CaseEvent::ResultReported(_) | CaseEvent::InabilityExplained(_) => {
            c.met(|owed| is_leads(owed.kind));
            c.unmet(|owed| {
                matches!(owed.kind, Kind::CoReply | Kind::SignFor | Kind::Review | Kind::Consultation)
                    || matches!(owed.kind, Kind::ExtensionDecision | Kind::DisputeDecision)
            });
        }
        CaseEvent::QualityChecked(_) => c.met_kind(Kind::QualityCheck),
        CaseEvent::CalledBack(_) => c.met_kind(Kind::CallBack),
        CaseEvent::UnreachableEstablished(_) => {
            c.met_kind(Kind::CallBack);
            c.unmet(|owed| owed.kind == Kind::Feedback);
        }
        CaseEvent::Rated(event) => {
            if answered_by(c.case) == Some(AnswerKind::Settled) {
                c.met_kind(Kind::CallBack);
            }
            if event.satisfied && matches!(c.case.stage, Stage::Answered) {
                c.unmet(|owed| owed.kind == Kind::Review);
            }
        }
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

/// The work goes elsewhere: whoever had it owes nothing more (after an upheld dispute; else nobody had it).
fn taken_back(c: &mut Changes<'_>) {
    c.unmet(|owed| {
        matches!(owed.owner, Owner::Department(_))
            || matches!(owed.kind, Kind::ExtensionDecision | Kind::DisputeDecision)
    });
}

/// A decision that this department waited for.
fn was_asked_by(owed: &Obligation, department: &DepartmentId, case: &Case) -> bool {
    match owed.about {
        Some(About::Obligation(no)) if owed.kind == Kind::ExtensionDecision => {
            case.clocks.get(no).is_some_and(|running| is_owned_by(&running.obligation, department))
        }
        Some(About::Dispute(no)) => case.disputes.iter().any(|d| d.no == no && d.department == *department),
        _ => false,
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
        CaseEvent::Classified(_) if policy.review.consultation_when_several && c.case.is_several_departments() => {
            confer(c, policy)
        }
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
        // The wait for a contact is over: whoever was anonymous can be called now.
        CaseEvent::ContactCorrected(_) if reachable && is_to_be_called(c) => call_back(c, policy),
        // A letter about what was done meanwhile requires nothing any more.
        CaseEvent::SupervisionIssued(event)
            if c.case.clocks.get(event.facts.obligation).is_some_and(Running::is_open) =>
        {
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

fn is_to_be_called(c: &Changes<'_>) -> bool {
    let unheard = c.case.round().is_some_and(|round| round.called_back_at.is_none() && round.rating.is_none());
    unheard
        && matches!(c.case.stage, Stage::Answered | Stage::Settled)
        && !c.case.unreachable
        && !c.is_open(Kind::CallBack)
}

fn sign_draft(c: &mut Changes<'_>, policy: &Policy, draft: u32) -> Result<(), Refusal> {
    c.set_by(Kind::SignDraft, Owner::Manager, Some(About::Draft(draft)), &policy.limits.sign_draft)
}

/// "Reclassified: counted from the first delivery."
fn reclassified(c: &mut Changes<'_>) -> Result<(), Refusal> {
    let Some(round) = c.case.round() else { return Ok(()) };
    let Some(lead) = round.lead() else { return Ok(()) };
    // A plan that was proposed and told stays proposed and told.
    let planned = c.is_planned() && c.form_has_plan()?;
    let due = if planned { None } else { c.lead_owes(&lead.department, lead.delivered_at)? };
    // A promise made before binds under the new kind too.
    if let Some(promise) = round.promise() {
        c.promised(&lead.department, promise)?;
    }
    let due = due.or(round.promise());
    let silent = round.active().filter(|co| !co.lead && !round.partial_replies.contains(&co.department));
    silent.map(|co| (&co.department, co.delivered_at)).try_for_each(|(co, from)| c.co_owes(co, from, due))
}

/// 历史件 (domain §8): one obligation, set by the dispatch and met by the reply; nothing else ever runs.
fn historical(c: &mut Changes<'_>, event: &CaseEvent) -> Result<(), Refusal> {
    match event {
        CaseEvent::Dispatched(event) => {
            let from = c.ctx.at;
            c.lead_owes(&event.lead, from)?;
        }
        CaseEvent::ResultReported(_) | CaseEvent::InabilityExplained(_) => c.met(|owed| is_leads(owed.kind)),
        CaseEvent::DeadlineRecomputed(_) => moves::moves(c, event)?,
        _ if c.case.is_ended() => case_ended(c),
        _ => {}
    }
    Ok(())
}

fn answered_by(case: &Case) -> Option<AnswerKind> {
    case.round().and_then(|round| round.answer.as_ref()).map(|answer| answer.kind)
}
