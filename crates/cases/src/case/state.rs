//! A case as it stands after its events: a stage that holds what is true there, and facets beside it.
//!
//! Everything here is written by `evolve` and read by deciders and views. There is no rule in it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    clock::pause::PauseReason,
    closing::{rated::Rating, terminated::TerminationGround},
    escalation::{DraftKind, DraftState},
    intake::{
        accepted::{Category, Channel, ComplainedAbout},
        attachment_added::AttachmentAdded,
        declined::DeclineGround,
    },
    round::Round,
    triage::{Ground, Kind},
};
use crate::{
    ids::{ActorId, CaseId, CommandId, DepartmentId, FileHash, PersonId},
    obligation::Clocks,
    people::{Actor, Role},
    policy::PolicyRef,
    sealed::Sealed,
    time::Instant,
};

/// 阶段: where the case is on the path of H6–H10.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// No event yet.
    Unknown,
    /// 受理: the window classifies.
    Accepted,
    /// 审核: with the managing body.
    InReview {
        /// Signatures since it came into review (S3).
        signatures: Vec<(Role, ActorId)>,
    },
    /// 转办、办理: with departments.
    InHand,
    /// 函转: with another unit or centre.
    Referred(Referral),
    /// 当场办结
    Settled,
    /// 办理结果 is there and waits for the quality check.
    Reported,
    /// The result passed, or the referral was answered: call-back and feedback, in either order.
    Answered,
    /// It ended.
    Ended(End),
}

impl Stage {
    /// The stage in a word, as the ledger says it.
    pub fn term(&self) -> &'static str {
        match self {
            Self::Unknown => "未登记",
            Self::Accepted => "已受理",
            Self::InReview { .. } => "审核中",
            Self::InHand => "办理中",
            Self::Referred(_) => "已函转",
            Self::Settled => "当场办结",
            Self::Reported => "待质检",
            Self::Answered => "回访反馈中",
            Self::Ended(end) => end.term(),
        }
    }
}

/// 函转: what was asked of whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Referral {
    pub to: super::referral::referred::Addressee,
    pub letters: u32,
    pub last_letter_at: Option<Instant>,
}

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum End {
    /// 销号
    Closed { at: Instant, rating: Option<Rating>, reason: Option<super::closing::closed::UnratedReason> },
    /// 终止办理
    Terminated { at: Instant, ground: TerminationGround },
    /// 不予受理
    Declined { at: Instant, ground: DeclineGround },
    /// 撤回
    Withdrawn { at: Instant },
    /// 并单
    Merged { at: Instant, into: CaseId },
}

impl End {
    /// The end in a word.
    pub fn term(&self) -> &'static str {
        match self {
            Self::Closed { .. } => "已销号",
            Self::Terminated { .. } => "终止办理",
            Self::Declined { .. } => "不予受理",
            Self::Withdrawn { .. } => "已撤回",
            Self::Merged { .. } => "已并单",
        }
    }

    /// When, by occurred time.
    pub fn at(&self) -> Instant {
        match self {
            Self::Closed { at, .. }
            | Self::Terminated { at, .. }
            | Self::Declined { at, .. }
            | Self::Withdrawn { at }
            | Self::Merged { at, .. } => *at,
        }
    }
}

/// 研判: the kind, why, and who it concerns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Classification {
    pub kind: Kind,
    pub ground: Option<Ground>,
    pub departments: Vec<DepartmentId>,
    /// Several levels of government are concerned (多个层级).
    pub several_levels: bool,
}

/// What was written down at the window (H5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Intake {
    pub accepted_at: Instant,
    /// 诉求反映时间
    pub raised_at: Instant,
    pub channel: Channel,
    pub source: Option<super::intake::accepted::External>,
    pub anonymous: bool,
    pub is_unit: bool,
    pub name: Option<Sealed>,
    pub contact_person: Option<Sealed>,
    pub telephone: Option<Sealed>,
    pub address: Option<Sealed>,
    pub category: Category,
    pub sub_category: Option<String>,
    pub summary: Sealed,
    pub narrative: Sealed,
    pub complained_about: Vec<ComplainedAbout>,
    pub attachments: Vec<AttachmentAdded>,
    pub amendments: Vec<Sealed>,
    /// 补正 was asked for and is awaited.
    pub amendment_awaited: bool,
    pub amendment_requests: u32,
    pub split_from: Option<CaseId>,
    pub split_into: Vec<CaseId>,
    /// Cases merged into this one.
    pub absorbed: Vec<CaseId>,
    pub suspected_repeats: Vec<CaseId>,
}

/// A draft that waits for its signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Draft {
    /// From 1 within the case.
    pub no: u32,
    pub kind: DraftKind,
    /// The obligation that was missed.
    pub obligation: u32,
    pub drafted_at: Instant,
    pub state: DraftState,
    pub reported_to_parent: bool,
}

/// 派单异议.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dispute {
    /// From 1 within the case.
    pub no: u32,
    pub department: DepartmentId,
    pub upheld: Option<bool>,
    /// Only a 会商 may decide it: the second of the case.
    pub needs_consultation: bool,
}

/// 延期申请.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExtensionRequest {
    pub obligation: u32,
    pub round: u32,
    pub to: Instant,
    pub granted: Option<bool>,
}

/// 中止.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pause {
    pub since: Instant,
    pub until: Instant,
    pub reason: PauseReason,
}

/// What is known of one of the case's entries: enough to judge late entries and corrections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EntryNote {
    pub kind: &'static str,
    pub by: Actor,
    pub occurred_at: Instant,
    pub recorded_at: Instant,
    pub late: Option<Late>,
}

/// 补录: an entry that says it happened earlier than it was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Late {
    pub evidence: Option<FileHash>,
    /// `None` while nobody decided; without a claim it never will be.
    pub approved: Option<bool>,
    /// Whether reason and evidence were given, so that a second person may decide.
    pub claimed: bool,
}

/// 督办, as issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Supervision {
    /// The obligation that was overdue.
    pub obligation: u32,
    /// The obligation that the supervision set.
    pub own: Option<u32>,
    pub at: Instant,
    pub circulated: bool,
}

/// A case and everything that its deciders and views ask of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Case {
    pub id: CaseId,
    /// Events so far.
    pub version: u64,
    /// The policy of acceptance: open cases keep it when the centre adopts another.
    pub policy: Option<PolicyRef>,
    /// 历史件: brought in from elsewhere; never reminded, supervised, circulated or copied (domain §8).
    pub historical: bool,
    pub stage: Stage,
    pub intake: Option<Intake>,
    pub classification: Option<Classification>,
    /// 不给办 was found: it stays on record whatever comes after.
    pub withheld_found: bool,
    pub rounds: Vec<Round>,
    pub clocks: Clocks,
    pub drafts: Vec<Draft>,
    pub disputes: Vec<Dispute>,
    pub extensions: Vec<ExtensionRequest>,
    pub pause: Option<Pause>,
    pub supervisions: Vec<Supervision>,
    pub call_back_attempts: Vec<Instant>,
    pub unreachable: bool,
    /// Called back, and would not rate.
    pub declined_to_rate: bool,
    /// See [`Case::rating`].
    pub newest_rating: Option<Rating>,
    pub consultations: Vec<(Instant, DepartmentId)>,
    pub recused: Vec<ActorId>,
    /// The complainant was told, about what and when.
    pub informed: Vec<(crate::obligation::InformAbout, Instant)>,
    pub copies: Vec<super::escalation::Copy>,
    /// 常态化抄送 already sent, by ground.
    pub routine_copies: Vec<super::escalation::routine_copy_sent::CopyGround>,
    pub entries: BTreeMap<u64, EntryNote>,
    /// Command id → hash of its body: all that idempotency needs.
    pub commands: BTreeMap<CommandId, FileHash>,
    /// 更正 made so far.
    pub corrections: u32,
    /// Ended before; reopened so many times.
    pub reopened: u32,
    /// The other centre's case and version that answered our referral.
    pub referral_link: Option<super::referral::referral_answered::Linked>,
    /// The stage before the end, for 依职权续办.
    pub ended_from: Option<Box<Stage>>,
    pub erasures: Vec<super::persons::Erasure>,
    /// Whose erasure was asked for while a hold forbade it.
    pub restricted: Vec<PersonId>,
    pub hold: Option<super::persons::legal_hold::Hold>,
}

impl Case {
    /// A case without events.
    pub fn new(id: CaseId) -> Self {
        Self {
            id,
            version: 0,
            policy: None,
            historical: false,
            stage: Stage::Unknown,
            intake: None,
            classification: None,
            withheld_found: false,
            rounds: Vec::new(),
            clocks: Clocks::default(),
            drafts: Vec::new(),
            disputes: Vec::new(),
            extensions: Vec::new(),
            pause: None,
            supervisions: Vec::new(),
            call_back_attempts: Vec::new(),
            unreachable: false,
            declined_to_rate: false,
            newest_rating: None,
            consultations: Vec::new(),
            recused: Vec::new(),
            informed: Vec::new(),
            copies: Vec::new(),
            routine_copies: Vec::new(),
            entries: BTreeMap::new(),
            commands: BTreeMap::new(),
            corrections: 0,
            reopened: 0,
            referral_link: None,
            ended_from: None,
            erasures: Vec::new(),
            restricted: Vec::new(),
            hold: None,
        }
    }

    /// Whether it ended.
    pub fn is_ended(&self) -> bool {
        matches!(self.stage, Stage::Ended(_))
    }

    /// Nobody can be called back or told: no name and no way to reach the person.
    pub fn is_anonymous(&self) -> bool {
        self.intake.as_ref().is_some_and(|intake| intake.anonymous)
    }

    /// The round that runs.
    pub fn round(&self) -> Option<&Round> {
        self.rounds.last()
    }

    pub(crate) fn round_mut(&mut self) -> Option<&mut Round> {
        self.rounds.last_mut()
    }

    /// Its number, 0 before acceptance.
    pub fn round_no(&self) -> u32 {
        self.rounds.last().map_or(0, |round| round.no)
    }

    /// The kind, once classified.
    pub fn kind(&self) -> Option<Kind> {
        self.classification.as_ref().map(|found| found.kind)
    }

    /// Several departments are concerned.
    pub fn is_several_departments(&self) -> bool {
        self.classification.as_ref().is_some_and(|found| found.departments.len() > 1)
    }

    /// Several departments or levels are concerned.
    pub fn is_several(&self) -> bool {
        self.is_several_departments() || self.classification.as_ref().is_some_and(|found| found.several_levels)
    }

    /// Several departments have the work, or it was found to concern several.
    pub fn is_several_in_hand(&self) -> bool {
        self.is_several() || self.round().is_some_and(|round| round.active().count() > 1)
    }

    /// The newest rating ever given, also of a result that was replaced since.
    pub fn rating(&self) -> Option<Rating> {
        self.newest_rating
    }
}

impl Draft {
    pub(crate) fn new(no: u32, kind: DraftKind, obligation: u32, drafted_at: Instant) -> Self {
        Self { no, kind, obligation, drafted_at, state: DraftState::Waiting, reported_to_parent: false }
    }
}
