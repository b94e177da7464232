//! The case's last events withheld. A file may hold all the same: then it must not say that it is complete.

use transparency::evidence::Evidence;

use super::{Forgery, Kind, Workshop, without_kept};
use crate::history::History;
use crate::log::{Draft, Log, What};
use chance::Chance;

pub(crate) fn truncated(history: &History<'_>, chance: &mut Chance) -> anyhow::Result<Vec<Forgery>> {
    // One most of the time: what is withheld is what came last.
    let most = history.honest.events.len() - 1;
    without(history, if chance.percent(60) { 1 } else { 1 + chance.index(most) })
}

/// Without so many of the last.
fn without(history: &History<'_>, count: usize) -> anyhow::Result<Vec<Forgery>> {
    let (note, size) = history.last();
    let (log, honest, case) = (&history.log, &history.honest, history.case);
    let left = honest.events.len() - count;
    let withheld = honest.events[left].position;
    let mut shop = Workshop::new(history, Kind::Truncate, format!("{count} withheld"));
    let mut less = Evidence { head: None, ..honest.clone() };
    less.events.truncate(left);
    shop.add("no word about streams", &less);
    if honest.head.is_some() {
        shop.add("the true word about streams", &Evidence { head: honest.head.clone(), ..less.clone() });
    }
    let last = less.events.last().map_or(0, |event| event.position);
    for at in log.words(size) {
        let is_between = at > last && at < withheld;
        if let Some(head) = log.head(at, case, size)? {
            let what = if is_between { "a word from between" } else { "another word about streams" };
            if Some(&head) != honest.head.as_ref() {
                shop.add(what, &Evidence { head: Some(head), ..less.clone() });
            }
        }
        let other = log.streams(at - 1).into_iter().find(|stream| *stream != case);
        if let Some(head) = other.and_then(|other| log.head(at, other, size).transpose()).transpose()? {
            shop.add("another case's place in a word", &Evidence { head: Some(head), ..less.clone() });
        }
    }
    // A word that was never recorded says that these are all.
    let mut drafts = log.drafts.clone();
    let mut at = usize::try_from(size)?;
    let recorded_ms = drafts[at - 1].recorded_ms;
    let mut seen = 0;
    drafts.retain(|draft| {
        seen += usize::from(draft.is_of(case));
        !draft.is_of(case) || seen <= left
    });
    at = at.saturating_sub(count).min(drafts.len());
    drafts.truncate(at);
    drafts.push(Draft { stream: transparency::heads::OWN_STREAM, recorded_ms, what: What::Heads });
    let shorter = Log::of(drafts)?;
    let new = shorter.len();
    if let Some(head) = shorter.head(new, case, new)? {
        shop.add("a word that was never recorded", &Evidence { head: Some(head), ..less.clone() });
    }
    // The log itself cut: no larger than what the witness remembers.
    for (fresh, new) in shop.tempted(&shorter, &[new])? {
        let shown = if history.shown.kept.as_ref().is_some_and(|(_, old)| *old > new) {
            without_kept(&history.shown)
        } else {
            history.shown.clone()
        };
        shop.add("the log cut, a fresh note", &shorter.evidence(case, &fresh, new, &shown)?);
        let earlier = Some((note.clone(), Vec::new()));
        shop.add(
            "the log cut, said to go on from the cosigned note",
            &Evidence { earlier, ..shorter.evidence(case, &fresh, new, &without_kept(&shown))? },
        );
        shop.add(
            "the log cut, under the cosigned note",
            &Evidence { checkpoint: note.clone(), ..shorter.evidence(case, &fresh, new, &without_kept(&shown))? },
        );
    }
    older(&mut shop, withheld)?;
    Ok(shop.made)
}

/// An older checkpoint, for a reader who kept the newest: what is left out stands behind it.
fn older(shop: &mut Workshop<'_, '_>, withheld: u64) -> anyhow::Result<()> {
    let history = shop.history;
    let (note, _) = history.last();
    for (old, size) in history.cosigned.iter().filter(|(_, size)| *size < withheld) {
        if history.log.of_stream(history.case, *size).is_empty() {
            continue;
        }
        let evidence = history.log.evidence(history.case, old, *size, &without_kept(&history.shown))?;
        shop.add("an older checkpoint, to a reader who kept the newest", &evidence);
        let earlier = Some((note.clone(), Vec::new()));
        shop.add("an older checkpoint, the newest as the earlier one", &Evidence { earlier, ..evidence });
        for forgery in shop.made.iter_mut().rev().take(2) {
            forgery.kept = Some(note.clone());
        }
    }
    Ok(())
}
