//! Refresh tokens, by families: all that one sign-in has led to, of which one is good at a time. Each
//! use replaces it, and one that was replaced ends the family with its access tokens (MC-3).

use async_trait::async_trait;

use super::{AccessToken, AuditEntry, Redeemed, RefreshFamily};
use crate::{ClientId, CredentialHash, Result, Timestamp};

/// One use of a refresh token.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// The client that has presented it.
    pub client_id: ClientId,
    /// The hash of what was presented.
    pub presented: CredentialHash,
    /// The hash of the token that takes its place.
    pub next: CredentialHash,
    /// The moment of the use; a family that ended before it is over.
    pub at: Timestamp,
    /// End of the family from now on.
    pub expires_at: Timestamp,
    /// The record of the access token to issue.
    pub token: AccessToken,
    /// The hash of that token's text.
    pub token_hash: CredentialHash,
    /// Written when the token is issued.
    pub issued: AuditEntry,
    /// Written when a replaced token was presented, or another client's.
    pub replayed: AuditEntry,
}

/// Keeps families of refresh tokens. They begin with [`CodeStore::redeem`], and can no longer be
/// used once their authorization or client has ended.
///
/// [`CodeStore::redeem`]: super::CodeStore::redeem
#[async_trait]
pub trait RefreshTokenStore: Send + Sync {
    /// The family of that id.
    async fn find(&self, id: &CredentialHash) -> Result<Option<RefreshFamily>>;

    /// Replaces the good token and issues an access token, in one transaction.
    /// [`Redeemed::Replayed`] when the presented token is not the good one of a family that lives, or
    /// another client has presented it: then the family and all its access tokens are ended.
    async fn rotate(&self, id: &CredentialHash, rotation: Rotation) -> Result<Redeemed>;

    /// Ends a family with its access tokens; `false` when it was over or is unknown: then nothing
    /// is written.
    async fn end(&self, id: &CredentialHash, at: Timestamp, audit: AuditEntry) -> Result<bool>;

    /// Deletes up to `limit` families that ended before `before`; returns how many.
    async fn purge_expired(&self, before: Timestamp, limit: usize) -> Result<usize>;
}
