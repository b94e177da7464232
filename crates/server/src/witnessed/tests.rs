//! A log whose times are set by hand, and what witnesses could say of it.

use event_log::{Access, Append, Clock, NewEvent, Priority};
use transparency::note::{Scheme, SigningKey};
use uuid::Uuid;

use super::*;

/// When the events were recorded, and where a witness's word is measured from.
const TIMES: [&str; 4] = ["09:00:00", "09:10:00", "09:20:00", "10:00:00"];

fn at(time: &str) -> Instant {
    format!("2026-03-02T{time}+08:00").parse().unwrap()
}

fn centre() -> Centre {
    Centre::new("410404").unwrap()
}

fn key(name: &str) -> VerifierKey {
    SigningKey::new(name, Scheme::Sm2Timed, &[name.as_bytes()[0]; 32]).unwrap().verifier()
}

/// What is said of the log above where these saw these sizes at these times: who, size, time. Those of one line share a note.
async fn said(notes: &[&[(&str, u64, &str)]]) -> (Vec<String>, Option<Bounds>) {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("log.sqlite").display());
    let log = event_log::open(&url, Access::Write).await.unwrap();
    for (n, time) in TIMES.iter().enumerate() {
        let stream = Uuid::from_u128(1 + n as u128);
        let body = br#"{"public":{},"sealed":[]}"#.to_vec();
        let events = vec![NewEvent { stream, kind: "noted".to_owned(), kind_version: 1, body }];
        let (clock, expected) = (Clock::Given(at(time).ms()), vec![(stream, 0)]);
        let (centre, counters) = (centre(), Vec::new());
        log.append(Append { centre, events, expected, clock, counters, priority: Priority::People }).await.unwrap();
    }
    let mut witnessed = Witnessed::default();
    for note in notes {
        let keys: Vec<_> = note.iter().map(|(name, ..)| key(name)).collect();
        let seconds = |time| Some(u64::try_from(at(time).ms() / 1_000).unwrap());
        let signers: Vec<_> = keys.iter().zip(*note).map(|(key, (_, _, time))| (key, seconds(time))).collect();
        witnessed.add(&centre(), note[0].1, &signers);
    }
    let said = witnessed.check(&*log, &centre()).await.unwrap();
    log.close().await;
    said
}

#[tokio::test]
async fn times_between_those_of_witnesses_are_right_and_the_widest_window_is_told() {
    let (faults, bounds) = said(&[
        &[("jiwei", 1, "09:01:00"), ("audit", 1, "09:02:00")],
        &[("jiwei", 2, "09:12:00")],
        &[("audit", 3, "09:50:30")],
    ])
    .await;
    assert_eq!(faults, Vec::<String>::new());
    let bounds = bounds.unwrap();
    assert_eq!(
        bounds.lines(),
        [
            "410404: times of witnesses bind 3 sizes, from 2026-03-02T09:02:00+08:00 (1 events, which nothing binds backwards) to \
             2026-03-02T09:50:30+08:00 (3 events)",
            "410404: widest window 0 d 00:38:30, events 3 to 3: seen by a witness at 2026-03-02T09:12:00+08:00 and not again until \
             2026-03-02T09:50:30+08:00; within it, and five minutes before it, a time could be dated back unseen",
            "410404: 1 events since the last: none of them can be dated more than five minutes before it, nothing else is bound",
        ]
    );
}

/// Whose word, to the second, makes a time a fault, and at which position.
#[tokio::test]
async fn a_time_on_the_wrong_side_of_a_cosignature_is_seen() {
    for (notes, wrong) in [
        // The fourth event is of 10:00:00, and five minutes are given.
        (&[&[("jiwei", 3, "10:05:00")][..]][..], None),
        (&[&[("jiwei", 3, "10:05:01")]], Some("410404@4: recorded 2026-03-02T10:00:00+08:00, but it was not there")),
        // The third is of 09:20:00.
        (&[&[("jiwei", 3, "09:15:00")]], None),
        (
            &[&[("jiwei", 3, "09:14:59")]],
            Some("410404@3: recorded 2026-03-02T09:20:00+08:00, but a witness had seen it"),
        ),
        // Of two under one checkpoint the one counts that accuses least.
        (&[&[("jiwei", 3, "10:30:00"), ("audit", 3, "10:01:00")]], None),
        (&[&[("jiwei", 3, "09:00:00"), ("audit", 3, "09:21:00")]], None),
        // Of two checkpoints each one holds.
        (&[&[("jiwei", 3, "10:30:00")], &[("audit", 3, "10:01:00")]], Some("410404@4: ")),
        (&[&[("jiwei", 4, "10:01:00")], &[("jiwei", 1, "09:45:00")]], Some("410404@2: ")),
        // The whole log, and nothing of it.
        (&[&[("jiwei", 4, "23:00:00")], &[("jiwei", 0, "08:59:00")]], None),
        (&[&[("jiwei", 0, "09:06:00")]], Some("410404@1: ")),
        // A log says nothing about its own clock.
        (&[&[("yousu/410404", 3, "23:00:00")]], None),
    ] {
        let (faults, _) = said(notes).await;
        match wrong {
            None => assert_eq!(faults, Vec::<String>::new(), "{notes:?}"),
            Some(wrong) => assert!(faults.len() == 1 && faults[0].starts_with(wrong), "{notes:?}: {faults:?}"),
        }
    }
}
