//! What a seed draws: a log of some cases, its checkpoints, what the witness saw and what the reader kept.

use serde_json::{Value, json};
use transparency::evidence::{Attachment, Disclosed, Evidence};
use transparency::heads::OWN_STREAM;
use transparency::note::Note;
use transparency::seal::{PersonKey, Place, attachment_field};
use transparency::{Body, Hash, SealedField};
use uuid::Uuid;

use crate::log::{CENTRE, Draft, Log, Shown, What};
use crate::parties::{Keys, Watch, signed};
use chance::Chance;

/// When the first of them begins.
const BEGIN_MS: i64 = 1_767_225_600_000;
const FIELD: &str = "/data/narrative";

const KINDS: [&str; 7] =
    ["accepted", "classified", "submitted", "dispatched", "result_reported", "quality_checked", "closed"];
const TEXTS: [&str; 6] = [
    "来了三次，窗口说材料不全。",
    "执照变更未办成，也不说缺什么。",
    "已电话答复。",
    "群众表示满意。",
    "超期两日，已说明原因。",
    "转市场监管局办理。",
];

/// One history, as it happened.
pub(crate) struct History<'k> {
    pub(crate) keys: &'k Keys,
    pub(crate) log: Log,
    pub(crate) watch: Watch<'k>,
    /// What the witness cosigned, and the sizes, in order; never none.
    pub(crate) cosigned: Vec<(Note, u64)>,
    /// What the reader kept, from before or at the last of them.
    pub(crate) shown: Shown,
    /// The case that is tampered with: it has three events at least that the witness saw.
    pub(crate) case: Uuid,
    pub(crate) cases: Vec<Uuid>,
    /// The evidence that the centre should hand over.
    pub(crate) honest: Evidence,
    pub(crate) honest_bytes: Vec<u8>,
}

impl History<'_> {
    /// The note cosigned last, and its size.
    pub(crate) fn last(&self) -> (&Note, u64) {
        let (note, size) = &self.cosigned[self.cosigned.len() - 1];
        (note, *size)
    }

    /// The place in the log of each event of the case that the witness saw.
    pub(crate) fn places(&self) -> Vec<usize> {
        let size = self.last().1;
        let drafts = self.log.drafts.iter().zip(1..=size).enumerate();
        drafts.filter(|(_, (draft, _))| draft.is_of(self.case)).map(|(at, _)| at).collect()
    }

    /// Seconds since 1970 after all of it.
    pub(crate) fn now(&self) -> u64 {
        seconds(&self.log.drafts)
    }
}

fn seconds(drafts: &[Draft]) -> u64 {
    let last = drafts.last().map_or(BEGIN_MS, |draft| draft.recorded_ms);
    u64::try_from(last / 1_000).unwrap_or_default() + 1
}

/// A text that is sealed, and what discloses it.
pub(crate) fn sealed(person: Uuid, stream: Uuid, version: u64, text: &str, nonce: u64) -> (SealedField, Disclosed) {
    let place = Place { centre: CENTRE, stream, version, person, field: FIELD };
    let secret = PersonKey::new([7; 32]).field(&place);
    let mut twelve = [0; 12];
    twelve[..8].copy_from_slice(&nonce.to_be_bytes());
    let bytes = secret.seal(&place, twelve, text.as_bytes());
    let field = SealedField { person, field: FIELD.to_owned(), bytes: Some(bytes) };
    (field, Disclosed { version, person, field: FIELD.to_owned(), secret })
}

/// A file that is kept sealed, and what shows it.
pub(crate) fn attachment(person: Uuid, stream: Uuid, version: u64, bytes: &[u8], nonce: u64) -> Attachment {
    let mut twelve = [0; 12];
    twelve[..8].copy_from_slice(&nonce.to_be_bytes());
    let field = attachment_field(twelve);
    let place = Place { centre: CENTRE, stream, version: 0, person, field: &field };
    let secret = PersonKey::new([7; 32]).field(&place);
    Attachment { version, person, sealed: secret.seal(&place, twelve, bytes), secret }
}

pub(crate) fn body(public: &Value, sealed: Vec<SealedField>) -> anyhow::Result<Vec<u8>> {
    Ok(Body::new(public, sealed)?.encode()?)
}

/// What an event says in the open.
pub(crate) fn public(chance: &mut Chance) -> Value {
    let by = chance.of(&["liming", "wangfang", "zhaolei"]);
    json!({
        "by": {"id": by, "role": "window_clerk", "office": "centre"},
        "data": {"note": chance.of(&TEXTS), "days": chance.below(30)},
        "command": Uuid::from_u64_pair(chance.next(), chance.next()).to_string(),
    })
}

/// `shown` takes what shows its sealed text, if it has one, or the attachment that it names, and there is such a list.
fn event(chance: &mut Chance, stream: Uuid, version: u64, mut shown: Option<&mut Shown>) -> anyhow::Result<What> {
    let kind = KINDS[usize::try_from(version - 1)? % KINDS.len()];
    let (mut public, mut fields) = (public(chance), Vec::new());
    if let Some(shown) = shown.as_deref_mut().filter(|shown| shown.attachments.is_empty())
        && chance.percent(50)
    {
        let (text, nonce) = (chance.of(&TEXTS), chance.next());
        let one = attachment(Uuid::from_u64_pair(1, chance.next()), stream, version, text.as_bytes(), nonce);
        public["data"]["sm3"] = json!(Hash::of(&one.sealed).to_string());
        shown.attachments.push(one);
        return Ok(What::Event { kind: "attachment_added", body: body(&public, fields)? });
    }
    if chance.percent(30) {
        let (text, nonce) = (chance.of(&TEXTS), chance.next());
        let (field, secret) = sealed(Uuid::from_u64_pair(1, chance.next()), stream, version, text, nonce);
        fields.push(field);
        if let Some(shown) = shown {
            shown.disclosed.push(secret);
        }
    }
    Ok(What::Event { kind, body: body(&public, fields)? })
}

/// What is recorded, the sizes of checkpoints with whether the witness is shown them, and what is shown of the first case.
struct Plan {
    drafts: Vec<Draft>,
    checkpoints: Vec<(u64, bool)>,
    cases: Vec<Uuid>,
    shown: Shown,
}

fn plan(chance: &mut Chance) -> anyhow::Result<Plan> {
    let cases: Vec<Uuid> = (0..=chance.below(4)).map(|_| Uuid::from_u64_pair(chance.next(), chance.next())).collect();
    let (wanted, tail) = (5 + chance.below(14), if chance.percent(60) { 1 + chance.below(4) } else { 0 });
    let mut plan = Plan { drafts: Vec::new(), checkpoints: Vec::new(), cases, shown: Shown::default() };
    let (mut at, mut is_seen, mut behind) = (BEGIN_MS, false, 0);
    // Seldom: openssl takes longer over one text than over the rest of a file.
    let discloses = chance.percent(6);
    while !is_seen || behind < tail {
        at += i64::try_from(chance.below(7_200_000))?;
        let stream = chance.of(&plan.cases);
        let stream = if plan.cases.len() > 1 && chance.percent(40) { plan.cases[0] } else { stream };
        let version = plan.drafts.iter().filter(|draft| draft.is_of(stream)).count() as u64 + 1;
        let is_shown = discloses && stream == plan.cases[0] && !is_seen;
        let what = event(chance, stream, version, is_shown.then_some(&mut plan.shown))?;
        plan.drafts.push(Draft { stream, recorded_ms: at, what });
        if is_seen {
            behind += 1;
            continue;
        }
        let own = plan.drafts.iter().filter(|draft| draft.is_of(plan.cases[0])).count();
        let is_last = plan.drafts.len() as u64 >= wanted && own >= 3;
        if is_last || chance.percent(15) {
            // As `yousu checkpoint` does; what another program signs may stand without.
            if chance.percent(80) {
                plan.drafts.push(Draft { stream: OWN_STREAM, recorded_ms: at, what: What::Heads });
            }
            plan.checkpoints.push((plan.drafts.len() as u64, is_last || chance.percent(80)));
            is_seen = is_last;
        } else if chance.percent(15) {
            plan.drafts.push(Draft { stream: OWN_STREAM, recorded_ms: at, what: What::Heads });
        }
    }
    Ok(plan)
}

/// A history: the operator signs and the witness cosigns as it goes on.
pub(crate) fn drawn<'k>(keys: &'k Keys, chance: &mut Chance, blind: bool) -> anyhow::Result<History<'k>> {
    let Plan { drafts, checkpoints, cases, shown } = plan(chance)?;
    let (log, watch) = (Log::of(drafts)?, Watch::new(keys, blind)?);
    let (mut all, mut cosigned, mut old) = (Vec::new(), Vec::new(), 0);
    for (size, is_shown) in checkpoints {
        let now = seconds(&log.drafts[..usize::try_from(size)?]);
        let note = signed(&log.checkpoint(size)?, &keys.operator, now)?;
        let note = if is_shown {
            let note = watch.ask(old, log.consistency(old, size)?, &note, now)??;
            cosigned.push((note.clone(), size));
            old = size;
            note
        } else {
            note
        };
        all.push((note, size));
    }
    let kept = chance.percent(60).then(|| all[chance.index(all.len())].clone());
    let (shown, case) = (Shown { kept, ..shown }, cases[0]);
    let (note, size) = &cosigned[cosigned.len() - 1];
    let mut cases = log.streams(*size);
    cases.retain(|stream| *stream != OWN_STREAM);
    let honest = log.evidence(case, note, *size, &shown)?;
    let honest_bytes = honest.encode();
    Ok(History { keys, log, watch, cosigned, shown, case, cases, honest, honest_bytes })
}
