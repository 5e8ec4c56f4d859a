//! Proofs and nonces in PostgreSQL.

use async_trait::async_trait;
use gitflare_core::{
    ClientId, CredentialHash, Result, SessionId, Timestamp,
    storage::{Proof, ProofStore},
};

use super::PostgresStorage;
use crate::storage::sql::proofs;

#[async_trait]
impl ProofStore for PostgresStorage {
    async fn insert(&self, session: &SessionId, proof: Proof) -> Result<()> {
        self.run(proofs::insert(session, &proof)).await.map(|_| ())
    }

    async fn find(&self, session: &SessionId) -> Result<Vec<Proof>> {
        self.all(proofs::find(session), proofs::proof).await
    }

    async fn take_nonce(
        &self,
        client: &ClientId,
        nonce: &CredentialHash,
        until: Timestamp,
    ) -> Result<bool> {
        let taken = self.run(proofs::take_nonce(client, nonce, until)).await?;
        Ok(taken == 1)
    }

    async fn purge_nonces(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.run(proofs::purge_nonces(before, limit)).await
    }
}
