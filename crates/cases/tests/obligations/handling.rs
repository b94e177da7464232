//! 答复, 解决方案, 办理结果: H8 and S4.

use crate::common::{CANNOT, H, HARD, ORDINARY, Play, S, WITHHELD, check, dispatched};

#[test]
fn an_answer_takes_three_days_in_henan_and_one_in_shilong() {
    check(
        H,
        &dispatched(H, CANNOT, ""),
        "answer",
        "scj 03-05 17:00",
        &[
            ("met", "03-05 17:00 head:scj explain_inability"),
            ("met", "03-05 16:00 head:scj report_result"),
            ("met_late", "03-05 17:01 head:scj explain_inability"),
            ("breached", "03-06 09:00 manager reassign from=scj to=zjj"),
            ("breached", "03-06 09:00 complainant withdraw"),
            ("cancelled", "03-05 09:00 manager reassign from=scj to=zjj"),
            ("cancelled", "03-05 09:00 complainant withdraw"),
            ("cancelled", "03-04 09:00 manager reclassify kind=hard_to_do ground=legacy_matter"),
        ],
    );
    check(
        S,
        &dispatched(S, CANNOT, ""),
        "answer",
        "scj 03-03 17:00",
        &[
            ("met", "03-03 17:00 head:scj explain_inability"),
            ("met_late", "03-04 09:00 head:scj explain_inability"),
            ("breached", "03-04 09:00 manager reassign from=scj to=zjj"),
            ("cancelled", "03-03 09:00 complainant withdraw"),
        ],
    );
}

#[test]
fn a_plan_takes_five_days_and_counts_once_it_has_a_date_and_was_told() {
    let whole = "propose_plan promised=2026-03-20 complainant_told=true";
    let (met, late) = (format!("03-09 17:00 head:scj {whole}"), format!("03-09 17:01 head:scj {whole}"));
    let told_after = "03-04 10:00 head:scj propose_plan promised=2026-03-20\n\
                      03-09 10:00 handler:scj inform_complainant about=plan";
    let dated_after =
        "03-04 10:00 head:scj propose_plan complainant_told=true\n03-09 10:00 head:scj promise on=2026-03-20";
    for several in ["", "several_levels=true", "departments=[\"scj\",\"zjj\"]"] {
        check(
            H,
            &dispatched(H, &format!("{HARD} {several}"), ""),
            "plan",
            "scj 03-09 17:00",
            &[
                ("met", &met),
                ("met", told_after),
                ("met", dated_after),
                ("open", "03-04 10:00 head:scj propose_plan promised=2026-03-20"),
                ("open", "03-04 10:00 head:scj propose_plan complainant_told=true"),
                ("met_late", &late),
                ("breached", "03-10 09:00 manager reassign from=scj to=zjj"),
                ("cancelled", "03-05 09:00 manager reassign from=scj to=zjj"),
                ("cancelled", "03-05 09:00 complainant withdraw"),
            ],
        );
    }
}

#[test]
fn shilong_knows_no_plan() {
    let mut play = Play::still(S);
    play.play(&dispatched(S, HARD, "")).play("03-03 10:00 head:scj propose_plan promised=2026-03-06");
    assert!(play.clock("plan", None).is_none());
}

#[test]
fn shilongs_results() {
    for (classified, due, late) in
        [(WITHHELD, "03-04", "03-05"), (HARD, "03-09", "03-10"), (ORDINARY, "03-09", "03-10")]
    {
        check(
            S,
            &dispatched(S, classified, ""),
            "result",
            &format!("scj {due} 17:00"),
            &[
                ("met", &format!("{due} 17:00 head:scj report_result")),
                ("met_late", &format!("{due} 17:01 head:scj report_result")),
                ("breached", &format!("{late} 10:00 manager reassign from=scj to=zjj")),
                ("breached", &format!("{late} 10:00 complainant withdraw")),
                ("cancelled", &format!("{due} 10:00 manager reassign from=scj to=zjj")),
            ],
        );
    }
}

#[test]
fn henans_results_follow_the_dispatch_or_the_promise() {
    let planned = "\n03-04 10:00 head:scj propose_plan promised=2026-03-21 complainant_told=true";
    for (given, due) in [
        (dispatched(H, WITHHELD, "limit_working_days=3"), "03-05"),
        (dispatched(H, WITHHELD, "limit_working_days=20"), "03-30"),
        (dispatched(H, ORDINARY, ""), "03-09"),
        (dispatched(H, ORDINARY, "limit_working_days=8"), "03-12"),
        // A promise may name a Saturday; it ends with that day's usual closing hour.
        (dispatched(H, HARD, "") + planned, "03-21"),
    ] {
        check(
            H,
            &given,
            "result",
            &format!("scj {due} 17:00"),
            &[
                ("met", &format!("{due} 17:00 head:scj report_result")),
                ("met_late", &format!("{due} 17:01 head:scj report_result")),
                ("breached", &format!("{due} 17:01 manager reassign from=scj to=zjj limit_working_days=5")),
                ("cancelled", &format!("{due} 17:00 manager reassign from=scj to=zjj limit_working_days=5")),
            ],
        );
    }
}

#[test]
fn a_manager_may_set_less_than_the_article_and_a_rework_has_the_kinds_own() {
    let short = dispatched(S, WITHHELD, "limit_working_days=1");
    check(S, &short, "result", "scj 03-03 17:00", &[]);
    let again = format!("{short}\n03-03 10:00 head:scj report_result\n03-03 11:00 manager check_quality passed=false");
    check(S, &again, "result", "scj 03-05 17:00", &[]);
    let other = format!("{short}\n03-03 10:00 manager reassign from=scj to=zjj");
    check(S, &other, "result", "zjj 03-05 17:00", &[]);
    // Where the limit is somebody's decision, the last one holds.
    let named = dispatched(H, WITHHELD, "limit_working_days=4") + "\n03-03 10:00 manager reassign from=scj to=zjj";
    check(H, &named, "result", "zjj 03-09 17:00", &[]);
}

#[test]
fn holidays_and_make_up_days_are_counted() {
    // 02-13 + 3 → 02-25 and 04-30 + 5 → 05-11 are known answers of domain §5.
    for (day, classified, kind, due) in
        [("02-13", CANNOT, "answer", "02-25"), ("04-30", HARD, "plan", "05-11"), ("09-18", CANNOT, "answer", "09-22")]
    {
        let given = dispatched(H, classified, "").replace("03-02", day);
        check(H, &given, kind, &format!("scj {due} 17:00"), &[]);
    }
}

#[test]
fn several_departments_override_the_kind_where_that_is_longer() {
    let both = "departments=[\"scj\",\"zjj\"]";
    let conferred = "03-02 09:45 manager consult lead=scj departments=[\"scj\",\"zjj\"]\n03-02 09:50";
    for classified in [CANNOT, WITHHELD, ORDINARY, HARD] {
        let given = |policy| {
            let script = dispatched(policy, &format!("{classified} {both}"), "co_departments=[\"zjj\"]");
            script.replacen("03-02 09:50", conferred, 1)
        };
        check(H, &given(H), "plan", "scj 03-09 17:00", &[("met", "03-09 10:00 head:scj report_result")]);
        check(S, &given(S), "result", "scj 03-09 17:00", &[("met", "03-09 10:00 head:scj report_result")]);
    }
}
