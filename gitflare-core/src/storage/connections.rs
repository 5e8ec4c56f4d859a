//! Connections: linked provider accounts and their encrypted tokens.

use async_trait::async_trait;
use serde::Serialize;

use super::{AuditEntry, ListRange};
use crate::{ConnectionId, Result, TenantId, Timestamp, model::words, provider::ProviderId};

/// A linked provider account, without its tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// Our id.
    pub id: ConnectionId,
    /// Whose it is; `None` serves legacy mode only.
    pub tenant_id: Option<TenantId>,
    /// The provider.
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
    /// How it was made.
    pub mode: ConnectionMode,
    /// Whether it can be read through.
    pub status: ConnectionStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last read through; may lag by some seconds.
    pub last_used_at: Option<Timestamp>,
    /// The REST base of a self-hosted upstream, where it differs from the configured one.
    #[serde(skip)]
    pub api_base_url: Option<String>,
    /// The organization, for credentials that cannot list theirs.
    #[serde(skip)]
    pub organization: Option<String>,
}

words! {
    /// How a connection was made.
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
        /// It can.
        Active = "active",
        /// It was disconnected; its tokens are erased.
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
    /// The refresh token.
    pub refresh_token: Option<Vec<u8>>,
    /// When the access token ends.
    pub expires_at: Option<Timestamp>,
    /// Rises whenever other tokens take their place; encrypting them anew leaves it.
    pub version: u32,
}

/// Which connections to list.
#[derive(Clone, Debug, Default)]
pub struct ConnectionFilter {
    /// Only this tenant's.
    pub tenant: Option<TenantId>,
    /// Only this provider's.
    pub provider: Option<ProviderId>,
}

/// Keeps connections.
#[async_trait]
pub trait ConnectionStore: Send + Sync {
    /// Stores a new connection.
    async fn insert(
        &self,
        connection: Connection,
        tokens: SealedTokens,
        audit: AuditEntry,
    ) -> Result<()>;

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

    /// Notes that a connection was read through. May be written late and lost in a crash.
    async fn touch(&self, id: &ConnectionId, at: Timestamp) -> Result<()>;

    /// Disconnects: erases the tokens, revokes the connection's grants and their approvals, ends its
    /// subscriptions; access tokens lose the connection with that (CA-1, CA-3). Where the tokens
    /// came by OAuth, or something queued for the connection needs them, they go into the clean-up
    /// queue with it (CA-2). `false` when it was
    /// not connected; then nothing is written.
    async fn revoke(&self, id: &ConnectionId, at: Timestamp, audit: AuditEntry) -> Result<bool>;
}
