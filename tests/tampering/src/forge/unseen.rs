//! What passes before both verifiers, and stands in docs/SECURITY.md for that: made here so that what stands there stays true.

use transparency::evidence::Evidence;
use transparency::note::Note;
use uuid::Uuid;

use super::without_kept;
use crate::history::{History, body, public};
use crate::log::{Draft, Log, What};
use crate::parties::{ORIGIN_AND_WITNESS, Watch, lines_of, signed, with_lines};
use crate::readers::Reader;
use chance::Chance;

/// A file that holds, and is not what happened.
pub(crate) struct Passing {
    pub(crate) what: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) kept: Option<Note>,
    pub(crate) reader: Reader,
}

/// Each of them, as far as this history has room for it.
pub(crate) fn all(history: &History<'_>, chance: &mut Chance) -> anyhow::Result<Vec<Passing>> {
    let mut made = before_readers_without(history, chance)?;
    let kept = history.shown.kept.as_ref().map(|(note, _)| note.clone());
    let mut add = |what, evidence: &Evidence, kept: Option<Note>| {
        made.push(Passing { what, bytes: evidence.encode(), kept, reader: Reader::Careful });
    };
    if let Some((note, size)) = history.cosigned.iter().rev().nth(1) {
        let evidence = history.log.evidence(history.case, note, *size, &without_kept(&history.shown))?;
        let is_older = !evidence.events.is_empty() && evidence.events.len() < history.honest.events.len();
        if is_older {
            let evidence = Evidence { disclosed: Vec::new(), attachments: Vec::new(), ..evidence };
            add("an older checkpoint, to a reader who kept no newer one", &evidence, None);
        }
    }
    if !history.honest.disclosed.is_empty() || !history.honest.attachments.is_empty() {
        add(
            "texts and files not shown",
            &Evidence { disclosed: Vec::new(), attachments: Vec::new(), ..history.honest.clone() },
            kept.clone(),
        );
    }
    let mut less = Evidence { head: None, disclosed: Vec::new(), attachments: Vec::new(), ..history.honest.clone() };
    less.events.pop();
    add("the last event withheld, without a word about streams", &less, kept.clone());
    let (note, size) = history.last();
    let [own, theirs] = ORIGIN_AND_WITNESS.map(|name| lines_of(note, name).collect::<Vec<_>>());
    let checkpoint = with_lines(note, [own.as_slice(), &theirs[1..]].concat())?;
    add("one of the witness's two lines left out", &Evidence { checkpoint, ..history.honest.clone() }, kept.clone());
    // What follows changes what the witness remembers, so there is one of it.
    let tail = usize::try_from(size)?..history.log.drafts.len();
    let mut drafts = history.log.drafts.clone();
    let recorded_ms = drafts.iter().filter(|draft| draft.is_of(history.case)).map(|draft| draft.recorded_ms).max();
    let last_ms = drafts.last().map_or(0, |draft| draft.recorded_ms);
    if tail.is_empty() || chance.percent(50) {
        drafts.truncate(tail.start);
        let own = transparency::heads::OWN_STREAM;
        drafts.push(Draft { stream: own, recorded_ms: last_ms, what: What::HeadsWithoutLast(history.case) });
        let (note, log) = cosigned(history, drafts)?;
        let mut evidence = log.evidence(history.case, &note, log.len(), &history.shown)?;
        evidence.events.pop();
        evidence.disclosed.clear();
        evidence.attachments.clear();
        add("a false word about streams, recorded before the witness saw it", &evidence, kept);
    } else {
        // The case's own last time: long ago, for all that the events of other cases between say.
        let recorded_ms = recorded_ms.unwrap_or(last_ms);
        drafts.truncate(tail.start + 1);
        let what = What::Event { kind: "result_reported", body: body(&public(chance), Vec::new())? };
        let stream = history.case;
        drafts[tail.start] = Draft { stream, recorded_ms, what };
        let (note, log) = cosigned(history, drafts)?;
        let evidence = log.evidence(history.case, &note, log.len(), &history.shown)?;
        add("the unwitnessed window: rewritten and back-dated before the witness saw it", &evidence, kept);
    }
    Ok(made)
}

/// The honest witness cosigns what goes on from what it saw.
fn cosigned(history: &History<'_>, drafts: Vec<Draft>) -> anyhow::Result<(Note, Log)> {
    let (log, (_, size)) = (Log::of(drafts)?, history.last());
    let note = signed(&log.checkpoint(log.len())?, &history.keys.operator, history.now())?;
    let proof = log.consistency(size, log.len())?;
    Ok((history.watch.ask(size, proof, &note, history.now())??, log))
}

/// Before readers who lack one of the three: keys brought by a person, a witness, a checkpoint that they kept.
fn before_readers_without(history: &History<'_>, chance: &mut Chance) -> anyhow::Result<Vec<Passing>> {
    let (keys, now) = (history.keys, history.now());
    let places = history.places();
    let at = places[chance.index(places.len())];
    let mut drafts = history.log.drafts.clone();
    let stream = if chance.percent(50) { history.case } else { Uuid::from_u64_pair(4, chance.next()) };
    let what = What::Event { kind: "result_reported", body: body(&public(chance), Vec::new())? };
    drafts[at] = Draft { stream, what, ..drafts[at] };
    let log = Log::of(drafts)?;
    let checkpoint = log.checkpoint(log.len())?;
    let shown = crate::log::Shown::default();
    let of = |note: &Note| anyhow::Ok(log.evidence(history.case, note, log.len(), &shown)?.encode());
    let note = signed(&checkpoint, &keys.operator, now)?;
    let forgetful = Watch::new(keys, false)?;
    let put_back = forgetful.ask(0, Vec::new(), &note, now)??;
    let mut others = signed(&checkpoint, &keys.false_operator, now)?;
    keys.false_witness.iter().for_each(|key| others.add(key.sign(&checkpoint.text(), now)));
    Ok(vec![
        Passing { what: "no witness wanted, nothing kept", bytes: of(&note)?, kept: None, reader: Reader::NoWitness },
        Passing {
            what: "the one witness put back, nothing kept",
            bytes: of(&put_back)?,
            kept: None,
            reader: Reader::Careful,
        },
        Passing {
            what: "keys that the attacker handed over",
            bytes: of(&others)?,
            kept: None,
            reader: Reader::FalseKeys,
        },
    ])
}
