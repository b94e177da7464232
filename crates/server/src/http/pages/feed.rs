//! 督查信息: what went to a recipient, by gapless number.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use cases::centre::digest_sent::MonthlyDigestSent;
use projections::feeds::{self, Entry, Recipient};
use serde::Deserialize;

use super::{PageError, Shell, minute, render};
use crate::http::{
    api::{no_such_recipient, write_cursor},
    ask::{self, Ask},
    masked::Mask,
    site::{Here, Site},
};

const PAGE: u64 = 50;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[serde(default, deserialize_with = "ask::filled")]
    recipient: Option<String>,
    #[serde(default, deserialize_with = "ask::filled")]
    after: Option<u64>,
}

#[derive(Template)]
#[template(path = "feed.html")]
struct FeedPage {
    shell: Shell,
    recipients: Vec<Choice>,
    /// Whose feed this is.
    chosen: String,
    value: String,
    rows: Vec<Row>,
    previous: Option<u64>,
    next: Option<u64>,
}

struct Choice {
    value: String,
    text: String,
    chosen: bool,
}

struct Row {
    number: u64,
    at: String,
    at_rfc3339: String,
    term: String,
    case: Option<String>,
    about: String,
    owed: String,
    due: String,
    text: String,
    acknowledged: String,
}

pub(super) async fn page(
    State(site): State<Arc<Site>>,
    Path(code): Path<String>,
    Ask(asked): Ask<Asked>,
) -> Result<Response, PageError> {
    let here = site.centre(&code).await?;
    let recipient: Recipient =
        asked.recipient.as_deref().unwrap_or("discipline").parse().map_err(|_| no_such_recipient())?;
    let after = asked.after.unwrap_or(0);
    let (views, log, when) = (&site.views, site.engine.log(), here.when(None, None));
    let most = u32::try_from(PAGE + 1).unwrap_or(u32::MAX);
    let mut entries = feeds::entries(views, log, &here.log, &recipient, after, Some(most), when).await?;
    let more = entries.len() as u64 > PAGE;
    entries.truncate(usize::try_from(PAGE).unwrap_or(usize::MAX));
    let next = entries.last().filter(|_| more).map(|entry| entry.number);
    let mut rows = Vec::with_capacity(entries.len());
    for entry in entries {
        rows.push(row(&site, &here, entry).await?);
    }
    let mut all = vec![Recipient::Discipline, Recipient::Government, Recipient::Parent];
    all.extend(here.centre.departments.keys().cloned().map(Recipient::Department));
    let choice = |one: &Recipient| Choice { value: one.to_string(), text: name(&here, one), chosen: *one == recipient };
    render(&FeedPage {
        shell: Shell::around(&site, &here, "督查信息", "feeds", "feeds").await?,
        recipients: all.iter().map(choice).collect(),
        chosen: name(&here, &recipient),
        value: recipient.to_string(),
        rows,
        previous: (after > 0).then(|| after.saturating_sub(PAGE)),
        next,
    })
}

fn name(here: &Here, recipient: &Recipient) -> String {
    let recipients = &here.centre.recipients;
    let or = |name: &str, term: &str| if name.is_empty() { term } else { name }.to_owned();
    match recipient {
        Recipient::Discipline => or(&recipients.discipline, "同级纪检监察机关"),
        Recipient::Government => or(&recipients.government, "同级政府"),
        Recipient::Parent => "上级中心".to_owned(),
        Recipient::Department(id) => here.centre.department_name(id),
    }
}

/// 月度抄送, in a line.
fn digest(sent: &MonthlyDigestSent) -> String {
    let counts = &sent.counts;
    format!(
        "{}：受理{}件，销号{}件，终止{}件，认定不给办{}件，催办{}次，督办{}次，通报{}次，退回重办{}次，超期{}项",
        sent.month.format("%Y年%-m月"),
        counts.accepted,
        counts.closed,
        counts.terminated,
        counts.withheld,
        counts.reminded,
        counts.supervised,
        counts.circulated,
        counts.returned,
        counts.late,
    )
}

async fn row(site: &Site, here: &Here, entry: Entry) -> Result<Row, PageError> {
    let mask = match entry.case {
        Some(case) => Mask::of(site.engine.case_to_decide(&here.centre.code, case).await?.intake.as_ref()),
        None => Mask::default(),
    };
    let said = entry.text.as_deref().map(|text| mask.text(text));
    let ground = entry.ground.map(|ground| ground.to_string());
    let digest = entry.digest.as_ref().map(digest);
    Ok(Row {
        number: entry.number,
        at: minute(entry.recorded_at),
        at_rfc3339: entry.recorded_at.to_string(),
        term: entry.term,
        case: entry.case_number.map(write_cursor),
        about: entry.about_name.unwrap_or_default(),
        owed: entry.obligation.map(|kind| kind.to_string()).unwrap_or_default(),
        due: entry.due.map(minute).unwrap_or_default(),
        text: ground.into_iter().chain(digest).chain(said).collect::<Vec<_>>().join("；"),
        acknowledged: entry.acknowledged.map(|done| minute(done.at)).unwrap_or_default(),
    })
}
