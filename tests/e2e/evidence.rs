//! `yousu evidence`, and both programs that check it: ours, and one in Python that shares no code with it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use crate::{
    bad_input::tamper,
    program::{Yousu, built, has_python, root},
};

const AT: &str = "2026-03-02T09:00";
const LATER: &str = "2026-03-02T10:00";
const CASE: &str = "0195a000-0000-7000-8000-000000000001";
const OTHER: &str = "0195a000-0000-7000-8000-000000000002";

fn accept(case: &str) -> Value {
    json!({"command": "accept", "case": case, "channel": "window", "category": "complaint",
        "complainant": {"name": "张三", "telephone": "13812345678"}, "summary": "执照变更", "narrative": "来了三次。"})
}

/// Status and what was said.
pub(crate) fn ours(file: &Path, keys: &Path, more: &[&str]) -> (i32, String) {
    let program = built("YOUSU_VERIFY_BIN", "yousu-verify");
    let output = Command::new(program).arg(file).arg("--keys").arg(keys).args(more).output().expect("it runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().expect("it ends"), String::from_utf8(said).expect("it prints UTF-8"))
}

/// The same by the program in Python; `None` where there is none.
pub(crate) fn theirs(file: &Path, keys: &Path, more: &[&str]) -> Option<(i32, String)> {
    if !has_python() {
        return None;
    }
    let script = root().join("docs/verify/evidence.py");
    let output =
        Command::new("python3").arg("-B").arg(script).arg(file).arg(keys).args(more).output().expect("it runs");
    let said = [output.stdout, output.stderr].concat();
    Some((output.status.code().expect("it ends"), String::from_utf8(said).expect("it prints UTF-8")))
}

/// What a checkpoint says.
fn size(checkpoint: &Path) -> u64 {
    let text = fs::read_to_string(checkpoint).expect("it is there");
    text.lines().nth(1).expect("a size").parse().expect("a number")
}

struct Shown {
    yousu: Yousu,
    file: PathBuf,
    keys: PathBuf,
    monday: PathBuf,
}

/// A case with a few steps among another's, a checkpoint from before them, and evidence of it.
fn shown() -> Shown {
    let mut yousu = Yousu::simulated("henan-2022-43", AT);
    let [file, keys, monday] = ["file", "pinned", "monday"].map(|name| yousu.dir().join(name));
    yousu.run(["keys", "-o", keys.to_str().expect("a path")]).ok();
    yousu.does("window_clerk", AT, accept(CASE));
    yousu.run(["checkpoint", "-o", monday.to_str().expect("a path")]).ok();
    yousu.does("window_clerk", AT, accept(OTHER));
    yousu.does("window_clerk", LATER, json!({"command": "classify", "case": CASE, "kind": "ordinary"}));
    yousu.does("window_clerk", LATER, json!({"command": "classify", "case": OTHER, "kind": "ordinary"}));
    let (to, since) = (file.to_str().expect("a path"), monday.to_str().expect("a path"));
    let said = yousu.run(["evidence", CASE, "-o", to, "--since", since]);
    assert_eq!(said.err, "");
    said.ok();
    Shown { yousu, file, keys, monday }
}

/// What was sealed is shown where it is asked for, by both programs alike, and nothing beside it.
#[test]
fn a_text_is_disclosed_alone() {
    let Shown { yousu, keys, .. } = shown();
    let file = yousu.dir().join("disclosed");
    let to = file.to_str().expect("a path");
    let said = yousu.run(["evidence", CASE, "-o", to, "--disclose", "1:/data/narrative"]);
    assert_eq!(said.err, "");
    said.ok();
    let (status, said) = ours(&file, &keys, &[]);
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("来了三次。") && !said.contains("张三") && !said.contains("13812345678"), "{said}");
    if let Some((status, said)) = theirs(&file, &keys, &[]) {
        assert_eq!(status, 0, "{said}");
        assert!(said.contains("来了三次。") && !said.contains("张三"), "{said}");
    }
    let file = yousu.dir().join("all");
    yousu.run(["evidence", CASE, "-o", file.to_str().expect("a path"), "--disclose", "all"]).ok();
    let (status, said) = ours(&file, &keys, &[]);
    assert!(status == 0 && ["来了三次。", "张三", "13812345678"].iter().all(|text| said.contains(text)), "{said}");
}

/// A file of the case is in the evidence where that is asked for, and both programs open it; nobody else's name leads it astray.
#[test]
fn a_file_of_the_case_is_shown() {
    let Shown { mut yousu, keys, .. } = shown();
    let [scan, file, bare, out] = ["scan", "attached", "bare", "out"].map(|name| yousu.dir().join(name));
    // Of so many bytes that the program in Python goes its quicker way.
    let bytes: Vec<u8> = (0..50_000_u32).flat_map(u32::to_le_bytes).collect();
    fs::write(&scan, &bytes).expect("written");
    let path = |path: &PathBuf| path.to_str().expect("a path").to_owned();
    let kept = yousu.run(["--format", "json", "attachment", "keep", CASE, &path(&scan)]).ok();
    let kept: Value = serde_json::from_str(&kept).expect("JSON");
    assert_eq!(kept["size_bytes"], bytes.len());
    let mut add =
        json!({"command": "add_attachment", "case": CASE, "name": "../../照片 一.jpg", "media_type": "image/jpeg"});
    let names = |add: &mut Value, kept: &Value| {
        add["sm3"] = kept["sm3"].clone();
        add["size_bytes"] = kept["size_bytes"].clone();
    };
    names(&mut add, &kept);
    yousu.does("window_clerk", LATER, add.clone());
    names(&mut add, &json!({"sm3": "0".repeat(64), "size_bytes": 7}));
    yousu.does("window_clerk", LATER, add);
    yousu.run(["attachment", "get", CASE, "3", "-o", &path(&out.with_extension("jpg"))]).ok();
    assert_eq!(fs::read(out.with_extension("jpg")).expect("read"), bytes);
    for (step, words) in [("4", "was never kept here"), ("2", "names no file"), ("9", "has no step 9")] {
        yousu.run(["attachment", "get", CASE, step, "-o", &path(&out)]).failed(1, &[words]);
    }
    let evidence = |to: &PathBuf, more: &[&str]| {
        let to = path(to);
        yousu.run(["evidence", CASE, "-o", &to].into_iter().chain(more.iter().copied()))
    };
    let said = evidence(&file, &["--attach", "all", "--disclose", "3:/data/name"]);
    assert!(said.status == 0 && said.err.contains("step 4 was never kept here"), "{}", said.err);
    evidence(&bare, &[]).ok();
    // The bytes themselves are nowhere in it, nor is the name where it is not disclosed.
    let (status, said) = ours(&file, &keys, &["--attachments", &path(&out)]);
    assert_eq!(status, 0, "{said}");
    let put = out.join("3-.._.._照片_一.jpg");
    let (_, hash) = said.split_once("与登记的哈希一致，200000字节，原件SM3 ").expect("the file is shown");
    let hash = hash[..64].to_owned();
    assert!(said.contains(&format!("{hash}，已存为 {}", path(&put))), "{said}");
    assert_eq!((fs::read(&put).expect("read"), said.matches("附件内容：（未出示）").count()), (bytes, 1), "{said}");
    let again = ours(&file, &keys, &["--attachments", &path(&out)]);
    assert!(again.0 == 1 && again.1.contains("give another directory") && again.1.contains("成立："), "{}", again.1);
    if let Some((status, told)) = theirs(&file, &keys, &[]) {
        let words = format!("the attachment is shown: 200000 bytes, SM3 {hash}");
        assert!(status == 0 && told.contains(&words), "{told}");
    }
    let (status, said) = ours(&bare, &keys, &[]);
    assert!(status == 0 && said.matches("附件内容：（未出示）").count() == 2 && !said.contains("照片"), "{said}");
}

/// Beside a process that serves: it says of itself where its cases stand, so the evidence is complete all the same.
#[test]
fn evidence_beside_a_server_is_complete() {
    let mut yousu = Yousu::simulated("henan-2022-43", AT);
    let keys = yousu.dir().join("pinned");
    yousu.run(["keys", "-o", keys.to_str().expect("a path")]).ok();
    yousu.does("window_clerk", AT, accept(CASE));
    let mut server = yousu.serve(&["--heads-every", "1"]);
    // As often as it takes: the server's own clock says when.
    let complete = (0..200).any(|n| {
        let file = yousu.dir().join(format!("evidence-{n}"));
        let said = yousu.run(["evidence", CASE, "-o", file.to_str().expect("a path")]);
        assert_eq!(said.status, 0, "{}", said.err);
        said.err.is_empty() && ours(&file, &keys, &[]).1.contains("完整：")
    });
    server.kill().expect("it runs");
    server.wait().expect("it ends");
    assert!(complete);
}

#[test]
fn both_programs_say_what_is_proved() {
    let Shown { yousu, file, keys, monday } = shown();
    let kept = monday.to_str().expect("a path");
    let (status, said) = ours(&file, &keys, &["--checkpoint", kept]);
    assert_eq!(status, 0, "{said}");
    for words in [
        "成立：中心410404的日志",
        "完整：日志声明没有该案件的其他记录",
        "见证：无",
        "#1 2026-03-02 09:00 受理",
        "window_clerk",
    ] {
        assert!(said.contains(words), "`{words}` is not in: {said}");
    }
    assert!(!said.contains("读不出") && !said.contains("张三"), "{said}");
    if let Some((status, said)) = theirs(&file, &keys, &[kept]) {
        assert_eq!(status, 0, "{said}");
        assert!(
            said.contains("nothing of the case was withheld up to") && said.contains("#1 accepted at position"),
            "{said}"
        );
    }
    // Somebody who wants witnesses, or kept another checkpoint.
    let (status, said) = ours(&file, &keys, &["--quorum", "1"]);
    assert_eq!(status, 3, "{said}");
    assert!(said.contains("需要1个见证方签名，只有0个"), "{said}");
    let tuesday = yousu.dir().join("tuesday");
    let mut yousu = yousu;
    yousu.does("window_clerk", LATER, accept("0195a000-0000-7000-8000-000000000003"));
    yousu.run(["checkpoint", "-o", tuesday.to_str().expect("a path")]).ok();
    let other = tuesday.to_str().expect("a path");
    assert_eq!(ours(&file, &keys, &["--checkpoint", other]).0, 3);
    assert!(theirs(&file, &keys, &[other]).is_none_or(|(status, _)| status == 3));
    // The case by its number, and nothing is written over.
    let again = yousu.run(["evidence", "410404-2026-1", "-o", file.to_str().expect("a path")]);
    again.failed(1, &["give a file that is not there yet"]);
    let second = yousu.dir().join("second");
    yousu.run(["evidence", "410404-2026-1", "-o", second.to_str().expect("a path")]).ok();
    assert_eq!(ours(&second, &keys, &[]).0, 0);
}

/// Every kind of thing that somebody could do to the file who can also make its last line anew.
#[test]
fn both_programs_see_what_was_done_to_it() {
    let Shown { yousu, file, keys, .. } = shown();
    let text = fs::read_to_string(&file).expect("read");
    let lines: Vec<&str> = text.lines().collect();
    let at = |word: &str| lines.iter().position(|line| line.starts_with(word)).expect(word);
    let (first, second) = {
        let events: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].starts_with("event ")).collect();
        (events[0], events[1])
    };
    let end = lines.len() - 1;
    let next = |from: usize| {
        (from + 1..end).find(|at| lines[*at].starts_with("event ") || lines[*at].starts_with("heads ")).expect("more")
    };
    let without = |from: usize, to: usize| [&lines[..from], &lines[to..end]].concat().join("\n") + "\n";
    let with = |line: usize, new: String| {
        let mut lines = lines.clone();
        lines[line] = &new;
        lines[..end].join("\n") + "\n"
    };
    let field = |line: usize, n: usize, new: &str| {
        let mut fields: Vec<&str> = lines[line].split(' ').collect();
        fields[n] = new;
        with(line, fields.join(" "))
    };
    let cases = [
        ("altered", with(first, lines[first].replacen("eyJwdWJsaWMi", "eyJwdWJsaWMj", 1))),
        ("removed", without(second, next(second))),
        ("removed at the beginning", without(first, second)),
        ("back-dated", field(first, 4, "1772413199999")),
        ("moved", field(first, 1, "1")),
        ("of another stream", field(first, 2, "0")),
        ("of another type", field(first, 6, "declined")),
        ("another case's", with(1, format!("case {OTHER}"))),
        ("the last event withheld", {
            let last = (0..lines.len()).rfind(|at| lines[*at].starts_with("event ")).expect("one");
            without(last, at("heads "))
        }),
        ("another size", with(4, "4".to_owned())),
        ("an earlier checkpoint with another size", with(at("earlier ") + 2, "4".to_owned())),
        ("cut", lines[..end - 3].join("\n") + "\n"),
    ];
    let forged = yousu.dir().join("forged");
    for (what, text) in cases {
        let digest = Command::new("openssl")
            .args(["dgst", "-sm3", "-hex"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn();
        let Ok(mut digest) = digest else { return };
        std::io::Write::write_all(digest.stdin.as_mut().expect("piped"), text.as_bytes()).expect("written");
        let said = String::from_utf8(digest.wait_with_output().expect("it ends").stdout).expect("text");
        let digest = said.trim().rsplit(' ').next().expect("a digest").to_owned();
        fs::write(&forged, format!("{text}digest {digest}\n")).expect("written");
        let (status, said) = ours(&forged, &keys, &[]);
        assert_eq!(status, 3, "{what}: {said}");
        if let Some((status, said)) = theirs(&forged, &keys, &[]) {
            assert_eq!(status, 3, "{what}: {said}");
        }
    }
}

/// Whoever hands over evidence learns before anybody else that it does not hold.
#[test]
fn what_does_not_hold_is_not_written() {
    for (change, words) in [
        (
            "UPDATE events SET recorded_ms = recorded_ms + 1 WHERE kind = (SELECT id FROM kinds WHERE name = 'classified')",
            "event 2 of the case (position ",
        ),
        ("UPDATE head_nodes SET nodes = randomblob(960)", "that nothing was withheld is not shown"),
    ] {
        let Shown { yousu, .. } = shown();
        tamper(&yousu, change);
        let second = yousu.dir().join("second");
        yousu.run(["evidence", CASE, "-o", second.to_str().expect("a path")]).failed(3, &["would not hold", words]);
        assert!(!second.exists(), "{change}");
    }

    // Earlier checkpoints: of keys that are not the log's any more, and of another history.
    let Shown { yousu, monday, .. } = shown();
    let second = yousu.dir().join("second");
    let evidence = |since: &Path| {
        let [second, since] = [&second, since].map(|path| path.to_str().expect("a path"));
        yousu.run(["evidence", CASE, "-o", second, "--since", since])
    };
    let secret = yousu.dir().join("keys/410404.secret");
    let kept = fs::read(&secret).expect("read");
    fs::remove_file(&secret).expect("removed");
    evidence(&monday).failed(3, &["the earlier checkpoint does not hold: none of the pinned keys"]);
    fs::write(&secret, kept).expect("written");
    let mut other = Yousu::simulated("henan-2022-43", AT);
    let tuesday = other.dir().join("tuesday");
    let now = yousu.dir().join("now");
    yousu.run(["checkpoint", "-o", now.to_str().expect("a path")]).ok();
    let (mut sizes, here) = (Vec::new(), size(&now));
    for n in 4..10 {
        other.does("window_clerk", LATER, accept(&format!("0195a000-0000-7000-8000-00000000000{n}")));
        other.run(["checkpoint", "-o", tuesday.to_str().expect("a path")]).ok();
        sizes.push(size(&tuesday));
        evidence(&tuesday).failed(3, &["is not of this log as it is now", "tell the auditor"]);
    }
    assert!(sizes[0] < here && sizes[5] > here, "{sizes:?} of {here}");
    assert!(!second.exists());
    evidence(&monday).ok();
}
