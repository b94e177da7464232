//! The driver: opens the views' files, brings them up to the log, builds them anew, says where they stand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex as StdMutex, PoisonError};

use event_log::{Centre, Event, EventLog};
use futures_util::future::try_join_all;
use serde::Serialize;
use tokio::sync::{Mutex, RwLock, RwLockReadGuard, watch};

use crate::{
    Reader, Recorded, Stop, ViewError,
    file::{self, File, Sync},
    fold::Use,
    recorded::Unreadable,
    registry::{Kept, UNKEPT, VIEWS},
};

/// Events that are folded at a time: what a view has to hold in memory. A rebuild takes more, for a row is written once a
/// batch however many events changed it.
const BATCH_EVENTS: u32 = 4_000;
const REBUILD_BATCH_EVENTS: u32 = 16_000;

/// So few are decoded where they are: handing them to another thread costs more.
const HERE_EVENTS: usize = 8;

/// All views of an installation.
pub struct Views {
    slots: Vec<Slot>,
    /// One of us writes at a time; other processes are kept apart by the files themselves.
    writing: Mutex<()>,
    /// Grows whenever a checkpoint moved.
    moved: watch::Sender<u64>,
}

struct Slot {
    view: &'static Kept,
    path: PathBuf,
    /// Held for reading by every query and batch, for writing only while a new file takes its place.
    file: RwLock<File>,
    stops: StdMutex<BTreeMap<Centre, Stop>>,
}

/// Where one view stands with one centre.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    pub view: &'static str,
    /// The last event that it has seen.
    pub position: u64,
    /// Events of the log beyond it.
    pub lag: u64,
    /// Why it does not go on.
    pub stopped: Option<String>,
}

/// What `rebuild` did for one view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rebuilt {
    pub view: &'static str,
    pub centres: usize,
    pub events: u64,
}

impl Views {
    /// Opens `DIR/views/`, with a new and empty file for every view that has none of its present version.
    ///
    /// # Errors
    /// [`ViewError::File`], [`ViewError::Storage`].
    pub async fn open(dir: &Path) -> Result<Self, ViewError> {
        Self::open_only(dir, &VIEWS).await
    }

    /// The same with these views only.
    ///
    /// # Errors
    /// As [`Views::open`].
    pub async fn open_only(dir: &Path, views: &'static [Kept]) -> Result<Self, ViewError> {
        let dir = dir.join("views");
        std::fs::create_dir_all(&dir).map_err(|source| ViewError::File {
            path: dir.clone(),
            action: "created",
            source,
        })?;
        let mut slots = Vec::with_capacity(views.len());
        for view in views {
            let path = dir.join(format!("{}.sqlite", view.name));
            let file = RwLock::new(File::open(view, path.clone(), Sync::Normal).await?);
            slots.push(Slot { view, path, file, stops: StdMutex::default() });
        }
        Ok(Self { slots, writing: Mutex::default(), moved: watch::Sender::new(0) })
    }

    /// Lets go of the files.
    pub async fn close(&self) {
        for slot in &self.slots {
            slot.file.read().await.close().await;
        }
    }

    /// Brings every view up to the end of this centre's log. A view that meets an event it cannot take stops there, says
    /// so in its status, and is tried again the next time; the others go on.
    ///
    /// # Errors
    /// If the log or a file cannot be read or written. A stopped view is no error.
    pub async fn catch_up(&self, log: &dyn EventLog, centre: &Centre) -> Result<Vec<Status>, ViewError> {
        let _alone = self.writing.lock().await;
        let mut guards = Vec::with_capacity(self.slots.len());
        for slot in &self.slots {
            guards.push(slot.file().await?);
        }
        let files: Vec<&File> = guards.iter().map(|guard| &**guard).collect();
        let stops = advance(&files, log, centre, BATCH_EVENTS, |_| ()).await?;
        for slot in &self.slots {
            let mut known = slot.stops.lock().unwrap_or_else(PoisonError::into_inner);
            known.remove(centre);
            known.extend(stops.iter().filter(|stop| stop.view == slot.view.name).map(|s| (centre.clone(), s.clone())));
        }
        drop(guards);
        self.moved.send_modify(|moved| *moved += 1);
        self.status(log, centre).await
    }

    /// The same for every centre of the log.
    ///
    /// # Errors
    /// As [`Views::catch_up`].
    pub async fn catch_up_all(&self, log: &dyn EventLog) -> Result<(), ViewError> {
        for (centre, _) in log.centres().await? {
            self.catch_up(log, &centre).await?;
        }
        Ok(())
    }

    /// Where every view stands with this centre.
    ///
    /// # Errors
    /// If the log or a file cannot be read.
    pub async fn status(&self, log: &dyn EventLog, centre: &Centre) -> Result<Vec<Status>, ViewError> {
        let head = log.head(centre).await?.position;
        let mut all = Vec::with_capacity(self.slots.len());
        for slot in &self.slots {
            let position = slot.file().await?.position(centre).await?;
            let stops = slot.stops.lock().unwrap_or_else(PoisonError::into_inner);
            let stopped = stops.get(centre).map(ToString::to_string);
            all.push(Status { view: slot.view.name, position, lag: head.saturating_sub(position), stopped });
        }
        Ok(all)
    }

    /// Waits until a view has seen a position of a centre; the caller bounds the wait.
    ///
    /// # Errors
    /// [`ViewError::UnknownView`], [`ViewError::Stopped`] if the view stopped before it, [`ViewError::Storage`].
    pub async fn seen(&self, view: &str, centre: &Centre, position: u64) -> Result<(), ViewError> {
        let slot = self.slot(view)?;
        let mut moved = self.moved.subscribe();
        loop {
            if slot.file().await?.position(centre).await? >= position {
                return Ok(());
            }
            let stop = slot.stops.lock().unwrap_or_else(PoisonError::into_inner).get(centre).cloned();
            if let Some(stop) = stop.filter(|stop| stop.position <= position) {
                return Err(stop.into());
            }
            // It cannot fail while `self` holds the sender.
            let _ = moved.changed().await;
        }
    }

    /// Builds views anew (all of them if none is named) beside the ones that serve, and puts them in their place.
    /// `progress` is told of every batch: view, centre, position.
    ///
    /// # Errors
    /// [`ViewError::UnknownView`], [`ViewError::Stopped`] if the log holds an event that a view cannot take (the old file
    /// then goes on serving), and what reading and writing can bring.
    pub async fn rebuild(
        &self,
        log: &dyn EventLog,
        names: &[String],
        progress: impl FnMut(&Centre, u64),
    ) -> Result<Vec<Rebuilt>, ViewError> {
        for name in names.iter().filter(|name| !UNKEPT.contains(&name.as_str())) {
            self.slot(name)?;
        }
        let is_wanted = |slot: &&Slot| names.is_empty() || names.iter().any(|name| name == slot.view.name);
        let wanted: Vec<&Slot> = self.slots.iter().filter(is_wanted).collect();
        let rebuilt = self.rebuild_wanted(log, &wanted, progress).await;
        if rebuilt.is_err() {
            // Half a view is room that the log may need. What cannot be removed now is removed by the next rebuild.
            let _ = wanted.iter().try_for_each(|slot| file::remove(&slot.fresh()));
        }
        rebuilt
    }

    async fn rebuild_wanted(
        &self,
        log: &dyn EventLog,
        wanted: &[&Slot],
        mut progress: impl FnMut(&Centre, u64),
    ) -> Result<Vec<Rebuilt>, ViewError> {
        let mut fresh = Vec::with_capacity(wanted.len());
        for slot in wanted {
            let path = slot.fresh();
            file::remove(&path)?;
            fresh.push(File::open(slot.view, path, Sync::Off).await?);
        }
        let files: Vec<&File> = fresh.iter().collect();
        let (mut events, centres) = (0, log.centres().await?);
        for (centre, _) in &centres {
            if let Some(stop) =
                advance(&files, log, centre, REBUILD_BATCH_EVENTS, |at| progress(centre, at)).await?.into_iter().next()
            {
                return Err(stop.into());
            }
            // What came in meanwhile is in too.
            events += match files.first() {
                Some(file) => file.position(centre).await?,
                None => 0,
            };
        }
        let rebuilt = wanted.iter().map(|slot| Rebuilt { view: slot.view.name, centres: centres.len(), events });
        let rebuilt = rebuilt.collect();
        let _alone = self.writing.lock().await;
        for (slot, file) in wanted.iter().zip(fresh) {
            let mut serving = slot.file.write().await;
            serving.close().await;
            file.move_to(&slot.path).await?;
            *serving = File::open(slot.view, slot.path.clone(), Sync::Normal).await?;
            slot.stops.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        self.moved.send_modify(|moved| *moved += 1);
        Ok(rebuilt)
    }

    /// The file of a view, to be read.
    pub(crate) async fn file(&self, view: &str) -> Result<RwLockReadGuard<'_, File>, ViewError> {
        self.slot(view)?.file().await
    }

    fn slot(&self, view: &str) -> Result<&Slot, ViewError> {
        let found = self.slots.iter().find(|slot| slot.view.name == view);
        found.ok_or_else(|| {
            let names: Vec<_> = VIEWS.iter().map(|view| view.name).chain(UNKEPT).collect();
            ViewError::UnknownView(view.to_owned(), names.join(", "))
        })
    }
}

impl Slot {
    /// Where it is built anew.
    fn fresh(&self) -> PathBuf {
        self.path.with_extension("sqlite.new")
    }

    /// The file that serves, opened anew if another process put one in its place.
    async fn file(&self) -> Result<RwLockReadGuard<'_, File>, ViewError> {
        let file = self.file.read().await;
        if file.is_in_place() {
            return Ok(file);
        }
        drop(file);
        let mut file = self.file.write().await;
        if !file.is_in_place() {
            file.close().await;
            *file = File::open(self.view, self.path.clone(), Sync::Normal).await?;
        }
        Ok(file.downgrade())
    }
}

/// An event of a batch, decoded if any view wants it.
struct Read {
    position: u64,
    kind: String,
    fact: Option<Result<Recorded, Unreadable>>,
}

/// Brings these files up to the end of a centre's log. Each event is read and decoded once for all of them; while a batch
/// is written into the files, the next one is read and decoded beside it.
async fn advance(
    files: &[&File],
    log: &dyn EventLog,
    centre: &Centre,
    batch_events: u32,
    mut progress: impl FnMut(u64),
) -> Result<Vec<Stop>, ViewError> {
    let mut stops: Vec<Stop> = Vec::new();
    let mut ahead: Option<(u64, Vec<Read>)> = None;
    loop {
        let mut running = Vec::new();
        for file in files.iter().filter(|file| !stops.iter().any(|stop| stop.view == file.view.name)) {
            running.push((file.position(centre).await?, *file));
        }
        let Some(after) = running.iter().map(|(position, _)| *position).min() else { return Ok(stops) };
        let batch = match ahead.take() {
            Some((read_after, batch)) if read_after == after => batch,
            _ => read_batch(files, log, centre, after, batch_events).await?,
        };
        let Some(last) = batch.last().map(|read| read.position) else { return Ok(stops) };
        let write = async {
            let behind = running.iter().filter(|(position, _)| *position < last);
            try_join_all(behind.map(|(_, file)| apply(file, centre, &batch))).await
        };
        let (stopped, next) = tokio::join!(write, read_batch(files, log, centre, last, batch_events));
        stops.extend(stopped?.into_iter().flatten());
        ahead = Some((last, next?));
        progress(last);
    }
}

/// Read on the log's threads and decoded on a thread of its own, so that whoever writes meanwhile has a core to itself.
async fn read_batch(
    files: &[&File],
    log: &dyn EventLog,
    centre: &Centre,
    after: u64,
    limit: u32,
) -> Result<Vec<Read>, ViewError> {
    let events = log.read_centre(centre, after, limit).await?;
    let uses: Vec<fn(&str) -> Use> = files.iter().map(|file| file.view.uses).collect();
    let reader = Reader::new(centre);
    let read = move |event: Event| {
        let wanted = uses.iter().any(|uses| matches!(uses(&event.kind), Use::Fields | Use::Clocks));
        let fact = wanted.then(|| reader.read(&event));
        Read { position: event.position, kind: event.kind, fact }
    };
    if events.len() <= HERE_EVENTS {
        return Ok(events.into_iter().map(read).collect());
    }
    let decoded = tokio::task::spawn_blocking(move || events.into_iter().map(read).collect()).await;
    // It can only have panicked, and then this is where it goes on.
    Ok(decoded.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic())))
}

/// One batch into one view: rows and checkpoint in one transaction.
async fn apply(file: &File, centre: &Centre, batch: &[Read]) -> Result<Option<Stop>, ViewError> {
    let view = file.view;
    let stop = |read: &Read, why: String| Stop {
        view: view.name,
        centre: centre.clone(),
        position: read.position,
        kind: read.kind.clone(),
        why,
    };
    let mut writing = file.begin(centre).await?;
    if batch.first().is_none_or(|read| read.position > writing.position + 1) {
        // Somebody put an older file in this one's place: what lies between has to be read first.
        return Ok(None);
    }
    let (mut facts, mut reached, mut stopped) = (Vec::with_capacity(batch.len()), writing.position, None);
    for read in batch.iter().filter(|read| read.position > writing.position) {
        match ((view.uses)(&read.kind), &read.fact) {
            (Use::Unknown, _) => stopped = Some(stop(read, "the view does not know this type".to_owned())),
            (Use::Fields | Use::Clocks, Some(Err(error))) => stopped = Some(stop(read, error.to_string())),
            (Use::Fields | Use::Clocks, Some(Ok(fact))) => facts.push(fact),
            (Use::Fields | Use::Clocks | Use::Nothing, _) => {}
        }
        if stopped.is_some() {
            break;
        }
        reached = read.position;
    }
    if reached == writing.position {
        return Ok(stopped);
    }
    if facts.is_empty() {
        writing.commit(reached, None).await?;
        return Ok(stopped);
    }
    let mut keys: Vec<String> = facts.iter().flat_map(|fact| (view.keys)(fact)).collect();
    keys.sort_unstable();
    keys.dedup();
    let with_set_up = facts.iter().any(|fact| fact.case().is_none());
    let stored = writing.stored(&keys, with_set_up).await?;
    let stepped = (view.step)(view.uses, stored, &facts).map_err(|source| file.bad_row(source))?;
    if let Some(position) = stepped.disagrees_at {
        let read = batch.iter().find(|read| read.position == position);
        return Ok(read.map(|read| stop(read, Stop::DISAGREES.to_owned())));
    }
    writing.commit(reached, Some(stepped)).await?;
    Ok(stopped)
}
