//! How an event changes a line of the ledger. Nothing is decided here: stage, due times and verdicts stand in the events.

use cases::{
    CaseEvent, CaseId, Entry, Instant,
    case::{
        clock::entry_corrected::Mending,
        closing::closed::UnratedReason,
        intake::{accepted::Accepted, merged::MergeSide},
    },
    sealed::Sealed,
};

use super::{Intake, Late, Pause, Row, Said, Stage, Step, StepKind};
use crate::{Number, Recorded, fold::Fold, number::key, recorded::What};

/// The case events whose own fields the ledger reads; of all others it reads the clocks.
pub(super) const CONSUMES: [&str; 32] = [
    "accepted",
    "declined",
    "contact_corrected",
    "merged",
    "split",
    "withdrawn",
    "continued_ex_officio",
    "settled_on_the_spot",
    "submitted",
    "rejected_at_review",
    "dispatched",
    "reassigned",
    "referred",
    "referral_answered",
    "late_entry_approved",
    "late_entry_refused",
    "extension_granted",
    "paused",
    "resumed",
    "entry_corrected",
    "inability_explained",
    "result_reported",
    "reminded",
    "supervision_issued",
    "quality_checked",
    "unreachable_established",
    "called_back",
    "rated",
    "returned_for_rework",
    "closed",
    "terminated",
    "reopened",
];

/// What the ledger shows of persons. The narrative (诉求内容) is not among it: it is read where a case is, from the log.
pub(super) const TEXTS: [(&str, &str); 14] = [
    ("accepted", "/data/name"),
    ("accepted", "/data/contact_person"),
    ("accepted", "/data/telephone"),
    ("accepted", "/data/address"),
    ("accepted", "/data/summary"),
    ("contact_corrected", "/data/contact_person"),
    ("contact_corrected", "/data/telephone"),
    ("contact_corrected", "/data/address"),
    ("settled_on_the_spot", "/data/result"),
    ("referral_answered", "/data/answer"),
    ("entry_corrected", "/data/mending/value"),
    ("inability_explained", "/data/reason"),
    ("inability_explained", "/data/basis"),
    ("result_reported", "/data/text"),
];

/// The case's own row, and those of the cases that it names.
pub(super) fn keys(fact: &Recorded) -> Vec<String> {
    let Some((id, entry)) = fact.case() else { return Vec::new() };
    let others: &[CaseId] = match &entry.event {
        CaseEvent::Merged(event) => &[event.with],
        CaseEvent::Accepted(event) => event.split_from.as_slice(),
        _ => &[],
    };
    std::iter::once(&id).chain(others).map(|id| key(*id)).collect()
}

pub(super) fn project(fold: &mut Fold<Row>, fact: &Recorded) -> bool {
    let (id, entry) = match &fact.what {
        What::Centre(entry) => return fold.set_up.apply(&entry.event),
        What::Case(id, entry) => (*id, entry),
    };
    let number = matches!(entry.event, CaseEvent::Accepted(_)).then(|| Number::draw(fold, entry.note.occurred_at));
    let is_silent = entry.clocks.is_empty() && entry.note.late.is_none();
    if is_silent && !CONSUMES.contains(&fact.kind()) {
        return false;
    }
    let link = link(fold, &entry.event);
    let row = fold.row(&key(id));
    row.number = row.number.or(number);
    row.linked.extend(link);
    if entry.note.late.is_some() {
        let approved = entry.note.late.as_ref().and_then(|late| late.approved_by.as_ref()).map(|_| true);
        row.late.push(Late { version: fact.version, approved });
    }
    let had_arm = row.take(fact.version, entry);
    row.clocks.apply(&entry.clocks);
    had_arm
}

/// What this case has to do with another, by the other's number.
fn link(fold: &Fold<Row>, event: &CaseEvent) -> Option<String> {
    let name = |id: CaseId| {
        let number = fold.get(&key(id)).and_then(|row| row.number);
        number.map_or_else(|| "另一件".to_owned(), |number| format!("{}年第{}号", number.year, number.no))
    };
    match event {
        CaseEvent::Merged(event) if event.side == MergeSide::Absorbed => Some(format!("并入{}", name(event.with))),
        CaseEvent::Merged(event) => Some(format!("并单：{}并入", name(event.with))),
        CaseEvent::Accepted(event) => event.split_from.map(|from| format!("自{}拆出", name(from))),
        CaseEvent::Split(event) => Some(format!("拆出{}件", event.into.len())),
        _ => None,
    }
}

impl Row {
    fn take(&mut self, version: u64, entry: &Entry<CaseEvent>) -> bool {
        let at = entry.note.judged_at();
        match &entry.event {
            CaseEvent::Accepted(event) => self.accepted(event, entry),
            CaseEvent::ContactCorrected(event) => {
                let Some(intake) = &mut self.intake else { return true };
                intake.anonymous = false;
                replace(&mut intake.contact_person, event.contact_person.as_ref());
                replace(&mut intake.telephone, event.telephone.as_ref());
                replace(&mut intake.address, event.address.as_ref());
            }
            CaseEvent::EntryCorrected(event) => self.mend(&event.mending),
            CaseEvent::Submitted(_) => self.stage = Stage::InReview,
            CaseEvent::RejectedAtReview(_) => self.stage = Stage::Accepted,
            CaseEvent::SettledOnTheSpot(event) => {
                self.stage = Stage::Settled;
                self.say(version, at, event.result.text().to_owned());
            }
            CaseEvent::Dispatched(event) => {
                self.stage = Stage::InHand;
                self.lead = Some(event.lead.clone());
                self.co.clone_from(&event.co_departments);
                // What was settled did not hold, or it would not be sent out.
                self.take_back_results();
                self.step(version, at, StepKind::Sent);
            }
            CaseEvent::Reassigned(event) => {
                if event.lead {
                    self.lead = Some(event.to.clone());
                } else {
                    self.co.retain(|co| *co != event.from);
                    self.co.push(event.to.clone());
                }
                self.step(version, at, StepKind::Sent);
            }
            CaseEvent::Referred(event) => self.stage = Stage::Referred(event.to.to_string()),
            CaseEvent::ReferralAnswered(event) => {
                self.stage = Stage::Answered;
                self.say(version, at, event.answer.text().to_owned());
            }
            CaseEvent::LateEntryApproved(event) => self.counts_from(event.entry, event.occurred_at),
            CaseEvent::LateEntryRefused(event) => self.decide_late(event.entry, false),
            CaseEvent::ExtensionGranted(event) => self.extended.push(event.to),
            CaseEvent::Paused(event) => {
                self.paused = true;
                self.pauses.push(Pause { from: at, to: event.until, reason: event.reason });
            }
            CaseEvent::Resumed(event) => {
                self.paused = false;
                self.pauses.iter_mut().next_back().into_iter().for_each(|pause| pause.to = event.ended_at);
            }
            CaseEvent::InabilityExplained(event) => {
                self.stage = Stage::Reported;
                self.say(version, at, format!("办不了：{}（依据：{}）", event.reason.text(), event.basis.text()));
            }
            CaseEvent::ResultReported(event) => {
                self.stage = Stage::Reported;
                self.say(version, at, event.text.text().to_owned());
            }
            CaseEvent::Reminded(_) => self.step(version, at, StepKind::Reminded),
            CaseEvent::SupervisionIssued(_) => self.step(version, at, StepKind::Supervised),
            CaseEvent::QualityChecked(event) => {
                if event.passed {
                    self.stage = Stage::Answered;
                }
            }
            CaseEvent::UnreachableEstablished(_) => self.unreachable = true,
            CaseEvent::CalledBack(_) => {
                self.unreachable = false;
                self.step(version, at, StepKind::CalledBack);
            }
            CaseEvent::Rated(event) => {
                self.rating = Some(event.rating);
                if !event.satisfied && self.stage == Stage::Settled {
                    self.stage = Stage::InReview;
                }
            }
            CaseEvent::ReturnedForRework(_) => {
                self.stage = Stage::InHand;
                self.take_back_results();
                self.round += 1;
                self.step(version, at, StepKind::Returned);
            }
            CaseEvent::Closed(event) => self.stage = Stage::Closed(event.unrated),
            CaseEvent::Terminated(event) => self.stage = Stage::Terminated(event.ground),
            CaseEvent::Declined(event) => self.stage = Stage::Declined(event.ground),
            CaseEvent::Withdrawn(_) => self.stage = Stage::Withdrawn,
            CaseEvent::Merged(event) => {
                if event.side == MergeSide::Absorbed {
                    self.stage = Stage::Merged;
                }
            }
            // The link says it all.
            CaseEvent::Split(_) => {}
            CaseEvent::ContinuedExOfficio(_) => {
                (self.stage, self.paused, self.ex_officio) = (Stage::InReview, false, true);
            }
            CaseEvent::Reopened(_) => {
                (self.stage, self.paused, self.unreachable) = (Stage::InReview, false, false);
                self.reopened += 1;
                self.round += 1;
            }
            _ => return false,
        }
        true
    }

    fn accepted(&mut self, event: &Accepted, entry: &Entry<CaseEvent>) {
        let text = |sealed: &Option<Sealed>| sealed.as_ref().map(|sealed| sealed.text().to_owned());
        self.stage = Stage::Accepted;
        self.historical = event.historical;
        self.intake = Some(Intake {
            accepted_at: entry.note.occurred_at,
            raised_at: event.raised_at,
            channel: event.channel,
            category: event.category,
            is_unit: event.is_unit,
            anonymous: event.anonymous,
            name: text(&event.name),
            contact_person: text(&event.contact_person),
            telephone: text(&event.telephone),
            address: text(&event.address),
            summary: event.summary.text().to_owned(),
            policy: entry.note.policy.clone(),
        });
    }

    fn mend(&mut self, mending: &Mending<Sealed>) {
        if let Mending::Rating(rating) = mending {
            self.rating = Some(*rating);
        }
        let Some(intake) = &mut self.intake else { return };
        match mending {
            Mending::Summary(text) => text.text().clone_into(&mut intake.summary),
            Mending::Name(text) => intake.name = Some(text.text().to_owned()),
            Mending::Category(category) => intake.category = *category,
            Mending::Channel(channel) => intake.channel = *channel,
            Mending::RaisedAt(at) => intake.raised_at = *at,
            Mending::Narrative(_) | Mending::SubCategory(_) | Mending::Rating(_) => {}
        }
    }

    fn step(&mut self, version: u64, at: Instant, what: StepKind) {
        self.steps.push(Step { version, at, what });
    }

    fn say(&mut self, version: u64, at: Instant, text: String) {
        self.results.push(Said { version, round: self.round, at, text });
    }

    /// Of this round: an earlier one's may stand.
    fn take_back_results(&mut self) {
        self.results.retain(|said| said.round != self.round);
    }

    /// 补录获准: whatever the entry wrote down happened when it says that it did.
    fn counts_from(&mut self, version: u64, occurred_at: Instant) {
        self.decide_late(version, true);
        let steps = self.steps.iter_mut().filter(|step| step.version == version).map(|step| &mut step.at);
        let said = self.results.iter_mut().filter(|said| said.version == version).map(|said| &mut said.at);
        steps.chain(said).for_each(|at| *at = occurred_at);
    }

    fn decide_late(&mut self, version: u64, approved: bool) {
        for late in self.late.iter_mut().filter(|late| late.version == version) {
            late.approved = Some(approved);
        }
    }

    /// Why there is no rating, where there will be none.
    pub(super) fn unrated(&self) -> Option<UnratedReason> {
        match self.stage {
            Stage::Closed(reason) => reason,
            _ if self.intake.as_ref().is_some_and(|intake| intake.anonymous) => Some(UnratedReason::Anonymous),
            _ => self.unreachable.then_some(UnratedReason::Unreachable),
        }
    }
}

fn replace(field: &mut Option<String>, new: Option<&Sealed>) {
    if let Some(new) = new {
        *field = Some(new.text().to_owned());
    }
}
