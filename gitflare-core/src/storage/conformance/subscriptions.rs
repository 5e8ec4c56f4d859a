//! What is promised of event subscriptions.

use super::prelude::*;

async fn insert(storage: &dyn Storage, number: usize) {
    let made = storage
        .subscriptions()
        .insert(subscription(number), entry(100 + number));
    made.await.unwrap();
}

async fn listed_ids(storage: &dyn Storage) -> Vec<SubscriptionId> {
    let rows = storage
        .subscriptions()
        .list(&tenant_id(1), &client_id(1), None, all(10))
        .await
        .unwrap();
    rows.into_iter().map(|row| row.subscription.id).collect()
}

/// A foreign tenant's id is as unknown as one that never was (TN-2).
pub async fn a_subscription_is_seen_by_its_tenant_alone(storage: &dyn Storage) {
    filled(storage).await;
    insert(storage, 2).await;
    insert(storage, 1).await;
    let store = storage.subscriptions();
    let ids = [subscription(1), subscription(2)].map(|row| row.subscription.id);
    let find = async |tenant, id| store.find(&tenant_id(tenant), id).await.unwrap();
    assert_eq!(find(1, &ids[0]).await, Some(subscription(1)));
    assert_eq!(find(2, &ids[0]).await, None);
    assert_eq!(listed_ids(storage).await, ids);
    let others = store.list(&tenant_id(1), &client_id(2), None, all(10)).await.unwrap();
    assert!(others.is_empty());
    let behind = ListRange {
        after: Some(ids[0].as_str()),
        limit: 10,
    };
    let rest = store.list(&tenant_id(1), &client_id(1), None, behind).await.unwrap();
    assert_eq!(rest, [subscription(2)]);

    let delete = async |tenant, number| {
        store
            .delete(&tenant_id(tenant), &ids[0], NOW, entry(number))
            .await
            .unwrap()
    };
    let rows = audit_rows(storage).await;
    assert!(!delete(2, 200).await);
    assert!(delete(1, 201).await);
    assert!(!delete(1, 202).await);
    assert_eq!(find(1, &ids[0]).await, None);
    assert_eq!(listed_ids(storage).await, [ids[1].clone()]);
    assert_eq!(audit_rows(storage).await, rows + 1);
}

/// Ending a grant, an authorization, a connection or a client ends what is delivered under it
/// (CA-1, SR-10).
pub async fn a_subscription_ends_with_what_it_stands_on(storage: &dyn Storage) {
    filled(storage).await;
    let grants = storage.authorizations();
    let renew = async |number| {
        let grant = grant(number, 1, Repositories::All);
        let made = grants.insert_grant(authorization(number), grant, entry(300 + number));
        made.await.unwrap().0.id
    };
    insert(storage, 1).await;
    let ended = grants.revoke_grant(&grant_id(1), NOW, entry(200)).await.unwrap();
    assert!(ended);
    assert!(listed_ids(storage).await.is_empty());

    renew(2).await;
    insert(storage, 2).await;
    let ended = grants.revoke(&authorization_id(1), NOW, entry(201)).await.unwrap();
    assert!(ended);
    assert!(listed_ids(storage).await.is_empty());

    let authorization_id = renew(3).await;
    let third = StoredSubscription {
        authorization_id: authorization_id.clone(),
        ..subscription(3)
    };
    let store = storage.subscriptions();
    store.insert(third, entry(103)).await.unwrap();
    let connections = storage.connections();
    let ended = connections.revoke(&connection_id(1), NOW, entry(202)).await.unwrap();
    assert!(ended);
    assert!(listed_ids(storage).await.is_empty());

    let fourth = StoredSubscription {
        authorization_id,
        connection_id: connection_id(2),
        ..subscription(4)
    };
    store.insert(fourth, entry(104)).await.unwrap();
    assert_eq!(listed_ids(storage).await.len(), 1);
    let clients = storage.clients();
    let ended = clients.delete(&client_id(1), NOW, entry(203)).await.unwrap();
    assert!(ended);
    assert!(listed_ids(storage).await.is_empty());
}

/// A customer who takes a repository off the list, or the permission to hear of events, ends what is
/// delivered under it, and nothing else (SR-10).
pub async fn a_subscription_ends_when_its_grant_is_narrowed(storage: &dyn Storage) {
    filled(storage).await;
    let share = async |permissions: &[Scope], list: &[(&str, &str)], number| {
        let sharing = Sharing {
            authorization: authorization(number),
            grants: vec![Grant {
                permissions: permissions.iter().copied().collect(),
                ..grant(number, 1, listed(list))
            }],
            dropped: Vec::new(),
            at: NOW,
        };
        let shared = storage.authorizations().share(sharing, entry(300 + number)).await;
        shared.unwrap();
    };
    let events = [Scope::ReadBranches, Scope::EventsSubscribe];
    let both = [("7", "octo/seven"), ("8", "octo/eight")];
    share(&events, &both, 2).await;
    insert(storage, 1).await;
    let mut other = subscription(2);
    other.subscription.repository_id = "8".into();
    let store = storage.subscriptions();
    store.insert(other.clone(), entry(102)).await.unwrap();
    assert_eq!(listed_ids(storage).await.len(), 2);

    share(&events, &both[1..], 3).await;
    let rest = [other.subscription.id.clone()];
    assert_eq!(listed_ids(storage).await, rest);
    let ended = subscription(1).subscription.id;
    let queued = storage.cleanup().find(CleanupKind::DeleteHook, ended.as_str()).await;
    assert!(queued.unwrap().is_some(), "its hook is removed");

    share(&[Scope::ReadBranches, Scope::EventsSubscribe], &both, 4).await;
    assert_eq!(listed_ids(storage).await, rest, "what has ended stays so");
    share(&[Scope::ReadBranches], &both, 5).await;
    assert!(listed_ids(storage).await.is_empty());
}

/// However a subscription ends, the removal of its hook is queued with it, and its row stays until
/// that is done (CA-2, SR-10).
pub async fn the_hook_of_an_ended_subscription_is_queued_for_removal(storage: &dyn Storage) {
    filled(storage).await;
    let store = storage.subscriptions();
    for number in [1, 2] {
        insert(storage, number).await;
    }
    let ids = [subscription(1), subscription(2)].map(|row| row.subscription.id);
    assert!(store.find_live(&ids[0]).await.unwrap().is_some());
    assert!(store.find_ended(&ids[0]).await.unwrap().is_none());
    assert!(store.delete(&tenant_id(1), &ids[0], NOW, entry(200)).await.unwrap());
    let connections = storage.connections();
    assert!(connections.revoke(&connection_id(1), NOW, entry(201)).await.unwrap());
    for id in &ids {
        assert!(store.find_live(id).await.unwrap().is_none());
        assert!(store.find_ended(id).await.unwrap().is_some());
        let queue = storage.cleanup();
        let job = queue.find(CleanupKind::DeleteHook, id.as_str()).await.unwrap();
        assert_eq!(job.unwrap().connection_id, connection_id(1));
        while !store.forget(id).await.unwrap() {}
        assert!(store.find_ended(id).await.unwrap().is_none());
    }
}

/// An app changes what it hears about, and where.
pub async fn a_subscription_is_changed_while_it_lives(storage: &dyn Storage) {
    filled(storage).await;
    insert(storage, 1).await;
    let store = storage.subscriptions();
    let mut changed = subscription(1);
    changed.subscription.active = false;
    changed.subscription.callback_url = "https://app.example/other".into();
    changed.hook_id = Some("other".into());
    changed.sealed_hook_secret = Some(vec![9]);
    let made = store.update(&subscription(1), &changed, None, entry(200)).await;
    assert!(made.unwrap());
    let id = &changed.subscription.id;
    assert_eq!(store.find_live(id).await.unwrap().as_ref(), Some(&changed));
    assert!(store.delete(&tenant_id(1), id, NOW, entry(201)).await.unwrap());
    let rows = audit_rows(storage).await;
    let late = store.update(&changed, &changed, None, entry(202)).await;
    assert!(!late.unwrap());
    assert_eq!(audit_rows(storage).await, rows);
}

/// The removal of a hook of subscription 1.
fn removal(hook_id: &str) -> CleanupJob {
    CleanupJob {
        kind: CleanupKind::DeleteUnusedHook,
        subject: format!("[\"sub_0001\",\"7\",\"{hook_id}\"]"),
        provider: ProviderId::GITHUB,
        connection_id: connection_id(1),
        tenant_id: Some(tenant_id(1)),
        api_base_url: None,
        tokens: SealedTokens::default(),
        attempts: 0,
        next_attempt_at: NOW,
        created_at: NOW,
    }
}

/// Of two changes to what both have read one is made, and the other is told; the hook that nobody
/// needs any more is queued with the change that replaces it, and with no other (SR-10).
pub async fn a_change_is_made_to_what_was_read(storage: &dyn Storage) {
    filled(storage).await;
    insert(storage, 1).await;
    let store = storage.subscriptions();
    let old = &subscription(1);
    let with_hook = |id: &str| {
        let mut changed = subscription(1);
        changed.hook_id = Some(id.to_owned());
        changed.sealed_hook_secret = Some(vec![9]);
        changed
    };
    let made = race((0..4).map(|number: usize| async move {
        let hook_id = format!("h{number}");
        let unused = Some(removal(&hook_id));
        store
            .update(old, &with_hook(&hook_id), unused, entry(200 + number))
            .await
            .unwrap()
    }))
    .await;
    assert_eq!(made.iter().filter(|made| **made).count(), 1, "{made:?}");
    let first = made.iter().position(|made| *made).unwrap();
    for number in 0..4 {
        let job = removal(&format!("h{number}"));
        let queued = storage.cleanup().find(job.kind, &job.subject).await.unwrap();
        assert_eq!(queued.is_some(), number == first, "{number}");
    }

    // A change that keeps the hook leaves its secret, which may have been encrypted anew.
    let now = with_hook(&format!("h{first}"));
    let mut paused = now.clone();
    paused.subscription.active = false;
    paused.sealed_hook_secret = Some(vec![1]);
    assert!(store.update(&now, &paused, None, entry(210)).await.unwrap());
    let kept = StoredSubscription {
        sealed_hook_secret: Some(vec![9]),
        ..paused.clone()
    };
    let id = &old.subscription.id;
    assert_eq!(store.find_live(id).await.unwrap(), Some(kept.clone()));
    let rows = audit_rows(storage).await;
    let late = store.update(&now, &paused, None, entry(211)).await;
    assert!(!late.unwrap(), "it is not as it was read");
    assert_eq!(audit_rows(storage).await, rows);
    assert_eq!(store.find_live(id).await.unwrap(), Some(kept));
}

/// A token's connections narrow what is listed to what they carry.
pub async fn subscriptions_are_listed_through_connections(storage: &dyn Storage) {
    filled(storage).await;
    insert(storage, 1).await;
    let store = storage.subscriptions();
    let other = StoredSubscription {
        connection_id: connection_id(2),
        ..subscription(2)
    };
    store.insert(other, entry(120)).await.unwrap();
    let through = async |numbers: &[usize]| {
        let ids: Vec<_> = numbers.iter().map(|number| connection_id(*number)).collect();
        let rows = store.list(&tenant_id(1), &client_id(1), Some(&ids), all(10)).await;
        let rows = rows.unwrap().into_iter();
        rows.map(|row| row.subscription.id).collect::<Vec<_>>()
    };
    let ids = [subscription(1), subscription(2)].map(|row| row.subscription.id);
    assert_eq!(through(&[1]).await, ids[..1]);
    assert_eq!(through(&[2]).await, ids[1..]);
    assert_eq!(through(&[1, 2]).await, ids);
    assert!(through(&[]).await.is_empty());
    assert!(through(&[9]).await.is_empty());
}

/// An app has at most so many subscriptions on one repository; one that is deleted makes room.
pub async fn subscriptions_on_a_repository_are_bounded(storage: &dyn Storage) {
    // sec: SC-6
    filled(storage).await;
    let store = storage.subscriptions();
    for number in 1..=MAX_SUBSCRIPTIONS {
        insert(storage, number).await;
    }
    let row = subscription(1);
    let count = async || {
        let (provider, repository) = (row.subscription.provider, &row.subscription.repository_id);
        store
            .count_live(&tenant_id(1), &client_id(1), provider, repository)
            .await
            .unwrap()
    };
    assert_eq!(count().await, MAX_SUBSCRIPTIONS);
    let refused = store.insert(subscription(90), entry(190)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidRequest);
    let mut other = subscription(91);
    other.subscription.repository_id = "another".into();
    store.insert(other, entry(191)).await.unwrap();
    let gone = store
        .delete(&tenant_id(1), &row.subscription.id, NOW, entry(192))
        .await
        .unwrap();
    assert!(gone);
    assert_eq!(count().await, MAX_SUBSCRIPTIONS - 1);
    store.insert(subscription(90), entry(193)).await.unwrap();
}
