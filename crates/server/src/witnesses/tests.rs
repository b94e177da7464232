//! Who may stand in `witnesses.toml`, and where is kept what they signed.

use transparency::note::{Scheme, SigningKey};

use super::{kept::*, *};

fn key(name: &str, scheme: Scheme, secret: u8) -> String {
    SigningKey::new(name, scheme, &[secret; 32]).unwrap().verifier().to_string()
}

fn read(witnesses: &[&[String]]) -> Result<(), String> {
    let data = tempfile::tempdir().unwrap();
    let entry = |keys: &&[String]| format!("[[witness]]\nurl = \"http://127.0.0.1:1/\"\nkeys = {keys:?}\n");
    let text = format!("quorum = 1\n{}", witnesses.iter().map(entry).collect::<String>());
    std::fs::write(data.path().join("witnesses.toml"), text).unwrap();
    Witnesses::of(data.path()).map(drop).map_err(|error| format!("{error:#}"))
}

#[test]
fn nobody_counts_twice() {
    let [jiwei, audit, dang] = ["jiwei", "audit", "dang"].map(|name| key(name, Scheme::Sm2Timed, name.as_bytes()[0]));
    let also = key("jiwei", Scheme::Ed25519Timed, 1);
    assert_eq!(read(&[&[jiwei.clone(), also.clone()], std::slice::from_ref(&audit), &[dang]]), Ok(()));
    let renamed = key("audit", Scheme::Sm2Timed, b'j');
    let untimed = key("audit", Scheme::Ed25519, 1);
    for (witnesses, words) in [
        (vec![vec![jiwei.clone()], vec![jiwei.clone()]], "two witnesses are named `jiwei`"),
        (vec![vec![jiwei.clone()], vec![also.clone()]], "two witnesses are named `jiwei`"),
        (vec![vec![jiwei.clone(), jiwei.clone()]], "a key of `jiwei` stands there twice"),
        (vec![vec![jiwei.clone()], vec![renamed]], "a key of `audit` stands there twice"),
        (vec![vec![also], vec![untimed]], "a key of `audit` stands there twice"),
        (vec![vec![jiwei, audit]], "the keys of `jiwei` have several names"),
        (vec![vec![key("yousu/410404", Scheme::Sm2, 7)]], "`yousu/410404` is the name of a log"),
    ] {
        let witnesses: Vec<&[String]> = witnesses.iter().map(Vec::as_slice).collect();
        let refused = read(&witnesses).expect_err(words);
        assert!(refused.contains(words) && refused.contains("witnesses.toml"), "{refused}");
    }
}

#[test]
fn no_two_witnesses_have_one_file() {
    let centre = Centre::new("410404").unwrap();
    let names =
        ["a/b", "a-b", "a_b", "a%2fb", "a\\b", "a~", "a", "..", "a.half", "\u{e9}", "e\u{301}", "区纪委", "区/纪委"];
    let files: Vec<String> = names.iter().map(|name| file_name(&centre, name)).collect();
    let halves = files.iter().map(|file| format!("{file}{HALF}"));
    let distinct: BTreeSet<String> = files.iter().cloned().chain(halves).collect();
    assert_eq!(distinct.len(), 2 * names.len(), "{files:?}");
    assert!(files.iter().all(|file| !file.contains(['/', '\\'])), "{files:?}");
    assert_eq!(files[10], "410404.e%cc%81");
    assert_eq!(file_name(&centre, "jiwei.example"), "410404.jiwei.example");
}
