//! Runs `yousu` and reads what it says.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::LazyLock,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

/// Where `yousu` is.
pub(crate) fn binary() -> &'static Path {
    static BINARY: LazyLock<PathBuf> = LazyLock::new(|| built("YOUSU_BIN", "yousu"));
    &BINARY
}

/// Where a program is: the variable names it, else it is built here if need be, so that a plain `cargo test` runs too.
pub(crate) fn built(variable: &str, name: &str) -> PathBuf {
    if let Some(named) = std::env::var_os(variable) {
        return named.into();
    }
    let built = Command::new(env!("CARGO"))
        // All of them, as scripts/test builds them: of one package alone, some dependencies would be built anew.
        .args(["build", "--quiet", "--workspace", "--bins"])
        .current_dir(root())
        .status()
        .expect("cargo runs");
    assert!(built.success(), "the programs do not build");
    let profile = std::env::current_exe().expect("a test has a path");
    profile.ancestors().nth(2).expect("target/debug/deps/test").join(name)
}

/// Whether the programs in Python can be run, which want openssl too; says so where not.
pub(crate) fn has_python() -> bool {
    let has = |program: &str, arg| Command::new(program).arg(arg).output().is_ok();
    let has_both = has("python3", "-V") && has("openssl", "version");
    if !has_both {
        assert!(std::env::var_os("YOUSU_REQUIRE_ALL").is_none(), "python3 and openssl are wanted");
        eprintln!("skipped: there is no python3 or no openssl");
    }
    has_both
}

/// The workspace's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests stand in the workspace")
}

/// An installation in a directory of its own, with commands numbered as they come.
pub(crate) struct Yousu {
    dir: TempDir,
    commands: u128,
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// It succeeded; what it printed.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.status, 0, "{}{}", self.out, self.err);
        self.out
    }

    /// It failed with this status and said each of these words on standard error.
    #[track_caller]
    pub(crate) fn failed(self, status: i32, words: &[&str]) -> Self {
        assert_eq!(self.status, status, "{}{}", self.out, self.err);
        for word in words {
            assert!(self.err.contains(word), "`{word}` is not in: {}", self.err);
        }
        self
    }
}

impl Yousu {
    /// An empty directory.
    pub(crate) fn empty() -> Self {
        Self { dir: TempDir::new().expect("a temporary directory"), commands: 0 }
    }

    /// A simulated centre 410404 with two departments.
    pub(crate) fn simulated(policy: &str, at: &str) -> Self {
        let yousu = Self::empty();
        let open =
            ["centre", "open", "410404", "--name", "石龙区政务服务中心", "--level", "county", "--policy", policy];
        yousu.run(open.into_iter().chain(["--simulated", "--at", at])).ok();
        for (id, name) in [("scj", "市场监管局"), ("zjj", "住建局")] {
            yousu.run(["centre", "department", "add", "410404", id, "--name", name, "--at", at]).ok();
        }
        yousu
    }

    /// A real centre 410404 under the Henan policy.
    pub(crate) fn real() -> Self {
        let yousu = Self::empty();
        yousu
            .run(["centre", "open", "410404", "--name", "中心", "--level", "county", "--policy", "henan-2022-43"])
            .ok();
        yousu
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn run<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Said {
        self.run_with(args, "")
    }

    fn run_with<'a>(&self, args: impl IntoIterator<Item = &'a str>, input: &str) -> Said {
        let mut child = Command::new(binary())
            .arg("--data")
            .arg(self.dir())
            .args(args)
            .env_remove("YOUSU_DATA")
            .env_remove("YOUSU_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        // It may end before it read everything, which is its right.
        let _ = child.stdin.take().expect("it is piped").write_all(input.as_bytes());
        let output = child.wait_with_output().expect("the program ends");
        Said {
            status: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).expect("it prints UTF-8"),
            err: String::from_utf8(output.stderr).expect("it prints UTF-8"),
        }
    }

    /// Gives a command through `apply`; answers the result line.
    pub(crate) fn tell(&mut self, who: &str, at: &str, fields: Value) -> Value {
        self.commands += 1;
        let (role, office) = match who.split_once(':') {
            Some((role, department)) => (role.to_owned(), format!("department:{department}")),
            None if who == "discipline_liaison" => (who.to_owned(), "discipline".to_owned()),
            None => (who.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned(), "centre".to_owned()),
        };
        let by = json!({"id": who.replace(':', "-"), "role": role, "office": office});
        let mut line = json!({"id": Uuid::from_u128(self.commands), "centre": "410404", "recorded_at": at, "by": by});
        if let (Value::Object(line), Value::Object(fields)) = (&mut line, fields) {
            line.extend(fields);
        }
        let said = self.run_with(["apply", "-", "--format", "json"], &line.to_string());
        serde_json::from_str(said.out.trim()).unwrap_or_else(|_| panic!("no result line: {said:?}"))
    }

    /// The same; the types of the events.
    #[track_caller]
    pub(crate) fn does(&mut self, who: &str, at: &str, fields: Value) -> Vec<String> {
        let result = self.tell(who, at, fields);
        assert_eq!(result["ok"], true, "{result}");
        types(&result["events"])
    }

    /// A writer that goes on writing until its input ends: it has answered a first line, so it holds the log.
    pub(crate) fn writer(&self) -> Child {
        let mut child = Command::new(binary())
            .arg("--data")
            .arg(self.dir())
            .args(["apply", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        writeln!(child.stdin.as_mut().expect("it is piped"), "{{}}").expect("it reads");
        let mut answer = String::new();
        BufReader::new(child.stdout.as_mut().expect("it is piped")).read_line(&mut answer).expect("it answers");
        assert!(answer.contains("refused"), "{answer}");
        child
    }

    /// A server that answers on an address of its own: it has said which.
    pub(crate) fn serve(&self, more: &[&str]) -> Child {
        let mut child = Command::new(binary())
            .arg("--data")
            .arg(self.dir())
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut address = String::new();
        BufReader::new(child.stdout.as_mut().expect("it is piped")).read_line(&mut address).expect("it answers");
        assert!(address.starts_with("http://"), "{address}");
        child
    }

    /// Puts another installation's master key here, as an operator who kept a copy does before a restore.
    pub(crate) fn keep_master_of(&self, other: &Self) {
        std::fs::create_dir_all(self.dir().join("keys")).expect("made");
        let [from, to] = [other, self].map(|yousu| yousu.dir().join("keys/master.secret"));
        std::fs::copy(from, to).expect("copied");
    }

    /// One sweep at a moment; the types of its events.
    #[track_caller]
    pub(crate) fn tick(&self, at: &str) -> Vec<String> {
        let out = self.run(["tick", "--at", at, "--format", "json"]).ok();
        let result: Value = serde_json::from_str(&out).expect("one document");
        types(&result["events"])
    }

    /// Lines of JSON that a reading command prints.
    #[track_caller]
    pub(crate) fn lines<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Vec<Value> {
        let out = self.run(args.into_iter().chain(["--format", "json"])).ok();
        out.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect()
    }
}

fn types(events: &Value) -> Vec<String> {
    let events = events.as_array().expect("a list of events");
    events.iter().map(|event| event["type"].as_str().expect("a type").to_owned()).collect()
}
