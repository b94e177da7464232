//! 政策: what a notice orders, as data. One TOML file a district; adopting one is an event that carries its whole
//! text, so that a deadline can be explained years after the file is gone.
//!
//! A policy says *how long* and *by whom*; *what starts and ends a clock* is the same everywhere and stands in
//! [`crate::obligation::table`].

mod check;
mod limits;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use check::PolicyError;
pub use limits::{DayLimit, HandlingForm, Limit, ResultLimit};

use crate::{case::triage::Kind, ids::PolicyId, people::Role};

/// Which policy, in which version, a thing was decided under. Shown as `henan-2022-43@1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyRef {
    /// The policy's id.
    pub id: PolicyId,
    /// Its version, from 1.
    pub version: u32,
}

impl std::fmt::Display for PolicyRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.id, self.version)
    }
}

/// One policy file, read and checked.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Its name in commands and events.
    pub id: PolicyId,
    /// From 1; a changed rule is a new version.
    pub version: u32,
    /// The notice's title.
    pub title: String,
    /// 发文字号.
    pub document_number: String,
    /// From which day the notice has effect; `None` where its text gives no date. Shown, and refuses nothing.
    pub effective_from: Option<NaiveDate>,
    /// H7, S3.
    pub review: Review,
    /// H8, S4: days by kind.
    pub kinds: Kinds,
    /// H8, S3: several departments or levels.
    pub several: HandlingForm,
    /// All other limits.
    pub limits: Limits,
    /// H10, S5.
    pub closing: Closing,
    /// 派单异议.
    pub dispute: Dispute,
    /// 延期.
    pub extension: Extension,
    /// 中止.
    pub pause: Pause,
    /// H9.
    pub escalation: Escalation,
    /// H-三(三), S-(二).
    pub routine_copies: RoutineCopies,
}

/// What must stand on a work order before it is dispatched.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// S3: the roles that sign each work order.
    pub signatures: Vec<Role>,
    /// S3: whether who signs must stand on that day's roster (值班表), where one was recorded.
    pub on_roster: bool,
    /// S3: whether a person must be named who urges it (专人督促).
    pub named_urger: bool,
    /// S3: whether several departments must confer (会商) first.
    pub consultation_when_several: bool,
}

/// H8, S4: the form of handling by kind.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kinds {
    /// 一般性问题
    pub ordinary: HandlingForm,
    /// 办不了
    pub cannot_be_done: HandlingForm,
    /// 很难办
    pub hard_to_do: HandlingForm,
    /// 不给办
    pub withheld: HandlingForm,
    /// 非政务服务
    pub out_of_scope: HandlingForm,
}

/// Limits that do not depend on the kind.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub triage: Limit,
    pub review: Limit,
    pub consultation: Limit,
    pub sign_for: Limit,
    pub supervision: Limit,
    pub quality_check: Limit,
    pub call_back: Limit,
    pub feedback: Limit,
    pub inform: Limit,
    pub referral_answer: Limit,
    pub decision: Limit,
    pub sign_draft: Limit,
    /// 协办意见 is due this many working days before the lead's.
    pub co_reply_days_before_lead: u32,
}

/// Who calls back, and when the result is fed back.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closing {
    pub call_back_by: CallBackBy,
    pub feedback_follows: FeedbackFollows,
    /// The first so many of the five ranks count as satisfied.
    pub satisfied_ranks: usize,
    pub unreachable_attempts: usize,
    pub unreachable_days: usize,
    pub reopen_within_years: u32,
}

/// Who owes the call-back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallBackBy {
    /// H10 管理机构
    Centre,
    /// S5 窗口工作人员
    Window,
}

/// What starts the clock of the feedback (反馈).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedbackFollows {
    /// H10
    CallBack,
    /// S5
    Result,
}

/// 派单异议.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dispute {
    /// Working days from delivery within which a department may dispute.
    pub within_days: u32,
}

/// 延期.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// The most working days that one extension gives.
    pub max_days: u32,
    /// How often in a round.
    pub per_round: u32,
}

/// 中止.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// The most working days that one pause lasts.
    pub max_days: u32,
}

/// H9: reminders, supervision, circulation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// 催办 goes out at the opening of this many working days before the due day.
    pub remind_days_before: u32,
    pub supervision: SupervisionMode,
    /// An unsigned draft issues itself this many working days after it was drafted.
    pub draft_issues_itself_after_days: u32,
    /// How many reminder letters a receiving unit gets.
    pub reminder_letters: u32,
    /// Working days from one letter to the next.
    pub reminder_letter_every_days: u32,
}

/// How 督办 comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SupervisionMode {
    /// Issued by the system at the next opening.
    ByItself,
    /// Drafted by the system, signed by a manager.
    Draft,
}

/// 常态化抄送 to the discipline body. 暂缓 (escalation withheld) always goes there and is no choice of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoutineCopies {
    pub withheld_confirmed: bool,
    /// 0 turns it off.
    pub returned_times: u32,
    /// 0 turns it off.
    pub same_matter_times: u32,
    pub monthly_digest: bool,
}

/// The policies that come with the program: file name and text.
pub const SHIPPED: [(&str, &str); 2] = [
    ("henan-2022-43.toml", include_str!("../../policies/henan-2022-43.toml")),
    ("shilong-2023-7.toml", include_str!("../../policies/shilong-2023-7.toml")),
];

impl Policy {
    /// Reads and checks a policy's text; `file` is named in errors.
    pub fn read(file: &str, text: &str) -> Result<Self, PolicyError> {
        let policy: Self = toml::from_str(text).map_err(|source| PolicyError::syntax(file, text, &source))?;
        policy.check(file)?;
        Ok(policy)
    }

    /// A policy that comes with the program.
    pub fn shipped(id: &PolicyId) -> Option<(Self, &'static str)> {
        SHIPPED
            .iter()
            .filter_map(|(file, text)| Some((Self::read(file, text).ok()?, *text)))
            .find(|(policy, _)| policy.id == *id)
    }

    /// How events name it.
    pub fn reference(&self) -> PolicyRef {
        PolicyRef { id: self.id.clone(), version: self.version }
    }

    /// What this policy says of one kind alone.
    pub fn kind(&self, kind: Kind) -> &HandlingForm {
        match kind {
            Kind::Ordinary => &self.kinds.ordinary,
            Kind::CannotBeDone => &self.kinds.cannot_be_done,
            Kind::HardToDo => &self.kinds.hard_to_do,
            Kind::Withheld => &self.kinds.withheld,
            Kind::OutOfScope => &self.kinds.out_of_scope,
        }
    }

    /// The form of handling: several departments or levels override the kind where that gives the longer form (H8).
    pub fn form(&self, kind: Kind, several: bool) -> &HandlingForm {
        let own = self.kind(kind);
        if several && self.several.is_longer_than(own) { &self.several } else { own }
    }
}
