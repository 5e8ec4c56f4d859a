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
