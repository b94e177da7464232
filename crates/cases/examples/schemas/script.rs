//! A story told line by line: whatever a line says must be taken and must do something.

use cases::{
    CaseId, CommandLine,
    case::escalation::DraftState,
    obligation::ObligationKind,
    story::{Story, cast},
};
use serde_json::{Value, json};
use uuid::Uuid;

/// A story and the lines that made it.
pub(crate) struct Script {
    pub(crate) story: Story,
    pub(crate) lines: Vec<Value>,
    /// About which case the next line is; 0 for the centre itself.
    pub(crate) case: u128,
}

impl Script {
    pub(crate) fn new(story: Story) -> Self {
        Self { story, lines: Vec::new(), case: 0 }
    }

    pub(crate) fn say(&mut self, at: &str, who: &str, command: &str, mut fields: Value) {
        self.story.at(at);
        let now = u128::try_from(self.story.now.ms()).expect("after 1970") << 80;
        let count = u128::try_from(self.lines.len()).expect("a few hundred");
        let id = Uuid::from_u128(now | 0x7000_8000_0000_0000_0000 | count);
        let mut line = json!({"id": id, "centre": self.story.centre.code, "by": cast(who), "recorded_at": self.story.now, "command": command});
        if self.case > 0 {
            line["case"] = json!(Story::id(self.case));
        }
        if let (Value::Object(line), Value::Object(fields)) = (&mut line, fields.take()) {
            line.extend(fields);
        }
        let read = CommandLine::from_value(line.clone()).unwrap_or_else(|refusal| panic!("{line}: {refusal}"));
        let done = self.story.submit(&read).unwrap_or_else(|refusal| panic!("{line}: {refusal}"));
        assert!(!done.is_empty(), "{line} decides nothing");
        self.lines.push(line);
    }

    fn id(&self) -> CaseId {
        Story::id(self.case)
    }

    pub(crate) fn owed(&self, kind: ObligationKind) -> u32 {
        self.story.case(self.id()).clocks.open_of(kind, None).expect("an open obligation").obligation.no
    }

    pub(crate) fn draft(&self) -> u32 {
        let drafts = &self.story.case(self.id()).drafts;
        drafts.iter().find(|draft| draft.state == DraftState::Waiting).expect("a draft that waits").no
    }

    /// The version of the newest entry of a type.
    pub(crate) fn entry(&self, kind: &str) -> u64 {
        let entries = &self.story.case(self.id()).entries;
        *entries.iter().rev().find(|(_, entry)| entry.kind == kind).expect("such an entry").0
    }

    /// Accepted, classified, submitted, by the clerk within a quarter of an hour from 09:00.
    pub(crate) fn submitted(&mut self, case: u128, day: &str, kind: &Value, department: &str) {
        self.case = case;
        let person = json!({"name": "周某", "telephone": "13800000017"});
        let matter = json!({"channel": "telephone", "complainant": person, "category": "help",
            "summary": "企业变更登记", "narrative": "来电人说变更登记办了三次没有办成。"});
        self.say(&format!("{day}T09:00"), "clerk", "accept", matter);
        let mut found = json!({"departments": [department]});
        if let (Value::Object(found), Value::Object(kind)) = (&mut found, kind) {
            found.extend(kind.clone());
        }
        self.say(&format!("{day}T09:10"), "clerk", "classify", found);
        self.say(&format!("{day}T09:15"), "clerk", "submit", json!({"to": "leader"}));
    }

    /// The same, signed twice and dispatched by 10:00.
    pub(crate) fn dispatched(&mut self, case: u128, day: &str, kind: &Value, department: &str) {
        self.submitted(case, day, kind, department);
        self.say(&format!("{day}T09:30"), "officer", "sign", json!({}));
        self.say(&format!("{day}T09:40"), "leader2", "sign", json!({"as_deputy": true}));
        let order = json!({"lead": department, "urged_by": "officer"});
        self.say(&format!("{day}T10:00"), "manager", "dispatch", order);
    }
}
