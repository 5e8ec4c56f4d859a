//! Authorization codes in SQLite, by the hash of their text.

use async_trait::async_trait;
use gitflare_core::{
    AuthorizationId, ClientId, CredentialHash, Result, Scopes, TenantId, Timestamp,
    storage::{AuditEntry, AuthorizationCode, CodeStore, Redeemed, Redemption},
};
use rusqlite::{Connection, Row};

use super::{
    SqliteStorage,
    rows::{audit, execute, exists, id, list, one, saturated, time, to_list},
    tokens,
};

fn code(row: &Row<'_>) -> rusqlite::Result<AuthorizationCode> {
    Ok(AuthorizationCode {
        client_id: id!(row, 0, ClientId)?,
        tenant_id: id!(row, 1, TenantId)?,
        authorization_id: id!(row, 2, AuthorizationId)?,
        redirect_uri: row.get(3)?,
        registered_uri: row.get(4)?,
        code_challenge: row.get(5)?,
        permissions: Scopes::from_bits(row.get(6)?),
        connection_ids: list(row, 7)?,
        created_at: time(row, 8)?,
        expires_at: time(row, 9)?,
        is_spent: row.get(10)?,
    })
}

/// Stores a code that nobody has redeemed yet, within a transaction.
pub(super) fn insert(
    connection: &Connection,
    code: &AuthorizationCode,
    hash: &CredentialHash,
) -> Result<()> {
    execute(
        connection,
        "INSERT INTO codes (hash, client_id, tenant_id, authorization_id, redirect_uri,
           registered_uri, code_challenge, permissions, connection_ids, created_at,
           expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        (
            hash.as_bytes(),
            code.client_id.as_str(),
            code.tenant_id.as_str(),
            code.authorization_id.as_str(),
            &code.redirect_uri,
            &code.registered_uri,
            &code.code_challenge,
            code.permissions.bits(),
            to_list(&code.connection_ids),
            code.created_at.as_millis(),
            code.expires_at.as_millis(),
        ),
    )?;
    Ok(())
}

/// Spends a code whose authorization is active; whether it could be spent.
fn spend(connection: &Connection, hash: &CredentialHash, redemption: &Redemption) -> Result<bool> {
    let spent = execute(
        connection,
        "UPDATE codes SET is_spent = 1, token_id = ?3
         WHERE hash = ?1 AND client_id = ?2 AND NOT is_spent AND expires_at > ?4 AND EXISTS (
           SELECT 1 FROM authorizations a JOIN clients l ON l.id = a.client_id
           WHERE a.id = authorization_id AND a.status = 'active' AND l.status = 'active')",
        (
            hash.as_bytes(),
            redemption.client_id.as_str(),
            redemption.token.id.as_str(),
            redemption.at.as_millis(),
        ),
    )?;
    Ok(spent == 1)
}

/// Ends what a code has bought, and the code.
fn end(connection: &Connection, hash: &CredentialHash, at: Timestamp) -> Result<()> {
    execute(
        connection,
        "UPDATE tokens SET revoked_at = ?2 WHERE revoked_at IS NULL
           AND id = (SELECT token_id FROM codes WHERE hash = ?1)",
        (hash.as_bytes(), at.as_millis()),
    )?;
    execute(
        connection,
        "UPDATE codes SET is_spent = 1 WHERE hash = ?1",
        [hash.as_bytes()],
    )?;
    Ok(())
}

#[async_trait]
impl CodeStore for SqliteStorage {
    async fn insert(
        &self,
        code: AuthorizationCode,
        hash: CredentialHash,
        entry: AuditEntry,
    ) -> Result<()> {
        self.write(move |connection| {
            insert(connection, &code, &hash)?;
            audit(connection, &entry)
        })
        .await
    }

    async fn find(&self, hash: &CredentialHash) -> Result<Option<AuthorizationCode>> {
        self.read(|connection| {
            one(
                connection,
                "SELECT client_id, tenant_id, authorization_id, redirect_uri, registered_uri,
                   code_challenge, permissions, connection_ids, created_at, expires_at, is_spent
                 FROM codes WHERE hash = ?1 AND EXISTS (
                   SELECT 1 FROM clients l WHERE l.id = client_id AND l.status = 'active')",
                [hash.as_bytes()],
                code,
            )
        })
    }

    async fn redeem(&self, hash: &CredentialHash, redemption: Redemption) -> Result<Redeemed> {
        let hash = *hash;
        self.write(move |connection| {
            if spend(connection, &hash, &redemption)? {
                tokens::insert(connection, &redemption.token, &redemption.token_hash)?;
                audit(connection, &redemption.issued)?;
                return Ok(Redeemed::Issued);
            }
            let replayed = exists(
                connection,
                "SELECT 1 FROM codes WHERE hash = ?1 AND (is_spent OR client_id <> ?2)",
                (hash.as_bytes(), redemption.client_id.as_str()),
            )?;
            if !replayed {
                return Ok(Redeemed::Refused);
            }
            end(connection, &hash, redemption.at)?;
            audit(connection, &redemption.replayed)?;
            Ok(Redeemed::Replayed)
        })
        .await
    }

    async fn purge_expired(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.write(move |connection| {
            execute(
                connection,
                "DELETE FROM codes WHERE hash IN
                   (SELECT hash FROM codes WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)",
                (before.as_millis(), saturated(limit as u64)),
            )
        })
        .await
    }
}
