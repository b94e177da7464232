//! Commands: once, on the version that was seen, and read back at once.

use serde_json::json;
use uuid::Uuid;

use crate::support::{CENTRE, Server, accept, classify};

#[test]
fn a_command_answers_with_its_events_and_where_they_stand() {
    let server = Server::simulated();
    let case = Uuid::new_v4();
    let done = server.post(&accept(case), &[]);
    assert_eq!(done.status, 200, "{}", done.body);
    let event = &done.json()["events"][0];
    assert_eq!((&event["type"], &event["version"]), (&json!("accepted"), &json!(1)));
    assert_eq!(done.header("etag"), Some("\"1\""));
    assert_eq!(done.header("yousu-position"), Some(format!("{CENTRE}@{}", event["position"]).as_str()));
}

#[test]
fn a_command_sent_twice_is_done_once() {
    let server = Server::simulated();
    let command = accept(Uuid::new_v4());
    let (first, again) = (server.post(&command, &[]), server.post(&command, &[]));
    assert_eq!(first.json()["events"], again.json()["events"]);
    assert_eq!(again.json()["already"], json!(true));
    assert_eq!(first.header("yousu-position"), again.header("yousu-position"));

    let mut other = command;
    other["summary"] = "另一件事".into();
    server.post(&other, &[]).is_problem(409, "command-id-reused");
}

#[test]
fn an_idempotency_key_stands_in_for_the_id() {
    let server = Server::simulated();
    let mut command = accept(Uuid::new_v4());
    let own = command.as_object_mut().and_then(|command| command.remove("id")).expect("it had one");
    for key in ["form-17", "\"form-17\""] {
        let done = server.post(&command, &[("idempotency-key", key)]);
        assert_eq!(done.status, 200, "{}", done.body);
        assert_eq!(done.json()["events"][0]["version"], json!(1));
    }
    server.post(&command, &[]).is_problem(422, "unreadable");
    command["id"] = own;
    let key = Uuid::new_v4().to_string();
    server.post(&command, &[("idempotency-key", &key)]).is_problem(400, "header-contradicts-body");
}

#[test]
fn whoever_saw_an_older_version_is_told() {
    let server = Server::simulated();
    let case = Uuid::new_v4();
    let seen = server.post(&accept(case), &[]);
    let seen = seen.header("etag").expect("an ETag");
    assert_eq!(server.post(&classify(case), &[("if-match", seen)]).status, 200);
    let refused = server.post(&classify(case), &[("if-match", seen)]);
    let problem = refused.is_problem(412, "version-changed");
    assert_eq!(problem["article"], json!("默认"));

    let mut stale = classify(case);
    stale["version"] = json!(1);
    server.post(&stale, &[]).is_problem(409, "version-changed");
    server.post(&classify(case), &[("if-match", "2")]).is_problem(400, "bad-if-match");
}

#[test]
fn what_was_written_can_be_read_at_once() {
    let server = Server::simulated();
    for n in 1..=20 {
        let done = server.post(&accept(Uuid::new_v4()), &[]);
        let position = done.header("yousu-position").expect("a position");
        let path = format!("/api/v1/centres/{CENTRE}/ledger?limit=500");
        let read = server.send("GET", &path, &[("yousu-position", position)], "");
        assert_eq!(read.json()["lines"].as_array().map(Vec::len), Some(n));
    }
    let path = format!("/api/v1/centres/{CENTRE}/ledger");
    let early = server.send("GET", &path, &[("yousu-position", &format!("{CENTRE}@99999"))], "");
    early.is_problem(503, "view-behind");
    assert!(early.header("retry-after").is_some());
    server.send("GET", &path, &[("yousu-position", "99999")], "").is_problem(400, "bad-position");
}

#[test]
fn refusals_have_a_code_a_status_and_an_article() {
    let server = Server::simulated();
    let case = Uuid::new_v4();
    let problem = server.post(&classify(case), &[]).is_problem(404, "no-such-case");
    assert_eq!(problem["article"], json!("H5"));

    let mut elsewhere = accept(case);
    elsewhere["centre"] = "410499".into();
    server.post(&elsewhere, &[]).is_problem(404, "centre-not-open");

    assert_eq!(server.post(&accept(case), &[]).status, 200);
    server.post(&accept(case), &[]).is_problem(409, "already-accepted");

    let mut by_a_liaison = classify(case);
    by_a_liaison["by"]["role"] = "discipline_liaison".into();
    server.post(&by_a_liaison, &[]).is_problem(422, "wrong-role");

    let mut misspelt = classify(case);
    misspelt["kimd"] = "ordinary".into();
    server.post(&misspelt, &[]).is_problem(422, "unreadable");
}

#[test]
fn a_body_that_is_no_command_is_refused() {
    let server = Server::simulated();
    let path = "/api/v1/commands";
    let json = ("content-type", "application/json");
    server.send("POST", path, &[json], "{\"command\":").is_problem(400, "bad-json");
    server.send("POST", path, &[json], "[1]").is_problem(422, "unreadable");
    server.send("POST", path, &[], "{}").is_problem(415, "not-json");
    server.send("POST", path, &[("content-type", "text/plain")], "{}").is_problem(415, "not-json");
    server.send("POST", path, &[json], &" ".repeat((1 << 20) + 1)).is_problem(413, "too-large");
    server.send("GET", path, &[], "").is_problem(405, "no-such-method");

    let mut with_nul = accept(Uuid::new_v4());
    with_nul["summary"] = "a\u{0}b".into();
    server.post(&with_nul, &[]).is_problem(422, "text-unreadable");
}

#[test]
fn a_real_directory_takes_no_time_from_the_command() {
    let server = Server::on(false);
    let mut command = accept(Uuid::new_v4());
    command["recorded_at"] = "2020-01-02T10:00:00+08:00".into();
    server.post(&command, &[]).is_problem(422, "time-given");
    assert_eq!(server.post(&accept(Uuid::new_v4()), &[]).status, 200);
}
