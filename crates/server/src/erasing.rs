//! 删除 and 限制处理: what was agreed to is carried out, whatever comes between.
//!
//! ```text
//! noted in the store of keys ─► erasure_agreed in the log ─► key destroyed ─► views with plain text anew ─► erasure_completed ─► note gone
//! ```
//!
//! What is restricted takes the same way: the store of keys notes whose texts are shown to nobody, and views with plain text are built anew; as it
//! does once the hold is lifted. Nothing is destroyed, and no event says that it was done: the views are as they are whenever they are
//! looked at.
//!
//! A crash after any step is brought to its end by whoever opens the installation to write next: each step is done again, and does nothing twice.

use std::sync::Arc;

use anyhow::Context as _;
use cases::{
    Case, CaseId, CentreCode, CommandLine, Refusal,
    case::persons::{Erasure, erasure::CompleteErasure},
    command::CaseCommandLine,
    ids::PersonId,
    people::Actor,
};
use event_log::{Body, EventLog, Priority};
use persons::{Intent, Of, PersonKeys};
use projections::{Views, registry::VIEWS};
use uuid::Uuid;

use crate::engine::{Engine, EngineError};

/// The event that makes an erasure so.
const AGREED: &str = "erasure_agreed";
/// The one that makes a restriction so.
const RESTRICTED: &str = "processing_restricted";
/// Events after which something is to be carried out.
pub(crate) const CARRIED_OUT: [&str; 3] = [AGREED, RESTRICTED, "legal_hold_lifted"];
/// Events read at a time.
const BATCH: u32 = 1_000;

/// Carries out every erasure that the log says was agreed to, and every restriction that it speaks of; how many erasures that took. `at_rest`
/// says that no command is under way: a note of which the log says nothing is then of none.
pub(crate) async fn carry_out(engine: &Engine, views: &Views, at_rest: bool) -> anyhow::Result<usize> {
    let Some(sealing) = engine.sealing() else { return Ok(0) };
    let mut is_shown_otherwise = sealing.erasing.lock().await;
    let (mut agreed, mut done) = (Vec::new(), Vec::new());
    for intent in sealing.keys.intended().await? {
        let (person, centre, id) = (intent.person, CentreCode::new(&intent.of.centre)?, CaseId(intent.of.stream));
        let case = engine.case(&centre, id).await?;
        if let Some(erasure) = state(&case, person).filter(|erasure| erasure.agreed) {
            agreed.push((intent, centre, id, erasure));
            continue;
        }
        let is_restricted = case.restricted.contains(&PersonId(person));
        let so_far = sealing.keys.is_restricted(person).await?;
        let differs = so_far.is_some_and(|so_far| so_far != is_restricted);
        if differs {
            sealing.keys.restrict(person, is_restricted).await?;
        }
        // At rest, a note may be of somebody before whose views were built anew the process ended.
        *is_shown_otherwise |= differs || (at_rest && so_far.is_some());
        if differs || at_rest {
            done.push(intent);
        }
    }
    // Who was erased before is not erased again: it would take another epoch of the master key.
    let mut persons: Vec<Uuid> = Vec::new();
    if !agreed.is_empty() {
        for (Intent { person, .. }, ..) in &agreed {
            if !sealing.keys.of(*person).await?.is_some_and(|(_, is_erased)| is_erased) {
                persons.push(*person);
            }
        }
        if persons.is_empty() {
            sealing.keys.finish_erasing().await?;
        } else {
            sealing.keys.erase(&persons).await?;
            tracing::warn!(
                "a new master key was begun: copy keys/{} where you keep it, over the old one, and run `yousu backup`; earlier copies of the store of keys open nothing any more",
                persons::MASTER_NAME
            );
        }
    }
    if *is_shown_otherwise || !agreed.is_empty() {
        engine.forget_cases();
        let plain: Vec<String> =
            VIEWS.iter().filter(|view| view.is_personal()).map(|view| view.name.to_owned()).collect();
        views.rebuild(engine.log(), &plain, |_, _| ()).await.context("the views could not be built anew")?;
        *is_shown_otherwise = false;
    }
    // A restore names them all; what had been done before, and was not undone by it, is not done now.
    let is_now =
        |(intent, _, _, erasure): &&(Intent, _, _, Erasure)| !erasure.completed || persons.contains(&intent.person);
    let erased = agreed.iter().filter(is_now).count();
    for (intent, centre, case, erasure) in agreed {
        let id = case.rule_command(&format!("erased:{}", erasure.request));
        let complete = CompleteErasure { request: erasure.request };
        let line = CaseCommandLine::new(case, centre, Actor::system(), id, complete.into());
        match engine.submit(&CommandLine::Case(Box::new(line)), Priority::People).await {
            // It was completed before the note was taken away.
            Ok(_) | Err(EngineError::Refused(Refusal::CommandIdReused {})) => done.push(intent),
            Err(error) => return Err(error.into()),
        }
    }
    for intent in done {
        sealing.keys.forget_intent(&intent).await?;
    }
    Ok(erased)
}

fn state(case: &Case, person: Uuid) -> Option<Erasure> {
    case.erasures.iter().rev().find(|erasure| erasure.person == PersonId(person)).cloned()
}

/// Notes every erasure and every restriction that a log speaks of: for a store of keys that may be older than the log.
pub(crate) async fn note_all(log: &Arc<dyn EventLog>, keys: &PersonKeys) -> anyhow::Result<()> {
    #[derive(serde::Deserialize)]
    struct Said {
        data: Data,
    }
    #[derive(serde::Deserialize)]
    struct Data {
        person: Uuid,
    }
    for (centre, _) in log.centres().await? {
        let mut after = 0;
        loop {
            let events = log.read_centre(&centre, after, BATCH).await?;
            let Some(last) = events.last() else { break };
            after = last.position;
            for event in events.iter().filter(|event| [AGREED, RESTRICTED].contains(&event.kind.as_str())) {
                let Said { data: Data { person } } = Body::decode(&event.body)?.public()?;
                keys.intend(person, &Of { centre: centre.to_string(), stream: event.stream }).await?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
