//! `yousu replay CASE`: the history, and the case as it stood or as it was known.

use cases::{CaseId, CentreCode, EventSet, Instant, case};
use serde_json::json;

use super::{Format, Status};
use crate::{engine::Engine, installation::{Place, the_centre}};

#[derive(Debug, clap::Args)]
pub(crate) struct ReplayArgs {
    /// The case's UUID
    case: CaseId,
    /// Where several centres are in the directory
    #[arg(long)]
    centre: Option<CentreCode>,
    /// The case after this many events
    #[arg(long)]
    version: Option<u64>,
    /// The case by what had been recorded at that time
    #[arg(long, value_name = "TIME")]
    known_at: Option<Instant>,
}

pub(super) async fn run(place: &Place, format: Format, args: &ReplayArgs) -> anyhow::Result<Status> {
    let engine: Engine = place.read().await?;
    let centre = the_centre(&engine, args.centre.as_ref()).await?;
    let mut entries = engine.entries(&centre, args.case).await?;
    anyhow::ensure!(!entries.is_empty(), "no case {} in centre {centre}: see `yousu ledger --own-columns`", args.case);
    let known = args.known_at.map_or(i64::MAX, Instant::ms);
    entries.retain(|(event, _)| event.recorded_ms <= known && args.version.is_none_or(|most| event.version <= most));
    let state = case::replay(args.case, entries.iter().map(|(_, entry)| entry));
    for (event, entry) in &entries {
        let recorded_at = Instant::from_ms(event.recorded_ms).unwrap_or(entry.note.decided_at);
        if format == Format::Json {
            let note = &entry.note;
            let line = json!({"version": event.version, "position": event.position, "type": event.kind,
                "recorded_at": recorded_at, "occurred_at": note.occurred_at, "by": note.by, "policy": note.policy,
                "late": note.is_late(), "data": entry.event.data(), "clocks": entry.clocks});
            println!("{line}");
        } else {
            let note = &entry.note;
            let late = if note.is_late() { format!("（补录，记录于{}）", recorded_at.format("%Y-%m-%d %H:%M")) } else { String::new() };
            println!("#{} {} {} · {}{late}", event.version, note.occurred_at.format("%Y-%m-%d %H:%M"), event.kind, note.by);
            for ended in &entry.clocks.ended {
                let kind = state.clocks.get(ended.no).map_or("", |running| running.obligation.kind.term());
                println!("      {kind}（{}）：{}", ended.no, ended.outcome);
            }
            for set in &entry.clocks.set {
                println!("      {}（{}）：{}，应于{}前", set.kind, set.no, set.owner, set.due.format("%Y-%m-%d %H:%M"));
            }
            for moved in &entry.clocks.moved {
                println!("      （{}）：期限由{}调整为{}", moved.no, moved.old.format("%Y-%m-%d %H:%M"), moved.new.format("%Y-%m-%d %H:%M"));
            }
        }
    }
    if format == Format::Json {
        println!("{}", json!({"state": state}));
    } else {
        println!("— 第{}步之后：{}，第{}轮", state.version, state.stage.term(), state.round_no());
        for running in state.clocks.open() {
            println!("  未完成：{} · {} · 应于{}前", running.obligation.kind, running.obligation.owner, running.obligation.due.format("%Y-%m-%d %H:%M"));
        }
    }
    Ok(Status::Done)
}
