//! Views from nothing: the whole of a log folded into files that nobody reads yet.
//!
//! Nobody reads them and a file that was not finished is thrown away, so rows need not be in the file after every batch: they
//! stay in hand while there is room and are written when they have not been touched for long, or at the end. Each row is so
//! parsed and written about once, however many events changed it; and memory stays bounded, however long the log.
//!
//! It is a line: the log is read here, a thread decodes, and each view folds and writes on a thread of its own. What is handed
//! on is bounded, so the slowest sets the pace, and nobody waits for anybody else's batch. Threads of their own rather than the
//! runtime's, because the system's allocator keeps what it freed for each thread apart: work that wanders over sixteen threads
//! holds sixteen times what it needs at once.

use std::{collections::VecDeque, panic::resume_unwind, pin::pin, thread};

use event_log::{Centre, Event, EventLog, Texts};
use futures_util::{StreamExt as _, stream::FuturesOrdered};
use tokio::{runtime::Handle, sync::mpsc};

use crate::{
    Stop, ViewError,
    advance::{Batch, decode, texts},
    apply::{Scope, facts, stop},
    file::{File, Reached},
    hand::{Changed, Hand, Stored},
    registry::Kept,
};

/// What a rebuild may hold in memory for each view. More is faster, and never another result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Events that are folded at a time; some more batches are under way.
    pub batch_events: u32,
    /// Rows that stay in hand from batch to batch.
    pub rows: usize,
}

impl Default for Room {
    fn default() -> Self {
        // Many small pieces rather than few large ones: what is handed from thread to thread in one piece of megabytes leaves holes
        // of megabytes in the allocator's heaps, and they were more than all that was in use.
        Self { batch_events: 500, rows: 6_000 }
    }
}

/// Batches that wait for a view.
const WAITING: usize = 2;
/// Batches that are read at a time: while what one says of persons is opened, another comes from the disk.
const AHEAD: usize = 2;

/// Events of one centre, as the log has them; none where its log ends.
type Raw = (Centre, Vec<Event>);
/// The same decoded.
type Decoded = (Centre, Batch);

/// Folds these centres' logs into these files, which hold nothing of them. The files are given back however it went, and how
/// many events there were.
pub(crate) async fn build(
    files: Vec<File>,
    log: &dyn EventLog,
    centres: &[Centre],
    room: Room,
    progress: impl FnMut(&Centre, u64),
) -> (Vec<File>, Result<u64, ViewError>) {
    if files.is_empty() {
        return (files, Ok(0));
    }
    let (mut inboxes, mut folding) = (Vec::new(), Vec::new());
    let views: Vec<&'static Kept> = files.iter().map(|file| file.view).collect();
    // Their threads end when nothing more comes, and the last of them says so here.
    let (working, mut all_ended) = mpsc::channel::<()>(1);
    for (index, file) in files.into_iter().enumerate() {
        let (inbox, batches) = mpsc::channel(WAITING);
        inboxes.push(inbox);
        let (runtime, working) = (Handle::current(), working.clone());
        folding.push(thread::spawn(move || {
            let folded = fold_all((index, &file), room.rows, batches, &runtime);
            drop(working);
            (file, folded)
        }));
    }
    drop(working);
    let (raw, to_decode) = mpsc::channel(1);
    let texts = texts(&views);
    let reading = Reading { log, texts: &texts, batch_events: room.batch_events };
    let of = texts.clone();
    let decoding = thread::spawn(move || decode_all(&views, &of, to_decode, &inboxes));
    let read = reading.all(centres, &raw, progress).await;
    drop(raw);
    let _ = all_ended.recv().await;
    let mut outcome = read;
    let mut files = Vec::with_capacity(folding.len());
    for folding in folding {
        let (file, folded) = folding.join().unwrap_or_else(|panicked| resume_unwind(panicked));
        // A view that failed says why; that the line ended early is only what followed.
        outcome = folded.and(outcome);
        files.push(file);
    }
    decoding.join().unwrap_or_else(|panicked| resume_unwind(panicked));
    (files, outcome)
}

/// How a log is read from end to end.
struct Reading<'a> {
    log: &'a dyn EventLog,
    texts: &'a Texts,
    batch_events: u32,
}

impl Reading<'_> {
    /// Reads on until the end of the last centre's log, or until nobody takes it any more.
    async fn all(
        &self,
        centres: &[Centre],
        to: &mpsc::Sender<Raw>,
        mut progress: impl FnMut(&Centre, u64),
    ) -> Result<u64, ViewError> {
        let mut all = 0;
        for centre in centres {
            let (mut reached, mut next) = (0, 0);
            let (mut ahead, mut read) = (FuturesOrdered::new(), VecDeque::new());
            loop {
                while ahead.len() + read.len() < AHEAD {
                    let after = next;
                    ahead.push_back(async move {
                        let events = self.log.read_centre_for(self.texts, centre, after, self.batch_events).await;
                        events.map(|events| (after, events))
                    });
                    next += u64::from(self.batch_events);
                }
                let next_read = match read.pop_front() {
                    Some(batch) => Some(batch),
                    None => ahead.next().await,
                };
                let Some(batch) = next_read else { break };
                let (after, events) = batch?;
                let last = events.last().map(|event| event.position);
                // Those under way go on while the views are busy: one may have its turn at what others wait for.
                let mut sending = pin!(to.send((centre.clone(), events)));
                let sent = loop {
                    tokio::select! {
                        sent = &mut sending => break sent,
                        Some(batch) = ahead.next() => read.push_back(batch),
                    }
                };
                if sent.is_err() {
                    return Ok(all);
                }
                let Some(last) = last else { break };
                reached = last;
                progress(centre, reached);
                if last != after + u64::from(self.batch_events) {
                    // Fewer than were asked for: those ahead begin elsewhere.
                    ahead.clear();
                    read.clear();
                    next = last;
                }
            }
            all += reached;
        }
        Ok(all)
    }
}

fn decode_all(views: &[&'static Kept], texts: &Texts, mut raw: mpsc::Receiver<Raw>, to: &[mpsc::Sender<Decoded>]) {
    while let Some((centre, events)) = raw.blocking_recv() {
        let batch = decode(views, texts, &centre, events);
        for view in to {
            if view.blocking_send((centre.clone(), batch.clone())).is_err() {
                return;
            }
        }
    }
}

fn fold_all(
    (index, file): (usize, &File),
    most_rows: usize,
    mut batches: mpsc::Receiver<Decoded>,
    runtime: &Handle,
) -> Result<(), ViewError> {
    let mut building = Building::begin(index, file, most_rows, runtime)?;
    while let Some((centre, batch)) = batches.blocking_recv() {
        if batch.is_empty() {
            building.finish(&centre)?;
            building = Building::begin(index, file, most_rows, runtime)?;
        } else {
            building.add(&centre, &batch)?;
        }
    }
    Ok(())
}

/// A view's new file, and the rows of one centre that are not in it yet.
struct Building<'a> {
    /// Its place among the files.
    index: usize,
    file: &'a File,
    most_rows: usize,
    runtime: &'a Handle,
    hand: Box<dyn Hand>,
    reached: u64,
}

impl<'a> Building<'a> {
    fn begin(index: usize, file: &'a File, most_rows: usize, runtime: &'a Handle) -> Result<Self, ViewError> {
        let mut hand = (file.view.hand)();
        hand.take(Stored::nothing()).map_err(|source| file.bad_row(source))?;
        Ok(Self { index, file, most_rows, runtime, hand, reached: 0 })
    }

    fn add(&mut self, centre: &Centre, batch: &Batch) -> Result<(), ViewError> {
        let (file, view) = (self.file, self.file.view);
        let Some(last) = batch.last_position() else { return Ok(()) };
        let scope = Scope::of((self.index, view), batch, 0);
        if let Some((at, why)) = scope.stopped {
            return Err(stop(view, centre, &batch[at], why).into());
        }
        let missing = self.hand.missing(scope.keys);
        if !missing.is_empty() {
            let stored = self.runtime.block_on(file.rows_of(centre, &missing))?;
            self.hand.put_back(stored).map_err(|source| file.bad_row(source))?;
        }
        let disagrees = self.hand.fold(&facts(self.index, batch, (0, last)));
        if let Some(read) = disagrees.and_then(|position| batch.iter().find(|read| read.position == position)) {
            return Err(stop(view, centre, read, Stop::DISAGREES.to_owned()).into());
        }
        self.reached = last;
        if let Some(changed) = self.hand.make_room(self.most_rows).map_err(|source| file.bad_row(source))? {
            // The checkpoint goes before the rows in hand. It only counts once all of them are there.
            self.write(centre, last, changed)?;
        }
        Ok(())
    }

    fn finish(&mut self, centre: &Centre) -> Result<(), ViewError> {
        let (file, reached) = (self.file, self.reached);
        let changed = self.hand.changed().map_err(|source| file.bad_row(source))?;
        self.write(centre, reached, changed)
    }

    fn write(&self, centre: &Centre, position: u64, changed: Changed) -> Result<(), ViewError> {
        let reached = Reached { centre, position, changed: Some(changed) };
        self.runtime.block_on(async { self.file.begin(&[centre]).await?.commit(vec![reached]).await })
    }
}
