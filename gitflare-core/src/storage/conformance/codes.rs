//! What is promised of authorization codes.

use super::prelude::*;

const CODE: usize = 900;

/// What [`filled`] makes, and a code over it.
async fn issued(storage: &dyn Storage) {
    filled(storage).await;
    let made = storage.codes().insert(code(), hash(CODE), entry(20));
    made.await.unwrap();
}

async fn redeem(storage: &dyn Storage, redemption: Redemption) -> Redeemed {
    let id = hash(CODE);
    let redeemed = patiently(|| storage.codes().redeem(&id, redemption.clone()));
    redeemed.await.unwrap()
}

/// The first use issues the token, the second one ends it (TK-2, TK-3).
pub async fn a_code_buys_one_token(storage: &dyn Storage) {
    issued(storage).await;
    let codes = storage.codes();
    assert_eq!(codes.find(&hash(CODE)).await.unwrap(), Some(code()));
    assert_eq!(codes.find(&hash(CODE + 1)).await.unwrap(), None);
    let rows = audit_rows(storage).await;
    assert_eq!(redeem(storage, redemption(2)).await, Redeemed::Issued);
    assert_eq!(token_of(storage, 2).await, Some(redemption(2).token));
    let again = Redemption {
        at: LATER,
        ..redemption(3)
    };
    assert_eq!(redeem(storage, again).await, Redeemed::Replayed);
    assert_eq!(
        token_of(storage, 2).await.unwrap().revoked_at,
        Some(LATER)
    );
    assert_eq!(token_of(storage, 3).await, None);
    assert_eq!(
        token_of(storage, 1).await.unwrap().revoked_at,
        None,
        "a token that the code did not buy lives"
    );
    let list = storage.audit().list(all(1000)).await.unwrap();
    assert_eq!(list.len(), rows + 2);
    assert!(list.contains(&redemption(2).issued) && list.contains(&redemption(3).replayed));
}

/// Of many callers who redeem a code at once, at most one gets a token (TK-2).
pub async fn a_code_that_many_callers_redeem_buys_one_token(storage: &dyn Storage) {
    issued(storage).await;
    let redeemed = race((2..22).map(|number| redeem(storage, redemption(number)))).await;
    let won = redeemed.iter().filter(|each| **each == Redeemed::Issued);
    assert_eq!(won.count(), 1, "{redeemed:?}");
    let mut tokens = 0;
    for number in 2..22 {
        tokens += usize::from(token_of(storage, number).await.is_some());
    }
    assert_eq!(tokens, 1);
}

/// Another client's use spends a code, and ends what it has bought (TK-3).
pub async fn a_code_in_the_wrong_hands_is_spent(storage: &dyn Storage) {
    issued(storage).await;
    let stolen = Redemption {
        client_id: client_id(2),
        ..redemption(2)
    };
    assert_eq!(redeem(storage, stolen).await, Redeemed::Replayed);
    assert_eq!(token_of(storage, 2).await, None);
    assert_eq!(redeem(storage, redemption(3)).await, Redeemed::Replayed);
    assert_eq!(token_of(storage, 3).await, None);
}

/// A code is refused from its last moment on, and with its authorization; nothing is written.
pub async fn a_code_dies_with_its_time_or_its_authorization(storage: &dyn Storage) {
    issued(storage).await;
    let rows = audit_rows(storage).await;
    let late = Redemption {
        at: LATER,
        ..redemption(2)
    };
    assert_eq!(redeem(storage, late).await, Redeemed::Refused);
    let unknown = storage.codes().redeem(&hash(CODE + 1), redemption(2)).await.unwrap();
    assert_eq!(unknown, Redeemed::Refused);
    assert_eq!(audit_rows(storage).await, rows);
    let ended = storage
        .authorizations()
        .revoke(&authorization_id(1), NOW, entry(30)).await.unwrap();
    assert!(ended);
    assert_eq!(redeem(storage, redemption(2)).await, Redeemed::Refused);
    assert_eq!(token_of(storage, 2).await, None);
}

/// What a client may no longer receive, it cannot redeem (RU-5).
pub async fn a_redirect_uri_takes_its_codes_along(storage: &dyn Storage) {
    issued(storage).await;
    let mut changed = client(1).client;
    changed.name = "Renamed".into();
    let clients = storage.clients();
    assert!(clients.update(&changed, entry(30)).await.unwrap());
    let codes = storage.codes();
    assert!(codes.find(&hash(CODE)).await.unwrap().is_some());
    changed.allowed_redirect_uris = vec!["https://app.example/other".into()];
    assert!(clients.update(&changed, entry(31)).await.unwrap());
    assert_eq!(codes.find(&hash(CODE)).await.unwrap(), None);
    assert_eq!(redeem(storage, redemption(2)).await, Redeemed::Refused);
}

/// Purging takes codes that ended before a moment, so many at a time.
pub async fn old_codes_are_purged(storage: &dyn Storage) {
    filled(storage).await;
    let codes = storage.codes();
    for number in 0..3 {
        let made = codes.insert(code(), hash(CODE + number), entry(20 + number));
        made.await.unwrap();
    }
    let past = Timestamp::from_millis(LATER.as_millis() + 1);
    assert_eq!(codes.purge_expired(LATER, 9).await.unwrap(), 0);
    assert_eq!(codes.purge_expired(past, 2).await.unwrap(), 2);
    assert_eq!(codes.purge_expired(past, 2).await.unwrap(), 1);
}
