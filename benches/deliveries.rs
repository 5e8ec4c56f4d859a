//! Beginning and settling one delivery of an app, with few and with many other deliveries due. Goal:
//! the same cost, within 1.5 times.

mod support;

use std::{path::Path, time::Duration};

use gitflare::{
    core::{
        EventId, SubscriptionId, Timestamp,
        model::EventName,
        storage::{Capacity, DeliveryAttempt, NewDelivery, Settlement, Storage},
    },
    server::storage::sqlite::SqliteStorage,
};
use tokio::runtime::Runtime;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// A storage with one subscription and so many deliveries due.
fn filled(dir: &Path, deliveries: u32) -> SqliteStorage {
    let open = || SqliteStorage::at(dir).expect("a folder of our own");
    drop(open());
    let database = rusqlite::Connection::open(dir.join("gitflare.sqlite")).expect("a database");
    database
        .execute_batch(&format!(
            "PRAGMA foreign_keys = OFF;
             INSERT INTO tenants (id, name, kind, created_at) VALUES ('tenant_1', 'x', 'company', 0);
             INSERT INTO clients VALUES ('client_1', 'tenant_1', NULL, 'x', NULL, '[]', 1, 0, 0,
               '[]', x'00', 'active', 0, 0);
             INSERT INTO subscriptions (id, tenant_id, client_id, authorization_id, connection_id,
               provider, repository_id, events, callback_url, active, created_at, secret)
               VALUES ('sub_1', 'tenant_1', 'client_1', 'authz_1', 'conn_1', 'github', '7',
               '[\"push\"]', 'https://app.example/', 1, 0, x'00');
             WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n WHERE x < {deliveries})
             INSERT INTO deliveries (id, subscription_id, sequence, source, event, payload, status,
               next_attempt_at, queued_at, created_at)
               SELECT 'evt_' || x, 'sub_1', x, x, 'push', '{{}}', 'pending', 0, 0, 0 FROM n;
             INSERT INTO lines VALUES ('sub_1', 'client_1', {deliveries}, 0, NULL);
             INSERT INTO receivers VALUES ('client_1', 0, 0, NULL, NULL, 0);"
        ))
        .expect("rows");
    drop(database);
    open()
}

async fn deliver(storage: &SqliteStorage, number: u64) {
    let queue = storage.deliveries();
    let capacity = Capacity {
        total: 16,
        per_client: 16,
        saturated_clients: &[],
    };
    let until = NOW.after(Duration::from_secs(60));
    let begun = queue.begin(NOW, until, capacity).await.expect("it reads");
    let attempt = DeliveryAttempt {
        at: NOW,
        status: Some(200),
        duration_ms: 1,
    };
    for (delivery, _) in begun {
        let settled = queue.settle(&delivery.id, Some(attempt), Settlement::Delivered);
        settled.await.expect("it writes");
    }
    let new = NewDelivery {
        id: EventId::parse(&format!("evt_n{number}")).expect("an id"),
        subscription_id: SubscriptionId::parse("sub_1").expect("an id"),
        source: format!("n{number}"),
        event: EventName::Push,
        payload: "{}".to_owned(),
        firewall: 1,
        created_at: NOW,
    };
    assert!(queue.enqueue(new).await.expect("it writes"));
}

fn main() {
    let runtime = Runtime::new().expect("threads");
    let mut criterion = support::criterion();
    let mut group = criterion.benchmark_group("deliveries");
    for due in [1_000, 100_000] {
        let folder = tempfile::tempdir().expect("a folder");
        let storage = filled(folder.path(), due);
        let mut number = 0;
        group.bench_function(format!("due-{due}"), |bencher| {
            bencher.iter(|| {
                number += 1;
                runtime.block_on(deliver(&storage, number));
            });
        });
    }
    group.finish();
    support::print_ratios("deliveries", "due-1000", &["due-100000"]);
}
