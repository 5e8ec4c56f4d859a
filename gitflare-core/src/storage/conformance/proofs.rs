//! What is promised of proofs and nonces.

use super::prelude::*;

/// A proof is noted once, belongs to one session, and ends with it (TN-4).
pub async fn a_proof_goes_with_its_session(storage: &dyn Storage) {
    filled(storage).await;
    let subject = SessionSubject::Embed {
        client_id: client_id(1),
        tenant_id: tenant_id(1),
    };
    for number in [1, 2] {
        let made = storage
            .sessions()
            .insert(session(number, subject.clone()), hash(number), Some(entry(20 + number)));
        made.await.unwrap();
    }
    let (one, other) = (session(1, subject.clone()).id, session(2, subject).id);
    let proofs = storage.proofs();
    let linked = Proof::Connection(connection_id(1));
    for proof in [&linked, &linked, &Proof::Workspace, &Proof::Reconnect] {
        proofs.insert(&one, proof.clone()).await.unwrap();
    }
    let mut found = proofs.find(&one).await.unwrap();
    found.sort();
    assert_eq!(found, [Proof::Workspace, Proof::Reconnect, linked.clone()]);
    assert_eq!(proofs.find(&other).await.unwrap(), []);
    assert!(storage.sessions().revoke(&one, entry(30)).await.unwrap());
    proofs.insert(&one, linked).await.unwrap();
    assert_eq!(proofs.find(&one).await.unwrap(), []);
}

/// A nonce is good for one time per client, however many ask at once (TN-4).
pub async fn a_nonce_is_taken_once(storage: &dyn Storage) {
    let proofs = storage.proofs();
    let take = |client: usize, nonce: usize| async move {
        let taken = proofs.take_nonce(&client_id(client), &hash(nonce), LATER).await;
        taken.unwrap()
    };
    let taken = race((0..10).map(|_| take(1, 1))).await;
    assert_eq!(taken.iter().filter(|taken| **taken).count(), 1);
    assert!(take(2, 1).await && take(1, 2).await);
    let past = Timestamp::from_millis(LATER.as_millis() + 1);
    assert_eq!(proofs.purge_nonces(LATER, 9).await.unwrap(), 0);
    assert_eq!(proofs.purge_nonces(past, 2).await.unwrap(), 2);
    assert_eq!(proofs.purge_nonces(past, 2).await.unwrap(), 1);
}
