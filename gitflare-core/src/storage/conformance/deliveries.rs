//! What is promised of deliveries.

use std::time::Duration;

use super::prelude::*;
use crate::model::EventName;

const SOON: Timestamp = Timestamp::from_millis(1_800_000_030_000);

const CAPACITY: Capacity<'static> = Capacity {
    total: 10,
    per_client: 10,
    saturated_clients: &[],
};

/// An event under the subscription of that number.
fn delivery(number: usize, under: usize, source: &str) -> NewDelivery {
    NewDelivery {
        id: EventId::parse(&format!("evt_{number}")).unwrap(),
        subscription_id: subscription(under).subscription.id,
        source: source.to_owned(),
        event: EventName::Push,
        payload: format!("payload {number}"),
        firewall: 7,
        created_at: NOW,
    }
}

fn attempt(at: Timestamp, status: Option<u16>) -> Option<DeliveryAttempt> {
    Some(DeliveryAttempt {
        at,
        status,
        duration_ms: 7,
    })
}

/// Subscriptions 1 to `count` of one client.
async fn subscribed(storage: &dyn Storage, count: usize) {
    filled(storage).await;
    let store = storage.subscriptions();
    for number in 1..=count {
        store.insert(subscription(number), entry(100 + number)).await.unwrap();
    }
}

async fn begin(storage: &dyn Storage, now: Timestamp, capacity: Capacity<'_>) -> Vec<Delivery> {
    let until = now.after(Duration::from_secs(60));
    let begun = storage.deliveries().begin(now, until, capacity).await.unwrap();
    begun.into_iter().map(|(delivery, _)| delivery).collect()
}

fn ids(deliveries: &[Delivery]) -> Vec<&str> {
    deliveries.iter().map(|delivery| delivery.id.as_str()).collect()
}

/// A provider that sends an event again is not heard again, delivered or not (SR-10); events of a
/// subscription are numbered, and go one at a time, oldest first.
pub async fn events_of_a_subscription_go_one_at_a_time(storage: &dyn Storage) {
    subscribed(storage, 2).await;
    let queue = storage.deliveries();
    assert_eq!(queue.next_due().await.unwrap(), None);
    for (number, under, source, is_new) in
        [(1, 1, "a", true), (2, 1, "b", true), (3, 1, "a", false), (4, 2, "a", true)]
    {
        assert_eq!(queue.enqueue(delivery(number, under, source)).await.unwrap(), is_new);
    }
    assert_eq!(queue.next_due().await.unwrap(), Some(NOW));
    let until = NOW.after(Duration::from_secs(60));
    let begun = queue.begin(NOW, until, CAPACITY).await.unwrap();
    assert_eq!(begun[0].1, subscription(1));
    let begun: Vec<_> = begun.into_iter().map(|(delivery, _)| delivery).collect();
    assert_eq!(ids(&begun), ["evt_1", "evt_4"], "one of each");
    assert_eq!((begun[0].attempts, begun[0].sequence), (1, 1));
    assert_eq!((begun[0].first_attempt_at, &*begun[0].payload), (NOW, "payload 1"));
    assert!(begin(storage, SOON, CAPACITY).await.is_empty(), "both are held");
    let taken = attempt(SOON, Some(204));
    queue.settle(&begun[0].id, taken, Settlement::Delivered).await.unwrap();
    let next = begin(storage, SOON, CAPACITY).await;
    assert_eq!((ids(&next), next[0].sequence), (vec!["evt_2"], 2));
    // The worker that held the other one has died.
    assert_eq!(ids(&begin(storage, LATER, CAPACITY).await), ["evt_4"]);
    assert!(!queue.enqueue(delivery(5, 1, "a")).await.unwrap(), "done, and remembered");
    assert_eq!(queue.purge_finished(LATER, 10).await.unwrap(), 1);
    assert!(queue.enqueue(delivery(5, 1, "a")).await.unwrap());
}

/// One that fails holds its subscription back until it is overtaken; then both go on.
pub async fn an_overtaken_event_leaves_the_line(storage: &dyn Storage) {
    subscribed(storage, 1).await;
    let queue = storage.deliveries();
    for number in 1..=3 {
        let event = delivery(number, 1, &number.to_string());
        assert!(queue.enqueue(event).await.unwrap());
    }
    let first = begin(storage, NOW, CAPACITY).await.remove(0);
    let retry = Settlement::Retry { at: LATER, holds_until: LATER };
    queue.settle(&first.id, attempt(NOW, None), retry).await.unwrap();
    assert!(begin(storage, SOON, CAPACITY).await.is_empty(), "the others wait for it");
    let again = begin(storage, LATER, CAPACITY).await;
    assert_eq!((ids(&again), again[0].attempts), (vec!["evt_1"], 2));
    let much_later = LATER.after(Duration::from_secs(3600));
    let overtaken = Settlement::Retry { at: much_later, holds_until: LATER };
    queue.settle(&first.id, attempt(LATER, Some(500)), overtaken).await.unwrap();
    assert_eq!(queue.next_due().await.unwrap().map(|due| due <= LATER), Some(true));
    assert_eq!(ids(&begin(storage, LATER, CAPACITY).await), ["evt_2"]);
    let second = EventId::parse("evt_2").unwrap();
    queue.settle(&second, attempt(LATER, Some(200)), Settlement::Delivered).await.unwrap();
    let third = begin(storage, LATER, CAPACITY).await;
    assert_eq!(ids(&third), ["evt_3"]);
    queue.settle(&third[0].id, attempt(LATER, Some(410)), Settlement::GivenUp).await.unwrap();
    assert_eq!(ids(&begin(storage, much_later, CAPACITY).await), ["evt_1"]);
    let subscription = subscription(1).subscription.id;
    let records = queue.list(&subscription, all(10)).await.unwrap();
    let seen: Vec<_> = records
        .iter()
        .map(|record| (record.status, record.overtaken, record.attempts.len()))
        .collect();
    assert_eq!(seen, [
        (DeliveryStatus::Pending, true, 2),
        (DeliveryStatus::Delivered, false, 1),
        (DeliveryStatus::Failed, false, 1),
    ]);
    assert_eq!(records[0].attempts[1].status, Some(500));
    assert_eq!(records[1].next_attempt_at, None);
}

/// However late a receiver wants an event again, the others wait for it no longer than it may hold
/// them back.
pub async fn a_late_retry_holds_its_line_for_a_bounded_time(storage: &dyn Storage) {
    subscribed(storage, 1).await;
    let queue = storage.deliveries();
    for number in 1..=2 {
        let event = delivery(number, 1, &number.to_string());
        assert!(queue.enqueue(event).await.unwrap());
    }
    let first = begin(storage, NOW, CAPACITY).await.remove(0);
    let much_later = LATER.after(Duration::from_secs(3600));
    let retry = Settlement::Retry { at: much_later, holds_until: LATER };
    queue.settle(&first.id, attempt(NOW, Some(503)), retry).await.unwrap();
    assert!(begin(storage, SOON, CAPACITY).await.is_empty(), "it may hold them still");
    assert_eq!(ids(&begin(storage, LATER, CAPACITY).await), ["evt_2"]);
    let second = EventId::parse("evt_2").unwrap();
    queue.settle(&second, attempt(LATER, Some(200)), Settlement::Delivered).await.unwrap();
    assert!(begin(storage, LATER, CAPACITY).await.is_empty(), "its own time has not come");
    assert_eq!(ids(&begin(storage, much_later, CAPACITY).await), ["evt_1"]);
}

/// Who is slow holds up nobody: what waits is not touched, and no more is started than there is
/// capacity for.
pub async fn no_more_is_begun_than_there_is_capacity_for(storage: &dyn Storage) {
    subscribed(storage, 5).await;
    let queue = storage.deliveries();
    for number in 1..=5 {
        assert!(queue.enqueue(delivery(number, number, "x")).await.unwrap());
    }
    let client = subscription(1).client_id;
    let limited = async |total, per_client, saturated_clients: &[ClientId]| {
        let capacity = Capacity { total, per_client, saturated_clients };
        begin(storage, NOW, capacity).await.len()
    };
    assert_eq!(limited(10, 10, std::slice::from_ref(&client)).await, 0);
    assert_eq!(limited(10, 2, &[]).await, 2);
    assert_eq!(limited(1, 2, &[]).await, 1);
    assert_eq!(limited(10, 10, &[]).await, 2);
    assert_eq!(limited(10, 10, &[]).await, 0);
}

/// Failures in a row pause all deliveries to the client; one tries whether it answers again.
pub async fn a_client_that_fails_is_tried_with_one_event(storage: &dyn Storage) {
    // sec: SC-4
    subscribed(storage, 8).await;
    let queue = storage.deliveries();
    for number in 1..=8 {
        assert!(queue.enqueue(delivery(number, number, "x")).await.unwrap());
    }
    let client = subscription(1).client_id;
    let fail = async |at: Timestamp, delivery: &Delivery| {
        let retry = Settlement::Retry { at, holds_until: at };
        queue.settle(&delivery.id, attempt(at, Some(503)), retry).await.unwrap();
    };
    let begun = begin(storage, NOW, Capacity { per_client: 5, ..CAPACITY }).await;
    assert_eq!(queue.paused_until(&client).await.unwrap(), None);
    for delivery in &begun {
        fail(NOW, delivery).await;
    }
    let pause = NOW.after(pause_after(5).unwrap());
    assert_eq!(queue.paused_until(&client).await.unwrap(), Some(pause));
    assert!(begin(storage, NOW, CAPACITY).await.is_empty());
    let probe = begin(storage, pause, CAPACITY).await;
    assert_eq!(probe.len(), 1);
    assert!(begin(storage, pause, CAPACITY).await.is_empty(), "one alone");
    fail(pause, &probe[0]).await;
    let longer = pause.after(pause_after(6).unwrap());
    assert_eq!(queue.paused_until(&client).await.unwrap(), Some(longer));
    let probe = begin(storage, longer, CAPACITY).await;
    assert_eq!(probe.len(), 1);
    queue.settle(&probe[0].id, attempt(longer, Some(200)), Settlement::Delivered).await.unwrap();
    assert_eq!(queue.paused_until(&client).await.unwrap(), None);
    assert_eq!(begin(storage, longer, CAPACITY).await.len(), 7);
}

/// An app can have an event again, for as long as it is kept.
pub async fn an_event_is_replayed_beside_the_line(storage: &dyn Storage) {
    subscribed(storage, 2).await;
    let queue = storage.deliveries();
    assert!(queue.enqueue(delivery(1, 1, "a")).await.unwrap());
    assert!(queue.enqueue(delivery(2, 1, "b")).await.unwrap());
    let first = begin(storage, NOW, CAPACITY).await.remove(0);
    queue.settle(&first.id, attempt(NOW, Some(200)), Settlement::Delivered).await.unwrap();
    let [own, other] = [1, 2].map(|number| subscription(number).subscription.id);
    assert_eq!(first.firewall, 7);
    let before = Timestamp::from_millis(NOW.as_millis() - 1);
    let replay = async |of: &SubscriptionId, since| {
        queue.replay(of, &first.id, since, SOON).await.unwrap()
    };
    assert!(!replay(&other, before).await, "not another one's");
    assert!(!replay(&own, NOW).await, "too old");
    assert!(replay(&own, before).await);
    let told = |queued, late| Backlog { queued, late };
    assert_eq!(queue.backlog(NOW).await.unwrap(), told(2, 0));
    assert_eq!(queue.backlog(SOON).await.unwrap(), told(2, 1));
    let second = begin(storage, SOON, CAPACITY).await;
    assert_eq!(ids(&second), ["evt_2"], "what waits longer goes first");
    queue.settle(&second[0].id, attempt(SOON, Some(200)), Settlement::Delivered).await.unwrap();
    let again = begin(storage, SOON, CAPACITY).await;
    assert_eq!((ids(&again), again[0].queued_at), (vec!["evt_1"], SOON));
    assert_eq!((again[0].sequence, again[0].first_attempt_at), (1, SOON));

    // However often it is asked for, what is kept of its attempts is bounded (SC-5).
    for number in 0..ATTEMPTS_KEPT + 5 {
        let status = u16::try_from(200 + number).unwrap();
        let taken = attempt(SOON, Some(status));
        queue.settle(&first.id, taken, Settlement::Delivered).await.unwrap();
        assert!(replay(&own, before).await);
        assert_eq!(begin(storage, SOON, CAPACITY).await.len(), 1);
    }
    let newest = async |after, limit| {
        let range = ListRange { after, limit };
        let found = queue.latest(&own, range).await.unwrap();
        found.into_iter().map(|record| record.id.to_string()).collect::<Vec<_>>()
    };
    assert!(queue.enqueue(delivery(3, 1, "c")).await.unwrap());
    assert_eq!(newest(None, 10).await, ["evt_3", "evt_2", "evt_1"]);
    assert_eq!(newest(None, 1).await, ["evt_3"]);
    assert_eq!(newest(Some("evt_3"), 10).await, ["evt_2", "evt_1"]);
    assert!(queue.latest(&other, all(10)).await.unwrap().is_empty(), "of its own alone");
    let listed = queue.list(&own, all(10)).await.unwrap();
    assert_eq!(queue.latest(&own, all(10)).await.unwrap().pop().as_ref(), listed.first());
    let kept: Vec<_> = listed[0].attempts.iter().map(|it| it.status).collect();
    assert_eq!(kept.len(), ATTEMPTS_KEPT);
    let last = u16::try_from(200 + ATTEMPTS_KEPT + 4).unwrap();
    assert_eq!((kept[0], kept[ATTEMPTS_KEPT - 1]), (Some(205), Some(last)));
}

/// What waits when a subscription ends is never sent (SR-10).
pub async fn nothing_is_delivered_under_an_ended_subscription(storage: &dyn Storage) {
    subscribed(storage, 1).await;
    let queue = storage.deliveries();
    assert!(queue.enqueue(delivery(1, 1, "a")).await.unwrap());
    let store = storage.subscriptions();
    let id = subscription(1).subscription.id;
    assert!(store.delete(&tenant_id(1), &id, NOW, entry(200)).await.unwrap());
    assert!(begin(storage, LATER, CAPACITY).await.is_empty());
    assert_eq!(queue.next_due().await.unwrap(), None);
    while !store.forget(&id).await.unwrap() {}
    assert!(queue.list(&id, all(10)).await.unwrap().is_empty());
}
