//! `yousu replay CASE`: the history, and the case as it stood or as it was known.

use anyhow::Context as _;
use cases::{CaseId, CentreCode, EventSet, Instant, case};
use projections::{
    Number, ledger,
    timeline::{self, Until},
};
use serde_json::json;

use super::{Format, Status};
use crate::{
    engine::Engine,
    installation::{Place, Reading, the_centre},
    wire,
};

#[derive(Debug, clap::Args)]
pub(crate) struct ReplayArgs {
    /// The case: its number, as in 410404-2026-17, or its UUID
    case: String,
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
    let (engine, centre, id) = find(place, &args.case, args.centre.as_ref()).await?;
    if format == Format::Json {
        return json_lines(&engine, &centre, id, args).await;
    }
    let until = Until { version: args.version, known_at: args.known_at };
    let history = timeline::history(engine.log(), &wire::log_centre(&centre), id, until).await?;
    let minute = |at: Instant| at.format("%Y-%m-%d %H:%M").to_string();
    for step in &history.happened {
        let late = step
            .late
            .map(|late| format!("（{}，记录于{}）", late.term(), minute(step.recorded_at)))
            .unwrap_or_default();
        let rule = step.rule.as_deref().map(|rule| format!("，依{rule}")).unwrap_or_default();
        println!("#{} {} {} · {}{rule}{late}", step.version, minute(step.occurred_at), step.term, step.by);
        if step.what != step.term {
            println!("      {}", step.what);
        }
        step.clocks.iter().for_each(|line| println!("      {line}"));
    }
    let case = &history.case;
    println!("— 第{}步之后：{}，第{}轮", case.version, case.stage.term(), case.round_no());
    for running in case.clocks.open() {
        let owed = &running.obligation;
        println!("  未完成：{} · {} · 应于{}前", owed.kind, owed.owner, minute(owed.due));
    }
    Ok(Status::Done)
}

/// The case that is meant: people say its number, programs its UUID.
pub(super) async fn find(
    place: &Place,
    case: &str,
    centre: Option<&CentreCode>,
) -> anyhow::Result<(Engine, CentreCode, CaseId)> {
    if let Ok(id) = case.parse() {
        let engine = place.read().await?;
        let centre = the_centre(&engine, centre).await?;
        return Ok((engine, centre, id));
    }
    let (code, number) = Number::read(case)
        .with_context(|| format!("`{case}` is no case: give its number, as in 410404-2026-17, or its UUID"))?;
    let reading = Reading::open(place, Some(&code.as_str().parse()?)).await?;
    let found = ledger::case_of(&reading.views, &code, number).await?;
    let id = found.with_context(|| format!("no case {case} in centre {code}: see `yousu ledger --own-columns`"))?;
    Ok((reading.engine, reading.centre, id))
}

async fn json_lines(engine: &Engine, centre: &CentreCode, id: CaseId, args: &ReplayArgs) -> anyhow::Result<Status> {
    let mut entries = engine.entries(centre, id).await?;
    let known = args.known_at.map_or(i64::MAX, Instant::ms);
    entries.retain(|(event, _)| event.recorded_ms <= known && args.version.is_none_or(|most| event.version <= most));
    anyhow::ensure!(!entries.is_empty(), "no case {id} in centre {centre} by then: see `yousu ledger --own-columns`");
    for (event, entry) in &entries {
        let recorded_at = Instant::from_ms(event.recorded_ms).unwrap_or(entry.note.decided_at);
        let note = &entry.note;
        let line = json!({"version": event.version, "position": event.position, "type": event.kind,
            "recorded_at": recorded_at, "occurred_at": note.occurred_at, "by": note.by, "policy": note.policy,
            "late": note.is_late(), "data": entry.event.data(), "clocks": entry.clocks});
        println!("{line}");
    }
    let state = case::replay(id, entries.iter().map(|(_, entry)| entry));
    println!("{}", json!({"state": state}));
    Ok(Status::Done)
}
