//! When the server is gone: is all of it there?

use std::{collections::BTreeMap, path::Path};

use event_log::{Access, Centre};
use faults::command_of;
use uuid::Uuid;

use crate::lives::CENTRES;

/// What became of it.
#[derive(Debug, Default)]
pub struct Outcome {
    pub acknowledged: u64,
    pub refused: u64,
    pub failed: u64,
    /// Due and never sent: the server was too slow.
    pub unsent: u64,
    /// Reads that were answered otherwise than with 200.
    pub unread: u64,
    /// Acknowledged and not in the log at the position that was named.
    pub lost: u64,
    /// Events that the views had not seen at the end, after they were waited for.
    pub lag: u64,
    /// Faults that `verify` found.
    pub faults: u64,
}

impl Outcome {
    /// Nothing that must not be. Slowness is for the reader of the figures.
    pub fn is_clean(&self) -> bool {
        (self.lost, self.lag, self.faults, self.failed, self.unread) == (0, 0, 0, 0, 0)
    }
}

/// An acknowledged command: where it says that it stands.
pub(crate) struct Acknowledged {
    pub(crate) command: Uuid,
    pub(crate) centre: usize,
    pub(crate) position: u64,
}

/// Reads the log that the server left, as an auditor would.
pub(crate) async fn inspect(data: &Path, acknowledged: &[Acknowledged], outcome: &mut Outcome) -> anyhow::Result<()> {
    let log = event_log::open(&format!("sqlite:{}", data.join("log.sqlite").display()), Access::Read).await?;
    let report = log.verify(&mut |_| ()).await?;
    outcome.faults = report.faults.len() as u64 + report.more_faults;
    for (place, code) in CENTRES.iter().enumerate() {
        let own = acknowledged.iter().filter(|done| done.centre == place);
        let mut wanted: BTreeMap<u64, Uuid> = own.map(|done| (done.position, done.command)).collect();
        let (centre, mut after) = (Centre::new(code)?, 0);
        loop {
            let events = log.read_centre(&centre, after, 4_000).await?;
            let Some(last) = events.last() else { break };
            after = last.position;
            for event in &events {
                if let Some(command) = wanted.get(&event.position)
                    && command_of(&event.body)? == *command
                {
                    wanted.remove(&event.position);
                }
            }
        }
        outcome.lost += wanted.len() as u64;
    }
    log.close().await;
    Ok(())
}
