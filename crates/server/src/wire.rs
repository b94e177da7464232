//! Between the domain's entries and the log's events: which bytes stand for which entry.

use cases::{CentreCode, Entry, EventSet, ids::CommandId};
use event_log::{Body, Event, NewEvent, SealedField, Texts};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::engine::EngineError;

/// The log's name for a centre.
pub(crate) fn log_centre(code: &CentreCode) -> event_log::Centre {
    event_log::Centre::new(code.as_str()).expect("a division code is digits")
}

fn place(centre: &CentreCode, event: &Event) -> String {
    format!("{centre}@{} ({})", event.position, event.kind)
}

/// The bytes that `Body` would write, without the copy of the whole tree that it takes to sort keys: these are sorted.
fn encode(public: &Value, sealed: &[SealedField]) -> Result<Vec<u8>, serde_json::Error> {
    #[derive(Serialize)]
    struct Parts<'a> {
        public: &'a Value,
        sealed: &'a [SealedField],
    }
    serde_json::to_vec(&Parts { public, sealed })
}

/// An event to append.
pub(crate) fn new_event<E: EventSet>(stream: Uuid, entry: &Entry<E>) -> Result<NewEvent, EngineError> {
    let (public, texts) = entry.to_wire();
    let sealed: Vec<SealedField> = texts
        .into_iter()
        .map(|text| SealedField { person: text.person.0, field: text.field, bytes: text.text.map(String::into_bytes) })
        .collect();
    let kind = entry.event.type_name();
    let bad = |source: serde_json::Error| EngineError::BadBody { place: kind.to_owned(), source: source.into() };
    let body = encode(&public, &sealed).map_err(bad)?;
    Ok(NewEvent { stream, kind: kind.to_owned(), kind_version: entry.event.type_version(), body })
}

/// The entry that an event's bytes hold, as the views read it.
pub(crate) fn read<E: EventSet>(centre: &CentreCode, event: &Event) -> Result<Entry<E>, EngineError> {
    projections::entry(event).map_err(|source| EngineError::Undecodable { place: place(centre, event), source })
}

/// The same without anything that was said of persons, which the log need not have opened.
pub(crate) fn read_without_texts<E: EventSet>(centre: &CentreCode, event: &Event) -> Result<Entry<E>, EngineError> {
    let entry = projections::entry_for(&Texts::NONE, event);
    entry.map_err(|source| EngineError::Undecodable { place: place(centre, event), source })
}

fn decode(centre: &CentreCode, event: &Event) -> Result<Body, EngineError> {
    Body::decode(&event.body).map_err(|source| EngineError::BadBody { place: place(centre, event), source })
}

/// The command that caused an event, without reading the rest.
pub(crate) fn command_id(centre: &CentreCode, event: &Event) -> Result<Option<CommandId>, EngineError> {
    #[derive(Deserialize)]
    struct Caused {
        command: CommandOnly,
    }
    #[derive(Deserialize)]
    struct CommandOnly {
        id: CommandId,
    }
    Ok(decode(centre, event)?.public::<Caused>().ok().map(|caused| caused.command.id))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_events_bytes_are_those_of_its_body() {
        let public = json!({"z": 1, "data": {"b": ["\"引\"", null], "a": {"$sealed": 0}}, "by": "x"});
        let sealed =
            vec![SealedField { person: Uuid::from_u128(7), field: "/data/a".to_owned(), bytes: Some("张三".into()) }];
        let bytes = encode(&public, &sealed).unwrap();
        assert_eq!(bytes, Body::new(&public, sealed).unwrap().encode().unwrap());
    }
}
