//! What happens to the centre itself: policy, calendars, hours, roster, recipients, departments, the monthly digest.

use chrono::{Datelike, Months, NaiveDate, TimeDelta};
use serde_json::{Value, json};

use super::{
    Options, Policies, SHIPPED, Told,
    dice::Dice,
    hours,
    scene::{Line, calendar_of},
};
use crate::{case::CaseEvent, obligation::Outcome, story::Story, time::Instant};

/// A change of the centre's set-up.
#[derive(Debug, Clone)]
pub(super) enum Setting {
    /// Said by the administrator.
    Said(Value),
    /// 国务院通知 with one more day off in the running year.
    ChangedYear,
    /// The month that ended.
    Digest,
}

impl Setting {
    pub(super) fn line(self, story: &Story) -> Option<Line> {
        match self {
            Self::Said(fields) => Some(("admin".to_owned(), fields)),
            Self::ChangedYear => {
                let mut year = story.centre.calendar.year(story.now.date().year())?.clone();
                let mut off = story.now.date().checked_add_months(Months::new(1))?;
                while !story.centre.calendar.is_working_day(off) {
                    off = off.succ_opt()?;
                }
                year.version += 1;
                let mut calendar = json!(year);
                calendar["holidays"].as_array_mut()?.push(json!({"date": off, "name": "临时放假"}));
                Some(("admin".to_owned(), json!({"command": "publish_calendar", "calendar": calendar})))
            }
            Self::Digest => {
                let month = story.now.date().with_day(1)?.checked_sub_months(Months::new(1))?;
                let fields = json!({"command": "send_monthly_digest", "month": month, "counts": counts(story, month)});
                Some(("system".to_owned(), fields))
            }
        }
    }
}

/// The policy of the first day, and the one adopted later.
pub(super) fn policies(of: Policies, dice: &mut Dice) -> (String, String) {
    let [(_, henan), (_, shilong)] = SHIPPED;
    let second = |text: &str| {
        text.replacen("version = 1", "version = 2", 1).replace("sign_for = { days = 1", "sign_for = { days = 2")
    };
    match of {
        Policies::Henan => (henan.to_owned(), second(henan)),
        Policies::Shilong => (shilong.to_owned(), second(shilong)),
        Policies::Both if dice.percent(50) => (henan.to_owned(), shilong.to_owned()),
        Policies::Both => (shilong.to_owned(), henan.to_owned()),
    }
}

/// Days before which everybody comes: long holidays, the turn of the year.
pub(super) fn crowds(from: Instant, until: Instant) -> Vec<Instant> {
    let days = [
        "2026-02-14",
        "2026-04-04",
        "2026-05-01",
        "2026-06-19",
        "2026-09-25",
        "2026-10-01",
        "2026-12-28",
        "2026-12-31",
    ];
    let days = days.iter().filter_map(|day| day.parse().ok());
    days.filter(|day| *day > from && *day < until).collect()
}

/// Everything that changes, each at its time.
pub(super) fn settings(
    options: &Options,
    until: Instant,
    second_policy: &str,
    dice: &mut Dice,
) -> Vec<(Instant, Setting)> {
    let from = options.from;
    let any = |dice: &mut Dice| from.plus(hours(dice.below(u64::from(options.days.max(1)) * 24)));
    let mut settings = Vec::new();
    let mut say = |at: Instant, fields: Value| settings.push((at, Setting::Said(fields)));
    say(any(dice), json!({"command": "adopt_policy", "policy_text": second_policy}));
    let winter = json!([{"opens": "09:00", "closes": "12:00"}, {"opens": "13:00", "closes": "17:30"}]);
    let summer = json!([{"opens": "08:30", "closes": "12:00"}, {"opens": "14:00", "closes": "18:00"}]);
    say(any(dice), json!({"command": "record_hours", "hours": summer}));
    say(any(dice), json!({"command": "record_hours", "hours": winter}));
    let recipients = json!({"government": "示例区人民政府", "discipline": "示例区纪委监委"});
    say(any(dice), json!({"command": "record_recipients", "recipients": recipients}));
    say(any(dice), json!({"command": "record_department", "department": "wjw", "name": "卫健委"}));
    for _ in 0..12 {
        let at = any(dice);
        let date = at.plus(TimeDelta::days(1)).date();
        let roster =
            json!({"date": date, "officers": ["officer", "officer2"], "leader": "leader", "deputies": ["leader2"]});
        say(at, json!({"command": "record_roster", "roster": roster}));
    }
    // The year that comes is published some time in its last weeks, after deadlines were counted without it.
    let end_of_year =
        NaiveDate::from_ymd_opt(from.date().year(), 12, 31).and_then(|day| day.to_string().parse::<Instant>().ok());
    if let Some(end) = end_of_year.filter(|end| *end < until) {
        let at = end.plus(-hours(dice.below(12 * 24))).max(from);
        say(at, json!({"command": "publish_calendar", "calendar": calendar_of(from.date().year() + 1, 1)}));
    }
    if dice.percent(40) {
        settings.push((any(dice), Setting::ChangedYear));
    }
    if options.sweeps {
        let mut first = from.date().with_day(1);
        while let Some(next) = first.and_then(|day| day.checked_add_months(Months::new(1))) {
            let Some(opens) = next.and_hms_opt(9, 0, 0).and_then(|at| at.to_string().parse::<Instant>().ok()) else {
                break;
            };
            if opens > until {
                break;
            }
            settings.push((opens, Setting::Digest));
            first = Some(next);
        }
    }
    settings
}

/// What the digest of a month says, 历史件 left out.
fn counts(story: &Story, month: NaiveDate) -> Value {
    let mut counts = json!({"accepted": 0, "closed": 0, "terminated": 0, "withheld": 0, "reminded": 0, "supervised": 0,
        "circulated": 0, "returned": 0, "late": 0});
    let mut add = |name: &str| counts[name] = json!(counts[name].as_u64().unwrap_or(0) + 1);
    for told in &story.log {
        let Told::Case(id, entry) = told else { continue };
        if entry.note.decided_at.date().with_day(1) != Some(month) || story.cases[id].historical {
            continue;
        }
        match &entry.event {
            CaseEvent::Accepted(_) => add("accepted"),
            CaseEvent::Closed(_) => add("closed"),
            CaseEvent::Terminated(_) => add("terminated"),
            CaseEvent::Classified(found) if found.kind == crate::case::triage::Kind::Withheld => add("withheld"),
            CaseEvent::Reminded(_) => add("reminded"),
            CaseEvent::SupervisionIssued(_) => add("supervised"),
            CaseEvent::Circulated(_) => add("circulated"),
            CaseEvent::ReturnedForRework(_) => add("returned"),
            _ => {}
        }
        let ended = entry.clocks.ended.iter();
        ended.filter(|end| matches!(end.outcome, Outcome::MetLate | Outcome::Breached)).for_each(|_| add("late"));
    }
    counts
}
