//! Connections in memory.

use async_trait::async_trait;

use super::{MemoryStorage, matches, page};
use crate::{
    ConnectionId, Result, Timestamp,
    storage::{
        AuditEntry, Connection, ConnectionFilter, ConnectionStatus, ConnectionStore, GrantStatus,
        ListRange, SealedTokens,
    },
};

#[async_trait]
impl ConnectionStore for MemoryStorage {
    async fn insert(
        &self,
        connection: Connection,
        tokens: SealedTokens,
        audit: AuditEntry,
    ) -> Result<()> {
        let mut state = self.state();
        state
            .connections
            .insert(connection.id.clone(), (connection, tokens));
        state.audit.push(audit);
        Ok(())
    }

    async fn find(&self, id: &ConnectionId) -> Result<Option<Connection>> {
        let state = self.state();
        Ok(state
            .connections
            .get(id)
            .map(|(connection, _)| connection.clone()))
    }

    async fn find_with_tokens(
        &self,
        id: &ConnectionId,
    ) -> Result<Option<(Connection, SealedTokens)>> {
        Ok(self.state().connections.get(id).cloned())
    }

    async fn list(
        &self,
        filter: &ConnectionFilter,
        range: ListRange<'_>,
    ) -> Result<Vec<Connection>> {
        let state = self.state();
        let rows = state
            .connections
            .values()
            .map(|(connection, _)| connection)
            .filter(|connection| {
                connection.status != ConnectionStatus::Revoked
                    && (filter.tenant.is_none() || filter.tenant == connection.tenant_id)
                    && matches(filter.provider.as_ref(), &connection.provider)
            });
        Ok(page(rows, range, |connection| connection.id.as_str()))
    }

    async fn touch(&self, id: &ConnectionId, at: Timestamp) -> Result<()> {
        if let Some((connection, _)) = self.state().connections.get_mut(id) {
            connection.last_used_at = Some(at);
        }
        Ok(())
    }

    async fn revoke(&self, id: &ConnectionId, at: Timestamp, audit: AuditEntry) -> Result<bool> {
        let mut guard = self.state();
        let state = &mut *guard;
        let (connection, tokens) = match state.connections.get_mut(id) {
            Some((connection, tokens)) if connection.status != ConnectionStatus::Revoked => {
                connection.status = ConnectionStatus::Revoked;
                (connection.clone(), std::mem::take(tokens))
            }
            _ => return Ok(false),
        };
        for grant in state.grants.values_mut() {
            if grant.connection_id == *id && grant.status == GrantStatus::Active {
                grant.status = GrantStatus::Revoked;
                grant.revoked_at = Some(at);
            }
        }
        state.end_subscriptions(at, |row| row.connection_id == *id);
        state.enqueue_revocation(&connection, tokens, at);
        state.audit.push(audit);
        Ok(true)
    }
}
