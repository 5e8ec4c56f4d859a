//! The security audit in PostgreSQL.

use async_trait::async_trait;
use gitflare_core::{
    Result, Timestamp,
    storage::{AuditEntry, AuditStore, ListRange},
};

use super::PostgresStorage;
use crate::storage::sql::audit;

#[async_trait]
impl AuditStore for PostgresStorage {
    async fn append(&self, entry: AuditEntry) -> Result<()> {
        self.run(audit::insert(&entry)).await.map(|_| ())
    }

    async fn list(&self, range: ListRange<'_>) -> Result<Vec<AuditEntry>> {
        self.all(audit::list(range), audit::entry).await
    }

    async fn purge(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.run(audit::purge(before, limit)).await
    }
}
