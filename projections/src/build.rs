//! Views from nothing: the whole of a centre's log folded into files that nobody reads yet.
//!
//! Nobody reads them and a file that was not finished is thrown away, so rows need not be in the file after every batch: they
//! stay in hand while there is room and are written when they have not been touched for long, or at the end. Each row is so
//! parsed and written about once, however many events changed it; and memory stays bounded, however long the log.

use event_log::{Centre, EventLog};
use futures_util::future::try_join_all;

use crate::{
    Stop, ViewError,
    advance::{Batch, Scope, beside, decode, facts, stop},
    file::File,
    hand::{Hand, Stored},
};

/// What a rebuild may hold in memory for each view. More is faster, and never another result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Events that are folded at a time; two more batches are under way.
    pub batch_events: u32,
    /// Rows that stay in hand from batch to batch.
    pub rows: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { batch_events: 2_000, rows: 4_000 }
    }
}

/// A view's new file, and the rows that are not in it yet.
struct Building<'a> {
    /// Its place among the files.
    index: usize,
    file: &'a File,
    hand: Box<dyn Hand>,
}

/// Folds a centre's log into these files, which hold nothing of it, and returns how far it went.
pub(crate) async fn build(
    files: &[&File],
    log: &dyn EventLog,
    centre: &Centre,
    room: Room,
    mut progress: impl FnMut(u64),
) -> Result<u64, ViewError> {
    if files.is_empty() {
        return Ok(0);
    }
    let mut all = Vec::with_capacity(files.len());
    for (index, file) in files.iter().enumerate() {
        let mut hand = (file.view.hand)();
        hand.take(Stored::nothing()).map_err(|source| file.bad_row(source))?;
        all.push(Building { index, file, hand });
    }
    // Three batches are under way: one is folded while the next is decoded and the one after it is read.
    let read = async |after| Ok::<_, ViewError>(log.read_centre(centre, after, room.batch_events).await?);
    let (mut reached, mut batch, mut ahead) = (0, Batch::default(), read(0).await?);
    while !(batch.is_empty() && ahead.is_empty()) {
        let (last, end) = (batch.last_position(), ahead.last().map(|event| event.position));
        let fold = try_join_all(all.into_iter().map(|building| building.add(centre, &batch, room.rows)));
        let after = async {
            let Some(end) = end else { return Ok(Vec::new()) };
            read(end).await
        };
        let (folded, decoded, after) = tokio::join!(fold, decode(files, centre, ahead), after);
        (all, batch, ahead) = (folded?, decoded, after?);
        if let Some(last) = last {
            reached = last;
            progress(last);
        }
    }
    try_join_all(all.into_iter().map(|building| building.finish(centre, reached))).await?;
    Ok(reached)
}

impl<'a> Building<'a> {
    async fn add(self, centre: &Centre, batch: &Batch, most_rows: usize) -> Result<Self, ViewError> {
        let Some(last) = batch.last_position() else { return Ok(self) };
        let Self { index, file, mut hand } = self;
        let (view, of) = (file.view, batch.clone());
        let (hand_back, scope, missing) = beside(batch.len(), move || {
            let scope = Scope::of((index, view), &of, 0);
            let missing = hand.missing(&scope.keys);
            (hand, scope, missing)
        })
        .await;
        hand = hand_back;
        if let Some((at, why)) = scope.stopped {
            return Err(stop(view, centre, &batch[at], why).into());
        }
        let stored = if missing.is_empty() { Vec::new() } else { file.rows_of(centre, &missing).await? };
        let of = batch.clone();
        let folded = beside(batch.len(), move || {
            hand.put_back(stored)?;
            let disagrees = hand.fold(&facts(index, &of, (0, last)));
            Ok((disagrees, hand.make_room(scope.keys, most_rows)?, hand))
        });
        let (disagrees, put_down, hand) = folded.await.map_err(|source| file.bad_row(source))?;
        if let Some(read) = disagrees.and_then(|position| batch.iter().find(|read| read.position == position)) {
            return Err(stop(view, centre, read, Stop::DISAGREES.to_owned()).into());
        }
        if let Some(changed) = put_down {
            // The checkpoint goes before the rows in hand. It only counts once all of them are there.
            file.begin(centre).await?.commit(last, Some(changed)).await?;
        }
        Ok(Self { index, file, hand })
    }

    async fn finish(self, centre: &Centre, reached: u64) -> Result<(), ViewError> {
        let Self { file, mut hand, .. } = self;
        let changed = tokio::task::spawn_blocking(move || hand.changed());
        let changed = changed.await.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()));
        let changed = changed.map_err(|source| file.bad_row(source))?;
        file.begin(centre).await?.commit(reached, Some(changed)).await
    }
}
