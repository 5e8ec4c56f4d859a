//! Deliveries in memory.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::{MemoryStorage, State, page};
use crate::{
    ClientId, EventId, Result, SubscriptionId, Timestamp,
    storage::{
        ATTEMPTS_KEPT, Backlog, Capacity, Delivery, DeliveryAttempt, DeliveryRecord,
        DeliveryStatus, DeliveryStore, ListRange, MOST_COUNTED, NewDelivery, Settlement,
        StoredSubscription, pause_after,
    },
};

/// A delivery with all that is known of it.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    record: DeliveryRecord,
    source: String,
    payload: String,
    firewall: u64,
    begun: u32,
    due_at: Timestamp,
    queued_at: Timestamp,
    first_attempt_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
}

impl Kept {
    pub(super) fn is_of(&self, subscription: &SubscriptionId) -> bool {
        self.record.subscription_id == *subscription
    }
}

/// How deliveries to a client fare.
#[derive(Debug, Default)]
pub(super) struct Receiver {
    failures: u32,
    not_before: Option<Timestamp>,
    /// Until when one delivery tries it again.
    probing_until: Option<Timestamp>,
}

impl State {
    /// What a subscription would begin at `now`: an overtaken delivery, or the first of its line.
    fn next_of(&self, subscription: &SubscriptionId, now: Timestamp) -> Option<EventId> {
        let pending = || {
            let of_it = self
                .deliveries
                .values()
                .filter(|kept| kept.is_of(subscription));
            of_it.filter(|kept| kept.record.status == DeliveryStatus::Pending)
        };
        let line = pending()
            .filter(|kept| !kept.record.overtaken)
            .min_by_key(|kept| kept.record.sequence);
        let overtaken = pending()
            .filter(|kept| kept.record.overtaken)
            .min_by_key(|kept| kept.due_at);
        let mut next: Vec<_> = line.into_iter().chain(overtaken).collect();
        next.retain(|kept| kept.due_at <= now);
        next.sort_by_key(|kept| kept.due_at);
        next.first().map(|kept| kept.record.id.clone())
    }

    fn begin_one(&mut self, id: &EventId, now: Timestamp, until: Timestamp) -> Option<Delivery> {
        let kept = self.deliveries.get_mut(id)?;
        kept.begun += 1;
        kept.due_at = until;
        let subscription_id = kept.record.subscription_id.clone();
        self.in_flight.insert(subscription_id.clone(), until);
        Some(Delivery {
            id: id.clone(),
            subscription_id,
            sequence: kept.record.sequence,
            payload: kept.payload.clone(),
            firewall: kept.firewall,
            attempts: kept.begun,
            queued_at: kept.queued_at,
            first_attempt_at: *kept.first_attempt_at.get_or_insert(now),
        })
    }

    fn client_of(&self, subscription: &SubscriptionId) -> Option<ClientId> {
        let kept = self.subscriptions.get(subscription)?;
        Some(kept.row.client_id.clone())
    }
}

/// The deliveries of a subscription, by id.
fn records(state: &State, subscription: &SubscriptionId) -> Vec<DeliveryRecord> {
    let kept = state.deliveries.values();
    kept.filter(|kept| kept.is_of(subscription))
        .map(|kept| DeliveryRecord {
            next_attempt_at: kept.finished_at.is_none().then_some(kept.due_at),
            ..kept.record.clone()
        })
        .collect()
}

#[async_trait]
impl DeliveryStore for MemoryStorage {
    async fn enqueue(&self, new: NewDelivery) -> Result<bool> {
        let mut state = self.state();
        let mut siblings = state
            .deliveries
            .values()
            .filter(|kept| kept.is_of(&new.subscription_id));
        if siblings.any(|kept| kept.source == new.source) {
            return Ok(false);
        }
        let sequence = state
            .sequences
            .entry(new.subscription_id.clone())
            .or_default();
        *sequence += 1;
        let record = DeliveryRecord {
            id: new.id.clone(),
            subscription_id: new.subscription_id,
            event: new.event,
            sequence: *sequence,
            status: DeliveryStatus::Pending,
            overtaken: false,
            attempts: Vec::new(),
            next_attempt_at: None,
            created_at: new.created_at,
        };
        let kept = Kept {
            record,
            source: new.source,
            payload: new.payload,
            firewall: new.firewall,
            begun: 0,
            due_at: new.created_at,
            queued_at: new.created_at,
            first_attempt_at: None,
            finished_at: None,
        };
        state.deliveries.insert(new.id, kept);
        Ok(true)
    }

    async fn begin(
        &self,
        now: Timestamp,
        until: Timestamp,
        capacity: Capacity<'_>,
    ) -> Result<Vec<(Delivery, StoredSubscription)>> {
        let mut state = self.state();
        let live: Vec<_> = state
            .subscriptions
            .values()
            .filter(|kept| kept.ended_at.is_none())
            .map(|kept| kept.row.clone())
            .collect();
        let clients: BTreeSet<_> = live.iter().map(|row| row.client_id.clone()).collect();
        let mut begun = Vec::new();
        for client in clients {
            let receiver = state.receivers.entry(client.clone()).or_default();
            let wait = receiver.not_before.max(receiver.probing_until);
            let probes = receiver.not_before.is_some();
            if capacity.saturated_clients.contains(&client) || wait > Some(now) {
                continue;
            }
            let room = if probes { 1 } else { capacity.per_client };
            let room = room.min(capacity.total - begun.len());
            let mut taken = 0;
            for row in live.iter().filter(|row| row.client_id == client) {
                let id = &row.subscription.id;
                let is_held = state.in_flight.get(id).is_some_and(|until| *until > now);
                if taken == room || is_held {
                    continue;
                }
                let Some(next) = state.next_of(id, now) else {
                    continue;
                };
                begun.extend(
                    state
                        .begin_one(&next, now, until)
                        .map(|one| (one, row.clone())),
                );
                taken += 1;
            }
            if probes && taken > 0 {
                state.receivers.entry(client).or_default().probing_until = Some(until);
            }
        }
        begun.sort_by(|a, b| a.0.id.cmp(&b.0.id));
        Ok(begun)
    }

    async fn settle(
        &self,
        id: &EventId,
        attempt: Option<DeliveryAttempt>,
        settlement: Settlement,
    ) -> Result<()> {
        let mut state = self.state();
        let Some(kept) = state.deliveries.get_mut(id) else {
            return Ok(());
        };
        kept.record.status = settlement.status();
        kept.record.attempts.extend(attempt);
        let over = kept.record.attempts.len().saturating_sub(ATTEMPTS_KEPT);
        kept.record.attempts.drain(..over);
        let mut held_until = None;
        match settlement {
            Settlement::Retry { at, holds_until } => {
                kept.due_at = at;
                if holds_until < at {
                    kept.record.overtaken = true;
                    held_until = Some(holds_until);
                }
            }
            _ => kept.finished_at = Some(attempt.map_or(kept.due_at, |attempt| attempt.at)),
        }
        let subscription = kept.record.subscription_id.clone();
        match held_until {
            Some(until) => drop(state.in_flight.insert(subscription.clone(), until)),
            None => drop(state.in_flight.remove(&subscription)),
        }
        let Some(client) = state.client_of(&subscription) else {
            return Ok(());
        };
        let receiver = state.receivers.entry(client).or_default();
        match (settlement, attempt) {
            (Settlement::Delivered, _) => *receiver = Receiver::default(),
            (Settlement::Retry { .. } | Settlement::GivenUp, Some(attempt))
                if attempt.status != Some(410)
                    && (receiver.probing_until.is_some()
                        || receiver.not_before <= Some(attempt.at)) =>
            {
                receiver.probing_until = None;
                receiver.failures = receiver.failures.saturating_add(1);
                let pause = pause_after(receiver.failures);
                receiver.not_before = pause.map(|pause| attempt.at.after(pause));
            }
            _ => {}
        }
        Ok(())
    }

    async fn next_due(&self) -> Result<Option<Timestamp>> {
        let state = self.state();
        let pending = state.deliveries.values().filter(|kept| {
            let subscription = state.subscriptions.get(&kept.record.subscription_id);
            kept.record.status == DeliveryStatus::Pending
                && subscription.is_some_and(|kept| kept.ended_at.is_none())
        });
        Ok(pending.map(|kept| kept.due_at).min())
    }

    async fn backlog(&self, late_before: Timestamp) -> Result<Backlog> {
        let state = self.state();
        let waiting = state.deliveries.values();
        let waiting = waiting.filter(|kept| kept.record.status == DeliveryStatus::Pending);
        let counted = waiting.take(MOST_COUNTED as usize);
        Ok(counted.fold(Backlog::default(), |told, kept| Backlog {
            queued: told.queued + 1,
            late: told.late + u64::from(kept.queued_at < late_before),
        }))
    }

    async fn paused_until(&self, client: &ClientId) -> Result<Option<Timestamp>> {
        let state = self.state();
        Ok(state.receivers.get(client).and_then(|it| it.not_before))
    }

    async fn list(
        &self,
        subscription: &SubscriptionId,
        range: ListRange<'_>,
    ) -> Result<Vec<DeliveryRecord>> {
        let records = records(&self.state(), subscription);
        Ok(page(records.iter(), range, |record| record.id.as_str()))
    }

    async fn latest(
        &self,
        subscription: &SubscriptionId,
        range: ListRange<'_>,
    ) -> Result<Vec<DeliveryRecord>> {
        let records = records(&self.state(), subscription).into_iter().rev();
        let is_behind =
            |record: &DeliveryRecord| range.after.is_none_or(|after| record.id.as_str() < after);
        Ok(records.filter(is_behind).take(range.limit).collect())
    }

    async fn replay(
        &self,
        subscription: &SubscriptionId,
        id: &EventId,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<bool> {
        let mut state = self.state();
        let found = state.deliveries.get_mut(id);
        let found = found.filter(|kept| kept.is_of(subscription) && kept.record.created_at > since);
        let Some(kept) = found else {
            return Ok(false);
        };
        kept.due_at = now;
        if kept.record.status != DeliveryStatus::Pending {
            kept.record.status = DeliveryStatus::Pending;
            kept.record.overtaken = true;
            kept.queued_at = now;
            kept.first_attempt_at = None;
            kept.finished_at = None;
        }
        Ok(true)
    }

    async fn purge_finished(&self, before: Timestamp, limit: usize) -> Result<usize> {
        let mut state = self.state();
        let old: Vec<_> = state
            .deliveries
            .values()
            .filter(|kept| kept.finished_at.is_some_and(|at| at < before))
            .map(|kept| kept.record.id.clone())
            .take(limit)
            .collect();
        for id in &old {
            state.deliveries.remove(id);
        }
        Ok(old.len())
    }
}
