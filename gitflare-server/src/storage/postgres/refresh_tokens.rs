//! Refresh tokens in PostgreSQL. The row of the family decides between two callers: the second one waits
//! for the first, and then finds another token in it.

use async_trait::async_trait;
use gitflare_core::{
    CredentialHash, Result, Timestamp,
    storage::{AuditEntry, Redeemed, RefreshFamily, RefreshTokenStore, Rotation},
};

use super::{PostgresStorage, session::transaction};
use crate::storage::sql::{refresh_tokens, tokens};

#[async_trait]
impl RefreshTokenStore for PostgresStorage {
    async fn find(&self, id: &CredentialHash) -> Result<Option<RefreshFamily>> {
        self.one(refresh_tokens::find(id), refresh_tokens::family)
            .await
    }

    async fn rotate(&self, id: &CredentialHash, rotation: Rotation) -> Result<Redeemed> {
        transaction!(self.database, |transaction| {
            let rotated = transaction.run(refresh_tokens::rotate(id, &rotation));
            if rotated.await? == 1 {
                let token = tokens::insert(&rotation.token, &rotation.token_hash, Some(id));
                transaction.run(token).await?;
                transaction.audit(&rotation.issued).await?;
                return Ok(Redeemed::Issued);
            }
            let ended = transaction.run(refresh_tokens::end_replayed(id, &rotation));
            if ended.await? == 0 {
                return Ok(Redeemed::Refused);
            }
            let tokens = refresh_tokens::end_tokens(id, rotation.at);
            transaction.run(tokens).await?;
            transaction.audit(&rotation.replayed).await?;
            Ok(Redeemed::Replayed)
        })
    }

    async fn end(&self, id: &CredentialHash, at: Timestamp, entry: AuditEntry) -> Result<bool> {
        transaction!(self.database, |transaction| {
            let ended = transaction.run(refresh_tokens::end(id, at)).await? == 1;
            if ended {
                transaction.run(refresh_tokens::end_tokens(id, at)).await?;
                transaction.audit(&entry).await?;
            }
            Ok(ended)
        })
    }

    async fn purge_expired(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.run(refresh_tokens::purge(before, limit)).await
    }
}
