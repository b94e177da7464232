//! What stands behind the `?` of an address. A name that is not known is refused: a misspelt filter would silently show
//! something else than was asked for.

use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};
use cases::Instant;
use serde::{Deserialize, Deserializer, de::DeserializeOwned, de::Error as _};

use super::problem::Problem;

/// A query string, read.
pub(super) struct Ask<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Ask<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let read = Query::<T>::try_from_uri(&parts.uri);
        read.map(|Query(asked)| Self(asked)).map_err(|error| {
            Problem::bad_request("bad-query", format!("查询条件读不懂：{}。请改正后再查", error.body_text()))
        })
    }
}

/// `at=`, `at=2026-03-10T16:30`, or with an offset whose plus sign somebody forgot to escape. Empty is none: forms send
/// every field.
pub(super) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Instant>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    let unescaped = || text.rsplit_once(' ').and_then(|(at, offset)| format!("{at}+{offset}").parse().ok());
    match text.parse::<Instant>() {
        Ok(at) => Ok(Some(at)),
        Err(error) => unescaped().map(Some).ok_or_else(|| D::Error::custom(error)),
    }
}

/// `ended`, `ended=1`, `ended=true`.
pub(super) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "" | "1" | "true" => Ok(true),
        "0" | "false" => Ok(false),
        other => Err(D::Error::custom(format!("“{other}”应为 true 或 false"))),
    }
}

/// Anything else that an empty field leaves out.
pub(super) fn filled<'de, D: Deserializer<'de>, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() { Ok(None) } else { text.trim().parse().map(Some).map_err(D::Error::custom) }
}
