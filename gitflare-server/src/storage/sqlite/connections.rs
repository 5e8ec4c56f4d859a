//! Connections in SQLite.

use async_trait::async_trait;
use gitflare_core::{
    ConnectionId, Error, Result, TenantId, Timestamp,
    provider::ProviderId,
    storage::{
        AuditEntry, Connection as Linked, ConnectionFilter, ConnectionStore, ListRange,
        ReconnectCause, SealedTokens,
    },
};
use rusqlite::Connection;

use super::{
    SqliteStorage,
    rows::{audit, execute, exists, run, taken},
    subscriptions::end,
};
use crate::storage::sql::{cleanup, connections, id, subscriptions::Ending};

/// Ends what a process that died was refreshing: nobody else has the file.
pub(super) fn end_refreshes(connection: &Connection) -> Result<()> {
    execute(
        connection,
        "UPDATE connections SET refresh_until = NULL WHERE refresh_until IS NOT NULL",
        [],
    )?;
    Ok(())
}

/// Ends a connection with its grants and subscriptions, and erases its tokens; `false` when it had
/// ended.
pub(super) fn revoke(connection: &Connection, id: &ConnectionId, at: Timestamp) -> Result<bool> {
    end(connection, Ending::Connection(id), at)?;
    run(connection, &cleanup::enqueue_revocation(id, at))?;
    if run(connection, &connections::revoke(id))? == 0 {
        return Ok(false);
    }
    run(connection, &connections::revoke_grants(id, at))?;
    Ok(true)
}

#[async_trait]
impl ConnectionStore for SqliteStorage {
    async fn insert(&self, linked: Linked, tokens: SealedTokens, entry: AuditEntry) -> Result<()> {
        self.write(move |connection| {
            run(connection, &connections::insert(&linked, &tokens))?;
            audit(connection, &entry)
        })
        .await
    }

    async fn link(
        &self,
        linked: Linked,
        tokens: SealedTokens,
        entry: AuditEntry,
    ) -> Result<ConnectionId> {
        self.write(move |connection| {
            if let Some(tenant) = &linked.tenant_id {
                let known = connections::account(tenant, linked.provider, &linked.account_id);
                let known = taken(connection, &known, |row| id!(row, 0, ConnectionId))?;
                if let Some(id) = known
                    && id != linked.id
                {
                    return Ok(id);
                }
            }
            if run(connection, &connections::relink(&linked, &tokens))? == 0 {
                if exists(connection, &connections::exists(&linked.id))? {
                    return Err(Error::not_found("connection"));
                }
                run(connection, &connections::insert(&linked, &tokens))?;
            }
            audit(connection, &entry)?;
            Ok(linked.id)
        })
        .await
    }

    async fn find_linked(
        &self,
        tenant: &TenantId,
        provider: ProviderId,
        account_id: &str,
    ) -> Result<Option<ConnectionId>> {
        let statement = connections::account(tenant, provider, account_id);
        self.one(statement, |row| id!(row, 0, ConnectionId))
    }

    async fn begin_refresh(
        &self,
        id: &ConnectionId,
        version: u32,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool> {
        let id = id.clone();
        self.write(move |connection| {
            let lease = connections::begin_refresh(&id, version, now, until);
            Ok(run(connection, &lease)? == 1)
        })
        .await
    }

    async fn finish_refresh(
        &self,
        id: &ConnectionId,
        version: u32,
        tokens: SealedTokens,
    ) -> Result<bool> {
        let id = id.clone();
        self.write(move |connection| {
            let stored = connections::finish_refresh(&id, version, &tokens);
            Ok(run(connection, &stored)? == 1)
        })
        .await
    }

    async fn abandon_refresh(&self, id: &ConnectionId, version: u32) -> Result<()> {
        let id = id.clone();
        self.write(move |connection| {
            run(connection, &connections::abandon_refresh(&id, version)).map(|_| ())
        })
        .await
    }

    async fn refuse(
        &self,
        id: &ConnectionId,
        version: u32,
        cause: ReconnectCause,
        entry: AuditEntry,
    ) -> Result<bool> {
        let id = id.clone();
        self.write(move |connection| {
            let refused = run(connection, &connections::refuse(&id, version, cause))? == 1;
            if refused {
                audit(connection, &entry)?;
            }
            Ok(refused)
        })
        .await
    }

    async fn find(&self, id: &ConnectionId) -> Result<Option<Linked>> {
        self.one(connections::find(id), |row| connections::linked(row, 0))
    }

    async fn find_with_tokens(&self, id: &ConnectionId) -> Result<Option<(Linked, SealedTokens)>> {
        self.one(connections::find(id), |row| {
            Ok((connections::linked(row, 0)?, connections::tokens(row, 0)?))
        })
    }

    async fn list(&self, filter: &ConnectionFilter, range: ListRange<'_>) -> Result<Vec<Linked>> {
        let statement = connections::list(filter, range);
        self.page(statement, |row| connections::linked(row, 0))
            .await
    }

    async fn count_to_reconnect(&self) -> Result<Vec<(ProviderId, u64)>> {
        let statement = connections::count_to_reconnect();
        self.all(statement, |row| connections::counted(row))
    }

    async fn touch(&self, id: &ConnectionId, at: Timestamp) -> Result<()> {
        let statement = "UPDATE connections SET last_used_at = ?2 WHERE id = ?1";
        self.writer.touch(statement, id.as_str(), at);
        Ok(())
    }

    async fn revoke(&self, id: &ConnectionId, at: Timestamp, entry: AuditEntry) -> Result<bool> {
        let id = id.clone();
        let erase = move |connection: &Connection| {
            let revoked = revoke(connection, &id, at)?;
            if revoked {
                audit(connection, &entry)?;
            }
            Ok(revoked)
        };
        self.writer.erase(erase).await
    }
}
