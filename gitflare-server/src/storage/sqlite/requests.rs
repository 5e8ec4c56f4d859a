//! Authorization requests in SQLite, by the hash of their id.

use async_trait::async_trait;
use gitflare_core::{
    AuthorizationId, ClientId, CredentialHash, Result, Scopes, SessionId, TenantId, Timestamp,
    storage::{AuditEntry, AuthorizationCode, PendingRequest, RequestStore, Sharing},
};
use rusqlite::Row;

use super::{
    SqliteStorage, authorizations, codes, failed,
    rows::{audit, execute, id, one, saturated, time},
};

fn request(row: &Row<'_>) -> rusqlite::Result<PendingRequest> {
    Ok(PendingRequest {
        client_id: id!(row, 0, ClientId)?,
        tenant_id: id!(row, 1, TenantId)?,
        session_id: id!(row, 2, SessionId)?,
        redirect_uri: row.get(3)?,
        registered_uri: row.get(4)?,
        sealed_state: row.get(5)?,
        code_challenge: row.get(6)?,
        permissions: Scopes::from_bits(row.get(7)?),
        customer_name: row.get(8)?,
        created_at: time(row, 9)?,
        expires_at: time(row, 10)?,
    })
}

#[async_trait]
impl RequestStore for SqliteStorage {
    async fn insert(&self, request: PendingRequest, hash: CredentialHash) -> Result<()> {
        self.write(move |connection| {
            execute(
                connection,
                "INSERT INTO requests (hash, client_id, tenant_id, session_id, redirect_uri,
                   registered_uri, state, code_challenge, permissions, customer_name, created_at,
                   expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
                (
                    hash.as_bytes(),
                    request.client_id.as_str(),
                    request.tenant_id.as_str(),
                    request.session_id.as_str(),
                    &request.redirect_uri,
                    &request.registered_uri,
                    &request.sealed_state,
                    &request.code_challenge,
                    request.permissions.bits(),
                    &request.customer_name,
                    request.created_at.as_millis(),
                    request.expires_at.as_millis(),
                ),
            )?;
            Ok(())
        })
        .await
    }

    async fn find(&self, hash: &CredentialHash, now: Timestamp) -> Result<Option<PendingRequest>> {
        self.read(|connection| {
            one(
                connection,
                "SELECT client_id, tenant_id, session_id, redirect_uri, registered_uri, state,
                   code_challenge, permissions, customer_name, created_at, expires_at
                 FROM requests WHERE hash = ?1 AND expires_at > ?2 AND EXISTS (
                   SELECT 1 FROM clients l WHERE l.id = client_id AND l.status = 'active')",
                (hash.as_bytes(), now.as_millis()),
                request,
            )
        })
    }

    async fn approve(
        &self,
        hash: &CredentialHash,
        sharing: Sharing,
        code: AuthorizationCode,
        code_hash: CredentialHash,
        entry: AuditEntry,
    ) -> Result<Option<AuthorizationId>> {
        let hash = *hash;
        self.write(move |connection| {
            let spent = execute(
                connection,
                "DELETE FROM requests WHERE hash = ?1 AND expires_at > ?2 AND EXISTS (
                   SELECT 1 FROM clients l WHERE l.id = client_id AND l.status = 'active')",
                (hash.as_bytes(), sharing.at.as_millis()),
            )?;
            if spent == 0 {
                return Ok(None);
            }
            let used = authorizations::share(connection, sharing)?.id;
            let code = AuthorizationCode {
                authorization_id: used.clone(),
                ..code
            };
            codes::insert(connection, &code, &code_hash)?;
            audit(connection, &entry)?;
            Ok(Some(used))
        })
        .await
    }

    async fn deny(&self, hash: &CredentialHash, at: Timestamp, entry: AuditEntry) -> Result<bool> {
        let hash = *hash;
        self.write(move |connection| {
            let spent = one(
                connection,
                "DELETE FROM requests WHERE hash = ?1 AND expires_at > ?2
                 RETURNING client_id, tenant_id",
                (hash.as_bytes(), at.as_millis()),
                |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)),
            );
            let Some(pair) = spent.map_err(|error| failed(&error))? else {
                return Ok(false);
            };
            execute(
                connection,
                "UPDATE authorizations SET status = 'revoked'
                 WHERE client_id = ?1 AND tenant_id = ?2 AND status = 'pending'",
                pair,
            )?;
            audit(connection, &entry)?;
            Ok(true)
        })
        .await
    }

    async fn purge_expired(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.write(move |connection| {
            execute(
                connection,
                "DELETE FROM requests WHERE hash IN
                   (SELECT hash FROM requests WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)",
                (before.as_millis(), saturated(limit as u64)),
            )
        })
        .await
    }
}
