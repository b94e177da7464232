//! 签收, 协办意见: what every department owes, the co-departments too.

use crate::common::{CANNOT, H, HARD, ORDINARY, Play, S, WITHHELD, check, dispatched};

#[test]
fn each_department_signs_for_it_in_a_day() {
    for (policy, classified) in [(H, CANNOT), (S, WITHHELD)] {
        check(
            policy,
            &dispatched(policy, classified, ""),
            "sign_for",
            "scj 03-03 17:00",
            &[
                ("met", "03-03 17:00 handler:scj sign_for"),
                // "or any act by that department"
                ("met", "03-03 10:00 head:scj report_progress"),
                ("met", "03-03 10:00 head:scj assign_handler handler=zhao"),
                ("met", "03-03 10:00 head:scj dispute_assignment"),
                ("met", "03-03 10:00 head:scj report_result"),
                ("met_late", "03-03 17:01 handler:scj sign_for"),
                ("breached", "03-04 10:00 manager reassign from=scj to=zjj"),
                ("breached", "03-04 10:00 complainant withdraw"),
                ("cancelled", "03-03 10:00 manager reassign from=scj to=zjj"),
                ("cancelled", "03-03 10:00 complainant withdraw"),
            ],
        );
    }
}

#[test]
fn one_departments_act_signs_for_no_other() {
    let given = dispatched(H, HARD, "co_departments=[\"zjj\"]");
    check(
        H,
        &given,
        "sign_for",
        "zjj 03-03 17:00",
        &[
            ("open", "03-03 10:00 handler:scj sign_for"),
            ("open", "03-03 10:00 manager reassign from=scj to=rsj"),
            ("met", "03-03 10:00 head:zjj give_partial_reply"),
            // The lead answered for all: nothing is left to sign for.
            ("breached", "03-04 10:00 head:scj report_result"),
            ("cancelled", "03-03 10:00 head:scj report_result"),
        ],
    );
}

#[test]
fn every_round_is_signed_for_anew() {
    let reworked = format!(
        "{}\n03-03 10:00 head:scj sign_for\n03-05 10:00 head:scj report_result\n\
         03-06 10:00 manager check_quality passed=false",
        dispatched(H, ORDINARY, "")
    );
    check(H, &reworked, "sign_for", "scj 03-09 17:00", &[("met", "03-09 10:00 handler:scj sign_for => signed_for")]);
}

#[test]
fn co_replies_are_due_a_day_before_the_leads() {
    // H: the plan is due on 03-09. S: the result, as 很难办, on 03-09 too.
    let conferred = "03-02 09:45 manager consult lead=scj departments=[\"scj\",\"zjj\"]\n03-02 09:50";
    let given = |policy| dispatched(policy, WITHHELD, "co_departments=[\"zjj\"]").replacen("03-02 09:50", conferred, 1);
    for (policy, leads) in [(H, "plan"), (S, "result")] {
        check(policy, &given(policy), leads, "scj 03-09 17:00", &[]);
        check(
            policy,
            &given(policy),
            "co_reply",
            "zjj 03-06 17:00",
            &[
                ("met", "03-06 17:00 handler:zjj give_partial_reply"),
                ("open", "03-05 10:00 handler:zjj report_progress"),
                ("met_late", "03-06 17:01 handler:zjj give_partial_reply"),
                ("breached", "03-09 10:00 head:scj report_result"),
                ("breached", "03-09 10:00 manager reassign from=zjj to=rsj"),
                ("cancelled", "03-05 10:00 head:scj report_result"),
                ("cancelled", "03-05 10:00 complainant withdraw"),
            ],
        );
    }
}

#[test]
fn with_a_day_for_the_lead_both_are_due_together() {
    let given = dispatched(H, HARD, "co_departments=[\"zjj\"] limit_working_days=1");
    check(H, &given, "plan", "scj 03-03 17:00", &[]);
    check(H, &given, "co_reply", "zjj 03-03 17:00", &[]);
}

#[test]
fn who_comes_late_has_a_day_all_the_same() {
    // The lead's plan was due on 03-09; nobody owes a thing before it was given to him.
    let given = dispatched(H, HARD, "co_departments=[\"zjj\"]");
    check(H, &format!("{given}\n03-09 10:00 manager reassign from=zjj to=rsj"), "co_reply", "rsj 03-10 17:00", &[]);
    check(H, &format!("{given}\n03-16 10:00 manager reassign from=zjj to=rsj"), "co_reply", "rsj 03-17 17:00", &[]);
}

#[test]
fn a_result_names_the_co_departments_that_said_nothing() {
    let mut play = Play::still(H);
    play.play(&dispatched(H, HARD, "co_departments=[\"zjj\",\"rsj\"]"));
    play.play("03-04 10:00 head:rsj give_partial_reply\n03-06 18:00 head:scj report_result");
    let last = crate::common::log_of(&play.story, cases::story::Story::id(1)).last().cloned();
    let Some(cases::CaseEvent::ResultReported(result)) = last.map(|entry| entry.event) else { panic!("a result") };
    assert_eq!(result.missing_co_replies.iter().map(ToString::to_string).collect::<Vec<_>>(), ["zjj"]);
    play.play("= co_reply zjj 03-06 17:00 breached\n= co_reply rsj 03-06 17:00 met");
}
