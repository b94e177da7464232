//! 演示: plays a simulated centre in the order of time, the system's own steps at their own moments.
//!
//! Commands go through the engine like anybody's. Only the waiting differs: a window of appends is on its way to the disk at
//! once, since nobody stands at the counter. Simulated directories only.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use cases::{Case, CaseId, Centre, CentreCode, Context, Instant, case::sweep, command::CaseCommandLine, people::Actor};
use event_log::Priority;

use crate::{
    digest::{self, Tally},
    engine::{Begun, Engine, EngineError},
};

/// How many appends may be on their way.
const WINDOW: usize = 256;

pub(crate) struct Player<'a> {
    engine: &'a Engine,
    code: CentreCode,
    /// When the system next has something to do for a case.
    agenda: BTreeSet<(Instant, CaseId)>,
    next: BTreeMap<CaseId, Instant>,
    on_their_way: VecDeque<Begun>,
    now: Instant,
    tally: Tally,
    /// Events so far.
    pub(crate) events: u64,
}

impl<'a> Player<'a> {
    /// Goes on with a centre at the last recorded time.
    pub(crate) async fn new(engine: &'a Engine, code: CentreCode) -> Result<Self, EngineError> {
        let now = engine.last_recorded(&code).await?.ok_or(EngineError::NoTime)?;
        let (agenda, next, tally) = (BTreeSet::new(), BTreeMap::new(), Tally::of_log(engine, &code).await?);
        Ok(Self { engine, code, agenda, next, on_their_way: VecDeque::new(), now, tally, events: 0 })
    }

    /// The centre's clock.
    pub(crate) fn now(&self) -> Instant {
        self.now
    }

    /// The centre.
    pub(crate) async fn centre(&self) -> Result<std::sync::Arc<Centre>, EngineError> {
        self.engine.centre(&self.code).await
    }

    /// A case as the commands so far leave it.
    pub(crate) async fn case(&self, id: CaseId) -> Result<std::sync::Arc<Case>, EngineError> {
        self.engine.case_to_decide(&self.code, id).await
    }

    /// Takes up cases that were there before.
    pub(crate) async fn take_up(&mut self, cases: impl IntoIterator<Item = CaseId>) -> Result<(), EngineError> {
        for case in cases {
            self.look_at(case).await?;
        }
        Ok(())
    }

    /// Lets time pass: every step that the system takes until then happens at its moment.
    pub(crate) async fn advance(&mut self, until: Instant) -> Result<(), EngineError> {
        while let Some((at, id)) = self.agenda.first().copied().filter(|(at, _)| *at <= until) {
            self.digests(at).await?;
            self.now = self.now.max(at);
            let centre = self.centre().await?;
            let case = self.case(id).await?;
            let system = Actor::system();
            let ctx = Context::of_sweep(&centre, &system, self.now);
            let step = sweep::agenda(&case, &ctx)?.into_iter().find(|step| sweep::is_due(step, &ctx));
            let Some(step) = step else {
                self.look_at(id).await?;
                // What is foreseen for this moment and cannot be taken at it is dropped, or time would stand still.
                if self.next.get(&id).is_some_and(|next| *next <= self.now) {
                    self.forget(id);
                }
                continue;
            };
            drop(case);
            let line = CaseCommandLine::new(id, self.code.clone(), system.clone(), step.id, step.command);
            self.begin(line).await?;
        }
        self.digests(until).await?;
        self.now = self.now.max(until);
        Ok(())
    }

    /// The monthly digests up to a moment, each at its own.
    async fn digests(&mut self, until: Instant) -> Result<(), EngineError> {
        while let Some((_, at)) = digest::next(&*self.centre().await?).filter(|(_, at)| *at <= until) {
            self.flush().await?;
            self.now = self.now.max(at);
            self.events += digest::send_due(self.engine, &self.code, self.now, Some(&self.tally)).await?;
        }
        Ok(())
    }

    /// Somebody gives a command at a time; what the system does until then comes first. A refusal is the caller's to judge.
    pub(crate) async fn give(&mut self, line: CaseCommandLine, at: Instant) -> Result<Vec<String>, EngineError> {
        self.advance(at).await?;
        self.begin(line).await
    }

    async fn begin(&mut self, mut line: CaseCommandLine) -> Result<Vec<String>, EngineError> {
        line.recorded_at = Some(self.now);
        let touched: Vec<CaseId> = std::iter::once(line.case).chain(line.command.others()).collect();
        let begun = self.engine.begin(&line, Priority::People).await?;
        let kinds: Vec<String> = begun.iter().flat_map(Begun::kinds).map(str::to_owned).collect();
        let Some(begun) = begun else { return Ok(kinds) };
        self.events += kinds.len() as u64;
        begun.decided.iter().for_each(|(case, entry)| self.tally.add(*case, entry));
        self.on_their_way.push_back(begun);
        if self.on_their_way.len() > WINDOW {
            self.wait_for_one().await?;
        }
        for case in touched {
            self.look_at(case).await?;
        }
        Ok(kinds)
    }

    /// Waits until everything is on the disk.
    pub(crate) async fn flush(&mut self) -> Result<(), EngineError> {
        while !self.on_their_way.is_empty() {
            self.wait_for_one().await?;
        }
        Ok(())
    }

    async fn wait_for_one(&mut self) -> Result<(), EngineError> {
        let Some(begun) = self.on_their_way.pop_front() else { return Ok(()) };
        let done = begun.done().await;
        if done.is_err() {
            self.engine.forget_cases();
        }
        done.map(|_| ())
    }

    async fn look_at(&mut self, id: CaseId) -> Result<(), EngineError> {
        self.forget(id);
        let centre = self.centre().await?;
        let case = self.case(id).await?;
        let system = Actor::system();
        let agenda = sweep::agenda(&case, &Context::of_sweep(&centre, &system, self.now))?;
        if let Some(step) = agenda.first() {
            let at = step.at.max(self.now);
            self.agenda.insert((at, id));
            self.next.insert(id, at);
        }
        Ok(())
    }

    fn forget(&mut self, id: CaseId) {
        if let Some(at) = self.next.remove(&id) {
            self.agenda.remove(&(at, id));
        }
    }
}
