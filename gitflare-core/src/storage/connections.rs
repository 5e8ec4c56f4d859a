//! Connections: linked provider accounts and their encrypted tokens.

use async_trait::async_trait;
use serde::Serialize;

use super::{AuditEntry, ListRange};
use crate::{ConnectionId, Result, TenantId, Timestamp, model::words, provider::ProviderId};

/// A linked provider account, without its tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// The connection's id.
    pub id: ConnectionId,
    /// Owning tenant; `None` in legacy mode only.
    pub tenant_id: Option<TenantId>,
    /// The provider whose account it is.
    pub provider: ProviderId,
    /// The account's login name, as last seen.
    pub login: Option<String>,
    /// The account's immutable id at the provider.
    pub account_id: String,
    /// The account's display name.
    pub display_name: Option<String>,
    /// The account's picture.
    pub avatar_url: Option<String>,
    /// The provider's scopes that the token carries.
    pub scopes: Vec<String>,
    /// Whether a consent or a pasted token made it.
    pub mode: ConnectionMode,
    /// Active, broken or revoked.
    pub status: ConnectionStatus,
    /// When the account was linked.
    pub created_at: Timestamp,
    /// Time of the last read; may lag by some seconds.
    pub last_used_at: Option<Timestamp>,
    /// The REST base of a self-hosted upstream, where it differs from the configured one.
    #[serde(skip)]
    pub api_base_url: Option<String>,
    /// The organization, for credentials that cannot list theirs.
    #[serde(skip)]
    pub organization: Option<String>,
    /// Reason to reconnect; `None` while the tokens work.
    #[serde(skip)]
    pub reconnect_cause: Option<ReconnectCause>,
}

words! {
    /// Reason why a provider's tokens are unusable.
    ReconnectCause {
        /// The provider refused the refresh token.
        RefreshRefused = "refresh_refused",
        /// The provider refused an access token that cannot be refreshed.
        TokenRefused = "token_refused",
    }
}

words! {
    /// Origin of a connection.
    ConnectionMode {
        /// By the provider's consent page.
        Oauth = "oauth",
        /// With a token that somebody had.
        Manual = "manual",
    }
}

words! {
    /// Whether a connection can be read through.
    ConnectionStatus {
        /// The provider accepts its credential.
        Active = "active",
        /// Disconnected; its tokens are erased.
        Revoked = "revoked",
        /// The provider refuses its tokens.
        NeedsReconnect = "needs_reconnect",
    }
}

/// A connection's encrypted provider tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SealedTokens {
    /// The access token; `None` for a provider without tokens.
    pub access_token: Option<Vec<u8>>,
    /// The refresh token, encrypted; `None` when the provider issued none.
    pub refresh_token: Option<Vec<u8>>,
    /// Time at which the access token is due for renewal, shortly before its end.
    pub expires_at: Option<Timestamp>,
    /// Rises whenever other tokens take their place; encrypting them anew leaves it.
    pub version: u32,
}

/// Filter of a list of connections.
#[derive(Clone, Debug, Default)]
pub struct ConnectionFilter {
    /// Only connections of this tenant.
    pub tenant: Option<TenantId>,
    /// Only connections to this provider.
    pub provider: Option<ProviderId>,
}

/// Stores linked provider accounts with their encrypted tokens.
#[async_trait]
pub trait ConnectionStore: Send + Sync {
    /// Stores a new connection.
    async fn insert(
        &self,
        connection: Connection,
        tokens: SealedTokens,
        audit: AuditEntry,
    ) -> Result<()>;

    /// Stores a connection that an account's consent has made, or brings the one of that id up to
    /// date: account, tokens, mode, and it is active again. Where the tenant has linked the same
    /// account before (by its immutable id, PC-8), nothing is written and the id of that connection
    /// is the answer: the tokens are to be sealed for it.
    async fn link(
        &self,
        connection: Connection,
        tokens: SealedTokens,
        audit: AuditEntry,
    ) -> Result<ConnectionId>;

    /// The id of the connection by which a tenant has linked an account.
    async fn find_linked(
        &self,
        tenant: &TenantId,
        provider: ProviderId,
        account_id: &str,
    ) -> Result<Option<ConnectionId>>;

    /// Lets one refresher talk to the provider until `until`: `false` while another one does, and
    /// when the tokens are no longer of that version, or not to be used (PC-9).
    async fn begin_refresh(
        &self,
        id: &ConnectionId,
        version: u32,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool>;

    /// Puts the refreshed tokens in the place of those of that version, and lets others refresh.
    /// `false` when they had been replaced or erased; then nothing is written.
    async fn finish_refresh(
        &self,
        id: &ConnectionId,
        version: u32,
        tokens: SealedTokens,
    ) -> Result<bool>;

    /// Lets others refresh tokens of that version, which are still good.
    async fn abandon_refresh(&self, id: &ConnectionId, version: u32) -> Result<()>;

    /// Marks an active connection whose tokens of that version the provider refuses. `false` when
    /// they had been replaced, or it was not active; then nothing is written.
    async fn refuse(
        &self,
        id: &ConnectionId,
        version: u32,
        cause: ReconnectCause,
        audit: AuditEntry,
    ) -> Result<bool>;

    /// The connection of that id, revoked ones included.
    async fn find(&self, id: &ConnectionId) -> Result<Option<Connection>>;

    /// The connection of that id with its tokens.
    async fn find_with_tokens(
        &self,
        id: &ConnectionId,
    ) -> Result<Option<(Connection, SealedTokens)>>;

    /// The connections that are not revoked, by id.
    async fn list(
        &self,
        filter: &ConnectionFilter,
        range: ListRange<'_>,
    ) -> Result<Vec<Connection>>;

    /// How many connections have to be connected again, by provider; providers without such a
    /// connection are left out.
    async fn count_to_reconnect(&self) -> Result<Vec<(ProviderId, u64)>>;

    /// Notes that a connection was read through. May be written late and lost in a crash.
    async fn touch(&self, id: &ConnectionId, at: Timestamp) -> Result<()>;

    /// Disconnects: erases the tokens, revokes the connection's grants and their approvals, ends its
    /// subscriptions; access tokens lose the connection with that (CA-1, CA-3). Where the tokens
    /// came by OAuth, or something queued for the connection needs them, they go into the clean-up
    /// queue with it (CA-2). `false` when it was
    /// not connected; then nothing is written.
    async fn revoke(&self, id: &ConnectionId, at: Timestamp, audit: AuditEntry) -> Result<bool>;
}
