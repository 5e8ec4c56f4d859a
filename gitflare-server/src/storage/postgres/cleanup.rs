//! The clean-up queue in PostgreSQL. Jobs that another node is just beginning are passed by.

use async_trait::async_trait;
use gitflare_core::{
    Result, Timestamp,
    storage::{CleanupJob, CleanupKind, CleanupStore},
};

use super::PostgresStorage;
use crate::storage::sql::{cleanup, natural};

#[async_trait]
impl CleanupStore for PostgresStorage {
    async fn enqueue(&self, job: CleanupJob) -> Result<()> {
        self.run(cleanup::enqueue(&job)).await.map(|_| ())
    }

    async fn find(&self, kind: CleanupKind, subject: &str) -> Result<Option<CleanupJob>> {
        self.one(cleanup::find(kind, subject), cleanup::job).await
    }

    async fn begin(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<CleanupJob>> {
        if !self.finds(cleanup::any_due(now)).await? {
            return Ok(Vec::new());
        }
        let lock = " FOR UPDATE SKIP LOCKED";
        let session = self.database.session().await?;
        let begun = session.all(cleanup::begin(now, until, limit, lock), cleanup::job);
        let mut begun = begun.await?;
        cleanup::in_order(&mut begun);
        Ok(begun)
    }

    async fn count(&self) -> Result<u64> {
        let counted = self.one(cleanup::count(), |row| natural(row, 0)).await?;
        Ok(counted.unwrap_or_default())
    }

    async fn postpone(&self, kind: CleanupKind, subject: &str, at: Timestamp) -> Result<()> {
        let postponed = self.run(cleanup::postpone(kind, subject, at)).await;
        postponed.map(|_| ())
    }

    async fn finish(&self, kind: CleanupKind, subject: &str) -> Result<()> {
        self.run(cleanup::finish(kind, subject)).await.map(|_| ())
    }
}
