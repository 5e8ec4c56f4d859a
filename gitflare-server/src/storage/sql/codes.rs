//! Authorization codes, by the hash of their text.

use gitflare_core::{
    AuthorizationId, ClientId, CredentialHash, Scopes, TenantId, Timestamp,
    storage::{AuthorizationCode, Redemption},
};

use super::{Columns, Statement, flag, id, list, maybe_text, number, text, time, to_list, values};

pub(in crate::storage) fn code<R: Columns>(row: &R) -> Result<AuthorizationCode, R::Error> {
    Ok(AuthorizationCode {
        client_id: id!(row, 0, ClientId)?,
        tenant_id: id!(row, 1, TenantId)?,
        authorization_id: id!(row, 2, AuthorizationId)?,
        redirect_uri: text(row, 3)?,
        registered_uri: text(row, 4)?,
        code_challenge: maybe_text(row, 5)?,
        permissions: Scopes::from_bits(number(row, 6)?),
        connection_ids: list(row, 7)?,
        created_at: time(row, 8)?,
        expires_at: time(row, 9)?,
        is_spent: flag(row, 10)?,
    })
}

/// Stores a code that nobody has redeemed yet.
pub(in crate::storage) fn insert<'a>(
    code: &'a AuthorizationCode,
    hash: &'a CredentialHash,
) -> Statement<'a> {
    Statement::new(
        "INSERT INTO codes (hash, client_id, tenant_id, authorization_id, redirect_uri,
           registered_uri, code_challenge, permissions, connection_ids, created_at,
           expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        values![
            hash,
            code.client_id.as_str(),
            code.tenant_id.as_str(),
            code.authorization_id.as_str(),
            &code.redirect_uri,
            &code.registered_uri,
            &code.code_challenge,
            code.permissions,
            to_list(&code.connection_ids),
            code.created_at,
            code.expires_at,
        ],
    )
}

/// Spends a code whose authorization is active.
pub(in crate::storage) fn spend<'a>(
    hash: &'a CredentialHash,
    redemption: &'a Redemption,
) -> Statement<'a> {
    Statement::new(
        "UPDATE codes SET is_spent = TRUE, token_id = ?3
         WHERE hash = ?1 AND client_id = ?2 AND NOT is_spent AND expires_at > ?4 AND EXISTS (
           SELECT 1 FROM authorizations a JOIN clients l ON l.id = a.client_id
           WHERE a.id = authorization_id AND a.status = 'active' AND l.status = 'active')",
        values![
            hash,
            redemption.client_id.as_str(),
            redemption.token.id.as_str(),
            redemption.at,
        ],
    )
}

/// Finds a code that was spent, or is another client's.
pub(in crate::storage) fn replayed<'a>(
    hash: &'a CredentialHash,
    client: &'a ClientId,
) -> Statement<'a> {
    Statement::new(
        "SELECT hash FROM codes WHERE hash = ?1 AND (is_spent OR client_id <> ?2)",
        values![hash, client.as_str()],
    )
}

/// Ends what a code has bought, with the refresh tokens and all that they have brought, and the code.
pub(in crate::storage) fn end(hash: &CredentialHash, at: Timestamp) -> [Statement<'_>; 4] {
    [
        Statement::new(
            "UPDATE tokens SET revoked_at = ?2 WHERE revoked_at IS NULL AND family =
               (SELECT t.family FROM codes c JOIN tokens t ON t.id = c.token_id
                WHERE c.hash = ?1)",
            values![hash, at],
        ),
        Statement::new(
            "UPDATE refresh_families SET expires_at = ?2 WHERE expires_at > ?2 AND id =
               (SELECT t.family FROM codes c JOIN tokens t ON t.id = c.token_id
                WHERE c.hash = ?1)",
            values![hash, at],
        ),
        Statement::new(
            "UPDATE tokens SET revoked_at = ?2 WHERE revoked_at IS NULL
               AND id = (SELECT token_id FROM codes WHERE hash = ?1)",
            values![hash, at],
        ),
        Statement::new(
            "UPDATE codes SET is_spent = TRUE WHERE hash = ?1",
            values![hash],
        ),
    ]
}

pub(in crate::storage) fn find(hash: &CredentialHash) -> Statement<'_> {
    Statement::new(
        "SELECT client_id, tenant_id, authorization_id, redirect_uri, registered_uri,
           code_challenge, permissions, connection_ids, created_at, expires_at, is_spent
         FROM codes WHERE hash = ?1 AND EXISTS (
           SELECT 1 FROM clients l WHERE l.id = client_id AND l.status = 'active')",
        values![hash],
    )
}

pub(in crate::storage) fn purge(before: Timestamp, limit: usize) -> Statement<'static> {
    Statement::new(
        "DELETE FROM codes WHERE hash IN
           (SELECT hash FROM codes WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)",
        values![before, limit],
    )
}
