//! What can be read. Lists come in pages with a cursor; every answer says how far into the log it reaches.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use cases::Instant;
use chrono::NaiveDate;
use projections::{
    Number,
    feeds::{self, Recipient},
    ledger::{self, HEADINGS, Line, OWN_HEADINGS, Query},
    overdue::{self, Asked, Order},
    timeline,
    timeline::Until,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::commands::etag;
use crate::http::{
    ask::{self, Ask},
    problem::{Problem, no_such_case},
    site::{Here, POSITION, Site, position_header},
};
use crate::receipts;

const PAGE: u32 = 50;
const LARGEST_PAGE: u32 = 500;

fn page(limit: Option<u32>) -> Result<u32, Problem> {
    match limit.unwrap_or(PAGE) {
        limit @ 1..=LARGEST_PAGE => Ok(limit),
        _ => Err(Problem::bad_request("bad-limit", format!("limit 应为1至{LARGEST_PAGE}。请改正后再查"))),
    }
}

fn at_position(position: HeaderValue, body: Value) -> Response {
    ([(HeaderName::from_static(POSITION), position)], Json(body)).into_response()
}

/// Every centre that is open.
pub(super) async fn centres(State(site): State<Arc<Site>>) -> Result<Json<Value>, Problem> {
    let centres = site.centres().await?;
    let centre = |centre: &Arc<cases::Centre>| {
        let departments = centre.departments.iter().map(|(id, department)| json!({"id": id, "name": department.name}));
        json!({
            "code": centre.code, "name": centre.name, "level": centre.level, "parent": centre.parent,
            "simulated": centre.simulated, "version": centre.version,
            "policy": centre.adopted.last().map(|(policy, _)| policy),
            "departments": departments.collect::<Vec<_>>(),
        })
    };
    Ok(Json(json!({"centres": centres.iter().map(centre).collect::<Vec<_>>()})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LedgerAsked {
    #[serde(default, deserialize_with = "ask::filled")]
    year: Option<i32>,
    #[serde(default, deserialize_with = "ask::time")]
    at: Option<Instant>,
    #[serde(default, deserialize_with = "ask::time")]
    known_at: Option<Instant>,
    #[serde(default, deserialize_with = "ask::flag")]
    own: bool,
    /// The cursor: `next` of the page before, as in `2026-50`.
    after: Option<String>,
    limit: Option<u32>,
}

/// 台账, a page of it.
pub(super) async fn ledger(
    State(site): State<Arc<Site>>,
    Path(code): Path<String>,
    Ask(asked): Ask<LedgerAsked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let here = site.centre(&code).await?;
    let limit = page(asked.limit)?;
    let after = asked.after.as_deref().map(cursor).transpose()?;
    site.wait(&headers, &here, "ledger").await?;
    let position = site.position(&here, "ledger").await?;
    // One more than is shown tells whether there is another page.
    let query = Query { year: asked.year, after, limit: Some(limit + 1), when: here.when(asked.at, asked.known_at) };
    let mut lines = ledger::lines(&site.views, site.engine.log(), &here.log, &query).await?;
    let next = cut(&mut lines, limit).map(|line| write_cursor(line.number));
    let lines: Vec<Value> = lines.iter().map(|line| ledger_line(line, &here, asked.own)).collect();
    Ok(at_position(position, json!({"lines": lines, "next": next})))
}

/// Leaves one page, and the last of it where there is another.
fn cut<T>(items: &mut Vec<T>, limit: u32) -> Option<&T> {
    let limit = limit as usize;
    let more = items.len() > limit;
    items.truncate(limit);
    items.last().filter(|_| more)
}

/// A place in the ledger as addresses have it: `2026-50`.
pub(in crate::http) fn write_cursor(number: Number) -> String {
    format!("{}-{}", number.year, number.no)
}

pub(in crate::http) fn cursor(text: &str) -> Result<Number, Problem> {
    let read =
        text.rsplit_once('-').and_then(|(year, no)| Some(Number { year: year.parse().ok()?, no: no.parse().ok()? }));
    let detail = "after 读不懂：应如 2026-50，照抄上一页答复里的 next";
    read.ok_or_else(|| Problem::bad_request("bad-cursor", detail))
}

fn ledger_line(line: &Line, here: &Here, own: bool) -> Value {
    let mut object = Map::new();
    object.insert("case".to_owned(), line.case.to_string().into());
    object.insert("number".to_owned(), line.number.of(&here.log).into());
    let heads = HEADINGS.iter().chain(OWN_HEADINGS.iter().filter(|_| own));
    let cells = line.cells.iter().chain(&line.own);
    object.extend(heads.zip(cells).map(|(head, cell)| ((*head).to_owned(), cell.clone().into())));
    Value::Object(object)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OverdueAsked {
    #[serde(default, deserialize_with = "ask::time")]
    at: Option<Instant>,
    #[serde(default, deserialize_with = "ask::time")]
    known_at: Option<Instant>,
    #[serde(default, deserialize_with = "ask::flag")]
    ended: bool,
    #[serde(default, deserialize_with = "ask::filled")]
    from: Option<NaiveDate>,
    #[serde(default, deserialize_with = "ask::filled")]
    to: Option<NaiveDate>,
    /// The cursor: `next` of the page before.
    after: Option<String>,
    limit: Option<u32>,
}

/// What is overdue or soon will be, a page of it, and the counts of all; with `ended`, what ended late in a period.
pub(super) async fn overdue(
    State(site): State<Arc<Site>>,
    Path(code): Path<String>,
    Ask(asked): Ask<OverdueAsked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let here = site.centre(&code).await?;
    let limit = Some(page(asked.limit)?);
    let after = asked.after.as_deref().map(place).transpose()?;
    let when = here.when(asked.at, asked.known_at);
    let asked = match (asked.ended, asked.from, asked.to) {
        (true, Some(first), Some(last)) if first <= last => Asked::Ended { first, last },
        (false, None, None) => Asked::Open,
        _ => {
            return Err(Problem::bad_request(
                "bad-period",
                "查已结束的，ended、from、to 要一起写明，且 from 不晚于 to",
            ));
        }
    };
    site.wait(&headers, &here, "overdue").await?;
    let position = site.position(&here, "overdue").await?;
    let query = overdue::Query { asked, owner_name: None, order: Order::ByOwner, after, limit, when };
    let report = overdue::report(&site.views, site.engine.log(), &here.log, &query).await?;
    let next = report.next.map(|place| place.to_string());
    let body = json!({"as_of": when.moment(), "counts": report.counts, "items": report.items, "next": next});
    Ok(at_position(position, body))
}

/// A place in the overdue report.
pub(in crate::http) fn place(text: &str) -> Result<overdue::Place, Problem> {
    let bad = |_| Problem::bad_request("bad-cursor", "after 读不懂：应照抄上一页答复里的 next");
    text.parse().map_err(bad)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FeedAsked {
    #[serde(default)]
    after: u64,
    limit: Option<u32>,
}

/// One recipient's feed, a page of it.
pub(super) async fn feed(
    State(site): State<Arc<Site>>,
    Path((code, recipient)): Path<(String, String)>,
    Ask(asked): Ask<FeedAsked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let here = site.centre(&code).await?;
    let recipient: Recipient = recipient.parse().map_err(|_| no_such_recipient())?;
    let limit = page(asked.limit)?;
    site.wait(&headers, &here, "feeds").await?;
    let position = site.position(&here, "feeds").await?;
    let (views, log, when) = (&site.views, site.engine.log(), here.when(None, None));
    let mut entries = feeds::entries(views, log, &here.log, &recipient, asked.after, Some(limit + 1), when).await?;
    let next = cut(&mut entries, limit).map(|entry| entry.number);
    Ok(at_position(position, json!({"recipient": recipient, "entries": entries, "next": next})))
}

pub(in crate::http) fn no_such_recipient() -> Problem {
    let detail = "没有这个收件方。应为 discipline、government、parent 或 department:代码";
    Problem::not_found("no-such-recipient", detail)
}

/// A case as it stands.
pub(super) async fn case(
    State(site): State<Arc<Site>>,
    Path((code, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (here, id, number) = site.named(&code, &name, &headers).await?;
    let head = site.engine.log().tail(&here.log).now();
    let state = site.engine.case_to_show(&here.centre.code, id).await?;
    if state.intake.is_none() {
        return Err(no_such_case());
    }
    let etag = etag(state.version);
    let body = json!({"number": number.map(|number| number.of(&here.log)), "state": state});
    let mut response = at_position(position_header(&here.log, head), body);
    response.headers_mut().insert(header::ETAG, etag);
    Ok(response)
}

/// The receipt (受理回执) that whoever appealed is given: a signed note, as text.
pub(super) async fn receipt(
    State(site): State<Arc<Site>>,
    Path((code, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (here, id, number) = site.named(&code, &name, &headers).await?;
    let number = number.ok_or_else(no_such_case)?;
    let made = receipts::receipt(&site.engine, &site.data, &here.centre.code, (id, number)).await;
    let note = made.map_err(|error| Problem::unsigned(&error))?.ok_or_else(no_such_case)?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))], note.to_string())
        .into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TimelineAsked {
    #[serde(default, deserialize_with = "ask::filled")]
    version: Option<u64>,
    #[serde(default, deserialize_with = "ask::time")]
    known_at: Option<Instant>,
}

/// A case's history, as far as it is asked for.
pub(super) async fn timeline(
    State(site): State<Arc<Site>>,
    Path((code, name)): Path<(String, String)>,
    Ask(asked): Ask<TimelineAsked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (here, id, number) = site.named(&code, &name, &headers).await?;
    let head = site.engine.log().tail(&here.log).now();
    let until = Until { version: asked.version, known_at: asked.known_at };
    let history = timeline::history(site.engine.log(), &here.log, id, until).await?;
    let number = number.map(|number| number.of(&here.log));
    let body = json!({"case": id, "number": number, "version": history.case.version, "happened": history.happened});
    Ok(at_position(position_header(&here.log, head), body))
}
