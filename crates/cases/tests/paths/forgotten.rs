//! A person asks to be forgotten.

use cases::story::Story;

use crate::common::{H, ORDINARY, Play, dispatched};

fn withdrawn() -> Play {
    let mut play = Play::swept(H);
    play.play("03-02 09:30 clerk accept\n03-02 10:00 complainant withdraw => withdrawn");
    play
}

fn request(at: &str, who: &str, then: &str) -> String {
    format!("{at} {who} request_erasure reason=诉求人书面请求 person={} {then}", Story::id(1).complainant())
}

#[test]
fn requested_by_one_agreed_by_another_and_carried_out_once() {
    let mut play = withdrawn();
    play.play(&request("03-02 10:30", "manager", "=> erasure_requested"))
        .play(&request("03-02 10:31", "clerk", "=> nothing"))
        .play(
            "03-02 11:00 manager agree_erasure request=3 !! needs-second-person
             03-02 11:00 clerk agree_erasure request=3 !! wrong-role
             03-02 11:00 system2 complete_erasure request=3 !! no-erasure-request
             03-02 11:00 manager2 agree_erasure request=3 => erasure_agreed
             03-02 11:01 manager agree_erasure request=3 => nothing
             03-02 11:02 manager reopen !! person-erased
             03-02 11:02 manager complete_erasure request=3 !! wrong-role
             03-02 11:03 system2 complete_erasure request=3 => erasure_completed
             03-02 11:04 system2 complete_erasure request=3 => nothing",
        );
    assert!(play.case(1).is_erased());
}

#[test]
fn under_a_hold_it_is_restricted_until_the_hold_is_over() {
    let hold = "manager place_legal_hold ground=retention basis=档案管理规定 until=2026-03-05";
    let mut play = withdrawn();
    play.play(&format!("03-02 10:10 {hold} => legal_hold_placed\n03-02 10:11 {hold} => nothing"))
        .play(&request("03-02 10:30", "clerk", "=> processing_restricted"))
        .play(&request("03-05 16:30", "clerk", "=> nothing"));
    // What is only kept is not worked with.
    assert!(play.case(1).is_restricted());
    play.clone().play("03-05 16:31 manager reopen !! processing-restricted").play(
        "03-05 16:32 manager lift_legal_hold reason=甲 => legal_hold_lifted\n03-05 16:33 manager reopen => reopened",
    );
    let mut lifted = play.clone();
    lifted
        .play("03-03 09:00 manager lift_legal_hold reason=已移交 => legal_hold_lifted")
        .play("03-03 09:01 manager lift_legal_hold reason=已移交 => nothing")
        .play(&request("03-03 10:30", "clerk", "=> erasure_requested"));
    assert!(!lifted.case(1).is_restricted());
    play.play(&request("03-06 09:30", "clerk", "=> erasure_requested"))
        .play("03-06 10:00 manager place_legal_hold ground=proceeding basis=诉讼 => legal_hold_placed")
        .play("03-06 11:00 manager agree_erasure request=5 !! under-legal-hold");
    assert!(!play.case(1).is_erased());
}

/// Whoever asked before the hold came is restricted by it, and erased after it by the same request.
#[test]
fn a_hold_restricts_who_had_asked_before() {
    let mut play = withdrawn();
    play.play(&request("03-02 10:30", "clerk", "=> erasure_requested"))
        .play(
            "03-02 10:40 manager place_legal_hold ground=proceeding basis=诉讼 => legal_hold_placed processing_restricted
             03-02 10:50 manager place_legal_hold ground=retention basis=档案 => legal_hold_placed
             03-02 11:00 manager agree_erasure request=3 !! under-legal-hold",
        )
        .play(&request("03-02 11:10", "clerk", "=> nothing"));
    assert!(play.case(1).is_restricted());
    play.play(
        "03-03 09:00 manager lift_legal_hold reason=已结 => legal_hold_lifted
         03-03 10:00 manager agree_erasure request=3 => erasure_agreed",
    );
    assert!(play.case(1).is_erased() && !play.case(1).is_restricted());
}

/// Staff complained about are persons of the case, too; the case itself goes on.
#[test]
fn others_of_the_case_can_be_forgotten_alone() {
    let mut play = Play::swept(H);
    play.play("03-02 09:30 clerk accept complained_about=[{\"staff\":\"zhangsan\"}]\n03-02 10:00 complainant withdraw");
    let staff = Story::id(1).complained_about(0);
    play.play(&format!("03-02 10:30 clerk request_erasure reason=甲 person={staff} => erasure_requested"))
        .play("03-02 11:00 manager agree_erasure request=3 => erasure_agreed")
        .play("03-02 11:03 system2 complete_erasure request=3 => erasure_completed\n03-02 12:00 manager reopen => reopened");
    assert!(!play.case(1).is_erased());
}

/// What a hold of one case keeps, nobody erases by another that was split from it; whoever was erased before does not come into the new one.
#[test]
fn a_split_case_has_persons_of_its_own() {
    let staff = |case, n| Story::id(case).complained_about(n);
    let request = |at, case, person| format!("{at} clerk @{case} request_erasure reason=甲 person={person}");
    let mut play = Play::swept(H);
    play.play("03-02 09:30 clerk accept complained_about=[{\"staff\":\"zhangsan\"},{\"staff\":\"lisi\"}]")
        .play("03-02 09:40 complainant withdraw")
        .play(&request("03-02 09:50", 1, staff(1, 0)))
        .play(
            "03-02 10:00 manager agree_erasure request=3
             03-02 10:01 system2 complete_erasure request=3
             03-02 10:02 manager reopen
             03-02 10:03 clerk split => split accepted",
        );
    let about = &play.case(2).intake.as_ref().expect("accepted").complained_about;
    let about: Vec<_> = about.iter().map(|about| (about.staff.person(), about.staff.text())).collect();
    assert_eq!(about, [(staff(2, 0), "lisi")]);
    assert_ne!(staff(2, 0), staff(1, 1));
    play.play("03-02 10:10 complainant withdraw\n03-02 10:11 complainant @2 withdraw")
        .play("03-02 10:20 manager @2 place_legal_hold ground=proceeding basis=诉讼")
        .play(&format!("{} => erasure_requested", request("03-02 10:30", 1, staff(1, 1))))
        .play(&format!("{} !! no-such-person", request("03-02 10:31", 2, staff(1, 1))))
        .play(&format!("{} => processing_restricted", request("03-02 10:32", 2, staff(2, 0))));
}

/// What is still owed comes first: whoever was declined has to be told.
#[test]
fn an_erasure_keeps_nothing_from_being_done() {
    let mut play = Play::swept(H);
    play.play(
        "03-02 09:30 clerk accept
         03-02 10:00 clerk decline approved_by=manager => declined",
    )
    .play(&request("03-02 10:30", "clerk", "!! erasure-while-open"))
    .play("03-02 11:00 clerk inform_complainant about=declined")
    .play(&request("03-02 11:30", "clerk", "=> erasure_requested"));
}

/// A late answer to supervision leads to a circulation at the next opening: whoever is late is not spared it by an erasure.
#[test]
fn an_erasure_keeps_no_circulation_from_being_drafted() {
    let mut play = Play::swept(H);
    play.play(&dispatched(H, ORDINARY, "limit_working_days=2"))
        .play(
            "03-02 11:00 head:scj sign_for
             03-03 09:00 system reminded
             03-05 09:00 system supervision_issued
             03-09 18:00 head:scj report_result
             = supervision scj 03-09 17:00 met_late
             03-09 18:10 complainant withdraw => withdrawn",
        )
        .play(&request("03-09 18:20", "clerk", "!! erasure-while-open"))
        .play("03-10 09:00 system circulation_drafted\n03-10 10:00 manager circulate draft=1")
        .play(&request("03-10 10:30", "clerk", "=> erasure_requested"));
}
