//! The JSON Schema of every event and every command, put together from what schemars derives of their parts.
//!
//! Each file stands alone: an outside program checks a body or a line with one file and no network.

use std::collections::BTreeMap;

use cases::{CaseCommand, CaseEvent, CentreCommand, CentreEvent, Note, command::Envelope, obligation::ClockChanges};
use schemars::{Schema, schema_for};
use serde_json::{Map, Value, json};

/// Where a stored body's own shape stands; the name is no event's, which would end in `.v1.json`.
pub(crate) const STORED_BODY: &str = "events/stored-body.schema.json";

/// Every schema by its path under `schemas/`.
pub(crate) fn all() -> BTreeMap<String, Value> {
    let case_events = CaseEvent::catalogue().into_iter().map(|event| (event, true));
    let centre_events = CentreEvent::catalogue().into_iter().map(|event| (event, false));
    let events = case_events.chain(centre_events).map(|((name, version, data), has_clocks)| {
        (format!("events/{name}.v{version}.json"), event(&format!("{name} v{version}"), data, has_clocks))
    });
    let case_commands = CaseCommand::catalogue().into_iter().map(|command| (command, true));
    let centre_commands = CentreCommand::catalogue().into_iter().map(|command| (command, false));
    let commands = case_commands
        .chain(centre_commands)
        .map(|((name, own), on_case)| (format!("commands/{name}.json"), command(name, own, on_case)));
    events.chain(commands).chain([(STORED_BODY.to_owned(), stored_body())]).collect()
}

/// A schema without the words that explain it: what is left is the shape that old events have.
pub(crate) fn bare(mut schema: Value) -> Value {
    match &mut schema {
        Value::Object(map) => {
            // A property may be called `title`; its value is a schema, never a text.
            map.retain(|key, value| !(matches!(key.as_str(), "description" | "title") && value.is_string()));
            map.values_mut().for_each(|value| *value = bare(value.take()));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| *value = bare(value.take())),
        _ => {}
    }
    schema
}

/// One schema in the making.
#[derive(Default)]
struct Parts {
    properties: Map<String, Value>,
    required: Vec<Value>,
    definitions: Map<String, Value>,
}

impl Parts {
    fn define(&mut self, definitions: Option<Value>) {
        let Some(Value::Object(definitions)) = definitions else { return };
        for (name, schema) in definitions {
            let same = self.definitions.get(&name).is_none_or(|known| *known == schema);
            assert!(same, "two types are called {name}: give one of them a name of its own with #[schemars(rename)]");
            self.definitions.insert(name, schema);
        }
    }

    /// Takes over a struct's fields, to stand beside what is there.
    fn flatten(&mut self, schema: Schema) -> Option<Value> {
        let mut schema = object(schema);
        self.define(schema.remove("$defs"));
        if let Some(Value::Object(properties)) = schema.remove("properties") {
            self.properties.extend(properties);
        }
        if let Some(Value::Array(required)) = schema.remove("required") {
            self.required.extend(required);
        }
        schema.remove("description")
    }

    /// One field that is a struct of its own.
    fn nest(&mut self, name: &str, schema: Schema) -> Option<Value> {
        let mut schema = object(schema);
        self.define(schema.remove("$defs"));
        ["$schema", "title"].iter().for_each(|key| drop(schema.remove(*key)));
        let description = schema.get("description").cloned();
        self.properties.insert(name.to_owned(), Value::Object(schema));
        description
    }

    fn finish(self, title: &str, description: Option<&Value>) -> Value {
        let description = description.unwrap_or_else(|| panic!("{title}: a doc comment says what it is"));
        let Self { properties, required, definitions } = self;
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": title,
            "description": description,
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
            "$defs": definitions,
        })
    }
}

fn object(schema: Schema) -> Map<String, Value> {
    match schema.to_value() {
        Value::Object(map) => map,
        other => unreachable!("a struct's schema is an object: {other}"),
    }
}

/// The public part of an event's body: the note's fields, `data`, and what it does to the clocks.
fn event(title: &str, data: Schema, has_clocks: bool) -> Value {
    let mut parts = Parts::default();
    parts.flatten(schema_for!(Note));
    let description = parts.nest("data", data);
    parts.required.push("data".into());
    if has_clocks {
        parts.nest("clocks", schema_for!(ClockChanges));
    }
    // Written in one way only, so that equal events are equal bytes.
    let instant = json!({
        "description": "RFC 3339 in Asia/Shanghai, to the second, or to the millisecond where there are any.",
        "type": "string",
        "format": "date-time",
        "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{3})?[+]08:00$",
    });
    parts.definitions.insert("Instant".to_owned(), instant);
    parts.finish(title, description.as_ref())
}

/// A command's whole line: the envelope and the command's own fields side by side.
fn command(name: &str, own: Schema, on_case: bool) -> Value {
    let mut parts = Parts::default();
    parts.flatten(schema_for!(Envelope));
    let description = parts.flatten(own);
    parts.properties.insert("command".to_owned(), json!({"description": "The command's name.", "const": name}));
    if on_case {
        parts.properties["case"] =
            json!({"description": parts.properties["case"]["description"], "$ref": "#/$defs/CaseId"});
        parts.required.push("case".into());
    } else {
        // The centre's own stream: no case, and nothing there is entered late.
        ["case", "late"].iter().for_each(|key| drop(parts.properties.remove(*key)));
        ["LateFields", "CaseId"].iter().for_each(|key| drop(parts.definitions.remove(*key)));
    }
    // No `format`: a person may leave out the offset or the time of day.
    let instant = json!({
        "description": "RFC 3339. Without an offset Asia/Shanghai; a date alone is its first moment.",
        "type": "string",
    });
    parts.definitions.insert("Instant".to_owned(), instant);
    parts.finish(name, description.as_ref())
}

/// What the log's column `body` holds for every event, whatever its type, before it is sealed: sealing puts other bytes in the same places.
fn stored_body() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "stored body",
        "description": "An event's body as it is handed to the log, and handed out again: in between the texts are sealed. `public` is described by the schema of the event's type and version; a pointer {\"$sealed\": n} in it stands for the nth element of `sealed`.",
        "type": "object",
        "properties": {
            "public": {"description": "See `<type>.v<N>.json`.", "type": "object"},
            "sealed": {
                "description": "Texts that belong to persons, in the order in which they stand in `public`.",
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "person": {"description": "Whose it is.", "type": "string", "format": "uuid"},
                        "field": {"description": "A JSON pointer into `public`: the place of the pointer.", "type": "string", "format": "json-pointer"},
                        "bytes": {"description": "The text in UTF-8, in base64.", "type": "string", "contentEncoding": "base64", "pattern": "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"},
                    },
                    "required": ["person", "field", "bytes"],
                    "additionalProperties": false,
                },
            },
        },
        "required": ["public", "sealed"],
        "additionalProperties": false,
    })
}
