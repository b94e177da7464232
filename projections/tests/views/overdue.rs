//! The overdue report in part and in whole, beside the same list made from the cases the long way.

use std::{cmp::Ordering, collections::BTreeMap};

use cases::{
    Case, CaseEvent, CaseId, Centre, Instant, case, centre,
    obligation::{Owner, Running},
    story::{Story, Told},
};
use chrono::Datelike as _;
use projections::{
    Number, When,
    overdue::{Asked, Count, Item, Order, Query, Report, Standing},
};
use proptest::prelude::*;
use sqlx::{ConnectOptions as _, Connection as _, Row as _, sqlite::SqliteConnectOptions};

use crate::{
    by_hand::fortnight,
    support::{Place, at, block_on, played},
};

const BOTH: [Asked; 2] = [Asked::Open, Asked::Ended { first: day(2020, 1), last: day(2029, 365) }];

const fn day(year: i32, ordinal: u32) -> chrono::NaiveDate {
    chrono::NaiveDate::from_yo_opt(year, ordinal).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pages_are_parts_of_the_list_and_counts_are_of_all_of_it(seed: u64, cut in 1u32..8) {
        block_on(async {
            let story = played(seed, "410404", 25);
            let place = Place::of(&story).await;
            // The end of a history finds most things done: half of the moments are in its middle.
            let middle = at(&story.log[story.log.len() / 2]);
            for when in [When::now(story.now), When { known_at: Some(middle), ..When::now(story.now) }] {
                for asked in BOTH {
                    let whole = the_long_way(&story, asked, when);
                    let report = place.report(&story, &Query::all(asked, when)).await;
                    prop_assert_eq!(&report.items, &whole);
                    prop_assert_eq!(&report.counts, &counted(&whole));
                    // A past moment goes through the whole log for each page.
                    let limits = if when.is_past() { &[500][..] } else { &[1, cut, 500] };
                    for limit in limits.iter().copied() {
                        check_pages(&place, &story, &Query { limit: Some(limit), ..Query::all(asked, when) }, whole.clone()).await?;
                    }
                    let owner_name = whole.get(whole.len() / 2).map(|item| item.owner_name.clone());
                    let mut theirs = whole.clone();
                    theirs.retain(|item| owner_name.as_ref().is_none_or(|name| item.owner_name == *name));
                    theirs.sort_by_key(|item| (item.standing, item.due, item.number));
                    let query = Query { owner_name, order: Order::ByDue, limit: Some(cut), ..Query::all(asked, when) };
                    check_pages(&place, &story, &query, theirs).await?;
                }
            }
            Ok(())
        })?;
    }
}

/// Forward from the first page to the last, and from each back to the one before.
async fn check_pages(place: &Place, story: &Story, query: &Query, whole: Vec<Item>) -> Result<(), TestCaseError> {
    let limit = query.limit.unwrap() as usize;
    let counts = place.report(story, &Query::all(query.asked, query.when)).await.counts;
    let (mut query, mut read, mut afters) = (query.clone(), Vec::new(), vec![None]);
    loop {
        let Report { counts: all, items, before, total, previous, next } = place.report(story, &query).await;
        prop_assert_eq!((&all, before, total), (&counts, read.len(), whole.len()));
        prop_assert!(items.len() == limit || next.is_none());
        prop_assert_eq!(&previous, afters.iter().rev().nth(1).unwrap_or(&None));
        read.extend(items);
        let Some(next) = next else { break };
        // As an address has it.
        query.after = Some(next.to_string().parse().unwrap());
        prop_assert_eq!(query.after.as_ref(), Some(&next));
        afters.push(Some(next));
    }
    prop_assert_eq!(read, whole);
    Ok(())
}

/// The report from what the domain keeps of its cases: nothing of the view has a part in it.
fn the_long_way(story: &Story, asked: Asked, when: When) -> Vec<Item> {
    let (mut cases, mut centre) = (BTreeMap::<CaseId, Case>::new(), Centre::new(story.centre.code.clone()));
    let (mut numbers, mut last) = (BTreeMap::new(), BTreeMap::<i32, u64>::new());
    for told in story.log.iter().take_while(|told| when.known_at.is_none_or(|known_at| at(told) <= known_at)) {
        match told {
            Told::Centre(entry) => centre::evolve(&mut centre, entry),
            Told::Case(id, entry) => {
                if matches!(entry.event, CaseEvent::Accepted(_)) {
                    let year = entry.note.occurred_at.date().year();
                    let no = last.entry(year).or_default();
                    *no += 1;
                    numbers.insert(*id, Number { year, no: *no });
                }
                case::evolve(cases.entry(*id).or_insert_with(|| Case::new(*id)), entry);
            }
        }
    }
    let mut items = Vec::new();
    for (id, case) in &cases {
        for running in case.clocks.all() {
            items
                .extend(numbers.get(id).and_then(|number| item(&centre, case, running, *number, asked, when.moment())));
        }
    }
    items.sort_by(order);
    items
}

fn order(a: &Item, b: &Item) -> Ordering {
    let key = |item: &Item| (item.standing, item.owner.clone(), item.kind, item.due, item.number, item.obligation);
    key(a).cmp(&key(b))
}

fn item(centre: &Centre, case: &Case, running: &Running, number: Number, asked: Asked, now: Instant) -> Option<Item> {
    let owed = &running.obligation;
    let stands_still = case.pause.is_some() && owed.kind.is_paused();
    let end = running.end.as_ref();
    let (standing, from, to) = match asked {
        Asked::Open if !running.is_open() || stands_still => return None,
        Asked::Open if running.is_overdue(now) => (Standing::Overdue, owed.due, now),
        Asked::Open => {
            let policy = case.policy.as_ref()?;
            let policy = centre.policies.iter().find(|known| known.reference() == *policy)?;
            let mut date = owed.due.date();
            for _ in 0..policy.escalation.remind_days_before {
                date = centre.calendar.working_day_before(date).ok()?;
            }
            let is_soon = centre.hours.opening(date).is_ok_and(|soon| soon <= now);
            if !is_soon {
                return None;
            }
            (Standing::DueSoon, now, owed.due)
        }
        Asked::Ended { first, last } => {
            let end = end.filter(|end| running.was_late() && (first..=last).contains(&end.at.date()))?;
            let met = end.outcome == cases::obligation::Outcome::MetLate;
            (if met { Standing::MetLate } else { Standing::Breached }, owed.due, end.at)
        }
    };
    let department = match &owed.owner {
        Owner::Department(id) => Some(id.clone()),
        _ => None,
    };
    Some(Item {
        standing,
        case: case.id,
        number,
        kind: owed.kind,
        owner: owed.owner.clone(),
        owner_name: department.as_ref().map_or_else(|| owed.owner.to_string(), |id| centre.department_name(id)),
        department,
        obligation: owed.no,
        round: owed.round,
        from: owed.from,
        due: owed.due,
        ended_at: end.map(|end| end.at),
        working_time: centre.calendar.working_time(from, to, &centre.hours).ok(),
        provisional: owed.provisional,
        historical: case.historical,
    })
}

fn counted(items: &[Item]) -> Vec<Count> {
    let mut groups: BTreeMap<_, Vec<&Item>> = BTreeMap::new();
    for item in items {
        groups.entry((item.owner_name.clone(), item.kind, item.standing)).or_default().push(item);
    }
    let count = |((owner_name, kind, standing), of): (_, Vec<&Item>)| Count {
        owner_name,
        kind,
        standing,
        count: of.iter().filter(|item| !item.provisional).count(),
        provisional: of.iter().filter(|item| item.provisional).count(),
        historical: of.iter().filter(|item| item.historical && !item.provisional).count(),
    };
    groups.into_iter().map(count).collect()
}

/// What the report costs hangs on this: no row is looked at, however large its state.
#[test]
fn the_report_is_read_from_indexes_alone() {
    block_on(async {
        let place = Place::of(&fortnight()).await;
        let path = place.path().join("views/overdue.sqlite");
        let mut file = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
        for (select, index) in projections::overdue::SELECTS {
            let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {select}"));
            let plan: Vec<String> = sqlx::query(explain)
                .bind("410404")
                .bind(0)
                .fetch_all(&mut file)
                .await
                .unwrap()
                .iter()
                .map(|row| row.get("detail"))
                .collect();
            let wanted = format!("SEARCH rows USING COVERING INDEX {index} (centre=? AND <expr>");
            assert!(plan.len() == 1 && plan[0].starts_with(&wanted), "{plan:?}");
        }
        file.close().await.unwrap();
    });
}
