//! The security audit in SQLite.

use async_trait::async_trait;
use gitflare_core::{
    AuditId, RequestId, Result,
    storage::{Actor, AuditAction, AuditEntry, AuditStore, ListRange, Outcome},
};

use super::{
    SqliteStorage,
    rows::{Conditions, audit, id, page, parsed, time},
};

#[async_trait]
impl AuditStore for SqliteStorage {
    async fn append(&self, entry: AuditEntry) -> Result<()> {
        self.write(move |connection| audit(connection, &entry))
            .await
    }

    async fn list(&self, range: ListRange<'_>) -> Result<Vec<AuditEntry>> {
        self.read(|connection| {
            page(
                connection,
                "SELECT id, at, actor, action, object, outcome, request_id FROM audit",
                Conditions::new("1"),
                "id",
                range,
                |row| {
                    Ok(AuditEntry {
                        id: id!(row, 0, AuditId)?,
                        at: time(row, 1)?,
                        actor: parsed(row, 2, Actor::parse)?,
                        action: parsed(row, 3, AuditAction::parse)?,
                        object: row.get(4)?,
                        outcome: parsed(row, 5, Outcome::parse)?,
                        request_id: id!(row, 6, RequestId)?,
                    })
                },
            )
        })
    }
}
