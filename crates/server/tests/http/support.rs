//! A server on a temporary directory, and just enough HTTP to talk to it.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) const CENTRE: &str = "410404";

pub(crate) fn yousu(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_yousu"));
    command.arg("--data").arg(data).stdin(Stdio::null());
    command
}

/// Opens a centre in a directory, real or simulated.
pub(crate) fn open_centre(data: &Path, simulated: bool) {
    let mut open = yousu(data);
    open.args([
        "centre",
        "open",
        CENTRE,
        "--name",
        "石龙区政务服务中心",
        "--level",
        "county",
        "--policy",
        "henan-2022-43",
    ]);
    if simulated {
        open.args(["--simulated", "--at", "2026-03-02T09:00"]);
    }
    let done = open.output().expect("yousu starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// A server that ends with the test.
pub(crate) struct Server {
    /// None for one that somebody else started.
    child: Option<Child>,
    pub(crate) address: String,
    pub(crate) data: TempDir,
}

impl Server {
    pub(crate) fn simulated() -> Self {
        Self::on(true)
    }

    pub(crate) fn on(simulated: bool) -> Self {
        let data = TempDir::new().expect("a temporary directory");
        open_centre(data.path(), simulated);
        Self::start(data)
    }

    pub(crate) fn start(data: TempDir) -> Self {
        Self::start_with(data, &[])
    }

    pub(crate) fn start_with(data: TempDir, more: &[&str]) -> Self {
        let mut serve = yousu(data.path());
        serve.args(["serve", "--listen", "127.0.0.1:0", "--format", "json"]).args(more).stdout(Stdio::piped());
        let mut child = serve.spawn().expect("yousu starts");
        let mut said = String::new();
        let stdout = child.stdout.take().expect("its standard output is a pipe");
        BufReader::new(stdout).read_line(&mut said).expect("it says where it listens");
        let said: Value = serde_json::from_str(&said).expect("one JSON object");
        let address = said["address"].as_str().expect("an address").trim_start_matches("http://").to_owned();
        Self { child: Some(child), address, data }
    }

    /// One that somebody else started, and ends.
    pub(crate) fn elsewhere(address: &str) -> Self {
        let address = address.trim_start_matches("http://").to_owned();
        Self { child: None, address, data: TempDir::new().expect("a temporary directory") }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    pub(crate) fn post(&self, command: &Value, headers: &[(&str, &str)]) -> Answer {
        let headers: Vec<_> = [("content-type", "application/json")].iter().chain(headers).copied().collect();
        self.send("POST", "/api/v1/commands", &headers, &command.to_string())
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
        if !headers.iter().any(|(name, _)| *name == "host") {
            request += &format!("host: {}\r\n", self.address);
        }
        headers.iter().for_each(|(name, value)| request += &format!("{name}: {value}\r\n"));
        request += "\r\n";
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        // A server that refuses early may close before it has read everything; its answer is what counts.
        let _ = stream.write_all(request.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        Answer::read(&String::from_utf8(answer).expect("UTF-8"))
    }

    /// Asks it to stop as a service manager does, and waits for its end.
    #[cfg(unix)]
    pub(crate) fn stop(mut self) -> (std::process::ExitStatus, TempDir) {
        let mut child = self.child.take().expect("it was started here");
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill runs").success());
        let status = child.wait().expect("it ends");
        let spare = TempDir::new().expect("a temporary directory");
        (status, std::mem::replace(&mut self.data, spare))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let named = |line: &&str| line.split_once(": ").is_some_and(|(given, _)| given.eq_ignore_ascii_case(name));
        self.head.lines().find(named).and_then(|line| line.split_once(": ")).map(|(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// It is a problem document of this status and code, and says in Chinese what to do.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let problem = self.json();
        assert_eq!((&problem["code"], &problem["status"]), (&json!(code), &json!(status)));
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(detail.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{detail}");
        problem
    }
}

/// `accept`, as the window sends it.
pub(crate) fn accept(case: Uuid) -> Value {
    json!({
        "command": "accept", "id": Uuid::new_v4(), "centre": CENTRE, "case": case,
        "by": {"id": "liming", "role": "window_clerk", "office": "centre"},
        "channel": "window", "category": "complaint",
        "complainant": {"name": "张建国", "telephone": "13803751234"},
        "summary": "执照变更", "narrative": "来了三次都没有办成。",
    })
}

pub(crate) fn classify(case: Uuid) -> Value {
    json!({
        "command": "classify", "id": Uuid::new_v4(), "centre": CENTRE, "case": case,
        "by": {"id": "liming", "role": "window_clerk", "office": "centre"}, "kind": "ordinary",
    })
}
