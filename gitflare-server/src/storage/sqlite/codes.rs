//! Authorization codes in SQLite, by the hash of their text.

use async_trait::async_trait;
use gitflare_core::{
    CredentialHash, Result, Timestamp,
    storage::{AuditEntry, AuthorizationCode, CodeStore, Redeemed, Redemption},
};

use super::{
    SqliteStorage,
    rows::{audit, exists, run, run_all},
};
use crate::storage::sql::{codes, refresh_tokens, tokens};

#[async_trait]
impl CodeStore for SqliteStorage {
    async fn insert(
        &self,
        code: AuthorizationCode,
        hash: CredentialHash,
        entry: AuditEntry,
    ) -> Result<()> {
        self.write(move |connection| {
            run(connection, &codes::insert(&code, &hash))?;
            audit(connection, &entry)
        })
        .await
    }

    async fn find(&self, hash: &CredentialHash) -> Result<Option<AuthorizationCode>> {
        self.one(codes::find(hash), |row| codes::code(row))
    }

    async fn redeem(&self, hash: &CredentialHash, redemption: Redemption) -> Result<Redeemed> {
        let hash = *hash;
        self.write(move |connection| {
            if run(connection, &codes::spend(&hash, &redemption))? == 1 {
                let family = redemption.family.as_ref();
                if let Some(family) = family {
                    run(connection, &refresh_tokens::insert(family))?;
                }
                let family = family.map(|family| &family.id);
                let token = tokens::insert(&redemption.token, &redemption.token_hash, family);
                run(connection, &token)?;
                audit(connection, &redemption.issued)?;
                return Ok(Redeemed::Issued);
            }
            let replayed = codes::replayed(&hash, &redemption.client_id);
            if !exists(connection, &replayed)? {
                return Ok(Redeemed::Refused);
            }
            run_all(connection, codes::end(&hash, redemption.at))?;
            audit(connection, &redemption.replayed)?;
            Ok(Redeemed::Replayed)
        })
        .await
    }

    async fn purge_expired(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.write(move |connection| run(connection, &codes::purge(before, limit)))
            .await
    }
}
