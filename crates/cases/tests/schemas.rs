//! Storage formats and the command line's format, held fast: schemas and golden files, checked both ways.

#[path = "../examples/schemas/golden.rs"]
mod golden;
#[path = "../examples/schemas/golden_story.rs"]
mod golden_story;
#[path = "../examples/schemas/script.rs"]
mod script;
#[path = "../examples/schemas/shape.rs"]
mod shape;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use cases::{
    CaseEvent, CentreEvent, CommandLine, Entry, EventSet,
    entry::DecodeError,
    story::{
        Told,
        random::{Options, watch},
    },
};
use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

const RUN: &str = "run `cargo run -p cases --features story --example schemas` and look at the difference";
const NEW_VERSION: &str = "what a log holds must be readable for ever: raise the event's VERSION, keep the old file, and write an upcast (docs/adding-an-event.md)";

fn schemas() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas")
}

fn on_disk(path: &str) -> Option<Value> {
    let text = fs::read_to_string(schemas().join(path)).ok()?;
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("schemas/{path}: {error}")))
}

/// The JSON files of a folder under `schemas/`, as paths under it.
fn listed(folder: &str) -> BTreeSet<String> {
    let files = fs::read_dir(schemas().join(folder)).unwrap_or_else(|error| panic!("schemas/{folder}: {error}. {RUN}"));
    let names = files.map(|file| file.expect("a folder's entry").file_name().to_string_lossy().into_owned());
    names.filter(|name| name.ends_with(".json")).map(|name| format!("{folder}/{name}")).collect()
}

/// What people read as an event's name is the term of the field, and nothing of its description.
#[test]
fn every_event_has_a_term_in_chinese() {
    // A version stands in the name of each event's file, and in no other's.
    for file in listed("events").iter().filter(|file| file.contains(".v")) {
        let kind = file.trim_start_matches("events/").split('.').next().expect("a type");
        let term = cases::term(kind);
        assert!(!term.is_empty() && !term.contains(|c: char| c.is_ascii_alphabetic()), "{kind}: {term}");
    }
}

fn validator(schema: &Value) -> Validator {
    let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
    options.build(schema).expect("a schema that compiles")
}

/// A validator for every schema that is checked in; one that is missing is the business of one test alone.
fn validators() -> BTreeMap<String, Validator> {
    let read = |path: String| Some((path.clone(), validator(&on_disk(&path)?)));
    shape::all().into_keys().filter_map(read).collect()
}

/// Whether it fits the schema, or there is none to fit.
fn fits(validators: &BTreeMap<String, Validator>, path: &str, value: &Value) -> bool {
    validators.get(path).is_none_or(|validator| validator.is_valid(value))
}

fn check(validators: &BTreeMap<String, Validator>, path: &str, value: &Value, what: &str) {
    let errors: Vec<_> = validators
        .get(path)
        .into_iter()
        .flat_map(|validator| validator.iter_errors(value))
        .map(|e| format!("{e} at {}", e.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{what}: {errors:#?}\n{value:#}");
}

/// An event of either stream, read and written again as a stored body.
fn through(kind: &str, version: u16, body: &Value) -> Result<Value, DecodeError> {
    let (public, texts) = golden::parts(body).ok_or_else(|| DecodeError::Missing(kind.to_owned(), "readable body"))?;
    if CentreEvent::TYPES.contains(&kind) {
        return Entry::<CentreEvent>::from_wire(kind, version, &public.to_string(), &texts)
            .map(|entry| golden::stored(&entry));
    }
    Entry::<CaseEvent>::from_wire(kind, version, &public.to_string(), &texts).map(|entry| golden::stored(&entry))
}

/// `accepted` and 1 of `events/accepted.v1.json`.
fn type_of(path: &str) -> (&str, u16) {
    let name = path.trim_start_matches("events/").trim_end_matches(".json");
    let (kind, version) = name.rsplit_once(".v").unwrap_or_else(|| panic!("{path} names no version"));
    (kind, version.parse().unwrap_or_else(|error| panic!("{path}: {error}")))
}

#[test]
fn every_event_and_command_has_the_schema_that_is_checked_in() {
    for (path, schema) in shape::all() {
        let Some(known) = on_disk(&path) else { panic!("schemas/{path}: there is none. {RUN}") };
        let same_shape = shape::bare(known.clone()) == shape::bare(schema.clone());
        assert!(same_shape || !path.starts_with("events/"), "schemas/{path}: the shape changed; {NEW_VERSION}");
        assert!(known == schema, "schemas/{path}: it changed; {RUN}");
    }
}

#[test]
fn there_is_no_schema_of_what_is_not_there() {
    let wanted = shape::all();
    let newest: BTreeMap<_, _> = wanted.keys().filter(|path| is_event(path)).map(|path| type_of(path)).collect();
    for path in listed("events").iter().chain(&listed("commands")).filter(|path| !wanted.contains_key(*path)) {
        // Older versions stay: old events have them.
        let old = is_event(path) && newest.get(type_of(path).0).is_some_and(|newest| type_of(path).1 < *newest);
        assert!(old, "schemas/{path}: no event or command of this program; an event's type is never given up");
    }
}

fn is_event(path: &str) -> bool {
    path.starts_with("events/") && path != shape::STORED_BODY
}

#[test]
fn every_schema_is_a_schema_and_stands_alone() {
    for (path, schema) in shape::all() {
        assert!(jsonschema::meta::is_valid(&schema), "{path}");
        let references = schema.to_string();
        let outside =
            references.match_indices("\"$ref\":\"").any(|(at, key)| !references[at + key.len()..].starts_with("#/"));
        assert!(!outside, "{path} refers to another file");
    }
}

#[test]
fn a_golden_file_is_never_edited() {
    let sums = fs::read_to_string(schemas().join("golden/SM3SUMS")).expect("schemas/golden/SM3SUMS");
    let sums: BTreeMap<&str, &str> =
        sums.lines().filter_map(|line| line.split_once("  ")).map(|(sum, path)| (path, sum)).collect();
    for (path, sum) in &sums {
        let bytes =
            fs::read(schemas().join("golden").join(path)).unwrap_or_else(|error| panic!("golden/{path}: {error}"));
        assert_eq!(cases::command::hash(&bytes).as_str(), *sum, "golden/{path} was edited; {NEW_VERSION}");
    }
    for path in listed("golden/events").iter().chain(&listed("golden/commands")) {
        let path = path.trim_start_matches("golden/");
        assert!(
            sums.contains_key(path),
            "golden/{path} is not in SM3SUMS: golden files are made by the generator; {RUN}"
        );
    }
    for path in golden::wanted() {
        assert!(sums.contains_key(path.as_str()), "golden/{path}: there is none; {RUN}");
    }
}

/// The generator makes an example of whatever is new: somebody does it in `examples/schemas/golden_story.rs`.
#[test]
fn the_golden_story_still_tells_of_every_event_and_command() {
    let told: BTreeSet<String> = golden::all().into_keys().collect();
    let missing: Vec<_> = golden::wanted().into_iter().filter(|path| !told.contains(path)).collect();
    assert!(
        missing.is_empty(),
        "nobody does it: {missing:?}; let somebody do it in crates/cases/examples/schemas/golden_story.rs, then {RUN}"
    );
}

#[test]
fn golden_events_fit_their_schema_and_read_back_as_they_are() {
    let (validators, mut read) = (validators(), 0);
    for path in listed("golden/events") {
        let body = on_disk(&path).expect("it is listed");
        let path = path.trim_start_matches("golden/");
        let (kind, version) = type_of(path);
        check(&validators, shape::STORED_BODY, &body, path);
        check(&validators, path, &body["public"], path);
        let again = through(kind, version, &body).unwrap_or_else(|error| panic!("{path}: {error}"));
        // An older version is upcast as it is read, and is then not written as it was.
        if golden::wanted().contains(&path.to_owned()) {
            assert_eq!(again, body, "{path}");
        }
        read += 1;
    }
    assert!(read >= CaseEvent::TYPES.len() + CentreEvent::TYPES.len());
}

#[test]
fn golden_commands_fit_their_schema_and_read_back_as_they_are() {
    let validators = validators();
    for path in listed("golden/commands") {
        let line = on_disk(&path).expect("it is listed");
        let path = path.trim_start_matches("golden/");
        check(&validators, path, &line, path);
        let read = CommandLine::from_value(line.clone()).unwrap_or_else(|refusal| panic!("{path}: {refusal}"));
        let (name, fields) = match &read {
            CommandLine::Case(read) => (read.command.name(), read.command.fields()),
            CommandLine::Centre(read) => (read.command.name(), read.command.fields()),
        };
        assert_eq!(line["command"], name, "{path}");
        let envelope = ["command", "id", "centre", "case", "version", "by", "occurred_at", "recorded_at", "late"];
        let mut own = line;
        own.as_object_mut().expect("an object").retain(|key, _| !envelope.contains(&key.as_str()));
        assert_eq!(fields, own, "{path}");
    }
}

/// Every way of leaving out one field, adding one that nobody knows, or giving one another type.
fn spoilt(value: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    match value {
        Value::Object(map) => {
            let mut more = map.clone();
            more.insert("nobody_knows_this".to_owned(), json!(1));
            all.push(("/+".to_owned(), Value::Object(more)));
            for (key, inner) in map {
                let mut less = map.clone();
                less.remove(key);
                all.push((format!("/-{key}"), Value::Object(less)));
                for (place, inner) in spoilt(inner) {
                    let mut map = map.clone();
                    map.insert(key.clone(), inner);
                    all.push((format!("/{key}{place}"), Value::Object(map)));
                }
            }
        }
        Value::Array(list) => {
            for (place, first) in list.first().into_iter().flat_map(spoilt) {
                let mut list = list.clone();
                list[0] = first;
                all.push((format!("/0{place}"), Value::Array(list)));
            }
            all.push(("=7".to_owned(), json!(7)));
        }
        Value::String(_) => all.push(("=7".to_owned(), json!(7))),
        _ => all.push(("=text".to_owned(), json!("7"))),
    }
    all
}

#[test]
fn reader_and_schema_agree_on_what_is_missing_unknown_or_of_another_type() {
    let validators = validators();
    // Both may be lenient about what a text says; about a field that nobody knows neither may be.
    let agree = |place: &str, reads: bool, fits: bool| reads == fits && !(reads && place.ends_with('+'));
    let mut differ = Vec::new();
    for path in golden::wanted() {
        // That there is none is said by `a_golden_file_is_never_edited`.
        let Some(example) = on_disk(&format!("golden/{path}")) else { continue };
        if !is_event(&path) {
            for (place, line) in spoilt(&example) {
                let (reads, fits) = (CommandLine::from_value(line.clone()).is_ok(), fits(&validators, &path, &line));
                differ.extend(
                    (!agree(&place, reads, fits)).then(|| format!("{path}{place}: reader {reads}, schema {fits}")),
                );
            }
            continue;
        }
        let (kind, version) = type_of(&path);
        for (place, public) in spoilt(&example["public"]) {
            let body = json!({"public": public, "sealed": example["sealed"]});
            let (reads, fits) = (through(kind, version, &body).is_ok(), fits(&validators, &path, &public));
            differ
                .extend((!agree(&place, reads, fits)).then(|| format!("{path}{place}: reader {reads}, schema {fits}")));
        }
    }
    assert!(differ.is_empty(), "{} differences:\n{}", differ.len(), differ.join("\n"));
}

#[test]
fn events_and_lines_of_random_histories_fit_their_schemas_and_read_back_as_they_are() {
    let validators = validators();
    for seed in 0..6 {
        let played = watch(seed, &Options { cases: 20, ..Options::default() });
        for told in &played.story.log {
            match told {
                Told::Case(_, entry) => round_trip(entry, &validators, seed),
                Told::Centre(entry) => round_trip(entry, &validators, seed),
            }
        }
        for line in &played.lines {
            let path = format!("commands/{}.json", line["command"].as_str().unwrap_or_default());
            check(&validators, &path, line, &path);
        }
    }
}

fn round_trip<E: EventSet + PartialEq + std::fmt::Debug>(
    entry: &Entry<E>,
    validators: &BTreeMap<String, Validator>,
    seed: u64,
) {
    let (kind, version) = (entry.event.type_name(), entry.event.type_version());
    let body = golden::stored(entry);
    check(validators, shape::STORED_BODY, &body, kind);
    check(validators, &format!("events/{kind}.v{version}.json"), &body["public"], &format!("seed {seed}: {kind}"));
    let (public, texts) = golden::parts(&body).expect("a stored body");
    let again = Entry::<E>::from_wire(kind, version, &public.to_string(), &texts)
        .unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    assert_eq!(again, *entry, "seed {seed}");
}
