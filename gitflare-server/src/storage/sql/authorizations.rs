//! Authorizations, grants and approvals.

use std::sync::LazyLock;

use gitflare_core::{
    AuthorizationId, ClientId, ConnectionId, GrantId, Scope, Scopes, TenantId, Timestamp,
    storage::{
        Approval, ApprovedRepository, Authorization, AuthorizationStatus, Grant, GrantFilter,
        GrantStatus, ListRange, Repositories,
    },
};

use super::{
    Columns, Conditions, Statement, flag, id, maybe_text, maybe_time, number, page, parsed, text,
    time, values,
};

/// Whether the row's client lives. With it ends all that stands on it, without being rewritten.
pub(in crate::storage) const CLIENT_LIVES: &str =
    "EXISTS (SELECT 1 FROM clients l WHERE l.id = client_id AND l.status = 'active')";
const AUTHORIZATION: &str = "SELECT id, tenant_id, client_id,
    CASE WHEN EXISTS (SELECT 1 FROM clients l WHERE l.id = client_id AND l.status = 'deleted')
      THEN 'revoked' ELSE status END, permissions, created_at FROM authorizations";
const GRANT: &str = "SELECT id, authorization_id, tenant_id, client_id, connection_id, permissions,
    approves_all, CASE WHEN status = 'active' AND EXISTS (
      SELECT 1 FROM clients l WHERE l.id = client_id AND l.status = 'deleted')
      THEN 'revoked' ELSE status END, created_at,
    coalesce(revoked_at, (SELECT l.updated_at FROM clients l
      WHERE l.id = client_id AND l.status = 'deleted')), expires_at FROM grants";

pub(in crate::storage) fn authorization<R: Columns>(row: &R) -> Result<Authorization, R::Error> {
    Ok(Authorization {
        id: id!(row, 0, AuthorizationId)?,
        tenant_id: id!(row, 1, TenantId)?,
        client_id: id!(row, 2, ClientId)?,
        status: parsed(row, 3, AuthorizationStatus::parse)?,
        permissions: Scopes::from_bits(number(row, 4)?),
        created_at: time(row, 5)?,
    })
}

/// A grant; the repositories of one that does not approve all are rows of their own.
pub(in crate::storage) fn bare<R: Columns>(row: &R) -> Result<Grant, R::Error> {
    Ok(Grant {
        id: id!(row, 0, GrantId)?,
        authorization_id: id!(row, 1, AuthorizationId)?,
        tenant_id: id!(row, 2, TenantId)?,
        client_id: id!(row, 3, ClientId)?,
        connection_id: id!(row, 4, ConnectionId)?,
        permissions: Scopes::from_bits(number(row, 5)?),
        repositories: match flag(row, 6)? {
            true => Repositories::All,
            false => Repositories::Listed(Vec::new()),
        },
        status: parsed(row, 7, GrantStatus::parse)?,
        created_at: time(row, 8)?,
        revoked_at: maybe_time(row, 9)?,
        expires_at: maybe_time(row, 10)?,
    })
}

/// An approved repository whose columns begin at `at`.
pub(in crate::storage) fn approved<R: Columns>(
    row: &R,
    at: usize,
) -> Result<ApprovedRepository, R::Error> {
    Ok(ApprovedRepository {
        id: text(row, at)?,
        full_name: text(row, at + 1)?,
        node_id: maybe_text(row, at + 2)?,
        default_branch: maybe_text(row, at + 3)?,
    })
}

pub(in crate::storage) fn insert(row: &Authorization) -> Statement<'_> {
    Statement::new(
        "INSERT INTO authorizations (id, tenant_id, client_id, status, permissions, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        values![
            row.id.as_str(),
            row.tenant_id.as_str(),
            row.client_id.as_str(),
            row.status.as_str(),
            row.permissions,
            row.created_at,
        ],
    )
}

pub(in crate::storage) fn live<'a>(client: &'a ClientId, tenant: &'a TenantId) -> Statement<'a> {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        format!(
            "{AUTHORIZATION} WHERE client_id = ?1 AND tenant_id = ?2 AND status <> 'revoked'
               AND {CLIENT_LIVES}"
        )
    });
    Statement::new(TEXT.as_str(), values![client.as_str(), tenant.as_str()])
}

pub(in crate::storage) fn find(id: &AuthorizationId) -> Statement<'_> {
    Statement::new(
        format!("{AUTHORIZATION} WHERE id = ?1"),
        values![id.as_str()],
    )
}

/// The live authorizations of one status.
pub(in crate::storage) fn list_live(
    client: &ClientId,
    status: AuthorizationStatus,
    limit: usize,
) -> Statement<'_> {
    Statement::new(
        format!(
            "{AUTHORIZATION} WHERE client_id = ?1 AND status = ?2 AND {CLIENT_LIVES}
             ORDER BY id LIMIT ?3"
        ),
        values![client.as_str(), status.as_str(), limit],
    )
}

pub(in crate::storage) fn list(client: &ClientId, range: ListRange<'_>) -> Statement<'static> {
    let mut conditions = Conditions::new("TRUE");
    conditions.equal("client_id", Some(client.as_str()));
    page(AUTHORIZATION, conditions, "id", range)
}

/// Those of some tenants, found by the tenants.
pub(in crate::storage) fn list_of(
    client: &ClientId,
    tenants: &[TenantId],
    range: ListRange<'_>,
) -> Statement<'static> {
    let mut conditions = Conditions::new("TRUE");
    conditions.also_equal("client_id", Some(client.as_str()));
    conditions.among("tenant_id", tenants.iter().map(TenantId::as_str));
    page(AUTHORIZATION, conditions, "id", range)
}

/// Makes an authorization active with these permissions.
pub(in crate::storage) fn activate(id: &AuthorizationId, permissions: Scopes) -> Statement<'_> {
    Statement::new(
        "UPDATE authorizations SET status = 'active', permissions = ?2 WHERE id = ?1",
        values![id.as_str(), permissions],
    )
}

/// Finds another active grant of the same authorization over the same connection.
pub(in crate::storage) fn duplicate(grant: &Grant) -> Statement<'_> {
    Statement::new(
        "SELECT id FROM grants WHERE authorization_id = ?1 AND connection_id = ?2
           AND status = 'active' AND (expires_at IS NULL OR expires_at > ?3)",
        values![
            grant.authorization_id.as_str(),
            grant.connection_id.as_str(),
            grant.created_at,
        ],
    )
}

pub(in crate::storage) fn insert_grant(grant: &Grant) -> Statement<'_> {
    Statement::new(
        "INSERT INTO grants (id, authorization_id, tenant_id, client_id, connection_id,
           permissions, approves_all, status, created_at, revoked_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        values![
            grant.id.as_str(),
            grant.authorization_id.as_str(),
            grant.tenant_id.as_str(),
            grant.client_id.as_str(),
            grant.connection_id.as_str(),
            grant.permissions,
            grant.repositories == Repositories::All,
            grant.status.as_str(),
            grant.created_at,
            grant.revoked_at,
            grant.expires_at,
        ],
    )
}

/// Gives the active grant of a connection these permissions; returns its id.
pub(in crate::storage) fn update_grant(grant: &Grant) -> Statement<'_> {
    Statement::new(
        "UPDATE grants SET permissions = ?3, approves_all = FALSE, expires_at = NULL
         WHERE authorization_id = ?1 AND connection_id = ?2 AND status = 'active' RETURNING id",
        values![
            grant.authorization_id.as_str(),
            grant.connection_id.as_str(),
            grant.permissions,
        ],
    )
}

pub(in crate::storage) fn delete_approvals(grant: &GrantId) -> Statement<'_> {
    Statement::new(
        "DELETE FROM approvals WHERE grant_number = (SELECT number FROM grants WHERE id = ?1)",
        values![grant.as_str()],
    )
}

/// The permissions of each active grant.
pub(in crate::storage) fn active_permissions(id: &AuthorizationId) -> Statement<'_> {
    Statement::new(
        "SELECT permissions FROM grants WHERE authorization_id = ?1 AND status = 'active'",
        values![id.as_str()],
    )
}

/// Revokes the grants over a connection of which nothing is shared any more.
pub(in crate::storage) fn drop_connection<'a>(
    id: &'a AuthorizationId,
    linked: &'a ConnectionId,
    at: Timestamp,
) -> Statement<'a> {
    Statement::new(
        "UPDATE grants SET status = 'revoked', revoked_at = ?3
         WHERE authorization_id = ?1 AND connection_id = ?2 AND status = 'active'",
        values![id.as_str(), linked.as_str(), at],
    )
}

pub(in crate::storage) fn find_grant(id: &GrantId) -> Statement<'_> {
    Statement::new(format!("{GRANT} WHERE id = ?1"), values![id.as_str()])
}

pub(in crate::storage) fn list_grants(
    filter: &GrantFilter,
    range: ListRange<'_>,
) -> Statement<'static> {
    let mut conditions = Conditions::new("TRUE");
    let tenant = filter.tenant.as_ref().map(TenantId::as_str);
    let client = filter.client.as_ref().map(ClientId::as_str);
    match &filter.connection {
        None => {
            conditions.equal("tenant_id", tenant);
            conditions.equal("client_id", client);
        }
        // It has one tenant, and few grants.
        Some(linked) => {
            conditions.equal("connection_id", Some(linked.as_str()));
            conditions.also_equal("tenant_id", tenant);
            conditions.also_equal("client_id", client);
        }
    }
    page(GRANT, conditions, "id", range)
}

pub(in crate::storage) fn active_grants(id: &AuthorizationId, now: Timestamp) -> Statement<'_> {
    Statement::new(
        format!(
            "{GRANT} WHERE authorization_id = ?1 AND status = 'active'
               AND (expires_at IS NULL OR expires_at > ?2) AND {CLIENT_LIVES}
             ORDER BY connection_id"
        ),
        values![id.as_str(), now],
    )
}

pub(in crate::storage) fn approval<R: Columns>(row: &R) -> Result<Approval, R::Error> {
    let listed = maybe_text(row, 1)?;
    Ok(Approval {
        grant_id: id!(row, 0, GrantId)?,
        repository: listed.map(|_| approved(row, 1)).transpose()?,
    })
}

pub(in crate::storage) fn find_approval<'a>(
    id: &'a AuthorizationId,
    connection: &'a ConnectionId,
    permission: Scope,
    repository: &'a str,
    now: Timestamp,
) -> Statement<'a> {
    let bit = Scopes::from_iter([permission]).bits();
    Statement::new(
        format!(
            "SELECT g.id, p.repository_id, p.full_name, p.node_id, p.default_branch FROM grants g
               LEFT JOIN approvals p
                 ON p.grant_number = g.number AND p.repository_id = ?3 AND NOT g.approves_all
             WHERE g.authorization_id = ?1 AND g.connection_id = ?2
               AND g.status = 'active' AND (g.expires_at IS NULL OR g.expires_at > ?4)
               AND (g.permissions & {bit}) <> 0
               AND {CLIENT_LIVES} AND (g.approves_all OR p.grant_number IS NOT NULL)"
        ),
        values![id.as_str(), connection.as_str(), repository, now],
    )
}

pub(in crate::storage) fn note_seen<'a>(
    grant: &'a GrantId,
    seen: &'a ApprovedRepository,
) -> Statement<'a> {
    Statement::new(
        "UPDATE approvals SET full_name = ?3, node_id = coalesce(?4, node_id),
           default_branch = coalesce(?5, default_branch)
         WHERE grant_number = (SELECT number FROM grants WHERE id = ?1) AND repository_id = ?2",
        values![
            grant.as_str(),
            &seen.id,
            &seen.full_name,
            &seen.node_id,
            &seen.default_branch,
        ],
    )
}

/// Revokes a grant; returns its authorization and its connection.
pub(in crate::storage) fn revoke_grant(id: &GrantId, at: Timestamp) -> Statement<'_> {
    Statement::new(
        format!(
            "UPDATE grants SET status = 'revoked', revoked_at = ?2
             WHERE id = ?1 AND status = 'active' AND {CLIENT_LIVES}
             RETURNING authorization_id, connection_id"
        ),
        values![id.as_str(), at],
    )
}

pub(in crate::storage) fn revoked<R: Columns>(
    row: &R,
) -> Result<(AuthorizationId, ConnectionId), R::Error> {
    Ok((id!(row, 0, AuthorizationId)?, id!(row, 1, ConnectionId)?))
}

/// Ends an authorization. Its tokens end by the time of its own end.
pub(in crate::storage) fn revoke(id: &AuthorizationId, at: Timestamp) -> Statement<'_> {
    Statement::new(
        format!(
            "UPDATE authorizations SET status = 'revoked', ended_at = ?2
             WHERE id = ?1 AND status <> 'revoked' AND {CLIENT_LIVES}"
        ),
        values![id.as_str(), at],
    )
}

/// Ends what stands on an authorization that has ended.
pub(in crate::storage) fn end_under(id: &AuthorizationId, at: Timestamp) -> [Statement<'_>; 2] {
    [
        Statement::new(
            "DELETE FROM codes WHERE authorization_id = ?1",
            values![id.as_str()],
        ),
        Statement::new(
            "UPDATE grants SET status = 'revoked', revoked_at = ?2
             WHERE authorization_id = ?1 AND status = 'active'",
            values![id.as_str(), at],
        ),
    ]
}
