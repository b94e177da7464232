//! 诉求件: the aggregate. The two enums, the two matches, and the frame around every decision.
//!
//! Each step has a file of its own with its command, its event, its rule and its tests; the folders follow the
//! stages of the domain's table of actions. To add one, see `docs/adding-an-event.md`.

pub mod clock;
pub mod closing;
pub mod dispatch;
pub mod escalation;
pub mod handling;
pub mod intake;
pub mod persons;
pub mod referral;
pub mod review;
pub mod round;
pub mod state;
pub mod sweep;
pub mod triage;

pub(crate) mod context;
mod guards;

use std::collections::BTreeMap;

pub use context::Context;
pub use state::{Case, End, Stage};

use crate::{
    catalogue::{commands, events},
    command::CaseCommandLine,
    entry::{DecodeError, Entry, EventSet, LateClaim, Moment, Note},
    ids::CaseId,
    obligation::table,
    people::Role,
    refusal::Refusal,
};

/// Something that has a stream of its own: a case, or a centre.
pub trait Aggregate {
    /// Its events.
    type Event;
}

impl Aggregate for Case {
    type Event = CaseEvent;
}

/// A command: who may give it, and what it decides.
pub trait Step<S: Aggregate = Case> {
    /// The command's name on the wire.
    const NAME: &'static str;
    /// Who may give it.
    const ROLES: &'static [Role];

    /// The events that follow, none if the thing was already so. Pure: everything it needs is in its arguments.
    fn decide(&self, state: &S, ctx: &Context<'_>) -> Result<Vec<S::Event>, Refusal>;

    /// Events on other cases of the same centre, in the same append (并单, 拆单).
    fn decide_elsewhere(&self, _: &S, _: &Context<'_>) -> Result<Vec<(CaseId, CaseEvent)>, Refusal> {
        Ok(Vec::new())
    }

    /// The other cases that have to be loaded for that.
    fn others(&self) -> Vec<CaseId> {
        Vec::new()
    }
}

/// An event. Its struct is a storage format: a changed shape is a new version with an upcast.
pub trait Fact<S = Case> {
    /// The type's name in the log.
    const TYPE: &'static str;
    /// The version of its shape, from 1.
    const VERSION: u16 = 1;

    /// The present shape of an event that an older version wrote; `None` where that version is not known.
    fn upcast(_version: u16, _data: serde_json::Value) -> Option<serde_json::Value> {
        None
    }

    /// What the case or centre is after it. No rule, no failure.
    fn evolve(&self, state: &mut S, at: &Moment<'_>);
}

events! {
    /// An event of a case, in the order of the domain's table of actions.
    CaseEvent of Case {
    // intake
    Accepted = intake::accepted,
    Declined = intake::declined,
    AmendmentRequested = intake::amended,
    Amended = intake::amended,
    AttachmentAdded = intake::attachment_added,
    ContactCorrected = intake::contact_corrected,
    SuspectedRepeatNoted = intake::suspected_repeat_noted,
    Merged = intake::merged,
    Split = intake::split,
    Withdrawn = intake::withdrawn,
    ContinuedExOfficio = intake::withdrawn,
    // triage
    Classified = triage::classified,
    Reclassified = triage::reclassified,
    SettledOnTheSpot = triage::settled_on_the_spot,
    Submitted = triage::submitted,
    // review
    Signed = review::signed,
    RejectedAtReview = review::rejected_at_review,
    Consulted = review::consulted,
    // dispatch
    Dispatched = dispatch::dispatched,
    HandlerAssigned = dispatch::handler_assigned,
    SignedFor = dispatch::signed_for,
    AssignmentDisputed = dispatch::disputed,
    DisputeDecided = dispatch::disputed,
    Reassigned = dispatch::reassigned,
    Recused = dispatch::recused,
    // referral
    Referred = referral::referred,
    ComplainantInformed = referral::complainant_informed,
    ReminderLetterSent = referral::reminder_letter_sent,
    ReferralAnswered = referral::referral_answered,
    // clock
    LateEntryApproved = clock::late_entry,
    LateEntryRefused = clock::late_entry,
    ExtensionRequested = clock::extension,
    ExtensionGranted = clock::extension,
    ExtensionRefused = clock::extension,
    Paused = clock::pause,
    Resumed = clock::pause,
    DeadlineRecomputed = clock::deadline_recomputed,
    EntryCorrected = clock::entry_corrected,
    // handling
    PlanProposed = handling::plan_proposed,
    Promised = handling::promised,
    PromiseRevised = handling::promised,
    ProgressReported = handling::progress_reported,
    PartialReplyGiven = handling::partial_reply_given,
    InabilityExplained = handling::inability_explained,
    ResultReported = handling::result_reported,
    // escalation
    Reminded = escalation::reminded,
    SupervisionDrafted = escalation::supervision,
    SupervisionIssued = escalation::supervision,
    SupervisionAnswered = escalation::supervision_answered,
    CirculationDrafted = escalation::circulation,
    Circulated = escalation::circulation,
    ReportedToGovernment = escalation::circulation,
    CopiedToDiscipline = escalation::circulation,
    CopyAcknowledged = escalation::copy_acknowledged,
    EscalationWithheld = escalation::withheld,
    EscalationCorrected = escalation::corrected,
    ReportedToParent = escalation::reported_to_parent,
    RoutineCopySent = escalation::routine_copy_sent,
    // closing
    QualityChecked = closing::quality_checked,
    CallBackAttempted = closing::call_back,
    UnreachableEstablished = closing::call_back,
    CalledBack = closing::call_back,
    Rated = closing::rated,
    ReturnedForRework = closing::returned_for_rework,
    FedBack = closing::fed_back,
    Closed = closing::closed,
    Terminated = closing::terminated,
    Reopened = closing::reopened,
    // persons
    ErasureRequested = persons::erasure,
    ErasureAgreed = persons::erasure,
    ErasureCompleted = persons::erasure,
    ProcessingRestricted = persons::erasure,
    LegalHoldPlaced = persons::legal_hold,
    LegalHoldLifted = persons::legal_hold,
    }
}

commands! {
    /// A command on a case.
    CaseCommand of Case {
    // intake
    Accept = intake::accepted,
    Decline = intake::declined,
    RequestAmendment = intake::amended,
    Amend = intake::amended,
    AddAttachment = intake::attachment_added,
    CorrectContact = intake::contact_corrected,
    NoteSuspectedRepeat = intake::suspected_repeat_noted,
    Merge = intake::merged,
    SplitCase = intake::split,
    Withdraw = intake::withdrawn,
    ContinueExOfficio = intake::withdrawn,
    // triage
    Classify = triage::classified,
    Reclassify = triage::reclassified,
    SettleOnTheSpot = triage::settled_on_the_spot,
    Submit = triage::submitted,
    // review
    Sign = review::signed,
    RejectAtReview = review::rejected_at_review,
    Consult = review::consulted,
    // dispatch
    Dispatch = dispatch::dispatched,
    AssignHandler = dispatch::handler_assigned,
    SignFor = dispatch::signed_for,
    DisputeAssignment = dispatch::disputed,
    DecideDispute = dispatch::disputed,
    Reassign = dispatch::reassigned,
    Recuse = dispatch::recused,
    // referral
    Refer = referral::referred,
    InformComplainant = referral::complainant_informed,
    SendReminderLetter = referral::reminder_letter_sent,
    RecordReferralAnswer = referral::referral_answered,
    // clock
    ApproveLateEntry = clock::late_entry,
    RefuseLateEntry = clock::late_entry,
    RequestExtension = clock::extension,
    GrantExtension = clock::extension,
    RefuseExtension = clock::extension,
    PauseCase = clock::pause,
    Resume = clock::pause,
    RecomputeDeadlines = clock::deadline_recomputed,
    CorrectEntry = clock::entry_corrected,
    // handling
    ProposePlan = handling::plan_proposed,
    Promise = handling::promised,
    RevisePromise = handling::promised,
    ReportProgress = handling::progress_reported,
    GivePartialReply = handling::partial_reply_given,
    ExplainInability = handling::inability_explained,
    ReportResult = handling::result_reported,
    // escalation
    Remind = escalation::reminded,
    DraftSupervision = escalation::supervision,
    IssueSupervision = escalation::supervision,
    AnswerSupervision = escalation::supervision_answered,
    DraftCirculation = escalation::circulation,
    Circulate = escalation::circulation,
    AcknowledgeCopy = escalation::copy_acknowledged,
    WithholdEscalation = escalation::withheld,
    CorrectEscalation = escalation::corrected,
    ReportToParent = escalation::reported_to_parent,
    SendRoutineCopy = escalation::routine_copy_sent,
    // closing
    CheckQuality = closing::quality_checked,
    AttemptCallBack = closing::call_back,
    EstablishUnreachable = closing::call_back,
    CallBack = closing::call_back,
    Rate = closing::rated,
    ReturnForRework = closing::returned_for_rework,
    FeedBack = closing::fed_back,
    Close = closing::closed,
    Terminate = closing::terminated,
    Reopen = closing::reopened,
    // persons
    RequestErasure = persons::erasure,
    AgreeErasure = persons::erasure,
    CompleteErasure = persons::erasure,
    PlaceLegalHold = persons::legal_hold,
    LiftLegalHold = persons::legal_hold,
    }
}

/// The entries that a command decided, by case, in order; empty if it was already so or already done.
pub type Decided = Vec<(CaseId, Entry<CaseEvent>)>;

/// Decides a command. `case` is the case it names, `ctx` all else that a rule may ask.
///
/// The frame is the same for every step: idempotency, expected version, role, recusal, times; then the step's own
/// rule; then, event by event, what it does to the clocks.
pub fn decide(line: &CaseCommandLine, case: &Case, ctx: &Context<'_>) -> Result<Decided, Refusal> {
    Ok(grow(line, case.clone(), ctx)?.0)
}

/// The same, and the cases as the events leave them: whoever decides the next command on them need not fold them in again.
pub fn grow(
    line: &CaseCommandLine,
    case: Case,
    ctx: &Context<'_>,
) -> Result<(Decided, BTreeMap<CaseId, Case>), Refusal> {
    if let Some(done) = case.commands.get(&line.cause.id) {
        return if *done == line.cause.digest {
            Ok((Vec::new(), BTreeMap::from([(line.case, case)])))
        } else {
            Err(Refusal::CommandIdReused {})
        };
    }
    if let Some(expected) = line.version.filter(|expected| *expected != case.version) {
        return Err(Refusal::VersionChanged { expected, actual: case.version });
    }
    guards::frame(&line.command, &case, ctx)?;
    line.late.iter().try_for_each(|claim| guards::said(&claim.reason, "补录的理由"))?;
    let own = line.command.decide(&case, ctx)?;
    let elsewhere = line.command.decide_elsewhere(&case, ctx)?;

    let mut grown = BTreeMap::from([(line.case, case)]);
    let mut decided = Vec::new();
    for (id, event) in own.into_iter().map(|event| (line.case, event)).chain(elsewhere) {
        let target = grown.entry(id).or_insert_with(|| ctx.others.get(&id).cloned().unwrap_or_else(|| Case::new(id)));
        let note = Note {
            by: line.by.clone(),
            occurred_at: ctx.occurred_at,
            decided_at: ctx.now,
            command: line.cause.clone(),
            policy: Some(ctx.policy(target)?.reference()),
            calendar: ctx.centre.newest_calendar(),
            late: line.late.as_ref().map(|claim| LateClaim {
                reason: target.sealed(&claim.reason),
                evidence: claim.evidence.clone(),
                approved_by: claim.approved_by.clone(),
            }),
        };
        let mut entry = Entry { note, event, clocks: Default::default() };
        // The clocks are decided on the case as the event leaves it: who is assigned, which round it is.
        evolve_event(target, &entry);
        entry.clocks = table::changes(target, &entry.event, ctx)?;
        target.clocks.apply(&entry.clocks, target.version);
        decided.push((id, entry));
    }
    Ok((decided, grown))
}

/// The case after one more entry.
pub fn evolve(case: &mut Case, entry: &Entry<CaseEvent>) {
    evolve_event(case, entry);
    case.clocks.apply(&entry.clocks, case.version);
}

fn evolve_event(case: &mut Case, entry: &Entry<CaseEvent>) {
    case.version += 1;
    let note = &entry.note;
    let moment = Moment { version: case.version, occurred_at: note.occurred_at, at: note.judged_at(), by: &note.by };
    if case.policy.is_none() {
        case.policy.clone_from(&note.policy);
    }
    case.commands.insert(note.command.id, note.command.digest.clone());
    let late = note.is_late().then(|| state::Late {
        evidence: note.late.as_ref().map(|claim| claim.evidence.clone()),
        approved: note.late.as_ref().and_then(|claim| claim.approved_by.as_ref()).map(|_| true),
        claimed: note.late.is_some(),
    });
    let known = state::EntryNote {
        kind: entry.event.type_name(),
        by: note.by.clone(),
        occurred_at: note.occurred_at,
        recorded_at: note.decided_at,
        late,
    };
    case.entries.insert(case.version, known);
    entry.event.evolve(case, &moment);
}

/// A case from its whole history.
pub fn replay<'a>(id: CaseId, entries: impl IntoIterator<Item = &'a Entry<CaseEvent>>) -> Case {
    let mut case = Case::new(id);
    entries.into_iter().for_each(|entry| evolve(&mut case, entry));
    case
}
