//! The witnesses that a centre's checkpoints are shown to: `DIR/witnesses.toml` names them, `DIR/checkpoints/` keeps what they signed
//! last, and `DIR/checkpoints/<centre>/` what they signed of each size.
//!
//! ```toml
//! quorum = 1                       # so many cosignatures a checkpoint should have
//!
//! [[witness]]
//! url = "http://127.0.0.1:8405/"   # TLS by a tunnel in between, as for `serve`
//! keys = ["jiwei+5f0a…+…"]         # as `yousu-witness keys` printed them
//! mirror = true                    # send it every leaf, if it was started with --mirror; not without this line
//! ```
//!
//! A witness that remembers less than it once signed was put back to an older state; one that remembers more than the log has saw
//! events that are gone here. Neither is this program's to mend: it says so.

mod copies;
mod kept;

use std::{
    collections::BTreeSet,
    fmt,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use event_log::{Centre, EventLog};
use serde::Deserialize;
use transparency::{
    Checkpoint,
    evidence::ORIGIN,
    note::{Note, Signature, VerifierKey},
    request::{Request, SIZE_TYPE},
    tree::consistency_plan,
};

use self::{
    copies::Copied,
    kept::{Kept, Unread},
};

/// How long a witness may take.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// The most bytes of an answer that are read.
const ANSWER_LIMIT_BYTES: u64 = 64 << 10;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    quorum: usize,
    #[serde(default)]
    witness: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    url: String,
    keys: Vec<String>,
    #[serde(default)]
    mirror: bool,
}

/// All witnesses of an installation.
pub(crate) struct Witnesses {
    pub(crate) quorum: usize,
    all: Vec<Witness>,
    kept: Kept,
    /// Those that could not be reached: they are not waited for a second time, for the next log.
    away: Mutex<BTreeSet<String>>,
}

struct Witness {
    name: String,
    /// Ends with a slash.
    url: String,
    keys: Vec<VerifierKey>,
    /// It is to keep a copy of the log.
    mirror: bool,
}

/// What came of asking one.
pub(crate) struct Asked {
    pub(crate) name: String,
    pub(crate) outcome: Outcome,
    /// It remembered less than it had signed.
    pub(crate) rolled_back: Option<RolledBack>,
    /// What came of sending it leaves, if it is to keep a copy.
    copied: Option<Copied>,
}

/// A witness was put back to an older state.
pub(crate) struct RolledBack {
    remembers: u64,
    signed: u64,
}

pub(crate) enum Outcome {
    Cosigned(Vec<Signature>),
    /// It remembers a larger tree than the log has.
    Ahead(u64),
    /// A larger checkpoint of this log was shown to it meanwhile.
    Overtaken(u64),
    /// It found that the checkpoint does not follow, or would not sign for another reason.
    Refused(u16, String),
    Unreachable(String),
    /// It answered something that proves nothing.
    Nonsense(String),
    /// It was not asked: what it signed last could not be read here.
    Unread(Unread),
    /// It cosigned, and that could not be kept here.
    Unkept(String),
}

impl Asked {
    pub(crate) fn is_cosigned(&self) -> bool {
        matches!(self.outcome, Outcome::Cosigned(_) | Outcome::Unkept(_))
    }

    /// Whether it cosigned, and nobody will know here the next time.
    pub(crate) fn is_unkept(&self) -> bool {
        matches!(self.outcome, Outcome::Unkept(_))
    }

    /// Whether it should hold leaves that it does not hold.
    pub(crate) fn lacks_leaves(&self) -> bool {
        self.copied.as_ref().is_some_and(|copied| !copied.is_whole())
    }

    /// Whether it is more than a witness that is not there just now.
    pub(crate) fn is_alarming(&self) -> bool {
        let is_one = matches!(
            self.outcome,
            Outcome::Ahead(_) | Outcome::Refused(409 | 422, _) | Outcome::Unread(Unread::Altered(_))
        );
        is_one || self.rolled_back.is_some() || self.copied.as_ref().is_some_and(Copied::is_alarming)
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "witness {}: ", self.name)?;
        if let Some(RolledBack { remembers, signed }) = &self.rolled_back {
            write!(
                f,
                "it remembers size {remembers} and had signed {signed}: it was put back to an older state, tell whoever runs it; "
            )?;
        }
        match &self.outcome {
            Outcome::Cosigned(_) => f.write_str("cosigned"),
            Outcome::Ahead(size) => write!(
                f,
                "it remembers size {size}, which is more than this log has: events are gone here (an older backup was put in place?); stop writing and tell the auditor"
            ),
            Outcome::Overtaken(size) => write!(f, "not cosigned: a checkpoint of size {size} came before this one"),
            Outcome::Refused(409 | 422, why) => {
                write!(
                    f,
                    "NOT cosigned, and kept there as evidence: {why}; stop writing, run `yousu verify` with your checkpoints, tell the auditor"
                )
            }
            Outcome::Refused(status, why) => write!(f, "not cosigned ({status}): {why}"),
            Outcome::Unreachable(why) => write!(f, "cannot be reached ({why}); the next checkpoint tries again"),
            Outcome::Nonsense(why) => write!(f, "its answer proves nothing: {why}"),
            Outcome::Unread(Unread::Altered(why)) => write!(
                f,
                "NOT asked: {why}: what is kept of its last cosignature was altered, or its keys are others now; keep that file elsewhere, and tell the auditor unless you know why"
            ),
            Outcome::Unread(Unread::Unreadable(why)) => {
                write!(f, "not asked, because what it signed last cannot be read here ({why}); mend that and try again")
            }
            Outcome::Unkept(why) => write!(
                f,
                "cosigned, but that could not be kept here ({why}): until it is, nobody sees it if the witness is put back; mend that and try again"
            ),
        }?;
        self.copied.as_ref().map_or(Ok(()), |copied| write!(f, "; {copied}"))
    }
}

impl Witnesses {
    /// The witnesses of a data directory; none if no file names any.
    pub(crate) fn of(data: &Path) -> anyhow::Result<Self> {
        let (path, kept) = (data.join("witnesses.toml"), Kept::of(data));
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self { quorum: 0, all: Vec::new(), kept, away: Mutex::default() });
            }
            Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
        };
        let told = || format!("{} does not name witnesses as docs/witnesses.md shows it", path.display());
        let File { quorum, witness } = toml::from_str(&text).with_context(told)?;
        let all = witness.into_iter().map(Witness::read).collect::<anyhow::Result<Vec<_>>>().with_context(told)?;
        are_distinct(&all).with_context(told)?;
        anyhow::ensure!(
            quorum <= all.len(),
            "{}: {quorum} cosignatures are wanted of {} witnesses",
            path.display(),
            all.len()
        );
        Ok(Self { quorum, all, kept, away: Mutex::default() })
    }

    /// Shows a checkpoint to all of them, one after the other, and adds what they signed to the note.
    pub(crate) async fn ask(
        &self,
        log: &dyn EventLog,
        centre: &Centre,
        checkpoint: &Checkpoint,
        note: &mut Note,
    ) -> anyhow::Result<Vec<Asked>> {
        let signed = note.clone();
        let mut answers = Vec::with_capacity(self.all.len());
        for witness in &self.all {
            let file = self.kept.file(centre, &witness.name);
            let is_away = self.away().contains(&witness.name);
            let mut asked = match file.size(checkpoint, &witness.keys) {
                Ok(_) if is_away => {
                    let outcome = Outcome::Unreachable("as a moment ago".to_owned());
                    witness.asked(outcome)
                }
                Ok(size) => witness.ask(log, centre, checkpoint, &signed, size).await?,
                Err(unread) => witness.asked(Outcome::Unread(unread)),
            };
            if let Outcome::Cosigned(lines) = asked.outcome {
                let mut own = signed.clone();
                for line in &lines {
                    own.add(line.clone());
                    note.add(line.clone());
                }
                asked.outcome = match file.write(&own) {
                    Ok(()) => Outcome::Cosigned(lines),
                    Err(error) => Outcome::Unkept(format!("{}: {error}", file.path().display())),
                };
            }
            if matches!(asked.outcome, Outcome::Unreachable(_)) {
                self.away().insert(witness.name.clone());
            }
            answers.push(asked);
        }
        if answers.iter().any(Asked::is_cosigned)
            && let Err(why) = self.kept.add(centre, checkpoint.size, note)
        {
            let cosigned = answers.iter_mut().filter(|asked| asked.is_cosigned());
            cosigned.for_each(|asked| asked.outcome = Outcome::Unkept(why.clone()));
        }
        Ok(answers)
    }

    /// Sends leaves to those that cosigned this checkpoint and are to keep a copy, `asked` as [`ask`](Self::ask) answered it. It may
    /// take a while: whatever else there is to be signed and kept comes before.
    pub(crate) async fn send_leaves(
        &self,
        log: &dyn EventLog,
        centre: &Centre,
        checkpoint: &Checkpoint,
        asked: &mut [Asked],
    ) -> anyhow::Result<()> {
        for (witness, asked) in self.all.iter().zip(asked) {
            if witness.mirror && asked.is_cosigned() {
                asked.copied = Some(copies::send(log, centre, checkpoint, &witness.url).await?);
            }
        }
        Ok(())
    }

    fn away(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is nobody to show anything to.
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

/// Each of them counts once towards the quorum, here and for `yousu-verify`, which goes by names.
fn are_distinct(all: &[Witness]) -> anyhow::Result<()> {
    let (mut names, mut keys) = (BTreeSet::new(), BTreeSet::new());
    for Witness { name, keys: own, .. } in all {
        anyhow::ensure!(names.insert(name), "two witnesses are named `{name}`: only one of them would count");
        for key in own {
            // Under another name or for another kind of signature it is the same key still.
            anyhow::ensure!(keys.insert(key.bytes()), "a key of `{name}` stands there twice: it would count twice");
        }
    }
    Ok(())
}

impl Witness {
    fn read(Entry { url, keys, mirror }: Entry) -> anyhow::Result<Self> {
        let keys = keys.iter().map(|key| VerifierKey::parse(key)).collect::<Result<Vec<_>, _>>()?;
        let name = keys.first().context("a witness without keys")?.name().to_owned();
        anyhow::ensure!(
            keys.iter().all(|key| key.name() == name),
            "the keys of `{name}` have several names: a witness has one, under which it counts"
        );
        anyhow::ensure!(keys.iter().all(|key| key.until().is_none()), "a key of `{name}` has ended: leave it out");
        anyhow::ensure!(!name.starts_with(ORIGIN), "`{name}` is the name of a log, which is no witness of its own");
        anyhow::ensure!(
            url.starts_with("http://"),
            "`{url}`: http://HOST:PORT/ is wanted; TLS is for a tunnel in between"
        );
        Ok(Self { name, url: format!("{}/", url.trim_end_matches('/')), keys, mirror })
    }

    fn asked(&self, outcome: Outcome) -> Asked {
        Asked { name: self.name.clone(), outcome, rolled_back: None, copied: None }
    }

    async fn ask(
        &self,
        log: &dyn EventLog,
        centre: &Centre,
        checkpoint: &Checkpoint,
        note: &Note,
        signed: u64,
    ) -> anyhow::Result<Asked> {
        let (mut old, mut rolled_back) = (signed.min(checkpoint.size), None);
        // Once from where it is believed to be, once from where it says it is.
        for _ in 0..2 {
            let proof = log.prove(centre, &consistency_plan(old, checkpoint.size)?).await?;
            let request = Request { old, proof, note: note.clone(), checkpoint: checkpoint.clone() };
            let outcome = match post(format!("{}add-checkpoint", self.url), request.encode()).await? {
                Err(error) => Outcome::Unreachable(error.to_string()),
                Ok(Answer { status: 200, text, .. }) => self.cosignatures(note, &text),
                Ok(Answer { status: 409, kind: Some(kind), text }) if kind == SIZE_TYPE => {
                    match text.trim_end().parse::<u64>() {
                        Ok(remembers) => {
                            if remembers < signed {
                                rolled_back = Some(RolledBack { remembers, signed });
                            }
                            if remembers <= checkpoint.size && remembers != old {
                                old = remembers;
                                continue;
                            }
                            // Another run may have been faster; only what the log itself does not have is gone.
                            if remembers == old {
                                Outcome::Nonsense(format!("it remembers {remembers}, and was asked from there"))
                            } else if remembers <= log.head(centre).await?.position {
                                Outcome::Overtaken(remembers)
                            } else {
                                Outcome::Ahead(remembers)
                            }
                        }
                        Err(_) => Outcome::Nonsense(format!("`{}` is no size", text.trim_end())),
                    }
                }
                Ok(Answer { status, text, .. }) => Outcome::Refused(status, text.trim_end().to_owned()),
            };
            return Ok(Asked { rolled_back, ..self.asked(outcome) });
        }
        let outcome = Outcome::Nonsense("it says a size, and another when it is asked from there".to_owned());
        Ok(Asked { rolled_back, ..self.asked(outcome) })
    }

    /// The lines of an answer that hold, of the keys that are known.
    fn cosignatures(&self, note: &Note, text: &str) -> Outcome {
        let mut cosigned = match Note::new(note.text().to_owned()) {
            Ok(note) => note,
            Err(error) => return Outcome::Nonsense(error.to_string()),
        };
        text.lines().filter_map(Signature::parse).for_each(|line| cosigned.add(line));
        let is_known =
            |line: &&Signature| self.keys.iter().any(|key| key.name() == line.name && key.id() == line.key_id);
        let mut lines: Vec<Signature> = Vec::new();
        for line in cosigned.signatures().iter().filter(is_known) {
            // One of each key: a note may not grow without end.
            if !lines.iter().any(|taken| taken.key_id == line.key_id) {
                lines.push(line.clone());
            }
        }
        match cosigned.verified_by(0, &self.keys) {
            Ok(signers) if signers.is_empty() => Outcome::Nonsense("none of its known keys signed".to_owned()),
            Ok(_) => Outcome::Cosigned(lines),
            Err(error) => Outcome::Nonsense(error.to_string()),
        }
    }
}

struct Answer {
    status: u16,
    kind: Option<String>,
    text: String,
}

/// Posts this, on a thread that may wait.
async fn post(url: String, body: Vec<u8>) -> anyhow::Result<Result<Answer, ureq::Error>> {
    Ok(tokio::task::spawn_blocking(move || post_now(&url, &body)).await?)
}

fn post_now(url: &str, body: &[u8]) -> Result<Answer, ureq::Error> {
    let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(TIME_LIMIT));
    let mut answer = config.build().new_agent().post(url).content_type("text/plain; charset=utf-8").send(body)?;
    let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).map(str::to_owned);
    let text = answer.body_mut().with_config().limit(ANSWER_LIMIT_BYTES).read_to_string()?;
    Ok(Answer { status: answer.status().as_u16(), kind, text })
}

#[cfg(test)]
mod tests;
