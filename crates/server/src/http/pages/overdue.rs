//! 超期与将到期: what is owed, by whom, by when. What is overdue comes first.

use std::{collections::BTreeMap, sync::Arc};

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use projections::overdue::{self, Count, Item, Order, Place, Query, Standing};
use serde::Deserialize;

use super::{PageError, Shell, minute, render};
use crate::http::{
    api::{place, write_cursor},
    ask::{self, Ask},
    site::Site,
};

const PAGE: u32 = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// 责任方, by name.
    #[serde(default, deserialize_with = "ask::filled")]
    owner: Option<String>,
    #[serde(default, deserialize_with = "ask::filled")]
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "overdue.html")]
struct OverduePage {
    shell: Shell,
    owner: Option<String>,
    owners: Vec<(String, Counted)>,
    all: Counted,
    rows: Vec<Row>,
    total: usize,
    first: usize,
    last: usize,
    /// Where the page before begins; empty for the beginning.
    previous: Option<String>,
    next: Option<String>,
}

/// By standing; provisional ones apart.
#[derive(Default, Clone, Copy)]
struct Counted {
    over: usize,
    soon: usize,
    provisional: usize,
}

struct Row {
    over: bool,
    name: String,
    kind: String,
    owner: String,
    due: String,
    due_rfc3339: String,
    amount: String,
    round: u32,
    provisional: bool,
    historical: bool,
}

pub(super) async fn page(
    State(site): State<Arc<Site>>,
    Path(code): Path<String>,
    Ask(asked): Ask<Asked>,
) -> Result<Response, PageError> {
    let here = site.centre(&code).await?;
    let query = Query {
        owner_name: asked.owner.clone(),
        order: Order::ByDue,
        after: asked.after.as_deref().map(place).transpose()?,
        limit: Some(PAGE),
        ..Query::all(overdue::Asked::Open, here.when(None, None))
    };
    let report = overdue::report(&site.views, site.engine.log(), &here.log, &query).await?;
    let mut owners: BTreeMap<&str, Counted> = BTreeMap::new();
    let mut all = Counted::default();
    for count in &report.counts {
        owners.entry(&count.owner_name).or_default().add(count);
        all.add(count);
    }
    let mut owners: Vec<_> = owners.into_iter().map(|(name, counted)| (name.to_owned(), counted)).collect();
    owners.sort_by_key(|(_, counted)| std::cmp::Reverse((counted.over, counted.soon)));
    let written = |place: Option<Place>| place.map(|place| place.to_string());
    render(&OverduePage {
        shell: Shell::around(&site, &here, "超期与将到期", "overdue", "overdue").await?,
        owner: asked.owner,
        owners,
        all,
        rows: report.items.iter().map(row).collect(),
        total: report.total,
        first: report.before + 1,
        last: report.before + report.items.len(),
        previous: (report.before > 0).then(|| written(report.previous).unwrap_or_default()),
        next: written(report.next),
    })
}

impl Counted {
    fn add(&mut self, count: &Count) {
        match count.standing {
            Standing::Overdue => self.over += count.count,
            _ => self.soon += count.count,
        }
        self.provisional += count.provisional;
    }
}

fn row(item: &Item) -> Row {
    let over = item.standing == Standing::Overdue;
    let left = if over { "" } else { "还剩" };
    Row {
        over,
        name: write_cursor(item.number),
        kind: item.kind.to_string(),
        owner: item.owner_name.clone(),
        due: minute(item.due),
        due_rfc3339: item.due.to_string(),
        amount: item.working_time.map_or_else(String::new, |time| format!("{left}{time}")),
        round: item.round,
        provisional: item.provisional,
        historical: item.historical,
    }
}
