//! 轮次: one pass of handling, from delivery to the complainant's verdict. A rework begins another.

use serde::Serialize;

use super::{closing::rated::Rating, dispatch::dispatched::Contact};
use crate::{
    ids::{ActorId, DepartmentId},
    sealed::Sealed,
    time::Instant,
};

/// One round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Round {
    /// From 1.
    pub no: u32,
    /// What began it.
    pub began_at: Instant,
    pub began_by: RoundCause,
    pub delivery: Option<Delivery>,
    pub assignments: Vec<Assignment>,
    pub plan: Option<Plan>,
    /// 承诺时限, every revision kept.
    pub promises: Vec<(Instant, Instant)>,
    pub partial_replies: Vec<DepartmentId>,
    pub answer: Option<Answer>,
    /// Whether the newest answer passed its quality check.
    pub checked: Option<(bool, ActorId)>,
    pub called_back_at: Option<Instant>,
    pub fed_back_at: Option<Instant>,
    pub rating: Option<(Rating, Instant)>,
}

/// Why a round began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RoundCause {
    /// 受理
    Accepted,
    /// 质检不合格
    FailedCheck,
    /// 诉求人不满意
    Unsatisfied,
    /// 重开
    Reopened,
}

/// 送达: when the departments got the work order of this round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// The event that delivered.
    pub version: u64,
    /// By judged time: limits run from here.
    pub at: Instant,
    /// A limit that the dispatch named (明确办理期限).
    pub limit_working_days: Option<u32>,
    pub contact: Option<Contact>,
    /// 专人督促
    pub urged_by: Option<ActorId>,
}

/// One department's part in a round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assignment {
    pub department: DepartmentId,
    pub lead: bool,
    /// Delivery to this department: a reassignment delivers anew.
    pub delivered_at: Instant,
    pub handler: Option<ActorId>,
    pub signed_for_at: Option<Instant>,
    /// 改派: the work went to another.
    pub released: bool,
}

/// 解决方案.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    pub at: Instant,
    pub text: Sealed,
    /// The complainant was told of it.
    pub told: bool,
}

/// What the departments came to: a result, or why it cannot be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    pub version: u64,
    pub kind: AnswerKind,
    pub occurred_at: Instant,
    pub text: Sealed,
    pub by: ActorId,
}

/// Which of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerKind {
    /// 办理结果
    Result,
    /// 办不了的理由依据
    Inability,
    /// 当场办结
    Settled,
    /// 函转答复
    Referral,
}

impl Round {
    pub(crate) fn new(no: u32, began_at: Instant, began_by: RoundCause) -> Self {
        Self {
            no,
            began_at,
            began_by,
            delivery: None,
            assignments: Vec::new(),
            plan: None,
            promises: Vec::new(),
            partial_replies: Vec::new(),
            answer: None,
            checked: None,
            called_back_at: None,
            fed_back_at: None,
            rating: None,
        }
    }

    /// The departments that still have the work.
    pub fn active(&self) -> impl Iterator<Item = &Assignment> {
        self.assignments.iter().filter(|assignment| !assignment.released)
    }

    /// 牵头部门
    pub fn lead(&self) -> Option<&Assignment> {
        self.active().find(|assignment| assignment.lead)
    }

    /// This department's part.
    pub fn of(&self, department: &DepartmentId) -> Option<&Assignment> {
        self.active().find(|assignment| assignment.department == *department)
    }

    pub(crate) fn of_mut(&mut self, department: &DepartmentId) -> Option<&mut Assignment> {
        self.assignments.iter_mut().find(|assignment| !assignment.released && assignment.department == *department)
    }

    /// The promise in force.
    pub fn promise(&self) -> Option<Instant> {
        self.promises.last().map(|(_, on)| *on)
    }

    /// 协办部门 that gave no opinion yet.
    pub fn missing_co_replies(&self) -> impl Iterator<Item = &DepartmentId> {
        self.active().filter(|a| !a.lead && !self.partial_replies.contains(&a.department)).map(|a| &a.department)
    }
}

impl Assignment {
    pub(crate) fn new(department: &DepartmentId, lead: bool, delivered_at: Instant) -> Self {
        Self { department: department.clone(), lead, delivered_at, handler: None, signed_for_at: None, released: false }
    }
}
