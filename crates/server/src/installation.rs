//! The data directory: which file is where, and what may be opened.
//!
//! `DIR/log.sqlite` is the log (or wherever `--log` says); `DIR/views/` holds what can be thrown away and built anew.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use cases::{CentreCode, Instant};
use event_log::{Access, BackupError, EventLog, Progress, Restored};
use persons::PersonKeys;
use projections::{Views, When};

use crate::{clock, engine::Engine, erasing, keys, sealing::Sealing, wire};

const LOG_NAME: &str = "log.sqlite";
/// Says that keys and log may not be of one time.
const RESTORED_NAME: &str = "restored";
/// The store of keys while a log is being restored.
const RESTORING_NAME: &str = "persons.sqlite.restoring";

/// Where an installation keeps its things.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Place {
    /// Directory that holds everything of an installation
    #[arg(long, env = "YOUSU_DATA", default_value = "./yousu-data", global = true, value_name = "DIR")]
    data: PathBuf,
    /// The log, if it is elsewhere: sqlite:PATH
    #[arg(long, env = "YOUSU_LOG", global = true, value_name = "URL")]
    log: Option<String>,
}

impl Place {
    #[cfg(test)]
    pub(crate) fn of(data: &Path) -> Self {
        Self { data: data.to_owned(), log: None }
    }

    fn log_url(&self) -> String {
        self.log.clone().unwrap_or_else(|| format!("sqlite:{}", self.data.join(LOG_NAME).display()))
    }

    /// The log's file.
    fn log_path(&self) -> PathBuf {
        let url = self.log_url();
        PathBuf::from(url.strip_prefix("sqlite:").unwrap_or(&url))
    }

    /// The directory; the views stand in `views/` of it.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Opens the log as its one writer; the directory is made if it is not there. What was agreed to be erased, or is to be shown to
    /// nobody or again, and was interrupted or undone by a restore, is carried out first, whatever this process is there for.
    pub(crate) async fn write(&self) -> anyhow::Result<Engine> {
        std::fs::create_dir_all(&self.data).with_context(|| {
            format!("cannot make the data directory {}: give another with --data", self.data.display())
        })?;
        let engine = self.sealed(Access::Write).await?;
        match self.carry_out(&engine, true).await {
            Ok(0) => {}
            Ok(erased) => eprintln!("yousu: {erased} erasures that had been agreed to were carried out"),
            // Nothing may be done with what a restore brought back. Else the log goes on without its views, and it is tried again.
            Err(error) if !self.is_restored()? => {
                eprintln!(
                    "yousu: an erasure or a restriction is not carried out yet, and will be tried again: {error:#}"
                );
            }
            Err(error) => {
                engine.log().close().await;
                return Err(error);
            }
        }
        Ok(engine)
    }

    /// Carries out what was agreed to be erased, and what is to be shown to nobody or again, by whoever writes alone; how many erasures.
    /// `at_rest` says that the end of every command is known.
    pub(crate) async fn carry_out(&self, engine: &Engine, at_rest: bool) -> anyhow::Result<usize> {
        let Some(sealing) = engine.sealing() else { return Ok(0) };
        let mut erased = 0;
        if !sealing.keys.intended().await?.is_empty() {
            let views = Views::open(&self.data).await?;
            let done = erasing::carry_out(engine, &views, at_rest).await;
            views.close().await;
            erased = done?;
        }
        self.is_whole()?;
        if erased > 0 {
            eprintln!(
                "yousu: a key was destroyed and another master key begun: earlier copies of {} open nothing any more; run `yousu backup`, and copy {} where you keep it, over the old one",
                persons::STORE_NAME,
                self.keys().join(persons::MASTER_NAME).display()
            );
        }
        Ok(erased)
    }

    /// Opens the log for reading, beside whoever writes it.
    pub(crate) async fn read(&self) -> anyhow::Result<Engine> {
        self.sealed(Access::Read).await
    }

    /// The same for what needs no text of a person: the bytes as they are kept.
    pub(crate) async fn read_kept(&self) -> anyhow::Result<Engine> {
        Ok(Engine::new(event_log::open(&self.log_url(), Access::Read).await?, Access::Read))
    }

    async fn sealed(&self, access: Access) -> anyhow::Result<Engine> {
        let log = event_log::open(&self.log_url(), access).await?;
        let is_new = log.centres().await?.is_empty();
        if is_new && access == Access::Read {
            return Ok(Engine::new(log, access));
        }
        match self.sealing(&log, access, is_new).await {
            Ok(sealing) => Ok(Engine::sealed(sealing, access)),
            Err(error) => {
                log.close().await;
                Err(error)
            }
        }
    }

    async fn sealing(&self, log: &Arc<dyn EventLog>, access: Access, is_new: bool) -> anyhow::Result<Sealing> {
        let is_restored = self.is_restored()?;
        anyhow::ensure!(
            !is_restored || access == Access::Write,
            "{} was restored, and what was to be erased may not be yet: run `yousu erase carry-out` first",
            self.data.display()
        );
        if is_restored {
            self.name_restored_keys()?;
        }
        let sealing = Sealing::open(Arc::clone(log), &self.keys(), access, is_new).await?;
        if is_restored {
            // The store may be older than the log, and not know of what was agreed to since.
            erasing::note_all(log, &sealing.keys).await?;
        }
        Ok(sealing)
    }

    /// Whether what was to be erased may be there again.
    fn is_restored(&self) -> anyhow::Result<bool> {
        let mark = self.keys().join(RESTORED_NAME);
        mark.try_exists().with_context(|| format!("{} cannot be looked for", mark.display()))
    }

    /// What was to be erased is: from here on a restored installation may be read.
    fn is_whole(&self) -> anyhow::Result<()> {
        let mark = self.keys().join(RESTORED_NAME);
        match std::fs::remove_file(&mark) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("{} cannot be removed", mark.display()))
            }
            _ => Ok(()),
        }
    }

    /// Puts a copy of the store of persons' keys into a backup, and names it. It opens nothing without the master key, which is not
    /// copied.
    pub(crate) async fn copy_keys(&self, into: &Path) -> Result<Vec<String>, BackupError> {
        let beside = |source: event_log::Cause| BackupError::Beside { source };
        let there = self.keys().join(persons::STORE_NAME).try_exists();
        if !there.map_err(|error| beside(Arc::new(error)))? {
            return Ok(Vec::new());
        }
        let failed = |error: persons::KeyError| beside(Arc::new(error));
        let keys = PersonKeys::open(&self.keys(), Access::Read, false).await.map_err(failed)?;
        let copied = keys.copy_to(&into.join(persons::STORE_NAME)).await;
        keys.close().await;
        copied.map_err(failed)?;
        let synced = std::fs::File::open(into.join(persons::STORE_NAME)).and_then(|file| file.sync_all());
        synced.map_err(|error| beside(Arc::new(error)))?;
        Ok(vec![persons::STORE_NAME.to_owned()])
    }

    /// Where all keys stand.
    pub(crate) fn keys(&self) -> PathBuf {
        self.data.join(keys::DIRECTORY)
    }

    /// Fills the place from a backup. The data directory must be empty, for views of another log would be taken for this
    /// one's.
    pub(crate) async fn restore(
        &self,
        from: &Path,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> anyhow::Result<Restored> {
        if let Some(path) = self.stands_in_the_way()? {
            return Err(BackupError::Occupied { path }.into());
        }
        // Under another name until the log has its own: then this one is the log's. Keys that are here already are newer: whom they no
        // longer have was erased since.
        let (here, half) = (self.keys().join(persons::STORE_NAME), self.keys().join(RESTORING_NAME));
        let mark = self.keys().join(RESTORED_NAME);
        let told = || format!("{} cannot be written", half.display());
        let [had_keys, had_mark, has_log] =
            [&self.keys(), &mark, &self.log_path()].map(|path| path.try_exists().with_context(told));
        let (had_keys, had_mark) = (had_keys?, had_mark?);
        let has_log = has_log?;
        let bring_back = async {
            // Where a log is, nothing is touched: what stands there may be an earlier restore that is not at its end.
            if !has_log {
                std::fs::create_dir_all(self.keys()).with_context(told)?;
                if half.try_exists().with_context(told)? {
                    std::fs::remove_file(&half).with_context(told)?;
                }
                if !here.try_exists().with_context(told)? {
                    event_log::bring_beside(from, persons::STORE_NAME, &half).await?;
                }
                let marked = std::fs::write(&mark, "").and_then(|()| std::fs::File::open(self.keys())?.sync_all());
                marked.with_context(|| format!("{} cannot be written", mark.display()))?;
            }
            Ok::<_, anyhow::Error>(event_log::restore(from, &self.log_url(), progress).await?)
        };
        let restored = match bring_back.await {
            Ok(restored) => restored,
            Err(error) => {
                // Nothing is left behind but what was there. What cannot be removed is in nobody's way.
                if !has_log {
                    let _ = std::fs::remove_file(&half);
                    if !had_mark {
                        let _ = std::fs::remove_file(&mark);
                    }
                    if !had_keys {
                        let _ = std::fs::remove_dir(self.keys());
                    }
                }
                return Err(error);
            }
        };
        self.name_restored_keys()?;
        Ok(restored)
    }

    /// Gives the store of keys that came with a restored log its name, unless there was one.
    fn name_restored_keys(&self) -> anyhow::Result<()> {
        let (half, here) = (self.keys().join(RESTORING_NAME), self.keys().join(persons::STORE_NAME));
        let told = || format!("{} cannot be put in place", here.display());
        if half.try_exists().with_context(told)? && !here.try_exists().with_context(told)? {
            let named = std::fs::rename(&half, &here).and_then(|()| std::fs::File::open(self.keys())?.sync_all());
            named.with_context(told)?;
        }
        Ok(())
    }

    fn stands_in_the_way(&self) -> anyhow::Result<Option<PathBuf>> {
        let entries = match std::fs::read_dir(&self.data) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("{} cannot be read as a directory", self.data.display()));
            }
        };
        for entry in entries {
            let path = entry?.path();
            // The log's own files are judged by the log, which knows what an interrupted restore leaves.
            let name = path.file_name().map(std::ffi::OsStr::to_string_lossy).unwrap_or_default();
            let is_the_logs = self.log.is_none() && name.starts_with(LOG_NAME);
            // What opens a backup is put here first.
            if !is_the_logs && name != keys::DIRECTORY {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }
}

/// Log and views opened for looking, the views brought up to the log.
pub(crate) struct Reading {
    pub(crate) engine: Engine,
    pub(crate) views: Views,
    pub(crate) centre: CentreCode,
}

impl Reading {
    pub(crate) async fn open(place: &Place, centre: Option<&CentreCode>) -> anyhow::Result<Self> {
        let engine = place.read().await?;
        let centre = the_centre(&engine, centre).await?;
        let views = Views::open(place.data()).await?;
        for status in views.catch_up(engine.log(), &wire::log_centre(&centre)).await? {
            if let Some(stopped) = status.stopped {
                eprintln!("yousu: view {} stands still: {stopped}", status.view);
            }
        }
        Ok(Self { engine, views, centre })
    }

    pub(crate) fn log_centre(&self) -> event_log::Centre {
        wire::log_centre(&self.centre)
    }

    /// The moment that is asked about; in a simulated directory now is the last recorded time.
    pub(crate) async fn when(&self, at: Option<Instant>, known_at: Option<Instant>) -> anyhow::Result<When> {
        let centre = self.engine.centre(&self.centre).await?;
        let last = self.engine.last_recorded(&self.centre).await?;
        let now = last.filter(|_| centre.simulated).unwrap_or_else(clock::now);
        Ok(When { now, at, known_at })
    }
}

/// The centre that a command is about: the one named, or the only one there is.
pub(crate) async fn the_centre(engine: &Engine, named: Option<&CentreCode>) -> anyhow::Result<CentreCode> {
    if let Some(code) = named {
        anyhow::ensure!(engine.centre(code).await?.version > 0, "centre {code} is not open: see `yousu centre open`");
        return Ok(code.clone());
    }
    let centres = engine.log().centres().await?;
    match centres.as_slice() {
        [(only, _)] => Ok(CentreCode::new(only.as_str())?),
        [] => anyhow::bail!("there is no centre yet: see `yousu centre open`"),
        several => {
            let codes: Vec<_> = several.iter().map(|(code, _)| code.as_str()).collect();
            anyhow::bail!("several centres are here ({}): name one with --centre", codes.join(", "))
        }
    }
}
