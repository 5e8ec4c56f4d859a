//! The clean-up queue in SQLite.

use async_trait::async_trait;
use gitflare_core::{
    Result, Timestamp,
    storage::{CleanupJob, CleanupKind, CleanupStore},
};
use rusqlite::Connection;

use super::{
    SqliteStorage, failed,
    rows::{every, run},
};
use crate::storage::sql::{cleanup, natural};

#[async_trait]
impl CleanupStore for SqliteStorage {
    async fn enqueue(&self, job: CleanupJob) -> Result<()> {
        self.write(move |connection| run(connection, &cleanup::enqueue(&job)).map(|_| ()))
            .await
    }

    async fn find(&self, kind: CleanupKind, subject: &str) -> Result<Option<CleanupJob>> {
        self.one(cleanup::find(kind, subject), |row| cleanup::job(row))
    }

    async fn begin(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<CleanupJob>> {
        // The worker looks every second; most of the time a read is all it costs.
        if !self.finds(cleanup::any_due(now))? {
            return Ok(Vec::new());
        }
        self.write(move |connection| {
            let begun = cleanup::begin(now, until, limit, "");
            let begun = every(connection, &begun, |row| cleanup::job(row));
            let mut begun = begun.map_err(|error| failed(&error))?;
            cleanup::in_order(&mut begun);
            Ok(begun)
        })
        .await
    }

    async fn count(&self) -> Result<u64> {
        let counted = self.one(cleanup::count(), |row| natural(row, 0))?;
        Ok(counted.unwrap_or_default())
    }

    async fn postpone(&self, kind: CleanupKind, subject: &str, at: Timestamp) -> Result<()> {
        let subject = subject.to_owned();
        self.write(move |connection| {
            run(connection, &cleanup::postpone(kind, &subject, at)).map(|_| ())
        })
        .await
    }

    async fn finish(&self, kind: CleanupKind, subject: &str) -> Result<()> {
        let subject = subject.to_owned();
        let take = move |connection: &Connection| {
            run(connection, &cleanup::finish(kind, &subject)).map(|_| ())
        };
        self.writer.erase(take).await
    }
}
