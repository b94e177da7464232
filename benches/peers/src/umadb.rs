//! UmaDB's core, in process: its own writer thread, which commits whoever waits together.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{mpsc, oneshot, watch};
use umadb_core::{
    db::UmaDb,
    mvcc::{Mvcc, StorageOptions},
    writer_thread_blocking::writer_thread_blocking,
    writer_thread_request::WriterThreadRequest,
};
use umadb_dcb::{DcbAppendCondition, DcbEvent, DcbEventStoreSync as _, DcbQuery, DcbQueryItem};

use crate::{Store, drive};

/// The most events of one commit.
const GROUP: usize = 1_000;

pub(crate) struct Peer {
    store: Arc<UmaDb>,
    requests: mpsc::Sender<WriterThreadRequest>,
    /// Where each case's last event stands: what its caller would know.
    last: Mutex<BTreeMap<u64, u64>>,
}

impl Peer {
    pub(crate) fn open(dir: &Path) -> anyhow::Result<Self> {
        // It says how it was opened on standard output, which is for the table.
        let mvcc = Arc::new(Mvcc::new(false, StorageOptions::default().db_path(dir.join("uma.db")))?);
        let (requests, receive) = mpsc::channel(4 * GROUP);
        let (head, _) = watch::channel(None);
        let writing = Arc::clone(&mvcc);
        std::thread::spawn(move || writer_thread_blocking(writing, receive, head, GROUP));
        Ok(Self { store: Arc::new(UmaDb::from_arc(mvcc)), requests, last: Mutex::default() })
    }

    fn query(case: u64) -> DcbQuery {
        DcbQuery::new().item(DcbQueryItem::new().tags([drive::stream(case).to_string()]))
    }

    async fn read(&self, query: Option<DcbQuery>) -> anyhow::Result<u64> {
        let store = Arc::clone(&self.store);
        let read = tokio::task::spawn_blocking(move || {
            const PAGE: u32 = 4_096;
            let (mut count, mut start) = (0, None);
            loop {
                let (events, _) = store.read_with_head(query.clone(), start, false, Some(PAGE))?;
                for event in &events {
                    let body: serde_json::Value = serde_json::from_slice(&event.event.data)?;
                    count += u64::from(body.is_object());
                }
                match events.last() {
                    Some(last) if events.len() == PAGE as usize => start = Some(last.position + 1),
                    _ => return Ok(count),
                }
            }
        });
        read.await?
    }
}

#[async_trait::async_trait]
impl Store for Peer {
    async fn append(&self, case: u64, _: u64, kind: &'static str, body: Vec<u8>) -> anyhow::Result<()> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).get(&case).copied();
        let event = DcbEvent::new().event_type(kind).data(body).tags([drive::stream(case).to_string()]);
        let condition = DcbAppendCondition::new(Self::query(case)).after(last);
        let (response_tx, answer) = oneshot::channel();
        let request = WriterThreadRequest::Append {
            events: vec![event],
            condition: Some(condition),
            tracking_info: None,
            response_tx,
            cancel: None,
        };
        self.requests.send(request).await.map_err(|_| anyhow::anyhow!("the writer thread ended"))?;
        let position = answer.await??;
        self.last.lock().unwrap_or_else(PoisonError::into_inner).insert(case, position);
        Ok(())
    }

    async fn load(&self, case: u64) -> anyhow::Result<u64> {
        self.read(Some(Self::query(case))).await
    }

    async fn replay(&self) -> anyhow::Result<u64> {
        self.read(None).await
    }
}
