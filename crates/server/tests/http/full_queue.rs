//! A disk that stalls: what waits is bounded, whoever finds no room is told so and when to come back, and nothing that was
//! acknowledged is lost. The stall is made by another program that holds the database's write lock.

use std::{collections::BTreeSet, path::Path, sync::mpsc, thread};

use serde_json::Value;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::support::{Answer, CENTRE, Server, accept};

/// More than the service lets in at once (640), so that some are refused whatever the writer does meanwhile.
const COMMANDS: usize = 700;

/// Whoever holds the write lock.
struct Stall(Runtime, SqliteConnection);

impl Stall {
    fn begin(log: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let options = SqliteConnectOptions::new().filename(log);
        let connection = runtime.block_on(async {
            let mut connection = options.connect().await?;
            sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await?;
            Ok::<_, sqlx::Error>(connection)
        });
        Self(runtime, connection.expect("the lock is free"))
    }

    fn end(mut self) {
        let ended = self.0.block_on(async {
            sqlx::query("ROLLBACK").execute(&mut self.1).await?;
            self.1.close().await
        });
        ended.expect("it was held");
    }
}

/// A refusal that passes, and says when to try again.
#[track_caller]
fn is_to_be_sent_again(answer: &Answer) {
    let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
    let passing = [(429, "share-full"), (503, "queue-full"), (503, "too-many-at-once"), (503, "log-not-writable")];
    assert!(passing.contains(&(answer.status, &code)), "{} {}", answer.status, answer.body);
    let problem = answer.is_problem(answer.status, &code);
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("再提交")), "{problem}");
    let seconds = answer.header("retry-after").and_then(|seconds| seconds.parse::<u32>().ok());
    assert!(seconds.is_some_and(|seconds| (1..=10).contains(&seconds)), "{seconds:?}");
}

fn position(server: &Server) -> u64 {
    server.get("/healthz").json()["centres"][0]["position"].as_u64().expect("the log's end")
}

#[test]
fn a_stalled_disk_fills_the_queue_and_not_the_memory_and_nothing_is_lost() {
    let server = Server::on(false);
    let commands: Vec<Value> = (0..COMMANDS).map(|n| accept(Uuid::from_u128(1 + n as u128))).collect();
    server.post(&commands[0], &[]);
    let before = position(&server);
    let stall = Stall::begin(&server.data.path().join("log.sqlite"));

    let (answered, answers) = mpsc::channel();
    let mut first = Vec::new();
    thread::scope(|scope| {
        for command in &commands[1..] {
            let (answered, server) = (answered.clone(), &server);
            let send = move || answered.send(server.post(command, &[])).expect("somebody listens");
            thread::Builder::new().stack_size(128 << 10).spawn_scoped(scope, send).expect("a thread");
        }
        drop(answered);
        // So many at least find no room.
        first.extend(answers.iter().take(COMMANDS - 1 - 640));
        // Reading goes on, and so does telling whether the service lives.
        let case = format!("/api/v1/centres/{CENTRE}/cases/{}", Uuid::from_u128(1));
        assert_eq!(server.get(&case).status, 200);
        assert_eq!((server.get("/healthz").status, position(&server)), (200, before));
        stall.end();
    });
    first.iter().for_each(is_to_be_sent_again);
    let rest: Vec<Answer> = answers.iter().collect();
    assert_eq!(first.len() + rest.len(), COMMANDS - 1);
    let (done, refused): (Vec<_>, Vec<_>) = rest.into_iter().partition(|answer| answer.status == 200);
    refused.iter().for_each(is_to_be_sent_again);
    assert_eq!(position(&server), before + done.len() as u64, "what was refused is not there");

    // Work goes on: each is sent again as it was, and stands there once.
    let again = |commands: &[Value]| {
        let position = |command| {
            let answer = server.post(command, &[]);
            assert_eq!(answer.status, 200, "{}", answer.body);
            answer.json()["events"][0]["position"].as_u64()
        };
        commands.iter().map(position).collect::<BTreeSet<_>>()
    };
    let places: BTreeSet<_> = thread::scope(|scope| {
        let senders: Vec<_> = commands.chunks(50).map(|commands| scope.spawn(move || again(commands))).collect();
        senders.into_iter().flat_map(|sender| sender.join().expect("all are taken")).collect()
    });
    assert_eq!((places.len(), position(&server)), (COMMANDS, before + COMMANDS as u64 - 1));
    let acknowledged = done.iter().map(|answer| answer.json()["events"][0]["position"].clone());
    assert!(acknowledged.into_iter().all(|position| places.contains(&position.as_u64())));
}
