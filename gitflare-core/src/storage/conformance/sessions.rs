//! What is promised of sessions.

use super::prelude::*;

fn embed() -> SessionSubject {
    SessionSubject::Embed {
        client_id: client_id(1),
        tenant_id: tenant_id(1),
    }
}

fn person(number: usize) -> SessionSubject {
    SessionSubject::User(user_id(number))
}

fn after(seconds: i64) -> Timestamp {
    Timestamp::from_millis(NOW.as_millis() + seconds * 1000)
}

/// Two people, and sessions 1 to 3: of the first, of the second, of a customer.
async fn begun(storage: &dyn Storage) {
    filled(storage).await;
    for number in [1, 2] {
        let made = storage.users().insert(user(number), entry(20 + number));
        assert!(made.await.unwrap());
    }
    for (number, subject) in (1..).zip([person(1), person(2), embed()]) {
        let session = session(number, subject);
        let made = storage
            .sessions()
            .insert(session, hash(number), Some(entry(30 + number)));
        made.await.unwrap();
    }
}

/// A session that has gained a right goes on under another text (SE-2).
pub async fn a_renewed_session_is_found_by_its_new_text_alone(storage: &dyn Storage) {
    begun(storage).await;
    let sessions = storage.sessions();
    let id = session(3, embed()).id;
    assert!(sessions.renew(&id, hash(8)).await.unwrap());
    assert_eq!(sessions.find(&hash(3), NOW).await.unwrap(), None);
    let found = sessions.find(&hash(8), NOW).await.unwrap();
    assert_eq!(found, Some(session(3, embed())));
    assert!(sessions.revoke(&id, entry(40)).await.unwrap());
    assert!(!sessions.renew(&id, hash(9)).await.unwrap());
}

/// Twelve hours unused or seven days in all end a person's session, one hour or one day a
/// customer's (SE-1).
pub async fn a_session_ends_by_age_or_idleness(storage: &dyn Storage) {
    begun(storage).await;
    let sessions = storage.sessions();
    let found = sessions.find(&hash(3), NOW).await.unwrap();
    assert_eq!(found, Some(session(3, embed())));
    let found = sessions.find(&hash(1), NOW).await.unwrap();
    assert_eq!(found, Some(session(1, person(1))));
    assert_eq!(sessions.find(&hash(9), NOW).await.unwrap(), None);
    for (number, idle) in [(1, 12 * 3600), (3, 3600)] {
        for (seconds, lives) in [(idle - 1, true), (idle, false)] {
            let found = sessions.find(&hash(number), after(seconds)).await.unwrap();
            assert_eq!(found.is_some(), lives, "{number} after {seconds} s");
        }
    }
    for (session, days) in [(session(1, person(1)), 7), (session(3, embed()), 1)] {
        let used = Session {
            last_used_at: after(days * 86_400 - 1),
            ..session
        };
        assert!(used.is_live(after(days * 86_400 - 1)));
        assert!(!used.is_live(after(days * 86_400)));
    }
}

/// A revoked session is gone, once.
pub async fn an_ended_session_is_gone(storage: &dyn Storage) {
    begun(storage).await;
    let sessions = storage.sessions();
    let id = session(1, person(1)).id;
    let rows = audit_rows(storage).await;
    assert!(sessions.revoke(&id, entry(40)).await.unwrap());
    assert!(!sessions.revoke(&id, entry(41)).await.unwrap());
    assert_eq!(sessions.find(&hash(1), NOW).await.unwrap(), None);
    assert!(sessions.find(&hash(2), NOW).await.unwrap().is_some());
    assert_eq!(audit_rows(storage).await, rows + 1);
}

/// All sessions of one person end but the one that is kept; nobody else's do.
pub async fn sessions_of_a_person_end_together(storage: &dyn Storage) {
    begun(storage).await;
    let sessions = storage.sessions();
    for number in [4, 5] {
        let another = session(number, person(1));
        let made = sessions.insert(another, hash(number), Some(entry(30 + number)));
        made.await.unwrap();
    }
    let kept = session(4, person(1)).id;
    let rows = audit_rows(storage).await;
    let listed = sessions.list(&user_id(1), NOW).await.unwrap();
    assert!(listed.is_sorted_by(|a, b| a.id >= b.id) && listed.len() == 3, "{listed:?}");
    assert!(listed.iter().all(|it| it.subject == SessionSubject::User(user_id(1))));
    assert_eq!(sessions.list(&user_id(1), after(999_999)).await.unwrap(), []);
    let ended = sessions.revoke_all(&user_id(1), Some(&kept), entry(40)).await.unwrap();
    assert_eq!(ended, 2);
    let listed = sessions.list(&user_id(1), NOW).await.unwrap();
    assert_eq!(listed.iter().map(|it| &it.id).collect::<Vec<_>>(), [&kept]);
    let ended = sessions.revoke_all(&user_id(1), Some(&kept), entry(41)).await.unwrap();
    assert_eq!(ended, 0);
    for (number, lives) in [(1, false), (2, true), (3, true), (4, true), (5, false)] {
        let found = sessions.find(&hash(number), NOW).await.unwrap();
        assert_eq!(found.is_some(), lives, "{number}");
    }
    assert_eq!(audit_rows(storage).await, rows + 1);
    let ended = sessions.revoke_all(&user_id(1), None, entry(42)).await.unwrap();
    assert_eq!(ended, 1);
}

/// Purging takes what cannot be live any more, so many at a time.
pub async fn dead_sessions_are_purged(storage: &dyn Storage) {
    begun(storage).await;
    let sessions = storage.sessions();
    assert_eq!(sessions.purge_expired(after(3599), 9).await.unwrap(), 0);
    assert_eq!(sessions.purge_expired(after(3600), 9).await.unwrap(), 1);
    assert_eq!(sessions.find(&hash(3), NOW).await.unwrap(), None);
    assert_eq!(sessions.purge_expired(after(43_200), 1).await.unwrap(), 1);
    assert_eq!(sessions.purge_expired(after(43_200), 9).await.unwrap(), 1);
}

/// A workspace that strangers have opened goes with its last session; one that holds anything stays.
pub async fn a_workspace_that_holds_nothing_goes_with_its_last_session(storage: &dyn Storage) {
    // sec: SC-1
    filled(storage).await;
    let (tenants, sessions) = (storage.tenants(), storage.sessions());
    for (number, name) in [(7, "empty"), (8, "linked")] {
        tenants
            .find_or_insert_customer(&client_id(1), name, tenant(number))
            .await
            .unwrap();
        let subject = SessionSubject::Embed {
            client_id: client_id(1),
            tenant_id: tenant_id(number),
        };
        for at in [number, number + 10] {
            let made = sessions.insert(session(at, subject.clone()), hash(at), Some(entry(60 + at)));
            made.await.unwrap();
        }
    }
    let linked = Connection {
        tenant_id: Some(tenant_id(8)),
        ..connection(8)
    };
    let made = storage.connections().insert(linked, sealed(), entry(52));
    made.await.unwrap();
    let customers = async || {
        let mut found = Vec::new();
        for name in ["empty", "linked"] {
            let customer = tenants.find_customer(&client_id(1), name).await.unwrap();
            found.push(customer.is_some());
        }
        found
    };
    assert_eq!(sessions.purge_expired(after(3600), 2).await.unwrap(), 2);
    assert_eq!(customers().await, [true, true], "each has a session left");
    assert_eq!(sessions.purge_expired(after(3600), 9).await.unwrap(), 2);
    assert_eq!(customers().await, [false, true]);
    assert_eq!(tenants.find(&tenant_id(7)).await.unwrap(), None);
    // The name is free again.
    let again = tenants
        .find_or_insert_customer(&client_id(1), "empty", tenant(9))
        .await
        .unwrap();
    assert_eq!(again.id, tenant_id(9));
}
