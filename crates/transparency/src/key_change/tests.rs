//! A table of who may say what, and every altered character.

use super::*;
use crate::note::{Scheme, SigningKey};

const ORIGIN_OF: &str = "yousu/410404";
const NOW: u64 = 1_795_000_000;

fn keys(name: &str, seed: u8) -> [SigningKey; 2] {
    let kinds =
        if name == ORIGIN_OF { [Scheme::Sm2, Scheme::Ed25519] } else { [Scheme::Sm2Timed, Scheme::Ed25519Timed] };
    kinds.map(|kind| SigningKey::new(name, kind, &[seed; 32]).unwrap())
}

fn public(keys: &[SigningKey]) -> Vec<VerifierKey> {
    keys.iter().map(SigningKey::verifier).collect()
}

fn change(why: Why, after: u64, new: &[SigningKey], old: &[SigningKey]) -> KeyChange {
    KeyChange { origin: ORIGIN_OF.into(), after, why, new: public(new), old: public(old) }
}

fn note(said: &KeyChange, signers: &[&[SigningKey]]) -> Note {
    let mut note = Note::new(said.to_string()).unwrap();
    signers.iter().flat_map(|keys| keys.iter()).for_each(|key| note.add(key.sign(&said.to_string(), NOW)));
    note
}

#[test]
fn whoever_pinned_the_old_keys_follows_to_the_new_ones() {
    let (first, second, third) = (keys(ORIGIN_OF, 1), keys(ORIGIN_OF, 2), keys(ORIGIN_OF, 3));
    let witness = public(&keys("jiwei", 9));
    let pinned = [public(&first), witness.clone()].concat();
    let one = note(&change(Why::Rotated, 100, &second, &first), &[&second, &first]);
    let two = note(&change(Why::Succeeded, 250, &third, &second), &[&third, &second]);
    let after_one = KeyChange::followed(&one, &pinned, 0, false).unwrap();
    let texts: Vec<String> = after_one.iter().map(ToString::to_string).collect();
    let wanted = [
        public(&second).iter().map(ToString::to_string).collect::<Vec<_>>(),
        public(&first).iter().map(|key| format!("{key} until 100")).collect(),
        witness.iter().map(ToString::to_string).collect(),
    ];
    assert_eq!(texts, wanted.concat());
    assert_eq!(KeyChange::followed(&one, &after_one, 0, false), Ok(after_one.clone()), "it was followed already");
    let not_from_here = KeyChangeError::NotFromHere(ORIGIN_OF.into());
    assert_eq!(KeyChange::followed(&two, &pinned, 0, false), Err(not_from_here), "one is missing");
    let after_two = KeyChange::followed(&two, &after_one, 0, false).unwrap();
    let until: Vec<_> = after_two.iter().map(VerifierKey::until).collect();
    assert_eq!(until, [None, None, Some(250), Some(250), Some(100), Some(100), None, None]);
    // What a key that ended signs of a larger log is nobody's word, and of a smaller one it is what it was.
    let of = |size| {
        let text = format!("{ORIGIN_OF}\n{size}\nZsfw9GLu7dnR8tRr3BDk4kFnxIdc8veiKX2gK49LqOA=\n");
        let mut note = Note::new(text.clone()).unwrap();
        first.iter().for_each(|key| note.add(key.sign(&text, NOW)));
        note.verified_by(size, &after_two).unwrap().len()
    };
    assert_eq!((of(99), of(100), of(101)), (2, 2, 0));
}

#[test]
fn a_statement_is_followed_only_with_every_signature_that_it_needs() {
    let (first, second, stolen) = (keys(ORIGIN_OF, 1), keys(ORIGIN_OF, 2), keys(ORIGIN_OF, 7));
    let (jiwei, audit) = (keys("jiwei", 9), keys("audit", 10));
    let pinned = [public(&first), public(&jiwei), public(&audit)].concat();
    let rotated = change(Why::Rotated, 100, &second, &first);
    let revoked = change(Why::Revoked, 100, &second, &first);
    let lost = change(Why::Lost, 100, &second, &first);
    let unsigned = |key: &SigningKey| KeyChangeError::Unsigned(key.verifier().to_string());
    let quorum = |wanted, found| KeyChangeError::Quorum { wanted, found };
    let by_hand = KeyChangeError::ByHand(ORIGIN_OF.into());
    let partly = change(Why::Rotated, 100, &second, &first[..1]);
    let foreign = change(Why::Rotated, 100, &second, &stolen);
    let not_from_here = KeyChangeError::NotFromHere(ORIGIN_OF.into());
    for (case, said, signers, wanted_quorum, is_by_hand, outcome) in [
        ("all signed", &rotated, vec![&second[..], &first], 0, false, None),
        ("the old ones did not", &rotated, vec![&second[..]], 0, false, Some(unsigned(&first[0]))),
        ("one old one did not", &rotated, vec![&second[..], &first[1..]], 0, false, Some(unsigned(&first[0]))),
        ("the new ones did not", &rotated, vec![&first[..]], 0, true, Some(unsigned(&second[0]))),
        ("revoked, by post", &revoked, vec![&second[..], &first], 0, false, Some(by_hand.clone())),
        ("lost, by post", &lost, vec![&second[..], &first], 0, false, Some(by_hand)),
        ("lost, by a person", &lost, vec![&second[..]], 0, true, None),
        ("revoked, by a person", &revoked, vec![&second[..]], 0, true, None),
        ("one goes on", &partly, vec![&second[..], &first], 0, true, Some(not_from_here.clone())),
        ("of other keys", &foreign, vec![&second[..], &stolen], 0, true, Some(not_from_here)),
        ("one witness of two", &rotated, vec![&second[..], &first, &jiwei], 2, false, Some(quorum(2, 1))),
        ("both", &rotated, vec![&second[..], &first, &jiwei, &audit], 2, false, None),
    ] {
        let followed = KeyChange::followed(&note(said, &signers), &pinned, wanted_quorum, is_by_hand);
        assert_eq!(followed.as_ref().err(), outcome.as_ref(), "{case}");
        let Ok(followed) = followed else { continue };
        let kept = followed.iter().filter(|key| key.is_same_key(&first[0].verifier())).count();
        assert_eq!(kept, usize::from(said.why.keeps_old()), "{case}");
    }
}

/// Whoever has keys that ended, and whoever follows two statements at once, gets nobody to believe them.
#[test]
fn nothing_is_followed_that_does_not_go_on_from_what_was_followed_before() {
    let [first, second, third] = [1, 2, 3].map(|seed| keys(ORIGIN_OF, seed));
    let followed = |said: &KeyChange, signers: &[&[SigningKey]], pinned: &[VerifierKey]| {
        KeyChange::followed(&note(said, signers), pinned, 0, true)
    };
    let one = change(Why::Rotated, 100, &second, &first);
    let two = change(Why::Rotated, 250, &third, &second);
    let after_one = followed(&one, &[&second, &first], &public(&first)).unwrap();
    let after_two = followed(&two, &[&third, &second], &after_one).unwrap();
    let refused = Err(KeyChangeError::NotFromHere(ORIGIN_OF.into()));
    for (case, why, after, new, old, pinned) in [
        ("another end of the same keys", Why::Rotated, 0, &second, &first, &after_one),
        ("a later end of the same keys", Why::Rotated, 200, &second, &first, &after_one),
        ("others in their place", Why::Rotated, 100, &third, &first, &after_one),
        ("keys that ended come back", Why::Rotated, 300, &first, &second, &after_one),
        ("likewise two changes later", Why::Rotated, 300, &first, &third, &after_two),
        ("by a person's word", Why::Lost, 300, &first, &third, &after_two),
        ("a log that grew smaller", Why::Rotated, 99, &third, &second, &after_one),
        ("what was followed before the last", Why::Rotated, 100, &second, &first, &after_two),
    ] {
        assert_eq!(followed(&change(why, after, new, old), &[new, old], pinned), refused, "{case}");
    }
    // Also of keys that had ended before, nothing is left once they are revoked.
    let fourth = keys(ORIGIN_OF, 4);
    let all_old = [public(&third), public(&first)].concat();
    let revoked = KeyChange { old: all_old, ..change(Why::Revoked, 400, &fourth, &third) };
    let left = followed(&revoked, &[&fourth], &after_two).unwrap();
    let ended = public(&second).into_iter().map(|key| key.ended(250));
    assert_eq!(left, public(&fourth).into_iter().chain(ended).collect::<Vec<_>>());
    assert_eq!(followed(&revoked, &[&fourth], &left), Ok(left.clone()));
}

#[test]
fn only_its_one_spelling_is_read_and_no_altered_character_passes() {
    let (first, second) = (keys(ORIGIN_OF, 1), keys(ORIGIN_OF, 2));
    let said = change(Why::Rotated, 100, &second, &first);
    assert_eq!(KeyChange::parse(&said.to_string()), Ok(said.clone()));
    let pinned = public(&first);
    let bytes = note(&said, &[&second, &first]).to_string().into_bytes();
    for at in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        let Ok(note) = Note::parse(&altered) else { continue };
        assert!(KeyChange::followed(&note, &pinned, 0, true).is_err(), "byte {at}");
    }
    let text = said.to_string();
    for (from, to) in [
        ("after 100", "after 0100"),
        ("after 100", "after 9999999999999999999"),
        ("why rotated", "why not"),
        ("new ", "old "),
        ("yousu-keys/v1\n", "yousu-keys/v1\n\n"),
        ("+", "+ "),
    ] {
        assert!(KeyChange::parse(&text.replacen(from, to, 1)).is_err(), "{from} → {to}");
    }
    let ended = KeyChange { old: vec![pinned[0].clone().ended(5)], ..said.clone() };
    let twice = KeyChange { old: vec![second[0].verifier()], ..said.clone() };
    let other = KeyChange { new: public(&keys("jiwei", 3)), ..said };
    for wrong in [ended, twice, other] {
        assert!(KeyChange::parse(&wrong.to_string()).is_err(), "{wrong}");
    }
}
