//! Access tokens, by the hash of their text, what refresh tokens are kept as, and the one read that
//! every unified request begins with: the token with everything that decides what it may read.

use async_trait::async_trait;
use serde::Serialize;

use super::{
    ApprovedRepository, AuditEntry, AuthorizationStatus, Connection, ListRange, SealedTokens,
};
use crate::{
    AuthorizationId, ClientId, ConnectionId, CredentialHash, GrantId, Result, Scopes, TenantId,
    Timestamp, TokenId, model::words, provider::ProviderId,
};

/// An issued access token, without its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct AccessToken {
    /// The token's id, which is not secret.
    pub id: TokenId,
    /// The customer whose data it reads; the client's own tenant without an authorization.
    pub tenant_id: TenantId,
    /// The client it was issued to.
    pub client_id: ClientId,
    /// The authorization it stands on.
    pub authorization_id: Option<AuthorizationId>,
    /// The grant type that the token was issued for.
    pub issued_by: IssuedBy,
    /// The most that the token may read; grants can narrow it.
    pub permissions: Scopes,
    /// The connections it may read through; they never grow.
    pub connection_ids: Vec<ConnectionId>,
    /// When the token was issued.
    pub created_at: Timestamp,
    /// When the token expires.
    pub expires_at: Timestamp,
    /// Time of revocation; `None` until then.
    pub revoked_at: Option<Timestamp>,
    /// Time of the last use; may lag by some seconds.
    pub last_used_at: Option<Timestamp>,
}

/// The refresh tokens of one sign-in, without their texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshFamily {
    /// The hash of what all its tokens have in common.
    pub id: CredentialHash,
    /// The hash of the token that is good.
    pub current: CredentialHash,
    /// The client it was issued to.
    pub client_id: ClientId,
    /// The customer who approved.
    pub tenant_id: TenantId,
    /// The authorization that it stands on.
    pub authorization_id: AuthorizationId,
    /// Whether its access tokens are for the tools of agents, and not for the unified API.
    pub is_for_tools: bool,
    /// Upper bound of the access tokens' scopes.
    pub permissions: Scopes,
    /// The connections that the access tokens may read through.
    pub connection_ids: Vec<ConnectionId>,
    /// When the first one was issued.
    pub created_at: Timestamp,
    /// End of the family; in the past once it was ended.
    pub expires_at: Timestamp,
}

words! {
    /// Way in which a token was issued.
    IssuedBy(non_exhaustive) {
        /// With a code from the consent page.
        AuthorizationCode = "authorization_code",
        /// With the client's own credentials.
        ClientCredentials = "client_credentials",
        /// With a refresh token.
        RefreshToken = "refresh_token",
        /// By the service that embeds the gateway.
        Embedder = "embedder",
    }
}

/// A repository as a client names it.
#[derive(Clone, Copy, Debug)]
pub struct RepositoryKey<'a> {
    /// The provider that the request names.
    pub provider: ProviderId,
    /// The provider's own id, or the full name as last seen. An id goes before a name.
    pub key: &'a str,
}

/// A token with everything that decides what it may read, as of one moment.
#[derive(Clone, Debug)]
pub struct Access {
    /// The token's record.
    pub token: AccessToken,
    /// Whether its client lives.
    pub client_is_active: bool,
    /// The id by which its client calls itself, where that is a public one.
    pub client_public_id: Option<String>,
    /// Status of its authorization; `None` without one.
    pub authorization: Option<AuthorizationStatus>,
    /// The active grants over the token's connections, by connection id, which is by age.
    pub shares: Vec<Share>,
}

/// One active grant of a token, with its connection.
#[derive(Clone, Debug)]
pub struct Share {
    /// The id of the grant.
    pub grant_id: GrantId,
    /// The scopes that the grant gives.
    pub permissions: Scopes,
    /// End of the grant; `None` when it does not end.
    pub expires_at: Option<Timestamp>,
    /// `true` when it covers every repository that the connection can read.
    pub approves_all: bool,
    /// The repository that was asked for, when it is listed.
    pub approved: Option<ApprovedRepository>,
    /// The connection that is shared.
    pub connection: Connection,
    /// The connection's encrypted tokens.
    pub tokens: SealedTokens,
}

/// Filter of a list of tokens.
#[derive(Clone, Debug, Default)]
pub struct TokenFilter {
    /// Only tokens for this customer.
    pub tenant: Option<TenantId>,
    /// Only tokens of this client.
    pub client: Option<ClientId>,
    /// Only this authorization's.
    pub authorization: Option<AuthorizationId>,
    /// Only the token of this id; it goes with no other member.
    pub id: Option<TokenId>,
}

/// Stores access tokens by the hash of their text.
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// Stores a new token under the hash of its text.
    async fn insert(
        &self,
        token: AccessToken,
        hash: CredentialHash,
        audit: AuditEntry,
    ) -> Result<()>;

    /// The token of that hash with what decides about it, and, when a repository is named, each
    /// share's approval of it. One consistent read. Revoked and expired tokens are returned too.
    async fn find_access(
        &self,
        hash: &CredentialHash,
        repository: Option<RepositoryKey<'_>>,
    ) -> Result<Option<Access>>;

    /// Lists tokens, revoked and expired ones included, in an order in which new ones come last: that of ids,
    /// or of their storing. A page goes on behind a token that has gone since.
    async fn list(&self, filter: &TokenFilter, range: ListRange<'_>) -> Result<Vec<AccessToken>>;

    /// Notes that a token was used. May be written late and lost in a crash.
    async fn touch(&self, id: &TokenId, at: Timestamp) -> Result<()>;

    /// Revokes a token; `false` when it was revoked before or is unknown; then nothing is written.
    async fn revoke(&self, id: &TokenId, at: Timestamp, audit: AuditEntry) -> Result<bool>;

    /// Deletes up to `limit` tokens that ended before `before`; returns how many.
    async fn purge_expired(&self, before: Timestamp, limit: usize) -> Result<usize>;
}
