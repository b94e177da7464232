//! What every request needs: the engine, the views, and what time it is for a centre.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::http::{HeaderMap, HeaderValue};
use cases::{CaseId, Centre, CentreCode, Instant};
use projections::{Number, Views, When, ledger};
use tokio::sync::watch;

use super::problem::{Problem, no_such_case};
use crate::{
    checkpoints::Summary,
    clock,
    engine::{Engine, EngineError},
    wire,
};

/// Names the last event that an answer rests on: `centre@position`.
pub(super) const POSITION: &str = "yousu-position";

/// How long a read waits for what it must have seen.
const WAIT: Duration = Duration::from_secs(3);

/// Everything that is served.
pub(crate) struct Site {
    pub(super) engine: Engine,
    pub(crate) views: Views,
    /// The data directory, for the keys in it.
    pub(super) data: PathBuf,
    /// How the task that brings the views up last fared.
    pub(super) upkeep: watch::Sender<Upkeep>,
    /// What came of showing each centre's checkpoint to the witnesses last.
    pub(super) shown: Mutex<BTreeMap<CentreCode, Summary>>,
}

/// Whether views follow the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Upkeep {
    /// They have not reached the log's end yet since the start.
    Starting,
    Following,
    /// The log or a view's file could not be read or written; it is being tried again.
    Troubled(String),
}

impl Site {
    pub(crate) fn new(engine: Engine, views: Views, data: PathBuf) -> Arc<Self> {
        Arc::new(Self { engine, views, data, upkeep: watch::Sender::new(Upkeep::Starting), shown: Mutex::default() })
    }

    /// Returns once the views were brought up for the first time, as far as that could be done: `/healthz` names what is wrong.
    pub(crate) async fn is_up(&self) {
        // It cannot fail while `self` holds the sender.
        let _ = self.upkeep.subscribe().wait_for(|upkeep| *upkeep != Upkeep::Starting).await;
    }

    /// Every centre that is open, in the order of their codes.
    pub(crate) async fn centres(&self) -> Result<Vec<Arc<Centre>>, EngineError> {
        let mut centres = Vec::new();
        for (name, _) in self.engine.log().centres().await? {
            if let Ok(code) = CentreCode::new(name.as_str()) {
                centres.push(self.engine.centre(&code).await?);
            }
        }
        Ok(centres)
    }

    /// The centre that an address names.
    pub(super) async fn centre(&self, code: &str) -> Result<Here, Problem> {
        let none = || Problem::not_found("no-such-centre", "没有开通这个中心。请核对中心代码，如 410404");
        let code = CentreCode::new(code).map_err(|_| none())?;
        let centre = self.engine.centre(&code).await?;
        if centre.version == 0 {
            return Err(none());
        }
        let last = if centre.simulated { self.engine.last_recorded(&code).await? } else { None };
        let now = last.unwrap_or_else(clock::now);
        Ok(Here { log: wire::log_centre(&code), centre, now })
    }

    /// The case that an address names: by UUID, by `410404-2026-17`, or by `2026-17` within its centre.
    pub(super) async fn case(&self, here: &Here, name: &str) -> Result<(CaseId, Option<Number>), Problem> {
        if let Ok(id) = name.parse::<CaseId>() {
            return Ok((id, ledger::number_of(&self.views, &here.log, id).await?));
        }
        let within = || Number::read(&format!("{}-{}", here.log, name.trim()));
        let (centre, number) = Number::read(name).or_else(within).ok_or_else(no_such_case)?;
        if centre != here.log {
            return Err(no_such_case());
        }
        let id = ledger::case_of(&self.views, &here.log, number).await?.ok_or_else(no_such_case)?;
        Ok((id, Some(number)))
    }

    /// A case by what a request names it, in a ledger that has seen what the request says it must have seen.
    pub(super) async fn named(
        &self,
        centre: &str,
        case: &str,
        headers: &HeaderMap,
    ) -> Result<(Here, CaseId, Option<Number>), Problem> {
        let here = self.centre(centre).await?;
        self.wait(headers, &here, "ledger").await?;
        let (id, number) = self.case(&here, case).await?;
        Ok((here, id, number))
    }

    /// Waits until a view has seen what the request says it must have seen.
    pub(super) async fn wait(&self, headers: &HeaderMap, here: &Here, view: &str) -> Result<(), Problem> {
        for wanted in headers.get_all(POSITION) {
            let text = wanted.to_str().map_err(|_| bad_position())?;
            for one in text.split(',') {
                let (centre, position) = one.trim().split_once('@').ok_or_else(bad_position)?;
                let position: u64 = position.parse().map_err(|_| bad_position())?;
                if centre != here.log.as_str() {
                    continue;
                }
                match tokio::time::timeout(WAIT, self.views.seen(view, &here.log, position)).await {
                    Ok(seen) => seen?,
                    Err(_) => {
                        let detail = format!("资料还没有整理到第{position}条记录。请过一会儿再看");
                        return Err(Problem::later("view-behind", 1, detail));
                    }
                }
            }
        }
        Ok(())
    }

    /// How far a view has read a centre's log: what an answer from it rests on at least.
    pub(super) async fn position(&self, here: &Here, view: &str) -> Result<HeaderValue, Problem> {
        Ok(position_header(&here.log, self.views.position(view, &here.log).await?))
    }
}

pub(super) fn position_header(centre: &event_log::Centre, position: u64) -> HeaderValue {
    HeaderValue::try_from(format!("{centre}@{position}")).expect("a centre's name and a number are ASCII")
}

fn bad_position() -> Problem {
    Problem::bad_request("bad-position", "Yousu-Position 读不懂：应如 410404@128，照抄上次答复里的")
}

/// A centre as a request finds it.
pub(super) struct Here {
    pub(super) log: event_log::Centre,
    pub(super) centre: Arc<Centre>,
    /// In a simulated directory the last recorded time.
    pub(super) now: Instant,
}

impl Here {
    pub(super) fn when(&self, at: Option<Instant>, known_at: Option<Instant>) -> When {
        When { now: self.now, at, known_at }
    }
}
