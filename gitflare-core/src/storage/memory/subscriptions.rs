//! Event subscriptions in memory.

use async_trait::async_trait;

use super::{MemoryStorage, State, page};
use crate::{
    ClientId, Result, SubscriptionId, TenantId, Timestamp,
    storage::{AuditEntry, ListRange, StoredSubscription, SubscriptionStore},
};

/// A subscription and when it ended.
#[derive(Debug)]
pub(super) struct Kept {
    row: StoredSubscription,
    ended_at: Option<Timestamp>,
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
        for kept in self.subscriptions.values_mut() {
            if ends(&kept.row) {
                kept.ended_at.get_or_insert(at);
            }
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

#[async_trait]
impl SubscriptionStore for MemoryStorage {
    async fn insert(&self, row: StoredSubscription, audit: AuditEntry) -> Result<()> {
        let mut state = self.state();
        let id = row.subscription.id.clone();
        let ended_at = None;
        state.subscriptions.insert(id, Kept { row, ended_at });
        state.audit.push(audit);
        Ok(())
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

    async fn list(
        &self,
        tenant: &TenantId,
        client: &ClientId,
        range: ListRange<'_>,
    ) -> Result<Vec<StoredSubscription>> {
        let state = self.state();
        let rows = state
            .live_subscriptions(tenant)
            .filter(|row| row.client_id == *client);
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
        match state.subscriptions.get_mut(id) {
            Some(kept) if kept.ended_at.is_none() && kept.row.tenant_id == *tenant => {
                kept.ended_at = Some(at);
            }
            _ => return Ok(false),
        }
        state.audit.push(audit);
        Ok(true)
    }
}
