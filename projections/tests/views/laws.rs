//! Laws that hold for every history.

use cases::{
    CaseEvent, CentreEvent, Instant,
    case::{
        End, Stage,
        escalation::{Copy, RecipientKind},
        round::{Assignment, Round, RoundCause},
    },
    entry::EventSet,
    obligation::Owner,
    sealed::Sealed,
    story::{Story, Told},
};
use projections::{Views, When, ledger::Line, overdue::Standing};
use proptest::prelude::*;

use crate::support::{FEEDS, Place, block_on, played};

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
            prop_assert_eq!(&bit_by_bit.dump().await, &dump);

            bit_by_bit.views.rebuild(&*bit_by_bit.log, &[], |_, _| ()).await.unwrap();
            prop_assert_eq!(&bit_by_bit.dump().await, &dump);
            bit_by_bit.catch_up(&here).await;
            prop_assert_eq!(&bit_by_bit.dump().await, &dump);
            // Views opened by another process go on where these stopped.
            let other = Views::open(bit_by_bit.path()).await.unwrap();
            other.catch_up_all(&*bit_by_bit.log).await.unwrap();
            prop_assert_eq!(&bit_by_bit.dump().await, &dump);
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
            let mut years = std::collections::BTreeMap::<i32, u64>::new();
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

    /// The ledger says what the aggregate says: stage, what is open, what is late.
    #[test]
    fn ledger_and_report_agree_with_the_cases(seed: u64) {
        block_on(async {
            let story = played(seed, "410404", 15);
            let place = Place::of(&story).await;
            let when = When::now(story.now);
            for line in place.ledger(&story, when).await {
                check_cells(&story, &line)?;
            }
            for line in place.ledger(&story, when).await {
                let case = story.case(line.case);
                prop_assert!(line.cells[13].starts_with(case.stage.term()), "{} {:?}", line.cells[13], case.stage);
                let late = case.clocks.all().iter().filter(|running| running.was_late() || overdue(running, case, story.now));
                prop_assert_eq!(line.cells[16].matches("超期").count() - usize::from(line.cells[16].starts_with("未超期")),
                    late.count(), "{}", line.cells[16]);
                let due = case.clocks.open().filter(|running| running.obligation.kind.is_supervised());
                for running in due {
                    let due = running.obligation.due.format("%Y-%m-%d %H:%M").to_string();
                    prop_assert!(line.cells[8].contains(&due), "{} misses {due}", line.cells[8]);
                }
            }
            let reported = place.open(&story, when).await;
            let mut reported: Vec<_> = reported.iter().filter(|item| item.standing == Standing::Overdue)
                .map(|item| (item.case, item.obligation)).collect();
            reported.sort_unstable();
            let mut owed: Vec<_> = story.cases.values()
                .flat_map(|case| case.clocks.all().iter().filter(|r| overdue(r, case, story.now)).map(|r| (case.id, r.obligation.no)))
                .collect();
            owed.sort_unstable();
            prop_assert_eq!(reported, owed);
            Ok(())
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

/// What of a line the aggregate knows too.
fn check_cells(story: &Story, line: &Line) -> Result<(), TestCaseError> {
    let case = story.case(line.case);
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
    if !satisfaction.is_empty() {
        prop_assert_eq!(&line.cells[15], &satisfaction, "{:?}", case.stage);
    }
    prop_assert_eq!(&line.own[1], intake.channel.term());
    Ok(())
}

/// At least `step` entries, and no append cut in two.
fn whole_appends(told: &[Told], step: usize) -> usize {
    let mut end = step.min(told.len());
    while end > 0 && end < told.len() && crate::support::at(&told[end - 1]) == crate::support::at(&told[end]) {
        end += 1;
    }
    end
}

fn of_year(story: &Story, id: cases::CaseId) -> i32 {
    use chrono::Datelike as _;
    story.case(id).intake.as_ref().unwrap().accepted_at.date().year()
}

fn overdue(running: &cases::obligation::Running, case: &cases::Case, now: Instant) -> bool {
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
