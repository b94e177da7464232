//! Sending leaves to a witness that keeps a copy of the log.

use std::{fmt, time::Duration};

use event_log::{Centre, EventLog, LogError};
use tokio::time::Instant;
use transparency::{
    Checkpoint,
    leaves::{HELD_TYPE, Upload},
    tree::consistency_plan,
};

use super::{Answer, post};

/// How long one witness is sent leaves of one log, at each checkpoint: the others wait meanwhile, and the rest goes with the next.
const TIME_WANTED: Duration = Duration::from_secs(20);

/// Leaves in one upload, if they are small.
const LEAVES: u32 = 1_024;

/// What came of it.
pub(super) enum Copied {
    /// It holds so many leaves of a tree of that size.
    To { held: u64, of: u64 },
    /// It keeps no copy.
    NotKept,
    /// It found that leaves are not what was signed, and that what it holds is.
    Refused(String),
    /// What it holds is not the beginning of this log: its files were altered, or those here.
    Differs(u64),
    /// There are no events here after so many that it holds, and it cosigned more.
    Missing(u64),
    /// They could not be sent.
    Failed(String),
    /// The log could not be read.
    Unread(LogError),
}

impl Copied {
    pub(super) fn is_whole(&self) -> bool {
        matches!(self, Self::To { held, of } if held == of)
    }

    pub(super) fn is_alarming(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Differs(_) | Self::Missing(_))
    }
}

impl fmt::Display for Copied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::To { held, of } if held == of => write!(f, "all {held} leaves are kept there"),
            Self::To { held, of } => write!(f, "{held} of {of} leaves are kept there, the next checkpoint sends more"),
            Self::NotKept => f.write_str(
                "no leaves are kept there, although witnesses.toml says so: have it started with --mirror, or take the line away",
            ),
            Self::Refused(why) => write!(
                f,
                "leaves NOT taken ({why}): the log is not what was signed any more; stop writing, run `yousu verify`, tell the auditor"
            ),
            Self::Differs(held) => write!(
                f,
                "leaves NOT taken: the {held} that are kept there are not the beginning of this log; have `yousu-witness check` run there and run `yousu verify` here, for one of the two was altered"
            ),
            Self::Missing(held) => write!(
                f,
                "leaves NOT sent: after {held} that are kept there this log has none, and it signed more; stop writing, run `yousu verify`, tell the auditor"
            ),
            Self::Failed(why) => write!(f, "leaves could not be sent ({why}), the next checkpoint tries again"),
            Self::Unread(error) => write!(f, "leaves could not be read here ({error}); run `yousu verify`"),
        }
    }
}

/// What a witness answered.
enum Answered {
    Holds {
        held: u64,
        of: u64,
    },
    Refused(String),
    /// It may have been too much at once.
    TooMuch(String),
    Ended(Copied),
}

/// Sends what the witness at this address does not hold yet of the tree that it just cosigned.
pub(super) async fn send(
    log: &dyn EventLog,
    centre: &Centre,
    checkpoint: &Checkpoint,
    url: &str,
) -> anyhow::Result<Copied> {
    let (begun, end) = (Instant::now(), log.head(centre).await?.position);
    let Checkpoint { origin, size, .. } = checkpoint;
    // An upload of nothing asks how far it is.
    let nothing = Upload { origin: origin.clone(), from: 0, size: 0, proof: Vec::new(), leaves: Vec::new() };
    let (mut upload, mut at, mut limit) = (nothing, None, LEAVES);
    loop {
        let (sent, is_late) = (upload.leaves.len(), begun.elapsed() > TIME_WANTED);
        let (held, of) = match post_leaves(url, &upload).await? {
            Answered::Holds { held, of } if held > of || of < *size || of > end => {
                return Ok(Copied::Failed(format!("it says that it holds {held} of {of}, which cannot be")));
            }
            Answered::Holds { held, of } if held == of || is_late || at == Some((held, of)) => {
                return Ok(Copied::To { held, of });
            }
            Answered::Holds { held, of } => (held, of),
            // What is held there stands without these leaves, or falls with what is there.
            Answered::Refused(why) if sent == 0 => {
                return Ok(at.map_or(Copied::Failed(why), |(held, _)| Copied::Differs(held)));
            }
            Answered::Refused(why) => {
                let Some((held, of)) = at else { return Ok(Copied::Failed(why)) };
                let probe = next(log, centre, origin, (held, of), 0).await;
                return Ok(match probe {
                    Ok(probe) => match post_leaves(url, &probe).await? {
                        Answered::Refused(_) => Copied::Differs(held),
                        _ => Copied::Refused(why),
                    },
                    Err(error) => Copied::Unread(error),
                });
            }
            Answered::TooMuch(why) => match at {
                Some(at) if sent > 1 && !is_late => {
                    limit = limit.div_ceil(8);
                    at
                }
                _ => return Ok(Copied::Failed(why)),
            },
            Answered::Ended(copied) => return Ok(copied),
        };
        at = Some((held, of));
        upload = match next(log, centre, origin, (held, of), limit).await {
            Ok(upload) if upload.leaves.is_empty() => return Ok(Copied::Missing(held)),
            Ok(upload) => upload,
            Err(error) => return Ok(Copied::Unread(error)),
        };
    }
}

async fn post_leaves(url: &str, upload: &Upload) -> anyhow::Result<Answered> {
    let ended = |copied| Ok(Answered::Ended(copied));
    match post(format!("{url}add-leaves"), upload.encode()).await? {
        Err(error) => Ok(Answered::TooMuch(error.to_string())),
        Ok(Answer { status: 413, text, .. }) => Ok(Answered::TooMuch(text.trim_end().to_owned())),
        Ok(Answer { status: 200 | 409, kind: Some(kind), text }) if kind == HELD_TYPE => match sizes(&text) {
            Some((held, of)) => Ok(Answered::Holds { held, of }),
            None => ended(Copied::Failed(format!("`{}` are no two sizes", text.trim_end()))),
        },
        Ok(Answer { status: 404, .. }) => ended(Copied::NotKept),
        Ok(Answer { status: 422, text, .. }) => Ok(Answered::Refused(text.trim_end().to_owned())),
        Ok(Answer { status, text, .. }) => ended(Copied::Failed(format!("{status}: {}", text.trim_end()))),
    }
}

/// The next leaves after those that are held, proved to belong to the tree of size `of`.
async fn next(
    log: &dyn EventLog,
    centre: &Centre,
    origin: &str,
    (held, of): (u64, u64),
    limit: u32,
) -> Result<Upload, LogError> {
    let wanted = u32::try_from(of - held).unwrap_or(limit).min(limit);
    let leaves = log.read_leaves(centre, held, wanted).await?;
    let outside = |why: String| LogError::NotInTree { centre: centre.clone(), why };
    let plan = consistency_plan(held + leaves.len() as u64, of).map_err(|error| outside(error.to_string()))?;
    let proof = log.prove(centre, &plan).await?;
    Ok(Upload { origin: origin.to_owned(), from: held, size: of, proof, leaves })
}

fn sizes(text: &str) -> Option<(u64, u64)> {
    let (held, of) = text.trim_end().split_once(' ')?;
    Some((held.parse().ok()?, of.parse().ok()?))
}
