//! The lives of cases as a centre sees them: rows of commands, with texts as long as real ones.

use cases::story::{DEPARTMENTS, Story, cast};
use serde_json::{Value, json};

use crate::sizes;

/// How a case goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    /// Accepted, sent to a department, answered in time, checked, called back, fed back, closed: ten commands.
    Whole,
    /// Done at the window.
    OnTheSpot,
    /// Taken back before the answer.
    Withdrawn,
    /// Answered after the letter of supervision.
    Late,
    /// Answered after the circulation.
    VeryLate,
    /// Still with the department.
    Open,
}

/// A command: how many working hours after acceptance, by whom, and its fields.
pub(crate) type Step = (i64, String, Value);

/// The department that handles the `n`th case.
fn department(n: u64) -> &'static str {
    DEPARTMENTS[usize::try_from(n).unwrap_or(0) % DEPARTMENTS.len()].0
}

/// The commands of the `n`th case's life, in order, without envelope.
pub(crate) fn steps(n: u64, life: Life) -> Vec<Step> {
    let lead = department(n);
    let handler = format!("handler:{lead}");
    let clerk = |hours, fields| (hours, "clerk".to_owned(), fields);
    let manager = |hours, fields| (hours, "manager".to_owned(), fields);
    let accept = json!({
        "command": "accept", "channel": "window", "category": "complaint",
        "complainant": {"name": format!("诉求人{}", n % 1_000), "telephone": format!("138{:08}", n % 100_000_000)},
        "summary": "营业执照变更未办成，窗口没有一次告知", "narrative": text(sizes::narrative_bytes(n)),
    });
    let mut steps = vec![clerk(0, accept), clerk(0, json!({"command": "classify", "kind": "ordinary"}))];
    if life == Life::OnTheSpot {
        let settle = json!({"command": "settle_on_the_spot", "result": "已当场讲明并协助办理", "rating": "satisfied"});
        steps.extend([clerk(1, settle), clerk(1, json!({"command": "close"}))]);
        return steps;
    }
    steps.push(clerk(1, json!({"command": "submit"})));
    steps.push(manager(2, json!({"command": "dispatch", "lead": lead})));
    if life == Life::Open {
        return steps;
    }
    steps.push((4, handler.clone(), json!({"command": "sign_for"})));
    if life == Life::Withdrawn {
        steps.push(clerk(6, json!({"command": "withdraw", "how": "电话", "reason": "问题已自行解决"})));
        return steps;
    }
    let hours = match life {
        Life::Late => 56,
        Life::VeryLate => 90,
        _ => 24,
    };
    let report = json!({"command": "report_result", "text": text(sizes::reply_bytes(n))});
    let call_back = json!({"command": "call_back", "opinion": "诉求人表示满意", "rating": "satisfied"});
    let feed_back = json!({"command": "feed_back", "how": "telephone", "text": "已将办理结果告知诉求人"});
    steps.extend([
        (hours, handler, report),
        manager(hours + 1, json!({"command": "check_quality", "passed": true, "findings": "结果属实，答复规范"})),
        clerk(hours + 2, call_back),
        clerk(hours + 2, feed_back),
        clerk(hours + 3, json!({"command": "close"})),
    ]);
    steps
}

/// The whole command line of a step.
pub(crate) fn line(command: uuid::Uuid, centre: &str, case: uuid::Uuid, step: &Step) -> Value {
    let (_, who, fields) = step;
    let mut line = json!({"id": command, "centre": centre, "case": case, "by": cast(who)});
    if let (Value::Object(line), Value::Object(fields)) = (&mut line, fields) {
        line.extend(fields.clone());
    }
    line
}

/// What opens a centre in which such lives can be led.
pub(crate) fn set_up(policy_text: &str, simulated: bool) -> Vec<Value> {
    let open = json!({"command": "open_centre", "name": "石龙区政务服务中心", "level": "county", "parent": "410400",
        "policy_text": policy_text, "simulated": simulated});
    let record = |(id, name)| json!({"command": "record_department", "department": id, "name": name});
    std::iter::once(open).chain(DEPARTMENTS.map(record)).collect()
}

/// Cases of a story, each with its life, in the order of time. The last moment is that of the last step.
pub(crate) fn tell(lives: &[(cases::Instant, Life)]) -> Story {
    let mut story = Story::under("henan-2022-43", "2026-01-05 08:00");
    let mut all: Vec<(cases::Instant, usize, Step)> = Vec::new();
    for (n, (from, life)) in (0_u64..).zip(lives) {
        for step in steps(n, *life) {
            let at = working_hours_after(&story, *from, step.0);
            all.push((at, usize::try_from(n).unwrap_or(0), step));
        }
    }
    // Stable: a case's steps of one moment stay in their order.
    all.sort_by_key(|(at, ..)| *at);
    for (at, n, (_, who, mut fields)) in all {
        story.run_until(&at.to_string());
        fields["case"] = json!(Story::id(n as u128 + 1));
        if let Err(refusal) = story.tell(&who, fields) {
            panic!("the life of case {n} at {at}: {} {refusal}", refusal.code());
        }
    }
    story
}

fn working_hours_after(story: &Story, from: cases::Instant, hours: i64) -> cases::Instant {
    let mut at = from;
    for _ in 0..hours {
        at = at.plus(chrono::TimeDelta::hours(1));
        if !story.centre.calendar.is_open(at, &story.centre.hours) {
            at = story.centre.calendar.next_opening(at, &story.centre.hours).unwrap_or(at);
        }
    }
    at
}

/// Chinese of about so many bytes.
fn text(bytes: usize) -> String {
    "诉求已转办。".chars().cycle().take(bytes.div_ceil(3).max(1)).collect()
}
