//! 超期与将到期: what is owed, by whom, by when. What is overdue comes first.

use std::{collections::BTreeMap, sync::Arc};

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use projections::overdue::{self, Item, Standing};
use serde::Deserialize;

use super::{PageError, Shell, minute, render};
use crate::http::{
    api::write_cursor,
    ask::{self, Ask},
    site::Site,
};

/// Beyond these a list is no longer read; the counts above it still tell all.
const MOST_ROWS: usize = 300;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// 责任方, by name.
    #[serde(default, deserialize_with = "ask::filled")]
    owner: Option<String>,
}

#[derive(Template)]
#[template(path = "overdue.html")]
struct OverduePage {
    shell: Shell,
    owner: Option<String>,
    owners: Vec<(String, Counted)>,
    all: Counted,
    rows: Vec<Row>,
    cut: Option<usize>,
    most: usize,
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
    let mut items = overdue::open(&site.views, site.engine.log(), &here.log, here.when(None, None)).await?;
    let mut owners: BTreeMap<String, Counted> = BTreeMap::new();
    let mut all = Counted::default();
    for item in &items {
        owners.entry(item.owner_name.clone()).or_default().add(item);
        all.add(item);
    }
    let mut owners: Vec<_> = owners.into_iter().collect();
    owners.sort_by_key(|(_, counted)| std::cmp::Reverse((counted.over, counted.soon)));
    items.retain(|item| asked.owner.as_ref().is_none_or(|owner| item.owner_name == *owner));
    items.sort_by_key(|item| (item.standing, item.due, item.number));
    let cut = (items.len() > MOST_ROWS).then_some(items.len());
    items.truncate(MOST_ROWS);
    render(&OverduePage {
        shell: Shell::around(&site, &here, "超期与将到期", "overdue", "overdue").await?,
        owner: asked.owner,
        owners,
        all,
        rows: items.iter().map(row).collect(),
        cut,
        most: MOST_ROWS,
    })
}

impl Counted {
    fn add(&mut self, item: &Item) {
        let counter = match item.standing {
            _ if item.provisional => &mut self.provisional,
            Standing::Overdue => &mut self.over,
            _ => &mut self.soon,
        };
        *counter += 1;
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
