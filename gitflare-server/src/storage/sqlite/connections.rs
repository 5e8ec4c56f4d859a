//! Connections in SQLite.

use async_trait::async_trait;
use gitflare_core::{
    ConnectionId, Result, TenantId, Timestamp,
    provider::ProviderId,
    storage::{
        AuditEntry, Connection as Linked, ConnectionFilter, ConnectionMode, ConnectionStatus,
        ConnectionStore, ListRange, SealedTokens,
    },
};
use rusqlite::{Connection, Row};

use super::{
    SqliteStorage,
    cleanup::enqueue_revocation,
    rows::{
        Conditions, audit, execute, id, list, maybe_id, maybe_time, one, page, parsed, time,
        to_list,
    },
    subscriptions::{Ending, end},
};

/// The columns of a connection and its tokens, as [`linked`] and [`tokens`] read them.
pub(super) const COLUMNS: &str = "c.id, c.tenant_id, c.provider, c.login, c.account_id,
    c.display_name, c.avatar_url, c.scopes, c.mode, c.status, c.created_at, c.last_used_at,
    c.api_base_url, c.organization, c.access_token, c.refresh_token, c.token_expires_at,
    c.token_version";

/// How many they are.
pub(super) const WIDTH: usize = 18;

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

#[async_trait]
impl ConnectionStore for SqliteStorage {
    async fn insert(&self, linked: Linked, tokens: SealedTokens, entry: AuditEntry) -> Result<()> {
        self.write(move |connection| {
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
            audit(connection, &entry)
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
        self.read(|connection| {
            page(connection, &select, conditions, "c.id", range, |row| {
                linked(row, 0)
            })
        })
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
