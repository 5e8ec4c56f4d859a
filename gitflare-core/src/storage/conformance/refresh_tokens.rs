//! What is promised of refresh tokens.

use super::prelude::*;

const CODE: usize = 900;

/// What [`filled`] makes, and a family that token 2 has begun.
async fn begun(storage: &dyn Storage) {
    filled(storage).await;
    let made = storage.codes().insert(code(), hash(CODE), entry(20));
    made.await.unwrap();
    let redemption = Redemption {
        family: Some(family()),
        ..redemption(2)
    };
    let redeemed = storage.codes().redeem(&hash(CODE), redemption).await;
    assert_eq!(redeemed.unwrap(), Redeemed::Issued);
}

/// The use of the `presented`-th token of the family, which brings the one after and token `number`.
fn rotation(presented: usize, number: usize) -> Rotation {
    Rotation {
        client_id: client_id(1),
        presented: hash(FAMILY + presented),
        next: hash(FAMILY + presented + 1),
        at: NOW,
        expires_at: LATER,
        token: token(number, &[1]),
        token_hash: hash(number),
        issued: entry(3000 + number),
        replayed: entry(4000 + number),
    }
}

async fn rotate(storage: &dyn Storage, rotation: Rotation) -> Redeemed {
    let id = hash(FAMILY);
    let rotated = patiently(|| storage.refresh_tokens().rotate(&id, rotation.clone()));
    rotated.await.unwrap()
}

async fn ended(storage: &dyn Storage, number: usize) -> Option<Timestamp> {
    token_of(storage, number).await.unwrap().revoked_at
}

async fn found(storage: &dyn Storage) -> Option<RefreshFamily> {
    storage.refresh_tokens().find(&hash(FAMILY)).await.unwrap()
}

/// Each use brings the next token; one that was replaced ends the family with its access tokens.
pub async fn a_refresh_token_is_good_once(storage: &dyn Storage) {
    begun(storage).await;
    assert_eq!(found(storage).await, Some(family()));
    let other = storage.refresh_tokens().find(&hash(FAMILY + 1)).await;
    assert_eq!(other.unwrap(), None);
    let rows = audit_rows(storage).await;
    assert_eq!(rotate(storage, rotation(1, 3)).await, Redeemed::Issued);
    assert_eq!(found(storage).await.unwrap().current, hash(FAMILY + 2));
    assert_eq!(rotate(storage, rotation(2, 4)).await, Redeemed::Issued);
    for number in [2, 3, 4] {
        assert_eq!(ended(storage, number).await, None);
    }
    assert_eq!(rotate(storage, rotation(1, 5)).await, Redeemed::Replayed);
    for number in [2, 3, 4] {
        assert_eq!(ended(storage, number).await, Some(NOW), "token {number}");
    }
    assert_eq!(ended(storage, 1).await, None, "another's token lives");
    assert_eq!(token_of(storage, 5).await, None);
    assert_eq!(rotate(storage, rotation(3, 6)).await, Redeemed::Refused);
    assert_eq!(token_of(storage, 6).await, None);
    let list = storage.audit().list(all(1000)).await.unwrap();
    assert_eq!(list.len(), rows + 3);
    assert!(list.contains(&rotation(1, 5).replayed));
}

/// Of many callers who use one token at once, at most one gets an access token, and that one ends
/// with the family.
pub async fn a_refresh_token_that_many_callers_use_is_good_once(storage: &dyn Storage) {
    begun(storage).await;
    let callers = (10..210).map(|number| rotate(storage, rotation(1, number)));
    let answers = race(callers).await;
    let of = |wanted| answers.iter().filter(|answer| **answer == wanted).count();
    assert_eq!((of(Redeemed::Issued), of(Redeemed::Replayed)), (1, 1));
    for number in 10..210 {
        if let Some(token) = token_of(storage, number).await {
            assert_eq!(token.revoked_at, Some(NOW));
        }
    }
    assert_eq!(ended(storage, 2).await, Some(NOW));
}

/// Another client's use ends the family.
pub async fn a_refresh_token_in_the_wrong_hands_ends_its_family(storage: &dyn Storage) {
    begun(storage).await;
    storage.clients().insert(client(2), entry(30)).await.unwrap();
    let stolen = Rotation {
        client_id: client_id(2),
        ..rotation(1, 3)
    };
    assert_eq!(rotate(storage, stolen).await, Redeemed::Replayed);
    assert_eq!(ended(storage, 2).await, Some(NOW));
    assert_eq!(rotate(storage, rotation(1, 4)).await, Redeemed::Refused);
}

/// Time, the authorization, and whoever ends it.
pub async fn a_family_ends_with_what_it_stands_on(storage: &dyn Storage) {
    begun(storage).await;
    let families = storage.refresh_tokens();
    let late = Rotation {
        at: LATER,
        ..rotation(1, 3)
    };
    assert_eq!(rotate(storage, late).await, Redeemed::Refused);
    assert!(families.end(&hash(FAMILY), NOW, entry(40)).await.unwrap());
    assert_eq!(ended(storage, 2).await, Some(NOW));
    let rows = audit_rows(storage).await;
    for unknown in [FAMILY, FAMILY + 1] {
        assert!(!families.end(&hash(unknown), NOW, entry(41)).await.unwrap());
    }
    assert_eq!(audit_rows(storage).await, rows);
    assert_eq!(rotate(storage, rotation(1, 4)).await, Redeemed::Refused);

    // Another one, whose authorization ends.
    let again = storage.codes().insert(code(), hash(CODE + 1), entry(42));
    again.await.unwrap();
    let other = RefreshFamily {
        id: hash(FAMILY + 500),
        ..family()
    };
    let redemption = Redemption {
        family: Some(other),
        ..redemption(5)
    };
    let redeemed = storage.codes().redeem(&hash(CODE + 1), redemption).await;
    assert_eq!(redeemed.unwrap(), Redeemed::Issued);
    storage
        .authorizations()
        .revoke(&authorization_id(1), NOW, entry(43))
        .await
        .unwrap();
    let rotated = families.rotate(&hash(FAMILY + 500), rotation(1, 6)).await;
    assert_eq!(rotated.unwrap(), Redeemed::Refused);
    assert_eq!(token_of(storage, 6).await, None);
}

/// A code that is presented again ends all that it has led to (TK-3).
pub async fn a_replayed_code_ends_its_family(storage: &dyn Storage) {
    begun(storage).await;
    assert_eq!(rotate(storage, rotation(1, 3)).await, Redeemed::Issued);
    let replayed = storage.codes().redeem(&hash(CODE), redemption(4)).await;
    assert_eq!(replayed.unwrap(), Redeemed::Replayed);
    for number in [2, 3] {
        assert_eq!(ended(storage, number).await, Some(NOW), "token {number}");
    }
    assert_eq!(rotate(storage, rotation(2, 5)).await, Redeemed::Refused);
}

/// What is over goes, and nothing else.
pub async fn ended_families_are_purged(storage: &dyn Storage) {
    begun(storage).await;
    let families = storage.refresh_tokens();
    assert_eq!(families.purge_expired(LATER, 10).await.unwrap(), 0);
    assert!(families.end(&hash(FAMILY), NOW, entry(40)).await.unwrap());
    assert_eq!(families.purge_expired(LATER, 10).await.unwrap(), 1);
    assert_eq!(found(storage).await, None);
}
