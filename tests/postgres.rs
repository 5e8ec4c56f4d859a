//! PostgreSQL as the storage of several nodes: the suite over one node and over two that take turns,
//! and what a count of rows must not cost.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use gitflare::{
    core::{
        ClientId, Code, CredentialHash, LogId, RequestId, Result, TenantId, Timestamp, TokenId,
        provider::ProviderId,
        storage::{
            ListRange, RepositoryKey, Storage, TokenFilter, UsageQuery, UsageRow, conformance,
        },
        stores,
    },
    postgres::{PostgresConfig, PostgresStorage},
};

use sha2::Digest;

use crate::cluster::Cluster;

async fn open(url: String) -> PostgresStorage {
    PostgresStorage::open(&PostgresConfig::new(url))
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_keeps_every_promise() {
    let Some(cluster) = Cluster::get() else {
        return;
    };
    conformance::run_all(async || Arc::new(open(cluster.database()).await) as Arc<dyn Storage>)
        .await;
}

/// Two nodes of one database, of which each call takes the other one.
struct TwoNodes {
    nodes: [PostgresStorage; 2],
    calls: AtomicUsize,
}

impl TwoNodes {
    fn next(&self) -> &PostgresStorage {
        &self.nodes[self.calls.fetch_add(1, Ordering::Relaxed) % 2]
    }
}

#[async_trait]
impl Storage for TwoNodes {
    stores!(self from self.next(), usage => self.next().usage());

    async fn is_healthy(&self) -> bool {
        self.nodes[0].is_healthy().await && self.nodes[1].is_healthy().await
    }

    async fn close(&self) -> Result<()> {
        self.nodes[0].close().await?;
        self.nodes[1].close().await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_that_take_turns_keep_every_promise() {
    let Some(cluster) = Cluster::get() else {
        return;
    };
    conformance::run_all(async || {
        let url = cluster.database();
        let nodes = [open(url.clone()).await, open(url).await];
        let calls = AtomicUsize::new(0);
        Arc::new(TwoNodes { nodes, calls }) as Arc<dyn Storage>
    })
    .await;
}

/// 2027-01-15 08:00 UTC.
const NOW: i64 = 1_800_000_000_000;
const HOUR: i64 = 3_600_000;

fn row(number: i64, at: i64) -> UsageRow {
    let failed = number % 10 == 0;
    UsageRow {
        id: LogId::parse(&format!("log_{number:06}")).unwrap(),
        at: Timestamp::from_millis(at),
        request_id: RequestId::parse("gf_req_1").unwrap(),
        tenant_id: TenantId::parse(&format!("tenant_{}", number % 3)).unwrap(),
        client_id: ClientId::parse(&format!("client_{}", number % 2)).unwrap(),
        token_id: TokenId::parse("atk_1").unwrap(),
        endpoint_key: "commits.list",
        method: "GET",
        path: "/v1/repositories/github/7/commits".into(),
        provider: None,
        repository_id: Some(format!("{}", number % 7)),
        status: if failed { 404 } else { 200 },
        error_code: failed.then_some("RESOURCE_NOT_FOUND"),
        duration_ms: number.unsigned_abs() % 400,
        upstream_ms: 1,
        items: 1,
        blocked_files: 0,
        redacted_secrets: 0,
    }
}

/// Records rows over three days, each at a time of its own.
async fn fill(storage: &PostgresStorage, rows: i64) {
    let usage = storage.usage();
    let spread = 70 * HOUR / rows;
    futures_util::future::join_all((0..rows).map(|number| async move {
        usage
            .record(row(number, NOW + number * spread))
            .await
            .unwrap();
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_summary_and_a_count_of_whole_hours_read_no_row() {
    let Some(cluster) = Cluster::get() else {
        return;
    };
    let url = cluster.database();
    let storage = open(url.clone()).await;
    fill(&storage, 3000).await;
    let client = UsageQuery {
        clients: vec![ClientId::parse("client_1").unwrap()],
        ..UsageQuery::default()
    };
    let tenant = UsageQuery {
        tenants: vec![TenantId::parse("tenant_2").unwrap()],
        from: Some(Timestamp::from_millis(NOW + 5 * HOUR)),
        to: Some(Timestamp::from_millis(NOW + 61 * HOUR)),
        ..UsageQuery::default()
    };
    let queries = [client, tenant, UsageQuery::default()];
    let mut before = Vec::new();
    for query in &queries {
        let counted = storage.usage().summary(query, 10).await.unwrap();
        // The same rows, one by one: a filter that all of them pass.
        let by_row = UsageQuery {
            endpoint_key: Some("commits.list".into()),
            ..query.clone()
        };
        assert_eq!(storage.usage().summary(&by_row, 10).await.unwrap(), counted);
        before.push(counted);
    }
    assert_eq!(before[2].totals.requests, 3000);
    cluster.ask(&url, "DELETE FROM usage_rows");
    for (query, before) in queries.iter().zip(before) {
        assert_eq!(storage.usage().summary(query, 10).await.unwrap(), before);
        let (rows, total) = storage.usage().list(query, 0, 1).await.unwrap();
        assert_eq!((rows.len(), total), (0, before.totals.requests));
    }
    storage.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_follow_one_another_and_counts_can_be_made_anew() {
    let Some(cluster) = Cluster::get() else {
        return;
    };
    let url = cluster.database();
    let storage = open(url.clone()).await;
    fill(&storage, 1000).await;
    let query = UsageQuery {
        clients: vec![
            ClientId::parse("client_0").unwrap(),
            ClientId::parse("client_1").unwrap(),
        ],
        ..UsageQuery::default()
    };
    let mut seen = Vec::new();
    for offset in (0..1100).step_by(90) {
        let (rows, total) = storage.usage().list(&query, offset, 90).await.unwrap();
        assert_eq!(total, 1000);
        seen.extend(rows.into_iter().map(|row| row.id.to_string()));
    }
    let expected: Vec<_> = (0..1000)
        .rev()
        .map(|number| format!("log_{number:06}"))
        .collect();
    assert_eq!(seen, expected);
    let before = storage.usage().summary(&query, 10).await.unwrap();
    cluster.ask(&url, "UPDATE usage_counts SET rows = 1, body = ''");
    storage.usage().rebuild(&|_, _| {}).await.unwrap();
    assert_eq!(storage.usage().summary(&query, 10).await.unwrap(), before);
    // The same rows again, as after an answer that was lost, are the same rows.
    fill(&storage, 1000).await;
    assert_eq!(storage.usage().summary(&query, 10).await.unwrap(), before);
    storage.close().await.unwrap();
}

#[tokio::test]
async fn a_database_of_a_newer_release_is_refused() {
    let Some(cluster) = Cluster::get() else {
        return;
    };
    let url = cluster.database();
    cluster.ask(&url, "INSERT INTO migrations VALUES (1000, '')");
    let error = PostgresStorage::open(&PostgresConfig::new(url))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::InternalError);
    assert!(
        error.detail().unwrap().contains("newer release"),
        "{error:?}"
    );
}

/// What stands in a database of the last schema with references by id, whose parts were applied by hand.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_older_schema_held_is_found_again() {
    // sec: DU-4
    const BY_ID: usize = 8;
    const ROWS: &str = r#"
        INSERT INTO tenants (id, name, kind, created_at) VALUES ('tenant_1', 'x', 'developer', 0),
          ('tenant_2', 'y', 'company', 0);
        INSERT INTO clients (id, tenant_id, name, redirect_uris, permissions, require_pkce,
          require_signed_customer_ref, embed_origins, embed_secret, status, created_at, updated_at)
          VALUES ('client_1', 'tenant_1', 'x', '[]', 1, false, false, '[]', '', 'active', 0, 0);
        INSERT INTO connections (id, tenant_id, provider, account_id, scopes, mode, status,
          created_at, token_version)
          VALUES ('conn_1', 'tenant_2', 'github', '1', '[]', 'oauth', 'active', 0, 0);
        INSERT INTO authorizations (id, tenant_id, client_id, status, permissions, created_at)
          VALUES ('authz_1', 'tenant_2', 'client_1', 'active', 1, 0);
        INSERT INTO grants (id, authorization_id, tenant_id, client_id, connection_id, permissions,
          approves_all, status, created_at)
          VALUES ('grant_1', 'authz_1', 'tenant_2', 'client_1', 'conn_1', 1, false, 'active', 0);
        INSERT INTO approvals (grant_id, repository_id, full_name, position)
          VALUES ('grant_1', '7', 'acme/storefront', 0), ('grant_1', '8', 'acme/app', 1);
        INSERT INTO tokens (hash, id, tenant_id, client_id, authorization_id, issued_by, permissions,
          connection_ids, created_at, expires_at) VALUES
          (decode(repeat('02', 32), 'hex'), 'atk_2', 'tenant_2', 'client_1', 'authz_1',
            'authorization_code', 3, '["conn_1","conn_2"]', 5, 900),
          (decode(repeat('01', 32), 'hex'), 'atk_1', 'tenant_1', 'client_1', NULL,
            'client_credentials', 1, '[]', 4, 800)"#;
    let Some(cluster) = Cluster::get() else {
        return;
    };
    let url = cluster.database();
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/gitflare-server/migrations/postgres"
    );
    let files = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    let mut old = "DROP SCHEMA public CASCADE; CREATE SCHEMA public;
        CREATE TABLE migrations (number BIGINT PRIMARY KEY, checksum BYTEA NOT NULL);"
        .to_owned();
    for (number, file) in (1..).zip(&files[..BY_ID]) {
        let text = std::fs::read_to_string(file).unwrap();
        let digest = hex::encode(sha2::Sha256::digest(text.as_bytes()));
        old += &format!("{text}; INSERT INTO migrations VALUES ({number}, '\\x{digest}');");
    }
    cluster.ask(&url, &(old + ROWS));

    let storage = open(url).await;
    let tokens = storage.tokens();
    let range = ListRange {
        after: None,
        limit: 10,
    };
    let listed = tokens.list(&TokenFilter::default(), range).await.unwrap();
    let told: Vec<_> = listed
        .iter()
        .map(|token| {
            let authorization = token.authorization_id.as_ref().map(AsRef::as_ref);
            let connections = token.connection_ids.iter().map(AsRef::as_ref);
            let connections = connections.collect::<Vec<_>>().join(" ");
            (
                token.id.as_str(),
                token.tenant_id.as_str(),
                authorization,
                connections,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("atk_1", "tenant_1", None, String::new()),
            (
                "atk_2",
                "tenant_2",
                Some("authz_1"),
                "conn_1 conn_2".to_owned()
            ),
        ]
    );
    for (key, found) in [
        ("7", Some("7")),
        ("acme/storefront", Some("7")),
        ("acme/app", Some("8")),
        ("/app", None),
    ] {
        let asked = RepositoryKey {
            provider: ProviderId::GITHUB,
            key,
        };
        let hash = CredentialHash::from_bytes([2; 32]);
        let access = tokens
            .find_access(&hash, Some(asked))
            .await
            .unwrap()
            .unwrap();
        let approved = access.shares[0].approved.as_ref();
        assert_eq!(approved.map(|one| one.id.as_str()), found, "{key}");
    }
}

/// Tables that hold a handful of rows whatever happens.
const SMALL: [&str; 5] = [
    "endings",
    "key_checks",
    "migrations",
    "settings",
    "usage_state",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_statement_walks_a_table_that_grows() {
    let Some(cluster) = Cluster::get() else {
        return;
    };
    // A walk is planned only where no index serves, and every plan is logged.
    let options = "-c enable_seqscan=off -c session_preload_libraries=auto_explain \
        -c auto_explain.log_min_duration=0";
    let options =
        percent_encoding::utf8_percent_encode(options, percent_encoding::NON_ALPHANUMERIC);
    conformance::run_all(async || {
        let url = format!("{}&options={options}", cluster.database());
        Arc::new(open(url).await) as Arc<dyn Storage>
    })
    .await;
    let log = cluster.log();
    let plans: Vec<_> = log.split("Query Text: ").skip(1).collect();
    assert!(
        plans.len() > 1000,
        "the plans were not found: {}",
        plans.len()
    );
    for plan in plans {
        let walked = plan.split("Seq Scan on ").skip(1);
        for table in walked.filter_map(|rest| rest.split_whitespace().next()) {
            assert!(SMALL.contains(&table), "{table} is walked: {plan}");
        }
    }
}
