//! A witness that keeps a copy of the log: what it holds, what it proves once the centre is gone, and what it can never show.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{
    bad_input::tamper,
    evidence::{ours, theirs},
    program::Yousu,
    witnesses::{Witness, accepts, checkpoint},
};

const AT: &str = "2026-03-02T09:00";
const ORIGIN: &str = "yousu/410404";

fn case(n: u32) -> String {
    format!("0195a000-0000-7000-8000-{n:012}")
}

/// A centre with a witness that keeps a copy of its log.
fn copied() -> (Yousu, Witness) {
    let (yousu, mut witness) = (Yousu::simulated("henan-2022-43", AT), Witness::new("archive"));
    witness.mirrors = true;
    witness.watches(&yousu);
    (yousu, witness)
}

/// The file of leaves.
fn leaves(witness: &Witness) -> PathBuf {
    let log = fs::read_dir(witness.dir().join("logs")).expect("logs").next().expect("one").expect("an entry");
    log.path().join("leaves/00000000")
}

fn lines(witness: &Witness) -> Vec<Value> {
    let printed = witness.run(&["leaves", ORIGIN]);
    printed.lines().map(|line| serde_json::from_str(line).expect("an object")).collect()
}

/// What both verifiers say of evidence that this witness made, by the keys that somebody pinned before.
fn judged(witness: &Witness, case: &str, to: &Path, keys: &Path) -> [String; 2] {
    witness.run(&["evidence", ORIGIN, case, "-o", to.to_str().expect("a path")]);
    let (status, said) = ours(to, keys, &["--quorum", "1"]);
    assert_eq!(status, 0, "{said}");
    let theirs = theirs(to, keys, &[]).unwrap_or_else(|| (0, said.clone()));
    assert_eq!(theirs.0, 0, "{}", theirs.1);
    [said, theirs.1]
}

#[test]
fn a_case_is_proved_when_the_centre_is_gone() {
    let (mut yousu, mut witness) = copied();
    (1..=3).for_each(|n| accepts(&mut yousu, "410404", n));
    let said = checkpoint(&yousu);
    assert!(
        said.err.contains("witness archive: cosigned; all ") && said.err.contains("leaves are kept"),
        "{}",
        said.err
    );
    said.ok();
    // Away for a while, it gets the rest when it is back.
    witness.stop();
    yousu.does("window_clerk", AT, json!({"command": "classify", "case": case(2), "kind": "ordinary"}));
    checkpoint(&yousu).failed(1, &["cannot be reached"]);
    witness.start();
    checkpoint(&yousu).ok();
    let stands = |file: &Path| ours(file, &yousu.dir().join("all-keys"), &[]);
    let pinned = fs::read_to_string(yousu.dir().join("pinned")).expect("read") + &witness.keys.join("\n") + "\n";
    fs::write(yousu.dir().join("all-keys"), pinned).expect("written");
    let own = yousu.dir().join("own");
    yousu.run(["evidence", "410404-2026-2", "-o", own.to_str().expect("a path")]).ok();
    let (status, of_the_centre) = stands(&own);
    assert_eq!(status, 0, "{of_the_centre}");
    let seen = witness.run(&["seen"]);
    let [origin, size, held] = seen.split_whitespace().collect::<Vec<_>>()[..] else { panic!("{seen}") };
    assert!(origin == ORIGIN && size == held && held == lines(&witness).len().to_string(), "{seen}");
    assert!(witness.run(&["check"]).contains(" 0 faults, complete to the checkpoint of "));

    // The centre's log is gone; which case it was is in the leaves.
    fs::remove_file(yousu.dir().join("log.sqlite")).expect("removed");
    let of_the_case = lines(&witness).iter().filter(|leaf| leaf["stream"] == case(2)).count();
    assert_eq!(of_the_case, 2);
    let (to, keys) = (yousu.dir().join("of-the-copy"), yousu.dir().join("all-keys"));
    for said in judged(&witness, &case(2), &to, &keys) {
        assert!(said.contains("完整：") || said.contains("nothing of the case was withheld"), "{said}");
        assert!(!said.contains("张三") && !said.contains("来了三次"), "{said}");
    }
    // It tells the story that the centre itself told.
    let story = |said: &str| {
        said.lines()
            .filter(|line| line.contains("受理") || line.contains("研判"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert!(!story(&of_the_centre).is_empty());
    assert_eq!(story(&stands(&to).1), story(&of_the_centre));

    // Nothing of a person is in it that anybody could read.
    let bytes = fs::read(leaves(&witness)).expect("read");
    for text in ["张三", "13812345678", "来了三次"] {
        assert!(!bytes.windows(text.len()).any(|window| window == text.as_bytes()), "{text}");
    }
    // An altered byte is found, and proves nothing.
    let mut altered = bytes;
    let middle = altered.len() / 2;
    altered[middle] ^= 1;
    fs::write(leaves(&witness), altered).expect("written");
    let (status, said) = witness.tries(&["check"]);
    assert!(status == Some(3) && said.contains("files here were altered"), "{said}");
    let (status, _) =
        witness.tries(&["evidence", ORIGIN, &case(2), "-o", yousu.dir().join("no").to_str().expect("a path")]);
    assert!(status != Some(0) && !yousu.dir().join("no").exists());
}

/// What was cosigned and then rewritten in the centre's file cannot be passed on to the copy.
#[test]
fn leaves_that_were_altered_since_are_not_taken() {
    let (mut yousu, mut witness) = copied();
    witness.stop();
    // It cosigns, and keeps no copy yet, whatever the centre wishes.
    witness.mirrors = false;
    witness.start();
    accepts(&mut yousu, "410404", 1);
    let said = checkpoint(&yousu);
    assert!(said.err.contains("cosigned; no leaves are kept there, although"), "{}", said.err);
    said.ok();
    tamper(
        &yousu,
        "UPDATE events SET recorded_ms = recorded_ms + 1 WHERE position = (SELECT max(position) FROM events)",
    );
    witness.stop();
    witness.mirrors = true;
    witness.start();
    let said =
        checkpoint(&yousu).failed(3, &["cosigned; leaves NOT taken (", "not what was signed", "tell the auditor"]);
    assert_eq!(said.out.matches("\u{2014} archive ").count(), 2, "{}", said.out);
    assert!(!leaves(&witness).exists());
}

/// A copy goes on piece by piece: more leaves than one upload holds.
#[test]
fn many_leaves_come_in_pieces() {
    let (yousu, witness) = copied();
    let line = |n: u32| {
        let id = format!("00000000-0000-4000-8000-{n:012}");
        let by = json!({"id": "clerk", "role": "window_clerk", "office": "centre"});
        let line = json!({"id": id, "centre": "410404", "recorded_at": AT, "by": by, "command": "accept",
            "case": case(n), "channel": "window", "category": "complaint", "complainant": {"name": "张三"},
            "summary": "执照变更", "narrative": "来了三次。"});
        format!("{line}\n")
    };
    let file = yousu.dir().join("many");
    fs::write(&file, (1..=1_100).map(line).collect::<String>()).expect("written");
    yousu.run(["apply", file.to_str().expect("a path"), "--format", "json"]).ok();
    let said = checkpoint(&yousu);
    assert!(said.err.contains("cosigned; all 1"), "{}", said.err);
    assert!(lines(&witness).len() > 1_100);
    assert!(witness.run(&["check"]).contains(" 0 faults"));
}
