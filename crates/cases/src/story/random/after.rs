//! Acts from delivery on: handling, closing, and the clock on the way.

use serde_json::json;

use super::{
    before,
    dice::Dice,
    forgetting,
    scene::{Act, Line, Scene, clerk, line, manager, words},
};
use crate::{
    case::{End, Stage, clock::pause::PauseReason, closing::terminated::TerminationGround, triage::Kind},
    ids::ActorId,
    obligation::{ObligationKind, Span},
    story::cast,
};

/// What departments and the managing body do while the work is in hand.
pub(super) const IN_HAND: &[(u64, Act)] = &[
    (30, sign_for),
    (18, assign_handler),
    (26, dispute),
    (40, decide_dispute),
    (40, before::consult),
    (9, reassign),
    (6, before::recuse),
    (16, propose_plan),
    (8, promise),
    (10, revise_promise),
    (8, progress),
    (25, partial_reply),
    (25, explain_inability),
    (25, report_result),
    (20, request_extension),
    (30, decide_extension),
    (8, pause),
    (10, resume),
    (3, before::reclassify),
    (2, before::amend),
    (3, before::add_attachment),
    (2, before::correct_contact),
    (2, before::withdraw),
    (2, before::merge),
    (2, before::correct_entry),
    (10, terminate),
];

/// The result waits for its check.
pub(super) const REPORTED: &[(u64, Act)] = &[(60, check_quality), (10, feed_back), (2, before::withdraw)];

/// Call-back and feedback, in either order.
pub(super) const ANSWERED: &[(u64, Act)] = &[
    (26, attempt_call_back),
    (50, establish_unreachable),
    (24, call_back),
    (25, feed_back),
    (10, rate),
    (60, close),
    (50, rework),
    (40, terminate),
    (2, mend_rating),
];

/// After the end there is little: to tell of it, to go on of one's own motion, to open it again, to forget.
pub(super) const ENDED: &[(u64, Act)] = &[
    (30, before::inform),
    (60, go_on),
    (5, reopen),
    (2, forgetting::hold),
    (4, forgetting::lift),
    (3, forgetting::request),
    (6, forgetting::agree),
    (12, forgetting::complete),
];

pub(super) const FOUND: &[&str] =
    &["已到现场核实", "已联系诉求人", "材料齐全", "正在与上级部门对接", "承办人已审完材料"];

fn sign_for(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let waiting = scene.round()?.active().find(|assignment| assignment.signed_for_at.is_none())?;
    line(scene.staff(&waiting.department, dice), json!({"command": "sign_for"}))
}

fn assign_handler(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let department = &scene.round()?.active().find(|assignment| assignment.handler.is_none())?.department;
    let first = ActorId::new(format!("handler-{department}"));
    let concerned = first.is_ok_and(|first| scene.case.concerns(&first)) && !dice.percent(10);
    let handler = format!("handler{}-{department}", if concerned || dice.percent(30) { "2" } else { "" });
    line(format!("head:{department}"), json!({"command": "assign_handler", "handler": handler}))
}

fn dispute(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let department = scene.assigned(dice)?;
    let delivered = scene.round()?.of(department)?.delivered_at;
    let again = scene.case.disputes.iter().any(|dispute| dispute.department == *department);
    if (again || scene.story.now > delivered.plus(chrono::TimeDelta::hours(36))) && !dice.percent(4) {
        return None;
    }
    let mut fields = json!({"command": "dispute_assignment", "reason": words(dice, &["不属于本部门职责", "事权已经划转"]),
        "basis": "“三定”规定"});
    if let Some(other) = scene.department(dice, &[department]).filter(|_| dice.percent(70)) {
        fields["suggested"] = json!(other);
    }
    line(format!("head:{department}"), fields)
}

fn decide_dispute(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let open = scene.case.disputes.iter().find(|dispute| dispute.upheld.is_none() && !dispute.needs_consultation)?;
    // Some are left to lapse.
    if dice.percent(40) {
        return None;
    }
    let upheld = dice.percent(55);
    line(
        manager(dice),
        json!({"command": "decide_dispute", "dispute": open.no, "upheld": upheld, "reason": words(dice, FOUND)}),
    )
}

fn reassign(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let upheld = scene.case.disputes.iter().rev().find(|dispute| dispute.upheld == Some(true));
    let has_it = |id| scene.round().is_some_and(|round| round.of(id).is_some());
    let disputed = upheld.map(|dispute| &dispute.department).filter(|id| has_it(id));
    if disputed.is_none() && !dice.percent(25) {
        return None;
    }
    let from = disputed.or(scene.assigned(dice))?;
    let to = scene.department(dice, &[from]).filter(|id| !has_it(id))?;
    let mut fields = json!({"command": "reassign", "from": from, "to": to, "reason": words(dice, FOUND)});
    if dice.percent(20) {
        fields["limit_working_days"] = dice.between(1, 3).into();
    }
    line(manager(dice), fields)
}

fn propose_plan(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let lead = scene.lead()?;
    if !scene.is_owed(ObligationKind::Plan) && !dice.percent(15) {
        return None;
    }
    let mut fields =
        json!({"command": "propose_plan", "text": words(dice, &["分两步：先补证，再登记", "由专班对接历史资料"])});
    if scene.round()?.promises.is_empty() && dice.percent(70) {
        fields["promised"] = json!(scene.day(dice.between(3, 40)));
    }
    if dice.percent(65) {
        fields["complainant_told"] = true.into();
    } else if dice.percent(50) && scene.round()?.plan.is_some() {
        let told =
            json!({"command": "inform_complainant", "about": "plan", "how": "telephone", "text": "已告知解决方案"});
        return line(scene.staff(lead, dice), told);
    }
    line(scene.staff(lead, dice), fields)
}

fn promise(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    if !scene.round()?.promises.is_empty() {
        return None;
    }
    let due = scene.case.clocks.open_of(ObligationKind::Result, None).map(|result| result.obligation.due.date());
    let on = due.filter(|due| *due > scene.today()).unwrap_or_else(|| scene.day(dice.between(1, 30)));
    line(scene.staff(scene.lead()?, dice), json!({"command": "promise", "on": on}))
}

fn revise_promise(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let before = scene.round()?.promise()?;
    let days = u64::try_from((before.date() - scene.today()).num_days()).ok().filter(|days| *days > 0)?;
    let on = if dice.percent(15) { scene.day(days + 5) } else { scene.day(dice.below(days)) };
    line(scene.staff(scene.lead()?, dice), json!({"command": "revise_promise", "on": on, "reason": words(dice, FOUND)}))
}

fn progress(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    line(scene.staff(scene.assigned(dice)?, dice), json!({"command": "report_progress", "text": words(dice, FOUND)}))
}

fn partial_reply(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let missing = scene.round()?.missing_co_replies().next()?;
    line(scene.staff(missing, dice), json!({"command": "give_partial_reply", "text": words(dice, FOUND)}))
}

fn explain_inability(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    if scene.case.kind()? != Kind::CannotBeDone && !dice.percent(3) {
        return None;
    }
    let basis = dice.pick(&["《不动产登记暂行条例》第二十二条", "现行户籍管理规定"]);
    line(
        scene.staff(scene.lead()?, dice),
        json!({"command": "explain_inability", "reason": words(dice, FOUND), "basis": basis}),
    )
}

fn report_result(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let early = scene.case.kind()? == Kind::CannotBeDone || scene.is_owed(ObligationKind::Plan);
    if early && !dice.percent(12) {
        return None;
    }
    line(
        scene.staff(scene.lead()?, dice),
        json!({"command": "report_result", "text": words(dice, &["已办结并出证", "已当面解释清楚"])}),
    )
}

fn request_extension(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let result = &scene.case.clocks.open_of(ObligationKind::Result, scene.lead())?.obligation;
    let extendable = matches!(result.limit, Span::Promised | Span::Named(_)) && scene.story.now <= result.due;
    if !extendable && !dice.percent(4) {
        return None;
    }
    let days = u64::try_from((result.due.date() - scene.today()).num_days()).unwrap_or(0);
    let to = scene.day(days + dice.between(1, 9));
    line(
        scene.staff(scene.lead()?, dice),
        json!({"command": "request_extension", "to": to, "reason": words(dice, FOUND)}),
    )
}

pub(super) fn decide_extension(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    if !scene.is_owed(ObligationKind::ExtensionDecision) && !dice.percent(3) {
        return None;
    }
    match dice.below(10) {
        0..6 => line(manager(dice), json!({"command": "grant_extension"})),
        6..8 => line(manager(dice), json!({"command": "refuse_extension", "reason": words(dice, FOUND)})),
        _ => None,
    }
}

fn pause(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let now = scene.story.now;
    let late = scene.owed(|running| running.obligation.kind.is_paused() && running.is_overdue(now));
    if (scene.case.pause.is_some() || !late.is_empty()) && !dice.percent(4) {
        return None;
    }
    let reason = dice.pick(PauseReason::ALL);
    let mut fields = json!({"command": "pause", "reason": reason, "until": scene.day(dice.between(1, 20)), "note": words(dice, FOUND)});
    let department = scene.lead().filter(|_| dice.percent(40));
    match department {
        Some(lead) => {
            fields["approved_by"] = cast("manager");
            line(format!("head:{lead}"), fields)
        }
        None => line(manager(dice), fields),
    }
}

fn resume(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    scene.case.pause.as_ref()?;
    line(manager(dice), json!({"command": "resume"}))
}

pub(super) fn terminate(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let for_material = |pause: &crate::case::state::Pause| pause.reason == PauseReason::ComplainantMaterial;
    let asked = scene.case.intake.as_ref()?.amendment_awaited || scene.case.pause.as_ref().is_some_and(for_material);
    let ground = match &scene.case.stage {
        Stage::Referred(referral) if referral.letters >= 2 => TerminationGround::ReferralUnanswered,
        Stage::Answered if scene.is_rated_below() => TerminationGround::LawfulButUnsatisfied,
        _ if asked && dice.percent(40) => TerminationGround::RefusesInformation,
        _ => return None,
    };
    let mut fields = json!({"command": "terminate", "ground": ground, "reason": words(dice, FOUND)});
    if dice.percent(50) {
        fields["approved_by"] = cast("manager");
        return line("clerk", fields);
    }
    line("manager", fields)
}

fn check_quality(_: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let passed = dice.percent(75);
    line(manager(dice), json!({"command": "check_quality", "passed": passed, "findings": words(dice, FOUND)}))
}

fn attempt_call_back(_: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let outcome = dice.pick(&["no_answer", "no_answer", "busy", "wrong_number", "postponed"]);
    line(clerk(dice), json!({"command": "attempt_call_back", "outcome": outcome}))
}

fn establish_unreachable(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let tried = scene.case.call_back_attempts.len();
    (tried > 2 && !scene.case.unreachable || dice.percent(1))
        .then(|| (clerk(dice).to_owned(), json!({"command": "establish_unreachable"})))
}

fn rating(dice: &mut Dice) -> &'static str {
    dice.weighted(&[
        (30, "very_satisfied"),
        (25, "satisfied"),
        (12, "basically_satisfied"),
        (20, "dissatisfied"),
        (8, "very_dissatisfied"),
    ])
}

fn call_back(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    // Whoever did not pick up twice seldom does the third time.
    if scene.round()?.called_back_at.is_some() || scene.case.call_back_attempts.len() > 1 && !dice.percent(20) {
        return None;
    }
    let mut fields =
        json!({"command": "call_back", "opinion": words(dice, &["对结果表示认可", "认为时间太长", "希望继续跟进"])});
    match dice.below(10) {
        0..8 => fields["rating"] = rating(dice).into(),
        8 => fields["declined_to_rate"] = true.into(),
        _ => {}
    }
    line(clerk(dice), fields)
}

fn feed_back(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    if scene.round()?.fed_back_at.is_some() {
        return None;
    }
    line(clerk(dice), json!({"command": "feed_back", "how": "telephone", "text": words(dice, FOUND)}))
}

fn rate(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    if scene.round()?.rating.is_some() && !dice.percent(10) {
        return None;
    }
    line(dice.pick(&["complainant", "complainant", "clerk"]), json!({"command": "rate", "rating": rating(dice)}))
}

fn mend_rating(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let (version, _) = scene.case.entries.iter().rev().find(|(_, entry)| entry.kind == "rated")?;
    let mending = json!({"field": "rating", "value": rating(dice)});
    line(manager(dice), json!({"command": "correct_entry", "entry": version, "mending": mending, "reason": "勾选有误"}))
}

fn close(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let round = scene.round()?;
    let silent = scene.case.is_anonymous() || scene.case.unreachable;
    let settled = matches!(scene.case.stage, Stage::Settled);
    let told = silent || settled || round.called_back_at.is_some() && round.fed_back_at.is_some();
    let judged = silent || scene.case.declined_to_rate || round.rating.is_some() && !scene.is_rated_below();
    (told && judged || dice.percent(4)).then(|| (clerk(dice).to_owned(), json!({"command": "close"})))
}

fn rework(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    if !scene.is_rated_below() {
        return None;
    }
    line(manager(dice), json!({"command": "return_for_rework", "reason": words(dice, &["诉求人不满意，请重新办理"])}))
}

fn go_on(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let withdrawn = matches!(scene.case.stage, Stage::Ended(End::Withdrawn { .. }));
    (withdrawn && scene.case.withheld_found)
        .then(|| (manager(dice).to_owned(), json!({"command": "continue_ex_officio", "reason": "不给办的问题要查清"})))
}

fn reopen(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let never = matches!(scene.case.stage, Stage::Ended(End::Merged { .. } | End::Declined { .. }));
    if (never || scene.case.reopened > 1) && !dice.percent(5) {
        return None;
    }
    let ground = dice.pick(&["complaint", "own_motion"]);
    line(manager(dice), json!({"command": "reopen", "ground": ground, "reason": words(dice, FOUND)}))
}
