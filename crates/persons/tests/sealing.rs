//! What is sealed on its way in is opened on its way out, is on no disk in plain, and is gone once its key is.

#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows it in tests, and does not see that helpers of tests are tests"
)]

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use event_log::{
    ATTACHMENT_LIMIT_BYTES, Access, Append, AppendError, Body, Centre, Clock, EventLog, LogError, NewEvent, Priority,
    SealedField, Texts,
};
use persons::{Kept, KeyError, MASTER_NAME, PersonKeys, STORE_NAME, SealedLog};
use serde_json::json;
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;
use uuid::Uuid;

const NAME: &str = "张三canary";
const TELEPHONE: &str = "13812340000";
const RESTRICTED: &str = "not to be shown";
const PERSON: Uuid = Uuid::from_u128(0xAAAA);
const OTHER: Uuid = Uuid::from_u128(0xBBBB);
const CASE: Uuid = Uuid::from_u128(1);

fn centre() -> Centre {
    Centre::new("410404").unwrap()
}

fn by_telephone(field: &str, text: &[u8]) -> Option<String> {
    field.ends_with("/telephone").then(|| String::from_utf8_lossy(text).into_owned())
}

async fn open(place: &Path, access: Access) -> (Arc<SealedLog>, Arc<PersonKeys>) {
    let inner = event_log::open(&format!("sqlite:{}", place.join("log.sqlite").display()), access).await.unwrap();
    let is_new = inner.centres().await.unwrap().is_empty();
    let keys = PersonKeys::open(&place.join("keys"), access, is_new).await.unwrap();
    (Arc::new(SealedLog::new(inner, Arc::clone(&keys), by_telephone, RESTRICTED)), keys)
}

fn append(stream: Uuid, version: u64, fields: &[(Uuid, &str, &str)]) -> Append {
    let sealed = fields.iter().map(|(person, field, text)| SealedField {
        person: *person,
        field: (*field).to_owned(),
        bytes: Some(text.as_bytes().to_vec()),
    });
    let body = Body::new(&json!({"kind": "ordinary"}), sealed.collect()).unwrap().encode().unwrap();
    let event = NewEvent { stream, kind: "accepted".to_owned(), kind_version: 1, body };
    Append {
        centre: centre(),
        events: vec![event],
        expected: vec![(stream, version)],
        clock: Clock::Machine(1_767_225_600_000),
        counters: Vec::new(),
        priority: Priority::People,
    }
}

async fn texts(log: &dyn EventLog, stream: Uuid) -> Vec<Option<String>> {
    let events = log.read_stream(&centre(), stream, 0).await.unwrap();
    let fields = events.iter().flat_map(|event| Body::decode(&event.body).unwrap().sealed().to_vec());
    fields.map(|field| field.bytes.map(|bytes| String::from_utf8(bytes).unwrap())).collect()
}

/// Every file below a directory that holds one of these texts.
fn holding(directory: &Path, needles: &[&[u8]]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, needles));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        if needles.iter().any(|needle| bytes.windows(needle.len()).any(|window| window == *needle)) {
            found.push(path.display().to_string());
        }
    }
    found
}

#[tokio::test]
async fn what_goes_in_comes_out_and_no_file_holds_it() {
    let place = TempDir::new().unwrap();
    for life in 0..2 {
        let (log, keys) = open(place.path(), Access::Write).await;
        let fields = [(PERSON, "/name", NAME), (PERSON, "/telephone", TELEPHONE), (OTHER, "/staff", "李四")];
        log.append(append(CASE, life, &fields)).await.unwrap();
        let once = [Some(NAME.to_owned()), Some(TELEPHONE.to_owned()), Some("李四".to_owned())];
        assert_eq!(texts(&*log, CASE).await, vec![once; usize::try_from(life).unwrap() + 1].concat());
        let found = keys.by_handle(TELEPHONE).await.unwrap();
        assert_eq!(found.iter().map(|(person, of)| (*person, of.stream)).collect::<Vec<_>>(), [(PERSON, CASE)]);
        assert!(keys.by_handle("13812340001").await.unwrap().is_empty());
        // A companion opens the same.
        let (beside, _) = open(place.path(), Access::Read).await;
        assert_eq!(texts(&*beside, CASE).await.len(), 3 * (usize::try_from(life).unwrap() + 1));
        beside.close().await;
        assert_eq!(log.verify(&mut |_| {}).await.unwrap().faults, []);
        log.close().await;
        assert_eq!(holding(place.path(), &[NAME.as_bytes(), TELEPHONE.as_bytes()]), Vec::<String>::new());
    }
}

/// What may only be kept is read by nobody, stays what it is, and is read again once it may be; nobody who was erased comes back by it.
#[tokio::test]
async fn what_is_restricted_is_kept_and_not_shown() {
    let place = TempDir::new().unwrap();
    let plain = |texts: &[&str]| texts.iter().map(|text| Some((*text).to_owned())).collect::<Vec<_>>();
    let (log, keys) = open(place.path(), Access::Write).await;
    log.append(append(CASE, 0, &[(PERSON, "/name", NAME), (OTHER, "/staff", "李四")])).await.unwrap();
    let file = log.put_sealed(&centre(), CASE, PERSON, b"a scan".to_vec()).await.unwrap();
    for is_restricted in [true, true] {
        keys.restrict(PERSON, is_restricted).await.unwrap();
        assert_eq!(texts(&*log, CASE).await, plain(&[RESTRICTED, "李四"]));
    }
    // Whoever writes still seals for the person, by the same key.
    log.append(append(CASE, 1, &[(PERSON, "/reason", "甲")])).await.unwrap();
    assert_eq!(texts(&*log, CASE).await, plain(&[RESTRICTED, "李四", RESTRICTED]));
    assert_eq!(log.is_sealed(&centre(), CASE, PERSON, file).await.unwrap(), Some(Kept::Restricted));
    assert_eq!(log.get_sealed(&centre(), CASE, PERSON, file).await.unwrap(), None);
    assert!(log.with_secret(&centre(), CASE, PERSON, file).await.unwrap().is_some());
    log.close().await;
    // The next process knows it.
    let (log, keys) = open(place.path(), Access::Write).await;
    assert_eq!(keys.is_restricted(PERSON).await.unwrap(), Some(true));
    assert_eq!(texts(&*log, CASE).await, plain(&[RESTRICTED, "李四", RESTRICTED]));
    keys.restrict(PERSON, false).await.unwrap();
    assert_eq!(texts(&*log, CASE).await, plain(&[NAME, "李四", "甲"]));
    assert_eq!(log.get_sealed(&centre(), CASE, PERSON, file).await.unwrap().as_deref(), Some(&b"a scan"[..]));
    keys.erase(&[PERSON]).await.unwrap();
    for is_restricted in [true, false] {
        keys.restrict(PERSON, is_restricted).await.unwrap();
        assert_eq!(texts(&*log, CASE).await, [None, Some("李四".to_owned()), None]);
        assert_eq!(keys.is_restricted(PERSON).await.unwrap(), None);
    }
    log.close().await;
}

/// What nobody looks at is not opened, and its person's key is not asked for.
#[tokio::test]
async fn a_reader_is_given_the_texts_that_it_looks_at() {
    let place = TempDir::new().unwrap();
    let (log, _) = open(place.path(), Access::Write).await;
    log.append(append(CASE, 0, &[(PERSON, "/name", NAME), (OTHER, "/staff", "李四")])).await.unwrap();
    let url = format!("sqlite:{}", place.path().join("log.sqlite").display());
    let kept = event_log::open(&url, Access::Read).await.unwrap().read_centre(&centre(), 0, 10).await.unwrap();
    assert_eq!(log.read_centre_for(&Texts::NONE, &centre(), 0, 10).await.unwrap(), kept);
    assert_eq!(log.read_stream_for(&Texts::NONE, &centre(), CASE, 0).await.unwrap(), kept);

    let mut store =
        SqliteConnection::connect(place.path().join("keys").join(STORE_NAME).to_str().unwrap()).await.unwrap();
    sqlx::query("DELETE FROM persons WHERE person = $1")
        .bind(OTHER.as_bytes().as_slice())
        .execute(&mut store)
        .await
        .unwrap();
    let (beside, _) = open(place.path(), Access::Read).await;
    assert!(matches!(beside.read_centre(&centre(), 0, 10).await, Err(LogError::Sealed { .. })), "its key is missing");
    let names = Texts::from_iter([("accepted", "/name"), ("accepted", "/telephone"), ("declined", "/staff")]);
    let in_order = beside.read_centre_for(&names, &centre(), 0, 10).await.unwrap();
    assert_eq!(beside.read_stream_for(&names, &centre(), CASE, 0).await.unwrap(), in_order);
    let fields = Body::decode(&in_order[0].body).unwrap();
    let given: Vec<_> = fields.sealed().iter().map(|field| (field.person, field.bytes.as_deref())).collect();
    assert_eq!(given, [(PERSON, Some(NAME.as_bytes())), (OTHER, None)]);
}

#[tokio::test]
async fn the_same_text_is_sealed_for_its_place_alone() {
    let place = TempDir::new().unwrap();
    let (log, _) = open(place.path(), Access::Write).await;
    for version in 0..2 {
        log.append(append(CASE, version, &[(PERSON, "/name", NAME)])).await.unwrap();
    }
    let kept = log.stream_proof(&centre(), CASE).await.unwrap().unwrap().events;
    let bytes: BTreeSet<_> =
        kept.iter().map(|event| Body::decode(&event.body).unwrap().sealed()[0].bytes.clone()).collect();
    assert_eq!(bytes.len(), 2);
    log.close().await;
}

#[tokio::test]
async fn an_erased_person_is_gone_for_good_and_the_others_are_not() {
    let place = TempDir::new().unwrap();
    let (log, keys) = open(place.path(), Access::Write).await;
    let fields = [(PERSON, "/name", NAME), (PERSON, "/telephone", TELEPHONE), (OTHER, "/staff", "李四")];
    log.append(append(CASE, 0, &fields)).await.unwrap();
    let attachment = log.put_sealed(&centre(), CASE, PERSON, b"a scan".to_vec()).await.unwrap();
    assert_eq!(
        log.get_sealed(&centre(), CASE, PERSON, attachment).await.unwrap().as_deref(),
        Some(b"a scan".as_slice())
    );
    // The largest file that a case takes still fits when it is sealed.
    let kept = log.get_attachment(attachment).await.unwrap().unwrap();
    assert!((32 << 20) + kept.len() - b"a scan".len() <= ATTACHMENT_LIMIT_BYTES);
    let master = std::fs::read(place.path().join("keys").join(MASTER_NAME)).unwrap();
    let before = place.path().join("before");
    std::fs::create_dir(&before).unwrap();
    keys.copy_to(&before.join(STORE_NAME)).await.unwrap();
    for _ in 0..2 {
        keys.erase(&[PERSON]).await.unwrap();
        let left = [None, None, Some("李四".to_owned())];
        assert_eq!(texts(&*log, CASE).await, left);
        // Each time the file of master keys is another one, and nobody else may read it.
        let mode = std::fs::metadata(place.path().join("keys").join(MASTER_NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(keys.by_handle(TELEPHONE).await.unwrap().is_empty());
        assert_eq!(log.get_sealed(&centre(), CASE, PERSON, attachment).await.unwrap(), None);
    }
    let refused = log.append(append(CASE, 1, &[(PERSON, "/name", NAME)])).await.unwrap_err();
    assert!(
        matches!(&refused, AppendError::NotReady { source, .. } if source.to_string().contains("was erased")),
        "{refused}"
    );
    assert_eq!(log.verify(&mut |_| {}).await.unwrap().faults, []);
    log.close().await;

    let (log, _) = open(place.path(), Access::Write).await;
    assert_eq!(texts(&*log, CASE).await, [None, None, Some("李四".to_owned())]);
    log.append(append(CASE, 1, &[(OTHER, "/staff", "王五")])).await.unwrap();
    log.close().await;
    // The copy from before, beside the master key of now.
    std::fs::copy(place.path().join("keys").join(MASTER_NAME), before.join(MASTER_NAME)).unwrap();
    let old = PersonKeys::open(&before, Access::Write, false).await;
    assert!(matches!(old, Err(KeyError::OldStore { found: 1, .. })), "{:?}", old.err());
    // And the other way round: the newest store beside the master key of before. Nobody is told to put an older store back.
    std::fs::write(place.path().join("keys").join(MASTER_NAME), master).unwrap();
    let old = PersonKeys::open(&place.path().join("keys"), Access::Write, false).await;
    assert!(matches!(old, Err(KeyError::OldMaster { found: 1, wanted: 3, .. })), "{:?}", old.err());
}

#[tokio::test]
async fn a_missing_key_is_named_and_is_no_erasure() {
    let place = TempDir::new().unwrap();
    let (log, keys) = open(place.path(), Access::Write).await;
    log.append(append(CASE, 0, &[(OTHER, "/staff", "李四")])).await.unwrap();
    let copy = place.path().join("copy");
    keys.copy_to(&copy).await.unwrap();
    log.append(append(Uuid::from_u128(2), 0, &[(PERSON, "/name", NAME)])).await.unwrap();
    log.close().await;
    for name in [STORE_NAME.to_owned(), format!("{STORE_NAME}-wal"), format!("{STORE_NAME}-shm")] {
        let _ = std::fs::remove_file(place.path().join("keys").join(name));
    }
    for access in [Access::Read, Access::Write] {
        let gone = PersonKeys::open(&place.path().join("keys"), access, false).await;
        assert!(matches!(gone, Err(KeyError::Missing { .. })), "{:?}", gone.err());
    }
    std::fs::copy(&copy, place.path().join("keys").join(STORE_NAME)).unwrap();
    let (log, _) = open(place.path(), Access::Write).await;
    assert_eq!(texts(&*log, CASE).await, [Some("李四".to_owned())]);
    let unknown = log.read_stream(&centre(), Uuid::from_u128(2), 0).await.unwrap_err();
    assert!(
        matches!(&unknown, LogError::Sealed { source, .. } if source.to_string().contains("put back")),
        "{unknown}"
    );
    log.close().await;
}

#[tokio::test]
async fn whatever_was_altered_does_not_open() {
    let place = TempDir::new().unwrap();
    let (log, _) = open(place.path(), Access::Write).await;
    for stream in [1, 2] {
        log.append(append(Uuid::from_u128(stream), 0, &[(PERSON, "/name", NAME)])).await.unwrap();
    }
    log.close().await;
    // What was never sealed stands there, as in a log that another program wrote.
    let raw =
        event_log::open(&format!("sqlite:{}", place.path().join("log.sqlite").display()), Access::Write).await.unwrap();
    raw.append(append(Uuid::from_u128(3), 0, &[(PERSON, "/name", NAME)])).await.unwrap();
    raw.close().await;
    let (log, _) = open(place.path(), Access::Read).await;
    let refused = log.read_stream(&centre(), Uuid::from_u128(3), 0).await.unwrap_err();
    assert!(matches!(refused, LogError::Sealed { .. }), "{refused}");
    log.close().await;
    let master = place.path().join("keys").join(MASTER_NAME);
    let text = std::fs::read_to_string(&master).unwrap();
    std::fs::write(&master, text.replace("1 ", "1 0")).unwrap();
    let refused = PersonKeys::open(&place.path().join("keys"), Access::Write, false).await;
    assert!(matches!(refused, Err(KeyError::Content { .. })), "{:?}", refused.err());
    let (begin, key) = text.rsplit_once("1 ").unwrap();
    let other: String = key.chars().map(|c| if c == '0' { '1' } else { '0' }).take(64).collect();
    std::fs::write(&master, format!("{begin}1 {other}\n")).unwrap();
    let refused = PersonKeys::open(&place.path().join("keys"), Access::Write, false).await;
    assert!(matches!(refused, Err(KeyError::Altered { .. })), "{:?}", refused.err());
}

/// A process that reads beside the one that erases learns of the new master key by itself; and one that only a link leads to is replaced
/// where it stands.
#[tokio::test]
async fn a_companion_goes_on_reading_when_somebody_was_erased() {
    let place = TempDir::new().unwrap();
    let (log, keys) = open(place.path(), Access::Write).await;
    log.append(append(CASE, 0, &[(PERSON, "/name", NAME), (OTHER, "/staff", "李四")])).await.unwrap();
    log.close().await;
    drop((log, keys));
    let (link, elsewhere) = (place.path().join("keys").join(MASTER_NAME), place.path().join("elsewhere"));
    std::fs::rename(&link, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &link).unwrap();
    let before = std::fs::read(&elsewhere).unwrap();

    let (log, keys) = open(place.path(), Access::Write).await;
    let (beside, _) = open(place.path(), Access::Read).await;
    keys.erase(&[PERSON]).await.unwrap();
    assert_eq!(texts(&*beside, CASE).await, [None, Some("李四".to_owned())]);
    assert!(link.is_symlink(), "it still leads there");
    assert_ne!(std::fs::read(&elsewhere).unwrap(), before);
    beside.close().await;
    log.close().await;
}

/// One row that was altered is the affair of whoever asks for it.
#[tokio::test]
async fn strangers_do_not_suffer_from_a_bad_row() {
    let place = TempDir::new().unwrap();
    let (log, keys) = open(place.path(), Access::Write).await;
    let other = Uuid::from_u128(2);
    log.append(append(CASE, 0, &[(PERSON, "/name", NAME)])).await.unwrap();
    log.append(append(other, 0, &[(OTHER, "/staff", "李四")])).await.unwrap();
    log.close().await;
    drop((log, keys));
    let store = place.path().join("keys").join(STORE_NAME);
    let mut database = SqliteConnection::connect(&store.to_string_lossy()).await.unwrap();
    let spoil = "UPDATE persons SET wrapped = zeroblob(length(wrapped)) WHERE stream = $1";
    let done = sqlx::query(spoil).bind(CASE.as_bytes().as_slice()).execute(&mut database).await.unwrap();
    assert_eq!(done.rows_affected(), 1);
    database.close().await.unwrap();

    let (log, _) = open(place.path(), Access::Read).await;
    let here = centre();
    // Both ask in one turn.
    let (hurt, sound) = tokio::join!(log.read_stream(&here, CASE, 0), texts(&*log, other));
    assert!(matches!(hurt, Err(LogError::Sealed { .. })), "{hurt:?}");
    assert_eq!(sound, [Some("李四".to_owned())]);
    log.close().await;
}

/// Whatever was prepared when the keys were closed is refused and waits for nobody.
#[tokio::test]
async fn nobody_waits_for_keys_that_were_closed() {
    let place = TempDir::new().unwrap();
    let (log, keys) = open(place.path(), Access::Write).await;
    let abandoned = log.prepare(append(CASE, 0, &[(PERSON, "/name", NAME)])).await.unwrap();
    keys.close().await;
    let late = log.prepare(append(CASE, 0, &[(OTHER, "/name", NAME)])).await;
    assert!(late.is_err(), "the store cannot be asked any more");
    // It had been queued before the end, so it was written.
    log.append_prepared(abandoned).await.unwrap();
    assert!(log.put_attachment(b"plain".to_vec()).await.is_err());
    log.close().await;
}

/// Many at once, each with new persons: all keys are there when the log is opened anew.
#[tokio::test(flavor = "multi_thread")]
async fn keys_are_kept_in_groups_before_what_rests_on_them() {
    let place = TempDir::new().unwrap();
    let (log, _) = open(place.path(), Access::Write).await;
    // Fifty texts of each person at about the same moment: all have to be sealed with the one key that is kept.
    let tasks = (0..600_u128).map(|n| {
        let log = Arc::clone(&log);
        tokio::spawn(async move {
            let person = Uuid::from_u128(0x1_0000 + n / 50);
            let mine = append(Uuid::from_u128(n), 0, &[(person, "/name", NAME)]);
            // Whoever finds the queue full tries again, as a caller would.
            while let Err(error) = log.append(mine.clone()).await {
                assert!(matches!(error, AppendError::ShareFull { .. } | AppendError::QueueFull { .. }), "{error}");
                tokio::task::yield_now().await;
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    // Not closed: as after a kill.
    let copy = TempDir::new().unwrap();
    std::fs::create_dir(copy.path().join("keys")).unwrap();
    for name in [
        "log.sqlite",
        "log.sqlite-wal",
        "log.sqlite.attachments",
        "keys/persons.sqlite",
        "keys/persons.sqlite-wal",
        "keys/master.secret",
    ] {
        if place.path().join(name).exists() {
            std::fs::copy(place.path().join(name), copy.path().join(name)).unwrap();
        }
    }
    let (again, _) = open(copy.path(), Access::Write).await;
    for n in 0..600 {
        assert_eq!(texts(&*again, Uuid::from_u128(n)).await, [Some(NAME.to_owned())]);
    }
    again.close().await;
    log.close().await;
}
