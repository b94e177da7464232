//! The service itself: who may reach it, how it starts, how it ends.

use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use uuid::Uuid;

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
};

use transparency::{
    note::{Scheme, SigningKey},
    request::SIZE_TYPE,
};

use crate::support::{CENTRE, Server, accept, open_centre, yousu};

/// Starts a server that must not start, and returns why.
#[track_caller]
fn refused(data: &TempDir, args: &[&str]) -> String {
    let done = yousu(data.path()).arg("serve").args(args).output().expect("yousu starts");
    assert_eq!(done.status.code(), Some(1), "{}", String::from_utf8_lossy(&done.stdout));
    String::from_utf8(done.stderr).expect("UTF-8")
}

#[test]
fn only_a_loopback_address_is_listened_on() {
    let data = TempDir::new().expect("a temporary directory");
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8404"] {
        let why = refused(&data, &["--listen", address]);
        assert!(why.contains(address) && why.contains("127.0.0.1"), "{why}");
    }
    assert_eq!(std::fs::read_dir(data.path()).expect("it is there").count(), 0, "nothing was made");
}

#[test]
fn an_address_or_a_log_in_use_is_named() {
    let server = Server::simulated();
    let other = TempDir::new().expect("a temporary directory");
    let why = refused(&other, &["--listen", &server.address]);
    assert!(why.contains(&server.address) && why.contains("--listen"), "{why}");
    let why = refused(&server.data, &["--listen", "127.0.0.1:0"]);
    assert!(why.contains("is being written by") && why.contains("log.sqlite"), "{why}");
}

#[test]
fn a_demo_never_mixes_with_real_cases() {
    let data = TempDir::new().expect("a temporary directory");
    open_centre(data.path(), false);
    let why = refused(&data, &["--listen", "127.0.0.1:0", "--demo"]);
    assert!(why.contains("real centre") && why.contains("--data"), "{why}");
}

#[test]
fn half_a_demo_is_not_served() {
    let data = TempDir::new().expect("a temporary directory");
    let demo = ["serve", "--listen", "127.0.0.1:0", "--demo"];
    let mut filling = yousu(data.path()).args(demo).stderr(std::process::Stdio::null()).spawn().expect("yousu starts");
    while !data.path().join("demo.unfinished").exists() {
        assert!(filling.try_wait().expect("it can be asked").is_none(), "it ended before it began");
        std::thread::yield_now();
    }
    filling.kill().expect("it runs");
    filling.wait().expect("it ends");
    let why = refused(&data, &demo[1..]);
    assert!(why.contains("interrupted") && why.contains("delete that directory"), "{why}");
}

#[test]
fn requests_in_another_machines_name_are_refused() {
    let server = Server::simulated();
    for headers in [
        vec![("host", "evil.example")],
        vec![("host", "127.0.0.1.evil.example")],
        vec![("host", "localhost"), ("origin", "http://evil.example")],
        vec![("host", "localhost"), ("origin", "null")],
    ] {
        server.send("GET", "/", &headers, "").is_problem(421, "not-this-machine");
        server.post(&accept(Uuid::new_v4()), &headers).is_problem(421, "not-this-machine");
    }
    let origin = format!("http://{}", server.address);
    assert_eq!(server.post(&accept(Uuid::new_v4()), &[("origin", &origin)]).status, 200);
}

#[test]
fn every_answer_carries_its_fences() {
    let server = Server::simulated();
    for path in ["/", "/assets/yousu.css", "/api/v1/centres", "/healthz", "/nowhere", "/api/v1/nowhere"] {
        let answer = server.get(path);
        let policy = answer.header("content-security-policy").expect("a content security policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    }
    assert_eq!(server.get("/nowhere").status, 404);
}

#[test]
fn health_names_the_views_and_how_far_they_are() {
    let server = Server::simulated();
    let health = server.get("/healthz");
    assert_eq!((health.status, server.get("/readyz").status), (200, 200));
    let health = health.json();
    assert_eq!(health["status"], "ok");
    let views = health["centres"][0]["views"].as_array().expect("views").iter().map(|view| view["view"].clone());
    let registered: Vec<_> = projections::registry::VIEWS.iter().map(|view| view.name).collect();
    assert_eq!(views.collect::<Vec<_>>(), registered);
}

#[test]
fn an_empty_directory_says_what_to_do_next() {
    let server = Server::start(TempDir::new().expect("a temporary directory"));
    let page = server.get("/");
    assert!(page.status == 200 && page.body.contains("台账") && page.body.contains("yousu centre open"));
    assert_eq!(server.get("/healthz").status, 200);
}

#[cfg(unix)]
#[test]
fn it_stops_when_told_and_leaves_a_whole_log() {
    let server = Server::simulated();
    for _ in 0..5 {
        assert_eq!(server.post(&accept(Uuid::new_v4()), &[]).status, 200);
    }
    let (status, data) = server.stop();
    assert_eq!(status.code(), Some(0));
    let verified = yousu(data.path()).arg("verify").output().expect("yousu starts");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    let ledger = yousu(data.path()).args(["ledger", "--centre", CENTRE, "--format", "json"]).output();
    assert_eq!(String::from_utf8_lossy(&ledger.expect("yousu starts").stdout).lines().count(), 5);
}

/// A key of a person of one centre is gone. What can be read of the others is shown, and the server says that something is wrong.
#[test]
fn a_centre_whose_log_cannot_be_read_keeps_no_other_one_from_being_shown() {
    const OTHER: &str = "410500";
    let data = TempDir::new().expect("a temporary directory");
    open_centre(data.path(), false);
    let open = ["centre", "open", OTHER, "--name", "彼处", "--level", "county", "--policy", "henan-2022-43"];
    assert!(yousu(data.path()).args(open).status().expect("yousu starts").success());
    let server = Server::start(data);
    let mut there = accept(Uuid::from_u128(2));
    there["centre"] = OTHER.into();
    let first = server.post(&accept(Uuid::from_u128(1)), &[]);
    let last = server.post(&there, &[]);
    assert_eq!((first.status, last.status), (200, 200), "{}", last.body);
    let seen = last.header("yousu-position").expect("where it stands").to_owned();
    let data = server.stop().1;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let file = SqliteConnectOptions::new().filename(data.path().join("keys/persons.sqlite"));
        let mut keys = file.connect().await.expect("it opens");
        let gone = sqlx::query("DELETE FROM persons WHERE centre = $1").bind(CENTRE).execute(&mut keys).await;
        assert_eq!(gone.expect("deleted").rows_affected(), 1);
        keys.close().await.expect("closed");
    });
    std::fs::remove_dir_all(data.path().join("views")).expect("removed");

    let server = Server::start(data);
    let ledger = |code: &str, seen: &str| {
        server.send("GET", &format!("/api/v1/centres/{code}/ledger"), &[("yousu-position", seen)], "")
    };
    let shown = ledger(OTHER, &seen);
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert!(shown.body.contains(&Uuid::from_u128(2).to_string()), "{}", shown.body);
    ledger(CENTRE, first.header("yousu-position").expect("where it stands")).is_problem(503, "view-behind");
    assert_eq!(server.get("/healthz").json()["status"], "troubled");
}

/// The witness is somebody else's program, and says that it remembers more than this log ever had: an older copy of the log was put in
/// place. The service shows the checkpoint by itself, and says so where a watchman looks.
#[test]
fn a_witness_that_remembers_more_than_the_log_has_is_told_to_the_watchman() {
    let data = TempDir::new().expect("a temporary directory");
    open_centre(data.path(), false);
    let witness = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = witness.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in witness.incoming() {
            let mut stream = stream.expect("a request");
            let mut request = [0; 1 << 16];
            let _ = stream.read(&mut request);
            let head = format!(
                "HTTP/1.1 409 Conflict\r\ncontent-type: {SIZE_TYPE}\r\ncontent-length: 6\r\nconnection: close\r\n\r\n"
            );
            let _ = stream.write_all(format!("{head}99999\n").as_bytes());
        }
    });
    let key = SigningKey::new("jiwei", Scheme::Ed25519Timed, &[7; 32]).expect("a key").verifier();
    let toml = format!("quorum = 1\n[[witness]]\nurl = \"http://{address}/\"\nkeys = [\"{key}\"]\n");
    std::fs::write(data.path().join("witnesses.toml"), toml).expect("written");
    let server = Server::start_with(data, &["--checkpoint-every", "1"]);
    let health = loop {
        let health = server.get("/healthz");
        if health.json()["checkpoints"].as_array().is_some_and(|shown| !shown.is_empty()) {
            break health;
        }
        std::thread::yield_now();
    };
    assert_eq!(health.status, 503, "{}", health.body);
    let health = health.json();
    let (shown, wrong) = (&health["checkpoints"][0], &health["wrong"][0]);
    assert_eq!(
        (shown["centre"].as_str(), shown["cosigned"].as_u64(), shown["quorum"].as_u64()),
        (Some(CENTRE), Some(0), Some(1))
    );
    assert_eq!((wrong["what"].as_str(), wrong["centre"].as_str()), (Some("witnesses"), Some(CENTRE)), "{health}");
    assert!(wrong["why"].as_str().is_some_and(|why| why.contains("it remembers size 99999")), "{health}");
}
