//! The usage log beside many rows of others: one row, one summary, one page and sixteen summaries at
//! once, with ten times the rows of other clients as the floor's neighbours. Goal: the same cost,
//! within 1.5 times. `GITFLARE_BENCH_ROWS=1000000` gives each client so many rows: eleven million
//! then stand in the larger log, which takes some minutes to fill.

mod support;

use std::{hint::black_box, path::Path, time::Duration};

use futures_util::future::try_join_all;
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
const MONTH_MILLIS: i64 = 30 * 86_400_000;

/// The rows of one client.
#[expect(
    clippy::disallowed_methods,
    reason = "a bench has no configuration, and criterion the arguments"
)]
fn own_rows() -> i64 {
    let given = std::env::var("GITFLARE_BENCH_ROWS").ok();
    given
        .and_then(|rows| rows.parse().ok())
        .unwrap_or(20_000)
        .max(20_000)
}

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

/// Waits until all hours are sealed, and prints what a row takes on disk. Every answer is the same
/// whether they are or not; only the cost is not.
#[expect(clippy::print_stdout, reason = "a bench reports on stdout")]
fn wait_until_sealed(dir: &Path, rows: i64) {
    let database = rusqlite::Connection::open(dir.join("usage.sqlite")).expect("the log");
    let number = |statement: &str| -> i64 {
        let read = database.query_row(statement, [], |row| row.get(0));
        read.expect("a number")
    };
    while number("SELECT count(*) FROM recent") > 0 {
        std::thread::sleep(Duration::from_millis(200));
    }
    let pages = number("PRAGMA page_count") - number("PRAGMA freelist_count");
    let bytes = pages * number("PRAGMA page_size");
    println!("usage/{rows}-rows: {} bytes a row", bytes / rows);
}

/// A storage with the rows of one client, and those of so many others.
fn filled(runtime: &Runtime, dir: &Path, others: i64) -> SqliteStorage {
    let own = own_rows();
    let storage = SqliteStorage::at(dir).expect("a folder of our own");
    runtime.block_on(async {
        for number in 0..own {
            for client in 0..=others {
                let row = row(client, number, own);
                storage.usage().record(row).await.expect("there is room");
            }
        }
        storage.usage().flush().await.expect("it writes");
    });
    let query = UsageQuery {
        clients: vec![ClientId::parse("client_0").expect("an id")],
        ..UsageQuery::default()
    };
    wait_until_sealed(dir, own * (others + 1));
    let (_, total) = runtime
        .block_on(storage.usage().list(&query, 0, 1))
        .expect("it reads");
    assert_eq!(total, own.unsigned_abs());
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
        group.bench_function(format!("sixteen-summaries-{name}"), |bencher| {
            bencher.iter(|| {
                runtime
                    .block_on(try_join_all(
                        (0..16).map(|_| storage.usage().summary(&query, 10)),
                    ))
                    .expect("all are answered")
            });
        });
        let offset = own_rows().unsigned_abs() / 10 * 9;
        for (page, offset) in [("first-page", 0), ("deep-page", offset)] {
            group.bench_function(format!("{page}-{name}"), |bencher| {
                bencher.iter(|| {
                    runtime
                        .block_on(storage.usage().list(black_box(&query), offset, 50))
                        .expect("it reads")
                });
            });
        }
        let own_rows = own_rows();
        let mut number = 0;
        group.bench_function(format!("record-{name}"), |bencher| {
            bencher.iter(|| {
                number += 1;
                runtime
                    .block_on(storage.usage().record(row(0, number, own_rows)))
                    .expect("there is room");
            });
        });
    }
    group.finish();
    for what in [
        "summary",
        "sixteen-summaries",
        "first-page",
        "deep-page",
        "record",
    ] {
        let beside_many = format!("{what}-beside-10");
        support::print_ratios("usage", &format!("{what}-beside-1"), &[&beside_many]);
    }
}
