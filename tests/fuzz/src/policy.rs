//! A policy's text: one that is accepted must be good for work, for it is adopted whole and cannot be taken back.

use cases::{
    CentreCode, Instant,
    case::triage::Kind,
    policy::Policy,
    story::{Story, Told},
};
use serde_json::json;

use crate::event::is_the_same_when_read_again;

const OPENED: &str = "2026-03-02T08:30";
const KINDS: [(&str, Kind); 5] = [
    ("ordinary", Kind::Ordinary),
    ("cannot_be_done", Kind::CannotBeDone),
    ("hard_to_do", Kind::HardToDo),
    ("withheld", Kind::Withheld),
    ("out_of_scope", Kind::OutOfScope),
];

/// A policy's TOML.
pub fn policy(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let policy = match Policy::read("policy.toml", text) {
        Ok(policy) => policy,
        Err(error) => {
            assert!(error.to_string().contains("policy.toml"), "which file? {error}");
            return false;
        }
    };
    assert_eq!(policy, Policy::read("policy.toml", text).expect("it was just read"));
    assert!(format!("{} {policy:?}", policy.reference()).contains('@'));
    for (_, kind) in KINDS {
        let _ = (policy.form(kind, true), policy.form(kind, false));
    }
    let code = CentreCode::new("410404").expect("six digits");
    let mut story = Story::under_text(code, text, OPENED);
    for (n, (kind, _)) in (1..).zip(KINDS) {
        work(&mut story, n, kind);
    }
    for told in &story.log {
        is_the_same_when_read_again(told);
    }
    true
}

/// A case of this kind as far as the policy lets it go; what it refuses it may refuse.
fn work(story: &mut Story, n: u128, kind: &str) {
    let case = Story::id(n);
    let now: Instant = OPENED.parse().expect("a time");
    story.now = now;
    let person = json!({"name": "周某", "telephone": "13800000017"});
    for (who, mut fields) in [
        (
            "clerk",
            json!({"command": "accept", "channel": "window", "complainant": person, "category": "complaint",
            "summary": "变更登记", "narrative": "办了三次没有办成。"}),
        ),
        ("clerk", json!({"command": "classify", "kind": kind, "ground": "refused", "departments": ["scj"]})),
        ("clerk", json!({"command": "classify", "kind": kind, "departments": ["scj", "zjj"]})),
        ("clerk", json!({"command": "submit", "to": "leader"})),
        ("officer", json!({"command": "sign"})),
        ("leader2", json!({"command": "sign", "as_deputy": true})),
        (
            "manager",
            json!({"command": "refer", "to": {"outside": "供水公司"}, "request": "请核实", "reply_working_days": 3}),
        ),
        ("manager", json!({"command": "dispatch", "lead": "scj", "urged_by": "officer"})),
        ("manager", json!({"command": "dispatch", "lead": "scj", "urged_by": "officer", "limit_working_days": 3})),
        ("handler:scj", json!({"command": "sign_for"})),
        ("handler:scj", json!({"command": "report_result", "text": "已办理。"})),
        ("manager", json!({"command": "check_quality", "passed": true, "findings": "属实"})),
    ] {
        fields["case"] = json!(case);
        let before = story.log.len();
        if story.tell(who, fields).is_err() {
            assert_eq!(story.log.len(), before, "refused, and something happened");
        }
    }
    // What has a clock has a due time that is not before it began.
    let Some(Told::Case(..)) = story.log.last() else { return };
    for running in story.cases.get(&case).into_iter().flat_map(|case| case.clocks.open()) {
        assert!(running.obligation.due >= now, "{running:?}");
    }
}
