//! The reference backend: everything in memory, gone with the process. It is what the traits mean
//! in the plainest code, for tests and for services that keep nothing; not for production.

mod audit;
mod authorizations;
mod cleanup;
mod clients;
mod codes;
mod connections;
mod deliveries;
mod links;
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

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;

use codes::StoredCode;
use links::KeptFlow;
use subscriptions::Kept;

use super::{
    AccessToken, AppProfile, AuditEntry, Authorization, CleanupJob, CleanupKind, Client,
    Connection, FirewallSettings, Grant, KeyCheck, ListRange, PasswordHash, PendingRequest, Proof,
    Role, SealedTokens, Session, Storage, Tenant, UsageRow, User,
};
use crate::{
    AuthorizationId, ClientId, ConnectionId, CredentialHash, EventId, FlowId, GrantId, Result,
    SecretId, SessionId, SubscriptionId, TenantId, Timestamp, TokenId, UserId,
    provider::ProviderId,
};

/// A [`Storage`] on standard collections. One lock over everything makes every operation atomic.
#[derive(Debug, Default)]
pub struct MemoryStorage {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    audit: Vec<AuditEntry>,
    tenants: BTreeMap<TenantId, Tenant>,
    customers: BTreeMap<(ClientId, String), TenantId>,
    /// Left behind by a person or a client who was deleted then.
    abandoned: BTreeMap<TenantId, Timestamp>,
    users: BTreeMap<UserId, (User, PasswordHash)>,
    memberships: BTreeMap<(UserId, TenantId), Role>,
    sessions: BTreeMap<CredentialHash, Session>,
    clients: BTreeMap<ClientId, Client>,
    secret_hashes: BTreeMap<SecretId, CredentialHash>,
    embed_secrets: BTreeMap<ClientId, Vec<u8>>,
    connections: BTreeMap<ConnectionId, (Connection, SealedTokens)>,
    authorizations: BTreeMap<AuthorizationId, Authorization>,
    profiles: BTreeMap<ClientId, AppProfile>,
    grants: BTreeMap<GrantId, Grant>,
    requests: BTreeMap<CredentialHash, PendingRequest>,
    proofs: BTreeSet<(SessionId, Proof)>,
    nonces: BTreeMap<(ClientId, CredentialHash), Timestamp>,
    codes: BTreeMap<CredentialHash, StoredCode>,
    tokens: BTreeMap<TokenId, AccessToken>,
    token_hashes: BTreeMap<CredentialHash, TokenId>,
    families: BTreeMap<CredentialHash, refresh_tokens::Kept>,
    subscriptions: BTreeMap<SubscriptionId, Kept>,
    deliveries: BTreeMap<EventId, deliveries::Kept>,
    /// The last number of each subscription's events.
    sequences: BTreeMap<SubscriptionId, u64>,
    /// Until when a subscription is held by a delivery that was begun.
    in_flight: BTreeMap<SubscriptionId, Timestamp>,
    receivers: BTreeMap<ClientId, deliveries::Receiver>,
    links: BTreeMap<FlowId, KeptFlow>,
    /// When a browser that had started nothing last came back from a provider.
    strays: BTreeMap<ProviderId, Timestamp>,
    refreshing: BTreeMap<ConnectionId, Timestamp>,
    cleanup: BTreeMap<(CleanupKind, String), CleanupJob>,
    firewall: Option<FirewallSettings>,
    last_used: Option<crate::Timestamp>,
    key_checks: Vec<KeyCheck>,
    usage: Vec<UsageRow>,
    /// Older rows are not seen any more.
    usage_from: Option<Timestamp>,
}

impl MemoryStorage {
    /// An empty storage.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Storage for MemoryStorage {
    crate::stores!(self => self, usage => self);

    async fn is_healthy(&self) -> bool {
        true
    }

    async fn close(&self) -> Result<()> {
        Ok(())
    }
}

/// The rows of a range. Rows come in the order of their ids.
fn page<'a, T: Clone + 'a>(
    rows: impl Iterator<Item = &'a T>,
    range: ListRange<'_>,
    id_of: impl Fn(&T) -> &str,
) -> Vec<T> {
    rows.filter(|row| range.after.is_none_or(|after| id_of(row) > after))
        .take(range.limit)
        .cloned()
        .collect()
}

/// Whether a filter member, if set, equals the row's.
fn matches<T: PartialEq>(filter: Option<&T>, value: &T) -> bool {
    filter.is_none_or(|filter| filter == value)
}
