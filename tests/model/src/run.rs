//! One seed's lives, one after the other, each looked at when the next begins.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use event_log::model::Plant;
use event_log::{Access, Append, Centre, Clock, Event, EventLog, Head, LogError, NewEvent, Priority, Report, model};

use crate::check::{Contents, check};
use crate::client::{Client, centres, settled, streams};
use crate::disk::{self, Refused};
use crate::history::{History, Told};
use crate::life::{Ending, Life, Trouble};
use crate::schedule::{Ended, Schedule};
use crate::tally::Tally;
use chance::Chance;

/// Callers that may read: as many as the log has connections for it.
const READERS: u64 = 4;
/// What the writer's connection has open: the database and its WAL.
const WRITER_FILES: usize = 2;

pub(crate) type Opened = Rc<RefCell<Option<Result<Arc<dyn EventLog>, LogError>>>>;

pub(crate) struct Run {
    url: String,
    plant: Option<Plant>,
    checkpoint_pages: u32,
    history: Rc<RefCell<History>>,
    clock: Arc<AtomicU64>,
    /// What the log held when it was last looked at.
    contents: Contents,
    pub(crate) tally: Tally,
    pub(crate) wrong: Vec<String>,
    /// Calls of lives that are over.
    calls_before: usize,
    chance: Chance,
}

/// Everything ended, or something is wrong: the life goes no further.
struct Over;

impl Run {
    /// With what the seed's first choices left to choose.
    pub(crate) fn new(url: String, plant: Option<Plant>, mut chance: Chance) -> Self {
        let clock = Arc::<AtomicU64>::default();
        Self {
            url,
            plant,
            checkpoint_pages: chance.of(&[1_000, 1_000, 30, 8, 1]),
            history: Rc::new(RefCell::new(History::new(Arc::clone(&clock)))),
            clock,
            contents: Contents::new(),
            tally: Tally::default(),
            wrong: Vec::new(),
            calls_before: 0,
            chance,
        }
    }

    pub(crate) async fn all(&mut self) {
        let lives = 1 + self.chance.below(4);
        let mut sync_failed = false;
        for n in 0..=lives {
            let life = if n < lives { Life::plan(&mut self.chance, sync_failed) } else { Life::last() };
            disk::forget_randomness();
            model::begin(self.plant, self.checkpoint_pages);
            disk::with(|disk| disk.trace.note(format_args!("{life:?}")));
            let mut schedule = Schedule::new(Chance::new(self.chance.next(), 5), Arc::clone(&self.clock));
            let _ = self.live(&life, &mut schedule).await;
            schedule.drop_all().await;
            self.settle_history();
            sync_failed = disk::with(|disk| disk.refused.syncs > 0);
            disk::with(|disk| disk.begin_life(life.power_cut));
            self.tally.lives += 1;
            if !self.wrong.is_empty() {
                return;
            }
        }
        // One more look, at what the last life left.
        let mut schedule = Schedule::new(Chance::new(self.chance.next(), 5), Arc::clone(&self.clock));
        if let Ok(log) = self.open(Trouble::default(), &mut schedule, false).await {
            let _ = self.look(&log, &mut schedule).await;
            disk::with(disk::Disk::die);
        }
        schedule.drop_all().await;
        self.count();
    }

    async fn live(&mut self, life: &Life, schedule: &mut Schedule) -> Result<(), Over> {
        let log = self.open(life.while_opening, schedule, life.power_cut).await?;
        let lived = async {
            self.look(&log, schedule).await?;
            self.work(&log, life, schedule).await?;
            self.comes_back(&log, schedule).await
        };
        if let Err(over) = lived.await {
            // Before the log is dropped: the dead close nothing.
            disk::with(disk::Disk::die);
            return Err(over);
        }
        self.end(log, life, schedule).await
    }

    async fn open(&mut self, trouble: Trouble, schedule: &mut Schedule, cut: bool) -> Result<Arc<dyn EventLog>, Over> {
        let opened = Opened::default();
        open(schedule, self.url.clone(), &opened);
        let ended = self.go(trouble, schedule).await;
        let result = opened.borrow_mut().take();
        match (ended, result) {
            (Ended::Done, Some(Ok(log))) => Ok(log),
            (Ended::Done | Ended::Stuck(_), result) => {
                let why = result.and_then(Result::err).map_or("stuck".to_owned(), |error| with_causes(&error));
                self.wrong.push(format!("the log cannot be opened: {why}"));
                Err(Over)
            }
            (ended, _) => {
                self.tally.ends_while_opening += 1;
                self.count_end(&ended, cut);
                Err(Over)
            }
        }
    }

    /// Looks at all that the log holds, and holds it against what was told.
    async fn look(&mut self, log: &Arc<dyn EventLog>, schedule: &mut Schedule) -> Result<(), Over> {
        let read = Rc::new(RefCell::new(None));
        let (into, log, history) = (Rc::clone(&read), Arc::clone(log), Rc::clone(&self.history));
        schedule.add("auditor", async move {
            let seen = audit(&*log, &history).await;
            *into.borrow_mut() = Some(seen);
        });
        let ended = self.go(Trouble::default(), schedule).await;
        let (contents, report) = match (ended, read.take()) {
            (Ended::Done, Some(Ok(seen))) => seen,
            (ended, seen) => {
                let why = seen.and_then(Result::err).map_or(format!("{ended:?}"), |error| with_causes(&error));
                self.wrong.push(format!("the log cannot be read: {why}"));
                return Err(Over);
            }
        };
        self.wrong.extend(report.faults.iter().map(|fault| format!("verify: {fault}")));
        let mut history = self.history.borrow_mut();
        self.wrong.extend(check(&contents, &self.contents, &history));
        self.wrong.append(&mut history.wrong);
        self.tally.looks += (history.looks.len() - history.settled_looks) as u64;
        (history.settled_calls, history.settled_looks) = (history.calls.len(), history.looks.len());
        self.contents = contents;
        if self.wrong.is_empty() { Ok(()) } else { Err(Over) }
    }

    async fn work(&mut self, log: &Arc<dyn EventLog>, life: &Life, schedule: &mut Schedule) -> Result<(), Over> {
        for n in 0..life.clients {
            let (log, history) = (Arc::clone(log), Rc::clone(&self.history));
            let chance = Chance::new(self.chance.next(), 6);
            let client = Client { log, history, chance, may_read: n < READERS, deeds: life.deeds };
            schedule.add(&format!("caller {n}"), client.run());
        }
        match self.go(life.at_work, schedule).await {
            Ended::Done => Ok(()),
            Ended::Stuck(who) => {
                self.wrong.push(format!("{who:?} wait for ever"));
                Err(Over)
            }
            ended => {
                self.count_end(&ended, life.power_cut);
                Err(Over)
            }
        }
    }

    /// Whatever the disk refused is over: now an append must succeed at once.
    async fn comes_back(&mut self, log: &Arc<dyn EventLog>, schedule: &mut Schedule) -> Result<(), Over> {
        let (log, history) = (Arc::clone(log), Rc::clone(&self.history));
        schedule.add("witness", async move {
            for centre in centres() {
                let stream = streams().next().unwrap_or_default();
                let Ok(version) = log.stream_head(&centre, stream).await else {
                    history.borrow_mut().wrong("the disk works again, and the log cannot be read".to_owned());
                    return;
                };
                let body = format!("{} 0 witness", history.borrow().next_id()).into_bytes();
                let event = NewEvent { stream, kind: "noted".to_owned(), kind_version: 1, body };
                let append = Append {
                    events: vec![event],
                    expected: vec![(stream, version)],
                    clock: Clock::Machine(0),
                    counters: Vec::new(),
                    priority: Priority::People,
                    centre,
                };
                let (tail, centre_name) = (log.tail(&append.centre), append.centre.clone());
                let call = history.borrow_mut().call(append.clone());
                let answer = log.append(append).await;
                if let Err(error) = &answer {
                    let wrong = format!("the disk works again, and an append was refused: {}", with_causes(error));
                    history.borrow_mut().wrong(wrong);
                }
                history.borrow_mut().tell(call, answer.map(Some), tail.now());
                let (name, reached) = (centre_name, tail.reached());
                match log.head(&name).await {
                    Ok(head) if (head.position, head.recorded_ms) == (reached.position, reached.recorded_ms) => {}
                    head => history.borrow_mut().wrong(format!("{name}: the tail says {reached:?}, the log {head:?}")),
                }
            }
        });
        match self.go(Trouble::default(), schedule).await {
            Ended::Done => Ok(()),
            ended => {
                self.wrong.push(format!("the disk works again, and an append does not end: {ended:?}"));
                Err(Over)
            }
        }
    }

    async fn end(&mut self, log: Arc<dyn EventLog>, life: &Life, schedule: &mut Schedule) -> Result<(), Over> {
        match life.ending {
            Ending::Close => close(schedule, Some(log)),
            Ending::LetGo => {
                drop(log);
                // Its readers' connections end by themselves; the order would not follow from the seed.
                disk::wait_until_closed(WRITER_FILES);
            }
            Ending::Cut => {
                disk::with(disk::Disk::die);
                self.count_cut(life.power_cut, |tally| [&mut tally.kills_at_rest, &mut tally.power_cuts_at_rest]);
                return Err(Over);
            }
        }
        match self.go(life.while_closing, schedule).await {
            Ended::Done => self.tally.closed += 1,
            Ended::Stuck(who) => self.wrong.push(format!("{who:?} wait for ever while the log is closed")),
            ended => {
                self.tally.ends_while_closing += 1;
                self.count_end(&ended, life.power_cut);
            }
        }
        Ok(())
    }

    async fn go(&self, trouble: Trouble, schedule: &mut Schedule) -> Ended {
        schedule.end_at_point(trouble.point, trouble.from_refusal);
        disk::with(|disk| disk.arm(trouble.fault));
        let ended = schedule.run().await;
        disk::with(|disk| disk.trace.note(format_args!("so far: {ended:?}")));
        ended
    }

    /// Whether the disk gave reason for every answer that puts the blame on it.
    fn settle_history(&mut self) {
        let refused = disk::with(|disk| disk.refused);
        let mut history = self.history.borrow_mut();
        history.end_life();
        let unreadable = std::mem::take(&mut history.unreadable);
        for error in unreadable.iter().filter(|_| !refused.any()) {
            self.wrong.push(format!("nothing was refused, and a read failed: {}", with_causes(error)));
        }
        let first = std::mem::replace(&mut self.calls_before, history.calls.len());
        for call in &history.calls[first..] {
            let is_blamed = match &call.told {
                Told::Refused(event_log::AppendError::Full { .. }) => refused.no_room == 0,
                Told::Refused(event_log::AppendError::Stopped { .. }) | Told::Unknown => !refused.any(),
                _ => false,
            };
            if is_blamed {
                self.wrong.push(format!("append {}: the disk gave no reason for {:?}", call.id, call.told));
            }
        }
        self.wrong.append(&mut history.wrong);
        let Refused { writes, no_room, syncs, others, reads } = refused;
        self.tally.refused_writes += writes;
        self.tally.refused_room += no_room;
        self.tally.refused_syncs += syncs;
        self.tally.refused_others += others;
        self.tally.refused_reads += reads;
    }

    fn count_end(&mut self, ended: &Ended, power_cut: bool) {
        match ended {
            Ended::AtPoint(_) => {
                self.count_cut(power_cut, |tally| [&mut tally.kills_at_points, &mut tally.power_cuts_at_points]);
            }
            Ended::DiskDied => {
                self.count_cut(power_cut, |tally| [&mut tally.kills_in_disk, &mut tally.power_cuts_in_disk]);
            }
            Ended::Done | Ended::Stuck(_) => {}
        }
    }

    fn count_cut(&mut self, power_cut: bool, of: impl Fn(&mut Tally) -> [&mut u64; 2]) {
        *of(&mut self.tally)[usize::from(power_cut)] += 1;
    }

    fn count(&mut self) {
        let history = self.history.borrow();
        let of = |(centre, (events, _)): (&Centre, &(Vec<Event>, Head))| -> Vec<u64> {
            events.iter().filter_map(|event| history.origin(centre, event)).map(|(call, _)| call.id).collect()
        };
        let there: std::collections::BTreeSet<u64> = self.contents.iter().flat_map(of).collect();
        for call in &history.calls {
            self.tally.commitments += u64::from(call.is_for_heads() && there.contains(&call.id));
            let is_open = match &call.told {
                Told::Appended(_) => {
                    self.tally.acknowledged += 1;
                    false
                }
                Told::UpToDate => false,
                Told::Refused(event_log::AppendError::Full { .. } | event_log::AppendError::Stopped { .. }) => {
                    self.tally.not_written += 1;
                    false
                }
                Told::Refused(_) => {
                    self.tally.conflicts += 1;
                    false
                }
                Told::Unknown => {
                    self.tally.unknown += 1;
                    true
                }
                Told::Nothing => {
                    self.tally.unanswered += 1;
                    true
                }
            };
            self.tally.unanswered_there += u64::from(is_open && there.contains(&call.id));
        }
    }
}

pub(crate) fn open(schedule: &mut Schedule, url: String, opened: &Opened) {
    let into = Rc::clone(opened);
    schedule.add("opener", async move {
        let log = event_log::open(&url, Access::Write).await;
        *into.borrow_mut() = Some(log);
    });
}

pub(crate) fn close(schedule: &mut Schedule, log: Option<Arc<dyn EventLog>>) {
    schedule.add("closer", async move {
        if let Some(log) = log {
            log.close().await;
        }
    });
}

async fn audit(log: &dyn EventLog, history: &RefCell<History>) -> Result<(Contents, Report), LogError> {
    let report = log.verify(&mut |_| ()).await?;
    settled().await;
    let mut contents = Contents::new();
    for centre in centres() {
        let events = log.read_centre(&centre, 0, u32::MAX).await?;
        settled().await;
        let head = log.head(&centre).await?;
        settled().await;
        contents.insert(centre, (events, head));
    }
    let kept: Vec<_> = history.borrow().attachments.values().cloned().collect();
    for (hash, bytes) in kept {
        settled().await;
        if log.get_attachment(hash).await?.as_ref() != Some(&bytes) {
            history.borrow_mut().wrong(format!("attachment {hash} was acknowledged and is lost"));
        }
    }
    Ok((contents, report))
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
