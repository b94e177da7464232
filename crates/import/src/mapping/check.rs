//! Checks that a type cannot make. What the mapping leaves open would surface in the middle of an import.

use std::collections::BTreeSet;

use cases::case::triage::Kind;

use super::{Choice, Classification, Department, Mapping, TextField, TimeField, TimeFormat};
use crate::{MappingError, text};

type Fault = (String, String);

const MOST_DAYS: u32 = 250;
const MOST_HEAD_ROW: u64 = 100;
const MOST_SOURCE_CHARS: usize = 64;

pub(super) fn syntax(file: &str, text: &str, error: &toml::de::Error) -> MappingError {
    let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    MappingError { file: file.to_owned(), place: format!("line {line}"), reason: error.message().to_owned() }
}

fn fault<T>(place: impl Into<String>, reason: impl Into<String>) -> Result<T, Fault> {
    Err((place.into(), reason.into()))
}

/// Checks the mapping, and brings its column names into the form in which a file's are compared.
pub(super) fn check(mapping: &mut Mapping) -> Result<(), Fault> {
    let source = &mapping.source;
    // The case's id is made from `centre:source:number`.
    if source.is_empty() || source.trim() != source || source.chars().any(|c| c.is_control() || c == ':') {
        return fault("source", "name the other system, without colon or white space around");
    }
    if source.chars().count() > MOST_SOURCE_CHARS {
        return fault("source", format!("at most {MOST_SOURCE_CHARS} characters"));
    }
    if mapping.limit_working_days.is_some_and(|days| !(1..=MOST_DAYS).contains(&days)) {
        return fault("limit_working_days", format!("must lie between 1 and {MOST_DAYS}"));
    }
    let shape = &mapping.file;
    if !shape.delimiter.is_ascii() || matches!(shape.delimiter, '"' | '\n' | '\r' | '\0') {
        return fault("file.delimiter", "must be one ASCII character, not a quote or a line break");
    }
    if !(1..=MOST_HEAD_ROW).contains(&shape.head_row) {
        return fault("file.head_row", format!("counts from 1, to {MOST_HEAD_ROW} at most"));
    }
    columns(mapping)?;
    contents(mapping)?;
    classification(mapping)?;
    history(mapping)
}

/// Names are compared as [`text::clean_line`] leaves them, in the file and here.
fn columns(mapping: &mut Mapping) -> Result<(), Fault> {
    let fields = &mut mapping.fields;
    let mut texts = vec![("number", &mut fields.number)];
    for (key, field) in [
        ("name", &mut fields.name),
        ("unit", &mut fields.unit),
        ("contact_person", &mut fields.contact_person),
        ("telephone", &mut fields.telephone),
        ("address", &mut fields.address),
        ("summary", &mut fields.summary),
        ("narrative", &mut fields.narrative),
        ("sub_category", &mut fields.sub_category),
        ("reply", &mut fields.reply),
    ] {
        texts.extend(field.as_mut().map(|field| (key, field)));
    }
    let mut named = Vec::new();
    for (key, TextField { column, fixed, if_empty }) in texts {
        match (column, &fixed) {
            (Some(column), None) => named.push((key, column)),
            (None, Some(_)) if key == "number" => return fault("fields.number", "needs a column: it tells rows apart"),
            (None, Some(fixed)) if !text::clean(fixed).is_empty() => {}
            _ => return fault(format!("fields.{key}"), "give either column = \"…\" or fixed = \"…\""),
        }
        if if_empty.is_some() && (key == "number" || fixed.is_some()) {
            return fault(format!("fields.{key}.if_empty"), "means nothing here");
        }
    }
    for (key, field) in [
        ("raised_at", &mut fields.raised_at),
        ("accepted_at", &mut fields.accepted_at),
        ("dispatched_at", &mut fields.dispatched_at),
        ("replied_at", &mut fields.replied_at),
    ] {
        let Some(TimeField { column, formats }) = field else { continue };
        let lasts = formats.iter().any(TimeFormat::is_duration);
        if lasts && !matches!(key, "dispatched_at" | "replied_at") {
            return fault(format!("fields.{key}.formats"), "a time after acceptance fits dispatched_at and replied_at");
        }
        if formats.is_empty() {
            return fault(
                format!("fields.{key}.formats"),
                "name at least one, or leave the key out for year-first dates",
            );
        }
        named.push((key, column));
    }
    choice("category", Some(&mut fields.category), &mut named)?;
    choice("kind", fields.kind.as_mut(), &mut named)?;
    choice("department", fields.department.as_mut(), &mut named)?;
    let mut mapped = BTreeSet::new();
    for (key, column) in named {
        *column = text::clean_line(column);
        if column.is_empty() {
            return fault(format!("fields.{key}.column"), "is empty");
        }
        mapped.insert(column.clone());
    }
    for column in &mut mapping.ignore {
        *column = text::clean_line(column);
        if mapped.contains(column) {
            return fault("ignore", format!("“{column}” is mapped as well; it can only be one of the two"));
        }
    }
    Ok(())
}

fn choice<'a, T>(
    key: &'static str,
    choice: Option<&'a mut Choice<T>>,
    named: &mut Vec<(&'static str, &'a mut String)>,
) -> Result<(), Fault> {
    let Some(choice) = choice else { return Ok(()) };
    match (&choice.fixed, &mut choice.column) {
        (Some(_), None) if choice.values.is_empty() && !choice.as_written && choice.otherwise.is_none() => {}
        (None, Some(_)) if choice.values.is_empty() && !choice.as_written => {
            return fault(format!("fields.{key}"), "give values = { … }, or as_written = true");
        }
        (None, Some(column)) => named.push((key, column)),
        _ => return fault(format!("fields.{key}"), "give either fixed alone, or column with values or as_written"),
    }
    choice.values = std::mem::take(&mut choice.values)
        .into_iter()
        .map(|(value, meaning)| (text::clean_line(&value), meaning))
        .collect();
    Ok(())
}

fn contents(mapping: &Mapping) -> Result<(), Fault> {
    let fields = &mapping.fields;
    if fields.summary.is_none() && fields.narrative.is_none() {
        return fault("fields", "needs summary or narrative: an appeal says something");
    }
    let contact = [&fields.name, &fields.unit, &fields.telephone, &fields.address];
    if contact.iter().all(|field| field.is_none()) && !mapping.anonymous.without_contact {
        return fault("fields", "needs name, unit, telephone or address, or anonymous.without_contact = true");
    }
    Ok(())
}

fn classification(mapping: &Mapping) -> Result<(), Fault> {
    let kinds = mapping
        .fields
        .kind
        .iter()
        .flat_map(|kind| kind.fixed.iter().chain(kind.values.values()).chain(&kind.otherwise));
    for Classification { kind, ground } in kinds {
        let grounds = kind.grounds();
        let fits = ground.map_or(grounds.is_empty(), |ground| grounds.contains(&ground));
        if !fits {
            let names: Vec<_> = grounds.iter().map(|ground| ground.name()).collect();
            let needs =
                if names.is_empty() { "no ground".to_owned() } else { format!("ground = one of {}", names.join(", ")) };
            return fault("fields.kind", format!("kind {} takes {needs}", kind.name()));
        }
        if mapping.historical.is_some() && *kind == Kind::OutOfScope {
            return fault("fields.kind", "out_of_scope is referred, never dispatched: it cannot be read as history");
        }
    }
    let nameless = |department: &&Department| department.name.trim().is_empty();
    if mapping.departments().iter().any(nameless) {
        return fault("fields.department", "a department needs a name");
    }
    Ok(())
}

fn history(mapping: &Mapping) -> Result<(), Fault> {
    let fields = &mapping.fields;
    if fields.reply.is_some() != fields.replied_at.is_some() {
        return fault("fields", "reply and replied_at go together");
    }
    let Some(historical) = &mapping.historical else {
        let past = [
            ("fields.accepted_at", fields.accepted_at.is_some()),
            ("fields.dispatched_at", fields.dispatched_at.is_some()),
            ("fields.replied_at", fields.replied_at.is_some()),
        ];
        let found = past.iter().find(|(_, there)| *there);
        return found.map_or(Ok(()), |(key, _)| {
            fault(*key, "tells of the past: that needs [historical] with reason, entered_by and approved_by")
        });
    };
    if historical.reason.trim().is_empty() {
        return fault("historical.reason", "say why the past goes in late");
    }
    if historical.entered_by == historical.approved_by {
        return fault("historical.approved_by", "must be another person than entered_by");
    }
    if fields.raised_at.is_none() && fields.accepted_at.is_none() {
        return fault("fields", "historical rows need accepted_at or raised_at");
    }
    if fields.kind.is_none() || fields.department.is_none() {
        return fault("fields", "historical rows need kind and department");
    }
    Ok(())
}
