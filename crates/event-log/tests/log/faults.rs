//! Real faults, in a process of its own: writes that the system refuses, and a process that ends in the middle.
//!
//! The victim is this test binary, started again to run one test with `YOUSU_VICTIM` naming a log.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use event_log::{Access, AppendError, EventLog};
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use crate::{Place, append, centre, open, stream};

const VICTIM: &str = "YOUSU_VICTIM";

/// The log that this process is to be a victim on, if it is one.
fn victim() -> Option<PathBuf> {
    std::env::var_os(VICTIM).map(PathBuf::from)
}

/// Runs this test again as a victim on the log, after a shell did something to the process.
fn run_victim(test: &str, path: &Path, before: &str) -> Output {
    let program = std::env::current_exe().unwrap();
    let script = format!(r#"{before}; exec "$0" --exact {test} --nocapture"#);
    Command::new("sh").arg("-c").arg(script).arg(program).env(VICTIM, path).output().unwrap()
}

/// What the victim said it was told about each stream.
fn told(output: &Output) -> BTreeMap<u128, String> {
    let text = String::from_utf8_lossy(&output.stdout);
    // The test harness may have begun the first line.
    let lines = text.lines().filter_map(|line| line.split_once("told ")).map(|(_, told)| told);
    let told: BTreeMap<_, _> =
        lines.filter_map(|line| line.split_once(' ')).map(|(n, what)| (n.parse().unwrap(), what.to_owned())).collect();
    assert!(!told.is_empty(), "the victim said nothing: {text}\n{}", String::from_utf8_lossy(&output.stderr));
    told
}

/// What was acknowledged is there, what was refused is not, and the log is sound.
async fn check(path: &Path, told: &BTreeMap<u128, String>) {
    let (log, here) = (open(path, Access::Write).await.unwrap(), centre("410404"));
    for (n, what) in told {
        let there = log.stream_head(&here, stream(*n)).await.unwrap() == 1;
        match what.as_str() {
            "acknowledged" => assert!(there, "{n} was acknowledged and is lost"),
            "unknown" => {}
            refused => assert!(!there, "{n} was refused ({refused}) and is there"),
        }
    }
    assert_eq!(log.verify(&mut |_| {}).await.unwrap().faults, []);
    log.close().await;
}

async fn tell(log: &dyn EventLog, n: u128) -> &'static str {
    let mut large = append(&centre("410404"), &[(n, 0)]);
    large.events[0].body = vec![b'x'; 20_000];
    let what = match log.append(large).await {
        Ok(_) => "acknowledged",
        Err(AppendError::Unknown { .. }) => "unknown",
        Err(AppendError::Stopped { .. }) => "stopped",
        Err(error) => panic!("{error}"),
    };
    println!("told {n} {what}");
    what
}

#[tokio::test]
async fn a_write_that_fails_is_unknown_and_the_writer_comes_back_by_itself() {
    let Some(path) = victim() else {
        let place = Place::new();
        // Past this size a write fails with EFBIG, which SQLite reports as an I/O error. In blocks of 512 bytes.
        let output = run_victim(
            "faults::a_write_that_fails_is_unknown_and_the_writer_comes_back_by_itself",
            &place.path(),
            r#"trap "" XFSZ; ulimit -S -f 1000"#,
        );
        let told = told(&output);
        assert!(output.status.success(), "{told:?}\n{}", String::from_utf8_lossy(&output.stderr));
        for what in ["acknowledged", "unknown", "stopped"] {
            assert!(told.values().any(|value| value == what), "nothing was {what}: {told:?}");
        }
        return check(&place.path(), &told).await;
    };
    let log = open(&path, Access::Write).await.unwrap();
    let mut n = 0;
    // The log's own file reaches the limit last: then it cannot be opened again.
    while tell(&*log, n).await != "stopped" {
        n += 1;
    }
    assert!(log.read_centre(&centre("410404"), 0, 5).await.unwrap().len() == 5, "reading goes on");
    let pid = std::process::id().to_string();
    let lifted = Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited"]).status().unwrap();
    assert!(lifted.success());
    assert_eq!(tell(&*log, n + 1).await, "acknowledged");
    log.close().await;
}

#[tokio::test]
async fn what_was_acknowledged_outlives_a_process_that_aborts() {
    let Some(path) = victim() else {
        let place = Place::new();
        let test = "faults::what_was_acknowledged_outlives_a_process_that_aborts";
        let output = run_victim(test, &place.path(), "ulimit -c 0");
        assert!(!output.status.success(), "it was to abort");
        let told = told(&output);
        assert_eq!(told.len(), 40);
        return check(&place.path(), &told).await;
    };
    let log = open(&path, Access::Write).await.unwrap();
    let mut waiting: FuturesUnordered<_> = (0..100).map(|n| tell(&*log, n)).collect();
    for _ in 0..40 {
        waiting.next().await;
    }
    // Sixty are in the queue, or in a commit.
    std::process::abort();
}
