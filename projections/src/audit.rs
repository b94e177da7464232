//! Whether a view still says what the log says: built a second time, and compared row by row.
//!
//! A projector that is wrong is wrong both times, and tests are for that. This finds what happened to a file since it was
//! written: a damaged disk, a hand that meant well, a batch that was applied by a release that has been withdrawn.

use event_log::{Centre, EventLog, Hash};
use futures_util::future::try_join_all;
use serde::Serialize;

use crate::{
    ViewError, Views,
    advance::advance,
    build::{Room, build},
    file::{self, File, Rows, Sync},
    views::BATCH_EVENTS,
};

/// Rows that are compared at a time.
const PAGE_ROWS: u32 = 1_000;
/// So many differing rows are named; the rest are counted.
const NAMED: usize = 20;

/// What an audit found of one view and one centre.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Audited {
    pub view: &'static str,
    pub centre: String,
    /// Both had seen the log up to here.
    pub position: u64,
    pub rows: u64,
    /// Of all rows with their keys, in the order of the keys: SM3 over pages, each with the one before. The same on every
    /// machine whose view is of this version and has seen the same log.
    pub fingerprint: String,
    /// Rows that are not what the log says, missing and surplus ones too.
    pub differing: u64,
    /// The keys of the first of them.
    pub keys: Vec<String>,
}

impl Audited {
    /// Nothing differs.
    pub fn is_sound(&self) -> bool {
        self.differing == 0
    }
}

impl Views {
    /// Builds every view of a centre a second time, beside the files that serve, and compares all rows. Queries go on
    /// meanwhile, and so does following the log but for the moment in which both files are brought to its end.
    ///
    /// # Errors
    /// [`ViewError::Stopped`] if the log holds an event that a view cannot take, and what reading and writing can bring.
    pub async fn audit(&self, log: &dyn EventLog, centre: &Centre) -> Result<Vec<Audited>, ViewError> {
        let _building = self.build_alone().await?;
        let mut second = Vec::with_capacity(self.slots.len());
        for slot in &self.slots {
            second.push(File::open(slot.view, slot.second(), Sync::Off).await?);
        }
        let (second, built) = build(second, log, std::slice::from_ref(centre), Room::default(), |_, _| ()).await;
        let audited = match built {
            Ok(_) => self.compare(log, centre, &second).await,
            Err(error) => Err(error),
        };
        for file in &second {
            file.close().await;
            file::remove(file.path())?;
        }
        audited
    }

    async fn compare(&self, log: &dyn EventLog, centre: &Centre, second: &[File]) -> Result<Vec<Audited>, ViewError> {
        let second: Vec<&File> = second.iter().collect();
        let alone = self.writing.lock().await;
        let mut guards = Vec::with_capacity(self.slots.len());
        for slot in &self.slots {
            guards.push(slot.file().await?);
        }
        // What came in meanwhile, into both; from here on each is looked at as it is now.
        let both: Vec<&File> = guards.iter().map(|guard| &**guard).chain(second.iter().copied()).collect();
        let advanced = advance(&both, log, std::slice::from_ref(centre), BATCH_EVENTS, || ()).await?;
        if let Some(stop) = advanced.into_iter().flat_map(|of| of.stops).next() {
            return Err(stop.into());
        }
        let mut pairs = Vec::with_capacity(second.len());
        for (serving, second) in guards.iter().zip(&second) {
            pairs.push((serving.view.name, serving.snapshot(centre).await?, second.snapshot(centre).await?));
        }
        drop(guards);
        drop(alone);
        let compared = pairs.into_iter().map(async |(view, serving, second)| of(view, centre, serving, second).await);
        try_join_all(compared).await
    }
}

async fn of(view: &'static str, centre: &Centre, mut serving: Rows, mut second: Rows) -> Result<Audited, ViewError> {
    let (position, mut rows, mut fingerprint) = (second.position, 0, Hash::ZERO);
    let (mut differing, mut keys) = (0, Vec::new());
    let mut note = |key: &str| {
        differing += 1;
        if keys.len() < NAMED {
            keys.push(key.to_owned());
        }
    };
    let mut after = String::new();
    loop {
        let page = second.page(&after, None, PAGE_ROWS).await?;
        let last = page.last().map(|(key, _)| key.clone());
        // Up to the same key, or to the end where this is the last page.
        let theirs = serving.page(&after, last.as_deref(), u32::MAX).await?;
        let mut served = theirs.iter().peekable();
        let mut bytes = fingerprint.0.to_vec();
        for (key, state) in &page {
            while let Some((surplus, _)) = served.next_if(|(served, _)| served < key) {
                note(surplus);
            }
            match served.next_if(|(served, _)| served == key) {
                Some((_, served)) if served == state => {}
                _ => note(key),
            }
            rows += 1;
            bytes.extend(key.as_bytes());
            bytes.extend(state.as_bytes());
        }
        served.for_each(|(surplus, _)| note(surplus));
        let Some(last) = last else { break };
        (after, fingerprint) = (last, Hash::of(&bytes));
    }
    let (centre, fingerprint) = (centre.to_string(), fingerprint.to_string());
    Ok(Audited { view, centre, position, rows, fingerprint, differing, keys })
}
