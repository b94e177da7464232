//! 当场办结: result and feedback in one, no quality check.

use cases::{CaseEvent, case::closing::rated::Rating, story::Story};

use crate::common::{H, Play, S, log_of};

const HEARD: &str = "03-02 09:30 clerk accept\n03-02 09:40 clerk classify kind=ordinary\n";

#[test]
fn rated_at_once() {
    for policy in [H, S] {
        let mut play = Play::swept(policy);
        play.play(HEARD).play(
            "03-02 10:00 clerk settle_on_the_spot rating=satisfied => settled_on_the_spot rated
             03-02 10:05 clerk close => closed
             = stage 已销号",
        );
        assert_eq!(play.clocks(), ["triage 窗口 03-02 17:00 met"]);
    }
}

#[test]
fn called_back() {
    let mut play = Play::swept(H);
    play.play(HEARD).play(
        "03-02 10:00 clerk settle_on_the_spot => settled_on_the_spot
         03-02 10:05 clerk close !! cannot-close
         = call_back 管理机构 03-04 17:00 open
         03-04 16:00 clerk call_back rating=very_satisfied => called_back rated
         = call_back 管理机构 03-04 17:00 met
         03-04 16:05 clerk close => closed",
    );
    assert!(play.clock("feedback", None).is_none() && play.clock("quality_check", None).is_none());
}

#[test]
fn the_same_rating_again_is_no_event() {
    let mut play = Play::swept(H);
    play.play(HEARD).play(
        "03-02 10:00 clerk settle_on_the_spot
         03-02 11:00 complainant rate rating=satisfied => rated
         03-02 11:10 complainant rate rating=satisfied => nothing
         03-02 11:20 clerk call_back rating=very_satisfied => called_back rated
         03-02 11:30 complainant rate rating=satisfied => rated",
    );
    assert_eq!(play.case(1).rating(), Some(Rating::Satisfied));
}

#[test]
fn who_has_rated_alone_is_not_asked_again() {
    let mut play = Play::swept(H);
    play.play(HEARD).play(
        "03-02 10:00 clerk settle_on_the_spot
         03-02 10:10 clerk call_back rating=null !! rating-not-asked
         = call_back 管理机构 03-04 17:00 open
         03-02 11:00 complainant rate rating=satisfied
         = call_back 管理机构 03-04 17:00 met
         03-02 12:00 clerk call_back rating=null => called_back
         03-02 12:10 clerk close => closed",
    );
}

#[test]
fn who_will_not_rate_leaves_nothing_owed() {
    let mut play = Play::swept(H);
    play.play(HEARD).play(
        "03-02 10:00 clerk settle_on_the_spot
         03-02 11:00 clerk call_back rating=null declined_to_rate=true => called_back
         = call_back 管理机构 03-04 17:00 met
         03-02 11:10 clerk close => closed",
    );
    assert_eq!(play.case(1).clocks.open().count(), 0);
}

#[test]
fn unsatisfied_it_comes_to_review() {
    let mut play = Play::swept(H);
    play.play(HEARD).play(
        "03-02 10:00 clerk settle_on_the_spot rating=dissatisfied => settled_on_the_spot rated
         = stage 审核中
         = review 管理机构 03-03 17:00 open
         03-02 10:05 clerk close !! wrong-stage
         03-02 11:00 manager dispatch lead=scj
         = result scj 03-09 17:00 open
         03-02 14:00 head:scj report_result
         03-02 15:00 manager check_quality
         03-02 16:00 clerk close !! cannot-close
         03-02 16:10 clerk call_back rating=satisfied
         03-02 16:20 clerk feed_back
         03-02 16:30 clerk close => closed",
    );
    assert_eq!(play.case(1).clocks.open().count(), 0);
}

#[test]
fn any_kind_if_the_managing_body_settles_it() {
    let mut play = Play::swept(S);
    play.play(
        "03-02 09:30 clerk accept
         03-02 09:40 clerk classify kind=withheld ground=refused
         03-02 09:45 clerk settle_on_the_spot !! settle-needs-manager
         03-02 09:50 clerk submit
         03-02 09:55 clerk settle_on_the_spot !! wrong-role
         03-02 10:00 leader settle_on_the_spot rating=satisfied
         03-02 10:00 system routine_copy_sent
         = review 管理机构 03-03 17:00 met
         03-02 10:30 clerk close",
    );
    assert!(play.case(1).withheld_found, "a finding of 不给办 stays on record");
}

#[test]
fn a_rating_written_down_wrongly_has_its_consequences() {
    let mut play = Play::swept(H);
    play.play(HEARD).play(
        r#"03-02 10:00 clerk settle_on_the_spot rating=satisfied
         03-02 10:10 clerk correct_entry entry=4 mending={"field":"rating","value":"dissatisfied"} !! needs-second-person
         03-02 10:20 manager correct_entry entry=4 mending={"field":"rating","value":"dissatisfied"} => entry_corrected rated
         = stage 审核中
         = review 管理机构 03-03 17:00 open
         03-02 11:00 manager settle_on_the_spot
         03-02 11:10 manager correct_entry entry=4 mending={"field":"rating","value":"satisfied"} !! no-such-entry
         03-03 10:00 clerk call_back rating=satisfied
         03-03 10:10 clerk close"#,
    );
}

#[test]
fn a_mended_rating_stands_in_the_closing_and_an_earlier_one_is_left_alone() {
    let mut play = Play::swept(H);
    play.play(HEARD).play(
        r#"03-02 10:00 clerk settle_on_the_spot rating=satisfied
         03-02 10:20 manager correct_entry entry=4 mending={"field":"rating","value":"very_satisfied"} => entry_corrected
         03-02 10:25 clerk correct_entry entry=2 mending={"field":"summary","value":"另一件"} !! no-such-entry
         03-02 10:26 clerk correct_entry entry=1 mending={"field":"summary","value":"另一件"} => entry_corrected
         03-02 10:30 clerk close
         03-02 10:40 manager correct_entry entry=4 mending={"field":"rating","value":"satisfied"} !! case-ended
         03-02 10:50 manager reopen
         03-02 10:55 manager correct_entry entry=4 mending={"field":"rating","value":"satisfied"} !! no-such-entry"#,
    );
    let closed = log_of(&play.story, Story::id(1)).find_map(|entry| match &entry.event {
        CaseEvent::Closed(closed) => closed.rating,
        _ => None,
    });
    assert_eq!(closed.map(Rating::term), Some("非常满意"));
}
