//! A ledger, and other papers of the same cases, written by hand from 附件3 and domain §7, and the log that must give them.
//! The third of March 2026 is a Tuesday, and nothing in that month is a holiday.

use cases::{CaseId, obligation::ObligationKind as Kind, story::Story};
use projections::{
    ViewError, When,
    ledger::HEADINGS,
    overdue::Standing,
    timeline::{self, Until},
    work_order::work_order,
};
use serde_json::{Value, json};

use crate::support::{Place, block_on, centre};

/// Six cases of one fortnight, told in the order of time.
pub(crate) fn fortnight() -> Story {
    let mut story = Story::under("henan-2022-43", "2026-02-27T09:00:00");
    let mut tell = |at: &str, who: &str, case: u128, fields: Value| {
        let mut fields = fields;
        fields["case"] = json!(Story::id(case));
        story.at(&format!("2026-03-{at}:00"));
        story.tell(who, fields.clone()).unwrap_or_else(|refusal| panic!("{at} {who} {fields}: {refusal}"));
    };
    let accept = |complainant: Value, category: &str, summary: &str| {
        json!({"command": "accept", "channel": "window", "complainant": complainant, "category": category,
            "summary": summary, "narrative": format!("{summary}，详见附件。")})
    };
    let person = |name: &str| json!({"name": name, "contact_person": "亲属", "telephone": "13900000001", "address": "人民路1号"});
    let unit = json!({"name": "某某商贸公司", "is_unit": true, "contact_person": "王五", "telephone": "0375-1234567"});

    // 1: a unit; extended, late, reminded, supervised, returned, closed.
    tell("02T09:10", "clerk", 1, accept(unit, "complaint", "许可证\n迟迟不发"));
    tell("02T09:12", "clerk", 1, json!({"command": "classify", "kind": "ordinary", "departments": ["scj"]}));
    tell("02T09:13", "clerk", 1, json!({"command": "submit"}));
    // 2: nobody knows who; settled there and then.
    tell("02T09:30", "clerk", 2, accept(json!({"anonymous": true}), "consultation", "怎样办营业执照"));
    tell("02T09:31", "clerk", 2, json!({"command": "classify", "kind": "ordinary"}));
    tell("02T09:40", "clerk", 2, json!({"command": "settle_on_the_spot", "result": "当场说明了流程"}));
    tell("02T09:41", "clerk", 2, json!({"command": "close"}));
    let limit = json!({"command": "dispatch", "lead": "scj", "limit_working_days": 3});
    tell("02T10:02", "manager", 1, limit);
    tell("02T11:00", "handler:scj", 1, json!({"command": "sign_for"}));
    // 3: none of the house's business; referred, answered, closed.
    let by_letter = json!({"name": "李四", "address": "建设路2号"});
    tell("02T13:10", "clerk", 3, accept(by_letter, "help", "停电"));
    tell("02T13:11", "clerk", 3, json!({"command": "classify", "kind": "out_of_scope"}));
    tell("02T13:12", "clerk", 3, json!({"command": "submit"}));
    tell("02T13:30", "manager", 3, json!({"command": "refer", "to": {"unit": "区供电公司"}, "request": "请办理"}));
    let told =
        |about: &str| json!({"command": "inform_complainant", "about": about, "how": "telephone", "text": "已告知"});
    tell("02T13:40", "clerk", 3, told("referred"));
    // 4: several departments; nobody does anything.
    tell("02T14:00", "clerk", 4, accept(person("赵六"), "complaint", "旧房改造验收"));
    let several =
        json!({"command": "classify", "kind": "hard_to_do", "ground": "legacy_matter", "departments": ["zjj", "scj"]});
    tell("02T14:01", "clerk", 4, several);
    tell("02T14:02", "clerk", 4, json!({"command": "submit"}));
    tell("02T15:00", "manager", 4, json!({"command": "dispatch", "lead": "zjj", "co_departments": ["scj"]}));
    // 6: a plan, a promise, a pause.
    tell("02T16:00", "clerk", 6, accept(person("孙七"), "help", "档案缺失"));
    tell("02T16:01", "clerk", 6, json!({"command": "classify", "kind": "hard_to_do", "ground": "hard_to_trace"}));
    tell("02T16:02", "clerk", 6, json!({"command": "submit"}));
    tell("02T16:30", "manager", 6, json!({"command": "dispatch", "lead": "rsj"}));
    for (department, case) in [("zjj", 4), ("scj", 4)] {
        tell("03T09:10", &format!("handler:{department}"), case, json!({"command": "sign_for"}));
    }
    let plan =
        json!({"command": "propose_plan", "text": "调取原始档案", "promised": "2026-03-12", "complainant_told": true});
    tell("03T10:00", "handler:rsj", 6, plan);
    // 5: the dispatch was on paper for two days.
    tell("03T14:00", "clerk", 5, accept(person("周八"), "opinion", "排队太久"));
    tell("03T14:01", "clerk", 5, json!({"command": "classify", "kind": "ordinary"}));
    tell("03T14:02", "clerk", 5, json!({"command": "submit"}));
    tell(
        "04T08:30",
        "manager",
        6,
        json!({"command": "pause", "reason": "hearing", "until": "2026-03-06", "note": "听证"}),
    );
    tell("04T09:05", "clerk", 6, told("paused"));
    tell(
        "04T10:00",
        "handler:scj",
        1,
        json!({"command": "request_extension", "to": "2026-03-10", "reason": "须现场核查"}),
    );
    tell("04T16:00", "manager", 1, json!({"command": "grant_extension"}));
    tell("04T16:10", "clerk", 1, told("extended"));
    tell("05T10:00", "manager", 3, json!({"command": "record_referral_answer", "answer": "线路已修复"}));
    let call = |rating: &str| json!({"command": "call_back", "opinion": "可以", "rating": rating});
    tell("06T09:20", "manager", 3, call("very_satisfied"));
    tell("06T09:30", "clerk", 3, json!({"command": "close"}));
    let late = json!({"reason": "系统故障，先出纸单", "evidence": "a".repeat(64)});
    tell(
        "06T10:00",
        "manager",
        5,
        json!({"command": "dispatch", "lead": "gaj", "occurred_at": "2026-03-04T10:00:00", "late": late}),
    );
    tell("06T11:00", "handler:gaj", 5, json!({"command": "sign_for"}));
    tell("06T14:00", "manager2", 5, json!({"command": "approve_late_entry", "entry": 4}));
    tell("06T17:30", "manager", 6, json!({"command": "resume"}));
    tell("09T09:05", "officer", 1, json!({"command": "remind", "obligation": 4}));
    tell("10T11:00", "handler:gaj", 5, json!({"command": "report_result", "text": "增开窗口"}));
    tell("10T16:00", "manager", 5, json!({"command": "check_quality", "passed": true, "findings": "属实"}));
    tell("11T09:00", "manager", 1, json!({"command": "issue_supervision", "obligation": 4}));
    tell("11T11:00", "handler:scj", 1, json!({"command": "report_result", "text": "材料不齐"}));
    tell("11T14:00", "manager", 1, json!({"command": "check_quality", "passed": false, "findings": "材料是齐的"}));
    tell("12T09:00", "handler:scj", 1, json!({"command": "sign_for"}));
    tell("13T10:00", "handler:scj", 1, json!({"command": "report_result", "text": "许可证\r\n已发"}));
    tell("13T11:00", "manager", 1, json!({"command": "check_quality", "passed": true, "findings": "已发"}));
    tell("13T15:00", "manager", 1, call("satisfied"));
    tell("13T15:30", "clerk", 1, json!({"command": "feed_back", "how": "telephone", "text": "已告知结果"}));
    tell("13T16:00", "clerk", 1, json!({"command": "close"}));
    story.at("2026-03-16T09:00:00");
    story
}

#[test]
fn the_ledger_of_a_fortnight() {
    let story = fortnight();
    block_on(async {
        let place = Place::of(&story).await;
        let lines = place.ledger(&story, When::now(story.now)).await;
        let expected: [(u128, [&str; 17]); 6] = [
            (
                1,
                [
                    "1",
                    "某某商贸公司",
                    "王五",
                    "0375-1234567",
                    "许可证 迟迟不发",
                    "投诉",
                    "市场监管局",
                    "2026-03-02 10:02；2026-03-11 14:00",
                    "2026-03-16 17:00；2026-03-10 17:00；2026-03-05 17:00",
                    "是 2026-03-09 09:05",
                    "是 2026-03-11 09:00",
                    "是 2026-03-11 14:00",
                    "2026-03-13 10:00",
                    "已销号：许可证 已发",
                    "2026-03-13 15:00",
                    "满意",
                    "办理结果（市场监管局）超期2小时；延期至2026-03-10 17:00；退回重办1次",
                ],
            ),
            (
                2,
                [
                    "2",
                    "匿名",
                    "",
                    "",
                    "怎样办营业执照",
                    "咨询",
                    "",
                    "",
                    "",
                    "否",
                    "否",
                    "否",
                    "2026-03-02 09:40",
                    "已销号：当场说明了流程",
                    "",
                    "未评价（匿名）",
                    "未超期",
                ],
            ),
            (
                3,
                [
                    "3",
                    "李四",
                    "",
                    "建设路2号",
                    "停电",
                    "求助",
                    "",
                    "",
                    "",
                    "否",
                    "否",
                    "否",
                    "2026-03-05 10:00",
                    "已销号：线路已修复",
                    "2026-03-06 09:20",
                    "非常满意",
                    "未超期",
                ],
            ),
            (
                4,
                [
                    "4",
                    "赵六",
                    "",
                    "13900000001",
                    "旧房改造验收",
                    "投诉",
                    "牵头：住建局；协办：市场监管局",
                    "2026-03-02 15:00",
                    "2026-03-09 17:00",
                    "否",
                    "否",
                    "否",
                    "",
                    "办理中",
                    "",
                    "",
                    "解决方案（住建局）超期4个工作日，尚未完成；协办意见（市场监管局）超期5个工作日，尚未完成",
                ],
            ),
            (
                6,
                [
                    "5",
                    "孙七",
                    "",
                    "13900000001",
                    "档案缺失",
                    "求助",
                    "人社局",
                    "2026-03-02 16:30",
                    "2026-03-17 17:00；2026-03-12 17:00；2026-03-09 17:00",
                    "否",
                    "否",
                    "否",
                    "",
                    "办理中",
                    "",
                    "",
                    "未超期；中止（听证）2026-03-04 08:30至2026-03-06 17:00",
                ],
            ),
            (
                5,
                [
                    "6",
                    "周八",
                    "",
                    "13900000001",
                    "排队太久",
                    "意见",
                    "公安分局",
                    "2026-03-04 10:00",
                    "2026-03-11 17:00；2026-03-13 17:00",
                    "否",
                    "否",
                    "否",
                    "2026-03-10 11:00",
                    "回访反馈中：增开窗口",
                    "",
                    "",
                    "回访（管理机构）超期1个工作日，尚未完成；补录",
                ],
            ),
        ];
        assert_eq!(lines.len(), expected.len());
        for (line, (case, cells)) in lines.iter().zip(&expected) {
            assert_eq!(line.case, Story::id(*case));
            for ((heading, is), should_be) in HEADINGS.iter().zip(&line.cells).zip(cells) {
                assert_eq!(is, should_be, "序号{} {heading}", cells[0]);
            }
        }
        assert_eq!(lines[0].own, ["410404-2026-1", "窗口", "2026-03-02 09:10"]);
        assert_eq!(of(&lines, Story::id(4)).number.of(&centre(&story.centre.code)), "410404-2026-4");
    });
}

fn of(lines: &[projections::ledger::Line], case: CaseId) -> &projections::ledger::Line {
    lines.iter().find(|line| line.case == case).unwrap()
}

/// What came of it, who does it and by when: of the fortnight's cases.
#[test]
fn work_orders_of_a_fortnight() {
    let story = fortnight();
    block_on(async {
        let place = Place::of(&story).await;
        let code = centre(&story.centre.code);
        let order = async |n: u128| work_order(&place.views, &*place.log, &code, Story::id(n)).await.unwrap();
        for (n, name, contact_person, result) in [
            (1, "某某商贸公司", "王五", Some("许可证\r\n已发")),
            (2, "匿名", "", Some("当场说明了流程")),
            (3, "李四", "", Some("线路已修复")),
            (4, "赵六", "", None),
            (5, "周八", "", Some("增开窗口")),
        ] {
            let order = order(n).await;
            assert_eq!(
                (order.name.as_str(), order.contact_person.as_str(), order.result.as_deref()),
                (name, contact_person, result)
            );
        }
        let several = order(4).await;
        assert_eq!(several.departments, "牵头：住建局；协办：市场监管局");
        // Five working days from Monday the 2nd; that whoever helps has one fewer is not the order's business.
        let due: Vec<_> = several.due.iter().map(|due| due.format("%m-%d %H:%M").to_string()).collect();
        assert_eq!(due, ["03-09 17:00"]);
        assert!(order(1).await.due.is_empty());
    });
}

/// At the very moment at which it is due nothing is late.
#[test]
fn late_begins_after_the_due_time() {
    let story = fortnight();
    block_on(async {
        let place = Place::of(&story).await;
        for (at, standing) in
            [("2026-03-09T17:00:00", Standing::DueSoon), ("2026-03-09T17:00:00.001", Standing::Overdue)]
        {
            let items = place.open(&story, When::now(at.parse().unwrap())).await;
            let plan = items.iter().find(|item| item.kind == Kind::Plan && item.case == Story::id(4)).unwrap();
            assert_eq!(plan.standing, standing, "{at}");
        }
    });
}

#[test]
fn a_history_up_to_a_version() {
    let story = fortnight();
    block_on(async {
        let place = Place::of(&story).await;
        let code = centre(&story.centre.code);
        let whole = story.case(Story::id(1)).entries.len();
        let up_to = async |version: u64| {
            let until = Until { version: Some(version), known_at: None };
            timeline::history(&*place.log, &code, Story::id(1), until).await.map(|history| history.happened.len())
        };
        assert_eq!(up_to(1).await.unwrap(), 1);
        assert_eq!(up_to(whole as u64).await.unwrap(), whole);
        for version in [0, whole as u64 + 1] {
            let refused = up_to(version).await;
            assert!(matches!(refused, Err(ViewError::NoSuchVersion { .. })), "{refused:?}");
        }
    });
}
