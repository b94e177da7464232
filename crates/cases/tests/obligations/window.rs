//! 研判提交, 告知: what the window owes the same day.

use crate::common::{CANNOT, H, ORDINARY, OUTSIDE, Play, S, WITHHELD, check, dispatched, submitted};

#[test]
fn triage_is_due_the_same_day() {
    for policy in [H, S] {
        let given = "03-02 09:30 clerk accept\n03-02 09:40 clerk classify kind=ordinary";
        check(
            policy,
            given,
            "triage",
            "窗口 03-02 17:00",
            &[
                ("met", "03-02 17:00 clerk submit"),
                ("met", "03-02 10:00 clerk settle_on_the_spot"),
                ("met", "03-02 10:00 clerk decline approved_by=manager"),
                ("met_late", "03-02 17:01 clerk submit"),
                ("met_late", "03-03 09:00 clerk settle_on_the_spot"),
                ("breached", "03-03 09:00 complainant withdraw"),
                ("cancelled", "03-02 16:00 complainant withdraw"),
            ],
        );
    }
}

#[test]
fn same_day_is_the_next_working_day_after_closing_and_on_days_off() {
    for (accepted, due) in [
        ("03-02 08:00", "03-02 17:00"),
        ("03-02 12:30", "03-02 17:00"),
        ("03-02 17:00", "03-02 17:00"),
        ("03-02 17:01", "03-03 17:00"),
        ("03-07 10:00", "03-09 17:00"),
        // Saturday 02-28 makes up for the Spring Festival; 02-14 is worked, 02-16 is not.
        ("02-28 10:00", "02-28 17:00"),
        ("02-14 18:00", "02-24 17:00"),
        ("02-16 10:00", "02-24 17:00"),
    ] {
        check(H, &format!("{accepted} clerk accept"), "triage", &format!("窗口 {due}"), &[]);
    }
}

#[test]
fn rejected_at_review_the_window_triages_anew() {
    let given = format!("{}03-04 11:00 manager reject_at_review", submitted(ORDINARY));
    check(H, &given, "triage", "窗口 03-04 17:00", &[("met", "03-04 15:00 clerk submit")]);
}

/// What a person who can be reached is told of, by the word for it.
fn to_be_told() -> [(&'static str, String); 5] {
    let referred = format!("{}03-02 10:00 manager refer", submitted(OUTSIDE));
    let withheld = dispatched(H, WITHHELD, "limit_working_days=5");
    let extended = format!(
        "{withheld}\n03-02 11:00 head:scj request_extension to=2026-03-11\n03-02 14:00 manager grant_extension"
    );
    let paused = format!("{withheld}\n03-02 14:00 manager pause until=2026-03-06");
    let refused = format!("{withheld}\n03-02 11:00 manager pause reason=complainant_material until=2026-03-06\n");
    let told_of_pause = "03-02 11:30 clerk inform_complainant about=paused\n";
    let terminated = format!("{refused}{told_of_pause}03-02 14:00 manager terminate ground=refuses_information");
    [
        ("declined", "03-02 09:30 clerk accept\n03-02 10:00 manager decline".to_owned()),
        ("referred", referred),
        ("extended", extended),
        ("paused", paused),
        ("terminated", terminated),
    ]
}

#[test]
fn the_complainant_is_told_the_same_day() {
    for (about, given) in to_be_told() {
        let tell = |at: &str| format!("{at} clerk inform_complainant about={about}");
        check(
            H,
            &given,
            "inform",
            "窗口 03-02 17:00",
            &[("met", &tell("03-02 17:00")), ("met_late", &tell("03-02 17:01")), ("met_late", &tell("03-20 10:00"))],
        );
        // The word about something else does not do.
        check(H, &given, "inform", "窗口 03-02 17:00", &[("open", "03-02 16:00 clerk inform_complainant about=other")]);
    }
}

#[test]
fn who_left_no_way_to_be_reached_is_owed_no_word() {
    for (about, given) in to_be_told() {
        let anonymous = given.replacen("clerk accept", "clerk accept anonymous=true", 1);
        let anonymous = anonymous.replace("03-02 11:30 clerk inform_complainant about=paused\n", "");
        let mut play = Play::still(H);
        play.play(&anonymous);
        assert!(play.clock("inform", None).is_none(), "{about}: {:?}", play.clocks());
    }
}

#[test]
fn the_word_is_owed_even_after_the_end() {
    let given = format!("{}03-02 10:00 manager refer", submitted(OUTSIDE));
    let ended = "03-02 11:00 complainant withdraw";
    check(S, &given, "inform", "窗口 03-02 17:00", &[("open", ended)]);
    let late = format!("{ended}\n03-03 09:00 clerk inform_complainant about=referred");
    check(S, &given, "inform", "窗口 03-02 17:00", &[("met_late", &late)]);
}

#[test]
fn after_closing_the_word_is_due_the_next_working_day() {
    let given = format!("{}03-06 18:00 manager refer", submitted(CANNOT));
    check(H, &given, "inform", "窗口 03-09 17:00", &[]);
}
