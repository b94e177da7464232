//! 补录: paper entered late. Its time counts only with a second person; what was issued stays issued, and a correction follows.

use crate::common::{H, HARD, ORDINARY, Play, S, dispatched};

const PAPER: &str = "occurred_at=2026-03-05T16:00 late=纸质单";

fn supervised() -> Play {
    let mut play = Play::swept(H);
    play.play(&dispatched(H, ORDINARY, "limit_working_days=3")).play(
        "03-02 11:00 head:scj sign_for
         03-04 09:00 system reminded
         03-06 09:00 system supervision_issued",
    );
    play
}

#[test]
fn approved_after_a_supervision_a_correction_follows_and_it_is_judged_anew() {
    let mut play = supervised();
    play.play(&format!(
        "03-10 10:00 head:scj report_result {PAPER}
         = result scj 03-05 17:00 met_late
         = supervision scj 03-10 17:00 met
         = quality_check 管理机构 03-11 17:00 open
         03-10 10:30 head:scj approve_late_entry entry=8 !! wrong-role
         03-10 10:40 manager approve_late_entry entry=7 !! no-such-entry
         03-10 11:00 manager approve_late_entry entry=8 => late_entry_approved escalation_corrected
         = result scj 03-05 17:00 met
         = supervision scj 03-10 17:00 met
         = quality_check 管理机构 03-06 17:00 open
         03-10 11:00 system reported_to_parent
         03-10 11:10 manager approve_late_entry entry=8 !! late-already-decided"
    ));
    let ended = |kind| play.clock(kind, None).and_then(|running| running.end.clone()).expect("ended").at.to_string();
    assert_eq!(ended("result"), "2026-03-05T16:00:00+08:00");
    assert_eq!(ended("supervision"), "2026-03-06T09:00:00+08:00", "nothing ends before it was set");
    // The correction goes to whom the 督办 went, who alone may acknowledge it.
    play.play(
        "03-11 10:00 head:zjj acknowledge_copy copy=10 !! no-such-copy
         03-11 10:00 head:scj acknowledge_copy copy=10 => copy_acknowledged",
    );
}

#[test]
fn refused_the_recorded_time_stays() {
    supervised().play(&format!(
        "03-10 10:00 head:scj report_result {PAPER}
         03-10 11:00 manager refuse_late_entry entry=8 => late_entry_refused
         03-10 11:05 manager approve_late_entry entry=8 !! late-already-decided
         = result scj 03-05 17:00 met_late
         = quality_check 管理机构 03-11 17:00 open"
    ));
}

#[test]
fn without_a_claim_the_occurred_time_is_only_shown() {
    supervised().play(
        "03-10 10:00 head:scj report_result occurred_at=2026-03-05T16:00
         = result scj 03-05 17:00 met_late
         03-10 11:00 manager approve_late_entry entry=8 !! no-such-entry",
    );
}

#[test]
fn what_changes_nothing_corrects_nothing() {
    supervised().play(&format!(
        "03-06 10:00 head:scj report_progress {PAPER}
         03-06 11:00 manager approve_late_entry entry=8 => late_entry_approved"
    ));
    // Done after the 督办 went out, the 督办 was right.
    supervised().play(
        "03-10 10:00 head:scj report_result occurred_at=2026-03-09T10:00 late=纸质单
         03-10 11:00 manager approve_late_entry entry=8 => late_entry_approved
         = result scj 03-05 17:00 met_late",
    );
}

#[test]
fn what_went_out_between_entry_and_approval_is_corrected_too() {
    let mut play = supervised();
    play.play(&format!(
        "03-11 09:00 system circulation_drafted
         03-11 10:00 head:scj report_result {PAPER}
         03-11 11:00 manager circulate draft=1
         03-11 12:00 manager approve_late_entry entry=9 => late_entry_approved escalation_corrected escalation_corrected
         = supervision scj 03-10 17:00 met"
    ));
    let copies = play.case(1).copies.iter().filter(|copy| copy.version > 13).map(|copy| copy.to.term());
    assert_eq!(copies.collect::<Vec<_>>(), ["部门", "部门", "同级政府", "同级纪检监察机关"]);
}

#[test]
fn a_late_delivery_moves_every_limit_with_it() {
    let mut play = Play::still(H);
    let paper = "co_departments=[\"zjj\"] occurred_at=2026-03-02T10:00 late=纸质单";
    play.play(&dispatched(H, HARD, paper).replace("03-02 10:00 manager", "03-04 10:00 manager")).play(
        "= plan scj 03-11 17:00 open
         = co_reply zjj 03-10 17:00 open
         03-04 11:00 manager2 approve_late_entry entry=4
         = plan scj 03-09 17:00 open
         = co_reply zjj 03-06 17:00 open
         = sign_for scj 03-03 17:00 open
         03-04 12:00 head:scj dispute_assignment !! dispute-too-late",
    );
}

#[test]
fn shilongs_signature_may_be_on_paper() {
    let mut play = Play::still(S);
    play.play(
        "03-02 09:30 clerk accept
         03-02 09:40 clerk classify kind=ordinary
         03-02 09:50 clerk submit late= occurred_at=2026-03-02T09:45 !! text-empty
         03-02 09:50 clerk submit occurred_at=2026-03-02T09:20 !! occurred-before-acceptance
         03-02 09:50 clerk submit occurred_at=2026-03-02T09:51 !! occurred-in-future
         03-03 09:00 clerk submit occurred_at=2026-03-02T10:00 late=停电
         = triage 窗口 03-02 17:00 met_late
         03-03 10:00 manager approve_late_entry entry=3
         = triage 窗口 03-02 17:00 met
         = review 管理机构 03-03 17:00 open",
    );
}
