//! Other keys under the same names, and signatures from elsewhere.

use transparency::note::{Note, Signature, SigningKey};

use super::{Forgery, Kind, Workshop};
use crate::history::{History, body, public};
use crate::log::{Log, ORIGIN, What};
use crate::parties::{WITNESS, lines_of, signed, with_lines};
use chance::Chance;

pub(crate) fn swapped(history: &History<'_>, chance: &mut Chance) -> anyhow::Result<Vec<Forgery>> {
    let mut made = on_the_true_note(history, chance)?;
    made.extend(on_a_fresh_note(history, chance)?);
    // Half of them: nearly each has signatures of its own, which cost the program in Python a process.
    made.retain(|_| chance.percent(50));
    Ok(made)
}

/// What these keys put beneath this text.
fn by(keys: &[SigningKey], note: &Note, now: u64) -> Vec<Signature> {
    keys.iter().map(|key| key.sign(note.text(), now)).collect()
}

/// Under the IDs of other keys: what a reader finds by name and ID.
fn posing_as(lines: Vec<Signature>, of: &[Signature]) -> Vec<Signature> {
    let posing = lines.into_iter().zip(of);
    posing.map(|(line, of)| Signature { name: of.name.clone(), key_id: of.key_id, bytes: line.bytes }).collect()
}

/// The true history under a note whose lines are not the true ones: it was not the log or the witness that signed.
fn on_the_true_note(history: &History<'_>, chance: &mut Chance) -> anyhow::Result<Vec<Forgery>> {
    let ((note, _), keys, now) = (history.last(), history.keys, history.now());
    let own: Vec<_> = lines_of(note, ORIGIN).collect();
    let theirs: Vec<_> = lines_of(note, WITNESS).collect();
    let mut shop = Workshop::new(history, Kind::Keys, "the true note");
    let mut add = |what, lines: &[&[Signature]]| {
        let checkpoint = with_lines(note, lines.concat())?;
        shop.add_changed(what, |evidence| evidence.checkpoint = checkpoint);
        anyhow::Ok(())
    };
    add("the log's lines by other keys of its name", &[&by(&keys.false_operator, note, now), &theirs])?;
    add(
        "the log's lines by other keys, under the IDs of its own",
        &[&posing_as(by(&keys.false_operator, note, now), &own), &theirs],
    )?;
    add("no line of the log", &[&theirs])?;
    add("no line of the witness", &[&own])?;
    add("the witness's lines by other keys of its name", &[&own, &by(&keys.false_witness, note, now)])?;
    add(
        "the witness's lines by other keys, under the IDs of its own",
        &[&own, &posing_as(by(&keys.false_witness, note, now), &theirs)],
    )?;
    add("the witness's lines by the log's keys, under its IDs", &[&own, &posing_as(own.clone(), &theirs)])?;
    let earlier = |line: &Signature| {
        let mut line = line.clone();
        let time = now.saturating_sub(86_400).to_be_bytes();
        line.bytes.splice(..8, time);
        line
    };
    add("the witness's lines with an earlier time", &[&own, &theirs.iter().map(earlier).collect::<Vec<_>>()])?;
    let exchanged = posing_as(theirs.iter().rev().cloned().collect(), &theirs);
    add("the witness's lines exchanged", &[&own, &exchanged])?;
    let mut spoilt = theirs.clone();
    let which = chance.index(spoilt.len());
    let at = 8 + chance.index(64);
    spoilt[which].bytes[at] ^= 1 << chance.below(8);
    add("one line of the witness spoilt", &[&own, &spoilt])?;
    if let Some((other, _)) = history.cosigned.iter().rev().nth(1) {
        let copied: Vec<_> = lines_of(other, WITNESS).collect();
        add("the witness's lines of another note", &[&own, &copied])?;
        add("one good line of the witness, one of another note", &[&own, &theirs[..1], &copied[1..]])?;
        let copied: Vec<_> = lines_of(other, ORIGIN).collect();
        add("the log's lines of another note", &[&copied, &theirs])?;
    }
    Ok(shop.made)
}

/// A history that was altered, under a note that the log's own keys signed or others did.
fn on_a_fresh_note(history: &History<'_>, chance: &mut Chance) -> anyhow::Result<Vec<Forgery>> {
    let (keys, now, (note, _)) = (history.keys, history.now(), history.last());
    let places = history.places();
    let at = places[chance.index(places.len())];
    let mut drafts = history.log.drafts.clone();
    if let What::Event { body: bytes, .. } = &mut drafts[at].what {
        *bytes = body(&public(chance), Vec::new())?;
    }
    let log = Log::of(drafts)?;
    let fresh = signed(&log.checkpoint(log.len())?, &keys.operator, now)?;
    let bare = with_lines(&fresh, [])?;
    let own: Vec<_> = lines_of(&fresh, ORIGIN).collect();
    let theirs: Vec<_> = lines_of(note, WITNESS).collect();
    let others = signed(&log.checkpoint(log.len())?, &keys.false_operator, now)?;
    // The witness has pinned the log's keys, and is asked with others'.
    let (_, seen) = history.last();
    history.watch.tempt(seen, log.consistency(seen, log.len())?, &others, now)?;
    let mut shop = Workshop::new(history, Kind::Keys, "an altered history");
    let evidence = log.evidence(history.case, &fresh, log.len(), &history.shown)?;
    for (what, lines) in [
        ("all lines by other keys", [by(&keys.false_operator, &bare, now), by(&keys.false_witness, &bare, now)]),
        ("the witness's lines by other keys of its name", [own.clone(), by(&keys.false_witness, &bare, now)]),
        (
            "the witness's lines by other keys, under its IDs",
            [own.clone(), posing_as(by(&keys.false_witness, &bare, now), &theirs)],
        ),
        ("the witness's lines by the log's keys, under its IDs", [own.clone(), posing_as(own.clone(), &theirs)]),
        ("the log's lines twice, once in the witness's name", [own.clone(), renamed(&own)]),
        ("the witness's lines of the true note", [own, theirs.clone()]),
    ] {
        let checkpoint = with_lines(&bare, lines.concat())?;
        shop.add(what, &transparency::evidence::Evidence { checkpoint, ..evidence.clone() });
    }
    Ok(shop.made)
}

/// Lines under the witness's name with the IDs that they have.
fn renamed(lines: &[Signature]) -> Vec<Signature> {
    lines.iter().map(|line| Signature { name: WITNESS.to_owned(), ..line.clone() }).collect()
}
