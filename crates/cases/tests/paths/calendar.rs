//! A calendar published after deadlines were set, and a policy replaced while cases are open.

use serde_json::{Value, json};

use crate::common::{H, HARD, ORDINARY, Play, S, dispatched};

fn notice(version: u32, off: &[&str], worked: &[&str]) -> Value {
    let days = |days: &[&str]| days.iter().map(|day| json!({"date": day, "name": "元旦"})).collect::<Vec<_>>();
    json!({"command": "publish_calendar", "calendar": {"year": 2027, "version": version, "status": "published",
        "notices": [{"number": "国办发明电〔2026〕9号"}], "holidays": days(off), "makeup_workdays": days(worked)}})
}

/// Ordinary, five days from Monday 2026-12-28: 29, 30, 31, 01-04, 01-05 as long as only the statutory day is known.
fn given() -> Play {
    let mut play = Play::swept(H);
    play.play(&dispatched(H, ORDINARY, "").replace("03-02", "12-28")).play(
        "12-28 11:00 head:scj sign_for
         = sign_for scj 12-29 17:00~ met
         = result scj 2027-01-05 17:00~ open",
    );
    play
}

fn publish(play: &mut Play, at: &str, notice: Value) {
    assert!(play.story.run_until(at).is_empty());
    play.story.tell("admin", notice).expect("published");
}

#[test]
fn later_the_due_time_moves_and_is_final() {
    let mut play = given();
    publish(&mut play, "2026-12-29 10:00", notice(1, &["2027-01-01", "2027-01-04"], &[]));
    play.play(
        "12-29 10:00 system deadline_recomputed
         = result scj 2027-01-06 17:00 open
         2027-01-05 09:00 system reminded",
    );
    assert_eq!(
        play.clock("sign_for", None).map(crate::common::show).as_deref(),
        Some("sign_for scj 12-29 17:00~ met"),
        "ended ones are untouched"
    );
}

#[test]
fn the_same_and_no_longer_provisional() {
    let mut play = given();
    publish(&mut play, "2026-12-29 10:00", notice(1, &["2027-01-01"], &[]));
    play.play("12-29 10:00 system deadline_recomputed\n= result scj 2027-01-05 17:00 open");
}

#[test]
fn nothing_becomes_late_by_it() {
    // With 01-02 and 01-03 worked the fifth day was 01-03; it is 01-04 already: due by this day's closing.
    let worked = ["2027-01-02", "2027-01-03"];
    let mut play = given();
    play.play("2027-01-04 09:00 system reminded");
    publish(&mut play, "2027-01-04 10:00", notice(1, &["2027-01-01"], &worked));
    play.play("2027-01-04 10:00 system deadline_recomputed\n= result scj 2027-01-04 17:00 open");
    // At the very moment at which it was due it is still in time.
    let mut last = given();
    last.play("2027-01-04 09:00 system reminded");
    publish(&mut last, "2027-01-05 17:00", notice(1, &["2027-01-01"], &worked));
    last.play("2027-01-05 17:00 system deadline_recomputed\n= result scj 2027-01-05 17:00 open");
    let mut early = given();
    publish(&mut early, "2026-12-29 10:00", notice(1, &["2027-01-01"], &worked));
    early.play("12-29 10:00 system deadline_recomputed\n= result scj 2027-01-03 17:00 open");
}

#[test]
fn what_is_late_already_was_due_when_it_was() {
    let mut play = Play::still(H);
    play.play(&dispatched(H, ORDINARY, "").replace("03-02", "12-28")).play("2027-01-06 10:00 clerk amend");
    play.story.tell("admin", notice(1, &["2027-01-01"], &["2027-01-02", "2027-01-03"])).expect("published");
    play.play("2027-01-06 10:00 manager recompute_deadlines\n= result scj 2027-01-05 17:00 open");
}

#[test]
fn a_promise_stays_its_date_and_a_pause_given_back_stays_given() {
    let mut play = Play::still(H);
    play.play(&dispatched(H, HARD, "").replace("03-02", "12-28")).play(
        "12-28 11:00 head:scj propose_plan promised=2027-01-08 complainant_told=true
         = result scj 2027-01-08 17:00~ open
         12-28 12:00 manager pause until=2026-12-30
         12-31 09:00 system resumed
         = result scj 2027-01-12 17:00~ open",
    );
    play.story.tell("admin", notice(1, &["2027-01-01", "2027-01-11"], &[])).expect("published");
    play.play("12-31 10:00 manager recompute_deadlines\n= result scj 2027-01-13 17:00 open");
}

#[test]
fn days_given_back_before_an_extension_are_in_its_date() {
    let mut play = Play::still(H);
    play.play(&dispatched(H, ORDINARY, "").replace("03-02", "12-22")).play(
        "12-22 11:00 manager pause until=2026-12-23
         12-24 09:00 system resumed
         = result scj 12-30 17:00~ open
         12-24 10:00 head:scj request_extension to=2027-01-05
         12-24 11:00 manager grant_extension
         = result scj 2027-01-05 17:00~ open",
    );
    play.story.tell("admin", notice(1, &["2027-01-01"], &[])).expect("published");
    play.play("12-24 12:00 manager recompute_deadlines\n= result scj 2027-01-05 17:00 open");
}

#[test]
fn open_cases_keep_their_policy() {
    let mut play = Play::still(H);
    play.play(&dispatched(H, HARD, ""));
    let (_, shilong) = cases::policy::SHIPPED.iter().find(|(file, _)| file.starts_with(S)).expect("shipped");
    play.story.tell("manager", json!({"command": "adopt_policy", "policy_text": shilong})).expect("adopted");
    play.play(
        "03-03 10:00 manager reassign from=scj to=zjj
         = plan zjj 03-10 17:00 open
         03-03 10:00 clerk @2 accept
         03-03 10:10 clerk @2 classify kind=ordinary
         03-03 10:20 clerk @2 submit
         03-03 10:30 manager @2 dispatch lead=scj !! signature-missing",
    );
    let of = |n| play.case(n).policy.as_ref().map(ToString::to_string);
    assert_eq!((of(1).as_deref(), of(2).as_deref()), (Some("henan-2022-43@1"), Some("shilong-2023-7@1")));
}

#[test]
fn the_notices_day_refuses_no_adoption() {
    // S has effect from 2023-05-22; a centre that opens in 2022 may adopt it all the same.
    let story = cases::story::Story::under(S, "2022-01-04 09:00");
    assert_eq!(
        story.centre.current_policy().and_then(|policy| policy.effective_from).map(|day| day.to_string()).as_deref(),
        Some("2023-05-22")
    );
}
