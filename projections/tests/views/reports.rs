//! Overdue report, feeds, timeline and work order of stories told by hand.

use cases::{
    case::{Stage, escalation::RecipientKind},
    obligation::{ObligationKind as Kind, Outcome},
    story::Story,
};
use expect_test::expect;
use projections::{
    When,
    overdue::{Asked, Item, Query, Report},
    timeline::{self, Until},
    work_order::work_order,
};
use serde_json::json;

use crate::{
    by_hand::fortnight,
    support::{Place, block_on, centre},
};

fn said(items: &[Item]) -> String {
    let line = |item: &Item| {
        let time = item.working_time.map_or_else(String::new, |time| time.to_string());
        let (provisional, historical) =
            (if item.provisional { " 暂定" } else { "" }, if item.historical { " 历史件" } else { "" });
        format!(
            "{} {} {} {} {}{provisional}{historical}\n",
            item.standing.term(),
            item.owner_name,
            item.kind,
            item.number.no,
            time
        )
    };
    items.iter().map(line).collect()
}

#[test]
fn what_is_overdue_due_soon_and_ended_late() {
    let story = fortnight();
    block_on(async {
        let place = Place::of(&story).await;
        // Case 6's result is due on the 17th: the 16th is the working day before.
        expect![[r#"
            已超期 管理机构 回访 6 1个工作日
            已超期 市场监管局 协办意见 4 5个工作日
            已超期 住建局 解决方案 4 4个工作日
            即将到期 人社局 办理结果 5 2个工作日
        "#]]
        .assert_eq(&said(&place.open(&story, When::now(story.now)).await));
        expect![["办理结果 (市场监管局) 超期完成\n"]].assert_eq(
            &place
                .ended(&story, When::now(story.now))
                .await
                .iter()
                .map(|item| format!("{} ({}) {}\n", item.kind, item.owner_name, item.standing.term()))
                .collect::<String>(),
        );
        // While case 6 was paused nothing of it came due, its plan was met and its result put off.
        let on_the_fifth = When { at: Some("2026-03-05T16:00:00".parse().unwrap()), ..When::now(story.now) };
        expect![[r#"
            即将到期 市场监管局 协办意见 4 1个工作日1小时
        "#]]
        .assert_eq(&said(&place.open(&story, on_the_fifth).await));
        let ended = async |days| place.ended_within(&story, days, When::now(story.now)).await.len();
        assert_eq!(ended(["2026-03-11", "2026-03-11"]).await, 1, "first and last day are both in");
        assert_eq!(ended(["2026-03-01", "2026-03-10"]).await, 0);
        assert_eq!(ended(["2026-03-12", "2026-03-31"]).await, 0);
    });
}

/// One obligation of a case late and another not yet due; and one whose due time passes while the case is paused.
#[test]
fn a_case_with_several_obligations() {
    let mut story = Story::under("henan-2022-43", "2026-02-27T09:00:00");
    let mut tell = |at: &str, who: &str, case: u128, fields: serde_json::Value| {
        let mut fields = fields;
        fields["case"] = json!(Story::id(case));
        story.at(at);
        story.tell(who, fields).unwrap();
    };
    let monday = "2026-03-02T10:00:00";
    for case in [1, 2] {
        tell(
            monday,
            "clerk",
            case,
            json!({"command": "accept", "channel": "window", "complainant": {"name": "张三"},
            "category": "help", "summary": "证件", "narrative": "证件"}),
        );
        tell(monday, "clerk", case, json!({"command": "classify", "kind": "hard_to_do", "ground": "legacy_matter"}));
        tell(monday, "clerk", case, json!({"command": "submit"}));
        tell(monday, "manager", case, json!({"command": "dispatch", "lead": "zjj"}));
    }
    tell("2026-03-02T11:00:00", "handler:zjj", 2, json!({"command": "sign_for"}));
    tell(
        "2026-03-03T10:00:00",
        "manager",
        2,
        json!({"command": "pause", "reason": "appraisal", "until": "2026-03-31", "note": "鉴定"}),
    );
    tell(
        "2026-03-03T10:05:00",
        "clerk",
        2,
        json!({"command": "inform_complainant", "about": "paused", "how": "telephone", "text": "已告知"}),
    );
    let early = story.clone();
    let mut tell = |at: &str, who: &str, fields: serde_json::Value| {
        let mut fields = fields;
        fields["case"] = json!(Story::id(1));
        story.at(at);
        story.tell(who, fields).unwrap();
    };
    tell("2026-03-04T10:00:00", "handler:zjj", json!({"command": "sign_for"}));
    tell("2026-03-11T10:00:00", "handler:zjj", json!({"command": "report_result", "text": "已办"}));
    block_on(async {
        let place = Place::of(&early).await;
        let on = |at: &str| When::now(at.parse().unwrap());
        let fourth = said(&place.open(&early, on("2026-03-04T09:30:00")).await);
        expect![["已超期 住建局 签收 1 不足1小时\n"]].assert_eq(&fourth);
        // Only case 1's plan: case 2 is paused.
        let tenth = place.open(&early, on("2026-03-10T12:00:00")).await;
        assert_eq!(
            tenth.iter().filter(|item| item.kind == Kind::Plan).map(|item| item.number.no).collect::<Vec<_>>(),
            [1]
        );
        assert!(place.ledger(&early, on("2026-03-10T12:00:00")).await[1].cells[16].starts_with("未超期；中止（鉴定）"));

        let place = Place::of(&story).await;
        let ended = async |first: &str, last: &str| {
            let items = place.ended_within(&story, [first, last], When::now(story.now)).await;
            items.iter().map(|item| item.kind).collect::<Vec<_>>()
        };
        assert_eq!(ended("2026-03-10", "2026-03-31").await, [Kind::Plan]);
        assert_eq!(ended("2026-03-04", "2026-03-04").await, [Kind::SignFor]);
        assert_eq!(ended("2026-03-01", "2026-03-31").await, [Kind::SignFor, Kind::Plan]);
    });
}

/// A year end: what touches the unpublished year is provisional and counted apart.
#[test]
fn provisional_ones_are_marked_and_counted_apart() {
    let mut story = Story::under("henan-2022-43", "2026-12-28T09:00:00");
    let case = Story::id(1);
    let accept = json!({"command": "accept", "case": case, "channel": "window", "complainant": {"name": "张三"},
        "category": "help", "summary": "年底", "narrative": "年底"});
    story.tell("clerk", accept).unwrap();
    story
        .tell("clerk", json!({"command": "classify", "case": case, "kind": "hard_to_do", "ground": "legacy_matter"}))
        .unwrap();
    story.tell("clerk", json!({"command": "submit", "case": case})).unwrap();
    story.tell("manager", json!({"command": "dispatch", "case": case, "lead": "zjj"})).unwrap();
    story.tell("handler:zjj", json!({"command": "sign_for", "case": case})).unwrap();
    story.at("2027-01-06T09:00:00");
    block_on(async {
        let place = Place::of(&story).await;
        let Report { items, counts, .. } = place.report(&story, &Query::all(Asked::Open, When::now(story.now))).await;
        assert_eq!(items.len(), 1);
        assert!(items[0].provisional && items[0].kind == Kind::Plan);
        assert_eq!((counts[0].count, counts[0].provisional), (0, 1));
        let line = &place.ledger(&story, When::now(story.now)).await[0];
        assert!(line.provisional && line.cells[8].ends_with("（暂定）") && line.cells[16].contains("暂定"), "{line:?}");
    });
}

/// Nobody does anything, the system does what H9 says, and a correction follows to whoever was told.
#[test]
fn who_is_told_what() {
    let mut story = Story::under("henan-2022-43", "2026-03-02T09:00:00");
    let case = Story::id(1);
    let mut tell = |who: &str, fields: serde_json::Value| {
        let mut fields = fields;
        fields["case"] = json!(case);
        story.tell(who, fields).unwrap()
    };
    tell(
        "clerk",
        json!({"command": "accept", "channel": "window", "complainant": {"name": "张三"}, "category": "complaint",
        "summary": "不给办", "narrative": "材料齐全"}),
    );
    tell("clerk", json!({"command": "classify", "kind": "withheld", "ground": "refused"}));
    tell("clerk", json!({"command": "submit"}));
    tell("manager", json!({"command": "dispatch", "lead": "scj", "limit_working_days": 2}));
    tell("handler:scj", json!({"command": "sign_for"}));
    story.run_until("2026-03-20T09:00:00");
    let copy = story.case(case).copies.iter().find(|copy| copy.to == RecipientKind::Discipline).unwrap().version;
    let circulated = story.case(case).copies.iter().rfind(|copy| copy.to == RecipientKind::Department).unwrap().version;
    let mut tell = |who: &str, fields: serde_json::Value| {
        let mut fields = fields;
        fields["case"] = json!(case);
        story.tell(who, fields).unwrap()
    };
    tell("liaison", json!({"command": "acknowledge_copy", "copy": copy}));
    tell("manager", json!({"command": "correct_escalation", "corrects": circulated, "text": "日期有误"}));
    block_on(async {
        let place = Place::of(&story).await;
        let mut feeds = String::new();
        for name in ["discipline", "government", "parent", "department:scj", "department:zjj"] {
            feeds += &format!("{name}\n");
            for entry in place.feed(&story, name, When::now(story.now)).await {
                let obligation = entry.obligation.map_or("", Kind::term);
                let about = entry.about_name.unwrap_or_default();
                let due = entry.due.map_or_else(String::new, |due| due.format("%m-%d %H:%M").to_string());
                let done = if entry.acknowledged.is_some() { " 已签收" } else { "" };
                let text = entry.text.unwrap_or_default();
                let at = entry.occurred_at.format("%m-%d %H:%M");
                let line = format!("  {} {at} {} {about} {obligation} {due} {text}{done}", entry.number, entry.term);
                feeds += &(line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n");
            }
        }
        expect![[r#"
            discipline
            1 03-02 09:00 常态化抄送 已签收
            2 03-13 09:00 抄送同级纪委监委 市场监管局 督办答复 03-09 17:00
            3 03-20 09:00 更正已发文书 日期有误
            government
            1 03-13 09:00 报告同级政府 市场监管局 督办答复 03-09 17:00
            2 03-20 09:00 更正已发文书 日期有误
            parent
            1 03-12 09:00 报上级 签发人 签发 03-11 17:00
            department:scj
            1 03-03 09:00 催办 市场监管局 办理结果 03-04 17:00
            2 03-05 09:00 督办 市场监管局 办理结果 03-04 17:00
            3 03-13 09:00 通报 市场监管局 督办答复 03-09 17:00
            4 03-20 09:00 更正已发文书 日期有误
            department:zjj
        "#]]
        .assert_eq(&feeds);
        // The cursor goes on where it stood.
        let (code, scj) = (centre(&story.centre.code), "department:scj".parse().unwrap());
        let rest =
            projections::feeds::entries(&place.views, &*place.log, &code, &scj, 1, Some(1), When::now(story.now)).await;
        assert_eq!(rest.unwrap().iter().map(|entry| entry.number).collect::<Vec<_>>(), [2]);
        assert_eq!(projections::feeds::recipients(&place.views, &code).await.unwrap().len(), 4);
    });
}

#[test]
fn the_timeline_and_the_case_in_the_middle() {
    let story = fortnight();
    block_on(async {
        let place = Place::of(&story).await;
        let code = centre(&story.centre.code);
        let history = timeline::history(&*place.log, &code, Story::id(5), Until::default()).await.unwrap();
        let mut text = String::new();
        for happened in &history.happened {
            let late = happened.late.map_or("", |late| late.term());
            text +=
                &format!("{} {} {} {} {late}\n", happened.version, happened.role, happened.office_name, happened.what);
            happened.clocks.iter().for_each(|line| text += &format!("    {line}\n"));
        }
        expect![[r#"
            1 窗口工作人员 石龙区政务服务中心 受理：窗口；意见；排队太久 
                研判提交（窗口）：2026-03-03 17:00止（当日，H6；当日默认）
            2 窗口工作人员 石龙区政务服务中心 研判分类：一般性问题 
            3 窗口工作人员 石龙区政务服务中心 提交 
                研判提交（窗口）：按时完成
                审核转办（管理机构）：2026-03-04 17:00止（1个工作日，H7；天数默认）
            4 管理机构 石龙区政务服务中心 转办：公安分局 补录
                审核转办（管理机构）：超期完成
                签收（公安分局）：2026-03-09 17:00止（1个工作日，H7；天数默认）
                办理结果（公安分局）：2026-03-13 17:00止（5个工作日，H7；天数默认）
            5 经办人 公安分局 签收：公安分局 
                签收（公安分局）：按时完成
            6 管理机构 石龙区政务服务中心 补录获准：第4步按2026-03-04 10:00发生计 
                审核转办（管理机构）：按时完成
                办理结果（公安分局）：期限由2026-03-13 17:00改为2026-03-11 17:00
            7 经办人 公安分局 报告办理结果：增开窗口 
                办理结果（公安分局）：按时完成
                质检（管理机构）：2026-03-11 17:00止（1个工作日，H10；天数默认）
            8 管理机构 石龙区政务服务中心 质检：合格；属实 
                质检（管理机构）：按时完成
                回访（管理机构）：2026-03-12 17:00止（2个工作日，H10；天数默认）
        "#]]
        .assert_eq(&text);
        assert_eq!(&history.case, story.case(Story::id(5)));

        let middle = Until { version: Some(3), known_at: None };
        let middle = timeline::history(&*place.log, &code, Story::id(5), middle).await.unwrap();
        assert!(matches!(middle.case.stage, Stage::InReview { .. }) && middle.happened.len() == 3);
        // As it was known between the entry and its approval the review was late.
        let known = Until { version: None, known_at: Some("2026-03-06T12:00:00".parse().unwrap()) };
        let known = timeline::history(&*place.log, &code, Story::id(5), known).await.unwrap();
        let review = |case: &cases::Case| {
            let review = case.clocks.all().iter().find(|running| running.obligation.kind == Kind::Review);
            review.unwrap().end.as_ref().unwrap().outcome
        };
        assert_eq!((review(&known.case), review(&history.case)), (Outcome::MetLate, Outcome::Met));
        assert!(timeline::history(&*place.log, &code, Story::id(77), Until::default()).await.is_err());
        let beyond = Until { version: Some(99), known_at: None };
        assert!(timeline::history(&*place.log, &code, Story::id(5), beyond).await.is_err());
    });
}

#[test]
fn the_work_order_under_both_notices() {
    let mut story = Story::under("shilong-2023-7", "2026-03-02T09:00:00");
    let case = Story::id(1);
    let mut tell = |who: &str, fields: serde_json::Value| {
        let mut fields = fields;
        fields["case"] = json!(case);
        story.tell(who, fields).unwrap()
    };
    let unit = json!({"name": "某某公司", "is_unit": true, "contact_person": "王五", "telephone": "13900000001", "address": "工业路3号"});
    tell(
        "clerk",
        json!({"command": "accept", "channel": "hotline", "complainant": unit, "category": "complaint",
        "summary": "办不了", "narrative": "窗口说办不了。", "raised_at": "2026-03-01T20:00:00"}),
    );
    tell("clerk", json!({"command": "classify", "kind": "cannot_be_done", "ground": "against_law"}));
    tell("clerk", json!({"command": "amend", "text": "补充：材料已齐。"}));
    tell("clerk", json!({"command": "submit"}));
    tell("officer", json!({"command": "sign"}));
    tell("leader", json!({"command": "sign"}));
    tell(
        "manager",
        json!({"command": "dispatch", "lead": "scj", "urged_by": "officer", "contact": {"name": "刘专员", "telephone": "2588000"}}),
    );
    tell(
        "handler:scj",
        json!({"command": "explain_inability", "reason": "超出许可范围", "basis": "行政许可法第十二条"}),
    );
    block_on(async {
        let place = Place::of(&story).await;
        let order = work_order(&place.views, &*place.log, &centre(&story.centre.code), case).await.unwrap();
        expect![[r#"
            {
              "case": "01900000-0000-7000-8000-000000000001",
              "centre_name": "石龙区政务服务中心",
              "number": {
                "year": 2026,
                "no": 1
              },
              "name": "某某公司",
              "contact_person": "王五",
              "telephone": "13900000001",
              "raised_at": "2026-03-01T20:00:00+08:00",
              "category": "complaint",
              "sub_category": null,
              "address": "工业路3号",
              "narrative": "窗口说办不了。\n补充：材料已齐。",
              "departments": "市场监管局",
              "due": [],
              "contact": {
                "name": "刘专员",
                "telephone": "2588000"
              },
              "remarks": "办不了（与规定不一致或违反法律法规）；督促专人：officer",
              "channel": "hotline",
              "signatures": [
                {
                  "role": "duty_officer",
                  "by": "officer",
                  "at": "2026-03-02T09:00:00+08:00",
                  "as_deputy": false
                },
                {
                  "role": "duty_leader",
                  "by": "leader",
                  "at": "2026-03-02T09:00:00+08:00",
                  "as_deputy": false
                }
              ],
              "result": "超出许可范围（依据：行政许可法第十二条）"
            }"#]]
        .assert_eq(&serde_json::to_string_pretty(&order).unwrap());
    });
}
