//! 记录: an event with everything that was true of its making. This is the shape that the log keeps.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};

use crate::{
    calendar::CalendarVersion,
    ids::{CommandId, FileHash},
    obligation::ClockChanges,
    people::Actor,
    policy::PolicyRef,
    sealed::{self, Sealed, SealedText},
    time::Instant,
};

/// The command that caused an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    pub id: CommandId,
    /// SM3 of the command's canonical body, so that the same id with another body is seen.
    pub digest: FileHash,
}

/// 补录: the claim that an entry happened earlier than it was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LateClaim {
    /// Why it is entered late.
    pub reason: Sealed,
    /// The scan of the paper, or the imported file.
    pub evidence: FileHash,
    /// Only for 历史件: the second person stands in the import's mapping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<Actor>,
}

/// What every event says beside its own fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// Who did it, in which role, for which office.
    pub by: Actor,
    /// When it happened; recorded time stands in the log's header.
    pub occurred_at: Instant,
    /// When it was decided: the earliest that the log may have recorded it.
    pub decided_at: Instant,
    pub command: Cause,
    /// The policy in force for this case; absent before a centre adopted one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyRef>,
    /// The newest published calendar at that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<CalendarVersion>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<LateClaim>,
}

impl Note {
    /// The time by which the event is judged: recorded time (here its lower bound, the time of decision), or the
    /// occurred time of a late entry that was approved as it was entered (历史件).
    pub fn judged_at(&self) -> Instant {
        match &self.late {
            Some(LateClaim { approved_by: Some(_), .. }) => self.occurred_at,
            _ => self.decided_at,
        }
    }

    /// It says that it happened before it was entered.
    pub fn is_late(&self) -> bool {
        self.occurred_at < self.decided_at
    }
}

/// What `evolve` is told about an event beside the event: no rule needs more.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// The stream's version after this event.
    pub version: u64,
    pub occurred_at: Instant,
    /// See [`Note::judged_at`].
    pub at: Instant,
    pub by: &'a Actor,
}

/// A closed set of events on one kind of stream.
pub trait EventSet: Sized {
    /// The type's name in the log's header.
    fn type_name(&self) -> &'static str;
    /// The version of its shape.
    fn type_version(&self) -> u16;
    /// Its own fields.
    fn data(&self) -> Value;
    /// Reads one, older versions of its shape too.
    fn read(type_name: &str, type_version: u16, data: Value) -> Result<Self, DecodeError>;
    /// The same from text; `None` where it is no type of the present shape.
    fn read_text(type_name: &str, type_version: u16, data: &str) -> Option<Result<Self, DecodeError>>;
}

/// An event that this program cannot read. For operators, hence in English.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    #[error("event type {0} version {1} is not known to this program: it was written by a newer one")]
    UnknownType(String, u16),
    #[error("event type {type_name} version {version}: {source}")]
    Shape { type_name: String, version: u16, source: serde_json::Error },
    #[error("event type {0}: the body has no {1}")]
    Missing(String, &'static str),
}

/// One event with its note and what it did to the clocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<E> {
    pub note: Note,
    pub event: E,
    pub clocks: ClockChanges,
}

const DATA: &str = "data";
const CLOCKS: &str = "clocks";

impl<E: EventSet> Entry<E> {
    /// The public part and the sealed texts, as the log's body keeps them.
    pub fn to_wire(&self) -> (Value, Vec<SealedText>) {
        let mut public = object(serde_json::to_value(&self.note));
        public.insert(DATA.to_owned(), self.event.data());
        if !self.clocks.is_empty() {
            public.insert(CLOCKS.to_owned(), Value::Object(object(serde_json::to_value(&self.clocks))));
        }
        sealed::split(Value::Object(public))
    }

    /// The reverse of [`Entry::to_wire`], from the public part's text: it is read straight into its type, with no tree of values in
    /// between.
    pub fn from_wire(type_name: &str, version: u16, public: &str, texts: &[SealedText]) -> Result<Self, DecodeError> {
        let shape = |source| DecodeError::Shape { type_name: type_name.to_owned(), version, source };
        if !public.starts_with('{') {
            return Err(DecodeError::Missing(type_name.to_owned(), "public object"));
        }
        let public: Public<'_> = serde_json::from_str(public).map_err(shape)?;
        let unsealed = |text: &RawValue| Ok(sealed::join(serde_json::from_str(text.get())?, texts));
        let late =
            public.late.map(|late| unsealed(late).and_then(serde_json::from_value)).transpose().map_err(shape)?;
        let Public { by, occurred_at, decided_at, command, policy, calendar, data, clocks, .. } = public;
        let text = match texts {
            [] => Cow::Borrowed(data.get()),
            _ => Cow::Owned(sealed::join_text(data.get(), texts)),
        };
        let event = match E::read_text(type_name, version, &text) {
            Some(read) if read.is_ok() || texts.is_empty() => read?,
            // An older version; or pointers written otherwise than the log does.
            _ => E::read(type_name, version, unsealed(data).map_err(shape)?)?,
        };
        Ok(Self { note: Note { by, occurred_at, decided_at, command, policy, calendar, late }, event, clocks })
    }
}

/// The public part: a note's fields, and beside them what may hold sealed text, as text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Public<'a> {
    by: Actor,
    occurred_at: Instant,
    decided_at: Instant,
    command: Cause,
    #[serde(default)]
    policy: Option<PolicyRef>,
    #[serde(default)]
    calendar: Option<CalendarVersion>,
    #[serde(default, borrow)]
    late: Option<&'a RawValue>,
    #[serde(borrow)]
    data: &'a RawValue,
    #[serde(default)]
    clocks: ClockChanges,
}

fn object(value: Result<Value, serde_json::Error>) -> Map<String, Value> {
    match value {
        Ok(Value::Object(map)) => map,
        // Structs of plain fields with text keys: serde_json has no way to fail on them.
        _ => Map::new(),
    }
}
