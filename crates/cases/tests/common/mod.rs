//! Stories as scripts: one line a step, with the time, who acts, the command, its fields, and what is expected of it.
//!
//! ```text
//! 03-02 09:30 clerk accept                                a step; the year is 2026 unless given
//! 03-02 10:00 clerk @2 accept anonymous=true              on the second case
//! 03-04 10:00 head:scj promise on=2026-03-09 => promised  the events it decides, or `nothing`
//! 03-05 10:00 clerk close !! cannot-close                 the refusal it meets
//! 03-06 09:00 system reminded reminded                    what the system does by itself at that moment
//! = result scj 03-09 17:00 open                           the newest clock of that kind and owner: due time, outcome
//! ```
//!
//! Due times are written by hand from the domain's table and the calendar of 2026; nothing here counts days.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::BTreeMap;

use cases::{
    Case, CaseId, CentreCommand, Refusal,
    obligation::{Outcome, Running},
    story::{Story, Told, cast},
    time::Instant,
};
use serde_json::{Map, Value, json};

/// 豫审信〔2022〕43号
pub(crate) const H: &str = "henan-2022-43";
/// 平龙政服领办〔2023〕7号
pub(crate) const S: &str = "shilong-2023-7";

/// A centre, and a script being played in it.
#[derive(Clone)]
pub(crate) struct Play {
    pub(crate) story: Story,
    /// Whether the system acts by itself between the lines.
    pub(crate) sweeping: bool,
    /// The refusals that the script met, with what they told the person.
    pub(crate) refused: BTreeMap<&'static str, String>,
}

impl Play {
    /// Nothing happens between the lines: time passes and no sweep runs.
    pub(crate) fn still(policy: &str) -> Self {
        Self { story: Story::under(policy, "2026-01-05 08:00"), sweeping: false, refused: BTreeMap::new() }
    }

    /// Sweeps run all the time, and every step of theirs has to stand in the script.
    pub(crate) fn swept(policy: &str) -> Self {
        Self { sweeping: true, ..Self::still(policy) }
    }

    /// Plays a script.
    pub(crate) fn play(&mut self, script: &str) -> &mut Self {
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")) {
            match line.strip_prefix("= ") {
                Some(expected) => self.expect(expected),
                None => self.step(line),
            }
        }
        self
    }

    pub(crate) fn case(&self, n: u128) -> &Case {
        self.story.case(Story::id(n))
    }

    /// The types of a case's events, in order.
    pub(crate) fn events(&self, n: u128) -> Vec<&'static str> {
        self.case(n).entries.values().map(|entry| entry.kind).collect()
    }

    /// Every clock of the first case as a line.
    pub(crate) fn clocks(&self) -> Vec<String> {
        self.case(1).clocks.all().iter().map(show).collect()
    }

    /// The newest clock of a kind, of one owner where it says so.
    pub(crate) fn clock(&self, kind: &str, owner: Option<&str>) -> Option<&Running> {
        let owned = |running: &&Running| owner.is_none_or(|owner| running.obligation.owner.to_string() == owner);
        let all = self.case(1).clocks.all().iter();
        all.filter(owned).rfind(|running| running.obligation.kind.name() == kind)
    }

    fn expect(&mut self, expected: &str) {
        let (kind, owner) =
            expected.split_once(' ').map(|(k, rest)| (k, rest.split(' ').next())).expect("kind owner …");
        if kind == "stage" {
            return assert_eq!(self.case(1).stage.term(), owner.unwrap_or_default(), "{:#?}", self.events(1));
        }
        let found = self.clock(kind, owner).map_or_else(|| "none".to_owned(), show);
        assert_eq!(found, expected, "\nclocks: {:#?}\nevents: {:?}", self.clocks(), self.events(1));
    }

    fn step(&mut self, line: &str) {
        let (said, expected) = line.split_once(" => ").map_or((line, None), |(said, types)| (said, Some(types)));
        let (said, refused) = said.split_once(" !! ").map_or((said, None), |(said, code)| (said, Some(code)));
        let mut words = said.split_whitespace();
        let at = moment(words.next().expect("a date"), words.next().expect("a time"));
        let who = words.next().expect("who acts");
        if who == "system" {
            return self.by_itself(line, at, &words.collect::<Vec<_>>());
        }
        if self.sweeping {
            let done = self.story.run_until(&at.to_string());
            assert!(done.is_empty(), "before “{line}” the system did {done:?}");
        }
        self.story.now = at;
        let told = self.tell(who, &words.collect::<Vec<_>>());
        match (told, refused) {
            (Ok(types), None) => {
                if let Some(expected) = expected {
                    let types = if types.is_empty() { "nothing".to_owned() } else { types.join(" ") };
                    assert_eq!(types, expected, "{line}");
                }
            }
            (Err(refusal), Some(code)) => {
                assert_eq!(refusal.code(), code, "{line}: {refusal}");
                self.refused.insert(refusal.code(), refusal.to_string());
            }
            (Ok(types), Some(_)) => panic!("“{line}” was not refused: {types:?}"),
            (Err(refusal), None) => panic!("“{line}” was refused: {} {refusal}", refusal.code()),
        }
    }

    fn by_itself(&mut self, line: &str, at: Instant, expected: &[&str]) {
        if self.sweeping {
            let early = self.story.run_until(&at.plus(chrono::TimeDelta::milliseconds(-1)).to_string());
            assert!(early.is_empty(), "before “{line}” the system did {early:?}");
        }
        self.story.now = at;
        let done = self.story.sweep();
        assert_eq!(done, expected, "{line}\nclocks: {:#?}", self.clocks());
    }

    /// One command: `[@n] name key=value …`, with what the command needs and the script does not say.
    pub(crate) fn tell(&mut self, who: &str, words: &[&str]) -> Result<Vec<&'static str>, Refusal> {
        let (case, words) = match words[0].strip_prefix('@') {
            Some(n) => (n.parse().expect("a case's number"), &words[1..]),
            None => (1, words),
        };
        let command = words[0];
        let mut fields = defaults(command);
        fields.insert("command".to_owned(), command.into());
        if !CentreCommand::NAMES.contains(&command) {
            fields.insert("case".to_owned(), json!(Story::id(case)));
        }
        for word in &words[1..] {
            let (key, value) = word.split_once('=').expect("key=value");
            put(&mut fields, key, value);
        }
        self.story.tell(who, Value::Object(fields))
    }
}

fn put(fields: &mut Map<String, Value>, key: &str, value: &str) {
    let read = || serde_json::from_str(value).unwrap_or_else(|_| value.into());
    let value = match key {
        "approved_by" => cast(value),
        // As an import tells it: approved as it is entered.
        "imported" => {
            fields.insert("occurred_at".to_owned(), value.into());
            let late = json!({"reason": "导入", "evidence": "ab".repeat(32), "approved_by": cast("manager")});
            return drop(fields.insert("late".to_owned(), late));
        }
        "late" => json!({"reason": value, "evidence": "ab".repeat(32)}),
        "to" | "into" | "of" if value.starts_with('@') => {
            json!(Story::id(value[1..].parse().expect("a case's number")))
        }
        "unit" => return drop(fields.insert("to".to_owned(), json!({"unit": value}))),
        "anonymous" | "is_unit" => return fields["complainant"][key] = read(),
        "name" | "telephone" | "address" => match fields.get_mut("complainant") {
            Some(complainant) => return complainant[key] = value.into(),
            None => value.into(),
        },
        _ => read(),
    };
    fields.insert(key.to_owned(), value);
}

/// What each command needs beside what a script is about.
fn defaults(command: &str) -> Map<String, Value> {
    let fields = match command {
        "accept" => {
            json!({"channel": "window", "category": "complaint", "summary": "办证被拖", "narrative": "材料齐全，一个月未办",
            "complainant": {"name": "张三", "telephone": "13800000000"}})
        }
        "amend" | "give_partial_reply" | "report_result" | "report_progress" | "answer_supervision" => {
            json!({"text": "情况如下"})
        }
        "propose_plan" | "correct_escalation" => json!({"text": "情况如下"}),
        "request_amendment" => json!({"missing": "申请表"}),
        "decline" => json!({"ground": "abuse_or_test", "reason": "测试"}),
        "merge"
        | "reject_at_review"
        | "reassign"
        | "recuse"
        | "reclassify"
        | "revise_promise"
        | "request_extension"
        | "refuse_extension"
        | "refuse_late_entry"
        | "correct_entry"
        | "decide_dispute"
        | "withhold_escalation"
        | "return_for_rework"
        | "continue_ex_officio" => json!({"reason": "理由如下"}),
        "split" => json!({"reason": "两件事", "parts": [{"case": Story::id(2), "category": "help", "summary": "另一件",
            "narrative": "另一件事"}]}),
        "withdraw" => json!({"how": "电话"}),
        "settle_on_the_spot" => json!({"result": "当场办好"}),
        "consult" => json!({"convenor": "manager", "attendees": ["head-scj"], "minutes": "商定如下"}),
        "dispute_assignment" => json!({"reason": "非本部门职责", "basis": "三定方案"}),
        "explain_inability" => json!({"reason": "超出职权", "basis": "行政许可法第十二条"}),
        "refer" => json!({"to": {"unit": "市供水公司"}, "request": "请核实答复"}),
        "inform_complainant" => json!({"how": "telephone", "text": "告知如下"}),
        "record_referral_answer" => json!({"answer": "已修复"}),
        "pause" => json!({"reason": "appraisal", "note": "送检"}),
        "check_quality" => json!({"passed": true, "findings": "属实"}),
        "attempt_call_back" => json!({"outcome": "no_answer"}),
        "call_back" => json!({"opinion": "知道了", "rating": "satisfied"}),
        "feed_back" => json!({"how": "telephone", "text": "结果如下"}),
        "terminate" => json!({"ground": "lawful_but_unsatisfied", "reason": "依法不能办"}),
        "reopen" => json!({"ground": "complaint", "reason": "又来反映"}),
        "add_attachment" => {
            json!({"name": "照片.jpg", "media_type": "image/jpeg", "size_bytes": 1000, "sm3": "cd".repeat(32)})
        }
        _ => json!({}),
    };
    match fields {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// `03-02 09:30` of 2026, or `2027-01-04 09:30`.
pub(crate) fn moment(date: &str, time: &str) -> Instant {
    let year = if date.len() == "03-02".len() { "2026-" } else { "" };
    format!("{year}{date} {time}").parse().expect("a time")
}

/// `kind owner due outcome`, with `~` behind a provisional due time.
pub(crate) fn show(running: &Running) -> String {
    let owed = &running.obligation;
    let year = if owed.due.date().to_string().starts_with("2026") { "" } else { "%Y-" };
    let due = owed.due.format(&format!("{year}%m-%d %H:%M")).to_string();
    let mark = if owed.provisional { "~" } else { "" };
    let outcome = running.end.as_ref().map_or("open".to_owned(), |end| end.outcome.name());
    format!("{} {} {due}{mark} {outcome}", owed.kind.name(), owed.owner)
}

/// How many clocks of a case ended in which way.
pub(crate) fn outcomes(case: &Case) -> BTreeMap<Outcome, usize> {
    let mut counts = BTreeMap::new();
    for end in case.clocks.all().iter().filter_map(|running| running.end.as_ref()) {
        *counts.entry(end.outcome).or_default() += 1;
    }
    counts
}

/// The entries of the first case, as its log keeps them.
pub(crate) fn log_of(story: &Story, id: CaseId) -> impl Iterator<Item = &cases::Entry<cases::CaseEvent>> {
    story.log.iter().filter_map(move |told| match told {
        Told::Case(of, entry) if *of == id => Some(entry),
        _ => None,
    })
}

/// Accepted, classified, submitted, signed where the policy asks for it, and dispatched: all on Monday 03-02, the last at
/// 10:00. `classified` and `dispatched` are the fields of these two commands.
pub(crate) fn dispatched(policy: &str, classified: &str, dispatched: &str) -> String {
    let (signed, urged) = if policy == S {
        ("03-02 09:52 officer sign\n03-02 09:54 leader sign\n", "urged_by=officer")
    } else {
        ("", "")
    };
    format!("{}{signed}03-02 10:00 manager dispatch lead=scj {urged} {dispatched}", submitted(classified))
}

/// The same up to the submission at 09:50.
pub(crate) fn submitted(classified: &str) -> String {
    format!("03-02 09:30 clerk accept\n03-02 09:40 clerk classify {classified}\n03-02 09:50 clerk submit\n")
}

pub(crate) const ORDINARY: &str = "kind=ordinary";
pub(crate) const CANNOT: &str = "kind=cannot_be_done ground=beyond_powers";
pub(crate) const HARD: &str = "kind=hard_to_do ground=legacy_matter";
pub(crate) const WITHHELD: &str = "kind=withheld ground=delayed";
pub(crate) const OUTSIDE: &str = "kind=out_of_scope";

/// Plays `given`, sees that the clock is open as `set` says (owner and due time), and then that each act, alone, ends it as
/// said.
#[track_caller]
pub(crate) fn check(policy: &str, given: &str, kind: &str, set: &str, ends: &[(&str, &str)]) {
    let mut play = Play::still(policy);
    play.play(given).play(&format!("= {kind} {set} open"));
    for (outcome, acts) in ends {
        play.clone().play(acts).play(&format!("= {kind} {set} {outcome}"));
    }
}
