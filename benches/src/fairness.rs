//! What sixteen windows of one centre wait while another centre is flooded, by an import or by people, beside what they wait
//! alone. Order is the queue's promise and a test's; what is measured here is the length of a turn.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use event_log::{Access, Append, AppendError, Centre, EventLog, Priority};

use crate::{
    append::whole,
    drive::drive,
    reading::{Readings, percentile},
    sizes::EVENTS_A_CASE,
};

const WINDOWS: u64 = 16;
/// Appends of the flood that wait at any time: a centre's share of the queue, as large as it is beside the windows.
const FLOOD: u64 = 480;
const FLOODED: &str = "410403";

pub(crate) async fn run(dir: &Path, seconds: u64, readings: &mut Readings) -> anyhow::Result<()> {
    let mut alone: Option<Vec<Duration>> = None;
    for (beside, flood) in
        [("alone", None), ("an import", Some(Priority::Import)), ("people's commands", Some(Priority::People))]
    {
        let place = tempfile::tempdir_in(dir)?;
        let log =
            event_log::open(&format!("sqlite:{}", place.path().join("log.sqlite").display()), Access::Write).await?;
        let over = Arc::new(AtomicBool::new(false));
        let flooded = Arc::new(AtomicU64::new(0));
        let flooders: Vec<_> = (0..flood.map_or(0, |_| FLOOD))
            .map(|n| {
                let (log, over, flooded) = (Arc::clone(&log), Arc::clone(&over), Arc::clone(&flooded));
                tokio::spawn(flooder(log, n, flood.unwrap_or(Priority::People), over, flooded))
            })
            .collect();
        let windows = Arc::clone(&log);
        let append = move |case, n| {
            let log = Arc::clone(&windows);
            async move {
                let (append, bytes) = whole(case, n)?;
                log.append(append).await?;
                Ok(bytes)
            }
        };
        let (mut waits, _) = drive(WINDOWS, seconds, append).await?;
        over.store(true, Ordering::Relaxed);
        for flooder in flooders {
            flooder.await??;
        }
        log.close().await;

        let measure =
            if flood.is_some() { format!("16 windows beside {beside}") } else { "16 windows alone".to_owned() };
        waits.sort_unstable();
        readings.rate(&measure, "yousu", waits.len() as u64, Duration::from_secs(seconds));
        readings.waits(&measure, "yousu", waits.clone());
        if flood.is_some() {
            let events = flooded.load(Ordering::Relaxed);
            readings.rate(format!("the flood: {beside}"), "yousu", events, Duration::from_secs(seconds));
        }
        match &alone {
            None => alone = Some(waits),
            Some(alone) => {
                for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
                    if let (Some(beside), Some(alone)) = (percentile(&waits, share), percentile(alone, share)) {
                        let ratio = beside.as_secs_f64() / alone.as_secs_f64();
                        readings.note(format!("{measure}, as a multiple of alone, {name}"), "yousu", "×", ratio);
                    }
                }
            }
        }
    }
    Ok(())
}

/// One append after the other at the flooded centre.
async fn flooder(
    log: Arc<dyn EventLog>,
    flooder: u64,
    priority: Priority,
    over: Arc<AtomicBool>,
    flooded: Arc<AtomicU64>,
) -> anyhow::Result<()> {
    for n in 0.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let (append, _) = whole((n / EVENTS_A_CASE) * FLOOD + flooder, n % EVENTS_A_CASE)?;
        let append = Append { centre: Centre::new(FLOODED)?, priority, ..append };
        // A flood does not heed a refusal: it is there again at once.
        while let Err(error) = log.append(append.clone()).await {
            anyhow::ensure!(matches!(error, AppendError::QueueFull { .. }), "{error}");
            tokio::task::yield_now().await;
        }
        flooded.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}
