//! Rows on their way into a real directory: read here, decided beside it, appended in the order of the file.
//!
//! Rows of a file are different cases, so that they may be decided at once. What orders them is the log's queue, which they
//! enter one after the other; and what became of them is told in that order too, once it is on the disk.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use cases::{Case, Refusal};
use event_log::{AppendError, Prepared};
use import::{Outcome, Row};
use tokio::task::JoinHandle;

use super::{
    Imported, Rejected, rejected,
    rows::{Decided, Rows},
};
use crate::engine::{Engine, EngineError, Queued};

/// Rows decided in one go, and how many such goes are under way while the next rows are read.
const ROWS_AT_ONCE: usize = 16;
const AHEAD: usize = 4;
/// Appends that are on their way to the disk at once, and their bytes: below what the log's queue grants to one centre.
const WINDOW_ROWS: usize = 256;
const WINDOW_BYTES: usize = 8 << 20;
/// How many rows in a row have to be new before the next ones are taken to be.
const NEW_IN_A_ROW: u64 = 16;

pub(super) struct Entering {
    deciding: Arc<Deciding>,
    rows: Vec<Outcome>,
    decided: VecDeque<JoinHandle<Result<Vec<Ready>, EngineError>>>,
    on_their_way: VecDeque<OnItsWay>,
    bytes: usize,
}

/// A row whose steps were decided, or that was no row.
enum Ready {
    Rejected(Rejected),
    Row { row: Box<Row>, decided: Box<Decided>, prepared: Option<Prepared>, assumed_new: bool },
}

enum OnItsWay {
    Rejected(Rejected),
    Row(Box<Sent>),
}

struct Sent {
    row: Box<Row>,
    accepted: Option<bool>,
    refusal: Option<Refusal>,
    assumed_new: bool,
    queued: Option<Queued>,
    bytes: usize,
}

impl Entering {
    pub(super) fn new(engine: &Engine, rows: Arc<Rows>) -> Self {
        let deciding = Arc::new(Deciding { engine: engine.clone(), rows, new_in_a_row: AtomicU64::new(0) });
        Self { deciding, rows: Vec::new(), decided: VecDeque::new(), on_their_way: VecDeque::new(), bytes: 0 }
    }

    /// The file's next row.
    pub(super) async fn take(&mut self, row: Outcome, done: &mut Imported) -> Result<(), EngineError> {
        self.rows.push(row);
        if self.rows.len() >= ROWS_AT_ONCE {
            self.decide();
            while self.decided.len() > AHEAD {
                self.send_next(done).await?;
            }
        }
        Ok(())
    }

    /// Waits until every row is on the disk.
    pub(super) async fn finish(mut self, done: &mut Imported) -> Result<(), EngineError> {
        self.decide();
        while !self.decided.is_empty() {
            self.send_next(done).await?;
        }
        while !self.on_their_way.is_empty() {
            self.wait_for_one(done).await?;
        }
        Ok(())
    }

    fn decide(&mut self) {
        let (rows, deciding) = (std::mem::take(&mut self.rows), Arc::clone(&self.deciding));
        self.decided.push_back(tokio::spawn(async move { deciding.all(rows).await }));
    }

    async fn send_next(&mut self, done: &mut Imported) -> Result<(), EngineError> {
        let Some(decided) = self.decided.pop_front() else { return Ok(()) };
        let ready = match decided.await {
            Ok(ready) => ready?,
            Err(stopped) => std::panic::resume_unwind(stopped.into_panic()),
        };
        for ready in ready {
            self.send(ready, done).await?;
        }
        Ok(())
    }

    async fn send(&mut self, ready: Ready, done: &mut Imported) -> Result<(), EngineError> {
        let (row, decided, prepared, assumed_new) = match ready {
            Ready::Rejected(no) => {
                self.on_their_way.push_back(OnItsWay::Rejected(no));
                return Ok(());
            }
            Ready::Row { row, decided, prepared, assumed_new } => (row, decided, prepared, assumed_new),
        };
        let Decided { accepted, refusal, .. } = *decided;
        let bytes = prepared.as_ref().map_or(0, Prepared::bytes);
        while self.on_their_way.len() >= WINDOW_ROWS || (self.bytes > 0 && self.bytes + bytes > WINDOW_BYTES) {
            self.wait_for_one(done).await?;
        }
        let queued = match prepared {
            Some(prepared) => Some(self.deciding.queue(&row, prepared).await),
            None => None,
        };
        self.bytes += bytes;
        let sent = Sent { row, accepted, refusal, assumed_new, queued, bytes };
        self.on_their_way.push_back(OnItsWay::Row(Box::new(sent)));
        Ok(())
    }

    async fn wait_for_one(&mut self, done: &mut Imported) -> Result<(), EngineError> {
        let sent = match self.on_their_way.pop_front() {
            None => return Ok(()),
            Some(OnItsWay::Rejected(no)) => {
                done.rejections.push(no);
                return Ok(());
            }
            Some(OnItsWay::Row(sent)) => sent,
        };
        let Sent { row, mut accepted, mut refusal, assumed_new, queued, bytes } = *sent;
        self.bytes -= bytes;
        if let Some(queued) = queued {
            match queued.done().await {
                Ok(_) => {}
                // It was not new after all. What it lacks, if anything, is added now.
                Err(AppendError::VersionConflict { .. }) if assumed_new => {
                    self.deciding.new_in_a_row.store(0, Ordering::Relaxed);
                    let Decided { append, accepted: first, refusal: no } = self.deciding.looked_up(&row).await?;
                    if let Some(append) = append {
                        let prepared = self.deciding.engine.log().prepare(append).await?;
                        self.deciding.queue(&row, prepared).await.done().await?;
                    }
                    (accepted, refusal) = (first, no);
                }
                Err(error) => return Err(error.into()),
            }
        }
        match accepted {
            Some(true) => done.accepted += 1,
            Some(false) => done.already += 1,
            None => {}
        }
        done.rejections.extend(refusal.map(|refusal| rejected(&row, &refusal)));
        Ok(())
    }
}

struct Deciding {
    engine: Engine,
    rows: Arc<Rows>,
    /// So many of the last rows were looked up and not there. A new file is new from its first row to its last: to ask the
    /// log for each costs more than to decide it, and the version that every append names is checked anyway.
    new_in_a_row: AtomicU64,
}

impl Deciding {
    async fn all(&self, rows: Vec<Outcome>) -> Result<Vec<Ready>, EngineError> {
        let mut ready = Vec::with_capacity(rows.len());
        // Once for all of them: the log records none of them earlier.
        let time = self.engine.time(&self.rows.centre, (None, None)).await?;
        let cases = rows.iter().filter_map(|outcome| match outcome {
            Outcome::Row(row) => Some(self.rows.case(row)),
            Outcome::Rejected(_) => None,
        });
        let blinds = self.engine.blinds(&self.rows.centre.code, cases).await?;
        for outcome in rows {
            ready.push(match outcome {
                Outcome::Rejected(no) => {
                    let reason = no.reason.to_string();
                    Ready::Rejected(Rejected { line: no.line, number: no.number, column: no.column, reason })
                }
                Outcome::Row(row) => {
                    let assumed = if self.new_in_a_row.load(Ordering::Relaxed) >= NEW_IN_A_ROW {
                        Some(self.rows.decide(&row, Case::new(self.rows.case(&row)), time, &blinds)?)
                    } else {
                        None
                    };
                    // Where nothing is appended, no version tells that the case was there.
                    let (mut decided, assumed_new) = match assumed.filter(|assumed| assumed.append.is_some()) {
                        Some(assumed) => (assumed, true),
                        None => (self.looked_up(&row).await?, false),
                    };
                    // Sealed here, beside other rows, and not where they queue up.
                    let prepared = match decided.append.take() {
                        Some(append) => Some(self.engine.log().prepare(append).await?),
                        None => None,
                    };
                    Ready::Row { row, decided: Box::new(decided), prepared, assumed_new }
                }
            });
        }
        Ok(ready)
    }

    async fn queue(&self, row: &Row, prepared: Prepared) -> Queued {
        self.engine.forget_case(self.rows.case(row));
        self.engine.queue_prepared(prepared).await
    }

    async fn looked_up(&self, row: &Row) -> Result<Decided, EngineError> {
        let id = self.rows.case(row);
        let case = Arc::unwrap_or_clone(self.engine.case_to_decide(&self.rows.centre.code, id).await?);
        if case.version == 0 {
            self.new_in_a_row.fetch_add(1, Ordering::Relaxed);
        } else {
            self.new_in_a_row.store(0, Ordering::Relaxed);
        }
        let time = self.engine.time(&self.rows.centre, (None, None)).await?;
        let blinds = self.engine.blinds(&self.rows.centre.code, [id]).await?;
        self.rows.decide(row, case, time, &blinds)
    }
}
