//! 函转: it leaves the house and stays tracked (H-三(一)).

use crate::common::{H, OUTSIDE, Play, S, submitted};

#[test]
fn two_letters_then_terminated() {
    let mut play = Play::swept(H);
    play.play(&submitted(OUTSIDE)).play(
        "03-02 09:55 manager dispatch lead=scj !! out-of-scope
         03-02 10:00 manager refer => referred
         = inform 窗口 03-02 17:00 open
         = referral_answer 市供水公司 03-09 17:00 open
         03-02 11:00 clerk inform_complainant about=referred
         03-05 10:00 manager send_reminder_letter !! letter-too-early
         03-10 09:00 system reminder_letter_sent
         03-11 09:00 manager terminate ground=referral_unanswered !! cannot-terminate
         03-11 10:00 manager send_reminder_letter !! letter-too-early
         03-18 09:00 system reminder_letter_sent
         03-30 10:00 manager send_reminder_letter !! letters-exhausted
         03-30 10:00 clerk terminate ground=referral_unanswered !! needs-approval
         03-30 10:00 clerk terminate ground=referral_unanswered approved_by=manager => terminated
         = stage 终止办理
         = referral_answer 市供水公司 03-09 17:00 breached
         = inform 窗口 03-30 17:00 open
         03-30 11:00 clerk inform_complainant about=terminated
         = inform 窗口 03-30 17:00 met",
    );
    assert_eq!(play.case(1).clocks.open().count(), 0);
}

#[test]
fn answered_the_answer_told_at_call_back_is_the_feedback() {
    for (policy, owner) in [(H, "管理机构"), (S, "窗口")] {
        let mut play = Play::swept(policy);
        play.play(&submitted(OUTSIDE)).play(&format!(
            "03-02 10:00 manager refer
             03-02 11:00 clerk inform_complainant about=referred
             03-05 10:00 clerk record_referral_answer => referral_answered
             = referral_answer 市供水公司 03-09 17:00 met
             = call_back {owner} 03-09 17:00 open
             03-05 11:00 clerk close !! cannot-close
             03-06 10:00 clerk call_back rating=satisfied
             03-06 10:05 clerk close => closed"
        ));
        assert!(play.clock("feedback", None).is_none() && play.clock("quality_check", None).is_none());
        assert!(play.case(1).rounds[0].fed_back_at.is_some());
    }
}

#[test]
fn unsatisfied_with_the_answer_it_is_terminated_and_told() {
    let mut play = Play::swept(H);
    play.play(&submitted(OUTSIDE)).play(
        "03-02 10:00 manager refer
         03-02 11:00 clerk inform_complainant about=referred
         03-05 10:00 clerk record_referral_answer
         03-06 10:00 clerk call_back rating=dissatisfied
         = review 管理机构 03-09 17:00 open
         03-06 11:00 manager return_for_rework !! wrong-stage
         03-06 12:00 manager terminate
         = review 管理机构 03-09 17:00 met
         = inform 窗口 03-06 17:00 open
         03-06 13:00 clerk inform_complainant about=terminated
         03-09 10:00 manager reopen
         = review 管理机构 03-10 17:00 open
         03-09 11:00 manager refer unit=县供水公司
         = referral_answer 县供水公司 03-16 17:00 open",
    );
}

#[test]
fn another_centres_answer_comes_once() {
    let mut play = Play::swept(H);
    let answer =
        format!("clerk record_referral_answer linked={{\"case\":\"{}\",\"version\":9}}", cases::story::Story::id(77));
    play.play(&submitted(OUTSIDE)).play(&format!(
        "03-02 10:00 manager refer to={{\"centre\":{{\"code\":\"410404\"}}}} !! addressee-empty
         03-02 10:00 manager refer to={{\"centre\":{{\"code\":\"410400\"}}}}
         = referral_answer 410400 03-09 17:00 open
         03-02 11:00 clerk inform_complainant about=referred
         03-04 10:00 {answer} => referral_answered
         03-04 10:01 {answer} => nothing
         03-04 10:02 clerk record_referral_answer !! no-referral"
    ));
}

#[test]
fn a_cross_level_matter_of_any_kind_may_be_referred() {
    let mut play = Play::swept(H);
    play.play(&submitted("kind=hard_to_do ground=hard_to_trace several_levels=true")).play(
        "03-02 10:00 manager refer to={\"centre\":{\"code\":\"410000\"}}
         = stage 已函转",
    );
}
