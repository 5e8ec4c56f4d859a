//! Connections and their encrypted tokens.

use gitflare_core::{
    ConnectionId, TenantId, Timestamp,
    provider::ProviderId,
    storage::{
        Connection, ConnectionFilter, ConnectionMode, ConnectionStatus, ListRange, ReconnectCause,
        SealedTokens,
    },
};

use super::{
    Columns, Conditions, Statement, id, list as list_of, maybe, maybe_bytes, maybe_id, maybe_text,
    maybe_time, natural, number, page, parsed, text, time, to_list, values,
};

/// How many have to be connected again, by provider.
pub(in crate::storage) fn count_to_reconnect() -> Statement<'static> {
    Statement::new(
        "SELECT provider, count(*) FROM connections WHERE status = 'needs_reconnect'
         GROUP BY provider ORDER BY provider",
        values![],
    )
}

pub(in crate::storage) fn counted<R: Columns>(row: &R) -> Result<(ProviderId, u64), R::Error> {
    Ok((parsed(row, 0, ProviderId::parse)?, natural(row, 1)?))
}

/// The columns of a connection `c` and its tokens, as [`linked`] and [`tokens`] read them.
pub(in crate::storage) const COLUMNS: &str = "c.id, c.tenant_id, c.provider, c.login, c.account_id,
    c.display_name, c.avatar_url, c.scopes, c.mode, c.status, c.created_at, c.last_used_at,
    c.api_base_url, c.organization, c.access_token, c.refresh_token, c.token_expires_at,
    c.token_version, c.reconnect_cause";

/// How many they are.
pub(in crate::storage) const WIDTH: usize = 19;

/// A connection whose columns begin at `at`.
pub(in crate::storage) fn linked<R: Columns>(row: &R, at: usize) -> Result<Connection, R::Error> {
    Ok(Connection {
        id: id!(row, at, ConnectionId)?,
        tenant_id: maybe_id!(row, at + 1, TenantId)?,
        provider: parsed(row, at + 2, ProviderId::parse)?,
        login: maybe_text(row, at + 3)?,
        account_id: text(row, at + 4)?,
        display_name: maybe_text(row, at + 5)?,
        avatar_url: maybe_text(row, at + 6)?,
        scopes: list_of(row, at + 7)?,
        mode: parsed(row, at + 8, ConnectionMode::parse)?,
        status: parsed(row, at + 9, ConnectionStatus::parse)?,
        created_at: time(row, at + 10)?,
        last_used_at: maybe_time(row, at + 11)?,
        api_base_url: maybe_text(row, at + 12)?,
        organization: maybe_text(row, at + 13)?,
        reconnect_cause: maybe(row, at + 18, ReconnectCause::parse)?,
    })
}

/// The tokens of a connection whose columns begin at `at`.
pub(in crate::storage) fn tokens<R: Columns>(row: &R, at: usize) -> Result<SealedTokens, R::Error> {
    Ok(SealedTokens {
        access_token: maybe_bytes(row, at + 14)?,
        refresh_token: maybe_bytes(row, at + 15)?,
        expires_at: maybe_time(row, at + 16)?,
        version: number(row, at + 17)?,
    })
}

pub(in crate::storage) fn insert<'a>(
    linked: &'a Connection,
    tokens: &'a SealedTokens,
) -> Statement<'a> {
    Statement::new(
        "INSERT INTO connections (id, tenant_id, provider, login, account_id, display_name,
           avatar_url, scopes, mode, status, api_base_url, organization, access_token,
           refresh_token, token_expires_at, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        values![
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
            tokens.expires_at,
            linked.created_at,
        ],
    )
}

/// Finds the id by which a tenant has linked an account.
pub(in crate::storage) fn account<'a>(
    tenant: &'a TenantId,
    provider: ProviderId,
    account_id: &'a str,
) -> Statement<'a> {
    Statement::new(
        "SELECT id FROM connections WHERE tenant_id = ?1 AND provider = ?2 AND account_id = ?3
           AND mode = 'oauth' AND status <> 'revoked'",
        values![tenant.as_str(), provider.as_str(), account_id],
    )
}

/// Brings a connection that is not revoked up to date.
pub(in crate::storage) fn relink<'a>(
    linked: &'a Connection,
    tokens: &'a SealedTokens,
) -> Statement<'a> {
    Statement::new(
        "UPDATE connections SET login = ?2, account_id = ?3, display_name = ?4, avatar_url = ?5,
           scopes = ?6, mode = ?7, status = ?8, reconnect_cause = NULL, access_token = ?9,
           refresh_token = ?10, token_expires_at = ?11, token_version = token_version + 1,
           refresh_until = NULL
         WHERE id = ?1 AND status <> 'revoked'",
        values![
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
            tokens.expires_at,
        ],
    )
}

/// Finds a connection of that id, revoked or not.
pub(in crate::storage) fn exists(id: &ConnectionId) -> Statement<'_> {
    Statement::new(
        "SELECT id FROM connections WHERE id = ?1",
        values![id.as_str()],
    )
}

/// Takes the lease of a refresh (PC-9).
pub(in crate::storage) fn begin_refresh(
    id: &ConnectionId,
    version: u32,
    now: Timestamp,
    until: Timestamp,
) -> Statement<'_> {
    Statement::new(
        "UPDATE connections SET refresh_until = ?4
         WHERE id = ?1 AND token_version = ?2 AND status = 'active'
           AND (refresh_until IS NULL OR refresh_until <= ?3)",
        values![id.as_str(), version, now, until],
    )
}

pub(in crate::storage) fn finish_refresh<'a>(
    id: &'a ConnectionId,
    version: u32,
    tokens: &'a SealedTokens,
) -> Statement<'a> {
    Statement::new(
        "UPDATE connections SET access_token = ?3, refresh_token = ?4,
           token_expires_at = ?5, token_version = token_version + 1, refresh_until = NULL
         WHERE id = ?1 AND token_version = ?2 AND status = 'active'",
        values![
            id.as_str(),
            version,
            &tokens.access_token,
            &tokens.refresh_token,
            tokens.expires_at,
        ],
    )
}

pub(in crate::storage) fn abandon_refresh(id: &ConnectionId, version: u32) -> Statement<'_> {
    Statement::new(
        "UPDATE connections SET refresh_until = NULL WHERE id = ?1 AND token_version = ?2",
        values![id.as_str(), version],
    )
}

pub(in crate::storage) fn refuse(
    id: &ConnectionId,
    version: u32,
    cause: ReconnectCause,
) -> Statement<'_> {
    Statement::new(
        "UPDATE connections SET status = 'needs_reconnect', reconnect_cause = ?3,
           refresh_until = NULL
         WHERE id = ?1 AND token_version = ?2 AND status = 'active'",
        values![id.as_str(), version, cause.as_str()],
    )
}

pub(in crate::storage) fn find(id: &ConnectionId) -> Statement<'_> {
    Statement::new(
        format!("SELECT {COLUMNS} FROM connections c WHERE c.id = ?1"),
        values![id.as_str()],
    )
}

pub(in crate::storage) fn list(
    filter: &ConnectionFilter,
    range: ListRange<'_>,
) -> Statement<'static> {
    let mut conditions = Conditions::new("c.status <> 'revoked'");
    conditions.equal("c.tenant_id", filter.tenant.as_ref().map(TenantId::as_str));
    conditions.equal("c.provider", filter.provider.map(ProviderId::as_str));
    let select = format!("SELECT {COLUMNS} FROM connections c");
    page(&select, conditions, "c.id", range)
}

/// Revokes a connection and erases its tokens.
pub(in crate::storage) fn revoke(id: &ConnectionId) -> Statement<'_> {
    Statement::new(
        "UPDATE connections SET status = 'revoked', access_token = NULL,
           refresh_token = NULL, token_expires_at = NULL
         WHERE id = ?1 AND status <> 'revoked'",
        values![id.as_str()],
    )
}

pub(in crate::storage) fn revoke_grants(id: &ConnectionId, at: Timestamp) -> Statement<'_> {
    Statement::new(
        "UPDATE grants SET status = 'revoked', revoked_at = ?2
         WHERE connection_id = ?1 AND status = 'active'",
        values![id.as_str(), at],
    )
}
