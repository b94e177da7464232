//! A log whose events are sealed on their way in and opened on their way out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use event_log::{
    Append, AppendError, Appended, Body, Centre, Clock, CopiedHead, Event, EventLog, Hash, Head, Leaf, LogError,
    Prepared, Progress, Remembered, Report, SealedField, StreamProof, Tail, Texts,
};
use transparency::seal::{FieldSecret, PersonKey, Place};
use transparency::tree::Plan;
use uuid::Uuid;

use crate::held::Found;
use crate::keys::PersonKeys;
use crate::master::nonce;
use crate::store::Of;
use crate::{Handle, KeyError};

/// Whose keys sealed something.
pub(crate) type Used = BTreeMap<Uuid, PersonKey>;

/// What an append comes to.
#[derive(Default)]
struct Sealed {
    /// Bodies by the places of their events.
    bodies: Vec<(usize, Vec<u8>)>,
    used: Used,
    handles: Vec<(Uuid, String)>,
}

/// The log beneath, and the keys that seal what goes into it. What [`EventLog::stream_proof`], [`EventLog::verify`] and copies show
/// are the bytes as they are kept.
pub struct SealedLog {
    pub(crate) inner: Arc<dyn EventLog>,
    pub(crate) keys: Arc<PersonKeys>,
    handle: Handle,
    /// What is read where a text is kept and not to be shown; `None` for whoever decides.
    restricted: Option<&'static str>,
}

impl SealedLog {
    /// `handle` says by which texts a person is to be found again, `restricted` what is read where a text is kept and not to be shown.
    pub fn new(inner: Arc<dyn EventLog>, keys: Arc<PersonKeys>, handle: Handle, restricted: &'static str) -> Self {
        Self { inner, keys, handle, restricted: Some(restricted) }
    }

    /// The same log, read as it is: for deciding, which must not take what stands in the place of a text for one, and for nothing that is
    /// shown to anybody.
    #[must_use]
    pub fn unhidden(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), keys: Arc::clone(&self.keys), handle: self.handle, restricted: None }
    }

    /// Seals with whatever keys there are, until these are the ones that are kept: others may have drawn them at the same moment.
    async fn seal(&self, mut append: Append) -> Result<Prepared, KeyError> {
        loop {
            let Sealed { bodies, used, handles } = self.seal_once(&append).await?;
            let Ok(ready) = self.keys.rest_on(&used, &handles) else { continue };
            for (index, body) in bodies {
                append.events[index].body = body;
            }
            return Ok(match ready {
                Some(ready) => Prepared::after(append, ready),
                None => append.into(),
            });
        }
    }

    async fn seal_once(&self, append: &Append) -> Result<Sealed, KeyError> {
        let Append { centre, events, expected, .. } = append;
        let mut versions: BTreeMap<Uuid, u64> = expected.iter().copied().collect();
        let mut all = Sealed::default();
        for (index, event) in events.iter().enumerate() {
            let version = versions.entry(event.stream).or_default();
            *version += 1;
            if Body::is_plainly_public(&event.body) {
                continue;
            }
            let body = Body::decode(&event.body).map_err(bad_body)?;
            let persons: BTreeSet<Uuid> = body.sealed().iter().map(|field| field.person).collect();
            let of = Of { centre: centre.as_str().to_owned(), stream: event.stream };
            let found = self.keys.find_or_draw(&persons, &of).await?;
            let sealed = body.sealed().iter().map(|field| {
                let SealedField { person, field, bytes: Some(text) } = field else { return Ok(field.clone()) };
                let Some(key) = found.get(person).and_then(Found::key) else {
                    return Err(KeyError::Erased { person: *person });
                };
                if let Some(handle) = (self.handle)(field, text) {
                    all.handles.push((*person, handle));
                }
                all.used.entry(*person).or_insert_with(|| key.clone());
                let (centre, stream, version) = (centre.as_str(), event.stream, *version);
                let place = Place { centre, stream, version, person: *person, field };
                let bytes = Some(key.field(&place).seal(&place, nonce()?, text));
                Ok(SealedField { person: *person, field: field.clone(), bytes })
            });
            let sealed = sealed.collect::<Result<Vec<_>, _>>()?;
            all.bodies.push((index, body.with_sealed(sealed).encode().map_err(bad_body)?));
        }
        Ok(all)
    }

    /// Opens what is wanted, and everything if nobody says what is. Of other texts the bytes are left out, or left as they are where
    /// nothing of an event is wanted.
    async fn open(
        &self,
        wanted: Option<&Texts>,
        centre: &Centre,
        mut events: Vec<Event>,
    ) -> Result<Vec<Event>, LogError> {
        let at = |event: &Event| format!("{centre}@{} ({})", event.position, event.kind);
        let failed = |event: &Event, error: KeyError| LogError::Sealed { what: at(event), source: Arc::new(error) };
        let mut bodies = Vec::new();
        let mut persons = BTreeSet::new();
        for (index, event) in events.iter().enumerate() {
            let fields = wanted.map(|wanted| wanted.of(&event.kind));
            if fields.is_some_and(<[_]>::is_empty) || Body::is_plainly_public(&event.body) {
                continue;
            }
            let is_wanted = |field: &str| fields.is_none_or(|fields| fields.contains(&field));
            // What is no body is the reader's to refuse.
            let Ok((public, sealed)) = Body::parts(&event.body, is_wanted) else { continue };
            persons.extend(sealed.iter().filter(|field| field.bytes.is_some()).map(|field| field.person));
            bodies.push((index, public, sealed));
        }
        let Some((first, ..)) = bodies.first() else { return Ok(events) };
        let found = self.keys.find(&persons).await.map_err(|error| failed(&events[*first], error))?;
        let mut all = Vec::with_capacity(bodies.len());
        for (index, public, sealed) in bodies {
            let event = &events[index];
            let opened = sealed.iter().map(|field| {
                let SealedField { person, field, bytes: Some(bytes) } = field else { return Ok(field.clone()) };
                let key = match found.get(person) {
                    Some(Found::Key(key)) => key,
                    Some(Found::Restricted(key)) => match self.restricted {
                        None => key,
                        Some(word) => {
                            let bytes = Some(word.as_bytes().to_vec());
                            return Ok(SealedField { person: *person, field: field.clone(), bytes });
                        }
                    },
                    Some(Found::Erased) => {
                        return Ok(SealedField { person: *person, field: field.clone(), bytes: None });
                    }
                    None => return Err(KeyError::Unknown { person: *person }),
                };
                let place = Place {
                    centre: centre.as_str(),
                    stream: event.stream,
                    version: event.version,
                    person: *person,
                    field,
                };
                let text = key.field(&place).open(&place, bytes);
                let text = text.map_err(|source| KeyError::Field { person: *person, field: field.clone(), source })?;
                Ok(SealedField { person: *person, field: field.clone(), bytes: Some(text) })
            });
            let opened = opened.collect::<Result<Vec<_>, _>>().map_err(|error| failed(event, error))?;
            let bytes = Body::encode_parts(public, &opened);
            all.push((index, bytes.map_err(|error| failed(event, bad_body(error)))?));
        }
        for (index, body) in all {
            events[index].body = body;
        }
        Ok(events)
    }

    /// The secret of one field, for somebody to whom it is to be shown, also where nothing else is to show it; `None` once it was erased.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn secret(&self, place: &Place<'_>) -> Result<Option<FieldSecret>, KeyError> {
        match self.keys.find(&BTreeSet::from([place.person])).await?.remove(&place.person) {
            Some(found) => Ok(found.key().map(|key| key.field(place))),
            None => Err(KeyError::Unknown { person: place.person }),
        }
    }
}

fn bad_body(error: event_log::BodyError) -> KeyError {
    KeyError::Body { source: Arc::new(error) }
}

#[async_trait]
impl EventLog for SealedLog {
    async fn prepare(&self, append: Append) -> Result<Prepared, AppendError> {
        let centre = append.centre.clone();
        self.seal(append).await.map_err(|error| AppendError::NotReady { centre, source: Arc::new(error) })
    }

    async fn append_prepared(&self, prepared: Prepared) -> Result<Appended, AppendError> {
        self.inner.append_prepared(prepared).await
    }

    async fn commit_heads(&self, centre: &Centre, clock: Clock) -> Result<Option<Appended>, AppendError> {
        self.inner.commit_heads(centre, clock).await
    }

    async fn read_stream(&self, centre: &Centre, stream: Uuid, after_version: u64) -> Result<Vec<Event>, LogError> {
        self.open(None, centre, self.inner.read_stream(centre, stream, after_version).await?).await
    }

    async fn read_stream_for(
        &self,
        texts: &Texts,
        centre: &Centre,
        stream: Uuid,
        after_version: u64,
    ) -> Result<Vec<Event>, LogError> {
        self.open(Some(texts), centre, self.inner.read_stream(centre, stream, after_version).await?).await
    }

    async fn read_centre(&self, centre: &Centre, after_position: u64, limit: u32) -> Result<Vec<Event>, LogError> {
        self.open(None, centre, self.inner.read_centre(centre, after_position, limit).await?).await
    }

    async fn read_centre_for(
        &self,
        texts: &Texts,
        centre: &Centre,
        after_position: u64,
        limit: u32,
    ) -> Result<Vec<Event>, LogError> {
        self.open(Some(texts), centre, self.inner.read_centre(centre, after_position, limit).await?).await
    }

    async fn stream_head(&self, centre: &Centre, stream: Uuid) -> Result<u64, LogError> {
        self.inner.stream_head(centre, stream).await
    }

    async fn head(&self, centre: &Centre) -> Result<Head, LogError> {
        self.inner.head(centre).await
    }

    async fn centres(&self) -> Result<Vec<(Centre, u64)>, LogError> {
        self.inner.centres().await
    }

    fn tail(&self, centre: &Centre) -> Tail {
        self.inner.tail(centre)
    }

    fn tail_all(&self) -> Tail {
        self.inner.tail_all()
    }

    /// None: [`SealedLog::put_sealed`] knows whose it is.
    async fn put_attachment(&self, _: Vec<u8>) -> Result<Hash, LogError> {
        Err(LogError::Sealed { what: "an attachment".to_owned(), source: Arc::new(KeyError::NotSealed) })
    }

    async fn get_attachment(&self, hash: Hash) -> Result<Option<Vec<u8>>, LogError> {
        self.inner.get_attachment(hash).await
    }

    async fn look_at_attachment(&self, hash: Hash, first: u32) -> Result<Option<(u64, Vec<u8>)>, LogError> {
        self.inner.look_at_attachment(hash, first).await
    }

    async fn verify_against(
        &self,
        remembered: &[Remembered],
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Report, LogError> {
        self.inner.verify_against(remembered, progress).await
    }

    async fn stream_proof(&self, centre: &Centre, stream: Uuid) -> Result<Option<StreamProof>, LogError> {
        self.inner.stream_proof(centre, stream).await
    }

    async fn read_leaves(&self, centre: &Centre, after_position: u64, limit: u32) -> Result<Vec<Leaf>, LogError> {
        self.inner.read_leaves(centre, after_position, limit).await
    }

    async fn prove(&self, centre: &Centre, plan: &Plan) -> Result<Vec<Hash>, LogError> {
        self.inner.prove(centre, plan).await
    }

    async fn copy_into(&self, into: &Path) -> Result<Vec<CopiedHead>, LogError> {
        self.inner.copy_into(into).await
    }

    async fn close(&self) {
        // First the log, whose writer may wait for keys.
        self.inner.close().await;
        self.keys.close().await;
    }
}
