//! A disk without room: commands are refused and say so, reading goes on, and when there is room the work goes on by itself.
//!
//! The directory is a small file system of its own, which only a process in a mount namespace of its own may make. Where
//! the system does not allow that the test says that it was skipped; under YOUSU_REQUIRE_ALL it fails.

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use crate::support::{CENTRE, Server, accept};

/// A shell that sees a file system of 4 MB in this place.
struct Room {
    shell: Child,
    says: BufReader<ChildStdout>,
}

impl Room {
    /// None where the system does not let us.
    fn new(dir: &Path) -> Option<Self> {
        let mut shell = Command::new("unshare");
        shell.args(["--map-root-user", "--mount", "sh"]).env("DATA", dir).env("YOUSU", env!("CARGO_BIN_EXE_yousu"));
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut shell = shell.spawn().ok()?;
        let says = BufReader::new(shell.stdout.take().expect("it is piped"));
        let mut room = Self { shell, says };
        room.tell(r#"mount -t tmpfs -o size=4m none "$DATA" && echo yes || echo no"#);
        if room.line() == "yes" {
            return Some(room);
        }
        assert!(env::var_os("YOUSU_REQUIRE_ALL").is_none(), "YOUSU_REQUIRE_ALL: `unshare` with `mount` is needed");
        None
    }

    fn tell(&mut self, command: &str) {
        // A shell that could not start has closed its input; what it did not say tells.
        let _ = writeln!(self.shell.stdin.as_mut().expect("it is piped"), "{command}");
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.says.read_line(&mut line).expect("it says a line");
        line.trim_end().to_owned()
    }

    fn make_room(&mut self) {
        self.make_room_in("$DATA");
    }

    fn make_room_in(&mut self, place: &str) {
        self.tell(&format!(r#"mount -o remount,size=64m "{place}" && echo room"#));
        assert_eq!(self.line(), "room");
    }

    /// The keys of persons on a disk of their own.
    fn mount_keys(&mut self) {
        self.tell(r#"mkdir "$DATA/keys" && mount -t tmpfs -o size=512k none "$DATA/keys" && echo yes"#);
        assert_eq!(self.line(), "yes");
    }

    fn fill_all_but(&mut self, kibibytes: u32) {
        self.tell(&format!(r#"more=$(($(stat -f -c '%a * %S' "$DATA") / 1024 - {kibibytes}))"#));
        // There may be less already.
        let fill = r#"[ $more -le 0 ] || head -c ${more}k /dev/zero > "$DATA/filling""#;
        assert_eq!(self.run(fill).1, 0);
    }

    /// Opens a centre and serves it.
    fn serve(&mut self) -> Server {
        assert_eq!(self.run(OPEN).1, 0);
        self.tell(r#""$YOUSU" --data "$DATA" serve --listen 127.0.0.1:0 --format json & SERVER=$!"#);
        let said: Value = serde_json::from_str(&self.line()).expect("it says where it listens");
        Server::elsewhere(said["address"].as_str().expect("an address"))
    }

    /// What a command prints until its end, and its status.
    fn run(&mut self, command: &str) -> (String, i32) {
        self.tell(&format!("{command}; echo \"= $?\""));
        let mut said = String::new();
        loop {
            let line = self.line();
            if let Some(status) = line.strip_prefix("= ") {
                return (said, status.parse().expect("a status"));
            }
            said += &line;
            said.push('\n');
        }
    }
}

impl Drop for Room {
    /// Ends the shell and what still runs in it; with the last process the file system is gone.
    fn drop(&mut self) {
        self.tell("[ -n \"$SERVER\" ] && kill -9 $SERVER; exit");
        let _ = self.shell.wait();
    }
}

fn bulky(n: u128) -> Value {
    let mut command = accept(Uuid::from_u128(1_000_000 + n));
    command["id"] = json!(Uuid::from_u128(n));
    command["recorded_at"] = json!("2026-03-02T10:00:00");
    command["narrative"] = json!("窗口不收件，材料齐全。".repeat(100));
    command
}

const OPEN: &str = r#""$YOUSU" --data "$DATA" centre open 410404 --name 中心 --level county --policy henan-2022-43 --simulated --at 2026-03-02T09:00"#;

/// Sends commands until there is no room for one, and says where they stand.
fn fill(server: &Server) -> Vec<String> {
    let mut positions = Vec::new();
    let refused = loop {
        let n = positions.len() as u128;
        assert!(n < 2_000, "the disk never got full");
        let answer = server.post(&bulky(n), &[]);
        match answer.status {
            200 => positions.push(answer.header("yousu-position").expect("where it stands").to_owned()),
            _ => break answer,
        }
    };
    assert!(positions.len() > 20, "{}", positions.len());
    refused.is_problem(507, "disk-full");
    positions
}

fn resumes(server: &Server, positions: &[String]) {
    // The same command once more, as the refusal says; and one that was acknowledged is still there, where it was.
    for n in [positions.len(), 0, positions.len() - 1] {
        let again = server.post(&bulky(n as u128), &[]);
        assert_eq!(again.status, 200, "{}", again.body);
        assert_eq!(again.json()["already"] == json!(true), n != positions.len());
        if let Some(position) = positions.get(n) {
            assert_eq!(again.header("yousu-position"), Some(position.as_str()));
        }
    }
}

#[test]
fn the_service_refuses_reads_on_and_resumes() {
    let dir = TempDir::new().expect("a temporary directory");
    let Some(mut room) = Room::new(dir.path()) else {
        return eprintln!("skipped: no file system of its own can be mounted here");
    };
    let server = room.serve();

    let positions = fill(&server);
    let newest = Uuid::from_u128(1_000_000 + positions.len() as u128 - 1);
    assert_eq!(server.get(&format!("/api/v1/centres/{CENTRE}/cases/{newest}")).status, 200);
    server.post(&bulky(positions.len() as u128), &[]).is_problem(507, "disk-full");

    room.make_room();
    resumes(&server, &positions);
    let ledger = server.get(&format!("/api/v1/centres/{CENTRE}/ledger?limit=1"));
    assert_eq!(ledger.status, 200, "{}", ledger.body);

    assert_eq!(room.run("kill -TERM $SERVER; wait $SERVER").1, 0);
    let (ledger, status) = room.run(r#""$YOUSU" --data "$DATA" ledger --at 2026-03-02T11:00 --format json"#);
    assert_eq!((ledger.lines().count(), status), (positions.len() + 1, 0));
    let (verified, status) = room.run(r#""$YOUSU" --data "$DATA" verify --format json"#);
    assert_eq!(status, 0, "{verified}");
}

/// The log has room all the while: what is full is the disk of the keys that the texts are sealed with.
#[test]
fn where_keys_have_no_room_nothing_is_recorded_and_the_service_resumes() {
    let dir = TempDir::new().expect("a temporary directory");
    let Some(mut room) = Room::new(dir.path()) else {
        return eprintln!("skipped: no file system of its own can be mounted here");
    };
    room.make_room();
    room.mount_keys();
    let server = room.serve();

    let positions = fill(&server);
    let newest = Uuid::from_u128(1_000_000 + positions.len() as u128 - 1);
    let read = server.get(&format!("/api/v1/centres/{CENTRE}/cases/{newest}"));
    assert_eq!(read.status, 200, "{}", read.body);
    room.make_room_in("$DATA/keys");
    resumes(&server, &positions);
    assert_eq!(room.run("kill -TERM $SERVER; wait $SERVER").1, 0);
    let (verified, status) = room.run(r#""$YOUSU" --data "$DATA" verify --format json"#);
    assert_eq!(status, 0, "{verified}");
    let (ledger, status) = room.run(r#""$YOUSU" --data "$DATA" ledger --at 2026-03-02T11:00 --format json"#);
    assert_eq!((ledger.lines().count(), status), (positions.len() + 1, 0));
}

#[test]
fn apply_names_the_line_at_which_there_was_no_room_and_goes_on_from_there() {
    const COMMANDS: u128 = 2_000;
    let (dir, outside) = (TempDir::new().expect("a directory"), TempDir::new().expect("a directory"));
    let Some(mut room) = Room::new(dir.path()) else {
        return eprintln!("skipped: no file system of its own can be mounted here");
    };
    let lines: Vec<_> = (0..COMMANDS).map(|n| bulky(n).to_string()).collect();
    let file = outside.path().join("commands.jsonl");
    fs::write(&file, lines.join("\n")).expect("there is room outside");
    assert_eq!(room.run(OPEN).1, 0);
    let apply = format!(r#""$YOUSU" --data "$DATA" apply {} --format json 2>&1"#, file.display());
    let (said, status) = room.run(&apply);
    let (done, error): (Vec<_>, Vec<_>) = said.lines().partition(|line| line.starts_with('{'));
    assert_eq!((status, error.len()), (1, 1), "{error:?}");
    let place = format!("line {} of {}", done.len() + 1, file.display());
    assert!(
        error[0].contains(&place) && error[0].contains("no room left") && error[0].contains("make room"),
        "{error:?}"
    );

    // What ended let go of its write-ahead logs, and with them of some room.
    room.fill_all_but(100);
    let (refused, status) = room.run(r#""$YOUSU" --data "$DATA" rebuild 2>&1"#);
    assert!(status == 1 && refused.contains("no room left on the disk"), "{status} {refused}");

    room.make_room();
    let (said, status) = room.run(&apply);
    assert_eq!(status, 0, "{said}");
    let again: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).expect("a result")).collect();
    assert_eq!(again.len() as u128, COMMANDS);
    assert_eq!(again.iter().filter(|result| result["already"] == json!(true)).count(), done.len());
    for (first, again) in done.iter().zip(&again) {
        let first: Value = serde_json::from_str(first).expect("a result");
        assert_eq!(first["events"], again["events"]);
    }
    let (verified, status) = room.run(r#""$YOUSU" --data "$DATA" verify --format json"#);
    assert_eq!(status, 0, "{verified}");
}

#[test]
fn a_rebuild_without_room_is_refused_leaves_the_room_to_the_log_and_succeeds_when_there_is_room() {
    const CASES: u128 = 150;
    let dir = TempDir::new().expect("a temporary directory");
    let Some(mut room) = Room::new(dir.path()) else {
        return eprintln!("skipped: no file system of its own can be mounted here");
    };
    room.make_room();
    let server = room.serve();
    for n in 0..CASES {
        assert_eq!(server.post(&bulky(n), &[]).status, 200, "there is room for {CASES} cases");
    }
    let ledger = format!("/api/v1/centres/{CENTRE}/ledger?limit=1");
    let before = server.get(&ledger);
    assert_eq!(before.status, 200, "{}", before.body);

    // All but what a few commands need: not enough for views built anew beside the old ones.
    room.fill_all_but(200);
    for _ in 0..2 {
        let (refused, status) = room.run(r#""$YOUSU" --data "$DATA" rebuild 2>&1"#);
        assert!(status == 1 && refused.contains("no room left on the disk"), "{status} {refused}");
        assert_eq!(room.run(r#"ls "$DATA"/views | grep -c new"#).0, "0\n", "half a view was left");
    }
    assert_eq!(server.get(&ledger).body, before.body, "the old view goes on serving");
    let more = server.post(&bulky(CASES), &[]);
    assert_eq!(more.status, 200, "the room that the rebuild had taken is the log's again: {}", more.body);

    assert_eq!(room.run(r#"rm "$DATA/filling"; "$YOUSU" --data "$DATA" rebuild 2>&1"#).1, 0);
    assert_eq!(server.get(&ledger).status, 200);
    assert_eq!(room.run("kill -TERM $SERVER; wait $SERVER").1, 0);
    let (verified, status) = room.run(r#""$YOUSU" --data "$DATA" verify --format json"#);
    assert_eq!(status, 0, "{verified}");
}
