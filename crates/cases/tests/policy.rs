//! A policy file that would leave somebody without a limit, or owing what nobody can pay, is refused at the door, by key.

use cases::{
    calendar::{OfficeHours, WorkCalendar},
    case::triage::Kind,
    obligation::{DueAnswer, ObligationKind, due},
    policy::{Policy, PolicyError},
    refusal::Refusal,
};

const SHILONG: &str = include_str!("../policies/shilong-2023-7.toml");
const HENAN: &str = include_str!("../policies/henan-2022-43.toml");

fn read(text: &str) -> Result<Policy, PolicyError> {
    Policy::read("试验.toml", text)
}

/// Reads the shipped text with one thing said otherwise.
#[track_caller]
fn otherwise(text: &str, instead_of: &str, say: &str) -> Result<Policy, PolicyError> {
    assert_eq!(text.matches(instead_of).count(), 1, "`{instead_of}` stands once in the policy");
    read(&text.replace(instead_of, say))
}

#[track_caller]
fn refused(text: &str, instead_of: &str, say: &str, key: &str, reason: &str) {
    let error = otherwise(text, instead_of, say).expect_err(say);
    assert_eq!((error.file.as_str(), error.key.as_str()), ("试验.toml", key), "{say}: {error}");
    assert!(error.reason.contains(reason), "{say}: {error}");
}

#[track_caller]
fn taken(text: &str, instead_of: &str, say: &str) {
    otherwise(text, instead_of, say).unwrap_or_else(|error| panic!("{say}: {error}"));
}

#[test]
fn the_shipped_ones_are_taken() {
    for (text, id) in [(SHILONG, "shilong-2023-7"), (HENAN, "henan-2022-43")] {
        assert_eq!(read(text).expect("it reads").reference().to_string(), format!("{id}@1"));
    }
}

#[test]
fn a_limit_is_days_between_1_and_250_or_the_same_day() {
    let review = r#"review = { days = 1, source = "S3；天数默认" }"#;
    let limit = |fields: &str| format!(r#"review = {{ {fields}source = "甲" }}"#);
    for fields in ["", "days = 1, same_day = true, ", "same_day = false, "] {
        refused(SHILONG, review, &limit(fields), "limits.review", "either days = N or same_day = true");
    }
    for days in ["0", "251"] {
        refused(SHILONG, review, &limit(&format!("days = {days}, ")), "limits.review", "between 1 and 250");
    }
    for fields in ["days = 250, ", "days = 1, same_day = false, ", "same_day = true, "] {
        taken(SHILONG, review, &limit(fields));
    }
}

#[test]
fn every_named_limit_is_looked_at() {
    let limits = SHILONG.split("[limits]").nth(1).and_then(|rest| rest.split("[closing]").next()).expect("its limits");
    let keys: Vec<_> =
        limits.lines().filter(|line| line.contains('{')).filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(keys.len(), 12);
    for key in keys {
        let line = limits.lines().find(|line| line.starts_with(&format!("{key} ="))).expect("its line");
        refused(
            SHILONG,
            line,
            &format!("{key} = {{ days = 0, source = \"甲\" }}"),
            &format!("limits.{key}"),
            "between",
        );
    }
}

#[test]
fn every_kind_owes_something_that_can_be_paid() {
    let answer = r#"answer = { days = 1, source = "S4" }"#;
    let kind = "kinds.cannot_be_done";
    refused(SHILONG, answer, "", kind, "nothing is owed");
    let both = format!("{answer}\nplan = {{ days = 2, source = \"甲\" }}");
    refused(SHILONG, answer, &both, kind, "exclude each other");
    refused(SHILONG, answer, r#"result = { from = "promise", source = "甲" }"#, kind, "needs a plan");
    for days in ["0", "251"] {
        for form in [
            format!(r#"answer = {{ days = {days}, source = "甲" }}"#),
            format!(r#"plan = {{ days = {days}, source = "甲" }}"#),
            format!(r#"result = {{ from = "delivery", days = {days}, source = "甲" }}"#),
            format!(r#"result = {{ from = "dispatch", default_days = {days}, source = "甲" }}"#),
            format!(r#"result = {{ from = "dispatch", cap_days = {days}, source = "甲" }}"#),
        ] {
            refused(SHILONG, answer, &form, kind, "between 1 and 250");
        }
    }
    for form in [
        r#"answer = { days = 250, source = "甲" }"#,
        "plan = { days = 250, source = \"甲\" }\nresult = { from = \"promise\", source = \"甲\" }",
        r#"result = { from = "delivery", days = 250, source = "甲" }"#,
        r#"result = { from = "dispatch", source = "甲" }"#,
    ] {
        taken(SHILONG, answer, form);
    }
    let several = r#"result = { from = "delivery", days = 5, source = "S3；按很难办默认" }"#;
    refused(SHILONG, several, "", "several", "nothing is owed");
}

#[test]
fn what_is_referred_is_not_handled() {
    let form = "[kinds.out_of_scope]\nanswer = { days = 1, source = \"甲\" }";
    refused(SHILONG, "[kinds.out_of_scope]", form, "kinds.out_of_scope", "referred");
}

#[test]
fn numbers_that_would_mean_nothing_are_refused() {
    refused(SHILONG, "version = 1", "version = 0", "version", "from 1");
    for ranks in ["0", "6"] {
        refused(
            SHILONG,
            "satisfied_ranks = 3 ",
            &format!("satisfied_ranks = {ranks} "),
            "closing.satisfied_ranks",
            "1 to 5",
        );
    }
    for ranks in ["1", "5"] {
        taken(SHILONG, "satisfied_ranks = 3 ", &format!("satisfied_ranks = {ranks} "));
    }
    let key = "closing.unreachable_attempts";
    refused(SHILONG, "unreachable_days = 2 ", "unreachable_days = 4 ", key, "at least unreachable_days");
    let none = "unreachable_attempts = 0\nunreachable_days = 0 #";
    let attempts = "unreachable_attempts = 3           # 默认\nunreachable_days = 2 ";
    refused(SHILONG, attempts, none, key, "at least 1");
    taken(SHILONG, "unreachable_days = 2 ", "unreachable_days = 3 ");
    let drafts = "draft_issues_itself_after_days = 2 ";
    let key = "escalation.draft_issues_itself_after_days";
    refused(SHILONG, drafts, "draft_issues_itself_after_days = 0 ", key, "one working day");
    taken(SHILONG, drafts, "draft_issues_itself_after_days = 1 ");
}

#[test]
fn a_text_that_cannot_be_read_is_named_by_line() {
    let error = otherwise(SHILONG, "[pause]", "[pause]\nmost_days = 3").expect_err("no such key");
    let line = SHILONG.lines().position(|line| line == "[pause]").expect("it stands there") + 1;
    assert!(error.key == format!("line {}", line + 1) || error.key == format!("line {line}"), "{error}");
    assert!(error.reason.contains("most_days"), "{error}");
    let error = read("id = ").expect_err("half a line");
    assert_eq!(error.key, "line 1");
}

/// From Friday 2026-02-13, five working days: Saturday the 14th (worked), then the 24th to the 27th after the Spring Festival.
#[test]
fn what_is_owed_first_by_kind() {
    let ask = |text: &str, kind: Kind, days: Option<u32>| -> Result<DueAnswer, Refusal> {
        let received = "2026-02-13T10:00:00".parse().expect("a time");
        let (calendar, hours) = (WorkCalendar::shipped(), OfficeHours::default());
        due(&read(text).expect("shipped"), kind, received, days, calendar, &hours)
    };
    for (text, kind, days, owed, due) in [
        (SHILONG, Kind::OutOfScope, None, ObligationKind::ReferralAnswer, "2026-02-27T17:00:00+08:00"),
        (HENAN, Kind::OutOfScope, Some(1), ObligationKind::ReferralAnswer, "2026-02-14T17:00:00+08:00"),
        (SHILONG, Kind::CannotBeDone, None, ObligationKind::Answer, "2026-02-14T17:00:00+08:00"),
        (SHILONG, Kind::HardToDo, None, ObligationKind::Result, "2026-02-27T17:00:00+08:00"),
        (HENAN, Kind::HardToDo, None, ObligationKind::Plan, "2026-02-27T17:00:00+08:00"),
        (SHILONG, Kind::Withheld, None, ObligationKind::Result, "2026-02-24T17:00:00+08:00"),
        (HENAN, Kind::Withheld, Some(2), ObligationKind::Result, "2026-02-24T17:00:00+08:00"),
    ] {
        let answer = ask(text, kind, days).expect("a limit");
        assert_eq!((answer.obligation, answer.due.to_string().as_str()), (owed, due), "{kind}");
    }
    assert_eq!(ask(HENAN, Kind::Withheld, None), Err(Refusal::LimitMissing {}));
}
