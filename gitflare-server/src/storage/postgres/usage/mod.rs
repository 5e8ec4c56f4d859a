//! The usage log in PostgreSQL: rows in a partition for each day, and counts of each client and each
//! tenant by hour and by day. Rows are stored in groups, and counted in the transaction that stores
//! them; a read is answered when its group is committed, so that neither the end of a node nor of
//! its machine loses what was answered.

mod counts;
mod partitions;
mod read;
mod rows;
mod writer;

use async_trait::async_trait;
use gitflare_core::{
    Result, Timestamp,
    storage::{UsageQuery, UsageRow, UsageStore, UsageSummary},
};

use super::Database;
use read::Reader;
#[cfg(feature = "server")]
pub(super) use rows::storable;
use writer::Writer;

const HOUR_MILLIS: i64 = 3_600_000;
const DAY_MILLIS: i64 = 24 * HOUR_MILLIS;
/// The periods that are counted.
const HOUR: &str = "hour";
const DAY: &str = "day";

/// A handle to the log.
#[derive(Debug)]
pub(super) struct UsageLog {
    database: Database,
    writer: Writer,
}

impl UsageLog {
    /// Starts to store what is recorded.
    pub(super) fn start(database: Database) -> Self {
        Self {
            writer: Writer::start(database.clone()),
            database,
        }
    }

    /// Stores and counts rows at once, those aside that are stored already.
    #[cfg(feature = "server")]
    pub(super) async fn store(&self, rows: &[UsageRow]) -> Result<()> {
        Ok(writer::store(&self.database, rows).await?)
    }

    pub(super) fn is_healthy(&self) -> bool {
        self.writer.is_healthy()
    }

    /// Stores what waits and takes no more.
    pub(super) async fn close(&self) -> Result<()> {
        self.writer.close().await
    }
}

#[async_trait]
impl UsageStore for UsageLog {
    async fn record(&self, row: UsageRow) -> Result<()> {
        self.writer.record(row).await
    }

    /// What was recorded is committed.
    async fn flush(&self) -> Result<()> {
        Ok(())
    }

    async fn list(
        &self,
        query: &UsageQuery,
        offset: u64,
        limit: usize,
    ) -> Result<(Vec<UsageRow>, u64)> {
        let reader = Reader::begin(&self.database, query).await?;
        Ok(reader.list(offset, limit).await?)
    }

    async fn summary(&self, query: &UsageQuery, top: usize) -> Result<UsageSummary> {
        let reader = Reader::begin(&self.database, query).await?;
        Ok(reader.summary(top).await?)
    }

    async fn purge(&self, before: Timestamp, limit: usize) -> Result<usize> {
        let hour = before.as_millis().div_euclid(HOUR_MILLIS);
        Ok(partitions::purge(&self.database, hour, limit).await?)
    }

    async fn rebuild(&self, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<()> {
        Ok(counts::rebuild(&self.database, progress).await?)
    }
}
