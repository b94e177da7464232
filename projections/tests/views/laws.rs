//! Laws that hold for every history.

use std::collections::BTreeMap;

use cases::{
    Case, CaseEvent, CaseId, CentreEvent, Instant,
    case::{
        self, End, Stage,
        escalation::{Copy, RecipientKind},
        round::{Assignment, Round, RoundCause},
    },
    entry::EventSet,
    obligation::{Owner, Running},
    sealed::Sealed,
    story::{Story, Told},
};
use projections::{Room, Views, When, ledger::Line, overdue::Standing};
use proptest::prelude::*;

use crate::support::{FEEDS, Place, at, block_on, difference, played};

fn few() -> ProptestConfig {
    ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(few())]

    /// Applied twice = once; rebuilt = incremental, whatever the batches; whatever the other centre does meanwhile.
    #[test]
    fn rows_depend_on_the_log_alone(seed: u64, steps in proptest::collection::vec(1usize..90, 1..12)) {
        block_on(async {
            let (here, there) = (played(seed, "410404", 8), played(seed ^ 1, "410500", 5));
            let at_once = Place::of(&here).await;
            at_once.record(&there, &there.log).await;
            at_once.catch_up(&there).await;
            let dump = at_once.dump().await;

            let bit_by_bit = Place::new().await;
            let (mut ours, mut theirs) = (here.log.as_slice(), there.log.as_slice());
            for step in steps.iter().cycle() {
                let (now, later) = ours.split_at(whole_appends(ours, *step));
                let (their_now, their_later) = theirs.split_at(whole_appends(theirs, step / 2 + 1));
                bit_by_bit.record(&here, now).await;
                bit_by_bit.record(&there, their_now).await;
                bit_by_bit.catch_up(&here).await;
                if step % 2 == 0 {
                    // Nothing new: nothing changes.
                    bit_by_bit.catch_up(&here).await;
                    bit_by_bit.catch_up(&there).await;
                }
                (ours, theirs) = (later, their_later);
                if ours.is_empty() && theirs.is_empty() {
                    break;
                }
            }
            bit_by_bit.catch_up(&there).await;
            prop_assert_eq!(difference(&bit_by_bit.dump().await, &dump), None);

            bit_by_bit.views.rebuild(&*bit_by_bit.log, &[], |_, _| ()).await.unwrap();
            prop_assert_eq!(difference(&bit_by_bit.dump().await, &dump), None);
            // So too where hardly any row stays in hand, and most are written and fetched again and again.
            let narrow = Room { batch_events: 13, rows: 2 };
            bit_by_bit.views.rebuild_within(narrow, &*bit_by_bit.log, &[], |_, _| ()).await.unwrap();
            prop_assert_eq!(difference(&bit_by_bit.dump().await, &dump), None);
            bit_by_bit.catch_up(&here).await;
            prop_assert_eq!(difference(&bit_by_bit.dump().await, &dump), None);
            // Views opened by another process go on where these stopped.
            let other = Views::open(bit_by_bit.path()).await.unwrap();
            other.catch_up_all(&*bit_by_bit.log).await.unwrap();
            prop_assert_eq!(difference(&bit_by_bit.dump().await, &dump), None);
            Ok(())
        })?;
    }

    /// Gapless, in log order, one for every accepted case.
    #[test]
    fn numbers_are_gapless(seed: u64) {
        block_on(async {
            let story = played(seed, "410404", 15);
            let place = Place::of(&story).await;
            let lines = place.ledger(&story, When::now(story.now)).await;
            prop_assert_eq!(lines.len(), story.cases.len());
            let mut years = BTreeMap::<i32, u64>::new();
            for line in &lines {
                let last = years.entry(line.number.year).or_default();
                *last += 1;
                prop_assert_eq!(line.number.no, *last);
            }
            let accepted = story.log.iter().filter_map(|told| match told {
                Told::Case(id, entry) if matches!(entry.event, CaseEvent::Accepted(_)) => Some(*id),
                _ => None,
            });
            for year in years.keys() {
                let in_log: Vec<_> = accepted.clone().filter(|id| of_year(&story, *id) == *year).collect();
                let in_ledger: Vec<_> = lines.iter().filter(|l| l.number.year == *year).map(|l| l.case).collect();
                prop_assert_eq!(in_log, in_ledger);
            }
            Ok(())
        })?;
    }

    /// Ledger and report say what the aggregate says, at any moment of a history.
    #[test]
    fn ledger_and_report_agree_with_the_cases(seed: u64) {
        block_on(async {
            let story = played(seed, "410404", 15);
            let place = Place::of(&story).await;
            check(&place, &story, When::now(story.now)).await?;
            for told in story.log.iter().step_by(story.log.len() / 20) {
                check(&place, &story, When { known_at: Some(at(told)), ..When::now(story.now) }).await?;
            }
            Ok::<_, TestCaseError>(())
        })?;
    }

    /// Nothing skipped, nothing repeated, numbered in log order; acknowledgements arrive.
    #[test]
    fn feeds_hold_what_was_sent(seed: u64) {
        block_on(async {
            let story = played(seed, "410404", 25);
            let place = Place::of(&story).await;
            for name in FEEDS {
                let entries = place.feed(&story, name, When::now(story.now)).await;
                let sent: Vec<u64> = (1..).zip(&story.log).filter(|(_, told)| received(&story, told, name)).map(|(p, _)| p).collect();
                prop_assert_eq!(entries.iter().map(|entry| entry.position).collect::<Vec<_>>(), sent, "{}", name);
                prop_assert!(entries.iter().map(|entry| entry.number).eq(1..=entries.len() as u64));
                for entry in &entries {
                    let copies = entry.case.map(|id| &story.case(id).copies);
                    let copy = copies.into_iter().flatten().find(|copy| copy.version == entry.version && is_of(copy, name));
                    // 催办 is no paper and needs no acknowledgement, nor can the digest of a month be one of a case.
                    prop_assert_eq!(copy.is_none(), ["reminded", "monthly_digest_sent"].contains(&entry.kind.as_str()), "{}", entry.kind);
                    prop_assert_eq!(copy.and_then(|copy| copy.acknowledged), entry.acknowledged.as_ref().map(|done| done.at));
                }
            }
            Ok(())
        })?;
    }
}

async fn check(place: &Place, story: &Story, when: When) -> Result<(), TestCaseError> {
    let (now, cases) = (when.moment(), known(story, when.moment()));
    let lines = place.ledger(story, when).await;
    prop_assert_eq!(lines.len(), cases.len());
    for line in &lines {
        check_cells(story, &cases[&line.case], line)?;
        check_clocks(&cases[&line.case], line, now)?;
    }
    let mut reported: Vec<_> = place.open(story, when).await;
    reported.retain(|item| item.standing == Standing::Overdue);
    let mut reported: Vec<_> = reported.iter().map(|item| (item.case, item.obligation)).collect();
    reported.sort_unstable();
    let owed = cases.values().flat_map(|case| case.clocks.all().iter().map(move |running| (case, running)));
    let owed = owed.filter(|(case, running)| overdue(running, case, now));
    let mut owed: Vec<_> = owed.map(|(case, running)| (case.id, running.obligation.no)).collect();
    owed.sort_unstable();
    prop_assert_eq!(reported, owed);
    Ok(())
}

/// The cases after what had been recorded by then.
fn known(story: &Story, then: Instant) -> BTreeMap<CaseId, Case> {
    let mut cases = BTreeMap::new();
    for told in story.log.iter().take_while(|told| at(told) <= then) {
        if let Told::Case(id, entry) = told {
            case::evolve(cases.entry(*id).or_insert_with(|| Case::new(*id)), entry);
        }
    }
    cases
}

fn check_clocks(case: &Case, line: &Line, now: Instant) -> Result<(), TestCaseError> {
    prop_assert!(line.cells[13].starts_with(case.stage.term()), "{} {:?}", line.cells[13], case.stage);
    let late = case.clocks.all().iter().filter(|running| running.was_late() || overdue(running, case, now)).count();
    let said = line.cells[16].matches("超期").count() - usize::from(line.cells[16].starts_with("未超期"));
    prop_assert_eq!(said, late, "{}", line.cells[16]);
    for running in case.clocks.open().filter(|running| running.obligation.kind.is_supervised()) {
        let due = minute(running.obligation.due);
        prop_assert!(line.cells[8].contains(&due), "{} misses {due}", line.cells[8]);
    }
    Ok(())
}

fn minute(at: Instant) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}

/// What of a line the aggregate knows too.
fn check_cells(story: &Story, case: &Case, line: &Line) -> Result<(), TestCaseError> {
    let intake = case.intake.as_ref().unwrap();
    let text = |sealed: &Option<Sealed>| sealed.as_ref().map(|sealed| sealed.text().trim().to_owned());
    let name = text(&intake.name).unwrap_or_else(|| if intake.anonymous { "匿名".to_owned() } else { String::new() });
    prop_assert_eq!(&line.cells[1], &name);
    let person = text(&intake.contact_person).filter(|_| intake.is_unit);
    prop_assert_eq!(&line.cells[2], &person.unwrap_or_default());
    prop_assert_eq!(&line.cells[3], &text(&intake.telephone).or(text(&intake.address)).unwrap_or_default());
    prop_assert_eq!(&line.cells[4], intake.summary.text().trim());
    prop_assert_eq!(&line.cells[5], intake.category.term());
    if let Some(lead) = case.round().and_then(Round::lead) {
        let name = |part: &Assignment| story.centre.department_name(&part.department);
        let co: Vec<_> = case.round().unwrap().active().filter(|part| !part.lead).map(name).collect();
        let alone = co.is_empty();
        let all = if alone { name(lead) } else { format!("牵头：{}；协办：{}", name(lead), co.join("、")) };
        prop_assert_eq!(&line.cells[6], &all);
    }
    let returned =
        case.rounds.iter().filter(|r| matches!(r.began_by, RoundCause::FailedCheck | RoundCause::Unsatisfied));
    let returned = returned.count();
    prop_assert_eq!(line.cells[11].matches(':').count(), returned, "{}", line.cells[11]);
    prop_assert_eq!(line.cells[11] == "否", returned == 0);
    let satisfaction = match &case.stage {
        Stage::Ended(End::Withdrawn { .. } | End::Declined { .. } | End::Merged { .. }) => "不适用".to_owned(),
        Stage::Ended(End::Closed { reason: Some(reason), .. }) => format!("未评价（{reason}）"),
        stage => match case.rating() {
            Some(rating) => rating.term().to_owned(),
            None if case.is_anonymous() => "未评价（匿名）".to_owned(),
            None if case.unreachable => "未评价（联系不上）".to_owned(),
            None if matches!(stage, Stage::Ended(End::Terminated { .. })) => "不适用".to_owned(),
            None => String::new(),
        },
    };
    // A rating of an answer that gave way to another within its round stays the newest that was given.
    let gave_way = satisfaction.is_empty() && !line.cells[15].starts_with("未评价");
    prop_assert!(gave_way || line.cells[15] == satisfaction, "{} {:?}", line.cells[15], case.stage);
    let returned = |no: usize| {
        let next = case.rounds.get(no + 1);
        next.is_some_and(|next| matches!(next.began_by, RoundCause::FailedCheck | RoundCause::Unsatisfied))
    };
    let standing = case.rounds.iter().enumerate().rev().filter(|(no, _)| !returned(*no));
    let newest = standing.filter_map(|(_, round)| round.answer.as_ref()).next();
    let time = newest.map(|answer| {
        let entry = &case.entries[&answer.version];
        let counts = entry.late.as_ref().is_some_and(|late| late.approved == Some(true));
        minute(if counts { entry.occurred_at } else { entry.recorded_at })
    });
    prop_assert_eq!(&line.cells[12], &time.unwrap_or_default());
    prop_assert_eq!(&line.own[1], intake.channel.term());
    Ok(())
}

/// At least `step` entries, and no append cut in two.
fn whole_appends(told: &[Told], step: usize) -> usize {
    let mut end = step.min(told.len());
    while end > 0 && end < told.len() && at(&told[end - 1]) == at(&told[end]) {
        end += 1;
    }
    end
}

fn of_year(story: &Story, id: CaseId) -> i32 {
    use chrono::Datelike as _;
    story.case(id).intake.as_ref().unwrap().accepted_at.date().year()
}

fn overdue(running: &Running, case: &Case, now: Instant) -> bool {
    running.is_overdue(now) && !(case.pause.is_some() && running.obligation.kind.is_paused())
}

fn is_of(copy: &Copy, name: &str) -> bool {
    match (copy.to, &copy.department) {
        (RecipientKind::Discipline, _) => name == "discipline",
        (RecipientKind::Government, _) => name == "government",
        (RecipientKind::Parent, _) => name == "parent",
        (RecipientKind::Department, department) => {
            department.as_ref().is_some_and(|id| name == format!("department:{id}"))
        }
    }
}

/// The table at the head of `feeds.rs`, said a second time.
fn received(story: &Story, told: &Told, name: &str) -> bool {
    let department = |owner: &Owner| matches!(owner, Owner::Department(id) if name == format!("department:{id}"));
    let (id, entry) = match told {
        Told::Centre(entry) => return name == "discipline" && matches!(entry.event, CentreEvent::MonthlyDigestSent(_)),
        Told::Case(id, entry) => (id, entry),
    };
    match &entry.event {
        CaseEvent::Reminded(event) => department(&event.to),
        CaseEvent::SupervisionIssued(event) => department(&event.to),
        CaseEvent::Circulated(event) => department(&event.to),
        CaseEvent::ReportedToGovernment(_) => name == "government",
        CaseEvent::CopiedToDiscipline(_) | CaseEvent::EscalationWithheld(_) | CaseEvent::RoutineCopySent(_) => {
            name == "discipline"
        }
        CaseEvent::ReportedToParent(_) => name == "parent",
        CaseEvent::EscalationCorrected(event) => {
            let of_case = story.log.iter().filter_map(|told| match told {
                Told::Case(of, entry) if of == id => Some(entry),
                _ => None,
            });
            let corrected = of_case.clone().nth(usize::try_from(event.corrects).unwrap() - 1).unwrap();
            match &corrected.event {
                CaseEvent::SupervisionIssued(event) => department(&event.to),
                CaseEvent::Circulated(event) => department(&event.to) || name == "government" || name == "discipline",
                other => panic!("{} cannot be corrected", other.type_name()),
            }
        }
        _ => false,
    }
}
