//! The scripted case of the issue under each policy, from 受理 to 销号 with everything between.

use cases::obligation::Outcome;

use crate::common::{H, Play, S, outcomes};

#[test]
fn henan() {
    let mut play = Play::swept(H);
    play.play(
        "03-02 09:30 clerk accept => accepted
         = triage 窗口 03-02 17:00 open
         03-02 09:40 clerk classify kind=withheld ground=refused => classified
         03-02 09:50 clerk submit => submitted
         = triage 窗口 03-02 17:00 met
         = review 管理机构 03-03 17:00 open
         03-02 09:55 manager dispatch lead=scj !! limit-missing
         03-02 10:00 manager dispatch lead=scj limit_working_days=3 => dispatched
         03-02 10:00 system routine_copy_sent
         = result scj 03-05 17:00 open
         03-02 11:00 head:scj sign_for => signed_for
         = sign_for scj 03-03 17:00 met
         03-04 09:00 system reminded
         03-06 09:00 system supervision_issued
         = supervision scj 03-10 17:00 open
         03-09 10:00 head:scj answer_supervision => supervision_answered
         = supervision scj 03-10 17:00 open
         03-11 09:00 system circulation_drafted
         = sign_draft 签发人 03-12 17:00 open
         03-11 10:00 manager circulate draft=1 => circulated reported_to_government copied_to_discipline
         = sign_draft 签发人 03-12 17:00 met
         = supervision scj 03-10 17:00 breached
         = result scj 03-05 17:00 open
         03-11 11:00 liaison acknowledge_copy copy=13 => copy_acknowledged
         03-12 10:00 head:scj report_result => result_reported
         = result scj 03-05 17:00 met_late
         = quality_check 管理机构 03-13 17:00 open
         03-12 15:00 manager check_quality => quality_checked
         = call_back 管理机构 03-16 17:00 open
         03-13 10:00 clerk call_back rating=dissatisfied => called_back rated
         = feedback 窗口 03-16 17:00 open
         = review 管理机构 03-16 17:00 open
         03-13 10:30 clerk close !! cannot-close
         03-13 15:00 manager return_for_rework => returned_for_rework
         = feedback 窗口 03-16 17:00 cancelled
         = review 管理机构 03-16 17:00 met
         = result scj 03-18 17:00 open
         = sign_for scj 03-16 17:00 open
         03-16 09:00 system reminded
         03-16 10:00 handler:scj sign_for => signed_for
         03-17 09:00 system reminded
         03-17 10:00 head:scj report_result => result_reported
         = result scj 03-18 17:00 met
         03-17 14:00 manager check_quality => quality_checked
         = call_back 管理机构 03-19 17:00 open
         03-18 10:00 clerk call_back rating=satisfied => called_back rated
         = feedback 窗口 03-19 17:00 open
         03-18 10:30 clerk close !! cannot-close
         03-18 11:00 clerk feed_back => fed_back
         03-18 11:05 clerk close => closed
         = stage 已销号",
    );
    let case = play.case(1);
    assert_eq!(case.rounds.len(), 2);
    assert_eq!(case.clocks.open().count(), 0);
    let ended = outcomes(case);
    assert_eq!((ended[&Outcome::MetLate], ended[&Outcome::Breached], ended[&Outcome::Cancelled]), (1, 1, 1));
    assert!(play.story.run_until("2026-12-31 17:00").is_empty(), "what is closed is left alone");
}

#[test]
fn shilong() {
    let mut play = Play::swept(S);
    play.play(
        r#"03-02 09:30 clerk accept
         03-02 09:40 clerk classify kind=withheld ground=delayed departments=["scj","zjj"] => classified
         = consultation 管理机构 03-03 17:00 open
         03-02 09:50 clerk submit to=leader => submitted
         03-02 09:51 leader dispatch lead=scj co_departments=["zjj"] urged_by=officer !! signature-missing
         03-02 09:55 officer sign => signed
         03-02 09:56 officer sign => nothing
         03-02 10:00 leader sign => signed
         03-02 10:01 leader dispatch lead=scj co_departments=["zjj"] !! urger-missing
         03-02 10:02 leader dispatch lead=scj co_departments=["zjj"] urged_by=officer !! consultation-missing
         03-02 10:10 manager consult lead=scj departments=["scj","zjj"] => consulted
         = consultation 管理机构 03-03 17:00 met
         03-02 10:20 leader dispatch lead=scj co_departments=["zjj"] urged_by=officer => dispatched
         03-02 10:20 system routine_copy_sent
         = result scj 03-09 17:00 open
         = co_reply zjj 03-06 17:00 open
         03-02 11:00 head:scj assign_handler handler=handler-scj => handler_assigned
         = sign_for scj 03-03 17:00 met
         03-03 09:00 system reminded
         03-03 10:00 head:zjj sign_for
         03-05 09:00 system reminded
         03-06 09:00 system reminded
         03-06 10:00 handler:zjj give_partial_reply => partial_reply_given
         = co_reply zjj 03-06 17:00 met
         03-10 09:00 system supervision_drafted
         = sign_draft 签发人 03-11 17:00 open
         03-10 10:00 leader issue_supervision obligation=6 draft=1 => supervision_issued
         = supervision scj 03-12 17:00 open
         03-13 09:00 system circulation_drafted
         = sign_draft 签发人 03-16 17:00 open
         03-13 10:00 manager circulate draft=2 => circulated reported_to_government copied_to_discipline
         03-16 10:00 handler:scj report_result => result_reported
         = feedback 窗口 03-17 17:00 open
         = quality_check 管理机构 03-17 17:00 open
         03-16 11:00 clerk feed_back => fed_back
         = feedback 窗口 03-17 17:00 met
         03-16 14:00 manager check_quality => quality_checked
         = call_back 窗口 03-18 17:00 open
         03-17 10:00 clerk call_back rating=very_dissatisfied => called_back rated
         03-17 11:00 manager return_for_rework => returned_for_rework
         = result scj 03-24 17:00 open
         = co_reply zjj 03-23 17:00 open
         03-17 14:00 head:scj sign_for
         03-17 14:10 head:zjj give_partial_reply
         03-19 10:00 handler:scj report_result
         = feedback 窗口 03-20 17:00 open
         03-19 11:00 clerk feed_back
         03-19 14:00 manager check_quality
         = call_back 窗口 03-23 17:00 open
         03-20 10:00 clerk call_back rating=basically_satisfied
         03-20 10:05 clerk close => closed
         = stage 已销号"#,
    );
    assert_eq!(play.case(1).clocks.open().count(), 0);
    // 催办 is copied to the one who urges.
    let log = crate::common::log_of(&play.story, cases::story::Story::id(1));
    let copied = log.filter_map(|entry| match &entry.event {
        cases::CaseEvent::Reminded(reminded) => reminded.copied_to.as_ref().map(ToString::to_string),
        _ => None,
    });
    assert_eq!(copied.collect::<Vec<_>>(), ["officer"; 3]);
}

#[test]
fn henan_by_plan_and_promise() {
    let mut play = Play::swept(H);
    play.play(
        "03-02 09:30 clerk accept
         03-02 09:40 clerk classify kind=hard_to_do ground=legacy_matter
         03-02 09:50 clerk submit
         03-02 10:00 manager dispatch lead=scj
         = plan scj 03-09 17:00 open
         03-02 11:00 head:scj sign_for
         03-06 09:00 system reminded
         03-06 10:00 head:scj propose_plan promised=2026-03-20 => plan_proposed promised
         = plan scj 03-09 17:00 open
         = result scj 03-20 17:00 open
         03-09 10:00 head:scj inform_complainant about=plan
         = plan scj 03-09 17:00 met
         03-10 10:00 head:scj revise_promise on=2026-03-25 !! promise-needs-extension
         03-10 11:00 head:scj revise_promise on=2026-03-18 => promise_revised
         = result scj 03-18 17:00 open
         03-11 10:00 head:scj request_extension to=2026-03-24 => extension_requested
         03-11 15:00 manager grant_extension to=2026-03-23 => extension_granted
         = result scj 03-23 17:00 open
         = inform 窗口 03-11 17:00 open
         03-11 16:00 clerk inform_complainant about=extended
         03-12 10:00 head:scj request_extension to=2026-03-26 => extension_requested extension_refused
         = result scj 03-23 17:00 open
         03-20 09:00 system reminded
         03-23 17:00 head:scj report_result
         = result scj 03-23 17:00 met
         03-24 10:00 manager check_quality
         03-24 11:00 clerk call_back rating=satisfied
         03-24 11:10 clerk feed_back
         03-24 11:20 clerk close",
    );
    let promises: Vec<_> = play.case(1).rounds[0].promises.iter().map(|(_, on)| on.date().to_string()).collect();
    assert_eq!(promises, ["2026-03-20", "2026-03-18"], "every revision is kept");
}
