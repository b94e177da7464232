//! The Chinese term of an event type. It stands once, at the head of the event's own doc comment, whence its schema has it.

use std::{collections::BTreeMap, sync::LazyLock};

use crate::{CaseEvent, CentreEvent};

static TERMS: LazyLock<BTreeMap<&'static str, String>> = LazyLock::new(|| {
    let all = CaseEvent::catalogue().into_iter().chain(CentreEvent::catalogue());
    let term = |description: &str| description.split(['.', ',', '\n']).next().unwrap_or_default().trim().to_owned();
    all.map(|(kind, _, schema)| {
        let description = schema.get("description").and_then(|text| text.as_str()).unwrap_or(kind);
        (kind, term(description))
    })
    .collect()
});

/// As in `转办` for `dispatched`; the type's own name where this program does not know it.
pub fn term(kind: &str) -> &str {
    TERMS.get(kind).map_or(kind, String::as_str)
}
