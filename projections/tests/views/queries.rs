//! What is asked of the views in part is a part of the whole, now and in the past; numbers and cases find each other.

use std::collections::BTreeMap;

use cases::{CaseId, entry::EventSet, story::Told};
use projections::{
    Number, When, feeds,
    ledger::{self, Query},
    timeline::{self, Until},
};
use proptest::prelude::*;

use crate::support::{FEEDS, Place, at, block_on, centre, played};

proptest! {
    #![proptest_config(ProptestConfig { cases: 3, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pages_and_years_are_parts_of_the_ledger(seed: u64, cut in 3usize..9) {
        block_on(async {
            let story = played(seed, "410404", 12);
            let place = Place::of(&story).await;
            let (code, now) = (centre(&story.centre.code), When::now(story.now));
            let whole = place.ledger(&story, now).await;
            for when in [now, When { at: Some(story.now), ..now }] {
                let lines = async |query: Query| ledger::lines(&place.views, &*place.log, &code, &query).await.unwrap();
                let limit = u32::try_from(cut).unwrap();
                let (mut paged, mut after) = (Vec::new(), None);
                loop {
                    let page = lines(Query { after, limit: Some(limit), ..Query::all(when) }).await;
                    prop_assert!(page.len() <= cut);
                    let Some(last) = page.last() else { break };
                    after = Some(last.number);
                    paged.extend(page);
                }
                prop_assert_eq!(&paged, &whole);
                let mut by_year = Vec::new();
                for (year, _) in ledger::counts(&place.views, &code).await.unwrap() {
                    let of_year = lines(Query::year(year, when)).await;
                    prop_assert!(!of_year.is_empty() && of_year.iter().all(|line| line.number.year == year));
                    by_year.extend(of_year);
                }
                prop_assert_eq!(&by_year, &whole);
            }
            let mut counted = BTreeMap::<i32, u64>::new();
            whole.iter().for_each(|line| *counted.entry(line.number.year).or_default() += 1);
            prop_assert_eq!(ledger::counts(&place.views, &code).await.unwrap(), counted.into_iter().collect::<Vec<_>>());
            for line in &whole {
                prop_assert_eq!(ledger::case_of(&place.views, &code, line.number).await.unwrap(), Some(line.case));
                prop_assert_eq!(ledger::number_of(&place.views, &code, line.case).await.unwrap(), Some(line.number));
                let shown = line.number.of(&code);
                prop_assert_eq!(Number::read(&shown), Some((code.clone(), line.number)), "{}", shown);
            }
            let beyond = Number { year: 1999, no: 1 };
            prop_assert_eq!(ledger::case_of(&place.views, &code, beyond).await.unwrap(), None);
            let nobody = CaseId(uuid::Uuid::from_u128(7));
            prop_assert_eq!(ledger::number_of(&place.views, &code, nobody).await.unwrap(), None);
            Ok(())
        })?;
    }

    #[test]
    fn a_feed_goes_on_where_it_was_left(seed: u64, cut in 1u32..5) {
        block_on(async {
            let story = played(seed, "410404", 15);
            let place = Place::of(&story).await;
            let (code, now) = (centre(&story.centre.code), When::now(story.now));
            let mut with_entries = Vec::new();
            for name in FEEDS {
                let whole = place.feed(&story, name, now).await;
                let to = name.parse().unwrap();
                let page = async |after, when| {
                    feeds::entries(&place.views, &*place.log, &code, &to, after, Some(cut), when).await.unwrap()
                };
                let (mut read, mut after) = (Vec::new(), 0);
                while let page = page(after, now).await
                    && let Some(last) = page.last()
                {
                    after = last.number;
                    read.extend(page);
                }
                prop_assert_eq!(&read, &whole, "{}", name);
                // A past moment goes through the whole log: one page is enough.
                let past = page(1, When { at: Some(story.now), ..now }).await;
                prop_assert!(whole.iter().skip(1).take(cut as usize).eq(&past), "{}", name);
                if !whole.is_empty() {
                    with_entries.push(name.to_owned());
                }
            }
            let mut recipients: Vec<_> = feeds::recipients(&place.views, &code).await.unwrap().iter().map(ToString::to_string).collect();
            recipients.sort_unstable();
            with_entries.sort_unstable();
            prop_assert_eq!(recipients, with_entries);
            Ok(())
        })?;
    }

    /// Everything that happened has a line, in order, that begins with its term.
    #[test]
    fn a_timeline_tells_every_event(seed: u64) {
        block_on(async {
            let story = played(seed, "410404", 8);
            let place = Place::of(&story).await;
            let code = centre(&story.centre.code);
            for id in story.cases.keys() {
                let history = timeline::history(&*place.log, &code, *id, Until::default()).await.unwrap();
                let told = story.log.iter().zip(1_u64..).filter_map(|(told, position)| match told {
                    Told::Case(of, entry) if of == id => Some((position, entry, at(told))),
                    _ => None,
                });
                let told: Vec<_> = told.collect();
                prop_assert_eq!(history.happened.len(), told.len());
                for (line, (position, entry, recorded_at)) in history.happened.iter().zip(&told) {
                    prop_assert_eq!((line.position, line.recorded_at), (*position, *recorded_at));
                    let term = projections::term(entry.event.type_name());
                    prop_assert!(line.what.starts_with(term), "{} {}", line.what, term);
                }
            }
            Ok(())
        })?;
    }
}
