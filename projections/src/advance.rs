//! One way forward for any number of views and centres: read what came from each centre, decode it once, fold it into each view,
//! write. A view takes what came from all centres in one transaction.
//!
//! While a batch is folded and written, the next one is read and decoded. What happens to a batch within a view stands in `apply.rs`;
//! how a rebuild does the same to a whole log, in `build.rs`.

use std::{collections::BTreeMap, ops::Deref, sync::Arc};

use event_log::{Centre, Event, EventLog, Texts};
use futures_util::future::{join_all, try_join_all};

use crate::{
    Reader, Recorded, Stop, ViewError,
    apply::{Part, apply, beside},
    file::File,
    fold::Use,
    recorded::Unreadable,
    registry::Kept,
};

/// A centre's share of a batch is not smaller than this, however many centres there are: reading it is a statement.
const SHARE_EVENTS: u32 = 64;

/// An event of a batch, decoded if any view wants it.
pub(crate) struct Read {
    pub(crate) position: u64,
    pub(crate) kind: String,
    /// What each view makes of it, in the order of the files.
    pub(crate) uses: Arc<[Use]>,
    pub(crate) fact: Option<Result<Recorded, Unreadable>>,
}

/// Events of one centre, one after the other.
#[derive(Clone, Default)]
pub(crate) struct Batch(Arc<Vec<Read>>);

impl Batch {
    pub(crate) fn last_position(&self) -> Option<u64> {
        self.0.last().map(|read| read.position)
    }
}

impl Deref for Batch {
    type Target = [Read];

    fn deref(&self) -> &[Read] {
        &self.0
    }
}

/// How far files have come with one centre.
pub(crate) struct Advanced {
    /// Of each file, in their order.
    pub(crate) positions: Vec<u64>,
    pub(crate) stops: Vec<Stop>,
}

/// One centre's log on its way into the files.
struct Way<'a> {
    centre: &'a Centre,
    /// Where its log ended when this began. What comes later is for the next time, or under load there would be no end.
    end: u64,
    advanced: Advanced,
    /// What was read while the batch before it was written, and after which position.
    ahead: Option<(u64, Batch)>,
    /// Nothing of it is left for this time: while others are brought up it is not looked at again.
    is_done: bool,
}

/// Brings these files up to where these centres' logs end now, and says of each centre which of them stopped before that. `moved` is
/// called whenever some of it can be read.
pub(crate) async fn advance(
    files: &[&File],
    log: &dyn EventLog,
    centres: &[Centre],
    batch_events: u32,
    moved: impl Fn(),
) -> Result<Vec<Advanced>, ViewError> {
    let share = batch_events / u32::try_from(centres.len()).unwrap_or(u32::MAX).max(1);
    let reading = Reading { files, log, share: share.max(SHARE_EVENTS.min(batch_events)) };
    let mut ways = try_join_all(centres.iter().map(|centre| Way::begin(files, log, centre))).await?;
    loop {
        let batches = try_join_all(ways.iter_mut().map(|way| way.batch(&reading))).await?;
        let under_way: Vec<_> =
            ways.iter_mut().zip(&batches).filter_map(|(way, of)| Some((way, of.as_ref()?))).collect();
        if under_way.is_empty() {
            return Ok(ways.into_iter().map(|way| way.advanced).collect());
        }
        let write = files.iter().enumerate().map(|(index, file)| {
            let parts =
                under_way.iter().enumerate().filter_map(|(of, (way, batch))| Some((of, way.part(index, file, batch)?)));
            let (of, parts): (Vec<usize>, Vec<Part<'_>>) = parts.unzip();
            async move {
                apply((index, file), &parts).await.map(|outcomes| of.into_iter().zip(outcomes).collect::<Vec<_>>())
            }
        });
        let next = under_way.iter().map(|(way, (_, batch))| way.read_ahead(&reading, batch));
        // Each to its end, also when another fails: a transaction is not to be dropped half-way.
        let (written, next) = tokio::join!(join_all(write), try_join_all(next));
        moved();
        let mut under_way = under_way;
        for (index, outcomes) in written.into_iter().enumerate() {
            for (of, (position, stop)) in outcomes? {
                let advanced = &mut under_way[of].0.advanced;
                advanced.positions[index] = position;
                advanced.stops.extend(stop);
            }
        }
        for ((way, _), ahead) in under_way.into_iter().zip(next?) {
            way.ahead = ahead;
        }
    }
}

/// What is read, for whom.
struct Reading<'a> {
    files: &'a [&'a File],
    log: &'a dyn EventLog,
    /// Events of one centre at a time.
    share: u32,
}

impl Reading<'_> {
    /// Read on the log's threads and decoded on a thread of its own, so that whoever writes meanwhile has a core to itself.
    async fn read(&self, centre: &Centre, after: u64) -> Result<Batch, ViewError> {
        let (views, centre) = (self.files.iter().map(|file| file.view).collect::<Vec<_>>(), centre.clone());
        let texts = texts(&views);
        let events = self.log.read_centre_for(&texts, &centre, after, self.share).await?;
        Ok(beside(events.len(), move || decode(&views, &texts, &centre, events)).await)
    }
}

impl<'a> Way<'a> {
    async fn begin(files: &[&File], log: &dyn EventLog, centre: &'a Centre) -> Result<Self, ViewError> {
        // As far as is known: each batch begins by reading it, and a statement costs more than most batches' rows.
        let positions = try_join_all(files.iter().map(|file| file.known_position(centre))).await?;
        let end = positions.iter().fold(log.tail(centre).now(), |end, position| end.max(*position));
        Ok(Self { centre, end, advanced: Advanced { positions, stops: Vec::new() }, ahead: None, is_done: false })
    }

    fn is_running(&self, file: &File) -> bool {
        !self.advanced.stops.iter().any(|stop| stop.view == file.view.name)
    }

    /// The next batch, and after which position it was read; none if nothing is left to be done.
    async fn batch(&mut self, reading: &Reading<'_>) -> Result<Option<(u64, Batch)>, ViewError> {
        let files = reading.files.iter().zip(&self.advanced.positions).filter(|_| !self.is_done);
        let Some(after) = files.filter(|(file, _)| self.is_running(file)).map(|(_, position)| *position).min() else {
            return Ok(None);
        };
        let batch = match self.ahead.take() {
            Some((read_after, batch)) if read_after == after => batch,
            _ => reading.read(self.centre, after).await?,
        };
        self.is_done = batch.is_empty();
        Ok((!self.is_done).then_some((after, batch)))
    }

    async fn read_ahead(&self, reading: &Reading<'_>, batch: &Batch) -> Result<Option<(u64, Batch)>, ViewError> {
        let Some(last) = batch.last_position() else { return Ok(None) };
        // A full one is followed by another, whatever this process was told of the log's end.
        let is_end = last >= self.end && batch.len() < reading.share as usize;
        let next = if is_end { Batch::default() } else { reading.read(self.centre, last).await? };
        Ok(Some((last, next)))
    }

    /// What a file has to take of a batch, if anything.
    fn part<'b>(&'b self, index: usize, file: &File, (read_after, batch): &'b (u64, Batch)) -> Option<Part<'b>> {
        let is_behind = batch.last_position().is_some_and(|last| self.advanced.positions[index] < last);
        (is_behind && self.is_running(file)).then_some(Part { centre: self.centre, batch, read_after: *read_after })
    }
}

/// What any of these views reads of persons.
pub(crate) fn texts(views: &[&'static Kept]) -> Texts {
    views.iter().flat_map(|view| view.texts).copied().collect()
}

pub(crate) fn decode(views: &[&'static Kept], texts: &Texts, centre: &Centre, events: Vec<Event>) -> Batch {
    let reader = Reader::for_texts(centre, texts.clone());
    // A view finds a type among all names there are. A batch has few types.
    let mut known: BTreeMap<String, Arc<[Use]>> = BTreeMap::new();
    let read = move |event: Event| {
        let uses = if let Some(uses) = known.get(&event.kind) {
            Arc::clone(uses)
        } else {
            let uses: Arc<[Use]> = views.iter().map(|view| (view.uses)(&event.kind)).collect();
            known.insert(event.kind.clone(), Arc::clone(&uses));
            uses
        };
        let wanted = uses.iter().any(|of| matches!(of, Use::Fields | Use::Clocks));
        let fact = wanted.then(|| reader.read(&event));
        Read { position: event.position, kind: event.kind, uses, fact }
    };
    Batch(Arc::new(events.into_iter().map(read).collect()))
}
