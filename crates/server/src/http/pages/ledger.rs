//! 台账: the seventeen columns of 附件 3, their heads in full, a page of fifty.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use projections::{
    Number,
    ledger::{self, HEADINGS, Line, OWN_HEADINGS, Query},
};
use serde::Deserialize;

use super::{PageError, Shell, render};
use crate::http::{
    api::{cursor, write_cursor},
    ask::{self, Ask},
    masked::{Mask, numbers, person},
    problem::Problem,
    site::{Here, Site},
};

const PAGE: u32 = 50;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Asked {
    /// Absent: the newest. `all`: every year in order.
    #[serde(default, deserialize_with = "ask::filled")]
    year: Option<String>,
    #[serde(default, deserialize_with = "ask::filled")]
    after: Option<String>,
    #[serde(default, deserialize_with = "ask::flag")]
    own: bool,
}

#[derive(Template)]
#[template(path = "ledger.html")]
struct LedgerPage {
    shell: Shell,
    years: Vec<Year>,
    /// `2026年`, or every year.
    period: String,
    /// What the links of this page ask for again.
    same: String,
    year_asked: String,
    heads: Vec<&'static str>,
    rows: Vec<Row>,
    own: bool,
    total: u64,
    first: u64,
    last: u64,
    previous: Option<String>,
    next: Option<String>,
}

struct Year {
    text: String,
    value: String,
    chosen: bool,
}

struct Row {
    /// The case's address: its number, as in `2026-17`.
    name: String,
    cells: Vec<Vec<Piece>>,
}

/// A line of a cell.
struct Piece {
    text: String,
    /// It names an obligation that is overdue now.
    over: bool,
}

/// Columns whose times stand each on a line of its own, and 备注: the cells list with `；`.
const LISTS: [usize; 7] = [8, 9, 10, 11, 12, 15, 17];

pub(in crate::http) async fn page(
    State(site): State<Arc<Site>>,
    Path(code): Path<String>,
    Ask(asked): Ask<Asked>,
) -> Result<Response, PageError> {
    let here = site.centre(&code).await?;
    let counts = ledger::counts(&site.views, &here.log).await?;
    let year = match asked.year.as_deref() {
        Some("all") => None,
        Some(text) => Some(text.parse().map_err(|_| Problem::bad_request("bad-query", "年份应如 2026。请改正后再查"))?),
        None => counts.last().map(|(year, _)| *year),
    };
    let after = asked.after.as_deref().map(cursor).transpose()?;
    let query = Query { year, after, limit: Some(PAGE), when: here.when(None, None) };
    let lines = ledger::lines(&site.views, site.engine.log(), &here.log, &query).await?;
    let mut rows = Vec::with_capacity(lines.len());
    for line in &lines {
        rows.push(row(&site, &here, line, asked.own).await?);
    }

    let shown: Vec<(i32, u64)> = counts.iter().copied().filter(|(y, _)| year.is_none_or(|year| *y == year)).collect();
    let total = shown.iter().map(|(_, count)| count).sum();
    let before = after.map_or(0, |after| before(&shown, after));
    let last = before + rows.len() as u64;
    let cursor_at = |index: u64| nth(&shown, index).map(write_cursor).unwrap_or_default();
    let year_asked = year.map_or_else(|| "all".to_owned(), |year| year.to_string());
    render(&LedgerPage {
        shell: Shell::around(&site, &here, "台账", "ledger", "ledger").await?,
        years: years(&counts, year),
        period: year.map_or_else(|| "全部年份".to_owned(), |year| format!("{year}年")),
        same: format!("year={year_asked}{}", if asked.own { "&own=1" } else { "" }),
        year_asked,
        heads: HEADINGS.iter().chain(OWN_HEADINGS.iter().filter(|_| asked.own)).copied().collect(),
        rows,
        own: asked.own,
        total,
        first: before + 1,
        last,
        previous: (before > 0).then(|| cursor_at(before.saturating_sub(u64::from(PAGE)))),
        next: (last < total).then(|| cursor_at(last)),
    })
}

fn years(counts: &[(i32, u64)], chosen: Option<i32>) -> Vec<Year> {
    let year = |(year, count): &(i32, u64)| Year {
        text: format!("{year}年 {count}件"),
        value: year.to_string(),
        chosen: chosen == Some(*year),
    };
    let all = Year { text: "全部年份".to_owned(), value: "all".to_owned(), chosen: chosen.is_none() };
    counts.iter().rev().map(year).chain((counts.len() > 1).then_some(all)).collect()
}

/// How many lines stand before a cursor: numbers are gapless, so this is arithmetic.
fn before(shown: &[(i32, u64)], after: Number) -> u64 {
    let earlier = shown.iter().filter(|(year, _)| *year < after.year).map(|(_, count)| count).sum::<u64>();
    earlier + shown.iter().find(|(year, _)| *year == after.year).map_or(0, |(_, count)| after.no.min(*count))
}

/// The number of the so-manieth line, from 1; none for the place before the first.
fn nth(shown: &[(i32, u64)], mut index: u64) -> Option<Number> {
    for (year, count) in shown {
        if (1..=*count).contains(&index) {
            return Some(Number { year: *year, no: index });
        }
        index = index.saturating_sub(*count);
    }
    None
}

async fn row(site: &Site, here: &Here, line: &Line, own: bool) -> Result<Row, PageError> {
    // The row does not say whose names stand in its free text; the case does.
    let case = site.engine.case_to_decide(&here.centre.code, line.case).await?;
    let (mask, is_unit) = (Mask::of(case.intake.as_ref()), case.intake.as_ref().is_some_and(|intake| intake.is_unit));
    let anonymous = case.is_anonymous();
    let cell = |(column, text): (usize, &String)| -> Vec<Piece> {
        let text = match column {
            2 if is_unit || anonymous => text.clone(),
            2 | 3 => person(text),
            4 => mask.text(&numbers(text)),
            5 | 14 => mask.text(text),
            _ => text.clone(),
        };
        let whole = |text: &str| Piece { text: text.to_owned(), over: false };
        if !LISTS.contains(&column) {
            return vec![whole(&text)];
        }
        let (answer, rest) = text.strip_prefix("是 ").map_or((None, text.as_str()), |rest| (Some("是"), rest));
        // The view's word for an obligation that is still open past its due time.
        let piece =
            |text: &str| Piece { text: text.to_owned(), over: column == 17 && text.ends_with("，尚未完成") };
        answer.map(whole).into_iter().chain(rest.split('；').map(piece)).collect()
    };
    let all = line.cells.iter().chain(line.own.iter().filter(|_| own));
    Ok(Row { name: write_cursor(line.number), cells: (1..).zip(all).map(cell).collect() })
}

#[cfg(test)]
mod tests {
    use super::{Number, before, nth};

    #[test]
    fn places_and_numbers_are_each_others_inverse_across_years() {
        let shown = [(2024, 2), (2025, 3), (2026, 1)];
        for index in 1..=6 {
            let number = nth(&shown, index).expect("there are six lines");
            assert_eq!(before(&shown, number), index);
        }
        assert_eq!(nth(&shown, 4), Some(Number { year: 2025, no: 2 }));
        assert_eq!((nth(&shown, 0), nth(&shown, 7)), (None, None));
        assert_eq!(before(&shown, Number { year: 2025, no: 99 }), 5);
    }
}
