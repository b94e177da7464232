//! 催办、督办、通报 (H9), 常态化抄送 (H-三(三)).
//!
//! Who is late is decided by the obligations; what is due to be sent by `sweep`. Here is what may be sent, and what it
//! says. Nothing here is ever done to a 历史件: a log does not invent what nobody did.

pub mod circulation;
pub mod copy_acknowledged;
pub mod corrected;
pub mod reminded;
pub mod reported_to_parent;
pub mod routine_copy_sent;
pub mod supervision;
pub mod supervision_answered;
pub mod withheld;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Case;
use crate::{ids::DepartmentId, obligation::Running, refusal::Refusal, terms::terms, time::Instant};

terms!(
    /// 文稿.
    DraftKind {
        Supervision = "督办通知",
        Circulation = "通报、报告和抄送",
    }
);

terms!(
    /// What became of a draft.
    DraftState {
        Waiting = "待签发",
        Issued = "已签发",
        Withheld = "暂缓",
    }
);

terms!(
    /// Who receives a feed (督查信息).
    RecipientKind {
        Discipline = "同级纪检监察机关",
        Government = "同级政府",
        Department = "部门",
        Parent = "上级",
    }
);

/// Something that went to a body outside and may be acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Copy {
    /// The event that sent it.
    pub version: u64,
    pub to: RecipientKind,
    /// Which department, where it went to one.
    pub department: Option<DepartmentId>,
    pub at: Instant,
    pub acknowledged: Option<Instant>,
}

/// The facts of a letter, as they were at the moment the limit passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// The obligation that was missed.
    pub obligation: u32,
    /// Its due time.
    pub due: Instant,
    /// The case's version at that moment: the letter speaks of events up to here.
    pub as_of_version: u64,
    /// What came after the moment and before the letter (a late result, a reassignment), by version: stated in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub since: Vec<u64>,
}

impl Facts {
    fn of(case: &Case, running: &Running, passed: Instant) -> Self {
        let as_of_version = case.entries.iter().filter(|(_, entry)| entry.recorded_at <= passed).map(|(v, _)| *v).max();
        let stated = [
            "result_reported",
            "inability_explained",
            "terminated",
            "reassigned",
            "plan_proposed",
            "closed",
            "withdrawn",
        ];
        let since = case
            .entries
            .iter()
            .filter(|(_, entry)| entry.recorded_at > passed && stated.contains(&entry.kind))
            .map(|(version, _)| *version)
            .collect();
        Self {
            obligation: running.obligation.no,
            due: running.obligation.due,
            as_of_version: as_of_version.unwrap_or(0),
            since,
        }
    }
}

fn obligation(case: &Case, no: u32) -> Result<&Running, Refusal> {
    if case.historical {
        return Err(Refusal::HistoricalCase {});
    }
    case.clocks.get(no).ok_or(Refusal::NoSuchObligation { no })
}

fn open_obligation(case: &Case, no: u32) -> Result<&Running, Refusal> {
    Some(obligation(case, no)?).filter(|running| running.is_open()).ok_or(Refusal::NoSuchObligation { no })
}

fn next_draft(case: &Case) -> u32 {
    case.drafts.last().map_or(1, |draft| draft.no + 1)
}
