//! 定时办理: sends the commands that rules give rise to (§6).
//!
//! A sweep takes no input but the time. What is due follows from the cases' own events, each step has an id that follows
//! from its cause, and every step goes through the same door as a person's command: sweeping twice, on two nodes, or after
//! a week of downtime changes nothing beyond what is due.

use cases::{
    CaseId, CentreCode, CommandLine, Context, Instant,
    case::{CaseEvent, sweep},
    command::CaseCommandLine,
    people::Actor,
};
use event_log::{Priority, Texts};

use crate::{
    engine::{Done, Engine, EngineError},
    wire,
};

/// What a sweep did.
#[derive(Debug, Default)]
pub struct Swept {
    pub cases: usize,
    pub events: Vec<(CaseId, Done)>,
}

/// Takes every step that is due at `now` for these cases.
///
/// # Errors
/// [`EngineError`] at the first case whose step could not be taken; the steps before it stand.
pub async fn sweep(
    engine: &Engine,
    centre: &CentreCode,
    cases: impl IntoIterator<Item = CaseId>,
    now: Instant,
) -> Result<Swept, EngineError> {
    let mut swept = Swept::default();
    for case in cases {
        swept.cases += 1;
        while let Some(done) = next_step(engine, centre, case, now).await? {
            swept.events.push((case, done));
        }
    }
    Ok(swept)
}

async fn next_step(engine: &Engine, code: &CentreCode, id: CaseId, now: Instant) -> Result<Option<Done>, EngineError> {
    let centre = engine.centre(code).await?;
    let case = engine.case_to_decide(code, id).await?;
    let system = Actor::system();
    let ctx = Context::of_sweep(&centre, &system, now);
    let agenda = sweep::agenda(&case, &ctx)?;
    let Some(step) = agenda.into_iter().find(|step| sweep::is_due(step, &ctx)) else { return Ok(None) };
    let mut line = CaseCommandLine::new(id, code.clone(), system.clone(), step.id, step.command);
    line.recorded_at = centre.simulated.then_some(now);
    let done = engine.submit(&CommandLine::Case(Box::new(line)), Priority::People).await?;
    // Nothing decided means that it was so already: going on would find the same step for ever.
    Ok(if done.events.is_empty() { None } else { Some(done) })
}

/// Every case of a centre, by its first event. Reads the whole log: for want of the views' shorter list.
pub(crate) async fn all_cases(engine: &Engine, centre: &CentreCode) -> Result<Vec<CaseId>, EngineError> {
    const PAGE: u32 = 1_000;
    let mut cases = Vec::new();
    let mut after = 0;
    loop {
        let events = engine.log().read_centre_for(&Texts::NONE, &wire::log_centre(centre), after, PAGE).await?;
        let Some(last) = events.last() else { return Ok(cases) };
        after = last.position;
        let first = events.iter().filter(|event| event.version == 1 && event.stream != centre.stream());
        cases.extend(
            first.filter(|event| CaseEvent::TYPES.contains(&event.kind.as_str())).map(|event| CaseId(event.stream)),
        );
    }
}
