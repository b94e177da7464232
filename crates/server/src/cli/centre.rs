//! `yousu centre …`: opens a centre's log and changes its set-up, as events.

use std::path::PathBuf;

use anyhow::Context as _;
use cases::{
    CentreCode, CentreCommand, CommandLine, Instant,
    calendar::OfficeHours,
    centre::{
        calendar_published::PublishCalendar,
        department_recorded::RecordDepartment,
        hours_recorded::RecordHours,
        opened::{Level, OpenCentre},
        policy_adopted::AdoptPolicy,
        recipients_recorded::{Recipients, RecordRecipients},
        roster_recorded::{RecordRoster, Roster},
    },
    command::CentreCommandLine,
    ids::{ActorId, CommandId, DepartmentId, PolicyId},
    policy::Policy,
};
use chrono::NaiveDate;
use clap::Subcommand;
use event_log::Priority;
use serde_json::json;
use uuid::Uuid;

use super::{By, Format, Status};
use crate::installation::Place;

#[derive(Debug, clap::Args)]
pub(crate) struct CentreArgs {
    #[command(subcommand)]
    change: Change,
    #[command(flatten)]
    by: By,
    /// Simulated directories only: when it is recorded
    #[arg(long, global = true, value_name = "TIME")]
    at: Option<Instant>,
}

#[derive(Debug, Subcommand)]
enum Change {
    /// Open a centre's log
    Open {
        code: CentreCode,
        #[arg(long)]
        name: String,
        /// province, city, county or town
        #[arg(long, value_parser = level)]
        level: Level,
        /// The centre above, which may be outside the installation
        #[arg(long)]
        parent: Option<CentreCode>,
        /// A policy that comes with the program, or the path of a TOML file
        #[arg(long)]
        policy: String,
        /// A directory that plays a centre: its clock comes from the commands, for ever
        #[arg(long)]
        simulated: bool,
    },
    /// Adopt a policy: new cases follow it
    Adopt {
        code: CentreCode,
        /// A policy that comes with the program, or the path of a TOML file
        #[arg(long)]
        policy: String,
    },
    /// Publish a year's calendar from a JSON file
    Calendar { code: CentreCode, file: PathBuf },
    /// Record opening hours
    Hours {
        code: CentreCode,
        /// As in 09:00-12:00,13:00-17:00
        hours: OfficeHours,
    },
    /// Name the government and the discipline body of the same level
    Recipients {
        code: CentreCode,
        #[arg(long)]
        government: String,
        #[arg(long)]
        discipline: String,
    },
    /// Departments
    Department {
        #[command(subcommand)]
        change: DepartmentChange,
    },
    /// Record who is on duty on a day
    Roster {
        code: CentreCode,
        #[arg(long)]
        date: NaiveDate,
        #[arg(long = "officer", required = true)]
        officers: Vec<ActorId>,
        #[arg(long)]
        leader: ActorId,
        #[arg(long = "deputy")]
        deputies: Vec<ActorId>,
    },
}

#[derive(Debug, Subcommand)]
enum DepartmentChange {
    /// Add a department, or record its new name
    Add {
        code: CentreCode,
        id: DepartmentId,
        #[arg(long)]
        name: String,
    },
}

fn level(text: &str) -> Result<Level, String> {
    Level::read(text).ok_or_else(|| "one of province, city, county, town".to_owned())
}

/// A policy's text: by id from the program, else from a file.
pub(super) fn policy_text(named: &str) -> anyhow::Result<String> {
    if let Some((_, text)) = PolicyId::new(named).ok().and_then(|id| Policy::shipped(&id)) {
        return Ok(text.to_owned());
    }
    let ids: Vec<_> = cases::policy::SHIPPED.iter().map(|(file, _)| file.trim_end_matches(".toml")).collect();
    let text = std::fs::read_to_string(named)
        .with_context(|| format!("no policy `{named}`: one of {}, or the path of a TOML file", ids.join(", ")))?;
    // Checked here, so that the error names the file and the key.
    Policy::read(named, &text)?;
    Ok(text)
}

pub(super) async fn run(place: &Place, format: Format, args: CentreArgs) -> anyhow::Result<Status> {
    let CentreArgs { change, by, at } = args;
    let (code, command): (CentreCode, CentreCommand) = match change {
        Change::Open { code, name, level, parent, policy, simulated } => {
            let policy_text = policy_text(&policy)?;
            (code, OpenCentre { name, level, parent, policy_text, simulated }.into())
        }
        Change::Adopt { code, policy } => (code, AdoptPolicy { policy_text: policy_text(&policy)? }.into()),
        Change::Calendar { code, file } => {
            let named = || format!("cannot read {}", file.display());
            let text = std::fs::read_to_string(&file).with_context(named)?;
            let calendar = serde_json::from_str(&text).with_context(|| format!("{} is no calendar", file.display()))?;
            (code, PublishCalendar { calendar }.into())
        }
        Change::Hours { code, hours } => (code, RecordHours { hours }.into()),
        Change::Recipients { code, government, discipline } => {
            (code, RecordRecipients { recipients: Recipients { government, discipline } }.into())
        }
        Change::Department { change: DepartmentChange::Add { code, id, name } } => {
            (code, RecordDepartment { department: id, name }.into())
        }
        Change::Roster { code, date, officers, leader, deputies } => {
            (code, RecordRoster { roster: Roster { date, officers, leader, deputies } }.into())
        }
    };
    let engine = place.write().await?;
    let id = CommandId(Uuid::new_v4());
    let line = CentreCommandLine::new(code.clone(), by.actor()?, id, at, command);
    let done = engine.submit(&CommandLine::Centre(Box::new(line)), Priority::People).await?;
    engine.log().close().await;
    if format == Format::Json {
        println!("{}", json!({"centre": code, "already": done.already, "events": done.events}));
    } else if done.already {
        println!("{code}: already so");
    } else {
        let kinds: Vec<_> = done.events.iter().map(|event| format!("{}@{}", event.kind, event.position)).collect();
        println!("{code}: {}", kinds.join(" "));
    }
    Ok(Status::Done)
}
