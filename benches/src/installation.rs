//! A data directory as large as it is asked for: a hundred lives that were decided once, each under thousands of ids.
//!
//! What a case is does not depend on its id, so the entries that the domain decided for one case are what it would decide for
//! its copies. Only ids differ; they count up as those of a UUIDv7 do. Nothing but the log is written this way: the views are
//! built from it by the program's own code.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use cases::{
    CaseId,
    story::{Story, Told},
};
use event_log::{APPEND_LIMIT_EVENTS, Access, Append, Body, Centre, Clock, EventLog, NewEvent, Priority, SealedField};
use server::Sealing;
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    append::CENTRE,
    encode,
    lives::{self, Life},
    reading::Readings,
    rebuilds, sizes,
};

/// Bodies of one append when a log is filled: under the log's own limit.
const APPEND_BYTES: usize = 6 << 20;

/// A directory, the centre in it, and what it holds.
pub(crate) struct Installation {
    place: TempDir,
    pub(crate) cases: u64,
    pub(crate) events: u64,
    /// Open obligations of all cases.
    pub(crate) open: u64,
    /// The centre's clock.
    pub(crate) now: cases::Instant,
    story_cases: u64,
    copies: u64,
}

impl Installation {
    /// A year of a centre: nine in ten cases ended in time, one in a hundred is open, the rest were late and set off what
    /// lateness sets off.
    pub(crate) async fn year(dir: &Path, cases: u64) -> anyhow::Result<Self> {
        let first: cases::Instant = "2026-01-05 09:10".parse()?;
        let story = lives::tell(&(0..100).map(|n| life_of_a_year(first, n)).collect::<Vec<_>>());
        Self::fill(dir, &story, cases, 1).await
    }

    /// Cases that wait with their departments, none of them late: an installation for sweeps.
    pub(crate) async fn open(dir: &Path, obligations: u64) -> anyhow::Result<Self> {
        let at: cases::Instant = "2026-03-02 09:10".parse()?;
        let story = lives::tell(&[(at, Life::Open); 10]);
        let each = open_obligations(&story) / story.cases.len() as u64;
        Self::fill(dir, &story, obligations.div_ceil(each.max(1)), 1).await
    }

    async fn fill(dir: &Path, story: &Story, cases: u64, least: u64) -> anyhow::Result<Self> {
        let started = Instant::now();
        let place = tempfile::tempdir_in(dir)?;
        let log = open_log(place.path(), Access::Write).await?;
        let story_cases = story.cases.len() as u64;
        let copies = (cases / story_cases).max(least);
        let (cases, open) = (copies * story_cases, copies * open_obligations(story));
        let mut installation = Self { place, cases, events: 0, open, now: story.now, story_cases, copies };
        installation.write(&*log, story).await?;
        log.close().await;
        let (events, seconds) = (installation.events, started.elapsed().as_secs_f64());
        eprintln!("  a log of {cases} cases, {events} events: {seconds:.1} s");
        Ok(installation)
    }

    async fn write(&mut self, log: &dyn EventLog, story: &Story) -> anyhow::Result<()> {
        let centre = centre();
        let order: BTreeMap<CaseId, u64> = born(story).into_iter().zip(0..).collect();
        // A case and its copies always stand at the same version.
        let mut versions: BTreeMap<Uuid, u64> = BTreeMap::new();
        for told in &story.log {
            let (event, clock, streams) = match told {
                Told::Case(id, entry) => {
                    let streams: Vec<(u64, Uuid)> =
                        (0..self.copies).map(|copy| (copy, self.id(order[id], copy))).collect();
                    (encode(id.0, entry)?, entry.note.decided_at, streams)
                }
                Told::Centre(entry) => {
                    let stream = story.centre.code.stream();
                    (encode(stream, entry)?, entry.note.decided_at, vec![(0, stream)])
                }
            };
            let version = versions.entry(event.stream).or_default();
            let together = (APPEND_BYTES / event.body.len().max(1)).clamp(1, APPEND_LIMIT_EVENTS);
            for streams in streams.chunks(together) {
                let events = streams.iter().map(|(copy, stream)| copied(&event, *stream, *copy));
                let events = events.collect::<anyhow::Result<_>>()?;
                let expected = streams.iter().map(|(_, stream)| (*stream, *version)).collect();
                let (centre, clock, counters) = (centre.clone(), Clock::Given(clock.ms()), Vec::new());
                log.append(Append { centre, events, expected, clock, counters, priority: Priority::People }).await?;
                self.events += streams.len() as u64;
            }
            *version += 1;
        }
        Ok(())
    }

    /// Builds the views, and says how fast.
    pub(crate) fn with_views(self, readings: &mut Readings) -> anyhow::Result<Self> {
        rebuilds::measure("rebuild of a year's views", self.path(), &[], self.events, readings)?;
        Ok(self)
    }

    pub(crate) fn path(&self) -> &Path {
        self.place.path()
    }

    /// The log, beside whoever writes it.
    pub(crate) async fn log(&self) -> anyhow::Result<Arc<dyn EventLog>> {
        open_log(self.path(), Access::Read).await
    }

    /// Where the log lies.
    pub(crate) fn log_file(&self) -> PathBuf {
        self.path().join("log.sqlite")
    }

    /// Some case, the same for the same number.
    pub(crate) fn some_case(&self, n: u64) -> CaseId {
        let chance = sizes::scatter(n);
        CaseId(self.id(chance % self.story_cases, (chance >> 32) % self.copies))
    }

    /// The id of a copy: its first ten bytes count up in the order in which the cases came.
    fn id(&self, case: u64, copy: u64) -> Uuid {
        let no = case * self.copies + copy;
        let noise = sizes::scatter(no);
        Uuid::from_u64_pair(
            ((0x0195_0000_0000 + no) << 16) | 0x7000 | (noise & 0xfff),
            0x8000_0000_0000_0000 | (noise >> 2),
        )
    }
}

pub(crate) fn centre() -> Centre {
    Centre::new(CENTRE).expect("six digits")
}

/// The log of this directory as the program opens it: sealed.
pub(crate) async fn open_log(dir: &Path, access: Access) -> anyhow::Result<Arc<dyn EventLog>> {
    Ok(sealing(dir, access).await?.into_log())
}

pub(crate) async fn sealing(dir: &Path, access: Access) -> anyhow::Result<Sealing> {
    let log = event_log::open(&format!("sqlite:{}", dir.join("log.sqlite").display()), access).await?;
    let is_new = log.centres().await?.is_empty();
    Ok(Sealing::open(log, &dir.join("keys"), access, is_new).await?)
}

/// The same event of another case: the persons of a copy are other persons, with keys of their own.
pub(crate) fn copied(event: &NewEvent, stream: Uuid, copy: u64) -> anyhow::Result<NewEvent> {
    if copy == 0 || Body::is_plainly_public(&event.body) {
        return Ok(NewEvent { stream, ..event.clone() });
    }
    let body = Body::decode(&event.body)?;
    let other = |field: &SealedField| SealedField {
        person: Uuid::from_u128(field.person.as_u128() ^ (u128::from(copy) << 32)),
        ..field.clone()
    };
    let sealed = body.sealed().iter().map(other).collect();
    Ok(NewEvent { stream, body: body.with_sealed(sealed).encode()?, ..event.clone() })
}

/// Cases in the order of their first events.
fn born(story: &Story) -> Vec<CaseId> {
    let mut born = Vec::new();
    for told in &story.log {
        if let Told::Case(id, _) = told
            && !born.contains(id)
        {
            born.push(*id);
        }
    }
    born
}

fn open_obligations(story: &Story) -> u64 {
    story.cases.values().map(|case| case.clocks.open().count() as u64).sum()
}

/// Two or three days apart, all through the year; the one that is open came last.
fn life_of_a_year(first: cases::Instant, n: i64) -> (cases::Instant, Life) {
    let at = first.plus(chrono::TimeDelta::minutes(n * 3 * 24 * 60 + n * 37 % 400));
    let life = match n {
        99 => Life::Open,
        _ if n % 20 == 3 => Life::Withdrawn,
        _ if n % 5 == 4 => Life::OnTheSpot,
        _ if n % 25 == 7 => Life::Late,
        _ if n % 50 == 12 => Life::VeryLate,
        _ => Life::Whole,
    };
    (at, life)
}
