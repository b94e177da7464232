//! 时限: every wait has an owner and an end (domain §5).
//!
//! An obligation is decided once, by the event that sets it, and stands in that event with its due time and its
//! reasons. Whoever replays a case reads due times; nobody computes them again. [`table`] is the domain's table as
//! code: which event sets which obligation and which one ends it.

pub mod table;

mod changes;
mod due;
mod handling;
pub(crate) mod moves;

pub use due::{DueAnswer, due};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{calendar::CalendarVersion, ids::DepartmentId, terms::terms, time::Instant};

terms!(
    /// 时限事项.
    ObligationKind {
        Triage = "研判提交",
        Review = "审核转办",
        Consultation = "会商",
        SignFor = "签收",
        Answer = "答复",
        Plan = "解决方案",
        Result = "办理结果",
        CoReply = "协办意见",
        Supervision = "督办答复",
        QualityCheck = "质检",
        CallBack = "回访",
        Feedback = "反馈",
        Inform = "告知",
        ReferralAnswer = "函转答复",
        ExtensionDecision = "延期审批",
        DisputeDecision = "异议处理",
        SignDraft = "签发",
    }
);

impl ObligationKind {
    /// 催办 goes out for these (H9 对即将到期的事项进行催办).
    pub const fn is_reminded(self) -> bool {
        matches!(self, Self::SignFor | Self::Answer | Self::Plan | Self::Result | Self::CoReply)
    }

    /// 督办 follows when these are overdue (H9 对逾期未反馈结果的事项进行督办).
    pub const fn is_supervised(self) -> bool {
        matches!(self, Self::Answer | Self::Plan | Self::Result)
    }

    /// The parent is told when the centre itself is late with these.
    pub const fn is_seen_by_parent(self) -> bool {
        matches!(
            self,
            Self::Review | Self::Consultation | Self::QualityCheck | Self::CallBack | Self::Feedback | Self::SignDraft
        )
    }

    /// Stops while the case is paused (中止): only the departments' own work does, and what a 督办 requires of it.
    pub const fn is_paused(self) -> bool {
        matches!(self, Self::Answer | Self::Plan | Self::Result | Self::CoReply | Self::Supervision)
    }
}

terms!(
    /// How an obligation ended.
    Outcome {
        Met = "按时完成",
        MetLate = "超期完成",
        Breached = "超期未完成",
        Cancelled = "不再计时",
    }
);

/// Who owes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// “有诉即办”窗口
    Window,
    /// 管理机构
    Centre,
    /// 签发人
    Manager,
    /// 政务服务部门
    Department(DepartmentId),
    /// 函转的接收单位
    Unit(String),
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Window => f.write_str("窗口"),
            Self::Centre => f.write_str("管理机构"),
            Self::Manager => f.write_str("签发人"),
            Self::Department(id) => id.fmt(f),
            Self::Unit(name) => f.write_str(name),
        }
    }
}

terms!(
    /// What the complainant must be told (告知).
    InformAbout {
        Declined = "不予受理",
        Referred = "函转去向",
        Extended = "延期",
        Paused = "中止",
        Terminated = "终止办理",
        Plan = "解决方案",
        Repeat = "同一事项已有处理",
        Other = "其他",
    }
);

/// What an obligation is about, where its kind alone does not say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// Another obligation of the case, by its number.
    Obligation(u32),
    /// A draft of the case, by its number.
    Draft(u32),
    /// A dispute of the case, by its number.
    Dispute(u32),
    /// What the complainant is owed to hear.
    Inform(InformAbout),
}

/// How the limit was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// So many working days, the day of receipt not counted: the article's own.
    WorkingDays(u32),
    /// The same, but somebody's decision: the limit that the dispatch named. Only these and promises can be extended.
    Named(u32),
    /// By that day's closing, or the next working day's.
    SameDay,
    /// By a promised date's closing (承诺时限).
    Promised,
    /// So many working days before the lead's due time.
    BeforeLead(u32),
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::WorkingDays(n) | Self::Named(n) => write!(f, "{n}个工作日"),
            Self::SameDay => f.write_str("当日"),
            Self::Promised => f.write_str("承诺时限"),
            Self::BeforeLead(n) => write!(f, "牵头时限前{n}个工作日"),
        }
    }
}

/// One obligation as it was decided. Storage format: it stands in the events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Obligation {
    /// Its number within the case, from 1, in the order in which obligations were set.
    pub no: u32,
    pub kind: ObligationKind,
    pub owner: Owner,
    /// The round of handling, from 1.
    pub round: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<About>,
    /// Counted from here: delivery, receipt, request.
    pub from: Instant,
    pub due: Instant,
    pub limit: Span,
    /// The article, as in `H8`.
    pub rule: String,
    /// 暂定: touches a year whose holidays are not published.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub provisional: bool,
    /// The calendars that the count touched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calendars: Vec<CalendarVersion>,
}

/// An obligation came to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    /// Which one.
    pub no: u32,
    pub outcome: Outcome,
    /// When it ended, as judged: the recorded time, or the occurred time of an approved late entry.
    pub at: Instant,
    /// The type of the event that ended it.
    pub cause: String,
}

/// A due time changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Moved {
    /// Which one.
    pub no: u32,
    pub old: Instant,
    pub new: Instant,
    /// Counted from here now, where that changed (an approved late entry).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Instant>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub provisional: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calendars: Vec<CalendarVersion>,
    /// Working days given back after a pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_back_days: Option<u32>,
    /// The type of the event that moved it.
    pub cause: String,
}

/// What one event does to the case's clocks. Storage format.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClockChanges {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<Ended>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved: Vec<Moved>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<Obligation>,
}

impl ClockChanges {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.ended.is_empty() && self.moved.is_empty() && self.set.is_empty()
    }
}

/// An obligation and what became of it so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Running {
    /// As it stands now: `due` is the newest one.
    pub obligation: Obligation,
    /// The version of the case's event that set it.
    pub set_by: u64,
    /// Every change of the due time, oldest first.
    pub moves: Vec<Moved>,
    pub end: Option<Ended>,
    /// The version of the event that ended it.
    pub ended_by: Option<u64>,
    /// 催办: when.
    pub reminded: Vec<Instant>,
    /// 督办 was drafted or issued for it.
    pub supervised: bool,
    /// The parent was told.
    pub reported_to_parent: bool,
}

impl Running {
    /// Still to be met.
    pub fn is_open(&self) -> bool {
        self.end.is_none()
    }

    /// Open past its due time.
    pub fn is_overdue(&self, now: Instant) -> bool {
        self.is_open() && now > self.obligation.due
    }

    /// Ended after its due time: 超期.
    pub fn was_late(&self) -> bool {
        self.end.as_ref().is_some_and(|end| matches!(end.outcome, Outcome::MetLate | Outcome::Breached))
    }
}

/// All obligations of a case, ended ones too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Clocks(Vec<Running>);

impl Clocks {
    /// Every obligation in the order in which it was set.
    pub fn all(&self) -> &[Running] {
        &self.0
    }

    /// Those still to be met.
    pub fn open(&self) -> impl Iterator<Item = &Running> {
        self.0.iter().filter(|running| running.is_open())
    }

    /// The open one of this kind and owner, if there is one.
    pub fn open_of(&self, kind: ObligationKind, owner: Option<&DepartmentId>) -> Option<&Running> {
        self.open().find(|running| {
            running.obligation.kind == kind
                && owner.is_none_or(|id| matches!(&running.obligation.owner, Owner::Department(of) if of == id))
        })
    }

    /// By number.
    pub fn get(&self, no: u32) -> Option<&Running> {
        self.0.iter().find(|running| running.obligation.no == no)
    }

    pub(crate) fn get_mut(&mut self, no: u32) -> Option<&mut Running> {
        self.0.iter_mut().find(|running| running.obligation.no == no)
    }

    pub(crate) fn next_no(&self) -> u32 {
        self.0.last().map_or(1, |running| running.obligation.no + 1)
    }

    /// Takes an event's changes as they stand: no rule here, so a changed rule never changes the past.
    pub(crate) fn apply(&mut self, changes: &ClockChanges, version: u64) {
        for end in &changes.ended {
            if let Some(running) = self.get_mut(end.no) {
                running.end = Some(end.clone());
                // Judged anew, it was still ended by the entry that ended it first.
                running.ended_by.get_or_insert(version);
            }
        }
        for moved in &changes.moved {
            if let Some(running) = self.get_mut(moved.no) {
                running.obligation.due = moved.new;
                running.obligation.from = moved.from.unwrap_or(running.obligation.from);
                running.obligation.provisional = moved.provisional;
                running.obligation.calendars.clone_from(&moved.calendars);
                running.moves.push(moved.clone());
            }
        }
        self.0.extend(changes.set.iter().map(|obligation| Running {
            obligation: obligation.clone(),
            set_by: version,
            moves: Vec::new(),
            end: None,
            ended_by: None,
            reminded: Vec::new(),
            supervised: false,
            reported_to_parent: false,
        }));
    }
}
