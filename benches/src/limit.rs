//! The limit: the same rows — same bytes, columns, indexes, triggers and durability — written straight through SQLite,
//! with group commit, and with nothing else done: no check, no hash, no queue that is fair.

use std::path::Path;

use sqlx::{ConnectOptions as _, Connection as _, QueryBuilder, Sqlite, sqlite::SqliteConnectOptions};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

/// The log's own schema.
const SCHEMA: &str = include_str!("../../schemas/sql/sqlite/schema.sql");

/// The most appends that a writer takes into one commit.
const GROUP: usize = 1_000;

/// An event whose place is known but for its position.
pub(crate) struct Row {
    pub(crate) stream: Uuid,
    /// The stream's number, known by whoever makes the rows.
    pub(crate) stream_id: i64,
    pub(crate) version: i64,
    pub(crate) body: Vec<u8>,
}

pub(crate) type Job = (Row, oneshot::Sender<()>);

const LEAF: [u8; 32] = [7; 32];
const RECORDED_MS: i64 = 1_767_225_600_000;

/// The C API: prepared statements, a row a call.
pub(crate) fn c_api(path: &Path) -> anyhow::Result<mpsc::Sender<Job>> {
    let mut database = rusqlite::Connection::open(path)?;
    database.pragma_update(None, "page_size", 8_192)?;
    database.pragma_update(None, "journal_mode", "WAL")?;
    database.pragma_update(None, "synchronous", "FULL")?;
    database.pragma_update(None, "foreign_keys", "ON")?;
    let synchronous: i64 = database.pragma_query_value(None, "synchronous", |row| row.get(0))?;
    anyhow::ensure!(synchronous == 2, "synchronous is {synchronous}");
    database.execute_batch(SCHEMA)?;
    database.execute_batch("INSERT INTO centres VALUES (1, '410404'); INSERT INTO kinds VALUES (1, 'accepted')")?;
    let (send, mut receive) = mpsc::channel::<Job>(4 * GROUP);
    std::thread::spawn(move || {
        let (mut jobs, mut position) = (Vec::new(), 0_i64);
        while receive.blocking_recv_many(&mut jobs, GROUP) > 0 {
            commit(&mut database, &jobs, &mut position).expect("the limit's own writer works");
            for (_, done) in jobs.drain(..) {
                // Nobody waits any more: the time is up.
                let _ = done.send(());
            }
        }
    });
    Ok(send)
}

fn commit(database: &mut rusqlite::Connection, jobs: &[Job], position: &mut i64) -> rusqlite::Result<()> {
    let transaction = database.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    {
        let mut stream =
            transaction.prepare_cached("INSERT INTO streams (id, centre, ordinal, uuid) VALUES (?1, 1, ?1, ?2)")?;
        let mut event = transaction.prepare_cached(
            "INSERT INTO events (centre, position, stream, version, recorded_ms, kind, kind_version, leaf, body)
             VALUES (1, ?1, ?2, ?3, ?4, 1, 1, ?5, ?6)",
        )?;
        for (row, _) in jobs {
            *position += 1;
            if row.version == 1 {
                stream.execute((row.stream_id, row.stream.as_bytes().as_slice()))?;
            }
            event.execute((*position, row.stream_id, row.version, RECORDED_MS + *position, LEAF, &row.body))?;
        }
        transaction
            .prepare_cached(
                "INSERT INTO heads (centre, position, recorded_ms, clock_steps_back, streams, frontier, committed)
                 VALUES (1, ?1, ?2, 0, 0, x'', 0)
                 ON CONFLICT (centre) DO UPDATE SET position = excluded.position, recorded_ms = excluded.recorded_ms",
            )?
            .execute((*position, RECORDED_MS + *position))?;
    }
    transaction.commit()
}

/// sqlx: statements of up to a hundred rows.
pub(crate) async fn sqlx(path: &Path) -> anyhow::Result<mpsc::Sender<Job>> {
    const ROWS: usize = 100;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .page_size(8_192)
        .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
        .synchronous(sqlx::sqlite::SqliteSynchronous::Full)
        .foreign_keys(true)
        .disable_statement_logging();
    let mut database = options.connect().await?;
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut database).await?;
    anyhow::ensure!(synchronous == 2, "synchronous is {synchronous}");
    sqlx::raw_sql(SCHEMA).execute(&mut database).await?;
    sqlx::raw_sql("INSERT INTO centres VALUES (1, '410404'); INSERT INTO kinds VALUES (1, 'accepted')")
        .execute(&mut database)
        .await?;
    let (send, mut receive) = mpsc::channel::<Job>(4 * GROUP);
    tokio::spawn(async move {
        let (mut jobs, mut position) = (Vec::new(), 0_i64);
        while receive.recv_many(&mut jobs, GROUP).await > 0 {
            let written = async {
                let mut transaction = database.begin_with("BEGIN IMMEDIATE").await?;
                for rows in jobs.chunks(ROWS) {
                    insert(&mut transaction, rows, &mut position).await?;
                }
                sqlx::query(
                    "INSERT INTO heads (centre, position, recorded_ms, clock_steps_back, streams, frontier, committed)
                     VALUES (1, ?, ?, 0, 0, x'', 0)
                     ON CONFLICT (centre) DO UPDATE SET position = excluded.position, recorded_ms = excluded.recorded_ms",
                )
                .bind(position)
                .bind(RECORDED_MS + position)
                .execute(&mut *transaction)
                .await?;
                transaction.commit().await
            };
            written.await.expect("the limit's own writer works");
            for (_, done) in jobs.drain(..) {
                // Nobody waits any more: the time is up.
                let _ = done.send(());
            }
        }
    });
    Ok(send)
}

async fn insert(transaction: &mut sqlx::SqliteConnection, rows: &[Job], position: &mut i64) -> Result<(), sqlx::Error> {
    let new: Vec<&Row> = rows.iter().map(|(row, _)| row).filter(|row| row.version == 1).collect();
    if !new.is_empty() {
        let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO streams (id, centre, ordinal, uuid) ");
        insert.push_values(new, |mut values, row| {
            let uuid = row.stream.as_bytes().to_vec();
            values.push_bind(row.stream_id).push("1").push_bind(row.stream_id).push_bind(uuid);
        });
        insert.build().execute(&mut *transaction).await?;
    }
    let mut insert = QueryBuilder::<Sqlite>::new(
        "INSERT INTO events (centre, position, stream, version, recorded_ms, kind, kind_version, leaf, body) ",
    );
    insert.push_values(rows, |mut values, (row, _)| {
        *position += 1;
        values.push("1").push_bind(*position).push_bind(row.stream_id).push_bind(row.version);
        values.push_bind(RECORDED_MS + *position).push("1").push("1");
        values.push_bind(LEAF.to_vec()).push_bind(row.body.clone());
    });
    insert.build().execute(transaction).await?;
    Ok(())
}
