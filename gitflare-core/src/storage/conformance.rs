//! What every storage backend promises, as functions that panic where a promise is broken. Run
//! [`run_all`] with a factory of empty storages; memory, SQLite and a stranger's backend pass the
//! same suite.

#![expect(clippy::unwrap_used, reason = "a suite that cannot go on says where")]

use std::{future::Future, pin::Pin, sync::Arc};

use super::*;
use crate::{
    AuditId, AuthorizationId, ClientId, ConnectionId, CredentialHash, GrantId, LogId, RequestId,
    Scope, Scopes, SecretId, TenantId, Timestamp, TokenId, provider::ProviderId,
};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const LATER: Timestamp = Timestamp::from_millis(1_800_000_060_000);

type Check = for<'a> fn(&'a dyn Storage) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Every promise, by name.
pub const CHECKS: &[(&str, Check)] = &[
    ("tenants_are_listed_by_id", |s| {
        Box::pin(tenants_are_listed_by_id(s))
    }),
    ("a_customer_is_one_tenant_per_client", |s| {
        Box::pin(a_customer_is_one_tenant_per_client(s))
    }),
    ("a_client_comes_back_as_it_was", |s| {
        Box::pin(a_client_comes_back_as_it_was(s))
    }),
    ("a_client_has_two_secrets_at_most", |s| {
        Box::pin(a_client_has_two_secrets_at_most(s))
    }),
    ("a_connection_comes_back_as_it_was", |s| {
        Box::pin(a_connection_comes_back_as_it_was(s))
    }),
    ("one_active_grant_per_connection", |s| {
        Box::pin(one_active_grant_per_connection(s))
    }),
    ("a_grant_activates_a_pending_authorization", |s| {
        Box::pin(a_grant_activates_a_pending_authorization(s))
    }),
    ("access_is_all_that_decides", |s| {
        Box::pin(access_is_all_that_decides(s))
    }),
    ("an_id_goes_before_a_name", |s| {
        Box::pin(an_id_goes_before_a_name(s))
    }),
    ("revoking_a_connection_erases_its_tokens", |s| {
        Box::pin(revoking_a_connection_erases_its_tokens(s))
    }),
    ("revoking_an_authorization_ends_its_tokens", |s| {
        Box::pin(revoking_an_authorization_ends_its_tokens(s))
    }),
    ("deleting_a_client_ends_all_under_it", |s| {
        Box::pin(deleting_a_client_ends_all_under_it(s))
    }),
    ("a_mutation_writes_one_audit_row_or_none", |s| {
        Box::pin(a_mutation_writes_one_audit_row_or_none(s))
    }),
    ("expired_tokens_are_purged", |s| {
        Box::pin(expired_tokens_are_purged(s))
    }),
    ("firewall_settings_change_one_version_at_a_time", |s| {
        Box::pin(firewall_settings_change_one_version_at_a_time(s))
    }),
    ("a_key_keeps_its_first_check", |s| {
        Box::pin(a_key_keeps_its_first_check(s))
    }),
    ("usage_rows_are_counted_and_listed", |s| {
        Box::pin(usage_rows_are_counted_and_listed(s))
    }),
];

/// Runs every promise over a storage of its own.
pub async fn run_all<F: Future<Output = Arc<dyn Storage>>>(fresh: impl Fn() -> F) {
    for (name, check) in CHECKS {
        let storage = fresh().await;
        check(&*storage).await;
        storage
            .close()
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

fn id<T>(parse: fn(&str) -> crate::Result<T>, prefix: &str, number: usize) -> T {
    parse(&format!("{prefix}{number:04}")).unwrap()
}

fn tenant_id(number: usize) -> TenantId {
    id(TenantId::parse, "tenant_", number)
}

fn client_id(number: usize) -> ClientId {
    id(ClientId::parse, "client_", number)
}

fn connection_id(number: usize) -> ConnectionId {
    id(ConnectionId::parse, "conn_", number)
}

fn grant_id(number: usize) -> GrantId {
    id(GrantId::parse, "grant_", number)
}

fn authorization_id(number: usize) -> AuthorizationId {
    id(AuthorizationId::parse, "authz_", number)
}

fn hash(number: usize) -> CredentialHash {
    CredentialHash::of(&number.to_string())
}

fn entry(number: usize) -> AuditEntry {
    AuditEntry {
        id: id(AuditId::parse, "audit_", number),
        at: NOW,
        actor: Actor::Admin,
        action: AuditAction::TenantCreate,
        object: "x".into(),
        outcome: Outcome::Ok,
        request_id: RequestId::parse("gf_req_1").unwrap(),
    }
}

fn tenant(number: usize) -> Tenant {
    Tenant {
        id: tenant_id(number),
        name: format!("T{number}"),
        kind: TenantKind::Company,
        created_at: NOW,
    }
}

fn client(number: usize) -> NewClient {
    let secret = id(SecretId::parse, "secret_", number);
    NewClient {
        client: Client {
            id: client_id(number),
            tenant_id: tenant_id(1),
            owner_user_id: None,
            name: "App".into(),
            description: Some("Does \"things\"".into()),
            allowed_redirect_uris: vec!["https://app.example/cb?x=1".into()],
            default_permissions: Scopes::all(),
            require_pkce: true,
            require_signed_customer_ref: false,
            allowed_embed_origins: vec!["https://app.example".into()],
            secrets: vec![ClientSecret {
                id: secret,
                created_at: NOW,
                last_used_at: None,
            }],
            status: ClientStatus::Active,
            created_at: NOW,
            updated_at: NOW,
        },
        secret_hash: hash(number),
        sealed_embed_secret: vec![1, 2, 3],
    }
}

fn connection(number: usize) -> Connection {
    Connection {
        id: connection_id(number),
        tenant_id: Some(tenant_id(1)),
        provider: ProviderId::Github,
        login: Some("octo".into()),
        account_id: "1".into(),
        display_name: None,
        avatar_url: None,
        scopes: vec!["repo".into()],
        mode: ConnectionMode::Manual,
        status: ConnectionStatus::Active,
        created_at: NOW,
        last_used_at: None,
        api_base_url: None,
        organization: Some("org".into()),
    }
}

fn sealed() -> SealedTokens {
    SealedTokens {
        access_token: Some(vec![9; 40]),
        refresh_token: None,
        expires_at: Some(LATER),
    }
}

fn authorization(number: usize) -> Authorization {
    Authorization {
        id: authorization_id(number),
        tenant_id: tenant_id(1),
        client_id: client_id(1),
        status: AuthorizationStatus::Active,
        permissions: Scopes::from_iter([Scope::ReadTags]),
        created_at: NOW,
    }
}

fn grant(number: usize, connection: usize, repositories: Repositories) -> Grant {
    Grant {
        id: grant_id(number),
        authorization_id: authorization_id(number),
        tenant_id: tenant_id(1),
        client_id: client_id(1),
        connection_id: connection_id(connection),
        permissions: Scopes::from_iter([Scope::ReadBranches]),
        repositories,
        status: GrantStatus::Active,
        created_at: NOW,
        revoked_at: None,
        expires_at: None,
    }
}

fn listed(pairs: &[(&str, &str)]) -> Repositories {
    let repository = |(id, name): &(&str, &str)| ApprovedRepository {
        id: (*id).into(),
        full_name: (*name).into(),
    };
    Repositories::Listed(pairs.iter().map(repository).collect())
}

fn token(number: usize, connections: &[usize]) -> AccessToken {
    AccessToken {
        id: id(TokenId::parse, "atk_", number),
        tenant_id: tenant_id(1),
        client_id: client_id(1),
        authorization_id: Some(authorization_id(1)),
        issued_by: IssuedBy::ClientCredentials,
        permissions: Scopes::all(),
        connection_ids: connections
            .iter()
            .map(|number| connection_id(*number))
            .collect(),
        created_at: NOW,
        expires_at: LATER,
        revoked_at: None,
        last_used_at: None,
    }
}

fn all(limit: usize) -> ListRange<'static> {
    ListRange { after: None, limit }
}

async fn audit_rows(storage: &dyn Storage) -> usize {
    storage.audit().list(all(1000)).await.unwrap().len()
}

/// A tenant, a client, two connections, a grant over the first, a token over both.
async fn filled(storage: &dyn Storage) {
    storage.tenants().insert(tenant(1), entry(1)).await.unwrap();
    storage.clients().insert(client(1), entry(2)).await.unwrap();
    for number in [1, 2] {
        let made = storage
            .connections()
            .insert(connection(number), sealed(), entry(2 + number));
        made.await.unwrap();
    }
    let repositories = listed(&[("7", "octo/seven"), ("8", "octo/eight")]);
    storage
        .authorizations()
        .insert_grant(authorization(1), grant(1, 1, repositories), entry(5))
        .await
        .unwrap();
    storage
        .tokens()
        .insert(token(1, &[1, 2]), hash(1), entry(6))
        .await
        .unwrap();
}

async fn access(storage: &dyn Storage, key: Option<&str>) -> Access {
    let key = key.map(|key| RepositoryKey {
        provider: ProviderId::Github,
        key,
    });
    storage
        .tokens()
        .find_access(&hash(1), key)
        .await
        .unwrap()
        .unwrap()
}

/// Lists go by id, begin behind a given one and stop at the limit.
pub async fn tenants_are_listed_by_id(storage: &dyn Storage) {
    for number in [3, 1, 2, 5, 4] {
        storage
            .tenants()
            .insert(tenant(number), entry(number))
            .await
            .unwrap();
    }
    let page = async |after: Option<&str>, limit| {
        let rows = storage
            .tenants()
            .list(ListRange { after, limit })
            .await
            .unwrap();
        rows.into_iter()
            .map(|tenant| tenant.name)
            .collect::<Vec<_>>()
    };
    assert_eq!(page(None, 2).await, ["T1", "T2"]);
    assert_eq!(
        page(Some(tenant_id(2).as_str()), 10).await,
        ["T3", "T4", "T5"]
    );
    assert_eq!(
        storage.tenants().find(&tenant_id(3)).await.unwrap(),
        Some(tenant(3))
    );
    assert_eq!(storage.tenants().find(&tenant_id(9)).await.unwrap(), None);
}

/// The same reference under two clients is two customers (TN-1); asked twice, it is one.
pub async fn a_customer_is_one_tenant_per_client(storage: &dyn Storage) {
    storage.tenants().insert(tenant(1), entry(1)).await.unwrap();
    for number in [1, 2] {
        storage
            .clients()
            .insert(client(number), entry(1 + number))
            .await
            .unwrap();
    }
    let find = async |client: usize, new: usize| {
        let (client, tenant, entry) = (client_id(client), tenant(new), entry(10 + new));
        let tenants = storage.tenants();
        tenants
            .find_or_insert_customer(&client, "42", tenant, entry)
            .await
            .unwrap()
            .id
    };
    assert_eq!(find(1, 11).await, tenant_id(11));
    assert_eq!(find(1, 12).await, tenant_id(11));
    assert_eq!(find(2, 13).await, tenant_id(13));
    assert_eq!(storage.tenants().find(&tenant_id(12)).await.unwrap(), None);
    let known = storage
        .tenants()
        .find_customer(&client_id(2), "42")
        .await
        .unwrap();
    assert_eq!(known.unwrap().id, tenant_id(13));
    assert_eq!(
        storage
            .tenants()
            .find_customer(&client_id(2), "43")
            .await
            .unwrap(),
        None
    );
}

/// Every member of a client survives, and an update changes what may change.
pub async fn a_client_comes_back_as_it_was(storage: &dyn Storage) {
    storage.tenants().insert(tenant(1), entry(1)).await.unwrap();
    let new = client(1);
    let expected = new.client.clone();
    storage.clients().insert(new, entry(2)).await.unwrap();
    assert_eq!(
        storage.clients().find(&expected.id).await.unwrap(),
        Some(expected.clone())
    );
    let hashes = storage.clients().secret_hashes(&expected.id).await.unwrap();
    assert_eq!(hashes, [(expected.secrets[0].id.clone(), hash(1))]);
    let embed = storage
        .clients()
        .sealed_embed_secret(&expected.id)
        .await
        .unwrap();
    assert_eq!(embed, Some(vec![1, 2, 3]));

    let changed = Client {
        name: "New".into(),
        secrets: Vec::new(),
        updated_at: LATER,
        ..expected.clone()
    };
    assert!(storage.clients().update(&changed, entry(3)).await.unwrap());
    let kept = Client {
        secrets: expected.secrets.clone(),
        ..changed
    };
    assert_eq!(
        storage.clients().find(&expected.id).await.unwrap(),
        Some(kept)
    );
    let missing = Client {
        id: client_id(9),
        ..expected
    };
    assert!(!storage.clients().update(&missing, entry(4)).await.unwrap());
    let filter = ClientFilter {
        tenant: Some(tenant_id(2)),
        owner_user: None,
    };
    assert!(
        storage
            .clients()
            .list(&filter, all(10))
            .await
            .unwrap()
            .is_empty()
    );
}

/// Two live secrets make rotation possible; a third is refused.
pub async fn a_client_has_two_secrets_at_most(storage: &dyn Storage) {
    filled(storage).await;
    let secret = |number| ClientSecret {
        id: id(SecretId::parse, "secret_", number),
        created_at: NOW,
        last_used_at: None,
    };
    let clients = storage.clients();
    let client = client_id(1);
    assert!(
        clients
            .insert_secret(&client, secret(2), hash(2), entry(20))
            .await
            .unwrap()
    );
    assert!(
        !clients
            .insert_secret(&client, secret(3), hash(3), entry(21))
            .await
            .unwrap()
    );
    assert_eq!(clients.secret_hashes(&client).await.unwrap().len(), 2);
    assert!(
        clients
            .delete_secret(&client, &secret(1).id, entry(22))
            .await
            .unwrap()
    );
    assert!(
        !clients
            .delete_secret(&client, &secret(1).id, entry(23))
            .await
            .unwrap()
    );
    assert!(
        !clients
            .delete_secret(&client_id(2), &secret(2).id, entry(24))
            .await
            .unwrap()
    );
    assert_eq!(
        clients.secret_hashes(&client).await.unwrap(),
        [(secret(2).id, hash(2))]
    );
    assert!(
        clients
            .insert_secret(&client, secret(4), hash(4), entry(25))
            .await
            .unwrap()
    );
}

/// Every member of a connection survives, its encrypted tokens too.
pub async fn a_connection_comes_back_as_it_was(storage: &dyn Storage) {
    storage.tenants().insert(tenant(1), entry(1)).await.unwrap();
    let connections = storage.connections();
    connections
        .insert(connection(1), sealed(), entry(2))
        .await
        .unwrap();
    let homeless = Connection {
        tenant_id: None,
        ..connection(2)
    };
    connections
        .insert(homeless.clone(), SealedTokens::default(), entry(3))
        .await
        .unwrap();
    let found = connections
        .find_with_tokens(&connection_id(1))
        .await
        .unwrap();
    assert_eq!(found, Some((connection(1), sealed())));
    assert_eq!(
        connections.find(&connection_id(2)).await.unwrap(),
        Some(homeless)
    );
    let filter = ConnectionFilter {
        tenant: Some(tenant_id(1)),
        provider: Some(ProviderId::Github),
    };
    assert_eq!(
        connections.list(&filter, all(10)).await.unwrap(),
        [connection(1)]
    );
    let filter = ConnectionFilter {
        tenant: None,
        provider: Some(ProviderId::Gitlab),
    };
    assert!(connections.list(&filter, all(10)).await.unwrap().is_empty());
}

/// A second active grant over a connection is refused, and nothing of it is kept.
pub async fn one_active_grant_per_connection(storage: &dyn Storage) {
    filled(storage).await;
    let grants = storage.authorizations();
    let again = grants
        .insert_grant(authorization(2), grant(2, 1, Repositories::All), entry(20))
        .await;
    assert_eq!(again.unwrap_err().code(), crate::Code::InvalidRequest);
    assert_eq!(audit_rows(storage).await, 6);
    let (used, second) = grants
        .insert_grant(authorization(3), grant(3, 2, Repositories::All), entry(21))
        .await
        .unwrap();
    assert_eq!(
        used.id,
        authorization_id(1),
        "the live authorization is used"
    );
    assert_eq!(second.authorization_id, authorization_id(1));
    assert!(
        used.permissions.contains(Scope::ReadBranches)
            && used.permissions.contains(Scope::ReadTags)
    );
    assert!(
        grants
            .revoke_grant(&grant_id(1), NOW, entry(22))
            .await
            .unwrap()
    );
    let renewed = grants
        .insert_grant(authorization(4), grant(4, 1, Repositories::All), entry(23))
        .await;
    assert!(renewed.is_ok());
    let active = grants
        .active_grants(&authorization_id(1), NOW)
        .await
        .unwrap();
    let ids: Vec<_> = active.into_iter().map(|grant| grant.id).collect();
    assert_eq!(ids, [grant_id(4), grant_id(3)], "by connection");
    let filter = GrantFilter {
        connection: Some(connection_id(1)),
        ..GrantFilter::default()
    };
    assert_eq!(grants.list_grants(&filter, all(10)).await.unwrap().len(), 2);
}

/// A pending authorization is found again, and the first grant makes it active.
pub async fn a_grant_activates_a_pending_authorization(storage: &dyn Storage) {
    storage.tenants().insert(tenant(1), entry(1)).await.unwrap();
    storage.clients().insert(client(1), entry(2)).await.unwrap();
    storage
        .connections()
        .insert(connection(1), sealed(), entry(3))
        .await
        .unwrap();
    let pending = Authorization {
        status: AuthorizationStatus::Pending,
        ..authorization(1)
    };
    let store = storage.authorizations();
    assert_eq!(
        store.find_or_insert_pending(pending.clone()).await.unwrap(),
        pending
    );
    let other = Authorization {
        id: authorization_id(2),
        ..pending.clone()
    };
    assert_eq!(store.find_or_insert_pending(other).await.unwrap(), pending);
    assert_eq!(
        store.list_live(&client_id(1)).await.unwrap(),
        std::slice::from_ref(&pending)
    );
    let (used, _) = store
        .insert_grant(authorization(3), grant(1, 1, Repositories::All), entry(4))
        .await
        .unwrap();
    assert_eq!(
        (used.id, used.status),
        (pending.id, AuthorizationStatus::Active)
    );
}

/// One read brings token, client, authorization, grants, connections and the approval.
pub async fn access_is_all_that_decides(storage: &dyn Storage) {
    filled(storage).await;
    assert!(
        storage
            .tokens()
            .find_access(&hash(99), None)
            .await
            .unwrap()
            .is_none()
    );
    let found = access(storage, None).await;
    assert_eq!(found.token, token(1, &[1, 2]));
    assert!(found.client_is_active);
    assert_eq!(found.authorization, Some(AuthorizationStatus::Active));
    assert_eq!(found.shares.len(), 1);
    let share = &found.shares[0];
    assert_eq!(
        (&share.connection, &share.tokens),
        (&connection(1), &sealed())
    );
    assert_eq!(share.grant_id, grant_id(1));
    assert!(!share.approves_all && share.approved.is_none());
    for (key, approved) in [
        ("7", Some("7")),
        ("octo/eight", Some("8")),
        ("9", None),
        ("octo", None),
    ] {
        let found = access(storage, Some(key)).await;
        assert_eq!(
            found.shares[0].approved.as_ref().map(|r| r.id.as_str()),
            approved,
            "{key}"
        );
    }
    let elsewhere = RepositoryKey {
        provider: ProviderId::Gitlab,
        key: "7",
    };
    let found = storage
        .tokens()
        .find_access(&hash(1), Some(elsewhere))
        .await
        .unwrap()
        .unwrap();
    assert!(
        found.shares[0].approved.is_none(),
        "an id means nothing at another provider"
    );
    // A grant made later over a connection of the token counts; one over another does not.
    let store = storage.authorizations();
    store
        .insert_grant(authorization(2), grant(2, 2, Repositories::All), entry(20))
        .await
        .unwrap();
    storage
        .connections()
        .insert(connection(3), sealed(), entry(21))
        .await
        .unwrap();
    store
        .insert_grant(authorization(3), grant(3, 3, Repositories::All), entry(22))
        .await
        .unwrap();
    let found = access(storage, Some("7")).await;
    let ids: Vec<_> = found
        .shares
        .iter()
        .map(|share| share.connection.id.clone())
        .collect();
    assert_eq!(ids, [connection_id(1), connection_id(2)]);
    assert!(found.shares[1].approves_all && found.shares[1].approved.is_none());
    let approved = store
        .approved_among(&grant_id(1), &["9", "8", "7"])
        .await
        .unwrap();
    assert_eq!(approved, [false, true, true]);
    assert_eq!(
        store.approved_among(&grant_id(2), &["9"]).await.unwrap(),
        [true]
    );
}

/// A repository whose name is another's id does not take its place, and names follow what was seen.
pub async fn an_id_goes_before_a_name(storage: &dyn Storage) {
    storage.tenants().insert(tenant(1), entry(1)).await.unwrap();
    storage.clients().insert(client(1), entry(2)).await.unwrap();
    storage
        .connections()
        .insert(connection(1), sealed(), entry(3))
        .await
        .unwrap();
    let repositories = listed(&[("1", "2"), ("2", "octo/two")]);
    let store = storage.authorizations();
    store
        .insert_grant(authorization(1), grant(1, 1, repositories), entry(4))
        .await
        .unwrap();
    storage
        .tokens()
        .insert(token(1, &[1]), hash(1), entry(5))
        .await
        .unwrap();
    let approved = async |key: &str| {
        access(storage, Some(key))
            .await
            .shares
            .remove(0)
            .approved
            .map(|repository| repository.id)
    };
    assert_eq!(approved("2").await.as_deref(), Some("2"));
    let renamed = ApprovedRepository {
        id: "2".into(),
        full_name: "octo/new".into(),
    };
    store.note_name(&grant_id(1), &renamed).await.unwrap();
    assert_eq!(approved("octo/new").await.as_deref(), Some("2"));
    assert_eq!(approved("octo/two").await, None);
    let unknown = ApprovedRepository {
        id: "9".into(),
        full_name: "octo/nine".into(),
    };
    store.note_name(&grant_id(1), &unknown).await.unwrap();
    assert_eq!(approved("octo/nine").await, None);
}

/// Disconnecting takes the tokens, the grants and the share of every access token at once (CA-1).
pub async fn revoking_a_connection_erases_its_tokens(storage: &dyn Storage) {
    filled(storage).await;
    let connections = storage.connections();
    assert!(
        connections
            .revoke(&connection_id(1), LATER, entry(20))
            .await
            .unwrap()
    );
    assert!(
        !connections
            .revoke(&connection_id(1), LATER, entry(21))
            .await
            .unwrap()
    );
    assert!(
        !connections
            .revoke(&connection_id(9), LATER, entry(22))
            .await
            .unwrap()
    );
    let (found, tokens) = connections
        .find_with_tokens(&connection_id(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.status, tokens),
        (ConnectionStatus::Revoked, SealedTokens::default())
    );
    assert!(access(storage, None).await.shares.is_empty());
    let grant = storage
        .authorizations()
        .find_grant(&grant_id(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (grant.status, grant.revoked_at),
        (GrantStatus::Revoked, Some(LATER))
    );
    let listed = connections
        .list(&ConnectionFilter::default(), all(10))
        .await
        .unwrap();
    assert_eq!(listed, [connection(2)]);
    assert_eq!(audit_rows(storage).await, 7);
}

/// Ending an authorization ends its grants and tokens, and another can begin (CA-1).
pub async fn revoking_an_authorization_ends_its_tokens(storage: &dyn Storage) {
    filled(storage).await;
    let store = storage.authorizations();
    assert!(
        store
            .revoke(&authorization_id(1), LATER, entry(20))
            .await
            .unwrap()
    );
    assert!(
        !store
            .revoke(&authorization_id(1), LATER, entry(21))
            .await
            .unwrap()
    );
    let found = access(storage, None).await;
    assert_eq!(found.token.revoked_at, Some(LATER));
    assert_eq!(found.authorization, Some(AuthorizationStatus::Revoked));
    assert!(found.shares.is_empty());
    assert!(store.list_live(&client_id(1)).await.unwrap().is_empty());
    let (fresh, _) = store
        .insert_grant(authorization(2), grant(2, 1, Repositories::All), entry(22))
        .await
        .unwrap();
    assert_eq!(fresh.id, authorization_id(2));
}

/// Deleting a client kills everything under it, once (CA-1).
pub async fn deleting_a_client_ends_all_under_it(storage: &dyn Storage) {
    filled(storage).await;
    let bare = AccessToken {
        authorization_id: None,
        ..token(2, &[])
    };
    storage
        .tokens()
        .insert(bare, hash(2), entry(20))
        .await
        .unwrap();
    assert!(
        storage
            .clients()
            .delete(&client_id(1), LATER, entry(21))
            .await
            .unwrap()
    );
    assert!(
        !storage
            .clients()
            .delete(&client_id(1), LATER, entry(22))
            .await
            .unwrap()
    );
    assert!(
        storage
            .clients()
            .secret_hashes(&client_id(1))
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        storage
            .clients()
            .list(&ClientFilter::default(), all(10))
            .await
            .unwrap()
            .is_empty()
    );
    for number in [1, 2] {
        let found = storage
            .tokens()
            .find_access(&hash(number), None)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found.token.revoked_at, Some(LATER));
        assert!(!found.client_is_active && found.shares.is_empty());
    }
    let found = storage
        .clients()
        .find(&client_id(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.status, found.secrets.len()),
        (ClientStatus::Deleted, 0)
    );
}

/// What changes something writes its row with it; what changes nothing writes none (LG-3).
pub async fn a_mutation_writes_one_audit_row_or_none(storage: &dyn Storage) {
    filled(storage).await;
    assert_eq!(audit_rows(storage).await, 6);
    let token = id(TokenId::parse, "atk_", 1);
    assert!(
        storage
            .tokens()
            .revoke(&token, NOW, entry(20))
            .await
            .unwrap()
    );
    assert!(
        !storage
            .tokens()
            .revoke(&token, NOW, entry(21))
            .await
            .unwrap()
    );
    assert!(
        !storage
            .authorizations()
            .revoke_grant(&grant_id(9), NOW, entry(22))
            .await
            .unwrap()
    );
    storage.audit().append(entry(23)).await.unwrap();
    let rows = storage.audit().list(all(1000)).await.unwrap();
    assert_eq!(rows.len(), 8);
    assert_eq!(rows.last(), Some(&entry(23)));
}

/// Purging takes tokens that ended before a moment, so many at a time.
pub async fn expired_tokens_are_purged(storage: &dyn Storage) {
    filled(storage).await;
    for number in 2..6 {
        let ended = AccessToken {
            expires_at: NOW,
            ..token(number, &[])
        };
        storage
            .tokens()
            .insert(ended, hash(number), entry(20 + number))
            .await
            .unwrap();
    }
    assert_eq!(storage.tokens().purge_expired(LATER, 3).await.unwrap(), 3);
    assert_eq!(storage.tokens().purge_expired(LATER, 3).await.unwrap(), 1);
    let left = storage
        .tokens()
        .list(&TokenFilter::default(), all(10))
        .await
        .unwrap();
    assert_eq!(left, [token(1, &[1, 2])]);
    assert!(
        storage
            .tokens()
            .find_access(&hash(2), None)
            .await
            .unwrap()
            .is_none()
    );
    let filter = TokenFilter {
        client: Some(client_id(2)),
        ..TokenFilter::default()
    };
    assert!(
        storage
            .tokens()
            .list(&filter, all(10))
            .await
            .unwrap()
            .is_empty()
    );
}

/// Of two admins who change the same version, one is told to look again.
pub async fn firewall_settings_change_one_version_at_a_time(storage: &dyn Storage) {
    let settings = |version| FirewallSettings {
        enabled: false,
        blocked_file_patterns: vec![format!("v{version}"), "\"quoted\"".into()],
        version,
        updated_at: Some(NOW),
        updated_by: Some("admin".into()),
    };
    let store = storage.settings();
    assert_eq!(store.firewall().await.unwrap(), None);
    assert!(!store.set_firewall(&settings(3), entry(1)).await.unwrap());
    assert!(store.set_firewall(&settings(2), entry(2)).await.unwrap());
    assert!(!store.set_firewall(&settings(2), entry(3)).await.unwrap());
    assert!(store.set_firewall(&settings(3), entry(4)).await.unwrap());
    assert_eq!(store.firewall().await.unwrap(), Some(settings(3)));
    assert_eq!(audit_rows(storage).await, 2);
}

/// A key's check value is never replaced: that would hide a wrong key.
pub async fn a_key_keeps_its_first_check(storage: &dyn Storage) {
    let check = |key_id, byte| KeyCheck {
        key_id,
        value: [byte; 32],
    };
    let store = storage.settings();
    for each in [check(1, 1), check(2, 2), check(1, 3)] {
        store.insert_key_check(each).await.unwrap();
    }
    assert_eq!(
        store.key_checks().await.unwrap(),
        [check(1, 1), check(2, 2)]
    );
}

/// Rows come newest first, are filtered by every member, and are summed up.
pub async fn usage_rows_are_counted_and_listed(storage: &dyn Storage) {
    let usage = storage.usage();
    for number in 0..10u32 {
        let failed = number % 5 == 0;
        usage
            .record(UsageRow {
                id: id(LogId::parse, "log_", number as usize),
                at: Timestamp::from_millis(NOW.as_millis() + i64::from(number) * 43_200_000),
                request_id: RequestId::parse("gf_req_1").unwrap(),
                tenant_id: tenant_id(number as usize % 2),
                client_id: client_id(1),
                token_id: id(TokenId::parse, "atk_", 1),
                endpoint_key: "commits.list",
                method: "GET",
                path: "/v1/x".into(),
                provider: (number % 3 == 0).then_some(ProviderId::Local),
                repository_id: Some("a/b".into()),
                status: if failed { 403 } else { 200 },
                error_code: failed.then_some("INSUFFICIENT_SCOPE"),
                duration_ms: u64::from(number) + 1,
                upstream_ms: 1,
                items: 1,
                blocked_files: 2,
                redacted_secrets: 3,
            })
            .await
            .unwrap();
    }
    usage.flush().await.unwrap();
    let (rows, total) = usage.list(&UsageQuery::default(), 1, 3).await.unwrap();
    assert_eq!(total, 10);
    assert_eq!(
        rows.iter().map(|row| row.duration_ms).collect::<Vec<_>>(),
        [9, 8, 7]
    );
    let query = UsageQuery {
        tenants: vec![tenant_id(1)],
        to: Some(Timestamp::from_millis(NOW.as_millis() + 5 * 43_200_000)),
        ..UsageQuery::default()
    };
    let (rows, total) = usage.list(&query, 0, 10).await.unwrap();
    assert_eq!((rows.len(), total), (2, 2), "half-open, one tenant");
    let summary = usage.summary(&UsageQuery::default(), 3).await.unwrap();
    let totals = &summary.totals;
    assert_eq!(
        (
            totals.requests,
            totals.errors,
            totals.blocked_files,
            totals.redacted_secrets
        ),
        (10, 2, 20, 30)
    );
    assert_eq!((totals.p50_ms, totals.p95_ms), (Some(5), Some(10)));
    assert_eq!(
        (summary.by_provider.len(), summary.by_provider[0].requests),
        (1, 4)
    );
    assert_eq!(summary.by_day.len(), 3);
    assert!(summary.by_day[0].key < summary.by_day[1].key);
    assert_eq!(summary.by_status[0].key, "200");
    let nothing = UsageQuery {
        endpoint_key: Some("x".into()),
        ..UsageQuery::default()
    };
    assert_eq!(
        usage.summary(&nothing, 3).await.unwrap(),
        UsageSummary::default()
    );
    assert_eq!(
        usage
            .purge(Timestamp::from_millis(NOW.as_millis() + 43_200_000 * 4), 3)
            .await
            .unwrap(),
        3
    );
    assert_eq!(
        usage.list(&UsageQuery::default(), 0, 100).await.unwrap().1,
        7
    );
}
