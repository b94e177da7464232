//! Two centres and two witnesses, each a process of its own, on loopback: one witness that is away for a while, one that was put back
//! to an older state, and one that is shown a fork. What each says, and what the operator sees.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::json;
use tempfile::TempDir;

use crate::program::{Said, Yousu, built, has_python};

const AT: &str = "2026-03-02T09:00";

/// `yousu-witness` in a directory of its own.
pub(crate) struct Witness {
    dir: TempDir,
    serving: Option<Child>,
    /// It keeps copies.
    pub(crate) mirrors: bool,
    /// Where it listens, once it did.
    address: String,
    pub(crate) keys: Vec<String>,
}

impl Witness {
    pub(crate) fn new(name: &str) -> Self {
        let dir = TempDir::new().expect("a temporary directory");
        let address = "127.0.0.1:0".to_owned();
        let mut witness = Self { dir, serving: None, mirrors: false, address, keys: Vec::new() };
        witness.keys = witness.run(&["init", "--name", name]).lines().map(str::to_owned).collect();
        assert_eq!(witness.keys.len(), 2);
        witness
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(built("YOUSU_WITNESS_BIN", "yousu-witness"));
        command.arg("--data").arg(self.dir.path()).env_remove("YOUSU_WITNESS_DATA").env("RUST_LOG", "off");
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> String {
        let (status, said) = self.tries(args);
        assert_eq!(status, Some(0), "{args:?}: {said}");
        said
    }

    /// Status and what was said, on standard output if there was anything.
    pub(crate) fn tries(&self, args: &[&str]) -> (Option<i32>, String) {
        let output = self.command().args(args).output().expect("it runs");
        let said = if output.stdout.is_empty() { output.stderr } else { output.stdout };
        (output.status.code(), String::from_utf8(said).expect("it prints UTF-8"))
    }

    /// Begins to serve, where it did before if it did.
    pub(crate) fn start(&mut self) {
        let mut command = self.command();
        command.args(["--listen", &self.address]).args(self.mirrors.then_some("--mirror"));
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut line).expect("it says where");
        let address = line.trim().strip_prefix("http://").and_then(|rest| rest.strip_suffix('/'));
        self.address = address.unwrap_or_else(|| panic!("no address: {line}")).to_owned();
        self.serving = Some(child);
    }

    /// The only witness of a centre, from here on.
    pub(crate) fn watches(&mut self, yousu: &Yousu) {
        // Once, so that there is an address to write down.
        self.start();
        self.stop();
        pins(yousu, &[self], 1);
        trusts(self, yousu);
        self.start();
    }

    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.serving.take() {
            child.kill().expect("it is there");
            child.wait().expect("it ends");
        }
    }

    fn refused(&self) -> usize {
        let logs = fs::read_dir(self.dir.path().join("logs")).expect("logs");
        logs.map(|log| fs::read_dir(log.expect("an entry").path().join("refused")).expect("refused").count()).sum()
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.stop();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("a directory") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("copied");
        }
    }
}

pub(crate) fn accepts(yousu: &mut Yousu, centre: &str, n: u32) {
    let case = format!("0195a000-0000-7000-8000-{n:012}");
    yousu.does(
        "window_clerk",
        AT,
        json!({"command": "accept", "centre": centre, "case": case, "channel": "window", "category": "complaint",
            "complainant": {"name": "张三", "telephone": "13812345678"}, "summary": "执照变更", "narrative": "来了三次。"}),
    );
}

/// Shows the centre's checkpoint to its witnesses.
pub(crate) fn checkpoint(yousu: &Yousu) -> Said {
    yousu.run(["checkpoint"])
}

fn pins(yousu: &Yousu, witnesses: &[&Witness], quorum: usize) {
    let keys = yousu.dir().join("pinned");
    yousu.run(["keys", "-o", keys.to_str().expect("a path")]).ok();
    let mut text = format!("quorum = {quorum}\n");
    for witness in witnesses {
        let Witness { address, keys, mirrors, .. } = witness;
        text += &format!("[[witness]]\nurl = \"http://{address}/\"\nkeys = {keys:?}\nmirror = {mirrors}\n");
    }
    fs::write(yousu.dir().join("witnesses.toml"), text).expect("written");
}

fn trusts(witness: &Witness, yousu: &Yousu) {
    witness.run(&["trust", yousu.dir().join("pinned").to_str().expect("a path")]);
}

#[test]
fn witnesses_that_are_away_put_back_or_shown_a_fork() {
    let (mut jiwei, mut audit) = (Witness::new("jiwei"), Witness::new("audit"));
    let mut here = Yousu::simulated("henan-2022-43", AT);
    let mut there = Yousu::empty();
    let open = ["centre", "open", "410403", "--name", "卫东区", "--level", "county", "--policy", "henan-2022-43"];
    there.run(open.into_iter().chain(["--simulated", "--at", AT])).ok();
    for witness in [&mut jiwei, &mut audit] {
        // Once, so that there is an address to write down.
        witness.start();
        witness.stop();
    }
    for yousu in [&here, &there] {
        pins(yousu, &[&jiwei, &audit], 1);
        trusts(&jiwei, yousu);
        trusts(&audit, yousu);
    }
    jiwei.start();
    audit.start();

    // Both are there: the log's two signatures, and two of each witness.
    for yousu in [&here, &there] {
        let said = checkpoint(yousu);
        assert_eq!(said.err, "yousu: witness jiwei: cosigned\nyousu: witness audit: cosigned\n");
        assert_eq!(said.ok().lines().filter(|line| line.starts_with('\u{2014}')).count(), 6);
    }
    jiwei.stop();
    let kept: PathBuf = jiwei.dir.path().join("../jiwei-before").with_extension(std::process::id().to_string());
    copy(jiwei.dir.path(), &kept);
    jiwei.start();

    // One is away for as long as it takes: the others do, and it follows when it is back.
    audit.stop();
    for n in 1..5 {
        accepts(&mut here, "410404", n);
        let said = checkpoint(&here);
        assert!(
            said.err.contains("witness jiwei: cosigned") && said.err.contains("witness audit: cannot be reached"),
            "{}",
            said.err
        );
        said.ok();
    }
    pins(&here, &[&jiwei, &audit], 2);
    checkpoint(&here).failed(1, &["1 of 2 cosignatures that are wanted"]);
    audit.start();
    let said = checkpoint(&here);
    assert_eq!(said.err, "yousu: witness jiwei: cosigned\nyousu: witness audit: cosigned\n");
    said.ok();

    // One was put back: it signs what follows from what it remembers, and the log says what happened.
    jiwei.stop();
    fs::remove_dir_all(jiwei.dir.path()).expect("removed");
    copy(&kept, jiwei.dir.path());
    fs::remove_dir_all(&kept).expect("removed");
    jiwei.start();
    accepts(&mut here, "410404", 5);
    let said = checkpoint(&here)
        .failed(3, &["witness jiwei: it remembers size", "put back to an older state", "witness audit: cosigned"]);
    assert!(said.err.contains("tell whoever runs it; cosigned"), "{}", said.err);
    checkpoint(&here).ok();
    assert_eq!((jiwei.refused(), audit.refused()), (0, 0));

    // A fork: the same log and keys, two stories from here on. The first that is shown is the one that is signed.
    let mut fork = Yousu::empty();
    copy(here.dir(), fork.dir());
    accepts(&mut here, "410404", 6);
    accepts(&mut fork, "410404", 7);
    checkpoint(&here).ok();
    let said = checkpoint(&fork)
        .failed(3, &["witness jiwei: NOT cosigned", "witness audit: NOT cosigned", "tell the auditor"]);
    assert!(said.err.contains("two histories"), "{}", said.err);
    accepts(&mut fork, "410404", 8);
    checkpoint(&fork).failed(3, &["witness jiwei: NOT cosigned", "does not follow from the one cosigned last"]);
    // Its own verification finds nothing: it agrees with itself.
    fork.run(["verify"]).ok();
    assert_eq!((jiwei.refused(), audit.refused()), (2, 2));
    checkpoint(&here).ok();

    // An older state of the log in its place.
    let mut older = Yousu::simulated("henan-2022-43", AT);
    fs::remove_dir_all(older.dir().join("keys")).ok();
    copy(&here.dir().join("keys"), &older.dir().join("keys"));
    copy(&here.dir().join("checkpoints"), &older.dir().join("checkpoints"));
    fs::copy(here.dir().join("witnesses.toml"), older.dir().join("witnesses.toml")).expect("copied");
    accepts(&mut older, "410404", 1);
    checkpoint(&older).failed(3, &["which is more than this log has", "tell the auditor"]);

    // The other centre knows nothing of all that, and a log whose keys nobody pinned is signed by nobody.
    accepts(&mut there, "410403", 1);
    checkpoint(&there).ok();
    let stranger = Yousu::simulated("henan-2022-43", AT);
    pins(&stranger, &[&jiwei], 1);
    checkpoint(&stranger).failed(1, &["witness jiwei: not cosigned (403)"]);
    for (witness, name) in [(&mut jiwei, "jiwei"), (&mut audit, "audit")] {
        let seen = witness.run(&["seen"]);
        assert!(seen.contains("yousu/410403 ") && seen.contains("yousu/410404 "), "{name}: {seen}");
    }
}

/// What is kept of one witness cannot be used: that is said of it, and the others are asked as ever.
#[test]
fn what_is_kept_of_one_witness_stops_nobody_else() {
    let (mut jiwei, mut audit) = (Witness::new("jiwei"), Witness::new("audit"));
    let mut here = Yousu::simulated("henan-2022-43", AT);
    for witness in [&mut jiwei, &mut audit] {
        // Once, so that there is an address to write down.
        witness.start();
        witness.stop();
    }
    pins(&here, &[&jiwei, &audit], 1);
    for witness in [&mut jiwei, &mut audit] {
        trusts(witness, &here);
        witness.start();
    }
    checkpoint(&here).ok();
    let lines = |said: &Said, name: &str| said.out.matches(&format!("\u{2014} {name} ")).count();
    let (file, half) = (here.dir().join("checkpoints/410404.jiwei"), here.dir().join("checkpoints/410404.jiwei~"));
    let kept = fs::read_to_string(&file).expect("it is kept");

    // Altered: one digit of the size; no note at all; another log's; the witness's own lines taken away.
    accepts(&mut here, "410404", 1);
    let unsigned =
        kept.lines().filter(|line| !line.starts_with("\u{2014} jiwei ")).map(|line| format!("{line}\n")).collect();
    for altered in [kept.replacen('\n', "\n1", 1), "gone".to_owned(), kept.replacen("410404", "410403", 1), unsigned] {
        fs::write(&file, altered).expect("written");
        let said = checkpoint(&here).failed(3, &["witness jiwei: NOT asked: ", "410404.jiwei", "tell the auditor"]);
        assert!(said.err.contains("witness audit: cosigned\n"), "{}", said.err);
        assert_eq!((lines(&said, "jiwei"), lines(&said, "audit")), (0, 2), "{}", said.out);
    }
    // It cannot be read: no alarm, and the quorum of one is there.
    fs::remove_file(&file).expect("removed");
    fs::create_dir(&file).expect("made");
    let said = checkpoint(&here);
    assert!(
        said.err.contains("witness jiwei: not asked") && said.err.contains("witness audit: cosigned\n"),
        "{}",
        said.err
    );
    said.ok();
    fs::remove_dir(&file).expect("removed");

    // It cannot be written: what was signed is in the note all the same.
    fs::write(&file, &kept).expect("written");
    fs::create_dir(&half).expect("made");
    let said = checkpoint(&here)
        .failed(1, &["witness jiwei: cosigned, but that could not be kept here", "witness audit: cosigned\n"]);
    assert_eq!((lines(&said, "jiwei"), lines(&said, "audit")), (2, 2), "{}", said.out);
    assert_eq!(fs::read_to_string(&file).expect("read"), kept);
    fs::remove_dir(&half).expect("removed");
    checkpoint(&here).ok();
    assert_ne!(fs::read_to_string(&file).expect("read"), kept);
}

/// Whoever only asks for evidence learns as well what the witnesses saw.
#[test]
fn evidence_ends_as_a_checkpoint_would() {
    let mut audit = Witness::new("audit");
    let mut here = Yousu::simulated("henan-2022-43", AT);
    accepts(&mut here, "410404", 1);
    let evidence = |name: &str| {
        let file = here.dir().join(name);
        let said = here.run(["evidence", "410404-2026-1", "-o", file.to_str().expect("a path")]);
        assert!(file.exists(), "{}", said.err);
        said
    };
    // Nobody listens there.
    audit.address = "127.0.0.1:1".to_owned();
    pins(&here, &[&audit], 0);
    evidence("first").ok();
    pins(&here, &[&audit], 1);
    evidence("second").failed(1, &["witness audit: cannot be reached", "0 of 1 cosignatures that are wanted"]);
    fs::create_dir(here.dir().join("checkpoints")).expect("made");
    fs::write(here.dir().join("checkpoints/410404.audit"), "gone").expect("written");
    evidence("third").failed(3, &["witness audit: NOT asked"]);
}

/// What was cosigned is kept, and whoever verifies with it learns how far back a time could have been dated unseen.
#[test]
fn verify_holds_times_to_those_of_the_witnesses() {
    let (mut jiwei, here) = (Witness::new("jiwei"), Yousu::real());
    jiwei.watches(&here);
    let add = |department: &str| {
        here.run(["centre", "department", "add", "410404", department, "--name", department]).ok();
    };
    for department in ["scj", "zjj", "rsj"] {
        add(department);
        checkpoint(&here).ok();
    }
    let kept = here.dir().join("checkpoints/410404");
    let names = || {
        let mut names: Vec<_> =
            fs::read_dir(&kept).expect("kept").map(|file| file.expect("a file").file_name()).collect();
        names.sort_unstable();
        names
    };
    let before = names();
    assert_eq!(before.len(), 3, "{before:?}");

    // The service shows it by itself, also when nothing came: the last of that size is kept beside the first.
    let mut server = here.serve(&["--checkpoint-every", "1"]);
    while names().len() < 4 {
        assert!(server.try_wait().expect("it can be asked").is_none(), "the server ended");
        std::thread::yield_now();
    }
    server.kill().expect("it runs");
    server.wait().expect("it ends");
    let last = names().pop().expect("a file").into_string().expect("a name");
    assert!(last.ends_with(".last") && before[2].to_str() == Some(&last.replace(".last", ".first")), "{last}");

    add("gaj");
    let (both, of_log) = (here.dir().join("both"), here.dir().join("pinned"));
    let keys = fs::read_to_string(&of_log).expect("read") + &jiwei.keys.join("\n") + "\n";
    fs::write(&both, keys).expect("written");
    let verify = |keys: &Path| {
        let [kept, keys] = [&kept, keys].map(|path| path.to_str().expect("a path"));
        here.run(["verify", "--checkpoint", kept, "--keys", keys]).ok()
    };
    let said = verify(&both);
    assert!(said.contains("410404: times of witnesses bind 3 sizes, from 20"), "{said}");
    assert!(said.contains("410404: widest window 0 d 00:0"), "{said}");
    assert!(said.contains("410404: 1 events since the last"), "{said}");
    // Who does not know the witness learns nothing of its clock, and is told so.
    assert!(verify(&of_log).ends_with(" events, 0 faults\n"));
    let [kept, of_log, both] = [&kept, &of_log, &both].map(|path| path.to_str().expect("a path"));
    let said = here.run(["verify", "--checkpoint", kept, "--keys", of_log]);
    assert!(said.err.contains("times were not held to those of witnesses"), "{}", said.err);
    // One file of the directory is none: it is named, and the others are looked at all the same.
    fs::write(here.dir().join("checkpoints/410404/half"), "").expect("written");
    let said = here.run(["verify", "--checkpoint", kept, "--keys", both]).failed(3, &["tell the auditor"]);
    assert!(said.out.contains("half is no checkpoint") && said.out.contains("bind 3 sizes"), "{}", said.out);
}

/// A simulated centre's spring is long over when the witness signs: both verifiers say so of each event that came after the first
/// checkpoint, and hold the file for what it is.
#[test]
fn both_verifiers_name_the_bounds_of_a_cases_times() {
    let (mut jiwei, mut here) = (Witness::new("jiwei"), Yousu::simulated("henan-2022-43", AT));
    jiwei.watches(&here);
    let [monday, file, both] = ["monday", "file", "both"].map(|name| here.dir().join(name));
    let path = |path: &Path| path.to_str().expect("a path").to_owned();
    here.run(["checkpoint", "-o", &path(&monday)]).ok();
    accepts(&mut here, "410404", 1);
    here.run(["evidence", "410404-2026-1", "-o", &path(&file), "--since", &path(&monday)]).ok();
    let keys = fs::read_to_string(here.dir().join("pinned")).expect("read") + &jiwei.keys.join("\n") + "\n";
    fs::write(&both, keys).expect("written");
    let size = fs::read_to_string(&monday).expect("read").lines().nth(1).expect("a size").to_owned();

    let own = Command::new(built("YOUSU_VERIFY_BIN", "yousu-verify")).arg(&file).arg("--keys").arg(&both).output();
    let own = own.expect("it runs");
    let said = String::from_utf8_lossy(&own.stdout);
    assert_eq!(own.status.code(), Some(0), "{said}");
    assert!(said.contains(&format!("时间界限：日志第{size}条及以前的记录不晚于 20")), "{said}");
    assert!(said.contains("注意：#1 记录于 2026-03-02 09:00，早于见证时间 20"), "{said}");
    if !has_python() {
        return;
    }
    let script = crate::program::root().join("docs/verify/evidence.py");
    let second = Command::new("python3").arg("-B").arg(script).args([&file, &both]).output().expect("it runs");
    let said = String::from_utf8_lossy(&second.stdout);
    assert_eq!(second.status.code(), Some(0), "{said}");
    assert!(said.contains(&format!("events up to {size} of the log were recorded by ")), "{said}");
    assert!(said.contains("note: #1 was recorded at 1772413200000 ms, which is before "), "{said}");
}
