//! The security audit in memory.

use async_trait::async_trait;

use super::{MemoryStorage, page};
use crate::{
    Result, Timestamp,
    storage::{AuditEntry, AuditStore, ListRange},
};

#[async_trait]
impl AuditStore for MemoryStorage {
    async fn append(&self, entry: AuditEntry) -> Result<()> {
        self.state().audit.push(entry);
        Ok(())
    }

    async fn list(&self, range: ListRange<'_>) -> Result<Vec<AuditEntry>> {
        let mut all = self.state().audit.clone();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(page(all.iter(), range, |entry| entry.id.as_str()))
    }

    async fn purge(&self, before: Timestamp, limit: usize) -> Result<usize> {
        let rows = &mut self.state().audit;
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        let count = rows.len();
        let mut number = 0;
        rows.retain(|entry| {
            number += 1;
            number > limit || entry.at >= before
        });
        Ok(count - rows.len())
    }
}
