//! 个人信息: a person asks to be forgotten, and what forbids it (个人信息保护法 47).
//!
//! > 第四十七条 有下列情形之一的，个人信息处理者应当主动删除个人信息；个人信息处理者未删除的，个人有权请求删除：（一）处理目的已实现……
//! > 法律、行政法规规定的保存期限未届满，或者删除个人信息从技术上难以实现的，个人信息处理者应当停止除存储和采取必要的安全保护措施之外的处理。

pub mod erasure;
pub mod legal_hold;

use serde::Serialize;

use crate::{
    case::{Case, Context, Stage, escalation::DraftState, sweep},
    ids::{ActorId, PersonId},
    refusal::Refusal,
};

/// 删除请求 and how far it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Erasure {
    /// The version of the entry that requested it: its name.
    pub request: u64,
    pub person: PersonId,
    pub requested_by: ActorId,
    pub agreed: bool,
    pub completed: bool,
}

impl Case {
    /// Whether anything in this case is kept under that person's name: the complainant, or staff complained about.
    pub fn has_person(&self, person: PersonId) -> bool {
        let about = self.intake.iter().flat_map(|intake| &intake.complained_about);
        person == self.id.complainant() || about.into_iter().any(|about| about.staff.person() == person)
    }

    /// Whether the complainant's data was erased, or is to be.
    pub fn is_erased(&self) -> bool {
        self.forgets(self.id.complainant())
    }

    /// Whether that person's data was erased, or is to be.
    pub(crate) fn forgets(&self, person: PersonId) -> bool {
        self.erasures.iter().any(|erasure| erasure.agreed && erasure.person == person)
    }

    /// 限制处理: whether somebody's data in this case may be kept and nothing else.
    pub fn is_restricted(&self) -> bool {
        !self.restricted.is_empty()
    }

    fn erasure_of(&self, person: PersonId) -> Option<&Erasure> {
        self.erasures.iter().rev().find(|erasure| erasure.person == person)
    }

    /// Ended, and nothing is owed, waits or is foreseen any more: an erasure must not keep a letter from being sent, nor a circulation
    /// that a late answer to supervision leads to from being drafted.
    fn is_over(&self, ctx: &Context<'_>) -> Result<bool, Refusal> {
        let waits = self.drafts.iter().any(|draft| draft.state == DraftState::Waiting);
        let ended = matches!(self.stage, Stage::Ended(_)) && !waits && self.clocks.open().next().is_none();
        Ok(ended && sweep::agenda(self, ctx)?.is_empty())
    }
}
