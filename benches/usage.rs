//! The usage log beside many rows of others: one row, one summary and one page, with ten times the
//! rows of other clients as the floor's neighbours. Goal: the same cost, within 1.5 times.

mod support;

use std::{hint::black_box, path::Path};

use gitflare::{
    core::{
        ClientId, LogId, RequestId, SeededRandom, SystemClock, TenantId, Timestamp, TokenId,
        provider::ProviderId,
        storage::{Storage, UsageQuery, UsageRow},
    },
    server::storage::sqlite::SqliteStorage,
};
use tokio::runtime::Runtime;

/// A day that is over, so that its hours are sealed.
const BEGIN: i64 = 1_700_000_000_000;
const OWN_ROWS: i64 = 20_000;
const MONTH_MILLIS: i64 = 30 * 86_400_000;

fn row(client: i64, number: i64, of: i64) -> UsageRow {
    let random = SeededRandom::new(number.unsigned_abs());
    UsageRow {
        id: LogId::generate(&SystemClock, &random),
        at: Timestamp::from_millis(BEGIN + number * MONTH_MILLIS / of),
        request_id: RequestId::generate(&SystemClock, &random),
        tenant_id: TenantId::parse(&format!("tenant_{client}x{}", number % 50)).expect("an id"),
        client_id: ClientId::parse(&format!("client_{client}")).expect("an id"),
        token_id: TokenId::generate(&SystemClock, &random),
        endpoint_key: "commits.list",
        method: "GET",
        path: format!("/v1/repositories/github/{}/commits", number % 25),
        provider: Some(ProviderId::GITHUB),
        repository_id: Some((number % 25).to_string()),
        status: 200,
        error_code: None,
        duration_ms: number.unsigned_abs() % 400,
        upstream_ms: 100,
        items: 25,
        blocked_files: 0,
        redacted_secrets: 0,
    }
}

/// A storage with the rows of one client, and those of so many others.
fn filled(runtime: &Runtime, dir: &Path, others: i64) -> SqliteStorage {
    let storage = SqliteStorage::at(dir).expect("a folder of our own");
    runtime.block_on(async {
        for number in 0..OWN_ROWS {
            for client in 0..=others {
                let row = row(client, number, OWN_ROWS);
                storage.usage().record(row).await.expect("there is room");
            }
        }
        storage.usage().flush().await.expect("it writes");
    });
    let query = UsageQuery {
        clients: vec![ClientId::parse("client_0").expect("an id")],
        ..UsageQuery::default()
    };
    // Every answer is the same whether the hours are sealed yet or not; only the cost is not.
    std::thread::sleep(std::time::Duration::from_secs(5 + others.unsigned_abs()));
    let (_, total) = runtime
        .block_on(storage.usage().list(&query, 0, 1))
        .expect("it reads");
    assert_eq!(total, OWN_ROWS.unsigned_abs());
    storage
}

fn main() {
    let runtime = Runtime::new().expect("threads");
    let folders = [1, 10].map(|_| tempfile::tempdir().expect("a folder"));
    let small = filled(&runtime, folders[0].path(), 1);
    let large = filled(&runtime, folders[1].path(), 10);
    let query = UsageQuery {
        clients: vec![ClientId::parse("client_0").expect("an id")],
        from: Some(Timestamp::from_millis(BEGIN + 5_000_000)),
        to: Some(Timestamp::from_millis(BEGIN + MONTH_MILLIS - 5_000_000)),
        ..UsageQuery::default()
    };
    let mut criterion = support::criterion();
    let mut group = criterion.benchmark_group("usage");
    for (name, storage) in [("beside-1", &small), ("beside-10", &large)] {
        group.bench_function(format!("summary-{name}"), |bencher| {
            bencher.iter(|| {
                runtime
                    .block_on(storage.usage().summary(black_box(&query), 10))
                    .expect("it reads")
            });
        });
        group.bench_function(format!("page-{name}"), |bencher| {
            bencher.iter(|| {
                runtime
                    .block_on(storage.usage().list(black_box(&query), 10_000, 50))
                    .expect("it reads")
            });
        });
        let mut number = 0;
        group.bench_function(format!("record-{name}"), |bencher| {
            bencher.iter(|| {
                number += 1;
                runtime
                    .block_on(storage.usage().record(row(0, number, OWN_ROWS)))
                    .expect("there is room");
            });
        });
    }
    group.finish();
    support::print_ratios("usage", "summary-beside-1", &["summary-beside-10"]);
    support::print_ratios("usage", "page-beside-1", &["page-beside-10"]);
}
