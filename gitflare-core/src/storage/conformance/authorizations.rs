//! What is promised of authorizations and grants.

use super::prelude::*;

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
    let one = listed(&[("7", "octo/hello")]);
    let renewed = grants
        .insert_grant(authorization(4), grant(4, 1, one), entry(23))
        .await;
    assert!(renewed.is_ok());
    let active = grants
        .active_grants(&authorization_id(1), NOW)
        .await
        .unwrap();
    let ids: Vec<_> = active.into_iter().map(|grant| grant.id).collect();
    assert_eq!(ids, [grant_id(4), grant_id(3)], "by connection");
    let approves = async |connection, repository| {
        let id = authorization_id(1);
        let connection = connection_id(connection);
        let found = grants.find_approval(&id, &connection, Scope::ReadBranches, repository, NOW);
        found.await.unwrap()
    };
    let whole = approves(2, "7").await.unwrap();
    assert_eq!((whole.grant_id, whole.repository), (grant_id(3), None));
    let listed = approves(1, "7").await.unwrap();
    assert_eq!(listed.grant_id, grant_id(4));
    let name = listed.repository.map(|it| it.full_name);
    assert_eq!(name.as_deref(), Some("octo/hello"));
    assert!(approves(1, "8").await.is_none() && approves(3, "7").await.is_none());
    let (id, connection) = (authorization_id(1), connection_id(2));
    let beyond = grants.find_approval(&id, &connection, Scope::EventsSubscribe, "7", NOW);
    let beyond = beyond.await.unwrap();
    assert_eq!(beyond, None, "a permission that the grant lacks");
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
        store.list_live(&client_id(1), 10).await.unwrap(),
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
    assert!(store.list_live(&client_id(1), 10).await.unwrap().is_empty());
    let (fresh, _) = store
        .insert_grant(authorization(2), grant(2, 1, Repositories::All), entry(22))
        .await
        .unwrap();
    assert_eq!(fresh.id, authorization_id(2));
    let range = |after| ListRange { after, limit: 10 };
    let all = store.list(&client_id(1), range(None)).await.unwrap();
    let statuses: Vec<_> = all.iter().map(|it| it.status).collect();
    assert_eq!(
        statuses,
        [AuthorizationStatus::Revoked, AuthorizationStatus::Active]
    );
    let first = authorization_id(1);
    let behind = store.list(&client_id(1), range(Some(first.as_str()))).await;
    assert_eq!(behind.unwrap().len(), 1);
    assert!(store.list(&client_id(2), range(None)).await.unwrap().is_empty());
}

/// Of callers who grant the same at once, one succeeds, and all under one authorization.
pub async fn a_grant_that_two_callers_make_is_one(storage: &dyn Storage) {
    storage.tenants().insert(tenant(1), entry(1)).await.unwrap();
    storage.clients().insert(client(1), entry(2)).await.unwrap();
    storage
        .connections()
        .insert(connection(1), sealed(), entry(3))
        .await
        .unwrap();
    let made = race((1..5).map(|number| async move {
        let grant = grant(number, 1, listed(&[("7", "octo/seven")]));
        storage
            .authorizations()
            .insert_grant(authorization(number), grant, entry(10 + number))
            .await
    }))
    .await;
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1);
    let live = storage.authorizations().list_live(&client_id(1), 10).await;
    assert_eq!(live.unwrap().len(), 1);
    assert_eq!(audit_rows(storage).await, 4);
}

/// A grant has something to stand on when it is stored, whatever was checked before (CA-4, TN-2).
pub async fn a_grant_needs_a_live_client_and_a_connection_of_the_tenant(storage: &dyn Storage) {
    filled(storage).await;
    storage
        .tenants()
        .insert(tenant(2), entry(20))
        .await
        .unwrap();
    let foreign = Connection {
        tenant_id: Some(tenant_id(2)),
        ..connection(3)
    };
    let connections = storage.connections();
    connections
        .insert(foreign, sealed(), entry(21))
        .await
        .unwrap();
    connections
        .revoke(&connection_id(2), NOW, entry(22))
        .await
        .unwrap();
    let grants = storage.authorizations();
    for (number, missing) in [(2, "revoked"), (3, "foreign"), (9, "unknown")] {
        let grant = grant(2, number, Repositories::All);
        let refused = grants.insert_grant(authorization(2), grant, entry(23));
        let error = refused.await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidRequest, "{missing}");
        assert!(error.message().contains("`connectionId`"), "{missing}");
    }
    let clients = storage.clients();
    clients
        .delete(&client_id(1), NOW, entry(24))
        .await
        .unwrap();
    let grant = grant(2, 1, Repositories::All);
    let refused = grants.insert_grant(authorization(2), grant, entry(25));
    assert!(refused.await.unwrap_err().message().contains("`clientId`"));
    assert!(grants.list_live(&client_id(1), 10).await.unwrap().is_empty());
    assert_eq!(audit_rows(storage).await, 10);
}

/// Every filter narrows, and a list goes on behind an id.
pub async fn grants_are_listed_by_what_they_join(storage: &dyn Storage) {
    filled(storage).await;
    let grants = storage.authorizations();
    let second = grant(2, 2, Repositories::All);
    grants
        .insert_grant(authorization(2), second, entry(20))
        .await
        .unwrap();
    let found = async |filter: GrantFilter, range: ListRange<'_>| {
        let rows = grants.list_grants(&filter, range).await.unwrap();
        rows.into_iter().map(|grant| grant.id).collect::<Vec<_>>()
    };
    let (one, two) = (grant_id(1), grant_id(2));
    let both = [one.clone(), two.clone()];
    assert_eq!(found(GrantFilter::default(), all(10)).await, both);
    assert_eq!(found(GrantFilter::default(), all(1)).await, both[..1]);
    let behind = ListRange {
        after: Some(one.as_str()),
        limit: 10,
    };
    assert_eq!(found(GrantFilter::default(), behind).await, both[1..]);
    let of_tenant = |number| GrantFilter {
        tenant: Some(tenant_id(number)),
        ..GrantFilter::default()
    };
    assert_eq!(found(of_tenant(1), all(10)).await, both);
    assert!(found(of_tenant(2), all(10)).await.is_empty());
    let of_client = |number| GrantFilter {
        client: Some(client_id(number)),
        ..GrantFilter::default()
    };
    assert_eq!(found(of_client(1), all(10)).await, both);
    assert!(found(of_client(2), all(10)).await.is_empty());
    let of_connection = GrantFilter {
        connection: Some(connection_id(2)),
        ..of_tenant(1)
    };
    assert_eq!(found(of_connection, all(10)).await, [two]);
}
