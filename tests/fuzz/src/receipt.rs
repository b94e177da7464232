//! Receipts: a signed text of seven lines.

use transparency::{
    Hash,
    note::{Note, Scheme, SigningKey, VerifierKey},
    receipt::Receipt,
};
use uuid::Uuid;

/// Whatever is read has one form, and what the log signed holds of nothing else.
pub fn receipt(bytes: &[u8]) -> bool {
    let mut is_sound = false;
    if let Ok(Ok(read)) = std::str::from_utf8(bytes).map(Receipt::parse) {
        assert_eq!(read.to_string().as_bytes(), bytes, "a receipt");
        is_sound = true;
    }
    if let Ok(note) = Note::parse(bytes) {
        if let Ok(read) = Receipt::signed(&note, &keys()) {
            assert_eq!(read, honest(), "a signature holds of another receipt");
        }
        is_sound = true;
    }
    is_sound
}

fn signers() -> [SigningKey; 2] {
    [Scheme::Sm2, Scheme::Ed25519].map(|scheme| SigningKey::new("yousu/410404", scheme, &[7; 32]).expect("a key"))
}

fn keys() -> [VerifierKey; 2] {
    signers().map(|key| key.verifier())
}

fn honest() -> Receipt {
    Receipt {
        origin: "yousu/410404".to_owned(),
        case: Uuid::from_u128(7),
        number: "410404-2026-17".to_owned(),
        position: 123,
        recorded_ms: 1_772_444_400_000,
        leaf: Hash::of(b"abc"),
    }
}

/// Signed, and the text alone.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let text = honest().to_string();
    let mut note = Note::new(text.clone()).expect("it is a text");
    signers().iter().for_each(|key| note.add(key.sign(&text, 0)));
    vec![note.to_string().into_bytes(), text.into_bytes()]
}
