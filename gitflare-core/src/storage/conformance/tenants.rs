//! What is promised of tenants and customers.

use super::prelude::*;

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
        let (client, tenant) = (client_id(client), tenant(new));
        let tenants = storage.tenants();
        tenants
            .find_or_insert_customer(&client, "42", tenant)
            .await
            .unwrap()
            .id
    };
    assert_eq!(find(1, 11).await, tenant_id(11));
    assert_eq!(find(1, 12).await, tenant_id(11));
    assert_eq!(find(2, 13).await, tenant_id(13));
    assert_eq!(storage.tenants().find(&tenant_id(12)).await.unwrap(), None);
    let named = async |client: usize, tenant: usize| {
        let (client, tenant) = (client_id(client), tenant_id(tenant));
        let found = storage.tenants().customer_ref(&client, &tenant).await;
        found.unwrap()
    };
    assert_eq!(named(1, 11).await.as_deref(), Some("42"));
    assert_eq!(named(1, 13).await, None, "another client's customer");
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

/// Of two callers who make the same customer at once, both get the same one (TN-1).
pub async fn a_customer_that_two_callers_make_is_one_tenant(storage: &dyn Storage) {
    storage.tenants().insert(tenant(1), entry(1)).await.unwrap();
    storage.clients().insert(client(1), entry(2)).await.unwrap();
    let client = &client_id(1);
    let made = race((10..14).map(|number| async move {
        let tenants = storage.tenants();
        tenants
            .find_or_insert_customer(client, "42", tenant(number))
            .await
            .unwrap()
            .id
    }))
    .await;
    assert!(made.iter().all(|id| *id == made[0]), "{made:?}");
    assert_eq!(storage.tenants().list(all(10)).await.unwrap().len(), 2);
    assert_eq!(audit_rows(storage).await, 2, "nothing is linked in it yet");
}

/// A deleted tenant is no more, nor what stands on it; of others nothing changes (CA-1).
pub async fn a_deleted_tenant_takes_all_that_stands_on_it_along(storage: &dyn Storage) {
    filled(storage).await;
    let tenants = storage.tenants();
    let other = tenants
        .find_or_insert_customer(&client_id(1), "other", tenant(8))
        .await
        .unwrap();
    let before = audit_rows(storage).await;
    assert!(!tenants.delete(&tenant_id(9), NOW, entry(31)).await.unwrap());
    assert_eq!(audit_rows(storage).await, before, "there was none");
    assert!(tenants.delete(&tenant_id(1), NOW, entry(32)).await.unwrap());
    assert!(!tenants.delete(&tenant_id(1), NOW, entry(33)).await.unwrap());
    assert_eq!(audit_rows(storage).await, before + 1, "once");

    let is_gone = async || {
        assert_eq!(tenants.find(&tenant_id(1)).await.unwrap(), None);
        let left = tenants.list(all(10)).await.unwrap();
        assert_eq!(left, std::slice::from_ref(&other));
        let clients = storage.clients();
        let listed = clients.list(&ClientFilter::default(), all(10)).await;
        assert!(listed.unwrap().is_empty());
        let connections = storage.connections();
        let listed = connections.list(&ConnectionFilter::default(), all(10)).await;
        assert!(listed.unwrap().is_empty());
        if let Some((_, tokens)) = connections
            .find_with_tokens(&connection_id(1))
            .await
            .unwrap()
        {
            assert_eq!(tokens.access_token, None, "erased");
        }
        let grants = storage.authorizations();
        let active = grants.active_grants(&authorization_id(1), NOW).await;
        assert!(active.unwrap().is_empty());
    };
    is_gone().await;
    // What is left of it goes in small pieces, until there is nothing more to do.
    let mut steps = 0;
    while tenants.purge_deleted(LATER, 1).await.unwrap() > 0 {
        steps += 1;
        assert!(steps < 100, "it ends");
    }
    is_gone().await;
}
