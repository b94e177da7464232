//! What goes on while nobody asks: the views follow the log, and the sweeps take the steps whose time has come.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError},
    time::Duration,
};

use cases::{CentreCode, Instant};
use event_log::Centre;
use projections::{Audited, ViewError};
use tokio::{sync::watch, time::MissedTickBehavior};

use super::site::{Site, Upkeep};
use crate::{
    checkpoints::{self, Shown, Summary},
    clock, digest,
    engine::{Engine, EngineError},
    erasing,
    foreseen::Foreseen,
    sweeps,
    witnesses::{Asked, Witnesses},
};

/// How long to wait for the log to move before trying again what could not be read or written.
const RETRY: Duration = Duration::from_secs(5);

/// The views are brought up at most so often. What came after a quiet moment is shown at once; under load a batch holds what came
/// meanwhile, and costs hardly more than one event: half of the time went into hops between threads for single ones. Twice in fifty
/// milliseconds, which is what a reader may be behind.
const PACE: Duration = Duration::from_millis(25);

/// How often the clock is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Brings the views up whenever the log moves, until it is closed or everything stops.
pub(crate) async fn follow(site: Arc<Site>, mut stopping: watch::Receiver<bool>) {
    let mut tail = site.engine.log().tail_all();
    let mut brought: BTreeMap<Centre, u64> = BTreeMap::new();
    let mut pace = tokio::time::interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        let seen = tail.now();
        let upkeep = match bring_up(&site, &mut brought).await {
            Ok(()) => Upkeep::Following,
            Err(error) => {
                tracing::error!(%error, "views do not follow the log");
                Upkeep::Troubled(error.to_string())
            }
        };
        let troubled = upkeep != Upkeep::Following;
        site.upkeep.send_replace(upkeep);
        let moved = async {
            let moved = tail.past(seen);
            if troubled { tokio::time::timeout(RETRY, moved).await.unwrap_or(Ok(seen)) } else { moved.await }
        };
        tokio::select! {
            moved = moved => if moved.is_err() { return },
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}

/// Brings up every centre whose log moved: all at once, and if that fails each by itself, so that one that cannot be read keeps no
/// other one from being shown.
async fn bring_up(site: &Site, brought: &mut BTreeMap<Centre, u64>) -> Result<(), ViewError> {
    let is_behind = |(centre, position): &(Centre, u64)| brought.get(centre).is_none_or(|before| before < position);
    let behind: Vec<_> = site.engine.log().centres().await?.into_iter().filter(is_behind).collect();
    let Err(error) = bring_up_these(site, brought, &behind).await else { return Ok(()) };
    let mut outcome = Err(error);
    if behind.len() > 1 {
        outcome = Ok(());
        for one in behind.chunks(1) {
            outcome = outcome.and(bring_up_these(site, brought, one).await);
        }
    }
    outcome
}

async fn bring_up_these(
    site: &Site,
    brought: &mut BTreeMap<Centre, u64>,
    behind: &[(Centre, u64)],
) -> Result<(), ViewError> {
    let (log, centres) = (site.engine.log(), behind.iter().map(|(centre, _)| centre.clone()).collect::<Vec<_>>());
    let (statuses, mut ahead) = (site.views.catch_up_with(log, &centres).await?, BTreeSet::new());
    for ((centre, position), statuses) in behind.iter().zip(statuses) {
        let (is_first, mut reached) = (!brought.contains_key(centre), *position);
        for status in statuses {
            if let Some(why) = status.stopped {
                tracing::warn!(view = status.view, why, "a view stands still");
            } else if is_first && status.position > log.head(centre).await?.position {
                // It was brought up to commits that a power cut took back.
                tracing::warn!(view = status.view, %centre, "a view has seen more than the log holds; it is built anew");
                ahead.insert(status.view.to_owned());
            } else {
                reached = reached.min(status.position);
            }
        }
        brought.insert(centre.clone(), reached);
    }
    if !ahead.is_empty() {
        // Once for all centres. If it fails, this process must not take them for brought up.
        let rebuilt = site.views.rebuild(log, &ahead.into_iter().collect::<Vec<_>>(), |_, _| ()).await;
        rebuilt.inspect_err(|_| brought.retain(|centre, _| !centres.contains(centre)))?;
    }
    Ok(())
}

/// Has every view compared with the log each night, when nobody waits. One that differs is built anew at once, for what it
/// shows is wrong; the record says which rows.
pub(crate) async fn audit_every_night(site: Arc<Site>) {
    // Half past three in Shanghai, in milliseconds after midnight there, which is at 16:00 in Greenwich.
    const AT: i64 = (3 * 60 + 30) * 60_000;
    const ZONE: i64 = 8 * 3_600_000;
    let night = |now: Instant| (now.ms() + ZONE - AT).div_euclid(24 * 3_600_000);
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = night(clock::now());
    loop {
        looks.tick().await;
        let now = night(clock::now());
        if now != last {
            last = now;
            if let Err(error) = audit(&site).await {
                tracing::error!(%error, "the views could not be compared with the log; the next night tries again");
            }
        }
    }
}

async fn audit(site: &Site) -> Result<(), ViewError> {
    let log = site.engine.log();
    // Between a mark on a person and the views built anew they differ, and nobody altered them.
    let _nobody_is_marked = match site.engine.sealing() {
        Some(sealing) => Some(sealing.erasing.lock().await),
        None => None,
    };
    let mut wrong = BTreeSet::new();
    for (centre, _) in log.centres().await? {
        for audited in site.views.audit(log, &centre).await? {
            let Audited { view, position, rows, fingerprint, differing, keys, .. } = &audited;
            if audited.is_sound() {
                tracing::info!(view, %centre, position, rows, fingerprint, "a view says what the log says");
            } else {
                tracing::error!(view, %centre, position, differing, ?keys, "a view's file was altered or damaged: it is built anew");
                wrong.insert((*view).to_owned());
            }
        }
    }
    if !wrong.is_empty() {
        site.views.rebuild(log, &wrong.into_iter().collect::<Vec<_>>(), |_, _| ()).await?;
    }
    Ok(())
}

/// Sweeps whenever the machine's clock shows another minute than at the last sweep, until it is aborted: also one that was
/// before, for a clock that was ahead for a while and is put right must not keep the sweeps waiting until then. What is due
/// follows from the log and not from this timer, so a minute more or less changes nothing.
pub(crate) async fn sweep_by_the_clock(engine: Engine) {
    let minute = |now: Instant| now.ms().div_euclid(60_000);
    let mut sweeper = Sweeper { engine, foreseen: BTreeMap::new() };
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut swept = minute(clock::now());
    loop {
        looks.tick().await;
        let now = clock::now();
        if minute(now) == swept {
            continue;
        }
        swept = minute(now);
        if let Err(error) = sweeper.run(now).await {
            tracing::error!(%error, "a sweep stopped; the next one goes on");
        }
    }
}

/// Has every centre's log say where its streams stand, if anything came since, until it is aborted: what evidence that is made beside
/// this process rests on. The time that passes between two of these is how long a later event of a case may be withheld unseen.
pub(crate) async fn commit_to_heads(engine: Engine, every: Duration) {
    // Not at once: a server that is started and stopped says nothing that nobody asked for.
    let mut times = tokio::time::interval_at(tokio::time::Instant::now() + every, every);
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        times.tick().await;
        if let Err(error) = commit_once(&engine).await {
            tracing::error!(%error, "the log could not say where its streams stand; it is tried again");
        }
    }
}

/// Shows every centre's checkpoint to the witnesses that there are, until it is aborted. Also that of a log to which nothing came: the
/// time at which a witness signed it is how far back the next event could be dated.
pub(crate) async fn show_checkpoints(site: Arc<Site>, every: Duration) {
    // Soon after the start, or a service that is started anew more often than that would never show anything.
    const SOON: Duration = Duration::from_secs(10);
    let mut times = tokio::time::interval_at(tokio::time::Instant::now() + every.min(SOON), every);
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        times.tick().await;
        if let Err(error) = show_once(&site).await {
            tracing::error!(%error, "checkpoints could not be shown to the witnesses; the next time tries again");
        }
    }
}

async fn show_once(site: &Site) -> anyhow::Result<()> {
    // Read each time: whoever adds a witness, or takes one away, need not stop the service.
    let witnesses = Witnesses::of(&site.data);
    let (mut summaries, mut all) = (BTreeMap::new(), Vec::new());
    if !witnesses.as_ref().is_ok_and(Witnesses::is_empty) {
        for (name, _) in site.engine.log().centres().await? {
            let Ok(code) = CentreCode::new(name.as_str()) else { continue };
            let shown = match &witnesses {
                Ok(witnesses) => checkpoints::show(&site.engine, &site.data, &code, witnesses).await,
                Err(error) => Err(anyhow::anyhow!("{error:#}")),
            };
            match shown {
                Ok(shown) => {
                    tell(&code, &shown);
                    summaries.insert(code.clone(), shown.summary(&code));
                    all.push((code, shown));
                }
                Err(error) => {
                    tracing::error!(%code, "a checkpoint could not be shown to the witnesses: {error:#}");
                    summaries.insert(code.clone(), Summary::failed(&code, &error));
                }
            }
        }
    }
    let keep = |summaries| *site.shown.lock().unwrap_or_else(PoisonError::into_inner) = summaries;
    keep(summaries.clone());
    // Once all are cosigned: a first copy takes its time.
    let Ok(witnesses) = witnesses else { return Ok(()) };
    for (code, mut shown) in all {
        shown.send_leaves(&site.engine, &code, &witnesses).await?;
        for asked in shown.asked.iter().filter(|asked| asked.lacks_leaves()) {
            tell_one(&code, shown.checkpoint.size, asked);
        }
        summaries.insert(code.clone(), shown.summary(&code));
    }
    keep(summaries);
    Ok(())
}

fn tell_one(code: &CentreCode, size: u64, asked: &Asked) {
    if asked.is_alarming() {
        tracing::error!(%code, size, "{asked}");
    } else {
        tracing::warn!(%code, size, "{asked}");
    }
}

fn tell(code: &CentreCode, shown: &Shown) {
    let (size, cosigned, quorum) = (shown.checkpoint.size, shown.cosigned(), shown.quorum);
    for asked in &shown.asked {
        if asked.is_alarming() || !asked.is_cosigned() || asked.is_unkept() {
            tell_one(code, size, asked);
        }
    }
    if cosigned < quorum {
        tracing::warn!(%code, size, cosigned, quorum, "fewer cosignatures than are wanted; the next checkpoint covers the time between");
    }
}

/// Carries out, again and again, what was agreed to be erased and could not be at once, until it is aborted.
pub(crate) async fn erase_what_was_agreed(site: Arc<Site>) {
    const EVERY: Duration = Duration::from_secs(300);
    let mut times = tokio::time::interval_at(tokio::time::Instant::now() + EVERY, EVERY);
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        times.tick().await;
        if let Err(error) = erasing::carry_out(&site.engine, &site.views, false).await {
            tracing::error!(%error, "an erasure or a restriction is not carried out yet; it is tried again");
        }
    }
}

async fn commit_once(engine: &Engine) -> anyhow::Result<()> {
    for (name, _) in engine.log().centres().await? {
        let Ok(code) = CentreCode::new(name.as_str()) else { continue };
        let (_, clock) = engine.time(&*engine.centre(&code).await?, (None, None)).await?;
        if let Err(error) = engine.log().commit_heads(&name, clock).await {
            tracing::error!(%code, %error, "this log could not say where its streams stand");
        }
    }
    Ok(())
}

struct Sweeper {
    engine: Engine,
    foreseen: BTreeMap<CentreCode, Foreseen>,
}

impl Sweeper {
    /// One centre or case that cannot be swept must not keep the others waiting.
    async fn run(&mut self, now: Instant) -> Result<(), EngineError> {
        for (name, _) in self.engine.log().centres().await? {
            let Ok(code) = CentreCode::new(name.as_str()) else { continue };
            // A simulated centre's clock stands still between commands: `tick --at` moves it.
            if self.engine.centre(&code).await?.simulated {
                continue;
            }
            if let Err(error) = self.sweep(&code, now).await {
                tracing::error!(%code, %error, "a centre could not be swept");
            }
        }
        Ok(())
    }

    async fn sweep(&mut self, code: &CentreCode, now: Instant) -> Result<(), EngineError> {
        let (engine, foreseen) = (&self.engine, self.foreseen.entry(code.clone()).or_default());
        let due = foreseen.due(engine, code, now).await?;
        tracing::debug!(%code, %now, cases = due.len(), "sweeping");
        for case in due {
            match sweeps::sweep(engine, code, [case], now).await {
                Ok(swept) if swept.events.is_empty() => {}
                Ok(swept) => tracing::info!(%case, steps = swept.events.len(), "swept"),
                Err(error) => tracing::error!(%case, %error, "a case could not be swept"),
            }
            foreseen.look_at(engine, code, case, now).await?;
        }
        digest::send_due(engine, code, now, None).await.map(|_| ())
    }
}
