//! The one task that writes.

mod stream_heads;

use std::collections::VecDeque;
use std::sync::Arc;

use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;
use tokio::sync::oneshot;
use transparency::Hash;

use super::batch::{Batch, Committed};
use super::carry::Carry;
use super::connect::Database;
use super::heads::Heads;
use super::lock::WriterLock;
use super::resting::{Resting, Turn};
use super::stream_heads::Foreseen;
use super::unplaced::Unplaced;
use super::{SQLITE_BUSY, SQLITE_CONSTRAINT, SQLITE_FULL, primary_code};
use crate::queue::Queue;
use crate::tail::Tails;
use crate::{Append, AppendError, Appended, Cause, Centre, LogError, Ready};

/// What waits for the writer, an append perhaps together with what has to be on the disk before it.
#[derive(Debug)]
pub(super) enum Job {
    Append(Appending, Option<Ready>),
    /// The heads of a centre's streams are to be committed to.
    Heads(Append, Foreseen, oneshot::Sender<Result<Option<Appended>, AppendError>>),
}

/// An append that waits, its bodies hashed, and whom to tell.
#[derive(Debug)]
pub(super) struct Appending {
    pub(super) append: Append,
    pub(super) bodies: Vec<Hash>,
    pub(super) reply: oneshot::Sender<Result<Appended, AppendError>>,
}

/// Owns the one connection that writes, and everything that is true only because nobody else does.
#[derive(Debug)]
pub(super) struct Writer {
    database: Database,
    queue: Arc<Queue<Job>>,
    tails: Arc<Tails>,
    heads: Heads,
    /// What was taken from the queue and cannot be written yet.
    resting: Resting,
    /// `None` after a commit whose end is unknown, until the database could be opened again.
    connection: Option<SqliteConnection>,
    carry: Carry,
    /// Nodes of the tree of heads that are on their way to their places.
    unplaced: VecDeque<Unplaced>,
    /// Whether those that an earlier process left, or an error, are among them.
    looked_for_unplaced: bool,
    /// What a planted bug acknowledged and did not commit yet.
    #[cfg(feature = "model")]
    late: Option<Batch>,
    /// Let go of last: nobody else may write while the connection is still being closed.
    _lock: WriterLock,
}

impl Writer {
    pub(super) async fn open(
        database: Database,
        lock: WriterLock,
        queue: Arc<Queue<Job>>,
        tails: Arc<Tails>,
    ) -> Result<Self, LogError> {
        let mut connection = database.connect_writer().await?;
        // A process that was killed may have left commits that were written and not synced. They are on the disk since the WAL was
        // written again; carried over into the database, they need no second look.
        match sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&mut connection).await {
            Err(error) if primary_code(&error) != Some(SQLITE_FULL) => {
                return Err(database.storage("sync what was written before", error));
            }
            _ => {}
        }
        let connection = Some(connection);
        Ok(Self {
            database,
            queue,
            tails,
            heads: Heads::default(),
            resting: Resting::default(),
            connection,
            carry: Carry::default(),
            unplaced: VecDeque::new(),
            looked_for_unplaced: false,
            #[cfg(feature = "model")]
            late: None,
            _lock: lock,
        })
    }

    /// Writes what comes, until the queue is closed and empty.
    pub(super) async fn run(mut self) {
        while let Some(jobs) = self.next().await {
            point!("writer: a group was taken");
            self.write(jobs).await;
        }
        if let Some(connection) = self.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(path = %self.database.path.display(), %error, "the log was not closed cleanly; nothing is lost");
        }
    }

    /// What came from the queue, as soon as anything did, or one of those that rest on something may be written now; `None` once
    /// nothing will be any more.
    async fn next(&mut self) -> Option<Vec<Job>> {
        if !self.unplaced.is_empty() {
            return Some(if self.resting.is_full() { Vec::new() } else { self.queue.take_now() });
        }
        if self.resting.is_empty() {
            return waiting!(self.queue.take());
        }
        if self.resting.is_full() {
            self.resting.changed().await;
            return Some(Vec::new());
        }
        tokio::select! {
            biased;
            () = self.resting.changed() => Some(self.queue.take_now()),
            // Once the queue is closed and empty, only the other is waited for.
            Some(jobs) = self.queue.take() => Some(jobs),
        }
    }

    async fn write(&mut self, jobs: Vec<Job>) {
        let (mut heads, has_jobs) = (Vec::new(), !jobs.is_empty());
        for job in jobs {
            match job {
                Job::Append(append, rest) => self.resting.push(append, rest),
                Job::Heads(asked, foreseen, reply) => heads.push((asked, foreseen, reply)),
            }
        }
        let Turn { ready, failed } = self.resting.take();
        for (append, source) in failed {
            let centre = append.append.centre.clone();
            tell(append, Err(AppendError::NotReady { centre, source }));
        }
        let mut groups = VecDeque::from_iter((!ready.is_empty()).then_some(ready));
        while let Some(jobs) = groups.pop_front() {
            match self.commit(&jobs).await {
                Ok(results) => {
                    for (job, result) in jobs.into_iter().zip(results) {
                        tell(job, result);
                        point!("writer: one was told");
                    }
                    #[cfg(feature = "model")]
                    self.commit_late().await;
                }
                // One centre whose rows were tampered with must not take the others' appends down with it.
                Err(AppendError::Contradiction { .. }) if jobs.len() > 1 => {
                    groups.extend(jobs.into_iter().map(|job| vec![job]));
                }
                Err(error) => jobs.into_iter().for_each(|job| tell(job, Err(error.clone()))),
            }
        }
        for (asked, foreseen, reply) in heads {
            // Whoever asked may have gone; the event stands all the same.
            let _ = reply.send(self.commit_heads(asked, foreseen).await);
        }
        // Not before there was something to write: a log that is only looked at stays as it is.
        if has_jobs {
            self.look_for_unplaced().await;
        }
        self.place_some().await;
        self.carry.over(&self.database.path, self.connection.as_mut()).await;
    }

    /// Commits one group. An error is everybody's, also of those whom the group's earlier appends would have refused: what they
    /// were judged by did not come to be.
    async fn commit(&mut self, jobs: &[Appending]) -> Result<Vec<Result<Appended, AppendError>>, AppendError> {
        self.load(jobs.iter().map(|job| &job.append)).await?;
        point!("writer: heads were loaded");
        let connection = self.connection.as_mut().expect("load() opened it");
        let mut batch = Batch::for_appends(jobs.iter().map(|job| &job.append));
        let results = jobs.iter().map(|job| batch.add(&mut self.heads, &job.append, &job.bodies)).collect();
        if !batch.is_empty() {
            #[cfg(feature = "model")]
            if planted!(AckBeforeCommit) {
                self.late = Some(batch);
                return Ok(results);
            }
            match batch.commit(connection, &self.heads).await {
                Ok(Committed { moved, wal_pages }) => {
                    point!("writer: committed");
                    self.tails.publish(moved);
                    self.carry.note(wal_pages);
                    point!("writer: tails were told");
                }
                Err(error) => return Err(self.failed(&jobs[0].append.centre, error).await),
            }
        }
        Ok(results)
    }

    /// Opens the database again if it had to be closed, and fetches what these appends need.
    async fn load<'a>(&mut self, appends: impl Iterator<Item = &'a Append> + Clone) -> Result<(), AppendError> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => {
                let opened = reopen(&self.database, &self.tails).await;
                none.insert(opened.map_err(|source| AppendError::Stopped { path: self.database.path.clone(), source })?)
            }
        };
        point!("writer: connected");
        match self.heads.load(connection, appends.clone()).await {
            Ok(()) => Ok(()),
            // What was read is not what was once written. Of a group, whose it is shows when each comes alone.
            Err(error @ (sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. })) => {
                self.heads.forget();
                let (path, mut appends) = (self.database.path.clone(), appends);
                let centre = appends.next().map(|append| append.centre.clone());
                let centre =
                    centre.expect("a group is made of one append at least, and a word about the heads is one itself");
                Err(AppendError::Contradiction { path, centre, source: Arc::new(error) })
            }
            Err(error) => Err(self.stopped(error).await),
        }
    }

    /// Nothing could be read, so nothing was written.
    async fn stopped(&mut self, error: sqlx::Error) -> AppendError {
        self.heads.forget();
        self.forget_unplaced();
        if let Some(connection) = self.connection.take() {
            // Waited for, so that it is gone when the next one begins the WAL anew.
            let _ = connection.close().await;
        }
        AppendError::Stopped { path: self.database.path.clone(), source: Arc::new(error) }
    }

    #[cfg(feature = "model")]
    async fn commit_late(&mut self) {
        if let (Some(batch), Some(connection)) = (self.late.take(), &mut self.connection) {
            match batch.commit(connection, &self.heads).await {
                Ok(committed) => self.tails.publish(committed.moved),
                Err(_) => self.heads.forget(),
            }
        }
    }

    /// What a failed commit means for the events in it, and the way back to a known state.
    async fn failed(&mut self, centre: &Centre, error: sqlx::Error) -> AppendError {
        if !planted!(HeadsKept) {
            self.heads.forget();
        }
        self.forget_unplaced();
        // Room may be made by carrying it over, where nobody reads any more.
        self.carry.try_again();
        let (path, code) = (self.database.path.clone(), primary_code(&error));
        let source: Cause = Arc::new(error);
        let known = match code {
            Some(SQLITE_FULL) => Some(AppendError::Full { path: path.clone(), source: source.clone() }),
            Some(SQLITE_BUSY) => Some(AppendError::Busy { path: path.clone(), source: source.clone() }),
            Some(SQLITE_CONSTRAINT) => {
                let (path, centre) = (path.clone(), centre.clone());
                Some(AppendError::Contradiction { path, centre, source: source.clone() })
            }
            _ => None,
        };
        if let (Some(known), Some(connection)) = (known, &mut self.connection)
            && rolled_back(connection).await
        {
            point!("writer: rolled back");
            return known;
        }
        tracing::error!(path = %path.display(), error = %source, "a commit ended in an error that leaves it unknown; opening the log again");
        if let Some(connection) = self.connection.take() {
            // Its answer changes nothing: the next connection reads what there is.
            let _ = connection.close().await;
        }
        point!("writer: closed after a failed commit");
        match reopen(&self.database, &self.tails).await {
            Ok(connection) => self.connection = Some(connection),
            Err(error) => {
                tracing::error!(path = %path.display(), %error, "the log could not be opened again; the next append tries once more");
            }
        }
        point!("writer: opened again or not");
        if planted!(UnknownAsRefused) {
            return AppendError::Full { path, source };
        }
        AppendError::Unknown { path, source }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Also when this task panicked: then whoever waits learns that the end is unknown instead of waiting for ever.
        self.queue.abandon();
    }
}

/// After some errors SQLite has rolled back by itself, and says so by refusing to do it again.
async fn rolled_back(connection: &mut SqliteConnection) -> bool {
    match sqlx::query("ROLLBACK").execute(connection).await {
        Ok(_) => true,
        Err(sqlx::Error::Database(error)) => error.message().contains("no transaction is active"),
        Err(_) => false,
    }
}

/// A connection that may be written to after a failed commit. A failed `fdatasync` may have dropped what was to be written,
/// and the system then reports later ones as done: so the WAL is carried over into the database and begun anew before
/// anything is acknowledged on top of it.
async fn reopen(database: &Database, tails: &Tails) -> Result<SqliteConnection, Cause> {
    // If nobody else had it open, SQLite reads the WAL anew and finds there what could not be synced.
    database.make_wal_certain().map_err(|error| Arc::new(error) as Cause)?;
    let mut connection = database.connect_writer().await.map_err(|error| Arc::new(error) as Cause)?;
    let caught_up = match catch_up(&mut connection, tails).await {
        // Whoever is told now that nothing stands there will not find it after the power went.
        Ok(()) => database.make_wal_certain().map_err(|error| Arc::new(error) as Cause),
        error => error,
    };
    match caught_up {
        Ok(()) => Ok(connection),
        Err(error) => {
            // Waited for, so that two of them are never there at once.
            let _ = connection.close().await;
            Err(error)
        }
    }
}

/// Says where the centres are, for the commit that failed may stand all the same, and begins the WAL anew.
async fn catch_up(connection: &mut SqliteConnection, tails: &Tails) -> Result<(), Cause> {
    let failed = |error| Arc::new(error) as Cause;
    tails.publish(super::read::centres(&mut *connection).await.map_err(failed)?);
    point!("writer: about to begin the WAL anew");
    let emptied = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(connection).await.map_err(failed)?;
    match sqlx::Row::try_get(&emptied, 0).map_err(failed)? {
        0_i64 => Ok(()),
        _ => {
            Err(Arc::from(Box::<dyn std::error::Error + Send + Sync>::from("a reader holds on to the write-ahead log")))
        }
    }
}

fn tell(job: Appending, result: Result<Appended, AppendError>) {
    // Whoever asked may have gone; the events stand all the same.
    let _ = job.reply.send(result);
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{Centre, Clock, NewEvent, Priority};

    fn job(stream: u128, body_bytes: usize) -> Appending {
        let stream = Uuid::from_u128(stream);
        let body = vec![b'x'; body_bytes];
        let append = Append {
            centre: Centre::new("410404").unwrap(),
            expected: vec![(stream, 0)],
            clock: Clock::Machine(0),
            counters: vec!["n".to_owned()],
            priority: Priority::People,
            events: vec![NewEvent { stream, kind: "noted".to_owned(), kind_version: 1, body: body.clone() }],
        };
        Appending { append, bodies: vec![Hash::of(&body)], reply: oneshot::channel().0 }
    }

    /// SQLite's own limit on the file stands in for the disk's: the same error, and nothing else is made up.
    #[tokio::test]
    async fn a_full_disk_refuses_cleanly_and_writing_resumes_when_there_is_room() {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::log(&directory.path().join("log.sqlite"));
        let lock = WriterLock::take(&database.path).unwrap();
        database.create_or_identify().await.unwrap();
        let mut writer = Writer::open(database, lock, Arc::new(Queue::new()), Arc::new(Tails::new())).await.unwrap();
        let positions = |results: Vec<Result<Appended, AppendError>>| {
            results.into_iter().map(|result| result.unwrap().last_position).collect::<Vec<_>>()
        };
        assert_eq!(positions(writer.commit(&[job(1, 10), job(2, 10)]).await.unwrap()), [1, 2]);
        for _ in 0..2 {
            let connection = writer.connection.as_mut().unwrap();
            sqlx::query("PRAGMA max_page_count = 1").execute(&mut *connection).await.unwrap();
            let refused = writer.commit(&[job(3, 10), job(4, 50_000)]).await.unwrap_err();
            assert!(matches!(refused, AppendError::Full { .. }), "{refused}");
        }
        let connection = writer.connection.as_mut().unwrap();
        sqlx::query("PRAGMA max_page_count = 1000000").execute(connection).await.unwrap();
        // The positions and numbers that were refused are given out again.
        let appended = writer.commit(&[job(3, 10), job(4, 50_000)]).await.unwrap();
        assert_eq!(appended[1].as_ref().unwrap().counters, [("n".to_owned(), 4)]);
        assert_eq!(positions(appended), [3, 4]);
    }

    /// As long as nobody reads it is begun anew again and again, and after somebody did.
    #[tokio::test]
    async fn the_write_ahead_log_stays_short() {
        const PAGES: i64 = 1_300;
        let directory = tempfile::tempdir().unwrap();
        let database = Database::log(&directory.path().join("log.sqlite"));
        let lock = WriterLock::take(&database.path).unwrap();
        database.create_or_identify().await.unwrap();
        let mut reader = database.connect(crate::Access::Read).await.unwrap();
        let mut writer = Writer::open(database, lock, Arc::new(Queue::new()), Arc::new(Tails::new())).await.unwrap();
        let mut next = 1..;
        for (commits, holds) in [(30, false), (30, true), (5, false)] {
            let mut moment = if holds { Some(reader.begin().await.unwrap()) } else { None };
            if let Some(moment) = &mut moment {
                sqlx::query("SELECT count(*) FROM events").fetch_one(&mut **moment).await.unwrap();
            }
            let mut longest = 0;
            for stream in next.by_ref().take(commits) {
                writer.write(vec![Job::Append(job(stream, 900_000), None)]).await;
                let pages = sqlx::query("PRAGMA wal_checkpoint(NOOP)").fetch_one(writer.connection.as_mut().unwrap());
                let pages: i64 = sqlx::Row::try_get(&pages.await.unwrap(), 1).unwrap();
                // At the end of the last it is short again.
                longest = if commits == 5 { pages } else { pages.max(longest) };
            }
            assert_eq!(longest > PAGES, holds, "{longest} pages");
        }
    }
}
