//! The case's history, from evidence that holds.

use std::fmt::Write as _;

use cases::ids::PersonId;
use cases::sealed::SealedText;
use cases::{CaseEvent, Entry, Instant};
use transparency::Body;
use transparency::evidence::{Evidence, Proven, Verified};

/// What stands where a text is not shown.
const WITHHELD: &str = "（未出示）";

/// Verdict and history.
pub(crate) fn told(evidence: &Evidence, verified: &Verified, witnesses: &[&str]) -> String {
    // Writing to a String cannot fail, here and below.
    let mut text = String::new();
    let _ = writeln!(
        text,
        "成立：中心{}的日志（{}条）中，案件 {} 的下列记录未被改动、调序或插入。",
        verified.centre, verified.size, evidence.stream
    );
    let _ = match verified.complete_to {
        Some(position) if position == verified.size => {
            writeln!(
                text,
                "完整：日志声明没有该案件的其他记录，且声明已写入本检查点（声明是否属实，由核验全部日志的审计方查明）。"
            )
        }
        Some(position) => writeln!(
            text,
            "完整到第{position}条：其后至第{}条之间是否另有该案件的记录，本证据没有证明。",
            verified.size
        ),
        None => writeln!(text, "注意：本证据没有证明后面没有该案件的其他记录。"),
    };
    let of_witness = |(name, _): &&(String, Option<u64>)| witnesses.contains(&name.as_str());
    let mut times: Vec<u64> = verified.signers.iter().filter(of_witness).filter_map(|(_, time)| *time).collect();
    times.sort_unstable();
    let _ = match times.first() {
        Some(first) => writeln!(
            text,
            "见证：{}；最早见证时间 {}。",
            witnesses.join("、"),
            minute(i64::try_from(*first).ok().and_then(|seconds| seconds.checked_mul(1_000)).unwrap_or(i64::MAX))
        ),
        None => writeln!(text, "见证：无。没有见证方签名的检查点，中心可以另写一份。"),
    };
    for event in &evidence.events {
        story(&mut text, event, verified);
    }
    text
}

fn story(text: &mut String, event: &Proven, verified: &Verified) {
    let recorded = minute(event.recorded_ms);
    let _ = match read(event, verified) {
        Ok(entry) => {
            let note = &entry.note;
            let occurred = note.occurred_at.format("%Y-%m-%d %H:%M");
            let late = if note.is_late() { format!("（补录，记录于{recorded}）") } else { String::new() };
            writeln!(text, "#{} {occurred} {} · {}{late}", event.version, cases::term(&event.kind), note.by)
        }
        Err(why) => writeln!(text, "#{} {recorded} {}（本程序读不出内容：{why}）", event.version, plain(&event.kind)),
    };
    for (_, field, bytes) in verified.disclosed.iter().filter(|(version, ..)| *version == event.version) {
        let _ = writeln!(text, "      {}：{}", plain(field), plain(&String::from_utf8_lossy(bytes)));
    }
}

/// The event as the domain reads it, its sealed texts as far as they were disclosed.
fn read(event: &Proven, verified: &Verified) -> Result<Entry<CaseEvent>, String> {
    let body = Body::decode(&event.body).map_err(|error| error.to_string())?;
    let texts = body.sealed().iter().map(|sealed| {
        let shown =
            verified.disclosed.iter().find(|(version, field, _)| *version == event.version && *field == sealed.field);
        let shown =
            shown.map_or_else(|| WITHHELD.to_owned(), |(_, _, bytes)| String::from_utf8_lossy(bytes).into_owned());
        SealedText { person: PersonId(sealed.person), field: sealed.field.clone(), text: Some(shown) }
    });
    let texts: Vec<_> = texts.collect();
    Entry::from_wire(&event.kind, event.kind_version, body.public_json(), &texts).map_err(|error| error.to_string())
}

/// A time in Shanghai, to the minute.
fn minute(ms: i64) -> String {
    Instant::from_ms(ms).map_or_else(|| "?".to_owned(), |at| at.format("%Y-%m-%d %H:%M").to_string())
}

/// In one line, with nothing in it that moves the cursor: what a file holds must not rewrite what is said of it.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
