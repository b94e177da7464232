//! The reference: what the log must hold, by what callers asked and were told. It knows appends in the order in which the log
//! has them, and judges each by a state of a few maps.

use std::collections::{BTreeMap, BTreeSet};

use event_log::{AppendError, Appended, Centre, Clock, Event, Head, HeadsCommitted, NewEvent};
use transparency::heads::OWN_STREAM;
use uuid::Uuid;

use crate::history::{Call, History, Look, Seen, Told};

/// What a log holds of each centre.
pub(crate) type Contents = BTreeMap<Centre, (Vec<Event>, Head)>;

/// A centre between two appends.
#[derive(Debug, Clone)]
struct State {
    position: u64,
    recorded_ms: i64,
    versions: BTreeMap<Uuid, u64>,
    counters: BTreeMap<String, u64>,
    /// There is nothing that was not said of the streams yet.
    said: bool,
}

impl Default for State {
    fn default() -> Self {
        Self { position: 0, recorded_ms: 0, versions: BTreeMap::new(), counters: BTreeMap::new(), said: true }
    }
}

/// An append that stands in the log.
struct Standing {
    first: u64,
    last: u64,
    called: u64,
    ended: u64,
}

/// Positions at which a state of the log must have been that answers somebody.
#[derive(Clone, Copy)]
struct Window {
    from: u64,
    through: u64,
}

/// What is wrong with this log, by this history; `before` is what it held when it was last looked at.
pub(crate) fn check(contents: &Contents, before: &Contents, history: &History) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut found = BTreeSet::new();
    for (centre, (events, head)) in contents {
        if let Some((old, _)) = before.get(centre)
            && !events.starts_with(old)
        {
            wrong.push(format!("{centre}: of {} events that stood there, some are gone or others", old.len()));
        }
        check_centre(centre, events, head, history, &mut found, &mut wrong);
    }
    for call in &history.calls {
        if matches!(call.told, Told::Appended(_)) && !found.contains(&call.id) {
            wrong.push(format!("append {} to {} was acknowledged and is lost", call.id, call.append.centre));
        }
    }
    wrong
}

fn check_centre(
    centre: &Centre,
    events: &[Event],
    head: &Head,
    history: &History,
    found: &mut BTreeSet<u64>,
    wrong: &mut Vec<String>,
) {
    let (mut states, mut standing) = (vec![State::default()], Vec::new());
    let (mut at, mut latest_call) = (0, 0);
    while at < events.len() {
        let Some((call, 0)) = history.origin(centre, &events[at]) else {
            wrong.push(format!("{centre}@{}: an event that nobody wrote there", at + 1));
            return;
        };
        if !found.insert(call.id) {
            wrong.push(format!("{centre}@{}: append {} stands there twice", at + 1, call.id));
        }
        let through = (at + call.events()).min(events.len());
        let mut state = states.last().cloned().unwrap_or_default();
        let first = state.position + 1;
        if let Err(why) = state.follow(call, &events[at..through]) {
            wrong.push(format!("{centre}@{first}: append {}: {why}", call.id));
            return;
        }
        if call.ended < latest_call {
            wrong.push(format!(
                "{centre}@{first}: append {} ended before one that stands before it was called",
                call.id
            ));
        }
        latest_call = latest_call.max(call.called);
        standing.push(Standing { first, last: state.position, called: call.called, ended: call.ended });
        states.push(state);
        at = through;
    }
    let end = states.last().cloned().unwrap_or_default();
    if (head.position, head.recorded_ms, &head.counters) != (end.position, end.recorded_ms, &end.counters) {
        wrong.push(format!("{centre}: the head is {head:?} and should be {end:?}"));
    }
    for call in history.calls[history.settled_calls..].iter().filter(|call| call.append.centre == *centre) {
        let window = Window::of(&standing, &[], call.called, call.ended, end.position);
        match &call.told {
            Told::Refused(error) => {
                if let Err(why) = justified(call, error, &states, window) {
                    wrong.push(format!("{centre}: append {} was refused ({error}), and {why}", call.id));
                }
            }
            Told::UpToDate if !window.states(&states).any(|state| state.said) => {
                wrong.push(format!("{centre}: commitment {} was not made, and there was something to say", call.id));
            }
            _ => {}
        }
        if call.tail > end.position {
            wrong.push(format!("{centre}: the tail stood at {}, and the log ends at {}", call.tail, end.position));
        }
    }
    let mut read: Vec<(u64, u64)> = Vec::new();
    for look in history.looks[history.settled_looks..].iter().filter(|look| look.centre == *centre) {
        let window = Window::of(&standing, &read, look.called, look.ended, end.position);
        match look.agrees(events, &states, window) {
            Ok(position) => read.push((look.ended, position)),
            Err(why) => wrong.push(format!("{centre}: a read from {} to {}: {why}", look.called, look.ended)),
        }
    }
}

impl State {
    /// Goes on by an append, if these events are it and the state before allowed it.
    fn follow(&mut self, call: &Call, events: &[Event]) -> Result<(), String> {
        let append = &call.append;
        if events.len() != call.events() {
            return Err("a part of it is not there".to_owned());
        }
        for (stream, expected) in &append.expected {
            let version = self.versions.get(stream).copied().unwrap_or(0);
            if version != *expected {
                return Err(format!("it expected version {expected} of a stream that was at {version}"));
            }
        }
        let recorded_ms = match append.clock {
            Clock::Machine(ms) => ms.max(self.recorded_ms),
            Clock::Given(ms) if ms < self.recorded_ms => return Err("its given time went back".to_owned()),
            Clock::Given(ms) => ms,
        };
        let first_position = self.position + 1;
        let own = call.is_for_heads().then(|| self.heads_committed(events)).transpose()?;
        for (new, event) in append.events.iter().chain(&own).zip(events) {
            self.position += 1;
            let version = self.versions.entry(new.stream).or_insert(0);
            *version += 1;
            let should = Event {
                position: self.position,
                stream: new.stream,
                version: *version,
                recorded_ms,
                kind: new.kind.clone(),
                kind_version: new.kind_version,
                body: new.body.clone(),
            };
            if *event != should {
                return Err(format!("it is {event:?} and should be {should:?}"));
            }
        }
        self.said = own.is_some();
        self.recorded_ms = recorded_ms;
        let draw = |name: &String| {
            let number = self.counters.entry(name.clone()).or_insert(0);
            *number += 1;
            (name.clone(), *number)
        };
        let counters = append.counters.iter().map(draw).collect();
        let named = append.expected.iter().map(|(of, _)| *of).chain(own.map(|own| own.stream));
        let versions = named.map(|of| (of, self.version(of))).collect();
        let should = Appended { first_position, last_position: self.position, recorded_ms, versions, counters };
        match &call.told {
            Told::Appended(appended) if *appended != should => {
                Err(format!("it was acknowledged as {appended:?} and stands as {should:?}"))
            }
            Told::Appended(_) if call.tail < self.position => {
                Err(format!("it was acknowledged while the tail stood at {}", call.tail))
            }
            Told::Refused(error) => Err(format!("it was refused ({error}) and stands there all the same")),
            _ => Ok(()),
        }
    }

    /// What a commitment to the heads must be here. Whether its root is theirs is `verify`'s to say.
    fn heads_committed(&self, events: &[Event]) -> Result<NewEvent, String> {
        let body = events.first().map(|event| event.body.clone()).unwrap_or_default();
        let said = HeadsCommitted::decode(&body).map_err(|error| error.to_string())?;
        if said.streams != self.versions.len() as u64 || self.said {
            return Err(format!("it speaks of {} streams, and {} had begun", said.streams, self.versions.len()));
        }
        let (kind, kind_version) = (HeadsCommitted::KIND.to_owned(), HeadsCommitted::KIND_VERSION);
        Ok(NewEvent { stream: OWN_STREAM, kind, kind_version, body })
    }

    fn version(&self, stream: Uuid) -> u64 {
        self.versions.get(&stream).copied().unwrap_or(0)
    }
}

impl Window {
    /// The states that somebody may have seen who asked and was answered then: with everything that had ended before, and nothing
    /// that was asked for later.
    fn of(standing: &[Standing], read: &[(u64, u64)], called: u64, ended: u64, end: u64) -> Self {
        let before = standing.iter().filter(|one| one.ended < called).map(|one| one.last);
        let seen = read.iter().filter(|(when, _)| *when < called).map(|(_, position)| *position);
        let from = before.chain(seen).max().unwrap_or(0);
        let after = standing.iter().filter(|one| one.called > ended).map(|one| one.first - 1);
        Self { from, through: after.min().unwrap_or(end) }
    }

    fn states(self, states: &[State]) -> impl Iterator<Item = &State> {
        states.iter().filter(move |state| (self.from..=self.through).contains(&state.position))
    }
}

fn justified(call: &Call, error: &AppendError, states: &[State], window: Window) -> Result<(), String> {
    match error {
        AppendError::VersionConflict { stream, expected, actual, .. } => {
            let is_asked = call.append.expected.contains(&(*stream, *expected)) && expected != actual;
            let is_seen = window.states(states).any(|state| state.version(*stream) == *actual);
            if is_asked && is_seen { Ok(()) } else { Err("the stream never was there meanwhile".to_owned()) }
        }
        AppendError::ClockWentBack { given_ms, last_ms, .. } => {
            let is_asked = matches!(call.append.clock, Clock::Given(ms) if ms == *given_ms) && given_ms < last_ms;
            let is_seen = window.states(states).any(|state| state.recorded_ms == *last_ms);
            if is_asked && is_seen { Ok(()) } else { Err("that time was not the last one meanwhile".to_owned()) }
        }
        // Whether the disk gave reason for them is asked where the disk is known.
        AppendError::Full { .. } | AppendError::Stopped { .. } => Ok(()),
        _ => Err("nothing that happened is a reason for it".to_owned()),
    }
}

impl Look {
    /// The position that the reader saw, if some state meanwhile gives what it read.
    fn agrees(&self, events: &[Event], states: &[State], window: Window) -> Result<u64, String> {
        match &self.seen {
            Seen::Head(head) => {
                let mut states = window.states(states).filter(|state| state.position == head.position);
                match states.next() {
                    Some(s) if (s.recorded_ms, &s.counters) == (head.recorded_ms, &head.counters) => Ok(s.position),
                    state => Err(format!("the head was {head:?}, the state is {state:?}")),
                }
            }
            Seen::StreamHead { stream, version } => {
                let mut states = window.states(states).filter(|state| state.version(*stream) == *version);
                states.next().map(|state| state.position).ok_or(format!("no version {version} of the stream"))
            }
            Seen::Centre { after, limit, events: seen } => {
                let there = events.get(usize::try_from(*after).unwrap_or(usize::MAX)..).unwrap_or_default();
                all_of(seen, there, window, u64::from(*limit))
            }
            Seen::Stream { stream, after, events: seen } => {
                let of = |event: &&Event| event.stream == *stream && event.version > *after;
                let there: Vec<Event> = events.iter().filter(of).cloned().collect();
                all_of(seen, &there, window, u64::MAX)
            }
        }
    }
}

/// Whether a reader saw the first ones of what is there: none too few by what it had to see, none too many by what it could.
fn all_of(seen: &[Event], there: &[Event], window: Window, limit: u64) -> Result<u64, String> {
    let last = seen.last().map_or(0, |event| event.position);
    let due = there.iter().filter(|event| event.position <= window.from).count();
    if !there.starts_with(seen) {
        return Err(format!("{} events were read that the log does not hold so", seen.len()));
    }
    if last > window.through {
        return Err(format!("an event at {last} was read before it was asked for"));
    }
    if seen.len() < due.min(usize::try_from(limit).unwrap_or(usize::MAX)) {
        return Err(format!("{} events were read, and {due} stood there by then", seen.len()));
    }
    Ok(last)
}
