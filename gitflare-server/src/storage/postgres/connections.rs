//! Connections in PostgreSQL.

use async_trait::async_trait;
use gitflare_core::{
    ConnectionId, Error, Result, TenantId, Timestamp,
    provider::ProviderId,
    storage::{
        AuditEntry, Connection, ConnectionFilter, ConnectionStore, ListRange, ReconnectCause,
        SealedTokens,
    },
};

use super::{
    PostgresStorage, locks,
    session::{Failure, Session, transaction},
    subscriptions::end,
    touches::Used,
};
use crate::storage::sql::{cleanup, connections, id, subscriptions::Ending};

/// Ends a connection with its grants and subscriptions, and erases its tokens; `false` when it had
/// ended.
pub(super) async fn revoke(
    transaction: &Session,
    id: &ConnectionId,
    at: Timestamp,
) -> Result<bool, Failure> {
    end(transaction, Ending::Connection(id), at).await?;
    transaction.run(cleanup::enqueue_revocation(id, at)).await?;
    if transaction.run(connections::revoke(id)).await? == 0 {
        return Ok(false);
    }
    transaction.run(connections::revoke_grants(id, at)).await?;
    Ok(true)
}

#[async_trait]
impl ConnectionStore for PostgresStorage {
    async fn insert(
        &self,
        linked: Connection,
        tokens: SealedTokens,
        entry: AuditEntry,
    ) -> Result<()> {
        transaction!(self.database, |transaction| {
            let insert = connections::insert(&linked, &tokens);
            transaction.run(insert).await?;
            transaction.audit(&entry).await
        })
    }

    async fn link(
        &self,
        linked: Connection,
        tokens: SealedTokens,
        entry: AuditEntry,
    ) -> Result<ConnectionId> {
        transaction!(self.database, |transaction| {
            if let Some(tenant) = &linked.tenant_id {
                // One at a time for a tenant: an account is linked once.
                locks::tenant(transaction, tenant).await?;
                let known = connections::account(tenant, linked.provider, &linked.account_id);
                let known = transaction
                    .one(known, |row| id!(row, 0, ConnectionId))
                    .await?;
                if let Some(id) = known
                    && id != linked.id
                {
                    return Ok(id);
                }
            }
            let relink = connections::relink(&linked, &tokens);
            if transaction.run(relink).await? == 0 {
                if transaction.finds(connections::exists(&linked.id)).await? {
                    return Err(Error::not_found("connection").into());
                }
                let insert = connections::insert(&linked, &tokens);
                transaction.run(insert).await?;
            }
            transaction.audit(&entry).await?;
            Ok(linked.id.clone())
        })
    }

    async fn find_linked(
        &self,
        tenant: &TenantId,
        provider: ProviderId,
        account_id: &str,
    ) -> Result<Option<ConnectionId>> {
        let statement = connections::account(tenant, provider, account_id);
        self.one(statement, |row| id!(row, 0, ConnectionId)).await
    }

    async fn begin_refresh(
        &self,
        id: &ConnectionId,
        version: u32,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool> {
        let lease = connections::begin_refresh(id, version, now, until);
        Ok(self.run(lease).await? == 1)
    }

    async fn finish_refresh(
        &self,
        id: &ConnectionId,
        version: u32,
        tokens: SealedTokens,
    ) -> Result<bool> {
        // Rotated tokens are not to be lost with a connection: another one is tried. A second try
        // after a first one that went through finds another version, and its answer is `false`,
        // which makes the caller read what is stored.
        transaction!(self.database, |transaction| {
            let stored = transaction.run(connections::finish_refresh(id, version, &tokens));
            Ok(stored.await? == 1)
        })
    }

    async fn abandon_refresh(&self, id: &ConnectionId, version: u32) -> Result<()> {
        let abandoned = self.run(connections::abandon_refresh(id, version)).await;
        abandoned.map(|_| ())
    }

    async fn refuse(
        &self,
        id: &ConnectionId,
        version: u32,
        cause: ReconnectCause,
        entry: AuditEntry,
    ) -> Result<bool> {
        transaction!(self.database, |transaction| {
            let refused = transaction.run(connections::refuse(id, version, cause));
            let refused = refused.await? == 1;
            if refused {
                transaction.audit(&entry).await?;
            }
            Ok(refused)
        })
    }

    async fn find(&self, id: &ConnectionId) -> Result<Option<Connection>> {
        self.one(connections::find(id), |row| connections::linked(row, 0))
            .await
    }

    async fn find_with_tokens(
        &self,
        id: &ConnectionId,
    ) -> Result<Option<(Connection, SealedTokens)>> {
        self.one(connections::find(id), |row| {
            Ok((connections::linked(row, 0)?, connections::tokens(row, 0)?))
        })
        .await
    }

    async fn list(
        &self,
        filter: &ConnectionFilter,
        range: ListRange<'_>,
    ) -> Result<Vec<Connection>> {
        let statement = connections::list(filter, range);
        self.all(statement, |row| connections::linked(row, 0)).await
    }

    async fn count_to_reconnect(&self) -> Result<Vec<(ProviderId, u64)>> {
        let statement = connections::count_to_reconnect();
        self.all(statement, connections::counted).await
    }

    async fn touch(&self, id: &ConnectionId, at: Timestamp) -> Result<()> {
        self.touches.note(Used::Connection, id.as_str(), at);
        Ok(())
    }

    async fn revoke(&self, id: &ConnectionId, at: Timestamp, entry: AuditEntry) -> Result<bool> {
        transaction!(self.database, |transaction| {
            let revoked = revoke(transaction, id, at).await?;
            if revoked {
                transaction.audit(&entry).await?;
            }
            Ok(revoked)
        })
    }
}
