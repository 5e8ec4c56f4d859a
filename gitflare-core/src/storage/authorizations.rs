//! Authorizations and their grants: storing, sharing, listing, revoking. What they are made of stands
//! in `grants.rs`.

use async_trait::async_trait;

use super::{Approval, ApprovedRepository, AuditEntry, Authorization, Grant, ListRange, Sharing};
use crate::{
    AuthorizationId, ClientId, ConnectionId, GrantId, Result, Scope, TenantId, Timestamp,
    provider::ProviderId,
};

/// A repository that a customer may have approved for a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CustomerRepository {
    /// The client.
    pub client: ClientId,
    /// The customer's tenant.
    pub tenant: TenantId,
    /// Where the repository is.
    pub provider: ProviderId,
    /// Its id there.
    pub repository: String,
}

/// Filter of a list of grants.
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

    /// At most `limit` of a client's authorizations that are not revoked: active ones by id, then
    /// pending ones by id.
    async fn list_live(&self, client: &ClientId, limit: usize) -> Result<Vec<Authorization>>;

    /// A client's authorizations, revoked ones included, by id.
    async fn list(&self, client: &ClientId, range: ListRange<'_>) -> Result<Vec<Authorization>>;

    /// Those of a client's authorizations that are of these tenants, revoked ones included, by id.
    async fn list_of(
        &self,
        client: &ClientId,
        tenants: &[TenantId],
        range: ListRange<'_>,
    ) -> Result<Vec<Authorization>>;

    /// The grant of that id.
    async fn find_grant(&self, id: &GrantId) -> Result<Option<Grant>>;

    /// The grants, revoked ones included, by id.
    async fn list_grants(&self, filter: &GrantFilter, range: ListRange<'_>) -> Result<Vec<Grant>>;

    /// The active grants of an authorization, by connection id.
    async fn active_grants(&self, id: &AuthorizationId, now: Timestamp) -> Result<Vec<Grant>>;

    /// Of `ids`, those that a grant approves, in the same order.
    async fn approved_among(&self, grant: &GrantId, ids: &[&str]) -> Result<Vec<bool>>;

    /// The active grant of an authorization over a connection, where it has the permission and
    /// approves the repository, with what it keeps of that one.
    async fn find_approval(
        &self,
        id: &AuthorizationId,
        connection: &ConnectionId,
        permission: Scope,
        repository: &str,
        now: Timestamp,
    ) -> Result<Option<Approval>>;

    /// The names, as last seen, of repositories that customers have approved for clients, now or
    /// before, in the order of `asked`; `None` where one was approved with all others.
    async fn repository_names(&self, asked: &[CustomerRepository]) -> Result<Vec<Option<String>>>;

    /// Notes repositories' names as last seen, and their node ids where known. Unapproved ones are
    /// ignored.
    async fn note_seen(&self, grant: &GrantId, seen: Vec<ApprovedRepository>) -> Result<()>;

    /// Revokes a grant and ends the subscriptions of its authorization over its connection; `false`
    /// when it was not active; then nothing is written.
    async fn revoke_grant(&self, id: &GrantId, at: Timestamp, audit: AuditEntry) -> Result<bool>;

    /// Ends an authorization with its grants, codes, tokens and subscriptions (CA-1); `false` when
    /// it was not live; then nothing is written.
    async fn revoke(&self, id: &AuthorizationId, at: Timestamp, audit: AuditEntry) -> Result<bool>;
}
