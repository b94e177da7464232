//! `backup` and `restore` as an operator meets them: what they print, what they refuse, and with which status.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::program::Yousu;

const AT: &str = "2026-03-02T09:00";

const CASE: &str = "0195a000-0000-7000-8000-000000000001";

fn accept() -> Value {
    json!({"command": "accept", "case": CASE, "channel": "window", "category": "complaint",
        "complainant": {"name": "张三", "telephone": "13812345678"}, "summary": "执照变更", "narrative": "来了三次。"})
}

/// A centre with a case, its backup, and how many events are in it.
fn backed_up() -> (Yousu, String, u64) {
    let mut yousu = Yousu::simulated("henan-2022-43", AT);
    yousu.does("window_clerk", AT, accept());
    let copy = yousu.dir().join("backups/monday").to_str().expect("a path").to_owned();
    let verified = yousu.run(["verify", "--format", "json"]).ok();
    let events = serde_json::from_str::<Value>(&verified).expect("one document")["events"].as_u64().expect("a number");
    let said = yousu.run(["backup", &copy]).ok();
    for words in [&format!("410404: {events} events"), &copy, "views are not in it"] {
        assert!(said.contains(words), "{said}");
    }
    (yousu, copy, events)
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("a directory");
    entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect()
}

#[test]
fn a_restored_directory_is_an_installation_and_says_what_must_not_happen() {
    let (mut old, copy, events) = backed_up();
    let new = Yousu::empty();
    new.keep_master_of(&old);
    let said = new.run(["restore", &copy, "--format", "json"]);
    assert!(said.err.contains("must never write again") && said.err.contains("`apply` it again"), "{}", said.err);
    let report: Value = serde_json::from_str(&said.ok()).expect("one document");
    assert_eq!((&report["ok"], &report["events"], &report["faults"]), (&json!(true), &json!(events), &json!([])));
    assert_eq!(report["backup"]["centres"][0]["position"], events);
    assert_eq!(new.lines(["ledger"]), old.lines(["ledger"]));
    // A command from before is known there, the next one is taken as it would have been; and nothing is restored over it.
    let mut new = new;
    assert_eq!(new.tell("window_clerk", AT, accept())["already"], true);
    let classify = json!({"command": "classify", "case": CASE, "kind": "ordinary"});
    assert_eq!(new.tell("window_clerk", AT, classify.clone()), old.tell("window_clerk", AT, classify));
    new.run(["verify"]).ok();
    new.run(["restore", &copy]).failed(1, &["is there already", "overwrites nothing"]);
    old.run(["backup", &copy]).failed(1, &["holds something already", "overwrites nothing"]);
}

#[test]
fn a_backup_that_is_not_what_it_was_is_a_fault_of_verification() {
    type Alter = fn(&Path);
    let cases: [(Alter, &[&str]); 4] = [
        (
            |dir| {
                let path = dir.join("log.sqlite");
                let mut bytes = fs::read(&path).expect("read");
                let last = bytes.len() - 1;
                bytes[last] ^= 1;
                fs::write(path, bytes).expect("written");
            },
            &["log.sqlite", "another SM3 value"],
        ),
        (
            |dir| fs::write(dir.join("log.sqlite.attachments"), "").expect("written"),
            &["log.sqlite.attachments", "has 0 bytes"],
        ),
        (|dir| fs::remove_file(dir.join("log.sqlite")).expect("removed"), &["log.sqlite", "is missing"]),
        (
            |dir| {
                let path = dir.join("manifest.json");
                let text = fs::read_to_string(&path).expect("read");
                fs::write(path, text.replace("\"position\": ", "\"position\": 1")).expect("written");
            },
            &["manifest.json", "SM3 value that stands in it"],
        ),
    ];
    for (alter, words) in cases {
        let (_old, copy, _) = backed_up();
        alter(Path::new(&copy));
        let new = Yousu::empty();
        let said = new.run(["restore", &copy, "--format", "json"]).failed(3, words);
        let report: Value = serde_json::from_str(&said.out).expect("one document");
        assert_eq!(report["ok"], false);
        assert!(report["faults"][0].as_str().expect("a text").contains(words[0]), "{report}");
        assert_eq!(names(new.dir()), [""; 0], "nothing is left behind");
    }
}

#[test]
fn a_place_that_cannot_be_used_is_named() {
    let (old, copy, _) = backed_up();
    let new = Yousu::empty();
    new.run(["restore", old.dir().to_str().expect("a path")]).failed(1, &["is no backup", "manifest.json"]);
    new.run(["backup", &copy]).failed(1, &["log.sqlite", "cannot be opened"]);
    // Views of another log would be taken for this one's.
    fs::create_dir(new.dir().join("views")).expect("made");
    new.run(["restore", &copy]).failed(1, &["views", "overwrites nothing"]);
    fs::remove_dir(new.dir().join("views")).expect("removed");
    // A file where a directory is needed.
    let file = old.dir().join("log.sqlite.lock");
    let under = file.join("copy");
    old.run(["backup", under.to_str().expect("a path")]).failed(1, &["log.sqlite.lock"]);
    fs::write(new.dir().join("log.sqlite.restoring"), "half").expect("written");
    new.run(["serve", "--listen", "127.0.0.1:0"]).failed(1, &["a restore to", "was interrupted"]);
    new.run(["restore", &copy]).ok();
    new.run(["verify"]).ok();
}
