//! 补录审批 (*default*): a paper slip may be entered late. Its own time counts only once a second person, with the reason
//! and the scan before them, says so. What was issued meanwhile stays issued; a correction follows it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    case::{
        Case, CaseEvent, Context, Fact, Step, escalation::corrected::EscalationCorrected, guards, state::EntryNote,
    },
    entry::Moment,
    obligation::Running,
    people::Role,
    refusal::Refusal,
    sealed::Sealed,
};

fn undecided<'a>(case: &'a Case, version: u64, ctx: &Context<'_>) -> Result<&'a EntryNote, Refusal> {
    let entry = case.entries.get(&version).ok_or(Refusal::NoSuchEntry { version })?;
    let late = entry.late.as_ref().filter(|late| late.claimed).ok_or(Refusal::NoSuchEntry { version })?;
    if late.approved.is_some() {
        return Err(Refusal::LateAlreadyDecided {});
    }
    if entry.by.id == ctx.by.id {
        return Err(Refusal::NeedsSecondPerson { step: "补录" });
    }
    Ok(entry)
}

/// Lets the occurred time of a late entry count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveLateEntry {
    /// The case's version that the late entry made.
    pub entry: u64,
}

impl Step for ApproveLateEntry {
    const NAME: &'static str = "approve_late_entry";
    const ROLES: &'static [Role] = guards::MANAGERS;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        let entry = undecided(case, self.entry, ctx)?;
        let mut events: Vec<CaseEvent> =
            vec![LateEntryApproved { entry: self.entry, occurred_at: entry.occurred_at }.into()];
        // What went out because the paper was not yet entered is not undone: the same recipients hear of it.
        let is_answer = |running: &&Running| running.ended_by == Some(self.entry) && running.supervised;
        let misled = case.clocks.all().iter().any(|running| is_answer(&running));
        let issued = case.entries.iter().filter(|(_, issued)| misled && issued.recorded_at >= entry.occurred_at);
        for (version, issued) in issued {
            if matches!(issued.kind, "supervision_issued" | "circulated") {
                let text = "该步骤此前已经办理，因纸质单补录，特此更正";
                events.push(EscalationCorrected { corrects: *version, text: case.sealed(text) }.into());
            }
        }
        Ok(events)
    }
}

/// 补录获准. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LateEntryApproved {
    pub entry: u64,
    pub occurred_at: crate::time::Instant,
}

impl Fact for LateEntryApproved {
    const TYPE: &'static str = "late_entry_approved";

    fn evolve(&self, case: &mut Case, _: &Moment<'_>) {
        decide_late(case, self.entry, true);
        for round in &mut case.rounds {
            if let Some(delivery) = round.delivery.as_mut().filter(|delivery| delivery.version == self.entry) {
                let entered = delivery.at;
                delivery.at = self.occurred_at;
                for assignment in round.assignments.iter_mut().filter(|a| a.delivered_at == entered) {
                    assignment.delivered_at = self.occurred_at;
                }
            }
        }
    }
}

/// Leaves the recorded time in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefuseLateEntry {
    /// The case's version that the late entry made.
    pub entry: u64,
    pub reason: String,
}

impl Step for RefuseLateEntry {
    const NAME: &'static str = "refuse_late_entry";
    const ROLES: &'static [Role] = guards::MANAGERS;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        undecided(case, self.entry, ctx)?;
        guards::said(&self.reason, "不批准的理由")?;
        Ok(vec![LateEntryRefused { entry: self.entry, reason: case.sealed(&self.reason) }.into()])
    }
}

/// 补录未获准. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LateEntryRefused {
    pub entry: u64,
    pub reason: Sealed,
}

impl Fact for LateEntryRefused {
    const TYPE: &'static str = "late_entry_refused";

    fn evolve(&self, case: &mut Case, _: &Moment<'_>) {
        decide_late(case, self.entry, false);
    }
}

fn decide_late(case: &mut Case, entry: u64, approved: bool) {
    if let Some(late) = case.entries.get_mut(&entry).and_then(|entry| entry.late.as_mut()) {
        late.approved = Some(approved);
    }
}
