//! A directory with a log and views in it, and stories to record there.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use cases::{
    CentreCode, Entry, Instant,
    entry::EventSet,
    story::{
        Story, Told,
        random::{self, Options, Policies},
    },
};
use event_log::{Access, Append, Body, Centre, Clock, EventLog, NewEvent, Priority, SealedField};
use projections::{
    Views, When, feeds, ledger,
    overdue::{self, Asked},
};
use sqlx::{ConnectOptions as _, Connection as _, Row as _, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use uuid::Uuid;

/// By view.
pub(crate) type Dump = BTreeMap<&'static str, Vec<String>>;

/// A place of its own for a log and its views, gone when the test ends.
pub(crate) struct Place {
    dir: TempDir,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) views: Views,
}

impl Place {
    pub(crate) async fn new() -> Self {
        let dir = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let log = format!("sqlite:{}", dir.path().join("log.sqlite").display());
        let log = event_log::open(&log, Access::Write).await.unwrap();
        let views = Views::open(dir.path()).await.unwrap();
        Self { dir, log, views }
    }

    /// A story's whole log, and views that have seen it.
    pub(crate) async fn of(story: &Story) -> Self {
        let place = Self::new().await;
        place.record(story, &story.log).await;
        place.catch_up(story).await;
        place
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Appends part of a story, as a server would: what was decided at one moment in one append.
    pub(crate) async fn record(&self, story: &Story, told: &[Told]) {
        for together in told.chunk_by(|a, b| at(a) == at(b)) {
            self.append(
                &story.centre.code,
                together.iter().map(|told| new_event(story, told)).collect(),
                at(&together[0]),
            )
            .await;
        }
    }

    pub(crate) async fn append(&self, code: &CentreCode, events: Vec<NewEvent>, at: Instant) {
        let centre = centre(code);
        let mut expected = BTreeMap::new();
        for event in &events {
            expected.insert(event.stream, self.log.stream_head(&centre, event.stream).await.unwrap());
        }
        let (clock, counters) = (Clock::Given(at.ms()), Vec::new());
        let expected = expected.into_iter().collect();
        let append = Append { centre, events, expected, clock, counters, priority: Priority::People };
        self.log.append(append).await.unwrap();
    }

    pub(crate) async fn catch_up(&self, story: &Story) {
        for status in self.views.catch_up(&*self.log, &centre(&story.centre.code)).await.unwrap() {
            assert_eq!((status.lag, status.stopped), (0, None), "{}", status.view);
        }
    }

    /// What every view's file holds, a line each row.
    pub(crate) async fn dump(&self) -> Dump {
        let mut dump = Dump::new();
        for view in &projections::registry::VIEWS {
            let path = self.path().join("views").join(format!("{}.sqlite", view.name));
            let mut file = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
            for select in [
                "SELECT 'row ' || centre || ' ' || key || ' ' || state FROM rows ORDER BY centre, key",
                "SELECT centre || ' ' || position || ' ' || numbers || ' ' || set_up FROM centres ORDER BY centre",
            ] {
                let rows = sqlx::query(select).fetch_all(&mut file).await.unwrap();
                dump.entry(view.name).or_default().extend(rows.iter().map(|row| row.get::<String, _>(0)));
            }
            file.close().await.unwrap();
        }
        dump
    }

    pub(crate) async fn ledger(&self, story: &Story, when: When) -> Vec<ledger::Line> {
        ledger::lines(&self.views, &*self.log, &centre(&story.centre.code), &ledger::Query::all(when)).await.unwrap()
    }

    pub(crate) async fn report(&self, story: &Story, query: &overdue::Query) -> overdue::Report {
        overdue::report(&self.views, &*self.log, &centre(&story.centre.code), query).await.unwrap()
    }

    pub(crate) async fn open(&self, story: &Story, when: When) -> Vec<overdue::Item> {
        self.report(story, &overdue::Query::all(Asked::Open, when)).await.items
    }

    pub(crate) async fn ended_within(&self, story: &Story, days: [&str; 2], when: When) -> Vec<overdue::Item> {
        let [first, last] = days.map(|day| day.parse().unwrap());
        self.report(story, &overdue::Query::all(Asked::Ended { first, last }, when)).await.items
    }

    /// All that ever ended late.
    pub(crate) async fn ended(&self, story: &Story, when: When) -> Vec<overdue::Item> {
        self.ended_within(story, ["2020-01-01", "2029-12-31"], when).await
    }

    pub(crate) async fn feed(&self, story: &Story, to: &str, when: When) -> Vec<feeds::Entry> {
        let to = to.parse().unwrap();
        feeds::entries(&self.views, &*self.log, &centre(&story.centre.code), &to, 0, None, when).await.unwrap()
    }
}

/// The first difference between two dumps, by the view that shows it.
pub(crate) fn difference(ours: &Dump, theirs: &Dump) -> Option<String> {
    projections::registry::VIEWS.iter().find_map(|view| {
        let (ours, theirs) = (&ours[view.name], &theirs[view.name]);
        let at = (0..ours.len().max(theirs.len())).find(|n| ours.get(*n) != theirs.get(*n))?;
        let show = |lines: &[String]| lines.get(at).map_or("nothing", String::as_str).to_owned();
        Some(format!("view `{}`, line {at} of its dump:\n  {}\n  {}", view.name, show(ours), show(theirs)))
    })
}

/// Every feed that a story's centre may have.
pub(crate) const FEEDS: [&str; 8] = [
    "discipline",
    "government",
    "parent",
    "department:scj",
    "department:zjj",
    "department:rsj",
    "department:gaj",
    "department:wjw",
];

pub(crate) fn centre(code: &CentreCode) -> Centre {
    Centre::new(code.as_str()).unwrap()
}

/// When it was recorded.
pub(crate) fn at(told: &Told) -> Instant {
    match told {
        Told::Case(_, entry) => entry.note.decided_at,
        Told::Centre(entry) => entry.note.decided_at,
    }
}

fn new_event(story: &Story, told: &Told) -> NewEvent {
    match told {
        Told::Case(id, entry) => encode(id.0, entry),
        Told::Centre(entry) => encode(story.centre.code.stream(), entry),
    }
}

fn encode<E: EventSet>(stream: Uuid, entry: &Entry<E>) -> NewEvent {
    let (public, texts) = entry.to_wire();
    let sealed = texts.into_iter().map(|text| SealedField {
        person: text.person.0,
        field: text.field,
        bytes: text.text.map(String::into_bytes),
    });
    let body = Body::new(&public, sealed.collect()).unwrap().encode().unwrap();
    let (kind, kind_version) = (entry.event.type_name().to_owned(), entry.event.type_version());
    NewEvent { stream, kind, kind_version, body }
}

/// A random history; the same for the same seed.
pub(crate) fn played(seed: u64, code: &str, cases: u32) -> Story {
    let centre = CentreCode::new(code).unwrap();
    random::play(seed, &Options { centre, cases, policies: Policies::Both, ..Options::default() })
}

/// Runs a test's future on a runtime of its own: proptest knows none.
pub(crate) fn block_on<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}
