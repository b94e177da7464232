//! What one row says, and what it comes to: a function of the row, its case and the centre.

use std::sync::Arc;

use cases::{
    Case, CaseCommand, CaseId, Centre, Context, Instant, Refusal,
    case::{
        self,
        dispatch::dispatched::Dispatch,
        handling::{inability_explained::ExplainInability, result_reported::ReportResult},
        intake::{
            accepted::Accept,
            suspected_repeat_noted::{NoteSuspectedRepeat, RepeatBasis},
        },
        triage::{Kind, classified::Classify},
    },
    command::{CaseCommandLine, LateFields, hash},
    entry::Cause,
    ids::{ActorId, FileHash},
    people::{Actor, Office, Role},
};
use event_log::{Append, Clock, Priority};
use import::{Mapping, Row};

use super::Step;
use crate::{blinds::Blinds, engine::EngineError, wire};

/// All that a row's commands depend on beside the row.
pub(super) struct Rows {
    pub(super) centre: Arc<Centre>,
    pub(super) mapping: Mapping,
    pub(super) evidence: FileHash,
    pub(super) by: Actor,
}

/// What a row comes to before anything is written.
pub(super) struct Decided {
    /// What its steps decided, up to the one that was refused; none if nothing is new.
    pub(super) append: Option<Append>,
    /// Whether its acceptance is new; none if that was refused.
    pub(super) accepted: Option<bool>,
    pub(super) refusal: Option<Refusal>,
}

impl Rows {
    /// The row's case.
    pub(super) fn case(&self, row: &Row) -> CaseId {
        self.case_of(&row.external.number)
    }

    fn case_of(&self, number: &str) -> CaseId {
        CaseId::of_external(&self.centre.code, &self.mapping.source, number)
    }

    /// Decides the row's steps one after the other, on the case as it stands. They are appended together: a row is in up to
    /// the step that was refused, and no cut leaves it elsewhere.
    pub(super) fn decide(
        &self,
        row: &Row,
        mut case: Case,
        (now, clock): (Instant, Clock),
        blinds: &Blinds,
    ) -> Result<Decided, EngineError> {
        let (others, found) = (Default::default(), case.version);
        let mut decided = Decided { append: None, accepted: None, refusal: None };
        let mut events = Vec::new();
        let steps = if self.centre.version == 0 { Err(Refusal::CentreNotOpen {}) } else { self.steps(row) };
        let steps = steps.unwrap_or_else(|refusal| {
            decided.refusal = Some(refusal);
            Vec::new()
        });
        let id = case.id;
        for step in steps {
            let line = blinds.line(&self.line(row, step));
            let entries = match case::grow(&line, case, &Context::of_case(&self.centre, &line, now, &others)) {
                Ok((entries, mut grown)) => {
                    case = grown.remove(&id).unwrap_or_else(|| Case::new(id));
                    entries
                }
                Err(refusal) => {
                    decided.refusal = Some(refusal);
                    break;
                }
            };
            decided.accepted.get_or_insert(!entries.is_empty());
            for (id, entry) in &entries {
                events.push(wire::new_event(id.0, entry)?);
            }
        }
        if !events.is_empty() {
            let (centre, expected) = (wire::log_centre(&self.centre.code), vec![(id.0, found)]);
            let (counters, priority) = (Vec::new(), Priority::Import);
            decided.append = Some(Append { centre, events, expected, clock, counters, priority });
        }
        Ok(decided)
    }

    pub(super) fn line(&self, row: &Row, step: Step) -> CaseCommandLine {
        let case = self.case(row);
        let id = case.rule_command(&format!("import:{}", step.name));
        // What the row says, not what the file around it is: a longer file with the same row is the same row.
        let digest = hash(format!("{}:{}", step.name, row.content_hash).as_bytes());
        let (mut occurred_at, mut late) = (None, None);
        if let Some(history) = &self.mapping.historical {
            let approved_by = Some(person(&history.approved_by, Role::CentreManager, Office::Centre));
            occurred_at = Some(step.at);
            late = Some(LateFields { reason: history.reason.clone(), evidence: self.evidence.clone(), approved_by });
        }
        CaseCommandLine {
            case,
            centre: self.centre.code.clone(),
            version: None,
            by: step.by,
            occurred_at,
            recorded_at: None,
            late,
            cause: Cause { id, digest },
            command: step.command,
        }
    }

    /// What a row says, in order. Acceptance is when it was accepted, else when it was raised; dispatch, where the source
    /// has no time for it, at acceptance.
    pub(super) fn steps(&self, row: &Row) -> Result<Vec<Step>, Refusal> {
        let history = self.mapping.historical.as_ref();
        let hours = &self.centre.hours;
        let uncounted = |fault: cases::calendar::CalendarError| Refusal::CannotCount { reason: fault.to_string() };
        let raised_at = row.raised_at.map(|when| when.or_opening(hours)).transpose().map_err(uncounted)?;
        let accepted_at = row.accepted_at.map(|when| when.or_opening(hours)).transpose().map_err(uncounted)?;
        let accept = Accept {
            channel: self.mapping.channel,
            external: Some(row.external.clone()),
            complainant: row.complainant.clone(),
            category: row.category,
            sub_category: row.sub_category.clone(),
            summary: row.summary.clone(),
            narrative: row.narrative.clone(),
            raised_at: raised_at.or(accepted_at),
            complained_about: Vec::new(),
            lookup_code_hash: None,
            historical: history.is_some(),
        };
        let at = accepted_at.or(raised_at).unwrap_or_else(crate::clock::now);
        let enters = |office: Office| match history {
            Some(history) => person(&history.entered_by, Role::SystemAdministrator, office),
            None => self.by.clone(),
        };
        let step = |name, by, at, command: CaseCommand| Step { name, by, at, command };
        let mut steps = vec![step("accept", enters(Office::Centre), at, accept.into())];
        if let Some(number) = &row.repeats {
            let note = NoteSuspectedRepeat { of: self.case_of(number), basis: RepeatBasis::SameText };
            let by = if history.is_some() { enters(Office::Centre) } else { Actor::system() };
            steps.push(step("repeat", by, at, note.into()));
        }
        // Without history the kind and the department are for people to find.
        let (Some(found), Some(department), true) = (row.classification, &row.department, history.is_some()) else {
            return Ok(steps);
        };
        let classify = Classify { kind: found.kind, ground: found.ground, departments: vec![], several_levels: false };
        steps.push(step("classify", enters(Office::Centre), at, classify.into()));
        let dispatched_at = row.dispatched_at.map(|when| when.or_opening(hours)).transpose().map_err(uncounted)?;
        let dispatched_at = dispatched_at.unwrap_or(at).max(at);
        let dispatch = Dispatch {
            lead: department.code.clone(),
            co_departments: vec![],
            limit_working_days: row.limit_working_days.or(self.mapping.limit_working_days),
            contact: None,
            urged_by: None,
        };
        steps.push(step("dispatch", enters(Office::Centre), dispatched_at, dispatch.into()));
        if let Some(reply) = &row.reply {
            // A date without a time counts as closing time; answered "that day" is not answered before it was raised.
            let replied_at = reply.at.or_closing(hours).map_err(uncounted)?.max(dispatched_at);
            let office = Office::Department(department.code.clone());
            let command: CaseCommand = if found.kind == Kind::CannotBeDone {
                ExplainInability { reason: reply.text.clone(), basis: "见答复原文".to_owned() }.into()
            } else {
                ReportResult { text: reply.text.clone() }.into()
            };
            steps.push(step("reply", enters(office), replied_at, command));
        }
        Ok(steps)
    }
}

fn person(id: &ActorId, role: Role, office: Office) -> Actor {
    Actor { id: id.clone(), role, office }
}
