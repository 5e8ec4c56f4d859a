//! Access tokens in SQLite, by the hash of their text.

use async_trait::async_trait;
use gitflare_core::{
    AuthorizationId, ClientId, ConnectionId, CredentialHash, GrantId, Result, Scopes, TenantId,
    Timestamp, TokenId,
    storage::{
        Access, AccessToken, ApprovedRepository, AuditEntry, AuthorizationStatus, ClientStatus,
        IssuedBy, ListRange, RepositoryKey, Share, TokenFilter, TokenStore,
    },
};
use rusqlite::{Connection, OptionalExtension, Row};

use super::{
    SqliteStorage,
    connections::{self, linked, tokens},
    rows::{
        after, audit, execute, id, limit, list, maybe, maybe_id, maybe_time, parsed, time, to_list,
    },
};

const COLUMNS: &str = "t.id, t.tenant_id, t.client_id, t.authorization_id, t.issued_by,
    t.permissions, t.connection_ids, t.created_at, t.expires_at, t.revoked_at, t.last_used_at";
/// How many columns stand before a connection's in the query for shares.
const BEFORE_CONNECTION: usize = 4;

fn token(row: &Row<'_>) -> rusqlite::Result<AccessToken> {
    Ok(AccessToken {
        id: id!(row, 0, TokenId)?,
        tenant_id: id!(row, 1, TenantId)?,
        client_id: id!(row, 2, ClientId)?,
        authorization_id: maybe_id!(row, 3, AuthorizationId)?,
        issued_by: parsed(row, 4, IssuedBy::parse)?,
        permissions: Scopes::from_bits(row.get(5)?),
        connection_ids: list(row, 6)?,
        created_at: time(row, 7)?,
        expires_at: time(row, 8)?,
        revoked_at: maybe_time(row, 9)?,
        last_used_at: maybe_time(row, 10)?,
    })
}

fn share(row: &Row<'_>) -> rusqlite::Result<Share> {
    Ok(Share {
        grant_id: id!(row, 0, GrantId)?,
        permissions: Scopes::from_bits(row.get(1)?),
        expires_at: maybe_time(row, 2)?,
        approves_all: row.get(3)?,
        approved: None,
        connection: linked(row, BEFORE_CONNECTION)?,
        tokens: tokens(row, BEFORE_CONNECTION)?,
    })
}

/// The active grants of an authorization over the token's connections.
fn shares(
    connection: &Connection,
    authorization: &AuthorizationId,
    of: &[ConnectionId],
    repository: Option<RepositoryKey<'_>>,
) -> rusqlite::Result<Vec<Share>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT g.id, g.permissions, g.expires_at, g.approves_all, {}
         FROM grants g JOIN connections c ON c.id = g.connection_id
         WHERE g.authorization_id = ?1 AND g.status = 'active' ORDER BY g.connection_id",
        connections::COLUMNS
    ))?;
    let mut shares = statement
        .query_map([authorization.as_str()], share)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    shares.retain(|share| of.contains(&share.connection.id));
    if let Some(repository) = repository {
        for share in &mut shares {
            if !share.approves_all && share.connection.provider == repository.provider {
                share.approved = approved(connection, &share.grant_id, repository.key)?;
            }
        }
    }
    Ok(shares)
}

/// The repository of that id; without one, the repository of that name.
fn approved(
    connection: &Connection,
    grant: &GrantId,
    key: &str,
) -> rusqlite::Result<Option<ApprovedRepository>> {
    for statement in [
        "SELECT repository_id, full_name FROM approvals WHERE grant_id = ?1 AND repository_id = ?2",
        "SELECT repository_id, full_name FROM approvals WHERE grant_id = ?1 AND full_name = ?2
         ORDER BY position LIMIT 1",
    ] {
        let found = connection
            .prepare_cached(statement)?
            .query_row((grant.as_str(), key), |row| {
                Ok(ApprovedRepository {
                    id: row.get(0)?,
                    full_name: row.get(1)?,
                })
            })
            .optional()?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

#[async_trait]
impl TokenStore for SqliteStorage {
    async fn insert(
        &self,
        token: AccessToken,
        hash: CredentialHash,
        entry: AuditEntry,
    ) -> Result<()> {
        self.write(move |connection| {
            execute(
                connection,
                "INSERT INTO tokens (hash, id, tenant_id, client_id, authorization_id, issued_by,
                   permissions, connection_ids, created_at, expires_at, revoked_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                (
                    hash.as_bytes(),
                    token.id.as_str(),
                    token.tenant_id.as_str(),
                    token.client_id.as_str(),
                    token.authorization_id.as_ref().map(AuthorizationId::as_str),
                    token.issued_by.as_str(),
                    token.permissions.bits(),
                    to_list(&token.connection_ids),
                    token.created_at.as_millis(),
                    token.expires_at.as_millis(),
                    token.revoked_at.map(Timestamp::as_millis),
                ),
            )?;
            audit(connection, &entry)
        })
        .await
    }

    async fn find_access(
        &self,
        hash: &CredentialHash,
        repository: Option<RepositoryKey<'_>>,
    ) -> Result<Option<Access>> {
        self.read(|connection| {
            // One transaction, so that all of it is as of one moment.
            let transaction = connection.unchecked_transaction()?;
            let found = transaction
                .prepare_cached(&format!(
                    "SELECT {COLUMNS}, c.status, a.status FROM tokens t
                     JOIN clients c ON c.id = t.client_id
                     LEFT JOIN authorizations a ON a.id = t.authorization_id WHERE t.hash = ?1"
                ))?
                .query_row([hash.as_bytes()], |row| {
                    Ok((
                        token(row)?,
                        parsed(row, 11, ClientStatus::parse)?,
                        maybe(row, 12, AuthorizationStatus::parse)?,
                    ))
                })
                .optional()?;
            let Some((token, client, authorization)) = found else {
                return Ok(None);
            };
            let shares = match &token.authorization_id {
                Some(id) => shares(&transaction, id, &token.connection_ids, repository)?,
                None => Vec::new(),
            };
            transaction.commit()?;
            Ok(Some(Access {
                token,
                client_is_active: client == ClientStatus::Active,
                authorization,
                shares,
            }))
        })
    }

    async fn list(&self, filter: &TokenFilter, range: ListRange<'_>) -> Result<Vec<AccessToken>> {
        self.read(|connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM tokens t WHERE t.id > ?1
                     AND (?2 IS NULL OR t.tenant_id = ?2) AND (?3 IS NULL OR t.client_id = ?3)
                     AND (?4 IS NULL OR t.authorization_id = ?4) ORDER BY t.id LIMIT ?5"
                ))?
                .query_map(
                    (
                        after(&range),
                        filter.tenant.as_ref().map(TenantId::as_str),
                        filter.client.as_ref().map(ClientId::as_str),
                        filter.authorization.as_ref().map(AuthorizationId::as_str),
                        limit(&range),
                    ),
                    token,
                )?
                .collect()
        })
    }

    async fn touch(&self, id: &TokenId, at: Timestamp) -> Result<()> {
        let statement = "UPDATE tokens SET last_used_at = ?2 WHERE id = ?1";
        self.writer.touch(statement, id.as_str(), at);
        Ok(())
    }

    async fn revoke(&self, id: &TokenId, at: Timestamp, entry: AuditEntry) -> Result<bool> {
        let id = id.clone();
        self.write(move |connection| {
            let revoked = execute(
                connection,
                "UPDATE tokens SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL",
                (id.as_str(), at.as_millis()),
            )?;
            if revoked == 1 {
                audit(connection, &entry)?;
            }
            Ok(revoked == 1)
        })
        .await
    }

    async fn purge_expired(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.write(move |connection| {
            execute(
                connection,
                "DELETE FROM tokens WHERE hash IN
                   (SELECT hash FROM tokens WHERE expires_at < ?1 LIMIT ?2)",
                (before.as_millis(), limit),
            )
        })
        .await
    }
}
