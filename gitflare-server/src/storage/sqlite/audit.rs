//! The security audit in SQLite.

use async_trait::async_trait;
use gitflare_core::{
    Result, Timestamp,
    storage::{AuditEntry, AuditStore, ListRange},
};

use super::{SqliteStorage, rows::run};
use crate::storage::sql::audit;

#[async_trait]
impl AuditStore for SqliteStorage {
    async fn append(&self, entry: AuditEntry) -> Result<()> {
        self.write(move |connection| run(connection, &audit::insert(&entry)).map(|_| ()))
            .await
    }

    async fn list(&self, range: ListRange<'_>) -> Result<Vec<AuditEntry>> {
        self.page(audit::list(range), |row| audit::entry(row)).await
    }

    async fn purge(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.write(move |connection| run(connection, &audit::purge(before, limit)))
            .await
    }
}
