//! 延期审批, 异议处理: undecided in time they count as refused.

use crate::common::{H, HARD, ORDINARY, Play, WITHHELD, check, dispatched};

#[test]
fn an_extension_is_decided_in_a_day() {
    let asked = "\n03-03 10:00 head:scj request_extension to=2026-03-16";
    check(
        H,
        &(dispatched(H, ORDINARY, "limit_working_days=5") + asked),
        "extension_decision",
        "管理机构 03-04 17:00",
        &[
            ("met", "03-04 17:00 manager grant_extension"),
            ("met", "03-04 17:00 leader refuse_extension"),
            // Late, and before the rule came to it: a person decided all the same.
            ("met_late", "03-04 17:01 manager grant_extension"),
            ("breached", "03-04 17:01 system extension_refused"),
            ("breached", "03-05 09:00 head:scj report_result"),
            ("cancelled", "03-04 09:00 head:scj report_result"),
            ("cancelled", "03-04 09:00 manager reassign from=scj to=zjj"),
            ("cancelled", "03-04 09:00 manager reclassify kind=hard_to_do ground=hard_to_trace"),
            ("cancelled", "03-04 09:00 complainant withdraw"),
        ],
    );
}

#[test]
fn what_was_taken_from_the_department_is_no_longer_asked_for() {
    let mut play = Play::still(H);
    play.play(&dispatched(H, WITHHELD, "limit_working_days=5"));
    play.play(
        "03-03 10:00 head:scj request_extension to=2026-03-16
         03-03 11:00 manager reassign from=scj to=zjj
         03-03 12:00 manager refuse_extension !! no-extension-request
         03-03 13:00 head:zjj request_extension to=2026-03-16
         03-03 14:00 manager grant_extension
         = result zjj 03-16 17:00 open",
    );
}

#[test]
fn a_dispute_is_decided_in_a_day() {
    let given = dispatched(H, HARD, "co_departments=[\"zjj\"]") + "\n03-03 10:00 head:scj dispute_assignment";
    check(
        H,
        &given,
        "dispute_decision",
        "管理机构 03-04 17:00",
        &[
            ("met", "03-04 17:00 manager decide_dispute dispute=1 upheld=true"),
            ("met", "03-04 17:00 manager decide_dispute dispute=1 upheld=false"),
            ("met_late", "03-04 17:01 manager decide_dispute dispute=1 upheld=true"),
            ("breached", "03-04 17:30 system dispute_decided"),
            ("breached", "03-05 09:00 head:scj report_result"),
            ("cancelled", "03-04 09:00 head:scj report_result"),
            ("cancelled", "03-04 09:00 manager reassign from=scj to=rsj"),
            ("cancelled", "03-03 11:00 head:zjj dispute_assignment"),
            ("cancelled", "03-04 09:00 complainant withdraw"),
            // A conference that was not asked for decides nothing.
            ("open", "03-04 09:00 manager consult lead=scj departments=[\"scj\",\"zjj\"]"),
        ],
    );
}

#[test]
fn the_clock_runs_on_during_a_dispute() {
    let given = dispatched(H, ORDINARY, "") + "\n03-03 10:00 head:scj dispute_assignment";
    check(H, &given, "result", "scj 03-09 17:00", &[("met", "03-09 17:00 head:scj report_result")]);
}
