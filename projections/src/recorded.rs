//! An event as views read it: decoded once, handed to every view that wants it.

use std::str::FromStr as _;

use cases::{
    CaseEvent, CaseId, CentreCode, CentreEvent, Entry, Instant,
    entry::{DecodeError, EventSet},
    ids::PersonId,
    sealed::SealedText,
};
use event_log::{Body, BodyError, Centre, Event, Texts};
use uuid::Uuid;

/// One event of a centre's log, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Place in the centre's log.
    pub position: u64,
    /// Place in its stream.
    pub version: u64,
    /// When the log recorded it.
    pub recorded_at: Instant,
    pub what: What,
}

/// What it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    Case(CaseId, Box<Entry<CaseEvent>>),
    Centre(Box<Entry<CentreEvent>>),
}

/// Why an event could not be read. For operators, hence in English.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("`{0}` is no centre's code")]
    Centre(String),
    #[error("its recorded time of {0} ms is no time")]
    Time(i64),
    #[error("its body is not what the log keeps")]
    Body(#[from] BodyError),
    #[error("a sealed text of it is no UTF-8")]
    Text,
    #[error(transparent)]
    Event(#[from] DecodeError),
}

/// Reads the events of one centre.
#[derive(Debug, Clone)]
pub struct Reader {
    centre: Centre,
    /// The stream of the centre itself; `None` where the log's name for it is no code.
    own: Option<Uuid>,
    /// All of them where nothing is said.
    texts: Option<Texts>,
}

impl Reader {
    pub fn new(centre: &Centre) -> Self {
        let own = CentreCode::from_str(centre.as_str()).ok().map(|code| code.stream());
        Self { centre: centre.clone(), own, texts: None }
    }

    /// Leaves out what else the events say of persons, whether the log opened it or not.
    pub fn for_texts(centre: &Centre, texts: Texts) -> Self {
        Self { texts: Some(texts), ..Self::new(centre) }
    }

    /// Reads an event.
    ///
    /// # Errors
    /// [`Unreadable`] if this program does not know its type, or its bytes are not what the type says.
    pub fn read(&self, event: &Event) -> Result<Recorded, Unreadable> {
        let own = self.own.ok_or_else(|| Unreadable::Centre(self.centre.to_string()))?;
        let recorded_at = Instant::from_ms(event.recorded_ms).ok_or(Unreadable::Time(event.recorded_ms))?;
        let what = if event.stream == own {
            What::Centre(Box::new(self.entry(event)?))
        } else {
            What::Case(CaseId(event.stream), Box::new(self.entry(event)?))
        };
        Ok(Recorded { position: event.position, version: event.version, recorded_at, what })
    }

    fn entry<E: EventSet>(&self, event: &Event) -> Result<Entry<E>, Unreadable> {
        self.texts.as_ref().map_or_else(|| entry(event), |texts| entry_for(texts, event))
    }
}

impl Recorded {
    /// The type's name.
    pub fn kind(&self) -> &'static str {
        match &self.what {
            What::Case(_, entry) => entry.event.type_name(),
            What::Centre(entry) => entry.event.type_name(),
        }
    }

    /// The case, if it is about one.
    pub fn case(&self) -> Option<(CaseId, &Entry<CaseEvent>)> {
        match &self.what {
            What::Case(id, entry) => Some((*id, entry)),
            What::Centre(_) => None,
        }
    }
}

/// The entry that an event's bytes hold.
///
/// # Errors
/// [`Unreadable`] if this program does not know its type, or its bytes are not what the type says.
pub fn entry<E: EventSet>(event: &Event) -> Result<Entry<E>, Unreadable> {
    entry_with(event, |_| true)
}

/// The same without other texts of persons than these, whether the log opened them or not.
///
/// # Errors
/// As [`entry`].
pub fn entry_for<E: EventSet>(texts: &Texts, event: &Event) -> Result<Entry<E>, Unreadable> {
    let fields = texts.of(&event.kind);
    entry_with(event, |field| fields.contains(&field))
}

fn entry_with<E: EventSet>(event: &Event, wanted: impl Fn(&str) -> bool) -> Result<Entry<E>, Unreadable> {
    let (public, sealed) = Body::parts(&event.body, wanted)?;
    let texts = sealed.into_iter().map(|field| {
        let text = field.bytes.map(String::from_utf8).transpose().map_err(|_| Unreadable::Text)?;
        Ok(SealedText { person: PersonId(field.person), field: field.field, text })
    });
    let texts = texts.collect::<Result<Vec<_>, Unreadable>>()?;
    Ok(Entry::from_wire(&event.kind, event.kind_version, public, &texts)?)
}
