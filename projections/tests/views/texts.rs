//! Each view names the texts of persons that it reads, and no others are opened for it.

use std::{fs, path::Path};

use cases::{CaseEvent, CentreCode, Instant};
use event_log::NewEvent;
use projections::{Views, When, registry::VIEWS};
use serde_json::Value;
use uuid::Uuid;

use crate::support::{Place, centre};

/// Every type of a case's event as it was kept once, each in a case of its own: what a view made of it knowing only its own texts is
/// what it makes of it knowing all.
#[tokio::test]
async fn no_view_reads_a_text_that_it_does_not_name() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/golden/events");
    let kept = |kind: &str, version: u16| {
        let text = fs::read(golden.join(format!("{kind}.v{version}.json"))).ok()?;
        Some(serde_json::from_slice::<Value>(&text).unwrap())
    };
    let (place, code) = (Place::new().await, CentreCode::new("410404").unwrap());
    let now: Instant = "2026-06-01T09:00:00".parse().unwrap();
    let mut named: Vec<_> = VIEWS.iter().flat_map(|view| view.texts).copied().collect();
    let event = |stream, kind: &str, kind_version, body: &Value| NewEvent {
        stream,
        kind: kind.to_owned(),
        kind_version,
        body: serde_json::to_vec(body).unwrap(),
    };
    let (accepted, letter) = (kept("accepted", 1).unwrap(), kept("supervision_issued", 1).unwrap());
    let mut streams = (1_u128..).map(Uuid::from_u128);
    for kind in CaseEvent::TYPES {
        for (version, mut body) in (1..).map_while(|version| Some((version, kept(kind, version)?))) {
            for sealed in body["sealed"].as_array().unwrap() {
                named.retain(|(of, field)| of != kind || sealed["field"] != *field);
            }
            if let Some(corrects) = body["public"]["data"].get_mut("corrects") {
                // The letter below: what was never sent is not corrected.
                *corrects = 2.into();
            }
            let stream = streams.next().unwrap();
            let mut events = vec![event(stream, "accepted", 1, &accepted)];
            if *kind != "accepted" {
                events.push(event(stream, "supervision_issued", 1, &letter));
                events.push(event(stream, kind, version, &body));
            }
            place.append(&code, events, now).await;
        }
    }
    assert_eq!(named, [], "no event has these");
    for (n, view) in VIEWS.iter().enumerate() {
        // Alone: beside others it is given their texts, too.
        let alone = Views::open_only(place.path(), &VIEWS[n..=n]).await.unwrap();
        alone.catch_up(&*place.log, &centre(&code)).await.unwrap();
        alone.close().await;
        let rows = view.rows_at(&*place.log, &centre(&code), When::now(now)).await.unwrap();
        let folded: Vec<_> = rows.iter().map(|(key, row)| format!("row {code} {key} {row}")).collect();
        let file = place.dump().await;
        let kept: Vec<_> = file[view.name].iter().filter(|line| line.starts_with("row ")).cloned().collect();
        assert!(rows.len() >= CaseEvent::TYPES.len());
        assert_eq!(kept, folded, "view `{}`", view.name);
    }
}
