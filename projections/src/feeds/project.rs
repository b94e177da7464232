//! Which event enters whose feed, and what the entry says.

use cases::{
    CaseEvent, CaseId, CentreEvent, Entry as LogEntry, Instant,
    case::escalation::Facts,
    obligation::{ObligationKind, Owner},
    people::Actor,
};

use super::{Acknowledged, Entry, Known, Recipient, Row};
use crate::{Number, Recorded, fold::Fold, number::key, recorded::What};

/// The events that the feeds read; of all other events of a case they note what its obligations are.
pub(super) const CONSUMES: [&str; 12] = [
    "accepted",
    "reminded",
    "supervision_issued",
    "circulated",
    "reported_to_government",
    "copied_to_discipline",
    "copy_acknowledged",
    "escalation_withheld",
    "escalation_corrected",
    "reported_to_parent",
    "routine_copy_sent",
    "monthly_digest_sent",
];

/// What letters and corrections say in their signers' own words.
pub(super) const TEXTS: [(&str, &str); 4] = [
    ("supervision_issued", "/data/requirement"),
    ("circulated", "/data/wording"),
    ("escalation_withheld", "/data/reason"),
    ("escalation_corrected", "/data/text"),
];

/// The case, and the entry that is acknowledged.
pub(super) fn keys(fact: &Recorded) -> Vec<String> {
    let Some((id, entry)) = fact.case() else { return Vec::new() };
    let acknowledged = match &entry.event {
        CaseEvent::CopyAcknowledged(event) => {
            Recipient::acknowledging(event.to, &entry.note.by).map(|to| entry_key(&key(id), event.copy, &to))
        }
        _ => None,
    };
    std::iter::once(key(id)).chain(acknowledged).collect()
}

pub(super) fn project(fold: &mut Fold<Row>, fact: &Recorded) -> bool {
    match &fact.what {
        What::Centre(entry) => fold.set_up.apply(&entry.event) || digest(fold, fact, entry),
        What::Case(id, entry) => on_case(fold, fact, *id, entry),
    }
}

fn digest(fold: &mut Fold<Row>, fact: &Recorded, entry: &LogEntry<CentreEvent>) -> bool {
    let CentreEvent::MonthlyDigestSent(event) = &entry.event else { return false };
    let sent = Entry { digest: Some(*event.clone()), ..blank(fact, &entry.note.by, entry.note.occurred_at) };
    write(fold, "centre", &sent, vec![Recipient::Discipline]);
    true
}

fn on_case(fold: &mut Fold<Row>, fact: &Recorded, id: CaseId, entry: &LogEntry<CaseEvent>) -> bool {
    let case = key(id);
    // Made where it is sent: most events enter no feed.
    let blank = || Entry { case: Some(id), ..blank(fact, &entry.note.by, entry.note.occurred_at) };
    let sent = match &entry.event {
        CaseEvent::Accepted(_) => {
            let number = Number::draw(fold, entry.note.occurred_at);
            known(fold, &case).number = Some(number);
            None
        }
        CaseEvent::Reminded(event) => {
            let sent = about(blank(), &event.to, event.due, fold, &case, event.obligation);
            Some((sent, Recipient::owing(&event.to)))
        }
        CaseEvent::SupervisionIssued(event) => {
            let text = event.requirement.as_ref().map(|text| text.text().to_owned());
            let sent = letter(Entry { text, ..blank() }, &event.to, &event.facts, fold, &case);
            Some((sent, correctable(fold, &case, fact.version, Recipient::owing(&event.to))))
        }
        CaseEvent::Circulated(event) => {
            let text = event.wording.as_ref().map(|text| text.text().to_owned());
            let sent = letter(Entry { text, ..blank() }, &event.to, &event.facts, fold, &case);
            let to = Recipient::owing(&event.to);
            let all = to.iter().cloned().chain([Recipient::Government, Recipient::Discipline]).collect();
            correctable(fold, &case, fact.version, all);
            Some((sent, to))
        }
        CaseEvent::ReportedToGovernment(event) => {
            let sent = letter(blank(), &event.about, &event.facts, fold, &case);
            Some((sent, vec![Recipient::Government]))
        }
        CaseEvent::CopiedToDiscipline(event) => {
            let sent = letter(blank(), &event.about, &event.facts, fold, &case);
            Some((sent, vec![Recipient::Discipline]))
        }
        CaseEvent::EscalationWithheld(event) => {
            let (text, obligation) = (Some(event.reason.text().to_owned()), obligation(fold, &case, event.obligation));
            Some((Entry { text, obligation, ..blank() }, vec![Recipient::Discipline]))
        }
        CaseEvent::EscalationCorrected(event) => {
            let (corrects, text) = (Some(event.corrects), Some(event.text.text().to_owned()));
            let to = known(fold, &case).sent.get(&event.corrects).cloned().unwrap_or_default();
            Some((Entry { corrects, text, ..blank() }, to))
        }
        CaseEvent::ReportedToParent(event) => {
            let sent = about(blank(), &event.owner, event.due, fold, &case, event.obligation);
            Some((sent, vec![Recipient::Parent]))
        }
        CaseEvent::RoutineCopySent(event) => {
            Some((Entry { ground: Some(event.ground), ..blank() }, vec![Recipient::Discipline]))
        }
        CaseEvent::CopyAcknowledged(event) => {
            if let Some(to) = Recipient::acknowledging(event.to, &entry.note.by) {
                acknowledge(fold, &entry_key(&case, event.copy, &to), entry);
            }
            None
        }
        _ => {
            note_obligations(fold, &case, entry);
            return false;
        }
    };
    note_obligations(fold, &case, entry);
    if let Some((mut sent, to)) = sent.filter(|(_, to)| !to.is_empty()) {
        sent.case_number = known(fold, &case).number;
        write(fold, &case, &sent, to);
    }
    true
}

fn blank(fact: &Recorded, by: &Actor, occurred_at: Instant) -> Entry {
    Entry {
        recipient: Recipient::Discipline,
        recipient_name: String::new(),
        number: 0,
        position: fact.position,
        kind: fact.kind().to_owned(),
        term: crate::term(fact.kind()).to_owned(),
        occurred_at,
        recorded_at: fact.recorded_at,
        by: by.clone(),
        case: None,
        case_number: None,
        version: fact.version,
        about: None,
        about_name: None,
        obligation: None,
        due: None,
        since: Vec::new(),
        ground: None,
        corrects: None,
        text: None,
        digest: None,
        acknowledged: None,
    }
}

/// The case's own row; an entry's key never meets it.
fn known<'a>(fold: &'a mut Fold<Row>, case: &str) -> &'a mut Known {
    let row = fold.row(case);
    if !matches!(row, Row::Case(_)) {
        *row = Row::default();
    }
    match row {
        Row::Case(known) => known,
        Row::Entry(_) => unreachable!("it was just made a case's"),
    }
}

/// "Whatever says overdue names the obligation": letters give its number, its kind stands in the event that set it.
fn note_obligations(fold: &mut Fold<Row>, case: &str, entry: &LogEntry<CaseEvent>) {
    if !entry.clocks.set.is_empty() {
        let set = entry.clocks.set.iter().map(|set| (set.no, set.kind));
        known(fold, case).owed.extend(set);
    }
}

fn obligation(fold: &Fold<Row>, case: &str, no: u32) -> Option<ObligationKind> {
    match fold.get(case) {
        Some(Row::Case(known)) => known.owed.get(&no).copied(),
        _ => None,
    }
}

fn about(sent: Entry, owner: &Owner, due: Instant, fold: &Fold<Row>, case: &str, no: u32) -> Entry {
    Entry { about: Some(owner.clone()), due: Some(due), obligation: obligation(fold, case, no), ..sent }
}

fn letter(sent: Entry, owner: &Owner, facts: &Facts, fold: &Fold<Row>, case: &str) -> Entry {
    let since = facts.since.clone();
    Entry { since, ..about(sent, owner, facts.due, fold, case, facts.obligation) }
}

/// Remembers who received it, for the correction that may follow.
fn correctable(fold: &mut Fold<Row>, case: &str, version: u64, to: Vec<Recipient>) -> Vec<Recipient> {
    known(fold, case).sent.insert(version, to.clone());
    to
}

fn write(fold: &mut Fold<Row>, source: &str, sent: &Entry, to: Vec<Recipient>) {
    for recipient in to {
        let number = fold.next(&recipient.to_string());
        let key = entry_key(source, sent.version, &recipient);
        *fold.row(&key) = Row::Entry(Box::new(Entry { recipient, number, ..sent.clone() }));
    }
}

fn entry_key(source: &str, version: u64, to: &Recipient) -> String {
    format!("{source}@{version} {to}")
}

fn acknowledge(fold: &mut Fold<Row>, key: &str, entry: &LogEntry<CaseEvent>) {
    if fold.get(key).is_none() {
        return;
    }
    if let Row::Entry(sent) = fold.row(key) {
        sent.acknowledged = Some(Acknowledged { at: entry.note.occurred_at, by: entry.note.by.clone() });
    }
}
