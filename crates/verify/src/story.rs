//! The case's history, from evidence that holds.

use std::fmt::Write as _;

use cases::ids::PersonId;
use cases::sealed::SealedText;
use cases::{CaseEvent, Entry, Instant};
use transparency::evidence::{Evidence, Opened, Proven, Verified};
use transparency::{Body, SealedField};

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
    for Opened { person, field, bytes, .. } in
        verified.disclosed.iter().filter(|opened| opened.version == event.version)
    {
        let _ = writeln!(text, "      {}（{person}）：{}", plain(field), plain(&String::from_utf8_lossy(bytes)));
    }
}

/// The event as the domain reads it, its sealed texts as far as they were disclosed.
fn read(event: &Proven, verified: &Verified) -> Result<Entry<CaseEvent>, String> {
    let body = Body::decode(&event.body).map_err(|error| error.to_string())?;
    let texts = texts(event.version, &body, verified);
    Entry::from_wire(&event.kind, event.kind_version, body.public_json(), &texts).map_err(|error| error.to_string())
}

/// Its sealed texts in their order.
fn texts(version: u64, body: &Body, verified: &Verified) -> Vec<SealedText> {
    let text = |SealedField { person, field, .. }: &SealedField| {
        let of = |opened: &&Opened| (opened.version, opened.person, &opened.field) == (version, *person, field);
        let shown = verified.disclosed.iter().find(of);
        let shown =
            shown.map_or_else(|| WITHHELD.to_owned(), |opened| String::from_utf8_lossy(&opened.bytes).into_owned());
        SealedText { person: PersonId(*person), field: field.clone(), text: Some(shown) }
    };
    body.sealed().iter().map(text).collect()
}

/// A time in Shanghai, to the minute.
pub(crate) fn minute(ms: i64) -> String {
    Instant::from_ms(ms).map_or_else(|| "?".to_owned(), |at| at.format("%Y-%m-%d %H:%M").to_string())
}

/// In one line, with nothing in it that moves the cursor: what a file holds must not rewrite what is said of it.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const ONE: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);

    /// Two persons have a text in one field of one event, and one of them disclosed it.
    #[test]
    fn nobodys_text_is_shown_as_anothers() {
        let sealed = |person| SealedField { person, field: "/data/name".into(), bytes: Some(b"?".to_vec()) };
        let body = Body::new(&serde_json::json!({}), vec![sealed(ONE), sealed(OTHER)]).unwrap();
        let opened = Opened { version: 3, person: ONE, field: "/data/name".into(), bytes: "张三".into() };
        let verified = Verified {
            centre: "410404".into(),
            size: 9,
            signers: Vec::new(),
            complete_to: None,
            disclosed: vec![opened],
        };
        let shown = |version| -> Vec<_> {
            let texts = texts(version, &body, &verified);
            texts.into_iter().map(|text| (text.person.0, text.text.unwrap())).collect()
        };
        assert_eq!(shown(3), [(ONE, "张三".to_owned()), (OTHER, WITHHELD.to_owned())]);
        assert_eq!(shown(4), [(ONE, WITHHELD.to_owned()), (OTHER, WITHHELD.to_owned())]);
        let event = Proven {
            position: 5,
            ordinal: 0,
            version: 3,
            recorded_ms: 0,
            kind: "noted".into(),
            kind_version: 1,
            body: body.encode().unwrap(),
            proof: Vec::new(),
        };
        let mut said = String::new();
        story(&mut said, &event, &verified);
        assert!(said.contains(&format!("/data/name（{ONE}）：张三")) && !said.contains(&OTHER.to_string()), "{said}");
    }
}
