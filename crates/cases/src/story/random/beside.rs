//! Acts beside the stage: drafts, copies, late entries, reminders by hand, and plain mistakes.

use serde_json::{Value, json};

use super::{
    after::{FOUND, decide_extension},
    before,
    dice::Dice,
    scene::{Act, Line, Scene, clerk, line, manager, words},
};
use crate::{
    case::escalation::{DraftKind, RecipientKind},
    obligation::{About, ObligationKind, Owner, Running},
};

/// Beside the stage: drafts, copies, late entries, reminders by hand.
pub(super) const BESIDE: &[(u64, Act)] = &[
    (30, before::inform),
    (40, decide_late),
    (20, decide_extension),
    (40, sign_draft),
    (12, acknowledge),
    (24, answer_supervision),
    (6, correct_escalation),
    (3, remind),
    (6, supervise),
    (10, draft_circulation),
    (4, report_to_parent),
    (3, routine_copy),
    (6, recompute),
];

fn decide_late(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let claimed = |late: &crate::case::state::Late| late.claimed && late.approved.is_none();
    let (entry, _) = scene.case.entries.iter().find(|(_, entry)| entry.late.as_ref().is_some_and(claimed))?;
    if dice.percent(70) {
        return line(manager(dice), json!({"command": "approve_late_entry", "entry": entry}));
    }
    line(manager(dice), json!({"command": "refuse_late_entry", "entry": entry, "reason": "扫描件看不清日期"}))
}

fn sign_draft(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let draft = scene.waiting_drafts().next()?;
    let no = draft.no;
    if dice.percent(50) {
        return line("manager", json!({"command": "withhold_escalation", "draft": no, "reason": words(dice, FOUND)}));
    }
    let mut fields: Value = match draft.kind {
        DraftKind::Supervision => json!({"command": "issue_supervision", "obligation": draft.obligation, "draft": no}),
        DraftKind::Circulation => json!({"command": "circulate", "draft": no}),
    };
    if dice.percent(40) {
        let name = if draft.kind == DraftKind::Supervision { "requirement" } else { "wording" };
        fields[name] = "限两个工作日内办结并书面说明".into();
    }
    line(manager(dice), fields)
}

fn acknowledge(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let open: Vec<_> = scene.case.copies.iter().filter(|copy| copy.acknowledged.is_none()).collect();
    let copy = (!open.is_empty()).then(|| dice.pick(&open))?;
    let fields = json!({"command": "acknowledge_copy", "copy": copy.version});
    match copy.to {
        RecipientKind::Discipline => line("liaison", fields),
        RecipientKind::Department => line(scene.staff(scene.assigned(dice)?, dice), fields),
        RecipientKind::Government => line("auditor:government", fields),
        RecipientKind::Parent => line("centre_manager:parent", fields),
    }
}

fn answer_supervision(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let owed = scene.owed(|running| running.obligation.kind == ObligationKind::Supervision);
    let Owner::Department(department) = &owed.first()?.obligation.owner else { return None };
    line(scene.staff(department, dice), json!({"command": "answer_supervision", "text": words(dice, FOUND)}))
}

fn correct_escalation(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let issued = |kind: &str| matches!(kind, "supervision_issued" | "circulated");
    let (version, _) = scene.case.entries.iter().rev().find(|(_, entry)| issued(entry.kind))?;
    line(manager(dice), json!({"command": "correct_escalation", "corrects": version, "text": words(dice, FOUND)}))
}

fn remind(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let owed = scene.owed(|running| running.obligation.kind.is_reminded() && running.reminded.is_empty());
    let running = owed.first().filter(|_| scene.is_open() || dice.percent(10))?;
    line(clerk(dice), json!({"command": "remind", "obligation": running.obligation.no}))
}

fn supervise(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let now = scene.story.now;
    let late = |running: &Running| running.is_overdue(now) && !running.supervised;
    let owed = scene.owed(|running| running.obligation.kind.is_supervised() && (late(running)));
    let command = dice.pick(&["draft_supervision", "issue_supervision"]);
    line(manager(dice), json!({"command": command, "obligation": owed.first()?.obligation.no}))
}

fn draft_circulation(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let now = scene.story.now;
    let missed = |r: &&Running| {
        let drafted = scene.case.drafts.iter().any(|draft| draft.obligation == r.obligation.no);
        r.obligation.kind == ObligationKind::Supervision && (r.is_overdue(now) || r.was_late()) && !drafted
    };
    let running = scene.case.clocks.all().iter().find(missed)?;
    line(manager(dice), json!({"command": "draft_circulation", "supervision": running.obligation.no}))
}

fn report_to_parent(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let now = scene.story.now;
    let late = scene.owed(|r| r.obligation.kind.is_seen_by_parent() && r.is_overdue(now) && !r.reported_to_parent);
    line(manager(dice), json!({"command": "report_to_parent", "obligation": late.first()?.obligation.no}))
}

fn routine_copy(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    if !scene.case.withheld_found {
        return None;
    }
    let ground = dice.pick(&["withheld_confirmed", "returned_repeatedly", "same_matter_repeated"]);
    line(manager(dice), json!({"command": "send_routine_copy", "ground": ground}))
}

fn recompute(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let owed = scene.owed(|running| running.obligation.provisional);
    let newest = scene.story.centre.newest_calendar()?;
    let stale = owed.iter().any(|running| running.obligation.calendars.iter().any(|old| old.year >= newest.year));
    (stale && dice.percent(50)).then(|| (manager(dice).to_owned(), json!({"command": "recompute_deadlines"})))
}

/// Commands that somebody gives by mistake: about what is not there, or not his.
pub(super) fn nonsense(scene: &Scene<'_>, dice: &mut Dice) -> Option<Line> {
    let about = scene.case.clocks.all().iter().find(|r| r.obligation.about == Some(About::Draft(1)));
    let fields = match dice.below(12) {
        0 => json!({"command": "remind", "obligation": 99}),
        1 => json!({"command": "circulate", "draft": 99}),
        2 => json!({"command": "correct_contact", "telephone": "12-ab"}),
        3 => json!({"command": "close", "version": 0}),
        4 => json!({"command": "report_result", "text": "  "}),
        5 => json!({"command": "amend", "text": "说得太早", "occurred_at": "2035-01-01"}),
        6 => json!({"command": "dispatch", "lead": "没有这个部门"}),
        7 => json!({"command": "merge", "into": scene.case.id, "reason": "并入自己"}),
        8 => json!({"command": "acknowledge_copy", "copy": 1}),
        9 => json!({"command": "amend", "text": "发生在受理以前", "occurred_at": "2011-05-01"}),
        10 => json!({"command": "issue_supervision", "obligation": about.map_or(1, |r| r.obligation.no)}),
        _ => json!({"command": "approve_late_entry", "entry": 1}),
    };
    let who = dice.pick(&["clerk", "manager", "head:scj", "handler:zjj", "liaison", "complainant", "admin"]);
    line(who, fields)
}
