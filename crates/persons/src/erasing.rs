//! Destroying keys, and every earlier copy of them.
//!
//! ```text
//! noted ─► a new epoch of the master key begins ─► rows deleted, the rest wrapped anew ─► WAL emptied ─► earlier epochs destroyed
//! ```
//!
//! Interrupted after any step, the next opening finishes it.
//!
//! And marking whose texts are kept and not to be shown (限制处理), where nothing may be destroyed.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::KeyError;
use crate::held::Found;
use crate::keys::{HANDLES, PersonKeys};
use crate::store::{Intent, Of, Wrapped};

impl PersonKeys {
    /// Notes that this person's key may have to be destroyed, or be marked otherwise: before whatever makes it so is recorded.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn intend(&self, person: Uuid, of: &Of) -> Result<(), KeyError> {
        self.store.intend(person, of).await
    }

    /// Who was noted so, and where it is said whether it is to be.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn intended(&self) -> Result<Vec<Intent>, KeyError> {
        self.store.intended().await
    }

    /// It was done, or is not to be; nothing changes where it was noted again meanwhile.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn forget_intent(&self, intent: &Intent) -> Result<(), KeyError> {
        self.store.forget_intent(intent).await
    }

    /// Destroys the keys of these persons, and every earlier copy of the store with the master key's epoch. Does nothing twice; what was
    /// interrupted is brought to its end when the keys are opened next.
    ///
    /// # Errors
    /// [`KeyError`]: do it again.
    pub async fn erase(&self, persons: &[Uuid]) -> Result<(), KeyError> {
        let _changing = self.changing.lock().await;
        // All that is kept is wrapped anew in one commit, and the store's own key with it.
        let before = self.store.own(HANDLES).await?.map_or(0, |key| key.epoch);
        self.master.begin_epoch(before)?;
        self.rewrap(persons).await?;
        {
            // Before anything else can fail: nobody opens a text of these persons from here on.
            let mut state = self.state();
            for person in persons {
                state.drawn.remove(person);
                state.put(*person, Found::Erased);
            }
        }
        self.finish_erasing().await
    }

    /// Whether what is kept of this person is shown to nobody; `None` of whoever has no key.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn is_restricted(&self, person: Uuid) -> Result<Option<bool>, KeyError> {
        let found = self.find(&BTreeSet::from([person])).await?.remove(&person);
        Ok(found.and_then(|found| found.key().map(|_| matches!(found, Found::Restricted(_)))))
    }

    /// Whether what is kept of this person is shown to nobody from here on; does nothing for whoever has no key. Nothing is destroyed.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn restrict(&self, person: Uuid, is_restricted: bool) -> Result<(), KeyError> {
        // Nobody is asking the store meanwhile: what was read before would come back.
        let _turn = self.turn.lock().await;
        self.store.restrict(person, is_restricted).await?;
        let mut state = self.state();
        if let Some(key) = state.get(person).as_ref().and_then(Found::key) {
            let found = if is_restricted { Found::Restricted } else { Found::Key };
            state.put(person, found(key.clone()));
        }
        Ok(())
    }

    async fn rewrap(&self, persons: &[Uuid]) -> Result<(), KeyError> {
        let rewrap = |whose, old: &Wrapped| {
            let key = self.master.unwrap(whose, old.epoch, &old.bytes)?;
            Ok(Wrapped { epoch: self.master.epoch(), bytes: self.master.wrap(whose, &key)? })
        };
        self.store.erase(persons, &rewrap).await
    }

    /// Brings an erasure to its end: all that is kept is wrapped by the newest epoch, no write-ahead log holds what was deleted, and no
    /// earlier epoch is left. Does nothing where that is so.
    ///
    /// # Errors
    /// [`KeyError`]: do it again.
    pub async fn finish_erasing(&self) -> Result<(), KeyError> {
        if self.store.own(HANDLES).await?.is_some_and(|key| key.epoch < self.master.epoch()) {
            self.rewrap(&[]).await?;
        }
        self.store.empty_wal().await?;
        self.master.destroy_earlier()
    }
}
