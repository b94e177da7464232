//! Two events of one stream, byte for byte. The constants were printed by `worked_example.py`, which shares no code
//! with this crate: the front page's table once more in Python, and SM3 by openssl.

use proptest::prelude::{any, prop_assert_eq, proptest};
use serde_json::{Value, json};
use transparency::{Body, BodyError, Hash, Header, NAME_LIMIT_BYTES, SealedField};
use uuid::{Uuid, uuid};

const STREAM: Uuid = uuid!("0190163d-8694-739b-aea5-966c26f8ad90");
const PERSON: Uuid = uuid!("0190163d-8694-739b-aea5-966c26f8ad91");

const FIRST_BODY: &str = r#"{"public":{"channel":"窗口","who":{"$sealed":0}},"sealed":[{"person":"0190163d-8694-739b-aea5-966c26f8ad91","field":"/who","bytes":"5byg5LiJ"}]}"#;
const FIRST_HEADER: &str = "0001000000000000001100000000000000010190163d8694739baea5966c26f8ad9000000000000000050000019b76daa87b0001000000000000000000000000000000000000000000000000000000000000000006343130343034086163636570746564";
const FIRST_LEAF: &str = "4d469e92d8b0e722b362b0a192a289c781f9ef32d56de33077202fc35b79208b";
const SECOND_BODY: &str = r#"{"public":{"kind":"ordinary"},"sealed":[]}"#;
const SECOND_HEADER: &str = "0001000000000000001300000000000000020190163d8694739baea5966c26f8ad9000000000000000050000019b76daa87c00024d469e92d8b0e722b362b0a192a289c781f9ef32d56de33077202fc35b79208b063431303430340a636c6173736966696564";
const SECOND_LEAF: &str = "75c10b6025c47a8bfae0d5445b236d130c2ce19d817698274763520cb5b47689";

fn first_header() -> Header<'static> {
    Header {
        centre: "410404",
        position: 17,
        stream: STREAM,
        ordinal: 5,
        version: 1,
        recorded_ms: 1_767_225_600_123,
        kind: "accepted",
        kind_version: 1,
        previous: Hash::ZERO,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_streams_first_event() {
    let name = SealedField { person: PERSON, field: "/who".into(), bytes: Some("张三".into()) };
    // Declared out of order: the bytes are sorted all the same.
    let body = Body::new(&json!({"who": {"$sealed": 0}, "channel": "窗口"}), vec![name]).unwrap().encode().unwrap();
    assert_eq!(String::from_utf8_lossy(&body), FIRST_BODY);
    assert_eq!(hex(&first_header().encode().unwrap()), FIRST_HEADER);
    assert_eq!(first_header().leaf(Hash::of(&body)).unwrap().to_string(), FIRST_LEAF);
}

#[test]
fn the_next_event_is_chained_to_it() {
    let header = Header {
        position: 19,
        version: 2,
        recorded_ms: 1_767_225_600_124,
        kind: "classified",
        kind_version: 2,
        previous: FIRST_LEAF.parse().unwrap(),
        ..first_header()
    };
    let body = Body::new(&json!({"kind": "ordinary"}), Vec::new()).unwrap().encode().unwrap();
    assert_eq!(String::from_utf8_lossy(&body), SECOND_BODY);
    assert_eq!(hex(&header.encode().unwrap()), SECOND_HEADER);
    assert_eq!(header.leaf(Hash::of(&body)).unwrap().to_string(), SECOND_LEAF);
}

#[test]
fn a_struct_gives_the_same_bytes_in_whatever_order_its_fields_are_declared() {
    #[derive(serde::Serialize)]
    struct Classified {
        kind: &'static str,
        ground: Option<&'static str>,
    }
    let body = Body::new(&Classified { kind: "ordinary", ground: None }, Vec::new()).unwrap();
    assert_eq!(body.public_json(), r#"{"ground":null,"kind":"ordinary"}"#);
}

#[test]
fn a_name_longer_than_its_length_byte_can_say_is_refused() {
    let long = "中".repeat(NAME_LIMIT_BYTES / 3 + 1);
    assert!(Header { centre: &long, ..first_header() }.encode().is_err());
    let refused = Header { kind: &long, ..first_header() }.leaf(Hash::ZERO).unwrap_err();
    assert!(refused.to_string().contains("type"), "{refused}");
    assert!(Header { kind: &"x".repeat(NAME_LIMIT_BYTES), ..first_header() }.encode().is_ok());
}

#[test]
fn what_is_no_body_is_refused() {
    for bytes in [
        "",
        "[]",
        "{}",
        r#"{"public":{}}"#,
        r#"{"public":[],"sealed":[]}"#,
        r#"{"public":null,"sealed":[]}"#,
        r#"{"public":{},"sealed":[],"more":1}"#,
        r#"{"public":{},"public":{},"sealed":[]}"#,
        r#"{"public":{},"sealed":[]} x"#,
        r#"{"public":{},"sealed":[{"person":"x","field":"/a","bytes":""}]}"#,
        r#"{"public":{},"sealed":[{"person":"0190163d-8694-739b-aea5-966c26f8ad91","field":"/a","bytes":"5byg5LiJ="}]}"#,
    ] {
        assert!(Body::decode(bytes.as_bytes()).is_err(), "{bytes}");
    }
    assert!(matches!(Body::new(&json!("text"), Vec::new()), Err(BodyError::NotAnObject)));
}

#[test]
fn text_may_hold_any_character() {
    let text = "换行\n制表\t零\u{0}引号\"反斜\\\u{2028}";
    let bytes = Body::new(&json!({ "text": text }), Vec::new()).unwrap().encode().unwrap();
    let public: Value = Body::decode(&bytes).unwrap().public().unwrap();
    assert_eq!(public, json!({ "text": text }));
}

proptest! {
    #[test]
    fn what_was_encoded_is_read_back(fields: Vec<(u128, String, Vec<u8>)>, text: String, number: i64) {
        let sealed: Vec<SealedField> = fields
            .into_iter()
            .map(|(person, field, bytes)| SealedField { person: Uuid::from_u128(person), field, bytes: Some(bytes) })
            .collect();
        let public = json!({"a": text, "b": [number]});
        let read = Body::decode(&Body::new(&public, sealed.clone()).unwrap().encode().unwrap()).unwrap();
        prop_assert_eq!(read.public::<Value>().unwrap(), public);
        prop_assert_eq!(read.sealed(), sealed);
    }

    #[test]
    fn every_field_of_the_header_counts(stream in any::<u128>(), number in 1_u64.., ms in any::<i64>(), at in 0..8_usize) {
        let changed = |was: &str| format!("{was}x");
        let header = Header { stream: Uuid::from_u128(stream), position: number, version: number, recorded_ms: ms, ..first_header() };
        let (centre, kind) = (changed(header.centre), changed(header.kind));
        let other = match at {
            0 => Header { centre: &centre, ..header },
            1 => Header { position: number - 1, ..header },
            2 => Header { stream: Uuid::from_u128(!stream), ..header },
            3 => Header { version: number - 1, ..header },
            4 => Header { recorded_ms: !ms, ..header },
            5 => Header { kind: &kind, ..header },
            6 => Header { kind_version: 2, ..header },
            _ => Header { previous: Hash::of(b""), ..header },
        };
        assert_ne!(header.encode(), other.encode());
        assert_ne!(header.leaf(Hash::ZERO), other.leaf(Hash::ZERO));
        assert_ne!(header.leaf(Hash::ZERO), header.leaf(Hash::of(b"")));
    }

    #[test]
    fn bytes_cannot_move_between_the_two_names(name in "[a-z]{2,20}", at in 1..20_usize) {
        let at = at.min(name.len() - 1);
        let split = |at: usize| Header { centre: &name[..at], kind: &name[at..], ..first_header() }.encode();
        assert_ne!(split(at), split(at - 1));
    }
}
