//! Details that readers rely on, by hand: what two cases have to do with each other, by which rule the system acted, by which
//! name a recipient goes, what a digest holds.

use cases::{CaseId, people::Role, story::Story};
use projections::{
    When,
    timeline::{self, Until},
};
use serde_json::{Value, json};

use crate::support::{Place, block_on, centre};

const RULES: [(&str, &str); 12] = [
    ("reminded", "H9"),
    ("supervision_drafted", "H9"),
    ("supervision_issued", "H9"),
    ("circulation_drafted", "H9"),
    ("circulated", "H9"),
    ("reported_to_government", "H9"),
    ("copied_to_discipline", "H9"),
    ("routine_copy_sent", "H-三(三)"),
    ("reported_to_parent", "上级"),
    ("extension_refused", "延期"),
    ("dispute_decided", "异议"),
    ("resumed", "中止"),
];

fn tell(story: &mut Story, at: &str, who: &str, case: u128, fields: Value) {
    let mut fields = fields;
    fields["case"] = json!(Story::id(case));
    story.at(&format!("2026-03-{at}:00"));
    story.tell(who, fields.clone()).unwrap_or_else(|refusal| panic!("{at} {who} {fields}: {refusal}"));
}

fn accept(summary: &str) -> Value {
    json!({"command": "accept", "channel": "window", "category": "complaint", "summary": summary, "narrative": summary,
        "complainant": {"name": "张三", "telephone": "13900000001"}})
}

#[test]
fn the_ledger_says_what_cases_have_to_do_with_each_other() {
    let mut story = Story::under("henan-2022-43", "2026-03-02T09:00:00");
    tell(&mut story, "02T09:10", "clerk", 1, accept("不发证"));
    tell(&mut story, "02T09:20", "clerk", 2, accept("还是不发证"));
    tell(&mut story, "02T09:30", "manager", 2, json!({"command": "merge", "into": Story::id(1), "reason": "同一件事"}));
    let part = json!({"case": Story::id(3), "category": "help", "summary": "另一件", "narrative": "另一件事"});
    tell(&mut story, "02T09:40", "clerk", 1, json!({"command": "split", "reason": "两件事", "parts": [part]}));
    tell(&mut story, "02T10:00", "clerk", 1, json!({"command": "classify", "kind": "ordinary"}));
    tell(&mut story, "02T10:01", "clerk", 1, json!({"command": "submit"}));
    tell(&mut story, "02T10:05", "manager", 1, json!({"command": "dispatch", "lead": "scj"}));
    tell(
        &mut story,
        "02T10:10",
        "manager",
        1,
        json!({"command": "pause", "reason": "complainant_material",
        "until": "2026-03-06", "note": "补材料"}),
    );
    tell(
        &mut story,
        "02T10:20",
        "clerk",
        1,
        json!({"command": "inform_complainant", "about": "paused", "how": "telephone",
        "text": "请补材料"}),
    );
    tell(
        &mut story,
        "02T10:30",
        "manager",
        1,
        json!({"command": "terminate", "ground": "refuses_information",
        "reason": "不愿提供"}),
    );
    block_on(async {
        let place = Place::of(&story).await;
        let lines = place.ledger(&story, When::now(story.now)).await;
        let remark = |case: CaseId| &lines.iter().find(|line| line.case == case).unwrap().cells[16];
        assert!(remark(Story::id(2)).contains("并入2026年第1号"), "{}", remark(Story::id(2)));
        assert!(remark(Story::id(1)).contains("并单：2026年第2号并入"), "{}", remark(Story::id(1)));
        assert!(remark(Story::id(1)).contains("拆出1件"), "{}", remark(Story::id(1)));
        assert!(remark(Story::id(3)).contains("自2026年第1号拆出"), "{}", remark(Story::id(3)));
        assert!(lines[0].cells[13].starts_with("终止办理（"), "{}", lines[0].cells[13]);
    });
}

/// Under Shilong nobody does anything for three weeks: all that the system does by itself says by which rule, and nothing
/// that a person does has one.
#[test]
fn the_system_names_its_rule() {
    let mut story = Story::under("shilong-2023-7", "2026-03-02T09:00:00");
    tell(&mut story, "02T09:10", "clerk", 1, accept("不给办"));
    tell(
        &mut story,
        "02T09:12",
        "clerk",
        1,
        json!({"command": "classify", "kind": "hard_to_do", "ground": "legacy_matter"}),
    );
    tell(&mut story, "02T09:13", "clerk", 1, json!({"command": "submit"}));
    tell(&mut story, "02T09:20", "officer", 1, json!({"command": "sign"}));
    tell(&mut story, "02T09:21", "leader", 1, json!({"command": "sign"}));
    tell(&mut story, "02T09:30", "manager", 1, json!({"command": "dispatch", "lead": "scj", "urged_by": "officer"}));
    tell(&mut story, "02T10:00", "handler:scj", 1, json!({"command": "sign_for"}));
    tell(
        &mut story,
        "02T10:05",
        "head:scj",
        1,
        json!({"command": "dispute_assignment", "reason": "不归我们", "basis": "三定"}),
    );
    story.run_until("2026-03-04T09:00:00");
    tell(
        &mut story,
        "04T10:00",
        "manager",
        1,
        json!({"command": "pause", "reason": "appraisal", "until": "2026-03-05",
        "note": "鉴定"}),
    );
    story.run_until("2026-03-31T17:00:00");
    block_on(async {
        let place = Place::of(&story).await;
        let code = centre(&story.centre.code);
        let history = timeline::history(&*place.log, &code, Story::id(1), Until::default()).await.unwrap();
        let mut seen = Vec::new();
        for line in &history.happened {
            let expected = RULES.iter().find(|(kind, _)| *kind == line.kind).map(|(_, rule)| *rule);
            match (&line.rule, expected) {
                (Some(rule), Some(expected)) if line.role == Role::System => {
                    assert!(rule.contains(expected), "{}: {rule}", line.kind);
                    seen.push(line.kind.as_str());
                }
                (rule, _) => assert_eq!((rule, line.role == Role::System), (&None, false), "{} {}", line.kind, line.by),
            }
        }
        for kind in [
            "reminded",
            "supervision_drafted",
            "supervision_issued",
            "circulation_drafted",
            "circulated",
            "reported_to_government",
            "copied_to_discipline",
            "reported_to_parent",
            "dispute_decided",
            "resumed",
        ] {
            assert!(seen.contains(&kind), "{kind} is not among {seen:?}");
        }
        for (feed, name) in [
            ("discipline", "石龙区纪委监委"),
            ("government", "石龙区人民政府"),
            ("department:scj", "市场监管局"),
            ("parent", "上级"),
        ] {
            let entries = place.feed(&story, feed, When::now(story.now)).await;
            assert!(entries.first().is_some_and(|entry| entry.recipient_name == name), "{feed}: {:?}", entries.first());
        }
    });
}

#[test]
fn a_digest_is_in_the_feed_with_its_counts() {
    let mut story = Story::under("henan-2022-43", "2026-03-02T09:00:00");
    let counts = json!({"accepted": 7, "circulated": 0, "closed": 3, "late": 2, "reminded": 0, "returned": 0,
        "supervised": 1, "terminated": 0, "withheld": 0});
    story.at("2026-04-01T09:00:00");
    story.tell("manager", json!({"command": "send_monthly_digest", "month": "2026-03-01", "counts": counts})).unwrap();
    block_on(async {
        let place = Place::of(&story).await;
        let entries = place.feed(&story, "discipline", When::now(story.now)).await;
        let digest = entries[0].digest.as_ref().unwrap();
        assert_eq!(
            (digest.month.to_string().as_str(), serde_json::to_value(&digest.counts).unwrap()),
            ("2026-03-01", counts)
        );
    });
}
