//! What is promised of deliveries.

use super::prelude::*;

const SOON: Timestamp = Timestamp::from_millis(1_800_000_030_000);

const CAPACITY: Capacity<'static> = Capacity {
    total: 10,
    per_client: 10,
    saturated_clients: &[],
};

fn delivery(number: usize, source: &str) -> Delivery {
    Delivery {
        id: EventId::parse(&format!("evt_{number}")).unwrap(),
        subscription_id: subscription(1).subscription.id,
        source: source.to_owned(),
        payload: format!("payload {number}"),
        attempts: 0,
        next_attempt_at: NOW,
        created_at: NOW,
    }
}

async fn subscribed(storage: &dyn Storage) {
    filled(storage).await;
    let store = storage.subscriptions();
    store.insert(subscription(1), entry(101)).await.unwrap();
}

/// A provider that sends an event again is not heard again, delivered or not (SR-10); a begun one
/// is nobody else's until its time.
pub async fn an_event_is_queued_once_and_begun_by_one_worker(storage: &dyn Storage) {
    subscribed(storage).await;
    let queue = storage.deliveries();
    assert!(queue.enqueue(delivery(1, "a")).await.unwrap());
    assert!(queue.enqueue(delivery(2, "b")).await.unwrap());
    assert!(!queue.enqueue(delivery(3, "a")).await.unwrap());
    let begun = queue.begin(NOW, SOON, CAPACITY).await.unwrap();
    let ids: Vec<_> = begun.iter().map(|(delivery, _)| delivery.id.as_str()).collect();
    assert_eq!(ids, ["evt_1", "evt_2"]);
    assert_eq!((begun[0].0.attempts, &*begun[0].0.payload), (1, "payload 1"));
    assert_eq!(begun[0].1, subscription(1));
    assert!(queue.begin(NOW, SOON, CAPACITY).await.unwrap().is_empty());
    queue.finish(&begun[0].0.id).await.unwrap();
    queue.postpone(&begun[1].0.id, LATER).await.unwrap();
    assert!(queue.begin(SOON, LATER, CAPACITY).await.unwrap().is_empty());
    assert_eq!(queue.begin(LATER, LATER, CAPACITY).await.unwrap()[0].0.attempts, 2);
    assert!(!queue.enqueue(delivery(4, "a")).await.unwrap(), "done, and remembered");
    assert_eq!(queue.purge_finished(LATER, 10).await.unwrap(), 1);
    assert!(queue.enqueue(delivery(5, "a")).await.unwrap());
}

/// What waits when a subscription ends is never sent (SR-10).
pub async fn nothing_is_delivered_under_an_ended_subscription(storage: &dyn Storage) {
    subscribed(storage).await;
    let queue = storage.deliveries();
    assert!(queue.enqueue(delivery(1, "a")).await.unwrap());
    let store = storage.subscriptions();
    let id = subscription(1).subscription.id;
    assert!(store.delete(&tenant_id(1), &id, NOW, entry(200)).await.unwrap());
    assert!(queue.begin(LATER, LATER, CAPACITY).await.unwrap().is_empty());
    store.forget(&id).await.unwrap();
}

/// Who is slow holds up nobody: what waits is not touched, and no more is begun than there is capacity
/// for.
pub async fn no_more_is_begun_than_there_is_room_for(storage: &dyn Storage) {
    subscribed(storage).await;
    let queue = storage.deliveries();
    for number in 1..=5 {
        assert!(queue.enqueue(delivery(number, &number.to_string())).await.unwrap());
    }
    let client = subscription(1).client_id;
    let begin = async |total, per_client, saturated_clients: &[ClientId]| {
        let capacity = Capacity { total, per_client, saturated_clients };
        let begun = queue.begin(NOW, SOON, capacity).await.unwrap();
        let ids = begun.iter().map(|(delivery, _)| delivery.id.as_str().to_owned());
        ids.collect::<Vec<_>>()
    };
    assert!(begin(10, 10, std::slice::from_ref(&client)).await.is_empty());
    assert_eq!(begin(10, 2, &[]).await, ["evt_1", "evt_2"]);
    assert_eq!(begin(1, 2, &[]).await, ["evt_3"]);
    assert_eq!(begin(10, 10, &[]).await, ["evt_4", "evt_5"]);
    let later = queue.begin(SOON, LATER, CAPACITY).await.unwrap();
    assert!(later.iter().all(|(delivery, _)| delivery.attempts == 2));
    assert_eq!(later.len(), 5);
}
