//! The other ways in which a case ends, and begins again.

use cases::{CaseEvent, case::closing::closed::UnratedReason, story::Story};

use crate::common::{CANNOT, H, ORDINARY, Play, S, WITHHELD, dispatched, log_of, submitted};

#[test]
fn anonymous() {
    for policy in [H, S] {
        let mut play = Play::swept(policy);
        play.play(&dispatched(policy, CANNOT, "").replacen("accept", "accept anonymous=true", 1)).play(
            "03-02 11:00 head:scj explain_inability
             03-02 12:00 manager check_quality
             03-02 13:00 clerk call_back !! no-contact-to-call
             03-02 13:00 clerk feed_back !! no-contact-to-call
             03-02 14:00 clerk close => closed
             = stage 已销号",
        );
        let Some(CaseEvent::Closed(closed)) = log_of(&play.story, Story::id(1)).last().map(|e| e.event.clone()) else {
            panic!("closed")
        };
        assert_eq!((closed.rating, closed.unrated.map(UnratedReason::term)), (None, Some("匿名")));
    }
}

#[test]
fn unreachable() {
    let mut play = Play::swept(H);
    play.play(&dispatched(H, ORDINARY, "")).play(
        "03-02 11:00 head:scj report_result
         03-02 12:00 manager check_quality
         = call_back 管理机构 03-04 17:00 open
         03-02 14:00 clerk attempt_call_back
         03-02 15:00 clerk attempt_call_back
         03-02 16:00 clerk attempt_call_back
         03-02 16:10 clerk establish_unreachable !! too-few-attempts
         03-03 10:00 clerk attempt_call_back
         03-03 10:10 clerk establish_unreachable => unreachable_established
         = call_back 管理机构 03-04 17:00 met
         03-03 11:00 clerk close => closed",
    );
    let Some(CaseEvent::Closed(closed)) = log_of(&play.story, Story::id(1)).last().map(|e| e.event.clone()) else {
        panic!("closed")
    };
    assert_eq!((closed.rating, closed.unrated.map(UnratedReason::term)), (None, Some("联系不上")));
}

#[test]
fn terminated_where_it_is_lawful_and_was_told() {
    let mut play = Play::swept(H);
    play.play(&dispatched(H, CANNOT, "")).play(
        "03-02 11:00 head:scj explain_inability
         03-02 11:30 head:scj report_progress !! wrong-stage
         03-02 12:00 manager check_quality
         03-02 12:50 complainant rate rating=satisfied
         03-02 12:55 manager terminate !! cannot-terminate
         03-02 13:00 clerk call_back rating=dissatisfied
         03-02 13:10 manager terminate !! reason-not-told
         03-02 13:20 clerk feed_back
         03-02 13:30 clerk terminate approved_by=leader !! needs-approval
         03-02 13:40 manager terminate approved_by=manager !! needs-second-person
         03-02 14:00 manager terminate => terminated
         = stage 终止办理
         = inform 窗口 03-02 17:00 open
         03-02 14:10 clerk inform_complainant about=terminated
         = inform 窗口 03-02 17:00 met",
    );
    assert_eq!(play.case(1).clocks.open().count(), 0);
}

#[test]
fn withdrawn_and_continued_ex_officio() {
    let mut play = Play::swept(H);
    let both = format!("{WITHHELD} departments=[\"scj\",\"zjj\"]");
    play.play(&dispatched(H, &both, "co_departments=[\"zjj\"]")).play(
        r#"03-02 10:00 system routine_copy_sent
         03-02 11:00 head:scj propose_plan promised=2026-03-10 complainant_told=true
         03-02 12:00 complainant withdraw => withdrawn
         = stage 已撤回
         = result scj 03-10 17:00 cancelled
         = co_reply zjj 03-06 17:00 cancelled
         03-04 10:00 manager continue_ex_officio => continued_ex_officio
         = stage 审核中
         = review 管理机构 03-05 17:00 open
         03-04 11:00 head:scj report_result !! wrong-stage
         03-04 12:00 manager dispatch lead=zjj co_departments=["rsj"]
         = plan zjj 03-11 17:00 open
         = co_reply rsj 03-10 17:00 open
         03-04 13:00 head:scj report_result !! not-assigned
         03-04 14:00 head:zjj propose_plan promised=2026-03-20 complainant_told=true => plan_proposed promised
         = plan zjj 03-11 17:00 met
         = result zjj 03-20 17:00 open"#,
    );
}

#[test]
fn only_what_was_found_withheld_is_continued() {
    let mut play = Play::swept(H);
    play.play(&submitted(ORDINARY)).play(
        "03-02 10:00 manager continue_ex_officio !! not-withdrawn
         03-02 11:00 complainant withdraw
         03-02 12:00 manager continue_ex_officio !! not-withheld",
    );
    let mut seen = Play::swept(H);
    // Found at the window alone and withdrawn before anybody reviewed it: nothing is confirmed, nothing is copied.
    seen.play("03-02 09:30 clerk accept\n03-02 09:40 clerk classify kind=withheld ground=refused\n03-02 10:00 complainant withdraw");
    assert!(seen.story.run_until("2026-04-01 09:00").is_empty());
}

#[test]
fn merged_both_say_so() {
    let mut play = Play::swept(H);
    play.play(&submitted(ORDINARY)).play(
        "03-02 10:00 clerk @2 accept
         03-02 10:05 clerk @2 note_suspected_repeat of=@1 basis=same_text => suspected_repeat_noted
         03-02 10:10 clerk @2 merge into=@2 !! same-case
         03-02 10:10 clerk @2 merge into=@9 !! other-case-missing
         03-02 10:10 clerk @2 merge into=@1 => merged merged
         03-02 10:20 clerk @3 accept
         03-02 10:25 clerk note_suspected_repeat of=@2 basis=same_matter
         03-02 10:30 clerk @3 merge into=@2 !! case-ended
         03-02 10:40 clerk @3 merge into=@1
         03-02 10:40 system routine_copy_sent",
    );
    assert_eq!(
        play.case(1).intake.as_ref().map(|intake| intake.absorbed.clone()),
        Some(vec![Story::id(2), Story::id(3)])
    );
    assert_eq!(play.case(1).stage.term(), "审核中");
    for absorbed in [2, 3] {
        assert_eq!(play.case(absorbed).stage.term(), "已并单");
        assert_eq!(play.case(absorbed).clocks.open().count(), 0);
    }
    play.play("03-02 11:00 manager @2 reopen !! cannot-reopen");
}

#[test]
fn split_each_has_clocks_of_its_own() {
    let mut play = Play::swept(S);
    play.play("03-02 09:30 clerk accept\n03-02 15:00 clerk split => split accepted");
    play.play("03-03 10:00 clerk split !! already-accepted");
    let split: Vec<_> = play.case(2).clocks.all().iter().map(crate::common::show).collect();
    assert_eq!(split, ["triage 窗口 03-02 17:00 open"]);
    let intake = play.case(2).intake.clone().expect("accepted");
    assert_eq!(
        (intake.split_from, intake.name.map(|name| name.text().to_owned())),
        (Some(Story::id(1)), Some("张三".into()))
    );
}

/// Who was recused from a case neither handles nor sees what comes of it.
#[test]
fn a_recusal_goes_on_where_the_matter_does() {
    let recused = "03-02 09:30 clerk accept\n03-02 09:40 manager recuse who=handler-scj reason=亲属 => recused";
    let mut play = Play::swept(S);
    play.play(recused).play("03-02 15:00 clerk split => split accepted recused");
    assert!(play.case(2).concerns(&"handler-scj".parse().expect("an id")));
    let mut play = Play::swept(H);
    play.play(recused).play(
        "03-02 09:50 clerk @2 accept
         03-02 09:55 clerk @3 accept
         03-02 10:00 clerk merge into=@2 reason=同一件事 => merged merged recused
         03-02 10:10 clerk @2 merge into=@3 reason=同一件事 => merged merged recused",
    );
    assert!(play.case(3).concerns(&"handler-scj".parse().expect("an id")));
}

#[test]
fn reopened_for_a_year() {
    let closed = "03-02 09:30 clerk accept\n03-02 09:40 clerk classify kind=ordinary\n\
                  03-02 10:00 clerk settle_on_the_spot rating=satisfied\n03-02 10:05 clerk close\n";
    let mut play = Play::swept(H);
    play.play(closed).play(
        "2027-03-03 10:00 manager reopen !! reopen-too-late
         2027-03-02 16:00 manager reopen => reopened
         = review 管理机构 2027-03-03 17:00~ open
         2027-03-02 16:10 manager dispatch lead=scj
         = result scj 2027-03-09 17:00~ open
         2027-03-02 16:20 head:scj report_result
         2027-03-02 16:30 manager check_quality
         2027-03-02 16:40 clerk close !! cannot-close
         2027-03-02 16:50 clerk call_back rating=satisfied
         2027-03-02 16:51 clerk feed_back
         2027-03-02 16:52 clerk close",
    );
    assert_eq!((play.case(1).rounds.len(), play.case(1).reopened), (2, 1));
    let mut declined = Play::swept(H);
    declined.play("03-02 09:30 clerk accept\n03-02 10:00 manager decline\n03-02 11:00 manager reopen !! cannot-reopen");
}

/// A 历史件 carries one obligation, judged by occurred time; nothing is ever sent for it.
#[test]
fn historical() {
    let scj = r#"by={"id":"admin","role":"system_administrator","office":"department:scj"}"#;
    for (replied, outcome) in [("", "open"), ("17:00", "met"), ("17:01", "met_late")] {
        let mut play = Play::swept(H);
        play.play(
            "03-02 10:00 admin accept historical=true anonymous=true imported=2022-09-29T10:00
             03-02 10:00 admin classify kind=ordinary imported=2022-09-29T10:00
             03-02 10:00 admin dispatch lead=scj imported=2022-09-30T10:00",
        );
        if !replied.is_empty() {
            play.play(&format!("03-02 10:00 admin report_result {scj} imported=2022-10-12T{replied}"));
        }
        // Five days from 09-30: the holiday ends on 10-07, 10-08 and 10-09 are worked.
        assert_eq!(play.clocks(), [format!("result scj 2022-10-12 17:00 {outcome}")]);
        assert!(play.story.run_until("2026-12-31 17:00").is_empty());
        play.play("12-31 17:00 manager remind obligation=1 !! historical-case");
    }
}

/// Nothing is ever due of a 历史件, so that nobody at the window may make one of a living case.
#[test]
fn only_an_import_makes_history() {
    Play::swept(H).play(
        "03-02 09:30 clerk accept historical=true !! wrong-role
         03-02 09:30 admin accept imported=2026-03-01T10:00 !! late-claim-not-allowed",
    );
}
