//! `yousu receipt`: what whoever appeals takes home, before both programs that check it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use crate::program::{Yousu, built, has_python, root};

const AT: &str = "2026-03-02T09:00";
const CASE: &str = "0195a000-0000-7000-8000-000000000001";
const OTHER: &str = "0195a000-0000-7000-8000-000000000002";

fn accept(case: &str) -> Value {
    json!({"command": "accept", "case": case, "channel": "window", "category": "complaint",
        "complainant": {"name": "张三", "telephone": "13812345678"}, "summary": "执照变更", "narrative": "来了三次。"})
}

fn path(file: &Path) -> &str {
    file.to_str().expect("a path")
}

/// What is given beside a receipt.
#[derive(Clone, Copy)]
enum Beside<'f> {
    Nothing,
    Evidence(&'f Path),
    Checkpoint(&'f Path),
}

fn run(command: &mut Command) -> (i32, String) {
    let output = command.output().expect("it runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().expect("it ends"), String::from_utf8(said).expect("it prints UTF-8"))
}

/// Status and words of `yousu-verify`, and the status of the program in Python, where there is one, which has to be the same.
fn judged(receipt: &Path, keys: &Path, beside: Beside<'_>) -> (i32, String) {
    let mut ours = Command::new(built("YOUSU_VERIFY_BIN", "yousu-verify"));
    ours.arg("--receipt").arg(receipt).arg("--keys").arg(keys);
    let mut theirs = Command::new("python3");
    theirs.arg("-B").arg(root().join("docs/verify/receipt.py")).arg(receipt).arg(keys);
    match beside {
        Beside::Nothing => {}
        Beside::Evidence(file) => {
            ours.arg(file);
            theirs.arg("--evidence").arg(file);
        }
        Beside::Checkpoint(file) => {
            ours.arg("--checkpoint").arg(file);
            theirs.arg("--checkpoint").arg(file);
        }
    }
    let (status, said) = run(&mut ours);
    if has_python() {
        let (other, theirs) = run(&mut theirs);
        assert_eq!(status, other, "{said}\n{theirs}");
        assert_eq!(said.contains("冲突"), theirs.contains("CONFLICT"), "{said}\n{theirs}");
    }
    (status, said)
}

/// The receipt of a case in this directory, and evidence of it.
fn papers(yousu: &Yousu, case: &str, name: &str) -> [PathBuf; 2] {
    let files = [format!("{name}-receipt"), format!("{name}-evidence")].map(|name| yousu.dir().join(name));
    yousu.run(["receipt", case, "-o", path(&files[0])]).ok();
    yousu.run(["evidence", case, "-o", path(&files[1])]).ok();
    files
}

#[test]
fn a_receipt_agrees_with_the_log_that_gave_it() {
    let mut yousu = Yousu::simulated("henan-2022-43", AT);
    let [keys, monday] = ["pinned", "monday"].map(|name| yousu.dir().join(name));
    yousu.run(["keys", "-o", path(&keys)]).ok();
    yousu.does("window_clerk", AT, accept(CASE));
    yousu.run(["checkpoint", "-o", path(&monday)]).ok();
    yousu.does("window_clerk", AT, accept(OTHER));
    let [receipt, evidence] = papers(&yousu, "410404-2026-2", "other");
    let text = fs::read_to_string(&receipt).expect("it is there");
    assert!(
        text.starts_with(&format!("yousu-receipt/v1\nyousu/410404\ncase {OTHER}\nnumber 410404-2026-2\n")),
        "{text}"
    );
    assert!(!["张三", "13812345678", "来了三次"].iter().any(|words| text.contains(words)), "{text}");

    let (status, said) = judged(&receipt, &keys, Beside::Nothing);
    assert!(status == 0 && said.contains("回执有效") && said.contains("410404-2026-2"), "{said}");
    let (status, said) = judged(&receipt, &keys, Beside::Evidence(&evidence));
    assert!(status == 0 && said.contains("回执与证据相符") && said.contains("成立"), "{said}");
    let (status, said) = judged(&receipt, &keys, Beside::Checkpoint(&monday));
    assert!(status == 0 && said.contains("早于回执"), "{said}");
    let [_, first] = papers(&yousu, CASE, "case");
    let (status, said) = judged(&receipt, &keys, Beside::Evidence(&first));
    assert!(status == 0 && said.contains("没有涉及"), "{said}");
    yousu.run(["receipt", "410404-2026-9"]).failed(1, &["410404-2026-9"]);

    // Some bits of it; `transparency` flips each.
    let bytes = text.as_bytes();
    let altered = yousu.dir().join("altered");
    for byte in (0..bytes.len()).step_by(bytes.len() / 24) {
        let mut bytes = bytes.to_vec();
        bytes[byte] ^= 1 << (byte % 7);
        fs::write(&altered, &bytes).expect("there is room");
        let (status, said) = judged(&altered, &keys, Beside::Nothing);
        assert_eq!(status, 3, "byte {byte}: {said}");
    }
}

/// The log's keys sign another history, in which the appeal was never accepted.
#[test]
fn a_receipt_beside_another_history_is_a_conflict() {
    let mut yousu = Yousu::simulated("henan-2022-43", AT);
    let keys = yousu.dir().join("pinned");
    yousu.run(["keys", "-o", path(&keys)]).ok();
    yousu.does("window_clerk", AT, accept(CASE));
    let [receipt, _] = papers(&yousu, CASE, "case");

    let mut forged = Yousu::simulated("henan-2022-43", AT);
    let secret = |yousu: &Yousu| yousu.dir().join("keys/410404.secret");
    fs::copy(secret(&yousu), secret(&forged)).expect("the attacker has the keys");
    forged.does("window_clerk", AT, accept(OTHER));
    let [_, evidence] = papers(&forged, OTHER, "other");
    let (status, said) = judged(&receipt, &keys, Beside::Evidence(&evidence));
    assert!(status == 3 && said.contains("冲突") && said.contains("两份不同的历史"), "{said}");
}
