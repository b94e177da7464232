//! 政务服务中心 / 便民服务中心: its set-up, as events on a stream of its own (H-二 H4 S1).
//!
//! Everything that a deadline depends on stands here in full: the policy's text, each year's calendar, the opening hours.
//! A centre's log explains itself without this program's files.

pub mod calendar_published;
pub mod department_recorded;
pub mod digest_sent;
pub mod hours_recorded;
pub mod log_keys_changed;
pub mod opened;
pub mod policy_adopted;
pub mod recipients_recorded;
pub mod roster_recorded;

use std::collections::BTreeMap;

use chrono::NaiveDate;

use self::{
    department_recorded::DepartmentRecorded, log_keys_changed::LogKeysChanged, opened::Level,
    recipients_recorded::Recipients, roster_recorded::Roster,
};
use crate::{
    calendar::{CalendarStatus, CalendarVersion, OfficeHours, WorkCalendar, YearCalendar},
    case::{Aggregate, CaseEvent, Context, Fact, Step},
    catalogue::{commands, events},
    command::CentreCommandLine,
    entry::{DecodeError, Entry, EventSet, Moment, Note},
    ids::{CaseId, CentreCode, CommandId, DepartmentId, FileHash},
    people::Role,
    policy::{Policy, PolicyRef},
    refusal::Refusal,
    time::Instant,
};

events! {
    /// An event of a centre.
    CentreEvent of Centre {
    CentreOpened = opened,
    PolicyAdopted = policy_adopted,
    CalendarPublished = calendar_published,
    HoursRecorded = hours_recorded,
    RecipientsRecorded = recipients_recorded,
    DepartmentRecorded = department_recorded,
    RosterRecorded = roster_recorded,
    MonthlyDigestSent = digest_sent,
    LogKeysChanged = log_keys_changed,
    }
}

commands! {
    /// A command on a centre.
    CentreCommand of Centre {
    OpenCentre = opened,
    AdoptPolicy = policy_adopted,
    PublishCalendar = calendar_published,
    RecordHours = hours_recorded,
    RecordRecipients = recipients_recorded,
    RecordDepartment = department_recorded,
    RecordRoster = roster_recorded,
    SendMonthlyDigest = digest_sent,
    ChangeLogKeys = log_keys_changed,
    }
}

/// Who may change a centre's set-up.
pub(super) const SET_UP: &[Role] = &[Role::SystemAdministrator, Role::CentreManager];

/// A centre as its events leave it.
#[derive(Debug, Clone)]
pub struct Centre {
    pub code: CentreCode,
    /// Events so far.
    pub version: u64,
    pub name: String,
    pub level: Level,
    pub parent: Option<CentreCode>,
    /// 演示: its clock comes from the commands, for ever.
    pub simulated: bool,
    pub opened_at: Option<Instant>,
    /// Every policy ever adopted, newest last.
    pub policies: Vec<Policy>,
    /// When each was adopted.
    pub adopted: Vec<(PolicyRef, Instant)>,
    pub calendars: Vec<YearCalendar>,
    /// The calendars, ready to count by.
    pub calendar: WorkCalendar,
    pub hours: OfficeHours,
    pub recipients: Recipients,
    pub departments: BTreeMap<DepartmentId, DepartmentRecorded>,
    pub roster: BTreeMap<NaiveDate, Roster>,
    /// The first day of the last month of which a digest went out.
    pub last_digest: Option<NaiveDate>,
    /// The public keys that sign the log's checkpoints, since they were changed first.
    pub log_keys: Vec<String>,
    /// 换钥, the last one last.
    pub log_key_changes: Vec<LogKeysChanged>,
    pub commands: BTreeMap<CommandId, FileHash>,
}

impl Aggregate for Centre {
    type Event = CentreEvent;
}

impl Centre {
    /// A centre without events.
    pub fn new(code: CentreCode) -> Self {
        Self {
            code,
            version: 0,
            name: String::new(),
            level: Level::County,
            parent: None,
            simulated: false,
            opened_at: None,
            policies: Vec::new(),
            adopted: Vec::new(),
            calendars: Vec::new(),
            calendar: WorkCalendar::new([]),
            hours: OfficeHours::default(),
            recipients: Recipients::default(),
            departments: BTreeMap::new(),
            roster: BTreeMap::new(),
            last_digest: None,
            log_keys: Vec::new(),
            log_key_changes: Vec::new(),
            commands: BTreeMap::new(),
        }
    }

    /// The policy adopted last.
    pub fn current_policy(&self) -> Option<&Policy> {
        self.policies.last()
    }

    /// A policy that was adopted at some time.
    pub fn policy(&self, reference: &PolicyRef) -> Option<&Policy> {
        self.policies.iter().rfind(|policy| policy.id == reference.id && policy.version == reference.version)
    }

    /// The calendar of the newest year whose notice is published.
    pub fn newest_calendar(&self) -> Option<CalendarVersion> {
        let published = self.calendars.iter().filter(|year| year.status == CalendarStatus::Published);
        published.map(YearCalendar::id).max()
    }

    /// 责任部门's name as people say it.
    pub fn department_name(&self, id: &DepartmentId) -> String {
        self.departments.get(id).map_or_else(|| id.to_string(), |department| department.name.clone())
    }

    fn require_open(&self) -> Result<(), Refusal> {
        if self.version == 0 { Err(Refusal::CentreNotOpen {}) } else { Ok(()) }
    }
}

/// Decides a command on a centre; the frame is the same as for a case.
pub fn decide(
    line: &CentreCommandLine,
    centre: &Centre,
    ctx: &Context<'_>,
) -> Result<Vec<Entry<CentreEvent>>, Refusal> {
    if let Some(done) = centre.commands.get(&line.cause.id) {
        return if *done == line.cause.digest { Ok(Vec::new()) } else { Err(Refusal::CommandIdReused {}) };
    }
    if let Some(expected) = line.version.filter(|expected| *expected != centre.version) {
        return Err(Refusal::VersionChanged { expected, actual: centre.version });
    }
    if !matches!(line.command, CentreCommand::OpenCentre(_)) {
        centre.require_open()?;
    }
    let (role, roles) = (ctx.by.role, line.command.roles());
    if !roles.contains(&role) {
        let may: Vec<_> = roles.iter().map(|may| may.term()).collect();
        return Err(Refusal::WrongRole { role, may: may.join("、") });
    }
    if ctx.occurred_at > ctx.now {
        return Err(Refusal::OccurredInFuture { occurred_at: ctx.occurred_at, now: ctx.now });
    }
    let note = Note {
        by: line.by.clone(),
        occurred_at: ctx.occurred_at,
        decided_at: ctx.now,
        command: line.cause.clone(),
        policy: None,
        calendar: None,
        late: None,
    };
    let events = line.command.decide(centre, ctx)?;
    Ok(events.into_iter().map(|event| Entry { note: note.clone(), event, clocks: Default::default() }).collect())
}

/// The centre after one more entry.
pub fn evolve(centre: &mut Centre, entry: &Entry<CentreEvent>) {
    centre.version += 1;
    let note = &entry.note;
    centre.commands.insert(note.command.id, note.command.digest.clone());
    let moment = Moment { version: centre.version, occurred_at: note.occurred_at, at: note.judged_at(), by: &note.by };
    entry.event.evolve(centre, &moment);
}
