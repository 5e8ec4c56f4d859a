//! What is promised of connections.

use super::prelude::*;

/// Every member of a connection survives, its encrypted tokens too.
pub async fn a_connection_comes_back_as_it_was(storage: &dyn Storage) {
    storage.tenants().insert(tenant(1), entry(1)).await.unwrap();
    let connections = storage.connections();
    connections
        .insert(connection(1), sealed(), entry(2))
        .await
        .unwrap();
    let unclaimed_connection = Connection {
        tenant_id: None,
        ..connection(2)
    };
    connections
        .insert(unclaimed_connection.clone(), SealedTokens::default(), entry(3))
        .await
        .unwrap();
    let found = connections
        .find_with_tokens(&connection_id(1))
        .await
        .unwrap();
    assert_eq!(found, Some((connection(1), sealed())));
    assert_eq!(
        connections.find(&connection_id(2)).await.unwrap(),
        Some(unclaimed_connection)
    );
    let filter = ConnectionFilter {
        tenant: Some(tenant_id(1)),
        provider: Some(ProviderId::GITHUB),
    };
    assert_eq!(
        connections.list(&filter, all(10)).await.unwrap(),
        [connection(1)]
    );
    let filter = ConnectionFilter {
        tenant: None,
        provider: Some(ProviderId::GITLAB),
    };
    assert!(connections.list(&filter, all(10)).await.unwrap().is_empty());
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

fn linked(number: usize, account: &str) -> Connection {
    Connection {
        mode: ConnectionMode::Oauth,
        account_id: account.into(),
        ..connection(number)
    }
}

async fn link(storage: &dyn Storage, new: Connection, audit: usize) -> ConnectionId {
    let linked = storage.connections().link(new, sealed(), entry(audit)).await;
    linked.unwrap()
}

async fn stored(storage: &dyn Storage, number: usize) -> (Connection, SealedTokens) {
    let found = storage.connections().find_with_tokens(&connection_id(number)).await;
    found.unwrap().unwrap()
}

/// The same account again is the same connection, whatever it is called now (PC-8).
pub async fn an_account_is_linked_once_per_tenant(storage: &dyn Storage) {
    for number in [1, 2] {
        let made = storage.tenants().insert(tenant(number), entry(number));
        made.await.unwrap();
    }
    assert_eq!(link(storage, linked(1, "77"), 10).await, connection_id(1));
    let renamed = Connection {
        login: Some("renamed".into()),
        ..linked(2, "77")
    };
    assert_eq!(link(storage, renamed.clone(), 11).await, connection_id(1));
    assert_eq!(audit_rows(storage).await, 3);
    let renewed = Connection {
        id: connection_id(1),
        ..renamed
    };
    assert_eq!(link(storage, renewed.clone(), 12).await, connection_id(1));
    let renewed_tokens = SealedTokens {
        version: 1,
        ..sealed()
    };
    assert_eq!(stored(storage, 1).await, (renewed, renewed_tokens));

    let elsewhere = Connection {
        tenant_id: Some(tenant_id(2)),
        ..linked(3, "77")
    };
    assert_eq!(link(storage, elsewhere, 13).await, connection_id(3));
    assert_eq!(link(storage, linked(4, "78"), 14).await, connection_id(4));
    let racers = (5..9).map(|number| link(storage, linked(number, "79"), 20 + number));
    let ids = race(racers).await;
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");

    let connections = storage.connections();
    let find = async |account| {
        let found = connections.find_linked(&tenant_id(1), ProviderId::GITHUB, account).await;
        found.unwrap()
    };
    assert_eq!(find("78").await, Some(connection_id(4)));
    let ended = connections.revoke(&connection_id(4), NOW, entry(40)).await;
    assert!(ended.unwrap());
    assert_eq!(find("78").await, None);
    assert_eq!(link(storage, linked(9, "78"), 41).await, connection_id(9));
}

/// One refresher at a time, and a losing one never overwrites (PC-9).
pub async fn one_refresher_replaces_the_tokens(storage: &dyn Storage) {
    filled(storage).await;
    let connections = storage.connections();
    let id = connection_id(1);
    let begin = |now, until| connections.begin_refresh(&id, 0, now, until);
    let begun = race((0..8).map(|_| begin(NOW, LATER))).await;
    let begun: Vec<bool> = begun.into_iter().map(Result::unwrap).collect();
    assert_eq!(begun.iter().filter(|may| **may).count(), 1, "{begun:?}");
    connections.abandon_refresh(&id, 0).await.unwrap();
    assert!(begin(NOW, LATER).await.unwrap());
    assert!(begin(LATER, LATER).await.unwrap(), "the one who died keeps others away");

    let new = SealedTokens {
        access_token: Some(vec![7; 40]),
        refresh_token: Some(vec![8; 40]),
        ..SealedTokens::default()
    };
    let finish = |version| connections.finish_refresh(&id, version, new.clone());
    assert!(finish(0).await.unwrap());
    assert!(!finish(0).await.unwrap());
    let (_, tokens) = stored(storage, 1).await;
    assert_eq!(tokens, SealedTokens { version: 1, ..new.clone() });
    assert!(!begin(LATER, LATER).await.unwrap(), "that version is gone");
    assert!(connections.begin_refresh(&id, 1, NOW, LATER).await.unwrap());

    let ended = connections.revoke(&id, NOW, entry(20)).await;
    assert!(ended.unwrap());
    assert!(!finish(1).await.unwrap());
    assert_eq!(stored(storage, 1).await.1.access_token, None);
}

/// A refusal counts for the tokens that were refused, and linking again clears it.
pub async fn refused_tokens_mark_their_connection(storage: &dyn Storage) {
    storage.tenants().insert(tenant(1), entry(1)).await.unwrap();
    link(storage, linked(1, "77"), 2).await;
    let connections = storage.connections();
    let id = connection_id(1);
    let refuse = async |version, audit| {
        let cause = ReconnectCause::RefreshRefused;
        connections.refuse(&id, version, cause, entry(audit)).await.unwrap()
    };
    assert!(!refuse(1, 3).await);
    assert!(refuse(0, 4).await);
    assert!(!refuse(0, 5).await);
    assert_eq!(audit_rows(storage).await, 3);
    let (found, _) = stored(storage, 1).await;
    assert_eq!(
        (found.status, found.reconnect_cause),
        (
            ConnectionStatus::NeedsReconnect,
            Some(ReconnectCause::RefreshRefused)
        )
    );
    assert!(!connections.begin_refresh(&id, 0, NOW, LATER).await.unwrap());
    let waiting = connections.count_to_reconnect().await.unwrap();
    assert_eq!(waiting, [(linked(1, "77").provider, 1)]);
    link(storage, linked(1, "77"), 6).await;
    assert_eq!(stored(storage, 1).await.0, linked(1, "77"));
    assert_eq!(connections.count_to_reconnect().await.unwrap(), []);
}
