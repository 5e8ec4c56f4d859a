//! A usage log of ten million rows in PostgreSQL, filled in bulk and asked through the API: what a
//! question reads is counted, whatever others have in the log. A hundredth of it without
//! `CI_DRILLS=1`.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::plans;
use crate::support::{
    cluster::Cluster,
    load::rounds,
    site::Site,
    walk::{JSON, get, send, sign_up},
};

const DAYS: usize = 30;

/// The rows of the first of thirty days: every third is the asking app's, the others are those of
/// twenty apps; each of one of five hundred customers.
fn fill(rows: usize, app: &str) -> String {
    format!(
        "DO $$
         DECLARE first BIGINT := extract(epoch FROM clock_timestamp())::bigint / 86400 - {DAYS};
         BEGIN
           FOR day IN first .. first + {DAYS} - 1 LOOP
             EXECUTE format('CREATE TABLE usage_rows_%s PARTITION OF usage_rows
               FOR VALUES FROM (%s) TO (%s)', day, day * 86400000::bigint, (day + 1) * 86400000::bigint);
           END LOOP;
           INSERT INTO usage_rows SELECT first * 86400000 + n * (86400000::bigint / {rows}),
             'log_' || lpad(n::text, 26, '0'), 'gf_req_' || n, 'tenant_' || lpad((n % 500)::text, 26, '0'),
             CASE WHEN n % 3 = 0 THEN '{app}' ELSE 'client_' || lpad((n % 20)::text, 26, '0') END,
             'atk_' || n % 5000, 'commits.list', 'GET', '/v1/repositories/github/' || n % 999 || '/commits',
             'github', (n % 999)::text, CASE WHEN n % 50 = 0 THEN 404 ELSE 200 END,
             CASE WHEN n % 50 = 0 THEN 'RESOURCE_NOT_FOUND' END, n % 400, n % 300, 25, 0, n % 3
           FROM generate_series(0, {rows} - 1) AS n;
         END $$"
    )
}

/// The same rows and their counts on each of the other days.
fn repeat() -> String {
    format!(
        "INSERT INTO usage_rows SELECT at + day * 86400000::bigint, id, request_id, tenant_id,
           client_id, token_id, endpoint_key, method, path, provider, repository_id, status,
           error_code, duration_ms, upstream_ms, items, blocked_files, redacted_secrets
         FROM usage_rows, generate_series(1, {DAYS} - 1) AS day;
         INSERT INTO usage_counts SELECT owner, period,
           time + day * CASE period WHEN 'day' THEN 1 ELSE 24 END, rows, body
         FROM usage_counts, generate_series(1, {DAYS} - 1) AS day;
         ANALYZE"
    )
}

/// The answer to a question, how many rows were read for it, and how long it took.
fn asked(at: SocketAddr, path: &str, bearer: &str, cluster: &Cluster) -> (Value, u64, Duration) {
    let before = cluster.log().len();
    let begun = Instant::now();
    let answer = get(at, path, &[bearer]);
    let took = begun.elapsed();
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    let read = plans::rows_read(&cluster.log()[before..], &["usage_rows"]);
    (answer.json(), read, took)
}

#[test]
fn a_question_reads_its_own_counts_and_its_own_page() {
    let Some(cluster) = Cluster::get() else {
        return;
    };
    let Some(site) = Site::new(cluster) else {
        return;
    };
    let _alone = plans::alone();
    let node = site.node_with(0, &[plans::explained(&site)]);
    let at = node.address();
    let (bearer, _) = sign_up(at, "ada@mail.example", "several unrelated words");
    let body = json!({
        "name": "App", "allowedRedirectUris": ["https://app.example/callback"],
        "defaultPermissions": ["read:repositories"],
    });
    let made = send(
        at,
        "POST",
        "/v1/developer/apps",
        &[JSON, &bearer],
        &body.to_string(),
    )
    .json();
    let app = made["client"]["id"].as_str().unwrap();
    let of_day = rounds(3000, 333_333);
    let begun = Instant::now();
    cluster.ask(&site.url, &fill(of_day, app));
    let url = [("GITFLARE_DATABASE_URL", site.url.as_str())];
    let counted = crate::nodes::gitflare(&["usage", "rebuild"], &site.data(1), &url);
    let error = String::from_utf8_lossy(&counted.stderr);
    assert!(counted.status.success(), "{error}");
    cluster.ask(&site.url, &repeat());
    println!("{} rows filled in {:?}", of_day * DAYS, begun.elapsed());

    let own = (of_day.div_ceil(3) * DAYS) as u64;
    let page = 50;
    // A page passes over its own rows of one hour at most.
    let hour = own / DAYS as u64 / 24 + 2;
    let logs =
        |offset: u64| format!("/v1/account/usage/logs?offset={offset}&top={page}&from=2000-01-01");
    let all = "/v1/account/usage/summary?from=2000-01-01&to=2999-01-01";
    for (path, total, most) in [
        (all.to_owned(), Some(own), 0),
        // The last thirty days, which begin within the first of them.
        ("/v1/account/usage/summary".to_owned(), None, 0),
        (logs(0), Some(own), page),
        (logs(own / 2), Some(own), hour + page),
        (logs(own / 10 * 9), Some(own), hour + page),
    ] {
        let (answer, read, took) = asked(at, &path, &bearer, cluster);
        let told = answer["total"].as_u64();
        let told = told.or_else(|| answer["totals"]["requests"].as_u64());
        let told = told.unwrap();
        let fewest = total.unwrap_or(own / DAYS as u64 * 29);
        assert!((fewest..=own).contains(&told), "{path}: {told} of {own}");
        assert!(
            read <= most,
            "{path}: {read} rows were read, {most} expected"
        );
        println!("{path}: {read} rows read, {took:?}");
    }
    // The same without plans being written, as an operator sees it.
    drop(node);
    let node = site.node(0);
    for path in [all.to_owned(), logs(0), logs(own / 10 * 9)] {
        let (alone, together) = times(node.address(), &path, &bearer);
        println!("{path}: median {alone:?}, the longest of sixteen at once {together:?}");
    }
}

/// The median of a question that is asked again and again, and the longest of sixteen at once.
fn times(at: SocketAddr, path: &str, bearer: &str) -> (Duration, Duration) {
    let ask = || {
        let begun = Instant::now();
        let answer = get(at, path, &[bearer]);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        begun.elapsed()
    };
    let mut alone: Vec<Duration> = (0..51).map(|_| ask()).collect();
    alone.sort_unstable();
    let together = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..16).map(|_| scope.spawn(ask)).collect();
        let took = asking.into_iter().map(|asking| asking.join().unwrap());
        took.max().unwrap()
    });
    (alone[alone.len() / 2], together)
}
