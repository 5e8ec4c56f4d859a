//! Access tokens, and the one statement that reads a token with everything that decides.

use std::sync::LazyLock;

use gitflare_core::{
    AuthorizationId, ClientId, CredentialHash, GrantId, Scopes, TenantId, Timestamp, TokenId,
    storage::{
        Access, AccessToken, AuthorizationStatus, ClientStatus, IssuedBy, ListRange, RepositoryKey,
        Share, TokenFilter,
    },
};

use super::{
    Columns, Conditions, Statement, authorizations, connections, flag, id, list as list_of, maybe,
    maybe_id, maybe_text, maybe_time, number, page, parsed, time, to_list, values,
};

/// The columns of a token `t` of the client `l` under the authorization `a`. It ends with either of
/// them, without being rewritten.
const COLUMNS: &str = "t.id, t.tenant_id, t.client_id, t.authorization_id, t.issued_by,
    t.permissions, t.connection_ids, t.created_at, t.expires_at,
    coalesce(t.revoked_at, a.ended_at, CASE l.status WHEN 'deleted' THEN l.updated_at END),
    t.last_used_at";
/// How many columns stand before a share's, and before its connection's, in an access's rows.
const BEFORE_SHARE: usize = 14;
const BEFORE_CONNECTION: usize = BEFORE_SHARE + 4;
const BEFORE_APPROVAL: usize = BEFORE_CONNECTION + connections::WIDTH;

pub(in crate::storage) fn token<R: Columns>(row: &R) -> Result<AccessToken, R::Error> {
    Ok(AccessToken {
        id: id!(row, 0, TokenId)?,
        tenant_id: id!(row, 1, TenantId)?,
        client_id: id!(row, 2, ClientId)?,
        authorization_id: maybe_id!(row, 3, AuthorizationId)?,
        issued_by: parsed(row, 4, IssuedBy::parse)?,
        permissions: Scopes::from_bits(number(row, 5)?),
        connection_ids: list_of(row, 6)?,
        created_at: time(row, 7)?,
        expires_at: time(row, 8)?,
        revoked_at: maybe_time(row, 9)?,
        last_used_at: maybe_time(row, 10)?,
    })
}

/// Stores a token, of a family of refresh tokens if it has one.
pub(in crate::storage) fn insert<'a>(
    token: &'a AccessToken,
    hash: &'a CredentialHash,
    family: Option<&'a CredentialHash>,
) -> Statement<'a> {
    Statement::new(
        "INSERT INTO tokens (hash, id, tenant_id, client_id, authorization_id, issued_by,
           permissions, connection_ids, created_at, expires_at, revoked_at, family)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        values![
            hash,
            token.id.as_str(),
            token.tenant_id.as_str(),
            token.client_id.as_str(),
            token.authorization_id.as_ref().map(AuthorizationId::as_str),
            token.issued_by.as_str(),
            token.permissions,
            to_list(&token.connection_ids),
            token.created_at,
            token.expires_at,
            token.revoked_at,
            family,
        ],
    )
}

/// Reads an access: one row per active grant, or one row without. A single statement sees a single
/// moment, and costs one walk.
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
        _ => ", p.repository_id, p.full_name, p.node_id, p.default_branch",
    };
    format!(
        "SELECT {COLUMNS}, l.status, CASE WHEN l.status = 'deleted' AND a.id IS NOT NULL
             THEN 'revoked' ELSE a.status END, l.public_id, g.id, g.permissions, g.expires_at, g.approves_all,
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

pub(in crate::storage) fn find_access<'a>(
    hash: &'a CredentialHash,
    repository: Option<RepositoryKey<'a>>,
) -> Statement<'a> {
    match repository {
        None => Statement::new(ACCESS.as_str(), values![hash]),
        Some(RepositoryKey { provider, key }) => Statement::new(
            ACCESS_OF_REPOSITORY.as_str(),
            values![hash, provider.as_str(), key],
        ),
    }
}

/// The share in a row, if there is one and the token may use it.
pub(in crate::storage) fn share<R: Columns>(
    row: &R,
    token: &AccessToken,
    names_repository: bool,
) -> Result<Option<Share>, R::Error> {
    let Some(grant_id) = maybe_id!(row, BEFORE_SHARE, GrantId)? else {
        return Ok(None);
    };
    let connection = connections::linked(row, BEFORE_CONNECTION)?;
    if !token.connection_ids.contains(&connection.id) {
        return Ok(None);
    }
    let is_approved = names_repository && maybe_text(row, BEFORE_APPROVAL)?.is_some();
    let approved = match is_approved {
        true => Some(authorizations::approved(row, BEFORE_APPROVAL)?),
        false => None,
    };
    Ok(Some(Share {
        grant_id,
        permissions: Scopes::from_bits(number(row, BEFORE_SHARE + 1)?),
        expires_at: maybe_time(row, BEFORE_SHARE + 2)?,
        approves_all: flag(row, BEFORE_SHARE + 3)?,
        approved,
        tokens: connections::tokens(row, BEFORE_CONNECTION)?,
        connection,
    }))
}

/// An access as its first row shows it, without shares.
pub(in crate::storage) fn bare_access<R: Columns>(row: &R) -> Result<Access, R::Error> {
    Ok(Access {
        token: token(row)?,
        client_is_active: parsed(row, 11, ClientStatus::parse)? == ClientStatus::Active,
        authorization: maybe(row, 12, AuthorizationStatus::parse)?,
        client_public_id: maybe_text(row, 13)?,
        shares: Vec::new(),
    })
}

pub(in crate::storage) fn list(filter: &TokenFilter, range: ListRange<'_>) -> Statement<'static> {
    let mut conditions = Conditions::new("TRUE");
    let tenant = filter.tenant.as_ref().map(TenantId::as_str);
    let client = filter.client.as_ref().map(ClientId::as_str);
    match (&filter.authorization, &filter.id) {
        (None, Some(id)) => conditions.equal("t.id", Some(id.as_str())),
        (None, None) => {
            conditions.equal("t.tenant_id", tenant);
            conditions.equal("t.client_id", client);
        }
        // It has one tenant and one client.
        (Some(authorization), _) => {
            conditions.equal("t.authorization_id", Some(authorization.as_str()));
            conditions.also_equal("t.tenant_id", tenant);
            conditions.also_equal("t.client_id", client);
        }
    }
    // Outer, though a token has a client: the order of the joins is that of the text.
    let select = format!(
        "SELECT {COLUMNS} FROM tokens t LEFT JOIN clients l ON l.id = t.client_id
         LEFT JOIN authorizations a ON a.id = t.authorization_id"
    );
    page(&select, conditions, "t.id", range)
}

pub(in crate::storage) fn revoke(id: &TokenId, at: Timestamp) -> Statement<'_> {
    Statement::new(
        "UPDATE tokens SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL
           AND EXISTS (SELECT 1 FROM clients l WHERE l.id = client_id AND l.status = 'active')
           AND NOT EXISTS (SELECT 1 FROM authorizations a
             WHERE a.id = authorization_id AND a.ended_at IS NOT NULL)",
        values![id.as_str(), at],
    )
}

pub(in crate::storage) fn purge(before: Timestamp, limit: usize) -> Statement<'static> {
    Statement::new(
        "DELETE FROM tokens WHERE hash IN
           (SELECT hash FROM tokens WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)",
        values![before, limit],
    )
}
