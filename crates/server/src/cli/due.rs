//! `yousu due`: when is it due, and why.

use cases::{
    Instant,
    calendar::{OfficeHours, WorkCalendar},
    case::triage::Kind,
    obligation,
    policy::Policy,
};

use super::{Format, Status};
use crate::engine::EngineError;

#[derive(Debug, clap::Args)]
pub(crate) struct DueArgs {
    /// A policy that comes with the program, or the path of a TOML file
    #[arg(long)]
    policy: String,
    /// ordinary, cannot_be_done, hard_to_do, withheld or out_of_scope (or the Chinese term)
    #[arg(long, value_parser = kind)]
    kind: Kind,
    /// When it was delivered; without an offset, Asia/Shanghai
    #[arg(long, value_name = "TIME")]
    received: Instant,
    /// Count so many working days instead, with no cap
    #[arg(long, value_name = "N")]
    working_days: Option<u32>,
}

fn kind(text: &str) -> Result<Kind, String> {
    Kind::read(text).ok_or_else(|| "one of ordinary, cannot_be_done, hard_to_do, withheld, out_of_scope".to_owned())
}

pub(super) fn run(format: Format, args: &DueArgs) -> anyhow::Result<Status> {
    let policy = Policy::read(&args.policy, &super::centre::policy_text(&args.policy)?)?;
    let (calendar, hours) = (WorkCalendar::shipped(), OfficeHours::default());
    let answer = obligation::due(&policy, args.kind, args.received, args.working_days, calendar, &hours)
        .map_err(EngineError::from)?;
    if format == Format::Json {
        println!("{}", serde_json::to_string(&answer)?);
        return Ok(Status::Done);
    }
    let provisional = if answer.provisional { "（暂定：涉及尚未公布放假安排的年份）" } else { "" };
    println!("{}（{}）", answer.obligation, args.kind);
    println!("送达    {}", answer.received.format("%Y-%m-%d %H:%M"));
    println!("期限    {}{provisional}", answer.due.format("%Y-%m-%d %H:%M"));
    println!(
        "依据    {}，{}；{}个工作日，送达当日不计（民法典201、203）",
        answer.policy, answer.rule, answer.working_days
    );
    let calendars: Vec<_> = answer.calendar.iter().map(ToString::to_string).collect();
    println!("日历    {}", calendars.join(" "));
    let days: Vec<_> = answer.days.iter().map(ToString::to_string).collect();
    println!("计入    {}", days.join(" "));
    Ok(Status::Done)
}
