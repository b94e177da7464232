//! 审核转办, 会商: what the managing body owes before anything goes out.

use crate::common::{CANNOT, H, HARD, ORDINARY, OUTSIDE, S, check, dispatched, submitted};

const TWO: &str = "kind=ordinary departments=[\"scj\",\"zjj\"]";

#[test]
fn review_takes_one_day() {
    let ends = |dispatch: &'static str| {
        [
            ("met", "03-03 16:00 manager refer"),
            ("met", "03-03 16:00 manager settle_on_the_spot"),
            ("met", "03-03 16:00 leader reject_at_review"),
            ("met", dispatch),
            ("met_late", "03-03 17:01 manager refer"),
            ("breached", "03-04 09:00 complainant withdraw"),
            ("cancelled", "03-03 09:00 complainant withdraw"),
        ]
    };
    check(H, &submitted(CANNOT), "review", "管理机构 03-03 17:00", &ends("03-03 17:00 manager dispatch lead=scj"));
    let signed = "03-02 10:00 officer sign\n03-02 10:00 leader sign\n";
    let given = format!("{}{signed}", submitted(CANNOT));
    let dispatch = "03-03 17:00 manager dispatch lead=scj urged_by=officer";
    check(S, &given, "review", "管理机构 03-03 17:00", &ends(dispatch));
}

#[test]
fn review_begins_anew_after_an_upheld_dispute_a_reopening_and_an_unsatisfactory_settlement() {
    let disputed = dispatched(H, ORDINARY, "");
    let upheld = format!(
        "{disputed}\n03-03 10:00 head:scj dispute_assignment\n03-03 15:00 manager decide_dispute dispute=1 upheld=true"
    );
    check(
        H,
        &upheld,
        "review",
        "管理机构 03-04 17:00",
        &[
            ("met", "03-04 17:00 manager reassign from=scj to=zjj"),
            ("met", "03-04 16:00 manager dispatch lead=rsj"),
            ("met", "03-04 16:00 manager refer"),
            ("met_late", "03-05 09:00 manager reassign from=scj to=zjj"),
            ("breached", "03-05 09:00 head:scj report_result"),
            ("cancelled", "03-04 09:00 head:scj report_result"),
        ],
    );
    let settled = "03-02 09:30 clerk accept\n03-02 09:40 clerk classify kind=ordinary\n\
                   03-02 10:00 clerk settle_on_the_spot rating=dissatisfied";
    let met = "03-03 10:00 manager dispatch lead=scj";
    check(H, settled, "review", "管理机构 03-03 17:00", &[("met", met)]);
    let closed = "03-02 09:30 clerk accept\n03-02 09:40 clerk classify kind=ordinary\n\
                  03-02 10:00 clerk settle_on_the_spot rating=satisfied\n03-02 10:05 clerk close\n\
                  04-03 10:00 manager reopen";
    // 04-04 to 04-06 is 清明.
    check(H, closed, "review", "管理机构 04-07 17:00", &[("met", "04-07 10:00 manager dispatch lead=scj")]);
}

#[test]
fn an_unsatisfactory_result_leaves_the_centre_to_choose() {
    let called = format!(
        "{}\n03-03 10:00 head:scj report_result\n03-03 11:00 manager check_quality\n\
         03-04 10:00 clerk call_back rating=dissatisfied",
        dispatched(H, ORDINARY, "")
    );
    check(
        H,
        &called,
        "review",
        "管理机构 03-05 17:00",
        &[
            ("met", "03-05 10:00 manager return_for_rework"),
            ("met", "03-05 10:00 manager terminate"),
            ("met_late", "03-06 10:00 manager return_for_rework"),
            ("breached", "03-06 10:00 complainant withdraw"),
            ("cancelled", "03-05 10:00 complainant withdraw"),
            ("cancelled", "03-05 10:00 complainant rate rating=satisfied"),
        ],
    );
}

#[test]
fn shilong_confers_where_several_departments_were_found() {
    let given = format!("03-02 09:30 clerk accept\n03-02 09:40 clerk classify {TWO}");
    check(
        S,
        &given,
        "consultation",
        "管理机构 03-03 17:00",
        &[
            ("met", "03-03 17:00 manager consult lead=scj departments=[\"scj\",\"zjj\"]"),
            ("met_late", "03-04 09:00 leader consult lead=scj departments=[\"scj\"]"),
            ("breached", "03-04 09:00 complainant withdraw"),
            ("breached", "03-04 09:00 clerk submit\n03-04 09:10 manager refer"),
            ("cancelled", "03-03 09:00 complainant withdraw"),
            ("cancelled", "03-02 10:00 clerk classify kind=ordinary departments=[\"scj\"]"),
            ("cancelled", "03-02 10:00 clerk submit\n03-02 10:10 manager settle_on_the_spot"),
        ],
    );
}

#[test]
fn only_shilong_and_only_for_several_departments() {
    for (policy, classified) in
        [(H, TWO), (S, "kind=hard_to_do ground=hard_to_trace several_levels=true"), (S, OUTSIDE)]
    {
        let mut play = crate::common::Play::still(policy);
        play.play(&format!("03-02 09:30 clerk accept\n03-02 09:40 clerk classify {classified}"));
        assert!(play.clock("consultation", None).is_none(), "{policy} {classified}");
    }
}

#[test]
fn a_second_dispute_sets_a_conference_under_both() {
    for policy in [H, S] {
        let conferred = "03-02 09:45 manager consult lead=scj departments=[\"scj\",\"zjj\"]\n";
        let given = dispatched(policy, HARD, "co_departments=[\"zjj\"]").replacen(
            "03-02 09:50",
            &format!("{conferred}03-02 09:50"),
            1,
        );
        let disputes = "\n03-03 10:00 head:scj dispute_assignment\n03-03 11:00 head:zjj dispute_assignment";
        check(
            policy,
            &format!("{given}{disputes}"),
            "consultation",
            "管理机构 03-04 17:00",
            &[
                ("met", "03-04 17:00 manager consult lead=scj departments=[\"scj\",\"zjj\"]"),
                ("met_late", "03-05 10:00 manager consult lead=rsj departments=[\"rsj\"]"),
                ("breached", "03-05 10:00 head:scj report_result"),
                ("cancelled", "03-04 10:00 head:scj report_result"),
            ],
        );
    }
}

#[test]
fn classified_again_as_several_the_conference_keeps_its_time() {
    let several = "clerk classify kind=hard_to_do ground=legacy_matter departments=[\"scj\",\"zjj\"]";
    let alone = "clerk classify kind=hard_to_do ground=legacy_matter departments=[\"scj\"]";
    let given = format!("03-02 09:30 clerk accept\n03-02 09:40 {several}");
    let again = several.replace("zjj", "rsj");
    check(
        S,
        &given,
        "consultation",
        "管理机构 03-03 17:00",
        &[("open", &format!("03-03 10:00 {again}")), ("cancelled", &format!("03-03 10:00 {alone}"))],
    );
}
