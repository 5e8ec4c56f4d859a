//! Authorization requests in PostgreSQL, by the hash of their id.

use async_trait::async_trait;
use gitflare_core::{
    AuthorizationId, CredentialHash, Result, Timestamp,
    storage::{AuditEntry, AuthorizationCode, PendingRequest, RequestStore, Sharing},
};

use super::{PostgresStorage, authorizations, session::transaction};
use crate::storage::sql::{codes, requests};

#[async_trait]
impl RequestStore for PostgresStorage {
    async fn insert(&self, request: PendingRequest, hash: CredentialHash) -> Result<()> {
        self.run(requests::insert(&request, &hash))
            .await
            .map(|_| ())
    }

    async fn find(&self, hash: &CredentialHash, now: Timestamp) -> Result<Option<PendingRequest>> {
        self.one(requests::find(hash, now), requests::request).await
    }

    async fn approve(
        &self,
        hash: &CredentialHash,
        sharing: Sharing,
        code: AuthorizationCode,
        code_hash: CredentialHash,
        entry: AuditEntry,
    ) -> Result<Option<AuthorizationId>> {
        transaction!(self.database, |transaction| {
            if transaction.run(requests::spend(hash, sharing.at)).await? == 0 {
                return Ok(None);
            }
            let used = authorizations::share(transaction, &sharing).await?.id;
            let code = AuthorizationCode {
                authorization_id: used.clone(),
                ..code.clone()
            };
            transaction.run(codes::insert(&code, &code_hash)).await?;
            transaction.audit(&entry).await?;
            Ok(Some(used))
        })
    }

    async fn deny(
        &self,
        hash: &CredentialHash,
        ends_pending: bool,
        at: Timestamp,
        entry: AuditEntry,
    ) -> Result<bool> {
        transaction!(self.database, |transaction| {
            let denied = requests::deny(hash, at);
            let denied = transaction.one(denied, requests::denied).await?;
            let Some((client, tenant)) = denied else {
                return Ok(false);
            };
            if ends_pending {
                let pending = requests::end_pending(&client, &tenant);
                transaction.run(pending).await?;
            }
            transaction.audit(&entry).await?;
            Ok(true)
        })
    }

    async fn purge_expired(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.run(requests::purge(before, limit)).await
    }
}
