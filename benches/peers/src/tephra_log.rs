//! tephra, in process: its coordinator commits whoever waits together.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Mutex, PoisonError},
};

use tephra::{
    AppendCondition, Event, EventType, Position, Query, QueryItem, SegmentConfig, SegmentSet, Tag, Tags,
    WriteCoordinator, WriteHandle, WriterConfig,
};

use crate::{Store, drive};

const SEGMENT_BYTES: usize = 256 << 20;

pub(crate) struct Peer {
    handle: WriteHandle,
    /// Where each case's last event stands: what its caller would know.
    last: Mutex<BTreeMap<u64, Position>>,
    _coordinator: WriteCoordinator,
}

impl Peer {
    pub(crate) fn open(dir: &Path) -> anyhow::Result<Self> {
        let set = SegmentSet::open(dir.join("tephra"), SegmentConfig::new(SEGMENT_BYTES))?;
        let (coordinator, handle) = WriteCoordinator::start(set, WriterConfig::default())?;
        Ok(Self { handle, last: Mutex::default(), _coordinator: coordinator })
    }

    fn tags(case: u64) -> anyhow::Result<Tags> {
        Ok(Tags::new([Tag::new(drive::stream(case).to_string())?])?)
    }

    async fn read(&self, query: Query) -> anyhow::Result<u64> {
        let handle = self.handle.clone();
        let read = tokio::task::spawn_blocking(move || {
            let (mut count, mut events) = (0, handle.read(&query, Position::ZERO, None));
            while let Some(event) = events.next() {
                let body: serde_json::Value = serde_json::from_slice(event?.event.data())?;
                count += u64::from(body.is_object());
            }
            Ok(count)
        });
        read.await?
    }
}

#[async_trait::async_trait]
impl Store for Peer {
    async fn append(&self, case: u64, _: u64, kind: &'static str, body: Vec<u8>) -> anyhow::Result<()> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).get(&case).copied();
        let tags = Self::tags(case)?;
        let event = Event::new(&EventType::new(kind)?, &tags, &body)?;
        let condition = AppendCondition::new(Query::item(QueryItem::with_tags(tags)));
        let condition = match last {
            Some(last) => condition.after(last),
            None => condition,
        };
        let appended = self.handle.append_async(vec![event], Some(condition)).await?;
        self.last.lock().unwrap_or_else(PoisonError::into_inner).insert(case, appended.last);
        Ok(())
    }

    async fn load(&self, case: u64) -> anyhow::Result<u64> {
        self.read(Query::item(QueryItem::with_tags(Self::tags(case)?))).await
    }

    async fn replay(&self) -> anyhow::Result<u64> {
        self.read(Query::all()).await
    }
}
