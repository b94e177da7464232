//! The same files before both verifiers: this one, and `docs/verify/evidence.py`, which shares no code with it. What one takes and the
//! other does not is a fault of one of them.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::tests::{Log, PERSON, body, keys, pinned, sample};
use super::*;
use crate::note::{NOTE_LIMIT_BYTES, SIGNATURE_LIMIT, Signature};
use crate::seal::{PersonKey, attachment_field};
use crate::{Body, SealedField};

const CASE: Uuid = Uuid::from_u128(2);

/// Whether a file holds here, with so many witnesses.
fn ours(bytes: &[u8], quorum: usize) -> bool {
    let verified = Evidence::parse(bytes).ok().and_then(|evidence| evidence.verify(&pinned()).ok());
    verified.is_some_and(|verified| verified.witnesses().len() >= quorum)
}

/// Whether each of these files holds for the program in Python, by name; `None` where there is none.
fn theirs(dir: &Path, files: &[(String, Vec<u8>)], quorum: usize) -> Option<BTreeMap<String, bool>> {
    let has = |program: &str, arg| Command::new(program).arg(arg).output().is_ok();
    if !has("python3", "-V") || !has("openssl", "version") {
        assert!(std::env::var_os("YOUSU_REQUIRE_ALL").is_none(), "python3 and openssl are wanted");
        eprintln!("skipped: there is no python3 or no openssl");
        return None;
    }
    let (keys, mut list) = (dir.join("keys"), String::new());
    std::fs::write(&keys, pinned().map(|key| format!("{key}\n")).concat()).unwrap();
    for (n, (_, bytes)) in files.iter().enumerate() {
        let path = dir.join(n.to_string());
        std::fs::write(&path, bytes).unwrap();
        list += &format!("{}\n", path.display());
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/verify/evidence.py");
    let mut command = Command::new("python3");
    command.arg("-B").arg(script).args(["--quorum", &quorum.to_string(), "--batch"]).arg(keys);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(list.as_bytes()).unwrap();
    let said = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), files.len(), "{said}");
    Some(files.iter().zip(lines).map(|((name, _), line)| (name.clone(), line.starts_with("holds "))).collect())
}

/// Both of them judge each file as it is said here.
fn judged(cases: Vec<(String, Vec<u8>, bool)>, quorum: usize) {
    let dir = tempfile::tempdir().unwrap();
    let files: Vec<_> = cases.iter().map(|(name, bytes, _)| (name.clone(), bytes.clone())).collect();
    let theirs = theirs(dir.path(), &files, quorum);
    for (name, bytes, holds) in cases {
        assert_eq!(ours(&bytes, quorum), holds, "here: {name}");
        assert!(theirs.as_ref().is_none_or(|theirs| theirs[&name] == holds), "in Python: {name}");
    }
}

/// With its last line made anew.
fn sealed_up(text: &[u8]) -> Vec<u8> {
    [text, format!("digest {}\n", Hash::of(text)).as_bytes()].concat()
}

/// The file with this put for that, once.
fn altered(evidence: &Evidence, from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(evidence.encode()).unwrap();
    let end = text.rfind("digest ").unwrap();
    assert!(text[..end].contains(from), "{from}");
    sealed_up(text[..end].replacen(from, to, 1).as_bytes())
}

#[test]
fn what_the_log_says_of_its_streams_has_one_form() {
    let mut log = sample();
    log.events.pop();
    let root = crate::heads::root_of(log.heads().into_iter());
    let good = format!(r#"{{"public":{{"root":"{root}","streams":5}},"sealed":[]}}"#);
    let upper = root.to_string().to_uppercase();
    let cases = [
        ("as it is", good.clone(), true),
        ("a blank", good.replace(":5", ": 5"), false),
        ("a blank at its end", format!("{good} "), false),
        ("upper case", good.replace(&root.to_string(), &upper), false),
        ("blanks between digits", good.replace(&root.to_string(), &format!("{} {}", &upper[..2], &upper[2..])), false),
        ("a fraction", good.replace(":5", ":5.0"), false),
        ("a text", good.replace(":5", r#":"5""#), false),
        ("a leading zero", good.replace(":5", ":05"), false),
        ("more than it has", good.replace(":5", r#":5,"more":1"#), false),
        ("a word twice", good.replace(":5", r#":5,"streams":5"#), false),
        (
            "something sealed",
            good.replace("[]", r#"[{"person":"00000000-0000-0000-0000-000000000001","field":"/x","bytes":""}]"#),
            false,
        ),
        (
            "the parts the other way round",
            format!(r#"{{"sealed":[],"public":{{"root":"{root}","streams":5}}}}"#),
            false,
        ),
        ("lists", format!(r#"[["{root}",5],[]]"#), false),
    ];
    let cases = cases.map(|(name, body, holds)| {
        let mut log = log.clone();
        log.append(OWN_STREAM, HeadsCommitted::KIND, body.into_bytes());
        (name.to_owned(), log.evidence(CASE).encode(), holds)
    });
    judged(cases.into(), 1);
}

/// A log whose case has these bytes as its first event.
fn with_body(bytes: Vec<u8>) -> Evidence {
    let mut log = Log::default();
    log.append(CASE, "noted", bytes);
    log.append(Uuid::from_u128(7), "noted", body(1));
    log.append(Uuid::from_u128(8), "noted", body(2));
    log.commit_heads();
    log.evidence(CASE)
}

fn place(field: &str) -> Place<'_> {
    Place { centre: "410404", stream: CASE, version: 1, person: PERSON, field }
}

fn sealed(field: &str, text: &str) -> (SealedField, Disclosed) {
    let secret = PersonKey::new([3; 32]).field(&place(field));
    let bytes = secret.seal(&place(field), [1; 12], text.as_bytes());
    (
        SealedField { person: PERSON, field: field.to_owned(), bytes: Some(bytes) },
        Disclosed { version: 1, person: PERSON, field: field.to_owned(), secret },
    )
}

#[test]
fn disclosed_texts_are_checked_by_both() {
    let long = "来了三次，".repeat(40);
    let field = "/data/\u{1}\"\\\n\u{7f}姓名";
    let (one, disclosed) = sealed(field, &long);
    let (empty, nothing) = sealed("/empty", "");
    let encoded = |public: &str, sealed: Vec<SealedField>| {
        let public: Box<serde_json::value::RawValue> = serde_json::from_str(public).unwrap();
        Body::new(&public, sealed).unwrap().encode().unwrap()
    };
    let good = String::from_utf8(encoded(r#"{"a":[1,{"b":"\u00e9","sealed":[]}]}"#, vec![one.clone(), empty.clone()]))
        .unwrap();
    let evidence = Evidence { disclosed: vec![disclosed.clone(), nothing], ..with_body(good.clone().into_bytes()) };
    let showing = |disclosed: Disclosed| Evidence { disclosed: vec![disclosed], ..evidence.clone() }.encode();
    let other = PersonKey::new([4; 32]).field(&place(field));
    let of_body =
        |body: String| Evidence { disclosed: vec![disclosed.clone()], ..with_body(body.into_bytes()) }.encode();
    let line = format!("disclose 1 {PERSON} ");
    let twice = String::from_utf8(encoded("{}", vec![one.clone(), sealed(field, "李四").0])).unwrap();
    let mut cut = one.clone();
    cut.bytes.as_mut().unwrap().truncate(59);
    let mut spoilt = one.clone();
    *spoilt.bytes.as_mut().unwrap().last_mut().unwrap() ^= 1;
    let gone = SealedField { bytes: None, ..one.clone() };
    let beside = SealedField { bytes: None, ..empty.clone() };
    let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(3_000), "]".repeat(3_000));
    let public = r#"{"a":[1,{"b":"é","sealed":[]}]}"#;
    let with_public = |new: &str| good.replace(public, new);
    assert!(good.contains(public));
    let cases = vec![
        ("two texts", evidence.encode(), true),
        ("none", showing(disclosed.clone()), true),
        ("another secret", showing(Disclosed { secret: other, ..disclosed.clone() }), false),
        ("another person", showing(Disclosed { person: CASE, ..disclosed.clone() }), false),
        ("another field", showing(Disclosed { field: "/name".into(), ..disclosed.clone() }), false),
        ("no such event", showing(Disclosed { version: 2, ..disclosed.clone() }), false),
        ("no event at all", showing(Disclosed { version: 0, ..disclosed.clone() }), false),
        ("three values", altered(&evidence, &line, &format!("disclose {PERSON} ")), false),
        ("words", altered(&evidence, &line, "disclose "), false),
        ("a leading zero", altered(&evidence, &line, &format!("disclose 01 {PERSON} ")), false),
        ("a person without lines", altered(&evidence, &line, &format!("disclose 1 {} ", PERSON.simple())), false),
        (
            "a field that is no text",
            altered(&evidence, &format!("{line}{} ", STANDARD.encode(field)), &format!("{line}/w== ")),
            false,
        ),
        ("sealed twice", of_body(twice), false),
        ("too short", of_body(String::from_utf8(encoded("{}", vec![cut])).unwrap()), false),
        ("nothing left", of_body(String::from_utf8(encoded("{}", vec![gone])).unwrap()), false),
        ("nothing left beside it", of_body(String::from_utf8(encoded("{}", vec![one.clone(), beside])).unwrap()), true),
        ("another tag", of_body(String::from_utf8(encoded("{}", vec![spoilt])).unwrap()), false),
        ("a public part as deep as it likes", of_body(with_public(&deep)), true),
        (
            "blanks within the public part",
            of_body(with_public(r#"{ "a" : [ 1e5 , -0.5E-3, true , null, {} , [] ] }"#)),
            true,
        ),
        ("words twice in the public part", of_body(with_public(r#"{"a":1,"a":2}"#)), true),
        ("half a pair in it", of_body(with_public(r#"{"a":"\ud800"}"#)), true),
        ("blanks about it", of_body(good.replacen(r#"{"public":"#, r#"{"public": "#, 1)), false),
        ("a list as public part", of_body(with_public("[]")), false),
        ("a leading zero in it", of_body(with_public(r#"{"a":01}"#)), false),
        ("a number without an end", of_body(with_public(r#"{"a":1.}"#)), false),
        ("no number", of_body(with_public(r#"{"a":NaN}"#)), false),
        ("a comma too many", of_body(with_public(r#"{"a":1,}"#)), false),
        ("a comma too many in a list", of_body(with_public(r#"{"a":[1,]}"#)), false),
        ("brackets that cross", of_body(with_public(r#"{"a":[1}]"#)), false),
        ("a line feed in a text", of_body(with_public("{\"a\":\"\n\"}")), false),
        ("an escape that is none", of_body(with_public(r#"{"a":"\x41"}"#)), false),
        ("a part too many", of_body(with_public(r#"{},"more":1"#)), false),
        ("a blank between what is sealed", of_body(good.replacen("},{", "}, {", 1)), false),
        ("a comma before what is sealed", of_body(good.replacen("[{\"person\"", "[,{\"person\"", 1)), false),
        ("no comma between", of_body(good.replacen("},{\"person\"", "}{\"person\"", 1)), false),
        ("a comma behind", of_body(format!("{},]}}", good.strip_suffix("]}").unwrap())), false),
        ("a field spelt otherwise", of_body(good.replace('姓', r"\u59d3")), false),
        ("something behind", of_body(format!("{good} ")), false),
    ];
    judged(cases.into_iter().map(|(name, bytes, holds)| (name.to_owned(), bytes, holds)).collect(), 0);
}

/// Some bytes as an attachment of the case, sealed.
fn attached(bytes: &[u8], nonce: u8) -> Attachment {
    let field = attachment_field([nonce; 12]);
    let place = Place { version: 0, ..place(&field) };
    let secret = PersonKey::new([3; 32]).field(&place);
    Attachment { version: 1, person: PERSON, sealed: secret.seal(&place, [nonce; 12], bytes), secret }
}

/// Evidence of a case whose first event is of this type and says this in public, beside what is sealed for its person.
fn naming(kind: &str, public: &str) -> Evidence {
    let public: Box<serde_json::value::RawValue> = serde_json::from_str(public).unwrap();
    let sealed = vec![sealed("/data/name", "照片.jpg").0];
    let text = format!(r#"{{"public":{public},"sealed":{}}}"#, serde_json::to_string(&sealed).unwrap());
    let mut log = Log::default();
    log.append(CASE, kind, text.into_bytes());
    log.append(Uuid::from_u128(7), "noted", body(1));
    log.append(Uuid::from_u128(8), "noted", body(2));
    log.commit_heads();
    log.evidence(CASE)
}

#[test]
fn attachments_are_checked_by_both() {
    // Of more than one block of the cipher, of none, and of so many that the program in Python takes its other way.
    let photo = attached("一张照片的内容。".repeat(9).as_bytes(), 1);
    let (empty, long) = (attached(b"", 2), attached(&[7; 70_001], 3));
    let hash = |attachment: &Attachment| Hash::of(&attachment.sealed).to_string();
    let one = hash(&photo);
    let good = format!(r#"{{"data":{{"name":{{"$sealed":0}},"size_bytes":1,"sm3":"{one}"}},"note":"\"sm3\":\"x"}}"#);
    let shown = |kind: &str, public: &str, attachments: Vec<Attachment>| {
        Evidence { attachments, ..naming(kind, public) }.encode()
    };
    let as_said = |public: &str| shown("attachment_added", public, vec![photo.clone()]);
    let with = |attachment: Attachment| shown("attachment_added", &good, vec![attachment]);
    let named = |attachment: &Attachment| {
        shown("attachment_added", &good.replace(&one, &hash(attachment)), vec![attachment.clone()])
    };
    let spoilt = |at: usize| {
        let mut spoilt = photo.clone();
        let end = spoilt.sealed.len();
        spoilt.sealed[at % end] ^= 1;
        spoilt
    };
    let mut other_mark = long.clone();
    *other_mark.sealed.last_mut().unwrap() ^= 1;
    let evidence = Evidence { attachments: vec![photo.clone()], ..naming("attachment_added", &good) };
    let line = format!("attachment 1 {PERSON} ");
    let secret = STANDARD.encode(photo.secret.bytes());
    let cut = Attachment { sealed: photo.sealed[..43].to_vec(), ..photo.clone() };
    let both = Evidence { disclosed: vec![sealed("/data/name", "照片.jpg").1], ..evidence.clone() };
    let text = String::from_utf8(both.encode()).unwrap();
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let last = lines.len() - 1;
    lines.swap(last - 2, last - 1);
    let turned = sealed_up(lines[..last].concat().as_bytes());
    let cases = vec![
        ("as it is", with(photo.clone()), true),
        ("shown twice", shown("attachment_added", &good, vec![photo.clone(), photo.clone()]), true),
        ("an empty one", named(&empty), true),
        ("a long one", named(&long), true),
        ("a long one with another tag", named(&other_mark), false),
        ("another tag", named(&spoilt(usize::MAX)), false),
        ("another commitment", named(&spoilt(0)), false),
        ("another nonce", named(&spoilt(32)), false),
        ("another text", named(&spoilt(44)), false),
        ("shorter than what is sealed", named(&cut), false),
        ("nothing", named(&Attachment { sealed: Vec::new(), ..photo.clone() }), false),
        ("not what was named", with(spoilt(44)), false),
        ("another secret", with(Attachment { secret: empty.secret.clone(), ..photo.clone() }), false),
        ("another person", with(Attachment { person: CASE, ..photo.clone() }), false),
        ("no such event", with(Attachment { version: 2, ..photo.clone() }), false),
        ("no event at all", with(Attachment { version: 0, ..photo.clone() }), false),
        ("an event that names none", shown("noted", &good, vec![photo.clone()]), false),
        ("nothing named", as_said(r#"{"data":{}}"#), false),
        ("named first of all", as_said(&format!(r#"{{"sm3":"{one}"}}"#)), true),
        ("named twice", as_said(&format!(r#"{{"sm3":"{one}","data":{{"sm3":"{one}"}}}}"#)), false),
        ("in a text", as_said(&format!(r#"{{"a":"\"sm3\":\"{one}\""}}"#)), false),
        ("the end of another name", as_said(&format!(r#"{{"a\"sm3":"{one}"}}"#)), false),
        ("the end of another name, behind a comma", as_said(&format!(r#"{{",\"sm3":"{one}"}}"#)), false),
        ("with blanks", as_said(&format!(r#"{{"sm3": "{one}"}}"#)), false),
        ("behind a blank", as_said(&format!(r#"{{ "sm3":"{one}"}}"#)), false),
        ("in upper case", as_said(&format!(r#"{{"sm3":"{}"}}"#, one.to_uppercase())), false),
        ("longer", as_said(&format!(r#"{{"sm3":"{one}0"}}"#)), false),
        ("shorter", as_said(&format!(r#"{{"sm3":"{}"}}"#, &one[..63])), false),
        ("three values", altered(&evidence, &line, &format!("attachment {PERSON} ")), false),
        ("a leading zero", altered(&evidence, &line, &format!("attachment 01 {PERSON} ")), false),
        ("words", altered(&evidence, &line, "attachment "), false),
        ("a person without lines", altered(&evidence, &line, &format!("attachment 1 {} ", PERSON.simple())), false),
        ("no secret", altered(&evidence, &secret, ""), false),
        ("two blanks", altered(&evidence, &format!("{secret} "), &format!("{secret}  ")), false),
        ("beside a text", both.encode(), true),
        ("before what is disclosed", turned, false),
    ];
    judged(cases.into_iter().map(|(name, bytes, holds)| (name.to_owned(), bytes, holds)).collect(), 0);
}

/// Evidence of a log whose checkpoint has these extension lines, and beneath it these lines of others.
fn noted(extensions: Vec<String>, lines: &[Signature]) -> Evidence {
    let evidence = Evidence { earlier: None, ..sample().evidence(CASE) };
    let text = Checkpoint { extensions, ..Checkpoint::parse(evidence.checkpoint.text()).unwrap() }.text();
    let mut note = Note::new(text.clone()).unwrap();
    keys().iter().for_each(|key| note.add(key.sign(&text, 1_795_000_000)));
    lines.iter().for_each(|line| note.add(line.clone()));
    Evidence { checkpoint: note, ..evidence }
}

#[test]
fn notes_and_numbers_have_the_same_limits_for_both() {
    let line = |n: usize, name: &str| Signature { name: name.into(), key_id: [9; 4], bytes: n.to_be_bytes().to_vec() };
    let lines = |count: usize| -> Vec<Signature> { (0..count).map(|n| line(n, "somebody")).collect() };
    let free = NOTE_LIMIT_BYTES - noted(vec![String::new()], &[]).checkpoint.to_string().len();
    let named = |name: &str| noted(Vec::new(), &[line(1, name)]).encode();
    let strange = noted(Vec::new(), &[line(1, "somebody")]);
    let numbered = |ordinal: u64| {
        let mut log = Log::default();
        log.append(CASE, "noted", body(1));
        let event = Proven { ordinal, ..log.events[0].1.clone() };
        log.events[0].2 = event.leaf("410404", CASE, Hash::ZERO).unwrap();
        log.append(Uuid::from_u128(3), "noted", body(2));
        log.append(Uuid::from_u128(4), "noted", body(3));
        log.commit_heads();
        let mut evidence = Evidence { head: None, ..log.evidence(CASE) };
        evidence.events[0].ordinal = ordinal;
        evidence.encode()
    };
    let mut cases = vec![
        ("as many bytes as a note may take", noted(vec!["x".repeat(free)], &[]).encode(), true),
        ("one more", noted(vec!["x".repeat(free + 1)], &[]).encode(), false),
        ("as many as that in wider letters", noted(vec!["案".repeat(free / 3)], &[]).encode(), true),
        ("more in wider letters", noted(vec!["案".repeat(free / 3 + 1)], &[]).encode(), false),
        ("as many lines as a note may have", noted(Vec::new(), &lines(SIGNATURE_LIMIT - 2)).encode(), true),
        ("one line more", noted(Vec::new(), &lines(SIGNATURE_LIMIT - 1)).encode(), false),
        ("a name of letters", named("区纪委监委"), true),
        ("a name with an accent that is no blank", named("a\u{200b}b"), true),
        ("an extension that ends in a carriage return", altered(&strange, "\n\n", "\r\n\n"), false),
        ("the largest ordinal", numbered(u64::MAX), true),
        ("an ordinal of sixty-four bits", numbered(1 << 63), true),
    ];
    for name in ["a+b", "a\u{a0}b", "a\u{3000}b", "a\tb", "a\u{85}b", "a\u{2028}b", "a\u{7f}b"] {
        cases.push(("no name of a key", named(name), false));
    }
    let cases = cases.into_iter().enumerate();
    judged(cases.map(|(n, (name, bytes, holds))| (format!("{n} {name}"), bytes, holds)).collect(), 0);
}

#[test]
fn both_count_the_same_witnesses() {
    let cases = || vec![("one witness".to_owned(), sample().evidence(CASE).encode())];
    for (quorum, holds) in [(0, true), (1, true), (2, false)] {
        judged(cases().into_iter().map(|(name, bytes)| (name, bytes, holds)).collect(), quorum);
    }
}

/// A bit here and there, with the last line made anew: no verdict of its own is said here, but both say the same.
#[test]
fn both_judge_alike_whatever_is_altered() {
    let (one, disclosed) = sealed("/name", "张三");
    let bytes = Body::new(&serde_json::json!({"n": 1}), vec![one]).unwrap().encode().unwrap();
    let file = attached(b"a file", 1);
    let naming = naming("attachment_added", &format!(r#"{{"sm3":"{}"}}"#, Hash::of(&file.sealed)));
    let files = [
        Evidence { disclosed: vec![disclosed], ..with_body(bytes) }.encode(),
        Evidence { attachments: vec![file], ..naming }.encode(),
    ];
    files.iter().for_each(|text| both_judge_alike(text));
}

fn both_judge_alike(text: &[u8]) {
    let end = text.len() - "digest ".len() - 65;
    let cases = (0..end * 8).step_by(61).map(|bit| {
        let mut bad = text[..end].to_vec();
        bad[bit / 8] ^= 1 << (bit % 8);
        let bad = sealed_up(&bad);
        let holds = ours(&bad, 0);
        (format!("bit {bit}"), bad, holds)
    });
    judged(cases.collect(), 0);
}
