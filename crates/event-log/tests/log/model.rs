//! Random histories against a model of a few lines: the log must answer and hold exactly what the model does, whether
//! appends come one by one or many in a group, and across reopening.

use std::collections::BTreeMap;

use event_log::{Append, AppendError, Appended, Centre, Clock, Event, EventLog, NewEvent, Priority, Reached};
use futures_util::future::join_all;
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use uuid::Uuid;

use crate::{Place, centre, stream};

const CENTRES: [&str; 3] = ["410404", "410403", "4104"];
const COUNTERS: [&str; 2] = ["序号 2026", "feed"];

/// What the log ought to be: nothing but a list of events for each centre.
#[derive(Debug, Default)]
struct Model {
    events: BTreeMap<Centre, Vec<Event>>,
    counters: BTreeMap<(Centre, String), u64>,
}

impl Model {
    fn version(&self, centre: &Centre, stream: Uuid) -> u64 {
        let events = self.events.get(centre).into_iter().flatten();
        u64::try_from(events.filter(|event| event.stream == stream).count()).unwrap()
    }

    fn last_ms(&self, centre: &Centre) -> i64 {
        self.events.get(centre).and_then(|events| events.last()).map_or(0, |event| event.recorded_ms)
    }

    fn position(&self, centre: &Centre) -> u64 {
        u64::try_from(self.events.get(centre).map_or(0, Vec::len)).unwrap()
    }

    fn append(&mut self, append: &Append) -> Answer {
        let (here, last_ms) = (&append.centre, self.last_ms(&append.centre));
        if append.events.is_empty()
            || append.events.iter().any(|e| !append.expected.iter().any(|(s, _)| *s == e.stream))
        {
            return Answer::Invalid;
        }
        let recorded_ms = match append.clock {
            Clock::Machine(now) => now.max(last_ms),
            Clock::Given(ms) if ms < last_ms => return Answer::ClockWentBack { last_ms },
            Clock::Given(ms) => ms,
        };
        for &(of, expected) in &append.expected {
            let actual = self.version(here, of);
            if actual != expected {
                return Answer::Conflict { of, expected, actual };
            }
        }
        let first_position = self.position(here) + 1;
        for NewEvent { stream, kind, kind_version, body } in append.events.clone() {
            let (position, version) = (self.position(here) + 1, self.version(here, stream) + 1);
            let event = Event { position, stream, version, recorded_ms, kind, kind_version, body };
            self.events.entry(here.clone()).or_default().push(event);
        }
        let mut draw = |name: &String| {
            let number = self.counters.entry((here.clone(), name.clone())).or_default();
            *number += 1;
            (name.clone(), *number)
        };
        Answer::Appended(Appended {
            first_position,
            counters: append.counters.iter().map(&mut draw).collect(),
            last_position: self.position(here),
            recorded_ms,
            versions: append.expected.iter().map(|(of, _)| (*of, self.version(here, *of))).collect(),
        })
    }
}

#[derive(Debug, PartialEq)]
enum Answer {
    Appended(Appended),
    Conflict { of: Uuid, expected: u64, actual: u64 },
    ClockWentBack { last_ms: i64 },
    Invalid,
}

impl From<Result<Appended, AppendError>> for Answer {
    fn from(result: Result<Appended, AppendError>) -> Self {
        match result {
            Ok(appended) => Self::Appended(appended),
            Err(AppendError::VersionConflict { stream: of, expected, actual, .. }) => {
                Self::Conflict { of, expected, actual }
            }
            Err(AppendError::ClockWentBack { last_ms, .. }) => Self::ClockWentBack { last_ms },
            Err(AppendError::Invalid { .. }) => Self::Invalid,
            Err(error) => panic!("{error}"),
        }
    }
}

/// An append in the making: which version it expects is known only when its turn comes.
#[derive(Debug, Clone)]
struct Draft {
    centre: usize,
    /// Streams that are named, and by how much the version is wrong.
    named: Vec<(u128, u64)>,
    /// Streams that are written: places in `named`, and now and then one that is not there.
    written: Vec<usize>,
    clock: Clock,
    counters: Vec<usize>,
    body: Vec<u8>,
}

fn draft() -> impl Strategy<Value = Draft> {
    let wrong_by = prop_oneof![12 => Just(0_u64), 1 => 1..3_u64];
    let clock =
        prop_oneof![8 => (0..100_000_i64).prop_map(Clock::Machine), 1 => (90_000..110_000_i64).prop_map(Clock::Given)];
    let named = vec((0..6_u128, wrong_by), 1..4);
    (0..CENTRES.len(), named, vec(0..4_usize, 0..4), clock, vec(0..COUNTERS.len(), 0..3), vec(any::<u8>(), 0..40))
        .prop_map(|(centre, mut named, written, clock, counters, body)| {
            named.sort_unstable();
            named.dedup_by_key(|(stream, _)| *stream);
            Draft { centre, named, written, clock, counters, body }
        })
}

impl Draft {
    fn append(&self, model: &Model) -> Append {
        let here = centre(CENTRES[self.centre]);
        let events = self.written.iter().enumerate().map(|(n, &place)| NewEvent {
            stream: stream(self.named.get(place % (self.named.len() + 1)).map_or(99, |(stream, _)| *stream)),
            kind: format!("kind{}", n % 2),
            kind_version: 1,
            body: self.body.clone(),
        });
        Append {
            events: events.collect(),
            expected: self.named.iter().map(|&(n, by)| (stream(n), model.version(&here, stream(n)) + by)).collect(),
            clock: self.clock,
            counters: self.counters.iter().map(|&n| COUNTERS[n].to_owned()).collect(),
            priority: Priority::People,
            centre: here,
        }
    }
}

async fn agrees(log: &dyn EventLog, model: &Model) {
    let centres: Vec<(Centre, u64)> = model.events.keys().map(|c| (c.clone(), model.position(c))).collect();
    assert_eq!(log.centres().await.unwrap(), centres);
    for (here, events) in &model.events {
        assert_eq!(&log.read_centre(here, 0, 10_000).await.unwrap(), events);
        let head = log.head(here).await.unwrap();
        assert_eq!((head.position, head.recorded_ms), (model.position(here), model.last_ms(here)));
        let reached = Reached { position: head.position, recorded_ms: head.recorded_ms };
        assert_eq!((log.tail(here).now(), log.tail(here).reached()), (head.position, reached));
        for (name, number) in &head.counters {
            assert_eq!(model.counters.get(&(here.clone(), name.clone())), Some(number));
        }
        for n in 0..6 {
            let own: Vec<_> = events.iter().filter(|event| event.stream == stream(n)).cloned().collect();
            assert_eq!(log.read_stream(here, stream(n), 0).await.unwrap(), own);
            assert_eq!(log.stream_head(here, stream(n)).await.unwrap(), model.version(here, stream(n)));
        }
    }
    let counters = model.counters.len();
    let mut held = 0;
    for here in model.events.keys() {
        held += log.head(here).await.unwrap().counters.len();
    }
    assert_eq!(held, counters);
    assert_eq!(log.verify(&mut |_| {}).await.unwrap().faults, []);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::with_cases(32) })]

    /// Each group is handed over at once, and within a centre the line is served in order: the model's answers hold one by one,
    /// though the log writes the group in one commit.
    #[test]
    fn the_log_does_what_the_model_does(rounds in vec((any::<bool>(), vec(draft(), 1..12)), 1..10)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let place = Place::new();
            let mut log = place.write().await;
            let mut model = Model::default();
            for (reopen, round) in rounds {
                if reopen {
                    agrees(&*log, &model).await;
                    log.close().await;
                    log = place.write().await;
                }
                let (mut appends, mut answers) = (Vec::new(), Vec::new());
                for draft in round {
                    let append = draft.append(&model);
                    answers.push(model.append(&append));
                    appends.push(append);
                }
                let given = join_all(appends.into_iter().map(|append| log.append(append))).await;
                assert_eq!(given.into_iter().map(Answer::from).collect::<Vec<_>>(), answers);
            }
            agrees(&*log, &model).await;
            log.close().await;
        });
    }
}
