//! Other event stores under the load of `benches`: the same cases, sizes and callers, on the same disk, durable at every
//! acknowledgement. What it keeps, `benches table` prints beside ours.
//!
//! Each store is used as its own documentation says and given what favours it: nothing is loaded before an append (the caller knows
//! the version), one process, a pool as its authors configure it. Nobody but ours hashes, seals or keeps proofs.

#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, dead_code)]

mod cqrs_es;
mod evento_sqlite;
mod tephra_log;
mod umadb;

#[path = "../../src/drive.rs"]
mod drive;
#[path = "../../src/reading.rs"]
mod reading;
#[path = "../../src/sizes.rs"]
mod sizes;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use clap::{Parser, ValueEnum};
use reading::Readings;

#[derive(Debug, Parser)]
struct Args {
    /// Which stores; all of them if none is named
    peers: Vec<Peer>,
    /// How often, in turn
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// How long each kind of append goes on, in seconds
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// How many events the logs hold that are read
    #[arg(long, default_value_t = 20_000)]
    events: u64,
    /// Where the logs are made
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// Adds every reading to this file, a line of JSON each
    #[arg(long)]
    keep: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Peer {
    CqrsEs,
    Evento,
    Umadb,
    Tephra,
}

/// A store, filled and asked through its own interface.
#[async_trait::async_trait]
trait Store: Send + Sync + 'static {
    /// The `n`th event of a case, which stands at version `n`; returns once it is durable.
    async fn append(&self, case: u64, n: u64, kind: &'static str, body: Vec<u8>) -> anyhow::Result<()>;
    /// How many events a case has, read and decoded.
    async fn load(&self, case: u64) -> anyhow::Result<u64>;
    /// How many events there are, read in order and decoded.
    async fn replay(&self) -> anyhow::Result<u64>;
}

async fn open(peer: Peer, dir: &Path) -> anyhow::Result<Arc<dyn Store>> {
    Ok(match peer {
        Peer::CqrsEs => Arc::new(cqrs_es::Peer::open(dir).await?),
        Peer::Evento => Arc::new(evento_sqlite::Peer::open(dir).await?),
        Peer::Umadb => Arc::new(umadb::Peer::open(dir)?),
        Peer::Tephra => Arc::new(tephra_log::Peer::open(dir)?),
    })
}

impl Peer {
    fn name(self) -> &'static str {
        match self {
            Self::CqrsEs => "cqrs-es",
            Self::Evento => "evento",
            Self::Umadb => "UmaDB",
            Self::Tephra => "tephra",
        }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let wanted = |peer: &&Peer| args.peers.is_empty() || args.peers.contains(peer);
    let mut readings = Readings::default();
    for round in 1..=args.rounds {
        for peer in Peer::value_variants().iter().filter(wanted) {
            eprintln!("round {round} of {}: {}", args.rounds, peer.name());
            appends(*peer, &args, &mut readings).await?;
            reads(*peer, &args, &mut readings).await?;
        }
    }
    if let Some(file) = &args.keep {
        readings.keep(file)?;
    }
    print!("{}", readings.table());
    Ok(())
}

async fn append(store: Arc<dyn Store>, case: u64, n: u64) -> anyhow::Result<u64> {
    let (kind, body) = sizes::event(case, n);
    let bytes = body.len() as u64;
    store.append(case, n, kind, body).await?;
    Ok(bytes)
}

async fn appends(peer: Peer, args: &Args, readings: &mut Readings) -> anyhow::Result<()> {
    for writers in drive::WRITERS {
        let place = tempfile::tempdir_in(&args.dir)?;
        let store = open(peer, place.path()).await?;
        let to = Arc::clone(&store);
        let (waits, _) = drive::drive(writers, args.seconds, move |case, n| append(Arc::clone(&to), case, n)).await?;
        drive::note(readings, &format!("durable appends, {writers} writers"), peer.name(), waits, args.seconds);
    }
    Ok(())
}

async fn reads(peer: Peer, args: &Args, readings: &mut Readings) -> anyhow::Result<()> {
    const SIDE_BY_SIDE: u64 = 100;
    let place = tempfile::tempdir_in(&args.dir)?;
    let store = open(peer, place.path()).await?;
    let cases = args.events / sizes::EVENTS_A_CASE;
    // Side by side, as cases are in life.
    for first in (0..cases).step_by(SIDE_BY_SIDE as usize) {
        for n in 0..sizes::EVENTS_A_CASE {
            let side_by_side = first..(first + SIDE_BY_SIDE).min(cases);
            let waiting: Vec<_> = side_by_side.map(|case| tokio::spawn(append(Arc::clone(&store), case, n))).collect();
            for appended in waiting {
                appended.await??;
            }
        }
    }
    let events = cases * sizes::EVENTS_A_CASE;
    let mut waits = Vec::new();
    for n in 0..2_000 {
        let asked = Instant::now();
        let loaded = store.load(sizes::scatter(n) % cases).await?;
        waits.push(asked.elapsed());
        anyhow::ensure!(loaded == sizes::EVENTS_A_CASE, "a case of {loaded} events");
    }
    readings.waits(&format!("load a case of ten events, {events} events"), peer.name(), waits);
    let started = Instant::now();
    let replayed = store.replay().await?;
    anyhow::ensure!(replayed == events, "{replayed} of {events} events");
    readings.rate(format!("replay, parse and count, {events} events"), peer.name(), events, started.elapsed());
    Ok(())
}
