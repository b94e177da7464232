//! What stands in the log after an import, and after the next one.

use std::io::Cursor;

use cases::{
    CommandLine,
    centre::opened::{Level, OpenCentre},
    policy::SHIPPED,
};
use event_log::Access;
use uuid::Uuid;

use super::*;

const MAPPING: &str = r#"
source = "试验"
channel = "online"
LIMIT
[fields]
number = { column = "编号" }
name = { column = "姓名" }
summary = { column = "主题" }
narrative = { column = "详情" }
raised_at = { column = "时间", formats = ["%Y/%m/%d %H:%M:%S"] }
category = { fixed = "other" }
kind = { fixed = { kind = "ordinary" } }
department = { fixed = { code = "zh", name = "综合" } }
[historical]
reason = "移入"
entered_by = "a"
approved_by = "b"
"#;

const STEPS: [&str; 3] = ["accepted", "classified", "dispatched"];

struct Place {
    engine: Engine,
    centre: CentreCode,
    _dir: tempfile::TempDir,
}

fn admin() -> Actor {
    someone("admin", Role::SystemAdministrator)
}

fn mapping() -> Mapping {
    Mapping::read("map.toml", &MAPPING.replace("LIMIT", "")).unwrap()
}

/// A file with these numbers.
fn file(numbers: impl IntoIterator<Item = u32>) -> String {
    let rows = numbers.into_iter().map(|n| format!("{n},姓名{n},主题{n},详情{n},2026/3/2 10:00:00\n"));
    "编号,姓名,主题,详情,时间\n".to_owned() + &rows.collect::<String>()
}

impl Place {
    async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("log.sqlite").display());
        let log = event_log::open(&url, Access::Write).await.unwrap();
        let sealing = crate::Sealing::open(log, &dir.path().join("keys"), Access::Write, true).await.unwrap();
        let engine = Engine::sealed(sealing, Access::Write);
        let centre = CentreCode::new("410404").unwrap();
        let policy_text = SHIPPED.iter().find(|(name, _)| name.starts_with("henan")).unwrap().1.to_owned();
        let open =
            OpenCentre { name: "中心".to_owned(), level: Level::County, parent: None, policy_text, simulated: false };
        let line = CentreCommandLine::new(centre.clone(), admin(), CommandId(Uuid::from_u128(1)), None, open.into());
        engine.submit(&CommandLine::Centre(Box::new(line)), Priority::People).await.unwrap();
        Self { engine, centre, _dir: dir }
    }

    async fn import(&self, file: &str, mapping: &Mapping) -> Imported {
        let appeals = import::read("in.csv", Cursor::new(file.as_bytes()), mapping).unwrap();
        let (centre, evidence) = (self.centre.clone(), appeals.file_hash());
        let import = Import { engine: &self.engine, centre, mapping, evidence, by: admin() };
        run(&import, appeals, &mut || ()).await.unwrap()
    }

    /// The rows' events in the order of the log: the row's number, and the type.
    async fn events(&self, numbers: impl IntoIterator<Item = u32>) -> Vec<(u32, String)> {
        let case = |n: u32| cases::CaseId::of_external(&self.centre, "试验", &n.to_string()).0;
        let rows: std::collections::BTreeMap<Uuid, u32> = numbers.into_iter().map(|n| (case(n), n)).collect();
        let name = crate::wire::log_centre(&self.centre);
        let mut events = Vec::new();
        let mut after = 0;
        loop {
            let page = self.engine.log().read_centre(&name, after, 1_000).await.unwrap();
            let Some(last) = page.last() else { return events };
            after = last.position;
            events.extend(page.into_iter().filter_map(|event| Some((*rows.get(&event.stream)?, event.kind))));
        }
    }
}

fn whole(numbers: impl IntoIterator<Item = u32>) -> Vec<(u32, String)> {
    numbers.into_iter().flat_map(|n| STEPS.map(|kind| (n, kind.to_owned()))).collect()
}

fn counts(done: &Imported) -> (u64, u64, usize) {
    (done.accepted, done.already, done.rejections.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_has_the_order_of_the_file_and_a_second_run_adds_nothing() {
    let (place, mapping) = (Place::open().await, mapping());
    let file = file(0..1_000);
    assert_eq!(counts(&place.import(&file, &mapping).await), (1_000, 0, 0));
    assert_eq!(place.events(0..1_000).await, whole(0..1_000));
    assert_eq!(counts(&place.import(&file, &mapping).await), (0, 1_000, 0));
    assert_eq!(place.events(0..1_000).await.len(), 3_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_whose_third_step_is_refused_is_in_up_to_it_and_reported() {
    // 不能办 has days of its own under Henan's policy, and no dispatch may give more.
    let text = MAPPING
        .replace("LIMIT", "limit_working_days = 250")
        .replace(r#"kind = "ordinary""#, r#"kind = "cannot_be_done", ground = "beyond_powers""#);
    let (place, mapping) = (Place::open().await, Mapping::read("map.toml", &text).unwrap());
    for expected in [(1, 0, 1), (0, 1, 1)] {
        let done = place.import(&file([7]), &mapping).await;
        assert_eq!(counts(&done), expected);
        assert!(done.rejections[0].to_string().contains("250"), "{}", done.rejections[0]);
        assert_eq!((done.rejections[0].line, done.rejections[0].number.as_deref()), (2, Some("7")));
        assert_eq!(place.events([7]).await, whole([7])[..2]);
    }
}

/// One release appended each step by itself: it could be cut off within a row. By the 300th row nothing is looked up any more,
/// and what is there comes to light as a conflict.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_cut_off_is_completed_wherever_that_was() {
    let (place, mapping) = (Place::open().await, mapping());
    assert_eq!(counts(&place.import(&file([400]), &mapping).await), (1, 0, 0));
    let rows = Rows {
        centre: place.engine.centre(&place.centre).await.unwrap(),
        mapping: mapping.clone(),
        evidence: cases::command::hash(b"another file"),
        by: admin(),
    };
    let half = file([300]);
    let mut appeals = import::read("in.csv", Cursor::new(half.as_bytes()), &mapping).unwrap();
    let Some(Ok(Outcome::Row(row))) = appeals.next() else { panic!("a row") };
    let accept = rows.line(&row, rows.steps(&row).unwrap().remove(0));
    place.engine.submit(&CommandLine::Case(Box::new(accept)), Priority::Import).await.unwrap();

    let all = file(0..500);
    let done = place.import(&all, &mapping).await;
    assert_eq!(counts(&done), (498, 2, 0));
    let events = place.events(0..500).await;
    let of = |n: u32| events.iter().filter(|event| event.0 == n).cloned().collect::<Vec<_>>();
    assert_eq!((of(300), of(400)), (whole([300]), whole([400])));
    let others: Vec<_> = events.iter().filter(|event| ![300, 400].contains(&event.0)).cloned().collect();
    assert_eq!(others, whole((0..500).filter(|n| ![300, 400].contains(n))));
    assert_eq!(counts(&place.import(&all, &mapping).await), (0, 500, 0));
    assert_eq!(place.events(0..500).await.len(), 1_500);
}

#[tokio::test]
async fn rejections_are_told_in_the_order_of_the_file() {
    let (place, mapping) = (Place::open().await, mapping());
    place.import(&file([2, 4]), &mapping).await;
    // Numbers that were taken, with other content; between them rows that are wrong in themselves.
    let other = |n: u32| format!("{n},姓名,主题,别的,2026/3/2 10:00:00\n");
    let odd = |n: u32| format!("{n},姓名,主题,详情,2026/2/30 10:00:00\n");
    let file = file([]) + &[odd(1), other(2), odd(3), other(4), odd(5)].concat();
    let done = place.import(&file, &mapping).await;
    assert_eq!(counts(&done), (0, 0, 5));
    assert_eq!(done.rejections.iter().map(|no| no.line).collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
}
