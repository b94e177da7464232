//! Notes, checkpoints, changes of keys, keys and requests to witnesses.

use transparency::{
    Checkpoint, Hash,
    key_change::{KeyChange, Why},
    note::{Note, Scheme, SigningKey, VerifierKey},
    request::Request,
};

/// Whatever is read has one form: written again it is the bytes that it was read from. What a key signed holds of nothing else.
pub fn note(bytes: &[u8]) -> bool {
    let mut is_sound = false;
    if let Ok(request) = Request::parse(bytes) {
        assert_eq!(request.encode(), bytes, "a request");
        is_sound = true;
    }
    if let Ok(note) = Note::parse(bytes) {
        assert_eq!(note.to_string().as_bytes(), bytes, "a note");
        if let Ok(checkpoint) = Checkpoint::parse(note.text()) {
            assert_eq!(checkpoint.text(), note.text(), "a checkpoint");
        }
        let text = signed().text().to_owned();
        if note.verified_by(0, &keys()).is_ok_and(|signers| !signers.is_empty()) {
            assert_eq!(note.text(), text, "a signature holds of another text");
        }
        if let Ok(change) = KeyChange::parse(note.text()) {
            assert_eq!(change.to_string(), note.text(), "a change of keys");
        }
        let pinned = log_keys(3).map(|key| key.verifier());
        if KeyChange::followed(&note, &pinned, 0, true).is_ok() {
            assert_eq!(note.text(), changed().text(), "a change that the keys did not sign is followed");
        }
        is_sound = true;
    }
    if let Ok(Ok(key)) = std::str::from_utf8(bytes).map(VerifierKey::parse) {
        assert_eq!(key.to_string().as_bytes(), bytes, "a key");
        is_sound = true;
    }
    is_sound
}

pub(crate) fn signers() -> [SigningKey; 4] {
    let schemes = [Scheme::Sm2, Scheme::Ed25519, Scheme::Sm2Timed, Scheme::Ed25519Timed];
    schemes.map(|scheme| SigningKey::new("yousu/410404", scheme, &[7; 32]).expect("a name and a key"))
}

pub(crate) fn keys() -> [VerifierKey; 4] {
    signers().map(|key| key.verifier())
}

fn signed() -> Note {
    let checkpoint =
        Checkpoint { origin: "yousu/410404".to_owned(), size: 7_747, root: Hash::of(b"abc"), extensions: Vec::new() };
    let mut note = Note::new(checkpoint.text()).expect("a checkpoint is a text");
    signers().iter().for_each(|key| note.add(key.sign(&checkpoint.text(), 1_795_000_000)));
    note
}

fn log_keys(seed: u8) -> [SigningKey; 2] {
    let key = |scheme| SigningKey::new("yousu/410404", scheme, &[seed; 32]).expect("a name and a key");
    [Scheme::Sm2, Scheme::Ed25519].map(key)
}

/// A statement by which the log's keys change.
fn changed() -> Note {
    let (old, new) = (log_keys(3), log_keys(4));
    let public = |keys: &[SigningKey]| keys.iter().map(SigningKey::verifier).collect();
    let (why, old_keys, new_keys) = (Why::Rotated, public(&old), public(&new));
    let said = KeyChange { origin: "yousu/410404".to_owned(), after: 7_747, why, new: new_keys, old: old_keys };
    let mut note = Note::new(said.to_string()).expect("a statement is a text");
    new.iter().chain(&old).for_each(|key| note.add(key.sign(&said.to_string(), 0)));
    note
}

/// One of each.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let note = signed();
    let checkpoint = Checkpoint::parse(note.text()).expect("it is one");
    let proof = vec![Hash::of(b"a"), Hash::of(b"b")];
    let request = Request { old: 12, proof, note: note.clone(), checkpoint }.encode();
    let texts = keys().map(|key| key.to_string().into_bytes());
    let ended = format!("{} until 7747", keys()[0]).into_bytes();
    let notes = vec![note.to_string().into_bytes(), request, changed().to_string().into_bytes(), ended];
    [notes, texts.to_vec()].concat()
}
