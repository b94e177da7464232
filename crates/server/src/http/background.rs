//! What goes on while nobody asks: the views follow the log, and the sweeps take the steps whose time has come.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use cases::{CaseEvent, CaseId, CentreCode, Context, Instant, case::sweep::agenda, people::Actor};
use event_log::Centre;
use projections::ViewError;
use tokio::time::MissedTickBehavior;

use super::site::{Site, Upkeep};
use crate::{
    clock, digest,
    engine::{Engine, EngineError},
    sweeps, wire,
};

/// How long to wait for the log to move before trying again what could not be read or written.
const RETRY: Duration = Duration::from_secs(5);

/// Brings the views up whenever the log moves, until it is closed.
pub(crate) async fn follow(site: Arc<Site>) {
    let mut tail = site.engine.log().tail_all();
    let mut brought: BTreeMap<Centre, u64> = BTreeMap::new();
    loop {
        let seen = tail.now();
        let upkeep = match bring_up(&site, &mut brought).await {
            Ok(()) => Upkeep::Following,
            Err(error) => {
                tracing::error!(%error, "views do not follow the log");
                Upkeep::Troubled(error.to_string())
            }
        };
        let troubled = upkeep != Upkeep::Following;
        site.upkeep.send_replace(upkeep);
        let moved = tail.past(seen);
        let moved = if troubled { tokio::time::timeout(RETRY, moved).await.unwrap_or(Ok(seen)) } else { moved.await };
        if moved.is_err() {
            return;
        }
    }
}

async fn bring_up(site: &Site, brought: &mut BTreeMap<Centre, u64>) -> Result<(), ViewError> {
    for (centre, position) in site.engine.log().centres().await? {
        if brought.get(&centre).is_some_and(|before| *before >= position) {
            continue;
        }
        for status in site.views.catch_up(site.engine.log(), &centre).await? {
            if let Some(why) = status.stopped {
                tracing::warn!(view = status.view, why, "a view stands still");
            }
        }
        brought.insert(centre, position);
    }
    Ok(())
}

/// How often the clock is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Sweeps whenever the machine's clock shows another minute than at the last sweep, until it is aborted: also one that was
/// before, for a clock that was ahead for a while and is put right must not keep the sweeps waiting until then. What is due
/// follows from the log and not from this timer, so a minute more or less changes nothing.
pub(crate) async fn sweep_by_the_clock(engine: Engine) {
    let minute = |now: Instant| now.ms().div_euclid(60_000);
    let mut sweeper = Sweeper { engine, foreseen: BTreeMap::new() };
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut swept = minute(clock::now());
    loop {
        looks.tick().await;
        let now = clock::now();
        if minute(now) == swept {
            continue;
        }
        swept = minute(now);
        if let Err(error) = sweeper.run(now).await {
            tracing::error!(%error, "a sweep stopped; the next one goes on");
        }
    }
}

struct Sweeper {
    engine: Engine,
    foreseen: BTreeMap<CentreCode, Foreseen>,
}

impl Sweeper {
    /// One centre or case that cannot be swept must not keep the others waiting.
    async fn run(&mut self, now: Instant) -> Result<(), EngineError> {
        for (name, _) in self.engine.log().centres().await? {
            let Ok(code) = CentreCode::new(name.as_str()) else { continue };
            // A simulated centre's clock stands still between commands: `tick --at` moves it.
            if self.engine.centre(&code).await?.simulated {
                continue;
            }
            if let Err(error) = self.sweep(&code, now).await {
                tracing::error!(%code, %error, "a centre could not be swept");
            }
        }
        Ok(())
    }

    async fn sweep(&mut self, code: &CentreCode, now: Instant) -> Result<(), EngineError> {
        let (engine, foreseen) = (&self.engine, self.foreseen.entry(code.clone()).or_default());
        let due = foreseen.due(engine, code, now).await?;
        tracing::debug!(%code, %now, cases = due.len(), "sweeping");
        for case in due {
            match sweeps::sweep(engine, code, [case], now).await {
                Ok(swept) if swept.events.is_empty() => {}
                Ok(swept) => tracing::info!(%case, steps = swept.events.len(), "swept"),
                Err(error) => tracing::error!(%case, %error, "a case could not be swept"),
            }
            foreseen.look_at(engine, code, case, now).await?;
        }
        digest::send_due(engine, code, now, None).await.map(|_| ())
    }
}

/// When each case of a centre next gives the system something to do. A case is looked at anew when its stream grew; every
/// case, when the centre's own did, for a calendar or a policy moves them all.
#[derive(Default)]
struct Foreseen {
    position: u64,
    next: BTreeMap<CaseId, Option<Instant>>,
}

impl Foreseen {
    /// The cases to sweep now: the one place that says which.
    async fn due(&mut self, engine: &Engine, code: &CentreCode, now: Instant) -> Result<Vec<CaseId>, EngineError> {
        const PAGE: u32 = 1_000;
        let mut grown = BTreeSet::new();
        let mut position = self.position;
        loop {
            let events = engine.log().read_centre(&wire::log_centre(code), position, PAGE).await?;
            let Some(last) = events.last() else { break };
            position = last.position;
            for event in &events {
                if event.stream == code.stream() {
                    grown.extend(self.next.keys().copied());
                } else if CaseEvent::TYPES.contains(&event.kind.as_str()) {
                    grown.insert(CaseId(event.stream));
                }
            }
        }
        for case in grown {
            self.look_at(engine, code, case, now).await?;
        }
        // Only now: a case that could not be looked at is looked at again.
        self.position = position;
        Ok(self.next.iter().filter(|(_, next)| next.is_some_and(|at| at <= now)).map(|(case, _)| *case).collect())
    }

    async fn look_at(
        &mut self,
        engine: &Engine,
        code: &CentreCode,
        id: CaseId,
        now: Instant,
    ) -> Result<(), EngineError> {
        let centre = engine.centre(code).await?;
        let case = engine.case_to_decide(code, id).await?;
        let system = Actor::system();
        let steps = match agenda(&case, &Context::of_sweep(&centre, &system, now)) {
            Ok(steps) => steps,
            Err(refusal) => {
                tracing::error!(%id, %refusal, "what is due for a case cannot be told");
                Vec::new()
            }
        };
        self.next.insert(id, steps.first().map(|step| step.at));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use cases::{CaseId, CentreCode, CommandLine, Instant, policy::Policy};
    use event_log::{Access, Priority};
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::Foreseen;
    use crate::{engine::Engine, sweeps};

    const CENTRE: &str = "410404";

    async fn give(engine: &Engine, role: &str, mut command: Value) {
        command["id"] = Uuid::new_v4().to_string().into();
        command["centre"] = CENTRE.into();
        command["by"] = json!({"id": "someone", "role": role, "office": "centre"});
        command["recorded_at"] = "2026-03-02T09:00:00+08:00".into();
        let line = CommandLine::from_value(command).expect("a command");
        engine.submit(&line, Priority::People).await.expect("it is accepted");
    }

    fn at(text: &str) -> Instant {
        text.parse().expect("a time")
    }

    #[tokio::test]
    async fn only_cases_whose_moment_has_come_are_swept_and_each_once() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let url = format!("sqlite:{}", dir.path().join("log.sqlite").display());
        let engine = Engine::new(event_log::open(&url, Access::Write).await.expect("a log"), Access::Write);
        let code = CentreCode::new(CENTRE).expect("six digits");
        let policy = Policy::shipped(&"henan-2022-43".parse().expect("an id")).expect("it is shipped").1;
        let open = json!({"command": "open_centre", "name": "中心", "level": "county", "policy_text": policy, "simulated": true});
        give(&engine, "system_administrator", open).await;
        let cases = [Uuid::from_u128(1), Uuid::from_u128(2)];
        for case in cases {
            let accept = json!({
                "command": "accept", "case": case, "channel": "window", "category": "complaint",
                "complainant": {"anonymous": true}, "summary": "摘要", "narrative": "没有办成。",
            });
            give(&engine, "window_clerk", accept).await;
        }
        let mut foreseen = Foreseen::default();
        let due = foreseen.due(&engine, &code, at("2026-03-09T09:00")).await.expect("readable");
        assert_eq!(due, [], "the window's own delay is shown, and sets nothing off");

        // Its review is the centre's to be late with, and the parent is told at the opening after its due day.
        give(&engine, "window_clerk", json!({"command": "classify", "case": cases[1], "kind": "ordinary"})).await;
        give(&engine, "window_clerk", json!({"command": "submit", "case": cases[1]})).await;
        let due = foreseen.due(&engine, &code, at("2026-03-03T17:00")).await.expect("readable");
        assert_eq!(due, []);
        let morning = at("2026-03-04T09:00");
        let due = foreseen.due(&engine, &code, morning).await.expect("readable");
        assert_eq!(due, [CaseId(cases[1])]);

        let swept = sweeps::sweep(&engine, &code, due, morning).await.expect("it is swept");
        let kinds: Vec<_> = swept.events.iter().flat_map(|(_, done)| &done.events).map(|event| &event.kind).collect();
        assert_eq!(kinds, ["reported_to_parent"]);
        assert_eq!(foreseen.due(&engine, &code, morning).await.expect("readable"), [], "done is done");
        engine.log().close().await;
    }
}
