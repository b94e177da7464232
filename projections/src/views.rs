//! The driver: opens the views' files, brings them up to the log, builds them anew, says where they stand.

use std::collections::BTreeMap;
use std::fs::TryLockError;
use std::path::{Path, PathBuf};
use std::sync::{Mutex as StdMutex, PoisonError};

use event_log::{Centre, EventLog};
use serde::Serialize;
use tokio::sync::{Mutex, RwLock, RwLockReadGuard, watch};

use crate::{
    Stop, ViewError,
    advance::{Advanced, advance},
    build::{Room, build},
    file::{self, File, Sync},
    registry::{Kept, UNKEPT, VIEWS},
};

/// Events that are folded at a time: what a view has to hold in memory.
pub(crate) const BATCH_EVENTS: u32 = 4_000;

/// All views of an installation.
pub struct Views {
    dir: PathBuf,
    pub(crate) slots: Vec<Slot>,
    /// One of us writes at a time; other processes are kept apart by the files themselves.
    pub(crate) writing: Mutex<()>,
    /// Grows whenever a checkpoint moved.
    moved: watch::Sender<u64>,
}

pub(crate) struct Slot {
    pub(crate) view: &'static Kept,
    pub(crate) path: PathBuf,
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
    /// Events that the log had beyond these when the new file began to serve.
    pub lag: u64,
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
        Ok(Self { dir, slots, writing: Mutex::default(), moved: watch::Sender::new(0) })
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
        Ok(self.catch_up_with(log, std::slice::from_ref(centre)).await?.pop().unwrap_or_default())
    }

    /// The same for several centres at once, which costs hardly more than one: where each of them stands, in their order.
    ///
    /// # Errors
    /// As [`Views::catch_up`]; then others of these centres may have been brought up, or none.
    pub async fn catch_up_with(&self, log: &dyn EventLog, centres: &[Centre]) -> Result<Vec<Vec<Status>>, ViewError> {
        let _alone = self.writing.lock().await;
        let mut guards = Vec::with_capacity(self.slots.len());
        for slot in &self.slots {
            guards.push(slot.file().await?);
        }
        let files: Vec<&File> = guards.iter().map(|guard| &**guard).collect();
        let moved = || self.moved.send_modify(|moved| *moved += 1);
        let all = advance(&files, log, centres, BATCH_EVENTS, moved).await?;
        let mut statuses = Vec::with_capacity(centres.len());
        for (centre, Advanced { positions, stops }) in centres.iter().zip(all) {
            for slot in &self.slots {
                let stop = stops.iter().find(|stop| stop.view == slot.view.name).cloned();
                let mut known = slot.stops.lock().unwrap_or_else(PoisonError::into_inner);
                known.remove(centre);
                known.extend(stop.map(|stop| (centre.clone(), stop)));
            }
            let head = log.tail(centre).now();
            let of_each = self.slots.iter().zip(positions);
            statuses.push(of_each.map(|(slot, position)| slot.status(centre, position, head)).collect());
        }
        drop(guards);
        // Whoever waits for a view that stopped is told so.
        moved();
        Ok(statuses)
    }

    /// The same for every centre of the log.
    ///
    /// # Errors
    /// As [`Views::catch_up_with`].
    pub async fn catch_up_all(&self, log: &dyn EventLog) -> Result<(), ViewError> {
        let centres: Vec<Centre> = log.centres().await?.into_iter().map(|(centre, _)| centre).collect();
        self.catch_up_with(log, &centres).await.map(drop)
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
            all.push(slot.status(centre, position, head));
        }
        Ok(all)
    }

    /// How far one view has read a centre's log.
    ///
    /// # Errors
    /// [`ViewError::UnknownView`], [`ViewError::Storage`].
    pub async fn position(&self, view: &str, centre: &Centre) -> Result<u64, ViewError> {
        self.file(view).await?.position(centre).await
    }

    /// Waits until a view has seen a position of a centre; the caller bounds the wait.
    ///
    /// # Errors
    /// [`ViewError::UnknownView`], [`ViewError::Stopped`] if the view stopped before it, [`ViewError::Storage`].
    pub async fn seen(&self, view: &str, centre: &Centre, position: u64) -> Result<(), ViewError> {
        let slot = self.slot(view)?;
        let mut moved = self.moved.subscribe();
        loop {
            if slot.file().await?.has_seen(centre, position).await? {
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
    /// `progress` is told of every batch that was read: centre, position.
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
        self.rebuild_within(Room::default(), log, names, progress).await
    }

    /// The same with more or less memory.
    ///
    /// # Errors
    /// As [`Views::rebuild`].
    pub async fn rebuild_within(
        &self,
        room: Room,
        log: &dyn EventLog,
        names: &[String],
        progress: impl FnMut(&Centre, u64),
    ) -> Result<Vec<Rebuilt>, ViewError> {
        for name in names.iter().filter(|name| !UNKEPT.contains(&name.as_str())) {
            self.slot(name)?;
        }
        let is_wanted = |slot: &&Slot| names.is_empty() || names.iter().any(|name| name == slot.view.name);
        let wanted: Vec<&Slot> = self.slots.iter().filter(is_wanted).collect();
        let _building = self.build_alone().await?;
        let rebuilt = self.rebuild_wanted(log, &wanted, room, progress).await;
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
        room: Room,
        progress: impl FnMut(&Centre, u64),
    ) -> Result<Vec<Rebuilt>, ViewError> {
        let mut fresh = Vec::with_capacity(wanted.len());
        for slot in wanted {
            fresh.push(File::open(slot.view, slot.fresh(), Sync::Off).await?);
        }
        let centres: Vec<Centre> = log.centres().await?.into_iter().map(|(centre, _)| centre).collect();
        // What came in meanwhile is in too.
        let (fresh, events) = build(fresh, log, &centres, room, progress).await;
        let events = events?;
        let mut complete = Vec::with_capacity(fresh.len());
        for file in fresh {
            // One after the other: sorting an index takes memory beside all that the folding left behind.
            complete.push(file.complete().await?);
        }
        let _alone = self.writing.lock().await;
        for (slot, path) in wanted.iter().zip(complete) {
            let mut serving = slot.file.write().await;
            serving.close().await;
            file::replace(&path, &slot.path)?;
            *serving = File::open(slot.view, slot.path.clone(), Sync::Normal).await?;
            slot.stops.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        self.moved.send_modify(|moved| *moved += 1);
        let written: u64 = log.centres().await?.iter().map(|(_, position)| position).sum();
        let (centres, lag) = (centres.len(), written.saturating_sub(events));
        Ok(wanted.iter().map(|slot| Rebuilt { view: slot.view.name, centres, events, lag }).collect())
    }

    /// Held, across processes, by whoever builds a view a second time. Two would write one file; and whoever began to read before
    /// somebody's texts were erased must not put them into a view after.
    pub(crate) async fn build_alone(&self) -> Result<std::fs::File, ViewError> {
        let path = self.dir.join("building.lock");
        let failed = |source| ViewError::File { path: path.clone(), action: "locked", source };
        let lock = std::fs::OpenOptions::new().write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        let lock = match lock.try_lock() {
            Ok(()) => lock,
            Err(TryLockError::WouldBlock) => {
                tracing::info!(path = %path.display(), "another program builds views anew; waiting until it has");
                let waiting = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock));
                waiting.await.map_err(std::io::Error::other).flatten().map_err(failed)?
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        };
        // What a process that was killed left half built may hold what was erased since.
        for slot in &self.slots {
            file::remove(&slot.fresh())?;
            file::remove(&slot.second())?;
        }
        Ok(lock)
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

    /// Where it is built a second time to be compared.
    pub(crate) fn second(&self) -> PathBuf {
        self.path.with_extension("sqlite.audit")
    }

    /// The file that serves, opened anew if another process put one in its place.
    pub(crate) async fn file(&self) -> Result<RwLockReadGuard<'_, File>, ViewError> {
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

    fn status(&self, centre: &Centre, position: u64, head: u64) -> Status {
        let stops = self.stops.lock().unwrap_or_else(PoisonError::into_inner);
        let stopped = stops.get(centre).map(ToString::to_string);
        Status { view: self.view.name, position, lag: head.saturating_sub(position), stopped }
    }
}
