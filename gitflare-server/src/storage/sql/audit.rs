//! Rows of the security audit.

use gitflare_core::{
    AuditId, RequestId, Timestamp,
    storage::{Actor, AuditAction, AuditEntry, ListRange, Outcome},
};

use super::{Columns, Conditions, Statement, id, page, parsed, text, time, values};

pub(in crate::storage) fn entry<R: Columns>(row: &R) -> Result<AuditEntry, R::Error> {
    Ok(AuditEntry {
        id: id!(row, 0, AuditId)?,
        at: time(row, 1)?,
        actor: parsed(row, 2, Actor::parse)?,
        action: parsed(row, 3, AuditAction::parse)?,
        object: text(row, 4)?,
        outcome: parsed(row, 5, Outcome::parse)?,
        request_id: id!(row, 6, RequestId)?,
    })
}

pub(in crate::storage) fn insert(entry: &AuditEntry) -> Statement<'_> {
    Statement::new(
        "INSERT INTO audit (id, at, actor, action, object, outcome, request_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        values![
            entry.id.as_str(),
            entry.at,
            entry.actor.as_str(),
            entry.action.as_str(),
            &entry.object,
            entry.outcome.as_str(),
            entry.request_id.as_str(),
        ],
    )
}

pub(in crate::storage) fn list(range: ListRange<'_>) -> Statement<'static> {
    let select = "SELECT id, at, actor, action, object, outcome, request_id FROM audit";
    page(select, Conditions::new("TRUE"), "id", range)
}

/// Ids go by time: the oldest rows are the first ones.
pub(in crate::storage) fn purge(before: Timestamp, limit: usize) -> Statement<'static> {
    Statement::new(
        "DELETE FROM audit WHERE id IN (SELECT id FROM audit ORDER BY id LIMIT ?2) AND at < ?1",
        values![before, limit],
    )
}
