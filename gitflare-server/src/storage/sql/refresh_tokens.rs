//! Families of refresh tokens, by the hash of what their texts have in common.

use gitflare_core::{
    AuthorizationId, ClientId, CredentialHash, Scopes, TenantId, Timestamp,
    storage::{RefreshFamily, Rotation},
};

use super::{Columns, Statement, flag, hash, id, list, number, time, to_list, values};

pub(in crate::storage) fn family<R: Columns>(row: &R) -> Result<RefreshFamily, R::Error> {
    Ok(RefreshFamily {
        id: hash(row, 0)?,
        current: hash(row, 1)?,
        client_id: id!(row, 2, ClientId)?,
        tenant_id: id!(row, 3, TenantId)?,
        authorization_id: id!(row, 4, AuthorizationId)?,
        is_for_tools: flag(row, 5)?,
        permissions: Scopes::from_bits(number(row, 6)?),
        connection_ids: list(row, 7)?,
        created_at: time(row, 8)?,
        expires_at: time(row, 9)?,
    })
}

pub(in crate::storage) fn insert(family: &RefreshFamily) -> Statement<'_> {
    Statement::new(
        "INSERT INTO refresh_families (id, current, client_id, tenant_id, authorization_id,
           is_for_tools, permissions, connection_ids, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        values![
            &family.id,
            &family.current,
            family.client_id.as_str(),
            family.tenant_id.as_str(),
            family.authorization_id.as_str(),
            family.is_for_tools,
            family.permissions,
            to_list(&family.connection_ids),
            family.created_at,
            family.expires_at,
        ],
    )
}

pub(in crate::storage) fn find(id: &CredentialHash) -> Statement<'_> {
    Statement::new(
        "SELECT id, current, client_id, tenant_id, authorization_id, is_for_tools, permissions,
           connection_ids, created_at, expires_at
         FROM refresh_families WHERE id = ?1",
        values![id],
    )
}

/// Replaces the good token of a family that lives, on an authorization that is active.
pub(in crate::storage) fn rotate<'a>(
    id: &'a CredentialHash,
    rotation: &'a Rotation,
) -> Statement<'a> {
    Statement::new(
        "UPDATE refresh_families SET current = ?4, expires_at = ?6
         WHERE id = ?1 AND client_id = ?2 AND current = ?3 AND expires_at > ?5 AND EXISTS (
           SELECT 1 FROM authorizations a JOIN clients l ON l.id = a.client_id
           WHERE a.id = authorization_id AND a.status = 'active' AND l.status = 'active')",
        values![
            id,
            rotation.client_id.as_str(),
            &rotation.presented,
            &rotation.next,
            rotation.at,
            rotation.expires_at,
        ],
    )
}

/// Ends a family that lives when another token than its good one was presented, or by another
/// client.
pub(in crate::storage) fn end_replayed<'a>(
    id: &'a CredentialHash,
    rotation: &'a Rotation,
) -> Statement<'a> {
    Statement::new(
        "UPDATE refresh_families SET expires_at = ?4
         WHERE id = ?1 AND (client_id <> ?2 OR current <> ?3) AND expires_at > ?4",
        values![
            id,
            rotation.client_id.as_str(),
            &rotation.presented,
            rotation.at,
        ],
    )
}

/// Ends a family that lives.
pub(in crate::storage) fn end(id: &CredentialHash, at: Timestamp) -> Statement<'_> {
    Statement::new(
        "UPDATE refresh_families SET expires_at = ?2 WHERE id = ?1 AND expires_at > ?2",
        values![id, at],
    )
}

/// Ends the access tokens of a family.
pub(in crate::storage) fn end_tokens(id: &CredentialHash, at: Timestamp) -> Statement<'_> {
    Statement::new(
        "UPDATE tokens SET revoked_at = ?2 WHERE family = ?1 AND revoked_at IS NULL",
        values![id, at],
    )
}

pub(in crate::storage) fn purge(before: Timestamp, limit: usize) -> Statement<'static> {
    Statement::new(
        "DELETE FROM refresh_families WHERE id IN
           (SELECT id FROM refresh_families WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)",
        values![before, limit],
    )
}
