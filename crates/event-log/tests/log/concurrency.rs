//! Many at once: nothing lost, nothing twice, no gap, and nobody starved.

use std::collections::BTreeMap;
use std::sync::Arc;

use event_log::{Append, AppendError, Appended, Centre, Clock, EventLog, Priority};
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::task::JoinSet;

use crate::{NEW_YEAR_MS, Place, append, at, centre, counting, stream};

/// What a task was told: the append, and the answer it got.
type Told = Vec<(Append, Appended)>;

/// Appends to one stream that others append to as well, loading its version again after every conflict.
async fn race(log: Arc<dyn EventLog>, here: Centre, contested: u128, own: u128, times: u64) -> Told {
    let mut told = Vec::new();
    for n in 0..times {
        loop {
            let version = log.stream_head(&here, stream(contested)).await.unwrap();
            let clock = Clock::Machine(NEW_YEAR_MS + i64::try_from(n).unwrap());
            let both = counting(at(append(&here, &[(contested, version), (own, n)]), clock), &["n"]);
            match log.append(both.clone()).await {
                Ok(appended) => break told.push((both, appended)),
                Err(AppendError::VersionConflict { stream: of, .. }) => assert_eq!(of, stream(contested)),
                Err(error) => panic!("{error}"),
            }
        }
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_acknowledged_is_there_once_and_in_one_order() {
    const TASKS: u128 = 24;
    const TIMES: u64 = 10;
    let place = Place::new();
    let log = place.write().await;
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let here = centre(["410404", "410403", "410402"][usize::try_from(task % 3).unwrap()]);
        tasks.spawn(race(Arc::clone(&log), here, 1_000 + task % 2, task, TIMES));
    }
    let mut centres: BTreeMap<Centre, Told> = BTreeMap::new();
    for (append, appended) in tasks.join_all().await.into_iter().flatten() {
        centres.entry(append.centre.clone()).or_default().push((append, appended));
    }
    log.close().await;

    let log = place.write().await;
    for (here, mut told) in centres {
        told.sort_by_key(|(_, appended)| appended.first_position);
        let events = log.read_centre(&here, 0, 10_000).await.unwrap();
        let mut position = 0;
        for (n, (append, appended)) in (1..).zip(&told) {
            assert_eq!(appended.first_position, position + 1, "positions follow each other without a gap");
            assert_eq!(appended.counters, [("n".to_owned(), n)], "numbers follow the order of the log");
            for new in &append.events {
                let event = &events[usize::try_from(position).unwrap()];
                position += 1;
                assert_eq!((event.position, event.stream, &event.body), (position, new.stream, &new.body));
                assert_eq!(event.recorded_ms, appended.recorded_ms);
            }
            assert_eq!(appended.last_position, position);
        }
        assert_eq!(u64::try_from(events.len()).unwrap(), position, "and nothing else is there");
        assert_eq!(position, TIMES * 2 * u64::try_from(TASKS / 3).unwrap());
    }
    assert!(log.verify(&mut |_| {}).await.unwrap().is_clean());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_sees_every_position_once_and_in_order() {
    const APPENDS: u64 = 200;
    let place = Place::new();
    let (log, here) = (place.write().await, centre("410404"));
    let follower = tokio::spawn({
        let (log, here) = (Arc::clone(&log), here.clone());
        async move {
            let (mut tail, mut seen) = (log.tail(&here), Vec::new());
            while u64::try_from(seen.len()).unwrap() < APPENDS {
                let last = seen.last().copied().unwrap_or(0);
                tail.past(last).await.unwrap();
                seen.extend(log.read_centre(&here, last, 50).await.unwrap().iter().map(|event| event.position));
            }
            seen
        }
    });
    let appends = (0..APPENDS).map(|n| {
        let (log, append) = (Arc::clone(&log), append(&here, &[(n.into(), 0)]));
        async move { log.append(append).await.map(|_| ()) }
    });
    appends.collect::<JoinSet<_>>().join_all().await.into_iter().collect::<Result<Vec<()>, _>>().unwrap();
    assert_eq!(follower.await.unwrap(), (1..=APPENDS).collect::<Vec<_>>());
    log.close().await;
}

#[tokio::test]
async fn whoever_stops_waiting_leaves_the_log_sound() {
    let place = Place::new();
    let (log, here) = (place.write().await, centre("410404"));
    let appends: Vec<_> = (0..20).map(|n| append(&here, &[(n, 0)])).collect();
    // Polled once, so that they are in the queue, and dropped.
    let waiting = appends.iter().map(|append| log.append(append.clone()));
    assert!(join_all(waiting).now_or_never().is_none());
    log.append(append(&here, &[(99, 0)])).await.unwrap();
    assert_eq!(log.head(&here).await.unwrap().position, 21);
    assert!(log.verify(&mut |_| {}).await.unwrap().is_clean());
    log.close().await;
}

#[tokio::test]
async fn an_import_that_floods_one_centre_is_stopped_and_people_of_another_are_served() {
    let place = Place::new();
    let (log, busy, quiet) = (place.write().await, centre("410404"), centre("410403"));
    let import = |n| Append { priority: Priority::Import, ..append(&busy, &[(n, 0)]) };
    // All of them are in the queue before the writer first runs, as this runtime has one thread.
    let flood = join_all((0..3_000).map(|n| log.append(import(n))));
    let person = log.append(append(&quiet, &[(1, 0)]));
    let (flood, person) = tokio::join!(flood, person);
    person.unwrap();
    let refused = flood.iter().filter(|result| matches!(result, Err(AppendError::ShareFull { .. }))).count();
    let appended = flood.iter().filter(|result| result.is_ok()).count();
    assert_eq!(refused + appended, 3_000);
    assert!(refused > 0, "a bounded queue that never refuses is not bounded");
    assert_eq!(log.head(&busy).await.unwrap().position, u64::try_from(appended).unwrap());
    log.close().await;
}

/// In which order appends are acknowledged that all wait before the writer first runs. No clock: on one thread, whoever is
/// told first comes first.
async fn order_of_answers(log: &dyn EventLog, appends: Vec<(&'static str, Append)>) -> Vec<&'static str> {
    let answers: FuturesUnordered<_> =
        appends.into_iter().map(|(name, append)| log.append(append).map(move |done| (name, done))).collect();
    answers.map(|(name, done)| done.map(|_| name).unwrap()).collect().await
}

#[tokio::test]
async fn one_append_of_a_quiet_centre_waits_for_one_group_of_a_flooded_one_and_no_more() {
    for priority in [Priority::People, Priority::Import] {
        let place = Place::new();
        let (log, busy, quiet) = (place.write().await, centre("410404"), centre("410403"));
        // Each of a hundred events: some ten make a group of the people's, two one of an import's.
        let flood = (0..60).map(|n| {
            let events: Vec<_> = (0..100).map(|event| (1 + n * 100 + event, 0)).collect();
            ("busy", Append { priority, ..append(&busy, &events) })
        });
        let appends = flood.chain([("quiet", append(&quiet, &[(1, 0)]))]).collect();
        let order = order_of_answers(&*log, appends).await;
        assert_eq!(order.len(), 61);
        let before = order.iter().position(|name| *name == "quiet").unwrap();
        // Of the busy centre's sixty at most the group that the writer had begun with, and its turn in the next.
        assert!(before <= 11, "{priority:?}: {before} of the busy centre's appends came first");
        log.close().await;
    }
}
