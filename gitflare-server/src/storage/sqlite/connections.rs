//! Connections in SQLite.

use async_trait::async_trait;
use gitflare_core::{
    ConnectionId, Error, Result, TenantId, Timestamp,
    provider::ProviderId,
    storage::{
        AuditEntry, Connection as Linked, ConnectionFilter, ConnectionMode, ConnectionStatus,
        ConnectionStore, ListRange, ReconnectCause, SealedTokens,
    },
};
use rusqlite::{Connection, Row};

use super::{
    SqliteStorage,
    cleanup::enqueue_revocation,
    failed,
    rows::{
        Conditions, Page, audit, execute, exists, id, list, maybe, maybe_id, maybe_time, one,
        parsed, time, to_list,
    },
    subscriptions::{Ending, end},
};

/// The columns of a connection and its tokens, as [`linked`] and [`tokens`] read them.
pub(super) const COLUMNS: &str = "c.id, c.tenant_id, c.provider, c.login, c.account_id,
    c.display_name, c.avatar_url, c.scopes, c.mode, c.status, c.created_at, c.last_used_at,
    c.api_base_url, c.organization, c.access_token, c.refresh_token, c.token_expires_at,
    c.token_version, c.reconnect_cause";

/// How many they are.
pub(super) const WIDTH: usize = 19;

/// A connection whose columns begin at `at`.
pub(super) fn linked(row: &Row<'_>, at: usize) -> rusqlite::Result<Linked> {
    Ok(Linked {
        id: id!(row, at, ConnectionId)?,
        tenant_id: maybe_id!(row, at + 1, TenantId)?,
        provider: parsed(row, at + 2, ProviderId::parse)?,
        login: row.get(at + 3)?,
        account_id: row.get(at + 4)?,
        display_name: row.get(at + 5)?,
        avatar_url: row.get(at + 6)?,
        scopes: list(row, at + 7)?,
        mode: parsed(row, at + 8, ConnectionMode::parse)?,
        status: parsed(row, at + 9, ConnectionStatus::parse)?,
        created_at: time(row, at + 10)?,
        last_used_at: maybe_time(row, at + 11)?,
        api_base_url: row.get(at + 12)?,
        organization: row.get(at + 13)?,
        reconnect_cause: maybe(row, at + 18, ReconnectCause::parse)?,
    })
}

/// The tokens of a connection whose columns begin at `at`.
pub(super) fn tokens(row: &Row<'_>, at: usize) -> rusqlite::Result<SealedTokens> {
    Ok(SealedTokens {
        access_token: row.get(at + 14)?,
        refresh_token: row.get(at + 15)?,
        expires_at: maybe_time(row, at + 16)?,
        version: row.get(at + 17)?,
    })
}

/// Ends what a process that died was refreshing: nobody else has the file.
pub(super) fn end_refreshes(connection: &Connection) -> Result<()> {
    execute(
        connection,
        "UPDATE connections SET refresh_until = NULL WHERE refresh_until IS NOT NULL",
        [],
    )?;
    Ok(())
}

/// Stores a new connection.
fn insert(connection: &Connection, linked: &Linked, tokens: &SealedTokens) -> Result<()> {
    execute(
        connection,
        "INSERT INTO connections (id, tenant_id, provider, login, account_id, display_name,
           avatar_url, scopes, mode, status, api_base_url, organization, access_token,
           refresh_token, token_expires_at, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        (
            linked.id.as_str(),
            linked.tenant_id.as_ref().map(TenantId::as_str),
            linked.provider.as_str(),
            &linked.login,
            &linked.account_id,
            &linked.display_name,
            &linked.avatar_url,
            to_list(&linked.scopes),
            linked.mode.as_str(),
            linked.status.as_str(),
            &linked.api_base_url,
            &linked.organization,
            &tokens.access_token,
            &tokens.refresh_token,
            tokens.expires_at.map(Timestamp::as_millis),
            linked.created_at.as_millis(),
        ),
    )?;
    Ok(())
}

/// The connection by which a tenant has linked an account.
fn account(
    connection: &Connection,
    tenant: &TenantId,
    provider: ProviderId,
    account_id: &str,
) -> rusqlite::Result<Option<ConnectionId>> {
    one(
        connection,
        "SELECT id FROM connections WHERE tenant_id = ?1 AND provider = ?2 AND account_id = ?3
           AND mode = 'oauth' AND status <> 'revoked'",
        (tenant.as_str(), provider.as_str(), account_id),
        |row| id!(row, 0, ConnectionId),
    )
}

/// Brings a connection that is not revoked up to date; whether there was one.
fn relink(connection: &Connection, linked: &Linked, tokens: &SealedTokens) -> Result<bool> {
    let changed = execute(
        connection,
        "UPDATE connections SET login = ?2, account_id = ?3, display_name = ?4, avatar_url = ?5,
           scopes = ?6, mode = ?7, status = ?8, reconnect_cause = NULL, access_token = ?9,
           refresh_token = ?10, token_expires_at = ?11, token_version = token_version + 1,
           refresh_until = NULL
         WHERE id = ?1 AND status <> 'revoked'",
        (
            linked.id.as_str(),
            &linked.login,
            &linked.account_id,
            &linked.display_name,
            &linked.avatar_url,
            to_list(&linked.scopes),
            linked.mode.as_str(),
            linked.status.as_str(),
            &tokens.access_token,
            &tokens.refresh_token,
            tokens.expires_at.map(Timestamp::as_millis),
        ),
    )?;
    Ok(changed == 1)
}

#[async_trait]
impl ConnectionStore for SqliteStorage {
    async fn insert(&self, linked: Linked, tokens: SealedTokens, entry: AuditEntry) -> Result<()> {
        self.write(move |connection| {
            insert(connection, &linked, &tokens)?;
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
            let known = match &linked.tenant_id {
                Some(tenant) => account(connection, tenant, linked.provider, &linked.account_id)
                    .map_err(|error| failed(&error))?,
                None => None,
            };
            if let Some(id) = known
                && id != linked.id
            {
                return Ok(id);
            }
            if !relink(connection, &linked, &tokens)? {
                let statement = "SELECT 1 FROM connections WHERE id = ?1";
                if exists(connection, statement, [linked.id.as_str()])? {
                    return Err(Error::not_found("connection"));
                }
                insert(connection, &linked, &tokens)?;
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
        self.read(|connection| account(connection, tenant, provider, account_id))
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
            let begun = execute(
                connection,
                "UPDATE connections SET refresh_until = ?4
                 WHERE id = ?1 AND token_version = ?2 AND status = 'active'
                   AND (refresh_until IS NULL OR refresh_until <= ?3)",
                (id.as_str(), version, now.as_millis(), until.as_millis()),
            )?;
            Ok(begun == 1)
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
            let stored = execute(
                connection,
                "UPDATE connections SET access_token = ?3, refresh_token = ?4,
                   token_expires_at = ?5, token_version = token_version + 1, refresh_until = NULL
                 WHERE id = ?1 AND token_version = ?2 AND status = 'active'",
                (
                    id.as_str(),
                    version,
                    &tokens.access_token,
                    &tokens.refresh_token,
                    tokens.expires_at.map(Timestamp::as_millis),
                ),
            )?;
            Ok(stored == 1)
        })
        .await
    }

    async fn abandon_refresh(&self, id: &ConnectionId, version: u32) -> Result<()> {
        let id = id.clone();
        self.write(move |connection| {
            execute(
                connection,
                "UPDATE connections SET refresh_until = NULL
                 WHERE id = ?1 AND token_version = ?2",
                (id.as_str(), version),
            )?;
            Ok(())
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
            let refused = execute(
                connection,
                "UPDATE connections SET status = 'needs_reconnect', reconnect_cause = ?3,
                   refresh_until = NULL
                 WHERE id = ?1 AND token_version = ?2 AND status = 'active'",
                (id.as_str(), version, cause.as_str()),
            )?;
            if refused == 1 {
                audit(connection, &entry)?;
            }
            Ok(refused == 1)
        })
        .await
    }

    async fn find(&self, id: &ConnectionId) -> Result<Option<Linked>> {
        Ok(self.find_with_tokens(id).await?.map(|(linked, _)| linked))
    }

    async fn find_with_tokens(&self, id: &ConnectionId) -> Result<Option<(Linked, SealedTokens)>> {
        self.read(|connection| {
            one(
                connection,
                &format!("SELECT {COLUMNS} FROM connections c WHERE c.id = ?1"),
                [id.as_str()],
                |row| Ok((linked(row, 0)?, tokens(row, 0)?)),
            )
        })
    }

    async fn list(&self, filter: &ConnectionFilter, range: ListRange<'_>) -> Result<Vec<Linked>> {
        let mut conditions = Conditions::new("c.status <> 'revoked'");
        conditions.equal("c.tenant_id", filter.tenant.as_ref().map(TenantId::as_str));
        conditions.equal("c.provider", filter.provider.map(ProviderId::as_str));
        let select = format!("SELECT {COLUMNS} FROM connections c");
        let page = Page::new(&select, conditions, "c.id", range);
        self.walk(move |walk| page.read(walk.connection, |row| linked(row, 0)))
            .await
    }

    async fn touch(&self, id: &ConnectionId, at: Timestamp) -> Result<()> {
        let statement = "UPDATE connections SET last_used_at = ?2 WHERE id = ?1";
        self.writer.touch(statement, id.as_str(), at);
        Ok(())
    }

    async fn revoke(&self, id: &ConnectionId, at: Timestamp, entry: AuditEntry) -> Result<bool> {
        let id = id.clone();
        let erase = move |connection: &Connection| {
            end(connection, Ending::Connection(&id), at)?;
            enqueue_revocation(connection, &id, at)?;
            let revoked = execute(
                connection,
                "UPDATE connections SET status = 'revoked', access_token = NULL,
                   refresh_token = NULL, token_expires_at = NULL
                 WHERE id = ?1 AND status <> 'revoked'",
                [id.as_str()],
            )?;
            if revoked == 0 {
                return Ok(false);
            }
            execute(
                connection,
                "UPDATE grants SET status = 'revoked', revoked_at = ?2
                 WHERE connection_id = ?1 AND status = 'active'",
                (id.as_str(), at.as_millis()),
            )?;
            audit(connection, &entry)?;
            Ok(true)
        };
        self.writer.erase(erase).await
    }
}
