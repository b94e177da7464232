//! 案例: whose turn, by when, for what; every step of the timeline; the case as it stood after any of them.

mod clocks;

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use cases::{
    Case, Instant,
    case::{End, Stage, state::Intake},
    people::Role,
};
use projections::timeline::{self, Happened, Until};
use serde::Deserialize;

use self::clocks::Clock;
use super::{PageError, Shell, minute, render};
use crate::http::{
    api::write_cursor,
    ask::{self, Ask},
    masked::{Mask, person},
    site::{Here, Site},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[serde(default, deserialize_with = "ask::filled")]
    version: Option<u64>,
    #[serde(default, deserialize_with = "ask::time")]
    known_at: Option<Instant>,
}

#[derive(Template)]
#[template(path = "case.html")]
struct CasePage {
    shell: Shell,
    /// Its address within the centre, and as people say it.
    name: String,
    number: String,
    summary: String,
    sort: String,
    facets: Vec<(&'static str, String)>,
    path: Vec<(String, &'static str)>,
    turn: Option<Clock>,
    clocks: Vec<Clock>,
    facts: Vec<(&'static str, String)>,
    narrative: String,
    steps: Vec<Step>,
    version: u64,
    /// Looking back: the case as it stood.
    then: Option<Then>,
}

struct Then {
    at: String,
    by_knowledge: bool,
    newest: u64,
}

struct Step {
    version: u64,
    term: String,
    said: String,
    at: String,
    at_rfc3339: String,
    recorded: Option<String>,
    who: String,
    rule: Option<String>,
    late: Option<&'static str>,
    clocks: Vec<String>,
}

pub(super) async fn page(
    State(site): State<Arc<Site>>,
    Path((code, name)): Path<(String, String)>,
    Ask(asked): Ask<Asked>,
) -> Result<Response, PageError> {
    let here = site.centre(&code).await?;
    let (id, number) = site.case(&here, &name).await?;
    let until = Until { version: asked.version, known_at: asked.known_at };
    let history = timeline::history(site.engine.log(), &here.log, id, until).await?;
    let (case, newest) = (history.case, site.engine.log().stream_head(&here.log, id.0).await?);
    let looking_back = asked.known_at.is_some() || case.version < newest;
    let stood_at = asked.known_at.or_else(|| history.happened.last().map(|step| step.recorded_at)).unwrap_or(here.now);
    let moment = if looking_back { stood_at } else { here.now };

    let mask = Mask::of(case.intake.as_ref());
    let clocks = clocks::all(&case, &here.centre, moment);
    let text = |text: &str| mask.text(text);
    let intake = case.intake.as_ref();
    render(&CasePage {
        shell: Shell::of(&here.centre, here.now, "案例", ""),
        name: number.map_or_else(|| id.to_string(), write_cursor),
        number: number.map_or_else(|| id.to_string(), |number| number.of(&here.log)),
        summary: intake.map_or_else(String::new, |intake| text(intake.summary.text())),
        sort: sort(&case),
        facets: facets(&case),
        path: path(&case.stage),
        turn: clocks.iter().find(|clock| clock.open).cloned(),
        clocks,
        facts: intake.map_or_else(Vec::new, |intake| facts(intake, &case, &here, &mask)),
        narrative: intake.map_or_else(String::new, |intake| text(intake.narrative.text())),
        steps: history.happened.iter().rev().map(|happened| step(happened, &mask)).collect(),
        version: case.version,
        then: looking_back.then(|| Then { at: minute(stood_at), by_knowledge: asked.known_at.is_some(), newest }),
    })
}

/// 投诉 · 不给办
fn sort(case: &Case) -> String {
    let category = case.intake.as_ref().map(|intake| intake.category.to_string());
    let kind = case.kind().map(|kind| kind.to_string());
    category.into_iter().chain(kind).collect::<Vec<_>>().join(" · ")
}

/// What is true beside the stage, each a chip with a word.
fn facets(case: &Case) -> Vec<(&'static str, String)> {
    let mut facets = Vec::new();
    let mut chip = |holds: bool, class: &'static str, text: String| {
        if holds {
            facets.push((class, text));
        }
    };
    let circulated = case.supervisions.iter().any(|supervision| supervision.circulated);
    let asked = case.disputes.iter().any(|dispute| dispute.upheld.is_none());
    let late = case.entries.values().any(|entry| entry.late.as_ref().is_some_and(|late| late.approved == Some(true)));
    chip(case.round_no() > 1, "plain", format!("第{}轮", case.round_no()));
    chip(case.clocks.open().any(|running| !running.reminded.is_empty()), "reminded", "催办".to_owned());
    chip(!case.supervisions.is_empty(), "supervised", "督办".to_owned());
    chip(circulated, "circulated", "通报 抄送".to_owned());
    chip(case.pause.is_some(), "paused", "中止".to_owned());
    chip(asked, "disputed", "异议".to_owned());
    chip(late, "late", "补录".to_owned());
    chip(case.historical, "plain", "历史件".to_owned());
    chip(case.reopened > 0, "plain", format!("重开{}次", case.reopened));
    facets
}

/// Where it stands on the way, as words: what is done, where it is, what is to come.
fn path(stage: &Stage) -> Vec<(String, &'static str)> {
    const USUAL: [&str; 8] = ["受理", "研判", "审核", "转办", "办理", "质检", "回访反馈", "销号"];
    const REFERRED: [&str; 6] = ["受理", "研判", "审核", "函转", "回访反馈", "销号"];
    const SETTLED: [&str; 5] = ["受理", "研判", "当场办结", "回访", "销号"];
    let short = |end: &End| vec![("受理".to_owned(), "done"), (end.term().to_owned(), "current")];
    let (words, at): (&[&str], usize) = match stage {
        Stage::Unknown => (&USUAL, 0),
        Stage::Accepted => (&USUAL, 1),
        Stage::InReview { .. } => (&USUAL, 2),
        Stage::InHand => (&USUAL, 4),
        Stage::Reported => (&USUAL, 5),
        Stage::Answered => (&USUAL, 6),
        Stage::Referred(_) => (&REFERRED, 3),
        Stage::Settled => (&SETTLED, 2),
        Stage::Ended(End::Closed { .. }) => (&USUAL, 7),
        Stage::Ended(end) => return short(end),
    };
    let state = |n: usize| {
        if n < at {
            "done"
        } else if n == at {
            "current"
        } else {
            "later"
        }
    };
    words.iter().enumerate().map(|(n, word)| ((*word).to_owned(), state(n))).collect()
}

fn facts(intake: &Intake, case: &Case, here: &Here, mask: &Mask) -> Vec<(&'static str, String)> {
    let text = |held: &Option<cases::sealed::Sealed>| held.as_ref().map(|held| held.text().to_owned());
    let name = match text(&intake.name) {
        Some(name) if intake.is_unit => name,
        Some(name) => person(&name),
        None if intake.anonymous => "匿名".to_owned(),
        None => String::new(),
    };
    let contact = text(&intake.telephone).or_else(|| text(&intake.address)).map(|text| mask.text(&text));
    let departments = case.classification.iter().flat_map(|found| &found.departments);
    let departments: Vec<_> = departments.map(|id| here.centre.department_name(id)).collect();
    let policy = case.policy.as_ref().map(|policy| {
        let title = here.centre.policy(policy).map_or("", |policy| policy.document_number.as_str());
        format!("{title} 第{}版", policy.version)
    });
    let facts = [
        (if intake.is_unit { "单位名称" } else { "姓名" }, name),
        ("单位联系人", text(&intake.contact_person).map(|name| person(&name)).unwrap_or_default()),
        ("联系方式", contact.unwrap_or_default()),
        ("渠道", intake.channel.to_string()),
        ("反映时间", minute(intake.raised_at)),
        ("受理时间", minute(intake.accepted_at)),
        ("涉及部门", departments.join("、")),
        ("满意度", case.rating().map(|rating| rating.to_string()).unwrap_or_default()),
        ("依据", policy.unwrap_or_default()),
    ];
    facts.into_iter().filter(|(_, text)| !text.is_empty()).collect()
}

fn step(happened: &Happened, mask: &Mask) -> Step {
    let said = happened.what.strip_prefix(happened.term.as_str()).unwrap_or(&happened.what);
    let (at, recorded) = (minute(happened.occurred_at), minute(happened.recorded_at));
    let by_rule = happened.role == Role::System;
    Step {
        version: happened.version,
        term: happened.term.clone(),
        said: mask.text(said.trim_start_matches('：')),
        at_rfc3339: happened.occurred_at.to_string(),
        recorded: (recorded != at).then_some(recorded),
        at,
        who: if by_rule {
            "系统".to_owned()
        } else {
            format!("{} · {} · {}", happened.by, happened.role, happened.office_name)
        },
        rule: happened.rule.clone(),
        late: happened.late.map(timeline::Late::term),
        clocks: happened.clocks.clone(),
    }
}
