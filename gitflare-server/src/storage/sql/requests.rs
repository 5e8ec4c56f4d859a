//! Authorization requests, by the hash of their id.

use gitflare_core::{
    ClientId, CredentialHash, Scopes, SessionId, TenantId, Timestamp, storage::PendingRequest,
};

use super::{Columns, Statement, id, maybe_bytes, maybe_text, number, text, time, values};

pub(in crate::storage) fn request<R: Columns>(row: &R) -> Result<PendingRequest, R::Error> {
    Ok(PendingRequest {
        client_id: id!(row, 0, ClientId)?,
        tenant_id: id!(row, 1, TenantId)?,
        session_id: id!(row, 2, SessionId)?,
        redirect_uri: text(row, 3)?,
        registered_uri: text(row, 4)?,
        sealed_state: maybe_bytes(row, 5)?,
        code_challenge: maybe_text(row, 6)?,
        permissions: Scopes::from_bits(number(row, 7)?),
        customer_name: maybe_text(row, 8)?,
        created_at: time(row, 9)?,
        expires_at: time(row, 10)?,
    })
}

pub(in crate::storage) fn insert<'a>(
    request: &'a PendingRequest,
    hash: &'a CredentialHash,
) -> Statement<'a> {
    Statement::new(
        "INSERT INTO requests (hash, client_id, tenant_id, session_id, redirect_uri,
           registered_uri, state, code_challenge, permissions, customer_name, created_at,
           expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        values![
            hash,
            request.client_id.as_str(),
            request.tenant_id.as_str(),
            request.session_id.as_str(),
            &request.redirect_uri,
            &request.registered_uri,
            &request.sealed_state,
            &request.code_challenge,
            request.permissions,
            &request.customer_name,
            request.created_at,
            request.expires_at,
        ],
    )
}

pub(in crate::storage) fn find(hash: &CredentialHash, now: Timestamp) -> Statement<'_> {
    Statement::new(
        "SELECT client_id, tenant_id, session_id, redirect_uri, registered_uri, state,
           code_challenge, permissions, customer_name, created_at, expires_at
         FROM requests WHERE hash = ?1 AND expires_at > ?2 AND EXISTS (
           SELECT 1 FROM clients l WHERE l.id = client_id AND l.status = 'active')",
        values![hash, now],
    )
}

/// Spends a request that can still be approved.
pub(in crate::storage) fn spend(hash: &CredentialHash, now: Timestamp) -> Statement<'_> {
    Statement::new(
        "DELETE FROM requests WHERE hash = ?1 AND expires_at > ?2 AND EXISTS (
           SELECT 1 FROM clients l WHERE l.id = client_id AND l.status = 'active')",
        values![hash, now],
    )
}

/// Spends a request that can still be denied; returns its client and its tenant.
pub(in crate::storage) fn deny(hash: &CredentialHash, now: Timestamp) -> Statement<'_> {
    Statement::new(
        "DELETE FROM requests WHERE hash = ?1 AND expires_at > ?2 RETURNING client_id, tenant_id",
        values![hash, now],
    )
}

pub(in crate::storage) fn denied<R: Columns>(row: &R) -> Result<(ClientId, TenantId), R::Error> {
    Ok((id!(row, 0, ClientId)?, id!(row, 1, TenantId)?))
}

pub(in crate::storage) fn end_pending<'a>(
    client: &'a ClientId,
    tenant: &'a TenantId,
) -> Statement<'a> {
    Statement::new(
        "UPDATE authorizations SET status = 'revoked'
         WHERE client_id = ?1 AND tenant_id = ?2 AND status = 'pending'",
        values![client.as_str(), tenant.as_str()],
    )
}

pub(in crate::storage) fn purge(before: Timestamp, limit: usize) -> Statement<'static> {
    Statement::new(
        "DELETE FROM requests WHERE hash IN
           (SELECT hash FROM requests WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)",
        values![before, limit],
    )
}
