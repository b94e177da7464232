//! A process may end after any step: whoever comes next brings it to its end, and the end is the same.

use std::path::Path;

use cases::{
    case::{
        closing::reopened::{Reopen, ReopenGround},
        intake::{
            accepted::{Accept, Category},
            split::{Part, SplitCase},
            withdrawn::Withdraw,
        },
        persons::{
            erasure::{AgreeErasure, RequestErasure},
            legal_hold::{HoldGround, LiftLegalHold, PlaceLegalHold},
        },
    },
    centre::opened::{Level, OpenCentre},
    command::CentreCommandLine,
    ids::{ActorId, CommandId},
    people::{Office, Role},
    policy::SHIPPED,
};
use event_log::Access;
use persons::{MASTER_NAME, MasterFile, MasterKey as _, STORE_NAME};

use super::*;
use crate::{Sealing, installation::Place};

const CASE: CaseId = CaseId(Uuid::from_u128(7));

fn centre() -> CentreCode {
    CentreCode::new("410404").unwrap()
}

fn actor(id: &str, role: Role) -> Actor {
    Actor { id: ActorId::new(id).unwrap(), role, office: Office::Centre }
}

async fn open(place: &Path) -> (Engine, Views) {
    let log = event_log::open(&format!("sqlite:{}", place.join("log.sqlite").display()), Access::Write).await.unwrap();
    let is_new = log.centres().await.unwrap().is_empty();
    let sealing = Sealing::open(log, &place.join("keys"), Access::Write, is_new).await.unwrap();
    (Engine::sealed(sealing, Access::Write), Views::open(place).await.unwrap())
}

async fn close((engine, views): (Engine, Views)) {
    views.close().await;
    engine.log().close().await;
}

async fn says(engine: &Engine, id: u128, by: Actor, command: impl Into<cases::CaseCommand>) {
    tries(engine, id, by, command).await.unwrap();
}

async fn tries(
    engine: &Engine,
    id: u128,
    by: Actor,
    command: impl Into<cases::CaseCommand>,
) -> Result<(), EngineError> {
    let id = CommandId(Uuid::from_u128(id));
    let line = CaseCommandLine::new(CASE, centre(), by, id, command.into());
    engine.submit(&CommandLine::Case(Box::new(line)), Priority::People).await.map(|_| ())
}

/// A withdrawn case whose complainant's erasure was agreed to, and nothing done yet; views brought up.
async fn agreed(place: &Path) {
    let (engine, views) = withdrawn(place).await;
    says(&engine, 4, actor("clerk", Role::WindowClerk), request()).await;
    says(&engine, 5, actor("manager", Role::CentreManager), AgreeErasure { request: 3 }).await;
    close((engine, views)).await;
}

fn request() -> RequestErasure {
    RequestErasure { person: CASE.complainant(), reason: "书面".into() }
}

/// A withdrawn case, with its views.
async fn withdrawn(place: &Path) -> (Engine, Views) {
    let (engine, views) = open(place).await;
    let policy_text = SHIPPED.iter().find(|(name, _)| name.starts_with("henan")).unwrap().1.to_owned();
    let open = OpenCentre { name: "中心".into(), level: Level::County, parent: None, policy_text, simulated: false };
    let admin = actor("admin", Role::SystemAdministrator);
    let line = CentreCommandLine::new(centre(), admin, CommandId(Uuid::from_u128(1)), None, open.into());
    engine.submit(&CommandLine::Centre(Box::new(line)), Priority::People).await.unwrap();
    let accept = serde_json::json!({"channel": "window", "category": "help", "summary": "金丝雀", "narrative": "金丝雀",
        "complainant": {"name": "金丝雀", "telephone": "13800138000"}, "complained_about": [{"staff": "manager2"}]});
    let accept: Accept = serde_json::from_value(accept).unwrap();
    says(&engine, 2, actor("clerk", Role::WindowClerk), accept).await;
    says(&engine, 3, actor("clerk", Role::WindowClerk), Withdraw { how: "电话".into(), reason: String::new() }).await;
    views.catch_up(engine.log(), &crate::wire::log_centre(&centre())).await.unwrap();
    (engine, views)
}

async fn is_done(place: &Path) {
    carries_out(place, 1).await;
    stays_done(place).await;
}

async fn stays_done(place: &Path) {
    carries_out(place, 0).await;
    let master = MasterFile::read(&place.join("keys").join(MASTER_NAME), &place.join(STORE_NAME)).unwrap().unwrap();
    assert_eq!(master.epoch(), 2, "one erasure, one new epoch");
    let epochs = std::fs::read_to_string(place.join("keys").join(MASTER_NAME)).unwrap();
    assert_eq!(epochs.lines().filter(|line| !line.starts_with('#')).count(), 1, "the old key is gone");
    assert!(!views_hold(place));
}

async fn carries_out(place: &Path, erasures: usize) {
    let (engine, views) = open(place).await;
    assert_eq!(carry_out(&engine, &views, true).await.unwrap(), erasures);
    let case = engine.case(&centre(), CASE).await.unwrap();
    assert_eq!(case.intake.as_ref().unwrap().narrative.text(), "〔已删除〕");
    assert!(case.erasures[0].completed);
    assert_eq!(case.version, 5, "it is said once");
    let keys = &engine.sealing().unwrap().keys;
    assert!(keys.by_handle("13800138000").await.unwrap().is_empty() && keys.intended().await.unwrap().is_empty());
    assert_eq!(engine.log().verify(&mut |_| {}).await.unwrap().faults, []);
    close((engine, views)).await;
}

/// Whether a view holds the canary.
fn views_hold(place: &Path) -> bool {
    let mut files = std::fs::read_dir(place.join("views")).unwrap().map(|entry| entry.unwrap().path());
    let canary = "金丝雀".as_bytes();
    files.any(|path| std::fs::read(path).unwrap().windows(canary.len()).any(|window| window == canary))
}

#[tokio::test]
async fn it_ended_before_anything_was_done() {
    let place = tempfile::tempdir().unwrap();
    agreed(place.path()).await;
    is_done(place.path()).await;
}

#[tokio::test]
async fn it_ended_after_the_new_epoch_began() {
    let place = tempfile::tempdir().unwrap();
    agreed(place.path()).await;
    let keys = place.path().join("keys");
    let master = MasterFile::read(&keys.join(MASTER_NAME), &keys.join(STORE_NAME)).unwrap().unwrap();
    assert_eq!(master.begin_epoch(1).unwrap(), 2);
    drop(master);
    // Whoever opens the keys finishes that epoch; the erasure itself takes the next.
    let (engine, views) = open(place.path()).await;
    assert_eq!(carry_out(&engine, &views, true).await.unwrap(), 1);
    close((engine, views)).await;
    let epochs = std::fs::read_to_string(keys.join(MASTER_NAME)).unwrap();
    assert_eq!(epochs.lines().filter(|line| !line.starts_with('#')).count(), 1);
}

#[tokio::test]
async fn it_ended_after_the_key_was_destroyed() {
    let place = tempfile::tempdir().unwrap();
    agreed(place.path()).await;
    let (engine, views) = open(place.path()).await;
    engine.sealing().unwrap().keys.erase(&[CASE.complainant().0]).await.unwrap();
    close((engine, views)).await;
    let (engine, views) = open(place.path()).await;
    assert_eq!(carry_out(&engine, &views, true).await.unwrap(), 1);
    let case = engine.case(&centre(), CASE).await.unwrap();
    assert!(case.erasures[0].completed && case.version == 5);
    close((engine, views)).await;
}

#[tokio::test]
async fn it_ended_before_the_note_was_taken_away() {
    let place = tempfile::tempdir().unwrap();
    agreed(place.path()).await;
    is_done(place.path()).await;
    let (engine, views) = open(place.path()).await;
    let of = Of { centre: centre().to_string(), stream: CASE.0 };
    engine.sealing().unwrap().keys.intend(CASE.complainant().0, &of).await.unwrap();
    close((engine, views)).await;
    stays_done(place.path()).await;
}

/// The note was written, and the command never came into the log.
#[tokio::test]
async fn a_note_of_nothing_is_dropped() {
    let place = tempfile::tempdir().unwrap();
    agreed(place.path()).await;
    is_done(place.path()).await;
    let (engine, views) = open(place.path()).await;
    let keys = &engine.sealing().unwrap().keys;
    let of = Of { centre: centre().to_string(), stream: CASE.0 };
    keys.intend(Uuid::from_u128(99), &of).await.unwrap();
    assert_eq!(carry_out(&engine, &views, false).await.unwrap(), 0);
    assert_eq!(keys.intended().await.unwrap().len(), 1, "it may be under way");
    assert_eq!(carry_out(&engine, &views, true).await.unwrap(), 0);
    assert_eq!(keys.intended().await.unwrap().len(), 0);
    close((engine, views)).await;
}

/// The store of keys is older than the log, with the same master key: the log says whose key has to go.
/// Also where it is there for something else; and a log goes on without its views, but for one that was restored.
#[tokio::test]
async fn whoever_writes_next_carries_it_out() {
    let directory = tempfile::tempdir().unwrap();
    let (place, views) = (directory.path(), directory.path().join("views"));
    agreed(place).await;
    std::fs::rename(&views, place.join("aside")).unwrap();
    std::fs::write(&views, "no directory").unwrap();
    let mark = place.join("keys/restored");
    std::fs::write(&mark, "").unwrap();
    assert!(Place::of(place).write().await.is_err() && mark.exists());
    std::fs::remove_file(&mark).unwrap();
    let engine = Place::of(place).write().await.expect("the log needs no views");
    assert_eq!(engine.sealing().unwrap().keys.intended().await.unwrap().len(), 1, "it is tried again");
    engine.log().close().await;
    std::fs::remove_file(&views).unwrap();
    std::fs::rename(place.join("aside"), &views).unwrap();
    std::fs::write(&mark, "").unwrap();
    let engine = Place::of(place).write().await.unwrap();
    assert!(!mark.exists() && engine.sealing().unwrap().keys.intended().await.unwrap().is_empty());
    engine.log().close().await;
    stays_done(place).await;
}

#[tokio::test]
async fn a_log_tells_an_older_store() {
    let place = tempfile::tempdir().unwrap();
    agreed(place.path()).await;
    let (engine, views) = open(place.path()).await;
    let keys = &engine.sealing().unwrap().keys;
    keys.forget_intent(&keys.intended().await.unwrap()[0]).await.unwrap();
    let raw: Arc<dyn EventLog> = engine.sealing().unwrap().log.clone();
    note_all(&raw, keys).await.unwrap();
    assert_eq!(keys.intended().await.unwrap().len(), 1);
    close((engine, views)).await;
    is_done(place.path()).await;
}

/// Under a hold: nothing is destroyed, and nothing shown until the hold is lifted, whatever process carries it out and wherever the one before
/// it ended.
#[tokio::test]
async fn what_is_restricted_is_shown_again_once_the_hold_is_lifted() {
    let narrative = async |engine: &Engine| {
        let case = engine.case_to_show(&centre(), CASE).await.unwrap();
        // Whoever decides reads what is there.
        let whole = engine.case(&centre(), CASE).await.unwrap();
        assert_eq!(whole.intake.unwrap().narrative.text(), "金丝雀");
        case.intake.as_ref().unwrap().narrative.text().to_owned()
    };
    for ended_after_the_note in [false, true] {
        let place = tempfile::tempdir().unwrap();
        let place = place.path();
        let (engine, views) = withdrawn(place).await;
        let hold = PlaceLegalHold { ground: HoldGround::Proceeding, basis: "诉讼".into(), until: None };
        says(&engine, 4, actor("manager", Role::CentreManager), hold).await;
        says(&engine, 5, actor("clerk", Role::WindowClerk), request()).await;
        assert!(views_hold(place));
        let keys = &engine.sealing().unwrap().keys;
        assert_eq!(keys.intended().await.unwrap().len(), 1, "it is noted before the log says so");
        if ended_after_the_note {
            keys.restrict(CASE.complainant().0, true).await.unwrap();
        } else {
            assert_eq!(carry_out(&engine, &views, false).await.unwrap(), 0);
            assert!(!views_hold(place) && keys.intended().await.unwrap().is_empty());
            assert_eq!(narrative(&engine).await, "〔限制处理〕");
        }
        close((engine, views)).await;

        let (engine, views) = open(place).await;
        assert_eq!(carry_out(&engine, &views, true).await.unwrap(), 0);
        let keys = &engine.sealing().unwrap().keys;
        assert!(!views_hold(place) && keys.intended().await.unwrap().is_empty());
        assert_eq!(narrative(&engine).await, "〔限制处理〕");
        assert_eq!(engine.log().verify(&mut |_| {}).await.unwrap().faults, []);
        // A store of keys that is older than the log hears of it from the log.
        keys.restrict(CASE.complainant().0, false).await.unwrap();
        let raw: Arc<dyn EventLog> = engine.sealing().unwrap().log.clone();
        note_all(&raw, keys).await.unwrap();
        assert_eq!(carry_out(&engine, &views, true).await.unwrap(), 0);
        assert!(!views_hold(place) && keys.is_restricted(CASE.complainant().0).await.unwrap() == Some(true));

        says(&engine, 6, actor("manager", Role::CentreManager), LiftLegalHold { reason: "已结".into() }).await;
        if ended_after_the_note {
            close((engine, views)).await;
            let (engine, views) = open(place).await;
            carry_out(&engine, &views, true).await.unwrap();
            assert!(views_hold(place) && narrative(&engine).await == "金丝雀");
            close((engine, views)).await;
        } else {
            carry_out(&engine, &views, false).await.unwrap();
            assert!(views_hold(place) && narrative(&engine).await == "金丝雀");
            close((engine, views)).await;
        }
    }
}

/// Who is complained about stays recused where his name is not shown, and what a step takes over from a case is the text, not what stands in its
/// place: also while a lifted hold is not carried out yet.
#[tokio::test]
async fn whoever_decides_reads_what_is_not_shown() {
    let place = tempfile::tempdir().unwrap();
    let (engine, views) = withdrawn(place.path()).await;
    let manager = || actor("manager", Role::CentreManager);
    let hold = PlaceLegalHold { ground: HoldGround::Proceeding, basis: "诉讼".into(), until: None };
    says(&engine, 4, manager(), hold).await;
    says(&engine, 5, actor("clerk", Role::WindowClerk), request()).await;
    let staff = RequestErasure { person: CASE.complained_about(0), reason: "书面".into() };
    says(&engine, 6, actor("clerk", Role::WindowClerk), staff).await;
    carry_out(&engine, &views, false).await.unwrap();
    let told = async |id| {
        let intake = engine.case_to_show(&centre(), id).await.unwrap().intake.unwrap();
        [&intake.name.unwrap(), &intake.complained_about[0].staff].map(|sealed| sealed.text().to_owned())
    };
    assert_eq!(told(CASE).await, ["〔限制处理〕"; 2]);

    let lift = || LiftLegalHold { reason: "已结".into() };
    let recused = tries(&engine, 7, actor("manager2", Role::CentreManager), lift()).await;
    assert!(matches!(recused, Err(EngineError::Refused(Refusal::Recused {}))), "{recused:?}");
    says(&engine, 7, manager(), lift()).await;
    says(&engine, 8, manager(), Reopen { ground: ReopenGround::Complaint, reason: "又来".into() }).await;
    let other = CaseId(Uuid::from_u128(8));
    let part =
        Part { case: other, category: Category::Help, summary: "另一件".into(), narrative: "另一件".into() };
    says(&engine, 9, actor("clerk", Role::WindowClerk), SplitCase { parts: vec![part], reason: "两件事".into() }).await;
    assert_eq!(
        (told(CASE).await, told(other).await),
        (["〔限制处理〕"; 2].map(Into::into), ["金丝雀", "manager2"].map(Into::into))
    );
    carry_out(&engine, &views, false).await.unwrap();
    assert_eq!(told(CASE).await, ["金丝雀", "manager2"]);
    close((engine, views)).await;
}

/// What was noted while something else was carried out is not forgotten with it.
#[tokio::test]
async fn a_note_that_comes_meanwhile_stays() {
    let place = tempfile::tempdir().unwrap();
    let (engine, views) = withdrawn(place.path()).await;
    let keys = &engine.sealing().unwrap().keys;
    let of = Of { centre: centre().to_string(), stream: CASE.0 };
    keys.intend(CASE.complainant().0, &of).await.unwrap();
    let carried_out = keys.intended().await.unwrap();
    keys.intend(CASE.complainant().0, &of).await.unwrap();
    keys.forget_intent(&carried_out[0]).await.unwrap();
    let left = keys.intended().await.unwrap();
    assert_eq!(left.len(), 1, "it was noted once more");
    keys.forget_intent(&left[0]).await.unwrap();
    assert_eq!(keys.intended().await.unwrap(), []);
    close((engine, views)).await;
}
