//! 办理过程: everything that happened to one case, and the case after any of it.
//!
//! > H-三(一) ……确保企业和群众到窗口反映的所有涉及政务服务的问题有人问、事情有人管、过程有人帮、结果有回访。
//!
//! One case is one stream of some tens of events, so there is nothing to keep: it is read from the log and never behind.

mod words;

use cases::{
    CaseEvent, CaseId, CentreCode, Entry, Instant,
    case::{self, Case},
    people::{Office, Role},
};
use event_log::{Centre, EventLog};
use serde::Serialize;

use crate::{Reader, Recorded, Use, ViewError, recorded::What, set_up::SetUp};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Happened {
    pub version: u64,
    pub position: u64,
    pub occurred_at: Instant,
    pub recorded_at: Instant,
    /// Who, in which role, for which office.
    pub by: String,
    pub role: Role,
    pub office: Office,
    pub office_name: String,
    /// The event's type.
    pub kind: String,
    /// Its Chinese term, as in `转办`.
    pub term: String,
    /// What was done, in Chinese.
    pub what: String,
    /// For what the system did by itself: the rule.
    pub rule: Option<String>,
    pub late: Option<Late>,
    /// What it did to the clocks, a line each.
    pub clocks: Vec<String>,
}

/// 补录.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Late {
    /// 待审批: for now its recorded time counts.
    Pending,
    /// 获准: its occurred time counts.
    Approved,
    /// 未获准: its recorded time counts.
    Refused,
}

impl Late {
    /// The mark.
    pub fn term(self) -> &'static str {
        match self {
            Self::Pending => "补录待审批",
            Self::Approved => "补录",
            Self::Refused => "补录未获准",
        }
    }
}

/// How much of a case's history is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Until {
    /// Up to and with this version.
    pub version: Option<u64>,
    /// Only what had been recorded by then.
    pub known_at: Option<Instant>,
}

/// A case's history and the case as it stood at its end.
#[derive(Debug, Clone)]
pub struct History {
    pub happened: Vec<Happened>,
    pub case: Case,
}

/// What the timeline makes of a type: of a case everything, of the centre what names things.
pub fn uses(kind: &str) -> Use {
    if CaseEvent::TYPES.contains(&kind) { Use::Fields } else { SetUp::uses(kind, &[]) }
}

/// The history of a case and the case after it.
///
/// # Errors
/// [`ViewError::NoSuchCase`], [`ViewError::NoSuchVersion`], [`ViewError::Unreadable`], [`ViewError::Log`].
pub async fn history(log: &dyn EventLog, centre: &Centre, case: CaseId, until: Until) -> Result<History, ViewError> {
    let facts = facts(log, centre, case, until).await?;
    let set_up = set_up(log, centre).await?;
    let entries = || facts.iter().filter_map(|fact| fact.case().map(|(_, entry)| entry));
    let after = case::replay(case, entries());
    let happened = facts.iter().filter_map(|fact| Some(happened(fact, fact.case()?.1, &after, &set_up)));
    Ok(History { happened: happened.collect(), case: after })
}

/// The case's events, as far as they are asked for.
pub(crate) async fn facts(
    log: &dyn EventLog,
    centre: &Centre,
    case: CaseId,
    until: Until,
) -> Result<Vec<Recorded>, ViewError> {
    let mut events = log.read_stream(centre, case.0, 0).await?;
    let is_centre = CentreCode::new(centre.as_str()).is_ok_and(|code| code.stream() == case.0);
    events.retain(|event| until.known_at.is_none_or(|known_at| event.recorded_ms <= known_at.ms()));
    if events.is_empty() || is_centre {
        return Err(ViewError::NoSuchCase(case));
    }
    if let Some(asked) = until.version {
        let has = events.len() as u64;
        if asked == 0 || asked > has {
            return Err(ViewError::NoSuchVersion { case, has, asked });
        }
        events.retain(|event| event.version <= asked);
    }
    read(centre, &events)
}

/// The centre's set-up, from its own stream.
pub(crate) async fn set_up(log: &dyn EventLog, centre: &Centre) -> Result<SetUp, ViewError> {
    let mut set_up = SetUp::default();
    if let Ok(code) = CentreCode::new(centre.as_str()) {
        for fact in read(centre, &log.read_stream(centre, code.stream(), 0).await?)? {
            if let What::Centre(entry) = &fact.what {
                set_up.apply(&entry.event);
            }
        }
    }
    Ok(set_up)
}

fn read(centre: &Centre, events: &[event_log::Event]) -> Result<Vec<Recorded>, ViewError> {
    let reader = Reader::new(centre);
    let read = |event: &event_log::Event| {
        reader.read(event).map_err(|source| ViewError::Unreadable {
            centre: centre.clone(),
            position: event.position,
            source,
        })
    };
    events.iter().map(read).collect()
}

fn happened(fact: &Recorded, entry: &Entry<CaseEvent>, after: &Case, set_up: &SetUp) -> Happened {
    let note = &entry.note;
    let late = after.entries.get(&fact.version).and_then(|entry| entry.late.as_ref()).filter(|late| late.claimed);
    let late = late.map(|late| match late.approved {
        None => Late::Pending,
        Some(true) => Late::Approved,
        Some(false) => Late::Refused,
    });
    Happened {
        version: fact.version,
        position: fact.position,
        occurred_at: note.occurred_at,
        recorded_at: fact.recorded_at,
        by: note.by.id.to_string(),
        role: note.by.role,
        office: note.by.office.clone(),
        office_name: words::office(&note.by.office, set_up),
        kind: fact.kind().to_owned(),
        term: crate::term(fact.kind()).to_owned(),
        what: words::what(&entry.event, set_up),
        rule: words::rule(entry).map(str::to_owned),
        late,
        clocks: words::clocks(&entry.clocks, after, set_up),
    }
}
