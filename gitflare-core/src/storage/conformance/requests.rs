//! What is promised of authorization requests and of what they share.

use super::prelude::*;

const REQUEST: usize = 700;
const CODE: usize = 800;

fn embed() -> SessionSubject {
    SessionSubject::Embed {
        client_id: client_id(1),
        tenant_id: tenant_id(1),
    }
}

fn request() -> PendingRequest {
    PendingRequest {
        client_id: client_id(1),
        tenant_id: tenant_id(1),
        session_id: session(1, embed()).id,
        redirect_uri: code().redirect_uri,
        registered_uri: code().registered_uri,
        sealed_state: Some(vec![7; 40]),
        code_challenge: None,
        permissions: Scopes::from_iter([Scope::ReadTags, Scope::ReadBranches]),
        customer_name: Some("Acme".into()),
        created_at: NOW,
        expires_at: LATER,
    }
}

/// What [`filled`] makes, a customer's session and a request of it.
async fn asked(storage: &dyn Storage) {
    filled(storage).await;
    let made = storage
        .sessions()
        .insert(session(1, embed()), hash(1), Some(entry(20)));
    made.await.unwrap();
    let made = storage.requests().insert(request(), hash(REQUEST));
    made.await.unwrap();
}

/// A choice of repositories of one connection, as a grant of that number.
fn sharing(number: usize, connection: usize, repositories: Repositories) -> Sharing {
    Sharing {
        authorization: authorization(number),
        grants: vec![grant(number, connection, repositories)],
        dropped: Vec::new(),
        at: NOW,
    }
}

async fn approve(storage: &dyn Storage, number: usize) -> Option<AuthorizationId> {
    let chosen = sharing(number, 2, listed(&[("9", "octo/nine")]));
    let (code_hash, audit) = (hash(CODE + number), entry(100 + number));
    let requests = storage.requests();
    let request = hash(REQUEST);
    let approved = patiently(|| {
        let (chosen, audit) = (chosen.clone(), audit.clone());
        requests.approve(&request, chosen, code(), code_hash, audit)
    });
    approved.await.unwrap()
}

/// A request comes back as it was, and can be approved or denied one time (OA-5).
pub async fn a_request_is_decided_once(storage: &dyn Storage) {
    asked(storage).await;
    let requests = storage.requests();
    let found = requests.find(&hash(REQUEST), NOW).await.unwrap();
    assert_eq!(found, Some(request()));
    assert_eq!(requests.find(&hash(REQUEST), LATER).await.unwrap(), None);
    let rows = audit_rows(storage).await;
    assert_eq!(approve(storage, 2).await, Some(authorization_id(1)));
    assert_eq!(audit_rows(storage).await, rows + 1);
    let stored = storage.codes().find(&hash(CODE + 2)).await.unwrap();
    assert_eq!(stored.unwrap().authorization_id, authorization_id(1));
    assert_eq!(approve(storage, 3).await, None);
    let denied = requests.deny(&hash(REQUEST), true, NOW, entry(90)).await;
    assert!(!denied.unwrap());
    assert_eq!(audit_rows(storage).await, rows + 1);
    assert_eq!(storage.codes().find(&hash(CODE + 3)).await.unwrap(), None);
}

/// Of many callers who approve a request at once, one gets a code (OA-5).
pub async fn a_request_that_many_callers_approve_issues_one_code(storage: &dyn Storage) {
    asked(storage).await;
    let approved = race((2..12).map(|number| approve(storage, number))).await;
    assert_eq!(approved.iter().flatten().count(), 1);
    let mut codes = 0;
    for number in 2..12 {
        let found = storage.codes().find(&hash(CODE + number)).await.unwrap();
        codes += usize::from(found.is_some());
    }
    assert_eq!(codes, 1);
}

/// Sharing replaces what a connection shared before, keeps its grant, ends what is dropped and
/// leaves other connections alone.
pub async fn what_is_shared_replaces_what_was(storage: &dyn Storage) {
    filled(storage).await;
    let grants = storage.authorizations();
    let mut chosen = sharing(2, 1, listed(&[("8", "octo/eight"), ("9", "octo/nine")]));
    chosen.grants.push(grant(3, 2, listed(&[("1", "o/one")])));
    let used = grants.share(chosen, entry(30)).await.unwrap();
    assert_eq!(used.id, authorization_id(1));
    assert_eq!(used.permissions, Scopes::from_iter([Scope::ReadBranches]));
    let active = grants.active_grants(&used.id, NOW).await.unwrap();
    assert_eq!(active.len(), 2);
    assert_eq!(active[0].id, grant_id(1), "the grant stays the one it was");
    assert_eq!(
        active[0].repositories,
        listed(&[("8", "octo/eight"), ("9", "octo/nine")])
    );
    assert_eq!(active[1].id, grant_id(3));
    let dropped = Sharing {
        dropped: vec![connection_id(1)],
        ..sharing(4, 2, listed(&[("2", "o/two")]))
    };
    let used = grants.share(dropped, entry(31)).await.unwrap();
    let active = grants.active_grants(&used.id, NOW).await.unwrap();
    assert_eq!(active.len(), 1);
    assert_eq!(active[0].repositories, listed(&[("2", "o/two")]));
    let foreign = sharing(5, 9, listed(&[("2", "o/two")]));
    let refused = grants.share(foreign, entry(32)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidRequest);
    assert!(grants.revoke(&used.id, NOW, entry(33)).await.unwrap());
    let live = grants.find_live(&client_id(1), &tenant_id(1)).await;
    assert_eq!(live.unwrap(), None);
    let fresh = sharing(6, 2, listed(&[("2", "o/two")]));
    let used = grants.share(fresh, entry(34)).await.unwrap();
    assert_eq!(used.id, authorization_id(6));
    assert_eq!(used.status, AuthorizationStatus::Active);
    let live = grants.find_live(&client_id(1), &tenant_id(1)).await;
    assert_eq!(live.unwrap(), Some(used));
}

/// Denying ends what was pending; a session, a client and a redirect URI take requests along
/// (CA-1, RU-5).
pub async fn a_request_ends_with_what_it_stands_on(storage: &dyn Storage) {
    asked(storage).await;
    let grants = storage.authorizations();
    let revoked = grants.revoke(&authorization_id(1), NOW, entry(30)).await;
    assert!(revoked.unwrap());
    let pending = Authorization {
        status: AuthorizationStatus::Pending,
        ..authorization(2)
    };
    grants.find_or_insert_pending(pending).await.unwrap();
    let requests = storage.requests();
    let live = async || grants.find_live(&client_id(1), &tenant_id(1)).await.unwrap();
    // Whoever may not speak for the customer ends the request alone (TN-3).
    let denied = requests.deny(&hash(REQUEST), false, NOW, entry(36)).await;
    assert!(denied.unwrap());
    assert!(live().await.is_some());
    requests.insert(request(), hash(REQUEST)).await.unwrap();
    let denied = requests.deny(&hash(REQUEST), true, NOW, entry(31)).await;
    assert!(denied.unwrap());
    assert_eq!(live().await, None);

    requests.insert(request(), hash(REQUEST)).await.unwrap();
    let mut changed = client(1).client;
    changed.allowed_redirect_uris = vec!["https://app.example/other".into()];
    let clients = storage.clients();
    assert!(clients.update(&changed, entry(32)).await.unwrap());
    assert_eq!(requests.find(&hash(REQUEST), NOW).await.unwrap(), None);

    requests.insert(request(), hash(REQUEST)).await.unwrap();
    let sessions = storage.sessions();
    let ended = sessions.revoke(&request().session_id, entry(33)).await;
    assert!(ended.unwrap());
    assert_eq!(requests.find(&hash(REQUEST), NOW).await.unwrap(), None);

    let again = session(2, embed());
    let of_another = PendingRequest {
        session_id: again.id.clone(),
        ..request()
    };
    let made = storage.sessions().insert(again, hash(2), Some(entry(34)));
    made.await.unwrap();
    requests.insert(of_another, hash(REQUEST)).await.unwrap();
    let deleted = clients.delete(&client_id(1), NOW, entry(35)).await;
    assert!(deleted.unwrap());
    assert_eq!(requests.find(&hash(REQUEST), NOW).await.unwrap(), None);
}

/// Purging takes requests that ended before a moment, so many at a time.
pub async fn old_requests_are_purged(storage: &dyn Storage) {
    asked(storage).await;
    let requests = storage.requests();
    for number in 1..3 {
        let made = requests.insert(request(), hash(REQUEST + number));
        made.await.unwrap();
    }
    let past = Timestamp::from_millis(LATER.as_millis() + 1);
    assert_eq!(requests.purge_expired(LATER, 9).await.unwrap(), 0);
    assert_eq!(requests.purge_expired(past, 2).await.unwrap(), 2);
    assert_eq!(requests.purge_expired(past, 2).await.unwrap(), 1);
}
