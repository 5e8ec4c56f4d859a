//! The gateway: the product's use cases over storage, providers, filter and clock. [`Gateway::read`]
//! serves every unified read; the other files are what admins, clients and customers do. Nothing
//! here knows HTTP: handlers pass parameters on unchecked and form replies from what comes back.

mod account_links;
mod account_reads;
mod accounts;
mod admin;
mod agents;
mod app_names;
mod approved;
mod apps;
mod audience;
mod authorize;
mod builder;
mod calls;
mod cells;
mod checks;
mod cleanup;
mod code_grant;
#[cfg(feature = "conformance")]
pub mod conformance;
mod connect;
mod consent;
mod contents;
mod customer_events;
mod customer_records;
mod customers;
mod deliveries;
mod events;
mod explain;
mod fetch;
mod firewall;
mod grants;
mod hooks;
mod introspection;
mod link;
mod link_claim;
mod listing;
mod members;
mod parameters;
mod payload;
mod posted_link;
mod profiles;
mod public_client_rules;
mod public_clients;
mod query;
mod read;
mod reconnect;
mod record;
mod refresh;
mod refresh_counts;
mod refresh_grant;
mod request;
mod retention;
mod sessions;
mod sign_ins;
mod steps;
mod subscribe;
mod subscription_change;
mod subscriptions;
#[cfg(test)]
mod tests;
mod tokens;
mod workspace;

use std::{
    fmt,
    sync::{Arc, RwLock},
    time::{Duration, Instant},
};

pub use account_links::{Invitation, account_link_used};
pub use account_reads::{UsagePage, UsageReport};
pub use accounts::{Account, Passwords, SignUp, SignedIn, Verdict, user_of};
pub use admin::{ClientFilterText, NewClientRequest, NewTenantRequest};
pub use agents::Agent;
pub use apps::{AppChanges, CreatedClient, CreatedSecret, NewApp, frame_ancestors};
pub use audience::Audience;
pub use authorize::{AuthorizationAnswer, AuthorizationOutcome, AuthorizeRefusal, OpenedRequest};
pub use builder::GatewayBuilder;
pub use calls::UsageCall;
pub use connect::{ConnectionFilterText, ManualConnection};
pub use consent::{AccountListing, Choice, Consent, ConsentContext};
pub use customer_events::NamedSubscription;
pub use customer_records::{
    ConsentRecord, CustomerRead, CustomerReads, RecordedApp, RecordedPermission, RecordedShare,
};
pub use customers::{AppCustomer, CustomerAuthorization, CustomerDetails};
pub use deliveries::{DeliveryOutcome, DueDelivery};
pub use explain::{ExplainedStep, Explanation, StepOutcome};
pub use firewall::FirewallUpdate;
pub use grants::{GrantFilterText, NewGrantRequest, RequestedRepositories};
pub use introspection::{Introspection, TokenContext, TokenFilterText};
pub use link::{FailedLink, LinkCallback, LinkStart, ReturnedLink, StartedLink};
pub use link_claim::LinkClaim;
pub use listing::{ListQuery, Listing, PageInfo};
pub use payload::{NotModified, Payload};
pub use posted_link::PostedReturn;
pub use profiles::ProfileChanges;
pub use public_client_rules::PublicClientRule;
pub use public_clients::{
    ClientMetadata, MetadataRefusal, PublicClient, PublicVisit, RegisteredClient,
};
pub use query::Query;
pub use reconnect::ReconnectLink;
pub use record::ReadFacts;
pub use refresh_counts::RefreshOutcome;
pub use request::{ReadCredential, ReadRequest, UnifiedReply};
pub use retention::Retention;
pub use sessions::BegunSession;
pub use subscribe::{CallbackRules, CreatedSubscription, NewSubscription};
pub use subscription_change::SubscriptionChange;
pub use tokens::{IssuedToken, OauthToken, TokenRefusal, TokenRequest};
pub use workspace::{CustomerLink, VisibleConnections, Workspace, workspace_key};

use crate::{
    AuditId, ClientId, Clock, Error, Random, RequestId, Result, Secret, SubscriptionId, TokenId,
    account_link::AccountLinks,
    cursor::CursorKeys,
    filter::ContentFilter,
    keys::Vault,
    provider::{Provider, ProviderId, Registry},
    sealed_text::SealedTexts,
    storage::{Actor, AuditAction, AuditEntry, FirewallSettings, Outcome, Storage},
};

/// Durations and switches of a gateway: take the defaults and set what differs.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct GatewaySettings {
    /// Lifetime of an access token.
    pub token_ttl: Duration,
    /// Lifetime of a cursor.
    pub cursor_ttl: Duration,
    /// How long the first byte of an upstream answer may take; a whole read ends within 2.5 times
    /// that.
    pub upstream_timeout: Duration,
    /// `false` lets a connection's id stand for a credential (legacy mode).
    pub enforce_platform_auth: bool,
    /// Whether apps may register `http://localhost` as a redirect URI, for development.
    pub allow_localhost_redirects: bool,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        Self {
            token_ttl: Duration::from_secs(3600),
            cursor_ttl: Duration::from_secs(3600),
            upstream_timeout: Duration::from_secs(10),
            enforce_platform_auth: true,
            allow_localhost_redirects: false,
        }
    }
}

/// Says who may ask now: once per read, as soon as the token is known, and once per replay of a delivery.
pub trait Admission: Send + Sync {
    /// Counts one read.
    ///
    /// # Errors
    /// `RATE_LIMITED` when the token or its client reads too often (RL-1).
    fn admit(&self, token: &TokenId, client: &ClientId) -> Result<()>;

    /// Counts a delivery of a subscription that is asked for again by somebody who may. Without an
    /// implementation of its own nobody is refused.
    ///
    /// # Errors
    /// `RATE_LIMITED` when the subscription's deliveries are asked for again too often (RL-1).
    fn admit_replay(&self, subscription: &SubscriptionId) -> Result<()> {
        let _ = subscription;
        Ok(())
    }
}

/// Lets everybody read as often as they like.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unlimited;

impl Admission for Unlimited {
    fn admit(&self, _: &TokenId, _: &ClientId) -> Result<()> {
        Ok(())
    }
}

/// The gateway. Cheap to share behind an [`Arc`]; holds no state but keys and the firewall's
/// configuration.
pub struct Gateway {
    storage: Arc<dyn Storage>,
    providers: Registry,
    filter: Arc<dyn ContentFilter>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    cursors: CursorKeys,
    vault: Vault,
    refreshes: refresh::InFlightRefreshes,
    refresh_counts: refresh_counts::RefreshCounts,
    form_keys: Vec<Secret<[u8; 32]>>,
    record_seeds: Vec<(u8, Secret<[u8; 32]>)>,
    validator_key: Secret<[u8; 32]>,
    account_links: AccountLinks,
    registrations: SealedTexts,
    public_clients: public_client_rules::PublicClientRules,
    admission: Arc<dyn Admission>,
    settings: GatewaySettings,
    firewall: RwLock<Arc<FirewallSettings>>,
    clock_watch: retention::ClockWatch,
}

impl Gateway {
    /// Sets the storage.
    #[must_use]
    pub fn storage(&self) -> &dyn Storage {
        &*self.storage
    }

    /// Whether every read needs a token; without it a connection's id is enough (legacy mode).
    #[must_use]
    pub fn enforces_platform_auth(&self) -> bool {
        self.settings.enforce_platform_auth
    }

    /// The enabled providers.
    #[must_use]
    pub fn providers(&self) -> &Registry {
        &self.providers
    }

    /// The clock that every expiry is judged by.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Makes a request id (`gf_req_...`).
    #[must_use]
    pub fn new_request_id(&self) -> RequestId {
        RequestId::generate(&*self.clock, &*self.random)
    }

    /// Writes an audit entry for an event that changed nothing else, such as a refused admin key.
    ///
    /// # Errors
    /// The storage's own.
    pub async fn append_audit(
        &self,
        act: &AuditContext<'_>,
        action: AuditAction,
        object: &str,
        outcome: Outcome,
    ) -> Result<()> {
        self.storage
            .audit()
            .append(self.audit(act, action, object, outcome))
            .await
    }

    fn audit(
        &self,
        act: &AuditContext<'_>,
        action: AuditAction,
        object: &str,
        outcome: Outcome,
    ) -> AuditEntry {
        AuditEntry {
            id: AuditId::generate(&*self.clock, &*self.random),
            at: self.clock.now(),
            actor: act.actor.clone(),
            action,
            object: object.to_owned(),
            outcome,
            request_id: act.request_id.clone(),
        }
    }

    /// Longest time that all upstream calls of one request may take together.
    fn upstream_budget(&self) -> Duration {
        self.settings.upstream_timeout.mul_f32(2.5)
    }

    /// Deadline of upstream calls of a request that started at `started`.
    fn deadline_after(&self, started: Instant) -> Instant {
        started + self.upstream_budget()
    }

    /// Deadline of upstream calls that start now.
    fn upstream_deadline(&self) -> Instant {
        self.deadline_after(Instant::now())
    }

    fn audit_success(
        &self,
        act: &AuditContext<'_>,
        action: AuditAction,
        object: impl AsRef<str>,
    ) -> AuditEntry {
        self.audit(act, action, object.as_ref(), Outcome::Ok)
    }

    /// The provider that selects rows of what is stored: an enabled one, or one of the built-in ids,
    /// whose rows outlive its being disabled.
    ///
    /// # Errors
    /// `UNSUPPORTED_PROVIDER` for any other id.
    fn filter_provider(&self, id: &str) -> Result<ProviderId> {
        let mut built_in = ProviderId::BUILT_IN.iter();
        match built_in.find(|known| known.as_str() == id) {
            Some(known) => Ok(*known),
            None => Ok(self.enabled(id)?.id()),
        }
    }

    /// The enabled provider of that id.
    ///
    /// # Errors
    /// `UNSUPPORTED_PROVIDER` when there is none.
    fn enabled(&self, id: &str) -> Result<&Arc<dyn Provider>> {
        self.providers
            .lookup(id)
            .ok_or_else(Error::unknown_provider)
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("providers", &self.providers)
            .finish_non_exhaustive()
    }
}

/// Actor and request that an audit entry is written for.
#[derive(Clone, Copy, Debug)]
pub struct AuditContext<'a> {
    /// On whose authority the change is made.
    pub actor: &'a Actor,
    /// The id of the request that makes it, as sent in `x-request-id`.
    pub request_id: &'a RequestId,
}
