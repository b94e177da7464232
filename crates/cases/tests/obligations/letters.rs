//! 督办答复, 函转答复, 签发.

use crate::common::{H, ORDINARY, OUTSIDE, Play, S, check, dispatched, submitted};

/// 督办 at the opening of Friday 03-06, the day after the result was due.
fn supervised() -> String {
    dispatched(H, ORDINARY, "limit_working_days=3")
        + "\n03-03 10:00 head:scj sign_for\n03-06 09:00 system supervision_issued\n"
}

/// The same as a draft in Shilong, where the result was due on 03-04.
fn drafted() -> String {
    dispatched(S, ORDINARY, "limit_working_days=2")
        + "\n03-02 15:00 head:scj sign_for\n03-05 09:00 system supervision_drafted\n"
}

#[test]
fn a_supervision_sets_two_days() {
    let circulated = "03-11 09:00 manager draft_circulation supervision=5\n03-11 10:00 manager circulate draft=1";
    check(
        H,
        &supervised(),
        "supervision",
        "scj 03-10 17:00",
        &[
            ("met", "03-10 17:00 head:scj report_result"),
            // Words do not do what the 督办 required.
            ("open", "03-10 10:00 head:scj answer_supervision"),
            ("met_late", "03-10 17:01 head:scj report_result"),
            ("breached", circulated),
            ("breached", "03-11 10:00 manager reassign from=scj to=zjj"),
            ("breached", "03-11 10:00 complainant withdraw"),
            ("cancelled", "03-10 10:00 manager reassign from=scj to=zjj"),
            ("cancelled", "03-10 10:00 complainant withdraw"),
        ],
    );
}

#[test]
fn shilong_sets_it_when_the_draft_is_signed() {
    let signed = drafted() + "03-06 10:00 leader issue_supervision obligation=4 draft=1\n";
    check(
        S,
        &signed,
        "supervision",
        "scj 03-10 17:00",
        &[
            ("met", "03-10 17:00 head:scj report_result"),
            ("met_late", "03-11 09:00 head:scj report_result"),
            ("breached", "03-11 09:00 complainant withdraw"),
            ("cancelled", "03-10 09:00 complainant withdraw"),
        ],
    );
}

#[test]
fn a_draft_is_signed_in_a_day() {
    check(
        S,
        &drafted(),
        "sign_draft",
        "签发人 03-06 17:00",
        &[
            ("met", "03-06 17:00 leader issue_supervision obligation=4 draft=1"),
            ("met", "03-06 17:00 manager withhold_escalation draft=1"),
            ("open", "03-06 10:00 head:scj report_result"),
            ("open", "03-06 10:00 manager reassign from=scj to=zjj"),
            ("open", "03-06 10:00 complainant withdraw"),
            ("met_late", "03-06 17:01 manager issue_supervision obligation=4 draft=1"),
            ("met_late", "03-09 10:00 manager withhold_escalation draft=1"),
            // Two days after it was drafted it issues itself: nobody met it.
            ("breached", "03-10 09:00 system reported_to_parent supervision_issued"),
        ],
    );
}

#[test]
fn the_circulation_waits_for_a_signature_in_henan_too() {
    let given = supervised() + "03-11 09:00 system circulation_drafted\n";
    let breached = "03-16 09:00 system reported_to_parent circulated reported_to_government copied_to_discipline";
    check(
        H,
        &given,
        "sign_draft",
        "签发人 03-12 17:00",
        &[
            ("met", "03-12 17:00 manager circulate draft=1"),
            ("met", "03-12 17:00 manager withhold_escalation draft=1"),
            ("open", "03-11 10:00 head:scj report_result"),
            ("met_late", "03-13 09:00 manager circulate draft=1"),
            ("breached", breached),
        ],
    );
}

#[test]
fn a_letter_about_what_was_done_meanwhile_requires_nothing() {
    let mut play = Play::still(S);
    play.play(&drafted()).play(
        "03-05 10:00 head:scj report_result
         03-06 10:00 leader issue_supervision obligation=4 draft=1 => supervision_issued",
    );
    assert!(play.clock("supervision", None).is_none(), "{:?}", play.clocks());
    // The letter states the result that came after the limit had passed.
    let issued = crate::common::log_of(&play.story, cases::story::Story::id(1)).last().cloned();
    let Some(cases::CaseEvent::SupervisionIssued(issued)) = issued.map(|entry| entry.event) else { panic!("issued") };
    let versions: Vec<_> = issued.facts.since.iter().map(|version| play.case(1).entries[version].kind).collect();
    assert_eq!(versions, ["result_reported"]);
}

#[test]
fn a_referral_is_answered_in_five_days() {
    let referred = format!("{}03-02 10:00 manager refer", submitted(OUTSIDE));
    let letters = "03-10 09:00 manager send_reminder_letter\n03-18 09:00 manager send_reminder_letter\n\
                   03-19 09:00 manager terminate ground=referral_unanswered";
    for policy in [H, S] {
        check(
            policy,
            &referred,
            "referral_answer",
            "市供水公司 03-09 17:00",
            &[
                ("met", "03-09 17:00 clerk record_referral_answer"),
                ("met_late", "03-09 17:01 clerk record_referral_answer"),
                ("breached", letters),
                ("breached", "03-10 09:00 complainant withdraw"),
                ("cancelled", "03-09 09:00 complainant withdraw"),
            ],
        );
    }
    let named = format!("{referred} reply_working_days=10");
    check(H, &named, "referral_answer", "市供水公司 03-16 17:00", &[]);
}
