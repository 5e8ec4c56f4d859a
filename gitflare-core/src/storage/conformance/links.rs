//! What is promised of link flows.

use super::prelude::*;

const STATE: usize = 800;
const CODE: usize = 900;
const PAST: Timestamp = Timestamp::from_millis(LATER.as_millis() + 1);

fn flow(number: usize) -> LinkFlow {
    LinkFlow {
        id: id(FlowId::parse, "flow_", number),
        provider: ProviderId::GITLAB,
        kind: LinkKind::Embed,
        handover: Handover::Popup,
        browser: Some(hash(7)),
        tenant_id: Some(tenant_id(1)),
        user_id: Some(user_id(1)),
        workspace: Some("consent".into()),
        known_only: true,
        return_to: Some("/app?x=1".into()),
        sealed_verifier: vec![4; 30],
        connection_id: None,
        created_at: NOW,
        expires_at: LATER,
    }
}

fn unclaimed(number: usize) -> UnclaimedAccount {
    UnclaimedAccount {
        connection_id: connection_id(number),
        account: LinkedAccount {
            account_id: "77".into(),
            login: Some("octo \"the cat\"".into()),
            display_name: None,
            avatar_url: None,
            scopes: vec!["read_api".into()],
        },
        tokens: sealed(),
    }
}

async fn started(storage: &dyn Storage, number: usize) {
    storage.links().insert(flow(number), hash(STATE + number)).await.unwrap();
}

async fn returned(storage: &dyn Storage, number: usize) {
    started(storage, number).await;
    let id = flow(number).id;
    let links = storage.links();
    let kept = links.put_account(&id, unclaimed(number), hash(CODE + number), LATER);
    kept.await.unwrap();
}

/// A state leads back once, even when two browsers bring it, and never after its time (PC-1).
pub async fn a_state_is_spent_once(storage: &dyn Storage) {
    started(storage, 1).await;
    started(storage, 2).await;
    let links = storage.links();
    assert_eq!(links.take_state(&hash(STATE), NOW).await.unwrap(), None);
    let one = hash(STATE + 1);
    let taken = race((0..8).map(|_| links.take_state(&one, NOW))).await;
    let taken: Vec<_> = taken.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(taken, [flow(1)]);
    assert_eq!(links.take_state(&hash(STATE + 2), LATER).await.unwrap(), None);
    assert_eq!(links.find(&flow(2).id).await.unwrap(), Some(flow(2)));
}

/// An account goes to one of those who present its code, within its time and its flow (PC-3).
pub async fn an_account_is_claimed_once(storage: &dyn Storage) {
    returned(storage, 1).await;
    returned(storage, 2).await;
    let links = storage.links();
    let take = async |flow_of: usize, code: usize, now| {
        let taken = links.take_account(&flow(flow_of).id, &hash(CODE + code), now).await;
        taken.unwrap()
    };
    assert_eq!(take(1, 2, NOW).await, None);
    assert_eq!(take(1, 1, LATER).await, None);
    let (id, code) = (flow(1).id, hash(CODE + 1));
    let taken = race((0..8).map(|_| links.take_account(&id, &code, NOW))).await;
    let taken: Vec<_> = taken.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(taken, [(flow(1), unclaimed(1))]);
    links.finish(&id, &connection_id(5)).await.unwrap();
    let finished = LinkFlow {
        connection_id: Some(connection_id(5)),
        ..flow(1)
    };
    assert_eq!(links.find(&id).await.unwrap(), Some(finished));
}

/// What nobody claims goes, and its tokens are queued to be revoked (PC-2, CA-2).
pub async fn an_unclaimed_account_is_given_up(storage: &dyn Storage) {
    returned(storage, 1).await;
    started(storage, 2).await;
    let links = storage.links();
    assert_eq!(links.purge_expired(LATER, 9).await.unwrap(), 0);
    assert_eq!(links.purge_expired(PAST, 1).await.unwrap(), 1);
    assert_eq!(links.purge_expired(PAST, 9).await.unwrap(), 1);
    assert_eq!(links.find(&flow(1).id).await.unwrap(), None);
    let queued = storage.cleanup().begin(PAST, PAST, 9).await.unwrap();
    let queued: Vec<_> = queued.iter().map(|job| (&job.connection_id, &job.tokens)).collect();
    assert_eq!(queued, [(&connection_id(1), &sealed())]);
}

/// When a browser that had started nothing came back last is known for each provider (PC-3).
pub async fn strays_are_known_by_their_provider(storage: &dyn Storage) {
    let links = storage.links();
    assert_eq!(links.last_stray(ProviderId::GITLAB).await.unwrap(), None);
    for at in [NOW, LATER] {
        links.note_stray(ProviderId::GITLAB, at).await.unwrap();
        assert_eq!(links.last_stray(ProviderId::GITLAB).await.unwrap(), Some(at));
    }
    assert_eq!(links.last_stray(ProviderId::GITHUB).await.unwrap(), None);
    assert_eq!(storage.settings().firewall().await.unwrap(), None);
}

/// A code that the provider posts is taken once; its browser comes back once, by its state or its
/// cookie, and only it gets a code for the account (PC-1).
pub async fn a_posted_code_waits_for_its_browser(storage: &dyn Storage) {
    let links = storage.links();
    for number in 1..=3 {
        started(storage, number).await;
    }
    let state = |number: usize| hash(STATE + number);
    let by_state = async |number: usize| {
        let found = links.find_posted(PostedKey::State(&state(number)), NOW).await;
        found.unwrap().map(|(flow, outcome)| (flow.id, outcome))
    };
    let ids = [1, 2, 3].map(|number| flow(number).id);
    assert_eq!(by_state(9).await, None);
    assert_eq!(by_state(1).await, Some((ids[0].clone(), PostedOutcome::Awaited)));
    let one = state(1);
    let posted = race((0..8).map(|_| links.post_state(&one, NOW))).await;
    let posted: Vec<_> = posted.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(posted, [flow(1)]);
    assert_eq!(links.post_state(&state(3), LATER).await.unwrap(), None);
    let kept = links.put_account(&ids[0], unclaimed(1), hash(1), LATER);
    kept.await.unwrap();
    assert_eq!(links.post_state(&state(2), NOW).await.unwrap(), Some(flow(2)));
    links.fail_posted(&ids[1], Code::InvalidCredentials).await.unwrap();
    let failed = PostedOutcome::Failed(Code::InvalidCredentials);
    assert_eq!(by_state(2).await, Some((ids[1].clone(), failed)));
    assert_eq!(by_state(1).await, Some((ids[0].clone(), PostedOutcome::Linked)));
    let (browser, other) = (hash(7), hash(8));
    let by_browser = async |browser, provider| {
        let found = links.find_posted(PostedKey::Browser(browser, provider), NOW).await;
        found.unwrap().map(|(_, outcome)| outcome)
    };
    assert_eq!(by_browser(&other, ProviderId::GITLAB).await, None);
    assert_eq!(by_browser(&browser, ProviderId::GITHUB).await, None);
    assert!(by_browser(&browser, ProviderId::GITLAB).await.is_some());
    let returned = race((0..8).map(|_| links.return_posted(&ids[0], hash(CODE + 1)))).await;
    assert_eq!(returned.into_iter().filter(|it| *it.as_ref().unwrap()).count(), 1);
    assert_eq!(by_state(1).await, None);
    let taken = links.take_account(&ids[0], &hash(1), NOW).await.unwrap();
    assert_eq!(taken, None);
    let taken = links.take_account(&ids[0], &hash(CODE + 1), NOW).await.unwrap();
    assert_eq!(taken, Some((flow(1), unclaimed(1))));
}
