//! A person asks to be forgotten: nothing of the person is left on any disk, and everything that was proved still is.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::program::Yousu;

const AT: &str = "2026-03-02T09:00";
const LATER: &str = "2026-03-02T10:00";
const CASE: &str = "0195a000-0000-7000-8000-000000000001";
const OTHER: &str = "0195a000-0000-7000-8000-000000000002";
const CANARIES: [&str; 4] = ["金丝雀甲", "13800138000", "平安街七号院", "三次来办都没有办成的事"];

fn accept(case: &str, [name, telephone, address, narrative]: [&str; 4]) -> Value {
    json!({"command": "accept", "case": case, "channel": "window", "category": "complaint", "summary": narrative,
        "complainant": {"name": name, "telephone": telephone, "address": address}, "narrative": narrative})
}

/// Files below a directory that hold one of the canaries, as text or as JSON escapes it or in base64 at any of its three places.
fn holding(dir: &Path) -> Vec<String> {
    let mut needles: Vec<Vec<u8>> = Vec::new();
    for canary in CANARIES {
        needles.push(canary.as_bytes().to_vec());
        needles.push(canary.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect::<String>().into_bytes());
        for skip in 0..3 {
            needles.push(base64(&canary.as_bytes()[skip..]));
        }
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(holding(&path));
            continue;
        }
        let bytes = fs::read(&path).expect("read");
        if needles.iter().any(|needle| bytes.windows(needle.len()).any(|window| window == needle)) {
            found.push(path.display().to_string());
        }
    }
    found
}

/// The characters of base64 that stand for whole groups of three bytes.
fn base64(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |three: &[u8]| {
        let bits = u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]);
        [18, 12, 6, 0].map(|shift| DIGITS[usize::try_from(bits >> shift & 63).expect("six bits")])
    };
    bytes.chunks_exact(3).flat_map(group).collect()
}

/// Two withdrawn cases with their views, a checkpoint and a backup; the backup's and the checkpoint's places.
fn kept() -> (Yousu, [String; 3]) {
    let mut yousu = Yousu::simulated("henan-2022-43", AT);
    yousu.does("window_clerk", AT, accept(CASE, CANARIES));
    yousu.does("window_clerk", AT, accept(OTHER, ["李四", "13900000000", "和平路一号", "另一件事"]));
    for case in [CASE, OTHER] {
        yousu.does(
            "window_clerk",
            LATER,
            json!({"command": "withdraw", "case": case, "how": "电话", "reason": CANARIES[3]}),
        );
    }
    assert!(yousu.run(["ledger", "--format", "csv"]).ok().contains(CANARIES[3]));
    let paths = ["before", "pinned", "monday"].map(|name| yousu.dir().join(name).to_str().expect("a path").to_owned());
    yousu.run(["keys", "-o", &paths[1]]).ok();
    yousu.run(["checkpoint", "-o", &paths[2]]).ok();
    yousu.run(["backup", &paths[0]]).ok();
    (yousu, paths)
}

/// Requested and agreed to; the person.
fn erase(yousu: &Yousu, telephone: &str) -> String {
    let found = yousu.run(["erase", "find", telephone]).ok();
    let person = found.split(' ').next().expect("a person").to_owned();
    let asked =
        yousu.run(["erase", "--by", "甲", "--role", "window_clerk", "request", &person, "--reason", "书面请求"]).ok();
    let request = asked.lines().last().expect("a request").to_owned();
    let same = ["erase", "--by", "甲", "--role", "centre_manager", "agree", &request];
    yousu.run(same).failed(1, &["另一人"]);
    let said = yousu.run(["erase", "--by", "乙", "--role", "centre_manager", "agree", &request]);
    assert!(said.err.contains("earlier copies of persons.sqlite open nothing"), "{}", said.err);
    assert!(said.ok().contains("erasure_agreed"));
    person
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("a directory") {
        let path = entry.expect("an entry").path();
        fs::copy(&path, to.join(path.file_name().expect("a name"))).expect("copied");
    }
}

#[test]
fn nothing_of_a_forgotten_person_is_left_and_every_proof_holds() {
    let (yousu, [before, keys, monday]) = kept();
    // The search finds what there is: the views hold plain text, and nothing else does.
    let plain = holding(yousu.dir());
    assert!(!plain.is_empty() && plain.iter().all(|file| file.contains("/views/")), "{plain:?}");
    erase(&yousu, "138-0013-8000");
    assert_eq!(holding(yousu.dir()), Vec::<String>::new());
    yousu.run(["erase", "find", CANARIES[1]]).failed(1, &["nobody"]);

    // The history stands, and the other person's with it.
    let replay = yousu.run(["replay", CASE]).ok();
    for words in ["受理", "〔已删除〕", "撤回", "请求删除", "同意删除", "已删除"] {
        assert!(replay.contains(words), "{replay}");
    }
    assert!(CANARIES.iter().all(|canary| !replay.contains(canary)));
    assert!(yousu.run(["replay", OTHER]).ok().contains("另一件事"));
    let ledger = yousu.run(["ledger", "--format", "csv"]).ok();
    assert!(ledger.contains("另一件事") && !ledger.contains(CANARIES[3]), "{ledger}");
    yousu.run(["rebuild", "--check"]).ok();
    yousu.run(["verify", "--checkpoint", &monday, "--keys", &keys]).ok();
    let file = yousu.dir().join("evidence").to_str().expect("a path").to_owned();
    yousu.run(["evidence", CASE, "-o", &file, "--since", &monday]).ok();

    // Nor in a backup made after, nor where one made before is restored beside the keys of now.
    let after = yousu.dir().join("after").to_str().expect("a path").to_owned();
    yousu.run(["backup", &after]).ok();
    assert_eq!(holding(yousu.dir()), Vec::<String>::new());
    let new = Yousu::empty();
    copy(&yousu.dir().join("keys"), &new.dir().join("keys"));
    new.run(["restore", &before]).ok();
    assert!(new.run(["replay", CASE]).ok().contains("〔已删除〕"));
    let ledger = new.run(["ledger", "--format", "csv"]).ok();
    assert!(ledger.contains("另一件事") && !ledger.contains(CANARIES[3]), "{ledger}");
    assert_eq!(holding(new.dir()), Vec::<String>::new());

    // With the store of keys in that backup, nothing opens at all: its master key is gone.
    let new = Yousu::empty();
    new.keep_master_of(&yousu);
    let words = ["was destroyed when somebody's data was erased", "newer copy"];
    new.run(["restore", &before]).failed(1, &words);
    new.run(["erase", "carry-out"]).failed(1, &words);
    // Without any master key neither; with it, it is an installation.
    let new = Yousu::empty();
    let said = new.run(["restore", &after]);
    assert!(said.err.contains("master.secret"), "{}", said.err);
    said.ok();
    new.run(["replay", CASE]).failed(1, &["erase carry-out"]);
    new.run(["erase", "carry-out"]).failed(1, &["master.secret is missing"]);
    new.keep_master_of(&yousu);
    // Whoever writes next carries it out, whatever it is there for.
    new.run(["tick"]).ok();
    assert!(new.run(["replay", OTHER]).ok().contains("另一件事"));
}

/// Under a hold nothing is destroyed and nothing shown; what is held for a proceeding can be handed to it, and is shown again after it.
#[test]
fn what_may_only_be_kept_is_shown_to_nobody() {
    let (mut yousu, [_, keys, monday]) = kept();
    let hold = json!({"command": "place_legal_hold", "case": CASE, "ground": "proceeding", "basis": "行政诉讼"});
    yousu.does("centre_manager", LATER, hold);
    let found = yousu.run(["erase", "find", CANARIES[1]]).ok();
    let person = found.split(' ').next().expect("a person").to_owned();
    let asked =
        yousu.run(["erase", "--by", "甲", "--role", "window_clerk", "request", &person, "--reason", "书面请求"]).ok();
    assert!(asked.contains("processing_restricted"), "{asked}");
    assert_eq!(holding(yousu.dir()), Vec::<String>::new());
    let replay = yousu.run(["replay", CASE]).ok();
    assert!(replay.contains("〔限制处理〕") && replay.contains("只作保存"), "{replay}");
    assert!(CANARIES.iter().all(|canary| !replay.contains(canary)), "{replay}");
    let ledger = yousu.run(["ledger", "--format", "csv"]).ok();
    assert!(ledger.contains("另一件事") && CANARIES.iter().all(|canary| !ledger.contains(canary)), "{ledger}");
    yousu.run(["rebuild", "--check"]).ok();
    yousu.run(["verify", "--checkpoint", &monday, "--keys", &keys]).ok();
    let reopen = json!({"command": "reopen", "case": CASE, "ground": "complaint", "reason": "甲"});
    assert_eq!(yousu.tell("centre_manager", LATER, reopen)["refusal"]["code"], "processing-restricted");
    let file = yousu.dir().join("evidence").to_str().expect("a path").to_owned();
    let said = yousu.run(["evidence", CASE, "-o", &file, "--disclose", "all"]);
    assert!(said.status == 0 && said.err.contains("限制处理"), "{}", said.err);
    let (status, told) = crate::evidence::ours(Path::new(&file), Path::new(&keys), &[]);
    assert!(status == 0 && CANARIES.iter().all(|canary| told.contains(canary)), "{told}");

    yousu.does("centre_manager2", LATER, json!({"command": "lift_legal_hold", "case": CASE, "reason": "已结案"}));
    assert!(yousu.run(["replay", CASE]).ok().contains(CANARIES[3]));
    assert!(yousu.run(["ledger", "--format", "csv"]).ok().contains(CANARIES[3]));
    yousu.run(["rebuild", "--check"]).ok();
    fs::remove_file(&file).expect("removed");
    erase(&yousu, CANARIES[1]);
    assert_eq!(holding(yousu.dir()), Vec::<String>::new());
}

#[test]
fn whoever_serves_is_asked_and_does_it() {
    let (mut yousu, _) = kept();
    let request = json!({"command": "request_erasure", "case": CASE, "person": "00000000-0000-0000-0000-000000000001", "reason": "甲"});
    assert_eq!(yousu.tell("window_clerk", LATER, request)["refusal"]["code"], "no-such-person");
    let found = yousu.run(["erase", "find", CANARIES[1]]).ok();
    let person = found.split(' ').next().expect("a person").to_owned();
    let request = json!({"command": "request_erasure", "case": CASE, "person": person, "reason": "甲"});
    assert_eq!(yousu.does("window_clerk", LATER, request), ["erasure_requested"]);
    let agree = json!({"command": "agree_erasure", "case": CASE, "request": 3});
    assert_eq!(yousu.does("centre_manager", LATER, agree), ["erasure_agreed"]);
    assert_eq!(holding(&yousu.dir().join("views")), Vec::<String>::new());
    assert!(yousu.run(["replay", CASE]).ok().contains("已删除"));
    // What comes after is refused in words.
    let reopen = json!({"command": "reopen", "case": CASE, "ground": "complaint", "reason": "甲"});
    assert_eq!(yousu.tell("centre_manager", LATER, reopen)["refusal"]["code"], "person-erased");
}
