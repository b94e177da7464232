//! The case's history, from evidence that holds.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use cases::ids::PersonId;
use cases::sealed::SealedText;
use cases::{CaseEvent, Entry, Instant};
use transparency::evidence::{Evidence, Opened, Proven, Verified};
use transparency::{Body, SealedField};

use crate::attachments;

/// What stands where a text is not shown.
pub(crate) const WITHHELD: &str = "（未出示）";

/// Verdict and history; attachments were put there.
pub(crate) fn told(evidence: &Evidence, verified: &Verified, kept: &BTreeMap<u64, PathBuf>) -> String {
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
    let _ = match verified.seen_at() {
        Some((first, _)) => {
            writeln!(text, "见证：{}；最早见证时间 {}。", verified.witnesses().join("、"), minute(at(first)))
        }
        None => writeln!(text, "见证：无。没有见证方签名的检查点，中心可以另写一份。"),
    };
    times(&mut text, evidence, verified);
    for event in &evidence.events {
        story(&mut text, event, verified);
        text.push_str(&attachments::told(event, verified, kept));
    }
    text
}

/// How far the clock of a witness and the log's may be apart, in milliseconds.
const TOLERANCE_MS: i64 = 5 * 60_000;

/// Between which times of witnesses the events lie, and which of them do not. It is said and not judged: a simulated centre has a
/// time of its own, and the file does not say whether the centre is one.
fn times(text: &mut String, evidence: &Evidence, verified: &Verified) {
    let earlier = verified.earlier_seen_at();
    if let Some((size, (first, last))) = earlier {
        let _ = writeln!(
            text,
            "时间界限：日志第{size}条及以前的记录不晚于 {}，其后的不早于 {}（见证方的时钟，允许五分钟误差）。",
            minute(at(last)),
            minute(at(first))
        );
    }
    for event in &evidence.events {
        let recorded = event.recorded_ms;
        let by = match earlier {
            Some((size, (_, last))) if event.position <= size => Some(last),
            _ => verified.seen_at().map(|(_, last)| last),
        };
        let since = earlier.filter(|(size, _)| event.position > *size).map(|(_, (first, _))| first);
        let wrong = match (since, by) {
            (Some(since), _) if recorded < at(since).saturating_sub(TOLERANCE_MS) => Some(("早于", since)),
            (_, Some(by)) if recorded > at(by).saturating_add(TOLERANCE_MS) => Some(("晚于", by)),
            _ => None,
        };
        if let Some((side, seen)) = wrong {
            let _ = writeln!(
                text,
                "注意：#{} 记录于 {}，{side}见证时间 {}：时钟有误，或时间被改写（演示用的模拟中心不在此列）。",
                event.version,
                minute(recorded),
                minute(at(seen))
            );
        }
    }
}

/// Seconds since 1970 as milliseconds.
fn at(seconds: u64) -> i64 {
    i64::try_from(seconds).ok().and_then(|seconds| seconds.checked_mul(1_000)).unwrap_or(i64::MAX)
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
pub(crate) fn read(event: &Proven, verified: &Verified) -> Result<Entry<CaseEvent>, String> {
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
    use transparency::evidence::Earlier;
    use transparency::note::Note;
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
            earlier: None,
            complete_to: None,
            disclosed: vec![opened],
            attachments: Vec::new(),
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

    /// Which side of which cosignature is wrong, to the second, by a table made by hand.
    #[test]
    fn a_time_on_the_wrong_side_of_a_cosignature_is_named() {
        const NINE: u64 = 1_772_413_200; // 2026-03-02 09:00 in Shanghai
        let event = |version, position, recorded: u64| Proven {
            position,
            ordinal: 0,
            version,
            recorded_ms: at(recorded),
            kind: "noted".into(),
            kind_version: 1,
            body: Vec::new(),
            proof: Vec::new(),
        };
        // Minutes after nine at which each signed the checkpoint, and the earlier one, of four events.
        let said = |signers: &[(&str, u64)], earlier: &[(&str, u64)], events: Vec<Proven>| {
            let signers_of = |all: &[(&str, u64)]| -> Vec<_> {
                all.iter().map(|(name, minutes)| ((*name).to_owned(), Some(NINE + 60 * minutes))).collect()
            };
            let verified = Verified {
                centre: "410404".into(),
                size: 9,
                signers: signers_of(signers),
                earlier: (!earlier.is_empty()).then(|| Earlier { size: 4, signers: signers_of(earlier) }),
                complete_to: None,
                disclosed: Vec::new(),
                attachments: Vec::new(),
            };
            let (stream, checkpoint) = (ONE, Note::new("x\n".into()).unwrap());
            let evidence = Evidence {
                stream,
                checkpoint,
                earlier: None,
                events,
                head: None,
                disclosed: Vec::new(),
                attachments: Vec::new(),
            };
            let mut text = String::new();
            times(&mut text, &evidence, &verified);
            text
        };
        let (ten, five, fours) = (NINE + 3_600, NINE + 300, vec![event(1, 4, NINE), event(2, 5, NINE + 1)]);
        for (signers, earlier, events, wrong) in [
            // All were there when the checkpoint was cosigned, five minutes given.
            (&[("jiwei", 60)][..], &[][..], vec![event(1, 4, ten + 300)], vec![]),
            (
                &[("jiwei", 60)],
                &[],
                vec![event(1, 4, ten + 301)],
                vec!["#1 记录于 2026-03-02 10:05，晚于见证时间 2026-03-02 10:00"],
            ),
            (&[("jiwei", 60), ("audit", 90)], &[], vec![event(1, 4, ten + 301)], vec![]),
            // The fifth was not there at five past nine, the fourth was.
            (&[("jiwei", 60)], &[("jiwei", 5)], vec![event(1, 4, NINE), event(2, 5, NINE)], vec![]),
            (
                &[("jiwei", 60)],
                &[("jiwei", 6)],
                fours.clone(),
                vec!["#2 记录于 2026-03-02 09:00，早于见证时间 2026-03-02 09:06"],
            ),
            (&[("jiwei", 60)], &[("jiwei", 6), ("audit", 5)], fours.clone(), vec![]),
            (
                &[("jiwei", 60)],
                &[("jiwei", 0)],
                vec![event(1, 4, five + 1)],
                vec!["#1 记录于 2026-03-02 09:05，晚于见证时间 2026-03-02 09:00"],
            ),
            // A log says nothing about its own clock, and nobody says nothing.
            (&[("yousu/410404", 0)], &[("yousu/410404", 60)], fours.clone(), vec![]),
            (&[], &[], fours.clone(), vec![]),
        ] {
            let text = said(signers, earlier, events);
            let found: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("注意：")).collect();
            assert_eq!(found.len(), wrong.len(), "{signers:?} {earlier:?}: {text}");
            assert!(found.iter().zip(&wrong).all(|(found, wrong)| found.starts_with(wrong)), "{text}");
            let bound = "时间界限：日志第4条及以前的记录不晚于 2026-03-02 09:0";
            assert_eq!(text.contains(bound), earlier.iter().any(|(name, _)| *name == "jiwei"), "{text}");
        }
    }
}
