//! Authorization codes in PostgreSQL, by the hash of their text. The row of the code decides between
//! two callers: the second one waits for the first, and then finds it spent.

use async_trait::async_trait;
use gitflare_core::{
    CredentialHash, Result, Timestamp,
    storage::{AuditEntry, AuthorizationCode, CodeStore, Redeemed, Redemption},
};

use super::{PostgresStorage, session::transaction};
use crate::storage::sql::{codes, refresh_tokens, tokens};

#[async_trait]
impl CodeStore for PostgresStorage {
    async fn insert(
        &self,
        code: AuthorizationCode,
        hash: CredentialHash,
        entry: AuditEntry,
    ) -> Result<()> {
        transaction!(self.database, |transaction| {
            transaction.run(codes::insert(&code, &hash)).await?;
            transaction.audit(&entry).await
        })
    }

    async fn find(&self, hash: &CredentialHash) -> Result<Option<AuthorizationCode>> {
        self.one(codes::find(hash), codes::code).await
    }

    async fn redeem(&self, hash: &CredentialHash, redemption: Redemption) -> Result<Redeemed> {
        transaction!(self.database, |transaction| {
            if transaction.run(codes::spend(hash, &redemption)).await? == 1 {
                let family = redemption.family.as_ref();
                if let Some(family) = family {
                    transaction.run(refresh_tokens::insert(family)).await?;
                }
                let family = family.map(|family| &family.id);
                let token = tokens::insert(&redemption.token, &redemption.token_hash, family);
                transaction.run(token).await?;
                transaction.audit(&redemption.issued).await?;
                return Ok(Redeemed::Issued);
            }
            let replayed = codes::replayed(hash, &redemption.client_id);
            if !transaction.finds(replayed).await? {
                return Ok(Redeemed::Refused);
            }
            transaction.run_all(codes::end(hash, redemption.at)).await?;
            transaction.audit(&redemption.replayed).await?;
            Ok(Redeemed::Replayed)
        })
    }

    async fn purge_expired(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.run(codes::purge(before, limit)).await
    }
}
