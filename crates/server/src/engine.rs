//! From a command to the disk: load, decide, append, acknowledge. And back: a case or a centre from its events.
//!
//! No rule stands here. The decider is told the time, the case and the centre; a conflict is decided again on what is
//! there now; what is acknowledged is on the disk.

mod begun;
mod centres;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    task::Poll,
};

use cases::{
    CaseId, Centre, CentreCode, CommandLine, Context, Entry, Instant, Refusal,
    case::{self, Case, CaseEvent, Decided},
    command::CaseCommandLine,
    ids::{CommandId, PersonId},
};
use event_log::{
    Access, Append, AppendError, Appended, Clock, Event, EventLog, LogError, Prepared, Priority, Reached, Texts,
};
use persons::Of;
use serde::Serialize;
use uuid::Uuid;

pub(crate) use self::begun::{Begun, Queued};
use self::begun::{BoxFuture, answers, instant, recorded};
use crate::{blinds::Blinds, cache::Cache, clock, sealing::Sealing, wire};

/// Loads, decides and appends. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    log: Arc<dyn EventLog>,
    /// The same as it may be shown.
    shown: Arc<dyn EventLog>,
    /// What seals it; none where nothing is sealed, as in a benchmark of what is beneath.
    keys: Option<Arc<Sealing>>,
    access: Access,
    /// Centres as of their last event: small, read by every command, changed by few.
    centres: Arc<Mutex<BTreeMap<CentreCode, Arc<Centre>>>>,
    cases: Arc<Mutex<Cache>>,
}

/// What became of a command.
#[derive(Debug, Clone, Serialize)]
pub struct Done {
    /// The events that it caused, now or when it was first sent; none if the thing was already so.
    pub events: Vec<DoneEvent>,
    /// It had been done before, and was not done again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub already: bool,
}

/// One event of an answer.
#[derive(Debug, Clone, Serialize)]
pub struct DoneEvent {
    #[serde(rename = "type")]
    pub kind: String,
    pub position: u64,
    pub stream: Uuid,
    pub version: u64,
    pub recorded_at: Instant,
}

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("{0}")]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Append(#[from] AppendError),
    #[error(transparent)]
    Keys(#[from] persons::KeyError),
    #[error("{place}: {source}: run `yousu verify`, and use the release that wrote this log")]
    Undecodable { place: String, source: projections::Unreadable },
    #[error("{place}: the body cannot be read: run `yousu verify`")]
    BadBody { place: String, source: event_log::BodyError },
    #[error("centre {0}: a simulated centre and a real one never share a data directory: give another --data")]
    MixedDirectory(CentreCode),
    #[error("a simulated directory takes its clock from the commands: give --at, recorded_at or occurred_at")]
    NoTime,
    #[error("--at and recorded_at are for simulated directories only: in this one recorded time is the machine's")]
    TimeGiven,
}

/// How often a command is decided anew when others were faster, before the caller is told.
const TRIES: usize = 20;

impl Engine {
    pub fn new(log: Arc<dyn EventLog>, access: Access) -> Self {
        Self { shown: Arc::clone(&log), log, keys: None, access, centres: Arc::default(), cases: Arc::default() }
    }

    /// The same over a log that seals what belongs to persons.
    pub fn sealed(sealing: Sealing, access: Access) -> Self {
        let decides = Arc::new(sealing.log.unhidden());
        Self { keys: Some(Arc::new(sealing.clone())), shown: sealing.log, ..Self::new(decides, access) }
    }

    /// What seals the log.
    pub(crate) fn sealing(&self) -> Option<&Sealing> {
        self.keys.as_deref()
    }

    /// The log as it may be shown: without the texts of whoever may not be (限制处理). Decisions read it whole.
    pub fn log(&self) -> &dyn EventLog {
        &*self.shown
    }

    /// A case as its events leave it; version 0 if there is none.
    ///
    /// # Errors
    /// As [`Engine::centre`].
    pub async fn case(&self, centre: &CentreCode, id: CaseId) -> Result<Case, EngineError> {
        folded(&*self.log, centre, id).await
    }

    /// The same as it may be shown.
    ///
    /// # Errors
    /// As [`Engine::centre`].
    pub(crate) async fn case_to_show(&self, centre: &CentreCode, id: CaseId) -> Result<Case, EngineError> {
        folded(&*self.shown, centre, id).await
    }

    /// The same for deciding: from the cache where it is there. A companion that only reads has no use for it.
    ///
    /// # Errors
    /// As [`Engine::centre`].
    pub async fn case_to_decide(&self, centre: &CentreCode, id: CaseId) -> Result<Arc<Case>, EngineError> {
        if let Some(case) = self.cache().get(id) {
            return Ok(case);
        }
        Ok(Arc::new(self.case(centre, id).await?))
    }

    /// The same without anything that was said of persons: enough to foresee what is due.
    ///
    /// # Errors
    /// As [`Engine::centre`].
    pub(crate) async fn case_to_foresee(&self, centre: &CentreCode, id: CaseId) -> Result<Arc<Case>, EngineError> {
        if let Some(case) = self.cache().get(id) {
            return Ok(case);
        }
        let mut case = Case::new(id);
        for event in self.log.read_stream_for(&Texts::NONE, &wire::log_centre(centre), id.0, 0).await? {
            case::evolve(&mut case, &wire::read_without_texts(centre, &event)?);
        }
        Ok(Arc::new(case))
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cases.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// A case's whole history as it may be shown, with the log's own record of each event.
    pub(crate) async fn entries(
        &self,
        centre: &CentreCode,
        id: CaseId,
    ) -> Result<Vec<(Event, Entry<CaseEvent>)>, EngineError> {
        let events = self.shown.read_stream(&wire::log_centre(centre), id.0, 0).await?;
        events.into_iter().map(|event| Ok((event.clone(), wire::read(centre, &event)?))).collect()
    }

    /// The last recorded time of a centre's log.
    pub(crate) async fn last_recorded(&self, centre: &CentreCode) -> Result<Option<Instant>, EngineError> {
        let name = wire::log_centre(centre);
        let reached = match self.access {
            // It has moved before anybody is acknowledged.
            Access::Write => self.log.tail(&name).reached(),
            // A companion's tail is late.
            Access::Read => {
                let head = self.log.head(&name).await?;
                Reached { position: head.position, recorded_ms: head.recorded_ms }
            }
        };
        Ok(if reached.position == 0 { None } else { Instant::from_ms(reached.recorded_ms) })
    }

    /// Whether the directory is simulated: its first centre says so, for ever. `None` while there is no centre.
    pub(crate) async fn is_simulated(&self) -> Result<Option<bool>, EngineError> {
        let Some((first, _)) = self.log.centres().await?.into_iter().next() else { return Ok(None) };
        let code = CentreCode::new(first.as_str()).map_err(|_| EngineError::NoTime)?;
        Ok(Some(self.centre(&code).await?.simulated))
    }

    /// Decides a command and records what it decided.
    ///
    /// # Errors
    /// Each variant of [`EngineError`] says what it means for the command.
    pub async fn submit(&self, line: &CommandLine, priority: Priority) -> Result<Done, EngineError> {
        let mut tries = 0;
        loop {
            let done = match line {
                CommandLine::Case(line) => self.submit_case(line, priority).await,
                CommandLine::Centre(line) => self.submit_centre(line, priority).await,
            };
            match done {
                Err(EngineError::Append(AppendError::VersionConflict { .. })) if tries < TRIES => tries += 1,
                done => return done,
            }
        }
    }

    /// Now, for a command on this centre. Machine time never falls behind what the centre's log has seen.
    pub(crate) async fn time(
        &self,
        centre: &Centre,
        times: (Option<Instant>, Option<Instant>),
    ) -> Result<(Instant, Clock), EngineError> {
        if centre.simulated {
            let now = match times.1.or(times.0) {
                Some(given) => given,
                None => self.last_recorded(&centre.code).await?.ok_or(EngineError::NoTime)?,
            };
            return Ok((now, Clock::Given(now.ms())));
        }
        if times.1.is_some() {
            return Err(EngineError::TimeGiven);
        }
        let machine = clock::now();
        let now = self.last_recorded(&centre.code).await?.map_or(machine, |last| last.max(machine));
        Ok((now, Clock::Machine(machine.ms())))
    }

    async fn submit_case(&self, line: &CaseCommandLine, priority: Priority) -> Result<Done, EngineError> {
        match self.decide_case(line, priority).await? {
            Decision::Before => self.done_before(&line.centre, line.case.0, line.cause.id).await,
            Decision::Nothing => Ok(Done { events: Vec::new(), already: true }),
            Decision::Append { append, grown, .. } => {
                let answered = answers(&append);
                let appended = self.log.append(append).await;
                let mut cache = self.cache();
                // Whatever happened, what the cache held is not what the log holds now.
                grown.iter().for_each(|case| cache.forget(case.id));
                let done = recorded(answered, &appended?);
                grown.into_iter().for_each(|case| cache.put(Arc::new(case)));
                Ok(done)
            }
        }
    }

    /// Decides a command and hands it to the log without waiting for the disk: for one player that sends a long row of
    /// commands and waits at its end. Nothing is acknowledged before the future says so; if one fails, the player stops.
    pub(crate) async fn begin(&self, line: &CaseCommandLine, priority: Priority) -> Result<Option<Begun>, EngineError> {
        let Decision::Append { append, grown, decided } = self.decide_case(line, priority).await? else {
            return Ok(None);
        };
        let answered = answers(&append);
        grown.into_iter().for_each(|case| self.cache().put(Arc::new(case)));
        Ok(Some(Begun { answered, decided, queued: self.queue(append).await }))
    }

    /// Hands an append to the log without waiting for the disk.
    pub(crate) async fn queue(&self, append: Append) -> Queued {
        match self.log.prepare(append).await {
            Ok(prepared) => self.queue_prepared(prepared).await,
            Err(error) => Queued { first: Some(Err(error.clone())), future: Box::pin(std::future::ready(Err(error))) },
        }
    }

    /// The same for an append that was prepared.
    pub(crate) async fn queue_prepared(&self, prepared: Prepared) -> Queued {
        let engine = self.clone();
        let mut future: BoxFuture<Result<Appended, AppendError>> =
            Box::pin(async move { engine.log.append_prepared(prepared).await });
        // Polled once here, it stands in the log's queue: in the order of the calls.
        let first = std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
        Queued { future, first: if let Poll::Ready(done) = first { Some(done) } else { None } }
    }

    /// Forgets a cached case: whoever hands over an append by [`Engine::queue`] writes past the cache.
    pub(crate) fn forget_case(&self, id: CaseId) {
        self.cache().forget(id);
    }

    /// Forgets every cached case: after a begun append failed, the cache may be ahead of the log.
    pub fn forget_cases(&self) {
        *self.cache() = Cache::default();
    }

    /// What stands for the digests of commands to these cases.
    pub(crate) async fn blinds(
        &self,
        centre: &CentreCode,
        cases: impl IntoIterator<Item = CaseId>,
    ) -> Result<Blinds, EngineError> {
        match &self.keys {
            Some(sealing) => Ok(Blinds::of(&sealing.keys, centre, cases).await?),
            None => Ok(Blinds::default()),
        }
    }

    async fn decide_case(&self, line: &CaseCommandLine, priority: Priority) -> Result<Decision, EngineError> {
        let centre = self.centre(&line.centre).await?;
        if centre.version == 0 {
            return Err(Refusal::CentreNotOpen {}.into());
        }
        let line = &self.blinds(&line.centre, [line.case]).await?.line(line);
        let case = self.case_to_decide(&line.centre, line.case).await?;
        if case.commands.get(&line.cause.id) == Some(&line.cause.digest) {
            return Ok(Decision::Before);
        }
        let mut others = BTreeMap::new();
        for id in line.command.others() {
            others.insert(id, (*self.case_to_decide(&line.centre, id).await?).clone());
        }
        let (now, clock) = self.time(&centre, (line.occurred_at, line.recorded_at)).await?;
        let ctx = Context::of_case(&centre, line, now, &others);
        let mut expected = vec![(case.id.0, case.version)];
        expected.extend(others.values().map(|other| (other.id.0, other.version)));
        let restricted = case.restricted.clone();
        let (decided, mut grown) = case::grow(line, Arc::unwrap_or_clone(case), &ctx)?;
        if decided.is_empty() {
            return Ok(Decision::Nothing);
        }
        self.note_persons(&line.centre, &decided, &restricted).await?;
        let events = decided.iter().map(|(id, entry)| wire::new_event(id.0, entry)).collect::<Result<_, _>>()?;
        for (id, other) in others {
            grown.entry(id).or_insert(other);
        }
        let centre = wire::log_centre(&line.centre);
        let append = Append { centre, events, expected, clock, counters: Vec::new(), priority };
        Ok(Decision::Append { append, grown: grown.into_values().collect(), decided })
    }

    /// Before the log says that somebody's data is to be erased, or not to be shown, or to be shown again, the store of keys knows: else a
    /// crash could leave it undone.
    async fn note_persons(
        &self,
        centre: &CentreCode,
        decided: &Decided,
        restricted: &[PersonId],
    ) -> Result<(), EngineError> {
        let Some(sealing) = &self.keys else { return Ok(()) };
        for (case, entry) in decided {
            let persons = match &entry.event {
                CaseEvent::ErasureAgreed(agreed) => std::slice::from_ref(&agreed.person),
                CaseEvent::ProcessingRestricted(of) => std::slice::from_ref(&of.person),
                CaseEvent::LegalHoldLifted(_) => restricted,
                _ => continue,
            };
            for person in persons {
                let of = Of { centre: centre.as_str().to_owned(), stream: case.0 };
                sealing.keys.intend(person.0, &of).await?;
            }
        }
        Ok(())
    }

    /// The answer that a command got when it was first sent.
    async fn done_before(&self, centre: &CentreCode, stream: Uuid, id: CommandId) -> Result<Done, EngineError> {
        let mut events = Vec::new();
        for event in self.log.read_stream(&wire::log_centre(centre), stream, 0).await? {
            if wire::command_id(centre, &event)? == Some(id) {
                let recorded_at = instant(event.recorded_ms);
                let Event { position, stream, version, kind, .. } = event;
                events.push(DoneEvent { kind, position, stream, version, recorded_at });
            }
        }
        Ok(Done { events, already: true })
    }
}

async fn folded(log: &dyn EventLog, centre: &CentreCode, id: CaseId) -> Result<Case, EngineError> {
    let mut case = Case::new(id);
    for event in log.read_stream(&wire::log_centre(centre), id.0, 0).await? {
        case::evolve(&mut case, &wire::read(centre, &event)?);
    }
    Ok(case)
}

/// What a command comes to before anything is written.
enum Decision {
    /// It was done before.
    Before,
    /// It was so already.
    Nothing,
    Append {
        append: Append,
        /// The cases as they are once it is written.
        grown: Vec<Case>,
        decided: Decided,
    },
}
