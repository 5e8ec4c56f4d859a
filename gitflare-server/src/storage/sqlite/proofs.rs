//! Proofs and nonces in SQLite.

use async_trait::async_trait;
use gitflare_core::{
    ClientId, CredentialHash, Result, SessionId, Timestamp,
    storage::{Proof, ProofStore},
};

use super::{SqliteStorage, rows::run};
use crate::storage::sql::proofs;

#[async_trait]
impl ProofStore for SqliteStorage {
    async fn insert(&self, session: &SessionId, proof: Proof) -> Result<()> {
        let session = session.clone();
        self.write(move |connection| run(connection, &proofs::insert(&session, &proof)).map(|_| ()))
            .await
    }

    async fn find(&self, session: &SessionId) -> Result<Vec<Proof>> {
        self.all(proofs::find(session), |row| proofs::proof(row))
    }

    async fn take_nonce(
        &self,
        client: &ClientId,
        nonce: &CredentialHash,
        until: Timestamp,
    ) -> Result<bool> {
        let (client, nonce) = (client.clone(), *nonce);
        self.write(move |connection| {
            Ok(run(connection, &proofs::take_nonce(&client, &nonce, until))? == 1)
        })
        .await
    }

    async fn purge_nonces(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.write(move |connection| run(connection, &proofs::purge_nonces(before, limit)))
            .await
    }
}
