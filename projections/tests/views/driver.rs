//! What the driver does with what it cannot take, with a new version, and while a file is replaced.

use cases::{CaseId, CentreCode, story::Story};
use event_log::{Centre, NewEvent};
use projections::{
    Use, ViewError, Views, When,
    ledger::{self, Query},
    overdue,
    registry::{Kept, VIEWS},
    timeline::{self, Until},
    work_order::work_order,
};
use serde_json::json;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};
use tokio::join;

use crate::{
    by_hand::fortnight,
    support::{Place, at, block_on, centre, difference, played},
};

/// As a later release might write it.
fn toy(stream: CaseId) -> NewEvent {
    let body = br#"{"public":{},"sealed":[]}"#.to_vec();
    NewEvent { stream: stream.0, kind: "toy_event".to_owned(), kind_version: 1, body }
}

#[test]
fn an_unknown_event_stops_the_centre_before_it_and_no_other() {
    let (here, there) = (played(7, "410404", 3), played(8, "410500", 3));
    block_on(async {
        let place = Place::new().await;
        let first = &here.log[..here.log.len() / 2];
        place.record(&here, first).await;
        place.append(&here.centre.code, vec![toy(CaseId(uuid::Uuid::from_u128(1)))], here.now).await;
        place.record(&there, &there.log).await;
        let (ours, position) = (centre(&here.centre.code), first.len() as u64);

        for status in place.views.catch_up(&*place.log, &ours).await.unwrap() {
            assert_eq!((status.position, status.lag), (position, 1), "{}", status.view);
            let stopped = status.stopped.unwrap();
            let place = format!("410404@{}", position + 1);
            assert!(stopped.contains(&place) && stopped.contains("toy_event"), "{stopped}");
        }
        assert!(place.views.seen("ledger", &ours, position).await.is_ok());
        let waited_for = place.views.seen("ledger", &ours, position + 1).await;
        assert!(matches!(waited_for, Err(ViewError::Stopped(_))), "{waited_for:?}");
        place.catch_up(&there).await;
        assert_eq!(place.ledger(&there, When::now(there.now)).await.len(), there.cases.len());

        // Built anew it would stop there too: the file that serves goes on serving.
        let before = place.dump().await;
        let rebuilt = place.views.rebuild(&*place.log, &[], |_, _| ()).await;
        assert!(matches!(rebuilt, Err(ViewError::Stopped(_))), "{rebuilt:?}");
        assert_eq!(place.dump().await, before);
    });
}

/// A log out of which somebody took an event: the views stop before it, and say where, instead of going on or waiting for ever.
#[test]
fn a_gap_in_the_log_stops_the_views_before_it() {
    let played = played(7, "410404", 3);
    block_on(async {
        let place = Place::new().await;
        let (first, rest) = played.log.split_at(played.log.len() / 2);
        let (ours, position) = (centre(&played.centre.code), first.len() as u64);
        place.record(&played, first).await;
        place.catch_up(&played).await;
        place.record(&played, rest).await;
        let options = SqliteConnectOptions::new().filename(place.path().join("log.sqlite"));
        let mut connection = options.connect().await.unwrap();
        let remove =
            format!("DROP TRIGGER events_are_never_removed; DELETE FROM events WHERE position = {}", position + 1);
        sqlx::raw_sql(AssertSqlSafe(remove)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        for status in place.views.catch_up(&*place.log, &ours).await.unwrap() {
            assert_eq!(status.position, position, "{}", status.view);
            let stopped = status.stopped.unwrap();
            assert!(stopped.contains(&format!("nothing at position {}", position + 1)), "{stopped}");
        }
    });
}

/// Expected keys are those of the rows that the statements name.
#[test]
fn an_audit_names_rows_that_are_not_what_the_log_says() {
    let (here, there) = (played(7, "410404", 5), played(8, "410500", 3));
    block_on(async {
        let place = Place::of(&here).await;
        place.record(&there, &there.log).await;
        place.catch_up(&there).await;
        let (ours, log) = (centre(&here.centre.code), &*place.log);
        let sound = place.views.audit(log, &ours).await.unwrap();
        assert_eq!(sound.len(), VIEWS.len());
        for audited in &sound {
            assert!(audited.is_sound() && audited.rows > 0 && audited.position == here.log.len() as u64, "{audited:?}");
        }

        let file = place.path().join("views/ledger.sqlite");
        let mut ledger = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
        let mut keys = here.cases.keys().map(ToString::to_string).collect::<Vec<_>>();
        keys.sort();
        for statement in [
            format!(
                "UPDATE rows SET state = replace(state, '2026', '2025') WHERE centre = '410404' AND key = '{}'",
                keys[1]
            ),
            format!("DELETE FROM rows WHERE centre = '410404' AND key = '{}'", keys[3]),
            "INSERT INTO rows (centre, key, state) VALUES ('410404', 'zzz', '{}')".to_owned(),
            // Another centre's rows are another audit's.
            "DELETE FROM rows WHERE centre = '410500'".to_owned(),
        ] {
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut ledger).await.unwrap();
        }
        ledger.close().await.unwrap();
        let found = place.views.audit(log, &ours).await.unwrap();
        let expected = [keys[1].as_str(), &keys[3], "zzz"];
        for (audited, before) in found.iter().zip(&sound) {
            let expected: &[&str] = if audited.view == "ledger" { &expected } else { &[] };
            assert_eq!(
                (&*audited.keys, audited.differing),
                (&*expected.iter().map(|k| (*k).to_owned()).collect::<Vec<_>>(), expected.len() as u64)
            );
            assert_eq!(audited.fingerprint, before.fingerprint, "of what the log says");
        }

        place.views.rebuild(log, &["ledger".to_owned()], |_, _| ()).await.unwrap();
        assert_eq!(place.views.audit(log, &ours).await.unwrap(), sound);
        let left: Vec<_> =
            std::fs::read_dir(place.path().join("views")).unwrap().map(|f| f.unwrap().file_name()).collect();
        assert!(left.iter().all(|name| !name.to_string_lossy().contains("audit")), "{left:?}");
    });
}

fn views(change: impl FnOnce(&mut [Kept])) -> &'static [Kept] {
    let mut views = VIEWS.to_vec();
    change(&mut views);
    views.leak()
}

#[test]
fn a_view_that_does_not_know_a_type_stops_alone() {
    let story = fortnight();
    let forgetful = views(|views| {
        views[1].uses = |kind| if kind == "paused" { Use::Unknown } else { (VIEWS[1].uses)(kind) };
    });
    block_on(async {
        let place = Place::new().await;
        place.record(&story, &story.log).await;
        let views = Views::open_only(place.path(), forgetful).await.unwrap();
        let status = views.catch_up(&*place.log, &centre(&story.centre.code)).await.unwrap();
        let stopped: Vec<_> =
            status.iter().filter(|status| status.stopped.is_some()).map(|status| status.view).collect();
        assert_eq!(stopped, ["overdue"]);
        assert!(status[1].lag > 0 && status[0].lag == 0 && status[2].lag == 0);
        // The release that knows the type goes on where this one stopped.
        views.close().await;
        place.catch_up(&story).await;
    });
}

#[test]
fn a_list_that_says_more_than_the_match_stops_the_view() {
    let story = fortnight();
    let boastful = views(|views| {
        views[0].uses = |kind| if kind == "signed_for" { Use::Fields } else { (VIEWS[0].uses)(kind) };
    });
    block_on(async {
        let place = Place::new().await;
        place.record(&story, &story.log).await;
        let views = Views::open_only(place.path(), boastful).await.unwrap();
        let status = views.catch_up(&*place.log, &centre(&story.centre.code)).await.unwrap();
        assert!(status[0].stopped.as_ref().is_some_and(|why| why.contains("signed_for")), "{:?}", status[0]);
        assert_eq!((status[0].position, status[1].lag), (0, 0), "nothing of the batch was written");
    });
}

#[test]
fn another_version_is_built_anew() {
    let story = fortnight();
    let newer = views(|views| views[0].version += 1);
    block_on(async {
        let place = Place::of(&story).await;
        let dump = place.dump().await;
        place.views.close().await;
        let views = Views::open_only(place.path(), newer).await.unwrap();
        let code = centre(&story.centre.code);
        let status = views.status(&*place.log, &code).await.unwrap();
        assert_eq!((status[0].position, status[1].lag), (0, 0));
        views.catch_up(&*place.log, &code).await.unwrap();
        assert_eq!(place.dump().await, dump);
    });
}

#[test]
fn rebuilding_by_one_process_is_noticed_by_another() {
    let mut story = fortnight();
    let when = When::now(story.now);
    block_on(async {
        let place = Place::of(&story).await;
        let other = Views::open(place.path()).await.unwrap();
        let code = centre(&story.centre.code);
        let ledger = async |views| ledger::lines(views, &*place.log, &code, &Query::all(when)).await.unwrap();
        let before = ledger(&other).await;
        let names = ["ledger", "timeline", "ledger"].map(str::to_owned);
        let rebuilt = place.views.rebuild(&*place.log, &names, |_, _| ()).await.unwrap();
        assert_eq!(
            rebuilt.iter().map(|done| (done.view, done.events)).collect::<Vec<_>>(),
            [("ledger", story.log.len() as u64)]
        );
        assert_eq!(ledger(&other).await, before);

        let known = story.log.len();
        let reopen = json!({"command": "reopen", "case": Story::id(1), "ground": "own_motion", "reason": "复查"});
        story.tell("manager", reopen).unwrap();
        place.record(&story, &story.log[known..]).await;
        // Who waits for the position is woken by the batch that brings it.
        let (waited, caught_up) =
            join!(other.seen("ledger", &code, story.log.len() as u64), other.catch_up(&*place.log, &code));
        waited.unwrap();
        caught_up.unwrap();
        assert!(ledger(&place.views).await[0].cells[16].contains("重开1次"));
        let unknown = place.views.rebuild(&*place.log, &["legder".to_owned()], |_, _| ()).await;
        assert!(matches!(unknown, Err(ViewError::UnknownView(..))));
    });
}

/// One waits for the other; and what one left half built when it was killed may hold what was erased since.
#[test]
fn two_processes_rebuild_at_once_and_nothing_half_built_stays() {
    let story = fortnight();
    block_on(async {
        let place = Place::of(&story).await;
        let other = Views::open(place.path()).await.unwrap();
        let dump = place.dump().await;
        let left = ["overdue.sqlite.new", "overdue.sqlite.audit", "ledger.sqlite.audit-wal"];
        let left = left.map(|name| place.path().join("views").join(name));
        left.iter().for_each(|path| std::fs::write(path, "张三").unwrap());
        let code = centre(&story.centre.code);
        let (one, two, three) = join!(
            place.views.rebuild(&*place.log, &[], |_, _| ()),
            other.rebuild(&*place.log, &[], |_, _| ()),
            other.audit(&*place.log, &code)
        );
        assert!(one.unwrap() == two.unwrap() && three.unwrap().iter().all(projections::Audited::is_sound));
        assert_eq!(place.dump().await, dump);
        assert!(left.iter().all(|path| !path.exists()));
    });
}

#[test]
fn two_processes_catch_up_at_once() {
    let story = played(11, "410404", 6);
    block_on(async {
        let alone = Place::of(&story).await;
        let place = Place::new().await;
        let (other, code) = (Views::open(place.path()).await.unwrap(), centre(&story.centre.code));
        for part in story.log.chunk_by(|a, b| at(a).date() == at(b).date()) {
            place.record(&story, part).await;
            let (ours, theirs) = join!(place.views.catch_up(&*place.log, &code), other.catch_up(&*place.log, &code));
            ours.unwrap();
            theirs.unwrap();
        }
        assert_eq!(place.dump().await, alone.dump().await);
    });
}

/// As many centres as a province has share a batch: each gets less of it than its log holds, and all are as if each were alone.
#[test]
fn centres_brought_up_together_stand_as_each_alone() {
    let stories = [(7, "410404", 12), (8, "410500", 3), (9, "410411", 9)].map(|(seed, code, n)| played(seed, code, n));
    assert!(stories.iter().any(|story| story.log.len() > 200), "one is longer than some shares of a batch");
    block_on(async {
        let (alone, together) = (Place::new().await, Place::new().await);
        let mut centres: Vec<_> = (420_000..420_160).map(|code| Centre::new(&code.to_string()).unwrap()).collect();
        centres.extend(stories.iter().map(|story| centre(&story.centre.code)));
        for part in 0..3 {
            for story in &stories {
                let third = story.log.len().div_ceil(3);
                let told = &story.log[(part * third).min(story.log.len())..((part + 1) * third).min(story.log.len())];
                alone.record(story, told).await;
                together.record(story, told).await;
                alone.catch_up(story).await;
            }
            let statuses = together.views.catch_up_with(&*together.log, &centres).await.unwrap();
            assert_eq!(statuses.len(), centres.len());
            for status in statuses.into_iter().flatten() {
                assert_eq!((status.lag, status.stopped), (0, None), "{}", status.view);
            }
            assert_eq!(difference(&together.dump().await, &alone.dump().await), None);
        }
    });
}

/// What stops one centre's views is in the same batch as what the others are waiting for.
#[test]
fn a_centre_that_stops_keeps_nobody_from_going_on_beside_it() {
    let (here, there) = (played(7, "410404", 3), played(8, "410500", 3));
    block_on(async {
        let (alone, place) = (Place::of(&there).await, Place::new().await);
        let first = &here.log[..here.log.len() / 2];
        place.record(&here, first).await;
        place.append(&here.centre.code, vec![toy(CaseId(uuid::Uuid::from_u128(1)))], at(first.last().unwrap())).await;
        place.record(&here, &here.log[first.len()..]).await;
        place.record(&there, &there.log).await;
        let centres = [&here, &there].map(|story| centre(&story.centre.code));

        let statuses = place.views.catch_up_with(&*place.log, &centres).await.unwrap();
        for (stopped, going) in statuses[0].iter().zip(&statuses[1]) {
            assert_eq!(stopped.position, first.len() as u64, "{}", stopped.view);
            assert!(stopped.stopped.as_ref().is_some_and(|why| why.contains("toy_event")));
            assert_eq!((going.lag, &going.stopped), (0, &None), "{}", going.view);
        }
        let ours = place.dump().await;
        for (view, rows) in alone.dump().await {
            let of_there = |line: &&String| line.contains("410500");
            assert_eq!(
                ours[view].iter().filter(of_there).collect::<Vec<_>>(),
                rows.iter().collect::<Vec<_>>(),
                "{view}"
            );
        }
    });
}

/// A server spawns them.
#[test]
fn futures_can_move_between_threads() {
    fn spawnable(_: impl Send) {}
    let story = fortnight();
    block_on(async {
        let place = Place::new().await;
        let (code, when) = (centre(&story.centre.code), When::now(story.now));
        let (views, log) = (&place.views, &*place.log);
        spawnable(views.catch_up(log, &code));
        spawnable(views.rebuild(log, &[], |_, _| ()));
        spawnable(views.seen("ledger", &code, 1));
        spawnable(ledger::lines(views, log, &code, &Query::all(when)));
        spawnable(overdue::report(views, log, &code, &overdue::Query::all(overdue::Asked::Open, when)));
        spawnable(timeline::history(log, &code, Story::id(1), Until::default()));
        spawnable(work_order(views, log, &code, Story::id(1)));
    });
}

#[test]
fn a_file_that_is_no_view_gives_way() {
    block_on(async {
        let place = Place::new().await;
        place.views.close().await;
        std::fs::write(place.path().join("views/overdue.sqlite"), "not a database").unwrap();
        let views = Views::open(place.path()).await.unwrap();
        let nowhere = centre(&CentreCode::new("999999").unwrap());
        assert!(views.catch_up(&*place.log, &nowhere).await.unwrap().iter().all(|status| status.position == 0));
    });
}
