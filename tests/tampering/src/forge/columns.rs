//! A line that says other things than what was hashed: what is seen where a column of the database was changed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use transparency::Hash;
use transparency::evidence::Proven;

use super::{Forgery, Kind, Workshop};
use crate::history::History;
use chance::Chance;

type Change = fn(&mut Proven, u64);

/// Column by column; `u64` is drawn, and small.
const CHANGES: [(&str, Change); 14] = [
    ("position, one more", |event, _| event.position += 1),
    ("position, less", |event, by| event.position = event.position.saturating_sub(by)),
    ("ordinal, more", |event, by| event.ordinal += by),
    ("ordinal, none", |event, _| event.ordinal = if event.ordinal == 0 { u64::MAX } else { 0 }),
    ("version, one more", |event, _| event.version += 1),
    ("version, less", |event, by| event.version = event.version.saturating_sub(by)),
    ("recorded, later", |event, by| event.recorded_ms += i64::try_from(by).unwrap_or(1)),
    ("recorded, earlier", |event, by| event.recorded_ms -= i64::try_from(by).unwrap_or(1)),
    ("recorded, before 1970", |event, _| event.recorded_ms = -event.recorded_ms),
    ("version of its type", |event, by| event.kind_version += u16::try_from(by % 100).unwrap_or(0) + 1),
    ("version of its type, none", |event, _| event.kind_version = 0),
    ("type, another", |event, _| event.kind = if event.kind == "closed" { "accepted" } else { "closed" }.to_owned()),
    ("type, the log's word", |event, _| {
        event.kind = if event.kind.starts_with('h') { "x" } else { "heads_committed" }.to_owned();
    }),
    ("type, none", |event, _| event.kind.clear()),
];

pub(crate) fn columns(history: &History<'_>, chance: &mut Chance) -> Vec<Forgery> {
    let mut shop = Workshop::new(history, Kind::Column, "one line");
    let by = 1 + chance.below(1_000);
    for (what, change) in CHANGES {
        let n = chance.index(history.honest.events.len());
        shop.add_changed(what, |evidence| change(&mut evidence.events[n], by));
    }
    if history.honest.head.is_some() {
        shop.how = "the line of the log's word about streams".to_owned();
        for (what, change) in CHANGES {
            if chance.percent(20) {
                shop.add_changed(what, |evidence| {
                    if let Some(head) = evidence.head.as_mut() {
                        change(&mut head.event, by);
                    }
                });
            }
        }
        shop.add_changed("the leaf before it", |evidence| {
            if let Some(head) = evidence.head.as_mut() {
                head.previous = Hash::of(&head.previous.0);
            }
        });
        shop.add_changed("its body", |evidence| {
            if let Some(head) = evidence.head.as_mut() {
                head.event.body = evidence.events[0].body.clone();
            }
        });
    }
    spellings(&mut shop, chance);
    shop.made
}

/// The same value in another spelling: nothing that is hashed changes, and the file would be two files.
fn spellings(shop: &mut Workshop<'_, '_>, chance: &mut Chance) {
    let history = shop.history;
    let event = &history.honest.events[chance.index(history.honest.events.len())];
    let Proven { position, ordinal, version, recorded_ms, kind_version, kind, body, .. } = event;
    let body = STANDARD.encode(body);
    let line = |position: &str, rest: &str| format!("event {position} {ordinal} {version} {recorded_ms} {rest}");
    let rest = format!("{kind_version} {kind} {body}");
    let position = position.to_string();
    let true_line = line(&position, &rest);
    shop.how = "another spelling".to_owned();
    for (what, spelt) in [
        ("a leading zero", line(&format!("0{position}"), &rest)),
        ("a sign", line(&format!("+{position}"), &rest)),
        ("a blank more", line(&position, &format!(" {rest}"))),
        ("a carriage return", line(&position, &format!("{rest}\r"))),
        ("the body twice", line(&position, &format!("{rest} {body}"))),
    ] {
        let text = String::from_utf8_lossy(&history.honest_bytes).replacen(&true_line, &spelt, 1);
        shop.add_bytes(what, with_digest(text.as_bytes()));
    }
}

/// The last line made anew.
pub(crate) fn with_digest(file: &[u8]) -> Vec<u8> {
    // "digest ", 64 digits and a line feed.
    let text = &file[..file.len().saturating_sub(72)];
    [text, format!("digest {}\n", Hash::of(text)).as_bytes()].concat()
}
