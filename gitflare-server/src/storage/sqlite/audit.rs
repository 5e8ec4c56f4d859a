//! The security audit in SQLite.

use async_trait::async_trait;
use gitflare_core::{
    AuditId, RequestId, Result, Timestamp,
    storage::{Actor, AuditAction, AuditEntry, AuditStore, ListRange, Outcome},
};

use rusqlite::Row;

use super::{
    SqliteStorage,
    rows::{Conditions, Page, audit, execute, id, parsed, saturated, time},
};

fn entry(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    Ok(AuditEntry {
        id: id!(row, 0, AuditId)?,
        at: time(row, 1)?,
        actor: parsed(row, 2, Actor::parse)?,
        action: parsed(row, 3, AuditAction::parse)?,
        object: row.get(4)?,
        outcome: parsed(row, 5, Outcome::parse)?,
        request_id: id!(row, 6, RequestId)?,
    })
}

#[async_trait]
impl AuditStore for SqliteStorage {
    async fn append(&self, entry: AuditEntry) -> Result<()> {
        self.write(move |connection| audit(connection, &entry))
            .await
    }

    async fn list(&self, range: ListRange<'_>) -> Result<Vec<AuditEntry>> {
        let select = "SELECT id, at, actor, action, object, outcome, request_id FROM audit";
        let page = Page::new(select, Conditions::new("1"), "id", range);
        self.walk(move |walk| page.read(walk.connection, entry))
            .await
    }

    async fn purge(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.write(move |connection| {
            // Ids go by time: the oldest rows are the first ones.
            execute(
                connection,
                "DELETE FROM audit WHERE id IN (SELECT id FROM audit ORDER BY id LIMIT ?2)
                   AND at < ?1",
                (before.as_millis(), saturated(limit as u64)),
            )
        })
        .await
    }
}
