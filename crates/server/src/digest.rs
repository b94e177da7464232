//! 月度抄送: the counts of a month, and which months are due (H-三(三), S-(二)).
//!
//! Counted from the log's entries by the time at which things occurred, 历史件 left out: "a log does not invent what nobody
//! did", and what an import brings in is not this month's work.

use std::collections::{BTreeMap, BTreeSet};

use cases::{
    CaseEvent, CaseId, Centre, CentreCode, CommandLine, Entry, Instant,
    case::triage::Kind,
    centre::digest_sent::{DigestCounts, SendMonthlyDigest},
    command::CentreCommandLine,
    ids::CommandId,
    obligation::Outcome,
    people::Actor,
};
use chrono::{Datelike, Months, NaiveDate};
use event_log::{Priority, Texts};
use uuid::Uuid;

use crate::{
    engine::{Engine, EngineError},
    wire,
};

/// Counts by month.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    months: BTreeMap<NaiveDate, DigestCounts>,
    historical: BTreeSet<CaseId>,
}

fn month_of(at: Instant) -> NaiveDate {
    let date = at.date();
    date.with_day(1).unwrap_or(date)
}

impl Tally {
    /// One more entry.
    pub(crate) fn add(&mut self, case: CaseId, entry: &Entry<CaseEvent>) {
        if let CaseEvent::Accepted(accepted) = &entry.event
            && accepted.historical
        {
            self.historical.insert(case);
        }
        if self.historical.contains(&case) {
            return;
        }
        let counts = self.months.entry(month_of(entry.note.occurred_at)).or_default();
        match &entry.event {
            CaseEvent::Accepted(_) => counts.accepted += 1,
            CaseEvent::Closed(_) => counts.closed += 1,
            CaseEvent::Terminated(_) => counts.terminated += 1,
            CaseEvent::Classified(event) => counts.withheld += u32::from(event.kind == Kind::Withheld),
            CaseEvent::Reclassified(event) => counts.withheld += u32::from(event.kind == Kind::Withheld),
            CaseEvent::Reminded(_) => counts.reminded += 1,
            CaseEvent::SupervisionIssued(_) => counts.supervised += 1,
            CaseEvent::Circulated(_) => counts.circulated += 1,
            CaseEvent::ReturnedForRework(_) => counts.returned += 1,
            _ => {}
        }
        for ended in entry.clocks.ended.iter().filter(|end| matches!(end.outcome, Outcome::MetLate | Outcome::Breached))
        {
            self.months.entry(month_of(ended.at)).or_default().late += 1;
        }
    }

    /// From the whole log.
    pub(crate) async fn of_log(engine: &Engine, code: &CentreCode) -> Result<Self, EngineError> {
        const PAGE: u32 = 1_000;
        let (mut tally, mut after) = (Self::default(), 0);
        loop {
            let events = engine.log().read_centre_for(&Texts::NONE, &wire::log_centre(code), after, PAGE).await?;
            let Some(last) = events.last() else { return Ok(tally) };
            after = last.position;
            for event in events.iter().filter(|event| event.stream != code.stream()) {
                tally.add(CaseId(event.stream), &wire::read_without_texts(code, event)?);
            }
        }
    }

    fn of(&self, month: NaiveDate) -> DigestCounts {
        self.months.get(&month).cloned().unwrap_or_default()
    }
}

/// The next month whose digest goes out, and the opening at which it does.
pub(crate) fn next(centre: &Centre) -> Option<(NaiveDate, Instant)> {
    if !centre.current_policy()?.routine_copies.monthly_digest {
        return None;
    }
    let month = match centre.last_digest {
        Some(last) => last.checked_add_months(Months::new(1))?,
        None => month_of(centre.opened_at?),
    };
    let over = month.checked_add_months(Months::new(1))?;
    let first = centre.hours.opening(over).ok()?;
    Some((month, centre.calendar.next_opening(first, &centre.hours).ok()?))
}

/// Sends every digest whose moment has come; `tally` where somebody kept one.
pub(crate) async fn send_due(
    engine: &Engine,
    code: &CentreCode,
    now: Instant,
    tally: Option<&Tally>,
) -> Result<u64, EngineError> {
    let mut sent = 0;
    let mut counted: Option<Tally> = None;
    loop {
        let centre = engine.centre(code).await?;
        let Some((month, _)) = next(&centre).filter(|(_, at)| *at <= now) else { return Ok(sent) };
        let counts = match tally {
            Some(tally) => tally.of(month),
            None => {
                if counted.is_none() {
                    counted = Some(Tally::of_log(engine, code).await?);
                }
                counted.as_ref().map(|tally| tally.of(month)).unwrap_or_default()
            }
        };
        let id = CommandId(Uuid::new_v5(&code.stream(), format!("rule:digest:{month}").as_bytes()));
        let recorded_at = centre.simulated.then_some(now);
        let command = SendMonthlyDigest { month, counts }.into();
        let line = CentreCommandLine::new(code.clone(), Actor::system(), id, recorded_at, command);
        let done = engine.submit(&CommandLine::Centre(Box::new(line)), Priority::People).await?;
        if done.events.is_empty() {
            return Ok(sent);
        }
        sent += 1;
    }
}
