//! Text that belongs to a person, kept apart from the rest of an event so that it can be sealed and erased.
//!
//! In an event's struct it is a [`Sealed`] field. On the wire the struct's JSON is split in two: the public part,
//! where a pointer `{"$sealed": 0}` stands in its place, and a list of `{person, field, text}`. [`split`] and
//! [`join`] are the two directions; neither knows which event it holds.

use std::fmt::{self, Write as _};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ids::PersonId;

const MARK: &str = "$sealed";
/// 已删除: what stands where a text was erased.
pub const ERASED: &str = "〔已删除〕";
/// 限制处理: what stands where a text is kept and may not be shown.
pub const RESTRICTED: &str = "〔限制处理〕";

/// Text about a person (个人信息), or a narrative that may hold some.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    #[serde(rename = "$sealed")]
    held: Held,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Held {
    person: PersonId,
    /// `None` once the person's data was erased: the event stays, the text is gone.
    text: Option<String>,
}

impl Sealed {
    /// Text that belongs to this person.
    pub fn new(person: PersonId, text: impl Into<String>) -> Self {
        Self { held: Held { person, text: Some(text.into()) } }
    }

    /// The text, or what stands in its place after erasure.
    pub fn text(&self) -> &str {
        self.held.text.as_deref().unwrap_or(ERASED)
    }

    /// Whose it is.
    pub fn person(&self) -> PersonId {
        self.held.person
    }
}

impl JsonSchema for Sealed {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Sealed".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "Stands for the text at this index of the body's `sealed` list.",
            "properties": { "$sealed": { "type": "integer", "minimum": 0 } },
            "required": ["$sealed"],
            "additionalProperties": false
        })
    }
}

/// One sealed text beside an event's public part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedText {
    /// Whose it is.
    pub person: PersonId,
    /// Where in the public part it belongs: a JSON pointer.
    pub field: String,
    /// The text; `None` when it was erased.
    pub text: Option<String>,
}

/// Takes the sealed texts out of an event's JSON, in the order in which they stand, and leaves pointers.
pub fn split(mut value: Value) -> (Value, Vec<SealedText>) {
    let mut texts = Vec::new();
    walk(&mut value, &mut String::new(), &mut |slot, path| {
        if let Some(held) = slot.remove(MARK).and_then(|held| serde_json::from_value::<Held>(held).ok()) {
            slot.insert(MARK.to_owned(), Value::from(texts.len()));
            texts.push(SealedText { person: held.person, field: path.to_owned(), text: held.text });
        }
    });
    (value, texts)
}

/// Puts the texts back. A pointer to a text that is not there stays a pointer, and decoding then fails by name.
pub fn join(mut value: Value, texts: &[SealedText]) -> Value {
    walk(&mut value, &mut String::new(), &mut |slot, _| {
        let index = slot.get(MARK).and_then(Value::as_u64).and_then(|i| usize::try_from(i).ok());
        if let Some(found) = index.and_then(|i| texts.get(i)) {
            let held = Held { person: found.person, text: found.text.clone() };
            slot.insert(MARK.to_owned(), serde_json::to_value(held).unwrap_or(Value::Null));
        }
    });
    value
}

/// The same in the text itself, as the log keeps it, without a tree of values in between. Between quotes a quote is written `\"`,
/// so what is looked for here stands for nothing else. A pointer that leads nowhere, or is written otherwise, stays as it is.
pub(crate) fn join_text(public: &str, texts: &[SealedText]) -> String {
    const POINTER: &str = "{\"$sealed\":";
    let length = texts.iter().filter_map(|found| Some(found.text.as_ref()?.len() + 80)).sum::<usize>();
    let mut whole = String::with_capacity(public.len() + length);
    let mut rest = public;
    while let Some(at) = rest.find(POINTER) {
        let (before, pointer) = rest.split_at(at + POINTER.len());
        whole.push_str(before);
        rest = pointer;
        let Some((index, _)) = pointer.split_once('}') else { continue };
        if let Some(found) = index.parse::<usize>().ok().and_then(|index| texts.get(index)) {
            let held = HeldText { person: found.person, text: found.text.as_deref() };
            whole.push_str(&serde_json::to_string(&held).unwrap_or_default());
            rest = &pointer[index.len()..];
        }
    }
    whole.push_str(rest);
    whole
}

/// [`Held`], to be written.
#[derive(Serialize)]
struct HeldText<'a> {
    person: PersonId,
    text: Option<&'a str>,
}

fn walk(value: &mut Value, path: &mut String, visit: &mut impl FnMut(&mut Map<String, Value>, &str)) {
    let mut child = |key: fmt::Arguments<'_>, value: &mut Value| {
        // Most are plain, and nobody asks where they stand.
        if !matches!(value, Value::Object(_) | Value::Array(_)) {
            return;
        }
        let length = path.len();
        // Writing to a String cannot fail.
        let _ = write!(path, "/{key}");
        walk(value, path, visit);
        path.truncate(length);
    };
    match value {
        Value::Object(map) if map.contains_key(MARK) => visit(map, path),
        Value::Object(map) => map.iter_mut().for_each(|(key, value)| child(format_args!("{key}"), value)),
        Value::Array(list) => list.iter_mut().enumerate().for_each(|(i, value)| child(format_args!("{i}"), value)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn split_and_join_are_inverse_and_nothing_personal_stays_public() {
        let person = PersonId(Uuid::from_u128(7));
        let event = json!({"kind": "ordinary", "who": Sealed::new(person, "张三"), "list": [{"note": Sealed::new(person, "电话")}]});
        let (public, texts) = split(event.clone());
        assert_eq!(public, json!({"kind": "ordinary", "who": {"$sealed": 1}, "list": [{"note": {"$sealed": 0}}]}));
        assert_eq!(texts.iter().map(|t| t.field.as_str()).collect::<Vec<_>>(), ["/list/0/note", "/who"]);
        assert_eq!(join(public, &texts), event);
    }

    #[test]
    fn texts_are_put_back_into_the_text_as_into_its_values() {
        let person = PersonId(Uuid::from_u128(7));
        let sealed = |text: &str| Sealed::new(person, text);
        let nasty = r#"{"$sealed":1} \ "引号" {"$sealed":"#;
        let event =
            json!({"who": sealed(nasty), "said": nasty, "{\"$sealed\":0}": [sealed(""), {"note": sealed("电话\n")}]});
        let (public, mut texts) = split(event.clone());
        let bytes = public.to_string();
        let read = |texts: &[SealedText]| serde_json::from_str::<Value>(&join_text(&bytes, texts)).expect("JSON");
        assert_eq!(read(&texts), event);
        texts[1].text = None;
        assert_eq!(read(&texts), join(public.clone(), &texts));
        texts.pop();
        assert_eq!(read(&texts), join(public.clone(), &texts), "a text that is not there");
        assert_eq!(read(&[]), public);
    }
}
