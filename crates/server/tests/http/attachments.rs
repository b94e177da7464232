//! Files of a case: kept sealed, named by a command, given back, and gone with the person.

use std::{fs, path::Path};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{CENTRE, Server, accept, open_centre, yousu};

const SCAN: &str = "金丝雀：一张扫描件的内容";
const NAME: &str = "金丝雀 照片.jpg";
const KIND: &[(&str, &str)] = &[("content-type", "image/jpeg")];

fn files(case: impl std::fmt::Display) -> String {
    format!("/api/v1/centres/{CENTRE}/cases/{case}/attachments")
}

fn add(case: Uuid, kept: &Value) -> Value {
    json!({
        "command": "add_attachment", "id": Uuid::new_v4(), "centre": CENTRE, "case": case,
        "by": {"id": "liming", "role": "window_clerk", "office": "centre"},
        "name": NAME, "media_type": "image/jpeg", "size_bytes": kept["size_bytes"], "sm3": kept["sm3"],
    })
}

/// A case, and what the answer to an upload says.
fn uploaded(server: &Server) -> (Uuid, Value) {
    let case = Uuid::new_v4();
    assert_eq!(server.post(&accept(case), &[]).status, 200);
    let kept = server.send("POST", &files(case), KIND, SCAN);
    assert_eq!(kept.status, 201, "{}", kept.body);
    (case, kept.json())
}

/// Files below a directory in which these bytes stand.
fn holding(dir: &Path, needle: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(holding(&path, needle));
        } else if fs::read(&path).expect("read").windows(needle.len()).any(|window| window == needle.as_bytes()) {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn a_file_is_kept_named_and_given_back() {
    let server = Server::on(false);
    let (case, kept) = uploaded(&server);
    assert_eq!(kept["size_bytes"], SCAN.len());
    let place = format!("{}/{}", files(case), kept["sm3"].as_str().expect("a hash"));
    server.get(&place).is_problem(404, "no-such-attachment");
    let command = add(case, &kept);
    let added = server.post(&command, &[]);
    assert_eq!((added.status, &added.json()["events"][0]["type"]), (200, &json!("attachment_added")), "{}", added.body);
    assert_eq!(server.post(&command, &[]).json()["already"], true);
    // Named again under whatever size: it is there already.
    assert_eq!(server.post(&add(case, &json!({"sm3": kept["sm3"], "size_bytes": 7})), &[]).json()["already"], true);
    let given = server.get(&place);
    assert_eq!((given.status, &*given.body), (200, SCAN));
    assert_eq!(given.header("content-type"), Some("image/jpeg"));
    let saved = "attachment; filename*=UTF-8''%E9%87%91%E4%B8%9D%E9%9B%80%20%E7%85%A7%E7%89%87.jpg";
    assert_eq!(given.header("content-disposition"), Some(saved));
    // By the case's number as well.
    let seen = [("yousu-position", added.header("yousu-position").expect("a position"))];
    let ledger = server.send("GET", &format!("/api/v1/centres/{CENTRE}/ledger"), &seen, "").json();
    let number = ledger["lines"][0]["number"].as_str().expect("a number");
    assert_eq!(server.get(&place.replace(&case.to_string(), number)).body, SCAN);
    assert_eq!(holding(server.data.path(), SCAN), Vec::<String>::new(), "it is sealed");
    let (_, data) = server.stop();
    let done = yousu(data.path()).args(["verify"]).output().expect("yousu starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn a_command_names_only_what_was_uploaded_to_that_case() {
    let server = Server::on(false);
    let (case, kept) = uploaded(&server);
    let (other, _) = uploaded(&server);
    server.post(&add(other, &kept), &[]).is_problem(422, "attachment-not-kept");
    let invented = json!({"sm3": "0".repeat(64), "size_bytes": 5});
    server.post(&add(case, &invented), &[]).is_problem(422, "attachment-not-kept");
    let longer = json!({"sm3": kept["sm3"], "size_bytes": 5});
    server.post(&add(case, &longer), &[]).is_problem(422, "attachment-size");
    assert_eq!(server.post(&add(case, &kept), &[]).status, 200);
    let nobody = Uuid::new_v4();
    server.get(&format!("{}/{}", files(nobody), kept["sm3"].as_str().expect("a hash"))).is_problem(404, "no-such-case");
}

/// What `apply` recorded without bytes stands, and is answered when it is sent again.
#[test]
fn a_command_that_was_done_is_not_refused() {
    let data = tempfile::TempDir::new().expect("a temporary directory");
    open_centre(data.path(), false);
    let case = Uuid::new_v4();
    let command = add(case, &json!({"sm3": "0".repeat(64), "size_bytes": 5}));
    let lines = data.path().join("lines.jsonl");
    fs::write(&lines, format!("{}\n{command}\n", accept(case))).expect("written");
    let done = yousu(data.path()).arg("apply").arg(&lines).output().expect("yousu starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let server = Server::start(data);
    assert_eq!(server.post(&command, &[]).json()["already"], true);
    server.get(&format!("{}/{}", files(case), "0".repeat(64))).is_problem(404, "attachment-not-kept");
}

/// Two files of one case whose bytes somebody exchanged in the database: neither passes for the other.
#[test]
fn an_exchanged_file_is_not_given_out() {
    let server = Server::on(false);
    let (case, kept) = uploaded(&server);
    let other = server.send("POST", &files(case), KIND, "another file").json();
    for file in [&kept, &other] {
        assert_eq!(server.post(&add(case, file), &[]).status, 200);
    }
    let (_, data) = server.stop();
    let exchange = "import sqlite3, sys
at = sqlite3.connect(sys.argv[1])
for name, in at.execute(\"SELECT name FROM sqlite_schema WHERE type = 'trigger'\").fetchall(): at.execute(f'DROP TRIGGER {name}')
(a, x), (b, y) = at.execute('SELECT hash, bytes FROM attachments').fetchall()
at.execute('UPDATE attachments SET bytes = ? WHERE hash = ?', (y, a))
at.execute('UPDATE attachments SET bytes = ? WHERE hash = ?', (x, b))
at.commit()";
    let at = data.path().join("log.sqlite.attachments");
    let python = std::process::Command::new("python3").args(["-c", exchange]).arg(at).status();
    if !python.is_ok_and(|status| status.success()) {
        assert!(std::env::var_os("YOUSU_REQUIRE_ALL").is_none(), "python3 is missing");
        return;
    }
    let server = Server::start(data);
    for file in [&kept, &other] {
        let place = format!("{}/{}", files(case), file["sm3"].as_str().expect("a hash"));
        server.get(&place).is_problem(500, "keys-not-whole");
    }
}

#[test]
fn what_is_no_file_is_refused() {
    let server = Server::on(false);
    let (case, _) = uploaded(&server);
    let form = &[("content-type", "multipart/form-data; boundary=x")];
    server.send("POST", &files(case), form, "x").is_problem(415, "not-a-file");
    server.send("POST", &files(case), &[], "x").is_problem(415, "not-a-file");
    server.send("POST", &files(case), KIND, "").is_problem(400, "empty-file");
    server.send("POST", &files(Uuid::new_v4()), KIND, "x").is_problem(404, "no-such-case");
    // Longer than a command may be.
    assert_eq!(server.send("POST", &files(case), KIND, &"x".repeat(3 << 20)).status, 201);
    for bytes in [(32 << 20) + 1, 40 << 20] {
        let longest = "x".repeat(bytes);
        server.send("POST", &files(case), KIND, &longest).is_problem(413, "attachment-too-large");
    }
    server.send("POST", &files(case), &[("content-type", "text/plain")], "x").is_problem(415, "not-a-file");
}

/// A case that says so by these words, and nothing else.
fn says(server: &Server, case: Uuid, (who, role): (&str, &str), fields: Value) {
    let by = json!({"id": who, "role": role, "office": "centre"});
    let mut line = json!({"id": Uuid::new_v4(), "centre": CENTRE, "case": case, "by": by});
    if let (Value::Object(line), Value::Object(fields)) = (&mut line, fields) {
        line.extend(fields);
    }
    let done = server.post(&line, &[]);
    assert_eq!(done.status, 200, "{}", done.body);
}

const CLERK: (&str, &str) = ("liming", "window_clerk");

fn withdraw() -> Value {
    json!({"command": "withdraw", "how": "电话", "reason": "不办了"})
}

/// Who asked to be forgotten and may not be yet: nothing of it is shown, by the server that was told and by the next one.
#[test]
fn what_may_only_be_kept_is_not_shown() {
    const NARRATIVE: &str = "金丝雀：来了三次";
    let mut server = Server::on(false);
    let case = Uuid::new_v4();
    let mut appeal = accept(case);
    appeal["narrative"] = json!(NARRATIVE);
    assert_eq!(server.post(&appeal, &[]).status, 200);
    let kept = server.send("POST", &files(case), KIND, SCAN).json();
    assert_eq!(server.post(&add(case, &kept), &[]).status, 200);
    says(&server, case, CLERK, withdraw());
    let manager = ("wang", "centre_manager");
    says(&server, case, manager, json!({"command": "place_legal_hold", "ground": "proceeding", "basis": "诉讼"}));
    let place = format!("{}/{}", files(case), kept["sm3"].as_str().expect("a hash"));
    assert_eq!(server.get(&place).status, 200);
    let person = Uuid::new_v5(&case, b"complainant");
    says(&server, case, CLERK, json!({"command": "request_erasure", "person": person, "reason": "书面请求"}));
    let page = format!("/centres/{CENTRE}/cases/{case}");
    for life in 0..2 {
        if life == 1 {
            server = Server::start(server.stop().1);
        }
        server.get(&place).is_problem(403, "person-restricted");
        server.send("POST", &files(case), KIND, SCAN).is_problem(422, "processing-restricted");
        let shown = server.get(&page);
        assert!(shown.status == 200 && shown.body.contains("〔限制处理〕"), "{}", shown.body);
        assert!(!shown.body.contains(NARRATIVE) && !shown.body.contains("〔限制*") && !shown.body.contains("〔**"));
        assert_eq!(holding(&server.data.path().join("views"), NARRATIVE), Vec::<String>::new());
    }
    says(&server, case, manager, json!({"command": "lift_legal_hold", "reason": "已结"}));
    assert_eq!((server.get(&place).status, server.get(&page).body.contains(NARRATIVE)), (200, true));
}

#[test]
fn a_file_is_gone_with_the_person() {
    let server = Server::on(false);
    let (case, kept) = uploaded(&server);
    assert_eq!(server.post(&add(case, &kept), &[]).status, 200);
    says(&server, case, CLERK, withdraw());
    let (_, data) = server.stop();
    let run = |args: &[&str]| {
        let done = yousu(data.path()).args(args).output().expect("yousu starts");
        assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).expect("UTF-8")
    };
    let person = run(&["erase", "find", "13803751234"]).split(' ').next().expect("a person").to_owned();
    let by = ["erase", "--by", "甲", "--role", "window_clerk"];
    let asked = run(&[&by[..], &["request", &person, "--reason", "书面请求"]].concat());
    let request = asked.lines().last().expect("a request").to_owned();
    run(&["erase", "--by", "乙", "--role", "centre_manager", "agree", &request]);

    let server = Server::start(data);
    let place = format!("{}/{}", files(case), kept["sm3"].as_str().expect("a hash"));
    let gone = server.get(&place);
    gone.is_problem(410, "person-erased");
    server.send("POST", &files(case), KIND, SCAN).is_problem(422, "person-erased");
    for canary in [SCAN, NAME] {
        assert_eq!(holding(server.data.path(), canary), Vec::<String>::new());
    }
}
