//! A second opinion: what `strace` sees an operation do to files is what the shim sees. A call that went past the shim would be
//! one that nobody spoils.

use std::{collections::BTreeMap, fs, process::Command};

use anyhow::ensure;

use super::operation::{Operation, Stage};
use crate::{record, shim::Order};

/// System calls and what the shim calls them. Those that only ask or lock are left out: the C library has several for each.
const SAME: [(&str, &str); 12] = [
    ("open", "open"),
    ("openat", "open"),
    ("read", "read"),
    ("pread64", "pread"),
    ("write", "write"),
    ("pwrite64", "pwrite"),
    ("ftruncate", "ftruncate"),
    ("fsync", "fsync"),
    ("fdatasync", "fdatasync"),
    ("rename", "rename"),
    ("unlink", "unlink"),
    ("mkdir", "mkdir"),
];
/// Calls that change nothing that a disk keeps of a file's bytes or name.
const HARMLESS: [&str; 17] = [
    "close",
    "fstat",
    "newfstatat",
    "stat",
    "lstat",
    "statx",
    "access",
    "faccessat2",
    "fcntl",
    "flock",
    "lseek",
    "mmap",
    "getdents64",
    "readlink",
    "fchown",
    "statfs",
    "execve",
];

/// Runs the operation under both, and reports each difference.
pub(super) fn second_opinion(stage: &Stage<'_>, findings: &mut Vec<String>) -> anyhow::Result<String> {
    let operation = stage.operation;
    if operation == Operation::Serve {
        return Ok(format!("{operation}: does what `apply` and `rebuild` do, without a second opinion of its own"));
    }
    if Command::new("strace").arg("-V").output().is_err() {
        return Ok(format!("{operation}: no second opinion on its calls (strace is not installed)"));
    }
    let place = stage.begin()?;
    let (trace, record) = (place.path().with_extension("trace"), place.path().with_extension("calls"));
    let mut strace = Command::new("strace");
    strace.args(["-f", "-y", "-s", "8", "-e", "trace=%file,%desc", "-o"]).arg(&trace);
    for (name, value) in stage.order_envs(&Order { record: Some(&record), ..Order::below(place.path()) })? {
        let mut pair = std::ffi::OsString::from(format!("{name}="));
        pair.push(value);
        strace.arg("-E").arg(pair);
    }
    strace.arg(stage.yousu).arg("--data").arg(place.path().join("data")).args(stage.args(place.path())?);
    let ran = strace.output()?;
    ensure!(ran.status.success(), "under strace: {}", String::from_utf8_lossy(&ran.stderr));
    let seen = calls(&String::from_utf8_lossy(&fs::read(trace)?), &place.path().canonicalize()?.display().to_string());
    let (recorded, _) = record::counts(&record)?;
    let mut compared = BTreeMap::<&str, u64>::new();
    for (call, n) in &seen {
        match SAME.iter().find(|(system, _)| system == call) {
            Some((_, name)) => *compared.entry(name).or_default() += n,
            None if HARMLESS.contains(&call.as_str()) => {}
            None => findings.push(format!("{operation}: {n} calls of {call} go past the shim")),
        }
    }
    for (_, name) in SAME {
        let (ours, theirs) = (recorded.get(name).copied().unwrap_or(0), compared.get(name).copied().unwrap_or(0));
        if ours != theirs {
            findings.push(format!("{operation}: {theirs} calls of {name} by strace, {ours} by the shim"));
        }
    }
    let all: u64 = compared.values().sum();
    Ok(format!("{operation}: strace saw the same {all} calls that open, read, change or sync a file"))
}

/// Calls on the directory and files below it. Listing a directory goes through the C library and needs no count.
fn calls(trace: &str, dir: &str) -> BTreeMap<String, u64> {
    let mut calls = BTreeMap::new();
    // The shim's own record stands beside it, under a name that begins likewise.
    let places = ["/", ">", "\""].map(|end| dir.to_owned() + end);
    let is_there = |line: &str| places.iter().any(|place| line.contains(place));
    for line in trace.lines().filter(|line| is_there(line) && !line.contains("O_DIRECTORY")) {
        let call = line.split_once(' ').map_or("", |(_, call)| call.trim_start());
        if let Some((name, _)) = call.split_once('(').filter(|_| !call.starts_with('<')) {
            *calls.entry(name.to_owned()).or_default() += 1;
        }
    }
    calls
}
