//! The body's encoding: what an event says, with what belongs to a person kept apart.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use uuid::Uuid;

/// What an event says: everybody's part, and the parts that belong to persons.
///
/// The public part is held as the JSON text that it is, so that a reader parses it once, straight into its own type.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    public: Box<RawValue>,
    sealed: Vec<SealedField>,
}

/// One piece of an event that belongs to a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedField {
    /// Whose it is.
    pub person: Uuid,
    /// Where in the public part it belongs, in the caller's own notation.
    pub field: String,
    /// Its bytes: what was sealed (`seal`) where an event is kept, the text where it was opened; `None` where there is nothing to
    /// open any more.
    #[serde(with = "base64_text")]
    pub bytes: Option<Vec<u8>>,
}

/// Why bytes are no body, or a value cannot become one.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The public part is an array, a string …, and a body needs named fields.
    #[error("the public part of an event's body must be a JSON object")]
    NotAnObject,
    /// The value has no JSON form, or the bytes are not the JSON that is wanted.
    #[error("an event's body cannot be read or written as {{public, sealed}}")]
    Json(#[from] serde_json::Error),
    /// The same could be written otherwise.
    #[error("an event's body is not written in the one form that it has")]
    Form,
}

impl Body {
    /// A body of these parts. The public part's keys are sorted, so that equal values give equal bytes.
    ///
    /// # Errors
    /// [`BodyError`] if `public` does not serialise to a JSON object.
    pub fn new(public: &impl Serialize, sealed: Vec<SealedField>) -> Result<Self, BodyError> {
        // By way of `Value`, whose objects are sorted; a struct on its own keeps the order of its declaration, and
        // moving a field in the source would then change bytes.
        let public = serde_json::to_value(public)?;
        if !matches!(public, Value::Object(_)) {
            return Err(BodyError::NotAnObject);
        }
        Ok(Self { public: to_raw_value(&public)?, sealed })
    }

    /// The public part, parsed.
    ///
    /// # Errors
    /// [`BodyError::Json`] if it is no `T`.
    pub fn public<'a, T: Deserialize<'a>>(&'a self) -> Result<T, BodyError> {
        Ok(serde_json::from_str(self.public.get())?)
    }

    /// The public part as it stands in the bytes.
    pub fn public_json(&self) -> &str {
        self.public.get()
    }

    /// The same public part, to the byte, beside other bytes of the parts that belong to persons.
    #[must_use]
    pub fn with_sealed(self, sealed: Vec<SealedField>) -> Self {
        Self { sealed, ..self }
    }

    /// Whether nothing in these bytes belongs to a person, as far as that is seen without reading them.
    pub fn is_plainly_public(bytes: &[u8]) -> bool {
        bytes.ends_with(br#","sealed":[]}"#)
    }

    /// The parts that belong to persons, in the order of the bytes.
    pub fn sealed(&self) -> &[SealedField] {
        &self.sealed
    }

    /// The bytes to append. Only for a new event: bytes that were appended once are kept and passed on as they are.
    ///
    /// # Errors
    /// None in practice: every part of a body has a JSON form.
    pub fn encode(&self) -> Result<Vec<u8>, BodyError> {
        Ok(serde_json::to_vec(self)?)
    }

    /// The public part's text and the sealed parts of an event's bytes, for a reader that keeps neither and looks at `wanted`
    /// fields only: the bytes of others are left out. Whether the text is one JSON object, as [`Body::decode`] sees to, may show
    /// only when it is parsed: where nothing is sealed, it is not read here.
    ///
    /// # Errors
    /// As [`Body::decode`], but for the bytes that are left out.
    pub fn parts(bytes: &[u8], wanted: impl Fn(&str) -> bool) -> Result<(&str, Vec<SealedField>), BodyError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Parts<'a> {
            #[serde(borrow)]
            public: &'a RawValue,
            #[serde(borrow)]
            sealed: Vec<Part<'a>>,
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Part<'a> {
            person: Uuid,
            field: String,
            #[serde(borrow, deserialize_with = "base64_text::unread")]
            bytes: Option<base64_text::Text<'a>>,
        }
        // As `encode` writes most events. If what is cut out is more than one value, or less, then it cannot be parsed as one.
        let alone = bytes.strip_prefix(br#"{"public":"#).and_then(|rest| rest.strip_suffix(br#","sealed":[]}"#));
        if let Some(Ok(public)) = alone.map(str::from_utf8)
            && public.starts_with('{')
            && public.ends_with('}')
        {
            return Ok((public, Vec::new()));
        }
        let Parts { public, sealed } = serde_json::from_slice(bytes)?;
        if !public.get().starts_with('{') {
            return Err(BodyError::NotAnObject);
        }
        let field = |Part { person, field, bytes }: Part<'_>| {
            let bytes = bytes.filter(|_| wanted(&field)).map(|text| base64_text::decode(&text.0)).transpose()?;
            Ok(SealedField { person, field, bytes })
        };
        Ok((public.get(), sealed.into_iter().map(field).collect::<Result<_, serde_json::Error>>()?))
    }

    /// What [`Body::encode`] makes of these parts, of which [`Body::parts`] gave the public one.
    ///
    /// # Errors
    /// As [`Body::encode`].
    pub fn encode_parts(public: &str, sealed: &[SealedField]) -> Result<Vec<u8>, BodyError> {
        let mut bytes = [br#"{"public":"#, public.as_bytes(), br#","sealed":"#].concat();
        serde_json::to_writer(&mut bytes, sealed)?;
        bytes.push(b'}');
        Ok(bytes)
    }

    /// Reads the bytes of an event.
    ///
    /// # Errors
    /// [`BodyError`] if they are not a JSON object of exactly `public` (an object) and `sealed`.
    pub fn decode(bytes: &[u8]) -> Result<Self, BodyError> {
        let body: Self = serde_json::from_slice(bytes)?;
        if body.public.get().starts_with('{') { Ok(body) } else { Err(BodyError::NotAnObject) }
    }
}

/// The same, and only as [`Body::encode`] writes it: for whoever shows something of it to others, who may read it otherwise.
pub(crate) fn decode_exactly(bytes: &[u8]) -> Result<Body, BodyError> {
    let body = Body::decode(bytes)?;
    if body.encode()? == bytes { Ok(body) } else { Err(BodyError::Form) }
}

mod base64_text {
    use std::borrow::Cow;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &Option<Vec<u8>>, to: S) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => to.serialize_str(&STANDARD.encode(bytes)),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<u8>>, D::Error> {
        unread(from)?.map(|text| decode(&text.0)).transpose()
    }

    /// As it stands there: most have no escapes, and need not be copied.
    #[derive(Deserialize)]
    pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

    pub(super) fn unread<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Text<'de>>, D::Error> {
        Option::deserialize(from)
    }

    pub(super) fn decode<E: serde::de::Error>(text: &str) -> Result<Vec<u8>, E> {
        STANDARD.decode(text).map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_those_of_the_whole_body_and_unread_bytes_are_left_out() {
        let field = |bytes: &str| format!(r#"{{"person":"{}","field":"/na\u006de"{bytes}}}"#, Uuid::nil());
        let body = |sealed: &str| format!(r#"{{"public":{{"a":1}},"sealed":[{sealed}]}}"#);
        for bytes in [
            "",
            r#","bytes":null"#,
            r#","bytes":"5byg""#,
            r#","bytes":"5\u0062yg""#,
            r#","bytes":"?""#,
            r#","bytes":1"#,
        ] {
            let text = body(&field(bytes));
            let (whole, parts) = (Body::decode(text.as_bytes()), Body::parts(text.as_bytes(), |_| true));
            assert_eq!(whole.is_ok(), parts.is_ok(), "{text}");
            let (Ok(whole), Ok((public, sealed))) = (whole, parts) else { continue };
            assert_eq!((whole.public_json(), whole.sealed()), (public, &*sealed), "{text}");
            assert_eq!(Body::encode_parts(public, &sealed).unwrap(), whole.encode().unwrap(), "{text}");
            let (_, sealed) = Body::parts(text.as_bytes(), |field| field != "/name").unwrap();
            assert_eq!(sealed, [SealedField { person: Uuid::nil(), field: "/name".to_owned(), bytes: None }], "{text}");
        }
        let read = [r#","bytes":null"#, r#","bytes":"5byg""#]
            .map(|bytes| Body::decode(body(&field(bytes)).as_bytes()).is_ok());
        assert_eq!(read, [true, true]);
    }
}
