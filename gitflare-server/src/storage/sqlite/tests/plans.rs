//! How statements find their rows: every one that the suite makes SQLite run, and every filter of
//! every list, is asked for its plan. None may walk or sort a table that grows.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use gitflare_core::{
    ConnectionId, GrantId, TokenId, UserId,
    provider::ProviderId,
    storage::{ClientFilter, ConnectionFilter, GrantFilter, ListRange, TokenFilter, conformance},
};
use rusqlite::trace::{TraceEvent, TraceEventCodes};

use super::*;

/// How the folder of a storage whose statements are collected begins.
const WATCHED: &str = "gitflare-plans-";

static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Collects the statements of a connection, if it is one of this test's.
fn watch(connection: &Connection) {
    let is_watched = connection.path().is_some_and(|path| path.contains(WATCHED));
    if is_watched {
        connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(note));
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "rusqlite fixes the shape of the hook"
)]
fn note(event: TraceEvent<'_>) {
    if let TraceEvent::Stmt(_, text) = event {
        let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(text.to_owned());
    }
}

/// Tables that hold a handful of rows whatever happens, or the rows of the last two hours.
const SMALL: &[&str] = &[
    "settings",
    "key_checks",
    "migrations",
    "endings",
    "sqlite_schema",
    "json_each",
    "recent",
];

/// Parts of statements that may walk or sort, and why.
const KNOWN: &[(&str, &str)] = &[
    (
        "JOIN authorizations a ON a.client_id = c.client_id AND a.tenant_id",
        "sorts the agents of one person",
    ),
    (
        "WHERE TRUE ORDER BY",
        "a page of everything ends at its limit",
    ),
    (
        "SELECT id FROM audit ORDER BY id LIMIT",
        "the first rows in the order of the table",
    ),
    (
        "SELECT hour FROM packs ORDER BY hour",
        "the first row in the order of the table",
    ),
    (
        "count(*) FROM usage",
        "rows of an earlier release: none after the first start",
    ),
    ("SELECT id FROM users LIMIT 1", "one row decides"),
    (
        "WHERE browser = ?1 AND provider = ?2 AND state IS NOT NULL",
        "the flows that one browser has begun",
    ),
    (
        "SELECT repository_id, full_name, node_id, default_branch FROM approvals",
        "one grant's rows, which are all read",
    ),
    ("LIMIT 100000)", "a count that ends at its limit"),
    (
        "client_id || '' = ?1 AND tenant_id IN",
        "sorts what the customers of one search have approved, a thousand at most",
    ),
    ("SELECT * FROM (SELECT next_attempt_at AS at", "of two rows"),
    ("SELECT * FROM (SELECT id, next_attempt_at", "of two rows"),
];

/// What is wrong with the plan of a statement.
fn faults(connection: &Connection, statement: &str) -> rusqlite::Result<Vec<String>> {
    let plan: Vec<String> = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {statement}"))?
        .raw_query()
        .mapped(|row| row.get(3))
        .collect::<rusqlite::Result<_>>()?;
    let is_fault = |step: &String| {
        let scanned = step
            .strip_prefix("SCAN ")
            .map(|rest| rest.split(' ').next().unwrap());
        let is_scan = scanned.is_some_and(|table| {
            !SMALL.contains(&table) && table != "CONSTANT" && !table.starts_with('(')
        });
        // An index of what lives, in the order of ids, holds nothing that is skipped.
        let is_of_the_living = step.contains("INDEX live_");
        (is_scan && !is_of_the_living) || step.contains("USE TEMP B-TREE FOR ORDER BY")
    };
    Ok(plan.into_iter().filter(is_fault).collect())
}

/// Lists by every combination of filters.
async fn list_all(storage: &SqliteStorage) {
    let range = ListRange {
        after: Some("x"),
        limit: 10,
    };
    let tenant = || TenantId::parse("tenant_1").unwrap();
    let client = || ClientId::parse("client_1").unwrap();
    let user = || UserId::parse("user_1").unwrap();
    let authorization = || gitflare_core::AuthorizationId::parse("authz_1").unwrap();
    let connection = || ConnectionId::parse("conn_1").unwrap();
    let filter = TokenFilter {
        id: TokenId::parse("atk_1").ok(),
        ..TokenFilter::default()
    };
    storage.tokens().list(&filter, range).await.unwrap();
    for bits in 0..8u8 {
        let tenant = (bits & 1 != 0).then(tenant);
        let other = bits & 2 != 0;
        let third = bits & 4 != 0;
        let filter = TokenFilter {
            tenant: tenant.clone(),
            client: other.then(client),
            authorization: third.then(authorization),
            id: None,
        };
        storage.tokens().list(&filter, range).await.unwrap();
        let filter = GrantFilter {
            tenant: tenant.clone(),
            client: other.then(client),
            connection: third.then(connection),
        };
        storage
            .authorizations()
            .list_grants(&filter, range)
            .await
            .unwrap();
        let filter = ConnectionFilter {
            tenant: tenant.clone(),
            provider: other.then_some(ProviderId::GITHUB),
        };
        storage.connections().list(&filter, range).await.unwrap();
        let filter = ClientFilter {
            tenant,
            owner_user: other.then(user),
        };
        storage.clients().list(&filter, range).await.unwrap();
    }
    storage
        .subscriptions()
        .list(&tenant(), &client(), None, range)
        .await
        .unwrap();
    storage.audit().list(range).await.unwrap();
    storage.audit().purge(NOW, 10).await.unwrap();
    storage.subscriptions().end_some(10).await.unwrap();
    storage
        .authorizations()
        .list(&client(), range)
        .await
        .unwrap();
    storage
        .authorizations()
        .list_of(&client(), &[tenant(), tenant()], range)
        .await
        .unwrap();
    let grant = GrantId::parse("grant_1").unwrap();
    storage.authorizations().find_grant(&grant).await.unwrap();
}

#[tokio::test]
async fn every_statement_finds_its_rows_by_an_index() {
    // sec: SC-2
    connect::WATCH.get_or_init(|| watch);
    let root = tempfile::Builder::new().prefix(WATCHED).tempdir().unwrap();
    for (number, (_, check)) in conformance::CHECKS.iter().enumerate() {
        let storage = open(&root.path().join(number.to_string()), None).unwrap();
        check(&storage).await;
        storage.close().await.unwrap();
    }
    let dir = root.path().join("lists");
    let storage = open(&dir, None).unwrap();
    list_all(&storage).await;
    storage.close().await.unwrap();

    let databases = [DATABASE, USAGE].map(|name| Connection::open(dir.join(name)).unwrap());
    let seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut asked = 0;
    let mut wrong = Vec::new();
    for statement in &seen {
        let word = statement.split_whitespace().next().unwrap_or_default();
        let mut migrations = migrations::CORE.iter().chain(migrations::USAGE);
        if !["SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH"].contains(&word)
            || migrations.any(|text| text.contains(statement.trim_end_matches(';')))
        {
            continue;
        }
        let Some(faults) = databases
            .iter()
            .find_map(|database| faults(database, statement).ok())
        else {
            panic!("no plan: {statement}");
        };
        asked += 1;
        let is_known = KNOWN.iter().any(|(part, _)| statement.contains(part));
        if !faults.is_empty() && !is_known {
            wrong.push(format!("{statement}\n    {}", faults.join("\n    ")));
        }
    }
    assert!(asked > 100, "only {asked} statements were seen");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
