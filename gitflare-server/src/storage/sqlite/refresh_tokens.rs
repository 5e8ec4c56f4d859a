//! Refresh tokens in SQLite.

use async_trait::async_trait;
use gitflare_core::{
    CredentialHash, Result, Timestamp,
    storage::{AuditEntry, Redeemed, RefreshFamily, RefreshTokenStore, Rotation},
};

use super::{
    SqliteStorage,
    rows::{audit, run},
};
use crate::storage::sql::{refresh_tokens, tokens};

#[async_trait]
impl RefreshTokenStore for SqliteStorage {
    async fn find(&self, id: &CredentialHash) -> Result<Option<RefreshFamily>> {
        self.one(refresh_tokens::find(id), |row| refresh_tokens::family(row))
    }

    async fn rotate(&self, id: &CredentialHash, rotation: Rotation) -> Result<Redeemed> {
        let id = *id;
        self.write(move |connection| {
            if run(connection, &refresh_tokens::rotate(&id, &rotation))? == 1 {
                let token = tokens::insert(&rotation.token, &rotation.token_hash, Some(&id));
                run(connection, &token)?;
                audit(connection, &rotation.issued)?;
                return Ok(Redeemed::Issued);
            }
            if run(connection, &refresh_tokens::end_replayed(&id, &rotation))? == 0 {
                return Ok(Redeemed::Refused);
            }
            run(connection, &refresh_tokens::end_tokens(&id, rotation.at))?;
            audit(connection, &rotation.replayed)?;
            Ok(Redeemed::Replayed)
        })
        .await
    }

    async fn end(&self, id: &CredentialHash, at: Timestamp, entry: AuditEntry) -> Result<bool> {
        let id = *id;
        self.write(move |connection| {
            let ended = run(connection, &refresh_tokens::end(&id, at))? == 1;
            if ended {
                run(connection, &refresh_tokens::end_tokens(&id, at))?;
                audit(connection, &entry)?;
            }
            Ok(ended)
        })
        .await
    }

    async fn purge_expired(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.write(move |connection| run(connection, &refresh_tokens::purge(before, limit)))
            .await
    }
}
