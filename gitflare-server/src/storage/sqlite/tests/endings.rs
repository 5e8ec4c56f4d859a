//! What ends at once however much stands on it, and what of it is done later, a few rows at a time.

use gitflare_core::storage::{ConnectionStore, GrantFilter, GrantStatus, ListRange, TokenFilter};

use super::*;

/// How much stands on the client that ends.
const MANY: u64 = 5000;
/// The most rows that one transaction may change, however much ends.
const FEW: u64 = 50;

/// A client with many customers, each with a grant, a token and a subscription.
async fn filled(storage: &SqliteStorage) {
    let fill = storage.write(|connection| {
        connection
            .execute_batch(&format!(
                "INSERT INTO tenants (id, name, kind, created_at) VALUES ('tenant_1', 'x', 'company', 0);
                 INSERT INTO clients VALUES ('client_1', 'tenant_1', NULL, 'x', NULL, '[]', 1, 0, 0,
                   '[]', x'00', 'active', 0, 0, NULL, NULL);
                 INSERT INTO connections (id, tenant_id, provider, account_id, scopes, mode, status,
                   created_at) VALUES ('conn_1', 'tenant_1', 'github', '1', '[]', 'oauth',
                   'active', 0);
                 CREATE TEMP TABLE n AS WITH RECURSIVE n(x) AS
                   (VALUES (1) UNION ALL SELECT x + 1 FROM n WHERE x < {MANY}) SELECT x FROM n;
                 INSERT INTO tenants (id, name, kind, created_at) SELECT 'tenant_0' || x, 'x', 'company', 0 FROM n;
                 INSERT INTO authorizations (id, tenant_id, client_id, status, permissions,
                   created_at) SELECT 'authz_' || x, 'tenant_0' || x, 'client_1', 'active', 1, 0
                   FROM n;
                 INSERT INTO grants SELECT 'grant_' || x, 'authz_' || x, 'tenant_0' || x, 'client_1',
                   'conn_1', 1, 1, 'active', 0, NULL, NULL, NULL FROM n;
                 INSERT INTO tokens (hash, id, tenant_number, client_number, authorization_number,
                   issued_by, permissions, connections, created_at, expires_at)
                   SELECT CAST('hash' || x AS BLOB), 'atk_' || x, a.number, 1, a.number, 1, 1, '', 0, 1
                   FROM n JOIN authorizations a ON a.id = 'authz_' || x;
                 INSERT INTO subscriptions (id, tenant_id, client_id, authorization_id,
                   connection_id, provider, repository_id, events, callback_url, active,
                   created_at, hook_id, secret)
                   SELECT 'sub_' || x, 'tenant_0' || x, 'client_1', 'authz_' || x, 'conn_1',
                   'github', '7', '[\"push\"]', 'https://app.example/', 1, 0, 'hook', x'00' FROM n;
                 DROP TABLE n"
            ))
            .map_err(|error| failed(&error))
    });
    fill.await.unwrap();
    storage.writer.take_most_changes();
}

#[tokio::test]
async fn the_end_of_a_client_costs_the_same_however_much_it_has() {
    // sec: CA-1
    let folder = tempfile::tempdir().unwrap();
    let storage = open(folder.path(), None).unwrap();
    filled(&storage).await;
    let client = ClientId::parse("client_1").unwrap();
    assert!(
        storage
            .clients()
            .delete(&client, NOW, entry(1))
            .await
            .unwrap()
    );
    let changed = storage.writer.take_most_changes();
    assert!(0 < changed && changed < FEW, "{changed}");

    let range = ListRange {
        after: None,
        limit: usize::MAX,
    };
    let tokens = storage.tokens().list(&TokenFilter::default(), range).await;
    assert!(
        tokens
            .unwrap()
            .iter()
            .all(|token| token.revoked_at == Some(NOW))
    );
    let grants = storage.authorizations();
    let listed = grants
        .list_grants(&GrantFilter::default(), range)
        .await
        .unwrap();
    assert!(
        listed
            .iter()
            .all(|grant| { (grant.status, grant.revoked_at) == (GrantStatus::Revoked, Some(NOW)) })
    );
    let store = storage.subscriptions();
    let id = gitflare_core::SubscriptionId::parse("sub_7").unwrap();
    assert!(store.find_live(&id).await.unwrap().is_none());

    let mut ended = 0;
    loop {
        match store.end_some(20).await.unwrap() {
            0 => break,
            count => ended += count,
        }
        let changed = storage.writer.take_most_changes();
        assert!(changed < FEW, "{changed}");
    }
    assert_eq!(ended as u64, MANY);
    let queued: i64 = storage
        .read(|connection| {
            connection.query_row("SELECT count(*) FROM cleanup", [], |row| row.get(0))
        })
        .unwrap();
    assert_eq!(queued.unsigned_abs(), MANY);
}

#[tokio::test]
async fn an_erasure_waits_for_no_reader_and_is_done_when_it_has_gone() {
    // sec: CA-3
    let folder = tempfile::tempdir().unwrap();
    let storage = open(folder.path(), None).unwrap();
    filled(&storage).await;
    let log = || {
        let log = fs::metadata(folder.path().join("gitflare.sqlite-wal"));
        // The last connection deletes it.
        log.map_or(0, |log| log.len())
    };
    let reader = Connection::open(folder.path().join(DATABASE)).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM tenants")
        .unwrap();
    let id = gitflare_core::ConnectionId::parse("conn_1").unwrap();
    let revoke = async |number| {
        let revoked = ConnectionStore::revoke(&storage, &id, NOW, entry(number));
        revoked.await.unwrap()
    };
    assert!(revoke(2_000_000).await);
    assert_ne!(log(), 0, "somebody reads in it");
    insert(&storage, 1, "others go on writing").await.unwrap();
    reader.execute_batch("COMMIT").unwrap();
    drop(reader);
    storage.close().await.unwrap();
    assert_eq!(log(), 0);
}

#[tokio::test]
async fn whoever_is_disabled_has_no_agents_left() {
    let folder = tempfile::tempdir().unwrap();
    let storage = open(folder.path(), None).unwrap();
    // The second client is an app, whose customer has the same name by chance.
    let fill = storage.write(|connection| {
        connection
            .execute_batch(
                "INSERT INTO users VALUES ('user_1', 'ada@mail.example', NULL, 'hash', 0);
                 INSERT INTO tenants (id, name, kind, created_at) VALUES
                   ('tenant_0', 'x', 'developer', 0), ('tenant_1', 'x', 'company', 0),
                   ('tenant_2', 'x', 'company', 0);
                 INSERT INTO clients VALUES
                   ('client_1', 'tenant_0', NULL, 'x', NULL, '[]', 1, 1, 0, '[]', x'00', 'active',
                     0, 0, 'reg_1', NULL),
                   ('client_2', 'tenant_0', NULL, 'x', NULL, '[]', 1, 0, 0, '[]', x'00', 'active',
                     0, 0, NULL, NULL);
                 INSERT INTO customers (client_id, customer_ref, tenant_id) VALUES
                   ('client_1', 'user_1', 'tenant_1'), ('client_2', 'user_1', 'tenant_2');
                 INSERT INTO authorizations (id, tenant_id, client_id, status, permissions,
                   created_at) VALUES ('authz_1', 'tenant_1', 'client_1', 'active', 1, 0),
                   ('authz_2', 'tenant_2', 'client_2', 'active', 1, 0);
                 INSERT INTO tokens (hash, id, tenant_number, client_number, authorization_number,
                   issued_by, permissions, connections, created_at, expires_at) VALUES
                   (x'01', 'atk_1', 2, 1, 1, 3, 1, '', 0, 1),
                   (x'02', 'atk_2', 3, 2, 2, 1, 1, '', 0, 1)",
            )
            .map_err(|error| failed(&error))
    });
    fill.await.unwrap();
    let mut people = crate::storage::people::People::of_folder(folder.path()).unwrap();
    let person = people.find("ada@mail.example").unwrap().unwrap();
    people.disable(&person).unwrap();
    let live: Vec<String> = storage
        .read(|connection| {
            let mut statement = connection.prepare(
                "SELECT a.id FROM authorizations a JOIN tokens t ON t.authorization_number = a.number
                 WHERE a.status = 'active' AND t.revoked_at IS NULL",
            )?;
            let rows = statement.query_map([], |row| row.get(0))?;
            rows.collect()
        })
        .unwrap();
    assert_eq!(live, ["authz_2"]);
}
