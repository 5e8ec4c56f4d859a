//! Access tokens in SQLite, by the hash of their text.

use std::sync::LazyLock;

use async_trait::async_trait;
use gitflare_core::{
    AuthorizationId, ClientId, CredentialHash, GrantId, Result, Scopes, TenantId, Timestamp,
    TokenId,
    storage::{
        Access, AccessToken, ApprovedRepository, AuditEntry, AuthorizationStatus, ClientStatus,
        IssuedBy, ListRange, RepositoryKey, Share, TokenFilter, TokenStore,
    },
};
use rusqlite::{Connection, Row, Rows};

use super::{
    SqliteStorage,
    connections::{self, linked, tokens},
    rows::{
        Conditions, Page, audit, execute, id, list, maybe, maybe_id, maybe_time, parsed, saturated,
        time, to_list,
    },
};

/// The columns of a token `t` of the client `l` under the authorization `a`. It ends with either of
/// them, without being rewritten.
const COLUMNS: &str = "t.id, t.tenant_id, t.client_id, t.authorization_id, t.issued_by,
    t.permissions, t.connection_ids, t.created_at, t.expires_at,
    coalesce(t.revoked_at, a.ended_at, CASE l.status WHEN 'deleted' THEN l.updated_at END),
    t.last_used_at";
/// How many columns stand before a share's, and before its connection's, in an access's rows.
const BEFORE_SHARE: usize = 13;
const BEFORE_CONNECTION: usize = BEFORE_SHARE + 4;
const BEFORE_APPROVAL: usize = BEFORE_CONNECTION + connections::WIDTH;

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

/// Stores a token under the hash of its text.
pub(super) fn insert(
    connection: &Connection,
    token: &AccessToken,
    hash: &CredentialHash,
) -> Result<()> {
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
    Ok(())
}

/// The statement that reads an access: one row per active grant, or one row without. A single
/// statement sees a single moment, and costs one walk.
static ACCESS: LazyLock<String> = LazyLock::new(|| access(""));
/// The same with the repository that `?2` and `?3` name: by its id, or else by its name.
static ACCESS_OF_REPOSITORY: LazyLock<String> = LazyLock::new(|| {
    access(
        "LEFT JOIN approvals p ON p.grant_id = g.id AND c.provider = ?2
           AND p.repository_id = coalesce(
             (SELECT repository_id FROM approvals WHERE grant_id = g.id AND repository_id = ?3),
             (SELECT repository_id FROM approvals WHERE grant_id = g.id AND full_name = ?3
              ORDER BY position LIMIT 1))",
    )
});

fn access(approval: &str) -> String {
    let of_approval = match approval {
        "" => "",
        _ => ", p.repository_id, p.full_name",
    };
    format!(
        "SELECT {COLUMNS}, l.status, CASE WHEN l.status = 'deleted' AND a.id IS NOT NULL
             THEN 'revoked' ELSE a.status END, g.id, g.permissions, g.expires_at, g.approves_all,
           {}{of_approval}
         FROM tokens t JOIN clients l ON l.id = t.client_id
         LEFT JOIN authorizations a ON a.id = t.authorization_id
         LEFT JOIN grants g ON g.authorization_id = t.authorization_id AND g.status = 'active'
           AND l.status = 'active'
         LEFT JOIN connections c ON c.id = g.connection_id {approval}
         WHERE t.hash = ?1 ORDER BY g.connection_id, g.id",
        connections::COLUMNS
    )
}

/// The share in a row, if there is one and the token may use it.
fn share(row: &Row<'_>, token: &AccessToken, approvals: bool) -> rusqlite::Result<Option<Share>> {
    let Some(grant_id) = maybe_id!(row, BEFORE_SHARE, GrantId)? else {
        return Ok(None);
    };
    let connection = linked(row, BEFORE_CONNECTION)?;
    if !token.connection_ids.contains(&connection.id) {
        return Ok(None);
    }
    let approved_id: Option<String> = match approvals {
        true => row.get(BEFORE_APPROVAL)?,
        false => None,
    };
    let approved = match approved_id {
        Some(id) => Some(ApprovedRepository {
            id,
            full_name: row.get(BEFORE_APPROVAL + 1)?,
            // A read of one repository asks by its id.
            node_id: None,
        }),
        None => None,
    };
    Ok(Some(Share {
        grant_id,
        permissions: Scopes::from_bits(row.get(BEFORE_SHARE + 1)?),
        expires_at: maybe_time(row, BEFORE_SHARE + 2)?,
        approves_all: row.get(BEFORE_SHARE + 3)?,
        approved,
        tokens: tokens(row, BEFORE_CONNECTION)?,
        connection,
    }))
}

/// Reads an access from its rows; `None` when there are none.
fn read_access(mut rows: Rows<'_>, approvals: bool) -> rusqlite::Result<Option<Access>> {
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let token = token(row)?;
    let client_is_active = parsed(row, 11, ClientStatus::parse)? == ClientStatus::Active;
    let authorization = maybe(row, 12, AuthorizationStatus::parse)?;
    let mut shares = Vec::new();
    shares.extend(share(row, &token, approvals)?);
    while let Some(row) = rows.next()? {
        shares.extend(share(row, &token, approvals)?);
    }
    Ok(Some(Access {
        token,
        client_is_active,
        authorization,
        shares,
    }))
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
            insert(connection, &token, &hash)?;
            audit(connection, &entry)
        })
        .await
    }

    async fn find_access(
        &self,
        hash: &CredentialHash,
        repository: Option<RepositoryKey<'_>>,
    ) -> Result<Option<Access>> {
        self.read(|connection| match repository {
            None => {
                let mut statement = connection.prepare_cached(&ACCESS)?;
                read_access(statement.query([hash.as_bytes()])?, false)
            }
            Some(RepositoryKey { provider, key }) => {
                let mut statement = connection.prepare_cached(&ACCESS_OF_REPOSITORY)?;
                let rows = statement.query((hash.as_bytes(), provider.as_str(), key))?;
                read_access(rows, true)
            }
        })
    }

    async fn list(&self, filter: &TokenFilter, range: ListRange<'_>) -> Result<Vec<AccessToken>> {
        let mut conditions = Conditions::new("1");
        let tenant = filter.tenant.as_ref().map(TenantId::as_str);
        let client = filter.client.as_ref().map(ClientId::as_str);
        match &filter.authorization {
            None => {
                conditions.equal("t.tenant_id", tenant);
                conditions.equal("t.client_id", client);
            }
            // It has one tenant and one client.
            Some(authorization) => {
                conditions.equal("t.authorization_id", Some(authorization.as_str()));
                conditions.also_equal("t.tenant_id", tenant);
                conditions.also_equal("t.client_id", client);
            }
        }
        let select = format!(
            "SELECT {COLUMNS} FROM tokens t CROSS JOIN clients l ON l.id = t.client_id
             LEFT JOIN authorizations a ON a.id = t.authorization_id"
        );
        let page = Page::new(&select, conditions, "t.id", range);
        self.walk(move |walk| page.read(walk.connection, token))
            .await
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
                "UPDATE tokens SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL
                   AND EXISTS (SELECT 1 FROM clients l
                     WHERE l.id = client_id AND l.status = 'active')
                   AND NOT EXISTS (SELECT 1 FROM authorizations a
                     WHERE a.id = authorization_id AND a.ended_at IS NOT NULL)",
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
                   (SELECT hash FROM tokens WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)",
                (before.as_millis(), saturated(limit as u64)),
            )
        })
        .await
    }
}
