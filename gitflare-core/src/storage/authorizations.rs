//! Authorizations (a customer's consent for a client), their grants (the share of one connection)
//! and the repositories that a grant approves.

use async_trait::async_trait;
use serde::{Serialize, Serializer};

use super::{AuditEntry, ListRange, Sharing};
use crate::{
    AuthorizationId, ClientId, ConnectionId, GrantId, Result, Scopes, TenantId, Timestamp,
    model::words,
};

/// A customer's consent for a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// Our id.
    pub id: AuthorizationId,
    /// The customer.
    pub tenant_id: TenantId,
    /// The client.
    pub client_id: ClientId,
    /// Where it stands.
    pub status: AuthorizationStatus,
    /// What was approved.
    pub permissions: Scopes,
    /// When it was made.
    pub created_at: Timestamp,
}

words! {
    /// Where an authorization stands.
    AuthorizationStatus {
        /// The customer has begun and not decided.
        Pending = "pending",
        /// The customer has approved.
        Active = "active",
        /// It was ended.
        Revoked = "revoked",
    }
}

/// An authorization's share for one connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// Our id.
    pub id: GrantId,
    /// The authorization it belongs to.
    pub authorization_id: AuthorizationId,
    /// The customer.
    pub tenant_id: TenantId,
    /// The client.
    pub client_id: ClientId,
    /// The connection.
    pub connection_id: ConnectionId,
    /// What may be read.
    pub permissions: Scopes,
    /// Which repositories.
    pub repositories: Repositories,
    /// Whether it counts; `expired` is derived from `expires_at` when it is read.
    pub status: GrantStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it stops counting.
    pub expires_at: Option<Timestamp>,
}

impl Grant {
    /// The grant as it stands at `now`: an active one past its end is expired.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        if self.status == GrantStatus::Active && self.expires_at.is_some_and(|end| end <= now) {
            self.status = GrantStatus::Expired;
        }
        self
    }
}

words! {
    /// Whether a grant counts.
    GrantStatus {
        /// It does.
        Active = "active",
        /// It was revoked.
        Revoked = "revoked",
        /// Its time is over.
        Expired = "expired",
    }
}

/// The repositories of a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repositories {
    /// Whatever the connection can read, now and later.
    All,
    /// These, by the provider's immutable ids.
    Listed(Vec<ApprovedRepository>),
}

impl Serialize for Repositories {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.serialize_str("all"),
            Self::Listed(list) => list.serialize(serializer),
        }
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for Repositories {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ApprovedRepositories".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "`all`, or the approved repositories.",
            "anyOf": [
                {"type": "string", "enum": ["all"]},
                {"type": "array", "items": generator.subschema_for::<ApprovedRepository>()},
            ],
        })
    }
}

/// An approved repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ApprovedRepository {
    /// The provider's own id; the approval is bound to it.
    pub id: String,
    /// The full name as last seen.
    pub full_name: String,
}

/// Which grants to list.
#[derive(Clone, Debug, Default)]
pub struct GrantFilter {
    /// Only this customer's.
    pub tenant: Option<TenantId>,
    /// Only for this client.
    pub client: Option<ClientId>,
    /// Only over this connection.
    pub connection: Option<ConnectionId>,
}

/// Keeps authorizations and grants.
#[async_trait]
pub trait AuthorizationStore: Send + Sync {
    /// Stores a grant under the active authorization of its (tenant, client): an active one is
    /// widened by the grant's permissions, a pending one becomes active, without either one
    /// `authorization` is stored. The grant's `authorization_id` is set to the one used. One active
    /// grant per (authorization, connection): a second is `INVALID_REQUEST` naming `connectionId`,
    /// as is a connection that is revoked or not the tenant's; a client that does not live is one
    /// naming `clientId`. Then nothing is written.
    async fn insert_grant(
        &self,
        authorization: Authorization,
        grant: Grant,
        audit: AuditEntry,
    ) -> Result<(Authorization, Grant)>;

    /// Stores a pending authorization, unless the (tenant, client) has a pending or active one:
    /// that one is returned.
    async fn find_or_insert_pending(&self, authorization: Authorization) -> Result<Authorization>;

    /// Shares with a client what a customer has chosen, in one step: see [`Sharing`]. The
    /// authorization is active then, with the permissions of its active grants together. A
    /// connection that is revoked or not the tenant's is `INVALID_REQUEST` naming `connectionId`, a
    /// client that does not live one naming `clientId`; then nothing is written.
    async fn share(&self, sharing: Sharing, audit: AuditEntry) -> Result<Authorization>;

    /// The live authorization of a customer for a client.
    async fn find_live(
        &self,
        client: &ClientId,
        tenant: &TenantId,
    ) -> Result<Option<Authorization>>;

    /// The authorization of that id.
    async fn find(&self, id: &AuthorizationId) -> Result<Option<Authorization>>;

    /// A client's pending and active authorizations, by id.
    async fn list_live(&self, client: &ClientId) -> Result<Vec<Authorization>>;

    /// The grant of that id.
    async fn find_grant(&self, id: &GrantId) -> Result<Option<Grant>>;

    /// The grants, revoked ones included, by id.
    async fn list_grants(&self, filter: &GrantFilter, range: ListRange<'_>) -> Result<Vec<Grant>>;

    /// The active grants of an authorization, by connection id.
    async fn active_grants(&self, id: &AuthorizationId, now: Timestamp) -> Result<Vec<Grant>>;

    /// Of `ids`, those that a grant approves, in the same order.
    async fn approved_among(&self, grant: &GrantId, ids: &[&str]) -> Result<Vec<bool>>;

    /// Notes a repository's name as last seen. An unapproved one is ignored.
    async fn note_name(&self, grant: &GrantId, repository: &ApprovedRepository) -> Result<()>;

    /// Revokes a grant and ends the subscriptions of its authorization over its connection; `false`
    /// when it was not active; then nothing is written.
    async fn revoke_grant(&self, id: &GrantId, at: Timestamp, audit: AuditEntry) -> Result<bool>;

    /// Ends an authorization with its grants, codes, tokens and subscriptions (CA-1); `false` when
    /// it was not live; then nothing is written.
    async fn revoke(&self, id: &AuthorizationId, at: Timestamp, audit: AuditEntry) -> Result<bool>;
}
