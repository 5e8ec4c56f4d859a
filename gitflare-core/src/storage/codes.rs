//! Authorization codes, by the hash of their text: each buys one access token, once.

use async_trait::async_trait;

use super::{AccessToken, AuditEntry, RefreshFamily};
use crate::{
    AuthorizationId, ClientId, ConnectionId, CredentialHash, Result, Scopes, TenantId, Timestamp,
};

/// An authorization code, without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationCode {
    /// The client it was issued to.
    pub client_id: ClientId,
    /// The customer who approved.
    pub tenant_id: TenantId,
    /// Authorization that the customer approved.
    pub authorization_id: AuthorizationId,
    /// Redirect URI that it was sent to; the token request must repeat it byte for byte (RU-4).
    pub redirect_uri: String,
    /// The client's registered URI that `redirect_uri` was allowed by.
    pub registered_uri: String,
    /// The PKCE challenge (S256), if the client sent one.
    pub code_challenge: Option<String>,
    /// Upper bound of the token's scopes.
    pub permissions: Scopes,
    /// The connections that the token may read through.
    pub connection_ids: Vec<ConnectionId>,
    /// When the code was issued.
    pub created_at: Timestamp,
    /// End of the code.
    pub expires_at: Timestamp,
    /// `true` once it was redeemed, or presented by another client.
    pub is_spent: bool,
}

/// Redemption of a code.
#[derive(Clone, Debug)]
pub struct Redemption {
    /// The client that has authenticated.
    pub client_id: ClientId,
    /// The moment of the redemption; a code that ended before it is expired.
    pub at: Timestamp,
    /// The record of the token to issue.
    pub token: AccessToken,
    /// The hash of the token's text.
    pub token_hash: CredentialHash,
    /// The family of refresh tokens that begins with the token; `None` for a client that gets none.
    pub family: Option<RefreshFamily>,
    /// Written when the token is issued.
    pub issued: AuditEntry,
    /// Written when the code was spent before, or belongs to another client.
    pub replayed: AuditEntry,
}

/// Result of a redemption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// The code is spent and the token issued.
    Issued,
    /// There is no such code, its time is over, or its authorization is no longer active. Nothing
    /// is written.
    Refused,
    /// The code was spent before, or another client has presented it: it is spent now, and what
    /// it bought is revoked (TK-3).
    Replayed,
}

/// Keeps authorization codes. Ending an authorization or a client deletes its codes; taking a
/// redirect URI from a client deletes the unspent codes that it allowed (RU-5).
#[async_trait]
pub trait CodeStore: Send + Sync {
    /// Stores a code that nobody has redeemed yet, under the hash of its text.
    async fn insert(
        &self,
        code: AuthorizationCode,
        hash: CredentialHash,
        audit: AuditEntry,
    ) -> Result<()>;

    /// The code of that hash, spent and expired ones included: what the token request must agree
    /// with is checked before the code is redeemed.
    async fn find(&self, hash: &CredentialHash) -> Result<Option<AuthorizationCode>>;

    /// Spends a code and issues its token, in one step: of two concurrent callers one gets
    /// [`Redeemed::Issued`] (TK-2), and the other one ends what the first has bought (TK-3).
    async fn redeem(&self, hash: &CredentialHash, redemption: Redemption) -> Result<Redeemed>;

    /// Deletes up to `limit` codes that expired before `before`; returns how many. Replays of a
    /// code are noticed as long as it is kept.
    async fn purge_expired(&self, before: Timestamp, limit: usize) -> Result<usize>;
}
