//! Attachments (附件): files of a case, sealed under its person's key and named by the hash of what was sealed.

use std::collections::BTreeSet;
use std::sync::Arc;

use event_log::{Cause, Centre, Hash, LogError};
use transparency::seal::{FieldSecret, OVERHEAD_BYTES, OpenError, PersonKey, Place, attachment_field};
use uuid::Uuid;

use crate::KeyError;
use crate::held::Found;
use crate::master::nonce;
use crate::sealed_log::{SealedLog, Used};
use crate::store::Of;

/// An attachment of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It can be opened.
    Opens {
        /// How long it is then.
        bytes: u64,
    },
    /// It is kept, and not to be shown.
    Restricted,
    /// Its person was erased. Whether it is one of the case cannot be told any more.
    Erased,
}

impl SealedLog {
    /// Keeps an attachment of this person's case, sealed; what it answers names the sealed bytes.
    ///
    /// # Errors
    /// As [`EventLog::put_attachment`]; [`LogError::Sealed`] if there is no key for it.
    pub async fn put_sealed(
        &self,
        centre: &Centre,
        stream: Uuid,
        person: Uuid,
        bytes: Vec<u8>,
    ) -> Result<Hash, LogError> {
        let failed = |source: Cause| LogError::Sealed { what: format!("an attachment of case {stream}"), source };
        let of = Of { centre: centre.as_str().to_owned(), stream };
        let nonce = nonce().map_err(|error| failed(Arc::new(error)))?;
        let field = attachment_field(nonce);
        let place = Place { centre: centre.as_str(), stream, version: 0, person, field: &field };
        let (key, ready) = loop {
            let found = self.keys.find_or_draw(&BTreeSet::from([person]), &of).await;
            let found = found.map_err(|error| failed(Arc::new(error)))?;
            let Some(key) = found.get(&person).and_then(Found::key).cloned() else {
                return Err(failed(Arc::new(KeyError::Erased { person })));
            };
            if let Ok(ready) = self.keys.rest_on(&Used::from([(person, key.clone())]), &[]) {
                break (key, ready);
            }
        };
        let secret = key.field(&place);
        let sealed = aside(centre, (stream, person, field), move |place| secret.seal(place, nonce, &bytes)).await?;
        if let Some(ready) = ready {
            ready.await.map_err(failed)?;
        }
        self.inner.put_attachment(sealed).await
    }

    /// The attachment with this hash, opened; `None` if there is none, or the person's data was erased or is not to be shown.
    ///
    /// # Errors
    /// As [`EventLog::get_attachment`]; [`LogError::Sealed`] if it does not open.
    pub async fn get_sealed(
        &self,
        centre: &Centre,
        stream: Uuid,
        person: Uuid,
        hash: Hash,
    ) -> Result<Option<Vec<u8>>, LogError> {
        let failed = |error| LogError::Sealed { what: format!("attachment {hash}"), source: Arc::new(error) };
        if self.keys.is_restricted(person).await.map_err(failed)?.unwrap_or(false) {
            return Ok(None);
        }
        let Some((secret, sealed)) = self.with_secret(centre, stream, person, hash).await? else { return Ok(None) };
        let field = attachment_field(FieldSecret::nonce(&sealed).unwrap_or_default());
        // Bound to the case and the person; to its name it is bound by that alone.
        let open = move |place: &Place<'_>| {
            if Hash::of(&sealed) == hash { secret.open(place, &sealed) } else { Err(OpenError::Altered) }
        };
        let opened = aside(centre, (stream, person, field.clone()), open).await?;
        opened.map(Some).map_err(|source| failed(KeyError::Field { person, field: field.clone(), source }))
    }

    /// The attachment with this hash as it is kept, sealed, and the secret that opens it, for somebody to whom it is to be shown, also where
    /// nothing else is to show it; `None` if there is none, or the person's data was erased.
    ///
    /// # Errors
    /// As [`EventLog::get_attachment`]; [`LogError::Sealed`] if the keys cannot be read.
    pub async fn with_secret(
        &self,
        centre: &Centre,
        stream: Uuid,
        person: Uuid,
        hash: Hash,
    ) -> Result<Option<(FieldSecret, Vec<u8>)>, LogError> {
        let Some(sealed) = self.inner.get_attachment(hash).await? else { return Ok(None) };
        let field = attachment_field(FieldSecret::nonce(&sealed).unwrap_or_default());
        let place = Place { centre: centre.as_str(), stream, version: 0, person, field: &field };
        let secret = self.secret(&place).await;
        let secret =
            secret.map_err(|error| LogError::Sealed { what: format!("attachment {hash}"), source: Arc::new(error) })?;
        Ok(secret.map(|secret| (secret, sealed)))
    }

    /// Whether the attachment with this hash is one of this case and person, by how it begins; `None` if not.
    ///
    /// # Errors
    /// As [`EventLog::get_attachment`]; [`LogError::Sealed`] if the keys cannot be read.
    pub async fn is_sealed(
        &self,
        centre: &Centre,
        stream: Uuid,
        person: Uuid,
        hash: Hash,
    ) -> Result<Option<Kept>, LogError> {
        let first = u32::try_from(OVERHEAD_BYTES).unwrap_or(u32::MAX);
        let Some((length, start)) = self.inner.look_at_attachment(hash, first).await? else { return Ok(None) };
        let (Some(nonce), Some(bytes)) = (FieldSecret::nonce(&start), length.checked_sub(OVERHEAD_BYTES as u64)) else {
            return Ok(None);
        };
        let field = attachment_field(nonce);
        let place = Place { centre: centre.as_str(), stream, version: 0, person, field: &field };
        let found = self.keys.find(&BTreeSet::from([person])).await;
        let found =
            found.map_err(|error| LogError::Sealed { what: format!("attachment {hash}"), source: Arc::new(error) })?;
        let made = |key: &PersonKey| key.field(&place).made(&start);
        Ok(match found.get(&person) {
            Some(Found::Key(key)) => made(key).then_some(Kept::Opens { bytes }),
            Some(Found::Restricted(key)) => made(key).then_some(Kept::Restricted),
            Some(Found::Erased) => Some(Kept::Erased),
            None => None,
        })
    }
}

/// A file of 32 MiB takes half a second: off the threads that serve everybody.
async fn aside<T: Send + 'static>(
    centre: &Centre,
    (stream, person, field): (Uuid, Uuid, String),
    work: impl FnOnce(&Place<'_>) -> T + Send + 'static,
) -> Result<T, LogError> {
    let centre = centre.clone();
    let work = move || work(&Place { centre: centre.as_str(), stream, version: 0, person, field: &field });
    tokio::task::spawn_blocking(work).await.map_err(|_| LogError::Closed)
}
