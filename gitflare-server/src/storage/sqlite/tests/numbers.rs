//! References by number: what an older schema held is found again, and what a row takes on disk.

use gitflare_core::{
    AuthorizationId, ConnectionId, CredentialHash,
    provider::ProviderId,
    storage::{IssuedBy, RepositoryKey, TokenFilter},
};
use rusqlite::params;

use super::*;

/// The last schema with references by id.
const BY_ID: usize = 17;

const OLD_ROWS: &str = r#"
    INSERT INTO tenants (id, name, kind, created_at) VALUES
      ('tenant_1', 'x', 'developer', 0), ('tenant_2', 'y', 'company', 0);
    INSERT INTO clients VALUES ('client_1', 'tenant_1', NULL, 'x', NULL, '[]', 1, 0, 0, '[]', x'00',
      'active', 0, 0, NULL);
    INSERT INTO connections (id, tenant_id, provider, account_id, scopes, mode, status, created_at)
      VALUES ('conn_1', 'tenant_2', 'github', '1', '[]', 'oauth', 'active', 0),
        ('conn_2', 'tenant_2', 'gitlab', '1', '[]', 'oauth', 'active', 0);
    INSERT INTO authorizations (id, tenant_id, client_id, status, permissions, created_at)
      VALUES ('authz_1', 'tenant_2', 'client_1', 'active', 1, 0);
    INSERT INTO grants VALUES ('grant_1', 'authz_1', 'tenant_2', 'client_1', 'conn_1', 1, 0,
      'active', 0, NULL, NULL);
    INSERT INTO approvals VALUES ('grant_1', '7', 'acme/storefront', 0, 'node', 'main'),
      ('grant_1', '8', 'acme/app', 1, NULL, NULL), ('grant_1', '9', 'acme/app', 2, NULL, NULL);
    INSERT INTO tokens VALUES
      (CAST(x'0202020202020202020202020202020202020202020202020202020202020202' AS BLOB), 'atk_2',
        'tenant_2', 'client_1', 'authz_1', 'authorization_code', 3, '["conn_1","conn_2"]', 5, 900,
        NULL, 6, NULL),
      (CAST(x'0101010101010101010101010101010101010101010101010101010101010101' AS BLOB), 'atk_1',
        'tenant_1', 'client_1', NULL, 'client_credentials', 1, '[]', 4, 800, 7, NULL, x'ff')"#;

#[tokio::test]
async fn what_an_older_schema_held_is_found_again() {
    // sec: DU-4
    let folder = tempfile::tempdir().unwrap();
    open(folder.path(), None).unwrap().close().await.unwrap();
    let path = folder.path().join(DATABASE);
    fs::remove_file(&path).unwrap();
    let mut connection = connect::writer(&path, BUSY_TIMEOUT).unwrap();
    migrations::run(&mut connection, &path, &migrations::CORE[..BY_ID]).unwrap();
    connection.execute_batch(OLD_ROWS).unwrap();
    drop(connection);

    let storage = open(folder.path(), None).unwrap();
    let tokens = storage.tokens();
    let listed = async |filter: TokenFilter, after: Option<&str>| {
        let range = ListRange { after, limit: 10 };
        let found = tokens.list(&filter, range).await.unwrap();
        found
            .into_iter()
            .map(|token| token.id.to_string())
            .collect::<Vec<_>>()
    };
    let all = TokenFilter::default;
    assert_eq!(listed(all(), None).await, ["atk_1", "atk_2"]);
    for (after, left) in [("atk_1", 1), ("atk_2", 0), ("atk_0", 2), ("atk_11", 1)] {
        assert_eq!(listed(all(), Some(after)).await.len(), left, "{after}");
    }
    let of_tenant = TokenFilter {
        tenant: TenantId::parse("tenant_2").ok(),
        client: ClientId::parse("client_1").ok(),
        ..all()
    };
    assert_eq!(listed(of_tenant, None).await, ["atk_2"]);
    let of_authorization = TokenFilter {
        authorization: AuthorizationId::parse("authz_1").ok(),
        ..all()
    };
    assert_eq!(listed(of_authorization, None).await, ["atk_2"]);

    let find = async |byte: u8, key| {
        let asked = RepositoryKey {
            provider: ProviderId::GITHUB,
            key,
        };
        let hash = CredentialHash::from_bytes([byte; 32]);
        tokens.find_access(&hash, Some(asked)).await.unwrap()
    };
    for (key, found) in [
        ("7", Some("7")),
        ("acme/storefront", Some("7")),
        ("acme/app", Some("8")),
        ("me/app", None),
        ("/app", None),
        ("", None),
    ] {
        let access = find(2, key).await.unwrap();
        let share = &access.shares[0];
        let approved = share.approved.as_ref().map(|one| one.id.as_str());
        assert_eq!(approved, found, "{key}");
    }
    let token = find(2, "7").await.unwrap().token;
    let connections = token.connection_ids.iter().map(ConnectionId::as_str);
    assert_eq!(connections.collect::<Vec<_>>(), ["conn_1", "conn_2"]);
    assert_eq!(token.issued_by, IssuedBy::AuthorizationCode);
    assert_eq!(token.permissions.bits(), 3);
    assert_eq!(token.last_used_at, Some(Timestamp::from_millis(6)));
    let other = find(1, "7").await.unwrap().token;
    assert_eq!(other.tenant_id.as_str(), "tenant_1");
    assert_eq!(
        (other.authorization_id, other.connection_ids.len()),
        (None, 0)
    );
    assert_eq!(other.revoked_at, Some(Timestamp::from_millis(7)));
}

/// A million tokens are 300 MB, and a million approved repositories 84, whatever is kept beside them.
#[tokio::test]
async fn a_token_and_an_approval_take_few_bytes() {
    const MANY: i64 = 20_000;
    let folder = tempfile::tempdir().unwrap();
    let storage = open(folder.path(), None).unwrap();
    let rows = storage.write(|connection| {
        let bytes = |connection: &rusqlite::Connection| -> rusqlite::Result<i64> {
            let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
            Ok((pragma("page_count")? - pragma("freelist_count")?) * pragma("page_size")?)
        };
        (|| {
            connection.execute_batch(
                "INSERT INTO tenants (id, name, kind, created_at) VALUES ('tenant_1', 'x', 'company', 0);
                 INSERT INTO clients (id, tenant_id, name, redirect_uris, permissions, require_pkce,
                   require_signed_customer_ref, embed_origins, embed_secret, status, created_at,
                   updated_at)
                   VALUES ('client_1', 'tenant_1', 'x', '[]', 1, 0, 0, '[]', x'00', 'active', 0, 0);
                 INSERT INTO connections (id, tenant_id, provider, account_id, scopes, mode, status,
                   created_at) VALUES ('conn_1', 'tenant_1', 'github', '1', '[]', 'oauth', 'active', 0);
                 INSERT INTO authorizations (id, tenant_id, client_id, status, permissions, created_at)
                   VALUES ('authz_1', 'tenant_1', 'client_1', 'active', 1, 0);
                 INSERT INTO grants (id, authorization_id, tenant_id, client_id, connection_id,
                   permissions, approves_all, status, created_at)
                   VALUES ('grant_1', 'authz_1', 'tenant_1', 'client_1', 'conn_1', 1, 0, 'active', 0)",
            )?;
            let empty = bytes(connection)?;
            let mut insert = connection.prepare(
                "INSERT INTO tokens (hash, id, tenant_number, client_number, authorization_number,
                   issued_by, permissions, connections, created_at, expires_at, last_used_at)
                 VALUES (randomblob(32), printf('atk_01kb%022d', ?1), 1, 1, 1, 2, 129,
                   '01kb0123456789abcdefghjkmn', ?2, ?2, ?2)",
            )?;
            for number in 0..MANY {
                insert.execute(params![number, 1_800_000_000_000 + number])?;
            }
            let with_tokens = bytes(connection)?;
            let mut insert = connection.prepare(
                "INSERT INTO approvals (grant_number, repository_id, full_name, position)
                 VALUES (1, ?1, ?2, ?3)",
            )?;
            for number in 0..MANY {
                let (id, name) = (100_000_000 + number, format!("acme-{number}/service-{number}"));
                insert.execute(params![id.to_string(), name, number % 25])?;
            }
            let of_approvals = bytes(connection)? - with_tokens;
            Ok(((with_tokens - empty) / MANY, of_approvals / MANY))
        })()
        .map_err(|error: rusqlite::Error| failed(&error))
    });
    let (token, approval) = rows.await.unwrap();
    assert!((200..=300).contains(&token), "{token} bytes a token");
    assert!(
        (50..=84).contains(&approval),
        "{approval} bytes an approval"
    );
}
