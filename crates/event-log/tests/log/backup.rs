//! Backups: made while somebody writes, refused when a byte is not what it was, and restored whole or not at all.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use event_log::{
    Access, BackupError, CopiedHead, EventLog, Hash, LogError, Made, Manifest, Restored, back_up, restore,
};
use sqlx::{Connection as _, Row as _};

use crate::{Place, append, by_hand, centre, connect, counting, open, stream};

fn made() -> Made {
    Made { at: "2026-03-02T09:00:00+08:00".to_owned(), by: "tests".to_owned() }
}

/// A log of two centres with an attachment and numbers, and where its backup goes.
async fn sample() -> (Place, PathBuf) {
    let place = Place::new();
    let log = place.write().await;
    let here = centre("410404");
    log.append(counting(append(&here, &[(1, 0), (2, 0)]), &["n"])).await.unwrap();
    log.append(counting(append(&here, &[(1, 1)]), &["n"])).await.unwrap();
    log.append(append(&centre("410403"), &[(1, 0)])).await.unwrap();
    log.put_attachment(b"scan".to_vec()).await.unwrap();
    log.close().await;
    let dir = place.path().with_file_name("backup");
    (place, dir)
}

async fn back_up_of(place: &Place, dir: &Path) -> Result<Manifest, BackupError> {
    let companion = place.open(Access::Read).await.unwrap();
    let done = back_up(&*companion, dir, made()).await;
    companion.close().await;
    done
}

async fn restore_to(place: &Place, dir: &Path) -> Result<Restored, BackupError> {
    restore(dir, &format!("sqlite:{}", place.path().display()), &mut |_| {}).await
}

/// Every row of a log, as SQLite has it: with ids, leaves and bytes.
async fn dump(file: &Path) -> Vec<Vec<u8>> {
    let mut connection = connect(file).await;
    let mut rows = Vec::new();
    for query in [
        "SELECT hex(centre) || hex(position) || hex(stream) || hex(version) || hex(recorded_ms) || hex(kind)
            || hex(kind_version) || hex(leaf) || hex(body) FROM events ORDER BY centre, position",
        "SELECT id || ' ' || code FROM centres ORDER BY id",
        "SELECT id || ' ' || name FROM kinds ORDER BY id",
        "SELECT id || ' ' || centre || hex(uuid) FROM streams ORDER BY id",
        "SELECT centre || ' ' || position || ' ' || recorded_ms || ' ' || clock_steps_back FROM heads ORDER BY centre",
        "SELECT centre || ' ' || name || ' ' || value FROM counters ORDER BY centre, name",
        "SELECT centre || ' ' || name || ' ' || number || ' ' || position FROM numbers ORDER BY centre, name, number",
        "SELECT type || name || ifnull(sql, '') FROM sqlite_schema ORDER BY type, name",
        "SELECT number || '' FROM format",
    ] {
        let found = sqlx::query(query).fetch_all(&mut connection).await.unwrap();
        rows.extend(found.iter().map(|row| row.get::<String, _>(0).into_bytes()));
    }
    connection.close().await.unwrap();
    rows
}

fn names(dir: &Path) -> BTreeSet<String> {
    fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn every_row_comes_back_as_it_was_and_work_goes_on() {
    let (place, dir) = sample().await;
    let manifest = back_up_of(&place, &dir).await.unwrap();
    assert_eq!(names(&dir), ["log.sqlite", "log.sqlite.attachments", "manifest.json"].map(String::from).into());
    assert_eq!((manifest.events(), &manifest.made), (4, &made()));
    // Read from the file, not from what the backup says of itself.
    let mut connection = connect(&place.path()).await;
    let last = "SELECT leaf FROM events WHERE position = 3";
    let leaf: Vec<u8> = sqlx::query(last).fetch_one(&mut connection).await.unwrap().get(0);
    connection.close().await.unwrap();
    let head = CopiedHead { centre: centre("410404"), position: 3, leaf: Hash(leaf.try_into().unwrap()) };
    assert_eq!(manifest.centres[1], head);

    let elsewhere = Place::new();
    let restored = restore_to(&elsewhere, &dir).await.unwrap();
    assert_eq!((restored.manifest, restored.report.events, restored.report.attachments), (manifest, 4, 1));
    assert_eq!(dump(&elsewhere.path()).await, dump(&place.path()).await);
    let there = names(elsewhere.path().parent().unwrap());
    assert_eq!(there, ["log.sqlite", "log.sqlite.attachments", "log.sqlite.lock"].map(String::from).into());
    let log = elsewhere.write().await;
    let scan = Hash::of(b"scan");
    assert_eq!(log.get_attachment(scan).await.unwrap().as_deref(), Some(&b"scan"[..]));
    let appended = log.append(counting(append(&centre("410404"), &[(2, 1)]), &["n"])).await.unwrap();
    assert_eq!((appended.last_position, appended.counters), (4, vec![("n".to_owned(), 3)]));
    assert!(log.verify(&mut |_| {}).await.unwrap().is_clean());
    log.close().await;
}

#[tokio::test]
async fn an_empty_log_has_a_backup_too() {
    let place = Place::new();
    place.write().await.close().await;
    let dir = place.path().with_file_name("not/there/yet");
    assert_eq!(back_up_of(&place, &dir).await.unwrap().centres, []);
    let elsewhere = Place::new();
    assert_eq!(restore_to(&elsewhere, &dir).await.unwrap().report.events, 0);
}

/// Each event names the attachment that was kept just before it; the copy is made in the middle of it all.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_backup_beside_writers_is_one_moment_and_names_no_attachment_that_it_lacks() {
    const WRITERS: u128 = 4;
    const BEFORE: u64 = 8;
    let (place, here) = (Place::new(), centre("410404"));
    let log = place.write().await;
    let stop = tokio::sync::watch::channel(false);
    let mut writers = Vec::new();
    for n in 1..=WRITERS {
        let (log, here, stop) = (log.clone(), here.clone(), stop.1.clone());
        writers.push(tokio::spawn(async move {
            let mut version = 0;
            while !*stop.borrow() {
                let scan = format!("scan {n} of {version}").into_bytes();
                let hash = log.put_attachment(scan).await.unwrap();
                let mut next = append(&here, &[(n, version)]);
                next.events[0].body = hash.to_string().into_bytes();
                log.append(next).await.unwrap();
                version += 1;
            }
            version
        }));
    }
    let mut tail = log.tail(&here);
    let dirs = [place.path().with_file_name("first"), place.path().with_file_name("second")];
    let mut least = Vec::new();
    for dir in &dirs {
        let acknowledged = tail.past(least.last().copied().unwrap_or(BEFORE)).await.unwrap();
        back_up_of(&place, dir).await.unwrap();
        least.push(acknowledged);
    }
    stop.0.send_replace(true);
    let mut written = 0;
    for writer in writers {
        written += writer.await.unwrap();
    }
    log.close().await;

    for (dir, least) in dirs.iter().zip(least) {
        let elsewhere = Place::new();
        let restored = restore_to(&elsewhere, dir).await.unwrap();
        let last = restored.manifest.centres[0].position;
        assert!((least..=written).contains(&last), "{least} <= {last} <= {written}");
        let copy = elsewhere.write().await;
        let original = place.open(Access::Read).await.unwrap();
        let events = all(&*copy).await;
        assert_eq!(events, all(&*original).await[..events.len()]);
        assert_eq!(events.len() as u64, last);
        for event in &events {
            let hash = std::str::from_utf8(&event.body).unwrap().parse().unwrap();
            assert!(copy.get_attachment(hash).await.unwrap().is_some(), "position {}", event.position);
        }
        copy.close().await;
        original.close().await;
    }
}

async fn all(log: &dyn EventLog) -> Vec<event_log::Event> {
    let mut events: Vec<event_log::Event> = Vec::new();
    loop {
        let after = events.last().map_or(0, |event| event.position);
        let page = log.read_centre(&centre("410404"), after, 1_000).await.unwrap();
        if page.is_empty() {
            return events;
        }
        events.extend(page);
    }
}

/// Alters a sound backup and expects a refusal that says these words and leaves nothing behind.
async fn refused(alter: impl FnOnce(&Path), words: &[&str]) -> BackupError {
    let (place, dir) = sample().await;
    back_up_of(&place, &dir).await.unwrap();
    alter(&dir);
    let elsewhere = Place::new();
    let error = restore_to(&elsewhere, &dir).await.unwrap_err();
    for word in words {
        assert!(error.to_string().contains(word), "`{word}` is not in: {error}");
    }
    assert_eq!(names(elsewhere.path().parent().unwrap()), BTreeSet::new());
    error
}

fn flip(file: &Path, at: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[at] ^= 1;
    fs::write(file, bytes).unwrap();
}

#[tokio::test]
async fn an_altered_shortened_or_incomplete_backup_is_refused_by_the_name_of_the_file() {
    for name in ["log.sqlite", "log.sqlite.attachments"] {
        let error = refused(|dir| flip(&dir.join(name), 5_000), &[name, "another SM3 value"]).await;
        assert!(matches!(error, BackupError::Altered { .. }), "{error:?}");
        let shorten =
            |dir: &Path| fs::File::options().write(true).open(dir.join(name)).unwrap().set_len(4_096).unwrap();
        refused(shorten, &[name, "has 4096 bytes and had"]).await;
        refused(|dir| fs::remove_file(dir.join(name)).unwrap(), &[name, "is missing"]).await;
    }
    let error = refused(|dir| fs::remove_file(dir.join("manifest.json")).unwrap(), &["is no backup"]).await;
    assert!(matches!(error, BackupError::NotABackup { .. }), "{error:?}");
    refused(|dir| fs::write(dir.join("manifest.json"), "").unwrap(), &["manifest.json", "cannot be read"]).await;
}

#[tokio::test]
async fn any_altered_byte_of_the_manifest_is_seen() {
    let (place, dir) = sample().await;
    back_up_of(&place, &dir).await.unwrap();
    let path = dir.join("manifest.json");
    let mut bytes = fs::read(&path).unwrap();
    // But for the line's end behind it all, where a blank means the same.
    for at in 0..bytes.len() - 1 {
        bytes[at] ^= 1;
        fs::write(&path, &bytes).unwrap();
        bytes[at] ^= 1;
        let error = Manifest::read(&dir).unwrap_err();
        assert!(matches!(error, BackupError::Altered { .. }), "byte {at}: {error}");
    }
    fs::write(&path, &bytes).unwrap();
    Manifest::read(&dir).unwrap();
}

/// A manifest that says something else, and is sound by itself.
fn rewrite(dir: &Path, from: &str, to: &str) {
    let path = dir.join("manifest.json");
    let text = fs::read_to_string(&path).unwrap();
    let backup = text.strip_prefix(r#"{"backup":"#).unwrap().rsplit_once(r#","sm3":"#).unwrap().0;
    assert!(backup.contains(from), "{backup}");
    let backup = backup.replace(from, to);
    fs::write(&path, format!(r#"{{"backup":{backup},"sm3":"{}"}}"#, Hash::of(backup.as_bytes()))).unwrap();
}

#[tokio::test]
async fn a_newer_format_is_refused_whatever_else_it_says() {
    for (from, to, words) in [
        (r#""format": 1,"#, r#""format": 2, "more": {},"#, ["backup format 2", "reads up to 1"]),
        (r#""log_format": 1,"#, r#""log_format": 9,"#, ["data format 9", "reads up to 1"]),
    ] {
        let error = refused(|dir| rewrite(dir, from, to), &words).await;
        assert!(matches!(error, BackupError::Newer { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_log_that_does_not_end_where_the_manifest_says_is_refused() {
    refused(|dir| rewrite(dir, r#""position": 3"#, r#""position": 2"#), &["log.sqlite", "does not end"]).await;
}

#[tokio::test]
async fn a_log_with_faults_can_be_copied_and_is_not_restored() {
    let (place, dir) = sample().await;
    let tamper = "DROP TRIGGER events_are_never_changed; UPDATE events SET body = x'00' WHERE position = 2";
    by_hand(&place.path(), tamper).await.unwrap();
    back_up_of(&place, &dir).await.unwrap();
    let elsewhere = Place::new();
    let error = restore_to(&elsewhere, &dir).await.unwrap_err();
    let BackupError::Faults { report, .. } = &error else { panic!("{error}") };
    assert_eq!((report.faults.len(), report.faults[0].position), (1, Some(2)));
    assert_eq!(names(elsewhere.path().parent().unwrap()), BTreeSet::new());
}

#[tokio::test]
async fn a_backup_overwrites_nothing_and_leaves_nothing_when_it_fails() {
    let (place, dir) = sample().await;
    fs::create_dir(&dir).unwrap();
    back_up_of(&place, &dir).await.unwrap();
    let error = back_up_of(&place, &dir).await.unwrap_err();
    assert!(matches!(&error, BackupError::Taken { path } if *path == dir), "{error}");
    let error = back_up_of(&place, &place.path()).await.unwrap_err();
    assert!(error.to_string().contains("log.sqlite cannot be read as a directory"), "{error}");

    let other = dir.with_file_name("other");
    let partial = dir.with_file_name("other.partial");
    fs::create_dir(&partial).unwrap();
    let error = back_up_of(&place, &other).await.unwrap_err();
    assert!(matches!(&error, BackupError::Unfinished { path } if *path == partial), "{error}");
    fs::remove_dir(&partial).unwrap();
    fs::remove_file(place.attachments()).unwrap();
    let error = back_up_of(&place, &other).await.unwrap_err();
    assert!(error.to_string().contains("log.sqlite.attachments cannot be opened"), "{error}");
    assert!(!other.exists() && !partial.exists());
}

#[tokio::test]
async fn a_restore_overwrites_nothing() {
    let (place, dir) = sample().await;
    back_up_of(&place, &dir).await.unwrap();
    for name in ["log.sqlite", "log.sqlite-wal", "log.sqlite.attachments", "log.sqlite.attachments-journal"] {
        let elsewhere = Place::new();
        let there = elsewhere.path().with_file_name(name);
        fs::write(&there, "something").unwrap();
        let error = restore_to(&elsewhere, &dir).await.unwrap_err();
        assert!(matches!(&error, BackupError::Occupied { path } if *path == there), "{name}: {error}");
        assert_eq!(names(elsewhere.path().parent().unwrap()), [name.to_owned()].into());
        assert_eq!(fs::read_to_string(there).unwrap(), "something");
    }
    let served = Place::new();
    let log = served.write().await;
    assert!(matches!(restore_to(&served, &dir).await, Err(BackupError::Occupied { .. })));
    log.close().await;
}

/// The states that a restore goes through, made by hand: killed in each, it leaves no log, and is done again.
#[tokio::test]
async fn an_interrupted_restore_is_no_log_and_is_done_again() {
    let (place, dir) = sample().await;
    back_up_of(&place, &dir).await.unwrap();
    let (log, attachments) =
        (fs::read(dir.join("log.sqlite")).unwrap(), fs::read(dir.join("log.sqlite.attachments")).unwrap());
    let half = &log[..log.len() / 2];
    let states: [&[(&str, &[u8])]; 5] = [
        &[("log.sqlite.restoring", b"")],
        &[("log.sqlite.restoring", half)],
        &[("log.sqlite.restoring", &log), ("log.sqlite.restoring.attachments", half)],
        &[
            ("log.sqlite.restoring", &log),
            ("log.sqlite.restoring.attachments", &attachments),
            ("log.sqlite.restoring-wal", b""),
            ("log.sqlite.restoring-shm", half),
            ("log.sqlite.restoring.lock", b"yousu (pid 1)"),
        ],
        &[("log.sqlite.restoring", &log), ("log.sqlite.attachments", &attachments)],
    ];
    for state in states {
        let elsewhere = Place::new();
        fs::write(elsewhere.path().with_file_name("log.sqlite.lock"), "").unwrap();
        for (name, bytes) in state {
            fs::write(elsewhere.path().with_file_name(name), bytes).unwrap();
        }
        for access in [Access::Write, Access::Read] {
            let error = open(&elsewhere.path(), access).await.err().expect("it was opened");
            assert!(matches!(&error, LogError::HalfRestored { .. }), "{error}");
        }
        assert!(!elsewhere.path().exists());
        restore_to(&elsewhere, &dir).await.unwrap();
        assert_eq!(dump(&elsewhere.path()).await, dump(&place.path()).await);
        assert_eq!(
            names(elsewhere.path().parent().unwrap()).len(),
            3,
            "{:?}",
            names(elsewhere.path().parent().unwrap())
        );
        let log = elsewhere.write().await;
        assert_eq!(log.stream_head(&centre("410404"), stream(1)).await.unwrap(), 2);
        log.close().await;
    }
}
