//! Connections in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{MemoryStorage, State, matches, page};
use crate::{
    ConnectionId, Error, Result, TenantId, Timestamp,
    provider::ProviderId,
    storage::{
        AuditEntry, Connection, ConnectionFilter, ConnectionMode, ConnectionStatus,
        ConnectionStore, GrantStatus, ListRange, ReconnectCause, SealedTokens,
    },
};

impl State {
    /// Ends a connection with its grants and subscriptions; `false` when it had ended.
    pub(super) fn end_connection(&mut self, id: &ConnectionId, at: Timestamp) -> bool {
        let (connection, tokens) = match self.connections.get_mut(id) {
            Some((connection, tokens)) if connection.status != ConnectionStatus::Revoked => {
                connection.status = ConnectionStatus::Revoked;
                (connection.clone(), std::mem::take(tokens))
            }
            _ => return false,
        };
        for grant in self.grants.values_mut() {
            if grant.connection_id == *id && grant.status == GrantStatus::Active {
                grant.status = GrantStatus::Revoked;
                grant.revoked_at = Some(at);
            }
        }
        self.end_subscriptions(at, |row| row.connection_id == *id);
        self.enqueue_revocation(&connection, tokens, at);
        true
    }

    /// The connection that stands for an account, if one does.
    fn account(
        &self,
        tenant: Option<&TenantId>,
        provider: ProviderId,
        account_id: &str,
    ) -> Option<ConnectionId> {
        let is_it = |connection: &&Connection| {
            connection.tenant_id.is_some()
                && connection.tenant_id.as_ref() == tenant
                && connection.provider == provider
                && connection.account_id == account_id
                && connection.mode == ConnectionMode::Oauth
                && connection.status != ConnectionStatus::Revoked
        };
        let mut all = self.connections.values().map(|(connection, _)| connection);
        all.find(is_it).map(|connection| connection.id.clone())
    }

    fn linked(&self, new: &Connection) -> Option<ConnectionId> {
        self.account(new.tenant_id.as_ref(), new.provider, &new.account_id)
    }

    /// An active connection, while its tokens are of that version.
    fn active_tokens(
        &mut self,
        id: &ConnectionId,
        version: u32,
    ) -> Option<&mut (Connection, SealedTokens)> {
        self.connections.get_mut(id).filter(|(connection, tokens)| {
            connection.status == ConnectionStatus::Active && tokens.version == version
        })
    }
}

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

    async fn link(
        &self,
        mut connection: Connection,
        mut tokens: SealedTokens,
        audit: AuditEntry,
    ) -> Result<ConnectionId> {
        let mut state = self.state();
        if let Some(other) = state.linked(&connection)
            && other != connection.id
        {
            return Ok(other);
        }
        if let Some((before, old)) = state.connections.get(&connection.id) {
            if before.status == ConnectionStatus::Revoked {
                return Err(Error::not_found("connection"));
            }
            connection.created_at = before.created_at;
            connection.last_used_at = before.last_used_at;
            tokens.version = old.version + 1;
        }
        let id = connection.id.clone();
        state.refreshing.remove(&id);
        state.connections.insert(id.clone(), (connection, tokens));
        state.audit.push(audit);
        Ok(id)
    }

    async fn find_linked(
        &self,
        tenant: &TenantId,
        provider: ProviderId,
        account_id: &str,
    ) -> Result<Option<ConnectionId>> {
        let state = self.state();
        Ok(state.account(Some(tenant), provider, account_id))
    }

    async fn begin_refresh(
        &self,
        id: &ConnectionId,
        version: u32,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool> {
        let mut state = self.state();
        let is_free = state.refreshing.get(id).is_none_or(|until| *until <= now);
        let may = is_free && state.active_tokens(id, version).is_some();
        if may {
            state.refreshing.insert(id.clone(), until);
        }
        Ok(may)
    }

    async fn finish_refresh(
        &self,
        id: &ConnectionId,
        version: u32,
        tokens: SealedTokens,
    ) -> Result<bool> {
        let mut state = self.state();
        let Some((_, stored)) = state.active_tokens(id, version) else {
            return Ok(false);
        };
        *stored = SealedTokens {
            version: version + 1,
            ..tokens
        };
        state.refreshing.remove(id);
        Ok(true)
    }

    async fn abandon_refresh(&self, id: &ConnectionId, version: u32) -> Result<()> {
        let mut state = self.state();
        if state.active_tokens(id, version).is_some() {
            state.refreshing.remove(id);
        }
        Ok(())
    }

    async fn refuse(
        &self,
        id: &ConnectionId,
        version: u32,
        cause: ReconnectCause,
        audit: AuditEntry,
    ) -> Result<bool> {
        let mut state = self.state();
        let Some((connection, _)) = state.active_tokens(id, version) else {
            return Ok(false);
        };
        connection.status = ConnectionStatus::NeedsReconnect;
        connection.reconnect_cause = Some(cause);
        state.refreshing.remove(id);
        state.audit.push(audit);
        Ok(true)
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

    async fn count_to_reconnect(&self) -> Result<Vec<(ProviderId, u64)>> {
        let mut counts = BTreeMap::new();
        for (connection, _) in self.state().connections.values() {
            if connection.status == ConnectionStatus::NeedsReconnect {
                *counts.entry(connection.provider).or_default() += 1;
            }
        }
        Ok(counts.into_iter().collect())
    }

    async fn touch(&self, id: &ConnectionId, at: Timestamp) -> Result<()> {
        if let Some((connection, _)) = self.state().connections.get_mut(id) {
            connection.last_used_at = Some(at);
        }
        Ok(())
    }

    async fn revoke(&self, id: &ConnectionId, at: Timestamp, audit: AuditEntry) -> Result<bool> {
        let mut state = self.state();
        let ended = state.end_connection(id, at);
        if ended {
            state.audit.push(audit);
        }
        Ok(ended)
    }
}
