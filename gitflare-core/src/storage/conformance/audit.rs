//! What is promised of the security audit.

use super::prelude::*;

/// What changes something writes its row with it; what changes nothing writes none (LG-3).
pub async fn a_mutation_writes_one_audit_row_or_none(storage: &dyn Storage) {
    filled(storage).await;
    assert_eq!(audit_rows(storage).await, 6);
    let token = id(TokenId::parse, "atk_", 1);
    assert!(
        storage
            .tokens()
            .revoke(&token, NOW, entry(20))
            .await
            .unwrap()
    );
    assert!(
        !storage
            .tokens()
            .revoke(&token, NOW, entry(21))
            .await
            .unwrap()
    );
    assert!(
        !storage
            .authorizations()
            .revoke_grant(&grant_id(9), NOW, entry(22))
            .await
            .unwrap()
    );
    storage.audit().append(entry(23)).await.unwrap();
    let rows = storage.audit().list(all(1000)).await.unwrap();
    assert_eq!(rows.len(), 8);
    assert_eq!(rows.last(), Some(&entry(23)));
}

/// One row per mutation, in the same step, over the whole set of traits (LG-3).
pub async fn every_mutation_is_audited(storage: &dyn Storage) {
    filled(storage).await;
    let mut rows = audit_rows(storage).await;
    let mut number = 100;
    // Runs a mutation with the next entry and expects that entry, and it alone.
    macro_rules! audited {
        ($entry:ident => $mutation:expr) => {{
            number += 1;
            let $entry = entry(number);
            $mutation.await.unwrap();
            rows += 1;
            let list = storage.audit().list(all(1000)).await.unwrap();
            assert_eq!(list.len(), rows, stringify!($mutation));
            assert!(list.contains(&entry(number)), stringify!($mutation));
        }};
    }
    let person = SessionSubject::User(user_id(1));
    let (users, sessions) = (storage.users(), storage.sessions());
    let (clients, grants) = (storage.clients(), storage.authorizations());
    audited!(audit => users.insert(user(1), audit));
    audited!(audit => users.insert_membership(&user_id(1), &tenant_id(1), Role::Member, audit));
    for number in 1..4 {
        audited!(audit => sessions.insert(session(number, person.clone()), hash(number), Some(audit)));
    }
    audited!(audit => sessions.revoke(&session(1, person.clone()).id, audit));
    audited!(audit => sessions.revoke_all(&user_id(1), None, audit));
    audited!(audit => users.set_password(&user_id(1), PasswordHash::new("new"), audit));
    audited!(audit => users.delete(&user_id(1), NOW, audit));
    audited!(audit => clients.update(&client(1).client, audit));
    audited!(audit => storage.codes().insert(code(), hash(9), audit));
    audited!(audit => storage.subscriptions().insert(subscription(1), audit));
    let gone = subscription(1).subscription.id;
    audited!(audit => storage.subscriptions().delete(&tenant_id(1), &gone, NOW, audit));
    audited!(audit => grants.revoke_grant(&grant_id(1), NOW, audit));
    audited!(audit => grants.revoke(&authorization_id(1), NOW, audit));
    audited!(audit => storage.connections().revoke(&connection_id(2), NOW, audit));
    audited!(audit => clients.delete(&client_id(1), NOW, audit));
    audited!(audit => storage.audit().append(audit));
}
