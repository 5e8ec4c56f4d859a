//! Access tokens, and the one statement that reads a token with everything that decides. There are very
//! many of them: what they stand on they name by its number, and lists are in the order of their own.

use std::sync::LazyLock;

use gitflare_core::{
    AuthorizationId, ClientId, ConnectionId, CredentialHash, GrantId, Scopes, TenantId, Timestamp,
    TokenId,
    storage::{
        Access, AccessToken, AuthorizationStatus, ClientStatus, IssuedBy, ListRange, RepositoryKey,
        Share, TokenFilter,
    },
};

use super::{
    Columns, Conditions, Statement, authorizations, connections, flag, id, maybe, maybe_id,
    maybe_text, maybe_time, number, parsed, time, values,
};

/// The columns of a token `t` of the tenant `n` and the client `l` under the authorization `a`. It ends
/// with either of the last two, without being rewritten.
const COLUMNS: &str = "t.id, n.id, l.id, a.id, t.issued_by,
    t.permissions, t.connections, t.created_at, t.expires_at,
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
        issued_by: issued_by(row, 4)?,
        permissions: Scopes::from_bits(number(row, 5)?),
        connection_ids: parsed(row, 6, connections_of)?,
        created_at: time(row, 7)?,
        expires_at: time(row, 8)?,
        revoked_at: maybe_time(row, 9)?,
        last_used_at: maybe_time(row, 10)?,
    })
}

/// The number of each way to issue a token, as the schema tells them: counted from 1.
const WAYS: [IssuedBy; 4] = [
    IssuedBy::ClientCredentials,
    IssuedBy::AuthorizationCode,
    IssuedBy::RefreshToken,
    IssuedBy::Embedder,
];

/// `None` for a way that the schema has no number for, which it refuses.
fn number_of(way: IssuedBy) -> Option<usize> {
    let place = WAYS.iter().position(|known| *known == way);
    place.map(|place| place + 1)
}

fn issued_by<R: Columns>(row: &R, column: usize) -> Result<IssuedBy, R::Error> {
    let place = number::<R, usize>(row, column)?.checked_sub(1);
    let way = place.and_then(|place| WAYS.get(place));
    way.copied().ok_or_else(|| R::corrupt(column))
}

/// The ids of connections as one text: what stands behind the prefix of each.
fn joined(ids: &[ConnectionId]) -> String {
    let bodies = ids.iter().map(ConnectionId::as_str);
    let bodies: Vec<_> = bodies
        .filter_map(|id| id.strip_prefix(ConnectionId::PREFIX))
        .collect();
    bodies.join(",")
}

/// The ids of a text that [`joined`] has made; `None` for any other.
fn connections_of(text: &str) -> Option<Vec<ConnectionId>> {
    let bodies = text.split(',').filter(|_| !text.is_empty());
    bodies
        .map(|body| ConnectionId::parse(&format!("{}{body}", ConnectionId::PREFIX)).ok())
        .collect()
}

/// Stores a token, of a family of refresh tokens if it has one. What it names must be there.
pub(in crate::storage) fn insert<'a>(
    token: &'a AccessToken,
    hash: &'a CredentialHash,
    family: Option<&'a CredentialHash>,
) -> Statement<'a> {
    Statement::new(
        // No row has the number 0: the reference is refused.
        "INSERT INTO tokens (hash, id, tenant_number, client_number, authorization_number, issued_by,
           permissions, connections, created_at, expires_at, revoked_at, family)
         VALUES (?1, ?2, coalesce((SELECT number FROM tenants WHERE id = ?3), 0),
           coalesce((SELECT number FROM clients WHERE id = ?4), 0),
           CASE WHEN CAST(?5 AS TEXT) IS NOT NULL
             THEN coalesce((SELECT number FROM authorizations WHERE id = ?5), 0) END,
           ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        values![
            hash,
            token.id.as_str(),
            token.tenant_id.as_str(),
            token.client_id.as_str(),
            token.authorization_id.as_ref().map(AuthorizationId::as_str),
            number_of(token.issued_by),
            token.permissions,
            joined(&token.connection_ids),
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
        "LEFT JOIN approvals p ON p.grant_number = g.number AND c.provider = ?2
           AND p.repository_id = coalesce(
             (SELECT repository_id FROM approvals
              WHERE grant_number = g.number AND repository_id = ?3),
             (SELECT repository_id FROM approvals WHERE grant_number = g.number
                AND substr(full_name, -4) = substr(?3, -4) AND full_name = ?3
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
         FROM tokens t JOIN clients l ON l.number = t.client_number
         JOIN tenants n ON n.number = t.tenant_number
         LEFT JOIN authorizations a ON a.number = t.authorization_number
         LEFT JOIN grants g ON g.authorization_id = a.id AND g.status = 'active'
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
            conditions.names("t.tenant_number", "tenants", tenant);
            conditions.names("t.client_number", "clients", client);
        }
        // It has one tenant and one client.
        (Some(authorization), _) => {
            let authorization = Some(authorization.as_str());
            conditions.names("t.authorization_number", "authorizations", authorization);
            conditions.also_equal("n.id", tenant);
            conditions.also_equal("l.id", client);
        }
    }
    // A token that has gone since is as good as the one before it.
    conditions.compare_with(
        "t.number > coalesce((SELECT number FROM tokens WHERE id = ?),
           (SELECT number FROM tokens WHERE id < ? ORDER BY id DESC LIMIT 1), 0)",
        range.after,
    );
    // Outer, though a token has a client: the order of the joins is that of the text.
    let select = format!(
        "SELECT {COLUMNS} FROM tokens t LEFT JOIN clients l ON l.number = t.client_number
         LEFT JOIN tenants n ON n.number = t.tenant_number
         LEFT JOIN authorizations a ON a.number = t.authorization_number"
    );
    conditions.select(&select, "t.number", range.limit)
}

pub(in crate::storage) fn revoke(id: &TokenId, at: Timestamp) -> Statement<'_> {
    Statement::new(
        "UPDATE tokens SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL
           AND EXISTS (SELECT 1 FROM clients l
             WHERE l.number = client_number AND l.status = 'active')
           AND NOT EXISTS (SELECT 1 FROM authorizations a
             WHERE a.number = authorization_number AND a.ended_at IS NOT NULL)",
        values![id.as_str(), at],
    )
}

pub(in crate::storage) fn purge(before: Timestamp, limit: usize) -> Statement<'static> {
    Statement::new(
        "DELETE FROM tokens WHERE number IN
           (SELECT number FROM tokens WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)",
        values![before, limit],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_issue_a_token_has_a_number() {
        let numbers: Vec<_> = IssuedBy::ALL
            .iter()
            .filter_map(|way| number_of(*way))
            .collect();
        assert_eq!(numbers.len(), IssuedBy::ALL.len());
        assert_eq!(numbers.len(), WAYS.len());
    }

    #[test]
    fn ids_of_connections_come_back() {
        let id = |text| ConnectionId::parse(text).unwrap();
        for ids in [
            vec![],
            vec![id("conn_1")],
            vec![id("conn_0abc"), id("conn_Z9")],
        ] {
            assert_eq!(connections_of(&joined(&ids)), Some(ids));
        }
        for text in [",", "1,", "a-b", "[]"] {
            assert_eq!(connections_of(text), None, "{text}");
        }
    }
}
