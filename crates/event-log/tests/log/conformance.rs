//! What every back end must do. Each rule is a function of a fresh log; the macro at the end runs them all against each back
//! end there is.

use event_log::{
    APPEND_LIMIT_EVENTS, ATTACHMENT_LIMIT_BYTES, Access, Append, AppendError, Appended, BODY_LIMIT_BYTES, Clock, Event,
    EventLog, Hash, Head, LogError, Made, NewEvent,
};

use transparency::tree::{Frontier, Sm3Tree, root_plan};

use crate::{NEW_YEAR_MS, Place, append, at, centre, counting, stream};

async fn what_was_appended_is_read_back_as_it_was(log: &dyn EventLog) {
    let (here, mut all) = (centre("410404"), Vec::new());
    // Bytes are bytes: no text, no JSON, a zero byte, nothing at all.
    for (n, body) in [&b"\xff\x00\xfe"[..], b"", b"{\"public\":{}}", "张三\u{0}".as_bytes()].into_iter().enumerate() {
        let version = u64::try_from(n).unwrap();
        let event =
            NewEvent { stream: stream(1), kind: format!("kind.{n}"), kind_version: 65_535, body: body.to_vec() };
        let appended = log.append(Append { events: vec![event], ..append(&here, &[(1, version)]) }).await.unwrap();
        let position = version + 1;
        let expected = Event {
            position,
            stream: stream(1),
            version: version + 1,
            recorded_ms: NEW_YEAR_MS,
            kind: format!("kind.{n}"),
            kind_version: 65_535,
            body: body.to_vec(),
        };
        assert_eq!((appended.first_position, appended.last_position), (position, position));
        assert_eq!(log.read_centre(&here, version, 10).await.unwrap(), std::slice::from_ref(&expected));
        assert_eq!(log.read_stream(&here, stream(1), version).await.unwrap(), std::slice::from_ref(&expected));
        all.push(expected);
    }
    assert_eq!(log.read_centre(&here, 0, 10).await.unwrap(), all);
    assert_eq!(log.read_stream(&here, stream(1), 0).await.unwrap(), all);
}

async fn several_streams_are_written_at_once(log: &dyn EventLog) {
    let here = centre("410404");
    log.append(append(&here, &[(1, 0)])).await.unwrap();
    let mut both = append(&here, &[(1, 1), (2, 0), (3, 0)]);
    // Two events for one stream, and a stream that is only asserted.
    both.events[2].stream = stream(1);
    let appended = log.append(both).await.unwrap();
    let expected = Appended {
        first_position: 2,
        last_position: 4,
        recorded_ms: NEW_YEAR_MS,
        versions: vec![(stream(1), 3), (stream(2), 1), (stream(3), 0)],
        counters: Vec::new(),
    };
    assert_eq!(appended, expected);
    let places = |events: Vec<Event>| events.iter().map(|event| (event.position, event.version)).collect::<Vec<_>>();
    assert_eq!(places(log.read_stream(&here, stream(1), 0).await.unwrap()), [(1, 1), (2, 2), (4, 3)]);
    assert_eq!(places(log.read_stream(&here, stream(2), 0).await.unwrap()), [(3, 1)]);
    assert_eq!(places(log.read_stream(&here, stream(3), 0).await.unwrap()), []);
}

async fn a_wrong_version_is_refused_and_writes_nothing(log: &dyn EventLog) {
    let here = centre("410404");
    log.append(append(&here, &[(1, 0)])).await.unwrap();
    for (streams, expected_at, actual_at) in [
        (vec![(1, 0)], 0, 1),
        (vec![(1, 2)], 2, 1),
        // The wrong one is not the first, and the others would do.
        (vec![(2, 0), (1, 0)], 0, 1),
    ] {
        let refused = log.append(counting(append(&here, &streams), &["n"])).await.unwrap_err();
        let AppendError::VersionConflict { centre, stream: of, expected, actual } = refused else {
            panic!("{refused}")
        };
        assert_eq!((centre, of, expected, actual), (here.clone(), stream(1), expected_at, actual_at));
    }
    let absent = log.append(append(&here, &[(7, 5)])).await.unwrap_err();
    assert!(matches!(absent, AppendError::VersionConflict { expected: 5, actual: 0, .. }), "{absent}");
    assert_eq!(log.read_centre(&here, 0, 10).await.unwrap().len(), 1);
    assert_eq!(log.head(&here).await.unwrap(), Head { position: 1, recorded_ms: NEW_YEAR_MS, ..Head::default() });
}

async fn centres_do_not_see_each_other(log: &dyn EventLog) {
    let (one, two) = (centre("410404"), centre("410403"));
    for expected_position in 1..=3 {
        // The same stream's name in both is two streams.
        for here in [&one, &two] {
            let appended = log.append(append(here, &[(1, expected_position - 1)])).await.unwrap();
            assert_eq!(appended.last_position, expected_position);
        }
    }
    log.append(append(&two, &[(2, 0)])).await.unwrap();
    assert_eq!(log.centres().await.unwrap(), [(two.clone(), 4), (one.clone(), 3)]);
    assert_eq!(log.stream_head(&one, stream(1)).await.unwrap(), 3);
    assert_eq!(log.stream_head(&one, stream(2)).await.unwrap(), 0);
    assert_eq!(log.read_stream(&one, stream(2), 0).await.unwrap(), []);
}

async fn what_is_not_there_is_empty(log: &dyn EventLog) {
    let nowhere = centre("000000");
    assert_eq!(log.head(&nowhere).await.unwrap(), Head::default());
    assert_eq!(log.centres().await.unwrap(), []);
    assert_eq!(log.stream_head(&nowhere, stream(1)).await.unwrap(), 0);
    assert_eq!(log.read_centre(&nowhere, 0, 10).await.unwrap(), []);
    assert_eq!(log.read_centre(&nowhere, u64::MAX, 10).await.unwrap(), []);
    assert_eq!(log.get_attachment(Hash::of(b"nothing")).await.unwrap(), None);
}

async fn a_refused_first_append_leaves_no_trace(log: &dyn EventLog) {
    let here = centre("410404");
    log.append(append(&here, &[(1, 3)])).await.unwrap_err();
    assert_eq!(log.centres().await.unwrap(), []);
    assert!(log.verify(&mut |_| {}).await.unwrap().is_clean());
}

async fn a_centre_is_read_in_batches(log: &dyn EventLog) {
    let here = centre("410404");
    for n in 0..7 {
        log.append(append(&here, &[(n, 0)])).await.unwrap();
    }
    let positions = async |after, limit| {
        let events = log.read_centre(&here, after, limit).await.unwrap();
        events.iter().map(|event| event.position).collect::<Vec<_>>()
    };
    assert_eq!(positions(0, 3).await, [1, 2, 3]);
    assert_eq!(positions(3, 3).await, [4, 5, 6]);
    assert_eq!(positions(6, 3).await, [7]);
    assert!(positions(7, 3).await.is_empty());
}

async fn a_batch_of_large_events_is_cut_short(log: &dyn EventLog) {
    let here = centre("410404");
    let large = |version| {
        let mut append = append(&here, &[(1, version)]);
        append.events[0].body = vec![b'x'; BODY_LIMIT_BYTES];
        append
    };
    for version in 0..20 {
        log.append(large(version)).await.unwrap();
    }
    assert_eq!(log.read_centre(&here, 0, 1_000).await.unwrap().len(), 16);
    assert_eq!(log.read_centre(&here, 16, 1_000).await.unwrap().len(), 4);
}

async fn its_leaves_are_those_of_its_tree(log: &dyn EventLog) {
    let (here, there) = (centre("410404"), centre("410403"));
    log.append(append(&there, &[(1, 0)])).await.unwrap();
    for streams in [&[(1, 0), (2, 0)][..], &[(1, 1)], &[(2, 1), (1, 2)]] {
        log.append(append(&here, streams)).await.unwrap();
    }
    let (mut tree, mut read) = (Frontier::<Sm3Tree>::default(), Vec::new());
    loop {
        let leaves = log.read_leaves(&here, tree.size(), 2).await.unwrap();
        if leaves.is_empty() {
            break;
        }
        leaves.iter().for_each(|leaf| tree.push(leaf.hash(), |_, _| ()).unwrap());
        read.extend(leaves);
    }
    assert_eq!(log.prove(&here, &root_plan(5).unwrap()).await.unwrap(), [tree.root()]);
    let events = log.read_centre(&here, 0, 10).await.unwrap();
    assert_eq!(read.len(), events.len());
    for (leaf, event) in read.iter().zip(&events) {
        let header = leaf.header().unwrap();
        assert_eq!((header.centre, header.position, header.stream), ("410404", event.position, event.stream));
        assert_eq!((header.version, header.kind), (event.version, event.kind.as_str()));
        assert_eq!(leaf.body, event.body);
    }
    assert_eq!(log.read_leaves(&here, u64::MAX, 10).await.unwrap(), []);
    assert_eq!(log.read_leaves(&centre("410402"), 0, 10).await.unwrap(), []);
}

async fn leaves_of_large_events_are_cut_short(log: &dyn EventLog) {
    let here = centre("410404");
    for version in 0..6 {
        let mut append = append(&here, &[(1, version)]);
        append.events[0].body = vec![b'x'; BODY_LIMIT_BYTES];
        log.append(append).await.unwrap();
    }
    assert_eq!(log.read_leaves(&here, 0, 1_000).await.unwrap().len(), 4);
    assert_eq!(log.read_leaves(&here, 4, 1_000).await.unwrap().len(), 2);
}

async fn numbers_are_drawn_without_gaps(log: &dyn EventLog) {
    let (one, two) = (centre("410404"), centre("410403"));
    let drawn = async |append| log.append(append).await.unwrap().counters;
    let pairs = |pairs: &[(&str, u64)]| pairs.iter().map(|&(name, n)| (name.to_owned(), n)).collect::<Vec<_>>();
    assert_eq!(drawn(counting(append(&one, &[(1, 0)]), &["序号 2026"])).await, pairs(&[("序号 2026", 1)]));
    assert_eq!(drawn(counting(append(&two, &[(1, 0)]), &["序号 2026"])).await, pairs(&[("序号 2026", 1)]));
    let thrice = counting(append(&one, &[(1, 1)]), &["feed", "序号 2026", "feed"]);
    assert_eq!(drawn(thrice).await, pairs(&[("feed", 1), ("序号 2026", 2), ("feed", 2)]));
    log.append(counting(append(&one, &[(1, 1)]), &["feed"])).await.unwrap_err();
    assert_eq!(drawn(counting(append(&one, &[(1, 2)]), &["feed"])).await, pairs(&[("feed", 3)]));
    let counters = log.head(&one).await.unwrap().counters;
    assert_eq!(counters.into_iter().collect::<Vec<_>>(), pairs(&[("feed", 3), ("序号 2026", 2)]));
}

async fn a_machines_clock_that_goes_back_is_held_and_counted_once(log: &dyn EventLog) {
    let here = centre("410404");
    let hour = 3_600_000;
    // What the machine says, what is recorded, and how many steps back were seen by then.
    let steps = [
        (hour, hour, 0),
        // Two callers that queue in another order than they looked at the clock.
        (hour - 3, hour, 0),
        (0, hour, 1),
        (60_000, hour, 1),
        // Nearly there, and slipping again: still the same step.
        (hour - 3_000, hour, 1),
        (hour - 10_000, hour, 1),
        (hour + 1, hour + 1, 1),
        (2 * hour, 2 * hour, 1),
        (hour, 2 * hour, 2),
    ];
    for (version, (now, recorded, seen)) in (0..).zip(steps) {
        let clock = Clock::Machine(NEW_YEAR_MS + now);
        let appended = log.append(at(append(&here, &[(1, version)]), clock)).await.unwrap();
        assert_eq!(appended.recorded_ms, NEW_YEAR_MS + recorded, "{now}");
        let head = log.head(&here).await.unwrap();
        assert_eq!((head.recorded_ms, head.clock_steps_back), (NEW_YEAR_MS + recorded, seen), "{now}");
    }
}

async fn a_given_time_that_goes_back_is_refused(log: &dyn EventLog) {
    let here = centre("410404");
    let given = |version, ms| at(append(&here, &[(1, version)]), Clock::Given(ms));
    log.append(given(0, 1_000)).await.unwrap();
    log.append(given(1, 1_000)).await.unwrap();
    let refused = log.append(given(2, 999)).await.unwrap_err();
    assert!(matches!(refused, AppendError::ClockWentBack { given_ms: 999, last_ms: 1_000, .. }), "{refused}");
    // Another centre's time is its own.
    log.append(at(append(&centre("410403"), &[(1, 0)]), Clock::Given(5))).await.unwrap();
    assert_eq!(log.append(given(2, 2_000)).await.unwrap().recorded_ms, 2_000);
    assert_eq!(log.head(&here).await.unwrap().clock_steps_back, 0);
}

async fn what_no_log_could_accept_is_refused_with_the_limit(log: &dyn EventLog) {
    let here = centre("410404");
    let good = || append(&here, &[(1, 0)]);
    let with_event = |change: &dyn Fn(&mut NewEvent)| {
        let mut append = good();
        change(&mut append.events[0]);
        append
    };
    let too_many: Vec<(u128, u64)> = (0..=1_000).map(|n| (n, 0)).collect();
    let large = vec![b'x'; BODY_LIMIT_BYTES];
    let large_event = |n| NewEvent { stream: stream(n), kind: "k".into(), kind_version: 1, body: large.clone() };
    let many_large: Vec<NewEvent> = (0..9).map(large_event).collect();
    let nine: Vec<(u128, u64)> = (0..9).map(|n| (n, 0)).collect();
    for (bad, says) in [
        (Append { events: Vec::new(), ..good() }, "0 events"),
        (append(&here, &too_many), "1001 events"),
        (Append { events: many_large, ..append(&here, &nine) }, "9437184 bytes"),
        (with_event(&|event| event.body = vec![0; BODY_LIMIT_BYTES + 1]), "1048577 bytes"),
        (with_event(&|event| event.stream = stream(2)), "not named in `expected`"),
        (with_event(&|event| event.kind = String::new()), "is no type"),
        (with_event(&|event| event.kind = "受理".to_owned()), "is no type"),
        (with_event(&|event| event.kind = "x".repeat(65)), "is no type"),
        (Append { expected: vec![(stream(1), 0), (stream(1), 0)], ..good() }, "twice"),
        (at(good(), Clock::Given(-1)), "-1 ms"),
        (at(good(), Clock::Machine(i64::MAX)), "years 1970 and 9999"),
        (counting(good(), &["a\nb"]), "names no counter"),
        (counting(good(), &[""]), "names no counter"),
    ] {
        let refused = log.append(bad).await.unwrap_err();
        assert!(matches!(refused, AppendError::Invalid { .. }), "{refused}");
        assert!(refused.to_string().contains(says), "{refused}");
    }
    assert_eq!(log.centres().await.unwrap(), []);
    let most: Vec<(u128, u64)> = (0..u128::try_from(APPEND_LIMIT_EVENTS).unwrap()).map(|n| (n, 0)).collect();
    assert_eq!(log.append(append(&here, &most)).await.unwrap().last_position, 1_000);
    log.append(Append { events: vec![large_event(5)], ..append(&here, &[(5, 1)]) }).await.unwrap();
}

async fn tails_wait_for_what_comes_and_miss_nothing(log: &dyn EventLog) {
    let (here, there) = (centre("410404"), centre("410403"));
    let (mut tail, mut all) = (log.tail(&here), log.tail_all());
    let before = all.now();
    assert_eq!(tail.now(), 0);
    let (reached, appended) = tokio::join!(tail.past(0), log.append(append(&here, &[(1, 0), (2, 0)])));
    assert_eq!((reached.unwrap(), appended.unwrap().last_position), (2, 2));
    assert!(all.past(before).await.unwrap() > before);
    // What happened before anybody asked is not missed, and another centre's events wake nobody.
    log.append(append(&there, &[(1, 0)])).await.unwrap();
    log.append(append(&here, &[(1, 1)])).await.unwrap();
    assert_eq!(tail.past(2).await.unwrap(), 3);
    assert_eq!(log.tail(&there).now(), 1);
}

async fn attachments_are_kept_under_their_hash(log: &dyn EventLog) {
    let bytes = "附件 abc".repeat(100_000).into_bytes();
    let hash = log.put_attachment(bytes.clone()).await.unwrap();
    assert_eq!(hash, Hash::of(&bytes));
    assert_eq!(log.put_attachment(bytes.clone()).await.unwrap(), hash, "a second time changes nothing");
    assert_eq!(log.get_attachment(hash).await.unwrap(), Some(bytes));
    assert_eq!(log.put_attachment(Vec::new()).await.unwrap(), Hash::of(b""));
    assert_eq!(log.get_attachment(Hash::of(b"")).await.unwrap(), Some(Vec::new()));
    let refused = log.put_attachment(vec![0; ATTACHMENT_LIMIT_BYTES + 1]).await.unwrap_err();
    assert!(matches!(refused, LogError::AttachmentTooLarge { .. }), "{refused}");
    let report = log.verify(&mut |_| {}).await.unwrap();
    assert!(report.is_clean() && report.attachments == 2, "{report:?}");
}

async fn a_sound_log_verifies_and_says_how_far_it_is(log: &dyn EventLog) {
    for here in [centre("410404"), centre("410403")] {
        for version in 0..5 {
            let both = append(&here, &[(1, version), (2, version)]);
            log.append(counting(both, &["n", "m", "n"])).await.unwrap();
        }
    }
    let mut last = None;
    let report = log.verify(&mut |progress| last = Some(progress)).await.unwrap();
    assert_eq!((report.centres, report.events, report.faults), (2, 20, Vec::new()));
    assert_eq!(last.map(|last| (last.checked, last.total)), Some((20, 20)));
}

async fn a_closed_log_refuses_and_ends_its_tails(log: &dyn EventLog) {
    let here = centre("410404");
    log.append(append(&here, &[(1, 0)])).await.unwrap();
    let (mut before, mut all) = (log.tail(&here), log.tail_all());
    log.close().await;
    assert!(matches!(log.append(append(&here, &[(1, 1)])).await, Err(AppendError::Closed)));
    for tail in [&mut before, &mut all, &mut log.tail(&here), &mut log.tail_all()] {
        assert!(matches!(tail.past(u64::MAX - 1).await, Err(LogError::Closed)));
    }
    assert!(log.read_centre(&here, 0, 1).await.is_err());
}

async fn a_backup_says_where_each_centre_stands_and_brings_back_what_was_there(log: &dyn EventLog) {
    let (here, there) = (centre("410404"), centre("410403"));
    log.append(append(&here, &[(1, 0), (2, 0)])).await.unwrap();
    log.append(append(&there, &[(1, 0)])).await.unwrap();
    let hash = log.put_attachment(b"scan".to_vec()).await.unwrap();
    let places = [Place::new(), Place::new()];
    let dir = places[0].path();
    let made = Made { at: "2026-03-02T09:00:00+08:00".to_owned(), by: "tests".to_owned() };
    let manifest = event_log::back_up(log, &dir, made).await.unwrap();
    let heads: Vec<_> = manifest.centres.iter().map(|head| (head.centre.clone(), head.position)).collect();
    assert_eq!(heads, log.centres().await.unwrap());
    // What comes afterwards is not in it.
    log.append(append(&here, &[(1, 1)])).await.unwrap();
    let restored = format!("sqlite:{}", places[1].path().display());
    event_log::restore(&dir, &restored, &mut |_| {}).await.unwrap();
    let copy = event_log::open(&restored, Access::Write).await.unwrap();
    assert_eq!(copy.read_centre(&here, 0, 10).await.unwrap(), log.read_centre(&here, 0, 2).await.unwrap());
    assert_eq!(copy.read_centre(&there, 0, 10).await.unwrap(), log.read_centre(&there, 0, 10).await.unwrap());
    assert_eq!(copy.get_attachment(hash).await.unwrap(), Some(b"scan".to_vec()));
    copy.close().await;
}

macro_rules! run {
    ($($rule:ident),* $(,)?) => {
        mod sqlite {
            use super::Place;
            $(
                #[tokio::test]
                async fn $rule() {
                    let place = Place::new();
                    let log = place.write().await;
                    super::$rule(&*log).await;
                    log.close().await;
                }
            )*
        }
    };
}

run!(
    what_was_appended_is_read_back_as_it_was,
    several_streams_are_written_at_once,
    a_wrong_version_is_refused_and_writes_nothing,
    centres_do_not_see_each_other,
    what_is_not_there_is_empty,
    a_refused_first_append_leaves_no_trace,
    a_centre_is_read_in_batches,
    a_batch_of_large_events_is_cut_short,
    its_leaves_are_those_of_its_tree,
    leaves_of_large_events_are_cut_short,
    numbers_are_drawn_without_gaps,
    a_machines_clock_that_goes_back_is_held_and_counted_once,
    a_given_time_that_goes_back_is_refused,
    what_no_log_could_accept_is_refused_with_the_limit,
    tails_wait_for_what_comes_and_miss_nothing,
    attachments_are_kept_under_their_hash,
    a_backup_says_where_each_centre_stands_and_brings_back_what_was_there,
    a_sound_log_verifies_and_says_how_far_it_is,
    a_closed_log_refuses_and_ends_its_tails,
);
