//! What is sent: appeals on their way from the window to the end, each command as the person whose turn it is.
//!
//! A way is a row of steps that the rules allow in this order, so that every command is taken. What differs from one appeal
//! to the next follows from its number alone.

use faults::Chance;
use serde_json::{Value, json};
use uuid::Uuid;

use self::Step::*;

/// Centres, each with its own log.
pub(crate) const CENTRES: [&str; 4] = ["410402", "410403", "410404", "410411"];
pub(crate) const DEPARTMENTS: [(&str, &str); 3] =
    [("scjg", "市场监管局"), ("zjj", "住房和城乡建设局"), ("rsj", "人力资源和社会保障局")];

/// Ways and how many of a hundred appeals take each.
const WAYS: [(u64, &[Step]); 6] = [
    (35, &[Accept, Classify("ordinary"), Settle, Close]),
    (
        38,
        &[
            Accept,
            Classify("withheld"),
            Submit,
            SignOfficer,
            SignLeader,
            Dispatch,
            AssignHandler,
            SignFor,
            Progress,
            Progress,
            Result,
            Check,
            FeedBack,
            CallBack("satisfied"),
            Close,
        ],
    ),
    (
        10,
        &[
            Accept,
            Classify("cannot_be_done"),
            Submit,
            SignOfficer,
            SignLeader,
            Dispatch,
            SignFor,
            Inability,
            Check,
            FeedBack,
            CallBack("basically_satisfied"),
            Close,
        ],
    ),
    (
        8,
        &[
            Accept,
            Classify("hard_to_do"),
            Submit,
            SignOfficer,
            SignLeader,
            Dispatch,
            SignFor,
            Progress,
            Result,
            Check,
            FeedBack,
            CallBack("dissatisfied"),
            Return,
            Progress,
            Result,
            Check,
            FeedBack,
            CallBack("very_satisfied"),
            Close,
        ],
    ),
    (4, &[Accept, Classify("withheld"), Submit, SignOfficer, SignLeader, Dispatch, SignFor, Withdraw]),
    // Left lying: what is open grows as it does in a year.
    (5, &[Accept, Classify("hard_to_do"), Submit, SignOfficer, SignLeader, Dispatch, SignFor, Progress]),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Accept,
    Classify(&'static str),
    Settle,
    Submit,
    SignOfficer,
    SignLeader,
    Dispatch,
    AssignHandler,
    SignFor,
    Progress,
    Result,
    Inability,
    Check,
    FeedBack,
    CallBack(&'static str),
    Return,
    Withdraw,
    Close,
}

/// One appeal and how far it has come.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) n: u64,
    way: &'static [Step],
    done: usize,
}

impl Life {
    pub(crate) fn new(n: u64) -> Self {
        let mut drawn = Chance(n).below(100);
        let way = WAYS.iter().find_map(|(share, way)| {
            let is_it = drawn < *share;
            drawn = drawn.saturating_sub(*share);
            is_it.then_some(*way)
        });
        Self { n, way: way.expect("the shares make a hundred"), done: 0 }
    }

    /// Its place among [`CENTRES`].
    pub(crate) fn centre(&self) -> usize {
        centre_of(self.n)
    }

    pub(crate) fn is_new(&self) -> bool {
        self.done == 0
    }

    /// The id of the next command: the same however often it is sent.
    pub(crate) fn command_id(&self) -> Uuid {
        Uuid::from_u64_pair(0x0190_0000_0000_7000 + self.n, self.done as u64)
    }

    /// The next command.
    pub(crate) fn command(&self) -> Value {
        let (id, role, office, fields) = self.act();
        let mut command = json!({
            "id": self.command_id(), "centre": CENTRES[self.centre()], "case": case_id(self.n),
            "by": {"id": id, "role": role, "office": office},
        });
        if let (Value::Object(command), Value::Object(fields)) = (&mut command, fields) {
            command.extend(fields);
        }
        command
    }

    /// The command was acknowledged; `false` if it was the last.
    pub(crate) fn goes_on(&mut self) -> bool {
        self.done += 1;
        self.done < self.way.len()
    }

    /// Who, in which role, for whom; what.
    fn act(&self) -> (String, &'static str, String, Value) {
        let department = DEPARTMENTS[usize::try_from(self.n % 3).unwrap_or(0)].0;
        let clerk = |fields| (format!("clerk-{}", self.n % 7), "window_clerk", "centre".to_owned(), fields);
        let centre = |id: &str, role, fields| (id.to_owned(), role, "centre".to_owned(), fields);
        let handler = |fields| (format!("{department}-1"), "handler", format!("department:{department}"), fields);
        match self.way[self.done] {
            Accept => clerk(json!({
                "command": "accept", "channel": "window", "category": "complaint",
                "complainant": {"name": "张三", "telephone": format!("138{:08}", self.n % 100_000_000)},
                "summary": "办理变更登记被要求多次补材料", "narrative": self.narrative(),
            })),
            Classify("ordinary") => clerk(json!({"command": "classify", "kind": "ordinary"})),
            Classify(kind) => {
                let ground = match kind {
                    "cannot_be_done" => "against_law",
                    "hard_to_do" => "legacy_matter",
                    _ => "refused",
                };
                clerk(json!({"command": "classify", "kind": kind, "ground": ground, "departments": [department]}))
            }
            Settle => clerk(json!({
                "command": "settle_on_the_spot", "result": "已当场讲明并协助办理", "rating": "very_satisfied",
            })),
            Submit => clerk(json!({"command": "submit"})),
            SignOfficer => centre("officer", "duty_officer", json!({"command": "sign"})),
            SignLeader => centre("leader", "duty_leader", json!({"command": "sign"})),
            Dispatch => centre(
                "manager",
                "centre_manager",
                json!({
                    "command": "dispatch", "lead": department, "urged_by": "clerk-0",
                    "contact": {"name": "陈华", "telephone": "0375-2520000"},
                }),
            ),
            AssignHandler => (
                format!("{department}-head"),
                "department_head",
                format!("department:{department}"),
                json!({"command": "assign_handler", "handler": format!("{department}-1")}),
            ),
            SignFor => handler(json!({"command": "sign_for"})),
            Progress => handler(
                json!({"command": "report_progress", "text": format!("第{}次核对：已联系诉求人，正在核对资料。", self.done)}),
            ),
            Result => {
                handler(json!({"command": "report_result", "text": "已办结，诉求人所需手续已经办好，原件已送达窗口。"}))
            }
            Inability => handler(json!({
                "command": "explain_inability", "reason": "不符合法定条件，不能办理；已建议可行的替代途径。",
                "basis": "相关法律法规和现行政策规定",
            })),
            Check => centre(
                "manager",
                "centre_manager",
                json!({
                    "command": "check_quality", "passed": true, "findings": "结果属实，答复规范",
                }),
            ),
            FeedBack => clerk(json!({"command": "feed_back", "how": "telephone", "text": "已将办理结果告知诉求人"})),
            CallBack(rating) => {
                clerk(json!({"command": "call_back", "opinion": "已电话回访，诉求人说明了意见", "rating": rating}))
            }
            Return => centre(
                "manager",
                "centre_manager",
                json!({
                    "command": "return_for_rework", "reason": "诉求人不满意，请针对其意见重新办理",
                }),
            ),
            Withdraw => clerk(json!({"command": "withdraw", "how": "电话", "reason": "问题已自行解决"})),
            Close => clerk(json!({"command": "close"})),
        }
    }

    /// As long as people write: a few sentences, seldom many.
    fn narrative(&self) -> String {
        const SENTENCE: &str =
            "来窗口三次都说材料不全，也不讲缺什么，电话打过去没有人接，问了别的窗口又让回来找原来的人。";
        let mut chance = Chance(self.n);
        let sentences = 1 + if chance.below(10) == 0 { chance.below(12) } else { chance.below(4) };
        SENTENCE.repeat(usize::try_from(sentences).unwrap_or(1))
    }
}

/// Appeals that wait for their next command.
#[derive(Debug)]
pub(crate) struct Lives {
    waiting: Vec<Life>,
    begun: u64,
    under_way: u64,
    chance: Chance,
    /// Numbers of those that are accepted, for the readers.
    pub(crate) known: Vec<u32>,
}

impl Lives {
    pub(crate) fn new() -> Self {
        Self { waiting: Vec::new(), begun: 0, under_way: 0, chance: Chance(1), known: Vec::new() }
    }

    /// A new appeal while there are too few, else any that waits.
    pub(crate) fn take(&mut self, open: u64) -> Life {
        let at = usize::try_from(self.chance.below(self.waiting.len() as u64)).unwrap_or(0);
        if self.under_way >= open && at < self.waiting.len() {
            return self.waiting.swap_remove(at);
        }
        (self.begun, self.under_way) = (self.begun + 1, self.under_way + 1);
        Life::new(self.begun - 1)
    }

    pub(crate) fn put(&mut self, life: Life, goes_on: bool) {
        if goes_on { self.waiting.push(life) } else { self.under_way -= 1 }
    }
}

/// The place of a case's centre among [`CENTRES`].
pub(crate) fn centre_of(n: u64) -> usize {
    usize::try_from(n % CENTRES.len() as u64).unwrap_or(0)
}

/// Counts up in its first bytes as a `UUIDv7` does.
pub(crate) fn case_id(n: u64) -> Uuid {
    Uuid::from_u64_pair(0x0190_0000_0000_7000 + (n << 16), Chance(n).below(u64::MAX) >> 2 | 1 << 63)
}
