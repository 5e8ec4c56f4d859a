//! Event subscriptions in memory.

use async_trait::async_trait;

use super::{MemoryStorage, State, page};
use crate::{
    ClientId, ConnectionId, Result, SubscriptionId, TenantId, Timestamp,
    provider::ProviderId,
    storage::{
        AuditEntry, CleanupJob, CleanupKind, ListRange, MAX_SUBSCRIPTIONS, SealedTokens,
        StoredSubscription, SubscriptionStore, too_many_subscriptions,
    },
};

/// A subscription and when it ended.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) row: StoredSubscription,
    pub(super) ended_at: Option<Timestamp>,
}

impl Kept {
    pub(super) fn row_mut(&mut self) -> &mut StoredSubscription {
        &mut self.row
    }
}

impl State {
    /// Ends the subscriptions that `ends` picks.
    pub(super) fn end_subscriptions(
        &mut self,
        at: Timestamp,
        ends: impl Fn(&StoredSubscription) -> bool,
    ) {
        let mut ended = Vec::new();
        for kept in self.subscriptions.values_mut() {
            if kept.ended_at.is_none() && ends(&kept.row) {
                kept.ended_at = Some(at);
                ended.push(kept.row.clone());
            }
        }
        for row in ended {
            self.enqueue_hook_removal(&row, at);
        }
    }

    /// Queues the removal of an ended subscription's hook, if it has one.
    fn enqueue_hook_removal(&mut self, row: &StoredSubscription, at: Timestamp) {
        let connection = self.connections.get(&row.connection_id);
        let api_base_url = connection.and_then(|(connection, _)| connection.api_base_url.clone());
        if row.hook_id.is_some() {
            self.enqueue(CleanupJob {
                kind: CleanupKind::DeleteHook,
                subject: row.subscription.id.as_str().to_owned(),
                provider: row.subscription.provider,
                connection_id: row.connection_id.clone(),
                tenant_id: Some(row.tenant_id.clone()),
                api_base_url,
                tokens: SealedTokens::default(),
                attempts: 0,
                next_attempt_at: at,
                created_at: at,
            });
        }
    }

    fn live_subscriptions<'a>(
        &'a self,
        tenant: &'a TenantId,
    ) -> impl Iterator<Item = &'a StoredSubscription> {
        self.subscriptions
            .values()
            .filter(|kept| kept.ended_at.is_none())
            .map(|kept| &kept.row)
            .filter(move |row| row.tenant_id == *tenant)
    }
}

impl State {
    fn count_live(
        &self,
        tenant: &TenantId,
        client: &ClientId,
        provider: ProviderId,
        repository: &str,
    ) -> usize {
        let live = self.subscriptions.values().filter(|kept| {
            kept.ended_at.is_none()
                && kept.row.tenant_id == *tenant
                && kept.row.client_id == *client
                && kept.row.subscription.provider == provider
                && kept.row.subscription.repository_id == repository
        });
        live.count()
    }
}

#[async_trait]
impl SubscriptionStore for MemoryStorage {
    async fn insert(&self, row: StoredSubscription, audit: AuditEntry) -> Result<()> {
        let mut state = self.state();
        let (provider, repository) = (row.subscription.provider, &row.subscription.repository_id);
        let standing = state.count_live(&row.tenant_id, &row.client_id, provider, repository);
        if standing >= MAX_SUBSCRIPTIONS {
            return Err(too_many_subscriptions());
        }
        let id = row.subscription.id.clone();
        let ended_at = None;
        state.subscriptions.insert(id, Kept { row, ended_at });
        state.audit.push(audit);
        Ok(())
    }

    async fn count_live(
        &self,
        tenant: &TenantId,
        client: &ClientId,
        provider: ProviderId,
        repository: &str,
    ) -> Result<usize> {
        let state = self.state();
        Ok(state.count_live(tenant, client, provider, repository))
    }

    async fn find(
        &self,
        tenant: &TenantId,
        id: &SubscriptionId,
    ) -> Result<Option<StoredSubscription>> {
        let state = self.state();
        let mut rows = state.live_subscriptions(tenant);
        Ok(rows.find(|row| row.subscription.id == *id).cloned())
    }

    async fn find_live(&self, id: &SubscriptionId) -> Result<Option<StoredSubscription>> {
        let state = self.state();
        let kept = state.subscriptions.get(id);
        let kept = kept.filter(|kept| kept.ended_at.is_none());
        Ok(kept.map(|kept| kept.row.clone()))
    }

    async fn find_ended(&self, id: &SubscriptionId) -> Result<Option<StoredSubscription>> {
        let state = self.state();
        let kept = state.subscriptions.get(id);
        let kept = kept.filter(|kept| kept.ended_at.is_some());
        Ok(kept.map(|kept| kept.row.clone()))
    }

    async fn forget(&self, id: &SubscriptionId) -> Result<bool> {
        let mut state = self.state();
        let kept = state.subscriptions.get(id);
        if kept.is_some_and(|kept| kept.ended_at.is_some()) {
            state.subscriptions.remove(id);
            state.deliveries.retain(|_, kept| !kept.is_of(id));
            state.sequences.remove(id);
            state.in_flight.remove(id);
        }
        Ok(true)
    }

    async fn list(
        &self,
        tenant: &TenantId,
        client: &ClientId,
        connections: Option<&[ConnectionId]>,
        range: ListRange<'_>,
    ) -> Result<Vec<StoredSubscription>> {
        let state = self.state();
        let rows = state.live_subscriptions(tenant).filter(|row| {
            row.client_id == *client
                && connections.is_none_or(|all| all.contains(&row.connection_id))
        });
        Ok(page(rows, range, |row| row.subscription.id.as_str()))
    }

    async fn delete(
        &self,
        tenant: &TenantId,
        id: &SubscriptionId,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<bool> {
        let mut state = self.state();
        let row = match state.subscriptions.get_mut(id) {
            Some(kept) if kept.ended_at.is_none() && kept.row.tenant_id == *tenant => {
                kept.ended_at = Some(at);
                kept.row.clone()
            }
            _ => return Ok(false),
        };
        state.enqueue_hook_removal(&row, at);
        state.audit.push(audit);
        Ok(true)
    }

    async fn update(
        &self,
        old: &StoredSubscription,
        new: &StoredSubscription,
        unused: Option<CleanupJob>,
        audit: AuditEntry,
    ) -> Result<bool> {
        let mut state = self.state();
        let Some(kept) = state.subscriptions.get_mut(&old.subscription.id) else {
            return Ok(false);
        };
        let row = &mut kept.row;
        let is_as_read = row.subscription == old.subscription && row.hook_id == old.hook_id;
        if kept.ended_at.is_some() || !is_as_read {
            return Ok(false);
        }
        row.subscription = new.subscription.clone();
        if row.hook_id != new.hook_id {
            row.hook_id.clone_from(&new.hook_id);
            row.sealed_hook_secret.clone_from(&new.sealed_hook_secret);
        }
        if let Some(job) = unused {
            state.enqueue(job);
        }
        state.audit.push(audit);
        Ok(true)
    }

    async fn end_some(&self, _limit: usize) -> Result<usize> {
        // Here they end with what they stand on.
        Ok(0)
    }
}
