//! A centre from its events, and what changes one.

use std::{collections::BTreeMap, sync::Arc};

use cases::{Centre, CentreCode, CentreCommand, Context, Refusal, centre, command::CentreCommandLine};
use event_log::{Access, Append, AppendError, Appended, Priority};

use super::{
    Done, Engine, EngineError,
    begun::{answers, recorded},
};
use crate::wire;

impl Engine {
    /// A centre as its events leave it; version 0 if it was never opened.
    ///
    /// # Errors
    /// If the log cannot be read, or holds what this program cannot.
    pub async fn centre(&self, code: &CentreCode) -> Result<Arc<Centre>, EngineError> {
        let known = self.lock_centres().get(code).cloned();
        if let (Some(known), Access::Write) = (&known, self.access) {
            return Ok(Arc::clone(known));
        }
        self.read_centre(code, known).await
    }

    /// The same from the log, from where it is known on.
    async fn read_centre(&self, code: &CentreCode, known: Option<Arc<Centre>>) -> Result<Arc<Centre>, EngineError> {
        let mut centre = known.as_deref().cloned().unwrap_or_else(|| Centre::new(code.clone()));
        let events = self.log.read_stream(&wire::log_centre(code), code.stream(), centre.version).await?;
        if let (Some(known), true) = (known, events.is_empty()) {
            return Ok(known);
        }
        for event in &events {
            centre::evolve(&mut centre, &wire::read(code, event)?);
        }
        let centre = Arc::new(centre);
        let mut centres = self.lock_centres();
        // Whoever read before a commit must not put back what was so before it.
        if centres.get(code).map_or(0, |known| known.version) < centre.version {
            centres.insert(code.clone(), Arc::clone(&centre));
        }
        Ok(centre)
    }

    /// Appends what changes a centre, and has everybody see it from here on. On a task of its own, so that it comes to its end
    /// also where the caller goes away.
    async fn append_to_centre(&self, code: CentreCode, append: Append) -> Result<Appended, AppendError> {
        let engine = self.clone();
        let appending = tokio::spawn(async move {
            let appended = engine.log.append(append).await;
            // Also after an error: it may stand all the same.
            let known = engine.lock_centres().get(&code).cloned();
            if let Err(error) = engine.read_centre(&code, known).await {
                tracing::warn!(centre = %code, %error, "a centre could not be read after a change; it is read when it is next needed");
                engine.lock_centres().remove(&code);
            }
            appended
        });
        appending.await.unwrap_or_else(|ended| match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(AppendError::Closed),
        })
    }

    fn lock_centres(&self) -> std::sync::MutexGuard<'_, BTreeMap<CentreCode, Arc<Centre>>> {
        self.centres.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(super) async fn submit_centre(
        &self,
        line: &CentreCommandLine,
        priority: Priority,
    ) -> Result<Done, EngineError> {
        // Whoever may send commands has no keys: these change where they are, on the command line.
        if matches!(line.command, CentreCommand::ChangeLogKeys(_)) {
            return Err(Refusal::LogKeysStatement {}.into());
        }
        self.record_centre(line, priority).await
    }

    /// The same, also for what only the command line may.
    pub(crate) async fn record_centre(
        &self,
        line: &CentreCommandLine,
        priority: Priority,
    ) -> Result<Done, EngineError> {
        let mut centre = (*self.centre(&line.centre).await?).clone();
        if centre.commands.get(&line.cause.id) == Some(&line.cause.digest) {
            return self.done_before(&line.centre, line.centre.stream(), line.cause.id).await;
        }
        if let CentreCommand::OpenCentre(open) = &line.command
            && centre.version == 0
        {
            if self.is_simulated().await?.is_some_and(|simulated| simulated != open.simulated) {
                return Err(EngineError::MixedDirectory(line.centre.clone()));
            }
            centre.simulated = open.simulated;
        }
        let (now, clock) = self.time(&centre, (line.occurred_at, line.recorded_at)).await?;
        let ctx = Context::of_centre(&centre, line, now);
        let stream = line.centre.stream();
        let decided = centre::decide(line, &centre, &ctx)?;
        if decided.is_empty() {
            return Ok(Done { events: Vec::new(), already: true });
        }
        let events = decided.iter().map(|entry| wire::new_event(stream, entry)).collect::<Result<_, _>>()?;
        let (code, expected) = (wire::log_centre(&line.centre), vec![(stream, centre.version)]);
        let append = Append { centre: code, events, expected, clock, counters: Vec::new(), priority };
        let answered = answers(&append);
        Ok(recorded(answered, &self.append_to_centre(line.centre.clone(), append).await?))
    }
}
