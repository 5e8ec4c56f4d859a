//! Authorization requests that wait for a customer's decision, by the hash of their id: each is
//! approved or denied once, by the browser session that it was made for (OA-5).

use async_trait::async_trait;

use super::{AuditEntry, Authorization, AuthorizationCode, Grant};
use crate::{
    AuthorizationId, ClientId, ConnectionId, CredentialHash, Result, Scopes, SessionId, TenantId,
    Timestamp,
};

/// A request that waits, without its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingRequest {
    /// The client that asks for approval.
    pub client_id: ClientId,
    /// The customer who is asked.
    pub tenant_id: TenantId,
    /// The browser session that it was made for.
    pub session_id: SessionId,
    /// Redirect URI of the response.
    pub redirect_uri: String,
    /// The client's registered URI that `redirect_uri` was allowed by.
    pub registered_uri: String,
    /// The client's `state`, encrypted.
    pub sealed_state: Option<Vec<u8>>,
    /// The PKCE challenge (S256).
    pub code_challenge: Option<String>,
    /// The scopes that the client asks for.
    pub permissions: Scopes,
    /// Name of the customer, given by the app.
    pub customer_name: Option<String>,
    /// Time of creation.
    pub created_at: Timestamp,
    /// End of the request.
    pub expires_at: Timestamp,
}

/// What a customer shares with a client from now on, through the accounts that they have shown to
/// be theirs. What is shared through other accounts stays.
#[derive(Clone, Debug)]
pub struct Sharing {
    /// Stored when the (tenant, client) has no live authorization; else that one is used.
    pub authorization: Authorization,
    /// One grant per connection with its chosen repositories, at least one. The active grant of a
    /// connection takes these permissions and repositories, or this one is stored.
    pub grants: Vec<Grant>,
    /// Connections of which nothing is shared any more.
    pub dropped: Vec<ConnectionId>,
    /// Time of the decision.
    pub at: Timestamp,
}

/// Keeps authorization requests. Ending a client or a session deletes its requests; taking a
/// redirect URI from a client deletes those that it allowed (RU-5).
#[async_trait]
pub trait RequestStore: Send + Sync {
    /// Stores a request under the hash of its id.
    async fn insert(&self, request: PendingRequest, hash: CredentialHash) -> Result<()>;

    /// The request of that hash, if it can still be decided at `now`.
    async fn find(&self, hash: &CredentialHash, now: Timestamp) -> Result<Option<PendingRequest>>;

    /// Consumes the pending request, creates or updates the grants as [`AuthorizationStore::share`]
    /// does, and stores the authorization code, in one transaction. `None` when the request cannot
    /// be decided any more: then nothing is written.
    ///
    /// [`AuthorizationStore::share`]: super::AuthorizationStore::share
    async fn approve(
        &self,
        hash: &CredentialHash,
        sharing: Sharing,
        code: AuthorizationCode,
        code_hash: CredentialHash,
        audit: AuditEntry,
    ) -> Result<Option<AuthorizationId>>;

    /// Consumes the pending request and, with `ends_pending`, ends the pending authorization of its
    /// customer. `false` when the request cannot be decided any more: then nothing is written.
    async fn deny(
        &self,
        hash: &CredentialHash,
        ends_pending: bool,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<bool>;

    /// Deletes up to `limit` requests that ended before `before`; returns how many.
    async fn purge_expired(&self, before: Timestamp, limit: usize) -> Result<usize>;
}
