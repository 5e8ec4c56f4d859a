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
    let asked = [(1, 13), (2, 13), (1, 11), (1, 12)];
    let asked = asked.map(|(client, tenant)| (client_id(client), tenant_id(tenant)));
    let told = storage.tenants().customer_names(&asked).await.unwrap();
    let refs: Vec<_> = told.iter().map(|names| names.customer_ref.as_deref()).collect();
    assert_eq!(refs, [None, Some("42"), Some("42"), None]);
    let is_there: Vec<_> = told.iter().map(|names| names.name.is_some()).collect();
    assert_eq!(is_there, [true, true, true, false]);
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

/// Customers are found by how their name or their `customer_ref` begins, in their own client alone; what
/// was approved is listed for those that were found.
pub async fn customers_are_found_by_how_they_begin(storage: &dyn Storage) {
    storage.tenants().insert(tenant(1), entry(1)).await.unwrap();
    for number in [1, 2] {
        let made = storage.clients().insert(client(number), entry(1 + number));
        made.await.unwrap();
    }
    let tenants = storage.tenants();
    for (of, number, customer_ref, name) in [
        (1, 11, "acme-1", "Zebra"),
        (1, 12, "b-2", "ACME Ltd"),
        (1, 13, "acme_3", "acme too"),
        (1, 14, "acm", "Ac"),
        (2, 15, "acme-1", "Acme"),
    ] {
        let row = Tenant {
            name: name.to_owned(),
            ..tenant(number)
        };
        let of = client_id(of);
        let made = tenants.find_or_insert_customer(&of, customer_ref, row);
        made.await.unwrap();
    }
    let of = client_id(1);
    let found = async |start: &str, limit| {
        let found = tenants.customers_beginning(&of, start, limit);
        let mut found = found.await.unwrap();
        found.sort();
        found
    };
    let ids = |numbers: &[usize]| numbers.iter().map(|it| tenant_id(*it)).collect::<Vec<_>>();
    assert_eq!(found("acme", 10).await, ids(&[11, 12, 13]));
    assert_eq!(found("Acme", 10).await, ids(&[12, 13]), "an id is exact");
    assert_eq!(found("acme-", 10).await, ids(&[11]));
    assert_eq!(found("acme", 2).await.len(), 2);
    for nothing in ["cme", "acme%", "acme\u{10ffff}", "'"] {
        assert!(found(nothing, 10).await.is_empty(), "{nothing}");
    }
    let authorizations = storage.authorizations();
    for (number, of) in [(1, 11), (2, 12), (3, 14)] {
        let pending = Authorization {
            tenant_id: tenant_id(of),
            status: AuthorizationStatus::Pending,
            ..authorization(number)
        };
        let made = authorizations.find_or_insert_pending(pending);
        made.await.unwrap();
    }
    let listed = async |of: usize, tenants: &[TenantId], range: ListRange<'_>| {
        let of = client_id(of);
        let rows = authorizations.list_of(&of, tenants, range);
        let rows = rows.await.unwrap();
        rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    let sought = ids(&[12, 11, 13]);
    let both = [authorization_id(1), authorization_id(2)];
    assert_eq!(listed(1, &sought, all(10)).await, both);
    let behind = ListRange {
        after: Some(both[0].as_str()),
        limit: 10,
    };
    assert_eq!(listed(1, &sought, behind).await, both[1..]);
    assert!(listed(2, &sought, all(10)).await.is_empty());
    assert!(listed(1, &[], all(10)).await.is_empty());
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
        let listed = connections
            .list(&ConnectionFilter::default(), all(10))
            .await;
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

/// Links account `number`, of the consent of a tenant's customer.
async fn link(storage: &dyn Storage, number: usize, tenant: &TenantId) {
    let linked = Connection {
        tenant_id: Some(tenant.clone()),
        mode: ConnectionMode::Oauth,
        account_id: number.to_string(),
        ..connection(number)
    };
    let made = storage
        .connections()
        .insert(linked, sealed(), entry(400 + number));
    made.await.unwrap();
}

/// Whether a connection was disconnected, with its tokens erased and their revocation queued.
async fn is_disconnected(storage: &dyn Storage, number: usize) -> bool {
    let id = connection_id(number);
    let found = storage.connections().find_with_tokens(&id).await.unwrap();
    let (found, tokens) = found.unwrap();
    let queue = storage.cleanup();
    let queued = queue
        .find(CleanupKind::RevokeTokens, id.as_str())
        .await
        .unwrap();
    let is_revoked = found.status == ConnectionStatus::Revoked;
    assert_eq!(tokens.access_token.is_none(), is_revoked, "{number}");
    assert_eq!(queued.is_some(), is_revoked, "{number}");
    is_revoked
}

/// Looks at what was left behind until nothing is left; how many steps that took.
async fn end_all(storage: &dyn Storage, limit: usize) -> usize {
    let mut steps = 0;
    loop {
        let looked_at = storage.tenants().end_abandoned(limit).await.unwrap();
        assert!(looked_at <= limit, "{looked_at} of {limit}");
        if looked_at == 0 {
            return steps;
        }
        steps += 1;
        assert!(steps < 100, "it ends");
    }
}

/// The accounts that a person has linked in tenants of their own, and in their workspaces with public
/// clients, are disconnected when the person is deleted; what somebody else sees stays, and so do the
/// clients that live in a tenant (CA-1, CA-3, SC-5).
pub async fn what_a_person_leaves_behind_ends_when_nobody_sees_it(storage: &dyn Storage) {
    let (users, tenants) = (storage.users(), storage.tenants());
    for number in [1, 2] {
        users.insert(user(number), entry(number)).await.unwrap();
    }
    let (own, shared) = (tenant_id(101), tenant_id(102));
    let joined = users
        .insert_membership(&user_id(1), &shared, Role::Member, entry(3))
        .await;
    assert!(joined.unwrap());
    let url = "https://agent.example/client.json";
    let agent = public_client(1, url);
    assert!(
        storage
            .clients()
            .register(agent, tenant(1), entry(4))
            .await
            .unwrap()
    );
    storage.clients().insert(client(2), entry(5)).await.unwrap();
    let mut workspaces = Vec::new();
    for (number, person) in [(1, 1), (1, 2), (2, 1)] {
        let name = user_id(person);
        let made = tenant(20 + workspaces.len());
        let of = client_id(number);
        let made = tenants
            .find_or_insert_customer(&of, name.as_str(), made)
            .await;
        workspaces.push(made.unwrap().id);
    }
    let all_of = [
        &own,
        &shared,
        &workspaces[0],
        &workspaces[1],
        &workspaces[2],
    ];
    for (number, tenant) in (1..).zip(all_of) {
        link(storage, number, tenant).await;
    }
    assert_eq!(end_all(storage, 10).await, 0, "nobody was deleted");

    assert!(users.delete(&user_id(1), LATER, entry(30)).await.unwrap());
    assert!(!users.delete(&user_id(9), LATER, entry(31)).await.unwrap());
    let rows = audit_rows(storage).await;
    assert!(end_all(storage, 1).await >= 2, "one at a time");
    let mut ended = Vec::new();
    for number in 1..=5 {
        ended.push(is_disconnected(storage, number).await);
    }
    // Their own, another's, their agent's, another's with that agent, an app's of the same name.
    assert_eq!(ended, [true, false, true, false, false]);
    for (tenant, is_there) in all_of.into_iter().zip(ended.iter().map(|ended| !ended)) {
        let found = tenants.find(tenant).await.unwrap();
        assert_eq!(found.is_some(), is_there, "{tenant}");
    }
    assert_eq!(audit_rows(storage).await, rows, "the deletion is audited");

    // An operator's app lives in the other's tenant: it goes on without the account.
    let mut kept = client(3);
    kept.client.tenant_id = shared.clone();
    storage.clients().insert(kept, entry(40)).await.unwrap();
    assert!(users.delete(&user_id(2), LATER, entry(41)).await.unwrap());
    end_all(storage, 10).await;
    assert!(is_disconnected(storage, 2).await);
    assert!(tenants.find(&shared).await.unwrap().is_some());
    let client = storage.clients().find(&client_id(3)).await.unwrap();
    assert_eq!(client.unwrap().status, ClientStatus::Active);
}

/// Of a client that is deleted the customers end with what they have linked, a few at a time; one that
/// somebody else sees stays (CA-1, CA-3).
pub async fn the_customers_of_a_deleted_client_end_a_few_at_a_time(storage: &dyn Storage) {
    filled(storage).await;
    let (clients, tenants) = (storage.clients(), storage.tenants());
    storage.users().insert(user(1), entry(20)).await.unwrap();
    clients.insert(client(2), entry(21)).await.unwrap();
    for number in 10..16 {
        // The last one is of another client.
        let of = client_id(1 + number / 15);
        let named = format!("c{number}");
        let made = tenants
            .find_or_insert_customer(&of, &named, tenant(number))
            .await;
        link(storage, number, &made.unwrap().id).await;
    }
    let (users, seen) = (storage.users(), tenant_id(14));
    let joined = users
        .insert_membership(&user_id(1), &seen, Role::Member, entry(22))
        .await;
    assert!(joined.unwrap());
    assert!(
        clients
            .delete(&client_id(1), LATER, entry(23))
            .await
            .unwrap()
    );
    assert!(end_all(storage, 2).await >= 3, "two at a time");
    for number in 10..16 {
        let is_theirs = number < 14;
        assert_eq!(
            is_disconnected(storage, number).await,
            is_theirs,
            "{number}"
        );
        let found = tenants.find(&tenant_id(number)).await.unwrap();
        assert_eq!(found.is_some(), !is_theirs, "{number}");
    }
    assert_eq!(end_all(storage, 2).await, 0);
}
