//! One run of the program with everything that makes a difference to a disk: a first opening, servers under load that end in
//! good order and by `kill -9`, commands that are sent again, a rebuild.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
};

use anyhow::{Context as _, ensure};
use serde_json::Value;
use uuid::Uuid;

use super::{Plan, Syncs};
use crate::{
    Shim, load, program,
    record::{self, Entry},
    shim::Order,
};

/// Callers at once, each with one command in flight.
const CALLERS: usize = 16;
/// Commands that one `apply` brings.
const APPLIED: u64 = 20;

pub(super) struct Recording {
    text: Vec<u8>,
    /// Commands and positions, as the callers of the server were told. Of a kept record nobody knows.
    pub(super) told: Vec<(u64, u64)>,
}

impl Recording {
    /// One that was made before, and kept.
    pub(super) fn read(record: &Path) -> anyhow::Result<Self> {
        Ok(Self { text: fs::read(record)?, told: Vec::new() })
    }

    pub(super) fn keep(&self, record: &Path) -> std::io::Result<()> {
        fs::write(record, &self.text)
    }

    pub(super) fn make(shim: &Shim, plan: &Plan, place: &Path) -> anyhow::Result<Self> {
        let session = Session { shim, plan, data: place.join("data"), record: place.join("record") };
        fs::create_dir(&session.data)?;
        program::open_centre(session.yousu()?, &session.data)?;
        session.settle()?;
        let mut numbers = 1..;
        let mut take =
            |count: u64| numbers.by_ref().take(usize::try_from(count).unwrap_or(usize::MAX)).collect::<Vec<_>>();
        let mut told = session.serve(take(plan.commands), None)?.acknowledged;

        let lines: Vec<_> = take(APPLIED).into_iter().map(|n| load::accept(n).to_string()).collect();
        let file = place.join("commands.jsonl");
        fs::write(&file, lines.join("\n"))?;
        let file = file.to_str().context("a path in UTF-8")?;
        program::run(session.yousu()?, &session.data, ["apply", file, "--format", "json"])?.ok()?;
        session.settle()?;

        let killed = session.serve(take(plan.commands), Some(plan.commands / 2))?;
        ensure!(!killed.unanswered.is_empty(), "it was killed with nothing in flight");
        // Who did not hear sends again, and some who did.
        let mut again = killed.unanswered.clone();
        again.extend(killed.acknowledged.iter().rev().take(CALLERS).map(|(n, _)| *n));
        again.extend(take(plan.commands));
        told.extend(killed.acknowledged);
        told.extend(session.serve(again, None)?.acknowledged);
        program::run(session.yousu()?, &session.data, ["rebuild"])?.ok()?;
        Ok(Self { text: fs::read(&session.record)?, told })
    }

    pub(super) fn entries(&self, syncs: Syncs) -> anyhow::Result<Vec<Entry<'_>>> {
        let mut entries = record::entries(&self.text)?;
        match syncs {
            Syncs::Full | Syncs::Normal => {}
            Syncs::WithoutCommits => without_commits(&mut entries, "log.sqlite-wal"),
            Syncs::WithoutKeys => without_commits(&mut entries, "keys/persons.sqlite-wal"),
        }
        Ok(entries)
    }
}

struct Session<'a> {
    shim: &'a Shim,
    plan: &'a Plan,
    data: PathBuf,
    record: PathBuf,
}

impl Session<'_> {
    fn yousu(&self) -> anyhow::Result<Command> {
        let order = Order { record: Some(&self.record), bytes: true, ..Order::below(&self.data) };
        let mut yousu = self.shim.before(&self.plan.yousu, &order)?;
        if self.plan.syncs == Syncs::Normal {
            yousu.env("YOUSU_PLANTED_SYNCHRONOUS", "NORMAL");
        }
        Ok(yousu)
    }

    /// Waits for the server's end. Nothing else runs then, and what it left under way has come to its end, too.
    fn ended(&self, server: &mut Child) -> anyhow::Result<ExitStatus> {
        let ended = server.wait()?;
        self.settle()?;
        Ok(ended)
    }

    fn settle(&self) -> anyhow::Result<()> {
        record::settle(&self.record, &self.data)?.iter().for_each(|call| eprintln!("under way at the end: {call}"));
        Ok(())
    }

    /// Serves these commands to their end, or until so many of them were taken up: then it is killed.
    fn serve(&self, numbers: Vec<u64>, kill_at: Option<u64>) -> anyhow::Result<load::Answers> {
        let (mut server, address) = program::serve(self.yousu()?, &self.data)?;
        let (numbers, taken) = (Mutex::new(numbers.into_iter()), AtomicU64::new(0));
        let (now, moment) = mpsc::channel();
        let next = || {
            if Some(taken.fetch_add(1, Ordering::Relaxed)) == kill_at {
                // Nobody listens any more where it was killed already.
                let _ = now.send(());
            }
            numbers.lock().unwrap_or_else(PoisonError::into_inner).next()
        };
        let answers = std::thread::scope(|scope| -> anyhow::Result<load::Answers> {
            let callers = scope.spawn(|| load::send(&address, CALLERS, next));
            if kill_at.is_some() {
                moment.recv().context("so many commands were sent")?;
                server.kill()?;
            }
            Ok(callers.join().unwrap_or_else(|panicked| std::panic::resume_unwind(panicked)))
        })?;
        if kill_at.is_none() {
            program::terminate(&server)?;
            ensure!(answers.unanswered.is_empty(), "the server went away");
        }
        let ended = self.ended(&mut server)?;
        ensure!(ended.success() != kill_at.is_some(), "the server ended with {ended}");
        Ok(answers)
    }
}

/// Every event that was told to somebody: where in the record, its case, its position. In the order of the record.
pub(super) fn acknowledged(entries: &[Entry<'_>]) -> anyhow::Result<Vec<(usize, Uuid, u64)>> {
    let mut acknowledged = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        let Entry::Begun(call) = entry else { continue };
        if call.name != "answer" {
            continue;
        }
        let text = String::from_utf8_lossy(call.payload);
        let body = match text.split_once("\r\n\r\n") {
            Some((head, body)) if head.starts_with("HTTP/1.1 200") => body,
            Some(_) => continue,
            None => &text,
        };
        for line in body.lines().filter(|line| line.starts_with('{')) {
            let Ok(said) = serde_json::from_str::<Value>(line) else { continue };
            for event in said["events"].as_array().into_iter().flatten() {
                let case = event["stream"].as_str().context("an event names its case")?.parse()?;
                acknowledged.push((at, case, event["position"].as_u64().context("an event has a position")?));
            }
        }
    }
    ensure!(!acknowledged.is_empty(), "nothing was acknowledged");
    Ok(acknowledged)
}

/// Writes, syncs and the log's checkpoints: a sync of the log's own file is the end of one.
pub(super) fn sizes(entries: &[Entry<'_>]) -> (u64, u64, u64) {
    let (mut writes, mut syncs, mut checkpoints) = (0, 0, 0);
    for entry in entries {
        let Entry::Begun(call) = entry else { continue };
        let is_sync = matches!(call.name, "fsync" | "fdatasync");
        writes += u64::from(matches!(call.name, "write" | "pwrite"));
        syncs += u64::from(is_sync);
        checkpoints += u64::from(is_sync && call.file == "log.sqlite");
    }
    (writes, syncs, checkpoints)
}

/// Takes out the syncs that `synchronous=NORMAL` would not do: those of this WAL right after frames were written to it. The one
/// after a new header (at its very beginning), and a checkpoint's, which comes after another sync, stay.
fn without_commits(entries: &mut Vec<Entry<'_>>, wal: &str) {
    let (mut last_write, mut taken): (Option<u64>, _) = (None, BTreeSet::new());
    let mut by_id = BTreeMap::new();
    for (at, entry) in entries.iter().enumerate() {
        match entry {
            Entry::Begun(call) if call.file == wal => match call.name {
                "pwrite" => last_write = Some(call.offset),
                "fsync" | "fdatasync" if last_write.take().is_some_and(|offset| offset > 0) => {
                    taken.insert(at);
                    by_id.insert(call.id, at);
                }
                _ => {}
            },
            Entry::Returned { id, .. } if by_id.remove(id).is_some() => {
                taken.insert(at);
            }
            _ => {}
        }
    }
    let mut at = 0;
    entries.retain(|_| {
        at += 1;
        !taken.contains(&(at - 1))
    });
}
