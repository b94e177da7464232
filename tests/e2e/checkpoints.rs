//! What somebody outside keeps, and what it shows: `keys`, `checkpoint`, `verify --checkpoint`.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};

use crate::program::Yousu;

const AT: &str = "2026-03-02T09:00";
const LATER: &str = "2026-03-02T10:00";

fn case(n: u32) -> String {
    format!("0195a000-0000-7000-8000-{n:012}")
}

fn accept(n: u32, narrative: &str) -> Value {
    json!({"command": "accept", "case": case(n), "channel": "window", "category": "complaint",
        "complainant": {"name": "张三", "telephone": "13812345678"}, "summary": "执照变更", "narrative": narrative})
}

fn text(path: &Path) -> String {
    path.to_str().expect("a path").to_owned()
}

/// A centre with a case, its keys and a checkpoint in files, and what was done since.
fn kept() -> (Yousu, String, String) {
    let mut yousu = Yousu::simulated("henan-2022-43", AT);
    yousu.does("window_clerk", AT, accept(1, "来了三次。"));
    let [keys, checkpoint] = ["pinned", "monday"].map(|name| text(&yousu.dir().join(name)));
    assert_eq!(yousu.run(["keys", "-o", &keys]).ok(), "");
    assert_eq!(yousu.run(["checkpoint", "-o", &checkpoint]).ok(), "");
    yousu.does("window_clerk", LATER, json!({"command": "classify", "case": case(1), "kind": "ordinary"}));
    yousu.does("window_clerk", LATER, accept(2, "又来了。"));
    (yousu, keys, checkpoint)
}

#[test]
fn a_log_that_went_on_is_still_the_one_that_was_signed() {
    let (yousu, keys, monday) = kept();
    let note = fs::read_to_string(&monday).expect("it is there");
    let lines: Vec<_> = note.lines().collect();
    // Set-up: the centre and two departments; then the case, the note of its look-up code if any, and where all streams stand.
    let size: u64 = lines[1].parse().expect("a size");
    assert_eq!((lines[0], lines[3], lines.len()), ("yousu/410404", "", 6), "{note}");
    assert!(lines[4..].iter().all(|line| line.starts_with("\u{2014} yousu/410404 ")), "{note}");
    let public = fs::read_to_string(&keys).expect("it is there");
    assert_eq!(public.lines().count(), 2);
    assert!(public.lines().all(|line| line.starts_with("yousu/410404+")), "{public}");

    let said = yousu.run(["verify", "--checkpoint", &monday, "--keys", &keys]);
    assert_eq!(said.err, "");
    assert!(said.ok().ends_with(" events, 0 faults\n"));
    // Nothing came since the second: it is the same, and not an event more.
    let tuesday = yousu.run(["checkpoint"]).ok();
    assert_eq!(
        yousu.run(["checkpoint"]).ok().lines().take(3).collect::<Vec<_>>(),
        tuesday.lines().take(3).collect::<Vec<_>>()
    );
    assert!(tuesday.lines().nth(1).expect("a size").parse::<u64>().expect("a number") > size);
    let unchecked = yousu.run(["verify", "--checkpoint", &monday]);
    assert!(unchecked.err.contains("give the pinned keys with --keys"), "{}", unchecked.err);
    unchecked.ok();
    // Views and pages know nothing of what the log says about itself.
    yousu.run(["rebuild", "--check"]).ok();
    assert_eq!(yousu.lines(["ledger"]).len(), 2);
}

#[test]
fn another_history_a_shorter_one_and_an_altered_checkpoint_are_seen() {
    let (yousu, keys, monday) = kept();
    // The same program, the same keys, another story: it agrees with itself.
    let mut other = Yousu::simulated("henan-2022-43", AT);
    fs::create_dir_all(other.dir().join("keys")).expect("made");
    let secret = "keys/410404.secret";
    fs::copy(yousu.dir().join(secret), other.dir().join(secret)).expect("copied");
    let check = |yousu: &Yousu, file: &str| yousu.run(["verify", "--checkpoint", file, "--keys", &keys]);
    let shorter = check(&other, &monday).failed(3, &["tell the auditor"]);
    assert!(shorter.out.contains("shorter than the checkpoint of size"), "{}", shorter.out);
    other.does("window_clerk", AT, accept(1, "来了两次。"));
    other.run(["checkpoint"]).ok();
    other.run(["verify"]).ok();
    let altered = check(&other, &monday).failed(3, &["tell the auditor"]);
    assert!(altered.out.contains("410404: not the log that the checkpoint of size"), "{}", altered.out);

    // A checkpoint of the other story is signed by the same keys; one that was altered is signed by nobody.
    let forged = text(&yousu.dir().join("forged"));
    let note = fs::read_to_string(&monday).expect("it is there");
    let fewer = note.replacen('\n', "\n1", 1);
    for (note, words) in [
        (fewer, "does not hold: the text or the signature was altered"),
        (note.replace("yousu/410404 ", "yousu/410405 "), "no pinned key signed it"),
    ] {
        fs::write(&forged, note).expect("written");
        let said = check(&yousu, &forged).failed(3, &[]);
        assert!(said.out.contains(words), "{}", said.out);
    }
    fs::write(&forged, "no note").expect("written");
    check(&yousu, &forged).failed(1, &["forged", "is no checkpoint"]);
    check(&yousu, "/nowhere").failed(1, &["/nowhere", "cannot be read"]);
}

#[cfg(unix)]
#[test]
fn secrets_are_for_nobody_else() {
    use std::os::unix::fs::PermissionsExt as _;
    let (yousu, ..) = kept();
    let secret = yousu.dir().join("keys/410404.secret");
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&secret), 0o600);
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o640)).expect("set");
    yousu.run(["checkpoint"]).failed(1, &["can be read by others", "chmod 600"]);
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).expect("set");
    fs::write(&secret, "PRIVATE+KEY+x\n").expect("written");
    let said = yousu.run(["checkpoint"]).failed(1, &["a line that is none", "put back a copy"]);
    assert!(!said.err.contains("PRIVATE"), "{}", said.err);
}

/// openssl on the signature, from the three lines that anybody can cut out.
#[test]
fn somebody_with_openssl_alone_can_check_the_signature() {
    let (yousu, keys, monday) = kept();
    if Command::new("openssl").arg("version").output().is_err() || Command::new("python3").arg("-V").output().is_err() {
        assert!(std::env::var_os("YOUSU_REQUIRE_ALL").is_none(), "openssl and python3 are wanted");
        eprintln!("skipped: there is no openssl or no python3");
        return;
    }
    let script = crate::program::root().join("docs/verify/checkpoint.py");
    let run = |checkpoint: &str| {
        let output =
            Command::new("python3").arg("-B").arg(&script).args([checkpoint, &keys]).output().expect("it runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (status, said) = run(&monday);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.matches("signed by yousu/410404").count() == 2, "{said}");
    let forged = text(&yousu.dir().join("forged"));
    fs::write(&forged, fs::read_to_string(&monday).expect("read").replacen('\n', "\n1", 1)).expect("written");
    assert_eq!(run(&forged).0, Some(3));
}
