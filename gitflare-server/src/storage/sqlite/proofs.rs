//! Proofs and nonces in SQLite.

use async_trait::async_trait;
use gitflare_core::{
    ClientId, ConnectionId, CredentialHash, Result, SessionId, Timestamp,
    storage::{Proof, ProofStore},
};

use super::{
    SqliteStorage,
    rows::{execute, parsed, saturated},
};

/// How a proof stands in its column.
fn column(proof: &Proof) -> &str {
    match proof {
        Proof::Workspace => "",
        Proof::Connection(id) => id.as_str(),
    }
}

fn of_column(text: &str) -> Option<Proof> {
    match text {
        "" => Some(Proof::Workspace),
        id => ConnectionId::parse(id).ok().map(Proof::Connection),
    }
}

#[async_trait]
impl ProofStore for SqliteStorage {
    async fn insert(&self, session: &SessionId, proof: Proof) -> Result<()> {
        let session = session.clone();
        self.write(move |connection| {
            execute(
                connection,
                "INSERT OR IGNORE INTO proofs (session_id, connection_id)
                 SELECT id, ?2 FROM sessions WHERE id = ?1",
                (session.as_str(), column(&proof)),
            )?;
            Ok(())
        })
        .await
    }

    async fn find(&self, session: &SessionId) -> Result<Vec<Proof>> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT connection_id FROM proofs WHERE session_id = ?1")?
                .query_map([session.as_str()], |row| parsed(row, 0, of_column))?
                .collect()
        })
    }

    async fn take_nonce(
        &self,
        client: &ClientId,
        nonce: &CredentialHash,
        until: Timestamp,
    ) -> Result<bool> {
        let (client, nonce) = (client.clone(), *nonce);
        self.write(move |connection| {
            let taken = execute(
                connection,
                "INSERT OR IGNORE INTO nonces (client_id, hash, ends_at) VALUES (?1, ?2, ?3)",
                (client.as_str(), nonce.as_bytes(), until.as_millis()),
            )?;
            Ok(taken == 1)
        })
        .await
    }

    async fn purge_nonces(&self, before: Timestamp, limit: usize) -> Result<usize> {
        self.write(move |connection| {
            execute(
                connection,
                "DELETE FROM nonces WHERE (client_id, hash) IN
                   (SELECT client_id, hash FROM nonces WHERE ends_at < ?1
                    ORDER BY ends_at LIMIT ?2)",
                (before.as_millis(), saturated(limit as u64)),
            )
        })
        .await
    }
}
