//! Each view names the texts of persons that it reads, and no others are opened for it.

use std::{fs, path::Path};

use cases::{CaseEvent, CentreCode, Instant};
use event_log::NewEvent;
use projections::{When, registry::VIEWS};
use serde_json::Value;
use uuid::Uuid;

use crate::support::{Place, centre};

/// Every type of a case's event as it was kept once, each in a case of its own: what the views made of it knowing only their texts is
/// what they make of it knowing all.
#[tokio::test]
async fn no_view_reads_a_text_that_it_does_not_name() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/golden/events");
    let kept = |kind: &str, version: u16| {
        let text = fs::read(golden.join(format!("{kind}.v{version}.json"))).ok()?;
        Some(serde_json::from_slice::<Value>(&text).unwrap())
    };
    let (place, code, now): (_, _, Instant) =
        (Place::new().await, CentreCode::new("410404").unwrap(), "2026-06-01T09:00:00".parse().unwrap());
    let mut named: Vec<_> = VIEWS.iter().flat_map(|view| view.texts).copied().collect();
    let event = |stream, kind: &str, kind_version, body: &Value| NewEvent {
        stream,
        kind: kind.to_owned(),
        kind_version,
        body: serde_json::to_vec(body).unwrap(),
    };
    let accepted = kept("accepted", 1).unwrap();
    for (n, kind) in (1_u128..).zip(CaseEvent::TYPES) {
        let stream = Uuid::from_u128(n);
        let mut events = vec![event(stream, "accepted", 1, &accepted)];
        let (version, body) = (1..).map_while(|version| Some((version, kept(kind, version)?))).last().unwrap();
        for sealed in body["sealed"].as_array().unwrap() {
            named.retain(|(of, field)| of != kind || sealed["field"] != *field);
        }
        if *kind != "accepted" {
            events.push(event(stream, kind, version, &body));
        }
        place.append(&code, events, now).await;
    }
    assert_eq!(named, [], "no event has these");
    place.views.catch_up(&*place.log, &centre(&code)).await.unwrap();
    let file = place.dump().await;
    for view in &VIEWS {
        let rows = view.rows_at(&*place.log, &centre(&code), When::now(now)).await.unwrap();
        let folded: Vec<_> = rows.iter().map(|(key, row)| format!("row {code} {key} {row}")).collect();
        let kept: Vec<_> = file[view.name].iter().filter(|line| line.starts_with("row ")).cloned().collect();
        assert!(rows.len() >= CaseEvent::TYPES.len());
        assert_eq!(kept, folded, "view `{}`", view.name);
    }
}
