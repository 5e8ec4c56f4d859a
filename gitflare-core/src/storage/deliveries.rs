//! Events on their way to apps: a queue that survives restarts, a record of what was attempted, and
//! a memory of what providers have sent already. Payloads have passed the firewall before they come
//! here.
//!
//! Deliveries of one subscription form a line: one is in flight at a time, the oldest first. One
//! that keeps failing is overtaken after a while: it leaves the line and is retried by itself. A
//! client whose deliveries fail in a row gets a pause for all of them, after which a single one
//! tries whether it answers again (a circuit breaker with a half-open state).

use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;

use super::{ListRange, StoredSubscription};
use crate::{
    ClientId, EventId, Result, SubscriptionId, Timestamp,
    model::{EventName, words},
};

/// Failures in a row after which a client's deliveries pause.
const FAILURES_TO_PAUSE: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// How many attempts of a delivery are kept, the last ones: it can be replayed as often as its app asks.
pub const ATTEMPTS_KEPT: usize = 50;

/// How long all deliveries to a client pause after so many failures in a row; `None` for not at all.
#[must_use]
pub fn pause_after(failures: u32) -> Option<Duration> {
    let doublings = failures.checked_sub(FAILURES_TO_PAUSE)?.min(8);
    Some((FIRST_PAUSE * 2u32.pow(doublings)).min(LONGEST_PAUSE))
}

/// An event that is to be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// Our id, the same for every attempt.
    pub id: EventId,
    /// Under which subscription.
    pub subscription_id: SubscriptionId,
    /// The provider's own id of its delivery, with the event's name: one of a kind per subscription.
    pub source: String,
    /// The kind of event.
    pub event: EventName,
    /// The body without its sequence number, which is not known before: a JSON object.
    pub payload: String,
    /// The version of the firewall's settings that it has passed.
    pub firewall: u64,
    /// When it arrived.
    pub created_at: Timestamp,
}

/// One event on its way to an app, with the attempt that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Our id.
    pub id: EventId,
    /// Under which subscription.
    pub subscription_id: SubscriptionId,
    /// Its number among the events of the subscription, from 1 on.
    pub sequence: u64,
    /// The body without its sequence number.
    pub payload: String,
    /// The version of the firewall's settings that it has passed.
    pub firewall: u64,
    /// How often it was begun, this time included.
    pub attempts: u32,
    /// When it was queued: on arrival, or by its last replay.
    pub queued_at: Timestamp,
    /// When it was begun first since then.
    pub first_attempt_at: Timestamp,
}

words! {
    /// Where a delivery stands.
    DeliveryStatus {
        /// It waits for its first or its next attempt.
        Pending = "pending",
        /// The app has taken it.
        Delivered = "delivered",
        /// It was given up.
        Failed = "failed",
        /// It may not be delivered any more.
        Canceled = "canceled",
    }
}

/// One attempt, as it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct DeliveryAttempt {
    /// When it ended.
    pub at: Timestamp,
    /// The HTTP status of the answer; null when there was none.
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// A delivery as its app sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct DeliveryRecord {
    /// The event's id: the `webhook-id` of every attempt.
    pub id: EventId,
    /// The subscription.
    pub subscription_id: SubscriptionId,
    /// The kind of event.
    #[serde(rename = "type")]
    pub event: EventName,
    /// Its number among the events of the subscription.
    pub sequence: u64,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// Whether later events go on without it, at the latest five minutes after its first attempt.
    pub overtaken: bool,
    /// The attempts that have ended, oldest first.
    pub attempts: Vec<DeliveryAttempt>,
    /// When it is tried next; null when it is over.
    pub next_attempt_at: Option<Timestamp>,
    /// When it arrived.
    pub created_at: Timestamp,
}

/// Limits on deliveries that may start now.
#[derive(Clone, Copy, Debug)]
pub struct Capacity<'a> {
    /// At most this many in all.
    pub total: usize,
    /// At most this many of one client.
    pub per_client: usize,
    /// Clients with no free slot; their deliveries stay in the queue untouched.
    pub saturated_clients: &'a [ClientId],
}

/// What comes of a delivery after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The app has taken it.
    Delivered,
    /// It is given up.
    GivenUp,
    /// It may not be delivered any more; nothing was attempted.
    Canceled,
    /// It is tried again.
    Retry {
        /// Not before this moment.
        at: Timestamp,
        /// Until then later events of the subscription wait for it. One that is tried again later
        /// than that is overtaken: when that moment has come, they go on without it.
        holds_until: Timestamp,
    },
}

impl Settlement {
    /// Where the delivery stands then.
    #[must_use]
    pub const fn status(self) -> DeliveryStatus {
        match self {
            Self::Delivered => DeliveryStatus::Delivered,
            Self::GivenUp => DeliveryStatus::Failed,
            Self::Canceled => DeliveryStatus::Canceled,
            Self::Retry { .. } => DeliveryStatus::Pending,
        }
    }
}

/// How many deliveries wait; each number is [`MOST_COUNTED`](super::MOST_COUNTED) at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Deliveries that wait for their first or their next attempt.
    pub queued: u64,
    /// Those of them that were queued before the moment in question.
    pub late: u64,
}

/// Keeps the queue.
#[async_trait]
pub trait DeliveryStore: Send + Sync {
    /// Queues a delivery behind those of its subscription, with the next sequence number; `false`
    /// when one of that source was queued before, delivered or not: then nothing is written (SR-10).
    async fn enqueue(&self, delivery: NewDelivery) -> Result<bool>;

    /// Starts due deliveries of live subscriptions up to `capacity`, at most one of a subscription,
    /// and of a client that is being tried again at most one in all: counts an attempt and holds the
    /// subscription until `until`, so that no other worker starts another meanwhile and none is lost
    /// when this worker dies.
    async fn begin(
        &self,
        now: Timestamp,
        until: Timestamp,
        capacity: Capacity<'_>,
    ) -> Result<Vec<(Delivery, StoredSubscription)>>;

    /// Notes how an attempt ended and what comes of the delivery, and lets the next one of its
    /// subscription go. Failures in a row pause the client's deliveries ([`pause_after`]); an
    /// answer that takes one ends the pause. `None` where nothing was attempted. Of the attempts the
    /// last [`ATTEMPTS_KEPT`] stay.
    async fn settle(
        &self,
        id: &EventId,
        attempt: Option<DeliveryAttempt>,
        settlement: Settlement,
    ) -> Result<()>;

    /// When the next delivery is due; `None` when none waits.
    async fn next_due(&self) -> Result<Option<Timestamp>>;

    /// How many deliveries wait, and how many of them were queued before `late_before`.
    async fn backlog(&self, late_before: Timestamp) -> Result<Backlog>;

    /// Until when the deliveries to a client pause; `None` when they do not.
    async fn paused_until(&self, client: &ClientId) -> Result<Option<Timestamp>>;

    /// The deliveries of a subscription that are kept, by id, which is by arrival to the millisecond.
    async fn list(
        &self,
        subscription: &SubscriptionId,
        range: ListRange<'_>,
    ) -> Result<Vec<DeliveryRecord>>;

    /// The same from the newest on: behind an id are those that arrived before it.
    async fn latest(
        &self,
        subscription: &SubscriptionId,
        range: ListRange<'_>,
    ) -> Result<Vec<DeliveryRecord>>;

    /// Queues a delivery that is over again, beside the line; `false` when the subscription has none
    /// of that id that arrived after `since`. One that waits still is due at `now`.
    async fn replay(
        &self,
        subscription: &SubscriptionId,
        id: &EventId,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<bool>;

    /// Forgets up to `limit` deliveries that were over before `before`; how many it were.
    async fn purge_finished(&self, before: Timestamp, limit: usize) -> Result<usize>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_pauses_after_some_failures_and_ever_longer() {
        let seconds: Vec<_> = (3..13)
            .map(|failures| pause_after(failures).map(|pause| pause.as_secs()))
            .collect();
        let expected = [
            None,
            None,
            Some(10),
            Some(20),
            Some(40),
            Some(80),
            Some(160),
        ];
        assert_eq!(seconds[..7], expected);
        assert_eq!(seconds[7..], [Some(300); 3]);
        assert_eq!(pause_after(u32::MAX), Some(LONGEST_PAUSE));
    }
}
