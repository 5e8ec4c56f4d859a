//! What is promised of people.

use super::prelude::*;

/// Every member of a person survives, and an address is taken once.
pub async fn an_address_belongs_to_one_person(storage: &dyn Storage) {
    let users = storage.users();
    assert!(users.is_empty().await.unwrap());
    assert!(users.insert(user(1), entry(1)).await.unwrap());
    assert!(!users.is_empty().await.unwrap());
    let mut again = user(2);
    again.user.email.clone_from(&user(1).user.email);
    assert!(!users.insert(again, entry(2)).await.unwrap());
    assert_eq!(users.find(&user_id(2)).await.unwrap(), None);
    assert_eq!(storage.tenants().find(&tenant_id(102)).await.unwrap(), None);
    assert_eq!(
        users.find(&user_id(1)).await.unwrap(),
        Some(user(1).user),
        "the first one stays"
    );
    let found = users.find_by_email("p1@mail.example").await.unwrap();
    assert_eq!(found, Some((user(1).user, user(1).password)));
    assert_eq!(users.find_by_email("P1@mail.example").await.unwrap(), None);
    let own = Membership {
        tenant: user(1).tenant,
        role: Role::Owner,
    };
    assert_eq!(users.memberships(&user_id(1)).await.unwrap(), [own]);
    assert_eq!(audit_rows(storage).await, 1);
}

/// Of callers who sign up with the same address at once, one succeeds.
pub async fn an_address_that_two_callers_take_goes_to_one(storage: &dyn Storage) {
    let made = race((1..5).map(|number| async move {
        let mut new = user(number);
        new.user.email = "same@mail.example".into();
        let users = storage.users();
        users.insert(new, entry(number)).await.unwrap()
    }))
    .await;
    assert_eq!(made.iter().filter(|made| **made).count(), 1);
    assert_eq!(storage.tenants().list(all(10)).await.unwrap().len(), 1);
}

/// A membership needs both its ends and is made once.
pub async fn a_person_can_join_a_tenant_once(storage: &dyn Storage) {
    let users = storage.users();
    users.insert(user(1), entry(1)).await.unwrap();
    storage.tenants().insert(tenant(1), entry(2)).await.unwrap();
    let join = async |user, tenant, number| {
        users
            .insert_membership(&user_id(user), &tenant_id(tenant), Role::Member, entry(number))
            .await
            .unwrap()
    };
    assert!(join(1, 1, 3).await);
    assert!(!join(1, 1, 4).await);
    assert!(!join(1, 9, 5).await);
    assert!(!join(9, 1, 6).await);
    let roles: Vec<_> = users
        .memberships(&user_id(1))
        .await
        .unwrap()
        .into_iter()
        .map(|membership| (membership.tenant.id, membership.role))
        .collect();
    assert_eq!(
        roles,
        [
            (tenant_id(1), Role::Member),
            (tenant_id(101), Role::Owner)
        ]
    );
    assert_eq!(audit_rows(storage).await, 3);
    // What the tenant develops is now theirs to look at.
    for number in 1..=3 {
        let new = storage.clients().insert(client(number), entry(6 + number));
        new.await.unwrap();
    }
    storage.clients().delete(&client_id(2), LATER, entry(10)).await.unwrap();
    let own = async |user, limit| {
        let clients = storage.clients();
        clients.ids_of_person(&user_id(user), limit).await.unwrap()
    };
    assert_eq!(own(1, 10).await, [client_id(1), client_id(3)]);
    assert_eq!(own(1, 1).await, [client_id(1)]);
    assert!(own(9, 10).await.is_empty());
}

/// Whoever knew the old password is out (SE-5).
pub async fn a_new_password_ends_all_sessions(storage: &dyn Storage) {
    let users = storage.users();
    for number in [1, 2] {
        users.insert(user(number), entry(number)).await.unwrap();
        let session = session(number, SessionSubject::User(user_id(number)));
        let made = storage
            .sessions()
            .insert(session, hash(number), Some(entry(10 + number)));
        made.await.unwrap();
    }
    let new = PasswordHash::new("$argon2id$new");
    let set = users.set_password(&user_id(1), new.clone(), entry(20)).await.unwrap();
    assert!(set);
    let (_, stored) = users
        .find_by_email("p1@mail.example")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(stored, new);
    let sessions = storage.sessions();
    assert_eq!(sessions.find(&hash(1), NOW).await.unwrap(), None);
    assert!(sessions.find(&hash(2), NOW).await.unwrap().is_some());
    let set = users.set_password(&user_id(9), new, entry(21)).await.unwrap();
    assert!(!set);
}

/// A rehash that comes late does not bring an old password back (PW-1).
pub async fn a_rehash_never_undoes_a_change(storage: &dyn Storage) {
    let users = storage.users();
    users.insert(user(1), entry(1)).await.unwrap();
    let stored = async || {
        let found = users.find_by_email("p1@mail.example").await.unwrap();
        found.unwrap().1
    };
    let stronger = PasswordHash::new("stronger");
    users
        .rehash_password(&user_id(1), &user(1).password, stronger.clone())
        .await
        .unwrap();
    assert_eq!(stored().await, stronger);
    users
        .rehash_password(&user_id(1), &user(1).password, PasswordHash::new("late"))
        .await
        .unwrap();
    assert_eq!(stored().await, stronger);
}

/// Sessions, memberships and owned clients go with a person; tenants stay (CA-1).
pub async fn deleting_a_person_ends_what_was_theirs_alone(storage: &dyn Storage) {
    let users = storage.users();
    users.insert(user(1), entry(50)).await.unwrap();
    filled(storage).await;
    let mut owned = client(2);
    owned.client.owner_user_id = Some(user_id(1));
    storage.clients().insert(owned, entry(51)).await.unwrap();
    let bare = AccessToken {
        client_id: client_id(2),
        authorization_id: None,
        ..token(2, &[])
    };
    storage
        .tokens()
        .insert(bare, hash(2), entry(52))
        .await
        .unwrap();
    let session = session(1, SessionSubject::User(user_id(1)));
    storage
        .sessions()
        .insert(session, hash(1), Some(entry(53)))
        .await
        .unwrap();
    assert!(users.delete(&user_id(1), LATER, entry(54)).await.unwrap());
    assert!(!users.delete(&user_id(1), LATER, entry(55)).await.unwrap());
    assert_eq!(users.find(&user_id(1)).await.unwrap(), None);
    assert!(users.memberships(&user_id(1)).await.unwrap().is_empty());
    assert_eq!(storage.sessions().find(&hash(1), NOW).await.unwrap(), None);
    let live = storage
        .clients()
        .list(&ClientFilter::default(), all(10))
        .await
        .unwrap();
    assert_eq!(live, [client(1).client]);
    assert_eq!(
        token_of(storage, 2).await.unwrap().revoked_at,
        Some(LATER)
    );
    assert_eq!(token_of(storage, 1).await.unwrap().revoked_at, None);
    let tenant = storage.tenants().find(&tenant_id(101)).await.unwrap();
    assert!(tenant.is_some());
    assert_eq!(audit_rows(storage).await, 11);
    let mut successor = user(3);
    successor.user.email = user(1).user.email;
    let taken = users.insert(successor, entry(56)).await.unwrap();
    assert!(taken, "the address is free again");
}

/// What a person has let public clients read ends with them; an app's customer of that name is
/// somebody else.
pub async fn deleting_a_person_ends_what_they_let_agents_read(storage: &dyn Storage) {
    let_read(storage).await;
    storage.users().delete(&user_id(1), LATER, entry(30)).await.unwrap();
    only_the_agents_are_out(storage).await;
}

/// Whoever knew the old password may have let agents in (SE-5).
pub async fn a_new_password_ends_what_agents_may_read(storage: &dyn Storage) {
    let_read(storage).await;
    let new = PasswordHash::new("$argon2id$new");
    let set = storage.users().set_password(&user_id(1), new, entry(30)).await;
    assert!(set.unwrap());
    only_the_agents_are_out(storage).await;
}

/// A person with an agent, and an app's customer of the person's name.
async fn let_read(storage: &dyn Storage) {
    storage.users().insert(user(1), entry(1)).await.unwrap();
    let new = public_client(1, "https://agent.example/client.json");
    let made = storage.clients().register(new, tenant(1), entry(2));
    assert!(made.await.unwrap());
    storage.clients().insert(client(2), entry(3)).await.unwrap();
    for number in [1, 2] {
        let own = tenant(20 + number);
        let name = user_id(1);
        let customer = storage
            .tenants()
            .find_or_insert_customer(&client_id(number), name.as_str(), own)
            .await;
        let linked = Connection {
            tenant_id: Some(customer.unwrap().id),
            ..connection(number)
        };
        let made = storage.connections().insert(linked, sealed(), entry(3 + number));
        made.await.unwrap();
        let authorization = Authorization {
            tenant_id: tenant_id(20 + number),
            client_id: client_id(number),
            ..authorization(number)
        };
        let grant = Grant {
            tenant_id: tenant_id(20 + number),
            client_id: client_id(number),
            ..grant(number, number, Repositories::All)
        };
        let made = storage
            .authorizations()
            .insert_grant(authorization, grant, entry(10 + number));
        made.await.unwrap();
    }
    let own = storage.users().own_authorizations(&user_id(1)).await.unwrap();
    assert_eq!(own, [authorization_id(1)]);
}

async fn only_the_agents_are_out(storage: &dyn Storage) {
    let own = storage.users().own_authorizations(&user_id(1)).await.unwrap();
    assert_eq!(own, []);
    let status = async |number| {
        let found = storage.authorizations().find(&authorization_id(number)).await;
        found.unwrap().unwrap().status
    };
    assert_eq!(status(1).await, AuthorizationStatus::Revoked);
    assert_eq!(status(2).await, AuthorizationStatus::Active);
}
