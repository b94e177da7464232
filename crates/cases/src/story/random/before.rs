//! Acts up to dispatch, and referral: intake, triage, review, dispatch, referral.

use serde_json::{Value, json};

use super::{
    dice::Dice,
    scene::{Act, Line, Scene, clerk, line, manager, scan, telephone, words},
};
use crate::{
    case::{Stage, triage::Kind},
    obligation::ObligationKind,
    story::cast,
};

/// What the window does with an accepted case, by weight.
pub(super) const ACCEPTED: &[(u64, Act)] = &[
    (60, classify),
    (45, submit),
    (14, settle),
    (10, request_amendment),
    (12, amend),
    (7, add_attachment),
    (5, correct_contact),
    (8, note_repeat),
    (5, merge),
    (4, split),
    (2, withdraw),
    (5, decline),
    (4, correct_entry),
    (2, recuse),
    (1, super::after::terminate),
];

/// What the managing body does in review.
pub(super) const IN_REVIEW: &[(u64, Act)] = &[
    (40, sign),
    (30, consult),
    (60, dispatch),
    (30, refer),
    (7, reject),
    (9, reclassify),
    (4, settle),
    (4, amend),
    (3, request_amendment),
    (3, add_attachment),
    (3, correct_contact),
    (3, note_repeat),
    (2, merge),
    (2, split),
    (2, withdraw),
    (2, decline),
    (2, recuse),
    (3, super::after::terminate),
];

/// While it is with another unit.
pub(super) const REFERRED: &[(u64, Act)] =
    &[(30, inform), (25, send_letter), (12, answer_referral), (25, super::after::terminate), (3, withdraw), (3, amend)];

const MATTERS: &[&str] = &[
    "办理个体工商户营业执照，窗口让补三次材料",
    "不动产登记排队一上午没有叫到号",
    "社保转移办了两个月没有结果",
    "施工许可材料齐全，窗口说系统不通不给办",
    "咨询公租房申请需要哪些材料",
    "户口迁移被要求开两份同样的证明",
    "建议大厅增设老年人专用窗口",
    "反映餐饮许可现场核查一再推迟",
    "道路占用费计算依据不清楚，请求复核",
    "表扬窗口人员耐心细致",
];
const REASONS: &[&str] =
    &["情况已核实", "与诉求人沟通后确认", "依据部门职责分工", "材料与事项不符", "同一事项已有记录", "诉求人电话要求"];

pub(super) fn accept(scene: &Scene<'_>, dice: &mut Dice) -> Line {
    let anonymous = dice.percent(7);
    let is_unit = dice.percent(20);
    let mut who = json!({"anonymous": anonymous, "is_unit": is_unit});
    if !anonymous {
        let surname = dice.pick(&["赵", "钱", "孙", "李", "周", "吴", "郑", "王"]);
        who["name"] = if is_unit { format!("{surname}记示例商行").into() } else { format!("{surname}某").into() };
        who["telephone"] = telephone(dice).into();
        if is_unit {
            who["contact_person"] = format!("{surname}经理").into();
        }
        if dice.percent(30) {
            who["address"] = format!("示例街道{}号", dice.between(1, 300)).into();
        }
    }
    let channel = dice.pick(&["window", "window", "hotline", "online", "telephone", "letter", "other_system"]);
    let matter = words(dice, MATTERS);
    let category = dice.pick(&["complaint", "complaint", "consultation", "opinion", "suggestion", "help", "praise"]);
    let mut fields = json!({"command": "accept", "channel": channel, "complainant": who, "category": category,
        "summary": matter, "narrative": format!("{matter}。来访人称：{}。", words(dice, MATTERS))});
    if channel == "hotline" || channel == "other_system" {
        let source = if channel == "hotline" { "12345" } else { "other" };
        fields["external"] = json!({"source": source, "number": format!("R{:08}", dice.below(100_000_000))});
    }
    if let Some(department) = scene.department(dice, &[]).filter(|_| dice.percent(12)) {
        fields["complained_about"] = json!([{"staff": format!("handler-{department}"), "department": department}]);
    }
    if dice.percent(40) {
        fields["lookup_code_hash"] = scan(dice).to_string().into();
    }
    if dice.percent(10) {
        fields["sub_category"] = "证照办理".into();
    }
    (if channel == "hotline" { "hotline" } else { clerk(dice) }.to_owned(), fields)
}

pub(super) fn kind(dice: &mut Dice) -> (Kind, Value) {
    let kind = dice.weighted(&[
        (30, Kind::Ordinary),
        (18, Kind::CannotBeDone),
        (22, Kind::HardToDo),
        (20, Kind::Withheld),
        (10, Kind::OutOfScope),
    ]);
    let ground = kind.grounds();
    (kind, if ground.is_empty() { Value::Null } else { json!(dice.pick(ground)) })
}

pub(super) fn classify(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    if scene.case.classification.is_some() && !dice.percent(8) {
        return None;
    }
    let (kind, ground) = kind(dice);
    let first = scene.department(dice, &[])?;
    let mut departments = vec![first];
    if dice.percent(25) {
        departments.extend(scene.department(dice, &[first]));
    }
    let mut fields = json!({"command": "classify", "kind": kind, "departments": departments});
    if !ground.is_null() {
        fields["ground"] = ground;
    }
    if dice.percent(8) {
        fields["several_levels"] = true.into();
    }
    line(clerk(dice), fields)
}

pub(super) fn submit(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    scene.case.classification.as_ref()?;
    let to = if dice.percent(40) { json!({"command": "submit", "to": "leader"}) } else { json!({"command": "submit"}) };
    line(clerk(dice), to)
}

pub(super) fn settle(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let by_window = scene.case.kind()? == Kind::Ordinary && matches!(scene.case.stage, Stage::Accepted);
    let mut fields =
        json!({"command": "settle_on_the_spot", "result": words(dice, &["当场协调办结", "现场补正后即办"])});
    if dice.percent(55) {
        fields["rating"] = json!(dice.weighted(&[(5, "very_satisfied"), (5, "satisfied"), (2, "dissatisfied")]));
    }
    line(if by_window { clerk(dice) } else { manager(dice) }, fields)
}

fn request_amendment(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let intake = scene.case.intake.as_ref()?;
    if intake.amendment_requests > 0 || intake.anonymous {
        return None;
    }
    line(
        clerk(dice),
        json!({"command": "request_amendment", "missing": words(dice, &["请说明具体事项和时间", "请补充受理回执"])}),
    )
}

pub(super) fn amend(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    if !scene.case.intake.as_ref()?.amendment_awaited && !dice.percent(30) {
        return None;
    }
    line(dice.pick(&["complainant", "clerk", "hotline"]), json!({"command": "amend", "text": words(dice, MATTERS)}))
}

pub(super) fn add_attachment(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let who = match scene.assigned(dice) {
        Some(department) if matches!(scene.case.stage, Stage::InHand) && dice.percent(50) => {
            scene.staff(department, dice)
        }
        _ => dice.pick(&["clerk", "complainant", "hotline"]).to_string(),
    };
    let size = dice.between(1_000, 4_000_000);
    line(
        who,
        json!({"command": "add_attachment", "name": "现场照片.jpg", "media_type": "image/jpeg", "size_bytes": size,
            "sm3": scan(dice)}),
    )
}

pub(super) fn correct_contact(_: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    line(clerk(dice), json!({"command": "correct_contact", "telephone": telephone(dice)}))
}

pub(super) fn note_repeat(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let basis = dice.pick(&["same_text", "same_complainant_and_matter", "same_matter"]);
    line(clerk(dice), json!({"command": "note_suspected_repeat", "of": scene.other(dice)?, "basis": basis}))
}

pub(super) fn merge(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let into = scene.other(dice).filter(|id| !scene.story.cases[id].is_ended())?;
    line(clerk(dice), json!({"command": "merge", "into": into, "reason": words(dice, REASONS)}))
}

fn split(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    // A part of a part of a part is nobody's appeal any more.
    if scene.case.intake.as_ref()?.split_from.is_some() {
        return None;
    }
    let parts: Vec<_> = (0..dice.between(1, 2))
        .map(|_| {
            let case = super::case_id(scene.story.now, dice);
            json!({"case": case, "category": "help", "summary": words(dice, MATTERS), "narrative": words(dice, MATTERS)})
        })
        .collect();
    line(clerk(dice), json!({"command": "split", "parts": parts, "reason": "一件诉求含有几个事项"}))
}

pub(super) fn withdraw(_: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let who = dice.pick(&["complainant", "clerk", "hotline"]);
    line(who, json!({"command": "withdraw", "how": dice.pick(&["电话", "当面", "书面"]), "reason": "问题已经解决"}))
}

fn decline(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let asked = scene.case.intake.as_ref()?.amendment_requests > 0;
    let ground = if asked { "no_discernible_matter" } else { "abuse_or_test" };
    let mut fields = json!({"command": "decline", "ground": ground, "reason": words(dice, REASONS)});
    if dice.percent(50) {
        fields["approved_by"] = cast("manager");
        return line("clerk", fields);
    }
    line("manager", fields)
}

pub(super) fn correct_entry(_: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let mending = match dice.below(5) {
        0 => json!({"field": "summary", "value": words(dice, MATTERS)}),
        1 => json!({"field": "category", "value": "help"}),
        2 => json!({"field": "channel", "value": "telephone"}),
        3 => json!({"field": "sub_category", "value": "登记注册"}),
        _ => json!({"field": "name", "value": "冯某"}),
    };
    line(clerk(dice), json!({"command": "correct_entry", "entry": 1, "mending": mending, "reason": "登记时听错"}))
}

pub(super) fn recuse(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let handler = scene.assigned(dice).map(|department| format!("handler-{department}"));
    let who = handler.filter(|_| dice.percent(70)).unwrap_or_else(|| dice.pick(&["clerk2", "officer2"]).to_string());
    line(
        manager(dice),
        json!({"command": "recuse", "who": who, "reason": words(dice, &["与诉求人有亲属关系", "本人申请回避"])}),
    )
}

fn sign(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let Stage::InReview { signatures } = &scene.case.stage else { return None };
    let needed = &scene.policy()?.review.signatures;
    let missing = needed.iter().find(|role| signatures.iter().all(|(signed, _)| signed != *role));
    let who = match missing.map(|role| role.name()).as_deref() {
        Some("duty_officer") => "officer",
        Some(_) => "leader",
        None if signatures.is_empty() && dice.percent(15) => "manager",
        None => return None,
    };
    if who == "leader" && dice.percent(15) {
        return line("leader2", json!({"command": "sign", "as_deputy": true}));
    }
    line(who, json!({"command": "sign"}))
}

pub(super) fn consult(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    if !scene.is_owed(ObligationKind::Consultation) && !dice.percent(7) {
        return None;
    }
    let found = scene.case.classification.as_ref()?;
    let mut departments: Vec<_> = found.departments.iter().collect();
    if departments.is_empty() || dice.percent(30) {
        departments.extend(scene.department(dice, &departments));
    }
    let lead = dice.pick(&departments);
    let in_hand = matches!(scene.case.stage, Stage::InHand);
    let who = scene.lead().filter(|_| in_hand && dice.percent(20)).map(|lead| format!("head:{lead}"));
    let attendees: Vec<_> = departments.iter().map(|id| format!("head-{id}")).collect();
    line(
        who.unwrap_or_else(|| manager(dice).to_owned()),
        json!({"command": "consult", "convenor": "manager", "attendees": attendees, "lead": lead, "departments": departments,
            "minutes": words(dice, &["各部门一致同意由牵头部门统一答复", "明确分工，三日内会办"])}),
    )
}

pub(super) fn dispatch(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let Stage::InReview { signatures } = &scene.case.stage else { return None };
    let (policy, found) = (scene.policy()?, scene.case.classification.as_ref()?);
    let unsigned = policy.review.signatures.iter().any(|role| signatures.iter().all(|(signed, _)| signed != role));
    let unready = unsigned || found.kind == Kind::OutOfScope || scene.is_owed(ObligationKind::Consultation);
    if unready && !dice.percent(4) {
        return None;
    }
    let lead = scene.case.consultations.last().map(|(_, lead)| lead).or(found.departments.first());
    let lead = lead.or(scene.department(dice, &[]))?;
    let mut co: Vec<_> = found.departments.iter().filter(|id| *id != lead).collect();
    if co.is_empty() && !policy.review.consultation_when_several && dice.percent(15) {
        co.extend(scene.department(dice, &[lead]));
    }
    let mut fields = json!({"command": "dispatch", "lead": lead, "co_departments": co,
        "contact": {"name": "窗口值班", "telephone": "0375-0000000"}});
    if policy.review.named_urger || dice.percent(30) {
        fields["urged_by"] = (dice.pick(&["clerk", "officer"])).into();
    }
    let form = policy.form(found.kind, !co.is_empty() || scene.case.is_several());
    match form.days() {
        None => fields["limit_working_days"] = dice.between(2, 10).into(),
        Some(days) if dice.percent(25) => fields["limit_working_days"] = dice.between(1, u64::from(days)).into(),
        Some(_) => {}
    }
    line(manager(dice), fields)
}

pub(super) fn refer(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    if scene.case.kind() != Some(Kind::OutOfScope) && !dice.percent(5) {
        return None;
    }
    let to =
        if dice.percent(70) { json!({"unit": "示例供水公司"}) } else { json!({"centre": {"code": "410403"}}) };
    let mut fields = json!({"command": "refer", "to": to, "request": words(dice, &["请核实并答复诉求人"])});
    if dice.percent(25) {
        fields["reply_working_days"] = dice.between(2, 8).into();
    }
    line(manager(dice), fields)
}

fn reject(_: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    line(
        manager(dice),
        json!({"command": "reject_at_review", "reason": words(dice, &["责任部门不明", "诉求内容没有写清"])}),
    )
}

pub(super) fn reclassify(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    scene.case.classification.as_ref()?;
    let (kind, ground) = kind(dice);
    let mut fields = json!({"command": "reclassify", "kind": kind, "reason": words(dice, REASONS)});
    if !ground.is_null() {
        fields["ground"] = ground;
    }
    if kind == Kind::Withheld && scene.policy()?.kind(kind).days().is_none() {
        fields["limit_working_days"] = dice.between(2, 10).into();
    }
    line(manager(dice), fields)
}

pub(super) fn inform(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let about = scene.untold()?;
    let how = dice.pick(&["telephone", "message", "in_person", "letter", "online"]);
    line(
        clerk(dice),
        json!({"command": "inform_complainant", "about": about, "how": how, "text": format!("告知{about}")}),
    )
}

fn send_letter(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let owed = scene.owed(|running| running.obligation.kind == ObligationKind::ReferralAnswer);
    let due = owed.first()?.obligation.due;
    (scene.story.now > due || dice.percent(2))
        .then(|| (manager(dice).to_owned(), json!({"command": "send_reminder_letter"})))
}

fn answer_referral(_: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    // Most units take their time; some never answer.
    if dice.percent(70) {
        return None;
    }
    line(
        clerk(dice),
        json!({"command": "record_referral_answer", "answer": words(dice, &["已派人处理并回复诉求人", "经查属实，已整改"])}),
    )
}
