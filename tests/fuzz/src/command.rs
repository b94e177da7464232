//! A command line, read and decided.

use std::cell::LazyCell;

use cases::{CommandLine, story::Story};
use serde_json::{Value, json};

use crate::event::is_the_same_when_read_again;

thread_local! {
    /// A centre with cases at several stages, the ones that the golden commands name.
    static CENTRE: LazyCell<Story> = LazyCell::new(centre);
}

fn centre() -> Story {
    let mut story = Story::under("shilong-2023-7", "2026-03-02T08:30");
    for case in 1..=4 {
        let case = Story::id(case);
        let tell = |story: &mut Story, who: &str, fields: Value| {
            let mut line = fields;
            line["case"] = json!(case);
            story.tell(who, line).expect("an ordinary day")
        };
        story.at("2026-03-03T09:00");
        let person = json!({"name": "周某", "telephone": "13800000017"});
        let accept = json!({"command": "accept", "channel": "telephone", "complainant": person, "category": "help",
            "summary": "变更登记", "narrative": "办了三次没有办成。"});
        tell(&mut story, "clerk", accept);
        if case > Story::id(1) {
            tell(&mut story, "clerk", json!({"command": "classify", "kind": "ordinary", "departments": ["scj"]}));
            tell(&mut story, "clerk", json!({"command": "submit", "to": "leader"}));
        }
        if case > Story::id(2) {
            tell(&mut story, "officer", json!({"command": "sign"}));
            tell(&mut story, "leader2", json!({"command": "sign", "as_deputy": true}));
            let order = json!({"command": "dispatch", "lead": "scj", "urged_by": "officer", "limit_working_days": 3});
            tell(&mut story, "manager", order);
        }
        if case > Story::id(3) {
            tell(&mut story, "handler:scj", json!({"command": "sign_for"}));
            tell(&mut story, "handler:scj", json!({"command": "report_result", "text": "已办理。"}));
        }
    }
    story
}

/// A command, as `apply` and HTTP take it.
pub fn command(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let line = match CommandLine::read(text) {
        Ok(line) => line,
        Err(refusal) => {
            assert!(!refusal.to_string().is_empty() && !refusal.code().is_empty(), "{refusal:?}");
            return false;
        }
    };
    // White space and the order of keys are not what is said.
    let value: Value = serde_json::from_str(text).expect("it was read");
    let spelt = CommandLine::read(&format!("{value:#}")).expect("the same in another spelling");
    assert_eq!(format!("{line:?}"), format!("{spelt:?}"));

    let mut story = CENTRE.with(|story| Story::clone(story));
    let before = story.log.len();
    if story.submit(&line).is_err() {
        assert_eq!(story.log.len(), before, "refused, and something happened");
        return true;
    }
    for told in &story.log[before..] {
        is_the_same_when_read_again(told);
    }
    let after = story.log.len();
    let again = story.submit(&line).unwrap_or_else(|refusal| panic!("sent again it is refused: {refusal}"));
    assert_eq!((again.len(), story.log.len()), (0, after), "sent again it is done again");
    true
}
