//! Recorded times beside the moments at which witnesses saw the log.
//!
//! What was there when a witness signed was not recorded after that moment, and what was not there yet was not recorded before it.
//! So nobody can date an event back further than to the last cosignature before it and what clocks may differ by, whatever keys he
//! has; how far that is, is the window, and it is measured here. A witness's word is its clock's: of several under one note the one
//! counts that accuses least, the latest for what was there and the earliest for what was not. Each note holds for itself, so a
//! witness whose clock is wrong and who signed one alone accuses an honest log: the message says that a clock may have been wrong.

use std::collections::BTreeMap;

use cases::Instant;
use chrono::TimeDelta;
use event_log::{Centre, EventLog};
use serde::Serialize;
use transparency::{evidence::ORIGIN, note::VerifierKey};

/// How far the clocks of log and witness may be apart, with the time that it may take to ask all witnesses one after the other.
pub(crate) const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// What witnesses say of the log up to one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    /// Events up to it were recorded by then.
    not_after: Instant,
    /// Events beyond it were recorded since then.
    not_before: Instant,
}

/// The moments at which witnesses saw each centre's log, by the size that it had.
#[derive(Debug, Default)]
pub(crate) struct Witnessed(BTreeMap<Centre, BTreeMap<u64, Seen>>);

/// A size of a log, and when a witness saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Moment {
    pub(crate) size: u64,
    pub(crate) at: Instant,
}

/// What can be said of one centre's times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Bounds {
    pub(crate) centre: String,
    /// Sizes that were seen.
    pub(crate) checkpoints: usize,
    /// No witness says anything of a time before it.
    pub(crate) first: Moment,
    /// The two moments one after the other that are furthest apart, with events between them: the widest window.
    pub(crate) widest: Option<(Moment, Moment)>,
    pub(crate) last: Moment,
    /// Events since.
    pub(crate) since: u64,
}

impl Witnessed {
    /// Adds what these signers of a checkpoint of this size say. A log's own keys say nothing about its clock.
    pub(crate) fn add(&mut self, centre: &Centre, size: u64, signers: &[(&VerifierKey, Option<u64>)]) {
        let of_witnesses = signers.iter().filter(|(key, _)| !key.name().starts_with(ORIGIN));
        let times: Vec<Instant> = of_witnesses.filter_map(|(_, seconds)| moment((*seconds)?)).collect();
        let (Some(earliest), Some(latest)) = (times.iter().min(), times.iter().max()) else { return };
        let said = Seen { not_after: *latest, not_before: *earliest };
        let seen = self.0.entry(centre.clone()).or_default().entry(size).or_insert(said);
        // The same size, seen more than once: each of them holds.
        seen.not_after = seen.not_after.min(*latest);
        seen.not_before = seen.not_before.max(*earliest);
    }

    /// The centres of which witnesses say something.
    pub(crate) fn centres(&self) -> impl Iterator<Item = &Centre> {
        self.0.keys()
    }

    /// What is wrong with a centre's times, and how far they are bound. Recorded times never go back within a log, so the events on
    /// either side of each size are all that has to be looked at; that they do not, and are those in the leaves, is for `verify`.
    pub(crate) async fn check(
        &self,
        log: &dyn EventLog,
        centre: &Centre,
    ) -> anyhow::Result<(Vec<String>, Option<Bounds>)> {
        let Some(seen) = self.0.get(centre) else { return Ok((Vec::new(), None)) };
        let mut faults = Vec::new();
        for (size, seen) in seen {
            for event in log.read_centre(centre, size.saturating_sub(1), 2).await? {
                let Some(recorded) = Instant::from_ms(event.recorded_ms) else { continue };
                let place = format!("{centre}@{}: recorded {recorded}", event.position);
                if event.position <= *size && recorded > seen.not_after.plus(TOLERANCE) {
                    faults.push(format!(
                        "{place}, but a witness had seen it by {}: a clock was wrong, or it was dated forward",
                        seen.not_after
                    ));
                } else if event.position > *size && recorded < seen.not_before.plus(-TOLERANCE) {
                    faults.push(format!(
                        "{place}, but it was not there when a witness saw {size} events at {}: a clock was wrong, or it was dated back",
                        seen.not_before
                    ));
                }
            }
        }
        let head = log.head(centre).await?.position;
        Ok((faults, bounds(centre, seen, head)))
    }
}

fn moment(seconds: u64) -> Option<Instant> {
    Instant::from_ms(i64::try_from(seconds).ok()?.checked_mul(1_000)?)
}

fn bounds(centre: &Centre, seen: &BTreeMap<u64, Seen>, head: u64) -> Option<Bounds> {
    let ((first, first_seen), (last, last_seen)) = (seen.first_key_value()?, seen.last_key_value()?);
    let pairs = seen.iter().zip(seen.iter().skip(1)).map(|((from, before), (to, after))| {
        (Moment { size: *from, at: before.not_before }, Moment { size: *to, at: after.not_after })
    });
    Some(Bounds {
        centre: centre.to_string(),
        checkpoints: seen.len(),
        first: Moment { size: *first, at: first_seen.not_after },
        widest: pairs.max_by_key(|(from, to)| to.at.ms() - from.at.ms()),
        last: Moment { size: *last, at: last_seen.not_before },
        since: head.saturating_sub(*last),
    })
}

impl Bounds {
    /// For the operator, a line each.
    pub(crate) fn lines(&self) -> Vec<String> {
        let Self { centre, checkpoints, first, widest, last, since } = self;
        let mut lines = vec![format!(
            "{centre}: times of witnesses bind {checkpoints} sizes, from {} ({} events, which nothing binds backwards) to {} ({} events)",
            first.at, first.size, last.at, last.size
        )];
        if let Some((from, to)) = widest {
            lines.push(format!(
                "{centre}: widest window {}, events {} to {}: seen by a witness at {} and not again until {}; within it, and \
                 five minutes before it, a time could be dated back unseen",
                length(to.at.ms() - from.at.ms()),
                from.size + 1,
                to.size,
                from.at,
                to.at
            ));
        }
        lines.push(format!(
            "{centre}: {since} events since the last: none of them can be dated more than five minutes before it, nothing else is bound"
        ));
        lines
    }
}

/// Days, hours, minutes and seconds.
fn length(ms: i64) -> String {
    let seconds = ms.max(0) / 1_000;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    format!("{days} d {hours:02}:{minutes:02}:{:02}", seconds % 60)
}

#[cfg(test)]
mod tests;
