//! 派单异议, 改派, 回避.

use crate::common::{CANNOT, H, HARD, ORDINARY, Play, S, dispatched};

fn given(policy: &str, classified: &str, dispatch: &str) -> Play {
    let mut play = Play::swept(policy);
    play.play(&dispatched(policy, classified, dispatch));
    play
}

#[test]
fn upheld_and_reassigned_with_a_full_limit() {
    given(H, CANNOT, "").play(
        "03-03 09:00 system reminded
         03-03 10:00 head:scj dispute_assignment suggested=zjj => assignment_disputed
         03-03 16:00 manager decide_dispute dispute=1 upheld=true => dispute_decided
         = review 管理机构 03-04 17:00 open
         = answer scj 03-05 17:00 open
         03-04 09:00 system reminded
         03-04 10:00 manager reassign from=scj to=zjj => reassigned
         = review 管理机构 03-04 17:00 met
         = answer scj 03-05 17:00 cancelled
         = answer zjj 03-09 17:00 open
         = sign_for zjj 03-05 17:00 open
         03-04 11:00 head:scj explain_inability !! not-assigned
         03-04 12:00 head:zjj explain_inability
         = answer zjj 03-09 17:00 met",
    );
}

#[test]
fn upheld_and_none_of_ours_it_is_referred() {
    let mut play = given(S, ORDINARY, "");
    play.play(
        "03-02 11:00 head:scj dispute_assignment
         03-02 12:00 manager reclassify kind=out_of_scope !! out-of-scope
         03-02 13:00 manager decide_dispute dispute=1 upheld=true
         03-02 14:00 manager reclassify kind=out_of_scope => reclassified
         03-02 15:00 manager refer => referred
         = stage 已函转
         = review 管理机构 03-03 17:00 met
         = result scj 03-09 17:00 cancelled
         = referral_answer 市供水公司 03-09 17:00 open",
    );
    assert_eq!(play.case(1).round().map(|round| round.active().count()), Some(0));
}

#[test]
fn a_co_department_that_has_no_part_in_it_is_left_out() {
    given(H, HARD, "co_departments=[\"zjj\"]").play(
        "03-02 11:00 head:scj sign_for
         03-02 11:30 head:zjj dispute_assignment
         03-02 13:00 manager decide_dispute dispute=1 upheld=true
         03-02 14:00 manager dispatch lead=scj => dispatched
         = co_reply zjj 03-06 17:00 cancelled
         = plan scj 03-09 17:00 open
         03-02 15:00 head:zjj give_partial_reply !! not-assigned",
    );
}

#[test]
fn refused_and_too_late() {
    given(H, CANNOT, "").play(
        "03-03 09:00 system reminded
         03-03 10:00 head:scj dispute_assignment
         03-03 11:00 manager decide_dispute dispute=1 upheld=false => dispute_decided
         03-03 11:10 manager decide_dispute dispute=1 upheld=false => nothing
         03-03 11:20 manager decide_dispute dispute=1 upheld=true !! no-such-dispute
         03-03 12:00 head:scj dispute_assignment !! dispute-twice
         03-03 13:00 manager reassign from=scj to=zjj
         03-04 09:00 system reminded
         03-05 09:00 system reminded
         03-05 09:30 head:zjj dispute_assignment !! dispute-too-late",
    );
}

#[test]
fn undecided_it_counts_as_refused() {
    let mut play = given(H, ORDINARY, "");
    play.play("03-02 11:00 head:scj dispute_assignment");
    assert_eq!(play.story.run_until("2026-03-04 08:00"), ["dispute_decided"]);
    play.play("= dispute_decision 管理机构 03-03 17:00 breached");
    assert_eq!(play.case(1).disputes[0].upheld, Some(false));
}

#[test]
fn a_second_dispute_is_for_a_conference_and_its_word_is_final() {
    let mut play = given(H, HARD, "co_departments=[\"zjj\"]");
    play.play(
        r#"03-02 11:00 head:scj dispute_assignment
         03-02 11:30 head:zjj dispute_assignment
         = consultation 管理机构 03-03 17:00 open
         = dispute_decision 管理机构 03-03 17:00 cancelled
         03-02 12:00 manager decide_dispute dispute=1 upheld=true !! consultation-only
         03-02 12:00 manager reassign from=scj to=rsj !! consultation-only
         03-04 09:00 system reported_to_parent
         03-04 10:00 manager consult lead=rsj departments=["rsj","zjj"] => consulted
         = consultation 管理机构 03-03 17:00 met_late
         = review 管理机构 03-05 17:00 open
         03-04 11:00 manager reassign from=scj to=gaj !! consultation-only
         03-04 11:00 manager dispatch lead=gaj !! consultation-only
         03-04 12:00 manager reassign from=scj to=rsj
         = review 管理机构 03-05 17:00 met
         = plan rsj 03-11 17:00 open
         03-04 13:00 head:rsj dispute_assignment !! consultation-only"#,
    );
    let mut kept = given(H, HARD, "co_departments=[\"zjj\"]");
    kept.play(
        r#"03-02 11:00 head:scj dispute_assignment
         03-02 11:30 head:zjj dispute_assignment
         03-02 14:00 manager consult lead=scj departments=["scj","zjj"]"#,
    );
    assert!(kept.case(1).disputes.iter().all(|dispute| dispute.upheld == Some(false)));
    assert!(kept.case(1).clocks.open().all(|running| running.obligation.kind.name() != "review"));
}

#[test]
fn a_result_ends_the_quarrel() {
    let mut play = given(H, HARD, "co_departments=[\"zjj\"]");
    play.play(
        "03-02 11:00 head:scj dispute_assignment
         03-02 11:30 head:zjj dispute_assignment
         03-02 12:00 head:scj report_result
         03-02 13:00 manager check_quality passed=false
         03-02 14:00 manager decide_dispute dispute=1 upheld=true !! no-such-dispute
         03-02 15:00 manager reassign from=zjj to=rsj
         03-02 16:00 complainant withdraw
         03-02 16:10 manager consult lead=scj departments=[\"scj\"] !! case-ended",
    );
}

#[test]
fn a_breach_stays_with_the_department_that_had_the_work() {
    given(H, ORDINARY, "limit_working_days=1").play(
        "03-03 09:00 system reminded reminded
         03-03 10:00 head:scj sign_for
         03-04 09:00 system supervision_issued
         03-04 10:00 manager reassign from=scj to=zjj limit_working_days=4
         = result scj 03-03 17:00 breached
         = supervision scj 03-06 17:00 cancelled
         = result zjj 03-10 17:00 open
         03-05 09:00 system reminded",
    );
}

#[test]
fn the_person_concerned_neither_handles_nor_sees_it() {
    let accepted = r#"accept complained_about=[{"staff":"handler-scj"},{"staff":"manager2"}]"#;
    let mut play = Play::swept(H);
    play.play(&dispatched(H, ORDINARY, "").replacen("accept", accepted, 1)).play(
        "03-02 10:30 handler:scj sign_for !! recused
         03-02 10:30 manager2 reassign from=scj to=zjj !! recused
         03-02 10:30 clerk terminate ground=refuses_information approved_by=manager2 !! handler-complained-about
         03-02 11:00 head:scj assign_handler handler=handler-scj !! handler-complained-about
         03-02 11:10 head:scj assign_handler handler=handler2:scj
         03-02 11:20 head:scj recuse who=manager !! wrong-role
         03-02 11:30 head:scj recuse who=handler2:scj => recused
         03-02 11:40 head:scj assign_handler handler=handler2:scj !! handler-complained-about
         03-02 11:50 clerk recuse who=clerk => recused
         03-02 11:55 clerk correct_contact telephone=13900000000 !! recused",
    );
    let handler = play.case(1).round().and_then(|round| round.lead()?.handler.clone());
    assert_eq!(handler, None);
}
