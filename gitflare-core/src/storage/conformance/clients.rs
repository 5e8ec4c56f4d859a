//! What is promised of clients and their secrets.

use super::prelude::*;

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

/// A tenant has at most so many live clients; one that is deleted makes room, and others have their own.
pub async fn clients_of_a_tenant_are_bounded(storage: &dyn Storage) {
    // sec: SC-6
    const OVER: usize = MAX_CLIENTS + 1;
    storage.tenants().insert(tenant(1), entry(1)).await.unwrap();
    storage.tenants().insert(tenant(2), entry(2)).await.unwrap();
    let store = storage.clients();
    for number in 1..=MAX_CLIENTS {
        store.insert(client(number), entry(10 + number)).await.unwrap();
    }
    let refused = store.insert(client(OVER), entry(2 * OVER)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidRequest);
    assert!(refused.message().contains("delete one"), "{refused:?}");
    assert_eq!(store.find(&client_id(OVER)).await.unwrap(), None);
    let mut other = client(OVER + 1);
    other.client.tenant_id = tenant_id(2);
    store.insert(other, entry(2 * OVER + 1)).await.unwrap();
    assert!(store.delete(&client_id(1), LATER, entry(2 * OVER + 2)).await.unwrap());
    store.insert(client(OVER), entry(2 * OVER + 3)).await.unwrap();
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

/// Of two callers who add the second secret at once, one succeeds.
pub async fn a_second_secret_that_two_callers_add_is_one(storage: &dyn Storage) {
    filled(storage).await;
    let client = &client_id(1);
    let added = race((2..4).map(|number| async move {
        let secret = ClientSecret {
            id: id(SecretId::parse, "secret_", number),
            created_at: NOW,
            last_used_at: None,
        };
        storage
            .clients()
            .insert_secret(client, secret, hash(number), entry(20 + number))
            .await
            .unwrap()
    }))
    .await;
    assert_eq!(added.iter().filter(|added| **added).count(), 1);
    assert_eq!(audit_rows(storage).await, 7);
}

/// The first time stores it, every other time replaces what it says of itself; one that was deleted
/// stays so.
pub async fn a_public_client_is_registered_as_often_as_it_asks(storage: &dyn Storage) {
    let clients = storage.clients();
    let url = "https://agent.example/client.json";
    let new = || public_client(1, url);
    assert!(clients.register(new(), tenant(1), entry(1)).await.unwrap());
    let stored = clients.find(&client_id(1)).await.unwrap();
    assert_eq!(stored, Some(new().client));
    // Its tokens name it by what it calls itself: whether it is still let in is asked with each.
    let bare = AccessToken {
        authorization_id: None,
        ..token(1, &[])
    };
    storage.tokens().insert(bare, hash(1), entry(10)).await.unwrap();
    assert_eq!(access(storage, None).await.client_public_id.as_deref(), Some(url));
    assert_eq!(clients.secret_hashes(&client_id(1)).await.unwrap(), []);
    let owner = storage.tenants().find(&tenant_id(1)).await.unwrap();
    assert_eq!(owner, Some(tenant(1)));
    let mut changed = new();
    changed.client.name = "Other".into();
    changed.client.allowed_redirect_uris = vec!["http://127.0.0.1/cb".into()];
    changed.client.created_at = LATER;
    changed.client.updated_at = LATER;
    let expected = Client {
        created_at: NOW,
        ..changed.client.clone()
    };
    assert!(clients.register(changed, tenant(1), entry(2)).await.unwrap());
    assert_eq!(clients.find(&client_id(1)).await.unwrap(), Some(expected));
    clients.delete(&client_id(1), LATER, entry(3)).await.unwrap();
    let rows = audit_rows(storage).await;
    assert!(!clients.register(new(), tenant(1), entry(4)).await.unwrap());
    assert_eq!(audit_rows(storage).await, rows);
}

/// A public client is unused without a good refresh token; its row goes when nothing refers to it.
pub async fn a_public_client_that_nobody_uses_is_forgotten(storage: &dyn Storage) {
    let clients = storage.clients();
    let new = public_client(1, "https://agent.example/client.json");
    assert!(clients.register(new, tenant(1), entry(1)).await.unwrap());
    clients.insert(client(2), entry(2)).await.unwrap();
    let unused = async |before, now| {
        let found = clients.list_unused(before, now, 10).await.unwrap();
        found.into_iter().map(|client| client.id).collect::<Vec<_>>()
    };
    assert_eq!(unused(NOW, NOW).await, []);
    assert_eq!(unused(LATER, NOW).await, [client_id(1)]);
    let forget = async |number| clients.forget(&client_id(number), LATER).await.unwrap();
    assert!(!forget(2).await, "an app stays");
    let customer = storage
        .tenants()
        .find_or_insert_customer(&client_id(1), "user_1", tenant(5))
        .await;
    customer.unwrap();
    assert!(!forget(1).await, "it has a customer");
    assert_eq!(unused(LATER, NOW).await, [], "it is looked at later");

    let other = public_client(3, "registered");
    assert!(clients.register(other, tenant(1), entry(3)).await.unwrap());
    assert!(forget(3).await);
    assert_eq!(clients.find(&client_id(3)).await.unwrap(), None);
    assert!(!forget(3).await);
}

/// Website, privacy policy, purposes and logo come back as they were, and end with the client.
pub async fn what_a_client_tells_of_itself_goes_with_it(storage: &dyn Storage) {
    filled(storage).await;
    let clients = storage.clients();
    let id = client_id(1);
    assert_eq!(clients.profile(&id).await.unwrap(), AppProfile::default());
    let mut profile = AppProfile {
        website: Some("https://acme.example".into()),
        privacy_url: Some("https://acme.example/privacy".into()),
        purposes: [(Scope::ReadCommits, "Charts of how you deliver.".to_owned())].into(),
        logo: Some(vec![0, 1, 2, 255]),
    };
    let set = async |profile: &AppProfile, audit| {
        let profile = profile.clone();
        clients.set_profile(&id, profile, entry(audit)).await.unwrap()
    };
    assert!(set(&profile, 70).await);
    assert_eq!(clients.profile(&id).await.unwrap(), profile);
    profile.logo = None;
    assert!(set(&profile, 71).await);
    assert_eq!(clients.profile(&id).await.unwrap(), profile);
    assert!(clients.delete(&id, LATER, entry(72)).await.unwrap());
    assert_eq!(clients.profile(&id).await.unwrap(), AppProfile::default());
    assert!(!set(&profile, 73).await);
    assert_eq!(clients.profile(&id).await.unwrap(), AppProfile::default());
}
