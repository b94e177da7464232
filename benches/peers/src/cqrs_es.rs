//! cqrs-es with its SQLite store: events as JSON, one transaction an append.

use std::path::Path;

use ::cqrs_es::{
    Aggregate, DomainEvent,
    event_sink::EventSink,
    persist::{PersistedEventRepository as _, SerializedEvent},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlite_es::SqliteEventRepository;
use sqlx_of_cqrs_es as sqlx;

use crate::{Store, drive};

/// As its migrations make it.
const SCHEMA: &str = "CREATE TABLE events (
    aggregate_type text NOT NULL, aggregate_id text NOT NULL, sequence integer CHECK (sequence >= 0) NOT NULL,
    event_type text NOT NULL, event_version text NOT NULL, payload text NOT NULL, metadata text NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, sequence)) STRICT;";

pub(crate) struct Peer(SqliteEventRepository);

impl Peer {
    pub(crate) async fn open(dir: &Path) -> anyhow::Result<Self> {
        // As `default_sqlite_pool` has it, but for what one acknowledgement is worth.
        let options = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(dir.join("cqrs-es.sqlite"))
            .create_if_missing(true)
            .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
            .synchronous(sqlx::sqlite::SqliteSynchronous::Full)
            .busy_timeout(std::time::Duration::from_secs(60))
            .foreign_keys(true);
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
        sqlx::raw_sql(SCHEMA).execute(&pool).await?;
        Ok(Self(SqliteEventRepository::new(pool)))
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Case;

/// An event's body as it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Told {
    public: Value,
    sealed: Vec<Value>,
}

impl DomainEvent for Told {
    fn event_type(&self) -> String {
        "told".to_owned()
    }
    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

impl Aggregate for Case {
    const TYPE: &'static str = "case";
    type Command = ();
    type Event = Told;
    type Error = std::convert::Infallible;
    type Services = ();

    async fn handle(&mut self, (): (), (): &(), _: &EventSink<Self>) -> Result<(), Self::Error> {
        Ok(())
    }
    fn apply(&mut self, _: Told) {}
}

#[async_trait::async_trait]
impl Store for Peer {
    async fn append(&self, case: u64, n: u64, kind: &'static str, body: Vec<u8>) -> anyhow::Result<()> {
        let event = SerializedEvent::new(
            drive::stream(case).to_string(),
            usize::try_from(n)? + 1,
            Case::TYPE.to_owned(),
            kind.to_owned(),
            "1".to_owned(),
            serde_json::from_slice(&body)?,
            Value::Object(serde_json::Map::new()),
        );
        Ok(self.0.persist::<Case>(&[event], None).await?)
    }

    async fn load(&self, case: u64) -> anyhow::Result<u64> {
        let events = self.0.get_events::<Case>(&drive::stream(case).to_string()).await?;
        let read = events.into_iter().map(|event| serde_json::from_value::<Told>(event.payload));
        Ok(read.collect::<Result<Vec<_>, _>>()?.len() as u64)
    }

    async fn replay(&self) -> anyhow::Result<u64> {
        let mut events = self.0.stream_all_events::<Case>().await?;
        let mut count = 0;
        while let Some(event) = events.next::<Case>(&[]).await {
            count += u64::from(event?.payload.public.is_object());
        }
        Ok(count)
    }
}
