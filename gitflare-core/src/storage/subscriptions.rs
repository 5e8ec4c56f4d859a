//! Event subscriptions and what is needed to serve them: whose they are, the hook at the provider,
//! the encrypted secrets.

use async_trait::async_trait;

use super::{AuditEntry, CleanupJob, ListRange};
use crate::{
    AuthorizationId, ClientId, ConnectionId, Error, Result, SubscriptionId, TenantId, Timestamp,
    model::Subscription, provider::ProviderId,
};

/// A subscription as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSubscription {
    /// The subscription as the app sees it.
    pub subscription: Subscription,
    /// The customer whose repository it is.
    pub tenant_id: TenantId,
    /// The client that listens.
    pub client_id: ClientId,
    /// The authorization it stands on.
    pub authorization_id: AuthorizationId,
    /// The connection through which the hook was made.
    pub connection_id: ConnectionId,
    /// The provider's own id of the hook.
    pub hook_id: Option<String>,
    /// The encrypted secret that the provider proves itself with.
    pub sealed_hook_secret: Option<Vec<u8>>,
    /// The encrypted secret that deliveries are signed with.
    pub sealed_secret: Vec<u8>,
}

/// How many subscriptions an app may have on one repository of a customer; each event of it makes as
/// many deliveries.
pub const MAX_SUBSCRIPTIONS: usize = 20;

/// The refusal of one more.
#[must_use]
pub fn too_many_subscriptions() -> Error {
    Error::invalid_request(format!(
        "The app has {MAX_SUBSCRIPTIONS} subscriptions on this repository already: delete or change one of them."
    ))
}

/// Keeps subscriptions. Ending the client, the authorization or the connection ends them too
/// (CA-1). An ended one is found and listed no more; in the same transaction the removal of its hook
/// is queued ([`super::CleanupKind::DeleteHook`]), and its row stays until that is done.
#[async_trait]
pub trait SubscriptionStore: Send + Sync {
    /// Stores a new subscription. One beyond [`MAX_SUBSCRIPTIONS`] is `INVALID_REQUEST`, and nothing
    /// is written.
    async fn insert(&self, subscription: StoredSubscription, audit: AuditEntry) -> Result<()>;

    /// How many live ones an app has on a repository of a customer.
    async fn count_live(
        &self,
        tenant: &TenantId,
        client: &ClientId,
        provider: ProviderId,
        repository: &str,
    ) -> Result<usize>;

    /// The subscription of that id, if it is the tenant's.
    async fn find(
        &self,
        tenant: &TenantId,
        id: &SubscriptionId,
    ) -> Result<Option<StoredSubscription>>;

    /// The live subscription of that id, whoever's it is: for calls of the provider, which prove
    /// themselves with its hook secret.
    async fn find_live(&self, id: &SubscriptionId) -> Result<Option<StoredSubscription>>;

    /// The ended subscription of that id, while its hook is still to be removed.
    async fn find_ended(&self, id: &SubscriptionId) -> Result<Option<StoredSubscription>>;

    /// Deletes an ended subscription with what was to be delivered under it, a few rows at a time;
    /// `false` when some are left.
    async fn forget(&self, id: &SubscriptionId) -> Result<bool>;

    /// Puts the events, the URL and the state of `new` in the place of those of `old`, and its hook
    /// with the secret where that is another one. `unused`, the removal of a hook that nobody needs
    /// then, is queued in the same step. `false` when the live subscription is no longer as `old` was
    /// read, or there is none; then nothing is written.
    async fn update(
        &self,
        old: &StoredSubscription,
        new: &StoredSubscription,
        unused: Option<CleanupJob>,
        audit: AuditEntry,
    ) -> Result<bool>;

    /// A client's subscriptions for a tenant, by id; with `connections` those through one of these
    /// alone.
    async fn list(
        &self,
        tenant: &TenantId,
        client: &ClientId,
        connections: Option<&[ConnectionId]>,
        range: ListRange<'_>,
    ) -> Result<Vec<StoredSubscription>>;

    /// Ends a subscription; `false` when the tenant has none of that id; then nothing is written.
    async fn delete(
        &self,
        tenant: &TenantId,
        id: &SubscriptionId,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<bool>;

    /// Ends up to `limit` rows of subscriptions whose client or authorization has ended, and queues
    /// the removal of their hooks; how many it were, 0 when none is left. They are found as ended
    /// already: this is the work that a backend may leave for later.
    async fn end_some(&self, limit: usize) -> Result<usize>;
}
