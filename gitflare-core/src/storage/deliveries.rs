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
    /// When it arrived.
    pub created_at: Timestamp,
}

/// How many deliveries there is room for.
#[derive(Clone, Copy, Debug)]
pub struct Room<'a> {
    /// In all.
    pub total: usize,
    /// Of one client.
    pub of_one: usize,
    /// The clients whose deliveries have to wait: they are not touched.
    pub busy: &'a [ClientId],
}

/// Keeps the queue.
#[async_trait]
pub trait DeliveryStore: Send + Sync {
    /// Queues a delivery; `false` when one of that source was queued before, delivered or not: then
    /// nothing is written (SR-10).
    async fn enqueue(&self, delivery: Delivery) -> Result<bool>;

    /// Begins as many deliveries as there is room for that are due at `now` under subscriptions that
    /// live, the oldest of each client first: counts an attempt and puts the next one off until `until`, so that no other worker
    /// begins them meanwhile and none is lost when this one dies.
    async fn begin(
        &self,
        now: Timestamp,
        until: Timestamp,
        room: Room<'_>,
    ) -> Result<Vec<(Delivery, StoredSubscription)>>;

    /// Puts the next attempt off until `at`.
    async fn postpone(&self, id: &EventId, at: Timestamp) -> Result<()>;

    /// Takes a delivery out, its payload included: it is done, or given up. Its source is
    /// remembered.
    async fn finish(&self, id: &EventId) -> Result<()>;

    /// Forgets up to `limit` finished deliveries that arrived before `before`; how many it were.
    async fn purge_finished(&self, before: Timestamp, limit: usize) -> Result<usize>;
}
