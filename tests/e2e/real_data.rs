//! The real messages, where they are: `../shared/data`, or the folder that YOUSU_SHARED_DATA names. Not a row of them stands in
//! the project; without them these tests say that they were skipped.

use std::{path::PathBuf, process::Command};

use crate::program::{Yousu, root};

fn data() -> Option<PathBuf> {
    let named = std::env::var_os("YOUSU_SHARED_DATA").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| root().join("../shared/data")).join("messages");
    if folder.join("messages.csv").is_file() {
        return Some(folder);
    }
    println!("SKIPPED: the real messages are not at {} (for local use only)", folder.display());
    None
}

#[test]
fn history_goes_in_once_is_never_escalated_and_agrees_with_an_outside_count() {
    let Some(folder) = data() else { return };
    let yousu = Yousu::real();
    for (name, rows, repeats) in [("messages", 4326, 109), ("messages_with_replies", 2816, 37)] {
        let file = folder.join(format!("{name}.csv"));
        let mapping = root().join(format!("schemas/mappings/{name}.toml"));
        let args = ["import", file.to_str().expect("a path"), "--mapping", mapping.to_str().expect("a path")];
        let first = yousu.run(args).ok();
        assert!(first.contains(&format!("read {rows} · accepted {rows} · already there 0 · rejected 0")), "{first}");
        assert!(first.contains(&format!("suspected repeats {repeats}")), "{first}");
        let second = yousu.run(args).ok();
        assert!(second.contains(&format!("read {rows} · accepted 0 · already there {rows} · rejected 0")), "{second}");
    }
    let tick = yousu.run(["tick"]).ok();
    assert!(tick.contains("7142 cases, 0 events"), "{tick}");

    let args = ["overdue", "--ended", "--from", "2011-01-01", "--to", "2020-12-31", "--format", "json"];
    let ended = yousu.dir().join("ended.jsonl");
    std::fs::write(&ended, yousu.run(args).ok()).expect("written");
    let outside = Command::new("python3")
        .arg(root().join("tests/outside/overdue_ended.py"))
        .arg(folder.join("messages_with_replies.csv"))
        .arg(&ended)
        .args(["--source", "网民留言（有答复）"])
        .output()
        .expect("python3 is installed: scripts/test says so where it is not");
    println!("{}", String::from_utf8_lossy(&outside.stdout));
    assert!(outside.status.success(), "{}", String::from_utf8_lossy(&outside.stdout));
}
