//! What is to be delivered to apps: a queue that survives restarts, and a memory of what providers
//! have sent already. Payloads have passed the firewall before they come here.

use async_trait::async_trait;

use super::StoredSubscription;
use crate::{ClientId, EventId, Result, SubscriptionId, Timestamp};

/// One event on its way to an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Our id, the same for every attempt.
    pub id: EventId,
    /// Under which subscription.
    pub subscription_id: SubscriptionId,
    /// The provider's own id of its delivery, with the event's name: one of a kind per subscription.
    pub source: String,
    /// The body, as it is sent.
    pub payload: String,
    /// How often it was begun.
    pub attempts: u32,
    /// When it is to be begun next.
    pub next_attempt_at: Timestamp,
    /// When the event was queued.
    pub created_at: Timestamp,
}

/// How many deliveries may be started now.
#[derive(Clone, Copy, Debug)]
pub struct Capacity<'a> {
    /// At most this many in all.
    pub total: usize,
    /// At most this many of one client.
    pub per_client: usize,
    /// Clients with no free slot; their deliveries stay in the queue untouched.
    pub saturated_clients: &'a [ClientId],
}

/// Stores events on their way to apps.
#[async_trait]
pub trait DeliveryStore: Send + Sync {
    /// Queues a delivery; `false` when one of that source was queued before, delivered or not: then
    /// nothing is written (SR-10).
    async fn enqueue(&self, delivery: Delivery) -> Result<bool>;

    /// Starts due deliveries of live subscriptions up to `capacity`, the oldest of each client
    /// first: counts an attempt and postpones the next one to `until`, so that no other worker
    /// starts them meanwhile and none is lost when this worker dies.
    async fn begin(
        &self,
        now: Timestamp,
        until: Timestamp,
        capacity: Capacity<'_>,
    ) -> Result<Vec<(Delivery, StoredSubscription)>>;

    /// Puts the next attempt off until `at`.
    async fn postpone(&self, id: &EventId, at: Timestamp) -> Result<()>;

    /// Takes a delivery out, its payload included: it is done, or given up. Its source is
    /// remembered.
    async fn finish(&self, id: &EventId) -> Result<()>;

    /// Forgets up to `limit` finished deliveries that arrived before `before`; returns how many.
    async fn purge_finished(&self, before: Timestamp, limit: usize) -> Result<usize>;
}
