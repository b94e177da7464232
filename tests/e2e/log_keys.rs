//! The keys of a log change: who pinned the old ones follows to the new ones, by both verifiers and a witness; what the old ones sign from
//! there on is nobody's word.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::json;

use crate::{
    program::{Said, Yousu, built, has_python, root},
    witnesses::Witness,
};

const AT: &str = "2026-03-02T09:00";
const CASE: &str = "0195a000-0000-7000-8000-000000000001";

fn text(path: &Path) -> &str {
    path.to_str().expect("a path")
}

fn files<const N: usize>(yousu: &Yousu, names: [&str; N]) -> [PathBuf; N] {
    names.map(|name| yousu.dir().join(name))
}

fn said(command: &mut Command) -> (i32, String) {
    let output = command.output().expect("it runs");
    let both = [output.stdout, output.stderr].concat();
    (output.status.code().expect("it ends"), String::from_utf8(both).expect("it prints UTF-8"))
}

fn ours() -> Command {
    Command::new(built("YOUSU_VERIFY_BIN", "yousu-verify"))
}

/// A program of `docs/verify`; `None` where there is no Python.
fn theirs(script: &str) -> Option<Command> {
    let mut command = Command::new("python3");
    command.arg("-B").arg(root().join("docs/verify").join(script));
    has_python().then_some(command)
}

/// What both verifiers make of a statement, which has to be the same: the keys to be pinned, or no.
fn followed(statement: &Path, keys: &Path, more: &[&str]) -> Result<String, String> {
    let (status, text) = said(ours().arg("--follow").arg(statement).arg("--keys").arg(keys).args(more));
    if let Some(mut theirs) = theirs("keys.py") {
        let (other, other_text) = said(theirs.args(more).arg(statement).arg(keys));
        assert_eq!(status, other, "{text}\n{other_text}");
        assert!(status != 0 || text == other_text, "{text}\n{other_text}");
    }
    if status == 0 { Ok(text) } else { Err(text) }
}

/// What both make of evidence, with a checkpoint kept before and one witness wanted.
fn holds(file: &Path, keys: &Path, kept: &Path) -> (bool, String) {
    let (status, text) =
        said(ours().arg(file).arg("--keys").arg(keys).arg("--checkpoint").arg(kept).args(["--quorum", "1"]));
    if let Some(mut theirs) = theirs("evidence.py") {
        let (other, other_text) = said(theirs.args(["--quorum", "1"]).arg(file).arg(keys).arg(kept));
        assert_eq!(status, other, "{text}\n{other_text}");
    }
    (status == 0, text)
}

fn accepts(yousu: &mut Yousu, case: &str) {
    yousu.does(
        "window_clerk",
        AT,
        json!({"command": "accept", "case": case, "channel": "window", "category": "complaint",
            "complainant": {"name": "张三", "telephone": "13812345678"}, "summary": "执照变更", "narrative": "来了三次。"}),
    );
}

/// A centre with a case, one witness that cosigned its first checkpoint, and a file of all pinned keys.
fn watched() -> (Yousu, Witness, [PathBuf; 3]) {
    let (mut yousu, mut witness) = (Yousu::simulated("henan-2022-43", AT), Witness::new("jiwei"));
    accepts(&mut yousu, CASE);
    witness.watches(&yousu);
    let [pinned, monday, receipt] = files(&yousu, ["pinned", "monday", "receipt"]);
    yousu.run(["checkpoint", "-o", text(&monday)]).ok();
    yousu.run(["receipt", CASE, "-o", text(&receipt)]).ok();
    let own = fs::read_to_string(&pinned).expect("written");
    fs::write(&pinned, own + &witness.keys.iter().map(|key| format!("{key}\n")).collect::<String>()).expect("written");
    (yousu, witness, [pinned, monday, receipt])
}

/// The witness follows the statement, and gives it back with its own lines.
fn follows(witness: &mut Witness, statement: &Path, more: &[&str]) {
    witness.stop();
    let note = witness.run(&[&["follow", text(statement)], more].concat());
    fs::write(statement, note).expect("written");
    witness.start();
}

fn change(yousu: &Yousu, reason: &str, statement: &Path, more: &[&str]) -> Said {
    let args = ["keys", "change", reason, "--at", AT, "-o", text(statement)];
    yousu.run(args.into_iter().chain(more.iter().copied()))
}

#[test]
fn whoever_pinned_the_old_keys_follows_and_what_those_sign_from_then_on_means_nothing() {
    let (mut yousu, mut witness, [pinned, monday, receipt]) = watched();
    let [secret, stolen, statement, tuesday, file, after] =
        files(&yousu, ["keys/410404.secret", "stolen", "statement", "tuesday", "file", "pinned-after"]);
    fs::copy(&secret, &stolen).expect("copied");
    let kept = fs::read_to_string(&pinned).expect("read");
    let old: Vec<&str> = kept.lines().take(2).collect();

    change(&yousu, "rotated", &statement, &[]).failed(0, &["yousu-witness follow", "yousu-verify --follow"]);
    let size: u64 =
        fs::read_to_string(&monday).expect("read").lines().nth(1).expect("a size").parse().expect("a number");
    let public = yousu.run(["keys"]).ok();
    assert_eq!(public.lines().count(), 4);
    let until =
        |line: &str| line.split_once(" until ").map(|(key, size)| (key.to_owned(), size.parse().expect("a number")));
    let ended: Vec<(String, u64)> = public.lines().filter_map(until).collect();
    assert_eq!(ended.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), old);
    assert!(ended.iter().all(|(_, until)| *until >= size), "{public}");

    // Before it is told, the witness cosigns nothing; it follows once, and says so beneath the statement.
    yousu.run(["checkpoint"]).failed(1, &["not cosigned (403)"]);
    assert!(followed(&statement, &pinned, &["--quorum", "1"]).is_err(), "nobody cosigned it yet");
    follows(&mut witness, &statement, &[]);
    let now = followed(&statement, &pinned, &["--quorum", "1"]).expect("all signed it");
    assert_eq!(now.lines().take(4).collect::<Vec<_>>(), public.lines().collect::<Vec<_>>());
    fs::write(&after, &now).expect("written");
    assert_eq!(followed(&statement, &after, &["--quorum", "1"]).as_ref(), Ok(&now), "once more changes nothing");
    assert_eq!(yousu.run(["keys", "statement"]).ok().lines().next(), Some("yousu-keys/v1"));

    accepts(&mut yousu, "0195a000-0000-7000-8000-000000000002");
    yousu.run(["checkpoint", "-o", text(&tuesday)]).ok();
    assert!(fs::read_to_string(&tuesday).expect("read").contains(&format!("\nkeys {}\n", ended[0].1)));
    yousu.run(["evidence", CASE, "-o", text(&file), "--since", text(&monday)]).ok();
    let (is_proved, text_of) = holds(&file, &after, &monday);
    assert!(is_proved, "{text_of}");
    assert!(!holds(&file, &pinned, &monday).0, "by the old keys alone it is nobody's");
    // What the old ones signed while they counted is what it was.
    assert_eq!(said(ours().arg("--receipt").arg(&receipt).arg("--keys").arg(&after)).0, 0);
    let both = ["verify", "--checkpoint", text(&monday), "--checkpoint", text(&tuesday), "--keys"];
    yousu.run(both.into_iter().chain([text(&after)])).ok();
    let out = yousu.run(both.into_iter().chain([text(&pinned)])).failed(3, &[]).out;
    assert!(out.contains("tuesday: no pinned key signed it") && out.contains("yousu keys statement"), "{out}");

    // Old keys in their place again sign nothing; a change that was interrupted comes to its end.
    let next = secret.with_extension("1.next");
    fs::rename(&secret, &next).expect("renamed");
    fs::rename(&stolen, &secret).expect("renamed");
    yousu.run(["checkpoint"]).ok();
    assert_eq!(yousu.run(["keys"]).ok(), public);
    assert!(!next.exists());
    fs::remove_file(&secret).expect("removed");
    yousu.run(["checkpoint"]).failed(1, &["does not hold the keys", "keys change lost"]);
}

#[test]
fn lost_keys_end_and_only_a_person_is_believed() {
    let (mut yousu, mut witness, [pinned, monday, receipt]) = watched();
    let [secret, statement, file, after] = files(&yousu, ["keys/410404.secret", "statement", "file", "pinned-after"]);
    fs::remove_file(&secret).expect("removed");
    // Others in their place would be nobody's.
    yousu.run(["checkpoint"]).failed(1, &["410404.secret is gone", "keys change lost --old"]);
    change(&yousu, "lost", &statement, &[]).failed(1, &["--old"]);
    // Nor are others made where no witness ever saw the log, only to be ended.
    fs::rename(yousu.dir().join("checkpoints"), yousu.dir().join("put-away")).expect("renamed");
    change(&yousu, "lost", &statement, &[]).failed(1, &["--old"]);
    assert!(!secret.exists());
    fs::rename(yousu.dir().join("put-away"), yousu.dir().join("checkpoints")).expect("renamed");
    change(&yousu, "lost", &statement, &["--old", text(&pinned)]).failed(0, &["ends: yousu/410404+"]);
    let refused = followed(&statement, &pinned, &[]).expect_err("anybody could have written it");
    assert!(refused.contains("--by-hand"), "{refused}");
    follows(&mut witness, &statement, &["--by-hand"]);
    let now = followed(&statement, &pinned, &["--by-hand", "--quorum", "1"]).expect("a person vouches for it");
    assert_eq!((now.lines().count(), now.matches(" until ").count()), (6, 2), "{now}");
    fs::write(&after, now).expect("written");
    accepts(&mut yousu, "0195a000-0000-7000-8000-000000000002");
    yousu.run(["evidence", CASE, "-o", text(&file), "--since", text(&monday)]).ok();
    let (is_proved, text_of) = holds(&file, &after, &monday);
    assert!(is_proved, "{text_of}");
    assert_eq!(said(ours().arg("--receipt").arg(&receipt).arg("--keys").arg(&after)).0, 0);
    yousu.run(["verify"]).ok();
}

#[test]
fn of_revoked_keys_nothing_is_left() {
    let (mut yousu, mut witness, [pinned, monday, receipt]) = watched();
    let [first, second, file, after] = files(&yousu, ["first", "second", "file", "pinned-after"]);
    // Also of those that ended before.
    change(&yousu, "rotated", &first, &[]).ok();
    change(&yousu, "revoked", &second, &["--old", text(&pinned)]).ok();
    follows(&mut witness, &first, &[]);
    let between = followed(&first, &pinned, &["--quorum", "1"]).expect("all signed it");
    fs::write(&after, between).expect("written");
    let at_once = followed(&second, &pinned, &["--by-hand"]).expect("it ends these keys, too");
    assert!(!at_once.contains(" until "), "{at_once}");
    follows(&mut witness, &second, &["--by-hand"]);
    let now = followed(&second, &after, &["--by-hand", "--quorum", "1"]).expect("a person vouches for it");
    assert_eq!((now.lines().count(), now.contains(" until ")), (4, false), "{now}");
    assert!(followed(&first, &after, &["--by-hand"]).is_ok(), "it was followed");
    fs::write(&after, now).expect("written");
    assert!(followed(&first, &after, &["--by-hand"]).is_err(), "what was revoked does not come back");
    accepts(&mut yousu, "0195a000-0000-7000-8000-000000000002");
    yousu.run(["checkpoint"]).ok();
    yousu.run(["evidence", CASE, "-o", text(&file), "--since", text(&monday)]).failed(3, &["would not hold"]);
    yousu.run(["evidence", CASE, "-o", text(&file)]).ok();
    let (status, text_of) = said(ours().arg(&file).arg("--keys").arg(&after).args(["--quorum", "1"]));
    assert_eq!(status, 0, "{text_of}");
    assert_eq!(said(ours().arg("--receipt").arg(&receipt).arg("--keys").arg(&after)).0, 3);
    yousu.run(["verify"]).ok();
}

#[test]
fn keys_change_where_they_are_and_by_no_command_from_outside() {
    let mut yousu = Yousu::simulated("henan-2022-43", AT);
    let [statement] = files(&yousu, ["statement"]);
    change(&yousu, "rotated", &statement, &[]).ok();
    let note = fs::read_to_string(&statement).expect("read");
    let keys: Vec<&str> = note.lines().filter_map(|line| line.strip_prefix("new ")).collect();
    let fields =
        json!({"command": "change_log_keys", "reason": "rotated", "after": 9, "keys": keys, "statement": note});
    let result = yousu.tell("system_administrator", AT, fields);
    assert_eq!(result["ok"], false, "{result}");
    assert!(result.to_string().contains("log-keys-statement"), "{result}");
    yousu.run(["verify"]).ok();
}
