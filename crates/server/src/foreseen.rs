//! When each case next gives the system something to do, so that a sweep looks at those whose moment has come and at no others.
//!
//! A case is looked at anew when its stream grew; every case, when the centre's own stream brought what moves due times. With
//! nothing due and nothing new, asking costs one read of the log and one look at the earliest moment, however many cases are open.

use std::collections::{BTreeMap, BTreeSet};

use cases::{CaseEvent, CaseId, CentreCode, Context, Instant, case::sweep::agenda, people::Actor};
use event_log::Texts;
use futures_util::{StreamExt as _, stream};

use crate::{
    engine::{Engine, EngineError},
    wire,
};

/// What moves no due time and changes no step. Anything else on the centre's stream has every case looked at again, so that a
/// type forgotten here costs time and never a step.
const MOVES_NOTHING: [&str; 5] =
    ["roster_recorded", "department_recorded", "recipients_recorded", "monthly_digest_sent", "log_keys_changed"];

/// Cases that are looked at at a time: while one is read another is folded, and those who read a case of theirs find a connection.
const TOGETHER: usize = 3;

/// What the system foresees of one centre.
#[derive(Debug, Default)]
pub struct Foreseen {
    position: u64,
    /// Every case that may still get a step. One that ended and has none gets none until its stream grows.
    next: BTreeMap<CaseId, Option<Instant>>,
    by_moment: BTreeSet<(Instant, CaseId)>,
}

impl Foreseen {
    /// The cases to sweep now, the longest due first: the one place that says which.
    ///
    /// # Errors
    /// If the log cannot be read, or holds what this program cannot.
    pub async fn due(&mut self, engine: &Engine, code: &CentreCode, now: Instant) -> Result<Vec<CaseId>, EngineError> {
        const PAGE: u32 = 1_000;
        let mut grown = BTreeSet::new();
        let mut position = self.position;
        loop {
            let events = engine.log().read_centre_for(&Texts::NONE, &wire::log_centre(code), position, PAGE).await?;
            let Some(last) = events.last() else { break };
            position = last.position;
            for event in &events {
                if event.stream == code.stream() {
                    if !MOVES_NOTHING.contains(&event.kind.as_str()) {
                        grown.extend(self.next.keys().copied());
                    }
                } else if CaseEvent::TYPES.contains(&event.kind.as_str()) {
                    grown.insert(CaseId(event.stream));
                }
            }
        }
        let foreseen = grown.into_iter().map(async |case| (case, foresee(engine, code, case, now).await));
        let mut foreseen = stream::iter(foreseen).buffer_unordered(TOGETHER);
        while let Some((case, seen)) = foreseen.next().await {
            self.note(case, seen?);
        }
        // Only now: a case that could not be looked at is looked at again.
        self.position = position;
        Ok(self.by_moment.iter().take_while(|(at, _)| *at <= now).map(|(_, case)| *case).collect())
    }

    /// Looks at a case anew.
    ///
    /// # Errors
    /// As [`Foreseen::due`].
    pub async fn look_at(
        &mut self,
        engine: &Engine,
        code: &CentreCode,
        id: CaseId,
        now: Instant,
    ) -> Result<(), EngineError> {
        self.note(id, foresee(engine, code, id, now).await?);
        Ok(())
    }

    fn note(&mut self, id: CaseId, Seen { first, may_change }: Seen) {
        if let Some(Some(at)) = self.next.remove(&id) {
            self.by_moment.remove(&(at, id));
        }
        if first.is_some() || may_change {
            self.next.insert(id, first);
        }
        self.by_moment.extend(first.map(|at| (at, id)));
    }
}

/// What is to be told of one case.
struct Seen {
    /// When its next step is.
    first: Option<Instant>,
    /// It may get one that is not foreseen now.
    may_change: bool,
}

async fn foresee(engine: &Engine, code: &CentreCode, id: CaseId, now: Instant) -> Result<Seen, EngineError> {
    let centre = engine.centre(code).await?;
    let case = engine.case_to_foresee(code, id).await?;
    let system = Actor::system();
    Ok(match agenda(&case, &Context::of_sweep(&centre, &system, now)) {
        Ok(steps) => Seen { first: steps.first().map(|step| step.at), may_change: !case.is_ended() },
        // A year that no calendar covers yet: when one is published, it is looked at again.
        Err(refusal) => {
            tracing::error!(%id, %refusal, "what is due for a case cannot be told");
            Seen { first: None, may_change: true }
        }
    })
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
        if command.get("recorded_at").is_none() {
            command["recorded_at"] = "2026-03-02T09:00:00+08:00".into();
        }
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

        let decline = json!({"command": "decline", "case": cases[0], "ground": "abuse_or_test", "reason": "测试",
            "recorded_at": "2026-03-04T09:10:00+08:00", "approved_by": {"id": "another", "role": "centre_manager", "office": "centre"}});
        give(&engine, "window_clerk", decline).await;
        assert_eq!(foreseen.due(&engine, &code, morning).await.expect("readable"), []);
        let left: Vec<CaseId> = foreseen.next.into_keys().collect();
        assert_eq!(left, [CaseId(cases[1])], "what ended is not kept in mind");
        engine.log().close().await;
    }
}
