//! Every refusal, provoked once; and that there is no other.

mod common;

use std::collections::BTreeSet;

use cases::{Centre, CentreCode, Refusal};
use common::{CANNOT, H, HARD, ORDINARY, OUTSIDE, Play, S, WITHHELD, dispatched, submitted};

const ACCEPTED: &str = "03-02 09:30 clerk accept\n";

/// The script of each refusal: under which policy, what went before, and the refused step.
fn provoked() -> Vec<(&'static str, String, String)> {
    let mut all = Vec::new();
    let mut add = |policy, given: &str, steps: &[&str]| {
        all.extend(steps.iter().map(|step| (policy, given.to_owned(), (*step).to_owned())));
    };
    let long = format!("03-02 10:00 clerk amend text={} !! text-too-long", "字".repeat(20_001));
    add(
        H,
        "",
        &[
            "03-02 09:30 clerk classify kind=ordinary !! no-such-case",
            "03-02 09:30 clerk dance !! unreadable",
            "03-02 09:30 clerk accept telephone=12 !! bad-telephone",
            "03-02 09:30 clerk accept complainant={} !! no-contact",
            "03-02 09:30 admin accept imported=2026-03-01T10:00 !! late-claim-not-allowed",
            "03-02 09:30 admin open_centre name=甲 level=county policy_text=乙 !! centre-already-open",
            "03-02 09:30 admin adopt_policy policy_text=乙 !! policy-unreadable",
            r#"03-02 09:30 admin change_log_keys reason=rotated after=1 keys=["甲"] statement=乙 !! log-keys-statement"#,
            r#"03-02 09:30 admin publish_calendar calendar={"year":2026,"version":1,"status":"published","notices":[],"holidays":[],"makeup_workdays":[]} !! calendar-not-newer"#,
            r#"03-02 09:30 admin publish_calendar calendar={"year":2026,"version":2,"status":"published","notices":[],"holidays":[],"makeup_workdays":[{"date":"2026-03-02","name":"甲"}]} !! calendar-unreadable"#,
        ],
    );
    add(
        H,
        ACCEPTED,
        &[
            "03-02 10:00 clerk accept !! already-accepted",
            "03-02 10:00 hotline classify kind=ordinary !! wrong-role",
            "03-02 10:00 clerk amend version=7 !! version-changed",
            "03-02 10:00 clerk amend occurred_at=2026-03-02T10:01 !! occurred-in-future",
            "03-02 10:00 clerk amend occurred_at=2026-03-02T09:29 !! occurred-before-acceptance",
            "03-02 10:00 manager dispatch lead=scj !! wrong-stage",
            "03-02 10:00 manager reopen !! not-ended",
            "03-02 10:00 clerk amend text= !! text-empty",
            &long,
            "03-02 10:00 clerk amend text=甲\u{0}乙 !! text-unreadable",
            "03-02 10:00 clerk classify kind=ordinary ground=delayed !! ground-does-not-fit",
            "03-02 10:00 clerk classify kind=withheld !! ground-missing",
            "03-02 10:00 clerk submit !! not-classified",
            "03-02 10:00 manager decline ground=no_discernible_matter !! decline-needs-amendment",
            "03-02 10:00 clerk decline !! needs-approval",
            "03-02 10:00 manager decline approved_by=manager !! needs-second-person",
            "03-02 10:00 clerk classify kind=ordinary departments=[\"xyz\"] !! unknown-department",
            "03-02 10:00 clerk classify kind=ordinary departments=[\"scj\",\"scj\"] !! department-twice",
            "03-02 10:00 clerk add_attachment size_bytes=52428801 !! attachment-too-large",
            "03-02 10:00 manager continue_ex_officio !! not-withdrawn",
            "03-02 10:00 clerk merge into=@1 !! same-case",
            "03-02 10:00 clerk merge into=@2 !! other-case-missing",
            "03-02 10:00 clerk record_referral_answer !! no-referral",
            "03-02 10:00 manager approve_late_entry entry=1 !! no-such-entry",
            "03-02 10:00 manager terminate ground=refuses_information !! cannot-terminate",
            "03-02 10:00 manager correct_escalation corrects=1 !! nothing-to-correct",
            "03-02 10:00 liaison acknowledge_copy copy=1 !! no-such-copy",
            "03-02 10:00 manager withhold_escalation draft=1 !! no-such-draft",
            "03-02 10:00 manager remind obligation=1 !! not-remindable",
            "03-02 10:00 manager remind obligation=9 !! no-such-obligation",
            "03-02 10:00 manager resume !! not-paused",
            "03-02 10:00 manager refuse_extension !! no-extension-request",
        ],
    );
    let again = "clerk amend id=00000000-0000-4000-8000-000000000001";
    add(
        H,
        &format!("{ACCEPTED}03-02 09:40 {again}"),
        &[
            &format!("03-02 10:00 {again} text=改了 !! command-id-reused"),
            "03-02 10:00 manager withdraw how=电话 version=2\n03-02 10:01 clerk amend !! case-ended",
            "03-02 10:00 manager withdraw how=电话\n03-02 10:01 manager continue_ex_officio !! not-withheld",
            "03-02 10:00 manager decline\n03-02 10:01 manager reopen !! cannot-reopen",
            "03-02 10:00 manager withdraw how=电话\n2027-03-03 10:01 manager reopen !! reopen-too-late",
            "03-02 10:00 clerk request_amendment\n03-02 10:01 clerk request_amendment !! amendment-already-requested",
            "03-02 10:00 clerk recuse who=clerk\n03-02 10:01 clerk amend !! recused",
            "03-02 10:00 clerk amend occurred_at=2026-03-02T09:50 late=停电\n03-02 10:01 manager approve_late_entry \
             entry=3\n03-02 10:02 manager approve_late_entry entry=3 !! late-already-decided",
        ],
    );
    add(H, &submitted(OUTSIDE), &["03-02 10:00 manager dispatch lead=scj !! out-of-scope"]);
    add(
        H,
        &submitted(WITHHELD),
        &[
            "03-02 10:00 manager dispatch lead=scj !! limit-missing",
            "03-02 10:00 manager dispatch lead=scj limit_working_days=21 !! limit-too-long",
            "03-02 10:00 manager dispatch lead=scj limit_working_days=0 !! limit-zero",
            "03-02 10:00 manager consult lead=scj departments=[\"zjj\",\"rsj\"] !! lead-missing",
            "03-02 10:00 manager refer unit= !! addressee-empty",
            "03-02 10:00 manager reject_at_review\n03-02 10:05 clerk settle_on_the_spot !! settle-needs-manager",
        ],
    );
    let signed = "03-02 10:00 officer sign\n03-02 10:00 leader sign\n03-02 10:10 ";
    let roster = r#"roster={"date":"2026-03-02","officers":["officer2"],"leader":"leader"}"#;
    add(
        S,
        &submitted(ORDINARY),
        &[
            "03-02 10:00 manager dispatch lead=scj urged_by=officer !! signature-missing",
            "03-02 10:00 officer sign\n03-02 10:01 officer2 sign !! already-signed",
            &format!("03-02 09:55 admin record_roster {roster}\n03-02 10:00 officer sign !! not-on-roster"),
            &format!("{signed}manager dispatch lead=scj !! urger-missing"),
            &format!(
                "{signed}manager dispatch lead=scj co_departments=[\"zjj\"] urged_by=officer !! consultation-missing"
            ),
        ],
    );
    add(
        H,
        &dispatched(H, ORDINARY, "co_departments=[\"zjj\"]"),
        &[
            r#"03-02 11:00 head:scj sign_for by={"id":"x","role":"handler","office":"centre"} !! wrong-office"#,
            "03-02 11:00 head:rsj sign_for !! not-assigned",
            "03-02 11:00 head:zjj report_result !! not-lead",
            "03-02 11:00 head:scj give_partial_reply !! not-co-department",
            "03-04 11:00 head:scj dispute_assignment !! dispute-too-late",
            "03-02 11:00 head:scj dispute_assignment\n03-02 12:00 head:scj dispute_assignment !! dispute-twice",
            "03-02 11:00 head:scj dispute_assignment\n03-02 12:00 head:zjj dispute_assignment\n\
             03-02 13:00 manager reassign from=scj to=rsj !! consultation-only",
            "03-02 11:00 manager decide_dispute dispute=1 upheld=true !! no-such-dispute",
            "03-02 18:00 manager remind obligation=5 !! office-closed",
            "03-03 10:00 manager issue_supervision obligation=5 !! not-overdue",
            "03-10 10:00 manager issue_supervision obligation=5\n\
             03-10 10:01 manager issue_supervision obligation=5 !! already-supervised",
            "03-03 10:00 head:scj answer_supervision !! not-supervised",
            "03-03 10:00 head:scj request_extension to=2026-03-20 !! not-extendable",
            "03-03 10:00 head:scj promise on=2026-03-02 !! promise-in-past",
            "03-03 10:00 head:scj revise_promise on=2026-03-20 !! no-promise",
            "03-03 10:00 head:scj inform_complainant about=plan !! no-plan",
            "03-03 10:00 head:scj promise on=2026-03-20\n\
             03-03 10:01 head:scj revise_promise on=2026-03-21 !! promise-needs-extension",
            "03-03 10:00 head:scj explain_inability !! not-cannot-be-done",
            "03-03 10:00 head:scj recuse who=zhao !! wrong-role",
            "03-03 10:00 clerk recuse who=clerk2 !! wrong-role",
            "03-03 10:00 head:scj recuse who=head-scj\n\
             03-03 10:01 head2:scj sign_for by={\"id\":\"h\",\"role\":\"department_head\",\"office\":\"department:scj\"}\n\
             03-03 10:02 x assign_handler handler=head-scj \
             by={\"id\":\"h\",\"role\":\"department_head\",\"office\":\"department:scj\"} !! handler-complained-about",
        ],
    );
    add(
        H,
        &dispatched(H, ORDINARY, ""),
        &[
            "03-10 10:00 head:scj request_extension to=2026-03-20 !! extension-too-late",
            "03-03 10:00 head:scj request_extension to=2026-03-24 !! extension-too-long",
            "03-03 10:00 head:scj request_extension to=2026-03-09 !! not-later",
            "03-03 10:00 head:scj request_extension to=2500-01-01 !! cannot-count",
            "03-03 10:00 head:scj request_extension to=2026-03-20\n\
             03-03 11:00 head:scj request_extension to=2026-03-20 !! extension-pending",
            "03-03 10:00 head:scj request_extension to=2026-03-20\n\
             03-03 11:00 manager grant_extension to=2026-03-23 !! extension-grant-too-long",
            "03-03 10:00 manager pause until=2026-03-04\n03-03 11:00 manager pause until=2026-03-04 !! already-paused",
            "03-03 10:00 manager pause until=2026-03-04\n\
             03-03 11:00 manager issue_supervision obligation=4 !! clock-paused",
            "03-03 10:00 manager pause until=2026-06-30 !! pause-too-long",
            "03-10 10:00 manager pause until=2026-03-12 !! pause-overdue",
        ],
    );
    let reported = dispatched(H, CANNOT, "") + "\n03-03 10:00 head:scj explain_inability\n";
    let checks = r#"by={"id":"head-scj","role":"centre_manager","office":"centre"}"#;
    add(H, &reported, &[&format!("03-03 11:00 manager check_quality {checks} !! handler-checks-own")]);
    add(
        H,
        &(reported + "03-03 11:00 manager check_quality\n"),
        &[
            "03-03 12:00 manager return_for_rework !! not-failed-nor-unsatisfied",
            "03-03 12:00 clerk establish_unreachable !! too-few-attempts",
            "03-03 12:00 clerk call_back rating=null !! rating-not-asked",
            "03-03 12:00 clerk close !! cannot-close",
            "03-03 12:00 clerk call_back rating=dissatisfied\n03-03 12:10 manager terminate !! reason-not-told",
        ],
    );
    let anonymous = ACCEPTED.replace("accept", "accept anonymous=true");
    add(H, &anonymous, &["03-02 10:00 clerk request_amendment !! no-contact-to-call"]);
    let letters = "03-10 09:00 manager send_reminder_letter\n03-18 09:00 manager send_reminder_letter\n";
    add(
        H,
        &(submitted(HARD) + "03-02 10:00 manager refer\n"),
        &[
            "03-02 11:00 manager send_reminder_letter !! letter-too-early",
            &format!("{letters}03-30 09:00 manager send_reminder_letter !! letters-exhausted"),
        ],
    );
    let person = cases::story::Story::id(1).complainant();
    let request = format!("03-02 11:00 clerk request_erasure reason=甲 person={person}");
    let asked = format!("{ACCEPTED}03-02 10:00 complainant withdraw\n{request}\n");
    let hold = "03-02 12:00 manager place_legal_hold ground=proceeding basis=甲\n";
    let agree = "03-02 13:00 manager agree_erasure request=3";
    add(H, ACCEPTED, &[&format!("{request} !! erasure-while-open")]);
    add(
        H,
        &asked,
        &[
            "03-02 11:30 clerk request_erasure reason=甲 person=019caba1-dd00-7000-8000-0000000000ff !! no-such-person",
            "03-02 13:00 manager agree_erasure request=2 !! no-erasure-request",
            "03-02 13:00 system2 complete_erasure request=3 !! no-erasure-request",
            &format!("{hold}{agree} !! under-legal-hold"),
            &format!("{agree}\n03-02 14:00 manager reopen !! person-erased"),
        ],
    );
    let held = format!(
        "{ACCEPTED}03-02 10:00 complainant withdraw\n03-02 10:30 manager place_legal_hold ground=proceeding basis=甲\n"
    );
    add(H, &held, &[&format!("{request}\n03-02 12:00 manager reopen !! processing-restricted")]);
    let history = "03-02 10:00 admin accept historical=true imported=2022-09-29T10:00\n\
                   03-02 10:00 admin classify kind=ordinary imported=2022-09-29T10:00\n\
                   03-02 10:00 admin dispatch lead=scj imported=2022-09-29T10:00\n";
    add(
        H,
        history,
        &[
            "03-02 11:00 manager issue_supervision obligation=1 !! historical-case",
            "03-02 11:00 head:scj report_result\n03-02 12:00 manager check_quality passed=false\n\
             03-02 13:00 manager pause until=2026-03-04 !! nothing-runs",
        ],
    );
    all
}

#[test]
fn each_is_provoked_and_there_is_no_other() {
    let mut met = std::collections::BTreeMap::new();
    for (policy, given, step) in provoked() {
        let mut play = Play::still(policy);
        play.play(&given).play(&step);
        met.extend(play.refused);
    }
    // What no command on a living centre can meet.
    let mut unopened = Play::still(H);
    unopened.story.centre = Centre::new(CentreCode::new("410404").expect("six digits"));
    unopened.play("03-02 09:30 clerk accept !! policy-not-adopted\n03-02 09:30 admin record_department department=a name=甲 !! centre-not-open");
    let mut forgotten = Play::still(H);
    forgotten.play(ACCEPTED).story.centre.policies.clear();
    forgotten.play("03-02 10:00 clerk classify kind=ordinary !! policy-unknown");
    met.extend(unopened.refused);
    met.extend(forgotten.refused);

    let known: BTreeSet<&str> = Refusal::CODES.iter().map(|(code, _)| *code).collect();
    let provoked: BTreeSet<&str> = met.keys().copied().collect();
    assert_eq!(provoked.symmetric_difference(&known).collect::<Vec<_>>(), Vec::<&&str>::new());
    for (code, text) in met {
        assert!(!text.contains('{') && !text.is_ascii(), "{code}: {text}");
    }
}

#[test]
fn codes_are_told_apart_and_cite_an_article() {
    let codes: BTreeSet<&str> = Refusal::CODES.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes.len(), Refusal::CODES.len());
    for (code, article) in Refusal::CODES {
        let cited = article.starts_with(['H', 'S']) || *article == "默认";
        assert!(cited, "{code} cites {article}");
    }
}

#[test]
fn a_refused_command_changes_nothing() {
    for (policy, given, step) in provoked().into_iter().filter(|(_, _, step)| !step.contains('\n')) {
        let mut play = Play::still(policy);
        play.play(&given);
        let (before, length) = (play.story.cases.clone(), play.story.log.len());
        play.play(&step);
        assert!(play.story.cases == before && play.story.log.len() == length, "{step}");
    }
}
