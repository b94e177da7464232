//! An event's type, version and body.

use cases::{Case, CaseEvent, CaseId, Centre, CentreCode, CentreEvent, Entry, EventSet, case, centre, story::Told};
use event_log::{Body, Event, SealedField};
use serde_json::value::RawValue;
use uuid::Uuid;

/// `type version`, a line's end, and the body's bytes.
pub fn event(bytes: &[u8]) -> bool {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return false };
    let head = std::str::from_utf8(&bytes[..end]).ok().and_then(|head| head.split_once(' '));
    let Some((kind, Ok(kind_version))) = head.map(|(kind, version)| (kind, version.parse())) else { return false };
    let body = &bytes[end + 1..];
    decode(body);
    let event = event_of(kind, kind_version, body.to_vec());
    if let Ok(entry) = projections::entry::<CaseEvent>(&event) {
        round(&entry);
        // `evolve` holds no rule and cannot fail, whatever came before.
        let mut case = Case::new(CaseId(event.stream));
        case::evolve(&mut case, &entry);
        case::evolve(&mut case, &entry);
        serde_json::to_string(&case).expect("a case has a JSON form");
        return true;
    }
    let Ok(entry) = projections::entry::<CentreEvent>(&event) else { return false };
    round(&entry);
    let mut centre = Centre::new(CentreCode::new("410404").expect("six digits"));
    centre::evolve(&mut centre, &entry);
    centre::evolve(&mut centre, &entry);
    true
}

fn event_of(kind: &str, kind_version: u16, body: Vec<u8>) -> Event {
    Event {
        position: 1,
        stream: Uuid::from_u128(1),
        version: 1,
        recorded_ms: 0,
        kind: kind.to_owned(),
        kind_version,
        body,
    }
}

/// The two ways to read a body agree, and what was read is written as bytes that are read as the same.
fn decode(bytes: &[u8]) {
    let (body, parts) = (Body::decode(bytes), Body::parts(bytes, |_| true));
    // What `parts` cuts out unread is no body only where it cannot be parsed.
    let parts = parts.ok().filter(|(public, _)| serde_json::from_str::<&RawValue>(public).is_ok());
    assert_eq!(body.is_ok(), parts.is_some(), "{body:?} {parts:?}");
    let (Ok(body), Some((public, sealed))) = (body, parts) else { return };
    assert_eq!((body.public_json(), body.sealed()), (public, &*sealed));
    let encoded = body.encode().expect("a body has a JSON form");
    let again = Body::decode(&encoded).expect("what was written is read");
    assert_eq!((again.public_json(), again.sealed()), (public, &*sealed));
    assert_eq!(again.encode().expect("a body has a JSON form"), encoded);
}

/// Written to bytes and read again an entry is the same, and so are its bytes.
fn round<E: EventSet + PartialEq + std::fmt::Debug>(entry: &Entry<E>) {
    let bytes = written(entry);
    let event = event_of(entry.event.type_name(), entry.event.type_version(), bytes);
    let again: Entry<E> =
        projections::entry(&event).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&event.body)));
    assert_eq!(again, *entry);
    assert_eq!(written(&again), event.body, "{}", String::from_utf8_lossy(&event.body));
}

fn written<E: EventSet>(entry: &Entry<E>) -> Vec<u8> {
    let (public, texts) = entry.to_wire();
    let sealed = texts.into_iter().map(|text| SealedField {
        person: text.person.0,
        field: text.field,
        bytes: text.text.map(String::into_bytes),
    });
    let body = Body::new(&public, sealed.collect()).expect("the public part is an object");
    body.encode().expect("a body has a JSON form")
}

/// What was decided can be read from the log that it goes to.
pub(crate) fn is_the_same_when_read_again(told: &Told) {
    match told {
        Told::Case(_, entry) => round(entry),
        Told::Centre(entry) => round(entry),
    }
}
