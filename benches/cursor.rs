//! Sealing and opening a cursor, beside HMAC-SHA-256 of the same bytes with a stored key state.
//! Goal: each within 1.35 times that floor.

mod support;

use std::{hint::black_box, time::Duration};

use gitflare::core::{
    Limit, Position, Secret, Timestamp,
    cursor::{CursorKeys, CursorScope},
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const SCOPE: CursorScope<'static> = CursorScope {
    tenant: Some("tenant_01kbz0000000000000000000ab"),
    client: Some("client_01kbz0000000000000000000ab"),
    authorization: Some("authz_01kbz0000000000000000000ab"),
    connection: Some("conn_01kbz0000000000000000000ab"),
    endpoint: "commits.list",
    provider: Some("local"),
    repository: Some("group/project"),
    filters: &[("branch", Some("main"))],
};

/// The bytes under the tag: the payload (head, object name, number) and every member of the scope,
/// each behind a length of four bytes.
fn authenticated_len() -> usize {
    let payload = 7 + (2 + 20) + 3;
    let members = [
        SCOPE.tenant,
        SCOPE.client,
        SCOPE.authorization,
        SCOPE.connection,
        Some(SCOPE.endpoint),
        SCOPE.provider,
        SCOPE.repository,
        Some("branch"),
        Some("main"),
    ];
    4 + payload
        + members
            .iter()
            .flatten()
            .map(|member| 4 + member.len())
            .sum::<usize>()
}

fn main() {
    let keys = CursorKeys::new(&[(1, Secret::new([7; 32]))], Duration::from_secs(3600))
        .expect("one key is enough");
    let now = Timestamp::from_millis(1_800_000_000_000);
    let position = Position::new().object([9u8; 20]).number(2500);
    let cursor = keys
        .seal(&position, Limit::DEFAULT, &SCOPE, now)
        .expect("it fits");
    let bytes = vec![5u8; authenticated_len()];
    let key = Hmac::<Sha256>::new_from_slice(&[7; 32]).expect("any length is a key");

    let mut criterion = support::criterion();
    let mut group = criterion.benchmark_group("cursor");
    group.bench_function("hmac", |bencher| {
        bencher.iter(|| {
            let mut mac = key.clone();
            mac.update(black_box(&bytes));
            mac.finalize().into_bytes()
        });
    });
    group.bench_function("seal", |bencher| {
        bencher.iter(|| keys.seal(black_box(&position), Limit::DEFAULT, &SCOPE, now));
    });
    group.bench_function("open", |bencher| {
        bencher.iter(|| keys.open(black_box(&cursor), &SCOPE, now));
    });
    group.finish();
    support::print_ratios("cursor", "hmac", &["seal", "open"]);
}
