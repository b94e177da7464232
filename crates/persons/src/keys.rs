//! The keys as they are used: found, drawn, kept in groups, forgotten.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use event_log::{Access, Cause, Ready, WriterLock};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use transparency::seal::PersonKey;
use uuid::Uuid;

use crate::KeyError;
use crate::held::{Answer, Drawn, Found, Opened, Outcome, State};
use crate::master::{self, MasterFile, MasterKey};
use crate::store::{Kept, NewPerson, Of, Store, Wrapped, own};

/// The store's name in the directory of keys.
pub const STORE_NAME: &str = "persons.sqlite";
/// The file of master keys beside it.
pub const MASTER_NAME: &str = "master.secret";

pub(crate) const HANDLES: &str = "handles";

/// All keys of an installation.
pub struct PersonKeys {
    pub(crate) store: Store,
    pub(crate) master: Arc<dyn MasterKey>,
    /// The key of the handles by which somebody may be found.
    handles: PersonKey,
    state: Mutex<State>,
    /// Held while keys are written or wrapped anew: what is wrapped by an epoch that is being destroyed would be lost.
    pub(crate) changing: tokio::sync::Mutex<()>,
    /// Held by whoever asks the store for all who wait.
    pub(crate) turn: tokio::sync::Mutex<()>,
    drawn: Arc<Notify>,
    writing: tokio::sync::Mutex<Option<JoinHandle<()>>>,
}

/// A key that was found is not the one that is kept.
pub(crate) struct Stale;

impl PersonKeys {
    /// Opens the keys in this directory. For writing, they are made if the directory holds none and `may_make` says that nothing was
    /// sealed yet.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn open(directory: &Path, access: Access, may_make: bool) -> Result<Arc<Self>, KeyError> {
        let (store_path, master_path) = (directory.join(STORE_NAME), directory.join(MASTER_NAME));
        let may_make = may_make && access == Access::Write;
        if may_make {
            let made = std::fs::create_dir_all(directory).and_then(|()| master::sync_directory(directory));
            made.map_err(|error| master::file_error(directory, "made", error))?;
        }
        let lock = lock(&store_path, access)?;
        let has_store =
            store_path.try_exists().map_err(|error| master::file_error(&store_path, "looked for", error))?;
        let there = (has_store, MasterFile::read(&master_path, &store_path)?);
        let master = match there {
            (_, Some(master)) if has_store || may_make => master,
            (false, None) if may_make => MasterFile::make(&master_path, &store_path)?,
            (true, None) => return Err(missing(master_path, "the store of persons' keys is there")),
            _ => return Err(missing(store_path, "the log holds texts that were sealed with its keys")),
        };
        Self::with_lock(&store_path, lock, Arc::new(master)).await
    }

    /// The same with another provider of the master key.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn with_master(store: &Path, access: Access, master: Arc<dyn MasterKey>) -> Result<Arc<Self>, KeyError> {
        Self::with_lock(store, lock(store, access)?, master).await
    }

    async fn with_lock(
        store: &Path,
        lock: Option<WriterLock>,
        master: Arc<dyn MasterKey>,
    ) -> Result<Arc<Self>, KeyError> {
        let writes = lock.is_some();
        let store = Store::open(store, lock).await?;
        let handles = match store.own(HANDLES).await? {
            Some(Wrapped { epoch, bytes }) => master.unwrap(own(HANDLES), epoch, &bytes)?,
            None => {
                let key = master::draw()?;
                if writes {
                    let bytes = master.wrap(own(HANDLES), &key)?;
                    store.keep_own(HANDLES, &Wrapped { epoch: master.epoch(), bytes }).await?;
                }
                key
            }
        };
        let keys = Arc::new(Self {
            store,
            master,
            handles,
            state: Mutex::default(),
            changing: tokio::sync::Mutex::new(()),
            turn: tokio::sync::Mutex::new(()),
            drawn: Arc::default(),
            writing: tokio::sync::Mutex::new(None),
        });
        if writes {
            keys.finish_erasing().await?;
            *keys.writing.lock().await = Some(tokio::spawn(write(Arc::downgrade(&keys), Arc::clone(&keys.drawn))));
        }
        Ok(keys)
    }

    /// Where the store stands.
    pub fn store_path(&self) -> &PathBuf {
        &self.store.path
    }

    /// The keys of these persons, as far as they are known.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn find(&self, persons: &BTreeSet<Uuid>) -> Result<BTreeMap<Uuid, Found>, KeyError> {
        let mut found = BTreeMap::new();
        let asked: Vec<Uuid> = {
            let mut state = self.state();
            persons
                .iter()
                .copied()
                .filter(|person| match state.get(*person) {
                    Some(one) => found.insert(*person, one).is_some_and(|_| false),
                    None => true,
                })
                .collect()
        };
        if !asked.is_empty() {
            found.extend(self.ask(&asked).await?);
        }
        Ok(found)
    }

    /// Asks the store, together with everybody who asks at the same time: whoever has the turn asks for all.
    async fn ask(&self, persons: &[Uuid]) -> Result<Vec<(Uuid, Found)>, KeyError> {
        loop {
            let told = {
                let mut state = self.state();
                state.asked.persons.extend(persons);
                state.asked.told.subscribe()
            };
            let answer = tokio::select! {
                biased;
                answer = heard(told.clone()) => answer,
                _turn = self.turn.lock() => {
                    let asked = std::mem::take(&mut self.state().asked);
                    if !asked.persons.is_empty() {
                        let answer = self.look_up(&asked.persons.into_iter().collect::<Vec<_>>()).await;
                        // Nobody may be waiting any more.
                        let _ = asked.told.send(Some(answer));
                    }
                    told.borrow().clone()
                }
            };
            // Nothing, where whoever asked for all went away in the midst of it.
            if let Some(answer) = answer {
                let answer = answer?;
                // A key that does not open is the affair of whoever asked for it, and not of those who asked at the same time.
                let of = |person: &Uuid| Some(answer.get(person)?.clone().map(|one| (*person, one)));
                return persons.iter().filter_map(of).collect();
            }
        }
    }

    async fn look_up(&self, persons: &[Uuid]) -> Result<Arc<BTreeMap<Uuid, Opened>>, KeyError> {
        let mut found = self.opened(self.store.find(persons).await?);
        // Wrapped anew between the reading and the opening: the row is another now.
        let is_old = |(person, one): (&Uuid, &Opened)| matches!(one, Err(KeyError::OldStore { .. })).then_some(*person);
        let again: Vec<Uuid> = found.iter().filter_map(is_old).collect();
        if !again.is_empty() {
            found.extend(self.opened(self.store.find(&again).await?));
        }
        let mut state = self.state();
        for (person, one) in &found {
            if let Ok(one) = one {
                state.put(*person, one.clone());
            }
        }
        drop(state);
        Ok(Arc::new(found))
    }

    fn opened(&self, rows: Vec<(Uuid, Kept)>) -> BTreeMap<Uuid, Opened> {
        let open = |(person, kept)| {
            let one = match kept {
                Kept::Key { key: Wrapped { epoch, bytes }, is_restricted } => {
                    let found = if is_restricted { Found::Restricted } else { Found::Key };
                    self.master.unwrap(person, epoch, &bytes).map(found)
                }
                Kept::Erased => Ok(Found::Erased),
            };
            (person, one)
        };
        rows.into_iter().map(open).collect()
    }

    /// The same; who has none yet gets one. It is on the disk once `rest_on` says so.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn find_or_draw(&self, persons: &BTreeSet<Uuid>, of: &Of) -> Result<BTreeMap<Uuid, Found>, KeyError> {
        let mut found = self.find(persons).await?;
        for person in persons.iter().filter(|person| !found.contains_key(*person)).copied().collect::<Vec<_>>() {
            let mut state = self.state();
            // Somebody may have drawn it, and even written it, since the store was asked.
            let one = match state.get(person) {
                Some(one) => one,
                None => {
                    let key = master::draw()?;
                    state.forget_unused();
                    state.drawn.insert(person, Drawn { key: key.clone(), of: of.clone(), round: None });
                    Found::Key(key)
                }
            };
            drop(state);
            found.insert(person, one);
        }
        Ok(found)
    }

    /// What has to be on the disk before something that was sealed with these keys is; `None` if it is. From then on a person is found
    /// by these texts, too. An error where a key is not the one that will be kept: find it again, and seal again.
    pub(crate) fn rest_on(
        &self,
        used: &BTreeMap<Uuid, PersonKey>,
        handles: &[(Uuid, String)],
    ) -> Result<Option<Ready>, Stale> {
        let tokens: Vec<_> = handles.iter().map(|(person, text)| (*person, self.token(text))).collect();
        let mut state = self.state();
        if used.iter().any(|(person, key)| !state.holds(*person, key)) {
            return Err(Stale);
        }
        if state.closed {
            return Ok(Some(Ready::once(std::future::ready(Err(closed())))));
        }
        let mut rounds: Vec<watch::Receiver<Outcome>> = Vec::new();
        for person in used.keys() {
            let State { drawn, next, .. } = &mut *state;
            let Some(drawn) = drawn.get_mut(person) else { continue };
            let round = drawn.round.get_or_insert_with(|| {
                next.persons.push(*person);
                next.told.subscribe()
            });
            rounds.push(round.clone());
        }
        if !tokens.is_empty() {
            rounds.push(state.next.told.subscribe());
            state.next.handles.extend(tokens);
        }
        drop(state);
        if rounds.is_empty() {
            return Ok(None);
        }
        self.drawn.notify_one();
        Ok(Some(Ready::once(async move {
            for mut round in rounds {
                let outcome = round.wait_for(Option::is_some).await;
                match outcome.as_deref() {
                    Ok(Some(outcome)) => outcome.clone()?,
                    _ => return Err(closed()),
                }
            }
            Ok(())
        })))
    }

    /// Where a person's texts stand, and whether they were erased.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn of(&self, person: Uuid) -> Result<Option<(Of, bool)>, KeyError> {
        self.store.of(person).await
    }

    /// Who may be found by this text.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn by_handle(&self, text: &str) -> Result<Vec<(Uuid, Of)>, KeyError> {
        self.store.by_handle(self.token(text)).await
    }

    /// Writes a copy of the store, of no use without the master key.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn copy_to(&self, path: &Path) -> Result<(), KeyError> {
        self.store.copy_to(path).await
    }

    /// Writes what waits, and lets go of the file.
    pub async fn close(&self) {
        self.state().closed = true;
        self.drawn.notify_one();
        if let Some(writing) = self.writing.lock().await.take() {
            // A panic in it was reported already.
            let _ = writing.await;
        }
        self.store.close().await;
    }

    fn token(&self, text: &str) -> [u8; 32] {
        self.handles.blind(HANDLES, text.as_bytes())
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the group that waits, if there is one.
    async fn write_round(&self) -> Wrote {
        let (round, closed) = {
            let mut state = self.state();
            (std::mem::take(&mut state.next), state.closed)
        };
        if round.persons.is_empty() && round.handles.is_empty() {
            return if closed { Wrote::Last } else { Wrote::Nothing };
        }
        let changing = self.changing.lock().await;
        let done = self.keep(&round.persons, &round.handles).await;
        drop(changing);
        let mut state = self.state();
        for person in &round.persons {
            // After an error nobody knows what the store holds: whoever needs it next asks.
            if let (Some(drawn), Ok(())) = (state.drawn.remove(person), &done) {
                state.put(*person, Found::Key(drawn.key));
            }
        }
        drop(state);
        if let Err(error) = &done {
            tracing::error!(%error, "keys of persons could not be kept; what rests on them is refused");
        }
        // Nobody may be waiting any more.
        let _ = round.told.send(Some(done.map_err(|error| Arc::new(error) as Cause)));
        Wrote::All
    }

    async fn keep(&self, persons: &[Uuid], handles: &[(Uuid, [u8; 32])]) -> Result<(), KeyError> {
        let drawn: Vec<(Uuid, PersonKey, Of)> = {
            let state = self.state();
            let one =
                |person: &Uuid| state.drawn.get(person).map(|drawn| (*person, drawn.key.clone(), drawn.of.clone()));
            persons.iter().filter_map(one).collect()
        };
        let wrap = |(person, key, of): (Uuid, PersonKey, Of)| {
            let key = Wrapped { epoch: self.master.epoch(), bytes: self.master.wrap(person, &key)? };
            Ok(NewPerson { person, of, key })
        };
        let new = drawn.into_iter().map(wrap).collect::<Result<Vec<_>, KeyError>>()?;
        self.store.keep(&new, handles).await
    }
}

/// What was answered; nothing where nobody will.
async fn heard(mut told: watch::Receiver<Answer>) -> Answer {
    told.wait_for(Option::is_some).await.ok().and_then(|answer| answer.clone())
}

/// What became of one look at what waits.
enum Wrote {
    All,
    Nothing,
    /// There is nothing, and nothing more may come.
    Last,
}

async fn write(keys: Weak<PersonKeys>, drawn: Arc<Notify>) {
    // However it ends, nobody waits for it any more.
    let _end = End(Weak::clone(&keys));
    loop {
        let Some(keys) = keys.upgrade() else { return };
        match keys.write_round().await {
            // More may have come meanwhile, or the end: two calls may have become one notice.
            Wrote::All => continue,
            Wrote::Nothing => {}
            Wrote::Last => return,
        }
        drop(keys);
        drawn.notified().await;
    }
}

struct End(Weak<PersonKeys>);

impl Drop for End {
    fn drop(&mut self) {
        if let Some(keys) = self.0.upgrade() {
            let mut state = keys.state();
            state.closed = true;
            // Whoever waits in it hears that nobody will write it.
            state.next = Default::default();
        }
    }
}

impl Drop for PersonKeys {
    fn drop(&mut self) {
        self.drawn.notify_one();
    }
}

fn closed() -> Cause {
    Arc::new(KeyError::Closed)
}

/// Who writes keys holds it: two masters' keys in one store would be lost with either.
fn lock(store: &Path, access: Access) -> Result<Option<WriterLock>, KeyError> {
    let directory = store.parent().unwrap_or(store);
    // Where there is none, what is missing is told better by whoever looks for it.
    if access == Access::Read || !directory.is_dir() {
        return Ok(None);
    }
    Ok(Some(WriterLock::take(store)?))
}

fn missing(missing: PathBuf, because: &'static str) -> KeyError {
    KeyError::Missing { missing, because }
}
