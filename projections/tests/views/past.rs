//! Both axes of time.

use cases::{
    Instant,
    story::{Story, Told},
};
use projections::{When, ledger::Line, registry::VIEWS};
use proptest::prelude::*;
use serde_json::json;

use crate::{
    by_hand::fortnight,
    support::{FEEDS, Place, at, block_on, centre, played},
};

fn time(text: &str) -> Instant {
    text.parse().unwrap()
}

fn on(line: &Line) -> [&str; 3] {
    [&line.cells[7], &line.cells[13], &line.cells[16]]
}

/// The case whose dispatch was on paper from the 4th, entered on the 6th at 10:00 and approved that day at 14:00.
#[test]
fn a_late_entry_on_both_axes() {
    let story = fortnight();
    let late = Story::id(5);
    let now = story.now;
    block_on(async {
        let place = Place::of(&story).await;
        let check = async |at: Option<&str>, known_at: Option<&str>, expected: [&str; 3]| {
            let when = When { now, at: at.map(time), known_at: known_at.map(time) };
            let lines = place.ledger(&story, when).await;
            let line = lines.iter().find(|line| line.case == late).unwrap();
            assert_eq!(on(line), expected, "at {at:?} known at {known_at:?}");
            assert_eq!(line.number.no, 6, "whenever one asks");
        };
        let fifth = Some("2026-03-05T12:00:00");
        let waiting = ["", "审核中", "审核转办（管理机构）超期3小时，尚未完成"];
        check(fifth, None, ["2026-03-04 10:00", "办理中", "未超期；补录"]).await;
        check(None, fifth, waiting).await;
        // Between entry and approval nobody knew that it would count from the 4th.
        let entered = Some("2026-03-06T12:00:00");
        check(None, entered, ["2026-03-06 10:00", "办理中", "审核转办（管理机构）超期1个工作日1小时；补录待审批"])
            .await;
        check(fifth, entered, waiting).await;
        check(fifth, Some("2026-03-06T14:00:00"), ["2026-03-04 10:00", "办理中", "未超期；补录"]).await;
    });
}

/// 受理 itself entered late: its number is that of the log, also at a time when its neighbours were not yet there.
#[test]
fn a_number_does_not_depend_on_when_one_asks() {
    let mut story = fortnight();
    let late = json!({"reason": "停电", "evidence": "b".repeat(64)});
    story.tell("clerk", json!({"command": "accept", "case": Story::id(9), "channel": "letter", "complainant": {"name": "吴九"},
        "category": "help", "summary": "路灯不亮", "narrative": "路灯不亮", "occurred_at": "2026-03-02T12:30:00", "late": late})).unwrap();
    story.tell("manager", json!({"command": "approve_late_entry", "case": Story::id(9), "entry": 1})).unwrap();
    block_on(async {
        let place = Place::of(&story).await;
        let at = When { at: Some(time("2026-03-02T13:00:00")), ..When::now(story.now) };
        let lines = place.ledger(&story, at).await;
        assert_eq!(lines.iter().map(|line| line.number.no).collect::<Vec<_>>(), [1, 2, 7]);
    });
}

/// 历史件: older than the centre's own log, and yet there at its time, by its department's name.
#[test]
fn history_brought_in_is_there_at_its_time() {
    let mut story = fortnight();
    let import = |fields: serde_json::Value, occurred_at: &str| {
        let mut fields = fields;
        fields["case"] = json!(Story::id(8));
        fields["occurred_at"] = json!(occurred_at);
        fields["late"] =
            json!({"reason": "导入", "evidence": "c".repeat(64), "approved_by": cases::story::cast("manager")});
        fields
    };
    let accept = json!({"command": "accept", "channel": "online", "complainant": {"name": "郑十"}, "category": "consultation",
        "summary": "咨询社保", "narrative": "咨询社保", "historical": true});
    story.tell("admin", import(accept, "2025-06-03T10:00:00")).unwrap();
    story.tell("admin", import(json!({"command": "classify", "kind": "ordinary"}), "2025-06-03T10:00:00")).unwrap();
    story.tell("admin", import(json!({"command": "dispatch", "lead": "rsj"}), "2025-06-03T10:00:00")).unwrap();
    let result = json!({"command": "report_result", "text": "已答复"});
    story.tell("system_administrator:department:rsj", import(result, "2025-06-20T17:00:00")).unwrap();
    block_on(async {
        let place = Place::of(&story).await;
        let at = When { at: Some(time("2025-06-30")), ..When::now(story.now) };
        let lines = place.ledger(&story, at).await;
        let cells = &lines[0].cells;
        assert_eq!(
            (lines.len(), cells[0].as_str(), cells[6].as_str(), cells[12].as_str()),
            (1, "1", "人社局", "2025-06-20 17:00")
        );
        // Due on the 10th; 8 working days later it was answered.
        assert_eq!(cells[16], "办理结果（人社局）超期8个工作日；补录；历史件");
        assert_eq!(place.ledger(&story, When { at: Some(time("2025-06-10")), ..at }).await[0].cells[12], "");
        let first = place.ledger(&story, When::now(story.now)).await.remove(0);
        assert_eq!((first.number.year, first.historical), (2025, true));
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    /// "Now" is a past moment like any other, and `known_at` is what a view built then would have shown.
    #[test]
    fn the_past_is_what_was_shown(seed: u64, cut in 0usize..1_000) {
        block_on(async {
            let story = played(seed, "410404", 10);
            let now = story.now;
            let place = Place::of(&story).await;
            let present = shown(&place, &story, When::now(now)).await;
            for when in [
                When { at: Some(now), ..When::now(now) },
                When { known_at: Some(now), ..When::now(now) },
                When { at: Some(now), known_at: Some(now), now },
            ] {
                prop_assert_eq!(&shown(&place, &story, when).await, &present, "{:?}", when);
            }

            let then = at(&story.log[story.log.len() * cut / 1_000]);
            let known: Vec<Told> = story.log.iter().take_while(|told| at(told) <= then).cloned().collect();
            let built_then = Place::new().await;
            built_then.record(&story, &known).await;
            built_then.catch_up(&story).await;
            let known_at = When { known_at: Some(then), ..When::now(now) };
            prop_assert_eq!(shown(&place, &story, known_at).await, shown(&built_then, &story, When::now(then)).await);
            Ok(())
        })?;
    }

    /// The same of every view's rows, whatever its queries make of them.
    #[test]
    fn every_views_rows_are_those_of_then(seed: u64, cut in 0usize..1_000) {
        block_on(async {
            let story = played(seed, "410404", 10);
            let (now, then) = (story.now, at(&story.log[story.log.len() * cut / 1_000]));
            let known: Vec<Told> = story.log.iter().take_while(|told| at(told) <= then).cloned().collect();
            let (place, built_then) = (Place::of(&story).await, Place::new().await);
            built_then.record(&story, &known).await;
            built_then.catch_up(&story).await;
            for (file, when) in [
                (place.dump().await, When::now(now)),
                (place.dump().await, When { at: Some(now), ..When::now(now) }),
                (built_then.dump().await, When { known_at: Some(then), ..When::now(now) }),
            ] {
                for view in &VIEWS {
                    let code = &story.centre.code;
                    let rows = view.rows_at(&*place.log, &centre(code), when).await.unwrap();
                    let folded: Vec<_> = rows.iter().map(|(key, row)| format!("row {code} {key} {row}")).collect();
                    let kept: Vec<_> = file[view.name].iter().filter(|line| line.starts_with("row ")).cloned().collect();
                    prop_assert!(folded == kept, "view `{}`, {:?}: {} rows folded, {} kept", view.name, when, folded.len(), kept.len());
                }
            }
            Ok(())
        })?;
    }

    /// Without late entries nothing was true that was not known: the axes agree, but for days that a later calendar moved.
    #[test]
    fn the_axes_differ_by_late_entries_alone(seed: u64, cut in 0usize..1_000) {
        block_on(async {
            let story = played(seed, "410404", 10);
            let place = Place::of(&story).await;
            let then = at(&story.log[story.log.len() * cut / 1_000]);
            let true_then = place.ledger(&story, When { at: Some(then), ..When::now(story.now) }).await;
            let known_then = place.ledger(&story, When { known_at: Some(then), ..When::now(story.now) }).await;
            for known in &known_then {
                let has_late = story.case(known.case).entries.values().any(|entry| entry.late.is_some());
                let is = true_then.iter().find(|line| line.case == known.case).unwrap();
                if !has_late {
                    prop_assert_eq!(&is.cells[..16], &known.cells[..16]);
                }
            }
            Ok(())
        })?;
    }
}

/// Everything that people are shown.
async fn shown(place: &Place, story: &Story, when: When) -> Vec<String> {
    let mut shown: Vec<String> = place.ledger(story, when).await.iter().map(|line| format!("{line:?}")).collect();
    shown.extend(place.open(story, when).await.iter().map(|item| format!("{item:?}")));
    shown.extend(place.ended(story, when).await.iter().map(|item| format!("{item:?}")));
    for name in FEEDS {
        shown.extend(place.feed(story, name, when).await.iter().map(|entry| format!("{entry:?}")));
    }
    shown
}
