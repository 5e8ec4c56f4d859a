//! Authorization requests in SQLite, by the hash of their id.

use async_trait::async_trait;
use gitflare_core::{
    AuthorizationId, CredentialHash, Result, Timestamp,
    storage::{AuditEntry, AuthorizationCode, PendingRequest, RequestStore, Sharing},
};

use super::{
    SqliteStorage, authorizations,
    rows::{audit, run, taken},
};
use crate::storage::sql::{codes, requests};

#[async_trait]
impl RequestStore for SqliteStorage {
    async fn insert(&self, request: PendingRequest, hash: CredentialHash) -> Result<()> {
        self.write(move |connection| {
            run(connection, &requests::insert(&request, &hash)).map(|_| ())
        })
        .await
    }

    async fn find(&self, hash: &CredentialHash, now: Timestamp) -> Result<Option<PendingRequest>> {
        self.one(requests::find(hash, now), |row| requests::request(row))
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
            if run(connection, &requests::spend(&hash, sharing.at))? == 0 {
                return Ok(None);
            }
            let used = authorizations::share(connection, sharing)?.id;
            let code = AuthorizationCode {
                authorization_id: used.clone(),
                ..code
            };
            run(connection, &codes::insert(&code, &code_hash))?;
            audit(connection, &entry)?;
            Ok(Some(used))
        })
        .await
    }

    async fn deny(
        &self,
        hash: &CredentialHash,
        ends_pending: bool,
        at: Timestamp,
        entry: AuditEntry,
    ) -> Result<bool> {
        let hash = *hash;
        self.write(move |connection| {
            let denied = taken(connection, &requests::deny(&hash, at), |row| {
                requests::denied(row)
            })?;
            let Some((client, tenant)) = denied else {
                return Ok(false);
            };
            if ends_pending {
                run(connection, &requests::end_pending(&client, &tenant))?;
            }
            audit(connection, &entry)?;
            Ok(true)
        })
        .await
    }

    async fn purge_expired(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.write(move |connection| run(connection, &requests::purge(before, limit)))
            .await
    }
}
