//! Golden examples: one of each event as the log's body holds it, one of each command as a line.

use std::collections::BTreeMap;

use cases::{
    CaseEvent, Centre, CentreCode, CentreEvent, CommandLine, Context, Entry, EventSet, centre,
    policy::SHIPPED,
    sealed::SealedText,
    story::{DEPARTMENTS, Story, Told, cast},
};
use serde_json::{Value, json};

use crate::golden_story;

/// Every golden example by its path under `schemas/golden/`. Of several entries of a type the one that says most is
/// taken, so that optional fields are seen too.
pub(crate) fn all() -> BTreeMap<String, Value> {
    let mut golden = BTreeMap::new();
    let mut keep = |path: String, value: Value| {
        let says_more = |known: &Value| value.to_string().len() > known.to_string().len();
        if golden.get(&path).is_none_or(says_more) {
            golden.insert(path, value);
        }
    };
    let (line, entries) = opening();
    keep("commands/open_centre.json".to_owned(), line);
    for entry in &entries {
        // A calendar that the program ships is another file's business.
        if !matches!(entry.event, CentreEvent::CalendarPublished(_)) {
            keep(path_of(&entry.event), stored(entry));
        }
    }
    let script = golden_story::play();
    let opened = Story::under("shilong-2023-7", "2026-03-02T08:30").log.len();
    for told in script.story.log.iter().skip(opened) {
        match told {
            Told::Case(_, entry) => keep(path_of(&entry.event), stored(entry)),
            Told::Centre(entry) => keep(path_of(&entry.event), stored(entry)),
        }
    }
    for line in script.lines {
        keep(format!("commands/{}.json", line["command"].as_str().unwrap_or_default()), line);
    }
    golden
}

/// The whole story as commands: what opens the centre, then the lines of the golden story.
#[cfg_attr(test, allow(dead_code, reason = "the tests compare the files; only the example prints the story"))]
pub(crate) fn story() -> Vec<Value> {
    let (line, _) = opening();
    let at = line["recorded_at"].clone();
    let mut lines = vec![line];
    for (n, (department, name)) in DEPARTMENTS.into_iter().enumerate() {
        lines.push(json!({"command": "record_department", "id": format!("019caba1-dd00-7000-8000-00000000010{n}"),
            "centre": "410404", "by": cast("admin"), "recorded_at": at, "department": department, "name": name}));
    }
    lines.extend(golden_story::play().lines);
    lines
}

/// The paths that must be there.
pub(crate) fn wanted() -> Vec<String> {
    let versions = |name: &&str, catalogue: &[(&'static str, u16, schemars::Schema)]| {
        let known = catalogue.iter().find(|(known, ..)| known == name);
        known.map_or(1, |(_, version, _)| *version)
    };
    let (cases, centres) = (CaseEvent::catalogue(), CentreEvent::catalogue());
    let of_cases = CaseEvent::TYPES.iter().map(|name| (name, versions(name, &cases)));
    let of_centres = CentreEvent::TYPES.iter().map(|name| (name, versions(name, &centres)));
    let events = of_cases.chain(of_centres).map(|(name, version)| format!("events/{name}.v{version}.json"));
    let commands = cases::CaseCommand::NAMES.iter().chain(cases::CentreCommand::NAMES);
    events.chain(commands.map(|name| format!("commands/{name}.json"))).collect()
}

fn path_of<E: EventSet>(event: &E) -> String {
    format!("events/{}.v{}.json", event.type_name(), event.type_version())
}

/// The line that opens a centre, and what follows of it.
fn opening() -> (Value, Vec<Entry<CentreEvent>>) {
    let (_, text) = SHIPPED[1];
    let line = json!({"command": "open_centre", "id": "019caba1-dd00-7000-8000-000000000000", "centre": "410404",
        "by": cast("admin"), "recorded_at": "2026-03-02T08:30:00+08:00", "name": "示例区政务服务中心", "level": "county",
        "parent": "410400", "policy_text": text, "simulated": true});
    let centre = Centre::new(CentreCode::new("410404").expect("six digits"));
    let Ok(CommandLine::Centre(read)) = CommandLine::from_value(line.clone()) else { panic!("{line}") };
    let now = read.recorded_at.expect("it says when");
    let ctx = Context::of_centre(&centre, &read, now);
    (line, centre::decide(&read, &centre, &ctx).expect("a centre opens once"))
}

/// The body as the log's bytes have it (`crates/transparency`).
pub(crate) fn stored<E: EventSet>(entry: &Entry<E>) -> Value {
    let (public, texts) = entry.to_wire();
    let sealed: Vec<_> = texts
        .iter()
        .map(|text| {
            let bytes = base64(text.text.as_deref().unwrap_or_default().as_bytes());
            json!({"person": text.person, "field": text.field, "bytes": bytes})
        })
        .collect();
    json!({"public": public, "sealed": sealed})
}

/// The parts of a stored body.
pub(crate) fn parts(body: &Value) -> Option<(Value, Vec<SealedText>)> {
    let text = |field: &Value| {
        let bytes = unbase64(field["bytes"].as_str()?)?;
        Some(SealedText {
            person: serde_json::from_value(field["person"].clone()).ok()?,
            field: field["field"].as_str()?.to_owned(),
            text: Some(String::from_utf8(bytes).ok()?),
        })
    };
    let texts = body["sealed"].as_array()?.iter().map(text).collect::<Option<_>>()?;
    Some((body["public"].clone(), texts))
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Twenty lines rather than a dependency: this crate's own code never meets base64.
fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let of = |i: usize| u32::from(three.get(i).copied().unwrap_or(0));
        let bits = of(0) << 16 | of(1) << 8 | of(2);
        for digit in 0..4 {
            let value = usize::try_from(bits >> (18 - 6 * digit) & 63).unwrap_or(0);
            text.push(if digit <= three.len() { char::from(DIGITS[value]) } else { '=' });
        }
    }
    text
}

fn unbase64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for four in text.as_bytes().chunks(4) {
        let digits: Vec<u8> = four.iter().copied().filter(|byte| *byte != b'=').collect();
        let mut bits = 0_u32;
        for digit in &digits {
            bits = bits << 6 | u32::try_from(DIGITS.iter().position(|known| known == digit)?).ok()?;
        }
        bits <<= 6 * (4 - digits.len());
        bytes.extend(&bits.to_be_bytes()[1..digits.len()]);
    }
    Some(bytes)
}
