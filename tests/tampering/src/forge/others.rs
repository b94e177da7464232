//! What belongs to one case, shown in another.

use transparency::evidence::Evidence;
use transparency::heads::OWN_STREAM;
use uuid::Uuid;

use super::{Forgery, Kind, Workshop};
use crate::history::History;
use crate::log::{Log, leaf};
use chance::Chance;

pub(crate) fn swapped(history: &History<'_>, chance: &mut Chance) -> anyhow::Result<Vec<Forgery>> {
    let (case, (note, size)) = (history.case, history.last());
    let mut shop = Workshop::new(history, Kind::Swap, "the true files");
    // Where there is one case alone, the log's own stream, or a case that nobody has.
    let invented = Uuid::from_u64_pair(3, chance.next());
    let others: Vec<Uuid> = history.log.streams(size).into_iter().filter(|stream| *stream != case).collect();
    let other = if others.is_empty() { invented } else { others[chance.index(others.len())] };
    for (what, stream) in [
        ("under another case's ID", other),
        ("under an ID that nobody has", invented),
        ("under the ID of the log's own stream", OWN_STREAM),
    ] {
        shop.add_changed(what, |evidence| evidence.stream = stream);
    }
    // Chained as if they had always belonged there: to no root that was signed.
    let rechained = history
        .honest
        .events
        .iter()
        .try_fold(transparency::Hash::ZERO, |previous, event| leaf(event, other, previous))?;
    shop.add_changed("under another case's ID, its last leaf as the word's stream before", |evidence| {
        evidence.stream = other;
        if let Some(head) = evidence.head.as_mut() {
            head.previous = rechained;
        }
    });
    shop.add_changed("with another ordinal", |evidence| {
        evidence.events.iter_mut().for_each(|event| event.ordinal += 1);
    });
    let theirs = history.log.evidence(other, note, size, &history.shown)?;
    if !theirs.events.is_empty() {
        shop.add("another case's events", &Evidence { stream: case, ..theirs.clone() });
        shop.add_changed("another case's events, this one's word", |evidence| {
            evidence.events.clone_from(&theirs.events);
        });
        shop.add_changed("this one's events, another's ordinal", |evidence| {
            evidence.events.iter_mut().for_each(|event| event.ordinal = theirs.events[0].ordinal);
        });
        let n = chance.index(history.honest.events.len());
        let m = n.min(theirs.events.len() - 1);
        shop.add_changed("an event of another case in the place of its own", |evidence| {
            evidence.events[n] = theirs.events[m].clone();
            evidence.events[n].version = n as u64 + 1;
        });
        shop.add_changed("the body of another case's event", |evidence| {
            evidence.events[n].body.clone_from(&theirs.events[m].body);
        });
        shop.add_changed("body and proof of another case's event", |evidence| {
            evidence.events[n].body.clone_from(&theirs.events[m].body);
            evidence.events[n].proof.clone_from(&theirs.events[m].proof);
        });
        if theirs.head.is_some() && theirs.head != history.honest.head {
            shop.add_changed("another case's place in the word", |evidence| evidence.head.clone_from(&theirs.head));
        }
    }
    let mut made = shop.made;
    // The log itself made anew, with the bodies of two events of two cases, or two cases, exchanged.
    let places = history.places();
    let at = places[chance.index(places.len())];
    let with = (0..usize::try_from(size)?).filter(|n| others.contains(&history.log.drafts[*n].stream));
    let with: Vec<usize> = with.filter(|n| history.log.drafts[*n].stream != OWN_STREAM).collect();
    let mut drafts = history.log.drafts.clone();
    let how = if with.is_empty() {
        drafts[at].stream = invented;
        "an event given to a case that nobody had"
    } else if chance.percent(50) {
        let with = with[chance.index(with.len())];
        let (one, two) = (drafts[at].what.clone(), drafts[with].what.clone());
        (drafts[at].what, drafts[with].what) = (two, one);
        "what two events say exchanged"
    } else {
        let with = drafts[with[chance.index(with.len())]].stream;
        for draft in &mut drafts {
            if draft.is_of(case) {
                draft.stream = with;
            } else if draft.is_of(with) {
                draft.stream = case;
            }
        }
        "two cases exchanged"
    };
    let mut shop = Workshop::new(history, Kind::Swap, how);
    shop.rewrite(&Log::of(drafts)?, chance.percent(30))?;
    made.append(&mut shop.made);
    Ok(made)
}
