//! The centre itself: its frame, and what setting it up decides. Given what was said, when something is said, then these events.

use cases::{Refusal, ids::ActorId, people::Role, story::Story};
use serde_json::{Value, json};

const H: &str = "henan-2022-43";

fn centre() -> Story {
    Story::under(H, "2026-03-02T09:00:00")
}

#[track_caller]
fn gives(story: &mut Story, fields: &Value, expected: &[&str]) {
    assert_eq!(story.tell("admin", fields.clone()), Ok(expected.to_vec()), "{fields}");
}

/// Said once it is an event, said again it was so already.
#[track_caller]
fn once(fields: &Value, event: &str) {
    let mut story = centre();
    gives(&mut story, fields, &[event]);
    gives(&mut story, fields, &[]);
}

#[test]
fn what_is_so_already_is_no_event() {
    once(&json!({"command": "record_hours", "hours": [{"opens": "08:30", "closes": "12:00"}]}), "hours_recorded");
    once(&json!({"command": "record_department", "department": "wjw", "name": "卫健委"}), "department_recorded");
    let recipients = json!({"government": "甲区政府", "discipline": "甲区纪委"});
    once(&json!({"command": "record_recipients", "recipients": recipients}), "recipients_recorded");
    let roster = json!({"date": "2026-03-03", "officers": ["officer"], "leader": "leader"});
    once(&json!({"command": "record_roster", "roster": roster}), "roster_recorded");
    let text = include_str!("../policies/shilong-2023-7.toml");
    once(&json!({"command": "adopt_policy", "policy_text": text}), "policy_adopted");
}

/// The statement of a change of keys, unsigned: signatures are not for a decider.
fn keys(reason: &str, after: u64, new: &[&str], old: &[&str], text: &str) -> Value {
    let lines = |word: &str, keys: &[&str]| keys.iter().map(|key| format!("{word} {key}\n")).collect::<String>();
    let said =
        format!("yousu-keys/v1\nyousu/410404\nafter {after}\nwhy {reason}\n{}{}", lines("new", new), lines("old", old));
    let statement = if text.is_empty() { said + "\n\u{2014} yousu/410404 AAAAAAAA\n" } else { text.to_owned() };
    json!({"command": "change_log_keys", "reason": reason, "after": after, "keys": new, "statement": statement})
}

#[test]
fn a_logs_keys_change_by_a_statement_that_ends_those_that_sign() {
    let mut story = centre();
    let refused = |story: &mut Story, said: &Value| {
        assert_eq!(story.tell("admin", said.clone()), Err(Refusal::LogKeysStatement {}), "{said}");
    };
    gives(&mut story, &keys("rotated", 9, &["b", "c"], &["a"], ""), &["log_keys_changed"]);
    gives(&mut story, &keys("rotated", 9, &["b", "c"], &["a"], ""), &[]);
    assert_eq!(story.centre.log_keys, ["b", "c"]);
    refused(&mut story, &keys("rotated", 12, &["d"], &["b"], ""));
    refused(&mut story, &keys("lost", 12, &["d"], &["a"], ""));
    refused(&mut story, &keys("revoked", 12, &[], &["b", "c"], ""));
    refused(&mut story, &keys("revoked", 12, &["d"], &["b", "c"], "d"));
    let mut another = keys("revoked", 12, &["d"], &["b", "c"], "");
    another["after"] = json!(13);
    refused(&mut story, &another);
    assert!(matches!(
        story.tell("clerk", keys("revoked", 12, &["d"], &["b", "c"], "")),
        Err(Refusal::WrongRole { .. })
    ));
    gives(&mut story, &keys("revoked", 12, &["d"], &["b", "c"], ""), &["log_keys_changed"]);
    assert_eq!((story.centre.log_keys.len(), story.centre.log_key_changes.len()), (1, 2));
}

#[test]
fn hours_and_recipients_are_those_that_were_said_last() {
    let mut story = centre();
    gives(
        &mut story,
        &json!({"command": "record_hours", "hours": [{"opens": "08:30", "closes": "12:15"}]}),
        &["hours_recorded"],
    );
    assert_eq!(story.centre.hours.to_string(), "08:30-12:15");
    let recipients = json!({"government": "甲区政府", "discipline": "甲区纪委"});
    gives(&mut story, &json!({"command": "record_recipients", "recipients": recipients}), &["recipients_recorded"]);
    assert_eq!(story.centre.recipients.discipline, "甲区纪委");
}

#[test]
fn a_version_that_was_seen_is_the_one_that_stands() {
    let mut story = centre();
    let seen = story.centre.version;
    let name = |version: u64| json!({"command": "record_department", "department": "wjw", "name": "卫健委", "version": version});
    for other in [seen - 1, seen + 1] {
        let refused = story.tell("admin", name(other)).expect_err("another version");
        assert_eq!(refused, Refusal::VersionChanged { expected: other, actual: seen });
    }
    gives(&mut story, &name(seen), &["department_recorded"]);
}

#[test]
fn what_happened_is_never_later_than_now() {
    let mut story = centre();
    let name = |at: &str, name: &str| json!({"command": "record_department", "department": "wjw", "name": name, "occurred_at": at});
    gives(&mut story, &name("2026-03-02T08:00:00", "甲"), &["department_recorded"]);
    gives(&mut story, &name("2026-03-02T09:00:00", "乙"), &["department_recorded"]);
    let refused = story.tell("admin", name("2026-03-02T09:00:01", "丙")).expect_err("the future");
    assert_eq!(refused.code(), "occurred-in-future");
}

/// 月度抄送: of a month that is over, once, in order, where the policy has it.
#[test]
fn the_digest_of_a_month() {
    let counts = json!({"accepted": 1, "circulated": 0, "closed": 0, "late": 0, "reminded": 0, "returned": 0,
        "supervised": 0, "terminated": 0, "withheld": 0});
    let digest = |month: &str| json!({"command": "send_monthly_digest", "month": month, "counts": counts});
    let mut story = centre();
    let mut tell = |at: &str, month: &str| story.at(at).tell("manager", digest(month)).expect("nothing to refuse");
    assert_eq!(tell("2026-03-31T23:59:59", "2026-03-01"), [""; 0], "the month is not over");
    assert_eq!(tell("2026-04-01T00:00:00", "2026-03-01"), ["monthly_digest_sent"]);
    assert_eq!(tell("2026-04-01T09:00:00", "2026-03-01"), [""; 0], "it was sent");
    assert_eq!(tell("2026-04-01T09:00:00", "2026-02-01"), [""; 0], "a later one was sent");
    assert_eq!(tell("2026-05-01T09:00:00", "2026-04-01"), ["monthly_digest_sent"]);

    let text =
        include_str!("../policies/henan-2022-43.toml").replace("monthly_digest = true", "monthly_digest = false");
    let mut without = Story::under_text(story.centre.code.clone(), &text, "2026-03-02T09:00:00");
    assert_eq!(without.at("2026-04-01T09:00:00").tell("manager", digest("2026-03-01")), Ok(Vec::new()));
}

/// 值班表: who signs in which role on the day.
#[test]
fn the_roster_allows_whom_it_names() {
    let roster: cases::centre::roster_recorded::Roster = serde_json::from_value(
        json!({"date": "2026-03-03", "officers": ["officer"], "leader": "leader", "deputies": ["deputy"]}),
    )
    .expect("a roster");
    let allows = |role, who: &str, as_deputy| roster.allows(role, &ActorId::new(who).expect("an id"), as_deputy);
    assert!(allows(Role::DutyOfficer, "officer", false) && !allows(Role::DutyOfficer, "leader", false));
    assert!(allows(Role::DutyLeader, "leader", false) && allows(Role::DutyLeader, "leader", true));
    assert!(allows(Role::DutyLeader, "deputy", true), "a deputy signs as one");
    assert!(!allows(Role::DutyLeader, "deputy", false), "and not as the leader");
    assert!(!allows(Role::DutyLeader, "officer", true), "nobody else does");
}

/// A policy's text is bounded like every other file: 64 KB are taken, a byte more is not.
#[test]
fn the_text_of_a_policy_is_bounded() {
    let text = include_str!("../policies/shilong-2023-7.toml");
    let padded = |bytes: usize| json!({"command": "adopt_policy", "policy_text": format!("{text}#{}", " ".repeat(bytes - text.len() - 1))});
    let mut story = centre();
    let refused = story.tell("admin", padded((64 << 10) + 1)).expect_err("too long");
    assert_eq!(refused.code(), "policy-unreadable");
    gives(&mut story, &padded(64 << 10), &["policy_adopted"]);
}
