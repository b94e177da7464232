//! What is refused at the door, and what the file refuses from whoever opens it by hand.

use event_log::{Access, LogError};
use sqlx::{Connection as _, Row as _};

use crate::{Place, append, by_hand, centre, connect, counting, open};

async fn refused(place: &Place, access: Access) -> LogError {
    place.open(access).await.err().expect("it was opened")
}

#[tokio::test]
async fn a_second_writer_is_refused_and_the_first_one_named() {
    let place = Place::new();
    let first = place.write().await;
    let error = refused(&place, Access::Write).await;
    let LogError::Locked { holder, .. } = &error else { panic!("{error}") };
    let program = std::env::current_exe().unwrap().file_name().unwrap().to_string_lossy().into_owned();
    assert_eq!(holder, &format!("{program} (pid {})", std::process::id()));
    assert!(error.to_string().contains("log.sqlite"), "{error}");
    first.close().await;
    place.write().await.close().await;
}

#[tokio::test]
async fn a_log_that_was_dropped_lets_go_once_it_has_written_what_waited() {
    let place = Place::new();
    let (log, here) = (place.write().await, centre("410404"));
    let mut tail = log.tail(&here);
    let appended = log.append(append(&here, &[(1, 0)])).await.unwrap();
    drop(log);
    assert!(tail.past(appended.last_position).await.is_err(), "its tails end when its writer does");
    // The writer lets go of its lock last, a moment after its tails: another thread's business, so ask until it has.
    let log = loop {
        match place.open(Access::Write).await {
            Err(LogError::Locked { .. }) => tokio::task::yield_now().await,
            opened => break opened.unwrap(),
        }
    };
    assert_eq!(log.head(&here).await.unwrap().position, 1);
    log.close().await;
}

#[tokio::test]
async fn a_closed_log_is_whole_in_its_two_files() {
    let place = Place::new();
    let (log, here) = (place.write().await, centre("410404"));
    log.append(append(&here, &[(1, 0)])).await.unwrap();
    log.read_centre(&here, 0, 10).await.unwrap();
    log.put_attachment(b"scan".to_vec()).await.unwrap();
    log.close().await;
    let files = std::fs::read_dir(place.path().parent().unwrap()).unwrap();
    let mut names: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["log.sqlite", "log.sqlite.attachments", "log.sqlite.lock"]);
}

#[tokio::test]
async fn a_path_may_hold_any_character() {
    let place = Place::new();
    let directory = place.path().with_file_name("数据 a?b=c#d%20e:f");
    std::fs::create_dir(&directory).unwrap();
    let path = directory.join("log.sqlite");
    let (log, here) = (open(&path, Access::Write).await.unwrap(), centre("410404"));
    log.append(append(&here, &[(1, 0)])).await.unwrap();
    let companion = open(&path, Access::Read).await.unwrap();
    assert_eq!(companion.head(&here).await.unwrap().position, 1);
    companion.close().await;
    log.close().await;
    assert!(path.exists());
}

#[tokio::test]
async fn a_newer_format_is_refused_and_that_of_the_trials() {
    let place = Place::new();
    place.write().await.close().await;
    for access in [Access::Write, Access::Read] {
        by_hand(&place.path(), "UPDATE format SET number = 7").await.unwrap();
        let error = refused(&place, access).await;
        assert!(matches!(error, LogError::NewerFormat { found: 7, supported: 1, .. }), "{error}");
        by_hand(&place.path(), "UPDATE format SET number = 0").await.unwrap();
        let error = refused(&place, access).await;
        assert!(matches!(error, LogError::TrialFormat { found: 0, .. }), "{error}");
    }
}

#[tokio::test]
async fn another_kind_of_file_is_refused_and_left_as_it_was() {
    let text = Place::new();
    let bytes = "not a database, though longer than its header\n".repeat(100);
    std::fs::write(text.path(), &bytes).unwrap();
    let database = Place::new();
    std::fs::write(database.path(), "").unwrap();
    by_hand(&database.path(), "CREATE TABLE notes (text)").await.unwrap();
    let unwritten = std::fs::read(database.path()).unwrap();
    for (place, before) in [(text, bytes.into_bytes()), (database, unwritten)] {
        for access in [Access::Write, Access::Read] {
            let error = refused(&place, access).await;
            assert!(matches!(error, LogError::NotALog { .. }), "{error:?}");
            assert!(error.to_string().contains("log.sqlite"), "{error}");
        }
        assert!(std::fs::read(place.path()).unwrap() == before, "the file was changed");
    }
}

#[tokio::test]
async fn another_database_in_the_place_of_the_attachments_is_refused() {
    let place = Place::new();
    std::fs::write(place.attachments(), "").unwrap();
    by_hand(&place.attachments(), "CREATE TABLE attachments (hash, bytes)").await.unwrap();
    let error = refused(&place, Access::Write).await;
    assert!(matches!(&error, LogError::NotALog { path, .. } if *path == place.attachments()), "{error}");
}

#[tokio::test]
async fn what_is_not_there_cannot_be_read_and_an_unknown_address_is_named() {
    let place = Place::new();
    let error = refused(&place, Access::Read).await;
    assert!(matches!(error, LogError::File { .. }), "{error}");
    assert!(!place.path().exists(), "reading creates nothing");
    for url in ["postgres://localhost/log", "log.sqlite", "sqlite:"] {
        let error = event_log::open(url, Access::Write).await.err().unwrap();
        assert!(matches!(&error, LogError::UnknownBackEnd { url: named } if named == url), "{error}");
    }
    let nowhere = format!("sqlite:{}/missing/log.sqlite", place.path().display());
    let error = event_log::open(&nowhere, Access::Write).await.err().unwrap();
    assert!(matches!(error, LogError::File { .. }), "{error}");
}

#[tokio::test]
async fn the_triggers_refuse_what_is_done_by_mistake() {
    let place = Place::new();
    let log = place.write().await;
    let attachment = log.put_attachment(b"scan".to_vec()).await.unwrap();
    let here = centre("410404");
    log.append(counting(append(&here, &[(1, 0), (2, 0)]), &["n", "n"])).await.unwrap();
    log.close().await;
    const COPY: &str = "kind, kind_version, leaf, body FROM events WHERE position = 2";
    for (statement, says) in [
        ("UPDATE events SET body = x'00'", "an event is never changed"),
        ("UPDATE events SET recorded_ms = recorded_ms", "an event is never changed"),
        ("DELETE FROM events WHERE position = 2", "an event is never removed"),
        (
            "INSERT OR REPLACE INTO events SELECT centre, position, stream, version, recorded_ms, COPY",
            "position does not follow",
        ),
        ("INSERT INTO events SELECT centre, 4, stream, 2, recorded_ms, COPY", "position does not follow"),
        ("INSERT INTO events SELECT centre, 3, stream, 3, recorded_ms, COPY", "version does not follow"),
        ("INSERT OR REPLACE INTO events SELECT centre, 3, stream, 1, recorded_ms, COPY", "version does not follow"),
        (
            "INSERT INTO events SELECT centre, 3, stream, 2, recorded_ms - 1, COPY",
            "earlier than that of the event before",
        ),
        ("UPDATE centres SET code = '410403'", "never changed"),
        ("DELETE FROM centres", "never removed"),
        ("INSERT OR REPLACE INTO centres VALUES (1, '410403')", "never removed"),
        ("UPDATE kinds SET name = 'x'", "never changed"),
        ("DELETE FROM kinds", "never removed"),
        ("UPDATE streams SET uuid = zeroblob(16)", "never changed"),
        ("DELETE FROM streams", "never removed"),
        ("UPDATE numbers SET number = 3 WHERE number = 2", "never changed"),
        ("DELETE FROM numbers", "never removed"),
        ("UPDATE heads SET position = 1", "only moves forward"),
        ("UPDATE heads SET recorded_ms = 1", "only moves forward"),
        ("DELETE FROM heads", "never removed"),
        ("INSERT OR REPLACE INTO heads VALUES (1, 0, 0, 0, 0, x'', 0)", "never removed"),
        ("UPDATE heads SET streams = 0", "only moves forward"),
        ("UPDATE counters SET value = 1", "only moves forward"),
        ("DELETE FROM counters", "never removed"),
    ] {
        let statement = statement.replace("COPY", COPY);
        let error = by_hand(&place.path(), &statement).await.expect_err(&statement).to_string();
        assert!(error.contains(says), "{statement}: {error}");
    }
    let mut connection = connect(&place.path()).await;
    let left = sqlx::query("SELECT count(*), sum(version) FROM events").fetch_one(&mut connection).await.unwrap();
    assert_eq!((left.get::<i64, _>(0), left.get::<i64, _>(1)), (2, 2));
    connection.close().await.unwrap();

    for statement in [
        "UPDATE attachments SET bytes = ''",
        "DELETE FROM attachments",
        "REPLACE INTO attachments SELECT * FROM attachments",
    ] {
        let error = by_hand(&place.attachments(), statement).await.expect_err(statement).to_string();
        assert!(error.contains("an attachment is never"), "{statement}: {error}");
    }
    let log = place.write().await;
    assert_eq!(log.get_attachment(attachment).await.unwrap(), Some(b"scan".to_vec()));
    assert!(log.verify(&mut |_| {}).await.unwrap().is_clean());
    log.close().await;
}
