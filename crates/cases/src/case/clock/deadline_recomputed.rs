//! 期限重算: a provisional due time, counted anew once the year's notice is published.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    calendar::CalendarVersion,
    case::{Case, CaseEvent, Context, Fact, Step, guards},
    entry::Moment,
    obligation::moves,
    people::Role,
    refusal::Refusal,
    time::Instant,
};

/// Counts every open provisional due time of the case anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecomputeDeadlines {}

impl Step for RecomputeDeadlines {
    const NAME: &'static str = "recompute_deadlines";
    const ROLES: &'static [Role] = guards::MANAGERS_OR_SYSTEM;

    fn decide(&self, case: &Case, ctx: &Context<'_>) -> Result<Vec<CaseEvent>, Refusal> {
        case.require_open()?;
        let mut events = Vec::new();
        for running in case.clocks.open().filter(|running| running.obligation.provisional) {
            let Some(counted) = moves::recount(running, case, ctx)? else { continue };
            let old = running.obligation.due;
            let mut new = counted.due;
            // "A recompute never makes an open obligation already late": it ends with this working day at the earliest.
            if old >= ctx.now && new < ctx.now {
                let today =
                    ctx.calendar().next_closing(ctx.now, &ctx.centre.hours).map_err(crate::case::context::uncounted)?;
                new = today.min(old);
            } else if old < ctx.now && new < old {
                new = old;
            }
            if new != old || counted.provisional != running.obligation.provisional {
                let obligation = running.obligation.no;
                let news = counted.calendars.iter().rfind(|new| !running.obligation.calendars.contains(new));
                let Some(cause) = news.copied() else { continue };
                let (provisional, calendars) = (counted.provisional, counted.calendars);
                events.push(DeadlineRecomputed { obligation, old, new, provisional, calendars, cause }.into());
            }
        }
        Ok(events)
    }
}

/// 期限重算. Storage format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeadlineRecomputed {
    pub obligation: u32,
    pub old: Instant,
    pub new: Instant,
    /// It still touches a year whose holidays are not published.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub provisional: bool,
    pub calendars: Vec<CalendarVersion>,
    /// The calendar whose publication made it necessary.
    pub cause: CalendarVersion,
}

impl Fact for DeadlineRecomputed {
    const TYPE: &'static str = "deadline_recomputed";

    fn evolve(&self, _: &mut Case, _: &Moment<'_>) {}
}
