//! What is promised of access tokens and of the access that is read with them.

use super::prelude::*;

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
    assert_eq!(found.client_public_id, None, "an app has no other id");
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
        provider: ProviderId::GITLAB,
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
        node_id: Some("R_2".into()),
        default_branch: Some("trunk".into()),
    };
    store
        .note_seen(&grant_id(1), vec![renamed.clone()])
        .await
        .unwrap();
    let nameless = ApprovedRepository {
        node_id: None,
        default_branch: None,
        ..renamed.clone()
    };
    store.note_seen(&grant_id(1), vec![nameless]).await.unwrap();
    let kept = store.find_grant(&grant_id(1)).await.unwrap().unwrap();
    let Repositories::Listed(kept) = kept.repositories else {
        panic!("a list was stored");
    };
    assert_eq!(kept[1], renamed, "what is not known takes nothing away");
    assert_eq!(approved("octo/new").await.as_deref(), Some("2"));
    assert_eq!(approved("octo/two").await, None);
    let (client, tenant) = (client_id(1), tenant_id(1));
    let asked = |repository: &str, provider| CustomerRepository {
        client: client.clone(),
        tenant: tenant.clone(),
        provider,
        repository: repository.into(),
    };
    let (github, gitlab) = (ProviderId::GITHUB, ProviderId::GITLAB);
    let asked = [asked("9", github), asked("2", github), asked("2", gitlab), asked("2", github)];
    let named = Some("octo/new".to_owned());
    assert_eq!(
        store.repository_names(&asked).await.unwrap(),
        [None, named.clone(), None, named]
    );
    assert!(store.repository_names(&[]).await.unwrap().is_empty());
    let unknown = ApprovedRepository {
        id: "9".into(),
        full_name: "octo/nine".into(),
        node_id: None,
        default_branch: None,
    };
    store.note_seen(&grant_id(1), vec![unknown]).await.unwrap();
    assert_eq!(approved("octo/nine").await, None);
}

/// Purging takes tokens that ended before a moment, so many at a time.
pub async fn expired_tokens_are_purged(storage: &dyn Storage) {
    // sec: SC-5
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

/// Every filter narrows.
pub async fn tokens_are_listed_by_what_they_stand_on(storage: &dyn Storage) {
    filled(storage).await;
    let bare = AccessToken {
        authorization_id: None,
        ..token(2, &[])
    };
    let tokens = storage.tokens();
    tokens.insert(bare, hash(2), entry(20)).await.unwrap();
    for (filter, expected) in [
        (TokenFilter::default(), vec![1, 2]),
        (
            TokenFilter {
                tenant: Some(tenant_id(1)),
                client: Some(client_id(1)),
                ..TokenFilter::default()
            },
            vec![1, 2],
        ),
        (
            TokenFilter {
                authorization: Some(authorization_id(1)),
                ..TokenFilter::default()
            },
            vec![1],
        ),
        (
            TokenFilter {
                tenant: Some(tenant_id(2)),
                ..TokenFilter::default()
            },
            vec![],
        ),
        (
            TokenFilter {
                client: Some(client_id(2)),
                ..TokenFilter::default()
            },
            vec![],
        ),
        (
            TokenFilter {
                id: Some(token_id(2)),
                ..TokenFilter::default()
            },
            vec![2],
        ),
    ] {
        let rows = tokens.list(&filter, all(10)).await.unwrap();
        let ids: Vec<_> = rows.into_iter().map(|token| token.id).collect();
        let expected: Vec<_> = expected.into_iter().map(token_id).collect();
        assert_eq!(ids, expected, "{filter:?}");
    }
}
