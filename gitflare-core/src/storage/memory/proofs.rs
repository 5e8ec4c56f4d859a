//! Proofs and nonces in memory.

use async_trait::async_trait;

use super::MemoryStorage;
use crate::{
    ClientId, CredentialHash, Result, SessionId, Timestamp,
    storage::{Proof, ProofStore},
};

#[async_trait]
impl ProofStore for MemoryStorage {
    async fn insert(&self, session: &SessionId, proof: Proof) -> Result<()> {
        let mut state = self.state();
        if state.sessions.values().any(|row| row.id == *session) {
            state.proofs.insert((session.clone(), proof));
        }
        Ok(())
    }

    async fn find(&self, session: &SessionId) -> Result<Vec<Proof>> {
        let state = self.state();
        if state.sessions.values().all(|row| row.id != *session) {
            return Ok(Vec::new());
        }
        let proofs = state.proofs.iter().filter(|(id, _)| id == session);
        Ok(proofs.map(|(_, proof)| proof.clone()).collect())
    }

    async fn take_nonce(
        &self,
        client: &ClientId,
        nonce: &CredentialHash,
        until: Timestamp,
    ) -> Result<bool> {
        let key = (client.clone(), *nonce);
        Ok(self.state().nonces.insert(key, until).is_none())
    }

    async fn purge_nonces(&self, before: Timestamp, limit: usize) -> Result<usize> {
        let mut left = limit;
        self.state().nonces.retain(|_, until| {
            let goes = left > 0 && *until < before;
            left -= usize::from(goes);
            !goes
        });
        Ok(limit - left)
    }
}
