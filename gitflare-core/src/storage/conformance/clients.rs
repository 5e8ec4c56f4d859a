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
