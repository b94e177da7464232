//! One batch into one view: what came from any number of centres, their rows and checkpoints in one transaction.

use event_log::Centre;

use crate::{
    Recorded, Stop, ViewError,
    advance::{Batch, Read},
    file::{File, Reached, Wanted},
    fold::Use,
    registry::Kept,
};

/// So few are decoded and folded where they are: handing them to another thread costs more.
const HERE_EVENTS: usize = 64;

/// What came from one centre.
pub(crate) struct Part<'a> {
    pub(crate) centre: &'a Centre,
    pub(crate) batch: &'a Batch,
    /// The position after which it was read.
    pub(crate) read_after: u64,
}

/// Where the view then stands with a centre, and why it does not go on.
pub(crate) type Outcome = (u64, Option<Stop>);

/// A batch into a view; the outcome of each part. A part that it cannot take does not keep the others.
pub(crate) async fn apply((index, file): (usize, &File), parts: &[Part<'_>]) -> Result<Vec<Outcome>, ViewError> {
    if parts.is_empty() {
        return Ok(Vec::new());
    }
    let view = file.view;
    let events = parts.iter().map(|part| part.batch.len()).sum();
    let mut writing = file.begin(&parts.iter().map(|part| part.centre).collect::<Vec<_>>()).await?;
    let mut outcomes: Vec<Outcome> = parts.iter().map(|part| (writing.position(part.centre), None)).collect();

    let of: Vec<_> =
        parts.iter().zip(&outcomes).map(|(part, (checkpoint, _))| (part.batch.clone(), *checkpoint)).collect();
    let scopes = beside(events, move || {
        of.iter().map(|(batch, checkpoint)| Scope::of((index, view), batch, *checkpoint)).collect::<Vec<_>>()
    });
    let (mut wanted, mut to_fold, mut moving) = (Vec::new(), Vec::new(), Vec::new());
    for (of, (part, mut scope)) in parts.iter().zip(scopes.await).enumerate() {
        let (checkpoint, stopped) = &mut outcomes[of];
        if part.batch.first().is_none_or(|read| read.position > *checkpoint + 1) {
            // If somebody put an older file in this one's place, what lies between has to be read first.
            if let Some(read) = part.batch.first().filter(|_| *checkpoint >= part.read_after) {
                let why = format!("the log has nothing at position {}: run `yousu verify`", *checkpoint + 1);
                *stopped = Some(stop(view, part.centre, read, why));
            }
            continue;
        }
        *stopped = scope.stopped.take().map(|(at, why)| stop(view, part.centre, &part.batch[at], why));
        if scope.reached == *checkpoint {
            continue;
        }
        moving.push((of, scope.reached, scope.has_facts));
        if scope.has_facts {
            scope.keys.sort_unstable();
            scope.keys.dedup();
            wanted.push(Wanted { centre: part.centre, keys: scope.keys, with_set_up: scope.with_set_up });
            to_fold.push((part.batch.clone(), (*checkpoint, scope.reached)));
        }
    }

    let stored = if wanted.is_empty() { Vec::new() } else { writing.stored(&wanted).await? };
    let folded = beside(events, move || {
        let each = to_fold.iter().zip(stored).map(|((batch, between), stored)| {
            let mut hand = (view.hand)();
            hand.take(stored)?;
            let disagrees = hand.fold(&facts(index, batch, *between));
            Ok((disagrees, hand.changed()?))
        });
        each.collect::<Result<Vec<_>, _>>()
    });
    let mut folded = folded.await.map_err(|source| file.bad_row(source))?.into_iter();
    let mut reached = Vec::with_capacity(moving.len());
    for (of, position, has_facts) in moving {
        let Part { centre, batch, .. } = parts[of];
        let (disagrees, changed) = if has_facts { folded.next().unzip() } else { (None, None) };
        if let Some(read) = disagrees.flatten().and_then(|at| batch.iter().find(|read| read.position == at)) {
            outcomes[of].1 = Some(stop(view, centre, read, Stop::DISAGREES.to_owned()));
        } else {
            outcomes[of].0 = position;
            reached.push(Reached { centre, position, changed });
        }
    }
    if reached.is_empty() {
        writing.leave().await?;
    } else {
        writing.commit(reached).await?;
    }
    Ok(outcomes)
}

pub(crate) fn stop(view: &Kept, centre: &Centre, at: &Read, why: String) -> Stop {
    Stop { view: view.name, centre: centre.clone(), position: at.position, kind: at.kind.clone(), why }
}

/// How far a view can take a batch, and what it needs for that.
pub(crate) struct Scope {
    /// The rows that it may touch, as often as they are named.
    pub(crate) keys: Vec<String>,
    has_facts: bool,
    with_set_up: bool,
    reached: u64,
    /// Where in the batch it stops, and why.
    pub(crate) stopped: Option<(usize, String)>,
}

impl Scope {
    pub(crate) fn of((index, view): (usize, &Kept), batch: &[Read], checkpoint: u64) -> Self {
        let mut scope =
            Self { keys: Vec::new(), has_facts: false, with_set_up: false, reached: checkpoint, stopped: None };
        for (at, read) in batch.iter().enumerate().filter(|(_, read)| read.position > checkpoint) {
            match (read.uses[index], &read.fact) {
                (Use::Unknown, _) => scope.stopped = Some((at, "the view does not know this type".to_owned())),
                (Use::Fields | Use::Clocks, Some(Err(error))) => scope.stopped = Some((at, error.to_string())),
                (Use::Fields | Use::Clocks, Some(Ok(fact))) => {
                    scope.has_facts = true;
                    scope.with_set_up |= fact.case().is_none();
                    scope.keys.extend((view.keys)(fact));
                }
                (Use::Fields | Use::Clocks | Use::Nothing, _) => {}
            }
            if scope.stopped.is_some() {
                break;
            }
            scope.reached = read.position;
        }
        scope
    }
}

/// What a view is told of a batch, after a position and up to another.
pub(crate) fn facts(index: usize, batch: &[Read], (after, reached): (u64, u64)) -> Vec<(&Recorded, Use)> {
    let within = batch.iter().filter(|read| read.position > after && read.position <= reached);
    let wanted = within.filter(|read| matches!(read.uses[index], Use::Fields | Use::Clocks));
    wanted.filter_map(|read| Some((read.fact.as_ref()?.as_ref().ok()?, read.uses[index]))).collect()
}

/// Runs something on a thread of its own if it is long.
pub(crate) async fn beside<T: Send + 'static>(events: usize, run: impl FnOnce() -> T + Send + 'static) -> T {
    if events <= HERE_EVENTS {
        return run();
    }
    // It can only have panicked, and then this is where it goes on.
    tokio::task::spawn_blocking(run).await.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()))
}
