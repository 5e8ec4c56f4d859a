//! What is promised of the clean-up queue.

use super::prelude::*;

const SOON: Timestamp = Timestamp::from_millis(1_800_000_030_000);

fn job(number: usize) -> CleanupJob {
    CleanupJob {
        kind: CleanupKind::RevokeTokens,
        subject: connection_id(number).as_str().to_owned(),
        provider: ProviderId::GITLAB,
        connection_id: connection_id(number),
        tenant_id: Some(tenant_id(1)),
        api_base_url: Some("https://git.example/api/v4".into()),
        tokens: sealed(),
        attempts: 0,
        next_attempt_at: NOW,
        created_at: NOW,
    }
}

async fn begin(storage: &dyn Storage, now: Timestamp, until: Timestamp) -> Vec<CleanupJob> {
    storage.cleanup().begin(now, until, 10).await.unwrap()
}

/// A begun job is nobody else's until its time; one whose worker died comes back with it.
pub async fn a_job_is_begun_by_one_worker_until_it_is_done(storage: &dyn Storage) {
    let queue = storage.cleanup();
    for number in [2, 1, 3] {
        queue.enqueue(job(number)).await.unwrap();
    }
    let begun = |number| CleanupJob {
        attempts: 1,
        next_attempt_at: SOON,
        ..job(number)
    };
    assert_eq!(queue.count().await.unwrap(), 3);
    let first = queue.begin(NOW, SOON, 2).await.unwrap();
    assert_eq!(first, [begun(1), begun(2)]);
    let rounds = race((0..4).map(|_| begin(storage, NOW, SOON))).await;
    assert_eq!(rounds.concat(), [begun(3)], "two workers began one job");

    let (one, two) = (job(1).subject, job(2).subject);
    queue.finish(CleanupKind::RevokeTokens, &one).await.unwrap();
    queue.postpone(CleanupKind::RevokeTokens, &two, LATER).await.unwrap();
    let again: Vec<_> = begin(storage, SOON, LATER).await;
    assert_eq!(again.len(), 1, "{again:?}");
    assert_eq!((&again[0].subject, again[0].attempts), (&job(3).subject, 2));
    let found = queue.find(CleanupKind::RevokeTokens, &one).await.unwrap();
    assert_eq!(found, None);
    let found = queue.find(CleanupKind::RevokeTokens, &two).await.unwrap();
    assert_eq!(found.unwrap().next_attempt_at, LATER);
}

/// Queuing again neither renews a job nor doubles it.
pub async fn a_queued_job_stays_as_it_is(storage: &dyn Storage) {
    let queue = storage.cleanup();
    queue.enqueue(job(1)).await.unwrap();
    let again = CleanupJob {
        provider: ProviderId::GITHUB,
        next_attempt_at: LATER,
        ..job(1)
    };
    queue.enqueue(again).await.unwrap();
    let found = queue.find(CleanupKind::RevokeTokens, &job(1).subject).await.unwrap();
    assert_eq!(found, Some(job(1)));
}

/// Disconnecting moves the tokens of a consent into the queue; a token that somebody had is theirs
/// to revoke (CA-2, CA-3).
pub async fn a_disconnected_account_queues_its_tokens(storage: &dyn Storage) {
    filled(storage).await;
    let linked = Connection {
        mode: ConnectionMode::Oauth,
        ..connection(3)
    };
    let connections = storage.connections();
    connections.insert(linked, sealed(), entry(20)).await.unwrap();
    for number in [1, 3] {
        let ended = connections.revoke(&connection_id(number), NOW, entry(30 + number)).await;
        assert!(ended.unwrap());
    }
    let queue = storage.cleanup();
    let manual = queue.find(CleanupKind::RevokeTokens, connection_id(1).as_str()).await.unwrap();
    assert_eq!(manual, None);
    let queued = CleanupJob {
        provider: ProviderId::GITHUB,
        api_base_url: None,
        attempts: 1,
        next_attempt_at: LATER,
        ..job(3)
    };
    assert_eq!(begin(storage, NOW, LATER).await, [queued]);
}
