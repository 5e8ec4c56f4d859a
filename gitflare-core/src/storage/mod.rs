//! What the gateway keeps, as small traits: one per thing that changes hands. A backend implements
//! them and hands them out through [`Storage`]; `memory` is the reference, `conformance` the suite
//! that every backend passes.
//!
//! Rules for all of them: missing is `Ok(None)`, never an error; what must change together changes
//! in one operation, atomically; every mutation writes its [`AuditEntry`] in the same transaction;
//! an acknowledged write is durable. Lists go by id, which is by creation.

mod audit;
mod authorizations;
mod cleanup;
mod clients;
mod codes;
#[cfg(feature = "conformance")]
pub mod conformance;
mod connections;
mod deliveries;
mod grants;
mod links;
pub mod memory;
mod proofs;
mod refresh_tokens;
mod requests;
mod sealed;
mod sessions;
mod settings;
mod subscriptions;
mod tenants;
mod tokens;
mod usage;
mod users;

use async_trait::async_trait;

pub use audit::{Actor, AuditAction, AuditEntry, AuditStore, Outcome};
pub use authorizations::{AuthorizationStore, CustomerRepository, GrantFilter};
pub use cleanup::{CleanupJob, CleanupKind, CleanupStore};
pub use clients::{
    AppProfile, Client, ClientFilter, ClientSecret, ClientStatus, ClientStore, MAX_CLIENTS,
    NewClient, too_many_clients,
};
pub use codes::{AuthorizationCode, CodeStore, Redeemed, Redemption};
pub use connections::{
    Connection, ConnectionFilter, ConnectionMode, ConnectionStatus, ConnectionStore,
    ReconnectCause, SealedTokens,
};
pub use deliveries::{
    ATTEMPTS_KEPT, Backlog, Capacity, Delivery, DeliveryAttempt, DeliveryRecord, DeliveryStatus,
    DeliveryStore, NewDelivery, Settlement, pause_after,
};
pub use grants::{
    Approval, ApprovedRepository, Authorization, AuthorizationStatus, Grant, GrantStatus,
    Repositories,
};
pub use links::{
    Handover, LinkFlow, LinkKind, LinkStore, LinkedAccount, PostedKey, PostedOutcome,
    UnclaimedAccount,
};
pub use proofs::{Proof, ProofStore};
pub use refresh_tokens::{RefreshTokenStore, Rotation};
pub use requests::{PendingRequest, RequestStore, Sharing};
pub use sealed::{SealedPlace, SealedStore, SealedValue};
pub use sessions::{MOST_LISTED, Session, SessionStore, SessionSubject};
pub use settings::{FirewallSettings, KeyCheck, SettingsStore};
pub use subscriptions::{
    MAX_SUBSCRIPTIONS, StoredSubscription, SubscriptionStore, too_many_subscriptions,
};
pub use tenants::{CustomerNames, Tenant, TenantKind, TenantStore};
pub use tokens::{
    Access, AccessToken, IssuedBy, RefreshFamily, RepositoryKey, Share, TokenFilter, TokenStore,
};
pub use usage::{
    Pack, PackedRow, SummaryBuilder, Tally, UsageFacts, UsageQuery, UsageRollup, UsageRow,
    UsageStore, UsageSummary, UsageTotals, pack,
};
pub use users::{Membership, NewUser, PasswordHash, Role, User, UserStore};

use crate::Result;

/// A place to keep everything.
#[async_trait]
pub trait Storage: Send + Sync {
    /// Tenants and the customers that are tenants.
    fn tenants(&self) -> &dyn TenantStore;
    /// People who sign in.
    fn users(&self) -> &dyn UserStore;
    /// Sessions of people and of customers' browsers.
    fn sessions(&self) -> &dyn SessionStore;
    /// Developer apps and their secrets.
    fn clients(&self) -> &dyn ClientStore;
    /// Linked provider accounts.
    fn connections(&self) -> &dyn ConnectionStore;
    /// Authorizations, grants and approved repositories.
    fn authorizations(&self) -> &dyn AuthorizationStore;
    /// Authorization requests that wait for a decision.
    fn requests(&self) -> &dyn RequestStore;
    /// Connections that a customer's session has linked itself, and used link nonces.
    fn proofs(&self) -> &dyn ProofStore;
    /// Authorization codes.
    fn codes(&self) -> &dyn CodeStore;
    /// Access tokens, by their hashes.
    fn tokens(&self) -> &dyn TokenStore;
    /// Refresh tokens, by families.
    fn refresh_tokens(&self) -> &dyn RefreshTokenStore;
    /// Event subscriptions.
    fn subscriptions(&self) -> &dyn SubscriptionStore;
    /// Events on their way to apps.
    fn deliveries(&self) -> &dyn DeliveryStore;
    /// Flows that link accounts.
    fn links(&self) -> &dyn LinkStore;
    /// Queue of cleanup jobs at providers.
    fn cleanup(&self) -> &dyn CleanupStore;
    /// Encrypted values, wherever they are.
    fn sealed(&self) -> &dyn SealedStore;
    /// Run-time settings.
    fn settings(&self) -> &dyn SettingsStore;
    /// One row for each unified read.
    fn usage(&self) -> &dyn UsageStore;
    /// The security audit.
    fn audit(&self) -> &dyn AuditStore;

    /// Whether the backend can be read and written now.
    async fn is_healthy(&self) -> bool;

    /// The files of the backend with their bytes, for metrics; none where it has no files of its
    /// own, or they cannot be looked at.
    fn file_sizes(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }

    /// Writes what is still queued and stops taking more. Called once, at the end.
    async fn close(&self) -> Result<()>;
}

/// Writes the hand-outs of an `impl Storage`, all of one place but the usage log: a type that
/// implements every store itself says `self => self`, one that wraps another storage
/// `self from &self.inner`.
///
/// ```
/// # use gitflare_core::{Result, stores, storage::{Storage, memory::MemoryStorage}};
/// struct Wrapped(MemoryStorage);
///
/// #[async_trait::async_trait]
/// impl Storage for Wrapped {
///     stores!(self from &self.0, usage => self.0.usage());
///
///     async fn is_healthy(&self) -> bool {
///         self.0.is_healthy().await
///     }
///
///     async fn close(&self) -> Result<()> {
///         self.0.close().await
///     }
/// }
/// ```
#[macro_export]
macro_rules! stores {
    ($self:ident => $itself:expr, usage => $usage:expr) => {
        $crate::stores!(@all itself $self, $itself, $usage);
    };
    ($self:ident from $inner:expr, usage => $usage:expr) => {
        $crate::stores!(@all inner $self, $inner, $usage);
    };
    (@all $kind:ident $self:ident, $of:expr, $usage:expr) => {
        $crate::stores!(@$kind $self, $of;
            tenants TenantStore;
            users UserStore;
            sessions SessionStore;
            clients ClientStore;
            connections ConnectionStore;
            authorizations AuthorizationStore;
            requests RequestStore;
            proofs ProofStore;
            codes CodeStore;
            tokens TokenStore;
            refresh_tokens RefreshTokenStore;
            subscriptions SubscriptionStore;
            deliveries DeliveryStore;
            links LinkStore;
            cleanup CleanupStore;
            sealed SealedStore;
            settings SettingsStore;
            audit AuditStore;
        );

        fn usage(&$self) -> &dyn $crate::storage::UsageStore {
            $usage
        }
    };
    (@itself $self:ident, $itself:expr; $($name:ident $store:ident;)*) => {
        $(fn $name(&$self) -> &dyn $crate::storage::$store {
            $itself
        })*
    };
    (@inner $self:ident, $inner:expr; $($name:ident $store:ident;)*) => {
        $(fn $name(&$self) -> &dyn $crate::storage::$store {
            $crate::storage::Storage::$name($inner)
        })*
    };
}

/// The most rows that are counted of a queue, so that a long one costs no more than that.
pub const MOST_COUNTED: u64 = 100_000;

/// Start and size of a page. Lists are in the order of ids.
#[derive(Clone, Copy, Debug)]
pub struct ListRange<'a> {
    /// The last id of the page before.
    pub after: Option<&'a str>,
    /// The most rows to return; the caller asks for one more than it shows, to know whether any
    /// are left.
    pub limit: usize,
}
