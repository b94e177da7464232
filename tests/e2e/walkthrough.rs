//! One case from the window to 销号 under each policy, with everything that can go wrong on the way; and what was known of it
//! in the middle. Due times are counted by hand on the calendar of March 2026, which has no holiday.

use serde_json::{Value, json};

use crate::program::Yousu;

const CASE: &str = "0195a000-0000-7000-8000-000000000001";

fn accept() -> Value {
    json!({"command": "accept", "case": CASE, "channel": "window", "category": "complaint",
        "complainant": {"name": "张三", "telephone": "13812345678"}, "summary": "执照变更未办成", "narrative": "来了三次，窗口说材料不全。"})
}

fn with(case: &str, mut fields: Value) -> Value {
    fields["case"] = json!(case);
    fields
}

/// Plays lines of (time, who, command, expected events); `sweep` stands for a tick.
fn play(yousu: &mut Yousu, script: Vec<(&str, &str, Value, &[&str])>) {
    for (at, who, fields, expected) in script {
        let shown = format!("{at} {who} {}", fields["command"]);
        let events = if who == "sweep" { yousu.tick(at) } else { yousu.does(who, at, with(CASE, fields)) };
        assert_eq!(events, expected, "{shown}");
    }
}

#[test]
fn henan_from_the_window_to_the_end() {
    let mut yousu = Yousu::simulated("henan-2022-43", "2026-03-02T08:00");
    let c = |name: &str| json!({"command": name});
    play(
        &mut yousu,
        vec![
            ("2026-03-02T09:10", "window_clerk", accept(), &["accepted"]),
            (
                "2026-03-02T09:15",
                "window_clerk",
                json!({"command": "classify", "kind": "withheld", "ground": "refused"}),
                &["classified"],
            ),
            ("2026-03-02T09:16", "window_clerk", c("submit"), &["submitted"]),
            // 不给办: the dispatch names the limit, 3 working days: due on Thursday 03-05 at 17:00.
            (
                "2026-03-02T10:00",
                "centre_manager",
                json!({"command": "dispatch", "lead": "scj", "limit_working_days": 3}),
                &["dispatched"],
            ),
            ("2026-03-02T11:00", "handler:scj", c("sign_for"), &["signed_for"]),
            ("2026-03-04T09:00", "sweep", Value::Null, &["routine_copy_sent", "reminded"]),
            ("2026-03-05T17:30", "sweep", Value::Null, &[]),
            ("2026-03-06T09:00", "sweep", Value::Null, &["supervision_issued"]),
            // 督办 gives 2 working days: due on Tuesday 03-10.
            ("2026-03-10T18:00", "sweep", Value::Null, &[]),
            ("2026-03-11T09:00", "sweep", Value::Null, &["circulation_drafted"]),
            (
                "2026-03-11T10:00",
                "centre_manager",
                json!({"command": "circulate", "draft": 1}),
                &["circulated", "reported_to_government", "copied_to_discipline"],
            ),
            (
                "2026-03-11T15:00",
                "handler:scj",
                json!({"command": "report_result", "text": "已办理变更"}),
                &["result_reported"],
            ),
            (
                "2026-03-11T16:00",
                "centre_manager",
                json!({"command": "check_quality", "passed": true, "findings": "属实"}),
                &["quality_checked"],
            ),
            (
                "2026-03-12T09:30",
                "centre_manager",
                json!({"command": "call_back", "opinion": "证照信息有误", "rating": "dissatisfied"}),
                &["called_back", "rated"],
            ),
            (
                "2026-03-12T10:00",
                "centre_manager",
                json!({"command": "return_for_rework", "reason": "信息有误，重新出证"}),
                &["returned_for_rework"],
            ),
            (
                "2026-03-12T11:00",
                "handler:scj",
                json!({"command": "report_result", "text": "已更正并换发"}),
                &["result_reported"],
            ),
            (
                "2026-03-12T14:00",
                "centre_manager",
                json!({"command": "check_quality", "passed": true, "findings": "已更正"}),
                &["quality_checked"],
            ),
            (
                "2026-03-12T15:00",
                "centre_manager",
                json!({"command": "call_back", "opinion": "满意", "rating": "satisfied"}),
                &["called_back", "rated"],
            ),
            (
                "2026-03-12T15:10",
                "window_clerk",
                json!({"command": "feed_back", "how": "telephone", "text": "已换发"}),
                &["fed_back"],
            ),
            ("2026-03-12T15:20", "window_clerk", c("close"), &["closed"]),
        ],
    );
    let ledger = yousu.lines(["ledger", "--centre", "410404"]);
    let line = &ledger[0];
    for (head, cell) in [
        ("序号", "1"),
        ("姓名或单位名称", "张三"),
        ("单位联系人", ""),
        ("联系方式", "13812345678"),
        ("主要诉求", "执照变更未办成"),
        ("诉求类别", "投诉"),
        ("政务服务责任部门及牵头部门", "市场监管局"),
        ("分办转办时间", "2026-03-02 10:00；2026-03-12 10:00"),
        ("要求办理期限", "2026-03-17 17:00；2026-03-05 17:00"),
        ("是否催办及时间", "是 2026-03-04 09:00"),
        ("是否督办及时间", "是 2026-03-06 09:00"),
        ("是否退回重办及时间", "是 2026-03-12 10:00"),
        ("实际办结时间", "2026-03-12 11:00"),
        ("回访时间", "2026-03-12 09:30；2026-03-12 15:00"),
        ("办理结果满意度", "满意"),
    ] {
        assert_eq!(line[head], cell, "{head}");
    }
    let remark = line["备注"].as_str().expect("a text");
    assert!(remark.contains("超期"), "the late result is named: {remark}");

    let kinds = |recipient: &str| -> Vec<String> {
        let entries = yousu.lines(["feed", "--centre", "410404", "--recipient", recipient]);
        entries.iter().map(|entry| entry["kind"].as_str().expect("a type").to_owned()).collect()
    };
    assert_eq!(kinds("discipline"), ["routine_copy_sent", "copied_to_discipline"]);
    assert_eq!(kinds("government"), ["reported_to_government"]);
    assert_eq!(kinds("department:scj"), ["reminded", "supervision_issued", "circulated"]);
    yousu.run(["verify"]).ok();
}

#[test]
fn shilong_with_two_signatures_a_conference_and_feedback_first() {
    let mut yousu = Yousu::simulated("shilong-2023-7", "2026-03-02T08:00");
    let c = |name: &str| json!({"command": name});
    let classify =
        json!({"command": "classify", "kind": "hard_to_do", "ground": "legacy_matter", "departments": ["scj", "zjj"]});
    let consult = json!({"command": "consult", "convenor": "leader1", "attendees": ["a", "b"], "minutes": "由市场监管局牵头",
        "lead": "scj", "departments": ["scj", "zjj"]});
    let dispatch = json!({"command": "dispatch", "lead": "scj", "co_departments": ["zjj"], "urged_by": "window_clerk"});
    play(
        &mut yousu,
        vec![
            ("2026-03-02T09:10", "window_clerk", accept(), &["accepted"]),
            ("2026-03-02T09:15", "window_clerk", classify, &["classified"]),
            ("2026-03-02T09:16", "window_clerk", c("submit"), &["submitted"]),
            ("2026-03-02T09:30", "duty_officer", c("sign"), &["signed"]),
            ("2026-03-02T09:40", "duty_leader", c("sign"), &["signed"]),
        ],
    );
    // Nobody is let past a step that the notice asks for.
    let mut refused = |fields: &Value| {
        yousu.tell("centre_manager", "2026-03-02T09:50", with(CASE, fields.clone()))["refusal"]["code"].clone()
    };
    assert_eq!(refused(&json!({"command": "dispatch", "lead": "scj", "co_departments": ["zjj"]})), "urger-missing");
    assert_eq!(refused(&dispatch), "consultation-missing");
    play(
        &mut yousu,
        vec![
            ("2026-03-02T10:00", "centre_manager", consult, &["consulted"]),
            ("2026-03-02T10:30", "centre_manager", dispatch, &["dispatched"]),
            (
                "2026-03-02T11:00",
                "department_head:scj",
                json!({"command": "assign_handler", "handler": "scj-1"}),
                &["handler_assigned"],
            ),
            // 签收 is met by the lead's act; the co-department is reminded at the opening after delivery.
            ("2026-03-03T09:00", "sweep", Value::Null, &["reminded"]),
            ("2026-03-03T10:00", "handler:zjj", c("sign_for"), &["signed_for"]),
            (
                "2026-03-05T10:00",
                "handler:zjj",
                json!({"command": "give_partial_reply", "text": "无不同意见"}),
                &["partial_reply_given"],
            ),
            // 很难办: 5 working days from 03-02: due on 03-09; reminded the working day before.
            ("2026-03-06T09:00", "sweep", Value::Null, &["reminded"]),
            ("2026-03-10T09:00", "sweep", Value::Null, &["supervision_drafted"]),
            (
                "2026-03-10T09:30",
                "duty_leader",
                json!({"command": "issue_supervision", "obligation": 8, "draft": 1}),
                &["supervision_issued"],
            ),
            ("2026-03-13T09:00", "sweep", Value::Null, &["circulation_drafted"]),
            // Nobody signs: the parent is told after a day, and after two the draft issues itself.
            ("2026-03-17T09:00", "sweep", Value::Null, &["reported_to_parent"]),
            (
                "2026-03-18T09:00",
                "sweep",
                Value::Null,
                &["circulated", "reported_to_government", "copied_to_discipline"],
            ),
            (
                "2026-03-18T10:00",
                "handler:scj",
                json!({"command": "report_result", "text": "已办结"}),
                &["result_reported"],
            ),
            // S5: the window feeds back as soon as it has the result, before quality check and call-back.
            (
                "2026-03-18T10:30",
                "window_clerk",
                json!({"command": "feed_back", "how": "telephone", "text": "已办结"}),
                &["fed_back"],
            ),
            (
                "2026-03-18T11:00",
                "centre_manager",
                json!({"command": "check_quality", "passed": false, "findings": "未附依据"}),
                &["quality_checked", "returned_for_rework"],
            ),
            (
                "2026-03-18T15:00",
                "handler:scj",
                json!({"command": "report_result", "text": "补充依据"}),
                &["result_reported"],
            ),
            (
                "2026-03-18T15:30",
                "window_clerk",
                json!({"command": "feed_back", "how": "telephone", "text": "已补充"}),
                &["fed_back"],
            ),
            (
                "2026-03-18T16:00",
                "centre_manager",
                json!({"command": "check_quality", "passed": true, "findings": "齐备"}),
                &["quality_checked"],
            ),
            (
                "2026-03-19T09:30",
                "window_clerk",
                json!({"command": "call_back", "opinion": "满意", "rating": "very_satisfied"}),
                &["called_back", "rated"],
            ),
            ("2026-03-19T09:40", "window_clerk", c("close"), &["closed"]),
        ],
    );
    let replay = yousu.lines(["replay", CASE]);
    let state = &replay.last().expect("the case follows its history")["state"];
    assert_eq!(state["stage"]["stage"], "ended");
    assert_eq!(state["rounds"].as_array().map(Vec::len), Some(2));
    let middle = yousu.lines(["replay", CASE, "--version", "5"]);
    assert_eq!(middle.last().expect("the case")["state"]["stage"]["stage"], "in_review");
    assert_eq!(middle.len(), 6);
}

#[test]
fn a_late_entry_counts_from_its_approval_and_was_not_known_before() {
    let mut yousu = Yousu::simulated("henan-2022-43", "2026-03-02T08:00");
    let late = json!({"reason": "停电，纸质签收", "evidence": "0".repeat(64)});
    play(
        &mut yousu,
        vec![
            ("2026-03-02T09:10", "window_clerk", accept(), &["accepted"]),
            (
                "2026-03-02T09:15",
                "window_clerk",
                json!({"command": "classify", "kind": "cannot_be_done", "ground": "against_law"}),
                &["classified"],
            ),
            ("2026-03-02T09:16", "window_clerk", json!({"command": "submit"}), &["submitted"]),
            // 办不了: 3 working days, due on 03-05.
            ("2026-03-02T10:00", "centre_manager", json!({"command": "dispatch", "lead": "scj"}), &["dispatched"]),
            ("2026-03-06T09:00", "sweep", Value::Null, &["supervision_issued"]),
            // Explained on paper on 03-05, entered on 03-09, after the 督办.
            (
                "2026-03-09T10:00",
                "handler:scj",
                json!({"command": "explain_inability", "reason": "不符合条件", "basis": "条例第五条", "occurred_at": "2026-03-05T15:00", "late": late}),
                &["inability_explained"],
            ),
            (
                "2026-03-10T11:00",
                "centre_manager",
                json!({"command": "approve_late_entry", "entry": 6}),
                &["late_entry_approved", "escalation_corrected"],
            ),
        ],
    );
    let outcome = |args: &[&str]| -> Value {
        let lines = yousu.lines(["replay", CASE].into_iter().chain(args.iter().copied()));
        let clocks = lines.last().expect("the case")["state"]["clocks"].clone();
        let answer =
            clocks.as_array().expect("a list").iter().find(|running| running["obligation"]["kind"] == "answer");
        answer.expect("it was set")["end"]["outcome"].clone()
    };
    assert_eq!(outcome(&["--known-at", "2026-03-06T12:00"]), Value::Null, "nothing was known of it");
    assert_eq!(outcome(&["--known-at", "2026-03-09T12:00"]), "met_late", "by its recorded time");
    assert_eq!(outcome(&[]), "met", "by its occurred time, once a second person approved");
    // The ledger on both axes: on 03-06 it was true that the answer had come, and not known.
    let result =
        |args: &[&str]| yousu.lines(["ledger"].into_iter().chain(args.iter().copied()))[0]["实际办结时间"].clone();
    assert_eq!(result(&["--at", "2026-03-06T12:00"]), "2026-03-05 15:00");
    assert_eq!(result(&["--known-at", "2026-03-06T12:00"]), "");
}

/// The README's "first case by hand", line by line.
#[test]
fn the_readmes_first_case_runs() {
    let yousu = Yousu::empty();
    let name = ["--name", "石龙区政务服务中心"];
    yousu
        .run(["centre", "open", "410404", "--level", "county", "--policy", "shilong-2023-7"].into_iter().chain(name))
        .ok();
    yousu.run(["centre", "department", "add", "410404", "scjg", "--name", "市场监管局"]).ok();
    let file = crate::program::root().join("docs/first-case.jsonl");
    yousu.run(["apply", file.to_str().expect("a path")]).ok();
    assert!(yousu.run(["replay", CASE]).ok().contains("审核转办"));
    assert_eq!(yousu.lines(["ledger"]).len(), 1);
    assert!(
        yousu
            .run(["due", "--policy", "henan-2022-43", "--kind", "办不了", "--received", "2026-02-13"])
            .ok()
            .contains("2026-02-25")
    );
}
