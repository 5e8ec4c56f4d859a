//! What is promised of encrypted values.

use super::prelude::*;

/// A ciphertext of a key, as far as a storage can tell.
fn by_key(key_id: u8, rest: u8) -> Vec<u8> {
    let mut sealed = vec![rest; 40];
    sealed[..2].copy_from_slice(&[1, key_id]);
    sealed
}

fn tokens(key_id: u8) -> SealedTokens {
    SealedTokens {
        access_token: Some(by_key(key_id, 7)),
        refresh_token: Some(by_key(key_id, 8)),
        ..SealedTokens::default()
    }
}

/// Values of other keys are found wherever they are, and replaced unless they changed meanwhile.
pub async fn values_of_other_keys_are_replaced(storage: &dyn Storage) {
    filled(storage).await;
    let oauth = Connection {
        mode: ConnectionMode::Oauth,
        account_id: "77".into(),
        ..connection(3)
    };
    let connections = storage.connections();
    connections.insert(oauth, tokens(1), entry(20)).await.unwrap();
    let made = storage.subscriptions().insert(
        StoredSubscription {
            sealed_hook_secret: Some(by_key(1, 2)),
            sealed_secret: by_key(1, 3),
            ..subscription(1)
        },
        entry(21),
    );
    made.await.unwrap();
    let sealed = storage.sealed();
    let list = async |place, after| sealed.list(place, 5, after, 10).await.unwrap();
    for (place, key, row) in [
        (SealedPlace::SubscriptionSecret, "sub_0001", "sub_0001"),
        (SealedPlace::SubscriptionHookSecret, "sub_0001", "sub_0001"),
        (SealedPlace::ClientEmbedSecret, "client_0001", "client_0001"),
    ] {
        let found = list(place, None).await;
        let found: Vec<_> = found.iter().map(|v| (&*v.key, &*v.row, &*v.tenant)).collect();
        assert_eq!(found, [(key, row, "tenant_0001")], "{place:?}");
    }
    let place = SealedPlace::ConnectionAccessToken;
    let all = list(place, None).await;
    assert_eq!(all.len(), 3, "{all:?}");
    let behind = list(place, Some(&all[1].key)).await;
    assert_eq!(behind, all[2..]);
    assert_eq!(behind[0].sealed, by_key(1, 7));

    let moved = SealedValue {
        sealed: by_key(1, 9),
        ..behind[0].clone()
    };
    let replaced = sealed.replace(vec![
        (behind[0].clone(), by_key(5, 7)),
        (moved, by_key(5, 1)),
    ]);
    assert_eq!(replaced.await.unwrap(), 1);
    let (_, stored) = connections.find_with_tokens(&connection_id(3)).await.unwrap().unwrap();
    assert_eq!(stored.access_token, Some(by_key(5, 7)));
    assert_eq!(stored.version, 0, "the tokens are the same");
    assert_eq!(list(place, None).await.len(), 2);

    // Tokens keep their connection's cell when they are queued to be revoked.
    let ended = connections.revoke(&connection_id(3), NOW, entry(30)).await;
    assert!(ended.unwrap());
    let queued = list(SealedPlace::CleanupRefreshToken, None).await;
    let queued: Vec<_> = queued.iter().map(|v| (&*v.row, &*v.tenant, &v.sealed)).collect();
    assert_eq!(queued, [("conn_0003", "tenant_0001", &by_key(1, 8))]);
}
