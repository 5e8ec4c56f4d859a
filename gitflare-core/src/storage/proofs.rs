//! The connections that a customer's browser session has linked itself, or the whole workspace when it
//! came by a signed link (TN-4); and the used nonces of signed links.

use async_trait::async_trait;

use crate::{ClientId, ConnectionId, CredentialHash, Result, SessionId, Timestamp};

/// Proof that a session has given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// The client vouches for it by a signed link: all of the workspace.
    Workspace,
    /// The client asks for an account to be connected again, by a reconnect link: that shows nothing.
    Reconnect,
    /// It linked the account of this connection.
    Connection(ConnectionId),
}

/// Keeps proofs and nonces. Proofs go with their session.
#[async_trait]
pub trait ProofStore: Send + Sync {
    /// Notes what a session has proven. Again, or for a session that is gone, changes nothing.
    async fn insert(&self, session: &SessionId, proof: Proof) -> Result<()>;

    /// Returns the proofs of a session.
    async fn find(&self, session: &SessionId) -> Result<Vec<Proof>>;

    /// Takes a client's nonce: of two concurrent callers one gets `true`, and it never comes back
    /// before `until`.
    async fn take_nonce(
        &self,
        client: &ClientId,
        nonce: &CredentialHash,
        until: Timestamp,
    ) -> Result<bool>;

    /// Deletes up to `limit` nonces whose time ended before `before`; returns how many.
    async fn purge_nonces(&self, before: Timestamp, limit: usize) -> Result<usize>;
}
