//! 催办, 督办, 通报, 常态化抄送: what happens by itself, and what withholding costs.

use cases::{CaseEvent, story::Story};

use crate::common::{H, HARD, ORDINARY, Play, S, WITHHELD, dispatched, log_of};

fn given(policy: &str, classified: &str, dispatch: &str) -> Play {
    let mut play = Play::swept(policy);
    play.play(&dispatched(policy, classified, dispatch)).play("03-02 11:00 head:scj sign_for");
    play
}

#[test]
fn an_unsigned_draft_goes_to_the_parent_and_issues_itself() {
    let mut play = given(S, ORDINARY, "limit_working_days=2");
    play.play(
        "03-03 09:00 system reminded
         03-05 09:00 system supervision_drafted
         = sign_draft 签发人 03-06 17:00 open
         03-09 09:00 system reported_to_parent
         03-10 09:00 system supervision_issued
         = sign_draft 签发人 03-06 17:00 breached
         = supervision scj 03-12 17:00 open
         03-13 09:00 system circulation_drafted
         03-17 09:00 system reported_to_parent
         03-18 09:00 system circulated reported_to_government copied_to_discipline
         = result scj 03-04 17:00 open",
    );
    // Nobody ever acts: nothing is left that the system could do.
    assert!(play.story.run_until("2026-12-31 17:00").is_empty());
}

#[test]
fn a_later_result_does_not_cancel_the_circulation() {
    let mut play = given(H, ORDINARY, "limit_working_days=2");
    play.play(
        "03-03 09:00 system reminded
         03-05 09:00 system supervision_issued
         = supervision scj 03-09 17:00 open
         03-09 18:00 head:scj report_result
         = supervision scj 03-09 17:00 met_late
         03-10 09:00 system circulation_drafted
         03-10 10:00 manager circulate draft=1",
    );
    let mut met = given(H, ORDINARY, "limit_working_days=2");
    met.play("03-03 09:00 system reminded\n03-05 09:00 system supervision_issued\n03-09 17:00 head:scj report_result");
    met.play(
        "03-10 10:00 manager check_quality\n03-10 11:00 clerk call_back rating=satisfied\n03-10 12:00 clerk feed_back",
    );
}

#[test]
fn withheld_with_a_reason_and_seen_by_discipline() {
    let mut play = given(S, ORDINARY, "limit_working_days=2");
    play.play(
        "03-03 09:00 system reminded
         03-05 09:00 system supervision_drafted
         03-05 10:00 manager withhold_escalation draft=1 => escalation_withheld
         = sign_draft 签发人 03-06 17:00 met
         03-05 11:00 manager withhold_escalation draft=1 !! no-such-draft
         03-05 11:00 leader issue_supervision obligation=4 draft=1 !! no-such-draft
         03-05 11:00 liaison acknowledge_copy copy=10",
    );
    assert!(play.story.run_until("2026-12-31 17:00").is_empty());
}

#[test]
fn reworked_and_unsatisfied_again_is_supervised_at_once() {
    let round = |day: &str| {
        format!(
            "{day} 09:10 head:scj report_result\n{day} 10:00 manager check_quality\n\
             {day} 11:00 clerk call_back rating=dissatisfied\n{day} 12:00 manager return_for_rework\n"
        )
    };
    // A check that failed between the two changes nothing.
    let failed = "03-04 10:00 head:scj report_result\n03-04 11:00 manager check_quality passed=false\n";
    for between in ["", failed] {
        let mut play = given(H, ORDINARY, "limit_working_days=10");
        play.play(&round("03-03")).play("03-04 09:00 system reminded").play(between);
        let early =
            if between.is_empty() { "" } else { "03-04 11:00 system routine_copy_sent\n03-05 09:00 system reminded\n" };
        play.play(early).play(&round("03-05"));
        let sweep = if between.is_empty() { "03-05 12:00 system routine_copy_sent\n" } else { "" };
        play.play(sweep).play(
            "03-06 09:00 system reminded supervision_issued
             = result scj 03-19 17:00 open
             = supervision scj 03-10 17:00 open
             03-10 10:00 head:scj report_result
             = supervision scj 03-10 17:00 met",
        );
    }
}

#[test]
fn a_letter_speaks_of_the_moment_at_which_it_was_drafted_and_states_what_came_since() {
    let round = |day: &str| {
        format!(
            "{day} 10:00 head:scj report_result\n{day} 11:00 manager check_quality\n\
             {day} 12:00 clerk call_back rating=dissatisfied\n{day} 13:00 manager return_for_rework\n"
        )
    };
    let mut play = given(S, HARD, "");
    play.play(&round("03-03")).play("03-04 09:00 system reminded\n").play(&round("03-04")).play(
        "03-04 13:00 system routine_copy_sent
         03-05 09:00 system reminded supervision_drafted
         03-05 10:00 head:scj propose_plan
         03-05 11:00 leader issue_supervision obligation=14 draft=1",
    );
    let issued = log_of(&play.story, Story::id(1)).last().map(|entry| entry.event.clone());
    let Some(CaseEvent::SupervisionIssued(issued)) = issued else { panic!("issued") };
    let kind = |version: &u64| play.case(1).entries[version].kind;
    assert_eq!(kind(&issued.facts.as_of_version), "supervision_drafted");
    assert_eq!(issued.facts.since.iter().map(kind).collect::<Vec<_>>(), ["plan_proposed"]);
    assert_eq!(issued.trigger.term(), "退回重办后仍不满意");
}

#[test]
fn reminders_go_out_once_in_office_hours_and_are_not_made_up() {
    let mut play = given(H, ORDINARY, "");
    play.play(
        "03-03 12:30 manager remind obligation=4 !! office-closed
         03-03 16:00 manager remind obligation=4 => reminded
         03-03 20:00 manager remind obligation=4 !! office-closed",
    );
    // The sweep was down for all of 03-06: the reminder is missed, the 督办 comes late and once.
    let mut down = Play::still(H);
    down.play(&dispatched(H, ORDINARY, "")).play(
        "03-02 11:00 head:scj sign_for
         03-09 10:00 system
         03-17 10:00 system supervision_issued
         = supervision scj 03-19 17:00 open
         03-17 10:00 system
         03-18 10:00 system",
    );
    // Later on the same day, in office hours, it still goes out.
    let mut slow = Play::still(H);
    slow.play(&dispatched(H, ORDINARY, "")).play(
        "03-02 11:00 head:scj sign_for
         03-06 08:00 system
         03-06 12:30 system
         03-06 16:00 system reminded
         03-06 16:30 system",
    );
}

#[test]
fn co_departments_are_reminded_and_flagged_but_not_supervised() {
    let mut play = given(H, HARD, "co_departments=[\"zjj\"]");
    play.play(
        "03-03 09:00 system reminded
         03-05 09:00 system reminded
         03-06 09:00 system reminded
         03-09 10:00 head:scj propose_plan promised=2026-06-10 complainant_told=true
         = co_reply zjj 03-06 17:00 open",
    );
    // zjj never signed and never replied; neither is supervised.
    assert!(play.story.run_until("2026-06-08 12:00").is_empty());
}

#[test]
fn the_centres_own_lateness_is_seen_by_the_parent() {
    let mut play = Play::swept(H);
    play.play("03-02 09:30 clerk accept\n03-02 09:40 clerk classify kind=ordinary\n03-02 09:50 clerk submit");
    play.play(
        "03-04 09:00 system reported_to_parent
         03-04 10:00 manager report_to_parent obligation=2 => nothing
         03-05 10:00 manager dispatch lead=scj
         03-05 11:00 head:scj report_result
         03-09 09:00 system reported_to_parent
         03-09 10:00 manager check_quality
         03-12 09:00 system reported_to_parent
         03-12 10:00 clerk call_back rating=satisfied
         03-16 09:00 system reported_to_parent
         03-16 10:00 clerk feed_back
         03-16 11:00 clerk close",
    );
}

#[test]
fn withheld_is_copied_once_the_managing_body_let_it_stand() {
    let mut changed = Play::swept(H);
    changed.play(
        "03-02 09:30 clerk accept
         03-02 09:40 clerk classify kind=withheld ground=refused
         03-02 09:50 clerk submit
         03-02 10:00 manager reclassify kind=ordinary
         03-02 11:00 manager dispatch lead=scj
         03-02 12:00 head:scj report_result",
    );
    let mut play = Play::swept(H);
    play.play(&dispatched(H, WITHHELD, "limit_working_days=5")).play(
        "03-02 10:00 system routine_copy_sent
         03-02 11:00 manager send_routine_copy ground=withheld_confirmed => nothing
         03-02 12:00 manager send_routine_copy ground=returned_repeatedly => nothing",
    );
}
