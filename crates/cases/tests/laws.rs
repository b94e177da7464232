//! Laws that hold of every history, over random ones: a centre of several cases, half a year, people who forget, sweeps
//! that stand still, papers that come late.

use std::collections::{BTreeMap, BTreeSet};

use cases::{
    Case, CaseEvent, CaseId, Centre, CommandLine, Entry, Instant,
    case::{self, End, Stage, round::AnswerKind},
    centre,
    entry::EventSet,
    obligation::{ObligationKind as Kind, Outcome, Running},
    people::Role,
    story::{
        Story, Told, cast,
        random::{self, Options, Policies},
    },
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn options() -> impl Strategy<Value = Options> {
    let policies = prop_oneof![Just(Policies::Henan), Just(Policies::Shilong), Just(Policies::Both)];
    let from = prop_oneof![Just("2026-01-12 08:30"), Just("2026-04-20 08:30"), Just("2026-09-07 08:30")];
    (policies, from, prop::bool::weighted(0.8)).prop_map(|(policies, from, sweeps)| Options {
        policies,
        sweeps,
        cases: 10,
        days: 150,
        from: from.parse().expect("a time"),
        ..Options::default()
    })
}

fn logs(story: &Story) -> BTreeMap<CaseId, Vec<&Entry<CaseEvent>>> {
    let mut logs = BTreeMap::<_, Vec<_>>::new();
    for told in &story.log {
        if let Told::Case(id, entry) = told {
            logs.entry(*id).or_default().push(entry);
        }
    }
    logs
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn of_every_step(seed in any::<u64>(), options in options()) {
        let story = random::play(seed, &options);
        let (mut centre, mut cases) = (Centre::new(story.centre.code.clone()), BTreeMap::<CaseId, Case>::new());
        for (i, told) in story.log.iter().enumerate() {
            let (id, entry) = match told {
                Told::Centre(entry) => {
                    centre::evolve(&mut centre, entry);
                    continue;
                }
                Told::Case(id, entry) => (*id, entry),
            };
            let now = cases.entry(id).or_insert_with(|| Case::new(id));
            let before = now.clone();
            case::evolve(now, entry);
            numbers_are_gapless(now);
            what_is_set_is_not_yet_due(entry);
            ends_agree_with_due_times(&before, now, entry);
            // Between the events of one command a wait may be on its way.
            let next = story.log.get(i + 1);
            let midway = matches!(next, Some(Told::Case(_, next)) if next.note.command.id == entry.note.command.id);
            if !midway {
                every_wait_has_an_owner(now);
            }
            one_open_clock_a_kind_and_owner(now);
            escalation_has_its_cause(&before, entry, &centre);
            closing_has_its_grounds(&before, entry);
        }
        prop_assert!(cases == story.cases);
    }

    #[test]
    fn the_wire_form_gives_the_same_case(seed in any::<u64>(), options in options()) {
        let story = random::play(seed, &options);
        for (id, log) in logs(&story) {
            let mut read = Case::new(id);
            for entry in log {
                let (public, texts) = entry.to_wire();
                let bytes = serde_json::to_vec(&public).expect("JSON");
                let public = std::str::from_utf8(&bytes).expect("JSON is UTF-8");
                let (name, version) = (entry.event.type_name(), entry.event.type_version());
                let again = Entry::from_wire(name, version, public, &texts).expect("it was written a moment ago");
                prop_assert_eq!(&again, entry);
                case::evolve(&mut read, &again);
            }
            prop_assert_eq!(&read, &story.cases[&id]);
        }
    }

    /// Else an erasure in one case would destroy what a hold of another keeps.
    #[test]
    fn what_a_case_says_belongs_to_persons_of_its_own(seed in any::<u64>(), options in options()) {
        let story = random::play(seed, &options);
        for (id, log) in logs(&story) {
            for text in log.iter().flat_map(|entry| entry.to_wire().1) {
                prop_assert!(story.cases[&id].has_person(text.person), "{id}: {}", text.field);
            }
        }
    }

    #[test]
    fn the_same_command_twice_decides_nothing(seed in any::<u64>(), options in options()) {
        let mut played = random::watch(seed, &options);
        let now = played.story.now;
        for mut line in played.lines {
            line.as_object_mut().expect("an object").insert("recorded_at".to_owned(), json!(now));
            let line = CommandLine::from_value(line).expect("it was read before");
            let CommandLine::Case(given) = &line else { continue };
            if played.story.cases.get(&given.case).is_some_and(|case| case.commands.contains_key(&given.cause.id)) {
                prop_assert_eq!(played.story.submit(&line).map_err(|refusal| refusal.code()), Ok(Vec::new()));
            }
        }
    }

    #[test]
    fn sweeping_twice_is_sweeping_once(seed in any::<u64>(), options in options(), days in 0i64..40) {
        let mut story = random::play(seed, &options);
        story.now = story.now.plus(chrono::TimeDelta::days(days));
        story.sweep();
        prop_assert_eq!(story.sweep(), Vec::<&str>::new());
        let again = story.clone();
        prop_assert_eq!(story.run_until(&story.now.to_string()), Vec::<&str>::new());
        prop_assert!(story.cases == again.cases);
    }

    /// A sweep after downtime takes no step that sweeping all the time would not have taken.
    #[test]
    fn downtime_adds_nothing(seed in any::<u64>(), options in options(), days in 1i64..30) {
        let mut awake = random::play(seed, &options);
        awake.sweep();
        let mut asleep = awake.clone();
        let until = awake.now.plus(chrono::TimeDelta::days(days));
        awake.run_until(&until.to_string());
        asleep.now = until;
        let (start, mut taken) = (asleep.log.len(), Vec::new());
        asleep.sweep();
        for told in &asleep.log[start..] {
            if let Told::Case(id, entry) = told {
                taken.push((*id, entry.note.command.id, entry.event.type_name()));
            }
        }
        for (id, command, kind) in taken {
            // Its id says what was the cause; recomputed deadlines alone name the version they found.
            let known = awake.cases[&id].commands.contains_key(&command);
            prop_assert!(known || kind == "deadline_recomputed", "{} of {} only after downtime", kind, id);
        }
    }

    /// From wherever chance left it, people who do their work bring a case to its end.
    #[test]
    fn there_is_no_dead_end(seed in any::<u64>(), options in options()) {
        let mut story = random::play(seed, &options);
        let open: Vec<CaseId> = story.cases.values().filter(|case| !case.is_ended()).map(|case| case.id).collect();
        for id in open {
            for _ in 0..12 {
                if !story.case(id).is_ended() {
                    work(&mut story, id);
                }
            }
            let case = story.case(id);
            let kinds: Vec<_> = case.entries.values().map(|entry| entry.kind).collect();
            prop_assert!(case.is_ended(), "{:?} after {:?}", case.stage, kinds);
        }
    }
}

/// What diligent people do next, whatever the answer: the last of them that is accepted moves the case on.
fn work(story: &mut Story, id: CaseId) {
    let case = story.case(id);
    let lead = case.round().and_then(|round| round.lead()).map(|lead| lead.department.to_string());
    let agreed = case.consultations.last().map(|(_, lead)| lead.to_string());
    let department = agreed.or(lead.clone()).unwrap_or_else(|| "scj".to_owned());
    let steps: Vec<(&str, Value)> = match &case.stage {
        Stage::Accepted => {
            vec![("clerk", json!({"command": "classify", "kind": "ordinary"})), ("clerk", json!({"command": "submit"}))]
        }
        Stage::InReview { .. } => vec![
            ("officer", json!({"command": "sign"})),
            ("leader", json!({"command": "sign", "as_deputy": true})),
            ("leader", json!({"command": "reclassify", "kind": "ordinary", "reason": "改"})),
            (
                "manager",
                json!({"command": "consult", "convenor": "z", "attendees": [], "minutes": "商定",
                "lead": department, "departments": [department]}),
            ),
            ("manager", json!({"command": "dispatch", "lead": department, "urged_by": "z-urger"})),
            ("manager", json!({"command": "settle_on_the_spot", "result": "当场办好", "rating": "satisfied"})),
        ],
        Stage::InHand => vec![("head", json!({"command": "report_result", "text": "已办"}))],
        Stage::Referred(_) => vec![("clerk", json!({"command": "record_referral_answer", "answer": "已办"}))],
        Stage::Reported => vec![("manager", json!({"command": "check_quality", "passed": true, "findings": "属实"}))],
        Stage::Answered | Stage::Settled => vec![
            ("clerk", json!({"command": "call_back", "opinion": "好", "rating": "satisfied"})),
            ("clerk", json!({"command": "feed_back", "how": "letter", "text": "结果"})),
            ("clerk", json!({"command": "close"})),
            ("manager", json!({"command": "return_for_rework", "reason": "不满意", "limit_working_days": 1})),
            ("manager", json!({"command": "terminate", "ground": "lawful_but_unsatisfied", "reason": "依法"})),
        ],
        Stage::Unknown | Stage::Ended(_) => Vec::new(),
    };
    for (who, mut fields) in steps {
        let mut by =
            cast(&if who == "head" { format!("head:{}", lead.clone().unwrap_or_default()) } else { who.to_owned() });
        // Nobody of whom this case complains, and nobody who stepped back.
        by["id"] = format!("z-{who}").into();
        fields["by"] = by;
        fields["case"] = json!(id);
        // A refusal is an answer too: not every step is wanted in every state.
        let _refused = story.tell(who, fields);
    }
}

fn numbers_are_gapless(case: &Case) {
    let numbers = case.clocks.all().iter().map(|running| running.obligation.no);
    assert!(numbers.eq(1..=u32::try_from(case.clocks.all().len()).expect("few")));
}

/// Nobody is late at the moment a clock is set. But: reclassified, it is counted from the first delivery.
fn what_is_set_is_not_yet_due(entry: &Entry<CaseEvent>) {
    let exempt = matches!(entry.event, CaseEvent::Reclassified(_));
    for owed in entry.clocks.set.iter().filter(|_| !exempt) {
        assert!(owed.due >= entry.note.judged_at() && owed.from <= owed.due, "{owed:?} set {}", entry.note.judged_at());
    }
}

fn ends_agree_with_due_times(before: &Case, now: &Case, entry: &Entry<CaseEvent>) {
    for ended in &entry.clocks.ended {
        let running = now.clocks.get(ended.no).expect("it was set");
        let owed = &running.obligation;
        // While a case is paused the departments' time does not pass.
        let rests = before.pause.is_some() && owed.kind.is_paused();
        let late = matches!(ended.outcome, Outcome::MetLate | Outcome::Breached);
        assert!(late == (ended.at > owed.due) || rests, "{owed:?} {ended:?}");
        assert!(ended.at >= owed.from, "ended before it was set: {owed:?} {ended:?}");
        let again = before.clocks.get(ended.no).is_some_and(|running| !running.is_open());
        assert!(!again || matches!(entry.event, CaseEvent::LateEntryApproved(_)), "ended twice: {owed:?}");
    }
    for moved in &entry.clocks.moved {
        let running = before.clocks.get(moved.no).expect("it was set");
        assert!(running.is_open() && running.obligation.due == moved.old, "ended ones are untouched: {moved:?}");
        if matches!(entry.event, CaseEvent::DeadlineRecomputed(_)) {
            let at = entry.note.decided_at;
            assert!(moved.new >= at || moved.new >= moved.old, "a recompute made it late: {moved:?} at {at}");
        }
    }
}

/// Whoever waits can name whom for: the table's kind for each stage, with an owner and a due time.
fn every_wait_has_an_owner(case: &Case) {
    if case.historical {
        return;
    }
    let open = |kinds: &[Kind]| case.clocks.open().any(|running| kinds.contains(&running.obligation.kind));
    let rated_badly =
        case.round().and_then(|round| round.rating).is_some_and(|(rating, _)| rating.term().contains('不'));
    let owed = match &case.stage {
        Stage::Unknown => true,
        Stage::Accepted => open(&[Kind::Triage]),
        Stage::InReview { .. } => open(&[Kind::Review]),
        // After an upheld dispute the work may be found to be nobody's here.
        Stage::InHand => open(&[Kind::Answer, Kind::Plan, Kind::Result, Kind::Review]),
        Stage::Referred(_) => open(&[Kind::ReferralAnswer]),
        Stage::Reported => open(&[Kind::QualityCheck]),
        // Called back or beyond reach, it waits for nobody but whoever strikes it off.
        Stage::Answered | Stage::Settled if rated_badly => open(&[Kind::Review]),
        Stage::Answered | Stage::Settled => {
            let heard = case.round().is_some_and(|round| round.called_back_at.is_some() || round.rating.is_some());
            heard || case.is_anonymous() || case.unreachable || open(&[Kind::CallBack])
        }
        Stage::Ended(_) => case.clocks.open().all(|r| matches!(r.obligation.kind, Kind::Inform | Kind::SignDraft)),
    };
    let open: Vec<_> = case.clocks.open().map(|running| running.obligation.kind).collect();
    let last: Vec<_> = case.entries.values().rev().take(4).map(|entry| entry.kind).collect();
    assert!(owed, "{:?} waits for nobody: {open:?} after {last:?}", case.stage);
}

fn one_open_clock_a_kind_and_owner(case: &Case) {
    let mut seen = BTreeSet::new();
    for running in case.clocks.open().filter(|r| !matches!(r.obligation.kind, Kind::Inform | Kind::SignDraft)) {
        let owed = &running.obligation;
        assert!(seen.insert((owed.kind, &owed.owner, format!("{:?}", owed.about))), "{owed:?} runs twice");
    }
}

fn escalation_has_its_cause(before: &Case, entry: &Entry<CaseEvent>, centre: &Centre) {
    let (at, by_rule) = (entry.note.decided_at, entry.note.by.role == Role::System);
    let clock = |no: u32| -> &Running { before.clocks.get(no).expect("a letter is about a clock") };
    let escalates = matches!(
        entry.event,
        CaseEvent::Reminded(_)
            | CaseEvent::SupervisionIssued(_)
            | CaseEvent::Circulated(_)
            | CaseEvent::RoutineCopySent(_)
    );
    assert!(!(before.historical && escalates), "nothing is ever sent for a 历史件");
    match &entry.event {
        CaseEvent::Reminded(reminded) => {
            let running = clock(reminded.obligation);
            assert!(running.is_open() && centre.calendar.is_open(at, &centre.hours), "{at}");
            assert!(!by_rule || (running.reminded.is_empty() && at < running.obligation.due));
        }
        CaseEvent::SupervisionIssued(issued) => {
            let running = clock(issued.facts.obligation);
            let once = before.supervisions.iter().all(|known| known.obligation != issued.facts.obligation);
            assert!(once && !(before.pause.is_some() && issued.draft.is_none()));
            let overdue = running.was_late() || running.is_overdue(at);
            let again = issued.trigger.term().contains("不满意");
            assert!(overdue || again || issued.draft.is_some(), "{running:?} at {at}");
        }
        CaseEvent::CirculationDrafted(drafted) => {
            let running = clock(drafted.facts.obligation);
            assert!(running.obligation.kind == Kind::Supervision && (running.is_overdue(at) || running.was_late()));
        }
        CaseEvent::ReportedToParent(reported) => assert!(clock(reported.obligation).is_overdue(at)),
        _ => {}
    }
}

/// §4, "Closed needs", read off the round alone.
fn closing_has_its_grounds(before: &Case, entry: &Entry<CaseEvent>) {
    let CaseEvent::Closed(closed) = &entry.event else { return };
    let round = before.round().expect("accepted");
    let kind = round.answer.as_ref().map(|answer| answer.kind).expect("answered");
    let reached = !before.is_anonymous() && !before.unreachable;
    if matches!(kind, AnswerKind::Result | AnswerKind::Inability) {
        assert!(
            round
                .checked
                .as_ref()
                .is_some_and(|(passed, who)| *passed && Some(who) != round.answer.as_ref().map(|a| &a.by))
        );
        assert!(!reached || (round.fed_back_at.is_some() && round.called_back_at.is_some()));
    }
    assert!(kind != AnswerKind::Referral || !reached || round.called_back_at.is_some());
    match (closed.rating, closed.unrated) {
        (Some(rating), None) => assert!(!rating.term().contains('不')),
        (None, Some(_)) => {}
        other => panic!("closed with {other:?}"),
    }
}

/// Of ended cases: how, and that the ledger can say so.
#[test]
fn random_histories_reach_every_end() {
    let mut ends = BTreeSet::new();
    for seed in 0..12 {
        for case in random::play(seed, &Options::default()).cases.values() {
            if let Stage::Ended(end) = &case.stage {
                let at: Instant = end.at();
                assert!(case.intake.as_ref().is_some_and(|intake| intake.accepted_at <= at));
                ends.insert(match end {
                    End::Closed { rating: Some(_), .. } => "rated",
                    End::Closed { rating: None, .. } => "unrated",
                    other => other.term(),
                });
            }
        }
    }
    assert_eq!(ends.len(), 6, "{ends:?}");
}
