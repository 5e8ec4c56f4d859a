//! Deliveries in memory.

use std::collections::HashMap;

use async_trait::async_trait;

use super::MemoryStorage;
use crate::{
    ClientId, EventId, Result, Timestamp,
    storage::{Capacity, Delivery, DeliveryStore, StoredSubscription},
};

/// A delivery and whether it is done.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) delivery: Delivery,
    is_finished: bool,
}

#[async_trait]
impl DeliveryStore for MemoryStorage {
    async fn enqueue(&self, delivery: Delivery) -> Result<bool> {
        let mut state = self.state();
        let is_known = state.deliveries.values().any(|kept| {
            kept.delivery.subscription_id == delivery.subscription_id
                && kept.delivery.source == delivery.source
        });
        if is_known {
            return Ok(false);
        }
        let is_finished = false;
        let id = delivery.id.clone();
        state.deliveries.insert(
            id,
            Kept {
                delivery,
                is_finished,
            },
        );
        Ok(true)
    }

    async fn begin(
        &self,
        now: Timestamp,
        until: Timestamp,
        capacity: Capacity<'_>,
    ) -> Result<Vec<(Delivery, StoredSubscription)>> {
        let mut state = self.state();
        let mut due: Vec<_> = state
            .deliveries
            .values()
            .filter(|kept| !kept.is_finished && kept.delivery.next_attempt_at <= now)
            .filter_map(|kept| {
                let subscription = state.subscriptions.get(&kept.delivery.subscription_id)?;
                let lives = subscription.ended_at.is_none();
                lives.then(|| (kept.delivery.id.clone(), subscription.row.clone()))
            })
            .collect();
        due.sort_by(|a, b| a.0.cmp(&b.0));
        let mut taken: HashMap<ClientId, usize> = HashMap::new();
        due.retain(|(_, subscription)| {
            let taken = taken.entry(subscription.client_id.clone()).or_default();
            *taken += 1;
            *taken <= capacity.per_client
                && !capacity.saturated_clients.contains(&subscription.client_id)
        });
        due.truncate(capacity.total);
        let begun = due.into_iter().filter_map(|(id, subscription)| {
            let kept = state.deliveries.get_mut(&id)?;
            kept.delivery.attempts += 1;
            kept.delivery.next_attempt_at = until;
            Some((kept.delivery.clone(), subscription))
        });
        Ok(begun.collect())
    }

    async fn postpone(&self, id: &EventId, at: Timestamp) -> Result<()> {
        if let Some(kept) = self.state().deliveries.get_mut(id) {
            kept.delivery.next_attempt_at = at;
        }
        Ok(())
    }

    async fn finish(&self, id: &EventId) -> Result<()> {
        if let Some(kept) = self.state().deliveries.get_mut(id) {
            kept.is_finished = true;
            kept.delivery.payload.clear();
        }
        Ok(())
    }

    async fn purge_finished(&self, before: Timestamp, limit: usize) -> Result<usize> {
        let mut state = self.state();
        let old: Vec<_> = state
            .deliveries
            .values()
            .filter(|kept| kept.is_finished && kept.delivery.created_at < before)
            .map(|kept| kept.delivery.id.clone())
            .take(limit)
            .collect();
        for id in &old {
            state.deliveries.remove(id);
        }
        Ok(old.len())
    }
}
