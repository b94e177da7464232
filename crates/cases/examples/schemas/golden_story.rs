//! The story from which the golden files were taken: every command once or more, by people, in a simulated centre under
//! Shilong's policy. Names, numbers and matters are invented.

use cases::{
    obligation::ObligationKind,
    policy::SHIPPED,
    story::{Story, cast},
};
use serde_json::json;

use crate::script::Script;

/// SM3 of `abc`: a scan that nobody made.
const SCAN: &str = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";

/// Plays it.
pub(crate) fn play() -> Script {
    let story = Story::under("shilong-2023-7", "2026-03-02T08:30");
    let mut script = Script::new(story);
    set_up(&mut script);
    several_departments(&mut script);
    withheld(&mut script);
    referred(&mut script);
    settled_split_and_merged(&mut script);
    cannot_be_done(&mut script);
    put_off(&mut script);
    withheld_draft(&mut script);
    turn_of_the_year(&mut script);
    forgotten(&mut script);
    script
}

fn set_up(s: &mut Script) {
    let hours = json!([{"opens": "09:00", "closes": "12:00"}, {"opens": "13:30", "closes": "17:30"}]);
    s.say("2026-03-02T08:40", "admin", "record_hours", json!({"hours": hours}));
    let recipients = json!({"government": "示例区人民政府", "discipline": "示例区纪委监委"});
    s.say("2026-03-02T08:41", "admin", "record_recipients", json!({"recipients": recipients}));
    s.say("2026-03-02T08:42", "admin", "record_department", json!({"department": "wjw", "name": "卫健委"}));
    let roster = json!({"date": "2026-03-03", "officers": ["officer"], "leader": "leader", "deputies": ["leader2"]});
    s.say("2026-03-02T16:00", "admin", "record_roster", json!({"roster": roster}));
    let new = "yousu/410404+8c7b1a10+AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g";
    let old = "yousu/410404+1f2e3d4c+ASAfHh0cGxoZGBcWFRQTEhEQDw4NDAsKCQgHBgUEAwIB";
    let text = format!("yousu-keys/v1\nyousu/410404\nafter 9\nwhy rotated\nnew {new}\nold {old}\n");
    let statement = format!("{text}\n\u{2014} yousu/410404 AAAAAAAA\n");
    let keys = json!({"reason": "rotated", "after": 9, "keys": [new], "statement": statement});
    s.say("2026-03-02T16:10", "admin", "change_log_keys", keys);
}

/// H9 in full: 很难办, two departments, overdue, supervised, circulated, a paper entered late, sent back, closed, reopened.
fn several_departments(s: &mut Script) {
    s.case = 1;
    let person = json!({"name": "示例商行", "is_unit": true, "anonymous": false, "contact_person": "吴经理", "telephone": "13800000001",
        "address": "示例街道8号"});
    s.say("2026-03-03T09:05", "clerk", "accept", json!({"channel": "hotline",
        "external": {"source": "12345", "number": "R20260303001"}, "complainant": person, "category": "complaint",
        "sub_category": "不动产登记", "summary": "厂房补证，两个部门互相推", "narrative": "2009年建成的厂房没有规划核实材料，住建局和市场监管局都说要对方先出意见。",
        "raised_at": "2026-03-02T17:50:00+08:00", "complained_about": [{"staff": "handler2-zjj", "department": "zjj"}],
        "lookup_code_hash": SCAN}));
    s.say("2026-03-03T09:10", "clerk", "request_amendment", json!({"missing": "请提供建成时的用地批复"}));
    s.say("2026-03-03T09:25", "complainant", "amend", json!({"text": "用地批复是2008年的，复印件已交窗口。"}));
    s.say(
        "2026-03-03T09:26",
        "clerk",
        "add_attachment",
        json!({"name": "用地批复复印件.pdf", "media_type": "application/pdf",
        "size_bytes": 248_113, "sm3": SCAN}),
    );
    s.say(
        "2026-03-03T09:28",
        "clerk",
        "correct_contact",
        json!({"contact_person": "郑经理", "telephone": "13800000002", "address": "示例街道9号"}),
    );
    let mending = json!({"field": "summary", "value": "厂房补办规划核实，两个部门互相推诿"});
    s.say(
        "2026-03-03T09:29",
        "clerk",
        "correct_entry",
        json!({"entry": 1, "mending": mending, "reason": "登记时写漏"}),
    );
    s.say(
        "2026-03-03T09:30",
        "clerk",
        "classify",
        json!({"kind": "hard_to_do", "ground": "legacy_matter",
        "departments": ["zjj", "scj"], "several_levels": true}),
    );
    s.say("2026-03-03T09:32", "clerk", "submit", json!({"to": "leader"}));
    s.say("2026-03-03T09:40", "officer", "sign", json!({}));
    s.say("2026-03-03T09:45", "leader2", "sign", json!({"as_deputy": true}));
    s.say(
        "2026-03-03T10:30",
        "manager",
        "consult",
        json!({"convenor": "manager", "attendees": ["head-zjj", "head-scj"],
        "minutes": "由住建局牵头，市场监管局出具登记情况说明。", "lead": "zjj", "departments": ["zjj", "scj"]}),
    );
    s.say(
        "2026-03-03T10:40",
        "manager",
        "dispatch",
        json!({"lead": "zjj", "co_departments": ["scj"], "limit_working_days": 5,
        "contact": {"name": "窗口值班", "telephone": "0375-0000000"}, "urged_by": "officer"}),
    );
    s.say("2026-03-03T14:00", "head:zjj", "sign_for", json!({}));
    s.say("2026-03-03T14:05", "head:zjj", "assign_handler", json!({"handler": "handler-zjj"}));
    s.say("2026-03-03T14:10", "manager", "recuse", json!({"who": "handler3-zjj", "reason": "与诉求人有亲属关系"}));
    s.say("2026-03-04T10:00", "handler:scj", "give_partial_reply", json!({"text": "登记档案齐全，附说明一份。"}));
    s.say(
        "2026-03-04T11:00",
        "handler:zjj",
        "propose_plan",
        json!({"text": "先按历史遗留补办规划核实，再转登记。",
        "promised": "2026-03-10", "complainant_told": true}),
    );
    s.say("2026-03-04T11:30", "handler:zjj", "revise_promise", json!({"on": "2026-03-09", "reason": "材料比预想的齐"}));
    s.say("2026-03-05T16:00", "handler:zjj", "report_progress", json!({"text": "已到现场丈量。"}));
    let result = s.owed(ObligationKind::Result);
    s.say("2026-03-06T09:00", "clerk", "remind", json!({"obligation": result}));
    s.say("2026-03-11T09:00", "manager", "draft_supervision", json!({"obligation": result}));
    s.say(
        "2026-03-11T10:00",
        "leader",
        "issue_supervision",
        json!({"obligation": result, "draft": s.draft(),
        "requirement": "两个工作日内出具核实意见，并书面说明逾期原因。"}),
    );
    s.say("2026-03-12T15:00", "head:zjj", "answer_supervision", json!({"text": "测绘成果未到，成果一到即办。"}));
    let supervision = s.owed(ObligationKind::Supervision);
    s.say("2026-03-16T09:00", "manager", "draft_circulation", json!({"supervision": supervision}));
    s.say(
        "2026-03-16T10:00",
        "leader",
        "circulate",
        json!({"draft": s.draft(), "wording": "对住建局逾期未办的情况予以通报。"}),
    );
    let copy = s.entry("copied_to_discipline");
    s.say("2026-03-16T15:00", "liaison", "acknowledge_copy", json!({"copy": copy}));
    let late = json!({"reason": "系统停机，当日以纸质单送达", "evidence": SCAN});
    s.say(
        "2026-03-16T16:00",
        "handler:zjj",
        "report_result",
        json!({"text": "已出具规划核实意见。",
        "occurred_at": "2026-03-13T15:00:00+08:00", "late": late}),
    );
    let entry = s.entry("result_reported");
    s.say("2026-03-17T09:00", "manager", "approve_late_entry", json!({"entry": entry}));
    let issued = s.entry("circulated");
    s.say(
        "2026-03-17T09:30",
        "leader",
        "correct_escalation",
        json!({"corrects": issued, "text": "结果于3月13日送达，通报中“至今未办”一句更正。"}),
    );
    s.say("2026-03-17T10:00", "manager", "check_quality", json!({"passed": true, "findings": "意见完整，依据清楚。"}));
    s.say("2026-03-17T11:00", "clerk", "attempt_call_back", json!({"outcome": "no_answer"}));
    s.say(
        "2026-03-17T15:00",
        "clerk",
        "call_back",
        json!({"opinion": "登记窗口还是不收件。", "rating": "dissatisfied"}),
    );
    s.say("2026-03-17T15:10", "clerk", "feed_back", json!({"how": "telephone", "text": "已告知核实意见和下一步。"}));
    s.say(
        "2026-03-17T16:00",
        "manager",
        "return_for_rework",
        json!({"reason": "请与登记窗口衔接，一次办成。", "limit_working_days": 3}),
    );
    s.say("2026-03-18T16:00", "handler:zjj", "report_result", json!({"text": "已陪同办结登记。"}));
    s.say("2026-03-19T09:00", "manager", "check_quality", json!({"passed": true, "findings": "已核对登记回执。"}));
    s.say("2026-03-19T10:00", "clerk", "feed_back", json!({"how": "in_person", "text": "当面交回执。"}));
    s.say("2026-03-19T10:05", "clerk", "call_back", json!({"opinion": "这次办好了。", "rating": "satisfied"}));
    s.say("2026-03-19T10:10", "clerk", "close", json!({}));
    s.say(
        "2026-03-27T09:00",
        "manager",
        "reopen",
        json!({"ground": "complaint", "reason": "诉求人来信说证书面积有误"}),
    );
}

/// 不给办: sent back at review, disputed, reassigned, withdrawn, continued ex officio.
fn withheld(s: &mut Script) {
    s.submitted(2, "2026-03-30", &json!({"kind": "withheld", "ground": "refused"}), "rsj");
    s.say("2026-03-30T09:20", "manager", "reject_at_review", json!({"reason": "没有写明哪个窗口、哪一天"}));
    s.say("2026-03-30T09:25", "clerk", "submit", json!({}));
    s.say("2026-03-30T09:30", "officer", "sign", json!({}));
    s.say("2026-03-30T09:40", "leader", "sign", json!({}));
    s.say("2026-03-30T10:00", "manager", "dispatch", json!({"lead": "rsj", "urged_by": "officer"}));
    s.say("2026-03-30T10:05", "manager", "send_routine_copy", json!({"ground": "withheld_confirmed"}));
    s.say(
        "2026-03-30T15:00",
        "head:rsj",
        "dispute_assignment",
        json!({"reason": "户籍事项不属本部门", "basis": "部门“三定”规定", "suggested": "gaj"}),
    );
    s.say("2026-03-31T09:30", "manager", "decide_dispute", json!({"dispute": 1, "upheld": true, "reason": "异议成立"}));
    s.say(
        "2026-03-31T09:40",
        "manager",
        "reassign",
        json!({"from": "rsj", "to": "gaj", "reason": "户籍事项归公安", "limit_working_days": 2}),
    );
    s.say("2026-03-31T14:00", "complainant", "withdraw", json!({"how": "电话", "reason": "已经办好"}));
    s.say("2026-03-31T15:00", "manager", "continue_ex_officio", json!({"reason": "为什么不给办要查清"}));
    s.say(
        "2026-03-31T15:30",
        "manager",
        "reclassify",
        json!({"kind": "withheld", "ground": "delayed", "reason": "查明是拖延", "limit_working_days": 2}),
    );
}

/// 非政务服务: referred, told, urged by letter, answered; nobody picks up; closed unrated. One is never answered.
fn referred(s: &mut Script) {
    s.case = 0;
    let counts = json!({"accepted": 2, "closed": 1, "terminated": 0, "withheld": 1, "reminded": 1, "supervised": 1, "circulated": 1,
        "returned": 1, "late": 2});
    s.say("2026-04-01T09:00", "system", "send_monthly_digest", json!({"month": "2026-03-01", "counts": counts}));
    s.submitted(3, "2026-04-01", &json!({"kind": "out_of_scope"}), "zjj");
    s.say(
        "2026-04-01T09:40",
        "manager",
        "refer",
        json!({"to": {"centre": {"code": "410403", "case": Story::id(900)}}, "request": "请核实跨区水压不足并答复", "reply_working_days": 3}),
    );
    s.say(
        "2026-04-01T10:00",
        "clerk",
        "inform_complainant",
        json!({"about": "referred", "how": "message", "text": "您的诉求已转邻区中心，三个工作日内答复。"}),
    );
    s.say("2026-04-09T09:00", "manager", "send_reminder_letter", json!({}));
    let linked = json!({"case": Story::id(900), "version": 12});
    s.say("2026-04-10T09:00", "clerk", "record_referral_answer", json!({"answer": "已更换减压阀。", "linked": linked}));
    s.say("2026-04-10T10:00", "clerk", "attempt_call_back", json!({"outcome": "busy"}));
    s.say("2026-04-10T15:00", "clerk", "attempt_call_back", json!({"outcome": "no_answer"}));
    s.say("2026-04-13T10:00", "clerk", "attempt_call_back", json!({"outcome": "wrong_number"}));
    s.say("2026-04-13T10:05", "clerk", "establish_unreachable", json!({}));
    s.say("2026-04-13T10:10", "clerk", "close", json!({}));
}

fn settled_split_and_merged(s: &mut Script) {
    s.submitted(4, "2026-04-14", &json!({"kind": "ordinary"}), "scj");
    s.say(
        "2026-04-14T09:20",
        "manager",
        "settle_on_the_spot",
        json!({"result": "当场补正后受理", "rating": "basically_satisfied"}),
    );
    s.say("2026-04-14T09:50", "complainant", "rate", json!({"rating": "very_satisfied"}));
    s.case = 5;
    let person = json!({"anonymous": true});
    s.say("2026-04-15T09:00", "hotline", "accept", json!({"channel": "hotline", "external": {"source": "12345", "number": "R20260415007"},
        "complainant": person, "category": "opinion", "summary": "窗口和停车两件事", "narrative": "一是窗口午间没人，二是停车收费没有公示。"}));
    let part = json!({"case": Story::id(6), "category": "complaint", "summary": "停车收费没有公示", "narrative": "停车场收费没有公示。"});
    s.say("2026-04-15T09:10", "clerk", "split", json!({"parts": [part], "reason": "一件诉求含两个事项"}));
    s.say("2026-04-15T09:20", "clerk", "note_suspected_repeat", json!({"of": Story::id(4), "basis": "same_matter"}));
    s.say("2026-04-15T09:30", "clerk", "merge", json!({"into": Story::id(4), "reason": "同一窗口同一事项"}));
    s.case = 6;
    s.say(
        "2026-04-15T10:00",
        "clerk",
        "decline",
        json!({"ground": "abuse_or_test", "reason": "经核实为系统测试件", "approved_by": cast("manager")}),
    );
}

fn cannot_be_done(s: &mut Script) {
    s.dispatched(7, "2026-04-16", &json!({"kind": "cannot_be_done", "ground": "against_law"}), "gaj");
    s.say(
        "2026-04-17T10:00",
        "handler:gaj",
        "explain_inability",
        json!({"reason": "不符合落户条件", "basis": "现行户籍管理规定第六条"}),
    );
    s.say("2026-04-17T11:00", "manager", "check_quality", json!({"passed": true, "findings": "依据准确"}));
    s.say("2026-04-17T14:00", "clerk", "feed_back", json!({"how": "letter", "text": "书面告知理由和依据。"}));
    s.say("2026-04-17T15:00", "clerk", "call_back", json!({"opinion": "不认可", "rating": "very_dissatisfied"}));
    s.say(
        "2026-04-17T16:00",
        "clerk",
        "terminate",
        json!({"ground": "lawful_but_unsatisfied", "reason": "结果合法，已当面解释", "approved_by": cast("manager")}),
    );
}

/// Promise, extension granted and refused, pause, a late entry that is not believed.
fn put_off(s: &mut Script) {
    s.dispatched(8, "2026-04-20", &json!({"kind": "ordinary"}), "scj");
    s.say("2026-04-20T14:00", "handler:scj", "promise", json!({"on": "2026-04-24"}));
    let late = json!({"reason": "补记电话", "evidence": SCAN});
    s.say(
        "2026-04-21T16:00",
        "handler:scj",
        "report_progress",
        json!({"text": "已电话联系。", "occurred_at": "2026-04-20T11:00:00+08:00", "late": late}),
    );
    let entry = s.entry("progress_reported");
    s.say("2026-04-21T16:30", "manager", "refuse_late_entry", json!({"entry": entry, "reason": "扫描件没有日期"}));
    s.say("2026-04-22T09:00", "handler:scj", "request_extension", json!({"to": "2026-05-08", "reason": "等省局回函"}));
    s.say("2026-04-22T10:00", "manager", "grant_extension", json!({"to": "2026-05-06"}));
    s.say(
        "2026-04-23T09:00",
        "head:scj",
        "pause",
        json!({"reason": "inspection", "until": "2026-04-30", "note": "送检中", "approved_by": cast("manager")}),
    );
    s.say("2026-04-28T09:00", "head:scj", "resume", json!({}));
    s.dispatched(9, "2026-05-06", &json!({"kind": "ordinary"}), "rsj");
    s.say("2026-05-07T09:00", "handler:rsj", "request_extension", json!({"to": "2026-05-15", "reason": "系统升级"}));
    s.say("2026-05-07T10:00", "manager", "refuse_extension", json!({"reason": "升级不影响本事项"}));
}

/// A manager who does not sign, and a review that is late itself.
fn withheld_draft(s: &mut Script) {
    let result = s.owed(ObligationKind::Result);
    s.say("2026-05-14T09:00", "manager", "draft_supervision", json!({"obligation": result}));
    s.say(
        "2026-05-14T11:00",
        "manager",
        "withhold_escalation",
        json!({"draft": s.draft(), "reason": "部门当天已办，纸质结果在途"}),
    );
    s.submitted(10, "2026-05-18", &json!({"kind": "ordinary"}), "wjw");
    let review = s.owed(ObligationKind::Review);
    s.say("2026-05-20T09:00", "leader", "report_to_parent", json!({"obligation": review}));
}

/// A deadline counted before the next year's notice, counted again after it; then another policy.
fn turn_of_the_year(s: &mut Script) {
    s.dispatched(11, "2026-12-29", &json!({"kind": "ordinary"}), "zjj");
    s.case = 0;
    let day = |date: &str, name: &str| json!({"date": date, "name": name});
    let calendar = json!({"year": 2027, "version": 1, "status": "published",
        "notices": [{"number": "模拟通知〔2026〕1号", "url": "https://example.org/2027", "published": "2026-12-30"}],
        "holidays": [day("2027-01-01", "元旦"), day("2027-01-04", "元旦"), day("2027-02-06", "春节"), day("2027-02-08", "春节")],
        "makeup_workdays": [day("2027-01-10", "元旦")]});
    s.say("2026-12-30T17:00", "admin", "publish_calendar", json!({"calendar": calendar}));
    s.case = 11;
    s.say("2026-12-31T09:00", "manager", "recompute_deadlines", json!({}));
    s.case = 0;
    let (_, henan) = SHIPPED[0];
    s.say("2026-12-31T16:00", "admin", "adopt_policy", json!({"policy_text": henan}));
}

/// Withdrawn; held, so that it is only restricted; then requested by one, agreed by another, and carried out.
fn forgotten(s: &mut Script) {
    s.submitted(12, "2027-01-11", &json!({"kind": "ordinary"}), "zjj");
    s.say("2027-01-11T10:00", "clerk", "withdraw", json!({"how": "电话", "reason": "不再需要"}));
    let person = Story::id(12).complainant();
    let hold = json!({"ground": "proceeding", "basis": "示例区法院（2027）行初1号", "until": "2027-06-30"});
    s.say("2027-01-11T10:30", "manager", "place_legal_hold", hold);
    let request = json!({"person": person, "reason": "诉求人书面请求"});
    s.say("2027-01-11T11:00", "clerk", "request_erasure", request.clone());
    s.say("2027-01-12T09:00", "manager", "lift_legal_hold", json!({"reason": "案件已终结"}));
    s.say("2027-01-12T09:30", "clerk", "request_erasure", request);
    let request = s.entry("erasure_requested");
    s.say("2027-01-12T10:00", "manager", "agree_erasure", json!({"request": request}));
    s.say("2027-01-12T10:01", "system", "complete_erasure", json!({"request": request}));
}
