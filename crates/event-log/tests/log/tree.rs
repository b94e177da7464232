//! The tree over a centre's leaves: it proves what was appended, and `verify` names whatever is not as somebody remembers it.

use event_log::{Access, Append, AppendError, Centre, Clock, EventLog, Hash, LogError, NewEvent, Remembered};
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use transparency::Header;
use transparency::heads::{HeadsCommitted, OWN_STREAM, StreamHead, root_of};
use transparency::tree::{
    Frontier, Sm3Tree, consistency_plan, inclusion_plan, root_plan, verify_consistency, verify_inclusion,
};

use crate::{NEW_YEAR_MS, Place, append, at, centre, connect, tampering::tamper};

const CLOCK: Clock = Clock::Given(NEW_YEAR_MS);

/// More than two blocks of 256 leaves, so that nodes of three heights are kept.
const EVENTS: u64 = 1_100;

/// So many events, in appends of one to seven, of as many streams as there are appends.
async fn fill(log: &dyn EventLog, here: &Centre, events: u64) {
    let mut written = log.head(here).await.unwrap().position;
    while written < events {
        let together = (1 + written % 7).min(events - written);
        let streams: Vec<_> = (0..together).map(|n| (u128::from(written + n), 0)).collect();
        log.append(at(append(here, &streams), CLOCK)).await.unwrap();
        written += together;
    }
}

/// The leaves as they stand in the rows, and the roots of all their beginnings.
async fn leaves_and_roots(place: &Place) -> (Vec<Hash>, Vec<Hash>) {
    let mut connection = connect(&place.path()).await;
    let query = sqlx::query("SELECT leaf FROM events WHERE centre = 1 ORDER BY position");
    let rows = query.fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let leaves: Vec<Hash> = rows.iter().map(|row| Hash(row.get::<Vec<u8>, _>(0).try_into().unwrap())).collect();
    let mut tree = Frontier::<Sm3Tree>::default();
    let mut roots = vec![tree.root()];
    for leaf in &leaves {
        tree.push(*leaf, |_, _| ()).unwrap();
        roots.push(tree.root());
    }
    (leaves, roots)
}

#[tokio::test]
async fn every_event_and_every_earlier_tree_is_proved() {
    let (place, here) = (Place::new(), centre("410404"));
    let log = place.write().await;
    fill(&*log, &here, EVENTS).await;
    let (leaves, roots) = leaves_and_roots(&place).await;
    let root = |size: u64| roots[usize::try_from(size).unwrap()];
    let companion = place.open(Access::Read).await.unwrap();
    for log in [&log, &companion] {
        for size in [0, 1, 2, 255, 256, 257, 511, 512, 700, 1_024, 1_025, EVENTS] {
            assert_eq!(log.prove(&here, &root_plan(size).unwrap()).await.unwrap(), [root(size)], "{size}");
            let plan = consistency_plan(size, EVENTS).unwrap();
            let proof = log.prove(&here, &plan).await.unwrap();
            verify_consistency::<Sm3Tree>((size, root(size)), (EVENTS, root(EVENTS)), &proof).unwrap();
        }
        for size in [1, 300, EVENTS] {
            for index in (0..size).step_by(97).chain([size - 1]) {
                let proof = log.prove(&here, &inclusion_plan(index, size).unwrap()).await.unwrap();
                let leaf = leaves[usize::try_from(index).unwrap()];
                verify_inclusion::<Sm3Tree>((index, leaf), (size, root(size)), &proof).unwrap();
            }
        }
        for plan in [root_plan(EVENTS + 1), inclusion_plan(EVENTS, 2 * EVENTS), consistency_plan(5, 1 << 40)] {
            let refused = log.prove(&here, &plan.unwrap()).await.unwrap_err();
            assert!(matches!(refused, LogError::NotInTree { .. }), "{refused}");
        }
        assert_eq!(log.prove(&centre("999999"), &root_plan(0).unwrap()).await.unwrap(), [root(0)]);
    }
    companion.close().await;
    log.close().await;
}

#[tokio::test]
async fn the_tree_goes_on_where_an_earlier_process_left_it() {
    let (place, here) = (Place::new(), centre("410404"));
    for events in [1, 255, 256, 300, 512, 600] {
        let log = place.write().await;
        fill(&*log, &here, events).await;
        assert_eq!(log.verify(&mut |_| {}).await.unwrap().faults, []);
        log.close().await;
    }
}

async fn faults(place: &Place, remembered: &[Remembered]) -> Vec<String> {
    let log = place.write().await;
    let report = log.verify_against(remembered, &mut |_| {}).await.unwrap();
    log.close().await;
    report.faults.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn whatever_is_kept_of_the_tree_is_checked() {
    for (change, fault) in [
        (
            "UPDATE tree_nodes SET hash = randomblob(32) WHERE level = 8 AND number = 1",
            "410404: node 1 at height 8 of the tree is not that of its leaves",
        ),
        (
            "DELETE FROM tree_nodes WHERE level = 9 AND number = 0",
            "410404: node 0 at height 9 of the tree is not that of its leaves",
        ),
        (
            "UPDATE tree_nodes SET number = 7 WHERE level = 10",
            "410404: node 0 at height 10 of the tree is not that of its leaves",
        ),
        (
            "INSERT INTO tree_nodes VALUES (1, 8, 99, randomblob(32))",
            "410404: the tree has nodes that its leaves do not make",
        ),
        (
            "UPDATE heads SET frontier = zeroblob(length(frontier)) WHERE centre = 1",
            "410404@1100: the head's frontier is not that of the last event",
        ),
        (
            "UPDATE heads SET frontier = x'00' WHERE centre = 1",
            "410404@1100: the head's frontier is not that of the last event",
        ),
        (
            "UPDATE heads SET streams = 9 WHERE centre = 1",
            "410404@1100: the head's streams is not that of the last event",
        ),
    ] {
        let place = Place::new();
        let log = place.write().await;
        fill(&*log, &centre("410404"), EVENTS).await;
        log.close().await;
        tamper(&place.path(), change).await;
        assert_eq!(faults(&place, &[]).await, [fault], "{change}");
    }
}

/// The heads of all streams as they stand in the rows, hashed as `transparency` says, in the order in which the streams began.
async fn heads(place: &Place) -> Vec<Hash> {
    let mut connection = connect(&place.path()).await;
    let query = "SELECT streams.uuid, version, leaf FROM events JOIN streams ON streams.id = stream
        WHERE events.centre = 1 AND version = (SELECT max(version) FROM events AS e WHERE e.centre = 1 AND e.stream = events.stream)
        ORDER BY (SELECT min(position) FROM events AS e WHERE e.centre = 1 AND e.stream = events.stream)";
    let rows = sqlx::query(query).fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let head = |row: &sqlx::sqlite::SqliteRow| StreamHead {
        stream: uuid::Uuid::from_slice(row.get(0)).unwrap(),
        version: row.get(1),
        leaf: Hash(row.get::<Vec<u8>, _>(2).try_into().unwrap()),
    };
    rows.iter().map(|row| head(row).hash()).collect()
}

#[tokio::test]
async fn the_log_says_where_all_streams_stand() {
    let (place, here) = (Place::new(), centre("410404"));
    let (mut versions, mut events) = ([0_u64; 70], 0);
    for round in 0..7_u128 {
        let log = place.write().await;
        assert_eq!(log.commit_heads(&centre("999999"), CLOCK).await.unwrap(), None, "there is nothing to say of it");
        // Ever more streams, and each time only some of them get an event.
        for stream in (0..(round + 1) * 10).filter(|stream| stream % (round + 1) == 0) {
            let version = &mut versions[usize::try_from(stream).unwrap()];
            log.append(at(append(&here, &[(stream, *version)]), CLOCK)).await.unwrap();
            (*version, events) = (*version + 1, events + 1);
        }
        let wanted = heads(&place).await;
        let said = log.commit_heads(&here, CLOCK).await.unwrap().unwrap();
        events += 1;
        assert_eq!((said.first_position, said.last_position), (events, events));
        let event = log.read_centre(&here, events - 1, 10).await.unwrap().pop().unwrap();
        assert_eq!(
            (event.stream, &*event.kind, event.version),
            (OWN_STREAM, HeadsCommitted::KIND, 1 + u64::try_from(round).unwrap())
        );
        let (root, streams) = (root_of(wanted.iter().copied()), wanted.len() as u64);
        assert_eq!(HeadsCommitted::decode(&event.body).unwrap(), HeadsCommitted { root, streams });
        assert_eq!(log.commit_heads(&here, CLOCK).await.unwrap(), None, "nothing came since");
        assert_eq!(log.verify(&mut |_| {}).await.unwrap().faults, []);
        log.close().await;
    }
    let log = place.write().await;
    let own = Append { expected: vec![(OWN_STREAM, 7)], ..append(&here, &[(0, 0)]) };
    let own = Append { events: vec![NewEvent { stream: OWN_STREAM, ..own.events[0].clone() }], ..own };
    assert!(matches!(log.append(own).await, Err(AppendError::Invalid { .. })));
    log.close().await;

    let torn = "410404: the nodes of the tree of heads that are not in their places yet are not as the log writes them";
    let not_said = "the streams did not stand where this event says that they stood before it";
    for (change, fault) in [
        (
            "UPDATE head_nodes SET nodes = CAST(substr(nodes, 1, 32) || randomblob(32) || substr(nodes, 65) AS BLOB) WHERE level = 0 AND number = 1",
            "410404: node 17 at height 0 of the tree of heads is not that of the heads",
        ),
        (
            // The first of two nodes at the top of the second tile.
            "UPDATE head_nodes SET nodes = CAST(substr(nodes, 1, 28 * 32) || zeroblob(32) || substr(nodes, 29 * 32 + 1) AS BLOB) WHERE level = 0 AND number = 1",
            "410404: node 2 at height 3 of the tree of heads is not that of the heads",
        ),
        (
            "UPDATE head_nodes SET number = 99 WHERE level = 0 AND number = 1",
            "410404: node 16 at height 0 of the tree of heads is not that of the heads",
        ),
        (
            "INSERT INTO head_nodes VALUES (1, 12, 0, zeroblob(960))",
            "410404: the tree of heads has nodes that the heads do not make",
        ),
        // What would go before the tiles in their places: torn, of no node or one that no tile has, of a tile that has no number, of a node that is another, and of one that there cannot be.
        ("INSERT INTO head_nodes VALUES (1, 64, 0, CAST(zeroblob(9) || x'00000001' || zeroblob(31) AS BLOB))", torn),
        ("INSERT INTO head_nodes VALUES (1, 64, 0, zeroblob(13))", torn),
        (
            "INSERT INTO head_nodes VALUES (1, 64, 0, CAST(x'008000000000000000' || x'00000001' || randomblob(32) AS BLOB))",
            torn,
        ),
        ("INSERT INTO head_nodes VALUES (1, 64, 0, CAST(zeroblob(9) || x'40000000' || randomblob(32) AS BLOB))", torn),
        (
            "INSERT INTO head_nodes VALUES (1, 64, 0, CAST(zeroblob(9) || x'00000001' || randomblob(32) AS BLOB))",
            "410404: node 0 at height 0 of the tree of heads is not that of the heads",
        ),
        (
            "INSERT INTO head_nodes VALUES (1, 64, 0, CAST(x'0c' || zeroblob(8) || x'00000001' || zeroblob(32) AS BLOB))",
            "410404: the tree of heads has nodes that the heads do not make",
        ),
        (
            // One that is sound there makes no room for another where there can be none.
            "INSERT INTO head_nodes SELECT 1, 64, 0, CAST(zeroblob(8) || x'013fffffff' || nodes AS BLOB) FROM head_nodes WHERE level = 0 AND number = 1; UPDATE head_nodes SET level = 12 WHERE level = 0 AND number = 1",
            "410404: the tree of heads has nodes that the heads do not make",
        ),
        ("UPDATE heads SET committed = committed - 1", "410404: the head's committed is not that of the last event"),
    ] {
        let copy = Place::new();
        std::fs::copy(place.path(), copy.path()).unwrap();
        std::fs::copy(place.attachments(), copy.attachments()).unwrap();
        tamper(&copy.path(), change).await;
        assert_eq!(faults(&copy, &[]).await, [fault], "{change}");
    }
    // An event of a stream that is not said of it, and a saying that was altered.
    tamper(&place.path(), "UPDATE events SET body = replace(body, 'root\":\"', 'root\":\"0') WHERE position = 11")
        .await;
    let found = faults(&place, &[]).await;
    assert!(found.contains(&format!("410404@11: {not_said}")), "{found:?}");
}

/// What is kept of the tree of heads was altered: nothing is recorded on top of it, and other appends go on.
#[tokio::test]
async fn a_broken_tree_of_heads_stops_only_what_rests_on_it() {
    let (place, here) = (Place::new(), centre("410404"));
    let log = place.write().await;
    fill(&*log, &here, 20).await;
    log.commit_heads(&here, CLOCK).await.unwrap().unwrap();
    log.close().await;
    tamper(&place.path(), "DELETE FROM head_nodes").await;
    let log = place.write().await;
    log.append(at(append(&here, &[(0, 1)]), CLOCK)).await.unwrap();
    let refused = log.commit_heads(&here, CLOCK).await.unwrap_err();
    assert!(matches!(refused, AppendError::Contradiction { .. }), "{refused}");
    assert_eq!(log.append(at(append(&here, &[(0, 2)]), CLOCK)).await.unwrap().last_position, 23);
    log.close().await;
}

/// One centre's edge of the tree is broken: it stops, by name, and the others of its group do not.
#[tokio::test]
async fn a_broken_edge_stops_its_own_centre_alone() {
    let (place, here, there) = (Place::new(), centre("410404"), centre("410403"));
    let log = place.write().await;
    for of in [&here, &there] {
        log.append(at(append(of, &[(1, 0)]), CLOCK)).await.unwrap();
    }
    log.close().await;
    tamper(&place.path(), "UPDATE heads SET frontier = x'00' WHERE centre = 1").await;
    let log = place.write().await;
    let (hurt, sound) = tokio::join!(
        log.append(at(append(&here, &[(1, 1)]), CLOCK)),
        log.append(at(append(&there, &[(1, 1)]), CLOCK)),
    );
    assert!(matches!(hurt, Err(AppendError::Contradiction { centre, .. }) if centre == here));
    assert_eq!(sound.unwrap().last_position, 2);
    log.close().await;
}

/// Whoever has the file, this program and its keys can write a whole log that agrees with itself. Who remembers one root sees it.
#[tokio::test]
async fn a_log_that_was_written_anew_is_not_the_one_that_was_remembered() {
    let here = centre("410404");
    let remembered = |size: u64, root| Remembered { centre: here.clone(), size, root };
    let place = Place::new();
    let log = place.write().await;
    fill(&*log, &here, 600).await;
    let mut roots = Vec::new();
    for size in [0, 1, 300, 600] {
        roots.push(remembered(size, log.prove(&here, &root_plan(size).unwrap()).await.unwrap()[0]));
    }
    fill(&*log, &here, EVENTS).await;
    log.close().await;
    assert_eq!(faults(&place, &roots).await, [""; 0]);

    let (other, shorter) = (Place::new(), Place::new());
    for (place, events, clock) in [(&other, 600_u64, NEW_YEAR_MS - 1), (&shorter, 299, NEW_YEAR_MS)] {
        let log = place.write().await;
        log.append(at(append(&here, &[(0, 0)]), Clock::Given(clock))).await.unwrap();
        for n in 1..events {
            let streams: Vec<_> = vec![(u128::from(n) + 1_000_000, 0)];
            log.append(at(append(&here, &streams), CLOCK)).await.unwrap();
        }
        log.close().await;
        assert_eq!(faults(place, &[]).await, [""; 0]);
    }
    let altered = |size: u64| {
        format!(
            "410404: not the log that the checkpoint of size {size} was made of: events up to {size} were altered, removed, added or reordered since"
        )
    };
    let cut = |size: u64| {
        format!("410404: shorter than the checkpoint of size {size}: events up to {size} were removed since")
    };
    assert_eq!(faults(&other, &roots).await, [altered(1), altered(300), altered(600)]);
    // Its first event is the same.
    assert_eq!(faults(&shorter, &roots).await, [cut(300), cut(600)]);
    // Where an event is gone there is nothing to compare with, and a centre that is not there at all has nothing.
    tamper(&place.path(), "DELETE FROM events WHERE position = 300").await;
    let found = faults(&place, &roots).await;
    assert!(
        [altered(300), altered(600)].iter().all(|fault| found.contains(fault)) && !found.contains(&altered(1)),
        "{found:?}"
    );
    assert_eq!(faults(&Place::new(), &roots[2..3]).await, [cut(300)]);
}

/// Bytes that only in sum are as long as they should be, and rows that no centre's check would come to.
#[tokio::test]
async fn no_node_is_longer_at_another_ones_expense_and_none_is_nobodys() {
    let place = Place::new();
    let log = place.write().await;
    fill(&*log, &centre("410404"), EVENTS).await;
    log.commit_heads(&centre("410404"), CLOCK).await.unwrap().unwrap();
    log.close().await;
    let shifted = |table: &str, column: &str, level: u8| {
        format!(
            "UPDATE {table} SET {column} = CASE number
                WHEN 0 THEN CAST({column} || (SELECT substr({column}, 1, 1) FROM {table} WHERE level = {level} AND number = 1) AS BLOB)
                ELSE substr({column}, 2) END
            WHERE level = {level} AND number IN (0, 1)"
        )
    };
    let nobodys = |row: &str| format!("PRAGMA foreign_keys = OFF; INSERT INTO {row}");
    let stray = "(centre 7): column `centre` does not hold what it should";
    for (change, fault) in [
        (shifted("tree_nodes", "hash", 8), "410404: node 0 at height 8 of the tree is not that of its leaves"),
        (shifted("head_nodes", "nodes", 0), "410404: node 0 at height 0 of the tree of heads is not that of the heads"),
        (shifted("head_nodes", "nodes", 4), "410404: node 0 at height 4 of the tree of heads is not that of the heads"),
        (nobodys("tree_nodes VALUES (7, 8, 0, zeroblob(32))"), stray),
        (nobodys("head_nodes VALUES (7, 0, 0, zeroblob(32))"), stray),
        (nobodys("streams VALUES (9000, 7, 0, zeroblob(16))"), stray),
        (nobodys("counters VALUES (7, 'n', 1)"), stray),
        (nobodys("numbers VALUES (7, 'n', 1, 1)"), stray),
    ] {
        let copy = Place::new();
        std::fs::copy(place.path(), copy.path()).unwrap();
        std::fs::copy(place.attachments(), copy.attachments()).unwrap();
        tamper(&copy.path(), &change).await;
        assert_eq!(faults(&copy, &[]).await, [fault], "{change}");
    }
}

/// Everything follows from everything else, but the log's word is of a version that nobody wrote.
#[tokio::test]
async fn a_word_about_the_streams_of_another_version_is_a_fault() {
    let (place, here) = (Place::new(), centre("410404"));
    let log = place.write().await;
    fill(&*log, &here, 2).await;
    log.commit_heads(&here, CLOCK).await.unwrap().unwrap();
    let event = log.read_centre(&here, 2, 1).await.unwrap().pop().unwrap();
    log.close().await;
    let header = Header {
        centre: "410404",
        position: 3,
        stream: OWN_STREAM,
        ordinal: 2,
        version: 1,
        recorded_ms: event.recorded_ms,
        kind: HeadsCommitted::KIND,
        kind_version: 2,
        previous: Hash::ZERO,
    };
    let leaf = header.leaf(Hash::of(&event.body)).unwrap();
    let (mut leaves, mut frontier) = (leaves_and_roots(&place).await.0, Frontier::<Sm3Tree>::default());
    leaves[2] = leaf;
    leaves.iter().for_each(|leaf| frontier.push(*leaf, |_, _| ()).unwrap());
    let frontier: String = frontier.encode().iter().map(|byte| format!("{byte:02x}")).collect();
    let change = format!(
        "UPDATE events SET kind_version = 2, leaf = x'{leaf}' WHERE position = 3; UPDATE heads SET frontier = x'{frontier}'"
    );
    tamper(&place.path(), &change).await;
    assert_eq!(
        faults(&place, &[]).await,
        ["410404@3: `heads_committed` of a version that is not known: what it says cannot be checked"]
    );
}

/// From what is wanted to what there is: the other way round, a million cases are read for each that changed. How SQLite goes about a
/// statement does not depend on how much there is.
#[tokio::test]
async fn what_is_wanted_is_looked_up_one_by_one() {
    let place = Place::new();
    place.write().await.close().await;
    let mut connection = connect(&place.path()).await;
    for (statement, table) in [
        (
            include_str!("../../../../schemas/sql/sqlite/head_nodes.sql"),
            "head_nodes USING INDEX sqlite_autoindex_head_nodes_1 (centre=? AND level=? AND number=?)",
        ),
        (
            include_str!("../../../../schemas/sql/sqlite/tree_nodes.sql"),
            "tree_nodes USING PRIMARY KEY (centre=? AND level=? AND number=?)",
        ),
        (
            include_str!("../../../../schemas/sql/sqlite/verify_nodes.sql"),
            "tree_nodes USING PRIMARY KEY (centre=? AND level=? AND number=?)",
        ),
        (
            include_str!("../../../../schemas/sql/sqlite/stream_heads.sql"),
            "streams USING INDEX sqlite_autoindex_streams_1 (centre=? AND uuid=?)",
        ),
    ] {
        let explained = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", uncommented(statement)));
        let steps = sqlx::query(explained).fetch_all(&mut connection).await.unwrap();
        let steps: Vec<String> = steps.iter().map(|step| step.get(3)).collect();
        let place = |what: &str| steps.iter().position(|step| step.contains(what));
        let wanted = steps.iter().position(|step| step.starts_with("SCAN") && step.contains("VIRTUAL TABLE"));
        assert!(wanted.is_some() && wanted < place(&format!("SEARCH {table}")), "{table}: {steps:#?}");
    }
    connection.close().await.unwrap();
}

fn uncommented(statement: &str) -> String {
    statement.lines().filter(|line| !line.starts_with("--")).map(|line| format!("{line}\n")).collect()
}
