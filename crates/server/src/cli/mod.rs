//! The subcommands, one file each.

mod apply;
mod attachment;
mod backup;
mod centre;
mod checkpoint;
mod due;
mod erase;
mod evidence;
mod feed;
mod import;
mod keys;
mod ledger;
mod overdue;
mod rebuild;
mod receipt;
mod replay;
mod restore;
mod serve;
mod tick;
mod verify;

use std::process::ExitCode;

use cases::{
    ids::ActorId,
    people::{Actor, Office, Role},
};
use clap::{Parser, Subcommand, ValueEnum};

use crate::{engine::EngineError, installation::Place};

/// 有诉即办: every appeal received, answered, handled, called back.
#[derive(Debug, Parser)]
#[command(name = "yousu", version, disable_help_subcommand = true)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    /// How what comes out is written
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(subcommand)]
    command: Command,
}

/// For people, for programs, for tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
    Csv,
    Xlsx,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Open a centre, or change its set-up
    Centre(centre::CentreArgs),
    /// Run commands from a file, one JSON object a line (`-` reads standard input)
    Apply(apply::ApplyArgs),
    /// Keep a file of a case, or give one back
    Attachment(attachment::AttachmentArgs),
    /// Serve API and pages, and run the sweeps
    Serve(serve::ServeArgs),
    /// Run every sweep once
    Tick(tick::TickArgs),
    /// Say when something delivered at a time is due, and why
    Due(due::DueArgs),
    /// Bring in appeals from a CSV or XLSX file
    Import(import::ImportArgs),
    /// Print the ledger (台账)
    Ledger(ledger::LedgerArgs),
    /// Print what is overdue or due soon, or what ended late
    Overdue(overdue::OverdueArgs),
    /// Print a supervision feed, in order
    Feed(feed::FeedArgs),
    /// Build views anew from the log
    Rebuild(rebuild::RebuildArgs),
    /// Show a case's history, and the case as it stood
    Replay(replay::ReplayArgs),
    /// Recompute the whole log and name every fault
    Verify(verify::VerifyArgs),
    /// Sign the size and root of a centre's log, for somebody outside to keep
    Checkpoint(checkpoint::CheckpointArgs),
    /// Write a file that proves a case's history to somebody outside
    Evidence(evidence::EvidenceArgs),
    /// Write the receipt that whoever appealed is given, signed with the log's keys
    Receipt(receipt::ReceiptArgs),
    /// Print the public keys of a centre's log, for whoever is to check it
    Keys(keys::KeysArgs),
    /// Erase what is kept of a person, as one requests and another agrees
    Erase(erase::EraseArgs),
    /// Copy the log and its attachments as of one moment, also while it is being served
    Backup(backup::BackupArgs),
    /// Fill an empty data directory from a backup, once every byte of it was checked
    Restore(restore::RestoreArgs),
}

/// 0, or 3 where a verification found a fault, or 1 where something was refused.
pub(crate) enum Status {
    Done,
    Refused,
    Fault,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        match status {
            Status::Done => Self::SUCCESS,
            Status::Refused => Self::from(1),
            Status::Fault => Self::from(3),
        }
    }
}

pub(crate) async fn run(args: Args) -> anyhow::Result<Status> {
    let Args { place, format, command } = args;
    match command {
        Command::Centre(args) => centre::run(&place, format, args).await,
        Command::Apply(args) => apply::run(&place, format, &args).await,
        Command::Attachment(args) => attachment::run(&place, format, args).await,
        Command::Serve(args) => serve::run(&place, format, &args).await,
        Command::Tick(args) => tick::run(&place, format, &args).await,
        Command::Due(args) => due::run(format, &args),
        Command::Import(args) => import::run(&place, format, &args).await,
        Command::Ledger(args) => ledger::run(&place, format, &args).await,
        Command::Overdue(args) => overdue::run(&place, format, &args).await,
        Command::Feed(args) => feed::run(&place, format, &args).await,
        Command::Rebuild(args) => rebuild::run(&place, format, &args).await,
        Command::Replay(args) => replay::run(&place, format, &args).await,
        Command::Verify(args) => verify::run(&place, format, &args).await,
        Command::Checkpoint(args) => checkpoint::run(&place, format, &args).await,
        Command::Evidence(args) => evidence::run(&place, format, &args).await,
        Command::Receipt(args) => receipt::run(&place, format, &args).await,
        Command::Keys(args) => keys::run(&place, format, args).await,
        Command::Erase(args) => erase::run(&place, format, args).await,
        Command::Backup(args) => backup::run(&place, format, &args).await,
        Command::Restore(args) => restore::run(&place, format, &args).await,
    }
}

/// Writes to standard output; whoever closed it early has seen enough.
pub(crate) fn print(bytes: &[u8]) -> anyhow::Result<()> {
    use std::io::Write as _;
    match std::io::stdout().lock().write_all(bytes) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        done => Ok(done?),
    }
}

/// A table for people: long cells are cut, for whoever wants them whole asks for csv, json or xlsx.
pub(crate) fn table(heads: impl IntoIterator<Item = &'static str>, rows: impl Iterator<Item = Vec<String>>) -> String {
    const MOST_CHARS: usize = 24;
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_BORDERS_ONLY).set_header(heads);
    for row in rows {
        table.add_row(row.into_iter().map(|cell| {
            if cell.chars().count() <= MOST_CHARS {
                return cell;
            }
            cell.chars().take(MOST_CHARS - 1).chain(['…']).collect()
        }));
    }
    table.to_string()
}

/// Rows for a spreadsheet, with a byte-order mark.
pub(crate) fn csv<const N: usize>(
    heads: [&str; N],
    rows: impl Iterator<Item = Vec<String>>,
) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
    writer.write_record(heads)?;
    for row in rows {
        writer.write_record(row)?;
    }
    Ok(writer.into_inner()?)
}

/// An error with what lies beneath it, each cause once.
pub(crate) fn explain(error: &anyhow::Error) -> String {
    if let Some(EngineError::Refused(refusal)) = error.downcast_ref() {
        return format!("{refusal} ({}, {})", refusal.code(), refusal.article());
    }
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text = if text.is_empty() { cause } else { format!("{text}: {cause}") };
        }
    }
    text
}

/// Who gives a writing command.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct By {
    /// Who gives the command [default: the operating system's user]
    #[arg(long, value_name = "ID")]
    by: Option<ActorId>,
    /// In which role
    #[arg(long, value_name = "ROLE", default_value = "system_administrator", value_parser = role)]
    role: Role,
    /// For which office
    #[arg(long, value_name = "OFFICE", default_value = "centre")]
    office: Office,
}

fn role(text: &str) -> Result<Role, String> {
    Role::read(text).ok_or_else(|| {
        let names: Vec<_> = Role::ALL.iter().map(|role| role.name()).collect();
        format!("no such role: one of {}", names.join(", "))
    })
}

impl By {
    pub(crate) fn actor(&self) -> anyhow::Result<Actor> {
        let user =
            || std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or_else(|_| "operator".to_owned());
        let id = self.by.clone().map_or_else(|| ActorId::new(user()), Ok)?;
        Ok(Actor { id, role: self.role, office: self.office.clone() })
    }
}
