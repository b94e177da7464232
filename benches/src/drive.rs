//! Callers that append one event after the other, each on a case of its own for ten events: the same for us, the limits and
//! the peers, whose workspace takes this file as it is.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use uuid::Uuid;

use crate::{
    reading::Readings,
    sizes::{self, EVENTS_A_CASE},
};

pub(crate) const WRITERS: [u64; 3] = [1, 16, 256];

/// The first ten bytes count up as those of a UUIDv7 do, so that no caller's ids are better for the index than another's.
pub(crate) fn stream(case: u64) -> Uuid {
    Uuid::from_u64_pair(0x0190_0000_0000_7000 + (case << 16), sizes::scatter(case))
}

pub(crate) fn note(readings: &mut Readings, measure: &str, of: &str, waits: Vec<Duration>, seconds: u64) {
    readings.rate(measure, of, waits.len() as u64, Duration::from_secs(seconds));
    readings.waits(measure, of, waits);
}

/// Callers that append one event after the other for a while; what each append waited, and the bytes of all bodies.
pub(crate) async fn drive<F, A>(writers: u64, seconds: u64, append: A) -> anyhow::Result<(Vec<Duration>, u64)>
where
    F: Future<Output = anyhow::Result<u64>> + Send + 'static,
    A: Fn(u64, u64) -> F + Clone + Send + Sync + 'static,
{
    let (started, until) = (Instant::now(), Duration::from_secs(seconds));
    let caller = |writer: u64| {
        let append = append.clone();
        tokio::spawn(async move {
            let (mut waits, mut bytes) = (Vec::new(), 0);
            for n in 0.. {
                if started.elapsed() >= until {
                    break;
                }
                let case = (n / EVENTS_A_CASE) * writers + writer;
                let asked = Instant::now();
                bytes += append(case, n % EVENTS_A_CASE).await?;
                waits.push(asked.elapsed());
            }
            Ok::<_, anyhow::Error>((waits, bytes))
        })
    };
    let (mut waits, mut bytes) = (Vec::new(), 0);
    for caller in (0..writers).map(caller).collect::<Vec<_>>() {
        let (waited, appended) = caller.await??;
        waits.extend(waited);
        bytes += appended;
    }
    Ok((waits, bytes))
}
