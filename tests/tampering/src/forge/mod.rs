//! What the attacker makes of a history: of each kind, the best files that the kind allows.
//!
//! He holds the log's file and both of its signing keys, and can compute everything again: leaves, trees, words about streams, proofs,
//! checkpoints. He does not hold the witness's keys, nor what the reader pinned and kept.

mod columns;
mod keys;
mod others;
mod rewritten;
mod tail;
pub(crate) mod unseen;

use std::fmt;

use transparency::evidence::{Attachment, Disclosed, Evidence};
use transparency::note::Note;
use transparency::seal::Place;
use transparency::{Body, Hash};
use uuid::Uuid;

use crate::history::{History, attachment};
use crate::log::{CENTRE, Log, Shown};
use crate::parties::{WITNESS, lines_of, signed};
use chance::Chance;

pub(crate) use columns::with_digest;
use rewritten::rewritten;

/// What was done to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An event says something else.
    Alter,
    /// An event is not there.
    Remove,
    /// Events stand in another order.
    Reorder,
    /// An event is said to be older than it is.
    BackDate,
    /// The log goes on in two ways.
    Fork,
    /// The case's last events are withheld.
    Truncate,
    /// What belongs to one case is shown in another.
    Swap,
    /// An event's line says other things than what was hashed.
    Column,
    /// Somebody else's keys.
    Keys,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Alter,
        Self::Remove,
        Self::Reorder,
        Self::BackDate,
        Self::Fork,
        Self::Truncate,
        Self::Swap,
        Self::Column,
        Self::Keys,
    ];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Alter => "alter",
            Self::Remove => "remove",
            Self::Reorder => "reorder",
            Self::BackDate => "back-date",
            Self::Fork => "fork",
            Self::Truncate => "truncate the tail",
            Self::Swap => "swap between cases",
            Self::Column => "column ≠ bytes",
            Self::Keys => "swap keys",
        })
    }
}

/// A file that is not what the log should hand over.
pub(crate) struct Forgery {
    pub(crate) kind: Kind,
    /// What was done to the log.
    pub(crate) how: String,
    /// What was handed over of that.
    pub(crate) shown: &'static str,
    pub(crate) bytes: Vec<u8>,
    /// The checkpoint that its reader kept and names.
    pub(crate) kept: Option<Note>,
    /// Of withheld events, the position of the first: a file that holds and does not say that it is complete so far says nothing
    /// false. Of everything else nothing may hold.
    pub(crate) withheld: Option<u64>,
}

/// What one kind makes of a history.
pub(crate) struct Workshop<'h, 'k> {
    pub(crate) history: &'h History<'k>,
    pub(crate) kind: Kind,
    pub(crate) how: String,
    pub(crate) made: Vec<Forgery>,
}

impl<'h, 'k> Workshop<'h, 'k> {
    pub(crate) fn new(history: &'h History<'k>, kind: Kind, how: impl Into<String>) -> Self {
        Self { history, kind, how: how.into(), made: Vec::new() }
    }

    /// Texts that would not open are not shown: nobody betrays himself by them.
    pub(crate) fn add(&mut self, shown: &'static str, evidence: &Evidence) {
        let mut evidence = evidence.clone();
        let opens: Vec<_> = evidence.disclosed.iter().filter(|one| opens(&evidence, one)).cloned().collect();
        evidence.disclosed = opens;
        let opens: Vec<_> = evidence.attachments.iter().filter(|one| is_named(&evidence, one)).cloned().collect();
        evidence.attachments = opens;
        self.add_bytes(shown, evidence.encode());
        // The true events but for the last of them: what is there was not altered.
        let (honest, left) = (&self.history.honest.events, evidence.events.len());
        if let (Some(first), Some(forgery)) = (honest.get(left), self.made.last_mut()) {
            let is_true = evidence.events == honest[..left];
            forgery.withheld = is_true.then_some(first.position);
        }
    }

    pub(crate) fn add_bytes(&mut self, shown: &'static str, bytes: Vec<u8>) {
        let (kind, how) = (self.kind, self.how.clone());
        let kept = self.history.shown.kept.as_ref().map(|(note, _)| note.clone());
        self.made.push(Forgery { kind, how, shown, bytes, kept, withheld: None });
    }

    /// A file with this done to what the centre should have handed over, and nothing else.
    pub(crate) fn add_changed(&mut self, shown: &'static str, change: impl FnOnce(&mut Evidence)) {
        let mut evidence = self.history.honest.clone();
        change(&mut evidence);
        self.add(shown, &evidence);
    }

    /// All that can be made of a log that was rewritten within what the witness saw, of its target case.
    ///
    /// Without `is_signed` only what needs no new signature, each of which costs the program in Python a process; the witness is asked
    /// all the same.
    pub(crate) fn rewrite(&mut self, log: &Log, is_signed: bool) -> anyhow::Result<()> {
        let (history, case) = (self.history, self.history.case);
        let (seen, size) = history.last();
        let fresh = self.tempted(log, &[log.len(), size])?;
        let Some((fresh, new)) = fresh.last() else { return Ok(()) };
        let is_cosigned = lines_of(fresh, WITNESS).next().is_some();
        if (is_signed || is_cosigned) && !log.of_stream(case, *new).is_empty() {
            self.fresh(log, fresh, *new)?;
        }
        // Under the old note: what the attacker computed anew does not lead to its root.
        if log.len() < size || log.of_stream(case, size).is_empty() {
            return Ok(());
        }
        let glued =
            Evidence { earlier: history.honest.earlier.clone(), ..log.evidence(case, seen, size, &history.shown)? };
        self.add("the cosigned note on all that was made anew", &glued);
        let mut honest_proofs = glued.clone();
        for (forged, true_one) in honest_proofs.events.iter_mut().zip(&history.honest.events) {
            forged.proof.clone_from(&true_one.proof);
        }
        if let Some(head) = honest_proofs.head.as_mut() {
            let true_one = history.honest.head.as_ref();
            head.event.proof = true_one.map_or_else(Vec::new, |true_one| true_one.event.proof.clone());
        }
        self.add("the cosigned note, the true proofs", &honest_proofs);
        honest_proofs.head.clone_from(&history.honest.head);
        self.add("the cosigned note, the true proofs, the true word about streams", &honest_proofs);
        let mut neighbours = glued.clone();
        for (n, forged) in neighbours.events.iter_mut().enumerate() {
            let of = history.honest.events.get(n + 1).or(history.honest.events.first());
            forged.proof = of.map_or_else(Vec::new, |event| event.proof.clone());
        }
        self.add("the cosigned note, the proofs of neighbours", &neighbours);
        Ok(())
    }

    /// Files under a note of the forged log itself.
    fn fresh(&mut self, log: &Log, fresh: &Note, new: u64) -> anyhow::Result<()> {
        let (history, case) = (self.history, self.history.case);
        let (seen, size) = history.last();
        let evidence = log.evidence(case, fresh, new, &history.shown)?;
        self.add("a fresh note", &evidence);
        let mut copied = fresh.clone();
        lines_of(seen, WITNESS).for_each(|line| copied.add(line));
        self.add(
            "a fresh note with the witness's lines of the old one",
            &Evidence { checkpoint: copied, ..evidence.clone() },
        );
        if new >= size {
            let proof = log.consistency_beside(&history.log, size, new)?;
            let earlier = Some((seen.clone(), proof));
            self.add(
                "a fresh note that is said to go on from the cosigned one",
                &Evidence { earlier, ..evidence.clone() },
            );
            let turned =
                Evidence { checkpoint: seen.clone(), earlier: Some((fresh.clone(), Vec::new())), ..evidence.clone() };
            self.add("the cosigned note as the later, the fresh one as the earlier", &turned);
        }
        if history.shown.kept.is_some() {
            self.add("a fresh note, without the one that was kept", &Evidence { earlier: None, ..evidence });
        }
        Ok(())
    }

    /// Signs the forged log at these sizes and asks the witness for each in every way there is; the notes, cosigned by a witness
    /// that would do so.
    pub(crate) fn tempted(&self, log: &Log, sizes: &[u64]) -> anyhow::Result<Vec<(Note, u64)>> {
        let (history, mut notes) = (self.history, Vec::new());
        let (_, seen) = history.last();
        for new in sizes.iter().copied().filter(|new| *new <= log.len()) {
            let mut note = signed(&log.checkpoint(new)?, &history.keys.operator, history.now())?;
            let mut tries: Vec<(u64, Vec<Hash>)> = vec![(0, Vec::new()), (seen, Vec::new())];
            if seen <= new {
                tries.push((seen, log.consistency(seen, new)?));
                tries.push((seen, log.consistency_beside(&history.log, seen, new)?));
                if new <= history.log.len() {
                    tries.push((seen, history.log.consistency(seen, new)?));
                }
            }
            for (_, old) in history.cosigned.iter().rev().skip(1).filter(|(_, old)| *old <= new) {
                tries.push((*old, log.consistency(*old, new)?));
            }
            for (old, proof) in tries {
                if let Some(cosigned) = history.watch.tempt(old, proof, &note, history.now())? {
                    note = cosigned;
                }
            }
            notes.push((note, new));
        }
        Ok(notes)
    }
}

/// Every forgery of a history, and of each kind at least one.
pub(crate) fn all(history: &History<'_>, chance: &mut Chance) -> anyhow::Result<Vec<Forgery>> {
    let mut made = Vec::new();
    for kind in [Kind::Alter, Kind::Remove, Kind::Reorder, Kind::BackDate, Kind::Fork] {
        made.extend(rewritten(history, kind, chance)?);
    }
    made.extend(rewritten::forked_first(history, chance)?);
    made.extend(tail::truncated(history, chance)?);
    made.extend(others::swapped(history, chance)?);
    made.extend(columns::columns(history, chance));
    made.extend(keys::swapped(history, chance)?);
    made.extend(other_attachments(history, chance));
    Ok(made)
}

fn opens(evidence: &Evidence, disclosed: &Disclosed) -> bool {
    let Disclosed { version, person, field, secret } = disclosed;
    let event = evidence.events.iter().find(|event| event.version == *version);
    let body = event.and_then(|event| Body::decode(&event.body).ok());
    let sealed =
        body.as_ref().and_then(|body| body.sealed().iter().find(|one| one.person == *person && one.field == *field));
    let place = Place { centre: CENTRE, stream: evidence.stream, version: *version, person: *person, field };
    let bytes = sealed.and_then(|sealed| sealed.bytes.as_ref());
    bytes.is_some_and(|bytes| secret.open(&place, bytes).is_ok())
}

fn is_named(evidence: &Evidence, attachment: &Attachment) -> bool {
    let event = evidence.events.iter().find(|event| event.version == attachment.version);
    let hash = Hash::of(&attachment.sealed).to_string();
    event.is_some_and(|event| event.body.windows(hash.len()).any(|text| text == hash.as_bytes()))
}

/// An attachment that is not the one which was named.
fn other_attachments(history: &History<'_>, chance: &mut Chance) -> Vec<Forgery> {
    let mut shop = Workshop::new(history, Kind::Alter, "an attachment");
    for (n, one) in history.honest.attachments.iter().enumerate() {
        let (person, stream, version) = (one.person, history.case, one.version);
        let another = attachment(person, stream, version, "另一个文件".as_bytes(), chance.next());
        let mut add = |shown, change: &dyn Fn(&mut Attachment)| {
            let mut evidence = history.honest.clone();
            change(&mut evidence.attachments[n]);
            shop.add_bytes(shown, evidence.encode());
        };
        add("another file, sealed by the same key", &|shown| *shown = another.clone());
        add("another file's bytes", &|shown| shown.sealed.clone_from(&another.sealed));
        add("another file's secret", &|shown| shown.secret = another.secret.clone());
        add("as another person's", &|shown| shown.person = Uuid::from_u64_pair(2, 2));
        add("as another event's", &|shown| shown.version = if version == 1 { 2 } else { 1 });
        add("cut", &|shown| shown.sealed.truncate(59));
    }
    shop.made
}

/// What a reader of this history has to show beside the events.
pub(crate) fn without_kept(shown: &Shown) -> Shown {
    Shown { kept: None, ..shown.clone() }
}
