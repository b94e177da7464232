//! 质检, 回访, 反馈: H10 and S5.

use crate::common::{H, ORDINARY, Play, S, WITHHELD, check, dispatched, submitted};

/// Reported on Wednesday 03-04 at 10:00.
fn reported(policy: &str) -> String {
    dispatched(policy, ORDINARY, "") + "\n03-04 10:00 head:scj report_result\n"
}

/// Passed on Thursday 03-05 at 10:00.
fn passed(policy: &str) -> String {
    reported(policy) + "03-05 10:00 manager check_quality\n"
}

#[test]
fn a_quality_check_takes_a_day() {
    for policy in [H, S] {
        check(
            policy,
            &reported(policy),
            "quality_check",
            "管理机构 03-05 17:00",
            &[
                ("met", "03-05 17:00 manager check_quality"),
                ("met", "03-05 10:00 leader check_quality passed=false"),
                ("met_late", "03-05 17:01 manager check_quality"),
                ("breached", "03-06 10:00 complainant withdraw"),
                ("cancelled", "03-05 10:00 complainant withdraw"),
            ],
        );
    }
}

#[test]
fn the_call_back_takes_two_days_by_the_centre_or_shilongs_window() {
    let attempts = "03-06 10:00 clerk attempt_call_back\n03-06 15:00 clerk attempt_call_back\n\
                    03-09 10:00 clerk attempt_call_back\n";
    let (found, late) = (
        format!("{attempts}03-09 17:00 clerk establish_unreachable"),
        format!("{attempts}03-09 17:01 clerk establish_unreachable"),
    );
    let rated = "03-06 10:00 complainant rate rating=dissatisfied\n";
    let (reworked, reworked_late) = (
        format!("{rated}03-09 16:00 manager return_for_rework"),
        format!("{rated}03-10 09:00 manager return_for_rework"),
    );
    for (policy, owner) in [(H, "管理机构"), (S, "窗口")] {
        check(
            policy,
            &passed(policy),
            "call_back",
            &format!("{owner} 03-09 17:00"),
            &[
                ("met", "03-09 17:00 clerk call_back rating=satisfied"),
                ("met", &found),
                ("open", "03-06 10:00 complainant rate rating=satisfied"),
                ("met_late", "03-10 09:00 clerk call_back rating=satisfied"),
                ("met_late", &late),
                ("breached", "03-10 09:00 complainant withdraw"),
                ("breached", &reworked_late),
                ("cancelled", "03-06 10:00 complainant withdraw"),
                ("cancelled", &reworked),
            ],
        );
    }
}

#[test]
fn other_causes_of_a_call_back() {
    let settled = "03-02 09:30 clerk accept\n03-02 09:40 clerk classify kind=ordinary\n\
                   03-02 10:00 clerk settle_on_the_spot";
    check(
        H,
        settled,
        "call_back",
        "管理机构 03-04 17:00",
        &[("met", "03-04 10:00 clerk call_back"), ("met", "03-03 10:00 complainant rate rating=satisfied")],
    );
    let answered =
        format!("{}03-02 10:00 manager refer\n03-05 10:00 clerk record_referral_answer", submitted(ORDINARY));
    check(S, &answered, "call_back", "窗口 03-09 17:00", &[("met", "03-06 10:00 clerk call_back rating=satisfied")]);
}

#[test]
fn henan_feeds_back_after_the_call_back() {
    check(
        H,
        &(passed(H) + "03-06 10:00 clerk call_back"),
        "feedback",
        "窗口 03-09 17:00",
        &[
            ("met", "03-09 17:00 clerk feed_back"),
            ("met_late", "03-10 09:00 clerk feed_back"),
            ("breached", "03-10 09:00 complainant withdraw"),
            ("breached", "03-10 09:00 clerk rate rating=dissatisfied\n03-10 10:00 manager return_for_rework"),
            ("cancelled", "03-09 09:00 complainant withdraw"),
            ("cancelled", "03-09 09:00 clerk rate rating=dissatisfied\n03-09 10:00 manager return_for_rework"),
        ],
    );
}

#[test]
fn shilong_feeds_back_after_the_result() {
    check(
        S,
        &reported(S),
        "feedback",
        "窗口 03-05 17:00",
        &[
            ("met", "03-05 17:00 clerk feed_back"),
            ("met_late", "03-06 09:00 clerk feed_back"),
            ("breached", "03-06 09:00 manager check_quality passed=false"),
            ("cancelled", "03-05 09:00 manager check_quality passed=false"),
            ("cancelled", "03-05 09:00 complainant withdraw"),
        ],
    );
}

#[test]
fn whoever_cannot_be_reached_is_owed_neither() {
    let attempts = "03-05 11:00 clerk attempt_call_back\n03-05 15:00 clerk attempt_call_back\n\
                    03-06 10:00 clerk attempt_call_back\n03-06 11:00 clerk establish_unreachable\n";
    let mut play = Play::still(S);
    play.play(&passed(S)).play(attempts).play("= feedback 窗口 03-05 17:00 breached\n= call_back 窗口 03-09 17:00 met");
    for policy in [H, S] {
        let anonymous = passed(policy).replacen("clerk accept", "clerk accept anonymous=true", 1);
        let mut play = Play::still(policy);
        play.play(&anonymous);
        let kinds: Vec<_> = play.case(1).clocks.open().map(|running| running.obligation.kind).collect();
        assert!(kinds.is_empty(), "{kinds:?}");
    }
}

#[test]
fn who_was_anonymous_and_left_a_number_is_called() {
    let anonymous = passed(H).replacen("clerk accept", "clerk accept anonymous=true", 1);
    let given = anonymous + "03-06 10:00 clerk correct_contact telephone=13900000000";
    check(H, &given, "call_back", "管理机构 03-10 17:00", &[("met", "03-10 10:00 clerk call_back rating=satisfied")]);
}

#[test]
fn in_a_rework_the_old_feedback_no_longer_counts() {
    let given = passed(H)
        + "03-05 11:00 clerk feed_back\n03-05 12:00 clerk call_back rating=dissatisfied\n\
           03-05 14:00 manager return_for_rework\n03-06 10:00 head:scj report_result\n03-06 11:00 manager check_quality\n\
           03-06 14:00 clerk call_back rating=satisfied\n03-06 14:05 clerk close !! cannot-close\n";
    check(
        H,
        &given,
        "feedback",
        "窗口 03-09 17:00",
        &[("met", "03-06 15:00 clerk feed_back\n03-06 15:01 clerk close")],
    );
    let withheld = dispatched(S, WITHHELD, "");
    check(S, &withheld, "result", "scj 03-04 17:00", &[]);
}
