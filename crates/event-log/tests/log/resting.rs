//! Appends that rest on something which is not on the disk yet.

use std::sync::Arc;

use event_log::{Append, AppendError, Cause, Clock, Prepared, Priority, Ready};
use futures_util::FutureExt as _;
use futures_util::future::{join, join_all};
use tokio::sync::oneshot;

use crate::{NEW_YEAR_MS, Place, append, at, centre, counting, stream};

type Written = oneshot::Sender<Result<(), Cause>>;

/// The append, and what says that what it rests on was written, or was not.
fn resting(append: Append) -> (Prepared, Written) {
    let (written, wait) = oneshot::channel();
    let ready = Ready::once(async move { wait.await.map_err(|gone| Arc::new(gone) as Cause)? });
    (Prepared::after(append, ready), written)
}

#[tokio::test]
async fn others_go_first_and_what_builds_on_it_does_not() {
    let place = Place::new();
    let (log, here) = (place.write().await, centre("410404"));
    let (first, written) = resting(append(&here, &[(1, 0)]));
    let first = log.append_prepared(first);
    let second = log.append(append(&here, &[(1, 1)]));
    let both = join(first, second);
    tokio::pin!(both);
    assert!((&mut both).now_or_never().is_none());

    let other = log.append(append(&here, &[(2, 0)])).await.unwrap();
    assert_eq!(other.first_position, 1);
    assert!((&mut both).now_or_never().is_none(), "one rests, the other builds on it");
    written.send(Ok(())).unwrap();
    let (first, second) = both.await;
    assert_eq!((first.unwrap().first_position, second.unwrap().first_position), (2, 3));
    log.close().await;
}

#[tokio::test]
async fn nothing_is_written_of_it_where_what_it_rests_on_failed() {
    let place = Place::new();
    let (log, here) = (place.write().await, centre("410404"));
    let (first, written) = resting(append(&here, &[(1, 0)]));
    let both = join(log.append_prepared(first), log.append(append(&here, &[(1, 1)])));
    tokio::pin!(both);
    assert!((&mut both).now_or_never().is_none());
    drop(written);
    let (first, second) = both.await;
    assert!(matches!(first, Err(AppendError::NotReady { .. })), "{first:?}");
    assert!(matches!(second, Err(AppendError::VersionConflict { actual: 0, .. })), "{second:?}");
    assert_eq!(log.head(&here).await.unwrap().position, 0);
    log.close().await;
}

#[tokio::test]
async fn a_log_that_is_closed_waits_for_what_rests() {
    let place = Place::new();
    let (log, here) = (place.write().await, centre("410404"));
    let (first, written) = resting(append(&here, &[(1, 0)]));
    let both = join(log.append_prepared(first), log.close());
    tokio::pin!(both);
    assert!((&mut both).now_or_never().is_none());
    written.send(Ok(())).unwrap();
    assert_eq!(both.await.0.unwrap().first_position, 1);
}

/// Who asks: each has streams of its own, as the two lanes of the queue promise nothing about each other.
#[derive(Clone, Copy, PartialEq)]
enum Who {
    People,
    Import,
    /// A centre whose time is given.
    Given,
}

/// Whatever becomes ready when: streams, given times and the rows of imports keep their order, and nothing is missing.
#[tokio::test]
async fn whatever_is_ready_when_nobody_can_tell() {
    const APPENDS: i64 = 600;
    const STREAMS: usize = 40;
    for seed in 0..8_u64 {
        let mut state = seed;
        let mut chance = move |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % below
        };
        let place = Place::new();
        let (log, [real, simulated]) = (place.write().await, ["410404", "410403"].map(centre));
        let (mut versions, mut unwritten, mut appends) = ([0; 3 * STREAMS], Vec::new(), Vec::new());
        for n in 0..APPENDS {
            let who = [Who::People, Who::Import, Who::Given][chance(3)];
            let no = who as usize * STREAMS + chance(STREAMS);
            let (version, now) = (versions[no], NEW_YEAR_MS + n);
            versions[no] += 1;
            let one = |here| append(here, &[(no as u128, version)]);
            let one = match who {
                Who::People => at(one(&real), Clock::Machine(now)),
                Who::Import => Append { priority: Priority::Import, ..counting(one(&real), &["row"]) },
                Who::Given => at(one(&simulated), Clock::Given(now)),
            };
            let prepared = if chance(3) == 0 {
                let (prepared, written) = resting(one);
                unwritten.push(written);
                prepared
            } else {
                one.into()
            };
            let log = &log;
            appends.push(async move { (who, log.append_prepared(prepared).await.unwrap()) });
        }
        let all = join_all(appends);
        tokio::pin!(all);
        while !unwritten.is_empty() {
            assert!((&mut all).now_or_never().is_none());
            unwritten.swap_remove(chance(unwritten.len())).send(Ok(())).unwrap();
            tokio::task::yield_now().await;
        }
        let done = all.await;
        let of =
            |wanted: fn(Who) -> bool| done.iter().filter(move |(who, _)| wanted(*who)).map(|(_, appended)| appended);
        let rows: Vec<u64> = of(|who| who == Who::Import).map(|appended| appended.counters[0].1).collect();
        assert!(rows.iter().copied().eq(1..=rows.len() as u64), "seed {seed}: {rows:?}");
        let times: Vec<u64> = of(|who| who == Who::Given).map(|appended| appended.first_position).collect();
        assert!(times.iter().copied().eq(1..=times.len() as u64), "seed {seed}: {times:?}");
        assert_eq!(log.head(&real).await.unwrap().position, of(|who| who != Who::Given).count() as u64, "seed {seed}");
        for (no, version) in versions.iter().enumerate() {
            let here = if no < 2 * STREAMS { &real } else { &simulated };
            assert_eq!(log.stream_head(here, stream(no as u128)).await.unwrap(), *version, "seed {seed}");
        }
        assert!(log.verify(&mut |_| {}).await.unwrap().is_clean());
        log.close().await;
    }
}
