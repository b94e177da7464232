//! evento with its SQLite store: events in bitcode, the version looked up and the event inserted.

use std::{path::Path, sync::Arc};

use evento::{
    EventFilter, Executor as _, TenantFilter,
    cursor::Args,
    migrator::{Migrate as _, Plan},
};

use crate::{Store, drive};

#[evento::aggregate(name = "case")]
pub(crate) enum Case {
    Told { body: String },
}

/// Events of one read.
const PAGE: u16 = 4_096;

pub(crate) struct Peer(evento::Sqlite);

impl Peer {
    pub(crate) async fn open(dir: &Path) -> anyhow::Result<Self> {
        let options = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(dir.join("evento.sqlite"))
            .create_if_missing(true)
            .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
            .synchronous(sqlx::sqlite::SqliteSynchronous::Full)
            .busy_timeout(std::time::Duration::from_secs(60));
        let pool = sqlx::sqlite::SqlitePoolOptions::new()
            .max_connections(10)
            .acquire_timeout(std::time::Duration::from_secs(120))
            .after_connect(|connection, _| {
                Box::pin(async move {
                    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(connection).await?;
                    if synchronous == 2 { Ok(()) } else { Err(sqlx::Error::Protocol("synchronous is not FULL".into())) }
                })
            })
            .connect_with(options)
            .await?;
        let mut connection = pool.acquire().await?;
        evento::sql_migrator::new::<sqlx::Sqlite>()?.run(&mut *connection, &Plan::apply_all()).await?;
        drop(connection);
        Ok(Self(pool.into()))
    }

    async fn read(&self, filter: EventFilter) -> anyhow::Result<u64> {
        let filter: Arc<[EventFilter]> = Arc::from([filter]);
        let (mut count, mut after) = (0, None);
        loop {
            let page = Args::forward(PAGE, after);
            let read = self.0.read(Some(Arc::clone(&filter)), None, TenantFilter::All, page, None).await?;
            for edge in &read.edges {
                let told: Told = bitcode::decode(&edge.node.data)?;
                count += u64::from(!told.body.is_empty());
            }
            after = read.page_info.end_cursor;
            if !read.page_info.has_next_page {
                return Ok(count);
            }
        }
    }
}

#[async_trait::async_trait]
impl Store for Peer {
    async fn append(&self, case: u64, n: u64, _: &'static str, body: Vec<u8>) -> anyhow::Result<()> {
        let told = Told { body: String::from_utf8(body)? };
        let mut append = evento::append(drive::stream(case).to_string());
        append.original_version(u16::try_from(n)?).event(&told).commit(&self.0).await?;
        Ok(())
    }

    async fn load(&self, case: u64) -> anyhow::Result<u64> {
        self.read(EventFilter::by_id_raw("case", drive::stream(case).to_string())).await
    }

    async fn replay(&self) -> anyhow::Result<u64> {
        self.read(EventFilter::by_type_raw("case")).await
    }
}
