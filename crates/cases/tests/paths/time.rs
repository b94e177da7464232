//! 延期, 中止, 改类, 承诺改期: clocks that move while they run.

use crate::common::{CANNOT, H, HARD, ORDINARY, Play, S, WITHHELD, dispatched};

/// Dispatched on 03-02 and signed for.
fn given(policy: &str, classified: &str, dispatch: &str) -> Play {
    let mut play = Play::swept(policy);
    play.play(&dispatched(policy, classified, dispatch)).play("03-02 11:00 head:scj sign_for");
    play
}

#[test]
fn an_extension_asked_for_in_time_holds_the_supervision_back() {
    given(H, ORDINARY, "").play(
        "03-06 09:00 system reminded
         03-09 16:00 head:scj request_extension to=2026-03-24 !! extension-too-long
         03-09 16:00 head:scj request_extension to=2026-03-09 !! not-later
         03-09 16:00 head:scj request_extension to=2026-03-17 => extension_requested
         03-10 10:00 manager issue_supervision obligation=4 !! extension-pending
         03-10 11:00 manager grant_extension to=2026-03-18 !! extension-grant-too-long
         03-10 12:00 manager grant_extension => extension_granted
         = result scj 03-17 17:00 open
         = inform 窗口 03-10 17:00 open",
    );
}

#[test]
fn refused_or_undecided_the_supervision_comes_at_the_next_opening() {
    given(H, ORDINARY, "").play(
        "03-06 09:00 system reminded
         03-09 16:00 head:scj request_extension to=2026-03-17
         03-10 11:00 manager refuse_extension
         03-10 11:00 system supervision_issued",
    );
    let mut play = given(H, ORDINARY, "");
    play.play("03-06 09:00 system reminded\n03-09 16:00 head:scj request_extension to=2026-03-17");
    assert_eq!(play.story.run_until("2026-03-11 12:00"), ["extension_refused", "supervision_issued"]);
    play.play("= extension_decision 管理机构 03-10 17:00 breached");
}

#[test]
fn articles_own_days_are_not_extended_nor_what_is_late() {
    let asked = "\n03-02 12:00 head:scj request_extension to=2026-03-10 !! not-extendable";
    Play::still(S).play(&(dispatched(S, WITHHELD, "") + asked));
    given(H, CANNOT, "").play("03-02 12:00 head:scj request_extension to=2026-03-10 !! not-extendable");
    given(H, ORDINARY, "").play(
        "03-06 09:00 system reminded
         03-10 08:00 head:scj request_extension to=2026-03-17 !! extension-too-late",
    );
}

#[test]
fn a_pause_gives_back_whole_working_days_and_ends_by_itself() {
    given(H, CANNOT, "").play(
        "03-03 10:00 head:scj pause until=2026-03-11 !! needs-approval
         03-03 10:00 head:scj pause until=2026-03-11 approved_by=manager => paused
         = inform 窗口 03-03 17:00 open
         = answer scj 03-05 17:00 open
         03-03 11:00 manager pause until=2026-03-11 !! already-paused
         03-12 09:00 system resumed reminded
         = answer scj 03-13 17:00 open
         03-13 17:00 head:scj explain_inability
         = answer scj 03-13 17:00 met",
    );
}

#[test]
fn resumed_by_hand() {
    given(H, CANNOT, "").play(
        "03-03 10:00 manager pause until=2026-03-20
         03-04 12:00 head:zjj resume !! not-assigned
         03-05 12:00 manager resume => resumed
         = answer scj 03-06 17:00 open",
    );
}

#[test]
fn no_due_time_passes_during_a_pause_however_short() {
    // From 10:00 on the last day to noon of the next no whole day passes; the answer is due by that day's closing.
    given(H, CANNOT, "").play(
        "03-04 09:00 system reminded
         03-05 10:00 manager pause until=2026-03-10
         03-06 12:00 manager resume
         = answer scj 03-06 17:00 open
         03-06 13:00 head:scj explain_inability
         = answer scj 03-06 17:00 met",
    );
}

#[test]
fn an_answer_during_a_pause_ends_it_first() {
    given(H, CANNOT, "").play(
        "03-03 10:00 manager pause until=2026-03-20
         03-16 10:00 head:scj explain_inability => resumed inability_explained
         = answer scj 03-17 17:00 met",
    );
}

#[test]
fn what_is_late_is_not_paused_and_what_is_paused_not_supervised() {
    given(H, CANNOT, "").play(
        "03-04 09:00 system reminded
         03-06 08:00 manager pause until=2026-03-10 !! pause-overdue",
    );
    given(H, CANNOT, "").play(
        "03-02 12:00 manager pause until=2026-03-02 reason=hearing
         03-02 13:00 manager issue_supervision obligation=4 !! clock-paused
         03-02 13:00 manager pause until=2026-03-02 !! already-paused
         03-02 13:10 manager resume
         03-02 13:20 manager resume !! not-paused
         03-02 14:00 manager pause until=2026-05-29 !! pause-too-long
         03-02 14:00 manager pause until=2026-05-28 => paused
         03-02 14:10 manager resume
         03-02 14:00 manager pause until=2026-03-01 !! not-later",
    );
}

#[test]
fn a_supervision_rests_with_what_it_requires() {
    let unsatisfied =
        "report_result|manager check_quality|clerk call_back rating=dissatisfied|manager return_for_rework";
    let round = |day: &str| {
        let steps = unsatisfied.split('|').enumerate().map(|(i, step)| {
            let who = if i == 0 { "head:scj " } else { "" };
            format!("{day} 1{}:00 {who}{step}\n", i + 1)
        });
        steps.collect::<String>()
    };
    let mut play = given(S, HARD, "");
    play.play(&round("03-03")).play("03-04 09:00 system reminded\n").play(&round("03-04"));
    play.play(
        "03-04 14:00 system routine_copy_sent
         03-05 09:00 system reminded supervision_drafted
         03-05 10:00 leader issue_supervision obligation=14 draft=1
         = supervision scj 03-09 17:00 open
         03-05 11:00 manager pause until=2026-03-12
         03-06 10:00 clerk inform_complainant about=paused
         03-13 09:00 system resumed
         = supervision scj 03-16 17:00 open
         = result scj 03-18 17:00 open",
    );
}

#[test]
fn reclassified_counts_from_the_first_delivery() {
    given(H, HARD, "").play(
        "03-04 10:00 manager reclassify kind=withheld ground=delayed !! limit-missing
         03-04 10:00 manager reclassify kind=withheld ground=delayed limit_working_days=21 !! limit-too-long
         03-04 10:00 manager reclassify kind=cannot_be_done ground=against_law => reclassified
         = plan scj 03-09 17:00 cancelled
         = answer scj 03-05 17:00 open",
    );
}

#[test]
fn reclassified_after_a_reassignment_the_new_department_keeps_its_own_time() {
    given(H, HARD, "").play(
        "03-05 10:00 manager reassign from=scj to=zjj
         03-05 11:00 head:zjj sign_for
         03-05 12:00 manager reclassify kind=cannot_be_done ground=against_law
         = answer zjj 03-10 17:00 open",
    );
}

#[test]
fn reclassified_among_several_nobody_is_let_off_and_a_plan_that_was_told_stays_told() {
    given(H, HARD, "co_departments=[\"zjj\"]").play(
        "03-02 12:00 head:zjj report_progress
         03-03 10:00 head:scj propose_plan promised=2026-03-20 complainant_told=true
         = plan scj 03-09 17:00 met
         03-04 10:00 manager reclassify kind=ordinary limit_working_days=30 !! limit-too-long
         03-04 10:00 manager reclassify kind=cannot_be_done ground=against_law
         = plan scj 03-09 17:00 met
         = result scj 03-20 17:00 open
         = co_reply zjj 03-19 17:00 open",
    );
}

#[test]
fn a_promise_made_under_another_kind_binds() {
    given(H, ORDINARY, "").play(
        "03-03 10:00 head:scj promise on=2026-03-06
         03-03 11:00 manager reclassify kind=hard_to_do ground=hard_to_trace
         = result scj 03-06 17:00 open
         = plan scj 03-09 17:00 open
         03-03 12:00 head:scj propose_plan complainant_told=true
         = plan scj 03-09 17:00 met
         = result scj 03-06 17:00 open",
    );
}

#[test]
fn promises_without_a_plan_and_in_the_past() {
    given(H, HARD, "").play(
        "03-03 10:00 head:scj revise_promise on=2026-03-10 !! no-promise
         03-03 10:00 head:scj inform_complainant about=plan !! no-plan
         03-03 10:00 head:scj promise on=2026-03-02 !! promise-in-past
         03-03 10:00 head:scj promise on=2026-03-13 => promised
         03-03 10:10 head:scj promise on=2026-03-13 => nothing
         = result scj 03-13 17:00 open
         03-03 11:00 head:scj propose_plan promised=2026-03-16 !! promise-needs-extension
         03-03 11:00 head:scj propose_plan complainant_told=true
         = plan scj 03-09 17:00 met
         03-12 09:00 system reminded
         03-13 18:00 head:scj revise_promise on=2026-03-16 !! promise-needs-extension",
    );
}
