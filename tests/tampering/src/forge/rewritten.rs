//! Histories that were made anew within what the witness saw: alter, remove, reorder, back-date, fork.

use anyhow::Context as _;
use transparency::evidence::{Evidence, Proven};
use uuid::Uuid;

use super::{Forgery, Kind, Workshop};
use crate::history::{History, body, public, sealed};
use crate::log::{Draft, Log, Shown, What};
use crate::parties::signed;
use chance::Chance;

/// Another event than there is, of the kind that the drafts' own is.
fn other(draft: &Draft, version: u64, chance: &mut Chance) -> anyhow::Result<What> {
    let kind = match draft.what {
        What::Event { kind, .. } => kind,
        _ => "noted",
    };
    // Whoever holds the person's key seals another text as well as the first one.
    let (field, _) =
        sealed(Uuid::from_u64_pair(1, chance.next()), draft.stream, version, "没有这回事。", chance.next());
    let fields = if chance.percent(30) { vec![field] } else { Vec::new() };
    Ok(What::Event { kind, body: body(&public(chance), fields)? })
}

/// One bit of a body, which is what somebody does who edits the file by hand.
fn bit_flipped(what: &mut What, chance: &mut Chance) {
    if let What::Event { body, .. } = what {
        let at = chance.index(body.len());
        body[at] ^= 1 << chance.below(8);
    }
}

/// A history of this kind, and every file that can be made of it.
pub(crate) fn rewritten(history: &History<'_>, kind: Kind, chance: &mut Chance) -> anyhow::Result<Vec<Forgery>> {
    let places = history.places();
    let at = places[chance.index(places.len())];
    let version = history.log.events[at].1.version;
    let mut drafts = history.log.drafts.clone();
    let how = match kind {
        Kind::Alter if chance.percent(70) => {
            drafts[at].what = other(&drafts[at], version, chance)?;
            "another event in its place"
        }
        Kind::Alter => {
            bit_flipped(&mut drafts[at].what, chance);
            "one bit of its body"
        }
        Kind::Remove if chance.percent(50) => {
            drafts.remove(at);
            "what follows moves up"
        }
        Kind::Remove => {
            // The log keeps its length, and everything behind it its position.
            let stream = Uuid::from_u64_pair(2, chance.next());
            drafts[at] = Draft { stream, what: other(&drafts[at], 1, chance)?, ..drafts[at] };
            "another case's event in its place"
        }
        Kind::Reorder => {
            let next = places[(places.iter().position(|place| *place == at).unwrap_or(0) + 1) % places.len()];
            let (one, two) = (drafts[at].what.clone(), drafts[next].what.clone());
            (drafts[at].what, drafts[next].what) = (two, one);
            "two events exchanged"
        }
        Kind::BackDate if chance.percent(50) => {
            // Not before the one that it follows: that would be seen from the file alone.
            let least = if at == 0 { 0 } else { drafts[at - 1].recorded_ms };
            let late = drafts[at..].iter().map(|draft| draft.recorded_ms).max().unwrap_or_default();
            let recorded_ms = least.max(drafts[at].recorded_ms - i64::try_from(chance.below(3_600_000))?);
            let draft = Draft { stream: history.case, recorded_ms, what: other(&drafts[at], version, chance)? };
            drafts.insert(at, draft);
            if late > recorded_ms { "an event put in among earlier ones" } else { "an event put in at the end" }
        }
        Kind::BackDate => {
            // With all before it, so that no time falls.
            let less = 1 + i64::try_from(chance.below(86_400_000))?;
            drafts[..=at].iter_mut().for_each(|draft| draft.recorded_ms -= less);
            "recorded earlier, with all before it"
        }
        _ => {
            drafts.truncate(at);
            forked_on(&mut drafts, history, at, chance)?;
            "another continuation from an event on"
        }
    };
    let mut shop = Workshop::new(history, kind, how);
    // Of a log that became shorter at its end nothing can be made under the old note.
    let is_shorter = kind == Kind::Remove && places.last() == Some(&at);
    let is_signed = kind == Kind::Fork || is_shorter || chance.percent(30);
    shop.rewrite(&Log::of(drafts)?, is_signed)?;
    by_hand(&mut shop, at, chance)?;
    Ok(shop.made)
}

/// Goes on otherwise from here: at least as far as the witness saw.
fn forked_on(drafts: &mut Vec<Draft>, history: &History<'_>, at: usize, chance: &mut Chance) -> anyhow::Result<()> {
    let (wanted, begun) = (usize::try_from(history.last().1)? + chance.index(3), history.log.drafts[at].recorded_ms);
    let mut first = true;
    while drafts.len() < wanted || first {
        let stream = if first || chance.percent(60) { history.case } else { chance.of(&history.cases) };
        let recorded_ms = begun + i64::try_from(drafts.len() - at)?;
        let version = drafts.iter().filter(|draft| draft.is_of(stream)).count() as u64 + 1;
        let like = Draft { stream, ..history.log.drafts[at].clone() };
        drafts.push(Draft { stream, recorded_ms, what: other(&like, version, chance)? });
        first = false;
    }
    drafts.push(Draft { stream: transparency::heads::OWN_STREAM, recorded_ms: begun + 100_000, what: What::Heads });
    Ok(())
}

/// What needs no tree: lines of the true file, changed as they stand.
fn by_hand(shop: &mut Workshop<'_, '_>, at: usize, chance: &mut Chance) -> anyhow::Result<()> {
    let history = shop.history;
    let position = at as u64 + 1;
    let n = history.honest.events.iter().position(|event| event.position == position).context("it is shown")?;
    let count = history.honest.events.len();
    let next = (n + 1) % count;
    match shop.kind {
        Kind::Alter => {
            let flipped = {
                let event = &history.honest.events[n];
                let mut body = event.body.clone();
                let bit = chance.index(body.len());
                body[bit] ^= 1 << chance.below(8);
                Proven { body, ..event.clone() }
            };
            shop.add_changed("its line alone", |evidence| evidence.events[n] = flipped);
        }
        Kind::Remove => {
            let renumbered = |evidence: &mut Evidence| {
                evidence.events.remove(n);
                (1..).zip(&mut evidence.events).for_each(|(version, event)| event.version = version);
            };
            if n + 1 < count {
                shop.add_changed("without its line", |evidence| _ = evidence.events.remove(n));
                shop.add_changed("without its line, the others numbered anew", renumbered);
            }
        }
        Kind::Reorder => {
            shop.add_changed("their lines exchanged", |evidence| evidence.events.swap(n, next));
            shop.add_changed("their lines exchanged and numbered", |evidence| {
                evidence.events.swap(n, next);
                let (one, two) = (evidence.events[n].version, evidence.events[next].version);
                (evidence.events[n].version, evidence.events[next].version) = (two, one);
            });
            shop.add_changed("their bodies exchanged", |evidence| {
                let (one, two) = (evidence.events[n].body.clone(), evidence.events[next].body.clone());
                (evidence.events[n].body, evidence.events[next].body) = (two, one);
            });
        }
        Kind::BackDate => {
            let less = 1 + i64::try_from(chance.below(86_400_000))?;
            shop.add_changed("its line alone", |evidence| evidence.events[n].recorded_ms -= less);
            shop.add_changed("its line and all before it", |evidence| {
                evidence.events[..=n].iter_mut().for_each(|event| event.recorded_ms -= less);
            });
        }
        _ => {}
    }
    Ok(())
}

/// A fork whose other end the witness saw first: what it did not see is then the forgery, be it the true history.
pub(crate) fn forked_first(history: &History<'_>, chance: &mut Chance) -> anyhow::Result<Vec<Forgery>> {
    let places = history.places();
    let at = places[chance.index(places.len())];
    let mut drafts = history.log.drafts.clone();
    drafts.truncate(at);
    forked_on(&mut drafts, history, at, chance)?;
    let other = Log::of(drafts)?;
    let (_, size) = history.last();
    let watch = crate::parties::Watch::new(history.keys, false)?;
    let note = signed(&other.checkpoint(other.len())?, &history.keys.operator, history.now())?;
    let cosigned = watch.ask(0, Vec::new(), &note, history.now())??;
    let own = signed(&history.log.checkpoint(size)?, &history.keys.operator, history.now())?;
    let mut shop = Workshop::new(history, Kind::Fork, "the witness was shown the other end first");
    for (old, proof) in [(other.len(), Vec::new()), (0, Vec::new())] {
        history.watch.asked.set(history.watch.asked.get() + 1);
        let answer = watch.ask(old, proof, &own, history.now())?;
        history.watch.refused.set(history.watch.refused.get() + u64::from(answer.is_err()));
    }
    // Whoever reads this kept nothing, or what the other end had.
    let kept = chance.percent(50).then(|| cosigned.clone());
    let shown = Shown { kept: None, ..history.shown.clone() };
    let evidence = history.log.evidence(history.case, &own, size, &shown)?;
    let mut copied = own.clone();
    crate::parties::lines_of(&cosigned, crate::parties::WITNESS).for_each(|line| copied.add(line));
    for (what, checkpoint) in [
        ("the end that it did not see, under its own note", own),
        ("the end that it did not see, with the witness's lines of the other", copied),
        ("the end that it did not see, under the note of the other", cosigned.clone()),
    ] {
        shop.add(what, &Evidence { checkpoint, ..evidence.clone() });
    }
    shop.made.iter_mut().for_each(|forgery| forgery.kept.clone_from(&kept));
    Ok(shop.made)
}
