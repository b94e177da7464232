//! Somebody with the file in hand and the triggers out of the way alters it: `verify` names the place.

use std::path::Path;

use event_log::{Clock, Report};
use sqlx::{Connection as _, Row as _};
use transparency::tree::root_plan;

use crate::{NEW_YEAR_MS, Place, append, at, by_hand, centre, connect, counting};

/// A log of two centres. In 410404: positions 1 and 2 are the first events of streams 1 and 2, 3 and 4 are stream 1's next,
/// 5 is stream 2's, 6 is stream 1's. Each append is a second after the one before.
async fn sample(place: &Place) {
    let log = place.write().await;
    let here = centre("410404");
    let steps: [&[(u128, u64)]; 5] = [&[(1, 0), (2, 0)], &[(1, 1)], &[(1, 2)], &[(2, 1)], &[(1, 3)]];
    for (n, streams) in (0..).zip(steps) {
        let clock = Clock::Given(NEW_YEAR_MS + 1_000 * n);
        log.append(counting(at(append(&here, streams), clock), &["n"])).await.unwrap();
    }
    log.append(counting(append(&centre("410403"), &[(1, 0)]), &["n"])).await.unwrap();
    log.put_attachment(b"scan".to_vec()).await.unwrap();
    log.close().await;
}

/// Drops every trigger, then does this to the file.
pub(crate) async fn tamper(file: &Path, statements: &str) {
    let mut connection = connect(file).await;
    let triggers =
        sqlx::query("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetch_all(&mut connection).await;
    let drops: String =
        triggers.unwrap().iter().map(|row| format!("DROP TRIGGER {};", row.get::<String, _>(0))).collect();
    connection.close().await.unwrap();
    by_hand(file, &format!("{drops} {statements}")).await.expect(statements);
}

async fn verify(place: &Place) -> Report {
    let log = place.write().await;
    let report = log.verify(&mut |_| {}).await.unwrap();
    log.close().await;
    report
}

/// Alters a sound log and expects exactly these faults.
async fn check(statements: &str, faults: &[&str]) {
    let place = Place::new();
    sample(&place).await;
    assert_eq!(verify(&place).await.faults, []);
    tamper(&place.path(), statements).await;
    let found: Vec<String> = verify(&place).await.faults.iter().map(ToString::to_string).collect();
    assert_eq!(found, faults, "{statements}");
}

const ALTERED: &str = "bytes, header columns or the leaf before were altered: the leaf does not follow from them";
const ONE: &str = "00000000-0000-0000-0000-000000000001";

#[tokio::test]
async fn the_leaves_are_those_that_an_outsider_computes() {
    // Printed by leaves.py, which shares no code with this project.
    const LEAVES: [&str; 6] = [
        "5fab2fd458be9c18fd866884a6aff98a99eb4fa6caa25e2cb44dbbf030e0c962",
        "f083e96bbfe0ab8d6fb319acef1dab9f17d9fd918ff4776203f022284f31391d",
        "48c559308921454dbda11dbd3b3bcf9632e463c8995b1683db64aee7785e5e49",
        "6c8674fd6ff45649c8e30f5f3a803c659cb22bc124b00c3f00d29223b43be7c5",
        "f17e381383514ddfeba5e63fb3a15748ea09bb4c41f6651bc78cd97cfe74b938",
        "1944faf148c6cdc788d3d2ac000a544938c435c7cae34f1907c773dd161bc322",
    ];
    let place = Place::new();
    sample(&place).await;
    let mut connection = connect(&place.path()).await;
    let query = sqlx::query("SELECT leaf FROM readable_events WHERE centre = '410404' ORDER BY position");
    let leaves: Vec<String> = query.fetch_all(&mut connection).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(leaves, LEAVES);
    connection.close().await.unwrap();
    let log = place.write().await;
    let root = log.prove(&centre("410404"), &root_plan(6).unwrap()).await.unwrap();
    assert_eq!(root[0].to_string(), "ac4ec15ff1cf866977871d8abd6207451b03104b7acdb739808ef697d99b82c3");
    log.close().await;
}

#[tokio::test]
async fn an_altered_body() {
    let altered = [format!("410404@3: {ALTERED}")];
    let altered: Vec<&str> = altered.iter().map(String::as_str).collect();
    for body in [
        "CAST(replace(body, 'after', 'afteR') AS BLOB)",
        "replace(body, 'after', 'afteR')",
        "x''",
        "'text'",
        "body || ' '",
    ] {
        check(&format!("UPDATE events SET body = {body} WHERE rowid = 3"), &altered).await;
    }
    check("UPDATE events SET body = 5 WHERE rowid = 3", &["410404@3: column `body` does not hold what it should"])
        .await;
}

#[tokio::test]
async fn an_altered_column() {
    for (change, says) in [
        ("kind_version = 2", ALTERED),
        ("recorded_ms = recorded_ms + 1", ALTERED),
        ("kind = (SELECT max(id) FROM other)", ALTERED),
        // It is a second event now where there is no first.
        ("stream = (SELECT max(id) FROM swapped)", "does not follow the one before, which is missing"),
    ] {
        // The names that the columns point to exist, so that only the leaf can tell.
        let prepare = "CREATE TEMP TABLE other (id); CREATE TEMP TABLE swapped (id);
            INSERT INTO kinds (name) VALUES ('other'); INSERT INTO other SELECT max(id) FROM kinds;
            INSERT INTO streams (centre, ordinal, uuid) VALUES (1, 2, randomblob(16)); INSERT INTO swapped SELECT max(id) FROM streams;";
        let place = Place::new();
        sample(&place).await;
        tamper(&place.path(), &format!("{prepare} UPDATE events SET {change} WHERE rowid = 3")).await;
        let found: Vec<String> = verify(&place).await.faults.iter().map(ToString::to_string).collect();
        assert!(found.iter().any(|at| at.starts_with("410404@3: ") && at.ends_with(says)), "{change}: {found:?}");
    }
    for (change, column) in [
        ("kind = 99", "kind"),
        ("kind_version = 70000", "kind_version"),
        ("recorded_ms = 'noon'", "recorded_ms"),
        ("leaf = x'00'", ""),
    ] {
        let says = if column.is_empty() {
            ALTERED.to_owned()
        } else {
            format!("column `{column}` does not hold what it should")
        };
        // Position 6: no event of its stream comes after it, so nothing else is out of step.
        check(&format!("UPDATE events SET {change} WHERE rowid = 5"), &[&format!("410404@5: {says}")]).await;
    }
}

#[tokio::test]
async fn an_altered_name() {
    let all: Vec<String> = (1..=6).map(|position| format!("410405@{position}: {ALTERED}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    check("UPDATE centres SET code = '410405' WHERE code = '410404'", &all).await;
    let of_stream: Vec<String> = [2, 5].map(|position| format!("410404@{position}: {ALTERED}")).into();
    let of_stream: Vec<&str> = of_stream.iter().map(String::as_str).collect();
    check("UPDATE streams SET uuid = randomblob(16) WHERE id = 2", &of_stream).await;
}

#[tokio::test]
async fn a_removed_tail() {
    check(
        "DELETE FROM events WHERE centre = 1 AND position >= 5",
        &[
            "410404@5: missing, up to and with 6",
            "410404@5: number 4 of `n` was drawn out of order, or at a position that is not there",
            "410404@6: number 5 of `n` was drawn out of order, or at a position that is not there",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_removed_event() {
    check(
        "DELETE FROM events WHERE centre = 1 AND position = 3",
        &[
            "410404@3: missing, up to and with 3",
            &format!("410404@4: version 3 of stream {ONE} does not follow the one before, which is missing"),
            "410404@3: number 2 of `n` was drawn out of order, or at a position that is not there",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_removed_event_whose_followers_were_moved_up() {
    let moved = "DELETE FROM events WHERE centre = 1 AND position = 5;
        UPDATE events SET position = 5 WHERE centre = 1 AND position = 6;
        UPDATE heads SET position = 5 WHERE centre = 1;";
    check(
        moved,
        &[
            &format!("410404@5: {ALTERED}"),
            "410404@6: number 5 of `n` was drawn out of order, or at a position that is not there",
        ],
    )
    .await;
}

#[tokio::test]
async fn two_events_that_changed_places() {
    let swap = "UPDATE events SET position = 100 WHERE centre = 1 AND position = 2;
        UPDATE events SET position = 2 WHERE centre = 1 AND position = 3;
        UPDATE events SET position = 3 WHERE centre = 1 AND position = 100;";
    check(
        swap,
        &[
            &format!("410404@2: {ALTERED}"),
            "410404@3: recorded earlier than the event before",
            &format!("410404@3: {ALTERED}"),
        ],
    )
    .await;
}

#[tokio::test]
async fn two_events_of_one_stream_that_changed_places() {
    let swap = "UPDATE events SET position = 100 WHERE centre = 1 AND position = 3;
        UPDATE events SET position = 3, recorded_ms = recorded_ms - 1000 WHERE centre = 1 AND position = 4;
        UPDATE events SET position = 4, recorded_ms = recorded_ms + 1000 WHERE centre = 1 AND position = 100;";
    let found = [
        format!("410404@3: {ALTERED}"),
        format!("410404@3: version 3 of stream {ONE} stands before the one that it follows"),
        format!("410404@4: {ALTERED}"),
    ];
    check(swap, &found.iter().map(String::as_str).collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn a_stream_that_was_reordered() {
    let swap = "UPDATE events SET version = 100 WHERE centre = 1 AND position = 3;
        UPDATE events SET version = 2 WHERE centre = 1 AND position = 4;
        UPDATE events SET version = 3 WHERE centre = 1 AND position = 3;";
    let found = [
        format!("410404@3: {ALTERED}"),
        format!("410404@3: version 3 of stream {ONE} stands before the one that it follows"),
        format!("410404@4: {ALTERED}"),
        format!("410404@6: {ALTERED}"),
    ];
    check(swap, &found.iter().map(String::as_str).collect::<Vec<_>>()).await;
}

/// Leaves, tree and index agree, and whoever reads the case is shown the row that is found first.
#[tokio::test]
async fn a_stream_torn_in_two_rows() {
    check(
        "PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON; ALTER TABLE streams RENAME TO before;
         CREATE TABLE streams (id INTEGER PRIMARY KEY, centre INTEGER, ordinal INTEGER, uuid BLOB);
         INSERT INTO streams SELECT * FROM before; INSERT INTO streams SELECT 99, centre, ordinal, uuid FROM before WHERE id = 1;
         UPDATE events SET stream = 99 WHERE centre = 1 AND position = 6; DROP TABLE before;",
        &[&format!("410404@6: version 4 of stream {ONE} does not follow the one before, which is missing")],
    )
    .await;
}

/// Whoever joins the tables is shown every event of that type twice.
#[tokio::test]
async fn a_type_with_two_names() {
    const TORN: &str = "PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON; ALTER TABLE kinds RENAME TO before;
        CREATE TABLE kinds (id, name); INSERT INTO kinds SELECT * FROM before; DROP TABLE before;";
    for more in ["SELECT 1, 'forged'", "SELECT '1', 'forged'", "SELECT 1.0, 'forged'", "SELECT 1, x'00'"] {
        let place = Place::new();
        sample(&place).await;
        tamper(&place.path(), &format!("{TORN} INSERT INTO kinds {more};")).await;
        let faults = verify(&place).await.faults;
        assert!(faults.iter().any(|fault| fault.wrong == event_log::Wrong::Position), "{more}: {faults:?}");
    }
    // One that no event names, and is no text: nothing else is to be said of it, and nothing stops.
    let place = Place::new();
    sample(&place).await;
    by_hand(&place.path(), "INSERT INTO kinds (name) VALUES (CAST(x'ff' AS TEXT))").await.unwrap();
    assert_eq!(verify(&place).await.faults, []);
}

#[tokio::test]
async fn a_back_dated_event() {
    check(
        "UPDATE events SET recorded_ms = recorded_ms - 5000 WHERE centre = 1 AND position = 5",
        &["410404@5: recorded earlier than the event before", &format!("410404@5: {ALTERED}")],
    )
    .await;
}

#[tokio::test]
async fn an_altered_body_whose_leaf_was_computed_again() {
    // What SQL cannot compute is put there as it would be: another leaf, and the event that follows in its stream tells.
    let place = Place::new();
    sample(&place).await;
    tamper(&place.path(), "UPDATE events SET leaf = randomblob(32) WHERE centre = 1 AND position = 2").await;
    let found: Vec<String> = verify(&place).await.faults.iter().map(ToString::to_string).collect();
    assert_eq!(found[1..], [format!("410404@5: {ALTERED}")]);
}

#[tokio::test]
async fn altered_heads_and_counters() {
    for (change, fault) in [
        ("UPDATE heads SET position = 5 WHERE centre = 1", "410404@6: stands beyond the head, which is at 5"),
        ("UPDATE heads SET position = 8 WHERE centre = 1", "410404@7: missing, up to and with 8"),
        (
            "UPDATE heads SET recorded_ms = 1 WHERE centre = 1",
            "410404@6: the head's recorded_ms is not that of the last event",
        ),
        ("DELETE FROM heads WHERE centre = 1", "410404: the head's row is not that of the last event"),
        (
            "UPDATE counters SET value = 6 WHERE centre = 1",
            "410404: counter `n` is at 6; 5 numbers were given out, the last one 5",
        ),
        (
            "UPDATE counters SET value = 4 WHERE centre = 1",
            "410404: counter `n` is at 4; 5 numbers were given out, the last one 5",
        ),
        (
            "DELETE FROM counters WHERE centre = 1",
            "410404: counter `n` is at 0; 5 numbers were given out, the last one 5",
        ),
        (
            "INSERT INTO counters VALUES (1, 'm', 2)",
            "410404: counter `m` is at 2; 0 numbers were given out, the last one 0",
        ),
        (
            "DELETE FROM numbers WHERE centre = 1 AND number = 3",
            "410404: counter `n` is at 5; 4 numbers were given out, the last one 5",
        ),
        (
            "UPDATE numbers SET position = 2 WHERE centre = 1 AND number = 5",
            "410404@2: number 5 of `n` was drawn out of order, or at a position that is not there",
        ),
        ("DELETE FROM centres WHERE id = 1", "(centre 1): column `centre` does not hold what it should"),
    ] {
        check(change, &[fault]).await;
    }
}

#[tokio::test]
async fn an_event_put_where_none_belongs() {
    let copy = "stream, version + 10, recorded_ms, kind, kind_version, leaf, body FROM events WHERE centre = 1 AND position = 5";
    for (position, first) in [
        ("0", "410404@0: no such position, or one that stands twice"),
        ("-7", "410404@-7: no such position, or one that stands twice"),
        ("7", ""),
        ("'x'", ""),
    ] {
        let place = Place::new();
        sample(&place).await;
        tamper(&place.path(), &format!("INSERT INTO events SELECT 1, {position}, {copy}")).await;
        let report = verify(&place).await;
        assert!(!report.is_clean(), "{position}");
        assert!(first.is_empty() || report.faults[0].to_string() == first, "{:?}", report.faults);
        assert!(report.faults.iter().all(|fault| fault.centre == "410404"));
    }
}

#[tokio::test]
async fn an_altered_attachment() {
    let place = Place::new();
    sample(&place).await;
    tamper(&place.attachments(), "UPDATE attachments SET bytes = x'00'").await;
    let faults = verify(&place).await.faults;
    // Printed by `printf scan | openssl dgst -sm3`.
    assert_eq!(faults.len(), 1);
    assert_eq!(
        faults[0].to_string(),
        "attachment d48582f7c657406c9c7e8497adce876ff01363495c5ac4cd26a5d56d622f3df9: its bytes have another hash"
    );
}

#[tokio::test]
async fn a_damaged_page_is_reported_and_not_an_error() {
    let place = Place::new();
    sample(&place).await;
    let mut connection = connect(&place.path()).await;
    let root = sqlx::query("SELECT rootpage FROM sqlite_schema WHERE name = 'events'").fetch_one(&mut connection).await;
    let page = root.unwrap().get::<u64, _>(0);
    connection.close().await.unwrap();
    let mut bytes = std::fs::read(place.path()).unwrap();
    // The page's header: what kind it is, and how many rows it holds.
    let start = usize::try_from((page - 1) * 4_096).unwrap();
    bytes[start..start + 8].fill(0xff);
    std::fs::write(place.path(), bytes).unwrap();
    let report = verify(&place).await;
    assert!(report.faults.iter().any(|fault| fault.to_string().starts_with("the database says")), "{report:?}");
}

#[tokio::test]
async fn a_tampered_centre_stops_itself_and_no_other() {
    let place = Place::new();
    sample(&place).await;
    // With the triggers put back, as somebody would who wants it to go unnoticed.
    let kept = "DELETE FROM events WHERE centre = 1 AND position = 6;
        CREATE TRIGGER follow BEFORE INSERT ON events BEGIN
            SELECT RAISE(ABORT, 'the position does not follow') WHERE NEW.position <> 1 + (SELECT max(position) FROM events WHERE centre = NEW.centre);
        END;";
    tamper(&place.path(), kept).await;
    let log = place.write().await;
    let (here, there) = (centre("410404"), centre("410403"));
    let (hurt, sound) = tokio::join!(log.append(append(&here, &[(2, 2)])), log.append(append(&there, &[(1, 1)])));
    let error = hurt.unwrap_err();
    assert!(error.to_string().contains("nothing was added to 410404: run `verify`"), "{error}");
    assert_eq!(sound.unwrap().last_position, 2);
    log.close().await;
}
