//! One way forward for any number of views: read a batch, decode it once, fold it into each, write.
//!
//! While a batch is folded and written, the next one is read and decoded. How a rebuild does the same to a whole log stands in
//! `build.rs`.

use std::{collections::BTreeMap, ops::Deref, sync::Arc};

use event_log::{Centre, Event, EventLog, Texts};
use futures_util::future::{join_all, try_join_all};

use crate::{Reader, Recorded, Stop, ViewError, file::File, fold::Use, recorded::Unreadable, registry::Kept};

/// So few are decoded and folded where they are: handing them to another thread costs more.
const HERE_EVENTS: usize = 64;

/// An event of a batch, decoded if any view wants it.
pub(crate) struct Read {
    pub(crate) position: u64,
    kind: String,
    /// What each view makes of it, in the order of the files.
    uses: Arc<[Use]>,
    fact: Option<Result<Recorded, Unreadable>>,
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

/// How far files have come.
pub(crate) struct Advanced {
    /// Of each file, in their order.
    pub(crate) positions: Vec<u64>,
    pub(crate) stops: Vec<Stop>,
}

/// Brings these files up to the end of a centre's log, and says which of them stopped before it.
pub(crate) async fn advance(
    files: &[&File],
    log: &dyn EventLog,
    centre: &Centre,
    batch_events: u32,
) -> Result<Advanced, ViewError> {
    let mut stops: Vec<Stop> = Vec::new();
    let mut ahead: Option<(u64, Batch)> = None;
    // As far as is known: each batch begins by reading it, and a statement costs more than most batches' rows.
    let mut positions = try_join_all(files.iter().map(|file| file.known_position(centre))).await?;
    let tail = log.tail(centre);
    loop {
        let is_running = |file: &File| !stops.iter().any(|stop| stop.view == file.view.name);
        let running = files.iter().zip(&positions).filter(|(file, _)| is_running(file)).map(|(_, position)| *position);
        let Some(after) = running.min() else { return Ok(Advanced { positions, stops }) };
        let batch = match ahead.take() {
            Some((read_after, batch)) if read_after == after => batch,
            _ => read_batch(files, log, centre, after, batch_events).await?,
        };
        let Some(last) = batch.last_position() else { return Ok(Advanced { positions, stops }) };
        let write = async {
            let all = files.iter().enumerate().zip(&mut positions);
            let behind = all.filter(|((_, file), at)| is_running(file) && **at < last);
            // Each to its end, also when another fails: a transaction is not to be dropped half-way.
            join_all(behind.map(|((index, file), at)| apply((index, file), centre, (&batch, after), at))).await
        };
        // What comes beyond moves the tail, and whoever follows the log comes back for it.
        let next = async {
            let is_end = tail.now() <= last;
            if is_end { Ok(Batch::default()) } else { read_batch(files, log, centre, last, batch_events).await }
        };
        let (stopped, next) = tokio::join!(write, next);
        for stop in stopped {
            stops.extend(stop?);
        }
        ahead = Some((last, next?));
    }
}

/// Read on the log's threads and decoded on a thread of its own, so that whoever writes meanwhile has a core to itself.
async fn read_batch(
    files: &[&File],
    log: &dyn EventLog,
    centre: &Centre,
    after: u64,
    limit: u32,
) -> Result<Batch, ViewError> {
    let (views, centre) = (files.iter().map(|file| file.view).collect::<Vec<_>>(), centre.clone());
    let texts = texts(&views);
    let events = log.read_centre_for(&texts, &centre, after, limit).await?;
    Ok(beside(events.len(), move || decode(&views, &texts, &centre, events)).await)
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

/// One batch into one view: rows and checkpoint in one transaction. `position` is where the view then stands.
async fn apply(
    (index, file): (usize, &File),
    centre: &Centre,
    (batch, read_after): (&Batch, u64),
    position: &mut u64,
) -> Result<Option<Stop>, ViewError> {
    let view = file.view;
    let mut writing = file.begin(centre).await?;
    *position = writing.position;
    if batch.first().is_none_or(|read| read.position > writing.position + 1) {
        writing.leave().await?;
        if *position < read_after {
            // Somebody put an older file in this one's place: what lies between has to be read first.
            return Ok(None);
        }
        let why = format!("the log has nothing at position {}: run `yousu verify`", *position + 1);
        return Ok(batch.first().map(|read| stop(view, centre, read, why)));
    }
    let (checkpoint, of) = (writing.position, batch.clone());
    let Scope { mut keys, has_facts, with_set_up, reached, stopped } =
        beside(batch.len(), move || Scope::of((index, view), &of, checkpoint)).await;
    let stop = stopped.map(|(at, why)| stop(view, centre, &batch[at], why));
    if reached == checkpoint {
        writing.leave().await?;
        return Ok(stop);
    }
    if !has_facts {
        writing.commit(reached, None).await?;
        *position = reached;
        return Ok(stop);
    }
    keys.sort_unstable();
    keys.dedup();
    let stored = writing.stored(&keys, with_set_up).await?;
    let of = batch.clone();
    let folded = beside(batch.len(), move || {
        let mut hand = (view.hand)();
        hand.take(stored)?;
        let disagrees = hand.fold(&facts(index, &of, (checkpoint, reached)));
        Ok((disagrees, hand.changed()?))
    });
    let (disagrees, changed) = folded.await.map_err(|source| file.bad_row(source))?;
    if let Some(read) = disagrees.and_then(|position| batch.iter().find(|read| read.position == position)) {
        writing.leave().await?;
        return Ok(Some(self::stop(view, centre, read, Stop::DISAGREES.to_owned())));
    }
    writing.commit(reached, Some(changed)).await?;
    *position = reached;
    Ok(stop)
}

pub(crate) fn stop(view: &Kept, centre: &Centre, at: &Read, why: String) -> Stop {
    Stop { view: view.name, centre: centre.clone(), position: at.position, kind: at.kind.clone(), why }
}

/// How far a view can take a batch, and what it needs for that.
pub(crate) struct Scope {
    /// The rows that it may touch, as often as they are named.
    pub(crate) keys: Vec<String>,
    has_facts: bool,
    with_set_up: bool,
    reached: u64,
    /// Where in the batch it stops, and why.
    pub(crate) stopped: Option<(usize, String)>,
}

impl Scope {
    pub(crate) fn of((index, view): (usize, &Kept), batch: &[Read], checkpoint: u64) -> Self {
        let mut scope =
            Self { keys: Vec::new(), has_facts: false, with_set_up: false, reached: checkpoint, stopped: None };
        for (at, read) in batch.iter().enumerate().filter(|(_, read)| read.position > checkpoint) {
            match (read.uses[index], &read.fact) {
                (Use::Unknown, _) => scope.stopped = Some((at, "the view does not know this type".to_owned())),
                (Use::Fields | Use::Clocks, Some(Err(error))) => scope.stopped = Some((at, error.to_string())),
                (Use::Fields | Use::Clocks, Some(Ok(fact))) => {
                    scope.has_facts = true;
                    scope.with_set_up |= fact.case().is_none();
                    scope.keys.extend((view.keys)(fact));
                }
                (Use::Fields | Use::Clocks | Use::Nothing, _) => {}
            }
            if scope.stopped.is_some() {
                break;
            }
            scope.reached = read.position;
        }
        scope
    }
}

/// What a view is told of a batch, after a position and up to another.
pub(crate) fn facts(index: usize, batch: &[Read], (after, reached): (u64, u64)) -> Vec<(&Recorded, Use)> {
    let within = batch.iter().filter(|read| read.position > after && read.position <= reached);
    let wanted = within.filter(|read| matches!(read.uses[index], Use::Fields | Use::Clocks));
    wanted.filter_map(|read| Some((read.fact.as_ref()?.as_ref().ok()?, read.uses[index]))).collect()
}

/// Runs something on a thread of its own if it is long.
async fn beside<T: Send + 'static>(events: usize, run: impl FnOnce() -> T + Send + 'static) -> T {
    if events <= HERE_EVENTS {
        return run();
    }
    // It can only have panicked, and then this is where it goes on.
    tokio::task::spawn_blocking(run).await.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()))
}
